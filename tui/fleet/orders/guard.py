"""Whether an order may be given, and what the operator must do for it. Pure.

Asked at the key, by the dialog, when the order is given, for every node of a rollout, and with the
node's own answers right before the POST.
"""

import math
from collections.abc import Sequence
from enum import Enum

from tui.model.cluster import ClusterFacts
from tui.model.dataclass import dataclass
from tui.model.node import (
    Environment,
    Identity,
    NodeEvidence,
    Origin,
    Role,
    StartsChange,
    compare_starts,
    first_difference,
    same_host,
)
from tui.model.order import Order, SeenService, Tier, Verb
from tui.model.service import (
    API_CARRIERS,
    CLIENT_CARRIERS,
    Health,
    Kind,
    Service,
    uptime_started_over,
)
from tui.model.text import is_plain_name, visible_name

_UNIDENTIFIED = (
    "nothing but its address identifies the node: it reports no uid, no hostname and no start times"
)
_ODD_NAME = "its name holds more than letters, digits, _ . -"


class Refusal(Enum):
    """Why an order may not be given."""

    READ_ONLY = "read-only"
    TROUBLE = "trouble"
    NOT_ANSWERED = "not answered"
    STALE = "stale"
    BUSY = "busy"
    ROLLED = "rolled by another process"
    NO_NODE = "no node"
    NO_SERVICE = "no service"
    ODD_NAME = "odd name"
    LOCKED = "locked"
    LOCKED_SEVERAL = "locked, and several at once"


@dataclass(frozen=True, slots=True)
class NodeStanding:
    """What the guard needs to know of a node.

    `read_only` and `trouble` (its present trouble, or another node answering under its address)
    are sentences, empty where nothing is in the way, and so is `rolled`: which other process goes
    over its cluster with a rollout, as far as that is known. `busy` is an order that is still open.
    `age` is the reading's, in seconds, None before the first; above `stale_after` it is too old
    to act on. `is_identified` is False where another node in its place would not be noticed.
    """

    age: float | None
    stale_after: float
    read_only: str = ""
    trouble: str = ""
    busy: Order | None = None
    rolled: str = ""
    environment: Environment | None = None
    unlocked: bool = False
    is_identified: bool = True


@dataclass(frozen=True, slots=True)
class Ruling:
    """The guard's ruling: `refusal` is None where the order may go on.

    `reason` is a sentence: of the refusal, else of the risks. `words` must be typed.
    """

    tier: Tier
    refusal: Refusal | None = None
    reason: str = ""
    words: str = ""
    needs_reason: bool = False

    @property
    def allowed(self) -> bool:
        """Whether the order may be given."""
        return self.refusal is None


def judge_order(verb: Verb, services: Sequence[SeenService], standing: NodeStanding) -> Ruling:
    """Judge an order for `services` of one node. It fails closed: what is not known refuses."""
    barred = judge_node(standing) or _judge_names(services)
    if barred is not None:
        return barred
    if any(seen.kind is not Kind.OPTIONAL for seen in services):
        return _locked(verb, services, standing)
    names = {seen.name for seen in services}
    risks = []
    if standing.environment is Environment.PRODUCTION:
        risks.append("the node is marked production")
    if not standing.is_identified:
        risks.append(_UNIDENTIFIED)
    if len(services) > 1:
        risks.append(f"{len(services)} services at once")
    if names & API_CARRIERS:
        risks.append("it carries the API itself: the connection will drop")
    if names & CLIENT_CARRIERS:
        risks.append("it disconnects every client of every database on the node")
    if risks:
        return Ruling(Tier.TYPED, reason="; ".join(risks), words=_words(services))
    return Ruling(Tier.PLAIN)


