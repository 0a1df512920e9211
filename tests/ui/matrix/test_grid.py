"""The matrix without a terminal: order of rows, signs of cells, words of heads."""

from dataclasses import replace

import pytest

from tests.later_answers import unseen
from tests.ui.matrix_columns import DAYS, column, grid, names, service
from tests.ui.node_views import NOW, node_view
from tui.fleet.unmanaged_nodes import UnmanagedNode
from tui.model.filters import ServiceFilter
from tui.model.node import Maintenance, ObservedHealth, Role
from tui.model.service import Service
from tui.ui.format.service_row import FRESH
from tui.ui.format.status_lines import PlacedAlert
from tui.ui.matrix.columns import ColumnCache, grouped, unmanaged_column
from tui.ui.matrix.grid import RowOrder, build_grid
from tui.ui.matrix.headers import (
    beyond_edge,
    cell_sentence,
    column_head,
    fitting,
    matrix_status,
)

PALETTE = dict.fromkeys(("bad", "muted", "warn", "ok"), "")


def test_rows_are_sorted_by_name_or_by_what_was_started_last_anywhere() -> None:
    columns = (
        column("a", {"x": DAYS, "y": DAYS, "z": "FATAL"}),
        column("b", {"x": 30, "y": 5, "z": DAYS}),
    )

    def sorted_by(order: RowOrder, *, is_reversed: bool = False) -> list[str]:
        return names(build_grid(columns, ServiceFilter(), order=order, is_reversed=is_reversed))

    assert sorted_by(RowOrder.PROBLEMS)[0] == "z"
    assert sorted_by(RowOrder.PROBLEMS, is_reversed=True)[-1] == "z"
    assert sorted_by(RowOrder.NAME) == ["x", "y", "z"]
    assert sorted_by(RowOrder.NAME, is_reversed=True) == ["z", "y", "x"]
    assert sorted_by(RowOrder.RESTARTED) == ["y", "x", "z"]
    assert sorted_by(RowOrder.RESTARTED, is_reversed=True) == ["z", "x", "y"]


def test_problems_come_first_then_what_differs_then_the_names() -> None:
    shown = grid(
        column("a", {"b": DAYS, "c": "STOPPED", "d": "FATAL", "e": 5, "f": DAYS, "a": DAYS}),
        column("b", {"b": DAYS, "c": DAYS, "d": DAYS, "e": DAYS, "a": DAYS}),
    )
    assert names(shown) == ["d", "c", "e", "f", "a", "b"]
    assert names(grid(*shown.columns, only=True)) == ["d", "c", "e", "f"]
    assert names(grid(*reversed(shown.columns))) == names(shown)


@pytest.mark.parametrize(
    ("said", "text", "loud"),
    [
        (DAYS, "● 3d04h", False),
        (None, "● up", False),
        (FRESH, "● 10m", False),
        (FRESH - 1, "↻ 9m", True),
        (45, "↻ 45s", True),
        ("STOPPED", "■ STOPPED", True),
        ("RESTARTING", "◐ RESTARTING", True),
        ("FATAL", "✗ FATAL", True),
        ("PURPLE", "? PURPLE", True),
        ("", "? no status", True),
    ],
)
def test_each_state_has_a_sign_and_a_word(said: str | int | None, text: str, loud: bool) -> None:
    shown = grid(column("a", {"x": said}))
    cell = shown.cell(shown.columns[0], "x")
    assert (cell.text, cell.loud) == (text, loud)


def test_a_one_shot_program_that_ended_and_a_disabled_service_are_no_problem() -> None:
    shown = grid(
        column("a", {"start_redis_servers": "EXITED", "y": "STOPPED"}, disabled=frozenset({"y"}))
    )
    cells = [shown.cell(shown.columns[0], row.name).text for row in shown.rows]
    assert cells == ["✓ done", "○ off"]
    assert not shown.problems
    assert names(grid(*shown.columns, only=True)) == []


