"""Which nodes a rollout goes to, and in which turn. Pure: a plan, or a refusal with its reasons.

What a node lacks is left out, with a remark. What would make it unsafe to go on without the node
(it does not answer, it may be another one, what it runs is in trouble) refuses the whole: a rollout
that skips such a node by itself would go through a cluster that is not well.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from tui.fleet.orders.guard import NodeStanding, Refusal, Ruling, judge_node, judge_order
from tui.model.dataclass import dataclass
from tui.model.node import NodeFacts, Role
from tui.model.order import SeenService, Tier, Verb
from tui.model.reading import Reading
from tui.model.rollout import Plan, PlanReason, PlanRefusal, PlanRemark, Step
from tui.model.service import Health, KnownRun, Service, kind_of

_BY_GUARD = {
    Refusal.LOCKED: PlanReason.LOCKED,
    Refusal.LOCKED_SEVERAL: PlanReason.LOCKED_SEVERAL,
}


@dataclass(frozen=True, slots=True)
class RolloutRequest:
    """What the operator chose: `at` is monotonic, `on` the wall clock (aware, UTC).

    As the rest of a rollout that was begun by typing a name (`is_typed`), it is begun so too.
    """

    number: int
    names: tuple[str, ...]
    at: float
    on: datetime
    verb: Verb = Verb.RESTART
    is_typed: bool = False


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


def make_plan(wish: RolloutRequest, places: Sequence[PlanNode]) -> Plan | PlanRefusal:
    """Plan the services named over `places`, one of a node each, or refuse with every reason."""
    names = tuple(dict.fromkeys(wish.names))
    if wish.verb is not Verb.RESTART:
        text = "only a restart goes from node to node: a cluster is not stopped in turn"
        return _refused(PlanReason.NOT_A_RESTART, text)
    if not places:
        return _refused(PlanReason.NO_NODE, "no node is chosen")
    if not names:
        return _refused(PlanReason.NO_SERVICE, "no service is chosen")
    refused = _rolled(places)
    refused += [bar for place in places if (bar := _bar(place))] or _strangers(places)
    if refused:
        return PlanRefusal(tuple(refused))
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
    if refused:
        return PlanRefusal(tuple(refused))
    if not steps:
        nothing = PlanRemark(PlanReason.NO_NODE, f"nothing to {wish.verb.value}")
        return PlanRefusal((nothing, *left_out))
    return _ruled(
        wish, names, tuple(steps), tuple(left_out), {place.node: place for place in places}
    )


def _refused(reason: PlanReason, text: str) -> PlanRefusal:
    return PlanRefusal((PlanRemark(reason, text),))


def _turn(place: PlanNode) -> tuple[bool, int, str]:
    """Sort replicas first and the primary last, then by uid."""
    return place.role is Role.PRIMARY, place.facts.identity.uid or 0, place.node


def _rolled(places: Sequence[PlanNode]) -> list[PlanRemark]:
    """Return which other process goes over the cluster: once, and not for each node."""
    text = next((place.standing.rolled for place in places if place.standing.rolled), "")
    return [PlanRemark(PlanReason.ROLLED, text)] if text else []


def _bar(place: PlanNode) -> PlanRemark | None:
    """Return what makes the whole unsafe at a node, whether it takes part or not."""
    ruling = judge_node(replace(place.standing, read_only="", rolled=""))
    if ruling is None:
        return None
    trouble = place.reading.trouble
    is_named = ruling.refusal is Refusal.TROUBLE and trouble is not None and trouble.names_node
    return PlanRemark(PlanReason.NODE, ruling.reason, place.node, names_node=is_named)


def _strangers(places: Sequence[PlanNode]) -> list[PlanRemark]:
    """List what speaks against the nodes being those of one cluster."""
    if len(places) == 1:
        return []
    lone = [place.node for place in places if not place.group]
    if lone:
        text = "the profile names no cluster, and a rollout is through one"
        return [PlanRemark(PlanReason.CLUSTER, text, ", ".join(lone))]
    reported = {place.facts.identity.cluster for place in places} - {""}
    for clusters in ({place.group for place in places}, reported):
        if len(clusters) > 1:
            found = ", ".join(sorted(clusters))
            text = f"a rollout goes through one cluster, and these are nodes of {found}"
            return [PlanRemark(PlanReason.CLUSTER, text)]
    return []


def _taking_part(places: Sequence[PlanNode]) -> tuple[list[PlanNode], list[PlanRemark]]:
    """Leave out what takes no orders, and the second of two profiles for one node."""
    taking: list[PlanNode] = []
    left_out: list[PlanRemark] = []
    by_uid: dict[int, str] = {}
    for place in places:
        uid = place.facts.identity.uid
        twin = by_uid.get(uid) if uid is not None else None
        if why := place.standing.read_only:
            left_out.append(PlanRemark(PlanReason.READ_ONLY, why, place.node))
        elif twin is not None:
            text = f"it is the same node as {twin}"
            left_out.append(PlanRemark(PlanReason.TWIN, text, place.node))
        else:
            taking.append(place)
            if uid is not None:
                by_uid[uid] = place.node
    return taking, left_out


def _unknown(taking: Sequence[PlanNode]) -> list[PlanRemark]:
    """List what is not known of the nodes and must be."""
    remarks = []
    for place in taking:
        if place.facts.identity.uid is None:
            text = "it does not report its uid, so another one may answer unseen"
            remarks.append(PlanRemark(PlanReason.IDENTITY, text, place.node))
        elif place.role is Role.UNKNOWN:
            text = "its role is not known, and the primary must come last"
            remarks.append(PlanRemark(PlanReason.ROLE, text, place.node))
    primaries = [place.node for place in taking if place.role is Role.PRIMARY]
    if len(primaries) > 1:
        text = "more than one is reported as the primary"
        remarks.append(PlanRemark(PlanReason.ROLE, text, ", ".join(primaries)))
    return remarks


def _services(
    place: PlanNode, names: Iterable[str]
) -> tuple[tuple[SeenService, ...], list[PlanRemark], list[PlanRemark]]:
    """Return the services to act on, those left out, and what refuses."""
    seen: list[SeenService] = []
    left_out: list[PlanRemark] = []
    refused: list[PlanRemark] = []
    for name in names:
        service = place.reading.find(name)
        if service is None:
            text = f"{name} is not on the node"
            left_out.append(PlanRemark(PlanReason.MISSING, text, place.node, name))
        elif service.health(place.facts.disabled) in (Health.DOWN, Health.DONE, Health.OFF):
            text = f"{name} is {service.status}"
            left_out.append(PlanRemark(PlanReason.DOWN, text, place.node, name))
        elif why := _unfit(service):
            refused.append(PlanRemark(PlanReason.UNFIT, f"{name} {why}", place.node, name))
        else:
            kind = kind_of(name, place.facts.optional)
            seen.append(SeenService(name, service.status, kind, service.started_at, service.uptime))
    return tuple(seen), left_out, refused


def _unfit(service: Service) -> str:
    if not service.is_actionable:
        return f"cannot be acted on: {service.note or 'its name cannot be sent back'}"
    if service.health() is not Health.UP:
        return f"is {service.status}: fix that first"
    if service.started_at is None:
        return "does not report since when it runs, so a restart could not be seen"
    return ""


def _nowhere(names: Iterable[str], places: Sequence[PlanNode]) -> list[PlanRemark]:
    """List the names that no node knows: they are mistyped, or of another cluster."""
    return [
        PlanRemark(PlanReason.MISSING, f"no node has {name}", service=name)
        for name in names
        if all(place.reading.find(name) is None for place in places)
    ]


def _ruled(
    wish: RolloutRequest,
    names: tuple[str, ...],
    steps: tuple[Step, ...],
    left_out: tuple[PlanRemark, ...],
    places: dict[str, PlanNode],
) -> Plan | PlanRefusal:
    """Judge every node's order, and demand what the riskiest needs."""
    rulings = [judge_order(wish.verb, step.services, places[step.node].standing) for step in steps]
    for ruling in rulings:
        if ruling.refusal is not None:
            return _refused(_BY_GUARD.get(ruling.refusal, PlanReason.NODE), ruling.reason)
        if ruling.needs_reason and len(names) > 1:
            text = f"{ruling.reason}. Such services go one at a time"
            return _refused(PlanReason.LOCKED_SEVERAL, text)
    risks = dict.fromkeys(ruling.reason for ruling in rulings if ruling.reason)
    if len(steps) > 1:
        risks |= {f"{len(steps)} nodes, one after the other": None}
    if wish.is_typed:
        risks |= {"the rest of a rollout that was begun by typing a name": None}
    return Plan(
        number=wish.number,
        verb=wish.verb,
        cluster=places[steps[0].node].group,
        names=names,
        steps=steps,
        left_out=left_out,
        words=_words(rulings, steps, names, is_typed=wish.is_typed),
        needs_reason=any(ruling.needs_reason for ruling in rulings),
        danger="; ".join(risks),
        pressed_at=wish.at,
        pressed_on=wish.on,
    )


def _words(
    rulings: Sequence[Ruling], steps: Sequence[Step], names: Sequence[str], *, is_typed: bool
) -> str:
    """Return what must be typed: the service's name, or for several the count of restarts."""
    restarts = [name for step in steps for name in step.names]
    if len(restarts) == 1:
        return rulings[0].words or (restarts[0] if is_typed else "")
    return names[0] if len(names) == 1 else str(len(restarts))


def tier_of(plan: Plan) -> Tier:
    """Return what a plan takes, for the journal."""
    if plan.needs_reason:
        return Tier.LOCKED
    return Tier.TYPED if plan.words else Tier.PLAIN


def starts_of(plan: Plan) -> dict[tuple[str, str], KnownRun]:
    """Return since when each service of a plan runs, by node and name."""
    return {
        (step.node, seen.name): KnownRun(seen.started_at, seen.uptime, plan.pressed_at)
        for step in plan.steps
        for seen in step.services
    }


def primary_of(plan: Plan) -> int | None:
    """Return the uid of the primary, where it is one of the planned nodes."""
    uids = (step.identity.uid for step in plan.steps if step.identity.role is Role.PRIMARY)
    return next(uids, None)
