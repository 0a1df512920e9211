"""The last look before an order leaves."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tui.fleet.orders.guard import ChangedSinceSeen, check_services, check_target
from tui.model.cluster import ClusterFacts, Member
from tui.model.node import Identity, NodeEvidence, Origin, Role
from tui.model.order import Order, Route, SeenService, Target, Verb
from tui.model.service import Kind, Service

T0 = datetime(2026, 1, 1, tzinfo=UTC)
ALERT = SeenService("alert_mgr", "RUNNING", Kind.OPTIONAL, T0, 3600)
NOW = Service("alert_mgr", "RUNNING", T0, 3700)
FIRST = Identity(uid=1)
PRIMARY, REPLICA = Member(1, role=Role.PRIMARY), Member(2, role=Role.REPLICA)


HERE = Origin("10.0.0.1:9443", "ab" * 32)


def facts(*members: Member, name: str = "") -> ClusterFacts:
    return ClusterFacts(name, members)


def order(*seen: SeenService, identity: Identity = FIRST) -> Order:
    target = Target("node1", "https://10.0.0.1:9443", identity)
    return Order(1, Verb.RESTART, target, seen or (ALERT,), Route("node1", target.url), 0.0, T0)


def test_an_order_on_unchanged_services_passes_the_check() -> None:
    check_services(order(), FIRST, [NOW, Service("ccs", "FATAL")], HERE)
    for uptime in (3600, None):
        check_services(order(), FIRST, [replace(NOW, uptime=uptime)], HERE)
    check_services(order(replace(ALERT, uptime=None)), FIRST, [NOW], HERE)


@pytest.mark.parametrize(
    ("uid", "who"), [(None, "a node that does not report its uid"), (2, "node:2")]
)
def test_another_node_than_the_one_meant_is_named(uid: int | None, who: str) -> None:
    """P4."""
    with pytest.raises(ChangedSinceSeen, match=f"^{who} answers at https://10.0.0.1:9443, meant"):
        check_services(order(), Identity(uid=uid), [NOW], HERE)


@pytest.mark.parametrize(
    ("now", "word"),
    [
        ([], "not on the node any more"),
        ([replace(NOW, status="STOPPED")], "RUNNING → STOPPED"),
        ([replace(NOW, status="running")], "RUNNING → running"),
        ([replace(NOW, started_at=T0 + timedelta(seconds=1))], "was restarted"),
        ([replace(NOW, started_at=T0 - timedelta(seconds=1))], "was restarted"),
        ([replace(NOW, started_at=None)], "was restarted"),
        ([replace(NOW, uptime=3599)], "was restarted"),
        ([replace(NOW, name="alert_mgr ")], "not on the node"),
    ],
)
def test_a_changed_service_stops_the_order(now: list[Service], word: str) -> None:
    """P4, case 42."""
    with pytest.raises(ChangedSinceSeen, match=word):
        check_services(order(), FIRST, now, HERE)


def test_one_changed_service_of_many_stops_them_all() -> None:
    ccs = replace(ALERT, name="ccs")
    with pytest.raises(ChangedSinceSeen, match="ccs"):
        check_services(order(ALERT, ccs), FIRST, [NOW, Service("ccs", "STOPPED", T0)], HERE)


@pytest.mark.parametrize("who", [Identity(uid=2), Identity()])
def test_another_node_stops_the_order(who: Identity) -> None:
    with pytest.raises(ChangedSinceSeen, match="meant was node:1"):
        check_services(order(), who, [NOW], HERE)


def test_a_node_of_another_hostname_stops_the_order() -> None:
    """P4: it has the uid that is meant, as node 1 of every cluster has."""
    meant = order(identity=Identity(uid=1, hostname="host1"))
    check_services(meant, Identity(uid=1, hostname="HOST1.example"), [NOW], HERE)
    check_services(order(), Identity(uid=1, hostname="host9"), [NOW], HERE)
    with pytest.raises(ChangedSinceSeen, match=r"host9 answers at https://10\.0\.0\.1:9443, meant"):
        check_services(meant, Identity(uid=1, hostname="host9"), [NOW], HERE)


def test_a_node_that_never_reported_its_uid_is_identified_by_its_address() -> None:
    check_services(order(identity=Identity()), Identity(), [NOW], HERE)


def test_by_way_of_the_primary_the_primary_must_be_meant() -> None:
    check_target(order(), facts(REPLICA, PRIMARY))
    with pytest.raises(ChangedSinceSeen, match="node:2 is primary now, meant was node:1"):
        check_target(order(), facts(replace(REPLICA, role=Role.PRIMARY)))


@pytest.mark.parametrize("members", [[], [REPLICA], [Member(1)]])
def test_an_unknown_primary_stops_the_order(members: list[Member]) -> None:
    with pytest.raises(ChangedSinceSeen, match="which node is primary is not known"):
        check_target(order(), facts(*members))


def test_a_node_without_a_uid_cannot_be_the_primary_that_is_meant() -> None:
    with pytest.raises(ChangedSinceSeen, match="which node is primary is not known"):
        check_target(order(identity=Identity()), facts(PRIMARY))


def test_the_primary_of_another_cluster_is_not_the_one_that_is_meant() -> None:
    """P4: the uids are the same in every cluster."""
    meant = order(identity=Identity(uid=1, hostname="host1", cluster="prod"))
    host1 = replace(PRIMARY, hostname="host1.prod.example")
    check_target(meant, facts(host1, name="prod"))
    check_target(meant, facts(PRIMARY))
    with pytest.raises(ChangedSinceSeen, match="is of cluster test now, meant was prod"):
        check_target(meant, facts(host1, name="test"))
    with pytest.raises(ChangedSinceSeen, match="other1 is primary now, meant was host1"):
        check_target(meant, facts(replace(PRIMARY, hostname="other1"), name="prod"))


ELSE = datetime(2026, 2, 2, tzinfo=UTC)
CCS, CM = Service("ccs", "RUNNING", T0), Service("cm_server", "RUNNING", T0)
SEEN = [NOW, CCS, CM]


def bound(identity: Identity = FIRST, services: Sequence[Service] = SEEN) -> Order:
    """Make an order on `alert_mgr` as it was bound to a reading of these services."""
    made = order(identity=identity)
    return replace(made, target=replace(made.target, evidence=NodeEvidence.of(services, HERE)))


@pytest.mark.parametrize(
    ("origin", "words"),
    [
        (replace(HERE, peer="10.0.0.2:9443"), "leads to 10.0.0.2:9443 now, it led to 10.0.0.1"),
        (replace(HERE, certificate="cd" * 32), "another certificate"),
    ],
)
def test_an_answer_from_elsewhere_stops_the_order(origin: Origin, words: str) -> None:
    """P4: whatever the node says of itself."""
    for identity in (FIRST, Identity()):
        check_services(bound(identity), identity, SEEN, HERE)
        check_services(bound(identity), identity, SEEN, Origin())
        with pytest.raises(ChangedSinceSeen, match=words):
            check_services(bound(identity), identity, SEEN, origin)


@pytest.mark.parametrize("change", [timedelta(days=1), timedelta(days=-1)])
def test_other_processes_stop_the_order_whoever_the_node_says_it_is(change: timedelta) -> None:
    """P4: the service that is meant has the same start time on both nodes."""
    others = [replace(service, started_at=T0 + change) for service in (CCS, CM)]
    for identity in (FIRST, Identity(hostname="host1"), Identity()):
        with pytest.raises(ChangedSinceSeen, match="most services have other start times"):
            check_services(bound(identity), identity, [NOW, *others], HERE)


@pytest.mark.parametrize(
    "other", [replace(CCS, started_at=ELSE), replace(CCS, started_at=None), None]
)
def test_one_other_process_stops_the_order_only_where_the_node_has_no_name(
    other: Service | None,
) -> None:
    """P4: what keeps restarting does not keep a known node from being acted on."""
    now = [NOW, CM] if other is None else [NOW, other, CM]
    for identity in (FIRST, Identity(hostname="host1")):
        check_services(bound(identity), identity, now, HERE)
    with pytest.raises(ChangedSinceSeen, match="ccs has another start time now"):
        check_services(bound(Identity()), Identity(), now, HERE)
    named = bound(Identity(hostname="host1"))
    with pytest.raises(ChangedSinceSeen, match="ccs has another start time now"):
        check_services(named, Identity(), now, HERE)


def test_a_service_that_began_to_run_stops_the_order_where_the_node_has_no_name() -> None:
    stopped = bound(Identity(), [NOW, CM])
    with pytest.raises(ChangedSinceSeen, match="ccs has another start time now"):
        check_services(stopped, Identity(), SEEN, HERE)


def test_what_was_not_known_when_the_key_was_pressed_is_not_compared() -> None:
    check_services(order(identity=Identity()), Identity(uid=3), SEEN, HERE)
