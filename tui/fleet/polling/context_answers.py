"""What surrounds the nodes of a cluster, joined from the answers of several calls. Pure.

The cluster's health call reports most of it; each other call stands in where that one is not
answered, and some report more.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from enum import Enum
from typing import Any, TypeVar

from tui.model.cluster import ClusterHealth, Member
from tui.model.context import (
    Alert,
    CertificateTerm,
    ClusterContext,
    Database,
    Endpoint,
    Entries,
    HighAvailability,
    Known,
    License,
    NodeContext,
    Quorum,
    Shard,
)
from tui.model.records import dataclass

_NOT_REPORTED = "not reported"
_DOWN = "down"

_Value = TypeVar("_Value")


class ContextCall(Enum):
    """One call; in this order they are read."""

    DATABASES = "databases"
    SHARDS = "shards"
    ACTIONS = "actions"
    CLUSTER_ALERTS = "cluster alerts"
    NODE_ALERTS = "node alerts"
    LICENSE = "license"
    LOG = "event log"


@dataclass(frozen=True, slots=True)
class HealthReading:
    """The newest answer of the cluster's health call, and why there is none or no newer one.

    `whole_at` is when what surrounds the nodes was read of it. An answer `is_old` where the call
    failed for so long that the other calls take its place.
    """

    newest: ClusterHealth | None = None
    gap: str = ""
    read_at: float = 0.0
    whole_at: float = 0.0
    is_old: bool = False

    @property
    def is_tried(self) -> bool:
        """Whether it was read, or could not be."""
        return self.newest is not None or bool(self.gap)


@dataclass(frozen=True, slots=True)
class Roster:
    """The nodes that the cluster lists, when it did, and why it did not."""

    members: tuple[Member, ...] = ()
    gap: str = ""
    read_at: float = 0.0


_Calls = dict[ContextCall, Known[Any]]


def join_answers(calls: _Calls, health: HealthReading, roster: Roster) -> ClusterContext:
    """Return what surrounds the nodes, each part by the best call that was answered."""
    nodes = _nodes(health, roster)
    return ClusterContext(
        alerts=_alerts(calls, health),
        license=_license(calls, health),
        certificates=_certificates(health),
        databases=calls[ContextCall.DATABASES],
        shards=_shards(calls, health, roster),
        nodes=nodes,
        quorum=_quorum(nodes),
        actions=calls[ContextCall.ACTIONS],
        log=calls[ContextCall.LOG],
    )


def _reported(health: HealthReading, part: Entries[_Value]) -> Known[tuple[_Value, ...]]:
    """Return a part of the health call, with its age."""
    return Known(part.read, health.gap, part.left_out, health.whole_at)


def _instead(known: Known[_Value], listed: Known[_Value]) -> Known[_Value]:
    """Return what another call reports of a part, with why the one that reports more did not."""
    return replace(known, gap=known.gap or listed.gap)


def _alerts(calls: _Calls, health: HealthReading) -> Known[tuple[Alert, ...]]:
    parts: list[Known[tuple[Alert, ...]]] = [
        calls[call] for call in (ContextCall.CLUSTER_ALERTS, ContextCall.NODE_ALERTS)
    ]
    known = [part for part in parts if part.value is not None]
    by_health = health.newest.alerts if health.newest is not None else None
    if by_health is not None and not (health.is_old and known):
        return _reported(health, by_health)
    gap = next((part.gap for part in parts if part.gap), "")
    if not known:
        return Known(gap=gap)
    return Known(
        tuple(alert for part in known for alert in part.value or ()),
        gap,
        sum(part.left_out for part in known),
        min(part.read_at for part in known),
    )


def _license(calls: _Calls, health: HealthReading) -> Known[License]:
    known: Known[License] = calls[ContextCall.LICENSE]
    by_health = health.newest.license if health.newest is not None else None
    if by_health is not None and not (health.is_old and known.value is not None):
        return Known(by_health, health.gap, read_at=health.whole_at)
    return known


def _certificates(health: HealthReading) -> Known[tuple[CertificateTerm, ...]]:
    if health.newest is not None and health.newest.certificates is not None:
        return _reported(health, health.newest.certificates)
    if health.newest is not None:
        return Known(gap=health.gap or _NOT_REPORTED)
    return Known(gap=health.gap) if health.gap else Known()


class JoinedDatabases:
    """The databases with their availability and their endpoints' nodes, joined when one is new."""

    def __init__(self) -> None:
        self._listed: tuple[Database, ...] = ()
        self._seen: Entries[Database] | None = None
        self._members: tuple[Member, ...] = ()
        self._joined: tuple[Database, ...] = ()

    def join(
        self,
        listed: Known[tuple[Database, ...]],
        health: HealthReading,
        members: tuple[Member, ...],
    ) -> Known[tuple[Database, ...]]:
        """Return the databases by the best call that was answered: only one reports endpoints."""
        seen = health.newest.databases if health.newest is not None else None
        if listed.value is None:
            return listed if seen is None else _instead(_reported(health, seen), listed)
        is_same = listed.value is self._listed and seen is self._seen
        if not is_same or members != self._members:
            self._listed, self._seen, self._members = listed.value, seen, members
            self._joined = _joined(listed.value, seen, members)
        return replace(listed, value=self._joined)


