"""Restarts and crash loops, from the changes of a service's status and start time. Pure.

Where a restart falls between two readings, its start time shows it; where a reading catches it on
the way, the node shows one status after another, and what they add up to is worked out here.
"""

from collections import deque
from dataclasses import dataclass, replace
from datetime import datetime

from tui.fleet.events.attribution import NOBODY
from tui.model.duration import two_units
from tui.model.event import Event, EventKind, statuses

_RUNNING, _STOPPED, _STARTING = "RUNNING", "STOPPED", "STARTING"
_SERVICES_AT_MOST = 20_000


@dataclass(slots=True, eq=False)
class _Transition:
    """What a service was seen to be: `ran` before it went down, and `by` way of which status.

    `since` is the start time of its last run that was seen, `spawn` that of a start that was seen
    on its way and has not come to RUNNING yet; both are of the node's own clock.
    """

    ran: bool = False
    by: str = ""
    since: datetime | None = None
    spawn: datetime | None = None


class RestartDetector:
    """Follows each service from the moment it leaves RUNNING."""

    def __init__(self) -> None:
        self._pasts: dict[tuple[str, str], _Transition] = {}

    def see(self, event: Event, started_at: datetime | None) -> Event | None:
        """Take an event of a service, and when it runs since now (the node's own clock).

        Gives the restart that this makes known, of those that nobody here ordered. From STOPPED,
        somebody started what was not running: that is no restart, nor is a start time that did
        not move.
        """
        if event.happening is not EventKind.FLIPPED:
            return None
        was, became = statuses(event)
        past = self._past(event)
        if became != _RUNNING:
            again = became == _STARTING and was != _STOPPED and _is_later(past.spawn, started_at)
            past.ran |= was == _RUNNING
            if was == _RUNNING and became != _STARTING:
                past.since = started_at or past.since  # what stops tells still since when it ran
            # What starts says nothing of why it was down.
            past.by = past.by if became == _STARTING and past.by else became
            if became == _STARTING:
                past.spawn = started_at
            return _restart(event, was) if again else None
        by = was if was != _STARTING else past.by or was
        returned = past.ran and by != _STOPPED
        moved = past.since is None or started_at is None or started_at > past.since
        past.ran, past.by, past.since, past.spawn = False, "", started_at or past.since, None
        return _restart(event, by) if returned and moved else None

    def _past(self, event: Event) -> _Transition:
        """Find what is known of a service; of too many, the one known longest is forgotten."""
        key = (event.node, event.service)
        past = self._pasts.get(key)
        if past is None:
            past = self._pasts[key] = _Transition()
            while len(self._pasts) > _SERVICES_AT_MOST:
                del self._pasts[next(iter(self._pasts))]
        return past


def _is_later(before: datetime | None, after: datetime | None) -> bool:
    """Say whether a start came after another one: the earlier never came to RUNNING."""
    return before is not None and after is not None and after > before


def _restart(event: Event, by: str) -> Event | None:
    """Make the restart that a flip makes known; what was ordered here is none."""
    if event.ordered:
        return None
    text = f"restarted, was seen {by} on the way, {NOBODY}"
    return replace(event, happening=EventKind.RESTARTED, text=text, brief="restarted")


_LOOPS_AT_MOST = 20_000


@dataclass(slots=True, eq=False)
class _RestartTimes:
    """The restarts of one service, by this machine's monotonic clock, oldest first."""

    restarts: deque[float]
    is_told: bool = False


class CrashLoopDetector:
    """Tells a crash loop when `restarts` of one service come within `minutes`.

    It is told once, and again only after the service was calm for as long.
    """

    def __init__(self, restarts: int, minutes: float) -> None:
        self._wanted = restarts
        self._within = minutes * 60
        self._pasts: dict[tuple[str, str], _RestartTimes] = {}

    def see(self, event: Event) -> Event | None:
        """Take an event; gives the crash loop that it makes known. What was ordered is none."""
        if event.happening is not EventKind.RESTARTED or event.ordered:
            return None
        past = self._past(event)
        restarts = past.restarts
        if restarts and event.at - restarts[-1] > self._within:
            restarts.clear()
            past.is_told = False
        restarts.append(event.at)
        lasted = event.at - restarts[0]
        if past.is_told or len(restarts) < self._wanted or lasted > self._within:
            return None
        past.is_told = True
        text = f"restarted {self._wanted} times in {two_units(lasted)}, {NOBODY}"
        return Event(
            event.node, EventKind.LOOPING, text, event.at, event.on, event.service, "crash loop"
        )

    def _past(self, event: Event) -> _RestartTimes:
        """Find the restarts of a service; of too many services, the one known longest goes."""
        key = (event.node, event.service)
        past = self._pasts.get(key)
        if past is None:
            past = self._pasts[key] = _RestartTimes(deque(maxlen=self._wanted))
            while len(self._pasts) > _LOOPS_AT_MOST:
                del self._pasts[next(iter(self._pasts))]
        return past
