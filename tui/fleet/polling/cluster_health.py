"""The health of all nodes of a cluster, as one of them reports it: `GET /v4/cluster/health`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from tui.api.errors import (
    ApiError,
    Forbidden,
    LoginRefused,
    Unavailable,
    Unreachable,
    gap_of,
    is_redirect,
)
from tui.fleet.polling.cluster_context import CONTEXT_EVERY, REFUSED_FOR, HealthReading
from tui.fleet.polling.source_node import FACTS_EVERY
from tui.model.clock import monotonic
from tui.model.cluster import ClusterHealth, MemberHealth
from tui.model.node import ObservedHealth, Role

if TYPE_CHECKING:
    from tui.api.client import NodeReader


FACTS_AT_MOST = 60.0
"""Seconds after which what could not be read again is not believed any more."""

_AGAIN = 2 * FACTS_EVERY
_ABSENT = 3600.0


class ClusterHealthCache:
    """The `newest` `GET /v4/cluster/health` of one cluster, read at `read_at` (monotonic).

    A 404 means that the version has no such call, and it is tried again after an hour, a 403 after
    REFUSED_FOR seconds; any other trouble is a `gap`, in words, and the newest grows old.
    `is_redirected` if the last node that was asked is not one that answers it, `lacks_answer` if
    nothing came back from it. What surrounds the
    nodes is read out of every answer after CONTEXT_EVERY seconds alone, as it may be long.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._due = 0.0
        self.newest: ClusterHealth | None = None
        self.read_at = 0.0
        self.gap = ""
        self.is_redirected = self.lacks_answer = False
        self._short_gap = ""
        self._whole_at = self._whole_due = 0.0
        self._latest_on: datetime | None = None
        self._latest_at = 0.0

    def forget(self) -> None:
        """Forget the newest answer; it is read again at once."""
        self.newest, self.read_at, self._due, self.gap = None, 0.0, 0.0, ""
        self._latest_on, self._short_gap = None, ""
        self.is_redirected = self.lacks_answer = False
        self._whole_at = self._whole_due = 0.0

    def hasten(self) -> None:
        """Read all of it next, and now, unless the version has no such call or it was refused."""
        self._whole_due = 0.0
        if self.newest is not None:
            self._due = 0.0

    @property
    def reading(self) -> HealthReading:
        """The newest answer, as what surrounds the nodes is put together from."""
        is_old = self._clock() - self.read_at > FACTS_AT_MOST
        return HealthReading(self.newest, self._short_gap, self.read_at, self._whole_at, is_old)

    @property
    def is_due(self) -> bool:
        """Whether it is time to read it."""
        return self._clock() >= self._due

    async def refresh(self, reader: NodeReader) -> bool:
        """Read it, and return whether it was answered. Raises LoginRefused."""
        before, is_whole = self.newest, self.newest is None or self._clock() >= self._whole_due
        try:
            newest = await reader.cluster_health(whole=is_whole)
        except LoginRefused:
            raise
        except ApiError as error:
            self._miss(error)
            return False
        if is_whole or before is None:
            self._whole_at = self._clock()
            self._whole_due = self._whole_at + CONTEXT_EVERY
        else:
            newest = newest.with_surroundings_of(before)
        self.newest, self.read_at, self.gap = newest, self._clock(), ""
        self._short_gap, self.is_redirected, self.lacks_answer = "", False, False
        self._due = self.read_at + FACTS_EVERY
        observed = [node.observed_on for node in newest.nodes if node.observed_on is not None]
        latest = max(observed, default=None)
        if latest != self._latest_on:
            self._latest_on, self._latest_at = latest, self.read_at
        return True

    def seen_at(self, node: MemberHealth) -> float:
        """Return when the cluster observed a node, by this machine's monotonic clock.

        The cluster's clock may be off, so its times are compared with each other alone: the latest
        of them counts from the answer on that first had it. Where the cluster names no time, it is
        when it was read.
        """
        if node.observed_on is None or self._latest_on is None:
            return self.read_at
        return self._latest_at - (self._latest_on - node.observed_on).total_seconds()

    def observed(self, uid: int | None) -> ObservedHealth | None:
        """Return what the newest answer reports of a node; None where it is too old for that."""
        node = self._recent_node(uid, FACTS_AT_MOST)
        if node is None:
            return None
        return ObservedHealth(node.status, node.detail, self.seen_at(node))

    def is_in_maintenance(self, uid: int | None) -> bool:
        """Whether the newest answer reports maintenance of a node."""
        node = self._recent_node(uid, FACTS_AT_MOST)
        return node is not None and node.in_maintenance

    def _recent_node(self, uid: int | None, younger_than: float) -> MemberHealth | None:
        if self.newest is None or self._clock() - self.read_at > younger_than:
            return None
        return self.newest.node(uid)

    def _miss(self, error: ApiError) -> None:
        now, self.gap, self._short_gap = self._clock(), str(error), gap_of(error)
        self.is_redirected, self.lacks_answer = is_redirect(error), isinstance(error, Unreachable)
        pause = REFUSED_FOR if isinstance(error, Forbidden) else _AGAIN
        if isinstance(error, Unavailable) and error.status == 404:
            self.newest, pause = None, _ABSENT
        self._due = now + pause

    def role_of(self, uid: int | None, younger_than: float) -> Role:
        """Return a node's role by the newest answer, if that is so many seconds old at most."""
        node = self._recent_node(uid, younger_than)
        return Role.UNKNOWN if node is None else node.role
