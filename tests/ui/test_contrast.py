"""All text that is painted can be read, in every theme, also inverse and inside banners.

The colours are those of the painted cells, so what a style sheet mixes counts as well.
"""

import unicodedata
from pathlib import Path

import pytest
from rich.color import Color, ColorType
from rich.segment import Segment
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from textual.screen import Screen

from tests.ui.conftest import Deck, open_deck, write_configuration
from tests.ui.test_themes import NAMES, RGB, contrast
from tui.sim.server import SimulatedCluster
from tui.ui.dialogs.order import OrderDialog

pytestmark = pytest.mark.real_time

ENOUGH = 4.5
PRODUCTION = 'environment = "production"\n'
WINDOWS = ("0", "e", "P", "question_mark", "a", "r")
"""The keys of other screens and of windows over the deck: a form, and a question."""

MORE_WINDOWS = ("T", "D", "L", "w", "R", "n")
"""Those of the certificate, the cluster's nodes, a password, the evidence, a rollout's plan, and
the node picker. They are made of the same styles on the same ground as `WINDOWS`, so that
`MORE_THEMES` are enough: the lightest, and the terminal's own colours."""

MORE_THEMES = ("light", "terminal")

# The sixteen colours of xterm on black; a terminal's own are its own affair.
XTERM = TerminalTheme(
    (0, 0, 0),
    (229, 229, 229),
    [
        (0, 0, 0), (205, 0, 0), (0, 205, 0), (205, 205, 0),
        (0, 0, 238), (205, 0, 205), (0, 205, 205), (229, 229, 229),
    ],
    [
        (127, 127, 127), (255, 0, 0), (0, 255, 0), (255, 255, 0),
        (92, 92, 255), (255, 0, 255), (0, 255, 255), (255, 255, 255),
    ],
)  # fmt: skip


def rgb(color: Color | None, *, is_ground: bool) -> RGB:
    color = color or Color.default()
    if color.type is ColorType.DEFAULT:
        red, green, blue = XTERM.background_color if is_ground else XTERM.foreground_color
    else:
        red, green, blue = color.get_truecolor(XTERM, foreground=not is_ground)
    return red / 255, green / 255, blue / 255


def ratio(style: Style) -> float:
    text, ground = rgb(style.color, is_ground=False), rgb(style.bgcolor, is_ground=True)
    if style.reverse:
        text, ground = ground, text
    return contrast(text, ground)


def is_text(segment: Segment) -> bool:
    """Whether there is something to read in it: no frames, rules, bars and scroll bars."""
    drawn = (
        "BOX DRAWINGS",
        "BLOCK",
        "FULL BLOCK",
        "RIGHT ONE",
        "LEFT ",
        "UPPER ",
        "LOWER ",
        "BLACK PARALLEL",
    )
    names = (unicodedata.name(char, "") for char in segment.text.strip())
    return any(
        name and not name.startswith(drawn) and not name.endswith("PARALLELOGRAM") for name in names
    )


def poor(screen: Screen[object]) -> set[str]:
    """Return the looks of too little contrast, each with a text that has it."""
    found: dict[str, str] = {}
    for strip in screen._compositor.render_strips():
        for segment in strip:
            style = segment.style or Style()
            if is_text(segment) and (had := ratio(style)) < ENOUGH:
                colors = [color.name if color else "-" for color in (style.color, style.bgcolor)]
                look = f"{' on '.join(colors)}{' reverse' * bool(style.reverse)}: {had:.1f}"
                found.setdefault(look, segment.text.strip()[:24])
    return {f"{type(screen).__name__} {text!r} {look}" for look, text in found.items()}


async def painted(deck: Deck, name: str) -> list[str]:
    """Return what cannot be read of what is shown."""
    await deck.settle()
    return [f"{name}: {look}" for look in sorted(poor(deck.app.screen))]


async def in_themes(deck: Deck, name: str) -> list[str]:
    """Return what cannot be read of what is shown, in each theme."""
    found: list[str] = []
    for theme in NAMES:
        deck.app.action_paint(theme)
        found += await painted(deck, f"{theme} {name}")
    return found


async def window(deck: Deck, theme: str, key: str) -> list[str]:
    """Return what cannot be read in the window that a key opens, and close it."""
    await deck.press(key)
    await deck.until(lambda: deck.app.screen is not deck.app.deck)
    found = await painted(deck, f"{theme} {key}")
    while deck.app.screen is not deck.app.deck:
        await deck.alone()  # what is typed before a window hears is dropped, and puts it off
        await deck.press("escape")
    return found


async def trouble(deck: Deck, served: SimulatedCluster) -> None:
    """Come to a state with every kind of row, and a node that does not answer."""
    await deck.all_known()
    await deck.context_known()
    for name, status in (("redis_mgr", "FATAL"), ("ccs", "STARTING"), ("envoy", "ODD")):
        served.cluster.set_status(1, name, status)
    served.cluster.stop(1, "stats_archiver")
    served.cluster.power_off(3)
    await deck.shows("FATAL", "STARTING", "ODD", "unreachable")
    deck.fleet.unlocked = True
    deck.app.show_current()
    await deck.on("alert_mgr")
    await deck.press("space")


async def test_all_text_of_the_deck_can_be_read_in_every_theme(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    configuration = write_configuration(served, tmp_path, more=PRODUCTION)
    async with open_deck(configuration, size=(160, 40)) as deck:
        await trouble(deck, served)
        await deck.press("p")
        await deck.shows("UNLOCKED", "PAUSED", "STALE")
        found = await in_themes(deck, "paused")
        await deck.press("p", "slash", *"zz=1")
        await deck.until(lambda: "PAUSED" not in deck.text and "STALE" not in deck.text)
        found += await in_themes(deck, "filtered")
    assert found == [], "\n".join(found)


@pytest.mark.parametrize("theme", NAMES)
async def test_all_text_of_the_windows_can_be_read(
    theme: str, served: SimulatedCluster, tmp_path: Path
) -> None:
    configuration = write_configuration(served, tmp_path, more=PRODUCTION)
    async with open_deck(configuration, size=(160, 40)) as deck:
        await trouble(deck, served)
        deck.app.action_paint(theme)
        found = [look for key in WINDOWS for look in await window(deck, theme, key)]
        if theme in MORE_THEMES:
            served.cluster.power_on(3)  # else no rollout could be planned
            deck.fleet.refresh()
            await deck.all_known()
            await deck.resize(80, 24)
            found += [look for key in MORE_WINDOWS for look in await window(deck, theme, key)]
            await deck.open("r", OrderDialog)
            await deck.until(lambda: getattr(deck.app.screen, "is_armed", False))
            await deck.press(*"alert_mgr")
            await deck.until(lambda: not deck.app.screen.query_one("#go").disabled)
            found += await painted(deck, f"{theme} r, armed")
    assert found == [], "\n".join(found)
