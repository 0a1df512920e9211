"""The last hour and the last day of services, read from the history for strips and detail pane."""

from collections.abc import Callable, Mapping

from tui.fleet.protocols import History
from tui.history.day import Day
from tui.model.dataclass import dataclass

HOUR_EVERY = 60.0
"""Seconds after which the hour is read again: a strip has one cell a minute."""

HOUR_SOON = 5.0
"""Seconds between two readings where something happened meanwhile, or nothing is known yet."""


class LastHour:
    """Caches the last hour of the node that is shown; `clock` is monotonic."""

    def __init__(self, history: History, clock: Callable[[], float]) -> None:
        self._history = history
        self._clock = clock
        self._node = ("", "")
        self._days: Mapping[str, Day] = {}
        self._at = -HOUR_EVERY
        self._reading = False

    def known(self, node: str, cluster: str) -> Mapping[str, Day]:
        """Return what was read last of a node, by service."""
        return self._days if (node, cluster) == self._node else {}

    def reserve(self, node: str, cluster: str, *, is_old: bool) -> bool:
        """Reserve a `read`; False while another goes on, or too soon after the last one.

        `is_old` says that something happened on the node since the last `read` was reserved.
        """
        wait = HOUR_SOON if is_old or not self._days else HOUR_EVERY
        is_same = (node, cluster) == self._node
        if self._reading or (is_same and self._clock() - self._at < wait):
            return False
        self._reading = True
        return True

    async def read(self, node: str, cluster: str) -> None:
        """Read the hour that was reserved; the history's own thread waits for the disk."""
        try:
            days = await self._history.last_hour(node, cluster)
        finally:
            self._reading = False
        self._node, self._days, self._at = (node, cluster), days, self._clock()


DAY_EVERY = 5.0
"""Seconds after which a day is read again."""

_AT_MOST = 64

Wanted = tuple[str, str, str]
"""A node, a service, and the node's cluster."""


@dataclass(frozen=True, slots=True)
class _Read:
    at: float
    day: Day | None


class DayHistory:
    """Caches the days of the services that were shown last; `clock` is monotonic."""

    def __init__(self, history: History, clock: Callable[[], float]) -> None:
        self._history = history
        self._clock = clock
        self._read: dict[Wanted, _Read] = {}
        self._reading = False

    @property
    def remark(self) -> str:
        """The history's trouble, else its remark; empty where there is neither."""
        return self._history.trouble or self._history.remark

    def known(self, wanted: Wanted) -> Day | None:
        """Return what was read last; None if nothing was."""
        read = self._read.get(wanted)
        return None if read is None else read.day

    def reserve(self, wanted: Wanted) -> bool:
        """Reserve a `read`; False while another goes on, or too soon after the last one."""
        read = self._read.get(wanted)
        if self._reading or (read is not None and self._clock() - read.at < DAY_EVERY):
            return False
        self._reading = True
        return True

    async def read(self, wanted: Wanted) -> None:
        """Read a day that was reserved; the history's own thread waits for the disk."""
        try:
            node, service, cluster = wanted
            day = await self._history.day(node, service, cluster)
        finally:
            self._reading = False
        self._read.pop(wanted, None)
        self._read[wanted] = _Read(self._clock(), day)
        while len(self._read) > _AT_MOST:
            del self._read[next(iter(self._read))]
