"""A service as one answer of one node shows it: its status, and whether it was restarted. Pure.

A node may report start time or uptime one reading late: then the other alone shows the restart, and
what follows is no second one.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from enum import Enum
from typing import Protocol, overload

from tui.model.dataclass import dataclass
from tui.model.text import is_plain_name, visible_name

_ACTIONABLE = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)
_INSTANCE = re.compile(r"(?P<name>.+)_[0-9]+", re.ASCII)
_ONE_SHOT = frozenset({"start_redis_servers"})


class Health(Enum):
    """What a status word means to an operator; worst first.

    The value is the word's rank in the table's default order.
    """

    FAILED = 0
    """The supervisor gave up or is between tries: FATAL, BACKOFF."""
    DOWN = 1
    """STOPPED or EXITED, and it should not be."""
    UNKNOWN = 2
    """A word that is not in the documentation, or none."""
    MOVING = 3
    """STARTING, STOPPING, RESTARTING."""
    UP = 4
    """RUNNING."""
    DONE = 5
    """A one-shot program that has ended, as it should."""
    OFF = 6
    """Stopped because the cluster's configuration disables it: not a fault."""

    @property
    def is_problem(self) -> bool:
        """Whether it needs attention."""
        return self.value <= Health.MOVING.value

    @property
    def is_well(self) -> bool:
        """Whether it counts as running in a node's totals."""
        return self in (Health.UP, Health.DONE)


GIVEN_UP = "FATAL"
"""The status of a service that its supervisor does not start again by itself (supervisord)."""

# RESTARTING, RUNNING, STARTING and STOPPED are the documented words (Redis Software REST API,
# local/services); the rest are the states of supervisord, which the v4 health call names.
_HEALTH = {
    "RUNNING": Health.UP,
    "STARTING": Health.MOVING,
    "STOPPING": Health.MOVING,
    "RESTARTING": Health.MOVING,
    "STOPPED": Health.DOWN,
    "EXITED": Health.DOWN,
    "BACKOFF": Health.FAILED,
    GIVEN_UP: Health.FAILED,
}


_UP, _DOWN, _UNKNOWN = Health.UP, Health.DOWN, Health.UNKNOWN
"""By names of their own: Python 3.11 takes longer to find a member than all else that is done."""

KNOWN_STATUSES = tuple(_HEALTH)
"""The statuses that are documented; a node may report others."""


class Kind(Enum):
    """Whether the cluster says that a service may be stopped."""

    OPTIONAL = "optional"
    REQUIRED = "required"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Service:
    """One entry of `GET /v1/local/services`.

    `name` and `status` are clean text, else as the node sent them. `started_at` is the node's own
    clock, aware, UTC; `uptime` is in seconds. Either is None where the node said nothing that can
    be read. `note` is what was wrong with the entry, if anything was; `raw` is the entry as it
    came, for show only. An entry whose `left_out` is above 0 is no service: it stands for that many
    that were not read.
    """

    name: str
    status: str
    started_at: datetime | None = None
    uptime: int | None = None
    note: str = ""
    left_out: int = 0
    raw: object = field(default=None, compare=False, repr=False)

    @property
    def shown(self) -> str:
        """Return its name as people see it, escaped where it is not plain."""
        return visible_name(self.name)

    @property
    def is_actionable(self) -> bool:
        """Whether its name can be sent back to a node as it is shown, and its entry was sound."""
        return not self.note and _ACTIONABLE.fullmatch(self.name) is not None

    def health(self, disabled: frozenset[str] = frozenset()) -> Health:
        """Return what the status means; `disabled` are configuration names switched off."""
        health = _HEALTH.get(self.status, _UNKNOWN)
        if health is not _DOWN:
            return health
        if self.status == "EXITED" and is_one_shot(self.name):
            return Health.DONE
        return Health.OFF if configured_name(self.name, disabled) else health


class LaterServices(Sequence[Service]):
    """The services of an answer that differs from an earlier one by uptimes alone, which went on.

    `first` are those of the earlier one, the same for all answers that follow it so. `uptimes`
    returns the new ones in seconds, by the place of the service, and `make` all services. Neither
    is called before that is wanted: most answers are replaced by the next before.
    """

    __slots__ = ("_made", "_make", "first", "uptimes")

    def __init__(
        self,
        first: tuple[Service, ...],
        uptimes: Callable[[], Mapping[int, int | None]],
        make: Callable[[], tuple[Service, ...]],
    ) -> None:
        self.first = first
        self.uptimes = uptimes
        self._make = make
        self._made: tuple[Service, ...] | None = None

    def _all(self) -> tuple[Service, ...]:
        if self._made is None:
            self._made = self._make()
        return self._made

    @overload
    def __getitem__(self, index: int) -> Service: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Service, ...]: ...
    def __getitem__(self, index: int | slice) -> Service | tuple[Service, ...]:
        return self._all()[index]

    def __iter__(self) -> Iterator[Service]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self.first)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, LaterServices):
            return self._all() == other._all()
        return self._all() == other

    def __hash__(self) -> int:
        return hash(self._all())

    def __repr__(self) -> str:
        return repr(self._all())


