"""What an action touches, found from what a fleet knows now: nothing is read for it."""

from collections.abc import Collection, Iterator
from datetime import UTC, datetime

from tui.fleet.fleet import Fleet
from tui.fleet.orders.impact import Finding, OrderPlace, Peer, PeerState, find_impact
from tui.fleet.polling.poller import NodePoller
from tui.fleet.problems import (
    LOOPS_FOR,
    NodeCondition,
    ProblemSubject,
    Severity,
    find_problems,
)
from tui.model.event import EventKind
from tui.model.node import ObservedHealth
from tui.model.order import Verb


def order_impact(
    fleet: Fleet, verb: Verb, services: Collection[str], node: str, now: float
) -> tuple[Finding, ...]:
    """List what `verb` on `services` of a node touches at `now`, of the clock of ages.

    Raises KeyError if the node is not watched.
    """
    watch = fleet.watch(node)
    facts = watch.facts
    place = OrderPlace(
        facts.identity.uid,
        facts.identity.role,
        facts.identity.version,
        facts.maintenance,
        tuple(_problems(fleet, watch, services, now)),
    )
    return find_impact(verb, services, place, watch.context, _peers(fleet, watch, now), now)


_OF_NODE = frozenset({ProblemSubject.SERVICE, ProblemSubject.HEALTH})
"""What else may be wrong with a node has its own place in a confirmation, or refuses the action."""


def _problems(
    fleet: Fleet, watch: NodePoller, services: Collection[str], now: float
) -> Iterator[str]:
    """Yield the problems of a node, the worst first, without notices and those of `services`."""
    events = [event for event in fleet.events if event.node == watch.name]
    loops = {
        event.service
        for event in events
        if event.kind is EventKind.LOOPING and now - event.at <= LOOPS_FOR
    }
    for problem in find_problems([NodeCondition.of(watch)], events, now, datetime.now(UTC)):
        if problem.severity is Severity.NOTICE or problem.subject not in _OF_NODE:
            continue
        service = watch.reading.find(problem.service) if problem.service else None
        if service is None:
            yield problem.what
        elif service.name not in services:
            loop = " in a crash loop" if service.name in loops else ""
            yield f"{service.shown} {service.status or 'without a status'}{loop}"


def _peers(fleet: Fleet, watch: NodePoller, now: float) -> Iterator[Peer]:
    """Yield the other nodes of a node's cluster, also those without a profile."""
    cluster = watch.profile.cluster
    if not cluster:
        return
    for other in fleet.beside(watch.name):
        if other is not watch:
            state = _state(other, now)
            yield Peer(other.name, state, _worst(other) if state is PeerState.UNHEALTHY else "")
    for node in fleet.unmanaged_nodes:
        if node.cluster == cluster:
            state = PeerState.UNHEALTHY if node.health.is_down else PeerState.WELL
            state = state if node.maintenance is None else PeerState.MAINTENANCE
            worst = _reported(node.health) if state is PeerState.UNHEALTHY else ""
            yield Peer(node.title, state, worst)


def _state(watch: NodePoller, now: float) -> PeerState:
    age = watch.reading.age(now)
    if watch.facts.maintenance is not None:
        return PeerState.MAINTENANCE
    if watch.reading.trouble is not None or age is None or age > watch.stale_after:
        return PeerState.NOT_POLLED
    health = watch.facts.health
    is_down = bool(watch.tally.problems) or (health is not None and health.is_down)
    return PeerState.UNHEALTHY if is_down else PeerState.WELL


def _worst(watch: NodePoller) -> str:
    """Return the worst problem of a node's services, and the number of the others.

    Where they have none it is what its cluster reports of it.
    """
    if problems := watch.tally.problems:
        more = f" and {len(problems) - 1} more" if len(problems) > 1 else ""
        return f"{problems[0].shown} {problems[0].status or 'without a status'}{more}"
    health = watch.facts.health
    return "" if health is None else _reported(health)


def _reported(health: ObservedHealth) -> str:
    return f"the cluster reports it {health.status or 'without a status'}"
