"""What surrounds the nodes of one cluster: read at a slow pace, one call at a time.

The cluster's health call is read anyway and reports most of it. The calls here are for what it does
not report, and for all of it where a version has no such call; `join_answers` makes one of them
all. Only the node that answers for its cluster is polled. A call that fails costs only what it
reports.

    every part          every CONTEXT_EVERY seconds, or on demand
    a part refused      every REFUSED_FOR seconds (403, 401)
    a call missing      every ABSENT_FOR seconds (404)
    any other trouble   later each time, up to TROUBLED_AT_MOST seconds
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

from tui.api.errors import (
    ApiError,
    Forbidden,
    LoginRefused,
    Unavailable,
    gap_of,
    is_redirect,
)
from tui.model.clock import monotonic
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
from tui.model.dataclass import dataclass

if TYPE_CHECKING:
    from tui.api.client import NodeReader


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


CONTEXT_EVERY = 30.0
"""Seconds after which a part is read again."""

CONTEXT_AFTER = 2.0
"""Seconds from the first answer of a cluster to the first of these calls, at least."""

REFUSED_FOR = 600.0
"""Seconds for which a call that was refused is not repeated, not even on demand."""

TROUBLED_AT_MOST = 300.0
"""Seconds for which a call that fails again and again is not repeated."""

ABSENT_FOR = 3600.0
"""Seconds for which a call that the version does not have is not repeated."""

LOG_FOR = timedelta(hours=24)
"""How old an entry of the event log may be."""

_AGAIN_AT_LEAST = 10.0
_APART = 0.05
_NO_LICENSE = "no license"


def first_context_after(clusters: int) -> float:
    """Return the seconds after which a cluster is read first, where there are others before it.

    Hundreds of clusters that are read at one moment would delay the services of all nodes.
    """
    return CONTEXT_AFTER + (_APART * clusters) % (CONTEXT_EVERY - CONTEXT_AFTER)


@dataclass(slots=True)
class _CallState:
    """What one call gave, and when it is due (monotonic)."""

    known: Known[Any]
    due: float = math.inf
    failures: int = 0
    is_learnt: bool = False


class ClusterContextCache:
    """What surrounds the nodes of one cluster; `context` is the newest, put together.

    `version` counts the changes of any part's value or reason. `clock` gives monotonic seconds,
    `today` the time of this machine, for the age of log entries. Nothing is due before `after`
    seconds from the first answer of the cluster: services come first.
    """

    def __init__(
        self,
        clock: Callable[[], float] = monotonic,
        today: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        after: float = CONTEXT_AFTER,
    ) -> None:
        self._clock, self._today, self._after = clock, today, after
        self.version = 0
        self._databases = JoinedDatabases()
        self.context = ClusterContext()
        self.forget()

    def forget(self) -> None:
        """Forget all that was read, and what was learnt of refusals; it is due at the next begin.

        Its node may be another one from now on.
        """
        self._calls = {call: _CallState(Known()) for call in ContextCall}
        self._old_actions_until = 0.0
        self._begun_at = -math.inf

    def begin(self) -> None:
        """Let what is not known be read soon: a node begins to answer for the cluster."""
        now = self._clock()
        soon = max(now + self._after, self._begun_at + _AGAIN_AT_LEAST)
        self._begun_at = soon
        for state in self._calls.values():
            if state.known.gap and not state.is_learnt:
                state.due = min(state.due, soon)
                if state.known.value is None:
                    state.known = Known()

    def refresh(self) -> None:
        """Let all parts be read now; what was refused is not repeated before its time."""
        now = self._clock()
        for state in self._calls.values():
            if not state.is_learnt:
                state.due = min(state.due, now)

    def lose_source(self, gap: str) -> None:
        """Note why no node answers for the cluster; what was known stays, and grows old."""
        for state in self._calls.values():
            if not state.is_learnt:
                state.known = replace(state.known, gap=gap)

    def next_call(self, health: HealthReading) -> ContextCall | None:
        """Return the call that is due longest; None where none is."""
        now = self._clock()
        due = [call for call in _needed(health) if self._calls[call].due <= now]
        return min(due, key=lambda call: self._calls[call].due, default=None)

    async def read(self, call: ContextCall, reader: NodeReader) -> ContextAnswer:
        """Make one call. Never raises an ApiError: it is what the call answered."""
        try:
            return ContextAnswer(call, await self._value(call, reader))
        except ApiError as error:
            return ContextAnswer(call, error=error)

    async def _value(self, call: ContextCall, reader: NodeReader) -> object:
        match call:
            case ContextCall.DATABASES:
                return await reader.databases()
            case ContextCall.SHARDS:
                return await reader.shards()
            case ContextCall.ACTIONS:
                return await self._actions(reader)
            case ContextCall.CLUSTER_ALERTS:
                return await reader.cluster_alerts()
            case ContextCall.NODE_ALERTS:
                return await reader.node_alerts()
            case ContextCall.LICENSE:
                return await reader.license()
            case ContextCall.LOG:
                return await reader.event_log()

    async def _actions(self, reader: NodeReader) -> object:
        if self._clock() >= self._old_actions_until:
            found = await reader.running_actions()
            if found is not None:
                return found
            self._old_actions_until = self._clock() + ABSENT_FOR
        return await reader.old_running_actions()

    def keep(self, answer: ContextAnswer) -> None:
        """Keep what a call gave, or why it did not."""
        now, state = self._clock(), self._calls[answer.call]
        error = answer.error
        if error is None:
            state.known = self._known(answer, now)
            state.due, state.failures, state.is_learnt = now + CONTEXT_EVERY, 0, False
            return
        state.failures += 1
        state.known = replace(state.known, gap=gap_of(error))
        pause = pause_after(error, state.failures)
        state.due = now + pause
        state.is_learnt = pause >= REFUSED_FOR
        if _is_unauthorized(error):
            # Each refused password counts for the lock of its user: no other call tries it now.
            for other in self._calls.values():
                other.due = max(other.due, now + REFUSED_FOR)

    def _known(self, answer: ContextAnswer, now: float) -> Known[Any]:
        if isinstance(answer.value, Entries):
            read = answer.value.read
            if answer.call is ContextCall.LOG:
                oldest = self._today() - LOG_FOR
                read = tuple(entry for entry in read if entry.at >= oldest)
            return Known(read, "", answer.value.left_out, now)
        return Known(answer.value, "" if answer.value is not None else _NO_LICENSE, read_at=now)

    def put_together(self, health: HealthReading, roster: Roster) -> bool:
        """Renew `context` from all that is known now; return whether a part of it changed.

        Ages alone are no change.
        """
        calls = {call: state.known for call, state in self._calls.items()}
        databases = calls[ContextCall.DATABASES]
        calls[ContextCall.DATABASES] = self._databases.join(databases, health, roster.members)
        before, self.context = self.context, join_answers(calls, health, roster)
        if before == self.context:
            return False
        self.version += 1
        return True


@dataclass(frozen=True, slots=True)
class ContextAnswer:
    """What came of one call: a value, or an error. The value is None where there is no license."""

    call: ContextCall
    value: object = None
    error: ApiError | None = None


def _needed(health: HealthReading) -> Iterable[ContextCall]:
    """Return the calls that report what the health call does not."""
    newest = None if health.is_old else health.newest
    has_alerts = newest is not None and newest.alerts is not None
    has_license = newest is not None and newest.license is not None
    reported = {
        ContextCall.CLUSTER_ALERTS: has_alerts,
        ContextCall.NODE_ALERTS: has_alerts,
        ContextCall.LICENSE: has_license,
    }
    for call in ContextCall:
        if call not in reported or (health.is_tried and not reported[call]):
            yield call


def _is_unauthorized(error: ApiError) -> bool:
    return isinstance(error, LoginRefused) or (
        isinstance(error, Unavailable) and error.status == 401
    )


def pause_after(error: ApiError, failures: int = 1) -> float:
    """Return the seconds until a call that failed so often in a row is made again."""
    if isinstance(error, Forbidden) or _is_unauthorized(error):
        return REFUSED_FOR
    if isinstance(error, Unavailable) and error.status == 404:
        return ABSENT_FOR
    if is_redirect(error):
        return _AGAIN_AT_LEAST  # another node answers for the cluster now
    return min(CONTEXT_EVERY * 2.0 ** min(failures - 1, 8), TROUBLED_AT_MOST)