def but_for_uptimes(services: Sequence[Service]) -> Sequence[Service]:
    """Return services with uptimes that may be of an earlier answer; none is made for that.

    It is one object for all answers between which no more happened than that uptimes went on.
    """
    return services.first if isinstance(services, LaterServices) else services


def with_uptimes(services: Sequence[Service]) -> Iterator[tuple[Service, int | None]]:
    """Yield each of `but_for_uptimes` with its uptime now, in seconds."""
    uptimes = services.uptimes() if isinstance(services, LaterServices) else {}
    for place, service in enumerate(but_for_uptimes(services)):
        yield service, uptimes.get(place, service.uptime)


def uptime_started_over(before: int | None, after: int | None, seconds: float) -> bool:
    """Whether an uptime shows a start within the last `seconds`: it fell, and is no longer.

    Uptimes are whole seconds. A fall alone is no start: a node's clock that is set back makes an
    uptime shorter too.
    """
    return before is not None and after is not None and after < before and after <= seconds + 1


def is_one_shot(service: str) -> bool:
    """Return whether a program runs once and ends: EXITED is its healthy state."""
    return service in _ONE_SHOT


def configured_name(service: str, names: Iterable[str]) -> str | None:
    """Find the configuration name that a process belongs to.

    The configuration says `crdb_worker` where a node runs `crdb_worker_0` and `crdb_worker_1`:
    NAME or NAME_<digits> match, nothing looser. A name that is not plain belongs to none.
    """
    if not is_plain_name(service):
        return None
    names = names if isinstance(names, frozenset | dict) else frozenset(names)
    if service in names:
        return service
    match = _INSTANCE.fullmatch(service)
    return match["name"] if match and match["name"] in names else None


def kind_of(service: str, optional: frozenset[str] | None) -> Kind:
    """Return whether the cluster lists `service` as optional; `optional` is None if not known.

    The kind of a name that is not plain is never known: it may only look like a service's name.
    """
    if optional is None or not is_plain_name(service):
        return Kind.UNKNOWN
    return Kind.OPTIONAL if configured_name(service, optional) else Kind.REQUIRED


@dataclass(frozen=True, slots=True)
class ServiceCounts:
    """Counts over one reading; `problems` are what needs attention, the worst first."""

    well: int = 0
    total: int = 0
    problems: tuple[Service, ...] = ()

    @classmethod
    def of(cls, services: Sequence[Service], disabled: frozenset[str]) -> "ServiceCounts":
        """Count; `disabled` are configuration names that the cluster has switched off."""
        healths = [service.health(disabled) for service in services]
        # Nearly all are running: only of the others it is asked what they are.
        others = [pair for pair in zip(healths, services, strict=True) if pair[0] is not _UP]
        faulty = [pair for pair in others if pair[0].is_problem]
        faulty.sort(key=lambda pair: pair[0].value)
        return cls(
            well=len(healths) - len(others) + sum(health.is_well for health, _ in others),
            total=len(healths),
            problems=tuple(service for _, service in faulty),
        )


PURPOSES: Mapping[str, str] = {
    "alert_mgr": "Sends alerts; while it is stopped, none is sent.",
    "authentication_service": "Authentication back end.",
    "call_home_agent": "Sends daily usage statistics to the vendor.",
    "ccs": "Cluster configuration store: the cluster's metadata.",
    "cluster_api": "The newer REST API server.",
    "cluster_exporter": "Prometheus metrics of the cluster.",
    "cluster_wd": "Cluster watchdog: elects the primary node.",
    "cm_server": "The Cluster Manager web interface (port 8443).",
    "cnm_exec": "Runs the cluster's state machines: provisioning, migration, failover.",
    "cnm_http": "The v1 REST API server: what answers this deck.",
    "crdb_controller": "Active-Active databases: control.",
    "crdb_coordinator": "Active-Active databases: coordination.",
    "crdb_worker": "Active-Active databases: worker.",
    "dmcproxy": "Data path proxy. Restarting it disconnects every client of every database here.",
    "entraid_agent_mgr": "Entra ID agent.",
    "envoy": "Reverse proxy in front of the API and the web interface.",
    "envoy_control_plane": "Configures the reverse proxy in front of the API.",
    "gossip_envoy": "Carries the gossip between nodes.",
    "heartbeatd": "Reports to the other nodes that this node is alive.",
    "job_scheduler": "Backups, snapshots and rotation jobs.",
    "ldap_agent_mgr": "LDAP agent.",
    "mdns_server": "Multicast DNS for .local names, meant for tests.",
    "metrics_exporter": "Prometheus metrics of the node (port 8070).",
    "node_wd": "Watches the health of the node, its shards and endpoints.",
    "pdns_ccs_backend": "Feeds the DNS server from the cluster's metadata.",
    "pdns_server": "Authoritative DNS for databases and nodes.",
    "persistence_mgr": "AOF and RDB persistence.",
    "redis_mgr": "The shards of this node: memory, statistics, rewrites.",
    "resource_mgr": "Eviction and replica migration.",
    "rl_info_provider": "Samples INFO of the shards.",
    "sentinel_service": "Discovery service, Sentinel protocol (port 8001).",
    "start_redis_servers": "Starts the shards at boot, once; EXITED is its healthy state.",
    "stats_archiver": "Keeps the detailed statistics.",
}
"""What each service does, after the vendor's documentation."""

