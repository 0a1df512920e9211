"""What an action touches is counted from what is known; what is not known is never a count of 0."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tui.fleet.orders.impact import Finding, OrderPlace, Peer, PeerState, Subject, find_impact
from tui.fleet.orders.impact_text import impact_lines, plan_impact_lines
from tui.model.context import (
    Alert,
    CertificateTerm,
    ClusterContext,
    Database,
    Endpoint,
    HighAvailability,
    Known,
    License,
    Quorum,
    RunningAction,
    Shard,
)
from tui.model.node import Maintenance, Role
from tui.model.order import Verb

NOW = 100.0
HOSTILE = "db\x1b[31m[red]\u202eevil\nx"
HERE = OrderPlace(1, Role.REPLICA, "8.0.16-22")


def known(value: Any, *, age: float = 12.0, gap: str = "") -> Known[Any]:
    return Known(value, gap=gap, read_at=NOW - age)


def database(uid: int, *nodes: int, policy: str = "all-nodes", **more: Any) -> Database:
    endpoints = (Endpoint(f"{uid}:1", (), 12000 + uid, policy, frozenset(nodes)),)
    fields: dict[str, Any] = {"uid": uid, "name": f"db{uid}", "endpoints": endpoints}
    return Database(**fields | more)


WELL = ClusterContext(
    alerts=known(()),
    license=known(License()),
    certificates=known((CertificateTerm("proxy"),)),
    databases=known(
        (
            database(1, 1, 2, replicated=True),
            database(2, 1, policy="single", replicated=False),
            database(3, 3, policy="single", replicated=True, active_active=True),
        )
    ),
    shards=known(
        (
            Shard("1", 1, 1, is_primary=True),
            Shard("2", 1, 2, is_primary=False),
            Shard("3", 2, 1, is_primary=True),
            Shard("4", 3, 1, is_primary=False),
        )
    ),
    quorum=known(Quorum(5, 5)),
    actions=known(()),
)


def texts(
    *services: str,
    verb: Verb = Verb.RESTART,
    place: OrderPlace = HERE,
    context: ClusterContext = WELL,
    peers: tuple[Peer, ...] = (),
) -> list[str]:
    found = find_impact(verb, services, place, context, peers, NOW)
    return [line.text for line in impact_lines(verb, found)]


def test_a_proxy_touches_the_databases_whose_endpoint_is_on_the_node() -> None:
    (line,) = texts("dmcproxy")
    assert line == (
        "clients of 2 databases will be disconnected, 2 endpoints here, 1 with policy single"
        " · read 12 s ago"
    )


def test_an_endpoint_on_another_node_is_not_touched() -> None:
    place = replace(HERE, uid=9)
    assert texts("dmcproxy", place=place) == ["no database has an endpoint here · read 12 s ago"]


def test_a_start_disconnects_nobody() -> None:
    assert texts("dmcproxy", "redis_mgr", verb=Verb.START) == []


@pytest.mark.parametrize("service", ["redis_mgr", "persistence_mgr", "node_wd"])
def test_what_manages_shards_touches_those_of_the_node(service: str) -> None:
    shards = "2 primary shards, 1 replica shard here, without a replica: 1 database (db2)"
    assert texts(service) == [
        f"{shards} · read 12 s ago",
        "no action of the cluster is running · read 12 s ago",
    ]


@pytest.mark.parametrize("service", ["crdb_worker_0", "crdb_coordinator", "crdb_controller"])
def test_what_serves_active_active_touches_such_databases(service: str) -> None:
    assert texts(service) == ["1 Active-Active database in the cluster · read 12 s ago"]


@pytest.mark.parametrize("service", ["cnm_exec", "ccs", "cluster_wd", "job_scheduler"])
def test_what_runs_actions_touches_those_that_run(service: str) -> None:
    running = known(
        (
            RunningAction("SMUpdateBDB", "running", 40.0, database=1),
            RunningAction(HOSTILE, "queued", moves_shards=False),
        )
    )
    (line,) = texts(service, context=replace(WELL, actions=running))
    assert line.startswith("running: 2 actions, 1 may move shards (SMUpdateBDB 40 %, db")
    assert not any(char in line for char in "\x1b\u202e\n")


def test_the_alert_manager_touches_the_alerts_that_are_on() -> None:
    since = datetime(2026, 3, 1, 11, 57, tzinfo=UTC)
    memory = Alert("node_memory", since=since, node=2)
    alerts = known((memory, Alert("cluster_license_about_to_expire")))
    context = replace(WELL, alerts=alerts)
    (line,) = texts("alert_mgr", context=context)
    assert line == (
        "no alert is sent meanwhile; 2 alerts are on: node_memory on node:2 "
        "(since 2026-03-01 11:57:00 UTC), cluster_license_about_to_expire · read 12 s ago"
    )
    assert texts("alert_mgr", verb=Verb.STOP) == [
        "no alert is sent while it is stopped; no alert is on · read 12 s ago"
    ]


def test_the_primary_and_its_quorum_are_named() -> None:
    place = replace(HERE, role=Role.PRIMARY)
    assert texts("mdns_server", place=place) == [
        "this node is the primary",
        "quorum: 5 of 5 nodes up · read 12 s ago",
    ]
    thin = replace(WELL, quorum=known(Quorum(2, 3)))
    assert texts("mdns_server", context=thin) == [
        "quorum: 2 of 3 nodes up, lost with one node less · read 12 s ago"
    ]
    lost = replace(WELL, quorum=known(Quorum(1, 3)))
    assert texts("mdns_server", context=lost) == ["quorum lost: 1 of 3 nodes up · read 12 s ago"]


def test_what_is_wrong_around_is_named_for_any_service() -> None:
    context = replace(
        WELL,
        certificates=known((CertificateTerm("proxy", expired=True), CertificateTerm("api"))),
        license=known(License(expired=True, valid_until=datetime(2026, 1, 1, tzinfo=UTC))),
    )
    peers = (
        Peer("node2", PeerState.MAINTENANCE),
        Peer("node3", PeerState.NOT_POLLED),
        Peer("node4", PeerState.UNHEALTHY, "ccs STOPPED"),
        Peer(HOSTILE, PeerState.UNHEALTHY),
        Peer("node5"),
    )
    place = replace(HERE, maintenance=Maintenance("2026-01-02 03:04:05"))
    lines = texts("mdns_server", context=context, peers=peers, place=place)
    assert lines[0].startswith(
        "this node is in maintenance since 2026-01-02 03:04:05, node2 is in maintenance, "
        "node3 is not polled, node4 (ccs STOPPED), db"
    )
    assert lines[0].endswith(" have problems")
    assert lines[1:] == [
        "certificate expired: proxy · read 12 s ago",
        "the license has expired · read 12 s ago",
    ]
    assert not any(char in "".join(lines) for char in "\x1b\u202e\n")


def test_a_calm_cluster_adds_no_line() -> None:
    assert texts("mdns_server") == []


def test_what_is_not_known_is_said_with_its_reason_and_is_no_count() -> None:
    """P29."""
    context = ClusterContext(
        databases=Known(gap="403"), shards=Known(gap="403"), license=Known(gap="timed out")
    )
    found = find_impact(Verb.RESTART, ("dmcproxy", "redis_mgr"), HERE, context, (), NOW)
    assert all(finding.count is None and finding.gap for finding in found)
    (line,) = texts("dmcproxy", "redis_mgr", context=context)
    assert line == (
        "not known: databases, shards (403); running actions, quorum, certificates "
        "(not polled yet); license (timed out)"
    )


def test_an_old_value_stays_with_its_age_and_why_it_was_not_read_since() -> None:
    context = replace(WELL, alerts=known((), age=200.0, gap="timed out"))
    assert texts("alert_mgr", context=context) == [
        "no alert is sent meanwhile; no alert is on · read 3 m ago, not read since: timed out"
    ]


@pytest.mark.parametrize("version", ["8.2.0-1", "9.0", "", "unknown"])
def test_a_count_is_at_least_where_a_role_may_hide_databases(version: str) -> None:
    (line,) = texts("dmcproxy", place=replace(HERE, version=version))
    assert line.startswith("clients of at least 2 databases will be disconnected")
    (line,) = texts("alert_mgr", place=replace(HERE, version=version))
    assert "no alert is on, as far as this login sees" in line


def test_a_node_without_a_uid_has_no_known_shards_or_endpoints() -> None:
    nameless = replace(HERE, uid=None)
    assert texts("dmcproxy", place=nameless) == [
        "not known: databases (the node's uid is not known)"
    ]
    assert texts("redis_mgr", place=nameless)[-1] == (
        "not known: shards (the node's uid is not known)"
    )


@pytest.mark.parametrize(
    "silent", [database(4, endpoints=None), database(4, endpoints=(Endpoint("4:1"),))]
)
def test_an_endpoint_that_may_be_anywhere_is_not_counted_as_elsewhere(silent: Database) -> None:
    alone = replace(WELL, databases=known((silent,)))
    assert texts("dmcproxy", context=alone) == ["not known: databases (endpoints not reported)"]
    beside = replace(WELL, databases=known((silent, database(1, 1, replicated=True))))
    (line,) = texts("dmcproxy", context=beside)
    assert line.startswith("clients of at least 1 database will be disconnected")


def unreplicated(*databases: Database, shards: tuple[Shard, ...] | None = None) -> Finding:
    context = replace(WELL, databases=known(databases))
    if shards is not None:
        context = replace(context, shards=known(shards))
    found = find_impact(Verb.RESTART, ("redis_mgr",), HERE, context, (), NOW)
    return next(finding for finding in found if finding.subject is Subject.UNREPLICATED)


def test_a_database_that_does_not_report_its_replication_is_not_counted_as_replicated() -> None:
    shards = (Shard("1", 1, 1), Shard("2", 2, 1))
    silent, bare = database(1, replicated=None), database(2, replicated=False)
    fine = database(1, replicated=True)
    assert not unreplicated(silent, shards=shards[:1]).is_known
    both = unreplicated(silent, bare, shards=shards)
    assert (both.count, both.at_least) == (1, True)
    assert not unreplicated(fine, shards=shards).is_known, "its other database is not listed"
    assert unreplicated(fine, shards=shards[:1]).count == 0


def test_only_what_speaks_against_the_action_is_a_risk() -> None:
    risky = find_impact(Verb.RESTART, ("dmcproxy", "redis_mgr"), HERE, WELL, (), NOW)
    assert {finding.subject for finding in risky if finding.is_risk} == {
        Subject.CLIENTS,
        Subject.UNREPLICATED,
    }
    calm = find_impact(Verb.RESTART, ("alert_mgr",), HERE, WELL, (), NOW)
    assert not any(finding.is_risk for finding in calm)


@pytest.mark.parametrize(
    ("replicated", "availability", "count"),
    [
        (True, HighAvailability.UNKNOWN, 0),
        (True, HighAvailability.DOWN, 1),
        (None, HighAvailability.UP, 0),
        (None, HighAvailability.DISABLED, 1),
        (None, HighAvailability.UNKNOWN, None),
    ],
)
def test_a_replica_that_is_down_is_none(
    replicated: bool | None, availability: HighAvailability, count: int | None
) -> None:
    one = database(1, replicated=replicated, high_availability=availability)
    assert unreplicated(one, shards=(Shard("1", 1, 1),)).count == count


def test_shards_without_their_database_are_no_gap_where_every_database_has_a_replica() -> None:
    fine, bare = database(1, replicated=True), database(2, replicated=False)
    nameless = (Shard("1", None, 1),)
    assert unreplicated(fine, shards=nameless).count == 0
    assert unreplicated(fine, bare, shards=nameless).count is None


def test_entries_that_could_not_be_read_may_be_any() -> None:
    databases = replace(WELL.databases, left_out=1)
    (line,) = texts("dmcproxy", context=replace(WELL, databases=databases))
    assert line.startswith("clients of at least 2 databases")
    shards = replace(WELL.shards, value=(Shard("1", 1, 1, is_primary=True),), left_out=2)
    lines = texts("redis_mgr", context=replace(WELL, shards=shards))
    assert lines[0] == "at least 1 primary shard, 0 replica shards here · read 12 s ago"
    assert lines[-1] == "not known: shards (not reported for every database here)"


def test_what_a_plan_touches_is_said_once_where_it_is_the_same_on_every_node() -> None:
    same, primary = Finding(Subject.LICENSE, 1), Finding(Subject.PRIMARY, 1)
    both = plan_impact_lines(Verb.RESTART, {"node1": (same, primary), "node2": (same,)})
    assert [line.text for line in both] == [
        "the license has expired",
        "node1: this node is the primary",
    ]


def test_what_is_of_the_cluster_stands_once_in_a_plan_with_every_other_node_that_is_named() -> None:
    """Each node sees other nodes: with their names before it the line had to be read twice."""
    primary, quorum = Finding(Subject.PRIMARY, 1), Finding(Subject.QUORUM, 3, total=3, age=2.0)
    worst = {"n3": (("n3", "ccs FATAL"),), "n4": ()}
    ill = {
        name: Finding(Subject.UNHEALTHY, 1, names=(name,), remarks=worst[name]) for name in worst
    }
    both = Finding(Subject.UNHEALTHY, 2, names=("n3", "n4"), remarks=worst["n3"])
    impact = {"n3": (ill["n4"],), "n2": (both,), "n1": (primary, quorum, both)}
    assert [line.text for line in plan_impact_lines(Verb.RESTART, impact)] == [
        "n4, n3 (ccs FATAL) have problems",
        "n1: this node is the primary",
        "quorum: 3 of 3 nodes up · read 2 s ago",
    ]
    unread = {"n2": (Finding(Subject.LICENSE, gap="403"),), "n1": (Finding(Subject.LICENSE, 1),)}
    assert [line.text for line in plan_impact_lines(Verb.RESTART, unread)] == [
        "the license has expired"
    ]
