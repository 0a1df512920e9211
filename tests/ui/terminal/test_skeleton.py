"""The first frame as bytes; what it does to a terminal is in tests/terminal/test_skeleton.py."""

import tomllib
from pathlib import Path

import pyte
import pytest
from rich.color import Color, ColorSystem

from tests.oracle import strange
from tui.ui.terminal.skeleton import DARK, GROUND_COLORS, Ground, frame

THEMES = Path(__file__).parents[3] / "themes"
TRUE, EIGHT_BIT = {"COLORTERM": "truecolor"}, {"TERM": "xterm-256color"}


def painted(names: list[str], columns: int, lines: int, environ: dict[str, str]) -> pyte.Screen:
    screen = pyte.Screen(columns, lines)
    text = frame(names, DARK, columns, lines, environ)
    pyte.ByteStream(screen).feed(text.encode())
    assert not strange(text.encode())
    return screen


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (20, 5), (4, 2), (1, 1)])
def test_every_cell_is_in_the_ground_and_nothing_is_cut_into_the_next_line(
    size: tuple[int, int],
) -> None:
    screen = painted(["node1", "node2"], *size, TRUE)
    grounds = {DARK.background[1:], DARK.panel[1:]}
    for y in range(size[1]):
        assert {screen.buffer[y][x].bg for x in range(size[0])} <= grounds
    assert screen.display[0].strip().startswith("rsdeck"[: max(0, size[0] - 2)])


def test_it_names_the_profiles_and_says_that_nothing_is_known_yet() -> None:
    for size, names, says in (((120, 40), 1, 5), ((80, 24), 0, 2)):
        screen = painted(["node1", "node2"], *size, TRUE)
        assert "node1  node2" in screen.display[names]
        assert "SERVICE" in screen.display[says - 1]
        assert "connecting" in screen.display[says]
        assert "RUNNING" not in "".join(screen.display)


def test_without_a_profile_nothing_connects() -> None:
    assert "connecting" not in "".join(painted([], 80, 24, TRUE).display)


def test_no_colour_is_wanted_and_none_is_written() -> None:
    text = frame(["node1"], DARK, 80, 24, {"NO_COLOR": "1"} | TRUE)
    assert "8;2;" not in text
    assert "8;5;" not in text


def test_a_colour_that_is_no_number_is_the_terminals_own() -> None:
    text = frame(["node1"], Ground("ansi_default", "ansi_default", "#222832"), 80, 24, TRUE)
    assert "8;2;" not in text


@pytest.mark.parametrize("theme", sorted(THEMES.glob("*.toml")), ids=lambda path: path.stem)
def test_a_colour_of_256_is_the_one_that_the_deck_paints_next(theme: Path) -> None:
    colors = tomllib.loads(theme.read_text(encoding="utf-8"))["colors"]
    foreground, background, panel = (colors[name] for name in GROUND_COLORS)
    text = frame(["node1"], Ground(foreground, background, panel), 80, 24, EIGHT_BIT)
    if background.startswith("#"):
        for color in (foreground, background, panel):
            number = Color.parse(color).downgrade(ColorSystem.EIGHT_BIT).number
            assert f"8;5;{number}" in text
    else:
        assert "8;5;" not in text


def test_the_ground_of_the_demo_is_that_of_the_bundled_theme() -> None:
    colors = tomllib.loads((THEMES / "dark.toml").read_text(encoding="utf-8"))["colors"]
    assert [getattr(DARK, name) for name in GROUND_COLORS] == [
        colors[name] for name in GROUND_COLORS
    ]
