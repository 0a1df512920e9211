"""What an action touches: databases, shards, alerts and running actions around one node. Pure.

A finding informs the operator and never loosens the guard. What is not known is a finding too, with
the reason, and never a count of 0.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from enum import Enum
from typing import Any, TypeVar

from tui.model.clock import DATE_AND_TIME, clock_text
from tui.model.context import Alert, ClusterContext, Database, HighAvailability, Known
from tui.model.dataclass import dataclass
from tui.model.node import Maintenance, Role
from tui.model.order import Verb
from tui.model.service import (
    ACTION_RUNNERS,
    ACTIVE_ACTIVE_SERVICES,
    ALERT_SENDERS,
    CLIENT_CARRIERS,
    SHARD_CARRIERS,
    configured_name,
)

_SCOPED_FROM = (8, 2)
"""The first version whose roles may see some databases only (8.2, scoped db_viewer, db_member)."""

_NO_UID = "the node's uid is not known"

_Value = TypeVar("_Value")


class ContextPart(Enum):
    """A part of what surrounds a node, known or unknown as a whole; the value is its word."""

    NODES = "nodes"
    SERVICES = "services"
    DATABASES = "databases"
    SHARDS = "shards"
    ACTIONS = "running actions"
    ALERTS = "alerts"
    QUORUM = "quorum"
    CERTIFICATES = "certificates"
    LICENSE = "license"


class Subject(Enum):
    """What a finding is about; the counts are those of `Finding`."""

    CLIENTS = "clients"
    """`count` databases have an endpoint on the node; `names` are theirs."""
    ENDPOINTS = "endpoints"
    """`count` endpoints are on the node."""
    SINGLE_ENDPOINTS = "single endpoints"
    """`count` databases have an endpoint on the node and none on another (policy single)."""
    PRIMARY_SHARDS = "primary shards"
    REPLICA_SHARDS = "replica shards"
    UNREPLICATED = "unreplicated"
    """`count` databases have a shard on the node and no replica; `names` are theirs."""
    ACTIVE_ACTIVE = "active-active"
    """`count` databases of the cluster are Active-Active."""
    ACTIONS = "actions"
    """`count` actions run, `moving` of them may move shards; `names` are theirs."""
    ALERTS = "alerts"
    """`count` alerts are on, and none is sent meanwhile; `names` are theirs.

    `remarks` holds since when they are on.
    """
    PRIMARY = "primary"
    """The node is the primary."""
    QUORUM = "quorum"
    """`count` nodes are up of `total` that count for quorum."""
    PROBLEMS_HERE = "problems here"
    """`count` problems are on the node itself, but for those of the services; `names` are these."""
    MAINTENANCE_HERE = "maintenance here"
    """The node itself is in maintenance; `names` holds since when."""
    MAINTENANCE = "maintenance"
    """`names` are other nodes in maintenance."""
    NOT_POLLED = "not polled"
    """`names` are other nodes that cannot be polled, or whose last answer is old."""
    UNHEALTHY = "unhealthy"
    """`names` are other nodes that have services with a problem, or that the cluster sees down.

    `remarks` holds what is worst on them.
    """
    CERTIFICATE = "certificate"
    """`names` are the types of certificates of the cluster that have expired."""
    LICENSE = "license"
    """The cluster's license has expired."""

    @property
    def part(self) -> ContextPart:
        """The part of the context that it was found in."""
        return _PARTS[self]

    @property
    def is_of_cluster(self) -> bool:
        """Whether it is about the cluster or its other nodes, whichever an action goes to."""
        return self not in _OF_NODE