def judge_node(standing: NodeStanding) -> Ruling | None:
    """Return the refusal of any order on a node, whatever its services; None where one may go."""
    if standing.read_only:
        return Ruling(Tier.NEVER, Refusal.READ_ONLY, standing.read_only)
    if standing.trouble:
        return Ruling(Tier.NEVER, Refusal.TROUBLE, standing.trouble)
    if standing.age is None:
        return Ruling(Tier.NEVER, Refusal.NOT_ANSWERED, "the node has not answered yet")
    if standing.age > standing.stale_after:
        old = f"the last answer is {standing.age:.0f} s old, too old to act on"
        return Ruling(Tier.NEVER, Refusal.STALE, old)
    if standing.busy is not None:
        return Ruling(Tier.NEVER, Refusal.BUSY, busy_text(standing.busy))
    if standing.rolled:
        return Ruling(Tier.NEVER, Refusal.ROLLED, standing.rolled)
    return None


def _judge_names(services: Sequence[SeenService]) -> Ruling | None:
    """Return the refusal of names that are none, or may only look like another's."""
    if not services:
        return Ruling(Tier.NEVER, Refusal.NO_SERVICE, "no service is chosen")
    odd = ", ".join(visible_name(seen.name) for seen in services if not is_plain_name(seen.name))
    if odd:
        return Ruling(Tier.NEVER, Refusal.ODD_NAME, f"{odd} cannot be acted on: {_ODD_NAME}")
    return None


def busy_text(order: Order, where: str = "here") -> str:
    """Return the sentence of a node on which an order is still open."""
    return f"{order.verb.value} {', '.join(order.names)} is still open {where}"


def _locked(verb: Verb, services: Sequence[SeenService], standing: NodeStanding) -> Ruling:
    names = ", ".join(seen.name for seen in services if seen.kind is not Kind.OPTIONAL)
    required = any(seen.kind is Kind.REQUIRED for seen in services)
    what = "required" if required else "not known to be optional"
    danger = (
        f"{names}: {what}. To {verb.value} it can harm the cluster, "
        "up to the loss of the cluster and its data"
    )
    if not standing.is_identified:
        danger = f"{danger}. In addition, {_UNIDENTIFIED}"
    if not standing.unlocked:
        return Ruling(Tier.LOCKED, Refusal.LOCKED, danger)
    if len(services) > 1:
        several = f"{danger}. Such services go one at a time"
        return Ruling(Tier.LOCKED, Refusal.LOCKED_SEVERAL, several)
    return Ruling(Tier.LOCKED, reason=danger, words=_words(services), needs_reason=True)


def _words(services: Sequence[SeenService]) -> str:
    return services[0].name if len(services) == 1 else str(len(services))


@dataclass(frozen=True, slots=True)
class PointlessVerb:
    """A verb that makes no sense for a service as it is: why, and which ones would.

    `possible` is empty where none would, or where the service only needs time.
    """

    text: str
    possible: tuple[Verb, ...] = ()


def judge_verb(verb: Verb, service: Service) -> PointlessVerb | None:
    """Return why `verb` makes no sense for a service as it is; None where it does."""
    name, status, health = service.shown, service.status, service.health()
    if not service.is_actionable:
        what = service.note or (
            "its name is too long" if is_plain_name(service.name) else _ODD_NAME
        )
        return PointlessVerb(f"{name} cannot be acted on: {what}")
    if health is Health.UNKNOWN:
        return PointlessVerb(f"{name} cannot be acted on: {status!r} is not a status that is known")
    if verb is Verb.START and health is Health.UP:
        already = f"{name} is already {status}. Nothing to start"
        return PointlessVerb(already, (Verb.STOP, Verb.RESTART))
    if verb is Verb.START and status in ("STARTING", "RESTARTING"):
        return PointlessVerb(f"{name} is already {status}")
    if verb is Verb.STOP and health in (Health.DOWN, Health.DONE):
        return PointlessVerb(f"{name} is already {status}. Nothing to stop", (Verb.START,))
    if verb is Verb.RESTART and health in (Health.DOWN, Health.DONE):
        return PointlessVerb(f"{name} is {status}. Nothing to restart", (Verb.START,))
    return None


