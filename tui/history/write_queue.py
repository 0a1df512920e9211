"""What waits to be written; the deck's loop fills it, the writing thread empties it."""

import threading
from dataclasses import field

from tui.history.state_tracker import StateTracker, Stretch, WatchedState
from tui.model.event import Event
from tui.model.reading import Reading
from tui.model.records import dataclass

AT_MOST = 20_000
"""How many events, and a third of how many states, wait for a disk at most."""


@dataclass(slots=True)
class Batch:
    """What is written at once: events with their clusters, states, and the ends of stretches."""

    events: list[tuple[str, Event]] = field(default_factory=list)
    states: list[WatchedState] = field(default_factory=list)
    stretches: dict[Stretch, float] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.events or self.states or self.stretches)


class WriteQueue:
    """Holds so much at most: then the oldest events go, which `lost` counts, and all states."""

    def __init__(self, at_most: int = AT_MOST) -> None:
        self.lost = 0
        self._at_most = at_most
        self._lock = threading.Lock()
        self._tracker = StateTracker()
        self._batch = Batch()
        self._waiting_states = 0

    def note(self, event: Event, cluster: str) -> None:
        """Add an event."""
        with self._lock:
            self._batch.events.append((cluster, event))
            self._trim()

    def see(self, reading: Reading, cluster: str) -> bool:
        """Add a reading; return whether a service is in another state."""
        with self._lock:
            state, stretch, until = self._tracker.see(reading, cluster)
            if stretch is not None:
                self._batch.stretches[stretch] = until
            if state is not None:
                self._batch.states.append(state)
                self._waiting_states += len(state.marks)
            self._trim()
            return state is not None

    def take(self) -> Batch:
        """Return all that waits, and empty the queue."""
        with self._lock:
            batch, self._batch, self._waiting_states = self._batch, Batch(), 0
            return batch

    def restore(self, batch: Batch) -> None:
        """Put back what could not be written."""
        with self._lock:
            late, self._batch = self._batch, batch
            batch.events += late.events
            batch.states += late.states
            batch.stretches |= late.stretches
            self._waiting_states = sum(len(state.marks) for state in batch.states)
            self._trim()

    def forget(self) -> None:
        """Drop the states that wait, so that the next reading of each node counts as new.

        What was not written counts as not watched, or an old state would seem to have lasted.
        """
        with self._lock:
            self._forget()

    def _forget(self) -> None:
        self._batch.states.clear()
        self._batch.stretches.clear()
        self._waiting_states = 0
        self._tracker = StateTracker()

    def _trim(self) -> None:
        over = len(self._batch.events) - self._at_most
        if over > 0:
            del self._batch.events[:over]
            self.lost += over
        if max(self._waiting_states, len(self._batch.stretches)) > 3 * self._at_most:
            self._forget()
