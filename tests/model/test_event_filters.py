"""Which events are shown, and which of them are bad."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tui.model.event import Event, EventKind, statuses
from tui.model.filters import EventFilter, is_bad, result_of
from tui.model.order import Result


def event(happening: EventKind = EventKind.FLIPPED, text: str = "x", **more: Any) -> Event:
    fields = {"node": "node1", "service": "alert_mgr"} | more
    return Event(happening=happening, text=text, at=0.0, on=datetime.now(UTC), **fields)


def flip(became: str, **more: Any) -> Event:
    return event(text=f"RUNNING → {became}", brief=f"→ {became}", **more)


@pytest.mark.parametrize(
    ("text", "picked"),
    [
        ("", True),
        ("  ", True),
        ("alert", True),
        ("ALERT", True),
        ("node1 stopped", True),
        ("status", True),
        ("ccs", False),
        ("!ccs", True),
        ("!alert", False),
        ("node=node", True),
        ("node=ode1", False),
        ("!node=node1", False),
        ("service=alert", True),
        ("service=", True),
        ("what=stat", True),
        ("what=crash", False),
        ("!what=crash", True),
        ("kind=x", False),
        ("!", True),
        ("node=node1 what=status running", True),
    ],
)
def test_every_word_must_agree(text: str, *, picked: bool) -> None:
    assert EventFilter(text).picks(flip("STOPPED")) is picked


def test_a_crash_loop_is_found_by_the_start_of_its_word() -> None:
    assert EventFilter("what=crash").picks(event(EventKind.LOOPING))


@pytest.mark.parametrize(
    ("one", "bad"),
    [
        (event(EventKind.LOST, service=""), True),
        (event(EventKind.REGAINED, service=""), False),
        (event(EventKind.LOGIN, service=""), True),
        (event(EventKind.LOOPING), True),
        (event(EventKind.ROLE, service=""), False),
        (event(EventKind.APPEARED), False),
        (event(EventKind.VANISHED), True),
        (event(EventKind.VANISHED, ordered=True), False),
        (event(EventKind.RESTARTED), True),
        (event(EventKind.RESTARTED, ordered=True), False),
        (flip("STOPPED"), True),
        (flip("STOPPED", ordered=True), False),
        (flip("FATAL", ordered=True), True),
        (flip("STARTING"), True),
        (flip("no such word"), True),
        (flip("RUNNING"), False),
        (event(EventKind.ORDERED), False),
        (event(EventKind.VERDICT, brief="restart verified"), False),
        (event(EventKind.VERDICT, brief="restart not restarted"), True),
        (event(EventKind.VERDICT, text="stop: verified, held for 10 s"), False),
        (event(EventKind.VERDICT, text="stop: unknown, the node was verified"), True),
        (event(EventKind.ROLLOUT, brief="running"), False),
        (event(EventKind.ROLLOUT, brief="paused"), True),
    ],
)
def test_what_somebody_should_look_at_is_bad(one: Event, *, bad: bool) -> None:
    assert is_bad(one) is bad
    assert EventFilter(bad=True).picks(one) is bad


@pytest.mark.parametrize("result", Result)
def test_a_verdict_tells_its_result(result: Result) -> None:
    assert result_of(event(EventKind.VERDICT, brief=f"restart {result.value}")) is result


@pytest.mark.parametrize(
    ("happening", "text", "both"),
    [
        (EventKind.FLIPPED, "RUNNING → STOPPED", ("RUNNING", "STOPPED")),
        (EventKind.FLIPPED, "RUNNING → STOPPED, ordered here", ("RUNNING", "STOPPED")),
        (EventKind.APPEARED, "appeared, RUNNING, ordered here", ("", "RUNNING")),
        (EventKind.VANISHED, "vanished, was FATAL", ("FATAL", "")),
        (EventKind.LOST, "no route", ("", "")),
    ],
)
def test_a_change_tells_the_status_before_and_after(
    happening: EventKind, text: str, both: tuple[str, str]
) -> None:
    assert statuses(event(happening, text)) == both


def test_a_program_that_ends_as_it_should_is_not_bad() -> None:
    assert not is_bad(flip("EXITED", service="start_redis_servers"))


def test_a_filter_knows_whether_it_lets_everything_through() -> None:
    assert EventFilter(" ").is_empty
    assert not EventFilter(bad=True).is_empty
    assert not EventFilter("x").is_empty
