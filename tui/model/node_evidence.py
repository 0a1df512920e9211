"""What identifies a node beside its uid and hostname: its connection and its processes. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import Enum

from tui.model.records import dataclass
from tui.model.service import Service

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
