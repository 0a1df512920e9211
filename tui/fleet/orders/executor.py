"""Orders: checked against the node, sent once, watched until there is a verdict.

Orders belong to the fleet and not to a screen: leaving a screen does not cancel one. After one on a
node's proxy, the endpoints of databases that are back on the node are counted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING

from tui.api.errors import ApiError, LoginRefused, NotSent, WriteBlocked, gap_of
from tui.fleet.login.shared_login import LoginStopped
from tui.fleet.orders.guard import ChangedSinceSeen, check_services, check_target
from tui.fleet.orders.verdict import OrderEvidence, Patience
from tui.fleet.polling.poller import NodePoller
from tui.fleet.protocols import Journal
from tui.journal.journal_file import JournalError
from tui.model.clock import Asleep, asleep, asleep_since, awake, monotonic, sleep_text
from tui.model.context import ClusterContext, EndpointAvailability
from tui.model.dataclass import dataclass
from tui.model.node import Identity, start_times
from tui.model.order import (
    Order,
    OrderAnswer,
    OrderPhase,
    OrderProgress,
    Result,
    Route,
    Tier,
    Verb,
    Verdict,
    write_operation,
)
from tui.model.service import CLIENT_CARRIERS, Service

if TYPE_CHECKING:
    from tui.api.client import NodeReader


def databases_on(context: ClusterContext, uid: int | None) -> tuple[int, ...]:
    """Return the uids of the databases that have an endpoint on a node, as far as it is known."""
    return tuple(
        database.uid
        for database in context.databases.value or ()
        if any(uid in (endpoint.nodes or ()) for endpoint in database.endpoints or ())
    )


@dataclass(frozen=True, slots=True)
class EndpointCount:
    """How many endpoints that were on a node are back, and how many are missing.

    `elsewhere` are not on the node any more; `gap` is why others are not known, empty if none.
    """

    back: int = 0
    missing: int = 0
    elsewhere: int = 0
    gap: str = ""

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to wait for."""
        return not self.missing and not self.gap

    def __str__(self) -> str:
        """Return it as part of a verdict: `5 of 5 endpoints back`."""
        here = self.back + self.missing
        parts = [f"{self.back} of {here} endpoint{'' if here == 1 else 's'} back"] if here else []
        if self.elsewhere:
            parts.append(f"{self.elsewhere} not on this node now")
        if self.gap:
            parts.append(f"endpoints not known: {self.gap}")
        return ", ".join(parts)


async def count_endpoints(client: NodeReader, databases: Iterable[int]) -> EndpointCount:
    """Read which endpoints of a node are available (7.8 and later). Raises LoginRefused."""
    found, gap = [], ""
    for uid in databases:
        try:
            found.append(await client.endpoint_availability(uid))
        except LoginRefused:
            raise
        except ApiError as error:
            gap = gap or gap_of(error)
    back = found.count(EndpointAvailability.AVAILABLE)
    elsewhere = found.count(EndpointAvailability.NONE)
    if found and elsewhere == len(found):
        # A version without the call answers the same as a node without the endpoint.
        return EndpointCount(gap=gap or "not reported")
    return EndpointCount(back, len(found) - back - elsewhere, elsewhere, gap)


ENDED_AT_MOST = 500
"""How many orders that have ended are kept; the oldest are forgotten first."""


class NotAccepted(Exception):
    """An order or a rollout that the fleet does not accept; the text says why."""


