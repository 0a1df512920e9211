"""What a cluster says of itself, shared by its nodes.

A node that is not primary may redirect the cluster's calls to the primary. So the nodes of one
group share a cache: the answer of the one that is asked (`tui.fleet.polling.source_node`) serves
all, and each node finds itself in it by the uid that it gives in /v1/bootstrap.

    who is primary      once an interval, by one call
    the rest of it      every FACTS_EVERY seconds
    all nodes' health   `tui.fleet.polling.cluster_health`
    what surrounds it   at a slow pace (`tui.fleet.polling.cluster_context`)

A node that does not report its uid cannot be found in that answer. So it is polled for the list of
optional services itself: what is known of it never depends on which node was the source.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from tui.api.errors import (
    NO_ANSWER,
    ApiError,
    LoginRefused,
    Unavailable,
    Unreachable,
    gap_of,
    is_redirect,
)
from tui.fleet.polling.cluster_context import CONTEXT_AFTER, ClusterContextCache, Roster
from tui.fleet.polling.cluster_health import FACTS_AT_MOST, ClusterHealthCache
from tui.fleet.polling.source_node import FACTS_EVERY, SourceNode
from tui.model.clock import monotonic
from tui.model.cluster import ClusterFacts, Member, OptionalServices
from tui.model.context import ClusterContext
from tui.model.dataclass import dataclass
from tui.model.node import (
    Identity,
    Maintenance,
    NodeFacts,
    Role,
    same_host,
)

if TYPE_CHECKING:
    from tui.api.client import NodeReader


OPTIONAL = "/v1/cluster/services_configuration"
"""The call whose answer lists the optional services."""

_NOT_POLLED = "the cluster has not been polled yet"
_NOT_IDENTIFIED = "the node has not reported its identity yet"


def _has_other_name(member: Member, identity: Identity) -> bool:
    """Whether a node reports another hostname than its cluster lists under its uid."""
    both = bool(member.hostname and identity.hostname)
    return both and not same_host(member.hostname, identity.hostname)


@dataclass(frozen=True, slots=True)
class _OwnAnswer:
    """What a node without a uid answered when it was polled for the optional services itself."""

    read_at: float
    optional: frozenset[str] | None = None
    disabled: frozenset[str] = frozenset()
    gap: str = ""


class ClusterCache:
    """The facts of one cluster, shared by the nodes that a configuration groups under it.

    `readers` are called, by node, when there are new facts or a new context. `clock` gives
    monotonic seconds. `context_after` is how many seconds after the first answer the context is
    read first.
    """

    def __init__(
        self,
        clock: Callable[[], float] = monotonic,
        *,
        context_after: float = CONTEXT_AFTER,
    ) -> None:
        self._clock = clock
        self._facts: ClusterFacts | None = None
        self._read_at = 0.0
        self._roles_at = 0.0
        self._roles_due = 0.0
        self._roster = ClusterFacts()
        self._roster_at = 0.0
        self._source = ""
        self._gap = ""
        self._asking = asyncio.Lock()
        self._source_node = SourceNode()
        self._demoted: dict[str, float] = {}
        self._unanswered: set[str] = set()
        self._waiting: dict[str, Callable[[], None]] = {}
        self._own: dict[str, _OwnAnswer] = {}
        self._forgotten: dict[str, int] = {}
        self.readers: dict[str, Callable[[], object]] = {}
        self.health = ClusterHealthCache(clock)
        self._health_source = ""
        self._surroundings = ClusterContextCache(clock, after=context_after)
        self._surroundings_source = ""
        self._short_gap = ""

    @property
    def context(self) -> ClusterContext:
        """What surrounds the nodes, as far as it is known."""
        return self._surroundings.context

    @property
    def context_version(self) -> int:
        """How often a value or a reason of the context changed."""
        return self._surroundings.version

    def has_work(self, node: str, every: float) -> bool:
        """Whether it is time to poll this node for anything of its cluster."""
        return self._is_due(node, every) or self.health_is_due(node)

    def lacks_answer(self, node: str) -> bool:
        """Whether a call to this node for the facts or the health of its cluster got no answer."""
        is_source_of_health = node == self._health_source
        return node in self._unanswered or (is_source_of_health and self.health.lacks_answer)

    def health_is_due(self, node: str) -> bool:
        """Whether to ask this node: any may answer, until one sends the call elsewhere.

        Nodes that are polled at one moment find it due together, and one of them is enough.
        """
        is_another = self.health.is_redirected and self._source_node.name not in ("", node)
        return self.health.is_due and not is_another and not self._asking.locked()

    def _is_due(self, node: str, every: float) -> bool:
        now = self._clock()
        due = self._facts_are_due(now) or self._roles_are_due(now, every)
        return due and self._source_node.may_ask(node, now, every)

    def _facts_are_due(self, now: float) -> bool:
        return self._facts is None or now - self._read_at >= FACTS_EVERY

    def _roles_are_due(self, now: float, every: float) -> bool:
        # Half an interval, as no interval is exactly as long as the one before.
        return now - self._roles_at >= every / 2 and now >= self._roles_due

    async def refresh(
        self,
        node: str,
        reader: NodeReader,
        *,
        every: float = FACTS_EVERY,
        later: Callable[[], None] = lambda: None,
    ) -> bool:
        """Ask `node` about its cluster, unless another is the source; `every` is the interval.

        Where another node is being asked just now, this one is not kept waiting: `later` is called
        if the other did not answer. Returns whether the node answered. Raises LoginRefused; every
        other trouble becomes a gap.
        """
        if not self._is_due(node, every):
            return False
        if self._asking.locked():
            self._waiting[node] = later
            return False
        async with self._asking:
            try:
                whole = self._facts_are_due(self._clock())
                read = reader.cluster_facts if whole else reader.member_states
                return await self._ask(node, read, whole=whole)
            finally:
                self._call_the_waiting()

    async def read_once(
        self,
        node: str,
        reader: NodeReader,
        optional: OptionalServices | ApiError | None,
        *,
        until: float,
        only_kinds: bool,
    ) -> None:
        """Poll `node` about its cluster once, unless another has reported the optional services.

        `optional` is what it answered when it was polled for those, None where it was not. No call
        begins after `until` (monotonic); `only_kinds` leaves out what the kinds of services do not
        depend on. Raises LoginRefused; every other trouble becomes a gap.
        """
        async with self._asking:
            if self._facts is None or self._facts.optional is None:
                read = partial(reader.cluster_facts, optional, until=until, only_kinds=only_kinds)
                await self._ask(node, read, whole=True)

    def miss(self, reason: str) -> None:
        """Keep why the cluster could not be polled, unless it was before."""
        if self._facts is None:
            self._gap = reason

    def own_is_due(self, node: str) -> bool:
        """Whether it is time to ask a node that does not report its uid what is optional."""
        own = self._own.get(node)
        return own is None or self._clock() - own.read_at >= FACTS_EVERY

    async def read_own(self, node: str, reader: NodeReader) -> bool:
        """Ask a node that does not report its uid what is optional, if it is time to.

        Returns whether it answered. Raises LoginRefused; every other trouble becomes a gap.
        """
        if not self.own_is_due(node):
            return False
        forgotten = self._forgotten.get(node)
        try:
            optional, disabled = await reader.optional_services()
        except LoginRefused:
            raise
        except ApiError as error:
            self._own[node] = _OwnAnswer(self._clock(), gap=str(error))
            return False
        if self._forgotten.get(node) != forgotten:
            return False  # it may be another node's answer
        self._own[node] = _OwnAnswer(self._clock(), optional, disabled)
        return True

    async def refresh_health(self, node: str, reader: NodeReader) -> bool:
        """Read the health of all nodes from one, if it is time to; return whether it answered.

        Raises LoginRefused.
        """
        if not self.health_is_due(node):
            return False
        async with self._asking:
            forgotten, self._health_source = self._forgotten.get(node), node
            try:
                answered = await self.health.refresh(reader)
            finally:
                self._call_the_waiting()
        if self._forgotten.get(node) != forgotten:
            self.health.forget()  # it may be another node's answer
        self._surroundings.put_together(self.health.reading, self._reported_nodes())
        self._call_readers()
        return answered

    def context_is_due(self, node: str) -> bool:
        """Whether it is time to ask this node for a part of the context: the source alone is."""
        is_source = node == self._source_node.name
        return is_source and self._surroundings.next_call(self.health.reading) is not None

    def refresh_context(self) -> None:
        """Let all parts of the context be read now, but for those that were refused lately."""
        self._surroundings.refresh()
        self.health.hasten()

    async def read_context(self, node: str, reader: NodeReader) -> bool:
        """Ask `node` for the part of the context that is due longest; return whether it answered.

        Every trouble becomes a gap of that part, a refused login too.
        """
        call = self._surroundings.next_call(self.health.reading)
        if call is None:
            return False
        forgotten, self._surroundings_source = self._forgotten.get(node), node
        answer = await self._surroundings.read(call, reader)
        if self._forgotten.get(node) != forgotten:
            return False  # it may be another node's answer
        self._surroundings.keep(answer)
        self._renew_context()
        return answer.error is None

    def _reported_nodes(self) -> Roster:
        members = self._facts.members if self._facts is not None else ()
        return Roster(members, self._short_gap, self._roles_at)

    def _renew_context(self) -> None:
        """Put the context together anew, and call the readers if a part of it changed."""
        if self._surroundings.put_together(self.health.reading, self._reported_nodes()):
            self._call_readers()

    def lose(self, node: str) -> None:
        """Drop a node that cannot be asked now: if it was the source, another will be."""
        if node == self._source_node.name:
            self._lose_source(NO_ANSWER)
        self._source_node.lose(node)

    def forget(self, node: str) -> None:
        """Call a node's reader no more, do not ask it, and forget what it reported.

        Its address, or the node behind it, may be another from now on.
        """
        self.readers.pop(node, None)
        self._waiting.pop(node, None)
        self._demoted.pop(node, None)
        self._unanswered.discard(node)
        self._source_node.forget(node)
        self.health.forget()
        self.forget_facts_of(node)

    def forget_facts_of(self, node: str) -> None:
        """Forget what was read from a node of its cluster, and what it is being asked now."""
        self._forgotten[node] = self._forgotten.get(node, 0) + 1
        own = self._own.pop(node, None)
        if node == self._health_source:
            self.health.forget()
        if node == self._surroundings_source:
            self._surroundings.forget()
        if node == self._source:
            self._facts, self._source, self._gap = None, "", ""
            self._roster, self._roster_at, self._roles_due = ClusterFacts(), 0.0, 0.0
            self._short_gap = ""
            self._call_readers()
        elif own is not None:
            self._call_readers()
        self._renew_context()

    def _call_the_waiting(self) -> None:
        waiting, self._waiting = self._waiting, {}
        if self._facts is None or not self._source_node.name:
            for later in waiting.values():
                later()

    async def _ask(
        self,
        node: str,
        read: Callable[[], Awaitable[ClusterFacts | tuple[Member, ...]]],
        *,
        whole: bool,
    ) -> bool:
        self._source_node.begin(self._clock())
        forgotten = self._forgotten.get(node)
        try:
            answer = await read()
        except LoginRefused:
            raise
        except ApiError as error:
            if self._forgotten.get(node) == forgotten:
                self._fail(node, error, whole=whole)
            return False
        if self._forgotten.get(node) != forgotten:
            return False  # it may be another node's answer
        self._unanswered.clear()
        if isinstance(answer, ClusterFacts):
            self._unanswered.update({node} if answer.lacks_answer else ())
            self._keep(node, answer)
        else:
            self._keep_roles(answer)
        is_new_source = node != self._source_node.name
        self._source_node.answered(node, self._clock())
        if is_new_source:
            self._surroundings.begin()
        if whole or is_new_source:
            self._short_gap = ""
            self._renew_context()
        return True

    def _fail(self, node: str, error: ApiError, *, whole: bool) -> None:
        now = self._clock()
        self._gap = str(error)
        if isinstance(error, Unreachable):
            self._unanswered.add(node)
        else:
            self._unanswered.discard(node)
        if isinstance(error, Unavailable) and is_redirect(error):
            self._source_node.redirected(node, error.location, now)
            self._demoted[node] = now
            self._call_readers()
        elif whole or isinstance(error, Unreachable):
            pause = FACTS_EVERY if isinstance(error, Unavailable) else 2 * FACTS_EVERY
            self._source_node.failed(node, now + pause)
        else:
            self._roles_due = now + FACTS_EVERY
        if not self._source_node.name:
            self._lose_source(gap_of(error))

    def _lose_source(self, gap: str) -> None:
        self._short_gap = gap
        self._surroundings.lose_source(gap)
        self._renew_context()

    def _keep(self, node: str, facts: ClusterFacts) -> None:
        now = self._clock()
        if any(member.role is not Role.UNKNOWN for member in facts.members):
            self._roster, self._roster_at = facts, now
        elif facts.name in ("", self._roster.name) and now - self._roster_at <= FACTS_AT_MOST:
            # Only the calls that list the nodes failed: who is who is believed a little longer.
            facts = replace(facts, members=self._roster.members or facts.members)
        self._facts, self._source, self._read_at, self._roles_at = facts, node, now, now
        self._gap = ""
        self._call_readers()

    def _keep_roles(self, states: tuple[Member, ...]) -> None:
        """Keep who is primary now; the list of nodes is of the last whole answer."""
        facts, now = self._facts, self._clock()
        self._roles_at = now
        known = {one.uid: one for one in states if one.role is not Role.UNKNOWN}
        if facts is None or not known:
            return
        members = tuple(
            replace(
                one,
                role=known[one.uid].role,
                maintenance=known[one.uid].maintenance,
                primary_shards=known[one.uid].primary_shards,
                replica_shards=known[one.uid].replica_shards,
            )
            if one.uid in known
            else one
            for one in facts.members
        )
        self._facts = replace(facts, members=members)
        self._roster, self._roster_at = replace(self._roster, members=members), now
        if members != facts.members:
            self._call_readers()
            self._renew_context()

    def _call_readers(self) -> None:
        for call in tuple(self.readers.values()):
            call()

    @property
    def members(self) -> tuple[Member, ...]:
        """The nodes that the cluster lists; empty where that is not known now."""
        is_known = self._facts is not None and self.age() <= FACTS_AT_MOST
        return self._facts.members if self._facts is not None and is_known else ()

    def age(self) -> float:
        """Seconds since the facts were read."""
        return self._clock() - self._read_at

    def facts_for(self, node: str, reported: Identity | None) -> NodeFacts:
        """Return what is known of one node; what is not certain is left unknown.

        `reported` is who it is by its own word, None before it was asked.
        """
        identity = reported or Identity()
        facts, uid = self._reported_facts(node, identity), identity.uid
        if reported is None and facts.kinds_gap and self._facts is not None:
            facts = replace(facts, gaps=(_NOT_IDENTIFIED,), kinds_gap=_NOT_IDENTIFIED)
        maintenance = facts.maintenance
        if maintenance is None and self.health.is_in_maintenance(uid):
            maintenance = Maintenance()
        return replace(facts, maintenance=maintenance, health=self.health.observed(uid))

    def _reported_facts(self, node: str, identity: Identity) -> NodeFacts:
        if identity.uid is None and (own := self._own.get(node)) is not None:
            return self._own_facts(identity, own)
        facts = self._facts
        if facts is None or self.age() > FACTS_AT_MOST:
            identity = replace(identity, role=self.health.role_of(identity.uid, FACTS_AT_MOST))
            if facts is None and not self._gap:
                return NodeFacts(identity, gaps=(_NOT_POLLED,))
            gap = self._gap or "the cluster was last read over a minute ago"
            return NodeFacts(identity, gaps=(gap,), kinds_gap=gap)
        gaps = tuple(f"{path}: {reason}" for path, reason in facts.gaps.items())
        member = facts.member(identity.uid)
        if member is None and (node != self._source or identity.uid is None):
            if not facts.members:
                gaps = gaps or ("the cluster lists no nodes",)
                return NodeFacts(identity, gaps=gaps, kinds_gap="; ".join(gaps))
            who = "does not report its uid" if identity.uid is None else f"is node:{identity.uid}"
            gap = f"this node {who}, which the list of {self._source} does not hold"
            return NodeFacts(identity, gaps=(gap,), kinds_gap=gap)
        if member is not None and _has_other_name(member, identity):
            listed = f"the list of {self._source} holds node:{member.uid} {member.hostname}"
            gap = f"this node is {identity.hostname}, {listed}"
            return NodeFacts(identity, gaps=(gap,), kinds_gap=gap)
        if member is not None:
            identity = replace(
                identity,
                role=self._role(node, member),
                hostname=member.hostname or identity.hostname,
                address=member.address or identity.address,
                version=member.version or identity.version,
                cluster=facts.name,
            )
        kinds_gap = "" if facts.optional is not None else facts.gaps.get(OPTIONAL, "")
        maintenance = None if member is None else member.maintenance
        return NodeFacts(
            identity, facts.optional, facts.disabled, gaps, kinds_gap, maintenance=maintenance
        )

    def _own_facts(self, identity: Identity, own: _OwnAnswer) -> NodeFacts:
        if own.optional is None or self._clock() - own.read_at > FACTS_AT_MOST:
            gap = f"this node does not report its uid, and {own.gap or 'its answer is old'}"
            return NodeFacts(identity, gaps=(gap,), kinds_gap=gap)
        gap = "this node does not report its uid, so its role is unknown"
        return NodeFacts(identity, own.optional, own.disabled, (gap,))

    def _role(self, node: str, member: Member) -> Role:
        """Return a member's role; one that redirects the cluster's calls is not primary."""
        by_health = self.health.role_of(member.uid, self._clock() - self._roles_at - FACTS_EVERY)
        if by_health is not Role.UNKNOWN:
            return by_health
        since = self._demoted.get(node, 0.0)
        is_demoted = member.role is Role.PRIMARY and since > self._roles_at
        return Role.UNKNOWN if is_demoted else member.role