_PARTS = {
    Subject.CLIENTS: ContextPart.DATABASES,
    Subject.ENDPOINTS: ContextPart.DATABASES,
    Subject.SINGLE_ENDPOINTS: ContextPart.DATABASES,
    Subject.PRIMARY_SHARDS: ContextPart.SHARDS,
    Subject.REPLICA_SHARDS: ContextPart.SHARDS,
    Subject.UNREPLICATED: ContextPart.SHARDS,
    Subject.ACTIVE_ACTIVE: ContextPart.DATABASES,
    Subject.ACTIONS: ContextPart.ACTIONS,
    Subject.ALERTS: ContextPart.ALERTS,
    Subject.PRIMARY: ContextPart.NODES,
    Subject.QUORUM: ContextPart.QUORUM,
    Subject.PROBLEMS_HERE: ContextPart.SERVICES,
    Subject.MAINTENANCE_HERE: ContextPart.NODES,
    Subject.MAINTENANCE: ContextPart.NODES,
    Subject.NOT_POLLED: ContextPart.NODES,
    Subject.UNHEALTHY: ContextPart.NODES,
    Subject.CERTIFICATE: ContextPart.CERTIFICATES,
    Subject.LICENSE: ContextPart.LICENSE,
}
_OF_NODE = frozenset(
    {
        Subject.CLIENTS,
        Subject.ENDPOINTS,
        Subject.SINGLE_ENDPOINTS,
        Subject.PRIMARY_SHARDS,
        Subject.REPLICA_SHARDS,
        Subject.UNREPLICATED,
        Subject.PRIMARY,
        Subject.PROBLEMS_HERE,
        Subject.MAINTENANCE_HERE,
    }
)
_RISKY_AT_ANY_COUNT = frozenset(
    {
        Subject.PROBLEMS_HERE,
        Subject.MAINTENANCE_HERE,
        Subject.MAINTENANCE,
        Subject.NOT_POLLED,
        Subject.UNHEALTHY,
        Subject.CERTIFICATE,
        Subject.LICENSE,
    }
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that an action touches, or that is around it.

    `count` is None where it is not known; then `gap` is the reason in a few words. A value that
    could not be read again has both. `age` is in seconds, None for what is compared at each poll.
    `remarks` are pairs of a name and what is known of it: what is worst there, or since when it is.
    Where `at_least`, a role of this login may hide more.
    """

    subject: Subject
    count: int | None = None
    total: int = 0
    moving: int = 0
    names: tuple[str, ...] = ()
    remarks: tuple[tuple[str, str], ...] = ()
    age: float | None = None
    gap: str = ""
    at_least: bool = False

    @property
    def is_known(self) -> bool:
        """Whether there is a count at all."""
        return self.count is not None

    @property
    def is_risk(self) -> bool:
        """Whether it speaks against the action; what is not known does not."""
        match self.subject:
            case Subject.CLIENTS | Subject.UNREPLICATED:
                return bool(self.count)
            case Subject.ACTIONS:
                return self.moving > 0
            case Subject.QUORUM:
                return self.count is not None and 2 * (self.count - 1) <= self.total
            case subject:
                return subject in _RISKY_AT_ANY_COUNT


class PeerState(Enum):
    """What another node of the cluster is like."""

    WELL = "well"
    NOT_POLLED = "not polled"
    """It cannot be polled, or its last answer is old."""
    UNHEALTHY = "unhealthy"
    """A service has a problem, or the cluster sees it down."""
    MAINTENANCE = "maintenance"


@dataclass(frozen=True, slots=True)
class Peer:
    """Another node of the cluster; `worst` is its worst problem in a few words."""

    name: str
    state: PeerState = PeerState.WELL
    worst: str = ""


@dataclass(frozen=True, slots=True)
class OrderPlace:
    """The node that an action goes to: its uid, role, version and maintenance.

    `problems` are those it has beside those of the services, in a few words, the worst first.
    """

    uid: int | None = None
    role: Role = Role.UNKNOWN
    version: str = ""
    maintenance: Maintenance | None = None
    problems: tuple[str, ...] = ()


def find_impact(  # noqa: PLR0917 - each is one thing that it is found from
    verb: Verb,
    services: Iterable[str],
    place: OrderPlace,
    context: ClusterContext,
    peers: Iterable[Peer],
    now: float,
) -> tuple[Finding, ...]:
    """List what `verb` on `services` touches at a node; `now` is of the clock of ages.

    What the services carry comes first, then the node's role, then what is around it.
    """
    search = _Search(place, context, now)
    names = frozenset(services)
    found: list[Finding] = []
    if verb is not Verb.START:
        found += search.carried(names)
    if ACTION_RUNNERS & names or (verb is not Verb.START and SHARD_CARRIERS & names):
        found.append(search.actions())
    found += search.role()
    found += search.around(peers)
    return tuple(found)


def find_unreplicated(place: OrderPlace, context: ClusterContext, now: float) -> Finding:
    """Find the databases that have a shard on a node and no replica."""
    return _Search(place, context, now).unreplicated()


def _alert_name(alert: Alert) -> str:
    return alert.name if alert.node is None else f"{alert.name} on node:{alert.node}"


class _Search:
    """Finds what surrounds one node."""

    def __init__(self, place: OrderPlace, context: ClusterContext, now: float) -> None:
        self._place = place
        self._context = context
        self._now = now
        self._is_scoped = _may_be_scoped(place.version)

    def carried(self, names: frozenset[str]) -> list[Finding]:
        """List what the services carry."""
        found: list[Finding] = []
        if CLIENT_CARRIERS & names:
            found += self._clients()
        if SHARD_CARRIERS & names:
            found += self._shards()
        if any(configured_name(name, ACTIVE_ACTIVE_SERVICES) for name in names):
            databases = self._context.databases
            count = _count(databases.value, lambda one: one.active_active)
            found.append(self._of(Subject.ACTIVE_ACTIVE, databases, count))
        if ALERT_SENDERS & names:
            alerts = self._context.alerts
            since = {_alert_name(alert): alert.since for alert in alerts.value or ()}
            count = None if alerts.value is None else len(alerts.value)
            finding = self._of(Subject.ALERTS, alerts, count, names=tuple(since))
            remarks = tuple(
                (name, f"since {clock_text(moment, DATE_AND_TIME)}")
                for name, moment in since.items()
                if moment is not None
            )
            found.append(replace(finding, remarks=remarks))
        return found

    def _clients(self) -> list[Finding]:
        databases, uid = self._context.databases, self._place.uid
        if databases.value is not None and uid is None:
            return [Finding(Subject.CLIENTS, gap=_NO_UID)]
        listed = databases.value or ()
        endpoints = [(one, endpoint) for one in listed for endpoint in one.endpoints or ()]
        bound = [(one, endpoint) for one, endpoint in endpoints if uid in (endpoint.nodes or ())]
        # One whose endpoints or nodes were not reported may be on any node.
        vague = any(one.endpoints is None for one in listed) or any(
            endpoint.nodes is None for _, endpoint in endpoints
        )
        if databases.value is None or (vague and not bound):
            gap = databases.gap or "endpoints not reported"
            return [Finding(Subject.CLIENTS, gap=gap)]
        here = {one.uid: one for one, _ in bound}
        single = {one.uid for one, endpoint in bound if endpoint.policy == "single"}
        counts = (
            (Subject.CLIENTS, len(here), tuple(map(_name, here.values()))),
            (Subject.ENDPOINTS, len(bound), ()),
            (Subject.SINGLE_ENDPOINTS, len(single), ()),
        )
        found = [
            self._of(subject, databases, count, names=names, at_least=vague)
            for subject, count, names in counts
        ]
        return found if here else found[:1]

    def _shards(self) -> list[Finding]:
        shards, uid = self._context.shards, self._place.uid
        if shards.value is not None and uid is None:
            return [Finding(Subject.PRIMARY_SHARDS, gap=_NO_UID)]
        here = [shard for shard in shards.value or () if shard.node == uid]
        # A shard without a node or a role may be one of these.
        vague = any(
            shard.node is None or (shard.node == uid and shard.is_primary is None)
            for shard in shards.value or ()
        )
        is_known = shards.value is not None
        primary = sum(shard.is_primary is True for shard in here) if is_known else None
        replica = sum(shard.is_primary is False for shard in here) if is_known else None
        return [
            self._of(Subject.PRIMARY_SHARDS, shards, primary, at_least=vague),
            self._of(Subject.REPLICA_SHARDS, shards, replica, at_least=vague),
            self.unreplicated(),
        ]

    def unreplicated(self) -> Finding:
        """Find the databases that have a shard on the node and no replica."""
        shards, databases = self._context.shards, self._context.databases
        if shards.value is None or databases.value is None:
            gap = shards.gap if shards.value is None else databases.gap
            return Finding(Subject.UNREPLICATED, gap=gap or "not reported")
        if self._place.uid is None:
            return Finding(Subject.UNREPLICATED, gap=_NO_UID)
        present = {shard.database for shard in shards.value if shard.node == self._place.uid}
        by_uid = {database.uid: database for database in databases.value}
        here = [by_uid[uid] for uid in present if uid is not None and uid in by_uid]
        bare = sorted((one for one in here if has_replica(one) is False), key=lambda one: one.uid)
        vague = len(here) < len(present) or any(has_replica(one) is None for one in here)
        unread = shards.left_out + databases.left_out > 0
        is_vague = (vague and not self._all_replicated(present, by_uid)) or unread
        if is_vague and not bare:
            return Finding(Subject.UNREPLICATED, gap="not reported for every database here")
        older: Known[Any] = shards if shards.read_at < databases.read_at else databases
        names = tuple(map(_name, bare))
        return self._of(Subject.UNREPLICATED, older, len(bare), names=names, at_least=is_vague)

    @staticmethod
    def _all_replicated(present: set[int | None], by_uid: Mapping[int, Database]) -> bool:
        """Whether every database has a replica, so that it does not matter which are here."""
        unlisted = any(uid not in by_uid for uid in present if uid is not None)
        return bool(by_uid) and not unlisted and all(map(has_replica, by_uid.values()))

    def actions(self) -> Finding:
        """Find the cluster's running actions."""
        actions = self._context.actions
        running = actions.value or ()
        names = tuple(
            action.name if action.progress is None else f"{action.name} {action.progress:.0f} %"
            for action in running
        )
        moving = sum(action.moves_shards for action in running)
        count = None if actions.value is None else len(running)
        return self._of(Subject.ACTIONS, actions, count, names=names, moving=moving)

    def role(self) -> list[Finding]:
        """List that the node is the primary, and quorum where that matters."""
        quorum = self._context.quorum
        value = quorum.value
        count, total = (None, 0) if value is None else (value.up, value.total)
        found = self._of(Subject.QUORUM, quorum, count, total=total)
        if self._place.role is Role.PRIMARY:
            return [Finding(Subject.PRIMARY, 1), found]
        return [found] if found.is_risk or not found.is_known else []

    def around(self, peers: Iterable[Peer]) -> list[Finding]:
        """List what is wrong around: on the node, other nodes, certificates, the license."""
        found: list[Finding] = []
        if problems := self._place.problems:
            found.append(Finding(Subject.PROBLEMS_HERE, len(problems), names=problems))
        if self._place.maintenance is not None:
            since = (self._place.maintenance.since,) if self._place.maintenance.since else ()
            found.append(Finding(Subject.MAINTENANCE_HERE, 1, names=since))
        by_state: dict[PeerState, list[Peer]] = {}
        for peer in peers:
            by_state.setdefault(peer.state, []).append(peer)
        for state, subject in _PEERS.items():
            if those := by_state.get(state):
                names = tuple(peer.name for peer in those)
                worst = tuple((peer.name, peer.worst) for peer in those if peer.worst)
                found.append(Finding(subject, len(names), names=names, remarks=worst))
        certificates, terms = self._context.certificates, self._context.certificates.value
        expired = tuple(term.type for term in terms or () if term.expired)
        if terms is None or expired:
            count = None if terms is None else len(expired)
            found.append(self._of(Subject.CERTIFICATE, certificates, count, names=expired))
        license_ = self._context.license
        if license_.value is None or license_.value.expired:
            count = None if license_.value is None else 1
            found.append(self._of(Subject.LICENSE, license_, count))
        return found

    def _of(
        self,
        subject: Subject,
        known: Known[Any],
        count: int | None,
        *,
        names: tuple[str, ...] = (),
        total: int = 0,
        moving: int = 0,
        at_least: bool = False,
    ) -> Finding:
        """Return a finding with the age and the gap of the value that it was counted from."""
        if count is None:
            return Finding(subject, gap=known.gap or "not reported")
        return Finding(
            subject,
            count,
            total=total,
            moving=moving,
            names=names,
            age=known.age(self._now),
            gap=known.gap,
            at_least=at_least
            or known.left_out > 0
            or (self._is_scoped and subject.part in _SCOPED),
        )


_SCOPED = frozenset({ContextPart.DATABASES, ContextPart.SHARDS, ContextPart.ALERTS})
_PEERS = {
    PeerState.MAINTENANCE: Subject.MAINTENANCE,
    PeerState.NOT_POLLED: Subject.NOT_POLLED,
    PeerState.UNHEALTHY: Subject.UNHEALTHY,
}


def _may_be_scoped(version: str) -> bool:
    """Whether a role may hide databases from a login: not before that version, if it is known."""
    match = re.match(r"(\d{1,4})\.(\d{1,4})", version, re.ASCII)
    return match is None or (int(match[1]), int(match[2])) >= _SCOPED_FROM


def has_replica(database: Database) -> bool | None:
    """Return whether a database survives the loss of a node; None where that is not reported."""
    if database.high_availability in (HighAvailability.DOWN, HighAvailability.DISABLED):
        return False
    if database.replicated is None and database.high_availability is HighAvailability.UP:
        return True
    return database.replicated


def _name(database: Database) -> str:
    return database.name or f"database {database.uid}"


def _count(items: Iterable[_Value] | None, holds: Callable[[_Value], bool]) -> int | None:
    return None if items is None else sum(map(holds, items))
