"""Which changes an order given here explains."""

import math
from dataclasses import replace

from tui.model.event import ORDERED_HERE, Event, EventKind
from tui.model.order import OrderPhase, OrderProgress, Result

AFTERWARDS = 15.0
"""Seconds after an order's end for which a change of its services is still its doing."""

NOBODY = "nobody here ordered it"
_EXPLAINED = frozenset(
    {EventKind.FLIPPED, EventKind.RESTARTED, EventKind.VANISHED, EventKind.APPEARED}
)


class Attribution:
    """Follows this session's orders, and says of a change whether one of them is behind it.

    An order counts from the moment it leaves until AFTERWARDS seconds after its verdicts.
    """

    def __init__(self) -> None:
        # Node and service → until when the newest order on it explains things (monotonic).
        self._until: dict[tuple[str, str], float] = {}

    def note(self, progress: OrderProgress, now: float) -> None:
        """Take an order's step at `now` (monotonic); those of earlier sessions are not ours."""
        order = progress.order
        if order.number <= 0 or progress.phase is OrderPhase.CHECKING:
            return
        unsent = {one.service for one in progress.verdicts if one.result is Result.NOT_SENT}
        for name in order.names:
            if name not in unsent:
                until = math.inf if progress.is_open else now + AFTERWARDS
                self._until[order.target.node, name] = until

    def explain(self, event: Event) -> Event:
        """Give an event as it is to be told: with who was behind it, where that matters."""
        if event.happening not in _EXPLAINED:
            return event
        if event.at <= self._until.get((event.node, event.service), -math.inf):
            return replace(event, text=f"{event.text}{ORDERED_HERE}", ordered=True)
        if event.happening is EventKind.RESTARTED:
            return replace(event, text=f"{event.text}, {NOBODY}")
        return event
