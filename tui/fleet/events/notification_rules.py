"""Which events are worth a bell or a notice, and how often there may be one. Pure."""

from collections.abc import Set

from tui.model.event import Event, EventKind
from tui.model.event_text import event_text
from tui.model.order import Result
from tui.model.records import dataclass
from tui.model.text import visible_name

BELL_EVERY = 1.0
"""Seconds between two bells, at least."""

NOTICE_EVERY = 5.0
"""Seconds between two notices on the desktop, at least."""


def should_notify(event: Event, wanted: Set[EventKind]) -> bool:
    """Whether a person wants to be called for an event.

    Its kind is in the list, no order given on this machine explains it, and it is no order that
    was verified: the person who gave an order is there and looks. A rollout takes long, and calls
    where it stands still.
    """
    if event.kind not in wanted:
        return False
    if event.kind is EventKind.ROLLOUT:
        return event.is_problem
    if event.is_ordered:
        return False
    return event.kind is not EventKind.VERDICT or event.result is not Result.VERIFIED


@dataclass(slots=True, eq=False)
class BellLimit:
    """Lets one bell through in BELL_EVERY seconds; the others are dropped."""

    last: float | None = None

    def rings(self, now: float) -> bool:
        """Return whether the bell may ring at `now` (monotonic), and count it if so."""
        if self.last is not None and now - self.last < BELL_EVERY:
            return False
        self.last = now
        return True


@dataclass(slots=True, eq=False)
class DesktopNotices:
    """Lets one notice through in NOTICE_EVERY seconds: the newest event, and how many more."""

    last: float | None = None
    _newest: Event | None = None
    _more: int = 0

    def add(self, event: Event) -> None:
        """Add an event for the next notice."""
        self._more += self._newest is not None
        self._newest = event

    def wait(self, now: float) -> float | None:
        """Return the seconds until the next notice may go out; None where there is none."""
        if self._newest is None:
            return None
        return 0.0 if self.last is None else max(0.0, self.last + NOTICE_EVERY - now)

    def take(self, now: float) -> str:
        """Return the notice that goes out now, and start anew; empty where there is none."""
        event, more = self._newest, self._more
        if event is None:
            return ""
        self.last, self._newest, self._more = now, None, 0
        return notice_text(event, more)


def notice_text(event: Event, more: int = 0) -> str:
    """Return an event in one line, with how many `more` there were since the last notice."""
    place = " ".join(filter(None, (event.node, visible_name(event.service))))
    and_more = f" (and {more} more)" if more else ""
    return f"{place}{and_more}: {event.kind.value}, {event_text(event)}"
