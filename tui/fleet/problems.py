"""All that is wrong on all nodes, the worst first, each with how long it has been so. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from tui.fleet.polling.poller import NodePoller
from tui.model.certificate import Certificate
from tui.model.event import Event, EventKind, statuses
from tui.model.reading import Reading, TroubleKind
from tui.model.service import Health, Service
from tui.model.trust import UNCHECKED

LOOPS_FOR, RESTARTS_FOR = 600.0, 3600.0
"""Seconds for which a crash loop, and a restart that nobody ordered, are spoken of."""

MOVES_AT_MOST = 30.0
"""Seconds after which a service that still starts, stops or restarts is a problem."""

_EXPLAINS_FOR = 180.0
"""Seconds in which an order explains that a service comes up again."""


class Severity(Enum):
    """How bad it is; the value is the word on the screen. The worst is first."""

    CRITICAL = "critical"
    """Nobody can see, or nobody can rely on what is seen, or a service has given up."""
    SERIOUS = "serious"
    """A service is not as it should be, or what is known is old."""
    NOTICE = "notice"
    """It happened, or will; now it is well."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong; `service` is empty where the whole node is meant.

    `since` is monotonic, None where it was so before anybody looked; where it tells of no time at
    all it is not `timed`. `rank` orders what is equally bad.
    """

    gravity: Severity
    rank: int
    node: str
    what: str
    service: str = ""
    since: float | None = None
    timed: bool = True


@dataclass(frozen=True, slots=True)
class NodeState:
    """What is looked at of one node; `stale_after` is in seconds.

    One that `is_unchecked` has a profile by which any certificate will do.
    """

    name: str
    reading: Reading
    stale_after: float
    disabled: frozenset[str] = frozenset()
    wrong_node: str = ""
    certificate: Certificate | None = None
    is_unchecked: bool = False

    @classmethod
    def of(cls, watch: NodePoller) -> "NodeState":
        """Take a watched node as it stands."""
        return cls(
            name=watch.name,
            reading=watch.reading,
            stale_after=watch.stale_after,
            disabled=watch.facts.disabled,
            wrong_node=watch.wrong_node,
            certificate=watch.certificate,
            is_unchecked=watch.profile.is_unchecked,
        )

    def is_fresh(self, now: float) -> bool:
        """Whether its services may be taken for the present."""
        age = self.reading.age(now)
        return age is not None and age <= self.stale_after

    @property
    def is_silent(self) -> bool:
        """Whether nothing has come of it yet, neither an answer nor trouble."""
        return self.reading.answered_at is None and self.reading.trouble is None


def find_problems(
    nodes: Iterable[NodeState], events: Iterable[Event], now: float, on: datetime
) -> tuple[Problem, ...]:
    """List what is wrong at `now` (monotonic) and `on` (the wall clock, aware).

    What is equally bad goes by sort, then by the nodes' order, then by the service's name.
    """
    stories: dict[str, dict[str, list[Event]]] = {}
    orders: dict[str, list[Event]] = {}
    for event in events:
        if event.happening is EventKind.ORDERED:
            orders.setdefault(event.node, []).append(event)
        elif event.service:
            mine = stories.setdefault(event.node, {})
            mine.setdefault(event.service, []).append(event)
    told: list[tuple[int, Problem]] = []
    for number, node in enumerate(nodes):
        found = [*_link(node, now), *_certificate(node, on)]
        if node.is_fresh(now):
            mine = stories.get(node.name, {})
            found += _services(node, mine, orders.get(node.name, ()), now)
        told += [(number, one) for one in found]
    order = [*Severity]
    told.sort(key=lambda one: (order.index(one[1].gravity), one[1].rank, one[0], one[1].service))
    return tuple(problem for _, problem in told)


def _link(node: NodeState, now: float) -> Iterable[Problem]:
    reading = node.reading
    if node.wrong_node:
        yield Problem(Severity.CRITICAL, 0, node.name, node.wrong_node, timed=False)
    if reading.trouble is not None:
        kind = reading.trouble.kind
        grave = Severity.SERIOUS if kind is TroubleKind.NO_PASSWORD else Severity.CRITICAL
        what = f"{kind.value}: {reading.trouble.text}"
        yield Problem(grave, 1, node.name, what, since=reading.since)
    elif reading.answered_at is not None and not node.is_fresh(now):
        what = "stale: no good answer for more than two intervals"
        yield Problem(Severity.SERIOUS, 1, node.name, what, since=reading.answered_at)


def _certificate(node: NodeState, on: datetime) -> Iterable[Problem]:
    if node.is_unchecked:
        yield Problem(Severity.SERIOUS, 0, node.name, UNCHECKED, timed=False)
    remark = node.certificate.remark(on) if node.certificate is not None else ""
    if remark and node.certificate is not None:
        valid = node.certificate.is_valid(on)
        grave, rank = (Severity.NOTICE, 9) if valid else (Severity.CRITICAL, 2)
        yield Problem(grave, rank, node.name, remark, timed=False)


def _services(
    node: NodeState, stories: Mapping[str, Sequence[Event]], orders: Sequence[Event], now: float
) -> Iterable[Problem]:
    for service in node.reading.services:
        story = stories.get(service.name, ())
        yield from _service(node, service, story, now)
        restarts = _restarts(story, orders, now)
        if restarts and not _looping(story, now):
            times = "" if len(restarts) == 1 else f" {len(restarts)} times in the last hour"
            what = f"restarted{times}, not ordered here"
            yield Problem(Severity.NOTICE, 1, node.name, what, service.name, restarts[-1].at)
    for name in stories.keys() - {one.name for one in node.reading.services}:
        yield from _vanished(node, name, stories[name], now)


def _looping(story: Sequence[Event], now: float) -> Event | None:
    """Give the last word on a crash loop, if it is young enough."""
    loops = [one for one in story if one.happening is EventKind.LOOPING]
    return loops[-1] if loops and now - loops[-1].at <= LOOPS_FOR else None


def _service(
    node: NodeState, service: Service, story: Sequence[Event], now: float
) -> Iterable[Problem]:
    """Tell how a service stands; where it is in a crash loop, all in one."""
    loop = _looping(story, now)
    if loop is not None:
        what = f"{service.status}, crash loop: {loop.text}"
        yield Problem(Severity.CRITICAL, 3, node.name, what, service.name, loop.at)
        return
    wrong = _wrong(node, service, story, now)
    if wrong is not None:
        yield wrong


def _vanished(node: NodeState, name: str, story: Sequence[Event], now: float) -> Iterable[Problem]:
    gone = [one for one in story if one.happening is EventKind.VANISHED]
    if gone and not gone[-1].ordered and now - gone[-1].at <= RESTARTS_FOR:
        yield Problem(Severity.NOTICE, 0, node.name, gone[-1].text, name, gone[-1].at)


def _wrong(node: NodeState, service: Service, story: Sequence[Event], now: float) -> Problem | None:
    health = service.health(node.disabled)
    if not health.is_problem:
        return None
    status = service.status or "no status"
    if health is Health.MOVING:
        since = _since(story, service.name, lambda one: one is Health.MOVING)
        if now - (node.reading.since if since is None else since) <= MOVES_AT_MOST:
            return None
        return Problem(Severity.SERIOUS, 4, node.name, f"still {status}", service.name, since)
    since = _since(story, service.name, lambda one: one.is_problem)
    what, grave, rank = {
        Health.FAILED: (f"{status}: it does not come up", Severity.CRITICAL, 4),
        Health.DOWN: (f"{status}, and should not be", Severity.SERIOUS, 2),
    }.get(health, (f"{status}: not a status that is documented", Severity.SERIOUS, 3))
    return Problem(grave, rank, node.name, what, service.name, since)


def _since(story: Sequence[Event], name: str, holds: Callable[[Health], bool]) -> float | None:
    """Say when it began that `holds` is true of a service's health; None if that was not seen."""
    since = None
    for event in story:
        if event.happening not in (EventKind.FLIPPED, EventKind.APPEARED):
            continue
        old, new = statuses(event)
        if not holds(Service(name, new).health()):
            since = None
        elif not old or not holds(Service(name, old).health()):
            since = event.at
    return since


def _restarts(story: Sequence[Event], orders: Sequence[Event], now: float) -> list[Event]:
    """List those times that a service came up again and no order given here explains."""
    found = [
        one
        for one in story
        if now - one.at <= RESTARTS_FOR
        and _came_up(one)
        and not one.ordered
        and not any(
            0 <= one.at - order.at <= _EXPLAINS_FOR
            and one.service in (order.service, *order.text.replace(",", " ").split())
            for order in orders
        )
    ]
    # A restart that was seen on its way is told of the same moment as its last change.
    return list({one.at: one for one in found}.values())


def _came_up(event: Event) -> bool:
    if event.happening is EventKind.FLIPPED:
        return statuses(event)[1] == "RUNNING"
    return event.happening is EventKind.RESTARTED


HOUR = 3600.0


def recent_restarts(events: Iterable[Event], now: float, within: float = HOUR) -> Counter[str]:
    """Count, by node, the restarts that nobody here ordered; `now` is monotonic seconds."""
    return Counter(
        event.node
        for event in events
        if event.happening is EventKind.RESTARTED and not event.ordered and now - event.at <= within
    )
