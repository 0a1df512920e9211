"""Uptimes that tick evenly, whatever the moments of the answers."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from tests.later_answers import unseen
from tui.model.reading import Reading
from tui.model.service import Service
from tui.model.uptime_clock import UptimeClock

STARTED = datetime(2026, 1, 1, tzinfo=UTC)
BEGAN = 100.37


def answer(at: float, *, began: float = BEGAN, started: datetime = STARTED) -> Reading:
    service = Service("alert_mgr", "RUNNING", started, int(at - began))
    return Reading("node1", (service,), asked_at=at, answered_at=at)


def test_an_uptime_ticks_once_a_second_whatever_the_phase_of_the_answers() -> None:
    beginnings = UptimeClock()
    seen = []
    answered = 200.0
    for tick in range(60):
        now = 202.05 + tick
        while answered < now:
            reading = answer(answered)
            beginnings.note(reading)
            answered += 1.93
        seen.append(beginnings.uptime(reading.services[0], now))
    # The first answers sharpen what is known; from then on it is even.
    steps = [after - before for before, after in pairwise(seen[10:])]
    assert set(steps) == {1}
    assert abs(seen[-1] - (now - BEGAN)) <= 1


def test_a_restart_begins_anew() -> None:
    beginnings = UptimeClock()
    beginnings.note(answer(200.0))
    again = answer(210.0, began=208.0, started=STARTED + timedelta(days=1))
    beginnings.note(again)
    assert beginnings.uptime(again.services[0], 211.5) == 3


def test_a_clock_that_was_set_is_followed() -> None:
    """Case 37."""
    beginnings = UptimeClock()
    beginnings.note(answer(200.0))
    later = answer(202.0, began=50.0)
    beginnings.note(later)
    assert beginnings.uptime(later.services[0], 202.0) == 152
    back = answer(204.0, began=150.0)
    beginnings.note(back)
    assert beginnings.uptime(back.services[0], 204.0) == 54


def test_another_nodes_service_of_the_same_name_is_another() -> None:
    beginnings = UptimeClock()
    beginnings.note(answer(200.0, began=100.0))
    other = replace(answer(200.0, began=100.9), node="node2")
    beginnings.note(other)
    assert beginnings.uptime(other.services[0], 200.5) == 99


def test_what_the_node_does_not_tell_is_not_known() -> None:
    silent = Service("alert_mgr", "STOPPED")
    beginnings = UptimeClock()
    beginnings.note(Reading("node1", (silent,), answered_at=10.0))
    assert beginnings.uptime(silent, 20.0) is None


def test_the_uptimes_of_later_answers_are_followed_before_a_service_is_looked_at() -> None:
    beginnings, first = UptimeClock(), answer(200.0)
    (service,) = first.services
    beginnings.note(first)
    assert beginnings.uptime(service, 203.9) == 102
    beginnings.note(replace(first, services=unseen((service,), 4), answered_at=203.5))
    assert beginnings.uptime(service, 203.9) == 103


def test_of_several_answers_the_newest_alone_is_read_once_an_uptime_is_wanted() -> None:
    beginnings, sharper, newest = UptimeClock(), answer(200.4), answer(202.0)
    for reading in (sharper, newest):
        beginnings.note(reading)
    assert beginnings.uptime(newest.services[0], 203.9) == 102  # with the first one it were 103
