"""Restarts of the last hour that were not ordered here."""

from datetime import UTC, datetime
from typing import Any

from tui.fleet.problems import recent_restarts
from tui.model.event import Cause, Event, Restart, StatusChange

ON = datetime(2026, 1, 1, tzinfo=UTC)


def event(node: str, at: float, **more: Any) -> Event:
    fields: dict[str, Any] = {"details": Restart("RUNNING"), "on": ON, "service": "ccs"}
    return Event(node=node, at=at, **(fields | more))


def test_they_are_counted_by_node_and_those_ordered_here_or_older_are_not() -> None:
    events = [
        event("a", 100.0), event("a", 5000.0), event("a", 5000.0, service="cm_server"),
        event("b", 6000.0),
        event("b", 6100.0, cause=Cause.ORDERED_HERE),
        event("c", 6000.0, details=StatusChange("A", "B")),
        event("d", 6000.0, details=StatusChange("STOPPED", "RUNNING")),
    ]  # fmt: skip
    assert recent_restarts(events, 7000.0) == {"a": 2, "b": 1, "d": 1}
    assert recent_restarts([], 0.0) == {}
