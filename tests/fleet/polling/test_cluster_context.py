"""What surrounds the nodes of a cluster: each part with its age and its own reason."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.clock import Clock
from tests.faultserver import Peer, answer, serving
from tests.fleet.conftest import (
    ADMIN,
    HEALTH,
    LIST,
    PASSWORD,
    PATIENCE,
    TIMEOUT,
    VIEWER,
    VIEWER_PASSWORD,
    Play,
    Reply,
    Running,
    asked,
    configuration,
    keeping,
    profiles,
    quiet,
    running,
    said,
)
from tui.api import request_gate
from tui.api.client import NodeReader
from tui.api.errors import (
    ApiError,
    Forbidden,
    Garbled,
    LoginRefused,
    TimedOut,
    Unavailable,
    Unreachable,
    gap_of,
)
from tui.credentials import Secret
from tui.fleet.fleet import Fleet
from tui.fleet.polling.cluster_cache import ClusterCache
from tui.fleet.polling.cluster_context import (
    ABSENT_FOR,
    CONTEXT_AFTER,
    CONTEXT_EVERY,
    REFUSED_FOR,
    TROUBLED_AT_MOST,
    ClusterContextCache,
    ContextAnswer,
    ContextCall,
    HealthReading,
    Roster,
    first_context_after,
)
from tui.model.cluster import ClusterHealth, Member, MemberHealth
from tui.model.context import (
    Alert,
    CertificateTerm,
    Database,
    Endpoint,
    Entries,
    HighAvailability,
    License,
    LogEntry,
    NodeContext,
    Quorum,
    Shard,
)
from tui.model.login import LoginWay
from tui.model.node import Maintenance, Role
from tui.model.order import Result, Verb
from tui.model.trust import NoTrust
from tui.sim.cluster import Cluster, RequestRecord
from tui.sim.server import SimulatedCluster

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
ALERT = Alert("node_memory", node=1)
NO_HEALTH = HealthReading(gap="not in this version", read_at=0.0)
PATHS = {
    ContextCall.DATABASES: "/v1/bdbs",
    ContextCall.SHARDS: "/v1/shards",
    ContextCall.ACTIONS: "/v2/actions",
    ContextCall.CLUSTER_ALERTS: "/v1/cluster/alerts",
    ContextCall.NODE_ALERTS: "/v1/nodes/alerts",
    ContextCall.LICENSE: "/v1/license",
    ContextCall.LOG: "/v1/logs",
}
PARTS = {
    ContextCall.DATABASES: "databases",
    ContextCall.SHARDS: "shards",
    ContextCall.ACTIONS: "actions",
    ContextCall.CLUSTER_ALERTS: "alerts",
    ContextCall.NODE_ALERTS: "alerts",
    ContextCall.LICENSE: "license",
    ContextCall.LOG: "log",
}


@pytest.fixture
def book(clock: Clock) -> ClusterContextCache:
    return ClusterContextCache(clock, lambda: NOW)


def reader(url: str) -> NodeReader:
    return NodeReader(
        title="node1",
        url=url,
        trust=NoTrust(),
        timeout=TIMEOUT,
        username=ADMIN,
        password=Secret(PASSWORD),
    )


def health(**parts: Any) -> HealthReading:
    return HealthReading(ClusterHealth(**parts), read_at=990.0, whole_at=980.0)


def due(book: ClusterContextCache, health: HealthReading) -> set[ContextCall]:
    """Answer every call that is due, and return them."""
    found = set()
    while (call := book.next_call(health)) is not None:
        assert call not in found
        found.add(call)
        book.keep(ContextAnswer(call, Entries()))
    return found


def test_before_a_node_answers_for_the_cluster_nothing_is_due(
    book: ClusterContextCache, clock: Clock
) -> None:
    assert book.next_call(NO_HEALTH) is None
    book.begin()
    assert book.next_call(NO_HEALTH) is None
    clock.now += CONTEXT_AFTER
    assert due(book, NO_HEALTH) == set(ContextCall)
    assert book.next_call(NO_HEALTH) is None
    clock.now += CONTEXT_EVERY
    assert due(book, NO_HEALTH) == set(ContextCall)


def test_many_clusters_are_not_read_at_one_moment(clock: Clock) -> None:
    books = [
        ClusterContextCache(clock, lambda: NOW, after=first_context_after(number))
        for number in range(1000)
    ]
    for book in books:
        book.begin()
    made = []
    for _ in range(round(CONTEXT_EVERY)):
        clock.now += 1
        made.append(sum(len(due(book, NO_HEALTH)) for book in books))
    assert made[1] >= len(ContextCall)  # the first cluster does not wait for the others
    assert sum(made) == 1000 * len(ContextCall)
    assert max(made) <= 45 * len(ContextCall)


def test_a_minute_costs_less_than_twenty_calls_a_cluster(
    book: ClusterContextCache, clock: Clock
) -> None:
    """P24."""
    book.begin()
    clock.now += CONTEXT_AFTER
    whole = health(alerts=Entries(), license=License())
    for reading, calls in ((NO_HEALTH, 14), (whole, 8)):
        due(book, reading)
        made = 0
        for _ in range(60):
            clock.now += 1
            made += len(due(book, reading))
        assert made == calls


def test_what_the_health_call_reports_is_not_read_again(
    book: ClusterContextCache, clock: Clock
) -> None:
    rest = {ContextCall.DATABASES, ContextCall.SHARDS, ContextCall.ACTIONS, ContextCall.LOG}
    book.begin()
    clock.now += CONTEXT_AFTER
    whole = health(alerts=Entries(), license=License())
    assert due(book, HealthReading()) == rest  # the health call comes first
    book.refresh()
    assert due(book, whole) == rest
    book.refresh()
    assert due(book, health(license=License())) == set(ContextCall) - {ContextCall.LICENSE}
    book.refresh()
    assert due(book, replace(whole, is_old=True)) == set(ContextCall)


def test_a_source_that_changes_often_does_not_have_all_read_each_time(
    book: ClusterContextCache, clock: Clock
) -> None:
    book.begin()
    clock.now += CONTEXT_AFTER
    assert due(book, NO_HEALTH)
    for _ in range(20):  # what is known is as good from another node
        book.begin()
        clock.now += 1
        assert not due(book, NO_HEALTH)
    calls = 0
    for _ in range(20):
        book.lose_source("no answer")
        book.begin()
        clock.now += 1
        calls += len(due(book, NO_HEALTH))
    assert len(ContextCall) <= calls <= 3 * len(ContextCall)


@pytest.mark.parametrize(
    ("error", "gap", "pauses"),
    [
        (Forbidden("x"), "403", [REFUSED_FOR, REFUSED_FOR]),
        (Unavailable("x", status=404), "not in this version", [ABSENT_FOR]),
        (Unavailable("x", status=503), "503", [30, 60, 120, 240, TROUBLED_AT_MOST]),
        (TimedOut("x"), "timed out", [30, 60, 120]),
        (Unreachable("x"), "no answer", [30, 60]),
        (Garbled("x"), "invalid answer", [30, 60]),
        (Unavailable("x", status=307), "redirected", [10, 10]),
        (LoginRefused("x"), "401", [REFUSED_FOR]),
        (Unavailable("x", status=401), "401", [REFUSED_FOR]),
    ],
)
def test_each_trouble_has_a_short_reason_and_a_pause_of_its_own(
    book: ClusterContextCache, clock: Clock, error: ApiError, gap: str, pauses: list[float]
) -> None:
    book.begin()
    clock.now += CONTEXT_AFTER
    for pause in pauses:
        book.keep(ContextAnswer(ContextCall.SHARDS, error=error))
        book.put_together(NO_HEALTH, Roster())
        assert book.context.shards.gap == gap == gap_of(error)
        clock.now += pause - 0.1
        assert ContextCall.SHARDS not in due(book, NO_HEALTH)
        clock.now += 0.2
        assert book.next_call(NO_HEALTH) is not None
        while (call := book.next_call(NO_HEALTH)) is not ContextCall.SHARDS:
            assert call is not None
            book.keep(ContextAnswer(call, Entries()))


def test_what_was_refused_is_not_repeated_on_demand(
    book: ClusterContextCache, clock: Clock
) -> None:
    book.begin()
    clock.now += CONTEXT_AFTER
    book.keep(ContextAnswer(ContextCall.LOG, error=Forbidden("x")))
    book.keep(ContextAnswer(ContextCall.SHARDS, error=TimedOut("x")))
    due(book, NO_HEALTH)
    book.refresh()
    assert due(book, NO_HEALTH) == set(ContextCall) - {ContextCall.LOG}


def test_a_refused_login_keeps_the_other_calls_from_being_tried(
    book: ClusterContextCache, clock: Clock
) -> None:
    """Each refusal counts for the lock of the user."""
    book.begin()
    clock.now += CONTEXT_AFTER
    book.keep(ContextAnswer(ContextCall.LOG, error=LoginRefused("x")))
    clock.now += REFUSED_FOR - 1
    assert book.next_call(NO_HEALTH) is None
    clock.now += 1
    assert due(book, NO_HEALTH) == set(ContextCall)


def test_a_value_that_could_not_be_read_again_stays_and_grows_old(
    book: ClusterContextCache, clock: Clock
) -> None:
    shard = Shard("1", database=2, node=3)
    book.keep(ContextAnswer(ContextCall.SHARDS, Entries((shard,), 2)))
    clock.now += 40
    book.keep(ContextAnswer(ContextCall.SHARDS, error=TimedOut("x")))
    book.put_together(NO_HEALTH, Roster())
    known = book.context.shards
    assert (known.value, known.gap, known.left_out) == ((shard,), "timed out", 2)
    assert known.age(clock()) == 40


def test_only_a_change_of_a_value_or_a_reason_is_news(
    book: ClusterContextCache, clock: Clock
) -> None:
    book.put_together(NO_HEALTH, Roster())
    version = book.version
    for expected, value in [
        (True, Entries((Shard("1"),))),
        (False, Entries((Shard("1"),))),
        (True, Entries((Shard("1"),), 1)),
        (True, Entries()),
    ]:
        clock.now += 5
        book.keep(ContextAnswer(ContextCall.SHARDS, value))
        assert book.put_together(NO_HEALTH, Roster()) is expected
        assert book.context.shards.age(clock()) == 0
        version += expected
        assert book.version == version


def test_a_node_that_may_be_another_takes_all_with_it(
    book: ClusterContextCache, clock: Clock
) -> None:
    book.keep(ContextAnswer(ContextCall.SHARDS, Entries((Shard("1"),))))
    book.keep(ContextAnswer(ContextCall.LOG, error=Forbidden("x")))
    book.forget()
    book.put_together(NO_HEALTH, Roster())
    assert (book.context.shards.value, book.context.log.gap) == (None, "not polled yet")
    book.begin()
    clock.now += CONTEXT_AFTER
    assert due(book, NO_HEALTH) == set(ContextCall)


def test_without_a_node_that_answers_for_the_cluster_the_reason_is_shown(
    book: ClusterContextCache, clock: Clock
) -> None:
    book.keep(ContextAnswer(ContextCall.SHARDS, Entries((Shard("1"),))))
    book.lose_source("redirected")
    book.put_together(NO_HEALTH, Roster())
    assert (book.context.shards.value, book.context.shards.gap) == ((Shard("1"),), "redirected")
    assert (book.context.log.value, book.context.log.gap) == (None, "redirected")
    book.begin()
    book.put_together(NO_HEALTH, Roster())
    assert book.context.log.gap == "not polled yet"


def test_alerts_are_of_both_calls_and_one_that_fails_leaves_the_other(
    book: ClusterContextCache, clock: Clock
) -> None:
    book.keep(ContextAnswer(ContextCall.CLUSTER_ALERTS, Entries((Alert("x"),), 1)))
    clock.now += 5
    book.keep(ContextAnswer(ContextCall.NODE_ALERTS, error=Forbidden("x")))
    book.put_together(NO_HEALTH, Roster())
    alerts = book.context.alerts
    assert (alerts.value, alerts.gap, alerts.left_out) == ((Alert("x"),), "403", 1)
    book.keep(ContextAnswer(ContextCall.NODE_ALERTS, Entries((ALERT,))))
    book.put_together(NO_HEALTH, Roster())
    assert (book.context.alerts.value, book.context.alerts.gap) == ((Alert("x"), ALERT), "")
    assert book.context.alerts.age(clock()) == 5


def test_the_health_call_gives_what_it_reports(book: ClusterContextCache) -> None:
    terms = (CertificateTerm("api"),)
    nodes = (
        MemberHealth(1, status="active"),
        MemberHealth(2, status="down", in_maintenance=True, quorum_only=True),
    )
    shard, database = Shard("1", node=1), Database(1, high_availability=HighAvailability.UP)
    for call in (ContextCall.SHARDS, ContextCall.DATABASES):
        book.keep(ContextAnswer(call, error=Forbidden("x")))
    reading = health(
        nodes=nodes,
        alerts=Entries((ALERT,)),
        license=License(valid_until=NOW),
        certificates=Entries(terms),
        databases=Entries((database,), 1),
        shards=Entries((shard,)),
    )
    book.put_together(reading, Roster())
    context = book.context
    assert context.alerts.value == (ALERT,)
    assert context.license.value == License(valid_until=NOW)
    assert context.certificates.value == terms
    assert (context.databases.value, context.databases.left_out) == ((database,), 1)
    assert context.shards.value == (shard,)
    assert context.nodes.value == (NodeContext(1), NodeContext(2, False, True, True))
    assert context.quorum.value == Quorum(1, 2)
    assert not context.quorum.value.is_kept
    assert {part.gap for part in (context.alerts, context.quorum, context.license)} == {""}
    # Without endpoints, and without the shards' databases: the reason is that of the other call.
    assert (context.databases.gap, context.shards.gap) == ("403", "403")
    assert (context.quorum.read_at, context.alerts.read_at) == (990.0, 980.0)
    assert (context.log.value, context.log.gap) == (None, "not polled yet")


def test_without_the_health_call_the_nodes_are_those_that_the_cluster_lists(
    book: ClusterContextCache,
) -> None:
    members = (
        Member(1, status="active", primary_shards=("1", "2"), replica_shards=("3",)),
        Member(2, status="down", maintenance=Maintenance(), primary_shards=()),
        Member(3),
    )
    book.keep(ContextAnswer(ContextCall.SHARDS, error=TimedOut("x")))
    book.put_together(NO_HEALTH, Roster(members, read_at=7.0))
    context = book.context
    assert (context.shards.gap, context.shards.read_at) == ("timed out", 7.0)
    assert context.nodes.value == (
        NodeContext(1),
        NodeContext(2, False, True, True),
        NodeContext(3),
    )
    assert (context.quorum.value, context.quorum.read_at) == (Quorum(2, 3), 7.0)
    assert context.shards.value == (
        Shard("1", node=1, is_primary=True),
        Shard("2", node=1, is_primary=True),
        Shard("3", node=1, is_primary=False),
    )
    assert context.certificates.value is None
    assert context.certificates.gap == "not in this version"
    book.put_together(NO_HEALTH, Roster(gap="403"))
    assert (book.context.quorum.value, book.context.quorum.gap) == (None, "403")


def test_a_health_call_that_fails_for_long_is_replaced_by_the_others(
    book: ClusterContextCache,
) -> None:
    old = replace(health(alerts=Entries((ALERT,)), license=License()), gap="503", is_old=True)
    book.put_together(old, Roster())
    assert (book.context.alerts.value, book.context.alerts.gap) == ((ALERT,), "503")
    book.keep(ContextAnswer(ContextCall.CLUSTER_ALERTS, Entries()))
    book.keep(ContextAnswer(ContextCall.NODE_ALERTS, Entries()))
    book.keep(ContextAnswer(ContextCall.LICENSE, License(expired=True)))
    book.put_together(old, Roster())
    assert (book.context.alerts.value, book.context.alerts.gap) == ((), "")
    assert book.context.license.value == License(expired=True)


def test_no_license_is_not_an_unknown_one(book: ClusterContextCache) -> None:
    book.keep(ContextAnswer(ContextCall.LICENSE, None))
    book.put_together(NO_HEALTH, Roster())
    assert (book.context.license.value, book.context.license.gap) == (None, "no license")


@pytest.mark.parametrize(
    ("addresses", "nodes"),
    [
        (("10.0.0.1",), {1}),
        (("203.0.113.2",), {2}),  # external, although the type may say internal
        (("10.0.0.1", "10.0.0.2"), {1, 2}),
        (("10.0.0.9",), None),
        (("10.0.0.1", "10.0.0.9"), None),
        (("10.0.0.5",), None),  # two nodes list it
        ((), None),
    ],
)
def test_endpoints_are_on_the_nodes_of_their_addresses(
    book: ClusterContextCache, addresses: tuple[str, ...], nodes: set[int] | None
) -> None:
    members = (
        Member(1, address="10.0.0.1"),
        Member(2, address="10.0.0.2", external=("203.0.113.2",)),
        Member(3, address="10.0.0.5"),
        Member(4, address="10.0.0.5"),
    )
    listed = Database(7, endpoints=(Endpoint("7:1", addresses),))
    seen = health(databases=Entries((Database(7, high_availability=HighAvailability.DOWN),)))
    book.keep(ContextAnswer(ContextCall.DATABASES, Entries((listed, Database(8)))))
    book.put_together(seen, Roster(members))
    assert book.context.databases.value is not None
    first, second = book.context.databases.value
    assert first.endpoints is not None
    assert first.endpoints[0].nodes == nodes
    assert first.high_availability is HighAvailability.DOWN
    assert (second.endpoints, second.high_availability) == (None, HighAvailability.UNKNOWN)


def test_endpoints_move_with_the_nodes_and_with_the_databases(book: ClusterContextCache) -> None:
    def nodes() -> frozenset[int] | None:
        assert book.context.databases.value is not None
        (database,) = book.context.databases.value
        assert database.endpoints is not None
        return database.endpoints[0].nodes

    listed = Database(7, endpoints=(Endpoint("7:1", ("10.0.0.1",)),))
    book.keep(ContextAnswer(ContextCall.DATABASES, Entries((listed,))))
    assert book.put_together(NO_HEALTH, Roster((Member(1, address="10.0.0.1"),)))
    assert nodes() == {1}
    assert not book.put_together(NO_HEALTH, Roster((Member(1, address="10.0.0.1"),)))
    assert book.put_together(NO_HEALTH, Roster((Member(2, address="10.0.0.1"),)))
    assert nodes() == {2}
    moved = Database(7, endpoints=(Endpoint("7:1", ("10.0.0.9",)),))
    book.keep(ContextAnswer(ContextCall.DATABASES, Entries((moved,))))
    assert book.put_together(NO_HEALTH, Roster((Member(2, address="10.0.0.1"),)))
    assert nodes() is None


async def test_what_surrounds_the_nodes_is_read_of_the_health_call_at_the_slow_pace(
    clock: Clock,
) -> None:
    book, play = ClusterCache(clock), Play()

    def page(day: int, status: str) -> bytes:
        valid = {"valid_until": f"2027-01-0{day}T00:00:00Z"}
        return said({"nodes": [{"id": "1", "status": status}], "license": valid})

    def until(day: int) -> License:
        return License(valid_until=datetime(2027, 1, day, tzinfo=UTC))

    def seen() -> tuple[License | None, str]:
        newest = book.health.newest
        assert newest is not None
        return newest.license, newest.nodes[0].status

    with serving(play) as server:
        client = reader(server.url)
        play.get(HEALTH, page(1, "active"))
        await book.refresh_health("node1", client)
        assert seen() == (until(1), "active")
        play.get(HEALTH, page(2, "down"))
        clock.now += CONTEXT_EVERY / 2
        await book.refresh_health("node1", client)
        assert seen() == (until(1), "down")
        assert book.context.license.age(clock()) == CONTEXT_EVERY / 2
        assert book.context.quorum.age(clock()) == 0
        book.refresh_context()
        await book.refresh_health("node1", client)
        assert seen() == (until(2), "down")
        play.get(HEALTH, page(3, "down"))
        clock.now += CONTEXT_EVERY
        await book.refresh_health("node1", client)
        assert seen() == (until(3), "down")
        await client.aclose()


def test_old_entries_of_the_log_are_left_out(book: ClusterContextCache) -> None:
    new = LogEntry(NOW - timedelta(hours=1), "a")
    old = LogEntry(NOW - timedelta(hours=25), "b")
    book.keep(ContextAnswer(ContextCall.LOG, Entries((new, old))))
    book.put_together(NO_HEALTH, Roster())
    assert book.context.log.value == (new,)


# The fleet against the simulator.


async def all_parts(deck: Running, node: str = "node1", but: frozenset[str] = frozenset()) -> None:
    """Have every part read at once, and wait until it is known, but for some that will not be."""
    deck.fleet.refresh_context(node)

    def known() -> bool:
        context = deck.fleet.context(node)
        return all(
            getattr(context, part).value is not None and not getattr(context, part).gap
            for part in context.__slots__
            if part not in but
        )

    await deck.until(known)


async def test_every_node_of_a_cluster_has_what_the_primary_reports(
    served: SimulatedCluster,
) -> None:
    served.cluster.contents.raise_alert("node_memory", node=2)
    served.cluster.contents.begin_action("SMMigrateShard", "bdb:2")
    async with running(*profiles(served)) as deck:
        await all_parts(deck, "node3")
        context = deck.fleet.context("node3")
        assert context == deck.fleet.context("node1")
        assert context.alerts.value is not None
        assert [(one.name, one.node) for one in context.alerts.value] == [("node_memory", 2)]
        assert context.quorum.value == Quorum(3, 3)
        assert context.databases.value is not None
        bound = {one.name: one.endpoints for one in context.databases.value}
        assert {
            name: [sorted(one.nodes or ()) for one in endpoints or ()]
            for name, endpoints in bound.items()
        } == {
            "sessions": [[1]],
            "cart": [[2, 3]],
            "catalog": [[1, 2, 3]],
            "cache": [[1]],
            "profiles": [[2]],
        }
        assert [one.replicated for one in context.databases.value] == [True] * 3 + [False, True]
        assert context.shards.value is not None
        assert all(one.database and one.node for one in context.shards.value)
        assert context.actions.value is not None
        assert [(one.name, one.moves_shards) for one in context.actions.value] == [
            ("SMMigrateShard", True)
        ]
        calls = {one.path for one in served.cluster.requests if one.path in PATHS.values()}
        assert calls == {"/v1/bdbs", "/v1/shards", "/v2/actions", "/v1/logs"}
        assert {one.uid for one in served.cluster.requests if one.path in calls} == {1}


async def test_the_calls_of_an_older_version_give_the_same() -> None:
    with SimulatedCluster(Cluster(3, version="7.4.2-54", pace=0.1), tls=False) as old:
        old.cluster.contents.raise_alert("node_memory", node=2)
        old.cluster.contents.begin_action("SMMigrateShard", "bdb:2")
        async with running(*profiles(old)) as deck:
            await all_parts(deck, but=frozenset({"certificates"}))
            context = deck.fleet.context("node1")
            assert context.certificates.gap == "not in this version"
            assert context.alerts.value is not None
            assert [(one.name, one.node) for one in context.alerts.value] == [("node_memory", 2)]
            assert context.license.value is not None
            assert context.license.value.valid_until is not None
            assert context.quorum.value == Quorum(3, 3)
            assert context.actions.value is not None
            assert [one.name for one in context.actions.value] == ["SMMigrateShard"]
            assert len(asked(old, "/v2/actions")) == 1


FAULTS: dict[str, Callable[[Cluster, str], None]] = {
    "not in this version": lambda cluster, path: cluster.fail_call(path, 404),
    "403": lambda cluster, path: cluster.fail_call(path, 403),
    "503": lambda cluster, path: cluster.fail_call(path, 503),
    "redirected": lambda cluster, path: cluster.fail_call(path, 307),
    "invalid answer": lambda cluster, path: cluster.fail_call(path, 200, b"<html>"),
    "timed out": lambda cluster, path: cluster.slow_call(path, 30),
}


@pytest.mark.parametrize("gap", FAULTS)
@pytest.mark.parametrize("call", [ContextCall.DATABASES, ContextCall.NODE_ALERTS, ContextCall.LOG])
async def test_a_call_that_fails_costs_only_what_it_reports(call: ContextCall, gap: str) -> None:
    cluster = Cluster(2, version="8.0.2-17", pace=0.1)
    FAULTS[gap](cluster, PATHS[call])
    with SimulatedCluster(cluster, tls=False) as served:
        async with running(*profiles(served), timeout=0.5) as deck:
            failed = PARTS[call]
            deck.fleet.refresh_context("node1")
            await deck.until(lambda: getattr(deck.fleet.context("node1"), failed).gap == gap)
            await all_parts(deck, but=frozenset({"certificates", failed}))
            assert deck.watch().reading.is_good
            assert deck.watch().read_only == ""
            assert deck.watch().facts.optional is not None


ROUTES = {
    ContextCall.DATABASES: (request_gate.DATABASES,),
    ContextCall.SHARDS: (request_gate.SHARDS,),
    ContextCall.ACTIONS: (request_gate.ACTIONS, request_gate.OLD_ACTIONS),
    ContextCall.CLUSTER_ALERTS: (request_gate.CLUSTER_ALERTS,),
    ContextCall.NODE_ALERTS: (request_gate.NODE_ALERTS,),
    ContextCall.LICENSE: (request_gate.LICENSE,),
    ContextCall.LOG: (request_gate.EVENT_LOG,),
}
REPLIES: dict[str, Reply] = {
    "403": answer("{}", 403),
    "503": answer("{}", 503),
    "redirected": answer("", 307, Location="https://elsewhere/"),
    "invalid answer": answer("7"),
    "no answer": lambda peer: peer.sock.close(),
    "401": answer("{}", 401),  # the last: after it, the password waits for the services
}


@pytest.mark.parametrize("call", ContextCall)
async def test_every_call_has_every_reason(book: ClusterContextCache, call: ContextCall) -> None:
    play = Play()
    with serving(play) as server:
        client = reader(server.url)
        await client.services()
        for gap, reply in REPLIES.items():
            for path in ROUTES[call]:
                play.get(path, reply)
            kept = await book.read(call, client)
            assert kept.error is not None
            assert gap_of(kept.error) == gap
        await client.aclose()


@pytest.mark.parametrize(
    "gap", ["not in this version", "403", "503", "redirected", "invalid answer"]
)
async def test_without_the_health_call_the_others_report_all_but_the_certificates(
    gap: str,
) -> None:
    cluster = Cluster(2, pace=0.1)
    FAULTS[gap](cluster, HEALTH)
    with SimulatedCluster(cluster, tls=False) as served:
        async with running(*profiles(served)) as deck:
            await all_parts(deck, but=frozenset({"certificates"}))
            assert deck.fleet.context("node1").certificates.gap == gap
            assert deck.fleet.context("node1").license.value is not None


@pytest.mark.real_time
async def test_a_slow_call_delays_no_reading_of_the_services(served: SimulatedCluster) -> None:
    for path in PATHS.values():
        served.cluster.slow_call(path, 30)
    async with running(*profiles(served), refresh=0.1, timeout=3.0) as deck:
        deck.fleet.refresh_context("node1")
        await deck.until(lambda: deck.fleet.context("node1").databases.gap == "timed out")
        # The next of the slow calls is under way by now.
        before = len(asked(served, LIST, uid=1))
        await deck.until(lambda: len(asked(served, LIST, uid=1)) - before >= 5)
        assert deck.fleet.context("node1").shards.gap == "not polled yet"


async def test_what_is_read_before_a_decision_is_not_read_again_by_the_polls_after_it(
    served: SimulatedCluster,
) -> None:
    async with running(*profiles(served)) as deck:
        await all_parts(deck)
        await deck.fleet.read_context("node1")
        before = len(served.cluster.requests)
        await deck.readings(3)
        after = served.cluster.requests[before:]
        assert not [one.path for one in after if one.path in PATHS.values()]


@pytest.mark.real_time
async def test_while_an_order_is_open_the_node_is_not_polled_for_it(
    served: SimulatedCluster,
) -> None:
    async with running(*profiles(served), patience=replace(PATIENCE, steady=1.0)) as deck:
        await deck.known()
        await all_parts(deck)
        await deck.fleet.read_context("node1")  # so that none of it is due, or on its way
        before, meanwhile = len(served.cluster.requests), list[RequestRecord]()
        order = deck.give(Verb.RESTART, "alert_mgr")
        deck.fleet.refresh_context("node1")
        assert deck.fleet.context("node1") == await deck.fleet.read_context("node1")

        def has_ended() -> bool:
            sent = served.cluster.requests[before:]
            if deck.fleet.orders.progress[order.number].is_open:
                meanwhile[:] = sent  # all of it before the end
                return False
            return True

        await deck.until(has_ended)
        assert (await deck.verdict(order)).result is Result.VERIFIED
        assert [one for one in meanwhile if one.method == "POST"]
        assert not [one for one in meanwhile if one.path in PATHS.values()]
        await all_parts(deck)


async def test_what_is_read_of_a_node_that_is_forgotten_meanwhile_is_not_kept(
    clock: Clock,
) -> None:
    """All of it belongs to the node that was read: its address, and who it is."""
    book, play = ClusterCache(clock), Play()

    def forget(peer: Peer) -> None:
        book.forget_facts_of("node1")
        peer.send(said([{"uid": 1}]))

    with serving(play) as server:
        client = reader(server.url)
        assert await book.refresh("node1", client)
        clock.now += CONTEXT_AFTER
        play.get(request_gate.SHARDS, said([{"uid": 7}]))
        play.get(request_gate.DATABASES, forget)
        book.refresh_context()
        assert book.context_is_due("node1")
        assert not book.context_is_due("node2")
        assert not await book.read_context("node1", client)
        assert (book.context.databases.value, book.context.databases.gap) == (
            None,
            "not polled yet",
        )
        play.get(request_gate.DATABASES, said([{"uid": 1}]))
        book.refresh_context()
        for _ in ContextCall:
            await book.read_context("node1", client)
        assert book.context.databases.value == (Database(1),)
        assert book.context.shards.value == (Shard("7"),)
        book.forget_facts_of("node1")
        assert (book.context.databases.value, book.context.shards.value) == (None, None)
        await client.aclose()


async def test_another_node_than_the_profiles_is_not_polled_for_it(
    served: SimulatedCluster,
) -> None:
    async with running(*profiles(served, uid=7)[:1]) as deck:
        await deck.until(lambda: deck.watch().wrong_node)
        deck.fleet.refresh_context("node1")
        await deck.readings(3)
        assert not [one for one in served.cluster.requests if one.path in PATHS.values()]


async def test_an_edited_address_takes_the_context_with_it(
    served: SimulatedCluster, closed_port: int
) -> None:
    first = profiles(served)[0]
    async with running(first) as deck:
        await all_parts(deck)
        deck.fleet.adopt([replace(first, url=f"http://127.0.0.1:{closed_port}")])
        context = deck.fleet.context("node1")
        assert {getattr(context, part).value for part in context.__slots__} == {None}


async def test_a_viewer_of_databases_may_not_read_the_log_and_is_not_asked_again(
    served: SimulatedCluster,
) -> None:
    served.cluster.users[VIEWER].role = "db_viewer"
    nodes = profiles(served, username=VIEWER)
    async with running(*nodes, passwords=keeping(nodes, VIEWER_PASSWORD)) as deck:
        await all_parts(deck, but=frozenset({"log"}))
        await deck.until(lambda: deck.fleet.context("node1").log.gap == "403")
        before = len(asked(served, "/v1/shards"))
        deck.fleet.refresh_context("node2")
        await deck.until(lambda: len(asked(served, "/v1/shards")) > before)
        await quiet(0.3)
        assert len(asked(served, "/v1/logs")) == 1


@pytest.mark.parametrize("way", [LoginWay.AUTO, LoginWay.BASIC])
async def test_a_refused_call_is_no_refused_login(served: SimulatedCluster, way: LoginWay) -> None:
    served.cluster.fail_call("/v1/bdbs", 401)
    async with running(*profiles(served, login=way)) as deck:
        deck.fleet.refresh_context("node1")
        await deck.until(lambda: deck.fleet.context("node1").databases.gap == "401", 15)
        before = deck.watch().reading.answered_at or 0.0
        await deck.until(lambda: (deck.watch().reading.answered_at or 0.0) > before)
        assert deck.watch().login.trouble == ""
        assert len(asked(served, "/v1/bdbs")) <= 2


@pytest.mark.real_time
async def test_news_of_the_context_reach_the_screens_once(served: SimulatedCluster) -> None:
    async with running(*profiles(served), refresh=60) as deck:
        await deck.known()
        await all_parts(deck)
        await quiet(0.3)
        deck.notes.nodes.clear()
        deck.fleet.refresh_context("node1")
        await deck.until(lambda: len(asked(served, "/v1/logs")) >= 2)
        await quiet(0.3)
        assert deck.notes.nodes == []
        served.cluster.contents.begin_action("SMMigrateShard", "bdb:2")
        deck.fleet.refresh_context("node3")
        await deck.until(lambda: deck.fleet.context("node2").actions.value)
        await quiet(0.3)
        assert sorted(deck.notes.nodes) == ["node1", "node2", "node3"]


async def test_replicas_alone_say_that_the_calls_are_redirected(served: SimulatedCluster) -> None:
    async with running(*profiles(served)[1:]) as deck:
        await deck.until(lambda: deck.fleet.context("node2").databases.gap == "redirected", 15)
        assert deck.fleet.context("node2").log.gap == "redirected"
        await deck.until(lambda: deck.fleet.context("node2").quorum.value == Quorum(3, 3))
        assert not asked(served, "/v1/shards")


async def test_the_context_follows_the_primary(served: SimulatedCluster) -> None:
    async with running(*profiles(served)) as deck:
        await all_parts(deck)
        served.cluster.promote(2)
        await deck.until(lambda: deck.watch("node2").facts.identity.role is Role.PRIMARY)
        await all_parts(deck)
        assert asked(served, "/v1/shards", uid=2)


async def test_one_look_reads_it_only_when_asked_for(served: SimulatedCluster) -> None:
    nodes = profiles(served)
    fleet = Fleet(configuration(nodes), passwords=keeping(nodes, PASSWORD))
    await fleet.poll_once()
    paths = {*PATHS.values(), HEALTH}
    assert not [one for one in served.cluster.requests if one.path in paths]
    assert fleet.context("node3").databases.gap == "not polled yet"
    context = await fleet.read_context("node3")
    assert context.databases.value is not None
    assert len(context.databases.value) == 5
    assert context.certificates.value
    assert context.quorum.value == Quorum(3, 3)
    assert {getattr(context, part).gap for part in context.__slots__} == {""}
