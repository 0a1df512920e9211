"""Uptimes count on between two polls, by this machine's clock of ages."""

from datetime import datetime

from tui.model.reading import Reading
from tui.model.service import Service, with_uptimes

_GRAIN = 1.0


class UptimeClock:
    """Remembers the earliest moment that the answers of a node speak for.

    A node reports an uptime in whole seconds, cut off, and is polled at odd moments: counted from
    each answer alone, an uptime would stand still for a second and then jump. The moment that an
    answer speaks for is at most a second too late, so the earliest of several is the best; where
    they drift apart by more than that, a clock was set, and the newest counts.
    """

    def __init__(self) -> None:
        self._node = ""
        self._newest: Reading | None = None
        self._noted: Reading | None = None
        self._began: dict[str, tuple[datetime | None, float]] = {}

    def note(self, reading: Reading) -> None:
        """Record a node's newest answer. It is read once an uptime is wanted: of most none is."""
        if reading.answered_at is not None:
            self._newest = reading

    def _read_newest(self) -> None:
        """Read the newest answer, unless it was."""
        reading = self._newest
        if reading is None or reading is self._noted or reading.answered_at is None:
            return
        self._noted = reading
        had = self._began if reading.node == self._node else {}
        self._node, self._began = reading.node, {}
        for service, uptime in with_uptimes(reading.services):
            if uptime is None:
                continue
            moment = reading.answered_at - uptime
            started, earlier = had.get(service.name, (None, moment))
            if started == service.started_at and 0 <= moment - earlier <= _GRAIN:
                moment = earlier
            self._began[service.name] = (service.started_at, moment)

    def uptime(self, service: Service, now: float) -> int | None:
        """Return a service's uptime at `now` (monotonic), in whole seconds, where it is known."""
        self._read_newest()
        known = self._began.get(service.name)
        if service.uptime is None or known is None or known[0] != service.started_at:
            return service.uptime
        return max(0, int(now - known[1]))
