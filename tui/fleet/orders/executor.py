"""An order's life: checked against the node, sent once, watched until there is a verdict.

Orders belong to the fleet and not to a screen: leaving a screen does not cancel one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tui.api.errors import ApiError, NotSent, WriteBlocked
from tui.api.operation import write_operation
from tui.fleet.login.state import LoginStopped
from tui.fleet.orders.verdict import NodeAnswer, Observation, Patience, decide_verdict, timeline
from tui.fleet.polling.poller import NodePoller
from tui.fleet.ports import Journal, NullJournal
from tui.journal.journal_file import JournalError
from tui.model.cluster import Member
from tui.model.node import Identity, Role, same_host
from tui.model.order import (
    AnswerOutcome,
    Order,
    OrderAnswer,
    OrderPhase,
    OrderProgress,
    Result,
    Route,
    SeenService,
    Tier,
    Verdict,
)
from tui.model.reading import Reading
from tui.model.service import Service

if TYPE_CHECKING:
    from tui.api.client import NodeReader


class ChangedSinceSeen(Exception):
    """What the operator saw is not so any more; the text says what is."""


def check_services(order: Order, identity: Identity, services: Sequence[Service]) -> None:
    """Raise Changed unless the node is the one meant and its services stand as they were seen.

    `identity` is what the node says of itself; a hostname that it does not tell is not missed.
    """
    meant = order.target.identity
    where = f"answers at {order.target.url}, meant was"
    if meant.uid is not None and identity.uid != meant.uid:
        who = (
            "a node that does not tell its uid" if identity.uid is None else f"node:{identity.uid}"
        )
        raise ChangedSinceSeen(f"{who} {where} node:{meant.uid}")
    told = identity.hostname
    if meant.hostname and told and not same_host(told, meant.hostname):
        raise ChangedSinceSeen(f"{told} {where} {meant.hostname}")
    now = {service.name: service for service in services}
    for seen in order.services:
        _check(seen, now.get(seen.name))


def _check(seen: SeenService, now: Service | None) -> None:
    if now is None:
        raise ChangedSinceSeen(f"{seen.name} is not on the node any more")
    if now.status != seen.status:
        raise ChangedSinceSeen(
            f"{seen.name} changed since you looked: {seen.status} → {now.status}"
        )
    if now.started_at != seen.started_at:
        raise ChangedSinceSeen(f"{seen.name} was restarted since you looked")


def check_target(order: Order, members: Iterable[Member]) -> None:
    """Raise Changed unless the node meant is the primary, as `POST /v1/services` needs."""
    primary = next((member for member in members if member.role is Role.PRIMARY), None)
    meant = order.target.identity.uid
    if meant is None or primary is None:
        raise ChangedSinceSeen(
            "which node is primary cannot be told, and /v1/services acts on that one"
        )
    if primary.uid != meant:
        raise ChangedSinceSeen(f"node:{primary.uid} is primary now, meant was node:{meant}")


class NotAccepted(Exception):
    """An order that the fleet does not take any more; the text says why."""


@dataclass(slots=True, eq=False)
class _Life:
    """What is gathered while an order lives."""

    order: Order
    via: NodePoller
    target: NodePoller
    tier: Tier
    intended: bool = False
    sent_at: float = 0.0
    answer: OrderAnswer | None = None
    asked: float = 0.0
    seen_at: float = 0.0
    pending: list[Reading] = field(default_factory=list)
    sights: dict[str, list[Observation]] = field(default_factory=dict)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class Orders:
    """Gives orders and keeps what came of them; `told` is called at every step.

    One order at a time for a node.
    """

    def __init__(
        self,
        watch: Callable[[str], NodePoller],
        told: Callable[[OrderProgress], None],
        patience: Patience,
        journal: Journal | None = None,
    ) -> None:
        self._watch = watch
        self._journal = journal or NullJournal()
        self._told = told
        self._patience = patience
        self.progress: dict[int, OrderProgress] = {}
        self._lives: dict[int, _Life] = {}

    def open_on(self, node: str) -> Order | None:
        """Give the order that is still open on a node, if any."""
        mine = (one for one in self.progress.values() if one.is_open)
        return next((one.order for one in mine if one.order.target.node == node), None)

    @property
    def open(self) -> tuple[OrderProgress, ...]:
        """The orders that have no verdict yet."""
        return tuple(one for one in self.progress.values() if one.is_open)

    async def done_with(self, watch: NodePoller) -> None:
        """Wait until no open order goes by a node or waits for what it shows."""
        for life in list(self._lives.values()):
            if watch in (life.via, life.target):
                await life.ended.wait()

    def next_number(self) -> int:
        """Give the number of the next order of this session."""
        return max((0, *self.progress)) + 1

    def accept(self, order: Order, tier: Tier = Tier.NEVER) -> None:
        """Take an order before its task has started, so that no second one slips in.

        It is bound to the nodes as they are watched now: a profile that is edited or removed
        while the order is open changes nothing for it. `tier` is what it took, for the journal.
        """
        via, target = self._watch(order.route.via), self._watch(order.target.node)
        self._lives[order.number] = _Life(order, via, target, tier)
        self._step(order, OrderPhase.CHECKING, "checking the node")

    async def carry_out(self, order: Order) -> None:
        """Take an accepted order from the check to its verdicts."""
        try:
            await self._live(self._lives[order.number])
        finally:
            self._lives.pop(order.number).ended.set()

    async def _live(self, life: _Life) -> None:
        try:
            async with self._journal.hold(life.order):
                await self._give(life)
        except JournalError as stopped:
            self._end_unsent(life, f"{stopped}; nothing was sent")

    async def _give(self, life: _Life) -> None:
        order = life.order
        try:
            if life.via is not life.target:
                # Before the other line is held: two orders must not wait for each other's node.
                async with life.target.hold() as target:
                    identity = await _identity(order, target)
                    check_services(order, identity, await target.services())
            async with life.via.hold() as client:
                await self._check(life, client)
                await self._intend(life)
                self._step(order, OrderPhase.SENDING, "sending")
                life.sent_at = time.monotonic()
                life.answer = await self._send(life, client)
                life.asked = time.monotonic() - life.sent_at
        except (ChangedSinceSeen, LoginStopped, JournalError) as stopped:
            return self._end_unsent(life, f"{stopped}; nothing was sent")
        except ApiError as error:
            return self._end_unsent(life, _unsent(error))
        await self._observe(life)
        return None

    async def _intend(self, life: _Life) -> None:
        """See the order onto the disk: no record, no order."""
        await self._journal.intend(life.order, life.tier, life.via.login.username)
        life.intended = True

    async def _check(self, life: _Life, client: NodeReader) -> None:
        """See that the node is the one that was meant and nothing changed meanwhile.

        The POST leaves on the connection that this ends on, and each answer must have come by it:
        behind a name or a balancer, another connection may lead to another node.
        """
        order = life.order
        direct = life.via is life.target
        identity = await _identity(order, client) if direct else Identity()
        number = client.connections
        if order.route.path == Route.PRIMARY:
            check_target(order, (await client.cluster_facts()).members)
        if direct:
            check_services(order, identity, await client.services())
        if identity.uid is not None and client.connections != number:
            raise ChangedSinceSeen(f"the connection to {order.route.url} changed during the check")

    async def _send(self, life: _Life, client: NodeReader) -> OrderAnswer:
        from tui.api.client import NodeOperator

        order, login = life.order, life.via.login
        if not isinstance(client, NodeOperator):
            raise ChangedSinceSeen(life.via.read_only or "this session is read-only")
        generation = login.generation
        answer = await client.operate(
            order.verb,
            order.names,
            path=order.route.path,
            leaving=lambda: self._journal.sent(order),
        )
        self._journal.answered(order, answer)
        if answer.forbidden:
            login.may_write = False
        if answer.login_refused:
            login.refuse(answer.text, generation)
        return answer

    async def _observe(self, life: _Life) -> None:
        """Watch the node until every service has its verdict."""
        watch = life.target
        self._judge(life)
        async with watch.hurried(self._patience.interval):
            while len(life.verdicts) < len(life.order.services):
                await asyncio.sleep(self._patience.interval / 2)
                self._look(life, watch)
                self._judge(life)
        self._step(life.order, OrderPhase.ENDED, _summary(life.verdicts.values()), life)

    def _look(self, life: _Life, watch: NodePoller) -> None:
        """Take a reading as evidence if it is good, new, and was asked for after the POST left.

        It waits until the node has said once more that it is the one that was meant; where another
        one answers, all that has waited may be of that one.
        """
        reading, uid = watch.reading, life.order.target.identity.uid
        if watch.wrong_node:
            life.pending.clear()
            life.seen_at = reading.asked_at
        elif reading.is_good and reading.asked_at > max(life.sent_at, life.seen_at):
            life.seen_at = reading.asked_at
            life.pending.append(reading)
        while life.pending and watch.vouches(uid, life.pending[0]):
            self._take(life, life.pending.pop(0))

    def _take(self, life: _Life, reading: Reading) -> None:
        at = (reading.answered_at or 0.0) - life.sent_at
        for name in life.order.names:
            service = reading.find(name)
            if service is None and reading.is_cut:
                continue  # it may be among those that were left out
            sight = (
                Observation(at, None)
                if service is None
                else Observation(at, service.status, service.started_at)
            )
            life.sights.setdefault(name, []).append(sight)

    def _judge(self, life: _Life) -> None:
        now = time.monotonic() - life.sent_at
        for before in life.order.services:
            if before.name not in life.verdicts:
                verdict = decide_verdict(
                    life.order.verb,
                    before,
                    _word(life, before.name),
                    life.sights.get(before.name, []),
                    now=now,
                    patience=self._patience,
                )
                if verdict is not None:
                    life.verdicts[before.name] = verdict
                    self._journal.judged(life.order, verdict)
        self._step(life.order, OrderPhase.WATCHING, _watching(life), life)

    def _step(self, order: Order, phase: OrderPhase, text: str, life: _Life | None = None) -> None:
        timelines = {}
        verdicts: tuple[Verdict, ...] = ()
        if life is not None and life.answer is not None:
            verdicts = tuple(life.verdicts.values())
            timelines = {
                seen.name: timeline(
                    order.verb, seen, _word(life, seen.name), life.sights.get(seen.name, [])
                )
                for seen in order.services
            }
        progress = OrderProgress(order, phase, text, timelines, verdicts)
        if self.progress.get(order.number) != progress:
            self.report(progress)

    def report(self, progress: OrderProgress) -> None:
        """Keep how far an order has come, and tell."""
        self.progress[progress.order.number] = progress
        self._told(progress)

    def _end_unsent(self, life: _Life, text: str) -> None:
        order = life.order
        verdicts = tuple(Verdict(seen.name, Result.NOT_SENT, text) for seen in order.services)
        if life.intended:
            for verdict in verdicts:
                self._journal.judged(order, verdict)
        else:
            self._journal.refused(order.verb, order.target.node, order.names, text)
        self.report(OrderProgress(order, OrderPhase.ENDED, text, {}, verdicts))


async def _identity(order: Order, client: NodeReader) -> Identity:
    """Ask who answers, where the operator was told who would; a node may not say it at all."""
    meant = order.target.identity
    return await client.identity() if meant.uid is not None or meant.hostname else Identity()


def _word(life: _Life, service: str) -> NodeAnswer:
    answer = life.answer
    if answer is None or answer.outcome is AnswerOutcome.LOST:
        return NodeAnswer(None, life.asked, answer.text if answer else "")
    if answer.outcome is AnswerOutcome.REFUSED:
        return NodeAnswer(False, life.asked, answer.text)
    said = answer.results.get(service)
    text = answer.text if said is not None else "the answer did not name it"
    return NodeAnswer(said, life.asked, text)


def _unsent(error: ApiError) -> str:
    """Return the sentence of an order that did not leave; some errors are about just that."""
    return str(error) if isinstance(error, NotSent | WriteBlocked) else f"{error}; nothing was sent"


def _watching(life: _Life) -> str:
    left = [seen.name for seen in life.order.services if seen.name not in life.verdicts]
    return f"watching {', '.join(left)}" if left else "decided"


def _summary(verdicts: Iterable[Verdict]) -> str:
    counts: dict[str, int] = {}
    for verdict in verdicts:
        counts[verdict.result.value] = counts.get(verdict.result.value, 0) + 1
    return ", ".join(
        f"{count} {word}" if len(counts) > 1 or count > 1 else word
        for word, count in counts.items()
    )


def request_text(order: Order) -> tuple[str, str]:
    """Give the very request of an order: its line and its body, as they will be sent."""
    body = write_operation(order.verb, order.names).decode("ascii")
    return f"POST {order.route.url}{order.route.path}", body
