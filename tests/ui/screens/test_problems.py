"""All problems of all nodes in one list, driven by keys, on the real simulator."""

import re
import socket
from pathlib import Path

import pytest

from tests.faultserver import answer, routes, serving
from tests.ui.conftest import Deck, open_deck, posts, write_configuration
from tests.ui.screens.test_deck_trouble import one_node
from tests.ui.test_hostile import NAMES, assert_harmless, services
from tui.config import load
from tui.sim.server import SimulatedCluster
from tui.ui.dialogs.order import OrderDialog
from tui.ui.screens.problems import ProblemsScreen
from tui.ui.table.live_table import LiveTable
from tui.ui.widgets.text_line import BarLine

pytestmark = pytest.mark.real_time


async def open_problems(deck: Deck) -> LiveTable:
    await deck.press("P")
    await deck.until(lambda: isinstance(deck.app.screen, ProblemsScreen))
    return deck.app.screen.query_one("#problems", LiveTable)


def dim_keys(deck: Deck) -> set[str]:
    """Return the keys of the bar that are as dim as what is off."""
    (line,) = deck.app.screen.query_one("#keys", BarLine)._lines
    off = deck.app._colors()["off"]
    return {line.plain[span.start] for span in line.spans if span.style == off}


def line_of(deck: Deck, word: str) -> str:
    return next((line for line in deck.text.splitlines()[3:] if word in line), "")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_problems_of_all_nodes_are_listed_and_enter_goes_there(
    size: tuple[int, int], served: SimulatedCluster, tmp_path: Path
) -> None:
    # What surrounds a cluster is read at a slow pace: this before the first time.
    served.cluster.contents.raise_alert("cluster_multiple_nodes_down", "CRITICAL")
    served.cluster.contents.raise_alert("node_memory", "WARNING", 1)
    async with open_deck(write_configuration(served, tmp_path), size=size) as deck:
        await deck.all_known()
        served.cluster.set_status(2, "redis_mgr", "FATAL")
        served.cluster.stop(1, "alert_mgr")
        served.cluster.power_off(3)
        await deck.context_known()
        table = await open_problems(deck)
        await deck.shows("✗ critical", "▲ serious", "FATAL", "STOPPED", "unreachable", "3 nodes")
        await deck.shows(
            "alert cluster_multiple_nodes_down, CRITICAL", "alert node_memory, WARNING"
        )
        chosen = [key for key in table.row_keys if not table.row(key).inert]
        assert [key.split("\0")[:2] for key in chosen] == [
            ["node3", ""], ["node2", "redis_mgr"], ["", "cluster demo"], ["node1", "alert_mgr"],
            ["node1", ""],
        ]  # fmt: skip
        assert "cluster demo" in line_of(deck, "cluster demo")
        assert " s" in line_of(deck, "node2")
        await deck.press("home")  # to a node that does not answer
        await deck.until(lambda: dim_keys(deck) >= {"s", "t", "r"})
        await deck.press("r")
        await deck.shows("This is about no single service. Choose a service in the deck first.")
        table.move_to(chosen[1])  # a required service, which is locked
        await deck.until(lambda: dim_keys(deck) >= {"s", "t", "r"})
        table.move_to(chosen[3])
        await deck.until(lambda: dim_keys(deck) & {"s", "t", "r"} == {"t", "r"})
        await deck.open("s", OrderDialog)
        dialog = deck.app.screen
        assert isinstance(dialog, OrderDialog)
        assert (dialog._question.order.target.node, dialog._question.order.names) == (
            "node1", ("alert_mgr",),
        )  # fmt: skip
        assert deck.app.screen_stack == [deck.app.deck, dialog]
        await deck.press("escape")
        await deck.until(lambda: deck.app.screen is deck.app.deck)
        table = await open_problems(deck)
        await deck.press("home")
        await deck.until(lambda: table.cursor_key == chosen[0])
        await deck.press("down")
        await deck.until(lambda: table.cursor_key == chosen[1])
        await deck.press("enter")
        await deck.until(lambda: deck.app.screen is deck.app.deck)
        await deck.until(
            lambda: (deck.app.deck.here, deck.table.cursor_key) == ("node2", "redis_mgr")
        )
    assert not posts(served)


async def test_the_list_of_problems_stays_up_to_date_and_says_when_there_are_none(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        table = await open_problems(deck)
        await deck.shows("no problems on 3 nodes")
        assert "not polled" not in deck.text
        served.cluster.stop(2, "alert_mgr")
        await deck.shows("alert_mgr", "STOPPED, and should not be")
        await deck.until(lambda: table.cursor_key is not None)
        served.cluster.start(2, "alert_mgr")
        await deck.shows("△ notice", "not sent from here")
        await deck.press("S", "escape")
        assert isinstance(deck.app.screen, ProblemsScreen)
        assert deck.app.screen.sorting.is_usual
        await deck.press("escape")
        await deck.until(lambda: deck.app.screen is deck.app.deck)


async def test_a_restart_sent_from_here_is_no_problem(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        await deck.on("alert_mgr")
        await deck.open("r", OrderDialog)
        await deck.confirm()
        await deck.shows("VERIFIED")
        await open_problems(deck)
        await deck.shows("no problems on 3 nodes")


async def test_a_problem_older_than_the_deck_is_shown_as_such(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    served.cluster.stop(1, "alert_mgr")
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        await open_problems(deck)
        await deck.shows("alert_mgr")
        assert re.search(r" >\d+ s ", line_of(deck, "should not be"))


async def test_a_node_that_has_not_answered_yet_is_not_said_to_be_well(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    configuration = write_configuration(served, tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with configuration.path.open("a", encoding="utf-8") as file:
            file.write(
                f'[nodes.silent]\nurl = "https://127.0.0.1:{port}"\n'
                f'username = "admin@demo.local"\nfingerprint = "{served.fingerprint}"\n'
            )
        async with open_deck(load(configuration.path, must_exist=True)) as deck:
            await deck.until(lambda: sum(one.reading.is_good for one in deck.fleet.nodes) == 3)
            await open_problems(deck)
            await deck.shows("no problems on 3 nodes (1 not polled)")


async def test_the_key_of_the_table_still_leaves_its_problems_only(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        await deck.press("exclamation_mark")
        await deck.shows("problems only")
        assert deck.app.screen is deck.app.deck


async def test_leaving_the_problems_leads_back_to_the_deck(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path), size=(80, 24)) as deck:
        await deck.all_known()
        await open_problems(deck)
        await deck.press("q")
        await deck.until(lambda: deck.app.screen is deck.app.deck)


async def test_hostile_names_and_statuses_are_harmless_in_it(tmp_path: Path) -> None:
    """P14, case 39."""
    with serving(routes({"/v1/local/services": answer(services(NAMES))})) as server:
        async with open_deck(one_node(server.url, tmp_path), size=(80, 24)) as deck:
            await deck.until(lambda: "alert_mgr" in deck.table.row_keys)
            table = await open_problems(deck)
            await deck.until(lambda: len(table.row_keys) > 10)
            await deck.shows("alerts", "not known")
            for _ in table.row_keys:
                assert_harmless(deck)
                await deck.press("down")
                await deck.settle()
            assert deck.app.return_code is None