def _joined(
    listed: Iterable[Database], seen: Entries[Database] | None, members: Iterable[Member]
) -> tuple[Database, ...]:
    available = {one.uid: one.high_availability for one in seen.read} if seen is not None else {}
    by_address = _by_address(members)
    return tuple(
        replace(
            one,
            high_availability=available.get(one.uid, HighAvailability.UNKNOWN),
            endpoints=_placed(one.endpoints, by_address),
        )
        for one in listed
    )


def _by_address(members: Iterable[Member]) -> dict[str, frozenset[int]]:
    """Return the nodes by their addresses; one that several nodes list belongs to all of them."""
    found: dict[str, frozenset[int]] = {}
    for member in members:
        for address in (member.address, *member.external):
            if address:
                found[address] = found.get(address, frozenset()) | {member.uid}
    return found


def _placed(
    endpoints: Sequence[Endpoint] | None, by_address: dict[str, frozenset[int]]
) -> tuple[Endpoint, ...] | None:
    """Return the endpoints with the nodes that their addresses belong to."""
    if endpoints is None:
        return None
    return tuple(
        replace(endpoint, nodes=_nodes_at(endpoint.addresses, by_address)) for endpoint in endpoints
    )


def _nodes_at(
    addresses: Iterable[str], by_address: dict[str, frozenset[int]]
) -> frozenset[int] | None:
    """Return the nodes of some addresses; None where one of them is no node's, or several nodes'.

    A count of the endpoints on a node would be wrong then.
    """
    found = [by_address.get(address, frozenset()) for address in addresses]
    is_certain = bool(found) and all(len(nodes) == 1 for nodes in found)
    return frozenset[int]().union(*found) if is_certain else None


def _shards(calls: _Calls, health: HealthReading, roster: Roster) -> Known[tuple[Shard, ...]]:
    """Return the shards by the best call that was answered: only the first names databases."""
    listed: Known[tuple[Shard, ...]] = calls[ContextCall.SHARDS]
    if listed.value is not None:
        return listed
    if health.newest is not None and health.newest.shards is not None:
        return _instead(_reported(health, health.newest.shards), listed)
    if any(member.primary_shards is not None for member in roster.members):
        found = tuple(shard for member in roster.members for shard in _shards_of(member))
        return _instead(Known(found, roster.gap, read_at=roster.read_at), listed)
    return listed


def _shards_of(member: Member) -> Iterable[Shard]:
    for uids, is_primary in ((member.primary_shards, True), (member.replica_shards, False)):
        for uid in uids or ():
            yield Shard(uid, node=member.uid, is_primary=is_primary)


def _nodes(health: HealthReading, roster: Roster) -> Known[tuple[NodeContext, ...]]:
    if health.newest is not None:
        nodes = tuple(
            NodeContext(node.uid, node.status != _DOWN, node.in_maintenance, node.quorum_only)
            for node in health.newest.nodes
        )
        return Known(nodes, health.gap, read_at=health.read_at)
    if not roster.members:
        return Known(gap=roster.gap) if roster.gap else Known()
    found = tuple(
        # Maintenance makes a node quorum-only, which this call does not report by itself.
        NodeContext(
            member.uid,
            member.status != _DOWN,
            member.maintenance is not None,
            member.maintenance is not None,
        )
        for member in roster.members
    )
    return Known(found, roster.gap, read_at=roster.read_at)


def _quorum(nodes: Known[tuple[NodeContext, ...]]) -> Known[Quorum]:
    if not nodes.value:
        return Known(gap=nodes.gap)
    up = sum(node.is_up for node in nodes.value)
    return Known(Quorum(up, len(nodes.value)), nodes.gap, read_at=nodes.read_at)
