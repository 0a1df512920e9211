"""The history at a glance: a service's day in the detail pane, a node's restarts in the picker."""

import re
import time
from pathlib import Path

import pytest

from tests.ui.conftest import Deck, open_deck, write_configuration
from tests.ui.golden import matches
from tui.history.day import Day
from tui.history.reader import HistoryReader
from tui.history.recorder import HistoryRecorder
from tui.model.event import EventKind
from tui.sim.server import SimulatedCluster
from tui.storage.private_files import StorageError
from tui.ui.controllers.day_history import DAY_EVERY

pytestmark = pytest.mark.real_time


class Counting(HistoryRecorder):
    """Counts how often it is read."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.read: list[str] = []

    async def day(self, node: str, service: str, cluster: str) -> Day | None:
        self.read.append(service)
        return await super().day(node, service, cluster)


def line_of(deck: Deck, word: str) -> str:
    below_the_title = deck.text.splitlines()[3:]
    return next((line for line in below_the_title if word in line), "")


def told(folder: Path) -> str:
    """Give what the history holds by now."""
    try:
        return "\n".join(one.text for one in HistoryReader(folder).events(None))
    except StorageError:
        return ""


async def restart_unseen(deck: Deck, served: SimulatedCluster, service: str, uid: int = 1) -> None:
    """Let a service restart between two readings, so that only its start time tells."""
    before = len(deck.fleet.history(f"node{uid}", service))
    served.cluster.restart(uid, service)
    await deck.until(lambda: served.cluster.services(uid)[service]["status"] == "RUNNING")
    await deck.polls(1)  # of all nodes: one that is read late would see the next restart begin
    await deck.until(lambda: len(deck.fleet.history(f"node{uid}", service)) > before)
    assert deck.fleet.history(f"node{uid}", service)[0].kind is EventKind.RESTARTED


async def test_the_pane_shows_the_day_of_the_service_under_the_cursor(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    history = HistoryRecorder(tmp_path / "state")
    configuration = write_configuration(served, tmp_path, settings="refresh = 0.5")
    async with open_deck(configuration, history=history, size=(200, 60)) as deck:
        await deck.all_known()
        await deck.on("alert_mgr")
        await deck.shows("The last 24 hours", "24 h ago", "no data", "none known")
        await deck.until(lambda: "·" * 47 + "●" in deck.text)
        await deck.shows("longest run", "3d 00:")
        served.cluster.stop(1, "alert_mgr")
        await deck.until(lambda: "·■" in deck.text)
        await deck.on("ccs")
        await deck.until(lambda: "·●" in deck.text)


async def test_a_restart_is_marked_and_counted(served: SimulatedCluster, tmp_path: Path) -> None:
    configuration = write_configuration(served, tmp_path, settings="refresh = 60")
    history = HistoryRecorder(tmp_path / "state")
    async with open_deck(configuration, history=history, size=(200, 60)) as deck:
        await deck.all_known()
        await restart_unseen(deck, served, "alert_mgr")
        await deck.on("alert_mgr")
        await deck.until(lambda: "1, the last at" in deck.text)
        await deck.shows("·↻", "↻ restarted")


async def test_a_deck_that_is_opened_again_shows_what_happened_before(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    configuration = write_configuration(served, tmp_path)
    async with open_deck(configuration, history=HistoryRecorder(tmp_path / "state")) as deck:
        await deck.all_known()
        served.cluster.stop(1, "alert_mgr")
        # Its own end comes a moment after that of this block.
        await deck.until(lambda: "→ STOPPED" in told(tmp_path / "state"))
    history = HistoryRecorder(tmp_path / "state")
    async with open_deck(configuration, history=history, size=(200, 60)) as deck:
        await deck.all_known()
        await deck.on("alert_mgr")
        await deck.shows("What happened")
        await deck.until(lambda: deck.fleet.history("node1", "alert_mgr"))
        await deck.shows("→ STOPPED")


async def test_a_closed_pane_reads_nothing_and_an_open_one_seldom(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    history = Counting(tmp_path / "state")
    async with open_deck(write_configuration(served, tmp_path), history=history) as deck:
        await deck.all_known()
        await deck.on("alert_mgr")
        await deck.polls()
        assert history.read == []
        began = time.monotonic()
        await deck.press("d")
        await deck.until(lambda: history.read)
        await deck.polls(4)
        assert set(history.read) == {"alert_mgr"}
        assert len(history.read) <= 1 + (time.monotonic() - began) // DAY_EVERY
        await deck.press("d")
        read = len(history.read)
        await deck.polls()
        assert len(history.read) == read


async def test_a_history_that_cannot_be_kept_is_said_in_the_pane_and_ends_nothing(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    (tmp_path / "state").touch()
    history = HistoryRecorder(tmp_path / "state")
    configuration = write_configuration(served, tmp_path)
    async with open_deck(configuration, history=history, size=(200, 60)) as deck:
        await deck.all_known()
        await deck.on("alert_mgr")
        await deck.shows("history: ", "Not a directory")


async def test_a_second_deck_shows_that_it_only_reads_the_history(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    first = HistoryRecorder(tmp_path / "state")
    await first.begin()
    second = HistoryRecorder(tmp_path / "state")
    configuration = write_configuration(served, tmp_path)
    async with open_deck(configuration, history=second, size=(200, 60)) as deck:
        await deck.all_known()
        await deck.on("alert_mgr")
        await deck.shows("history: another deck keeps the history")
    first.end()


async def test_the_picker_shows_how_often_a_node_restarted_services(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    configuration = write_configuration(served, tmp_path, settings="refresh = 60")
    async with open_deck(configuration, size=(80, 24)) as deck:
        await deck.all_known()
        for service in ("alert_mgr", "ccs"):
            await restart_unseen(deck, served, service)
        await restart_unseen(deck, served, "ccs", uid=2)
        await deck.press("n")
        await deck.shows("↻ 2/1h, not from here", "↻ 1/1h, not from here")
        assert "↻ 2/1h, not from here" in line_of(deck, "node1")
        assert "↻ 1/1h, not from here" in line_of(deck, "node2")
        assert "restart" not in line_of(deck, "node3")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda one: f"{one[0]}x{one[1]}")
async def test_the_day_on_the_screen(
    size: tuple[int, int], served: SimulatedCluster, tmp_path: Path
) -> None:
    configuration = write_configuration(served, tmp_path, settings="refresh = 60")
    history = HistoryRecorder(tmp_path / "state")
    async with open_deck(configuration, history=history, size=size) as deck:
        await deck.all_known()
        await restart_unseen(deck, served, "alert_mgr")
        await deck.on("alert_mgr")
        # The strip of the last minutes is read again a moment after the restart.
        await deck.until(lambda: deck.table.row("alert_mgr").cells[4].text.endswith("↻"))
        await deck.press("d")
        await deck.shows("The last 24 hours")
        await deck.settle()
        await deck.press("tab", "end")
        await deck.shows("1, the last at", "What happened")
        pane = deck.app.deck._detail
        await deck.until(lambda: pane.scroll_offset.y == pane.max_scroll_y)
        await deck.settle()
        await deck.context_known()

        # An age is as wide with one digit as with two; and where the bar stands is no matter.
        def clean(text: str) -> str:
            text = re.sub(r"[▁-█]{2}", "  ", text)
            text = re.sub(r"↻ \d+ s restart\S+ *(?=│)", "↻ 9 s restarted ", text)
            return re.sub(r"UTC [ \d]\d s ago", "UTC  9 s ago", text)

        await matches(deck, f"day-{size[0]}x{size[1]}", clean)
