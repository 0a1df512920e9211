"""Which changes an order given here explains."""

import math
from collections.abc import Iterable
from dataclasses import replace

from tui.model.event import Cause, Event, Restart, StatusChange
from tui.model.order import OrderPhase, OrderProgress, Result

AFTERWARDS = 15.0
"""Seconds after an order's end for which it still explains a change of its services."""


class Attribution:
    """Follows this session's orders, and decides which changes they explain.

    An order counts from the moment it is sent until AFTERWARDS seconds after its verdicts.
    """

    def __init__(self) -> None:
        # Node and service → until when the newest order on it explains changes (monotonic).
        self._until: dict[tuple[str, str], float] = {}

    def note(self, progress: OrderProgress, now: float, also: Iterable[str] = ()) -> None:
        """Follow an order's step at `now` (monotonic); orders of earlier sessions do not count.

        `also` are the other profiles of the same node: it explains what they show as well.
        """
        order = progress.order
        if order.number <= 0 or progress.phase is OrderPhase.CHECKING:
            return
        unsent = {
            verdict.service for verdict in progress.verdicts if verdict.result is Result.NOT_SENT
        }
        for name in order.names:
            if name not in unsent:
                until = math.inf if progress.is_open else now + AFTERWARDS
                for node in (order.target.node, *also):
                    self._until[node, name] = until

    def forget(self, node: str) -> None:
        """Forget the orders on a node."""
        self._until = {key: until for key, until in self._until.items() if key[0] != node}

    def explain(self, event: Event) -> Event:
        """Return a change of a service with its cause; any other event as it is."""
        if not isinstance(event.details, StatusChange | Restart):
            return event
        ordered = event.at <= self._until.get((event.node, event.service), -math.inf)
        return replace(event, cause=Cause.ORDERED_HERE if ordered else Cause.NOT_ORDERED_HERE)
