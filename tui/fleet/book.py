"""What a cluster says of itself, read from whichever of its nodes will tell.

A node that is not primary may redirect the cluster's calls to the primary, and a redirect is never
followed with credentials. So the nodes of one group share a book: the primary's answer serves all,
and each node finds itself in it by the uid that it tells about itself.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from tui.api.errors import ApiError, LoginRefused, Unavailable
from tui.model.node import ClusterFacts, Identity, NodeFacts, Role

if TYPE_CHECKING:
    from tui.api.client import NodeReader

FACTS_EVERY = 5.0
"""Seconds after which the cluster is asked again."""

FACTS_AT_MOST = 60.0
"""Seconds after which facts that could not be read again are not believed any more."""


class ClusterBook:
    """The facts of one cluster, shared by the nodes that a configuration groups under it.

    `readers` are told, by node, when there are new facts. `clock` gives monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._facts: ClusterFacts | None = None
        self._read_at = 0.0
        self._roster = ClusterFacts()
        self._roster_at = 0.0
        self._source = ""
        self._gap = "the cluster has not been asked yet"
        self._reading = asyncio.Lock()
        self._next: dict[str, float] = {}
        self._waiting: dict[str, Callable[[], None]] = {}
        self.readers: dict[str, Callable[[], object]] = {}

    def _is_due(self, node: str, now: float) -> bool:
        fresh = self._facts is not None and now - self._read_at < FACTS_EVERY
        return not fresh and now >= self._next.get(node, 0.0)

    async def refresh(
        self, node: str, reader: NodeReader, *, later: Callable[[], None] | None = None
    ) -> None:
        """Ask `node` about its cluster, unless somebody answered lately.

        Where another node is being asked just now, this one is not kept waiting: `later` is called
        if the other knew nothing. Without a `later` it waits. Raises LoginRefused; every other
        trouble becomes a gap.
        """
        if not self._is_due(node, self._clock()):
            return
        if self._reading.locked() and later is not None:
            self._waiting[node] = later
            return
        async with self._reading:
            try:
                if self._is_due(node, self._clock()):
                    await self._ask(node, reader)
            finally:
                self._call_the_waiting()

    def _call_the_waiting(self) -> None:
        waiting, self._waiting = self._waiting, {}
        if self._facts is None:
            for later in waiting.values():
                later()

    async def _ask(self, node: str, reader: NodeReader) -> None:
        try:
            facts = await reader.cluster_facts()
        except LoginRefused:
            raise
        except Unavailable as error:
            self._next[node] = self._clock() + FACTS_EVERY
            self._gap = str(error)
        except ApiError as error:
            self._next[node] = self._clock() + 2 * FACTS_EVERY
            self._gap = str(error)
        else:
            self._keep(node, facts)

    def _keep(self, node: str, facts: ClusterFacts) -> None:
        now = self._clock()
        if any(member.role is not Role.UNKNOWN for member in facts.members):
            self._roster, self._roster_at = facts, now
        elif facts.name in ("", self._roster.name) and now - self._roster_at <= FACTS_AT_MOST:
            # Only the calls that list the nodes failed: who is who is believed a little longer.
            facts = replace(facts, members=self._roster.members or facts.members)
        self._facts, self._source, self._read_at = facts, node, now
        self._gap = ""
        for tell in tuple(self.readers.values()):
            tell()

    def age(self) -> float:
        """Seconds since the facts were read."""
        return self._clock() - self._read_at

    def facts_for(self, node: str, identity: Identity) -> NodeFacts:
        """Say what the book holds of one node; what is not certain is left unknown."""
        facts = self._facts
        if facts is None or self.age() > FACTS_AT_MOST:
            gap = self._gap or f"the cluster was last read {self.age():.0f} s ago"
            return NodeFacts(replace(identity, role=Role.UNKNOWN), gaps=(gap,))
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
                role=member.role,
                hostname=member.hostname or identity.hostname,
                address=member.address or identity.address,
                version=member.version or identity.version,
                cluster=facts.name,
            )
        return NodeFacts(identity, facts.optional, facts.disabled, facts.gaps)