def test_a_service_that_runs_on_one_node_and_rests_on_another_differs() -> None:
    off = frozenset({"x"})
    shown = grid(column("a", {"x": DAYS}), column("b", {"x": "STOPPED"}, disabled=off), only=True)
    assert names(shown) == ["x"]


def test_uptimes_that_only_rounding_tells_apart_make_no_difference() -> None:
    turn = 3 * 86400 + 3600
    shown = grid(
        *(column(key, {"x": turn + more}) for key, more in (("a", 9), ("b", 2), ("c", -5)))
    )
    cells = [shown.cell(one, "x") for one in shown.columns]
    assert [cell.text for cell in cells] == ["● 3d01h", "● 3d01h", "● 3d00h"]
    assert len({(cell.style, cell.lead, cell.loud, cell.is_young) for cell in cells}) == 1
    assert not shown.bad
    assert names(grid(*shown.columns, only=True)) == []


def test_a_missing_service_is_shown_as_missing_where_most_nodes_have_it() -> None:
    some, none = {"x": DAYS, "y": DAYS}, {"y": DAYS}
    shown = grid(column("a", some), column("b", some), column("c", none))
    assert shown.cell(shown.columns[2], "x").text == "· missing"
    assert shown.cell(shown.columns[2], "x").loud
    assert names(grid(*shown.columns, only=True)) == ["x"]
    assert shown.bad == {"c"}
    rare = grid(column("a", some), column("b", none), column("c", none))
    assert rare.cell(rare.columns[1], "x").text == "·"
    assert not rare.bad


def test_a_service_is_missed_only_where_its_own_cluster_has_it() -> None:
    shown = grid(column("a", {"x": DAYS}), column("b", {"y": DAYS}, cluster="other"))
    assert [row.stands_out for row in shown.rows] == [False, False]
    assert shown.cell(shown.columns[1], "x").text == "·"


def test_what_a_stale_node_showed_is_worded_as_past_and_compared_with_no_node() -> None:
    stale = column("b", {"x": "FATAL", "y": DAYS}, age=30.0, is_stale=True)
    shown = grid(column("a", {"x": DAYS, "z": DAYS}), stale)
    assert shown.cell(stale, "x").text == "? FATAL"
    assert shown.cell(stale, "y").text == "? was up"
    assert shown.cell(stale, "z").text == "?"
    assert shown.blind == ("b",)
    assert shown.problems == 0
    assert not any(row.stands_out for row in shown.rows)
    assert shown.bad == {"b"}


def test_a_node_that_never_answered_is_a_question_in_every_row() -> None:
    silent = column("b", {}, age=None)
    shown = grid(column("a", {"x": DAYS}), silent)
    assert shown.cell(silent, "x").text == "?"
    assert column_head(silent, 10)[1] == ("no answer", "muted")


def test_a_filter_takes_names_and_the_status_on_any_node() -> None:
    columns = (
        column("a", {"alert_mgr": DAYS, "redis_mgr": DAYS, "ccs": DAYS}),
        column("b", {"alert_mgr": DAYS, "redis_mgr": "STOPPED", "ccs": DAYS}),
    )
    assert names(grid(*columns, text="mgr")) == ["redis_mgr", "alert_mgr"]
    assert names(grid(*columns, text="!mgr")) == ["ccs"]
    assert names(grid(*columns, text="status=stopped")) == ["redis_mgr"]
    assert grid(*columns, text="ccs").total == 3


def test_cells_with_a_problem_are_listed_row_by_row() -> None:
    shown = grid(
        column("a", {"x": DAYS, "y": "STOPPED", "z": DAYS}),
        column("b", {"x": 3, "y": "STOPPED"}),
        column("c", {"x": DAYS, "y": 3, "z": DAYS}),
    )
    assert shown.wrong() == [("a", "y"), ("b", "y"), ("b", "z")], "and no healthy restart"


def test_restarts_are_listed_where_no_cell_has_a_problem() -> None:
    shown = grid(column("a", {"x": DAYS, "y": 20}), column("b", {"x": 3, "y": DAYS}))
    assert shown.wrong() == [("b", "x"), ("a", "y")]


