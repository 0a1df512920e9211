"""What surrounds a node's services in its cluster: alerts, databases, shards, actions, dates."""

from dataclasses import field
from datetime import datetime
from enum import Enum
from typing import Generic, TypeVar

from tui.model.dataclass import dataclass

_Value = TypeVar("_Value")
_PENDING = "not polled yet"


@dataclass(frozen=True, slots=True)
class Known(Generic[_Value]):
    """A value with its age, or the reason why it is not known.

    `value` is None where it was never read. A value that could not be read again stays, with `gap`,
    and one of a call that reports less may stand in for that of a call that failed, with its `gap`:
    that reason in a few words ("403", "timed out", "not polled yet"), empty where the last call was
    answered. `read_at` is of this machine's clock of ages (`tui.model.clock`).
    `left_out` counts the entries of a list that could not be read: a count is then "at least".
    """

    value: _Value | None = None
    gap: str = _PENDING
    left_out: int = 0
    read_at: float = field(default=0.0, compare=False)

    @property
    def is_pending(self) -> bool:
        """Whether the call for it was not made yet."""
        return self.value is None and self.gap is _PENDING

    def age(self, now: float) -> float:
        """Seconds since the value was read."""
        return max(0.0, now - self.read_at)


@dataclass(frozen=True, slots=True)
class Entries(Generic[_Value]):
    """The entries of a list that could be read, and how many could not."""

    read: tuple[_Value, ...] = ()
    left_out: int = 0


class VendorSeverity(Enum):
    """How serious an alert or a log entry is, in the vendor's words."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"
    CRITICAL = "CRITICAL"
    UNKNOWN = ""


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert that is on and enabled. `node` is the uid, None for one of the whole cluster."""

    name: str
    severity: VendorSeverity = VendorSeverity.UNKNOWN
    since: datetime | None = None
    node: int | None = None


@dataclass(frozen=True, slots=True)
class License:
    """The cluster's license; `valid_until` is None where it was not reported."""

    expired: bool = False
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class CertificateTerm:
    """How long one of the cluster's own certificates is valid. `type` is the vendor's word."""

    type: str
    expired: bool = False
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where clients reach a database. `policy` is `single`, `all-master-shards`, `all-nodes`.

    `nodes` are the uids of the nodes that its addresses belong to, None where the cluster's list
    of nodes is not known or holds none of them.
    """

    uid: str
    addresses: tuple[str, ...] = ()
    port: int | None = None
    policy: str = ""
    nodes: frozenset[int] | None = None


class HighAvailability(Enum):
    """Whether a database survives the loss of a node, by the cluster's health call."""

    UP = "up"
    DOWN = "down"
    DISABLED = "disabled"
    UNKNOWN = ""


@dataclass(frozen=True, slots=True)
class Database:
    """One database; None and UNKNOWN where something was not reported.

    `replicated` is whether it has replica shards. `endpoints` is None where only the cluster's
    health call was answered, which reports none.
    """

    uid: int
    name: str = ""
    status: str = ""
    replicated: bool | None = None
    high_availability: HighAvailability = HighAvailability.UNKNOWN
    active_active: bool = False
    endpoints: tuple[Endpoint, ...] | None = None


class EndpointAvailability(Enum):
    """What one node reports of its own endpoint of a database, now."""

    AVAILABLE = "available"
    UNAVAILABLE = "unavailable"
    NO_QUORUM = "no quorum"
    NONE = "no endpoint here"


@dataclass(frozen=True, slots=True)
class Shard:
    """One shard. `database` and `node` are uids, None where they were not reported."""

    uid: str
    database: int | None = None
    node: int | None = None
    is_primary: bool | None = None
    status: str = ""


@dataclass(frozen=True, slots=True)
class RunningAction:
    """An action of the cluster that is queued or running.

    `progress` is in percent, None where unknown; `moves_shards` whether it may move shards or
    change nodes (by its name and its object; unknown names count as such).
    """

    name: str
    status: str = ""
    progress: float | None = None
    database: int | None = None
    node: int | None = None
    moves_shards: bool = True


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One entry of the cluster's own event log (`/v1/logs`)."""

    at: datetime
    type: str
    severity: VendorSeverity = VendorSeverity.UNKNOWN
    node: int | None = None
    database: int | None = None
    detail: str = ""

    @property
    def is_error(self) -> bool:
        """Whether the cluster calls it an error, or worse."""
        return self.severity in (VendorSeverity.ERROR, VendorSeverity.CRITICAL)


@dataclass(frozen=True, slots=True)
class NodeContext:
    """One node as its cluster uses it: a quorum-only node holds no shards."""

    uid: int
    is_up: bool = True
    in_maintenance: bool = False
    quorum_only: bool = False


@dataclass(frozen=True, slots=True)
class Quorum:
    """How many of the nodes that count for quorum are up; all nodes count, quorum-only too."""

    up: int
    total: int

    @property
    def is_kept(self) -> bool:
        """Whether more than half of the nodes are up."""
        return 2 * self.up > self.total


@dataclass(frozen=True, slots=True)
class ClusterContext:
    """All of it for one cluster, each part with its own age and its own reason if unknown.

    The lists may be incomplete for a login whose role is scoped (8.2): a count of databases is a
    count "at least". The shards may lack their database, where only the cluster's health call or
    the nodes' status was answered. The log is newest first, the last day's entries at most.
    """

    alerts: Known[tuple[Alert, ...]] = field(default_factory=Known)
    license: Known[License] = field(default_factory=Known)
    certificates: Known[tuple[CertificateTerm, ...]] = field(default_factory=Known)
    databases: Known[tuple[Database, ...]] = field(default_factory=Known)
    shards: Known[tuple[Shard, ...]] = field(default_factory=Known)
    nodes: Known[tuple[NodeContext, ...]] = field(default_factory=Known)
    quorum: Known[Quorum] = field(default_factory=Known)
    actions: Known[tuple[RunningAction, ...]] = field(default_factory=Known)
    log: Known[tuple[LogEntry, ...]] = field(default_factory=Known)
