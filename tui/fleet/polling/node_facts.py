"""What is known of a node beside its services: who it is, its role, what its cluster says."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from tui.api.errors import ApiError, LoginRefused
from tui.config import NodeProfile
from tui.fleet.polling.cluster_cache import FACTS_EVERY, ClusterCache
from tui.fleet.polling.identity import IdentityCheck
from tui.model.event import RoleChange
from tui.model.node import Identity, NodeFacts, Role
from tui.model.reading import Reading

if TYPE_CHECKING:
    from tui.api.client import NodeReader


class NodeFactsReader:
    """Asks a node about itself every FACTS_EVERY seconds, and looks its cluster up in the book.

    `facts` are the newest known; `told` is called with the events whenever there is news.
    """

    def __init__(
        self, profile: NodeProfile, book: ClusterCache, told: Callable[[RoleChange | None], None]
    ) -> None:
        self.facts = NodeFacts()
        self.bond = IdentityCheck(profile)
        self._name = profile.name
        self._book = book
        self._told = told
        self._identity = Identity()
        self._asked_at = self._identified_at = self._strayed_at = 0.0
        self._last_role: tuple[int | None, Role] = (None, Role.UNKNOWN)
        book.readers[profile.name] = self.look_up

    async def learn(
        self,
        reader: NodeReader,
        every: float,
        later: Callable[[], None] | None,
        *,
        hurried: bool = False,
    ) -> None:
        """Ask what it is time to ask, at a pace of `every` seconds; `hurried`, who it is as well.

        Without a `later` (see `ClusterCache.refresh`) it is for one look only, and the other
        nodes' health is not asked for. Raises LoginRefused.
        """
        now = time.monotonic()
        asks = hurried or now - self._asked_at >= FACTS_EVERY
        if asks:
            self._asked_at = now
            await self._identify(reader)
            self._identified_at = now
        said = self._book.health.said
        if self.bond.wrong:
            self._book.lose(self._name)  # what another node says may be of another cluster
        else:
            await self._book.refresh(self._name, reader, every=every, later=later)
            if later is not None:
                await self._book.refresh_health(reader)
        if not self.look_up() and (asks or self._book.health.said is not said):
            self._told(None)  # who waits for it to be the same node goes on

    def hasten(self) -> None:
        """Ask the node who it is at the next reading, whenever it was asked last."""
        self._asked_at = 0.0

    def vouches(self, uid: int | None, reading: Reading) -> bool:
        """Say whether node `uid` said after a reading that it is the one (see `NodeWatch`)."""
        at = reading.answered_at
        if uid is None or at is None:
            return uid is None
        return self._strayed_at < at <= self._identified_at and self._identity.uid == uid

    def lose(self) -> None:
        """Count on the node no more to tell of its cluster: it cannot be read."""
        self._book.lose(self._name)

    def end(self) -> None:
        """Take no more news from the cluster's book."""
        self._book.forget(self._name)

    async def _identify(self, reader: NodeReader) -> None:
        try:
            self._identity = await reader.identity()
        except LoginRefused:
            raise
        except ApiError:
            self._identity = Identity()
        self.bond.hear(self._identity)
        if self.bond.wrong:
            self._strayed_at = time.monotonic()

    def look_up(self) -> bool:
        """Take from the cluster's book what it says of this node now; tell whether it is new."""
        before, self.facts = self.facts, self._book.facts_for(self._name, self._identity)
        if before == self.facts:
            return False
        self._told(self._role_change())
        return True

    def _role_change(self) -> RoleChange | None:
        """Return the change, if the node has another role than it was last known to have."""
        uid, new = self.facts.identity.uid, self.facts.identity.role
        if new is Role.UNKNOWN:
            return None
        (last_uid, old), self._last_role = self._last_role, (uid, new)
        return None if uid != last_uid or old is new else RoleChange(old, new)