def test_the_worst_problem_and_the_last_restart_are_named() -> None:
    shown = grid(column("a", {"x": "STOPPED", "y": 300}), column("b", {"x": "FATAL", "y": 20}))
    assert shown.worst is not None
    assert (shown.worst[0].key, shown.worst[1].name) == ("b", "x")
    assert shown.young is not None
    assert (shown.young[0].key, shown.young[1].name) == ("b", "y")
    assert shown.problems == 2


def test_a_head_shows_the_node_its_age_and_its_trouble_in_the_room_there_is() -> None:
    trouble = ("unreachable 12 s", "lost 12 s", "unreachable", "lost", "✗")
    primary = column(
        "node1", {}, number=1, role=Role.PRIMARY, age=14.0, is_stale=True, trouble=trouble
    )
    assert [text for text, _ in column_head(primary, 16)] == [
        "1 node1 ★", "STALE 14 s", "unreachable 12 s",
    ]  # fmt: skip
    assert [text for text, _ in column_head(primary, 10)] == [
        "1 node1 ★",
        "STALE 14 s",
        "lost 12 s",
    ]
    assert [text for text, _ in column_head(primary, 3)] == ["1★", "OLD", "✗"]
    replica = column("node12", {}, number=12, role=Role.REPLICA, age=2.0, read_only="said so")
    assert [text for text, _ in column_head(replica, 11)] == ["node12", "replica 2 s", "READ-ONLY"]
    assert [text for text, _ in column_head(replica, 3)] == ["12", "2 s", "ro"]
    unchecked = column("node1", {}, unchecked=True, read_only="said so")
    assert column_head(unchecked, 12)[2] == ("INSECURE", "bad")


def test_an_edge_shows_how_many_nodes_lie_beyond_it_and_that_some_have_problems() -> None:
    assert beyond_edge(3, 1, arrow="▶", width=24) == ("▶ 3 nodes, 1 not ok", "bad")
    assert beyond_edge(3, 1, arrow="▶", width=8)[0] == "▶3 1!"
    assert beyond_edge(1, 0, arrow="◀", width=24) == ("◀ 1 node", "muted")
    assert beyond_edge(0, 0, arrow="◀", width=24) == ("", "")


def test_how_many_columns_are_bad_is_counted_for_any_part_of_them() -> None:
    well, bad = {"x": DAYS}, {"x": "STOPPED"}
    shown = grid(column("1", well), column("2", bad), column("3", well), column("4", bad))
    assert [shown.bad_between(*part) for part in ((0, 1), (0, 2), (2, 3), (1, 4))] == [0, 1, 0, 2]


def test_fitting_returns_the_longest_text_that_fits_and_the_last_where_none_does() -> None:
    assert fitting(("longest", "long", "l"), 5) == "long"
    assert fitting(("日本語", "日本"), 4) == "日本"
    assert fitting(("longest", "long"), 1) == "long"
    assert fitting((), 5) == ""


def test_a_cell_is_described_in_a_sentence() -> None:
    here = column("a", {"x": 45, "y": "FATAL"}, role=Role.REPLICA)
    old = column("b", {"x": DAYS}, age=30.0, is_stale=True)
    silent = column("c", {}, age=None, trouble=("unreachable 3 s", "✗"))
    shown = grid(here, old, silent)
    assert cell_sentence(shown, here, "x")[
        0
    ] == "x on a (replica): RUNNING for only 00:00:45, ?".replace("?", "unknown")
    assert "FATAL" in cell_sentence(shown, here, "y")[0]
    assert (
        "z on a (replica): is not on this node; 0 of 1 nodes" in cell_sentence(shown, here, "z")[0]
    )
    assert "RUNNING when last seen, 30 s ago" in cell_sentence(shown, old, "x")[0]
    assert "not known, unreachable 3 s" in cell_sentence(shown, silent, "x")[0]


