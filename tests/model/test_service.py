"""What a status word means, and whether the cluster lets a service be stopped."""

import pytest

from tui.model.service import (
    Health,
    Kind,
    Service,
    ServiceCounts,
    configured_name,
    kind_of,
    purpose_of,
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
