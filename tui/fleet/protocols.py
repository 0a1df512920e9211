"""What a fleet needs from outside: listener, journal and history, each with a null object."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from tui.history.day import Day
from tui.journal.unfinished import UnfinishedOrder, UnfinishedRollout
from tui.model.event import Event, Sender
from tui.model.order import Order, OrderAnswer, OrderProgress, Target, Tier, Verb, Verdict
from tui.model.reading import Reading
from tui.model.rollout import Plan, RolloutProgress, Step, StepResult


class FleetListener(Protocol):
    """Notified of every change, from the loop that runs the fleet; must not block."""

    def node_changed(self, node: str) -> None:
        """React to a new reading or new facts of a node."""
        return

    def event_happened(self, event: Event) -> None:
        """React to one event."""
        return

    def order_moved(self, progress: OrderProgress) -> None:
        """React to a step of an order."""
        return

    def rollout_moved(self, progress: RolloutProgress) -> None:
        """React to a move of a rollout."""
        return

    def rollouts_unfinished(self, rollouts: tuple[UnfinishedRollout, ...]) -> None:
        """React to rollouts of earlier sessions that ended with their process."""
        return


class NullListener(FleetListener):
    """A listener that does nothing."""


class Journal(Protocol):
    """Records what happens to orders; `tui.journal.order_journal` has the one on the disk.

    `hold`, `hold_cluster`, `intend` and `planned` raise JournalError, and then nothing may be
    sent; so does `rollout_cleared`, and nothing else.
    """

    trouble: str
    """Why the last record could not be kept; empty where it was."""

    sender: Sender
    """This process, as others name it."""

    unfinished_rollouts: tuple[UnfinishedRollout, ...]
    """Rollouts of earlier sessions that ended with their process, once it has begun."""

    async def begin(self) -> tuple[UnfinishedOrder, ...]:
        """Open the session; returns the orders of earlier ones that have no known result."""

    def end(self) -> None:
        """Close the session."""
        return

    def hold(self, order: Order) -> AbstractAsyncContextManager[None]:
        """Lock the order's node against every other process that may give an order."""

    def hold_cluster(self, plan: Plan) -> AbstractAsyncContextManager[None]:
        """Lock a plan's cluster against the rollouts of every other process."""

    def rollout_paused(self, plan: Plan, *, is_paused: bool) -> None:
        """Record for other processes whether a rollout that holds its cluster is paused."""
        return

    async def rolled_elsewhere(self, nodes: Sequence[Step | Target]) -> tuple[str, ...]:
        """Return for each node which other process goes over its cluster with a rollout.

        Empty where none does, as far as it can be found out.
        """

    async def intend(self, order: Order, tier: Tier, username: str) -> None:
        """Record an order before it is sent."""
        return

    def id_of(self, order: Order) -> str:
        """Return the id of an order of this session in the records."""

    def rollout_id_of(self, plan: Plan) -> str:
        """Return the id of a rollout of this session in the records."""

    def sent(self, order: Order) -> None:
        """Record that the POST begins to leave."""
        return

    def answered(self, order: Order, answer: OrderAnswer) -> None:
        """Record what came back."""
        return

    def judged(self, order: Order, verdict: Verdict) -> None:
        """Record the verdict for one service."""
        return

    def refused(self, verb: Verb, node: str, names: tuple[str, ...], why: str) -> None:
        """Record an order that was not sent."""
        return

    def resolved(self, id_: str, verdict: Verdict, status: str | None) -> None:
        """Record the result of an order of an earlier session."""
        return

    async def planned(self, plan: Plan, tier: Tier, username: str) -> None:
        """Record a plan before its first order is sent."""
        return

    def stepped(
        self, plan: Plan, step: Step, result: StepResult, text: str, orders: tuple[int, ...]
    ) -> None:
        """Record the result of one node's turn; `orders` are the numbers of its orders."""
        return

    def rollout_ended(self, plan: Plan, *, is_done: bool, text: str) -> None:
        """Record that a rollout ended."""
        return

    async def rollout_cleared(self, rollout: UnfinishedRollout) -> None:
        """Record that a rollout of an earlier session is not to be offered again."""
        return


class NullJournal(Journal):
    """A journal that keeps nothing: of a read-only session, and of tests."""

    trouble = ""
    sender = Sender()
    unfinished_rollouts = ()

    async def begin(self) -> tuple[UnfinishedOrder, ...]:
        """Return no orders."""
        return ()

    @asynccontextmanager
    async def hold(self, _: Order) -> AsyncIterator[None]:
        """Lock nothing."""
        yield

    @asynccontextmanager
    async def hold_cluster(self, _: Plan) -> AsyncIterator[None]:
        """Lock nothing."""
        yield

    async def rolled_elsewhere(self, nodes: Sequence[Step | Target]) -> tuple[str, ...]:
        """Return that none is known."""
        return ("",) * len(nodes)

    def id_of(self, _: Order) -> str:
        """Return an empty id: no record has it."""
        return ""

    def rollout_id_of(self, _: Plan) -> str:
        """Return an empty id: no record has it."""
        return ""


class History(Protocol):
    """Records what happened, over sessions; `tui.history.recorder` has the one on the disk.

    Nothing here raises, and only what is awaited waits for a disk.
    """

    trouble: str
    """Why nothing is kept just now; empty where it is."""

    remark: str
    """What an operator should know of it that is no trouble."""

    async def begin(self) -> Sequence[Event]:
        """Open it; returns the newest events of earlier sessions, the oldest first."""

    def end(self) -> None:
        """Close it."""
        return

    def note(self, event: Event, cluster: str) -> None:
        """Record an event."""
        return

    def reading(self, reading: Reading, cluster: str, stale_after: float = 0.0) -> None:
        """Record what is new in a reading, and that the node was watched.

        `stale_after` is the age in seconds from which it is stale.
        """
        return

    async def day(self, node: str, service: str, cluster: str) -> Day | None:
        """Return what is known of the last 24 hours of a service; None where that is nothing."""

    async def last_hour(self, node: str, cluster: str) -> Mapping[str, Day]:
        """Return what is known of the last hour of a node's services, by their names."""

    async def gaps(self) -> Sequence[Event]:
        """Return the times of the last day in which no poll was answered, the oldest first."""


class NullHistory(History):
    """A history that keeps nothing: of a single poll, and of tests."""

    trouble = ""
    remark = ""

    async def begin(self) -> Sequence[Event]:
        """Return no events."""
        return ()

    async def day(self, node: str, service: str, cluster: str) -> Day | None:
        """Return None: nothing is known."""
        return None

    async def last_hour(self, node: str, cluster: str) -> Mapping[str, Day]:
        """Return nothing: nothing is known."""
        return {}

    async def gaps(self) -> Sequence[Event]:
        """Return nothing: nothing is known."""
        return ()
