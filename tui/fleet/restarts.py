"""How often nodes restarted services by themselves, of late. Pure."""

from collections import Counter
from collections.abc import Iterable

from tui.model.event import Event, Happening

HOUR = 3600.0


def restarts_lately(events: Iterable[Event], now: float, within: float = HOUR) -> Counter[str]:
    """Count, by node, the restarts that nobody here ordered; `now` is monotonic seconds."""
    return Counter(
        event.node
        for event in events
        if event.happening is Happening.RESTARTED and not event.ordered and now - event.at <= within
    )
