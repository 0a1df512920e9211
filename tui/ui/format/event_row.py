"""One event → the cells of one row. Pure: no widget, no clock but the one that is handed in."""

from dataclasses import dataclass
from datetime import datetime

from tui.model.event import Event, EventKind
from tui.model.filters import health_after, is_bad, result_of
from tui.model.order import Result
from tui.ui.format.service_row import GLYPHS, STYLES, one_unit

_SIGNS = {
    EventKind.FLIPPED: ("?", ""),
    EventKind.RESTARTED: ("↻", "muted"),
    EventKind.VANISHED: ("-", "muted"),
    EventKind.APPEARED: ("+", "ok"),
    EventKind.LOST: ("✗", "bad"),
    EventKind.REGAINED: ("●", "ok"),
    EventKind.ROLE: ("★", "accent"),
    EventKind.ORDERED: ("»", "accent"),
    EventKind.VERDICT: ("✗", "bad"),
    EventKind.LOGIN: ("✗", "bad"),
    EventKind.LOOPING: ("∞", "bad"),
    EventKind.ROLLOUT: ("»", "accent"),
}
_RESULTS = {
    Result.VERIFIED: ("✓", "ok"),
    Result.NOT_SENT: ("✗", "warn"),
    Result.UNKNOWN: ("?", "unknown"),
}
_UNORDERED = "!"


@dataclass(frozen=True, slots=True)
class EventCells:
    """One event as text; `style` is the palette's name for its sign, and its word if it is bad."""

    clock: str
    age: str
    node: str
    service: str
    what: str
    text: str
    style: str
    is_bad: bool


def event_cells(event: Event, now: float, on: datetime) -> EventCells:
    """Say an event at `now` (monotonic) and `on` (the same moment's wall clock, UTC)."""
    sign, style = sign_of(event)
    return EventCells(
        clock=event_clock(event.on, on),
        age=one_unit(now - event.at),
        node=event.node,
        service=event.service,
        what=f"{sign} {event.happening.value}",
        text=event.text,
        style=style,
        is_bad=is_bad(event),
    )


def sign_of(event: Event) -> tuple[str, str]:
    """Give an event's sign, one cell wide, and the palette's name for it.

    A "!" stands before what was not ordered here and should have been.
    """
    if event.happening is EventKind.FLIPPED:
        health = health_after(event)
        return GLYPHS[health], STYLES[health]
    if event.happening is EventKind.VERDICT:
        return _RESULTS.get(result_of(event), _SIGNS[EventKind.VERDICT])
    if event.happening in (EventKind.RESTARTED, EventKind.VANISHED) and not event.ordered:
        return _UNORDERED, "warn"
    return _SIGNS[event.happening]


def event_clock(moment: datetime, today: datetime) -> str:
    """Give a wall clock's time, UTC; with its date, and without its seconds, if not today's."""
    return moment.strftime("%H:%M:%S" if moment.date() == today.date() else "%m-%d %H:%M")


def event_sentence(event: Event) -> str:
    """Say an event in full, with its date."""
    who = " · ".join(filter(None, (event.node, event.service)))
    return f"{event.on:%Y-%m-%d %H:%M:%S} UTC · {who} · {event.happening.value}: {event.text}"
