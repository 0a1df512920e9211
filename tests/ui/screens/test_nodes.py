"""The node picker: every profile, live, grouped by cluster."""

from pathlib import Path

import pytest
from textual import events
from textual.notifications import Notification

from tests.ui.conftest import Deck, open_deck, write_configuration
from tests.ui.node_views import node_view
from tui.config import load
from tui.model.service import Service
from tui.model.sorting import Sorting
from tui.sim.server import SimulatedCluster
from tui.ui.screens.nodes import NODE_ORDERS, NodesScreen, node_hints, sort_nodes
from tui.ui.screens.why import WhyScreen
from tui.ui.widgets.node_list import NodeList

# Whole decks on nodes that are polled.
pytestmark = pytest.mark.real_time


def lines_with(text: str, word: str) -> list[str]:
    return [line for line in text.splitlines() if word in line]


def toasts(deck: Deck) -> list[Notification]:
    return [*deck.app._notifications]


def test_the_nodes_of_a_cluster_are_sorted_and_the_clusters_stay_as_they_are() -> None:
    well, ill = Service("a", "RUNNING"), Service("b", "FATAL")
    views = [
        node_view("b1", well, cluster="b", number=1),
        node_view("a2", well, age=3.0, cluster="a", number=2),
        node_view("a3", ill, cluster="a", number=3),
        node_view("a1", well, age=9.0, cluster="a", number=4),
    ]
    sorting = Sorting(NODE_ORDERS)
    seen = []
    for _ in range(4):
        seen.append([view.name for view in sort_nodes(views, sorting)])
        sorting.choose_next()
    assert seen == [
        ["b1", "a2", "a3", "a1"],
        ["b1", "a1", "a3", "a2"],
        ["b1", "a1", "a2", "a3"],
        ["b1", "a1", "a2", "a3"],
    ]


