"""Whether two readings of a service show one run or two, by start time and uptime. Pure.

A node may report either of them one reading late: then the other alone shows the restart, and what
follows is no second one.
"""

from datetime import datetime
from typing import Protocol

from tui.model.records import dataclass
from tui.model.service import uptime_started_over


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
        return now.started_at != self.started_at and not start_came_late(self, now, seconds)


def was_restarted(before: Run, after: Run, seconds: float, *, uptime_is_late: bool = False) -> bool:
    """Whether a service was restarted between two readings that are `seconds` apart.

    `uptime_is_late`: whether the first one's uptime is known to be of the run before.
    """
    started_over = uptime_started_over(before.uptime, after.uptime, seconds)
    if not _start_moved(before, after):
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
    return is_old and _start_moved(before, after)


def _start_moved(before: Run, after: Run) -> bool:
    """Whether the start time moved forward; a missing one proves nothing."""
    if before.started_at is None or after.started_at is None:
        return False
    return after.started_at > before.started_at
