"""The matrix: every service on every node, driven by keys, on the real simulator."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from textual import events

from tests.faultserver import answer, routes, serving
from tests.ui.conftest import Deck, open_deck, posts, write_configuration
from tests.ui.rollout_progress import QUICK
from tests.ui.screens.test_deck_trouble import one_node
from tests.ui.test_hostile import NAMES, assert_harmless, services
from tui.config import load
from tui.sim.cluster import Cluster
from tui.sim.server import SimulatedCluster
from tui.ui.dialogs.order import OrderDialog
from tui.ui.matrix.matrix_table import MatrixTable
from tui.ui.screens.help import HelpScreen
from tui.ui.screens.matrix import MatrixScreen

# Whole decks on nodes that are polled.
pytestmark = pytest.mark.real_time

WHY = "read-only: the deck was started with --read-only"


def table(deck: Deck) -> MatrixTable:
    assert isinstance(deck.app.screen, MatrixScreen), deck.text
    return deck.app.screen.table


async def open_matrix(deck: Deck, service: str = "alert_mgr") -> MatrixTable:
    await deck.all_known()
    await deck.on(service)
    await deck.press("0")
    await deck.until(lambda: isinstance(deck.app.screen, MatrixScreen))
    await deck.until(lambda: table(deck).cursor == (deck.app.deck.here, service))
    return table(deck)


async def test_the_matrix_opens_on_the_decks_cell_and_enter_goes_back_to_another(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await open_matrix(deck)
        await deck.shows("3 nodes of demo", "1 node1 ★", "primary", "2 node2", "replica", "3 node3")
        await deck.shows("alert_mgr on node1 (primary): RUNNING for 3d")
        await deck.press("right", "down")
        await deck.shows("authentication_service on node2 (replica)")
        await deck.press("enter")
        await deck.until(lambda: deck.app.screen is deck.app.deck)
        assert deck.app.deck.here == "node2"
        assert deck.table.cursor_key == "authentication_service"
        assert deck.app.focused is deck.table


async def test_leaving_the_matrix_leaves_the_deck_as_it_was(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        for key in ("q", "0", "escape"):
            await open_matrix(deck, "ccs")
            await deck.press("right", "down", key)
            await deck.until(lambda: deck.app.screen is deck.app.deck)
            assert (deck.app.deck.here, deck.table.cursor_key) == ("node1", "ccs")


async def test_enter_clears_a_filter_of_the_deck_that_hides_the_service(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        await deck.press("slash", *"alert", "enter")
        matrix = await open_matrix(deck)
        assert matrix.point("node3", "ccs")
        await deck.press("enter")
        await deck.until(lambda: deck.table.cursor_key == "ccs")
        assert deck.app.deck.here == "node3"


async def test_problems_stand_out_by_sign_and_word(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await open_matrix(deck)
        await deck.shows("no problems")
        served.cluster.stop(1, "stats_archiver")
        served.cluster.restart(2, "alert_mgr")
        served.cluster.remove_service(2, "mdns_server")
        await deck.shows("■ STOPPED", "↻ ", "· missing", "stats_archiver STOPPED on node1")
        served.cluster.power_off(3)
        await deck.shows("unreachable", "STALE", "? was up", "node3 not known now")
        assert table(deck).row_keys[0] == "stats_archiver"
        served.cluster.power_on(3)
        await deck.until(lambda: "STALE" not in deck.text)


async def test_a_mark_of_exclamation_leaves_what_differs(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        matrix = await open_matrix(deck)
        await deck.press("!")
        await deck.shows("no differences on the nodes that answer")
        served.cluster.stop(3, "pdns_server")
        served.cluster.remove_service(1, "mdns_server")
        await deck.until(lambda: matrix.row_keys == ("pdns_server", "mdns_server"))
        await deck.shows("2 of 32 services", "differing only")
        await deck.press("escape")
        await deck.until(lambda: len(matrix.row_keys) == 32)
        assert deck.app.screen is not deck.app.deck


async def test_the_filter_leaves_services_by_name_and_status(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        matrix = await open_matrix(deck)
        await deck.press("slash", *"crdb", "enter")
        await deck.until(
            lambda: matrix.row_keys == ("crdb_coordinator", "crdb_worker_0", "crdb_worker_1")
        )
        await deck.shows("filter: crdb", "3 of 32 services", "r Restart", "w Why")
        await deck.press("slash", *"zz", "enter")
        await deck.shows("No service matches", "v Signs")
        bar = deck.text.splitlines()[-1]
        assert not any(word in bar for word in ("Start", "Stop", "Restart", "Why", "Next"))
        await deck.press("t")
        await deck.shows("No service is under the cursor.")
        await deck.press("escape")
        served.cluster.stop(2, "ccs")
        await deck.press("slash", *"status=stopped", "enter")
        await deck.until(lambda: matrix.row_keys == ("ccs",))
        await deck.press("S", "escape")
        assert isinstance(deck.app.screen, MatrixScreen)
        deck.app.screen._sorted_at = 0.0
        await deck.shows(" (esc: ")
        await deck.press("space")
        await deck.until(lambda: " (esc: " not in deck.text)  # it would clear the mark
        await deck.press("escape", "escape")
        assert isinstance(deck.app.screen, MatrixScreen)
        assert deck.app.screen.sorting.is_usual
        await deck.press("escape")
        await deck.until(lambda: deck.app.screen is deck.app.deck)


async def test_what_is_typed_ahead_of_the_filter_is_no_verb(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    """P5, case 41."""
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        matrix = await open_matrix(deck)
        for key, character in (("slash", "/"), ("r", "r"), ("t", "t"), ("r", "r")):
            deck.app.post_message(events.Key(key, character))
        await deck.until(lambda: not matrix.has_focus)
        await deck.settle()
        assert isinstance(deck.app.screen, MatrixScreen)
        assert not deck.fleet.orders.progress


async def test_the_cursor_stays_with_its_node_and_service_while_rows_move(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    """P4."""
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        matrix = await open_matrix(deck)
        matrix.point("node2", "ccs")
        await deck.press("space", "up")
        await deck.until(lambda: matrix.cursor == ("node2", "ccs"))
        served.cluster.stop(1, "stats_archiver")
        served.cluster.set_status(3, "redis_mgr", "FATAL")
        await deck.until(lambda: matrix.row_keys[:2] == ("redis_mgr", "stats_archiver"))
        assert matrix.cursor == ("node2", "ccs")
        await deck.press("!")
        await deck.until(lambda: matrix.row_keys == ("redis_mgr", "stats_archiver"))
        here = matrix.cursor
        assert here is not None
        assert here[0] == "node2"
        await deck.press("!")
        await deck.until(lambda: len(matrix.row_keys) == 32)
        assert matrix.cursor == here
        assert matrix.marked_cells == {("node2", "ccs")}


async def test_the_cell_under_the_cursor_is_what_an_order_is_for(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await open_matrix(deck)
        await deck.press("right")
        await deck.open("r", OrderDialog)
        await deck.shows("Restart alert_mgr on node2 (", f"POST {served.urls[2]}/v1/local/services")
        await deck.confirm()
        assert isinstance(deck.app.screen, MatrixScreen)
        await deck.shows("restart alert_mgr on node2: VERIFIED")
        await deck.press("x")
        await deck.until(lambda: "VERIFIED" not in deck.text)
    (post,) = posts(served)
    assert post.uid == 2


async def test_marks_on_one_node_are_confirmed_together(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        matrix = await open_matrix(deck)
        matrix.point("node3", "alert_mgr")
        await deck.press("space")
        matrix.point("node3", "call_home_agent")
        await deck.press("space")
        await deck.shows("2 marked on 1 node")
        matrix.point("node1", "ccs")
        await deck.press("slash", *"ccs", "enter", "r")
        await deck.until(lambda: isinstance(deck.app.screen, OrderDialog))
        await deck.shows("alert_mgr", "call_home_agent", "node3", "(hidden by")
        assert '"ccs"' not in deck.text
    assert not posts(served)


async def test_marks_go_once_what_was_marked_is_ordered(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path), patience=QUICK) as deck:
        matrix = await open_matrix(deck)
        matrix.point("node3", "alert_mgr")
        await deck.press("space", "r")
        await deck.until(lambda: isinstance(deck.app.screen, OrderDialog))
        assert matrix.marked_cells
        await deck.confirm()
        await deck.until(lambda: posts(served))
        assert not matrix.marked_cells


async def test_marks_on_several_nodes_are_refused_in_one_sentence(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await open_matrix(deck)
        await deck.press("space", "up", "right", "space")
        await deck.shows("2 marked on 2 nodes")
        await deck.refuses("r", "an action goes to one")
        assert isinstance(deck.app.screen, MatrixScreen)
        await deck.press("U")
        await deck.until(lambda: not table(deck).marked_cells)
        await deck.settle()
        assert not deck.fleet.orders.progress
    assert not posts(served)


async def test_a_required_service_a_lost_node_and_a_missing_one_say_why(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        matrix = await open_matrix(deck, "ccs")
        await deck.refuses("r", "Locked. ccs: required")
        served.cluster.remove_service(2, "mdns_server")
        await deck.shows("· missing")
        matrix.point("node2", "mdns_server")
        await deck.press("r")
        await deck.shows("mdns_server is not on the node any more")
        served.cluster.power_off(3)
        await deck.shows("STALE")
        matrix.point("node3", "alert_mgr")
        await deck.shows("no actions:")
        await deck.press("s")
        await deck.settle()
        assert isinstance(deck.app.screen, MatrixScreen)
    assert not posts(served)


async def test_a_read_only_session_says_so_and_sends_nothing(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    """P1, case 52."""
    async with open_deck(write_configuration(served, tmp_path), read_only=WHY) as deck:
        await open_matrix(deck)
        await deck.shows("READ-ONLY", "no actions: read-only")
        for key in ("s", "t", "r", "R", "space", "r"):
            await deck.press(key, "y", "enter" if key == "r" else "up")
            if deck.app.screen is deck.app.deck:
                await open_matrix(deck)
            assert isinstance(deck.app.screen, MatrixScreen)
        await deck.shows("--read-only")
    assert not posts(served)


async def test_keys_move_the_cursor_from_cell_to_cell(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        matrix = await open_matrix(deck)
        for keys, cell in (
            (["2"], ("node2", "alert_mgr")),
            (["end"], ("node3", "alert_mgr")),
            (["end", "home"], ("node1", "alert_mgr")),
            (["l", "l", "h"], ("node2", "alert_mgr")),
            (["G"], ("node1", "stats_archiver")),
            (["G", "g"], ("node1", "alert_mgr")),
            (["j", "j", "k"], ("node1", "authentication_service")),
            (["shift+right", "9"], ("node3", "alert_mgr")),
        ):
            matrix.point("node1", "alert_mgr")
            await deck.press(*keys)
            await deck.settle()
            assert matrix.cursor == cell, keys


async def test_tab_goes_from_one_cell_that_stands_out_to_the_next(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        matrix = await open_matrix(deck)
        await deck.press("tab")
        assert matrix.cursor == ("node1", "alert_mgr")
        served.cluster.stop(3, "stats_archiver")
        served.cluster.stop(2, "pdns_server")
        await deck.until(lambda: matrix.row_keys[:2] == ("pdns_server", "stats_archiver"))
        await deck.press("tab")
        await deck.until(lambda: matrix.cursor == ("node2", "pdns_server"))
        await deck.press("tab")
        await deck.until(lambda: matrix.cursor == ("node3", "stats_archiver"))
        await deck.press("shift+tab")
        await deck.until(lambda: matrix.cursor == ("node2", "pdns_server"))


async def test_a_click_points_and_a_double_click_goes_there(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        matrix = await open_matrix(deck)
        line = matrix.region.y + 3 + matrix.row_keys.index("ccs")
        await deck.click(offset=(45, line))
        await deck.until(lambda: matrix.cursor == ("node2", "ccs"))
        await deck.click(offset=(45, matrix.region.y + 1))
        assert matrix.cursor == ("node2", "ccs")
        await deck.click(offset=(45, line), times=2)
        await deck.until(lambda: deck.app.screen is deck.app.deck)
        assert deck.app.deck.here == "node2"


async def test_clusters_stand_side_by_side_under_their_names(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    served.cluster.health_v4 = False
    path = tmp_path / "config.toml"
    common = f'username = "admin@demo.local"\nfingerprint = "{served.fingerprint}"\n'
    tables = [
        f'[nodes.n{uid}]\nurl = "{url}"\n{common}cluster = "{"alpha" if uid != 2 else "beta"}"\n'
        for uid, url in served.urls.items()
    ]
    path.write_text("\n".join(tables), encoding="utf-8")
    path.chmod(0o600)
    async with open_deck(load(path, must_exist=True)) as deck:
        await deck.until(lambda: all(one.reading.is_good for one in deck.fleet.nodes))
        await deck.press("0")
        await deck.shows("3 nodes of 2 clusters", "alpha", "│beta")
        served.cluster.remove_service(2, "mdns_server")
        await deck.until(lambda: deck.fleet.watch("n2").reading.find("mdns_server") is None)
        assert "missing" not in deck.text


async def test_help_and_another_theme_work_over_it(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        matrix = await open_matrix(deck)
        await deck.press("question_mark")
        await deck.until(lambda: isinstance(deck.app.screen, HelpScreen))
        await deck.press("escape")
        before = matrix.render_line(5)
        deck.app.action_paint("light")
        await deck.until(lambda: matrix.render_line(5) != before)
        await deck.press("p")
        await deck.shows("PAUSED")


async def test_hostile_names_and_statuses_are_harmless_in_it(tmp_path: Path) -> None:
    """P14, case 39."""
    with serving(routes({"/v1/local/services": answer(services(NAMES))})) as server:
        async with open_deck(one_node(server.url, tmp_path), size=(80, 24)) as deck:
            await deck.until(lambda: "alert_mgr" in deck.table.row_keys)
            await deck.press("0")
            await deck.until(lambda: isinstance(deck.app.screen, MatrixScreen))
            await deck.until(lambda: len(table(deck).row_keys) > 10)
            for _ in range(len(NAMES) + 2):
                assert_harmless(deck)
                await deck.press("s")
                await deck.settle()
                assert_harmless(deck)
                await deck.press("down")
            await deck.press("v")
            await deck.settle()
            assert_harmless(deck)
            assert deck.app.return_code is None
    assert not server.posts


@pytest.fixture
def many() -> Iterator[SimulatedCluster]:
    with SimulatedCluster(Cluster(35, pace=0.1)) as served:
        yield served


async def test_thirty_five_nodes_scroll_both_ways_under_a_frozen_head(
    many: SimulatedCluster, tmp_path: Path
) -> None:
    configuration = write_configuration(many, tmp_path, settings="refresh = 5")
    async with open_deck(configuration, size=(80, 24)) as deck:
        await deck.until(lambda: all(one.reading.is_good for one in deck.fleet.nodes), 60)
        await deck.on("alert_mgr")
        await deck.press("0")
        await deck.until(lambda: isinstance(deck.app.screen, MatrixScreen))
        matrix = table(deck)
        await deck.shows("rsdeck matrix", "▶ 30 nodes")
        await deck.press("end", "G")
        await deck.until(lambda: matrix.cursor == ("node35", "stats_archiver"))
        await deck.shows("◀ 30 nodes", "node35", "SERVICE", "stats_archiver on node35")
        assert "alert_mgr  " not in deck.text
        await deck.press("home", "g")
        await deck.shows("1 node1 ★", "▸ alert_mgr")
        many.cluster.stop(33, "sentinel_service")
        deck.fleet.refresh()
        await deck.shows("sentinel_service STOPPED on node33", "1 not ok")
        await deck.press("tab")
        await deck.until(lambda: matrix.cursor == ("node33", "sentinel_service"))
        await deck.shows("■ STOPPED", "node33")
        await deck.press("v")
        await deck.until(lambda: len(matrix.columns) == 14)
        assert "node33" in [one.key for one in matrix.columns]


async def test_nodes_without_a_profile_are_shown_and_take_no_orders(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    configuration = write_configuration(served, tmp_path)
    alone = replace(configuration, nodes=configuration.nodes[:1])
    async with open_deck(alone) as deck:
        await deck.all_known()
        await deck.until(lambda: len(deck.fleet.unmanaged_nodes) == 2)
        await deck.press("0")
        await deck.shows("node2", "node3", "no profile")
        await deck.press("right", "r")
        await deck.shows("no profile")
        await deck.press("enter")
        await deck.settle()
        assert deck.app.deck.here == "node1"
    assert not posts(served)


async def test_a_click_marks_a_cell_or_goes_to_a_node(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        matrix = await open_matrix(deck)
        corner, place = matrix.content_region, matrix._laid[2]
        await deck.click((corner.x + place.at - 1, corner.y + len(matrix._heads)))
        marked = {("node2", matrix.row_keys[0])}
        assert matrix.marked_cells == marked
        await deck.click((corner.x + matrix._laid[3].at + 2, corner.y))
        assert matrix.cursor == ("node3", matrix.row_keys[0])
        assert matrix.marked_cells == marked
