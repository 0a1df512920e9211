"""The manual pages are those of the commands as they are, and troff reads them."""

import importlib.util
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted((ROOT / "man").glob("*.1"))


def test_the_pages_are_those_that_the_commands_give_now(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("make_man", ROOT / "docs" / "make_man.py")
    assert spec is not None
    assert spec.loader is not None
    make_man = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make_man)
    make_man.write_pages(tmp_path)
    made = {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()}
    assert made == {path.name: path.read_text("utf-8") for path in PAGES}, "run `make man`"


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_troff_has_nothing_to_say_against_a_page(path: Path) -> None:
    ran = subprocess.run(  # noqa: S603 - our own file
        ("groff", "-man", "-ww", "-z", "-K", "utf8", path),  # noqa: S607 - from PATH, as man does
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0
    assert not ran.stderr