async def test_every_node_shows_role_counts_and_age(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        await deck.shows("demo 3/3 ok ─", "★ primary")
        await deck.shows("1 ● node1 ★ ▰▰▰▰▰▰ 32/32")
        for name in ("node1", "node2", "node3"):
            assert any("32/32" in line for line in lines_with(deck.text, name))


async def test_nodes_are_grouped_by_cluster_and_marked_in_words(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    path = tmp_path / "config.toml"
    common = f'username = "admin@demo.local"\nfingerprint = "{served.fingerprint}"\n'
    path.write_text(
        f'[nodes.a1]\nurl = "{served.urls[1]}"\n{common}cluster = "alpha"\n'
        f'environment = "production"\n'
        f'[nodes.b1]\nurl = "{served.urls[2]}"\n{common}cluster = "beta"\nread_only = true\n'
        f'[nodes.a2]\nurl = "{served.urls[3]}"\n{common}cluster = "alpha"\n'
        f'environment = "staging"\nlabel = "second"\n',
        encoding="utf-8",
    )
    path.chmod(0o600)
    async with open_deck(load(path, must_exist=True), size=(140, 40)) as deck:
        await deck.shows("alpha 2/2 ok", "beta 1/1 ok", " PROD ")
        for name, badge in (("a1 ★", "P"), ("second", "S"), ("b1", "RO")):
            await deck.until(
                lambda name=name, badge=badge: any(
                    f" {badge} " in line[:40] for line in lines_with(deck.text, f"● {name}")
                )
            )
        assert [one.name for one in deck.fleet.nodes] == ["a1", "a2", "b1"]


async def test_digits_jump_and_brackets_step(served: SimulatedCluster, tmp_path: Path) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        for key, node in (("2", 2), ("9", 2), ("]", 3), ("]", 1), ("[", 3), ("[", 2), ("1", 1)):
            await deck.press(key)
            await deck.until(lambda node=node: deck.app.deck.here == f"node{node}")
            await deck.shows(served.urls[node].removeprefix("https://"))


async def test_n_goes_to_the_side_pane_where_there_is_one(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        await deck.press("n", "down", "enter")
        await deck.until(lambda: deck.app.deck.here == "node2")
        assert deck.app.focused is deck.table
        side = deck.app.deck.query_one("#side", NodeList)
        await deck.press("n", "down")
        await deck.until(lambda: side.cursor_key == "node3")
        deck.table.focus()  # as a click into it does
        await deck.until(lambda: side.cursor_key == "node2")
        await deck.shows("r Restart")


async def test_at_the_side_keys_mean_the_node_under_the_cursor_and_a_click_shows_it(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        await deck.on("alert_mgr")
        await deck.press("n", "down")
        await deck.shows("enter Open node2 first  w Why node2")
        assert "r Restart" not in deck.text
        for key in ("s", "t", "r", "R", "space", "d", "y", "c", "Y"):
            deck.app.clear_notifications()
            await deck.press(key)
            await deck.until(
                lambda: any("enter opens node2 first." in one.message for one in toasts(deck))
            )
        assert deck.app.screen is deck.app.deck
        assert not deck.table.marks
        assert not deck.app.deck.query_one("#detail").display
        await deck.press("w")
        await deck.until(lambda: isinstance(deck.app.screen, WhyScreen))
        await deck.shows("Why: node2")
        await deck.press("escape")
        await deck.until(lambda: deck.app.screen is deck.app.deck)
        # The terminal may lose the focus meanwhile, as where a password is looked up.
        for event in (events.AppBlur(), events.AppFocus()):
            deck.app.post_message(event)
            await deck.settle()
        await deck.press("L")
        await deck.asked()
        await deck.shows(served.urls[2])
        await deck.press("escape")
        await deck.until(lambda: deck.app.screen is deck.app.deck)
        y = next(n for n, line in enumerate(deck.text.splitlines()) if "3 ● node3" in line)
        await deck.click((deck.text.splitlines()[y].index("node3"), y))
        await deck.until(lambda: deck.app.deck.here == "node3")
        assert deck.app.focused is deck.table
        await deck.shows("r Restart")


async def test_below_100_columns_n_opens_a_full_screen(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path), size=(99, 30)) as deck:
        await deck.all_known()
        assert "NODE" not in deck.text
        await deck.press("n")
        await deck.until(lambda: isinstance(deck.app.screen, NodesScreen))
        await deck.shows("node1", "node2", "node3", "32/32", "★ primary")
        served.cluster.power_off(3)
        await deck.shows("unreachable", "refused the connection")
        await deck.press("2")
        await deck.until(lambda: deck.app.deck.here == "node2")


async def test_a_lost_node_says_why_and_since_when_and_comes_back(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        served.cluster.power_off(2)
        await deck.shows("unreachable")
        assert deck.app.deck.here == "node1"
        served.cluster.power_on(2)
        # What was wrong with it stays among the events.
        await deck.until(lambda: "2 ● node2" in deck.text)


async def test_a_problem_elsewhere_is_shown_where_there_is_no_side_pane(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path), size=(80, 24)) as deck:
        await deck.all_known()
        assert "elsewhere" not in deck.text
        served.cluster.stop(2, "alert_mgr")
        await deck.shows("elsewhere: node2: alert_mgr STOPPED")
        served.cluster.start(2, "alert_mgr")
        await deck.until(lambda: "elsewhere" not in deck.text)


async def test_marks_are_for_one_node_only(served: SimulatedCluster, tmp_path: Path) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        await deck.press("space")
        await deck.shows("1 marked")
        await deck.press("2")
        await deck.until(lambda: not deck.table.marks)


def test_the_keys_below_the_list_are_those_that_are_in_use() -> None:
    keys = {"add": "a", "edit": "f2", "discover": "D", "sort": "slash,S", "back": "escape"}
    wide = [("enter open", "enter"), ("a add", "a"), ("f2 edit", "f2"), ("D discover", "D")]
    assert node_hints(keys, 70) == [*wide, ("/ sort", "slash"), ("esc back", "escape")]
    assert node_hints(keys, 69) == [*wide, ("esc back", "escape")]
