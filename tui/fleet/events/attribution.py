"""Which changes an action explains that was given here, or elsewhere on this machine."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace

from tui.journal.other_actions import AFTERWARDS, OtherAction
from tui.model.event import Cause, Event, Restart, Sender, StatusChange
from tui.model.order import OrderPhase, OrderProgress, Result


class Attribution:
    """Follows this session's orders and those of other processes, and what they explain.

    An order counts from the moment it is sent until AFTERWARDS seconds after its verdicts.
    """

    def __init__(self) -> None:
        # Node and service → until when the newest order on it explains changes (monotonic).
        self._until: dict[tuple[str, str], float] = {}
        self._others: Mapping[str, tuple[OtherAction, ...]] = {}

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

    def set_others(self, actions: Mapping[str, tuple[OtherAction, ...]]) -> None:
        """Replace the actions of other processes, by the names of the nodes they were sent to."""
        self._others = actions

    def explain(self, event: Event) -> Event:
        """Return a change of a service with its cause; any other event as it is."""
        if not isinstance(event.details, StatusChange | Restart):
            return event
        if event.at <= self._until.get((event.node, event.service), -math.inf):
            return replace(event, cause=Cause.ORDERED_HERE)
        return replace(event, cause=Cause.NOT_ORDERED_HERE, sender=self._sender(event))

    def _sender(self, event: Event) -> Sender | None:
        """Return whose action explains a change, the newest of several."""
        senders = [
            (action.since, action.sender)
            for action in self._others.get(event.node, ())
            if action.since <= event.at <= action.until.get(event.service, -math.inf)
        ]
        return max(senders, key=lambda found: found[0])[1] if senders else None
