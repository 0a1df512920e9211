"""One event → the cells of one row. Pure: no widget, and no clock but its arguments."""

from datetime import datetime

from tui.model.clock import DATE_AND_TIME, clock_text, one_unit, shown_time
from tui.model.dataclass import dataclass
from tui.model.event import Event, EventKind
from tui.model.event_text import event_remainder, event_text
from tui.model.order import Result
from tui.model.text import visible_name
from tui.ui.format.service_row import GLYPHS, RESTARTED, STYLES
from tui.ui.format.status_lines import brief_digests

_SIGNS = {
    EventKind.FLIPPED: ("?", ""),
    EventKind.RESTARTED: (RESTARTED, "warn"),
    EventKind.VANISHED: ("-", "muted"),
    EventKind.APPEARED: ("+", "ok"),
    EventKind.LOST: ("✗", "bad"),
    EventKind.REGAINED: ("●", "ok"),
    EventKind.ROLE: ("★", "bold"),
    EventKind.ORDERED: ("»", "bold"),
    EventKind.VERDICT: ("✗", "bad"),
    EventKind.LOGIN: ("✗", "bad"),
    EventKind.LOOPING: ("∞", "bad"),
    EventKind.ROLLOUT: ("»", "bold"),
    EventKind.CLUSTER: ("·", "muted"),
    EventKind.NO_DATA: ("?", "unknown"),
}
_RESULTS = {
    Result.VERIFIED: ("✓", "ok"),
    Result.NOT_SENT: ("✗", "warn"),
    Result.UNKNOWN: ("?", "unknown"),
}


@dataclass(frozen=True, slots=True)
class EventCells:
    """One event as text; `style` is the palette's name for the colour of its sign."""

    clock: str
    age: str
    node: str
    service: str
    what: str
    text: str
    style: str
    is_problem: bool


def event_cells(event: Event, now: float, on: datetime, place: str = "") -> EventCells:
    """Return the cells at `now` (monotonic) and `on` (the same moment's wall clock, UTC).

    `place` is the node's name and address, as messages of its connection begin.
    """
    sign, style = sign_of(event)
    return EventCells(
        clock=event_clock(event.on, on),
        age=one_unit(now - event.at),
        node=event.node,
        service=visible_name(event.service),
        what=f"{sign} {event.kind.word}",
        text=brief_digests(event_remainder(event, place)),
        style=style,
        is_problem=event.is_problem,
    )


def sign_of(event: Event) -> tuple[str, str]:
    """Return an event's sign, one cell wide, and the palette's name for its colour.

    The sign is that of what happened, whoever sent it. What vanished by itself is a warning.
    """
    if event.kind is EventKind.FLIPPED:
        return GLYPHS[event.health_after], STYLES[event.health_after]
    if event.kind is EventKind.VERDICT:
        return _RESULTS.get(event.result, _SIGNS[EventKind.VERDICT])
    sign, style = _SIGNS[event.kind]
    return sign, "warn" if event.kind is EventKind.VANISHED and not event.is_ordered else style


def event_clock(moment: datetime, today: datetime) -> str:
    """Return the time of day; with its date, and without its seconds, if not today's.

    Of another year, the date is all there is.
    """
    then, now = shown_time(moment), shown_time(today)
    if then.year != now.year:
        return clock_text(moment, "%Y-%m-%d", named=False)
    is_today = then.date() == now.date()
    return clock_text(moment, "%H:%M:%S" if is_today else "%m-%d %H:%M", named=False)


def event_sentence(event: Event) -> str:
    """Return an event in full, with its date, node and service."""
    on = clock_text(event.on, DATE_AND_TIME)
    parts = (on, event.node, visible_name(event.service), event_text(event))
    return " · ".join(filter(None, parts))