API_CARRIERS = frozenset({"cnm_http", "envoy", "envoy_control_plane"})
"""Services that carry the API itself: an order to them can cut the connection it came by."""

CLIENT_CARRIERS = frozenset({"dmcproxy"})
"""Services that carry the databases' clients: an order to them disconnects every client."""

SHARD_CARRIERS = frozenset({"redis_mgr", "persistence_mgr", "node_wd"})
"""Services that manage or watch the shards of their node."""

DATA_CARRIERS = CLIENT_CARRIERS | SHARD_CARRIERS
"""Services whose failure is felt by the databases of their node at once."""

ACTION_RUNNERS = frozenset({"cnm_exec", "ccs", "cluster_wd", "job_scheduler"})
"""Services that run the cluster's own actions: state machines, tasks, jobs."""

ACTIVE_ACTIVE_SERVICES = frozenset({"crdb_controller", "crdb_coordinator", "crdb_worker"})
"""Services of Active-Active databases."""

ALERT_SENDERS = frozenset({"alert_mgr"})
"""Services without which no alert is sent."""


def purpose_of(service: str) -> str:
    """Return what a service does; empty where that is not documented."""
    return PURPOSES.get(configured_name(service, frozenset(PURPOSES)) or "", "")


class Run(Protocol):
    """What a reading shows of a service's run."""

    @property
    def started_at(self) -> datetime | None:
        """When it started, by the node's own clock."""

    @property
    def uptime(self) -> int | None:
        """For how many seconds it has run."""


@dataclass(frozen=True, slots=True)
class KnownRun:
    """A service's run as it was last known, `at` a moment of this machine's monotonic clock."""

    started_at: datetime | None
    uptime: int | None
    at: float

    def is_over(self, now: Run, at: float) -> bool:
        """Whether what a later reading shows at `at` is another run."""
        seconds = at - self.at
        if uptime_started_over(self.uptime, now.uptime, seconds):
            return True
        if now.started_at == self.started_at or clock_was_set(self, now):
            return False
        return not start_came_late(self, now, seconds)


_CLOCK_SET_BY = 2.0
"""Seconds by which a node's clock may be set: start times are whole seconds."""


def was_restarted(before: Run, after: Run, seconds: float, *, uptime_is_late: bool = False) -> bool:
    """Whether a service was restarted between two readings that are `seconds` apart.

    `uptime_is_late`: whether the first one's uptime is known to be of the run before.
    """
    started_over = uptime_started_over(before.uptime, after.uptime, seconds)
    if not start_moved(before, after) or clock_was_set(before, after):
        return started_over and not uptime_is_late
    return started_over or not start_came_late(before, after, seconds)


def start_came_late(before: Run, after: Run, seconds: float) -> bool:
    """Whether a later start time is of the run whose uptime the first reading showed already.

    The uptime went on, and the start time is too late to be that of a restart in between: the
    first reading's start time was that of an earlier run.
    """
    if before.started_at is None or after.started_at is None:
        return False
    if before.uptime is None or after.uptime is None:
        return False
    moved = (after.started_at - before.started_at).total_seconds()
    has_grown = after.uptime > before.uptime or before.uptime == after.uptime > seconds + 1
    went_on = has_grown and after.uptime + 2 >= before.uptime + seconds
    return went_on and moved > before.uptime + seconds + 1


def uptime_came_late(before: Run, after: Run, seconds: float) -> bool:
    """Whether a later start time came with an uptime that is still that of the run before."""
    is_old = after.uptime is not None and after.uptime > seconds + 1
    return is_old and start_moved(before, after)


def start_moved(before: Run, after: Run) -> bool:
    """Whether the start time moved forward; a missing one proves nothing."""
    if before.started_at is None or after.started_at is None:
        return False
    return after.started_at > before.started_at


def clock_was_set(before: Run, after: Run) -> bool:
    """Whether a start time moved only as far as a node's clock may be set, and the run went on.

    The run was older than that already, so no other can have begun then.
    """
    if before.started_at is None or after.started_at is None:
        return False
    if before.uptime is None or after.uptime is None:
        return False
    moved = abs((after.started_at - before.started_at).total_seconds())
    return moved <= _CLOCK_SET_BY < before.uptime <= after.uptime
