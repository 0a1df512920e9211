"""What the list of problems shows besides its rows, and on which row the cursor stays."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from tui.fleet.problems import (
    AlertReport,
    NodeCondition,
    Problem,
    ProblemSubject,
    Severity,
    find_problems,
)
from tui.model.context import Known
from tui.model.reading import Reading, Trouble, TroubleKind
from tui.ui.screens.problems import keyed_problems, problem_key, unknown_alerts
from tui.ui.table.rows import Row, Rows

PALETTE = {"warn": ""}
STOPPED = Problem(Severity.SERIOUS, 2, "node3", "STOPPED, and should not be", "crdb_worker_0")
STARTED = Problem(Severity.NOTICE, 1, "node3", "restarted, not sent from here", "crdb_worker_0")
OTHER = Problem(Severity.SERIOUS, 2, "node2", "STOPPED, and should not be", "mdns_server")


def shown(rows: Rows, *problems: Problem) -> None:
    rows.show([Row(key, ()) for key in keyed_problems(problems)], 0, 10)


def under_cursor(rows: Rows, problems: Sequence[Problem]) -> Problem:
    return keyed_problems(problems)[rows.cursor or ""]


def test_the_cursor_stays_with_its_service_while_severity_words_and_place_change() -> None:
    rows = Rows()
    shown(rows, STOPPED, OTHER)
    assert under_cursor(rows, [STOPPED, OTHER]) is STOPPED
    shown(rows, OTHER, STARTED)
    assert under_cursor(rows, [OTHER, STARTED]) is STARTED


def test_a_service_that_is_no_problem_for_a_moment_has_the_cursor_when_it_is_one_again() -> None:
    rows = Rows()
    shown(rows, STOPPED, OTHER)
    shown(rows, OTHER)
    assert under_cursor(rows, [OTHER]) is OTHER
    shown(rows, OTHER, STARTED)
    assert under_cursor(rows, [OTHER, STARTED]) is STARTED


def test_two_problems_of_one_service_have_a_row_each() -> None:
    keyed = keyed_problems([STOPPED, OTHER, STARTED])
    assert [*keyed.values()] == [STOPPED, OTHER, STARTED]
    assert keyed[problem_key(STOPPED)] is STOPPED


@pytest.mark.parametrize("kind", [TroubleKind.UNREACHABLE, TroubleKind.NO_PASSWORD])
def test_a_problem_of_a_node_keeps_its_row_beside_others_of_the_node(kind: TroubleKind) -> None:
    rows = Rows()
    stale = Reading("node1", answered_at=0.0)
    lost = Reading("node1", trouble=Trouble(kind, "no"), since=1.0)
    for reading, wrong_node in ((stale, ""), (lost, "it is another node")):
        node = NodeCondition("node1", reading, 4.0, wrong_node=wrong_node, is_unchecked=not rows)
        problems = find_problems([node], (), 100.0, datetime.now(UTC))
        shown(rows, *problems)
        if not wrong_node:
            rows.move_to(next(key for key in rows.keys if "connection" in key))
    assert under_cursor(rows, problems).subject is ProblemSubject.CONNECTION


def test_two_alerts_of_one_node_have_a_row_each_that_stays_with_its_alert() -> None:
    first, second = (
        Problem(Severity.NOTICE, 6, "node2", "", subject=ProblemSubject.ALERT, alert=name)
        for name in ("node_cpu", "node_memory")
    )
    rows = Rows()
    shown(rows, first, second)
    rows.move_to(problem_key(second))
    shown(rows, second)
    assert under_cursor(rows, [second]) is second


def test_alerts_that_are_not_known_are_named_with_the_reason_once_they_were_requested() -> None:
    reports = [
        AlertReport("cluster a", "a", Known((), "timed out")),
        AlertReport("cluster b", "b", Known()),
        AlertReport("cluster c", "c", Known(gap="403")),
    ]
    assert not unknown_alerts(reports[:2])
    assert unknown_alerts(reports) == "alerts of cluster c not known: 403"
