"""What waits to be written: what is new in readings, and how long each node was watched.

The deck fills the queue in its loop, the writing thread empties it.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime

from tui.model.dataclass import dataclass
from tui.model.event import Event
from tui.model.reading import Reading
from tui.model.service import Service, but_for_uptimes
from tui.model.text import clean

GAP = 60.0
"""Seconds without an answer after which a node no longer counts as watched, at least.

Where its reading is stale only later, since it is polled seldom, it counts until then.
"""

Node = tuple[str, str]
"""A cluster and a node in it, by their names in the profile."""

Stretch = tuple[str, str, float]
"""A cluster, a node, and when it began to be watched (wall clock, seconds)."""


@dataclass(frozen=True, slots=True)
class StateMark:
    """The state of a service in a reading.

    `status` is None where the node does not list it. `started` is the node's own clock, `began`
    this machine's, both in seconds since 1970.
    """

    status: str | None
    started: float | None = None
    began: float | None = None

    @property
    def key(self) -> tuple[str | None, float | None]:
        """What makes it another state where it differs."""
        return self.status, self.started


@dataclass(frozen=True, slots=True)
class WatchedState:
    """The services of a node in another state at `at`; `whole` if these are all it lists."""

    node: Node
    at: float
    marks: Mapping[str, StateMark]
    whole: bool


class StateTracker:
    """Remembers the last reading of each node."""

    def __init__(self) -> None:
        self._known: dict[Node, dict[str, tuple[str, datetime | None]]] = {}
        self._seen: dict[Node, Sequence[Service]] = {}
        self._spans: dict[Node, tuple[float, float]] = {}

    def see(
        self, reading: Reading, cluster: str, stale_after: float = 0.0
    ) -> tuple[WatchedState | None, Stretch | None, float]:
        """Return what is new in a reading, which stretch goes on, and up to when.

        The stretch is None where the node did not answer, what is new also where nothing is.
        """
        node = (clean(cluster), clean(reading.node))
        if not reading.is_good or reading.answered_on is None:
            self._spans.pop(node, None)
            return None, None, 0.0
        at = reading.answered_on.timestamp()
        begun, ended = self._spans.get(node, (at, at))
        if not ended <= at <= ended + max(GAP, stale_after):
            begun = at
        self._spans[node] = (begun, at)
        return self._news(node, at, reading.services), (*node, begun), at

    def _news(self, node: Node, at: float, services: Sequence[Service]) -> WatchedState | None:
        lasting = but_for_uptimes(services)
        if lasting is self._seen.get(node):
            return None
        self._seen[node] = lasting
        now = {service.name: (service.status, service.started_at) for service in services}
        before = self._known.get(node)
        if now == before:
            return None
        self._known[node] = now
        if before is None:
            return WatchedState(
                node, at, {clean(service.name): _mark(service, at) for service in services}, True
            )
        marks = {
            clean(service.name): _mark(service, at)
            for service in services
            if before.get(service.name) != now[service.name]
        }
        marks |= {clean(name): StateMark(None) for name in before.keys() - now.keys()}
        return WatchedState(node, at, marks, False)


def _mark(service: Service, at: float) -> StateMark:
    started = None if service.started_at is None else service.started_at.timestamp()
    uptime = service.uptime
    began = None if uptime is None or started is None else max(0.0, at - max(0, uptime))
    return StateMark(clean(service.status), started, began)


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

    def see(self, reading: Reading, cluster: str, stale_after: float = 0.0) -> bool:
        """Add a reading; return whether a service is in another state."""
        with self._lock:
            state, stretch, until = self._tracker.see(reading, cluster, stale_after)
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

    def keep_actions(self) -> None:
        """Drop what another process writes as well: all but the events of actions with an id.

        These are written once, whoever comes to it.
        """
        with self._lock:
            events = [entry for entry in self._batch.events if entry[1].action]
            self._batch, self._waiting_states = Batch(events), 0

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
