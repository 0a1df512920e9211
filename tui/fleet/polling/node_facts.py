"""What is known of a node beside its services: who it is, its role, what its cluster says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from tui.api.errors import ApiError, LoginRefused
from tui.config import NodeProfile
from tui.fleet.polling.cluster_cache import ClusterCache
from tui.fleet.polling.identity import IdentityCheck
from tui.fleet.polling.source_node import FACTS_EVERY
from tui.model.clock import monotonic
from tui.model.cluster import OptionalServices
from tui.model.context import ClusterContext
from tui.model.event import RoleChange
from tui.model.node import Identity, NodeFacts, Origin, Role
from tui.model.reading import Reading
from tui.model.service import Service

if TYPE_CHECKING:
    from tui.api.client import NodeReader

IDENTITY_EVERY = 30.0
"""Seconds after which a node that is known says again who it is."""


class NodeFactsReader:
    """Reads who a node is, and looks it up in its cluster's cache.

    `facts` are the newest known of the node that answers, `meant` is the node that is meant;
    `report` is called whenever there are new facts, with the role's change.
    """

    def __init__(
        self,
        profile: NodeProfile,
        cluster: ClusterCache,
        report: Callable[[RoleChange | None], None],
    ) -> None:
        self.facts = NodeFacts()
        self.identity_check = IdentityCheck(profile)
        self.meant = self.identity_check.meant(self.facts.identity)
        self._name = profile.name
        self._cluster = cluster
        self._report = report
        self._identity = Identity()
        self._is_retired = False
        self._asked_at = self._identified_at = 0.0
        self._last_role: tuple[int | None, Role] = (None, Role.UNKNOWN)
        self._context_version = cluster.context_version
        cluster.readers[profile.name] = self.look_up

    def identity_is_due(self) -> bool:
        """Whether it is time to read who the node is.

        That is seldom while each reading shows that it is the same: by where it came from, and by
        start times that no two nodes share.
        """
        check = self.identity_check
        is_shown = check.is_settled and not check.wrong and check.evidence.identifies
        every = IDENTITY_EVERY if is_shown and self._identity.uid is not None else FACTS_EVERY
        return monotonic() - self._asked_at >= every

    async def identify(self, reader: NodeReader) -> None:
        """Read who the node is, and report it. Raises LoginRefused.

        Where it is cancelled, what was known of it stays.
        """
        began = monotonic()
        try:
            self._identity = await reader.identity()
        except LoginRefused:
            raise
        except ApiError:
            self._identity = Identity()
        self._asked_at = self._identified_at = began
        self.identity_check.answered(self._identity)
        self.meant = self.identity_check.meant(self.facts.identity)
        if self._is_retired or not self.look_up():
            self._report(None)  # an order may wait for it to be the same node

    def cluster_is_due(self, every: float) -> bool:
        """Whether it is time to poll the node about its cluster, at a pace of `every` seconds."""
        if self._is_retired:
            return False
        is_alone = self._has_no_uid and self._cluster.own_is_due(self._name)
        return is_alone or self._cluster.has_work(self._name, every)

    async def read_cluster(
        self, reader: NodeReader, every: float, later: Callable[[], None]
    ) -> bool:
        """Read of the cluster what it is time to read, at a pace of `every` seconds.

        `later`: see `ClusterCache.refresh`. Returns whether the node answered a call. Raises
        LoginRefused.
        """
        if self.identity_check.wrong:
            self._cluster.lose(self._name)  # what another node says may be of another cluster
            return False
        answered = await self._cluster.refresh(self._name, reader, every=every, later=later)
        if self._has_no_uid:
            answered |= await self._cluster.read_own(self._name, reader)
        answered |= await self._cluster.refresh_health(self._name, reader)
        self.look_up()
        return answered

    async def read_cluster_once(
        self,
        reader: NodeReader,
        optional: OptionalServices | ApiError | None,
        *,
        until: float,
        only_kinds: bool,
    ) -> None:
        """Read what the cluster says of itself for one look; see `ClusterCache.read_once`."""
        if self.identity_check.wrong:
            return
        await self._cluster.read_once(
            self._name, reader, optional, until=until, only_kinds=only_kinds
        )
        if self._has_no_uid:
            await self._cluster.read_own(self._name, reader)
        self.look_up()

    def miss_cluster(self, reason: str) -> None:
        """Note why the node could not be polled about its cluster at all."""
        self._cluster.miss(reason)
        self.look_up()

    @property
    def cluster_key(self) -> int:
        """What nodes have in common that are looked up in the same cache."""
        return id(self._cluster)

    @property
    def context(self) -> ClusterContext:
        """What surrounds the node in its cluster."""
        return self._cluster.context

    def context_is_due(self) -> bool:
        """Whether it is time to poll the node for a part of what surrounds it."""
        if self._is_retired or self.identity_check.wrong:
            return False
        return self._cluster.context_is_due(self._name)

    async def read_context(self, reader: NodeReader) -> bool:
        """Read one part of what surrounds the node; return whether it was answered."""
        return await self._cluster.read_context(self._name, reader)

    def health_is_due(self) -> bool:
        """Whether it is time to read the health of all nodes from this one."""
        if self._is_retired or self.identity_check.wrong:
            return False
        return self._cluster.health_is_due(self._name)

    async def read_health(self, reader: NodeReader) -> None:
        """Read the health of all nodes, if it is time to. Raises LoginRefused."""
        await self._cluster.refresh_health(self._name, reader)

    def refresh_context(self) -> None:
        """Let what surrounds the node be read now."""
        self._cluster.refresh_context()

    @property
    def _has_no_uid(self) -> bool:
        return self._identified_at > 0.0 and self._identity.uid is None

    def saw(self, services: Sequence[Service], origin: Origin) -> None:
        """Compare a reading with the one before.

        If it may be of another node, what was read from it of its cluster is forgotten, and who it
        is and what its cluster says is read next.
        """
        self.identity_check.saw(services, origin)
        if self.identity_check.wrong or not self.identity_check.is_settled:
            self.hasten()
            if not self._is_retired:
                self._cluster.forget_facts_of(self._name)

    def hasten(self) -> None:
        """Read who the node is at the next reading, whenever it was read last."""
        self._asked_at = 0.0

    def vouches(self, uid: int | None, reading: Reading) -> bool:
        """Whether node `uid` said after a reading that it is the one (see `NodePoller`)."""
        at, check = reading.answered_at, self.identity_check
        if at is None or at <= check.strayed_at:
            return False
        if uid is None:
            return check.is_settled and not check.wrong
        return at <= self._identified_at and self._identity.uid == uid

    def lose(self) -> None:
        """Stop using the node as its cluster's source: it cannot be read."""
        if not self._is_retired:
            self._cluster.lose(self._name)

    def end(self) -> None:
        """Get no more facts from the cluster's cache, and add none."""
        self._is_retired = True
        self._cluster.forget(self._name)

    def look_up(self) -> bool:
        """Get from the cluster's cache what it holds of this node now; return whether it is new.

        A change of what surrounds the node is news as well.
        """
        identity = self._identity if self._identified_at else None
        before, self.facts = self.facts, self._cluster.facts_for(self._name, identity)
        version, self._context_version = self._context_version, self._cluster.context_version
        if before == self.facts and version == self._context_version:
            return False
        self.meant = self.identity_check.meant(self.facts.identity)
        self._report(self._role_change())
        return True

    def _role_change(self) -> RoleChange | None:
        """Return the change, if the node has another role than it was last known to have."""
        uid, new = self.facts.identity.uid, self.facts.identity.role
        if new is Role.UNKNOWN:
            return None
        (last_uid, old), self._last_role = self._last_role, (uid, new)
        return None if uid != last_uid or old is new else RoleChange(old, new)
