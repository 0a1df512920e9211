"""What a fleet needs of others (listener, journal, history), each with one that does nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from typing import Protocol

from tui.history.day import Day
from tui.journal.unfinished_orders import UnfinishedOrder
from tui.model.event import Event
from tui.model.order import Order, OrderAnswer, OrderProgress, Tier, Verb, Verdict
from tui.model.reading import Reading
from tui.model.rollout import Plan, RolloutProgress, Step, StepResult


class FleetListener(Protocol):
    """Who wants to know; called from the loop that runs the fleet, and must not wait."""

    def node_changed(self, node: str) -> None:
        """Take note that a node has a new reading or new facts."""

    def event_happened(self, event: Event) -> None:
        """Take note of one event."""

    def order_moved(self, progress: OrderProgress) -> None:
        """Take note of an order's step."""

    def rollout_moved(self, progress: RolloutProgress) -> None:
        """Take note of a rollout's move."""


class NullListener:
    """A listener that does not listen."""

    def node_changed(self, node: str) -> None:
        """Do nothing."""

    def event_happened(self, event: Event) -> None:
        """Do nothing."""

    def order_moved(self, progress: OrderProgress) -> None:
        """Do nothing."""

    def rollout_moved(self, progress: RolloutProgress) -> None:
        """Do nothing."""


class Journal(Protocol):
    """Keeps what happens to orders; `tui.journal.order_journal` has the one on the disk.

    `hold`, `intend` and `planned` raise JournalError, and then nothing may be sent; nothing
    else raises.
    """

    trouble: str
    """Why the last record could not be kept; empty where it was."""

    async def begin(self) -> tuple[UnfinishedOrder, ...]:
        """Open the session; gives the orders of earlier ones whose end nobody saw."""

    def end(self) -> None:
        """Close the session."""

    def hold(self, order: Order) -> AbstractAsyncContextManager[None]:
        """Keep every other deck from giving the node an order."""

    async def intend(self, order: Order, tier: Tier, username: str) -> None:
        """Keep an order before it is sent."""

    def id_of(self, order: Order) -> str:
        """Give the name under which an order of this session stands in the records."""

    def sent(self, order: Order) -> None:
        """Note that the order begins to leave."""

    def answered(self, order: Order, answer: OrderAnswer) -> None:
        """Record what came back."""

    def judged(self, order: Order, verdict: Verdict) -> None:
        """Note what came of it for one service."""

    def refused(self, verb: Verb, node: str, names: tuple[str, ...], why: str) -> None:
        """Note what was wanted and not sent."""

    def resolved(
        self, id_: str, verdict: Verdict, status: str | None, started_at: datetime | None
    ) -> None:
        """Note what an order of an earlier session came to."""

    async def planned(self, plan: Plan, tier: Tier, username: str) -> None:
        """Keep a plan before its first order is sent."""

    def stepped(
        self, plan: Plan, step: Step, result: StepResult, text: str, orders: tuple[int, ...]
    ) -> None:
        """Note what came of one node's turn; `orders` are the numbers of those given for it."""


class NullJournal:
    """A journal that keeps nothing: of a read-only session, and of tests."""

    trouble = ""

    async def begin(self) -> tuple[UnfinishedOrder, ...]:
        """Know of nothing."""
        return ()

    def end(self) -> None:
        """Do nothing."""

    @asynccontextmanager
    async def hold(self, _: Order) -> AsyncIterator[None]:
        """Keep nobody from anything."""
        yield

    async def intend(self, order: Order, tier: Tier, username: str) -> None:
        """Do nothing."""

    def id_of(self, order: Order) -> str:
        """Name it by its number: nobody will look it up."""
        return str(order.number)

    def sent(self, order: Order) -> None:
        """Do nothing."""

    def answered(self, order: Order, answer: OrderAnswer) -> None:
        """Do nothing."""

    def judged(self, order: Order, verdict: Verdict) -> None:
        """Do nothing."""

    def refused(self, verb: Verb, node: str, names: tuple[str, ...], why: str) -> None:
        """Do nothing."""

    def resolved(
        self, id_: str, verdict: Verdict, status: str | None, started_at: datetime | None
    ) -> None:
        """Do nothing."""

    async def planned(self, plan: Plan, tier: Tier, username: str) -> None:
        """Do nothing."""

    def stepped(
        self, plan: Plan, step: Step, result: StepResult, text: str, orders: tuple[int, ...]
    ) -> None:
        """Do nothing."""


class History(Protocol):
    """Keeps what happened, over sessions; `tui.history.recorder` has the one on the disk.

    Nothing here raises, and only what is awaited waits for a disk.
    """

    trouble: str
    """Why nothing is kept just now; empty where it is."""

    remark: str
    """What is worth knowing of it, and no trouble."""

    async def begin(self) -> Sequence[Event]:
        """Open it; gives the newest events of earlier sessions, the oldest first."""

    def end(self) -> None:
        """Close it."""

    def note(self, event: Event, cluster: str) -> None:
        """Keep an event."""

    def reading(self, reading: Reading, cluster: str) -> None:
        """Keep what is new in a reading, and that the node was watched."""

    async def day(self, node: str, service: str, cluster: str) -> Day | None:
        """Say what is known of the last 24 hours of a service; None where that is nothing."""


class NullHistory:
    """A history that keeps nothing: of a single look, and of tests."""

    trouble = ""
    remark = ""

    async def begin(self) -> Sequence[Event]:
        """Know of nothing."""
        return ()

    def end(self) -> None:
        """Do nothing."""

    def note(self, event: Event, cluster: str) -> None:
        """Do nothing."""

    def reading(self, reading: Reading, cluster: str) -> None:
        """Do nothing."""

    async def day(self, node: str, service: str, cluster: str) -> Day | None:
        """Know of nothing."""