# The last check, against what the node answers right before the POST


class ChangedSinceSeen(Exception):
    """What the operator saw has changed; the text says how."""


def check_services(
    order: Order, identity: Identity, services: Sequence[Service], origin: Origin
) -> None:
    """Raise ChangedSinceSeen unless it is the node meant and its services are as they were seen.

    `identity` is what the node reports of itself, `origin` is where its services came from. What
    was not known when the key was pressed is not compared, nor a hostname that is left out.
    """
    meant = order.target.identity
    where = f"answers at {order.target.url}, meant was"
    if meant.uid is not None and identity.uid != meant.uid:
        who = (
            "a node that does not report its uid"
            if identity.uid is None
            else f"node:{identity.uid}"
        )
        raise ChangedSinceSeen(f"{who} {where} node:{meant.uid}")
    hostname = identity.hostname
    if meant.hostname and hostname and not same_host(hostname, meant.hostname):
        raise ChangedSinceSeen(f"{hostname} {where} {meant.hostname}")
    now = {service.name: service for service in services}
    for seen in order.services:
        _check_service(seen, now.get(seen.name))
    is_named = meant.uid is not None or bool(meant.hostname and hostname)
    changed = evidence_difference(
        order.target.evidence, NodeEvidence.of(services, origin), is_named=is_named
    )
    if changed:
        raise ChangedSinceSeen(changed)


def evidence_difference(before: NodeEvidence, now: NodeEvidence, *, is_named: bool) -> str:
    """Return what shows that another node may answer than before; empty where nothing does.

    Where the node is not known by uid or hostname (`is_named`), its services' start times are
    all that it has in place of a name: then every one of them must be the same.
    """
    elsewhere = before.origin.difference(now.origin)
    if elsewhere or not before.starts:
        return elsewhere
    change = compare_starts(before.starts, now.starts)
    if change in (StartsChange.MOST, StartsChange.BACK):
        return "most services have other start times now: another node answers, or it was rebooted"
    if change is StartsChange.SOME and not is_named:
        name = first_difference(before.starts, now.starts)
        return (
            f"{name} has another start time now, and the node reports neither uid nor hostname: "
            "another node may answer"
        )
    return ""


def _check_service(seen: SeenService, now: Service | None) -> None:
    if now is None:
        raise ChangedSinceSeen(f"{seen.name} is not on the node any more")
    if now.status != seen.status:
        raise ChangedSinceSeen(
            f"{seen.name} changed since you looked: {seen.status} → {now.status}"
        )
    # An uptime only grows while it is the same run; it is whole seconds, and so is the start time.
    is_new_run = uptime_started_over(seen.uptime, now.uptime, math.inf)
    if now.started_at != seen.started_at or is_new_run:
        raise ChangedSinceSeen(f"{seen.name} was restarted since you looked")


def check_target(order: Order, facts: ClusterFacts) -> None:
    """Raise ChangedSinceSeen unless the node meant is the primary, as `POST /v1/services` needs.

    `facts` are what the node that takes the POST reports of its cluster. Another cluster has the
    same uids, so its name and the primary's hostname are compared where both are known.
    """
    primary = next((one for one in facts.members if one.role is Role.PRIMARY), None)
    meant = order.target.identity
    if meant.uid is None or primary is None:
        raise ChangedSinceSeen(
            "which node is primary is not known, and /v1/services acts on that one"
        )
    if primary.uid != meant.uid:
        raise ChangedSinceSeen(f"node:{primary.uid} is primary now, meant was node:{meant.uid}")
    if meant.cluster and facts.name and facts.name != meant.cluster:
        raise ChangedSinceSeen(
            f"{order.route.via} is of cluster {facts.name} now, meant was {meant.cluster}"
        )
    if meant.hostname and primary.hostname and not same_host(primary.hostname, meant.hostname):
        raise ChangedSinceSeen(f"{primary.hostname} is primary now, meant was {meant.hostname}")
