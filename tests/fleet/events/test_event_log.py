"""What is kept of many events: no outage erases the rest, nor since when a problem lasts."""

from datetime import UTC, datetime

from tui.fleet.events.pipeline import EVENTS_AT_MOST, OF_A_KIND_AT_MOST, EventLog, LastChanges
from tui.model.event import ConnectionLost, Event, EventDetails, EventKind, RoleChange, StatusChange
from tui.model.node import Role
from tui.model.reading import TroubleKind

ON = datetime(2026, 5, 13, tzinfo=UTC)
LOST = ConnectionLost(TroubleKind.UNREACHABLE, "refused")


def event(node: str, details: EventDetails, at: float = 0.0, service: str = "") -> Event:
    return Event(node, details, at, ON, service)


def kept(log: EventLog, node: str, kind: EventKind) -> int:
    return sum((each.node, each.kind) == (node, kind) for each in log)


def test_an_outage_of_67_nodes_does_not_erase_what_else_happened() -> None:
    log = EventLog()
    log.append(event("node1", RoleChange(Role.REPLICA, Role.PRIMARY), 1))
    log.append(event("node1", StatusChange("RUNNING", "FATAL"), 2, "ccs"))
    for turn in range(100):
        for node in range(67):
            log.append(event(f"node{node}", LOST, 10 + turn))
    assert len(log) <= EVENTS_AT_MOST
    assert kept(log, "node1", EventKind.ROLE) == 1
    assert kept(log, "node1", EventKind.FLIPPED) == 1
    assert {kept(log, f"node{node}", EventKind.LOST) for node in range(67)} <= {58, 59, 60}


def test_one_kind_of_event_of_one_node_fills_its_own_part_alone() -> None:
    log = EventLog()
    log.append(event("node2", LOST))
    for at in range(OF_A_KIND_AT_MOST + 5):
        log.append(event("node1", LOST, at))
    assert kept(log, "node1", EventKind.LOST) == OF_A_KIND_AT_MOST
    assert kept(log, "node2", EventKind.LOST) == 1
    assert log[1].at == 5
    assert log[-1].at == OF_A_KIND_AT_MOST + 4


def test_the_event_that_began_a_problem_is_kept_until_the_problem_ends() -> None:
    log = EventLog()
    log.append(event("node1", StatusChange("RUNNING", "BACKOFF"), 1, "x"))
    for at in range(2, 3 * OF_A_KIND_AT_MOST):
        log.append(event("node1", StatusChange("FATAL", "BACKOFF"), at, "x"))
        log.append(event("node1", StatusChange("BACKOFF", "FATAL"), at, "x"))
    assert log[0].at == 1
    assert len(log) == OF_A_KIND_AT_MOST
    log.append(event("node1", StatusChange("FATAL", "RUNNING"), 9000, "x"))
    assert log[0].at != 1


def test_older_events_are_inserted_before_all_others() -> None:
    log = EventLog()
    log.append(event("node1", LOST, 5))
    log.insert_older([event("node1", LOST, 1), event("node2", LOST, 2)])
    assert [each.at for each in log] == [1, 2, 5]
    assert [each.at for each in reversed(log)] == [5, 2, 1]
    assert len(log) == 3


def stopped(node: str, service: str, after: str = "STOPPED") -> Event:
    return event(node, StatusChange("RUNNING", after), service=service)


def test_the_last_change_of_a_service_is_found_by_its_node() -> None:
    changes = LastChanges()
    last = stopped("node1", "ccs", "FATAL")
    for one in (stopped("node1", "ccs"), last, stopped("node1", ""), stopped("node2", "ccs")):
        changes.add(one)
    assert changes.of("node1") == {"ccs": last}
    assert list(changes.of("node3")) == []


def test_of_too_many_last_changes_the_oldest_are_dropped() -> None:
    changes = LastChanges()
    changes.AT_MOST = 2
    for service in ("first", "second", "first", "third"):
        changes.add(stopped("node1", service))
    assert list(changes.of("node1")) == ["first", "third"]
