"""Errors of the api and of the fleet name no key and no command: they carry remedies as data."""

import re
from pathlib import Path

import pytest

import tui

_KEY = re.compile(r"\b[A-Z] (shows|adds|asks|gives|takes)\b|ctrl\+|\bpress [A-Za-z]\b")
_ROOT = Path(tui.__file__).parent


@pytest.mark.parametrize("package", ["api", "fleet", "credentials", "model"])
def test_no_source_of_an_error_names_a_key(package: str) -> None:
    found = [
        f"{file.relative_to(_ROOT)}: {line.strip()}"
        for file in sorted((_ROOT / package).rglob("*.py"))
        for line in file.read_text().splitlines()
        if _KEY.search(line)
    ]
    assert not found
