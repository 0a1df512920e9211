"""The picture in README is of the deck as it is; `make screenshot` draws it again."""

import html
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.real_time

ROOT = Path(__file__).parents[1]


def words(picture: Path) -> set[str]:
    """Give what a picture says, without what differs from run to run: numbers."""
    texts = re.findall(r"<text[^>]*>(.*?)</text>", picture.read_text(encoding="utf-8"), re.DOTALL)
    said = html.unescape(" ".join(texts)).replace("\xa0", " ")
    return {word for word in said.split() if not any(char.isdigit() for char in word)}


def test_the_picture_shows_what_the_deck_shows(tmp_path: Path) -> None:
    fresh = tmp_path / "deck.svg"
    command = (sys.executable, "benchmarks/screenshot.py", str(fresh))
    subprocess.run(command, cwd=ROOT, check=True, timeout=90)  # noqa: S603 - our own words
    kept = words(ROOT / "docs" / "deck.svg")
    assert {"stats_archiver", "STOPPED", "replica", "sTop"} <= kept
    assert words(fresh) == kept