def test_a_sentence_that_does_not_fit_leaves_out_its_role_and_then_its_kind() -> None:
    here = column("a", {"x": 45, "y": "FATAL"}, role=Role.REPLICA)
    shown = grid(here)
    assert cell_sentence(shown, here, "x", 42)[0] == "x on a: RUNNING for only 00:00:45, unknown"
    assert cell_sentence(shown, here, "x", 41)[0] == "x on a: RUNNING for only 00:00:45"
    assert cell_sentence(shown, here, "z", 30)[0] == "z on a: is not on this node"


def test_the_status_names_what_is_worst_and_where_and_what_cannot_be_seen() -> None:
    shown = grid(
        column("a", {"x": "STOPPED", "y": 300}),
        column("b", {"x": "FATAL", "y": 20}),
        column("c", {}, age=None),
    )
    marks = {("a", "x"), ("b", "x")}
    said = matrix_status(shown, "filter: x", marks, PALETTE).plain
    for words in (
        "✗ x FATAL on b and 1 more problem", "c not known now", "started last: y on b 20s ago",
        "filter: x", "2 marked on 2 nodes",
    ):  # fmt: skip
        assert words in said
    assert "no problems" in matrix_status(grid(column("a", {"x": DAYS})), "", (), PALETTE).plain
    brief = matrix_status(shown, "filter: x", marks, PALETTE, 60).plain
    assert brief == " ✗ x FATAL on b and 1 more · c not known now · 2 marked"
    uneven = grid(column("a", {"x": DAYS}), column("b", {}))
    well = grid(column("a", {"x": DAYS}))
    alert = [PlacedAlert("node_memory", "a")]
    line = matrix_status(well, "", (), PALETTE, alerts=alert).plain
    assert line == " no problems · ▲ node_memory on a"
    assert "but nodes differ" in matrix_status(uneven, "", (), PALETTE).plain


TOLD = UnmanagedNode(
    "demo",
    7,
    role=Role.REPLICA,
    services=(Service("x", "RUNNING"), Service("y", "STOPPED")),
    health=ObservedHealth("active", "ok", 100.0),
)


def test_a_node_without_a_profile_is_a_column_without_times_and_without_orders() -> None:
    node = unmanaged_column(TOLD, 103.0, 30.0)
    shown = grid(node)
    assert [shown.cell(node, name).text for name in ("x", "y")] == ["● up", "■ STOPPED"]
    assert [text for text, _ in column_head(node, 16)] == ["node:7", "replica 3 s", "no profile"]
    assert not node.has_profile
    assert node.number == 0
    assert node.read_only
    assert unmanaged_column(TOLD, 140.0, 30.0).is_stale


def test_what_a_cluster_reports_against_a_node_stands_at_its_head() -> None:
    down = replace(TOLD, health=ObservedHealth("down", "node_unreachable", 100.0))
    gone = unmanaged_column(down, 7300.0, 30.0)
    assert [text for text, _ in column_head(gone, 16)] == ["node:7", "STALE 2 h", "down 2 h"]
    assert gone.key in grid(gone).bad
    idle = unmanaged_column(replace(TOLD, maintenance=Maintenance()), 103.0, 30.0)
    assert column_head(idle, 16)[2] == ("in maintenance", "warn")


def test_columns_are_grouped_by_cluster_in_the_order_these_come() -> None:
    columns = [column("a", {}, cluster="one"), column("b", {}, cluster="two")]
    columns.append(column("c", {}, cluster="one"))
    assert [one.key for one in grouped(columns)] == ["a", "c", "b"]


def test_while_uptimes_alone_go_on_what_an_answer_came_to_is_kept() -> None:
    cache, first = ColumnCache(), (service("a", 30), service("b", "STOPPED"))
    view = node_view("n1", *first)
    view = replace(view, reading=replace(view.reading, services=first))
    (before,) = cache.of([view])
    later = replace(view.reading, services=unseen(first), answered_at=NOW + 1)
    (now,) = cache.of([replace(view, reading=later, now=NOW + 2)])
    assert now.body is before.body
    assert (before.uptime(first[0]), now.uptime(first[0])) == (31, 33)
