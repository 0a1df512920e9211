"""A full screen over the fleet works only while it can be seen, and only where something is new."""

import math
import re
from pathlib import Path
from time import thread_time

import pytest
from textual import events

from tests.ui.conftest import open_deck, write_configuration
from tui import ui
from tui.model.filters import SortOrder
from tui.model.sorting import Sorting, SortWords
from tui.sim.server import SimulatedCluster
from tui.ui.screens.live_screen import LiveScreen, SortedScreen
from tui.ui.screens.matrix import MatrixScreen


class CountingScreen(LiveScreen[None]):
    """Counts how often it shows everything, its clock left out."""

    count = 0

    def tick(self) -> None:
        """Do nothing."""

    def refresh_all(self) -> None:
        self.count += 1


def in_front_at_once(new: CountingScreen) -> None:
    """Resume a screen that was mounted just now, and again after another screen."""
    for times in range(2):
        event = events.ScreenResume()
        new.on_screen_resume(event)
        assert new.count == times
        assert event.refresh_styles is bool(times)


@pytest.mark.real_time
async def test_a_screen_is_not_refreshed_again_where_nothing_is_new(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        screen = CountingScreen(deck.fleet, {"accent": "", "readonly": ""}, {})
        await deck.app.push_screen(screen)
        await deck.until(lambda: screen.count)
        in_front_at_once(CountingScreen(deck.fleet, {"accent": "", "readonly": ""}, {}))
        node, unseen = deck.fleet.watch("node1"), 0
        for _ in range(20):  # what is new at the start may come late on a busy machine
            before, seen = screen.count, node.reading
            await deck.until(lambda seen=seen: node.reading is not seen)
            unseen = unseen + 1 if screen.count == before else 0
            if unseen == 2:
                break
        assert unseen == 2
        served.cluster.stop(1, "alert_mgr")
        await deck.until(lambda: screen.count > before)


class HeavyScreen(CountingScreen):
    """Takes longer than a frame to show everything."""

    def refresh_all(self) -> None:
        super().refresh_all()
        end = thread_time() + 0.02
        while thread_time() < end:
            pass


@pytest.mark.real_time
async def test_a_screen_that_takes_long_shows_what_is_new_with_its_clock(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        screen = HeavyScreen(deck.fleet, {"accent": "", "readonly": ""}, {})
        await deck.app.push_screen(screen)
        await deck.until(lambda: screen.count)
        before = screen.count
        screen.nodes_changed()
        assert screen.count == before
        await deck.until(lambda: screen.count > before)


async def test_a_covered_deck_stands_still_and_is_up_to_date_once_it_is_seen(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        await deck.on("alert_mgr")
        before = deck.table.row("alert_mgr")
        await deck.press("0")
        await deck.until(lambda: isinstance(deck.app.screen, MatrixScreen))
        before = deck.table.row("alert_mgr")
        served.cluster.stop(1, "alert_mgr")
        await deck.shows("alert_mgr STOPPED on node1")
        assert deck.table.row("alert_mgr") == before
        await deck.press("q")
        await deck.until(lambda: "STOPPED" in deck.table.row("alert_mgr").cells[1].text)


async def test_a_screen_under_a_dialog_stays_live(served: SimulatedCluster, tmp_path: Path) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        await deck.press("question_mark")
        await deck.until(lambda: deck.app.screen is not deck.app.deck)
        served.cluster.stop(1, "alert_mgr")
        await deck.until(lambda: "STOPPED" in deck.table.row("alert_mgr").cells[1].text)


class Sorted(SortedScreen):
    """Sorts what is nowhere."""

    def __init__(self) -> None:
        words = {
            SortOrder.PROBLEMS: SortWords("problems first", "problems last"),
            SortOrder.NAME: SortWords("by name, a to z", "by name, z to a", "name"),
            SortOrder.STARTED: SortWords("by start, newest first", "by start, oldest first"),
        }
        self.orders, self.live_keys = Sorting(words), {"sort": "S", "back": "escape"}

    @property
    def sorting(self) -> Sorting[SortOrder]:
        return self.orders

    def sorting_changed(self) -> None:
        """Do nothing."""

    def part(self) -> tuple[str, str, int]:
        """Return what the status line says of the order, in full and in brief, and its rank."""
        part = self.sort_part({"muted": "", "warn": ""})
        return part.text.plain, part.brief.plain if part.brief else "", part.rank


def test_the_status_line_says_how_the_usual_order_comes_back() -> None:
    """In brief it names the key alone, where the title of a column shows the order."""
    screen = Sorted()
    assert screen.part() == ("sorted problems first", "", 7)
    screen.action_sort()
    new = "sorted by name, a to z (S: by start, newest first)"
    assert screen.part() == (new, "by name, a to z", 0)
    screen._sorted_at = -math.inf
    old = "sorted by name, a to z (esc: problems first)"
    assert screen.part() == (old, "esc resets sort", 1)
    screen.action_sort()
    screen._sorted_at = -math.inf
    old = "sorted by start, newest first (esc: problems first)"
    assert screen.part() == (old, "by start, newest first", 1)
    assert screen.reset_sort()
    assert screen.part() == ("sorted problems first", "", 7)
    assert not screen.reset_sort()


def test_no_handler_calls_what_textual_calls_anyway() -> None:
    """It calls the handler of each class, so that one that is called besides runs twice."""
    tree = Path(ui.__file__).parent
    calls = re.compile(r"super\(\)\._?on_(?!event\b|clock\b)\w+")
    assert not [path for path in tree.rglob("*.py") if calls.search(path.read_text("utf-8"))]
