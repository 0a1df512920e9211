"""How all nodes of a cluster are, by the one call that newer versions have for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from tui.api.errors import ApiError, LoginRefused, Unavailable
from tui.model.cluster import ClusterHealth
from tui.model.node import Role

if TYPE_CHECKING:
    from tui.api.client import NodeReader

FACTS_EVERY = 5.0
"""Seconds after which the cluster is polled again, and a node that redirected the call."""

_AGAIN = 2 * FACTS_EVERY
_ABSENT = 3600.0


class ClusterHealthCache:
    """The newest `GET /v4/cluster/health` of one cluster: `said`, read at `read_at` (monotonic).

    A 404 says that the version has no such call, and it is asked again after an hour; any other
    trouble is a `gap`, in words, and what was said before grows old.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._due = 0.0
        self.said: ClusterHealth | None = None
        self.read_at = 0.0
        self.gap = ""

    @property
    def is_due(self) -> bool:
        """Whether it is time to ask."""
        return self._clock() >= self._due

    async def refresh(self, reader: NodeReader) -> None:
        """Ask. Raises LoginRefused."""
        try:
            said = await reader.cluster_health()
        except LoginRefused:
            raise
        except ApiError as error:
            self._miss(error)
        else:
            self.said, self.read_at, self.gap = said, self._clock(), ""
            self._due = self.read_at + FACTS_EVERY

    def _miss(self, error: ApiError) -> None:
        now, self.gap = self._clock(), str(error)
        absent = isinstance(error, Unavailable) and error.status == 404
        if absent:
            self.said = None
        self._due = now + (_ABSENT if absent else _AGAIN)

    def role_of(self, uid: int | None, younger_than: float) -> Role:
        """Say a node's role by this page, if that is so many seconds old at the most."""
        if self.said is None or self._clock() - self.read_at > younger_than:
            return Role.UNKNOWN
        node = self.said.node(uid)
        return Role.UNKNOWN if node is None else node.role
