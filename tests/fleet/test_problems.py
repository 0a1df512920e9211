"""All that is wrong, the worst first, and for how long."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.ui.table.hostile import NAMES
from tui.fleet.problems import NodeState, Problem, Severity, find_problems
from tui.model.certificate import Certificate
from tui.model.event import Event, EventKind
from tui.model.reading import Reading, Trouble, TroubleKind
from tui.model.service import Service
from tui.model.text import clean

NOW = 10_000.0
ON = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)


def node(name: str = "a", services: dict[str, str] | None = None, **more: Any) -> NodeState:
    """Make a node that answered a second ago, and well since an hour before."""
    mine = tuple(Service(one, status) for one, status in (services or {}).items())
    reading = Reading(name, mine, NOW - 1, more.pop("answered_at", NOW - 1), since=NOW - 3600)
    return NodeState(name, more.pop("reading", reading), 4.0, **more)


def lost(name: str, kind: TroubleKind = TroubleKind.UNREACHABLE, since: float = 30) -> NodeState:
    reading = Reading(name, (), NOW, None, trouble=Trouble(kind, "it said no"), since=NOW - since)
    return node(name, reading=reading)


def event(happening: EventKind, text: str, ago: float, service: str = "x", **more: Any) -> Event:
    on = ON - timedelta(seconds=ago)
    return Event(more.pop("node", "a"), happening, text, NOW - ago, on, service, **more)


def flip(text: str, ago: float, service: str = "x", **more: Any) -> Event:
    return event(EventKind.FLIPPED, text, ago, service, **more)


def told(*nodes: NodeState, events: tuple[Event, ...] = ()) -> list[Problem]:
    return list(find_problems(nodes, events, NOW, ON))


def one(*nodes: NodeState, events: tuple[Event, ...] = ()) -> Problem:
    (problem,) = told(*nodes, events=events)
    return problem


def test_nothing_is_wrong_where_all_runs() -> None:
    assert told(node(services={"x": "RUNNING", "start_redis_servers": "EXITED"})) == []
    assert told() == []


def test_the_worst_is_first() -> None:
    found = told(
        node("a", {"x": "STOPPED", "y": "FATAL", "z": "PURPLE"}),
        lost("b"),
        node("c", wrong_node="another node answers"),
        node("d", answered_at=NOW - 60),
        node("e", {"x": "RUNNING"}),
        events=(event(EventKind.RESTARTED, "restarted", 60, node="e"),),
    )
    assert [(p.node, p.service) for p in found] == [
        ("c", ""), ("b", ""), ("a", "y"), ("d", ""), ("a", "x"), ("a", "z"), ("e", "x"),
    ]  # fmt: skip
    assert [p.gravity for p in found] == [
        *[Severity.CRITICAL] * 3, *[Severity.SERIOUS] * 3, Severity.NOTICE,
    ]  # fmt: skip


@pytest.mark.parametrize("kind", TroubleKind)
def test_trouble_with_a_node_is_told_by_its_word_and_since_when(kind: TroubleKind) -> None:
    problem = one(lost("a", kind, since=90))
    assert problem.what == f"{kind.value}: it said no"
    assert problem.since == NOW - 90
    grave = Severity.SERIOUS if kind is TroubleKind.NO_PASSWORD else Severity.CRITICAL
    assert problem.gravity is grave


def test_the_old_services_of_a_lost_node_are_not_told_as_if_they_were_the_present() -> None:
    stale = node("a", {"x": "FATAL"}, answered_at=NOW - 60)
    assert one(stale).what.startswith("stale")
    assert one(stale).since == NOW - 60


def test_a_problem_lasts_since_it_was_well() -> None:
    events = (
        flip("RUNNING → BACKOFF", 500),
        flip("BACKOFF → RUNNING", 400),
        flip("RUNNING → BACKOFF", 300),
        flip("BACKOFF → STARTING", 200),
        flip("STARTING → FATAL", 100),
    )
    found = told(node(services={"x": "FATAL"}), events=events)
    assert found[0].since == NOW - 300


def test_what_was_so_before_anybody_looked_has_no_beginning() -> None:
    assert one(node(services={"x": "FATAL"})).since is None
    events = (flip("BACKOFF → FATAL", 100),)
    assert one(node(services={"x": "FATAL"}), events=events).since is None


def test_a_service_that_moves_is_a_problem_only_after_a_while() -> None:
    moving = node(services={"x": "STARTING"})
    assert told(moving, events=(flip("STOPPED → STARTING", 10),)) == []
    problem = one(moving, events=(flip("STOPPED → STARTING", 40),))
    assert (problem.what, problem.since) == ("still STARTING", NOW - 40)
    assert one(moving).since is None


def test_a_disabled_service_that_is_stopped_is_no_problem() -> None:
    assert told(node(services={"x": "STOPPED"}, disabled=frozenset({"x"}))) == []


def test_a_stop_that_was_ordered_here_is_timed_from_its_own_change() -> None:
    stopped = node(services={"x": "STOPPED"})
    words = ("RUNNING → STOPPING", "STOPPING → STOPPED")
    flips = [flip(f"{text}, ordered here", 60 - n, ordered=True) for n, text in enumerate(words)]
    assert one(stopped, events=(*flips,)).since == NOW - 60
    ends = flip("STOPPED → RUNNING, ordered here", 40, ordered=True)
    again = flip("RUNNING → STOPPED", 20)
    assert one(stopped, events=(*flips, ends, again)).since == NOW - 20


def test_a_restart_that_nobody_ordered_is_told_for_an_hour() -> None:
    well = node(services={"x": "RUNNING"})
    restarted = event(EventKind.RESTARTED, "restarted, RUNNING before and after", 60)
    assert "not ordered here" in one(well, events=(restarted,)).what
    assert one(well, events=(restarted,)).since == NOW - 60
    came_up = (flip("RUNNING → EXITED", 130), flip("EXITED → RUNNING", 120))
    seen = event(EventKind.RESTARTED, "restarted, was seen EXITED on the way", 120)
    assert "2 times" in one(well, events=(*came_up, seen, restarted)).what
    assert told(well, events=(event(EventKind.RESTARTED, "restarted", 3700),)) == []


@pytest.mark.parametrize(
    "ordered",
    [
        event(EventKind.ORDERED, "restart ordered here", 70),
        event(EventKind.ORDERED, "restart ordered here: y, x", 70, service=""),
    ],
)
def test_a_restart_that_was_ordered_here_is_none(ordered: Event) -> None:
    well = node(services={"x": "RUNNING"})
    restarted = event(EventKind.RESTARTED, "restarted", 60)
    assert told(well, events=(ordered, restarted)) == []
    assert told(well, events=(event(EventKind.RESTARTED, "restarted", 60, ordered=True),)) == []


def test_an_order_explains_no_restart_on_another_node_or_much_later() -> None:
    well = node(services={"x": "RUNNING"})
    restarted = event(EventKind.RESTARTED, "restarted", 60)
    elsewhere = event(EventKind.ORDERED, "restart ordered here", 70, node="b")
    before = event(EventKind.ORDERED, "restart ordered here", 600)
    other = event(EventKind.ORDERED, "restart ordered here", 70, service="y")
    for order in (elsewhere, before, other):
        assert len(told(well, events=(order, restarted))) == 1


def test_a_crash_loop_is_critical_and_told_once() -> None:
    looping = node(services={"x": "BACKOFF"})
    events = (
        event(EventKind.RESTARTED, "restarted", 200),
        event(EventKind.RESTARTED, "restarted", 150),
        event(EventKind.LOOPING, "3 restarts in 10 minutes", 100),
    )
    problem = one(looping, events=events)
    assert problem.gravity is Severity.CRITICAL
    assert problem.what == "BACKOFF, crash loop: 3 restarts in 10 minutes"
    old = (event(EventKind.LOOPING, "3 restarts in 10 minutes", 700),)
    assert told(node(services={"x": "RUNNING"}), events=old) == []


def test_a_service_that_vanished_is_told_until_it_is_back() -> None:
    gone = (event(EventKind.VANISHED, "vanished, was RUNNING", 60),)
    assert one(node(services={"y": "RUNNING"}), events=gone).what == "vanished, was RUNNING"
    assert told(node(services={"x": "RUNNING"}), events=gone) == []


@pytest.mark.parametrize(
    ("days", "gravity"), [(-3, Severity.CRITICAL), (5, Severity.NOTICE), (90, None)]
)
def test_a_certificate_out_of_its_days_is_told(days: int, gravity: Severity | None) -> None:
    certificate = Certificate("00", not_after=ON + timedelta(days=days))
    found = told(node(services={"x": "RUNNING"}, certificate=certificate))
    assert [(p.gravity, p.timed) for p in found] == ([(gravity, False)] if gravity else [])


def test_a_node_whose_certificate_is_not_checked_is_told() -> None:
    problem = one(node(services={"x": "RUNNING"}, is_unchecked=True))
    assert (problem.gravity, problem.what) == (Severity.SERIOUS, "CERTIFICATE NOT CHECKED")


def test_equal_problems_go_by_node_and_name_whatever_order_they_come_in() -> None:
    a, b = node("a", {"y": "STOPPED", "x": "STOPPED"}), node("b", {"x": "STOPPED"})
    places = [(p.node, p.service) for p in told(a, b)]
    assert places == [("a", "x"), ("a", "y"), ("b", "x")]


def test_hostile_names_and_statuses_are_told_and_break_nothing() -> None:
    """P14, case 39."""
    services = {clean(name): f"{clean(name)} → x" for name in NAMES}
    events = tuple(flip(f"{status} → {status}", 50, name) for name, status in services.items())
    found = told(node(services=services), events=events)
    assert {p.service for p in found} == set(services)
    assert all(p.what.isprintable() for p in found)
