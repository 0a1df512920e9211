"""What the detail pane shows of a service, the most important first."""

from dataclasses import replace
from datetime import UTC, datetime

from tests.ui.node_views import NOW, node_view
from tui.model.event import Event, OrderEnded, OrderGiven
from tui.model.order import Result, Verb
from tui.model.reading import Trouble, TroubleKind
from tui.model.service import Service
from tui.ui.format.node_view import NodeView
from tui.ui.themes import STYLES
from tui.ui.widgets.detail_pane import service_facts

PALETTE = dict.fromkeys(STYLES, "")
ALERTS = Service("alert_mgr", "RUNNING")
WHY = "alert_mgr was restarted since you looked; nothing was sent"
ORDERED_ON = datetime(2026, 1, 1, tzinfo=UTC)
ENDED = Event(
    "node1", OrderEnded(Verb.RESTART, Result.NOT_SENT, WHY), NOW - 12, ORDERED_ON, "alert_mgr"
)
SENT = replace(ENDED, details=OrderGiven(Verb.RESTART, ("alert_mgr",)), at=NOW - 20)


def facts(view: NodeView, *history: Event) -> list[tuple[str, str]]:
    rows = service_facts(ALERTS, 60, view, PALETTE, history)
    return [(label, str(value)) for label, value, _ in rows]


def test_the_last_action_and_its_reason_stand_directly_behind_the_status() -> None:
    rows = facts(node_view("node1", ALERTS), ENDED, SENT)
    labels = [label for label, _ in rows]
    assert labels[labels.index("status") + 1] == "action"
    action = dict(rows)["action"]
    assert WHY in action
    assert action.endswith("12 s ago")


def test_a_service_without_an_action_has_no_line_for_one() -> None:
    assert "action" not in dict(facts(node_view("node1", ALERTS)))


def test_the_status_of_a_node_that_does_not_answer_is_the_last_known_with_its_age() -> None:
    trouble = Trouble(TroubleKind.UNREACHABLE, "no answer")
    assert dict(facts(node_view("node1", ALERTS)))["status"] == "● RUNNING"
    for view in (
        node_view("node1", ALERTS, age=48.0, trouble=trouble),
        node_view("node1", ALERTS, age=48.0),
    ):
        assert dict(facts(view))["status"] == "● RUNNING, last known 48 s ago"
    lost = node_view("node1", ALERTS, age=2.0, trouble=trouble)
    assert dict(facts(lost))["status"] == "● RUNNING, last known 2 s ago"
