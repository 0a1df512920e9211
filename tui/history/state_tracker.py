"""What is new in readings, and how long each node was watched."""

from collections.abc import Mapping
from datetime import datetime

from tui.model.reading import Reading
from tui.model.records import dataclass
from tui.model.service import Service
from tui.model.text import clean

GAP = 60.0
"""Seconds without an answer after which a node no longer counts as watched."""

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
        self._spans: dict[Node, tuple[float, float]] = {}

    def see(
        self, reading: Reading, cluster: str
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
        if not ended <= at <= ended + GAP:
            begun = at
        self._spans[node] = (begun, at)
        return self._news(node, at, reading.services), (*node, begun), at

    def _news(self, node: Node, at: float, services: tuple[Service, ...]) -> WatchedState | None:
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
