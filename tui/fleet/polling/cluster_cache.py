"""What a cluster says of itself, shared by its nodes, and which node is asked for it.

A node that is not primary may redirect the cluster's calls to the primary, and a redirect is never
followed with credentials. So the nodes of one group share a cache: the primary's answer serves all,
and each node finds itself in it by the uid that it tells about itself.

    who is primary      once an interval, by one call
    the rest of it      every FACTS_EVERY seconds
    all nodes' health   every FACTS_EVERY seconds, where the version has it; any node answers
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tui.api.errors import ApiError, LoginRefused, Unavailable, Unreachable
from tui.fleet.polling.cluster_health import FACTS_EVERY, ClusterHealthCache
from tui.model.cluster import ClusterFacts, Member
from tui.model.node import Identity, NodeFacts, Role

if TYPE_CHECKING:
    from tui.api.client import NodeReader


_ONCE_A_BEAT = 0.75
_OVERDUE = 1.5
_HURRIED_NO_MORE_THAN = 1.0


class SourceNode:
    """Holds the turns of one cluster's nodes; times are monotonic, `every` is the pace in seconds.

    While nobody tells, one node a beat is asked all the same. If it points elsewhere than before,
    the primary is another one, and then all are asked at their next reading.
    """

    def __init__(self) -> None:
        self.name = ""
        self._told_at = 0.0
        self._asked_at = 0.0
        self._barred: dict[str, float] = {}
        self._sent_on: dict[str, float] = {}
        self._points: dict[str, str] = {}

    def may_tell(self, node: str, now: float, every: float) -> bool:
        """Say whether it is this node's turn."""
        if now < self._barred.get(node, 0.0):
            return False
        if self.name:
            overdue = max(every * _OVERDUE, _HURRIED_NO_MORE_THAN)
            return node == self.name or now - self._told_at > overdue
        scouts = now - self._asked_at >= every * _ONCE_A_BEAT
        return scouts or now >= self._sent_on.get(node, 0.0)

    def asks(self, now: float) -> None:
        """Note that a node is being asked."""
        self._asked_at = now

    def told(self, node: str, now: float) -> None:
        """Note that a node answered: it is the one that is asked from now on."""
        self.name, self._told_at = node, now
        self._points.pop(node, None)

    def points_to(self, node: str, location: str, now: float) -> None:
        """Note that a node sent the question elsewhere."""
        place = _place(location)
        if self._points.get(node, place) != place:
            self._sent_on.clear()
        self.lose(node)
        self._points[node] = place
        self._sent_on[node] = now + FACTS_EVERY

    def bar(self, node: str, until: float) -> None:
        """Leave a node that failed alone for a while."""
        self.lose(node)
        self._barred[node] = until

    def lose(self, node: str) -> None:
        """Note that a node tells no more; if it was the one, any other may from now on."""
        if node == self.name:
            self.name = ""
            self._sent_on.clear()

    def forget(self, node: str) -> None:
        """Forget a node that is not watched any more."""
        self.lose(node)
        for kept in (self._barred, self._sent_on, self._points):
            kept.pop(node, None)


def _place(location: str) -> str:
    """Give the host and port of a redirect; the path is that of the question."""
    try:
        return urlsplit(location).netloc.lower()
    except ValueError:
        return location


__all__ = ["FACTS_AT_MOST", "FACTS_EVERY", "ClusterCache"]

FACTS_AT_MOST = 60.0
"""Seconds after which facts that could not be read again are not believed any more."""


