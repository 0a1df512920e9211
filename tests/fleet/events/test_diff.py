"""Two readings → what happened between them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from tests.events import ELSEWHERE, HERE, ON, flip
from tests.later_answers import unseen
from tui.fleet.events.diff import RestartDetector, diff_readings, late_uptimes
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

READ_ON = datetime(2026, 1, 1, 3, 0, tzinfo=UTC)
T0 = READ_ON - timedelta(days=1)
ALERT = Service("alert_mgr", "RUNNING", T0, 86400)
CCS = Service("ccs", "RUNNING", T0, 86400)
GOOD = Reading("node1", (ALERT, CCS), asked_at=10, answered_at=10.1, answered_on=READ_ON)
REFUSED = Trouble(TroubleKind.UNREACHABLE, "node1 refused the connection")


def after(*services: Service) -> Reading:
    return replace(GOOD, services=services, asked_at=12, answered_at=12.1)


def kinds(events: tuple[Event, ...]) -> list[tuple[str, EventKind]]:
    return [(event.service, event.kind) for event in events]


def test_the_first_answer_is_a_beginning_and_not_a_change() -> None:
    assert diff_readings(Reading("node1"), GOOD, on=READ_ON) == ()


def test_an_uptime_that_went_on_is_no_change() -> None:
    later = after(replace(ALERT, uptime=86402), replace(CCS, uptime=86402))
    assert diff_readings(GOOD, later, on=READ_ON) == ()


def test_where_uptimes_alone_went_on_no_service_is_looked_at() -> None:
    services = (ALERT, CCS)
    first, *later = (
        replace(GOOD, services=services, asked_at=10 + by, answered_at=10 + by) for by in (0, 2, 4)
    )
    later = [replace(one, services=unseen(services)) for one in later]
    for before, now in pairwise([first, *later]):
        assert diff_readings(before, now, on=READ_ON) == ()
        assert late_uptimes(before, now) == frozenset()


def test_a_new_status_is_reported_with_the_old_one() -> None:
    (event,) = diff_readings(GOOD, after(replace(ALERT, status="STOPPED"), CCS), on=READ_ON)
    assert event == Event(
        "node1", StatusChange("RUNNING", "STOPPED", T0), at=12.0, on=READ_ON, service="alert_mgr"
    )


def test_a_restart_between_two_readings_is_seen_by_its_start_time() -> None:
    moved = replace(ALERT, started_at=T0 + timedelta(seconds=1), uptime=1)
    (event,) = diff_readings(GOOD, after(moved, CCS), on=READ_ON)
    assert event.details == Restart("RUNNING", started_at=moved.started_at)


def test_a_restart_within_the_same_second_is_seen_by_its_uptime() -> None:
    (event,) = diff_readings(GOOD, after(replace(ALERT, uptime=1), CCS), on=READ_ON)
    assert (event.service, event.details) == ("alert_mgr", Restart("RUNNING", started_at=T0))


def test_a_start_time_or_an_uptime_that_comes_one_reading_late_is_one_restart() -> None:
    new = T0 + timedelta(days=1, seconds=1)
    for first, second in (
        (replace(ALERT, uptime=1), replace(ALERT, started_at=new, uptime=3)),
        (replace(ALERT, started_at=new, uptime=86402), replace(ALERT, started_at=new, uptime=3)),
    ):
        one = after(first, CCS)
        two = replace(after(second, CCS), asked_at=14, answered_at=14.1)
        assert kinds(diff_readings(GOOD, one, on=READ_ON)) == [("alert_mgr", EventKind.RESTARTED)]
        assert diff_readings(one, two, on=READ_ON, late=late_uptimes(GOOD, one)) == ()


def test_a_start_time_that_is_missing_proves_nothing() -> None:
    assert diff_readings(GOOD, after(replace(ALERT, started_at=None), CCS), on=READ_ON) == ()


def test_services_that_vanish_and_appear_are_reported_by_name() -> None:
    new = Service("new_one", "STARTING")
    assert kinds(diff_readings(GOOD, after(CCS, new), on=READ_ON)) == [
        ("alert_mgr", EventKind.VANISHED),
        ("new_one", EventKind.APPEARED),
    ]


def test_a_lost_node_is_reported_once_and_its_old_services_are_not_compared() -> None:
    lost = replace(GOOD, asked_at=12, trouble=REFUSED, since=12)
    (event,) = diff_readings(GOOD, lost, on=READ_ON)
    assert event.details == ConnectionLost(TroubleKind.UNREACHABLE, REFUSED.text)
    assert event.service == ""
    assert diff_readings(lost, replace(lost, asked_at=14), on=READ_ON) == ()


def test_another_trouble_is_reported_again() -> None:
    lost = replace(GOOD, asked_at=12, trouble=REFUSED, since=12)
    login = replace(lost, trouble=Trouble(TroubleKind.LOGIN, "401"))
    assert kinds(diff_readings(lost, login, on=READ_ON)) == [("", EventKind.LOST)]


def test_a_node_that_comes_back_shows_how_long_it_was_silent_and_what_changed_meanwhile() -> None:
    lost = replace(GOOD, asked_at=12, trouble=REFUSED, since=12)
    changed = after(replace(ALERT, status="FATAL"), CCS)
    back = replace(changed, asked_at=40.1, answered_at=40.2, since=40.2)
    events = diff_readings(lost, back, on=READ_ON)
    assert kinds(events) == [("", EventKind.REGAINED), ("alert_mgr", EventKind.FLIPPED)]
    assert events[0].details == ConnectionRegained(TroubleKind.UNREACHABLE, 30.0)


def test_the_first_answer_after_trouble_is_reported_and_its_services_are_no_news() -> None:
    waits = Trouble(TroubleKind.NO_PASSWORD, "nobody has given it")
    (event,) = diff_readings(Reading("node1", trouble=waits, since=2), GOOD, on=READ_ON)
    assert event.details == ConnectionRegained(TroubleKind.NO_PASSWORD, None)


def started(at: float) -> datetime:
    return ON + timedelta(seconds=at)


def walk(
    *statuses: str, starts: tuple[float | None, ...] = (), ordered: bool = False
) -> list[Event]:
    """Let a service go from status to status; `starts` are its start times after each step."""
    detector, restarts = RestartDetector(), []
    for number, (before, after) in enumerate(pairwise(statuses)):
        start = starts[number] if starts else None
        change = flip(
            before, after, cause=HERE if ordered else ELSEWHERE, at=5.0,
            started_at=None if start is None else started(start),
        )  # fmt: skip
        restart = detector.see(change)
        restarts += [restart] if restart else []
    return restarts


@pytest.mark.parametrize(
    "via", ["EXITED", "BACKOFF", "FATAL", "STOPPING", "RESTARTING", "STARTING"]
)
def test_down_and_up_again_is_a_restart(via: str) -> None:
    (restart,) = walk("RUNNING", via, "RUNNING", starts=(None, 7.0))
    assert restart.details == Restart("RUNNING", via, started(7.0))
    assert restart.cause is ELSEWHERE
    assert (restart.service, restart.at) == ("alert_mgr", 5.0)


def test_through_several_statuses_it_is_one_restart_via_the_last_that_shows_why() -> None:
    (restart,) = walk("RUNNING", "EXITED", "BACKOFF", "STARTING", "RUNNING")
    assert restart.details == Restart("RUNNING", "BACKOFF")
    assert len(walk(*["RUNNING", "EXITED", "STARTING"] * 3, "RUNNING")) == 3


@pytest.mark.parametrize("way", [["STOPPED"], ["STOPPED", "STARTING"]])
def test_what_the_node_calls_restarting_is_restarted_though_it_is_seen_stopped(
    way: list[str],
) -> None:
    (restart,) = walk("RUNNING", "RESTARTING", *way, "RUNNING")
    assert restart.details == Restart("RUNNING", "RESTARTING")
    assert walk("RUNNING", "RESTARTING", "RUNNING", "STOPPED", "RUNNING")[1:] == []


@pytest.mark.parametrize("way", [["STOPPED"], ["STOPPED", "STARTING"], ["STOPPING", "STOPPED"]])
def test_a_stop_and_a_start_are_no_restart(way: list[str]) -> None:
    assert walk("RUNNING", *way, "RUNNING") == []


def test_the_first_start_of_a_service_is_none() -> None:
    assert walk("STARTING", "RUNNING") == []


def test_a_start_time_that_did_not_move_is_none() -> None:
    assert walk("RUNNING", "STOPPING", "RUNNING", starts=(1.0, 1.0)) == []
    assert len(walk("RUNNING", "STOPPING", "RUNNING", starts=(1.0, 2.0))) == 1
    steps = ("RUNNING", "EXITED", "RUNNING", "EXITED", "RUNNING")
    assert len(walk(*steps, starts=(None, 1.0, None, 1.0))) == 1


@pytest.mark.parametrize(("uptime", "count"), [(0, 1), (5, 1), (6, 0), (86_400, 0), (None, 0)])
def test_an_uptime_shorter_than_since_it_last_ran_is_a_restart_though_the_start_time_stood(
    uptime: int | None, count: int
) -> None:
    detector = RestartDetector()
    first, second = (
        flip(before, after, cause=ELSEWHERE, at=at, started_at=started(1.0))
        for before, after, at in (("RUNNING", "STOPPING", 5.0), ("STOPPING", "RUNNING", 7.0))
    )
    assert detector.see(first, 86_400, 3.0) is None
    assert len([one for one in [detector.see(second, uptime, 5.0)] if one]) == count


def test_what_was_ordered_here_is_no_restart() -> None:
    assert walk("RUNNING", "STOPPING", "RUNNING", ordered=True) == []


def test_services_are_followed_by_themselves() -> None:
    detector = RestartDetector()
    assert detector.see(flip("RUNNING", "EXITED")) is None
    assert detector.see(flip("EXITED", "RUNNING", service="ccs")) is None
    assert detector.see(flip("EXITED", "RUNNING")) is not None


def test_a_node_that_makes_up_names_without_end_fills_no_memory() -> None:
    detector = RestartDetector()
    for number in range(30_000):
        detector.see(flip("RUNNING", "EXITED", service=f"s{number}"))
    assert len(detector._transitions) == 20_000


def test_a_start_that_was_seen_on_its_way_counts_once_it_runs() -> None:
    starts = (None, 100.0, 100.0)
    assert len(walk("RUNNING", "EXITED", "STARTING", "RUNNING", starts=starts)) == 1


def test_a_service_that_dies_before_it_runs_restarts_with_each_start() -> None:
    """A loop so quick that no reading ever finds it RUNNING."""
    way = ("RUNNING", "EXITED", "STARTING", "EXITED", "STARTING", "BACKOFF", "STARTING")
    restarts = walk(*way, starts=(None, 100.0, None, 102.0, None, 105.0))
    assert [restart.details.via for restart in restarts] == ["EXITED", "BACKOFF"]
    same = walk(*way, starts=(None, 100.0, None, 100.0, None, 100.0))
    assert same == []


def test_a_stop_between_two_starts_is_no_loop() -> None:
    starts = (100.0, None, 105.0)
    assert walk("EXITED", "STARTING", "STOPPED", "STARTING", starts=starts) == []


def test_a_start_time_that_moved_back_is_no_restart() -> None:
    """A node's clock was set back."""
    assert walk("RUNNING", "STOPPING", "RUNNING", starts=(5.0, 3.0)) == []
    way = ("RUNNING", "EXITED", "STARTING", "EXITED", "STARTING")
    assert walk(*way, starts=(None, 100.0, None, 90.0)) == []


def test_what_came_back_without_a_start_time_is_a_restart() -> None:
    assert len(walk("RUNNING", "STOPPING", "RUNNING", starts=(5.0, None))) == 1
    way = ("RUNNING", "EXITED", "STARTING", "EXITED", "STARTING")
    assert walk(*way, starts=(None, 100.0, None, None)) == []


def test_a_start_that_was_seen_at_once_is_the_new_run_and_not_the_old() -> None:
    (restart,) = walk("RUNNING", "STARTING", "RUNNING", starts=(100.0, 100.0))
    assert restart.details == Restart("RUNNING", "STARTING", started(100.0))


def test_a_restart_is_compared_with_the_run_before_it_and_not_with_the_first() -> None:
    steps = ("RUNNING", "EXITED", "RUNNING", "STOPPING", "RUNNING")
    assert len(walk(*steps, starts=(None, 7.0, None, 7.0))) == 1
    without = ("RUNNING", "STOPPING", "RUNNING", "STOPPING", "RUNNING")
    assert len(walk(*without, starts=(5.0, None, None, 5.0))) == 1
