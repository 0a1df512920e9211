"""Clicks faster than what they lead to do not end the deck."""

from pathlib import Path

import pytest

from tests.ui.conftest import NEVER_SURE, Deck, open_deck, write_configuration
from tui.sim.server import SimulatedCluster
from tui.ui.dialogs.order import OrderDialog
from tui.ui.screens.help import HelpScreen
from tui.ui.screens.matrix import MatrixScreen
from tui.ui.screens.problems import ProblemsScreen

pytestmark = pytest.mark.real_time


async def click_thrice_beside_the_palette(deck: Deck) -> None:
    await deck.press("ctrl+p")
    await deck.click((1, deck.app.size.height - 2), times=3)
    assert deck.app.is_running
    assert deck.app._exception is None
    assert deck.app.screen is deck.app.deck


async def click_a_toast_twice(deck: Deck) -> None:
    deck.app.notify("One line.", timeout=30)
    await deck.shows("One line.")
    lines = deck.text.splitlines()
    y = next(y for y, line in enumerate(lines) if "One line." in line)
    await deck.click((lines[y].index("One line."), y), times=2)
    await deck.until(lambda: "One line." not in deck.text)
    assert deck.app.is_running
    assert deck.app._exception is None


async def test_a_toast_that_is_clicked_twice_does_not_end_the_deck(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await click_a_toast_twice(deck)


async def test_fast_clicks_do_not_end_the_deck_while_an_order_is_open(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    config = write_configuration(served, tmp_path)
    async with open_deck(config, patience=NEVER_SURE) as deck:
        await deck.all_known()
        await deck.on("mdns_server")
        await deck.open("r", OrderDialog)
        await deck.confirm()
        await deck.until(lambda: deck.fleet.orders.open)
        await click_thrice_beside_the_palette(deck)
        await click_a_toast_twice(deck)
        assert deck.fleet.orders.open


async def test_equal_toasts_are_shown_as_one_with_a_count(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        for _ in range(3):
            deck.app.notify("The same.", timeout=30)
        deck.app.notify("Another.", timeout=30)
        await deck.shows("The same. (3 times)", "Another.")
        assert deck.text.count("The same.") == 1


async def click_on(deck: Deck, word: str, *, last: bool = False) -> None:
    """Click on a word of the screen, in the last line where several have it."""
    lines = [(y, line) for y, line in enumerate(deck.text.splitlines()) if word in line]
    y, line = lines[-1 if last else 0]
    await deck.click((line.index(word), y))


async def test_a_click_on_a_key_in_the_bar_and_in_the_help_presses_it(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path), size=(160, 40)) as deck:
        await deck.all_known()
        await deck.on("alert_mgr")
        await deck.shows("y raw JSON")
        await click_on(deck, "raw JSON", last=True)
        await deck.shows("y described", '"alert_mgr"')
        await deck.resize(120, 40)
        await click_on(deck, "Matrix", last=True)
        await deck.until(lambda: isinstance(deck.app.screen, MatrixScreen))
        await click_on(deck, "?  q Back", last=True)
        await deck.until(lambda: isinstance(deck.app.screen, HelpScreen))
        await click_on(deck, "The problems of all nodes")
        await deck.until(lambda: isinstance(deck.app.screen, ProblemsScreen))
        await deck.press("escape")
        await click_on(deck, "Restart", last=True)
        await deck.until(lambda: isinstance(deck.app.screen, OrderDialog))
