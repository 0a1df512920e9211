"""Every key that a screen or a dialog names can be clicked, by the rules of the key."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.geometry import Offset
from textual.widget import Widget
from textual.widgets import Input

from tests.ui.conftest import (
    NEVER_SURE,
    Deck,
    open_deck,
    posts,
    write_configuration,
)
from tests.ui.rollout_progress import begin, hears
from tui.sim.server import SimulatedCluster
from tui.ui.dialogs.node_form import NodeForm
from tui.ui.dialogs.order import OrderDialog
from tui.ui.dialogs.password import PasswordDialog
from tui.ui.dialogs.rollout import RolloutDialog
from tui.ui.dialogs.rollout_action import RolloutActionDialog
from tui.ui.dialogs.trust import TrustDialog
from tui.ui.format.key_bar import KEY_META
from tui.ui.screens.discover import DiscoverScreen
from tui.ui.screens.events import EventsScreen
from tui.ui.screens.help import HelpScreen
from tui.ui.screens.matrix import MatrixScreen
from tui.ui.screens.nodes import NodesScreen
from tui.ui.screens.problems import ProblemsScreen
from tui.ui.screens.rollout import RolloutScreen
from tui.ui.screens.why import WhyScreen
from tui.ui.terminal.input_guard import ArmingTimes

pytestmark = pytest.mark.real_time

_HINT = re.compile(
    r"(?:(?<=^ )|(?<=[·│─╰] )|(?<=  ))"
    r"(?:n or esc|esc|enter|tab|space|down|up|ctrl\+[a-z]|[\w?/!])(?=[:,]? \w)"
)
_LINES = "#keys, #how, #choices"


def hint_lines(deck: Deck) -> Iterator[int]:
    """Yield the lines that hints stand in: of their widgets, and of borders."""
    screen = deck.app.screen
    for widget in screen.query(_LINES):
        if widget.display and widget.region:
            yield from range(widget.region.y, widget.region.bottom)
    for box in screen.query(Widget):
        if box.border_subtitle and box.region:
            yield box.region.bottom - 1


def key_at(deck: Deck, x: int, y: int) -> str:
    return str(deck.app.screen.get_style_at(x, y).meta.get(KEY_META, ""))


def hints(deck: Deck) -> dict[str, str]:
    """Return what is named as a key, each with the key that a click there presses."""
    lines = deck.text.splitlines()
    return {
        lines[y][found.start() : found.start() + 24]: key_at(deck, found.start(), y)
        for y in hint_lines(deck)
        if y < len(lines)  # a window that is being laid out may be higher than what is painted
        for found in _HINT.finditer(lines[y])
    }


async def all_can_be_clicked(deck: Deck, *keys: str) -> None:
    """Check all hints, among them those of `keys`."""
    await deck.until(lambda: set(keys) <= set(hints(deck).values()))
    assert "" not in hints(deck).values(), hints(deck)


async def click_hint(deck: Deck, key: str, times: int = 1) -> None:
    await deck.until(lambda: place_of(deck, key) is not None)
    place = place_of(deck, key)
    assert place is not None
    await deck.click(place, times)


async def click_until_closed(deck: Deck, key: str) -> None:
    """Click a hint until its dialog is closed: it takes no click while it arms anew."""
    while deck.app.screen is not deck.app.deck:
        with contextlib.suppress(AssertionError):
            await click_hint(deck, key)
            await deck.until(lambda: deck.app.screen is deck.app.deck, 2.0)


def place_of(deck: Deck, key: str) -> Offset | None:
    lines = deck.text.splitlines()
    places = ((x, y) for y in {*hint_lines(deck)} if y < len(lines) for x in range(len(lines[y])))
    return next((Offset(x, y) for x, y in places if key_at(deck, x, y) == key), None)


async def test_every_key_that_a_screen_names_can_be_clicked(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path), size=(80, 24)) as deck:
        await deck.all_known()
        await deck.on("alert_mgr")
        await all_can_be_clicked(deck, "s", "r", "R", "w", "0", "e", "P")
        for opens, window, keys in (
            ("e", EventsScreen, ["enter", "slash", "exclamation_mark", "question_mark", "q"]),
            ("P", ProblemsScreen, ["0", "question_mark", "q"]),
            ("0", MatrixScreen, ["s", "tab", "q"]),
        ):
            await deck.open(opens, window)
            await all_can_be_clicked(deck, *keys)
            await click_hint(deck, "q")
            await deck.until(lambda: deck.app.screen is deck.app.deck)
        for opens, modal, keys in (
            ("question_mark", HelpScreen, ["escape"]),
            ("n", NodesScreen, ["enter", "a", "E", "D", "S", "escape"]),
            ("w", WhyScreen, ["escape", "r"]),
        ):
            await deck.open(opens, modal)
            await all_can_be_clicked(deck, *keys)
            await click_hint(deck, "escape")
            await deck.until(lambda: deck.app.screen is deck.app.deck)


async def test_every_key_that_a_dialog_names_can_be_clicked(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    config = write_configuration(served, tmp_path)
    async with open_deck(config, size=(80, 24), patience=NEVER_SURE) as deck:
        await deck.all_known()
        await deck.on("alert_mgr")
        for opens, dialog, keys in (
            ("r", OrderDialog, ["y", "escape"]),
            ("R", RolloutDialog, ["down"]),
            ("T", TrustDialog, ["escape"]),
            ("L", PasswordDialog, ["enter", "escape"]),
            ("a", NodeForm, ["ctrl+t", "ctrl+s", "escape"]),
            ("D", DiscoverScreen, ["escape"]),
        ):
            await deck.open(opens, dialog)
            await all_can_be_clicked(deck, *keys)
            if "escape" in keys:
                await click_until_closed(deck, "escape")
            else:
                await deck.press("escape")
                await deck.until(lambda: deck.app.screen is deck.app.deck)
        await begin(deck)
        await hears(deck)
        assert isinstance(deck.app.screen, RolloutScreen)
        await all_can_be_clicked(deck, "a", "escape")
        await deck.press("w")
        await deck.until(lambda: isinstance(deck.app.screen, WhyScreen))
        await deck.shows("Why: alert_mgr on node2")
        await click_hint(deck, "escape")
        await deck.until(lambda: isinstance(deck.app.screen, RolloutScreen))
        await click_hint(deck, "a")
        await deck.until(lambda: isinstance(deck.app.screen, RolloutActionDialog))
        await all_can_be_clicked(deck, "y", "escape")


async def test_a_click_on_a_hint_confirms_alone_and_only_once_it_could_be_read(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    config = write_configuration(served, tmp_path)
    async with open_deck(config, arming=ArmingTimes(painted=3.0)) as deck:
        await deck.all_known()
        await deck.on("alert_mgr")
        await deck.open("r", OrderDialog)
        # Where the hint will be, while it is not armed yet.
        how = deck.app.screen.query_one("#how").region
        await deck.click((how.x + 1, how.y))
        await deck.armed()
        assert isinstance(deck.app.screen, OrderDialog)
        await deck.alone()
        await click_hint(deck, "y", times=3)
        await deck.alone()
        assert isinstance(deck.app.screen, OrderDialog)
        assert not posts(served)
        await deck.alone()
        await click_hint(deck, "y")
        await deck.until(lambda: posts(served))


async def test_a_click_on_the_key_bar_or_in_the_help_is_no_text_of_the_filter(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        await deck.press("slash")
        await click_hint(deck, "question_mark")
        await deck.until(lambda: isinstance(deck.app.screen, HelpScreen))
        lines = deck.text.splitlines()
        does = "Every change on every node"
        y = next(y for y, line in enumerate(lines) if does in line)
        await deck.click((lines[y].index(does), y))
        await deck.until(lambda: isinstance(deck.app.screen, EventsScreen))
        assert deck.app.deck.query_one("#filter", Input).value == ""
