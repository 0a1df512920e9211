"""A service that restarts again and again, though nobody here ordered it: a crash loop. Pure."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime

from tui.model.event import Event, Happening
from tui.model.span import span

# From STOPPED, somebody has started what was not running: that is no restart.
_BEFORE_RUNNING = frozenset({"EXITED", "BACKOFF", "FATAL", "STARTING", "STOPPING", "RESTARTING"})
_SERVICES_AT_MOST = 20_000


@dataclass(slots=True, eq=False)
class _Past:
    """The restarts of one service, by this machine's monotonic clock, oldest first."""

    restarts: deque[float]
    started_at: datetime | None = None
    is_told: bool = False


class CrashLoops:
    """Tells a crash loop when `restarts` of one service come within `minutes`.

    It is told once, and again only after the service was calm for as long.
    """

    def __init__(self, restarts: int, minutes: float) -> None:
        self._wanted = restarts
        self._within = minutes * 60
        self._pasts: dict[tuple[str, str], _Past] = {}

    def see(self, event: Event, started_at: datetime | None) -> Event | None:
        """Take an event of a service, and when it runs since now (the node's own clock).

        Gives the crash loop that this makes known. What was ordered here is no restart in this
        sense; a start time that did not move is none either.
        """
        if event.happening not in (Happening.RESTARTED, Happening.FLIPPED) or not event.service:
            return None
        past = self._past(event)
        before = past.started_at
        past.started_at = started_at or before
        if event.ordered or not _is_restart(event, before, started_at):
            return None
        return self._count(event, past)

    def _past(self, event: Event) -> _Past:
        """Find what is known of a service; of too many, the one known longest is forgotten."""
        key = (event.node, event.service)
        past = self._pasts.get(key)
        if past is None:
            past = self._pasts[key] = _Past(deque(maxlen=self._wanted))
            while len(self._pasts) > _SERVICES_AT_MOST:
                del self._pasts[next(iter(self._pasts))]
        return past

    def _count(self, event: Event, past: _Past) -> Event | None:
        restarts = past.restarts
        if restarts and event.at - restarts[-1] > self._within:
            restarts.clear()
            past.is_told = False
        restarts.append(event.at)
        lasted = event.at - restarts[0]
        if past.is_told or len(restarts) < self._wanted or lasted > self._within:
            return None
        past.is_told = True
        text = f"restarted {self._wanted} times in {span(lasted)}, nobody here ordered it"
        return Event(
            event.node, Happening.LOOPING, text, event.at, event.on, event.service, "crash loop"
        )


def _is_restart(event: Event, before: datetime | None, now: datetime | None) -> bool:
    """Say whether an event shows a service that began anew."""
    if event.happening is Happening.RESTARTED:
        return True
    was, _, became = event.text.partition(" → ")
    if was not in _BEFORE_RUNNING or became != "RUNNING":
        return False
    return before is None or now is None or now > before