class ClusterCache:
    """The facts of one cluster, shared by the nodes that a configuration groups under it.

    `readers` are told, by node, when there are new facts. `clock` gives monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._facts: ClusterFacts | None = None
        self._read_at = 0.0
        self._roles_at = 0.0
        self._roles_due = 0.0
        self._roster = ClusterFacts()
        self._roster_at = 0.0
        self._source = ""
        self._gap = "the cluster has not been asked yet"
        self._asking = asyncio.Lock()
        self._teller = SourceNode()
        self._demoted: dict[str, float] = {}
        self._waiting: dict[str, Callable[[], None]] = {}
        self.readers: dict[str, Callable[[], object]] = {}
        self.health = ClusterHealthCache(clock)

    def _is_due(self, node: str, every: float) -> bool:
        now = self._clock()
        due = self._facts_are_due(now) or self._roles_are_due(now, every)
        return due and self._teller.may_tell(node, now, every)

    def _facts_are_due(self, now: float) -> bool:
        return self._facts is None or now - self._read_at >= FACTS_EVERY

    def _roles_are_due(self, now: float, every: float) -> bool:
        # Half a beat, as no beat is as long as the one before.
        return now - self._roles_at >= every / 2 and now >= self._roles_due

    async def refresh(
        self,
        node: str,
        reader: NodeReader,
        *,
        every: float = FACTS_EVERY,
        later: Callable[[], None] | None = None,
    ) -> None:
        """Ask `node` about its cluster, unless another one tells; `every` is the beat in seconds.

        Where another node is being asked just now, this one is not kept waiting: `later` is called
        if the other told nothing. Without a `later` it waits. Raises LoginRefused; every other
        trouble becomes a gap.
        """
        if not self._is_due(node, every):
            return
        if self._asking.locked() and later is not None:
            self._waiting[node] = later
            return
        async with self._asking:
            try:
                if self._is_due(node, every):
                    await self._ask(node, reader)
            finally:
                self._call_the_waiting()

    async def refresh_health(self, reader: NodeReader) -> None:
        """Ask a node how all nodes of the cluster are, if it is time to. Raises LoginRefused."""
        if self.health.is_due and not self._asking.locked():
            async with self._asking:
                await self.health.refresh(reader)

    def lose(self, node: str) -> None:
        """Note that a node cannot be asked now: if it was the one that tells, another will."""
        self._teller.lose(node)

    def forget(self, node: str) -> None:
        """Tell a node no more, and do not count on it."""
        self.readers.pop(node, None)
        self._teller.forget(node)

    def _call_the_waiting(self) -> None:
        waiting, self._waiting = self._waiting, {}
        if self._facts is None or not self._teller.name:
            for later in waiting.values():
                later()

    async def _ask(self, node: str, reader: NodeReader) -> None:
        now = self._clock()
        self._teller.asks(now)
        whole = self._facts_are_due(now)
        try:
            if whole:
                self._keep(node, await reader.cluster_facts())
            else:
                self._keep_roles(await reader.member_states())
        except LoginRefused:
            raise
        except ApiError as error:
            self._fail(node, error, whole=whole)
        else:
            self._teller.told(node, self._clock())

    def _fail(self, node: str, error: ApiError, *, whole: bool) -> None:
        now = self._clock()
        self._gap = str(error)
        if isinstance(error, Unavailable) and 300 <= error.status < 400:
            self._teller.points_to(node, error.location, now)
            self._demoted[node] = now
            self._tell()
        elif whole or isinstance(error, Unreachable):
            pause = FACTS_EVERY if isinstance(error, Unavailable) else 2 * FACTS_EVERY
            self._teller.bar(node, now + pause)
        else:
            self._roles_due = now + FACTS_EVERY

    def _keep(self, node: str, facts: ClusterFacts) -> None:
        now = self._clock()
        if any(member.role is not Role.UNKNOWN for member in facts.members):
            self._roster, self._roster_at = facts, now
        elif facts.name in ("", self._roster.name) and now - self._roster_at <= FACTS_AT_MOST:
            # Only the calls that list the nodes failed: who is who is believed a little longer.
            facts = replace(facts, members=self._roster.members or facts.members)
        self._facts, self._source, self._read_at, self._roles_at = facts, node, now, now
        self._gap = ""
        self._tell()

    def _keep_roles(self, states: tuple[Member, ...]) -> None:
        """Take who is primary now; the list of nodes is of the last whole answer."""
        facts, now = self._facts, self._clock()
        self._roles_at = now
        roles = {one.uid: one.role for one in states if one.role is not Role.UNKNOWN}
        if facts is None or not roles:
            return
        members = tuple(replace(one, role=roles.get(one.uid, one.role)) for one in facts.members)
        self._facts = replace(facts, members=members)
        self._roster, self._roster_at = replace(self._roster, members=members), now
        if members != facts.members:
            self._tell()

    def _tell(self) -> None:
        for tell in tuple(self.readers.values()):
            tell()

    @property
    def members(self) -> tuple[Member, ...]:
        """The nodes that the cluster lists; empty where that is not known now."""
        is_known = self._facts is not None and self.age() <= FACTS_AT_MOST
        return self._facts.members if self._facts is not None and is_known else ()

    def age(self) -> float:
        """Seconds since the facts were read."""
        return self._clock() - self._read_at

    def facts_for(self, node: str, identity: Identity) -> NodeFacts:
        """Say what the book holds of one node; what is not certain is left unknown."""
        facts = self._facts
        if facts is None or self.age() > FACTS_AT_MOST:
            gap = self._gap or "the cluster was last read over a minute ago"
            role = self.health.role_of(identity.uid, FACTS_AT_MOST)
            return NodeFacts(replace(identity, role=role), gaps=(gap,))
        member = facts.member(identity.uid)
        if member is None and node != self._source:
            if not facts.members:
                return NodeFacts(identity, gaps=facts.gaps or ("the cluster lists no nodes",))
            who = "does not tell its uid" if identity.uid is None else f"is node:{identity.uid}"
            gap = f"this node {who}, which the list of {self._source} does not hold"
            return NodeFacts(identity, gaps=(gap,))
        if member is not None:
            identity = replace(
                identity,
                role=self._role(node, member),
                hostname=member.hostname or identity.hostname,
                address=member.address or identity.address,
                version=member.version or identity.version,
                cluster=facts.name,
            )
        return NodeFacts(identity, facts.optional, facts.disabled, facts.gaps)

    def _role(self, node: str, member: Member) -> Role:
        """Say a member's role; one that sends the cluster's questions elsewhere is not primary."""
        by_health = self.health.role_of(member.uid, self._clock() - self._roles_at - FACTS_EVERY)
        if by_health is not Role.UNKNOWN:
            return by_health
        since = self._demoted.get(node, 0.0)
        is_demoted = member.role is Role.PRIMARY and since > self._roles_at
        return Role.UNKNOWN if is_demoted else member.role
