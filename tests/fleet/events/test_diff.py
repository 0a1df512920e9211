"""Two readings → what happened between them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tui.fleet.events.diff import diff_readings
from tui.model.event import Event, EventKind
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


def told(events: tuple[Event, ...]) -> list[tuple[str, EventKind]]:
    return [(event.service, event.happening) for event in events]


def test_the_first_answer_is_a_beginning_and_not_a_change() -> None:
    assert diff_readings(Reading("node1"), GOOD, on=ON) == ()


def test_an_uptime_that_went_on_is_no_change() -> None:
    later = after(replace(ALERT, uptime=86402), replace(CCS, uptime=86402))
    assert diff_readings(GOOD, later, on=ON) == ()


def test_a_new_status_is_told_with_both_words() -> None:
    (event,) = diff_readings(GOOD, after(replace(ALERT, status="STOPPED"), CCS), on=ON)
    assert event.text == "RUNNING → STOPPED"
    assert (event.node, event.service, event.happening) == (
        "node1",
        "alert_mgr",
        EventKind.FLIPPED,
    )


def test_a_restart_between_two_readings_is_seen_by_its_start_time() -> None:
    moved = replace(ALERT, started_at=T0 + timedelta(seconds=1), uptime=1)
    assert told(diff_readings(GOOD, after(moved, CCS), on=ON)) == [
        ("alert_mgr", EventKind.RESTARTED)
    ]


def test_a_start_time_that_is_not_told_proves_nothing() -> None:
    assert diff_readings(GOOD, after(replace(ALERT, started_at=None), CCS), on=ON) == ()


def test_services_that_vanish_and_appear_are_told_by_name() -> None:
    new = Service("new_one", "STARTING")
    assert told(diff_readings(GOOD, after(CCS, new), on=ON)) == [
        ("alert_mgr", EventKind.VANISHED),
        ("new_one", EventKind.APPEARED),
    ]


def test_a_lost_node_is_told_once_and_its_old_services_are_not_compared() -> None:
    lost = replace(GOOD, asked_at=12, trouble=REFUSED, since=12)
    assert told(diff_readings(GOOD, lost, on=ON)) == [("", EventKind.LOST)]
    assert diff_readings(lost, replace(lost, asked_at=14), on=ON) == ()


def test_another_trouble_is_told_again() -> None:
    lost = replace(GOOD, asked_at=12, trouble=REFUSED, since=12)
    login = replace(lost, trouble=Trouble(TroubleKind.LOGIN, "401"))
    assert told(diff_readings(lost, login, on=ON)) == [("", EventKind.LOST)]


def test_a_node_that_comes_back_tells_how_long_it_was_away_and_what_changed_meanwhile() -> None:
    lost = replace(GOOD, asked_at=12, trouble=REFUSED, since=12)
    changed = after(replace(ALERT, status="FATAL"), CCS)
    back = replace(changed, asked_at=40.1, answered_at=40.2, since=40.2)
    events = diff_readings(lost, back, on=ON)
    assert told(events) == [("", EventKind.REGAINED), ("alert_mgr", EventKind.FLIPPED)]
    assert events[0].text == "answers again after 30 s, was: unreachable"


def test_a_node_that_answers_at_last_is_told_and_its_services_are_no_news() -> None:
    waits = Trouble(TroubleKind.NO_PASSWORD, "nobody has given it")
    (event,) = diff_readings(Reading("node1", trouble=waits, since=2), GOOD, on=ON)
    assert event.happening is EventKind.REGAINED
    assert event.text == "answers for the first time, was: no password"
