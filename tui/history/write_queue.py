"""What is still to be written; filled by the deck's loop and emptied by the thread that writes."""

import threading
from dataclasses import dataclass, field

from tui.history.state_tracker import StateTracker, Stretch, WatchedState
from tui.model.event import Event
from tui.model.reading import Reading

AT_MOST = 20_000
"""How many events wait for a disk that does not take them, and a third of how many states."""


@dataclass(slots=True)
class Batch:
    """What is written in one go: events with their clusters, sights, and stretches by their end."""

    events: list[tuple[str, Event]] = field(default_factory=list)
    sights: list[WatchedState] = field(default_factory=list)
    stretches: dict[Stretch, float] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.events or self.sights or self.stretches)


class WriteQueue:
    """Bounded: where it is full the oldest events go, which `lost` counts, and all the rest."""

    def __init__(self, at_most: int = AT_MOST) -> None:
        self.lost = 0
        self._at_most = at_most
        self._lock = threading.Lock()
        self._tracker = StateTracker()
        self._batch = Batch()
        self._states = 0

    def note(self, event: Event, cluster: str) -> None:
        """Take an event."""
        with self._lock:
            self._batch.events.append((cluster, event))
            self._trim()

    def see(self, reading: Reading, cluster: str) -> bool:
        """Take a reading; says whether anything is new in it."""
        with self._lock:
            sight, stretch, until = self._tracker.see(reading, cluster)
            if stretch is not None:
                self._batch.stretches[stretch] = until
            if sight is not None:
                self._batch.sights.append(sight)
                self._states += len(sight.marks)
            self._trim()
            return sight is not None

    def take(self) -> Batch:
        """Give all that waits, and keep nothing of it."""
        with self._lock:
            batch, self._batch, self._states = self._batch, Batch(), 0
            return batch

    def restore(self, batch: Batch) -> None:
        """Take back what could not be written."""
        with self._lock:
            late, self._batch = self._batch, batch
            batch.events += late.events
            batch.sights += late.sights
            batch.stretches |= late.stretches
            self._states = sum(len(one.marks) for one in batch.sights)
            self._trim()

    def forget(self) -> None:
        """Throw away what waits, and have every service told again with its next reading.

        What was not written counts as not watched, or an old state would seem to have held.
        """
        with self._lock:
            self._forget()

    def _forget(self) -> None:
        self._batch.sights.clear()
        self._batch.stretches.clear()
        self._states = 0
        self._tracker = StateTracker()

    def _trim(self) -> None:
        over = len(self._batch.events) - self._at_most
        if over > 0:
            del self._batch.events[:over]
            self.lost += over
        if max(self._states, len(self._batch.stretches)) > 3 * self._at_most:
            self._forget()
