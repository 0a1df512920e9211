"""The site shows keys, commands and screens as they are, and names commands that exist."""

import importlib.util
import re
from pathlib import Path

import click
import pytest

from tests.site_pictures import PICTURES, shown_pictures, svg_picture
from tui.cli.main import rsdeck

ROOT = Path(__file__).parent.parent
PAGES = sorted((ROOT / "docs" / "pages").glob("*.md"))
FOR_AGENTS = [ROOT / "docs" / "llms.txt", ROOT / "docs" / "SKILL.md"]


def test_the_pages_show_what_the_code_shows_now() -> None:
    spec = importlib.util.spec_from_file_location("make_pages", ROOT / "docs" / "make_pages.py")
    assert spec is not None
    assert spec.loader is not None
    make_pages = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make_pages)
    stale = [
        path.name
        for path, text in make_pages.pages().items()
        if not path.exists() or path.read_text("utf-8") != text
    ]
    assert not stale, "run `make pages`"


@pytest.mark.parametrize("path", [*PAGES, *FOR_AGENTS], ids=lambda path: path.name)
def test_every_command_and_option_that_a_page_names_exists(path: Path) -> None:
    """Read from the lines that begin with it, in code blocks and in backticks."""
    text = path.read_text("utf-8")
    named = re.findall(r"(?:^\$ |^|`)rsdeck ([a-z]+)([^`\n#]*)", text, re.MULTILINE)
    for name, rest in named:
        command = rsdeck.get_command(click.Context(rsdeck), name)
        assert command is not None, name
        options = {option for param in command.params for option in param.opts}
        groups = hasattr(command, "commands")
        for option in re.findall(r"(?<!\S)--[a-z-]+", rest):
            assert groups or option in options | {"--help"}, f"{name} {option}"


def test_every_page_is_in_the_site() -> None:
    nav = (ROOT / "mkdocs.yml").read_text("utf-8")
    assert [path.name for path in PAGES if f": {path.name}\n" not in nav + "\n"] == []


def test_a_picture_shows_what_its_text_screen_does_and_takes_nothing_from_outside() -> None:
    shown, kept = shown_pictures(), {path.stem: path for path in PICTURES.iterdir()}
    assert shown.keys() == kept.keys(), "run `make site-pictures`"
    for name, path in kept.items():
        picture = path.read_text("utf-8")
        golden = (ROOT / "tests" / "golden" / f"{name}.txt").read_text("utf-8")
        assert svg_picture().read_text(picture) == golden, f"{name}: run `make site-pictures`"
        assert re.findall(r"(?:url|href|src)\b", picture) == []
    assert sum(path.stat().st_size for path in kept.values()) < 1_500_000


def test_every_file_to_save_is_linked_and_every_link_leads_to_one() -> None:
    folder = ROOT / "docs" / "pages" / "files"
    texts = "".join(path.read_text("utf-8") for path in PAGES)
    linked = set(re.findall(r"\]\(files/([\w.-]+)\)", texts))
    assert linked == {path.name for path in folder.iterdir()}
