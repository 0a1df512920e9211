"""Which nodes a rollout goes to, and in which turn. Pure: planned, or refused with reasons.

What a node lacks is left out and said. What would make it unsafe to go on without the node (it does
not answer, it may be another one, what it runs is in trouble) refuses the whole: a rollout that
skips such a node by itself would go through a cluster that is not well.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tui.fleet.orders.guard import NodeStanding, Ruling, judge_order
from tui.model.node import NodeFacts, Role
from tui.model.order import SeenService, Tier, Verb
from tui.model.reading import Reading
from tui.model.rollout import Plan, Step
from tui.model.service import Health, Service, kind_of

_SAID_AT_MOST = 5
_NOTHING = "no service is chosen"


@dataclass(frozen=True, slots=True)
class RolloutRequest:
    """What the operator chose: `at` is monotonic, `on` the wall clock (aware, UTC)."""

    number: int
    names: tuple[str, ...]
    at: float
    on: datetime
    verb: Verb = Verb.RESTART


@dataclass(frozen=True, slots=True)
class PlanNode:
    """One node as it stands when a plan is made; `group` is the cluster that its profile names."""

    node: str
    url: str
    group: str
    facts: NodeFacts
    reading: Reading
    standing: NodeStanding

    @property
    def role(self) -> Role:
        """The node's part in its cluster."""
        return self.facts.identity.role


def make_plan(wish: RolloutRequest, places: Sequence[PlanNode]) -> Plan | str:
    """Plan the services named over `places`, one of a node each; or say why it is refused."""
    names = tuple(dict.fromkeys(wish.names))
    if wish.verb is not Verb.RESTART:
        return "only a restart goes from node to node: a cluster is not stopped in turn"
    if not names or not places:
        return _NOTHING if places else "no node is chosen"
    refused = [bar for place in places if (bar := _bar(place))] or _strangers(places)
    if refused:
        return _together(refused)
    taking, left_out = _taking_part(places)
    refused = _unknown(taking)
    steps: list[Step] = []
    for place in sorted(taking, key=_turn):
        seen, missing, unfit = _services(place, names)
        refused += unfit
        left_out += missing
        if seen:
            where = place.facts.identity, seen, place.standing.environment
            steps.append(Step(place.node, place.url, *where))
    refused += _nowhere(names, places)
    if refused or not steps:
        return _together(refused or [f"nothing is left to {wish.verb.value}", *left_out])
    return _ruled(wish, names, tuple(steps), tuple(left_out), {one.node: one for one in places})


def _turn(place: PlanNode) -> tuple[bool, int, str]:
    """Replicas first and the primary last, then by uid."""
    return place.role is Role.PRIMARY, place.facts.identity.uid or 0, place.node


def _bar(place: PlanNode) -> str:
    """Say why a node makes the whole unsafe, whether it takes part or not; empty if it does not."""
    standing = replace(place.standing, read_only="")
    reason = judge_order(Verb.RESTART, (), standing).reason
    return "" if reason == _NOTHING else f"{place.node}: {reason}"


def _strangers(places: Sequence[PlanNode]) -> list[str]:
    """Say so where the nodes are not those of one cluster."""
    if len(places) == 1:
        return []
    lone = [place.node for place in places if not place.group]
    if lone:
        return [f"{', '.join(lone)}: the profile names no cluster, and a rollout is through one"]
    told = {place.facts.identity.cluster for place in places} - {""}
    for clusters in ({place.group for place in places}, told):
        if len(clusters) > 1:
            found = ", ".join(sorted(clusters))
            return [f"a rollout goes through one cluster, and these are nodes of {found}"]
    return []


def _taking_part(places: Sequence[PlanNode]) -> tuple[list[PlanNode], list[str]]:
    """Leave out what takes no orders, and the second of two profiles for one node."""
    taking: list[PlanNode] = []
    left_out: list[str] = []
    by_uid: dict[int, str] = {}
    for place in places:
        uid = place.facts.identity.uid
        twin = by_uid.get(uid) if uid is not None else None
        if place.standing.read_only:
            left_out.append(f"{place.node}: {place.standing.read_only}")
        elif twin is not None:
            left_out.append(f"{place.node}: it is the same node as {twin}")
        else:
            taking.append(place)
            if uid is not None:
                by_uid[uid] = place.node
    return taking, left_out


