"""With signs = "ascii" nothing but ASCII is painted, on every screen."""

from pathlib import Path

import pytest

from tests.ui.conftest import Deck, open_deck, write_configuration
from tui.sim.server import SimulatedCluster

pytestmark = pytest.mark.real_time

WAYS: list[tuple[str, ...]] = [
    (),
    ("d",),
    ("y",),
    ("space",),
    ("slash", "x"),
    ("0",),
    ("0", "v"),
    ("e",),
    ("n",),
    ("P",),
    ("question_mark",),
    ("ctrl+p",),
    ("E",),
    ("a",),
    ("T",),
    ("L",),
    ("r",),
    ("R",),
    ("D",),
]
"""Keys that lead to each screen, pane and dialog from the deck."""


def assert_ascii(deck: Deck, way: tuple[str, ...]) -> None:
    text = deck.text
    strange = sorted({char for char in text if not char.isascii()})
    assert not strange, f"{strange} after {way}:\n{text}"


async def test_nothing_but_ascii_is_painted_on_any_screen(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    config = write_configuration(served, tmp_path, settings='refresh = 0.5\nsigns = "ascii"')
    screens = set()
    async with open_deck(config, size=(120, 50)) as deck:
        await deck.all_known()
        await deck.on("alert_mgr")
        await deck.shows("* RUNNING", "v EXITED")
        for way in WAYS:
            await deck.press(*way)
            screens.add(type(deck.app.screen).__name__)
            deck.app.notify("→ a toast")
            await deck.settle()
            assert_ascii(deck, way)
            while deck.app.screen is not deck.app.deck:
                deck.app.pop_screen()
            await deck.press("escape", "escape")
            assert_ascii(deck, way)
        for size in ((60, 20), (200, 60)):
            await deck.resize(*size)
            assert_ascii(deck, (str(size),))
    assert len(screens) > 9, screens
