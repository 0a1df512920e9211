"""One event → the cells of one row. Pure: no widget, no clock but the one that is handed in."""

from dataclasses import dataclass
from datetime import datetime

from tui.model.event import Event, Happening
from tui.model.filters import health_after, is_bad, result_of
from tui.model.order import Result
from tui.ui.format.service_row import GLYPHS, STYLES, age

_SIGNS = {
    Happening.FLIPPED: ("?", ""),
    Happening.RESTARTED: ("↻", "muted"),
    Happening.VANISHED: ("-", "muted"),
    Happening.APPEARED: ("+", "ok"),
    Happening.LOST: ("✗", "bad"),
    Happening.REGAINED: ("●", "ok"),
    Happening.ROLE: ("★", "accent"),
    Happening.ORDERED: ("»", "accent"),
    Happening.VERDICT: ("✗", "bad"),
    Happening.LOGIN: ("✗", "bad"),
    Happening.LOOPING: ("∞", "bad"),
    Happening.ROLLOUT: ("»", "accent"),
}
_RESULTS = {
    Result.VERIFIED: ("✓", "ok"),
    Result.NOT_SENT: ("✗", "warn"),
    Result.UNKNOWN: ("?", "unknown"),
}
_UNORDERED = "!"


@dataclass(frozen=True, slots=True)
class Told:
    """One event as text; `style` is the palette's name for its sign, and its word if it is bad."""

    clock: str
    age: str
    node: str
    service: str
    what: str
    text: str
    style: str
    is_bad: bool


def told(event: Event, now: float, on: datetime) -> Told:
    """Say an event at `now` (monotonic) and `on` (the same moment's wall clock, UTC)."""
    sign, style = sign_of(event)
    return Told(
        clock=clock(event.on, on),
        age=age(now - event.at),
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
    if event.happening is Happening.FLIPPED:
        health = health_after(event)
        return GLYPHS[health], STYLES[health]
    if event.happening is Happening.VERDICT:
        return _RESULTS.get(result_of(event), _SIGNS[Happening.VERDICT])
    if event.happening in (Happening.RESTARTED, Happening.VANISHED) and not event.ordered:
        return _UNORDERED, "warn"
    return _SIGNS[event.happening]


def clock(moment: datetime, today: datetime) -> str:
    """Give a wall clock's time, UTC; with its date, and without its seconds, if not today's."""
    return moment.strftime("%H:%M:%S" if moment.date() == today.date() else "%m-%d %H:%M")


def whole(event: Event) -> str:
    """Say an event in full, with its date."""
    who = " · ".join(filter(None, (event.node, event.service)))
    return f"{event.on:%Y-%m-%d %H:%M:%S} UTC · {who} · {event.happening.value}: {event.text}"
