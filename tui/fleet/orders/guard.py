"""May this order be given, and what must the operator do for it? Pure; asked by key and modal."""

from collections.abc import Sequence
from dataclasses import dataclass

from tui.model.node import Environment
from tui.model.order import SeenService, Tier, Verb
from tui.model.service import API_CARRIERS, CLIENT_CARRIERS, Health, Kind, Service


@dataclass(frozen=True, slots=True)
class NodeStanding:
    """How things stand with a node when an order is considered.

    Each of the texts is empty where nothing stands in the way, else says what does:
    `read_only`, `trouble` (its present trouble, or another node answering under its address),
    `busy` (an order that is still open). `age` is the reading's, in seconds, None before the
    first; from `stale_after` on it is too old to act on.
    """

    age: float | None
    stale_after: float
    read_only: str = ""
    trouble: str = ""
    busy: str = ""
    environment: Environment | None = None
    unlocked: bool = False


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the guard says: the tier, whether it may go on, why, and what must be typed."""

    tier: Tier
    allowed: bool
    reason: str = ""
    words: str = ""
    needs_reason: bool = False


def judge_order(verb: Verb, services: Sequence[SeenService], standing: NodeStanding) -> Ruling:
    """Judge an order for `services` of one node. It fails closed: what is not known refuses."""
    bar = _bar(services, standing)
    if bar:
        return Ruling(Tier.NEVER, allowed=False, reason=bar)
    if any(seen.kind is not Kind.OPTIONAL for seen in services):
        return _locked(verb, services, standing)
    names = {seen.name for seen in services}
    risks = []
    if standing.environment is Environment.PRODUCTION:
        risks.append("the node is marked production")
    if len(services) > 1:
        risks.append(f"{len(services)} services at once")
    if names & API_CARRIERS:
        risks.append("it carries the API itself: the connection will drop")
    if names & CLIENT_CARRIERS:
        risks.append("it disconnects every client of every database on the node")
    if risks:
        return Ruling(Tier.TYPED, allowed=True, reason="; ".join(risks), words=_words(services))
    return Ruling(Tier.PLAIN, allowed=True)


def _bar(services: Sequence[SeenService], standing: NodeStanding) -> str:
    if standing.read_only:
        return standing.read_only
    if standing.trouble:
        return standing.trouble
    if standing.age is None:
        return "the node has not answered yet"
    if standing.age > standing.stale_after:
        return f"the last answer is {standing.age:.0f} s old, too old to act on"
    if standing.busy:
        return standing.busy
    if not services:
        return "no service is chosen"
    return ""


def _locked(verb: Verb, services: Sequence[SeenService], standing: NodeStanding) -> Ruling:
    names = ", ".join(seen.name for seen in services if seen.kind is not Kind.OPTIONAL)
    required = any(seen.kind is Kind.REQUIRED for seen in services)
    what = "required" if required else "not known to be optional"
    danger = (
        f"{names}: {what}. To {verb.value} it can harm the cluster, "
        "up to the loss of the cluster and its data"
    )
    if not standing.unlocked:
        return Ruling(Tier.LOCKED, allowed=False, reason=danger)
    if len(services) > 1:
        return Ruling(
            Tier.LOCKED, allowed=False, reason=f"{danger}. Such services go one at a time"
        )
    return Ruling(
        Tier.LOCKED, allowed=True, reason=danger, words=_words(services), needs_reason=True
    )


def _words(services: Sequence[SeenService]) -> str:
    return services[0].name if len(services) == 1 else str(len(services))


def pointless_reason(verb: Verb, service: Service) -> str:
    """Say why `verb` makes no sense for a service as it is; empty where it does."""
    if not service.is_actionable:
        what = service.note or "its name is not one that can be sent back"
        return f"{service.name} cannot be acted on: {what}"
    health, status = service.health(), service.status
    if health is Health.UNKNOWN:
        return f"{service.name} cannot be acted on: {status!r} is not a status that is known"
    running = health is Health.UP
    if verb is Verb.START and running:
        return f"{service.name} is already {status}. Nothing to start: t stops it, r restarts it"
    if verb is Verb.START and status in ("STARTING", "RESTARTING"):
        return f"{service.name} is already {status}"
    if verb is Verb.STOP and health in (Health.DOWN, Health.DONE):
        return f"{service.name} is already {status}. Nothing to stop: s starts it"
    if verb is Verb.RESTART and health in (Health.DOWN, Health.DONE):
        return f"{service.name} is {status}. Nothing to restart: s starts it"
    return ""
