"""What a status word means, and whether the cluster lets a service be stopped."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from tests.later_answers import unseen
from tui.model.service import (
    Health,
    Kind,
    LaterServices,
    Service,
    ServiceCounts,
    but_for_uptimes,
    configured_name,
    kind_of,
    purpose_of,
    start_came_late,
    uptime_came_late,
    was_restarted,
    with_uptimes,
)


@pytest.mark.parametrize(
    ("status", "health"),
    [
        ("RUNNING", Health.UP),
        ("STARTING", Health.MOVING),
        ("STOPPING", Health.MOVING),
        ("RESTARTING", Health.MOVING),
        ("STOPPED", Health.DOWN),
        ("EXITED", Health.DOWN),
        ("BACKOFF", Health.FAILED),
        ("FATAL", Health.FAILED),
        ("running", Health.UNKNOWN),
        ("", Health.UNKNOWN),
        ("GONE FISHING", Health.UNKNOWN),
    ],
)
def test_a_status_word_means_what_supervisord_means(status: str, health: Health) -> None:
    assert Service("alert_mgr", status).health() is health


def test_a_status_that_is_not_documented_is_a_problem() -> None:
    assert Service("alert_mgr", "SLEEPY").health().is_problem


def test_the_one_shot_program_is_well_when_it_has_ended() -> None:
    health = Service("start_redis_servers", "EXITED").health()
    assert health is Health.DONE
    assert health.is_well
    assert not health.is_problem


def test_a_disabled_service_that_is_stopped_is_no_fault() -> None:
    assert Service("cm_server", "STOPPED").health(frozenset({"cm_server"})) is Health.OFF
    assert Service("crdb_worker_1", "STOPPED").health(frozenset({"crdb_worker"})) is Health.OFF


def test_a_disabled_service_that_dies_is_a_fault_all_the_same() -> None:
    assert Service("cm_server", "FATAL").health(frozenset({"cm_server"})) is Health.FAILED


@pytest.mark.parametrize(
    ("service", "found"),
    [
        ("crdb_worker_0", "crdb_worker"),
        ("crdb_worker_12", "crdb_worker"),
        ("crdb_worker", "crdb_worker"),
        ("crdb_worker_", None),
        ("crdb_worker_x", None),
        ("crdb_worker_0_1", None),
        ("my_crdb_worker", None),
        ("crdb_worker_\uff11", None),
    ],
)
def test_only_the_name_or_the_name_and_digits_match(service: str, found: str | None) -> None:
    assert configured_name(service, {"crdb_worker"}) == found


def test_a_service_is_optional_only_by_the_servers_word() -> None:
    optional = frozenset({"alert_mgr"})
    assert kind_of("alert_mgr", optional) is Kind.OPTIONAL
    assert kind_of("ccs", optional) is Kind.REQUIRED
    assert kind_of("alert_mgr", None) is Kind.UNKNOWN
    assert kind_of("alert_mgr", frozenset()) is Kind.REQUIRED


@pytest.mark.parametrize("name", ["", "a b", "ccs\n", "a" * 65, "日本", "x;y", "�ccs"])
def test_a_name_that_cannot_be_sent_back_cannot_be_acted_on(name: str) -> None:
    assert not Service(name, "RUNNING").is_actionable


def test_an_entry_that_was_not_sound_cannot_be_acted_on() -> None:
    assert Service("ccs", "RUNNING").is_actionable
    assert not Service("ccs", "CONFLICT", note="sent twice").is_actionable


def test_an_instance_has_the_purpose_of_its_service() -> None:
    assert purpose_of("crdb_worker_0") == purpose_of("crdb_worker") != ""
    assert purpose_of("nobody_knows") == ""


SERVICES = tuple(
    Service(name, status)
    for name, status in (
        ("a", "RUNNING"),
        ("b", "STOPPED"),
        ("c", "FATAL"),
        ("crdb_worker_0", "STOPPED"),
        ("start_redis_servers", "EXITED"),
        ("\u202e[@click=app.quit]x[/]", "\x1b[2J"),
    )
)


def test_what_is_well_is_counted_and_problems_are_named_the_worst_first() -> None:
    counts = ServiceCounts.of(SERVICES, frozenset({"crdb_worker"}))
    assert (counts.well, counts.total) == (2, 6)
    assert [service.status for service in counts.problems] == ["FATAL", "STOPPED", "\x1b[2J"]


T0 = datetime(2026, 1, 1, tzinfo=UTC)
DAY = 86_400


@dataclass(frozen=True)
class Shown:
    started_at: datetime | None
    uptime: int | None


def shown(start: float | None, uptime: int | None) -> Shown:
    return Shown(None if start is None else T0 + timedelta(seconds=start), uptime)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (shown(0, DAY), shown(DAY + 1, 1)),  # both
        (shown(0, DAY), shown(DAY + 1, DAY + 2)),  # the uptime follows late
        (shown(0, DAY), shown(0, 1)),  # the start time follows late, or is the same second
        (shown(None, DAY), shown(None, 0)),
        (shown(0, DAY), shown(0, 3)),  # as long as the readings are apart, and whole seconds
        (shown(0, None), shown(1, None)),
        (shown(0, 0), shown(1, 1)),  # a run of one second, then the next
        (shown(DAY, 0), shown(DAY + 2, 0)),
    ],
)
def test_a_restart_shows_by_start_time_or_uptime(before: Shown, after: Shown) -> None:
    assert was_restarted(before, after, 2.0)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (shown(0, DAY), shown(0, DAY + 2)),
        (shown(0, DAY), shown(-5, DAY + 2)),  # the clock was set back
        (shown(0, DAY), shown(0, DAY - 3600)),  # and so it was here
        (shown(0, DAY), shown(0, 4)),
        (shown(0, 0), shown(0, 0)),
        (shown(0, None), shown(0, 1)),
        (shown(0, DAY), shown(0, None)),
        (shown(0, 1), shown(DAY, 3)),  # the start time of the run that was seen already
        (shown(0, 0), shown(DAY, 2)),
    ],
)
def test_one_run_is_no_restart(before: Shown, after: Shown) -> None:
    assert not was_restarted(before, after, 2.0)


def test_an_uptime_that_follows_its_start_time_late_is_no_second_restart() -> None:
    first, second, third = shown(0, DAY), shown(DAY + 1, DAY + 2), shown(DAY + 1, 3)
    assert was_restarted(first, second, 2.0)
    assert uptime_came_late(first, second, 2.0)
    assert not was_restarted(second, third, 2.0, uptime_is_late=True)
    assert was_restarted(second, third, 2.0)
    assert not uptime_came_late(first, shown(DAY + 1, 1), 2.0)
    assert not uptime_came_late(first, shown(0, DAY + 2), 2.0)
    assert not uptime_came_late(first, shown(DAY + 1, None), 2.0)
    # A restart of the restarted one shows all the same.
    assert was_restarted(second, shown(DAY + 3, 1), 2.0, uptime_is_late=True)


def test_a_start_time_that_moves_with_the_nodes_clock_is_no_restart() -> None:
    assert not was_restarted(shown(0, 3), shown(1, 5), 2.0)
    assert not was_restarted(shown(0, DAY), shown(2, DAY), 0.5)
    assert was_restarted(shown(0, 2), shown(2, 2), 2.0)  # it may have been one
    assert was_restarted(shown(0, DAY), shown(3, DAY + 2), 2.0)
    assert was_restarted(shown(0, DAY), shown(1, 1), 2.0)
    assert was_restarted(shown(0, None), shown(1, 5), 2.0)


def test_a_start_time_is_late_only_where_the_uptime_went_on() -> None:
    assert start_came_late(shown(0, 10), shown(DAY, 12), 2.0)
    assert start_came_late(shown(0, 10), shown(14, 12), 2.0)
    assert not start_came_late(shown(0, 10), shown(13, 12), 2.0)
    assert not start_came_late(shown(0, 10), shown(DAY, 9), 2.0)
    assert not start_came_late(shown(0, 10), shown(DAY, 12), 30.0)
    assert not start_came_late(shown(0, 0), shown(60, 0), 0.05)  # too short to tell
    assert not start_came_late(shown(0, 1), shown(60, 1), 0.05)
    assert start_came_late(shown(0, 2), shown(60, 2), 0.05)
    assert not start_came_late(shown(0, None), shown(DAY, 12), 2.0)
    assert not start_came_late(shown(0, 10), shown(DAY, None), 2.0)
    assert not start_came_late(shown(None, 10), shown(DAY, 12), 2.0)


FIRST = (Service("ccs", "RUNNING", uptime=5), Service("once", "EXITED"))
LATER = (Service("ccs", "RUNNING", uptime=7), Service("once", "EXITED"))


def test_later_services_are_made_once_when_one_is_looked_at() -> None:
    made = []

    def make() -> tuple[Service, ...]:
        made.append(LATER)
        return LATER

    later = LaterServices(FIRST, lambda: {0: 7}, make)
    assert (len(later), but_for_uptimes(later), made) == (2, FIRST, [])
    assert later[0] is LATER[0]
    assert later[-1:] == LATER[-1:]
    assert [*later] == [*LATER]
    assert made == [LATER]


def test_later_services_are_equal_to_the_same_ones_in_any_form() -> None:
    later, same = (LaterServices(FIRST, lambda: {0: 7}, lambda: LATER) for _ in range(2))
    assert later == LATER
    assert later == LATER
    assert later == same
    assert later != FIRST
    assert {later, same, LATER} == {LATER}
    assert repr(later) == repr(LATER)


def test_uptimes_are_known_before_a_service_is_made() -> None:
    assert [*with_uptimes(unseen(FIRST))] == [(FIRST[0], 7), (FIRST[1], None)]
    assert [*with_uptimes(FIRST)] == [(FIRST[0], 5), (FIRST[1], None)]


def test_services_are_counted_without_a_look_at_an_uptime() -> None:
    counts = ServiceCounts.of(but_for_uptimes(unseen(FIRST)), frozenset())
    assert counts == ServiceCounts.of(LATER, frozenset())
