"""Polling that begins before anything listens: connections open while the window is imported."""

import asyncio
from collections.abc import Callable
from contextvars import Context, copy_context

from tui.fleet.fleet import Fleet
from tui.fleet.protocols import FleetListener
from tui.journal.unfinished import UnfinishedRollout
from tui.model.event import Event
from tui.model.order import OrderProgress
from tui.model.rollout import RolloutProgress


class EarlyPolling(FleetListener):
    """Runs a fleet from now on, and holds its news until `hand_over`. Made in a running loop."""

    def __init__(self, fleet: Fleet) -> None:
        fleet.listener = self
        self._held: list[Callable[[FleetListener], None]] = []
        self._listener: FleetListener | None = None
        self._context = Context()
        self._task = asyncio.create_task(fleet.run(), name="fleet")

    async def hand_over(self, listener: FleetListener) -> None:
        """Hand on what was held and all news from now on, in this context, and run until cancelled.

        A bug in the fleet comes out of here with its exception, also one of before.
        """
        self._context = copy_context()
        self._listener = listener
        held, self._held = self._held, []
        for news in held:
            news(listener)
        await self._task

    def _pass_on(self, news: Callable[[FleetListener], None]) -> None:
        if self._listener is None:
            self._held.append(news)
        else:
            # A copy, since news may lead to news.
            self._context.copy().run(news, self._listener)

    def node_changed(self, node: str) -> None:
        """Hand on that a node changed."""
        self._pass_on(lambda listener: listener.node_changed(node))

    def event_happened(self, event: Event) -> None:
        """Hand on an event."""
        self._pass_on(lambda listener: listener.event_happened(event))

    def order_moved(self, progress: OrderProgress) -> None:
        """Hand on a step of an order."""
        self._pass_on(lambda listener: listener.order_moved(progress))

    def rollout_moved(self, progress: RolloutProgress) -> None:
        """Hand on a move of a rollout."""
        self._pass_on(lambda listener: listener.rollout_moved(progress))

    def rollouts_unfinished(self, rollouts: tuple[UnfinishedRollout, ...]) -> None:
        """Hand on rollouts of earlier sessions."""
        self._pass_on(lambda listener: listener.rollouts_unfinished(rollouts))