@dataclass(slots=True, eq=False)
class _LiveOrder:
    """An order that was accepted, and what is known of it until its verdicts.

    `databases` had endpoints on the node that the order takes away for a moment. A verdict in
    `held` waits for those until `held_until` (see `awake`).
    """

    order: Order
    via: NodePoller
    target: NodePoller
    tier: Tier
    evidence: OrderEvidence
    databases: tuple[int, ...] = ()
    held: Verdict | None = None
    held_until: float = 0.0
    asleep_before: Asleep = field(default_factory=asleep)
    intended: bool = False
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class Orders:
    """Carries out orders and keeps what came of them; `on_step` is called at every step.

    One order at a time for a node.
    """

    def __init__(
        self,
        watch: Callable[[str], NodePoller],
        on_step: Callable[[OrderProgress], None],
        patience: Patience,
        journal: Journal,
    ) -> None:
        self._watch = watch
        self._journal = journal
        self._on_step = on_step
        self._patience = patience
        self.progress: dict[int, OrderProgress] = {}
        self._last = 0
        self._open: dict[int, _LiveOrder] = {}

    def open_on(self, node: str) -> Order | None:
        """Return the order that is still open on a node, if any."""
        orders = (progress.order for progress in self.open)
        return next((order for order in orders if order.target.node == node), None)

    def involves(self, node: str) -> bool:
        """Whether an order is open on a node, or goes by it."""
        orders = (progress.order for progress in self.open)
        return any(node in (order.target.node, order.route.via) for order in orders)

    @property
    def open(self) -> tuple[OrderProgress, ...]:
        """The orders that have no verdict yet."""
        return tuple(progress for progress in self.progress.values() if progress.is_open)

    async def done_with(self, watch: NodePoller) -> None:
        """Wait until no open order goes by a node or waits for what it shows."""
        for live in list(self._open.values()):
            if watch in (live.via, live.target):
                await live.ended.wait()

    def next_number(self) -> int:
        """Return the number of the next order of this session."""
        return self._last + 1

    def accept(self, order: Order, tier: Tier = Tier.NEVER) -> None:
        """Accept an order before its task has started, so that no second one slips in.

        It is bound to the nodes as they are watched now: a profile that is edited or removed
        while the order is open changes nothing for it. `tier` is what it took, for the journal.
        """
        via, target = self._watch(order.route.via), self._watch(order.target.node)
        databases: tuple[int, ...] = ()
        if order.verb is not Verb.STOP and CLIENT_CARRIERS.intersection(order.names):
            databases = databases_on(target.context, order.target.identity.uid)
        live = _LiveOrder(order, via, target, tier, OrderEvidence(order), databases)
        self._open[order.number] = live
        self._step(order, OrderPhase.CHECKING, "checking the node")

    async def carry_out(self, order: Order) -> None:
        """Check, send and watch an order that was accepted."""
        try:
            await self._carry_out(self._open[order.number])
        finally:
            self._open.pop(order.number).ended.set()

    async def _carry_out(self, live: _LiveOrder) -> None:
        try:
            async with self._journal.hold(live.order):
                await self._check_and_send(live)
        except JournalError as stopped:
            self._end_unsent(live, f"{stopped}; nothing was sent")

    async def _check_and_send(self, live: _LiveOrder) -> None:
        order = live.order
        try:
            if live.via is not live.target:
                # Before the other connection is held: no two orders wait for each other's node.
                async with live.target.hold() as target:
                    identity = await _identity(order, target)
                    services = await _services(order, target)
                    check_services(order, identity, services, target.origin)
            async with live.via.hold() as client:
                await self._check(live, client)
                await self._intend(live)
                self._step(order, OrderPhase.SENDING, "sending")
                live.evidence.sent_at = monotonic()
                live.evidence.answer = await self._send(live, client)
                live.evidence.answered_at = monotonic()
        except (ChangedSinceSeen, LoginStopped, JournalError) as stopped:
            return self._end_unsent(live, f"{stopped}; nothing was sent")
        except ApiError as error:
            return self._end_unsent(live, _unsent(error))
        except asyncio.CancelledError:
            if self.progress[order.number].phase is OrderPhase.CHECKING:
                # Else its record would make a later session look for what came of it.
                self._end_unsent(live, "interrupted; nothing was sent")
            raise
        await self._observe(live)
        return None

    async def _intend(self, live: _LiveOrder) -> None:
        """Write the order into the journal: no record, no order."""
        live.intended = True  # where the wait for the disk is interrupted, it may be written
        try:
            await self._journal.intend(live.order, live.tier, live.via.login.username)
        except JournalError:
            live.intended = False
            raise

    def _leave(self, live: _LiveOrder) -> None:
        """Record that the POST is about to leave.

        Raises ChangedSinceSeen, which keeps it from leaving, where the machine slept since the
        check: before that, the record, the login and the turn of its password were waited for.
        """
        if slept := sleep_text(live.asleep_before):
            raise ChangedSinceSeen(f"{slept} before the action was sent")
        self._journal.sent(live.order)

    async def _check(self, live: _LiveOrder, client: NodeReader) -> None:
        """Raise ChangedSinceSeen unless the node is the one meant and nothing changed meanwhile.

        The POST leaves on the connection that the checks used, and each of their answers must
        have come by it: behind a name or a balancer, another one may lead to another node.
        """
        order = live.order
        if why := live.target.wrong_node or live.via.wrong_node:
            raise ChangedSinceSeen(why)
        direct = live.via is live.target
        identity = await (_identity(order, client) if direct else client.identity())
        number = client.connections
        if order.route.path == Route.PRIMARY:
            check_target(order, await client.cluster_facts())
        if direct:
            services = await _services(order, client)
            check_services(order, identity, services, client.origin)
        if (identity.uid is not None or identity.hostname) and client.connections != number:
            raise ChangedSinceSeen(f"the connection to {order.route.url} changed during the check")

    async def _send(self, live: _LiveOrder, client: NodeReader) -> OrderAnswer:
        from tui.api.client import NodeOperator

        order, login = live.order, live.via.login
        if not isinstance(client, NodeOperator):
            raise ChangedSinceSeen(live.via.read_only or "this session is read-only")
        generation = login.generation
        answer = await client.operate(
            order.verb,
            order.names,
            path=order.route.path,
            leaving=lambda: self._leave(live),
        )
        self._journal.answered(order, answer)
        if answer.forbidden:
            login.may_write = False
        if answer.login_refused:
            login.refuse(answer.text, generation, live.via.name)
        return answer

    async def _observe(self, live: _LiveOrder) -> None:
        """Watch the node until every service has its verdict."""
        watch = live.target
        self._judge(live)
        async with watch.hurried(self._patience.interval):
            while len(live.verdicts) < len(live.order.services):
                await asyncio.sleep(self._patience.interval / 2)
                live.evidence.observe(watch)
                self._judge(live)
                if live.held is not None:
                    await self._judge_endpoints(live, live.held)
        self._step(live.order, OrderPhase.ENDED, _summary(live.verdicts.values()), live)

    def _judge(self, live: _LiveOrder) -> None:
        now, slept, usual = monotonic(), asleep_since(live.asleep_before), self._patience
        # Nothing was watched meanwhile: that time is none that the node had.
        patience = replace(
            usual, limit=usual.limit + slept, look=usual.look + slept, same=usual.same + slept
        )
        for before in live.order.services:
            if before.name not in live.verdicts:
                verdict = live.evidence.verdict(before, now, patience)
                if verdict is not None and _waits_for_endpoints(live, verdict):
                    live.held_until = live.held_until or awake() + usual.endpoints
                    live.held = verdict
                elif verdict is not None:
                    live.held = None
                    self._decide(live, verdict)
        self._step(live.order, OrderPhase.WATCHING, _watching(live), live)

    def _decide(self, live: _LiveOrder, verdict: Verdict) -> None:
        if slept := sleep_text(live.asleep_before):
            verdict = replace(verdict, text=f"{verdict.text}; {slept} while it was watched")
        live.verdicts[verdict.service] = verdict
        self._journal.judged(live.order, verdict)

    async def _judge_endpoints(self, live: _LiveOrder, held: Verdict) -> None:
        """Decide on a proxy once its endpoints are back, or have had the time to be."""
        try:
            async with live.target.hold() as client:
                count = await count_endpoints(client, live.databases)
        except ApiError as error:
            count = EndpointCount(gap=gap_of(error))
        except LoginStopped as stopped:
            count = EndpointCount(gap=str(stopped))
        if count.is_settled or awake() >= live.held_until:
            text = f"{held.text}; {count}"
            self._decide(live, replace(held, text=text, is_partial=count.missing > 0))
            live.held = None

    def _step(
        self, order: Order, phase: OrderPhase, text: str, live: _LiveOrder | None = None
    ) -> None:
        timelines = {}
        verdicts: tuple[Verdict, ...] = ()
        sent_at = seen_at = None
        if live is not None:
            verdicts = tuple(live.verdicts.values())
            timelines = live.evidence.timelines()
            sent_at, seen_at = live.evidence.sent_at, live.evidence.seen_at
        steady = self._patience.steady
        progress = OrderProgress(order, phase, text, timelines, verdicts, sent_at, steady, seen_at)
        if self.progress.get(order.number) != progress:
            self.report(progress)

    def report(self, progress: OrderProgress) -> None:
        """Store how far an order has come, and pass it on."""
        number = progress.order.number
        self.progress[number] = progress
        self._last = max(self._last, number)
        self._on_step(progress)
        ended = [number for number, kept in self.progress.items() if not kept.is_open]
        self.forget(ended[:-ENDED_AT_MOST])

    def forget(self, numbers: Iterable[int]) -> None:
        """Keep nothing more of these orders; those that are open are kept."""
        for number in numbers:
            if number in self.progress and not self.progress[number].is_open:
                del self.progress[number]

    def _end_unsent(self, live: _LiveOrder, text: str) -> None:
        order = live.order
        verdicts = tuple(Verdict(seen.name, Result.NOT_SENT, text) for seen in order.services)
        if live.intended:
            for verdict in verdicts:
                self._journal.judged(order, verdict)
        else:
            self._journal.refused(order.verb, order.target.node, order.names, text)
        self.report(OrderProgress(order, OrderPhase.ENDED, text, {}, verdicts))