def _unknown(taking: Sequence[PlanNode]) -> list[str]:
    """Say what is not known of the nodes and must be."""
    told = []
    for place in taking:
        if place.facts.identity.uid is None:
            told.append(f"{place.node}: it does not tell its uid, so another one may answer unseen")
        elif place.role is Role.UNKNOWN:
            told.append(f"{place.node}: its role is not known, and the primary must come last")
    primaries = [place.node for place in taking if place.role is Role.PRIMARY]
    if len(primaries) > 1:
        told.append(f"{', '.join(primaries)}: more than one is said to be the primary")
    return told


def _services(
    place: PlanNode, names: Iterable[str]
) -> tuple[tuple[SeenService, ...], list[str], list[str]]:
    """Give the services to act on, those left out, and what refuses."""
    seen: list[SeenService] = []
    left_out: list[str] = []
    refused: list[str] = []
    for name in names:
        service = place.reading.find(name)
        if service is None:
            left_out.append(f"{place.node}: {name} is not on the node")
        elif service.health(place.facts.disabled) in (Health.DOWN, Health.DONE, Health.OFF):
            left_out.append(f"{place.node}: {name} is {service.status}")
        elif why := _unfit(service):
            refused.append(f"{place.node}: {name} {why}")
        else:
            kind = kind_of(name, place.facts.optional)
            seen.append(SeenService(name, service.status, kind, service.started_at, service.uptime))
    return tuple(seen), left_out, refused


def _unfit(service: Service) -> str:
    if not service.is_actionable:
        return f"cannot be acted on: {service.note or 'its name cannot be sent back'}"
    if service.health() is not Health.UP:
        return f"is {service.status}: see to it first"
    if service.started_at is None:
        return "does not tell since when it runs, so nobody could see that it was restarted"
    return ""


def _nowhere(names: Iterable[str], places: Sequence[PlanNode]) -> list[str]:
    """Say which names no node knows: they are mistyped, or of another cluster."""
    return [
        f"no node has {name}"
        for name in names
        if all(place.reading.find(name) is None for place in places)
    ]


def _ruled(
    wish: RolloutRequest,
    names: tuple[str, ...],
    steps: tuple[Step, ...],
    left_out: tuple[str, ...],
    places: dict[str, PlanNode],
) -> Plan | str:
    """Ask the guard about every node, and demand what the riskiest needs."""
    rulings = [judge_order(wish.verb, one.services, places[one.node].standing) for one in steps]
    for ruling in rulings:
        if not ruling.allowed:
            return ruling.reason
        if ruling.needs_reason and len(names) > 1:
            return f"{ruling.reason}. Such services go one at a time"
    count = sum(len(one.services) for one in steps)
    risks = dict.fromkeys(one.reason for one in rulings if one.reason)
    if len(steps) > 1:
        risks |= {f"{len(steps)} nodes, one after the other": None}
    return Plan(
        number=wish.number,
        verb=wish.verb,
        cluster=places[steps[0].node].group,
        names=names,
        steps=steps,
        left_out=left_out,
        words=_words(rulings, names, count),
        needs_reason=any(one.needs_reason for one in rulings),
        danger="; ".join(risks),
        pressed_at=wish.at,
        pressed_on=wish.on,
    )


def _words(rulings: Sequence[Ruling], names: Sequence[str], count: int) -> str:
    """Say what must be typed: the service's name, or for several how many restarts it comes to."""
    if count == 1:
        return rulings[0].words
    return names[0] if len(names) == 1 else str(count)


def tier_of(plan: Plan) -> Tier:
    """Say what a plan takes, for the journal."""
    if plan.needs_reason:
        return Tier.LOCKED
    return Tier.TYPED if plan.words else Tier.PLAIN


def primary_of(plan: Plan) -> int | None:
    """Give the uid of the primary, where it is one of the planned nodes."""
    uids = (one.identity.uid for one in plan.steps if one.identity.role is Role.PRIMARY)
    return next(uids, None)


def _together(reasons: Sequence[str]) -> str:
    """Say several reasons in a sentence that still can be read."""
    said = "; ".join(reasons[:_SAID_AT_MOST])
    more = len(reasons) - _SAID_AT_MOST
    return f"{said}; and {more} more" if more > 0 else said
