"""The last hour of a node's services, read from the history for the strips of the table."""

from collections.abc import Callable, Mapping

from tui.fleet.protocols import History
from tui.history.day import Day

EVERY = 60.0
"""Seconds after which the hour is read again: a strip has one cell a minute."""

SOON = 5.0
"""Seconds between two readings where something happened meanwhile, or nothing is known yet."""


class LastHour:
    """Caches the last hour of the node that is shown; `clock` is monotonic."""

    def __init__(self, history: History, clock: Callable[[], float]) -> None:
        self._history = history
        self._clock = clock
        self._node = ("", "")
        self._days: Mapping[str, Day] = {}
        self._at = -EVERY
        self._reading = False
        self._is_old = False

    def known(self, node: str, cluster: str) -> Mapping[str, Day]:
        """Return what was read last of a node, by service."""
        return self._days if (node, cluster) == self._node else {}

    def note(self, node: str) -> None:
        """Note that something happened on a node."""
        self._is_old = self._is_old or node == self._node[0]

    def reserve(self, node: str, cluster: str) -> bool:
        """Reserve a `read`; False while another goes on, or too soon after the last one."""
        wait = SOON if self._is_old or not self._days else EVERY
        is_same = (node, cluster) == self._node
        if self._reading or (is_same and self._clock() - self._at < wait):
            return False
        self._reading = True
        return True

    async def read(self, node: str, cluster: str) -> None:
        """Read the hour that was reserved; the history's own thread waits for the disk."""
        self._is_old = False
        try:
            days = await self._history.last_hour(node, cluster)
        finally:
            self._reading = False
        self._node, self._days, self._at = (node, cluster), days, self._clock()
