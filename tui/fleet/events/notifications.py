"""Which events are worth a bell or a notice, and how often there may be one. Pure."""

from collections.abc import Set
from dataclasses import dataclass

from tui.model.event import Event, EventKind
from tui.model.filters import is_bad, result_of
from tui.model.order import Result

BELL_EVERY = 1.0
"""Seconds between two bells, at least."""

NOTICE_EVERY = 5.0
"""Seconds between two notices on the desktop, at least."""


def should_notify(event: Event, wanted: Set[EventKind]) -> bool:
    """Say whether a person wants to be called for an event.

    Its word is in the list, no order given here explains it, and it is no order that was verified:
    whoever ordered something sits there and looks. A rollout takes long, and calls where it stands.
    """
    if event.happening not in wanted:
        return False
    if event.happening is EventKind.ROLLOUT:
        return is_bad(event)
    if event.ordered:
        return False
    return event.happening is not EventKind.VERDICT or result_of(event) is not Result.VERIFIED


@dataclass(slots=True, eq=False)
class BellLimit:
    """Lets one bell through in BELL_EVERY seconds; what is left out is left out."""

    last: float | None = None

    def rings(self, now: float) -> bool:
        """Say whether the bell may ring at `now` (monotonic), and count on it that it does."""
        if self.last is not None and now - self.last < BELL_EVERY:
            return False
        self.last = now
        return True


@dataclass(slots=True, eq=False)
class DesktopNotices:
    """Lets one notice through in NOTICE_EVERY seconds; it tells the newest, and how many more."""

    last: float | None = None
    _newest: Event | None = None
    _more: int = 0

    def add(self, event: Event) -> None:
        """Take an event that is to be told."""
        self._more += self._newest is not None
        self._newest = event

    def wait(self, now: float) -> float | None:
        """Give the seconds until the next notice may go out; None where there is none to give."""
        if self._newest is None:
            return None
        return 0.0 if self.last is None else max(0.0, self.last + NOTICE_EVERY - now)

    def take(self, now: float) -> str:
        """Give the notice that goes out now; empty where there is none."""
        event, more = self._newest, self._more
        if event is None:
            return ""
        self.last, self._newest, self._more = now, None, 0
        return notice_text(event, more)


def notice_text(event: Event, more: int = 0) -> str:
    """Say an event in one line, and that there were `more` since the last one."""
    who = " ".join(filter(None, (event.node, event.service)))
    and_more = f" (and {more} more)" if more else ""
    return f"{who}{and_more}: {event.happening.value}, {event.text}"
