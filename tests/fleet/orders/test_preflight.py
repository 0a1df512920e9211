"""The last look before an order leaves."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tui.fleet.orders.guard import ChangedSinceSeen, check_services, check_target
from tui.model.cluster import Member
from tui.model.node import Identity, Role
from tui.model.order import Order, Route, SeenService, Target, Verb
from tui.model.service import Kind, Service

T0 = datetime(2026, 1, 1, tzinfo=UTC)
ALERT = SeenService("alert_mgr", "RUNNING", Kind.OPTIONAL, T0, 3600)
NOW = Service("alert_mgr", "RUNNING", T0, 3700)
FIRST = Identity(uid=1)
PRIMARY, REPLICA = Member(1, role=Role.PRIMARY), Member(2, role=Role.REPLICA)


def order(*seen: SeenService, identity: Identity = FIRST) -> Order:
    target = Target("node1", "https://10.0.0.1:9443", identity)
    return Order(1, Verb.RESTART, target, seen or (ALERT,), Route("node1", target.url), 0.0, T0)


def test_an_order_on_unchanged_services_passes_the_check() -> None:
    check_services(order(), FIRST, [NOW, Service("ccs", "FATAL")])


@pytest.mark.parametrize(
    ("now", "word"),
    [
        ([], "not on the node any more"),
        ([replace(NOW, status="STOPPED")], "RUNNING → STOPPED"),
        ([replace(NOW, status="running")], "RUNNING → running"),
        ([replace(NOW, started_at=T0 + timedelta(seconds=1))], "was restarted"),
        ([replace(NOW, started_at=T0 - timedelta(seconds=1))], "was restarted"),
        ([replace(NOW, started_at=None)], "was restarted"),
        ([replace(NOW, name="alert_mgr ")], "not on the node"),
    ],
)
def test_a_changed_service_stops_the_order(now: list[Service], word: str) -> None:
    """P4, case 42."""
    with pytest.raises(ChangedSinceSeen, match=word):
        check_services(order(), FIRST, now)


def test_one_changed_service_of_many_stops_them_all() -> None:
    ccs = replace(ALERT, name="ccs")
    with pytest.raises(ChangedSinceSeen, match="ccs"):
        check_services(order(ALERT, ccs), FIRST, [NOW, Service("ccs", "STOPPED", T0)])


@pytest.mark.parametrize("who", [Identity(uid=2), Identity()])
def test_another_node_stops_the_order(who: Identity) -> None:
    with pytest.raises(ChangedSinceSeen, match="meant was node:1"):
        check_services(order(), who, [NOW])


def test_a_node_that_never_reported_its_uid_is_identified_by_its_address() -> None:
    check_services(order(identity=Identity()), Identity(), [NOW])


def test_by_way_of_the_primary_the_primary_must_be_meant() -> None:
    check_target(order(), [REPLICA, PRIMARY])
    with pytest.raises(ChangedSinceSeen, match="node:2 is primary now, meant was node:1"):
        check_target(order(), [replace(REPLICA, role=Role.PRIMARY)])


@pytest.mark.parametrize("members", [[], [REPLICA], [Member(1)]])
def test_an_unknown_primary_stops_the_order(members: list[Member]) -> None:
    with pytest.raises(ChangedSinceSeen, match="cannot be told"):
        check_target(order(), members)


def test_a_node_without_a_uid_cannot_be_the_primary_that_is_meant() -> None:
    with pytest.raises(ChangedSinceSeen, match="cannot be told"):
        check_target(order(identity=Identity()), [PRIMARY])
