"""Who a node is, whether it is the one that is meant, and what its cluster says of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tui.api.errors import ApiError, LoginRefused, Unreachable
from tui.config import NodeProfile
from tui.fleet.polling.cluster_cache import ClusterCache
from tui.fleet.polling.source_node import FACTS_EVERY
from tui.model.clock import monotonic
from tui.model.cluster import Member, OptionalServices
from tui.model.context import ClusterContext
from tui.model.event import RoleChange
from tui.model.node import (
    Identity,
    NodeEvidence,
    NodeFacts,
    Origin,
    Role,
    StartsChange,
    compare_starts,
    node_time,
    same_host,
)
from tui.model.reading import Reading
from tui.model.service import Service, but_for_uptimes

if TYPE_CHECKING:
    from tui.api.client import NodeReader


REBIND = "if that one is meant, take uid and hostname out of the profile by hand"
"""What to do about a node that is not the one that its profile names."""

SETTLED_AFTER = 60.0
"""Seconds for which one node alone must answer after several did in turn."""

UNSETTLED_AT_MOST = 3
"""Readings that wait for the node to say who it is, where it does not."""

_OWN_ADDRESS = "give the profile the address of one node"


class IdentityCheck:
    """Binds a node to the uid and hostname of its profile, else to the first uid that answers.

    `is_settled` is False for a reading that may be the first of another node: one that comes from
    elsewhere, or shows most services with new start times. The next one is settled if the node has
    said meanwhile who it is. `strayed_at` is when another node last
    answered, by `clock` (seconds, monotonic). `evidence` is what the newest reading shows of who
    answered.
    """

    def __init__(self, profile: NodeProfile, clock: Callable[[], float] = monotonic) -> None:
        self._uid, self._hostname = profile.uid, profile.hostname
        self._clock = clock
        self._first: int | None = None
        self._answered: Identity | None = None
        self._wrong = ""
        self._known: list[Identity] = []
        self._last: Identity | None = None
        self.evidence = NodeEvidence()
        self._services: Sequence[Service] = ()
        self._several = ""
        self._several_until = 0.0
        self.is_settled = self._is_asked = True
        self._unsettled = 0
        self.strayed_at = 0.0

    @property
    def wrong(self) -> str:
        """Why it is not known to be the node that is meant; empty if it is, or not yet polled."""
        is_one = not self._several or self._clock() >= self._several_until
        return self._wrong if is_one else self._several

    def saw(self, services: Sequence[Service], origin: Origin) -> None:
        """Compare the services of a new reading, and where it came from, with the one before."""
        before, change = self.evidence, StartsChange.NONE
        if but_for_uptimes(services) is but_for_uptimes(self._services):
            self.evidence = NodeEvidence(origin, before.starts)
        else:
            self.evidence = NodeEvidence.of(services, origin)
            if before.starts != self.evidence.starts:
                read_at = node_time(self._services)
                change = compare_starts(before.starts, self.evidence.starts, read_at)
        is_new = change is StartsChange.MOST or bool(before.origin.difference(origin))
        if not self.is_settled:
            # Where most services restart at every reading, the next one is news all the same.
            self._unsettled += 1
            self.is_settled = self._is_asked or self._unsettled >= UNSETTLED_AT_MOST
        elif is_new:
            self.is_settled, self._is_asked, self._unsettled = False, False, 1
        self._services = services
        if change is StartsChange.BACK:
            self._alternate("the start times are not those of one node")

    def answered(self, identity: Identity) -> None:
        """Compare with what the node answered; an empty identity where it did not say who it is."""
        self._answered, self._is_asked = identity, True
        if self._first is None:
            self._first = identity.uid
        self._wrong = self._difference(identity)
        if identity.uid is not None or identity.hostname:
            self._remember(identity)
        if self.wrong:
            self.strayed_at = self._clock()

    def _remember(self, found: Identity) -> None:
        """Notice a node that answers again after another one did."""
        if self._last is None or not _is_same(self._last, found):
            if any(_is_same(known, found) for known in self._known):
                names = (_name(known) for known in self._known)
                self._alternate(", ".join(names))
            else:
                self._known.append(found)
                del self._known[:-_KNOWN_AT_MOST]
        self._last = found

    def _alternate(self, how: str) -> None:
        self._several = f"several nodes answer here in turn ({how}): {_OWN_ADDRESS}"
        self.strayed_at = self._clock()
        self._several_until = self.strayed_at + SETTLED_AFTER

    def _difference(self, found: Identity) -> str:
        who = "a node that does not report its uid" if found.uid is None else f"node:{found.uid}"
        if self._uid is not None and found.uid != self._uid:
            return f"{who} answers here, the profile is of node:{self._uid}"
        if self._hostname and found.hostname and not same_host(found.hostname, self._hostname):
            return f"{who} {found.hostname} answers here, the profile is of {self._hostname}"
        if self._first not in (None, found.uid):
            return f"{who} answers here, it was node:{self._first} before"
        return ""

    def meant(self, known: Identity) -> Identity:
        """Return the node that is meant: what the profile says of it, then what is `known`."""
        found = self._answered or Identity()
        uid = known.uid if self._uid is None else self._uid
        # The node's own word for its name, since an order's check compares with that again.
        hostname = self._hostname or found.hostname or known.hostname
        return replace(known, uid=uid, hostname=hostname)


_KNOWN_AT_MOST = 8


def _is_same(first: Identity, second: Identity) -> bool:
    """Whether two answers may be of one node; a hostname that is left out is not compared."""
    if first.uid != second.uid:
        return False
    both = bool(first.hostname and second.hostname)
    return not both or same_host(first.hostname, second.hostname)


def _name(identity: Identity) -> str:
    node = "" if identity.uid is None else f"node:{identity.uid}"
    return f"{node} {identity.hostname}".strip()


IDENTITY_EVERY = 30.0
"""Seconds after which a node that is known says again who it is."""


class NodeFactsReader:
    """Reads who a node is, and looks it up in its cluster's cache.

    `facts` are the newest known of the node that answers, `meant` is the node that is meant,
    `is_unidentified` if it did not answer when it was last asked who it is;
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
        self.is_unidentified = False
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
        except ApiError as error:
            self._identity, self.is_unidentified = Identity(), isinstance(error, Unreachable)
        else:
            self.is_unidentified = False
        self._asked_at = self._identified_at = began
        self.identity_check.answered(self._identity)
        self.meant = self.identity_check.meant(self.facts.identity)
        if self._is_retired or not self.look_up():
            self._report(None)  # an order may wait for it to be the same node

    @property
    def lacks_answer(self) -> bool:
        """Whether a call beside the services got no answer, and is worth another try soon."""
        return self.is_unidentified or self._cluster.lacks_answer(self._name)

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
    def members(self) -> tuple[Member, ...]:
        """The nodes of its cluster as that lists them; empty where they are not known."""
        return self._cluster.members

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
