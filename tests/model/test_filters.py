"""Which services are shown, and in what order."""

from datetime import UTC, datetime, timedelta

import pytest

from tui.model.filters import (
    ServiceFilter,
    ServiceKinds,
    SortOrder,
    filter_and_sort,
    filter_hint,
)
from tui.model.service import Service

START = datetime(2026, 1, 1, tzinfo=UTC)
SCOPE = ServiceKinds(frozenset({"alert_mgr", "cm_server"}), frozenset({"cm_server"}))
SERVICES = (
    Service("redis_mgr", "RUNNING", START, 100),
    Service("alert_mgr", "STOPPED"),
    Service("ccs", "RUNNING", START + timedelta(hours=1), 50),
    Service("cnm_exec", "FATAL"),
    Service("cm_server", "STOPPED"),
    Service("envoy", "STARTING"),
    Service("odd", "WEIRD"),
)


def names(services: list[Service]) -> list[str]:
    return [service.name for service in services]


def test_problems_come_first_worst_first_then_names() -> None:
    assert names(filter_and_sort(SERVICES, ServiceFilter(), SCOPE)) == [
        "cnm_exec",
        "alert_mgr",
        "odd",
        "envoy",
        "ccs",
        "cm_server",
        "redis_mgr",
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("mgr", ["alert_mgr", "redis_mgr"]),
        ("MGR !alert", ["redis_mgr"]),
        ("status=run", ["ccs", "redis_mgr"]),
        ("!status=run !mgr", ["cnm_exec", "odd", "envoy", "cm_server"]),
        ("kind=opt", ["alert_mgr", "cm_server"]),
        ("kind=req status=fatal", ["cnm_exec"]),
        ("!", ["cnm_exec", "alert_mgr", "odd", "envoy", "ccs", "cm_server", "redis_mgr"]),
        ("size=3", []),
        ("nothing_like_it", []),
    ],
)
def test_every_word_of_a_filter_must_agree(text: str, found: list[str]) -> None:
    assert names(filter_and_sort(SERVICES, ServiceFilter(text), SCOPE)) == found


def test_problems_only_leaves_out_what_runs_and_what_is_disabled() -> None:
    shown = names(filter_and_sort(SERVICES, ServiceFilter(problems=True), SCOPE))
    assert shown == ["cnm_exec", "alert_mgr", "odd", "envoy"]


def test_an_unknown_scope_has_no_optional_services() -> None:
    assert names(filter_and_sort(SERVICES, ServiceFilter("kind=unknown"), ServiceKinds())) == names(
        filter_and_sort(SERVICES, ServiceFilter(), ServiceKinds())
    )


@pytest.mark.parametrize("order", list(SortOrder))
def test_turning_the_order_round_loses_nothing_and_keeps_ties_by_name(order: SortOrder) -> None:
    found = ServiceFilter(), SCOPE
    changed = {"ccs": 5.0, "redis_mgr": 7.0}
    there = names(filter_and_sort(SERVICES, *found, order=order, changed=changed))
    back = names(filter_and_sort(SERVICES, *found, order=order, inverted=True, changed=changed))
    assert sorted(there) == sorted(back)
    assert there != back


def test_the_shortest_uptime_comes_first_and_none_at_all_before_it() -> None:
    shown = names(filter_and_sort(SERVICES, ServiceFilter(), SCOPE, order=SortOrder.UPTIME))
    assert shown[-2:] == ["ccs", "redis_mgr"]
    assert shown[:5] == sorted(shown[:5])


def test_what_changed_last_comes_first_and_what_never_did_last() -> None:
    changed = {"ccs": 5.0, "redis_mgr": 7.0}
    shown = names(
        filter_and_sort(SERVICES, ServiceFilter(), SCOPE, order=SortOrder.CHANGED, changed=changed)
    )
    assert shown[:2] == ["redis_mgr", "ccs"]
    assert shown[2:] == sorted(shown[2:])


def test_what_started_last_comes_first_and_what_never_did_last() -> None:
    early, late = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    services = (
        Service("never", "STOPPED"),
        Service("old", "RUNNING", early),
        Service("new", "RUNNING", late),
    )
    shown = filter_and_sort(services, ServiceFilter(), SCOPE, order=SortOrder.STARTED)
    assert names(shown) == ["new", "old", "never"]


KEYS = {"status": ("RUNNING", "STOPPED"), "kind": ("optional", "required"), "node": ()}


@pytest.mark.parametrize("text", ["", "mgr", "status=run", "!status=STOP kind=", "node=any", "a:b"])
def test_a_filter_of_known_keys_and_values_has_no_hint(text: str) -> None:
    assert filter_hint(text, KEYS) == ""


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("mgr size=3", 'There is no key "size". Keys: status=, kind=, node='),
        ("!Size=3", 'There is no key "size". Keys: status=, kind=, node='),
        ("status=foo", 'No status begins with "foo". Values: RUNNING, STOPPED'),
        ("kind=opt !kind=x", 'No kind begins with "x". Values: optional, required'),
    ],
)
def test_an_unknown_key_or_value_of_a_filter_names_those_there_are(text: str, hint: str) -> None:
    assert filter_hint(text, KEYS) == hint
