"""The events that are kept in memory, within bounds that no node and no outage can use up alone."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import overload

from tui.model.event import Event, EventKind, StatusChange
from tui.model.service import Health, Service

EVENTS_AT_MOST = 4000
"""How many events are kept; of too many, the oldest of the node and kind with the most goes."""

OF_A_KIND_AT_MOST = 200
"""How many events of one kind are kept of one node."""

_Bucket = tuple[str, EventKind]
_LASTING: tuple[Callable[[Health], bool], ...] = (
    lambda health: health.is_problem,
    lambda health: health is Health.MOVING,
)


class EventLog(Sequence[Event]):
    """Events, the oldest first.

    The event that began what a service still is (a problem, or on its way) is never dropped, so
    since when it lasts is known however much happens meanwhile.
    """

    def __init__(self) -> None:
        self._events: dict[int, Event] = {}
        self._buckets: dict[_Bucket, deque[int]] = {}
        self._began: dict[tuple[str, str, int], int] = {}
        self._next = 0
        self._all: tuple[Event, ...] | None = ()

    def append(self, event: Event) -> None:
        """Add the newest event, and drop what is beyond the bounds."""
        number, self._next = self._next, self._next + 1
        self._events[number] = event
        self._all = None
        self._note_beginnings(event, number)
        bucket = self._buckets.setdefault((event.node, event.kind), deque())
        bucket.append(number)
        if len(bucket) > OF_A_KIND_AT_MOST:
            self._drop_oldest(bucket)
        if len(self._events) > EVENTS_AT_MOST:
            self._drop_oldest(max(self._buckets.values(), key=len))

    def insert_older(self, older: Iterable[Event]) -> None:
        """Insert events that happened before all others, the oldest first."""
        newer = self._tuple()
        self._events, self._buckets, self._began = {}, {}, {}
        for event in (*older, *newer):
            self.append(event)

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Event, ...]: ...
    def __getitem__(self, index: int | slice) -> Event | tuple[Event, ...]:
        return self._tuple()[index]

    def __len__(self) -> int:
        return len(self._events)

    def __iter__(self) -> Iterator[Event]:
        return iter(self._tuple())

    def _tuple(self) -> tuple[Event, ...]:
        if self._all is None:
            self._all = tuple(self._events.values())
        return self._all

    def _note_beginnings(self, event: Event, number: int) -> None:
        change = event.details
        if not isinstance(change, StatusChange):
            return
        before, after = (
            None if status is None else Service(event.service, status).health()
            for status in (change.before, change.after)
        )
        for condition, holds in enumerate(_LASTING):
            key = (event.node, event.service, condition)
            if after is None or not holds(after):
                self._began.pop(key, None)
            elif before is None or not holds(before):
                self._began[key] = number

    def _drop_oldest(self, bucket: deque[int]) -> None:
        lasting = set(self._began.values())
        oldest = next((number for number in bucket if number not in lasting), None)
        if oldest is not None:
            bucket.remove(oldest)
            del self._events[oldest]


class LastChanges:
    """The last event of each service, by node; the oldest of all are dropped."""

    AT_MOST = 20_000

    def __init__(self) -> None:
        self._order: dict[tuple[str, str], None] = {}
        self._by_node: dict[str, dict[str, Event]] = {}

    def add(self, event: Event) -> None:
        """Record an event, if it is about a service."""
        if not event.service:
            return
        key = (event.node, event.service)
        self._order.pop(key, None)
        self._order[key] = None
        self._by_node.setdefault(event.node, {})[event.service] = event
        while len(self._order) > self.AT_MOST:
            node, service = next(iter(self._order))
            del self._order[node, service]
            del self._by_node[node][service]

    def of(self, node: str) -> Mapping[str, Event]:
        """Return the last event of each service of a node, by the service's name."""
        return self._by_node.get(node, {})
