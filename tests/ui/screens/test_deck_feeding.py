"""What one reading makes the deck do: its own node's cells, and nothing that is not shown."""

import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import pytest

from tests.fleet.plan_nodes import open_order
from tests.ui.conftest import open_deck, write_configuration
from tui.model.order import OrderPhase, OrderProgress
from tui.sim.server import SimulatedCluster
from tui.ui.widgets.order_lines import OrderLines


def calls(work: Callable[[], None]) -> Counter[str]:
    """Count the functions that `work` calls, by their qualified names."""
    counted: Counter[str] = Counter()

    def count(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            counted[frame.f_code.co_qualname] += 1

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return counted


async def test_a_reading_makes_one_view_and_of_other_nodes_none(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        in_front = calls(lambda: deck.app.deck.node_changed("node1"))
        assert in_front["NodeView.of"] == in_front["ServicesTable.present"] == 1
        elsewhere = calls(lambda: deck.app.deck.node_changed("node2"))
        assert elsewhere["NodeView.of"] == elsewhere["ServicesTable.present"] == 0
        deck.app.deck.nodes_changed()
        deck.app.deck.node_changed("node2")
        at_the_side = calls(deck.app.deck.nodes_changed)
        assert at_the_side["NodeView.of"] == 2, "its line, and how high the table in front may be"


@pytest.mark.real_time
async def test_a_reading_in_which_only_clocks_went_on_waits_for_the_tick(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        node, app = deck.fleet.watch("node1"), deck.app
        app.node_changed("node1")
        seen = node.reading
        assert not calls(lambda: app.node_changed("node1"))["DeckScreen.node_changed"]
        await deck.until(lambda: node.reading is not seen)
        assert not calls(lambda: app.node_changed("node1"))["DeckScreen.node_changed"]
        served.cluster.stop(1, "stats_archiver")
        await deck.until(lambda: deck.table.row_keys[0] == "stats_archiver")


async def test_nothing_is_painted_again_where_nothing_is_new(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    configuration = write_configuration(served, tmp_path, settings="refresh = 60")
    async with open_deck(configuration) as deck:
        await deck.all_known()
        screen = deck.app.deck
        screen.nodes_changed()
        assert set(calls(screen.nodes_changed)) == {"DeckScreen.nodes_changed"}


async def test_a_closed_detail_pane_is_not_fed(served: SimulatedCluster, tmp_path: Path) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        assert not calls(deck.app.deck.tick)["Fleet.history"]
        await deck.press("d")
        assert calls(deck.app.deck.tick)["Fleet.history"] == 1


async def test_a_deck_under_the_matrix_is_not_fed_and_is_current_afterwards(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        await deck.press("0")
        await deck.until(lambda: deck.app.screen is not deck.app.deck)
        assert not calls(lambda: deck.app.deck.node_changed("node1"))["ServicesTable.present"]
        served.cluster.stop(1, "stats_archiver")
        await deck.until(
            lambda: deck.fleet.watch("node1").reading.find("stats_archiver").status == "STOPPED"
        )
        await deck.press("q")
        await deck.until(lambda: deck.table.row_keys[0] == "stats_archiver")


async def test_an_order_goes_on_before_its_step_is_shown(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        step = OrderProgress(open_order(), OrderPhase.CHECKING, "checking the node")
        at_once = calls(lambda: deck.fleet.orders.report(step))
        assert at_once["DeckApp.order_moved"] == 1
        assert not at_once["OrderLines.present"]
        lines = deck.app.deck.query_one(OrderLines)
        await deck.until(lambda: "stop ccs on node3" in str(lines.render()))
