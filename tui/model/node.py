"""Who a node is: as its cluster reports it, and by its connection and its processes. Pure."""

from collections.abc import Iterable
from dataclasses import field
from datetime import datetime, timedelta
from enum import Enum

from tui.model.clock import one_unit
from tui.model.dataclass import dataclass
from tui.model.service import Service


class Role(Enum):
    """A node's part in its cluster."""

    PRIMARY = "primary"
    REPLICA = "replica"
    UNKNOWN = "role unknown"


class Environment(Enum):
    """What a node is for, as its profile says; unset counts as not production."""

    PRODUCTION = "production"
    STAGING = "staging"
    DEVELOPMENT = "development"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who answered (`/v1/bootstrap`), and what its cluster reports of it.

    `uid` is None where the node did not report it.
    """

    uid: int | None = None
    hostname: str = ""
    address: str = ""
    role: Role = Role.UNKNOWN
    version: str = ""
    cluster: str = ""

    @property
    def title(self) -> str:
        """Return the node as an operator writes it: `node:2 (replica)`."""
        if self.uid is None:
            return "node id not reported"
        host = f" {self.hostname}" if self.hostname else ""
        return f"node:{self.uid}{host} ({self.role.value})"


def key_without_profile(cluster: str, uid: int) -> str:
    """Return a key for a node of a cluster that no profile can have as a name."""
    return f"\0{cluster} node:{uid}"


def same_host(first: str, second: str) -> bool:
    """Return whether two hostnames may be the same host: equal, or one without its domain."""
    left, right = first.lower().rstrip("."), second.lower().rstrip(".")
    if left == right:
        return True
    is_short = "." not in left or "." not in right
    return is_short and left.partition(".")[0] == right.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Maintenance:
    """A node's maintenance, which runs or was not stopped properly (nodes/status requests).

    `since` is when it began in the cluster's words and by its clock, empty where that is unknown.
    """

    since: str = ""

    def __str__(self) -> str:
        return f"in maintenance since {self.since}" if self.since else "in maintenance"


OBSERVED_AT_MOST = 60.0
"""Seconds after which what a cluster observed of a node is old."""

_WELL_STATES = frozenset({"", "active", "ok"})
_WARNING = "warning"


@dataclass(frozen=True, slots=True)
class ObservedHealth:
    """What a cluster's health call reports of a node.

    `status` and `detail` are the vendor's words, clean. `seen_at` is when the cluster observed the
    node, in seconds of this machine's monotonic clock.
    """

    status: str = ""
    detail: str = ""
    seen_at: float = field(default=0.0, compare=False)

    def age(self, now: float) -> float:
        """Seconds since the cluster observed the node."""
        return max(0.0, now - self.seen_at)

    @property
    def is_well(self) -> bool:
        """Whether the cluster saw nothing wrong with the node."""
        return self.status in _WELL_STATES

    @property
    def is_down(self) -> bool:
        """Whether the cluster saw more wrong than a warning."""
        return not self.is_well and self.status != _WARNING

    def is_old(self, now: float) -> bool:
        """Whether the cluster has not observed the node for long."""
        return self.age(now) > OBSERVED_AT_MOST

    def remark(self, now: float, *, warnings: bool = False) -> str:
        """Return what is to be known of it, with its age; empty where it is well and recent.

        A warning counts with `warnings` alone: of a node that is polled, its own services say more,
        and sooner.
        """
        if not self.is_down and not (warnings and self.status == _WARNING):
            if not self.is_old(now):
                return ""
            return f"not observed by its cluster for {one_unit(self.age(now))}"
        detail = f" ({self.detail})" if self.detail not in _WELL_STATES else ""
        return f"{self.status}{detail} by its cluster, observed {one_unit(self.age(now))} ago"


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """All that is known of a node beside its services.

    `gaps` are why something is not known, one sentence each; `kinds_gap` is why `optional` is None,
    empty where it is known, or was not read yet. `health` is None where the cluster's health call
    does not report the node, or was not answered for a minute.
    """

    identity: Identity = field(default_factory=Identity)
    optional: frozenset[str] | None = None
    disabled: frozenset[str] = frozenset()
    gaps: tuple[str, ...] = ()
    kinds_gap: str = ""
    maintenance: Maintenance | None = None
    health: ObservedHealth | None = None


StartTimes = tuple[tuple[str, datetime], ...]
"""The start times of a node's services by name, by the node's own clock, sorted."""

_COMPARED_AT_LEAST = 2
_CLOCKS_DIFFER = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an answer came from.

    `peer` is the address and port of the connection's other end, empty behind a proxy;
    `certificate` is the SHA-256 of what was presented, in hex, empty without TLS.
    """

    peer: str = ""
    certificate: str = ""

    def difference(self, now: "Origin") -> str:
        """Return how a later answer came from elsewhere; what is not known is not compared."""
        if self.peer and now.peer and self.peer != now.peer:
            return f"the connection leads to {now.peer} now, it led to {self.peer}"
        if self.certificate and now.certificate and self.certificate != now.certificate:
            return "the node presents another certificate now"
        return ""


@dataclass(frozen=True, slots=True)
class NodeEvidence:
    """What one reading shows of which node answered."""

    origin: Origin = Origin()
    starts: StartTimes = ()

    @classmethod
    def of(cls, services: Iterable[Service], origin: Origin) -> "NodeEvidence":
        """Return the evidence of a reading."""
        return cls(origin, start_times(services))

    @property
    def identifies(self) -> bool:
        """Whether the start times tell a node from others: one alone does not."""
        return len(self.starts) >= _COMPARED_AT_LEAST


def start_times(services: Iterable[Service]) -> StartTimes:
    """Return the start times of the services that report one."""
    return tuple(
        sorted(
            (service.name, service.started_at)
            for service in services
            if service.started_at is not None
        )
    )


class StartsChange(Enum):
    """How the start times of a node's services, taken together, differ from those before."""

    NONE = "none"
    """All equal."""
    SOME = "some"
    """Services were restarted, started or stopped; or too few report a start time to say more."""
    MOST = "most"
    """More than half moved on: the node was rebooted, or another one answers."""
    BACK = "back"
    """More than half differ, and as they do on no node: another one answers."""


def node_time(services: Iterable[Service]) -> datetime | None:
    """Return what the node's own clock showed at a reading, by its start times and uptimes."""
    return max(
        (
            service.started_at + timedelta(seconds=service.uptime)
            for service in services
            if service.started_at is not None and service.uptime is not None
        ),
        default=None,
    )


def compare_starts(
    before: StartTimes, now: StartTimes, read_at: datetime | None = None
) -> StartsChange:
    """Compare the start times of two readings; `read_at` is the `node_time` of the first.

    On one node no start time moves back, and a new one is later than the reading before it.
    """
    if before == now:
        return StartsChange.NONE
    old, new = dict(before), dict(now)
    common = [name for name in old if name in new]
    moved = [name for name in common if new[name] != old[name]]
    if len(common) < _COMPARED_AT_LEAST or 2 * len(moved) <= len(common):
        return StartsChange.SOME
    if any(new[name] < old[name] for name in moved):
        return StartsChange.BACK
    early = [name for name in moved if read_at and new[name] < read_at - _CLOCKS_DIFFER]
    return StartsChange.BACK if 2 * len(early) > len(moved) else StartsChange.MOST


def first_difference(before: StartTimes, now: StartTimes) -> str:
    """Return the name of a service whose start time differs; empty where none does."""
    return min((name for name, _ in set(before) ^ set(now)), default="")
