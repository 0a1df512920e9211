"""Two readings → what happened between them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tui.fleet.events.diff import diff_readings, late_uptimes
from tui.model.event import (
    ConnectionLost,
    ConnectionRegained,
    Event,
    EventKind,
    Restart,
    StatusChange,
)
from tui.model.reading import Reading, Trouble, TroubleKind
from tui.model.service import Service

ON = datetime(2026, 1, 1, 3, 0, tzinfo=UTC)
T0 = ON - timedelta(days=1)
ALERT = Service("alert_mgr", "RUNNING", T0, 86400)
CCS = Service("ccs", "RUNNING", T0, 86400)
GOOD = Reading("node1", (ALERT, CCS), asked_at=10, answered_at=10.1, answered_on=ON)
REFUSED = Trouble(TroubleKind.UNREACHABLE, "node1 refused the connection")


def after(*services: Service) -> Reading:
    return replace(GOOD, services=services, asked_at=12, answered_at=12.1)


def kinds(events: tuple[Event, ...]) -> list[tuple[str, EventKind]]:
    return [(event.service, event.kind) for event in events]


def test_the_first_answer_is_a_beginning_and_not_a_change() -> None:
    assert diff_readings(Reading("node1"), GOOD, on=ON) == ()


def test_an_uptime_that_went_on_is_no_change() -> None:
    later = after(replace(ALERT, uptime=86402), replace(CCS, uptime=86402))
    assert diff_readings(GOOD, later, on=ON) == ()


def test_a_new_status_is_reported_with_the_old_one() -> None:
    (event,) = diff_readings(GOOD, after(replace(ALERT, status="STOPPED"), CCS), on=ON)
    assert event == Event(
        "node1", StatusChange("RUNNING", "STOPPED", T0), at=12.0, on=ON, service="alert_mgr"
    )


def test_a_restart_between_two_readings_is_seen_by_its_start_time() -> None:
    moved = replace(ALERT, started_at=T0 + timedelta(seconds=1), uptime=1)
    (event,) = diff_readings(GOOD, after(moved, CCS), on=ON)
    assert event.details == Restart("RUNNING", started_at=moved.started_at)


def test_a_restart_within_the_same_second_is_seen_by_its_uptime() -> None:
    (event,) = diff_readings(GOOD, after(replace(ALERT, uptime=1), CCS), on=ON)
    assert (event.service, event.details) == ("alert_mgr", Restart("RUNNING", started_at=T0))


def test_a_start_time_or_an_uptime_that_comes_one_reading_late_is_one_restart() -> None:
    new = T0 + timedelta(days=1, seconds=1)
    for first, second in (
        (replace(ALERT, uptime=1), replace(ALERT, started_at=new, uptime=3)),
        (replace(ALERT, started_at=new, uptime=86402), replace(ALERT, started_at=new, uptime=3)),
    ):
        one = after(first, CCS)
        two = replace(after(second, CCS), asked_at=14, answered_at=14.1)
        assert kinds(diff_readings(GOOD, one, on=ON)) == [("alert_mgr", EventKind.RESTARTED)]
        assert diff_readings(one, two, on=ON, late=late_uptimes(GOOD, one)) == ()


def test_a_start_time_that_is_missing_proves_nothing() -> None:
    assert diff_readings(GOOD, after(replace(ALERT, started_at=None), CCS), on=ON) == ()


def test_services_that_vanish_and_appear_are_reported_by_name() -> None:
    new = Service("new_one", "STARTING")
    assert kinds(diff_readings(GOOD, after(CCS, new), on=ON)) == [
        ("alert_mgr", EventKind.VANISHED),
        ("new_one", EventKind.APPEARED),
    ]


def test_a_lost_node_is_reported_once_and_its_old_services_are_not_compared() -> None:
    lost = replace(GOOD, asked_at=12, trouble=REFUSED, since=12)
    (event,) = diff_readings(GOOD, lost, on=ON)
    assert event.details == ConnectionLost(TroubleKind.UNREACHABLE, REFUSED.text)
    assert event.service == ""
    assert diff_readings(lost, replace(lost, asked_at=14), on=ON) == ()


def test_another_trouble_is_reported_again() -> None:
    lost = replace(GOOD, asked_at=12, trouble=REFUSED, since=12)
    login = replace(lost, trouble=Trouble(TroubleKind.LOGIN, "401"))
    assert kinds(diff_readings(lost, login, on=ON)) == [("", EventKind.LOST)]


def test_a_node_that_comes_back_shows_how_long_it_was_silent_and_what_changed_meanwhile() -> None:
    lost = replace(GOOD, asked_at=12, trouble=REFUSED, since=12)
    changed = after(replace(ALERT, status="FATAL"), CCS)
    back = replace(changed, asked_at=40.1, answered_at=40.2, since=40.2)
    events = diff_readings(lost, back, on=ON)
    assert kinds(events) == [("", EventKind.REGAINED), ("alert_mgr", EventKind.FLIPPED)]
    assert events[0].details == ConnectionRegained(TroubleKind.UNREACHABLE, 30.0)


def test_the_first_answer_after_trouble_is_reported_and_its_services_are_no_news() -> None:
    waits = Trouble(TroubleKind.NO_PASSWORD, "nobody has given it")
    (event,) = diff_readings(Reading("node1", trouble=waits, since=2), GOOD, on=ON)
    assert event.details == ConnectionRegained(TroubleKind.NO_PASSWORD, None)
