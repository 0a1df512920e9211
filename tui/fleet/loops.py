"""A service that restarts again and again, though nobody here ordered it: a crash loop. Pure."""

from collections import deque
from dataclasses import dataclass

from tui.fleet.events.attribution import NOBODY
from tui.model.duration import span
from tui.model.event import Event, Happening

_SERVICES_AT_MOST = 20_000


@dataclass(slots=True, eq=False)
class _Past:
    """The restarts of one service, by this machine's monotonic clock, oldest first."""

    restarts: deque[float]
    is_told: bool = False


class CrashLoops:
    """Tells a crash loop when `restarts` of one service come within `minutes`.

    It is told once, and again only after the service was calm for as long.
    """

    def __init__(self, restarts: int, minutes: float) -> None:
        self._wanted = restarts
        self._within = minutes * 60
        self._pasts: dict[tuple[str, str], _Past] = {}

    def see(self, event: Event) -> Event | None:
        """Take an event; gives the crash loop that it makes known. What was ordered is none."""
        if event.happening is not Happening.RESTARTED or event.ordered:
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
        text = f"restarted {self._wanted} times in {span(lasted)}, {NOBODY}"
        return Event(
            event.node, Happening.LOOPING, text, event.at, event.on, event.service, "crash loop"
        )

    def _past(self, event: Event) -> _Past:
        """Find the restarts of a service; of too many services, the one known longest goes."""
        key = (event.node, event.service)
        past = self._pasts.get(key)
        if past is None:
            past = self._pasts[key] = _Past(deque(maxlen=self._wanted))
            while len(self._pasts) > _SERVICES_AT_MOST:
                del self._pasts[next(iter(self._pasts))]
        return past