async def _identity(order: Order, client: NodeReader) -> Identity:
    """Read who answers, where the operator was shown who would.

    It is read twice: a balancer that passes every request to the next node is noticed by two
    requests in a row, and never by a pair of different ones. Raises ChangedSinceSeen.
    """
    meant = order.target.identity
    if meant.uid is None and not meant.hostname:
        return Identity()
    first, second = await client.identity(), await client.identity()
    if (first.uid, first.hostname) != (second.uid, second.hostname):
        raise ChangedSinceSeen(f"several nodes answer in turn at {order.target.url}")
    return second


async def _services(order: Order, client: NodeReader) -> Sequence[Service]:
    """Read the services; twice where they are all that identifies the node. See `_identity`."""
    meant, services = order.target.identity, await client.services()
    if meant.uid is None and not meant.hostname:
        first, services = services, await client.services()
        if start_times(first) != start_times(services):
            raise ChangedSinceSeen(f"several nodes answer in turn at {order.target.url}")
    return services


def _unsent(error: ApiError) -> str:
    """Return the sentence of an order that did not leave; some errors are about just that."""
    return str(error) if isinstance(error, NotSent | WriteBlocked) else f"{error}; nothing was sent"


def _waits_for_endpoints(live: _LiveOrder, verdict: Verdict) -> bool:
    """Whether it is the verdict of a proxy that runs, whose endpoints were seen before."""
    is_proxy = verdict.service in CLIENT_CARRIERS and verdict.result is Result.VERIFIED
    return is_proxy and bool(live.databases)


def _watching(live: _LiveOrder) -> str:
    undecided = [name for name in live.order.names if name not in live.verdicts]
    if live.held is not None and undecided == [live.held.service]:
        return f"{live.held.service} runs, waiting for its endpoints"
    return f"watching {', '.join(undecided)}" if undecided else "decided"


def _summary(verdicts: Iterable[Verdict]) -> str:
    counts: dict[str, int] = {}
    for verdict in verdicts:
        counts[verdict.result.value] = counts.get(verdict.result.value, 0) + 1
    return ", ".join(
        f"{count} {word}" if len(counts) > 1 or count > 1 else word
        for word, count in counts.items()
    )


def request_text(order: Order) -> tuple[str, str]:
    """Return the request of an order, its line and its body, as they will be sent."""
    body = write_operation(order.verb, order.names).decode("ascii")
    return f"POST {order.route.url}{order.route.path}", body
