"""What an action touches, found from what a fleet knows now: nothing is read for it."""

from collections.abc import Iterable, Iterator

from tui.fleet.fleet import Fleet
from tui.fleet.orders.impact import Finding, OrderPlace, Peer, PeerState, find_impact
from tui.fleet.polling.poller import NodePoller
from tui.model.node import ObservedHealth
from tui.model.order import Verb


def order_impact(
    fleet: Fleet, verb: Verb, services: Iterable[str], node: str, now: float
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
    )
    return find_impact(verb, services, place, watch.context, _peers(fleet, watch, now), now)


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
    """Return the worst problem of a node's services, else what its cluster reports of it."""
    if problems := watch.tally.problems:
        return f"{problems[0].shown} {problems[0].status or 'without a status'}"
    health = watch.facts.health
    return "" if health is None else _reported(health)


def _reported(health: ObservedHealth) -> str:
    return f"the cluster reports it {health.status or 'without a status'}"
