"""Poll nodes once, for the command line: a rollout's plan, a service's evidence, clusters' logs."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from datetime import UTC, datetime

from tui.config import Configuration, NodeProfile
from tui.credentials import Passwords
from tui.fleet.cluster_log import MergedEvents
from tui.fleet.fleet import Fleet
from tui.fleet.node_status import wrong_node_trouble
from tui.fleet.order_impact import order_impact
from tui.fleet.orders.binding import SeenNode
from tui.fleet.orders.impact import Finding
from tui.fleet.polling.poller_factory import barred
from tui.fleet.protocols import Journal
from tui.fleet.rollout.manager import GateLook, plan_node
from tui.fleet.rollout.planner import PlanNode, RolloutRequest, make_plan
from tui.fleet.rollout.runner import RehearsalStop
from tui.fleet.why import (
    Evidence,
    EvidenceKind,
    NextStep,
    WhySubject,
    find_evidence,
    find_next_step,
    is_unknown_service,
    read_checks,
)
from tui.model.clock import monotonic
from tui.model.dataclass import dataclass
from tui.model.event import ClusterLogged, Event
from tui.model.node import Role
from tui.model.reading import Trouble
from tui.model.rollout import Plan, PlanRefusal


def poll_once(
    configuration: Configuration,
    profiles: Sequence[NodeProfile],
    passwords: Passwords,
    *,
    read_only: str,
    only_kinds: bool = False,
) -> Fleet:
    """Poll `profiles` once, and return the fleet that did; `read_only` is why it may only poll.

    `only_kinds`: see `tui.fleet.polling.one_look`.
    """
    wanted = replace(configuration, nodes=tuple(profiles))

    async def poll() -> Fleet:
        fleet = Fleet(wanted, read_only=read_only, passwords=passwords)
        await fleet.poll_once(only_kinds=only_kinds)
        return fleet

    return asyncio.run(poll())


_PLAN_ONLY = "read-only: a plan is only looked at"


@dataclass(frozen=True, slots=True)
class RolloutPreview:
    """The chosen nodes as they were polled, and the plan, or why there is none.

    `impact` is what each restart of the plan touches, by node; `gates` is whether its gates are
    open now, but for the cluster's checks.
    """

    places: tuple[PlanNode, ...]
    made: Plan | PlanRefusal
    impact: Mapping[str, tuple[Finding, ...]] = field(default_factory=dict)
    gates: GateLook = field(default_factory=GateLook)

    @property
    def is_unasked(self) -> bool:
        """Whether a node, or its role, could not be read."""
        return any(
            node.reading.trouble is not None or node.role is Role.UNKNOWN for node in self.places
        )


def preview_rollout(
    configuration: Configuration,
    nodes: Sequence[str],
    services: Sequence[str],
    passwords: Passwords,
    *,
    journal: Journal,
) -> RolloutPreview:
    """Poll all nodes of `configuration` once, and plan `services` over `nodes`.

    By the `journal` it is known whether another process goes over the cluster with a rollout.
    """
    return asyncio.run(_survey(configuration, nodes, services, passwords, journal))


async def _survey(
    configuration: Configuration,
    nodes: Sequence[str],
    services: Sequence[str],
    passwords: Passwords,
    journal: Journal,
) -> RolloutPreview:
    fleet = Fleet(configuration, read_only=_PLAN_ONLY, passwords=passwords)
    await fleet.poll_once()
    names = tuple(dict.fromkeys(nodes))
    rolled = await journal.rolled_elsewhere(
        [SeenNode.of(fleet.watch(node)).target for node in names]
    )
    places = tuple(_seen(fleet, *found) for found in zip(names, rolled, strict=True))
    now = monotonic()
    made = make_plan(RolloutRequest(1, tuple(services), now, datetime.now(UTC)), places)
    if isinstance(made, PlanRefusal):
        return RolloutPreview(places, made)
    await fleet.read_context(made.steps[0].node)
    now = monotonic()
    impact = {
        step.node: order_impact(fleet, made.verb, step.names, step.node, now) for step in made.steps
    }
    gates = replace(fleet.rollouts.look_at_gates(made), basis="one poll of each node")
    return RolloutPreview(places, made, impact, gates)


def check_gates(
    configuration: Configuration, plan: Plan, passwords: Passwords
) -> RehearsalStop | None:
    """Check every gate of a plan as a run would, by GETs alone; returns what would stop it."""
    return asyncio.run(_check_gates(configuration, plan, passwords))


async def _check_gates(
    configuration: Configuration, plan: Plan, passwords: Passwords
) -> RehearsalStop | None:
    fleet = Fleet(configuration, read_only=_PLAN_ONLY, passwords=passwords)
    await fleet.poll_once()
    running = asyncio.create_task(fleet.run())
    try:
        return await fleet.rollouts.rehearse(plan)
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


_WHY_ONLY = "read-only: the evidence is only looked at"


@dataclass(frozen=True, slots=True)
class WhyLook:
    """The evidence of one look at a node or a service, and why the node could not be polled.

    `description` is what the service does, empty of a node; `next_step` is None where nothing is
    to be done. Where it `is_unknown_service`, the node does not list it, and no event names it.
    """

    evidence: tuple[Evidence, ...]
    trouble: Trouble | None
    description: str = ""
    next_step: NextStep | None = None
    is_unknown_service: bool = False

    @property
    def has_problem(self) -> bool:
        """Whether the service, or a service of the node, is not as it should be."""
        return any(
            found.is_problem and found.kind is EvidenceKind.STATUS for found in self.evidence
        )


def look_why(
    configuration: Configuration,
    subject: tuple[str, str],
    passwords: Passwords,
    past: Sequence[Event],
) -> WhyLook:
    """Look once at a node and a service of it (empty: the node itself), by GETs alone.

    `configuration` holds the nodes of its cluster; `past` are the events of earlier sessions, the
    oldest first.
    """
    return asyncio.run(_look_why(configuration, subject, passwords, past))


async def _look_why(
    configuration: Configuration,
    subject: tuple[str, str],
    passwords: Passwords,
    past: Sequence[Event],
) -> WhyLook:
    node, service = subject
    fleet = Fleet(configuration, read_only=_WHY_ONLY, passwords=passwords)
    await fleet.poll_once()
    await fleet.read_context(node)
    fleet.events.insert_older(past)
    running = asyncio.create_task(fleet.run())
    try:
        checks = await read_checks(fleet, node)
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
    watch = fleet.watch(node)
    about = WhySubject.of(fleet, node, service, checks, is_only_look=True)
    now, on = monotonic(), datetime.now(UTC)
    return WhyLook(
        find_evidence(about, fleet.events, now, on),
        watch.reading.trouble or wrong_node_trouble(watch),
        about.description,
        find_next_step(about, fleet.events, now, on),
        is_unknown_service(about, fleet.events),
    )


_LOGS_ONLY = "read-only: the clusters' logs are only looked at"


@dataclass(frozen=True, slots=True)
class LogGap:
    """Why the log of a cluster is not known: no node of it could be polled, or the call failed.

    `trouble` is that of its first node, `node`, and None where a node answers; `reason` is then why
    the call failed, in a few words.
    """

    node: str
    trouble: Trouble | None
    reason: str


@dataclass(frozen=True, slots=True)
class ClusterLogLook:
    """The entries of the clusters' own logs, the oldest first.

    `gaps` has the clusters whose log is not known, by their name, or that of a node without one.
    """

    entries: tuple[Event, ...]
    gaps: Mapping[str, LogGap]


def read_cluster_logs(configuration: Configuration, passwords: Passwords) -> ClusterLogLook:
    """Read the log of each cluster of `configuration` (`/v1/logs`: the last day), by GETs alone."""
    return asyncio.run(_read_cluster_logs(configuration, passwords))


async def _read_cluster_logs(configuration: Configuration, passwords: Passwords) -> ClusterLogLook:
    fleet = Fleet(configuration, read_only=_LOGS_ONLY, passwords=passwords)
    await fleet.poll_once()
    for watch in {watch.cluster_key: watch for watch in fleet.nodes}.values():
        await fleet.read_context(watch.name)
    gaps: dict[str, LogGap] = {}
    for watch in fleet.nodes:
        log, name = watch.context.log, watch.profile.cluster or watch.name
        if log.value is None and name not in gaps:
            answers = any(one.reading.is_good for one in fleet.beside(watch.name))
            trouble = None if answers else watch.reading.trouble
            gaps[name] = LogGap(watch.name, trouble, log.gap)
    events = MergedEvents(fleet).now()
    entries = tuple(event for event in events if isinstance(event.details, ClusterLogged))
    return ClusterLogLook(entries, gaps)


def _seen(fleet: Fleet, node: str, rolled: str) -> PlanNode:
    """Return a node as a fleet would plan with it that may give orders, as this one may not.

    `rolled` is which other process goes over its cluster with a rollout.
    """
    place = plan_node(fleet, node)
    age = place.standing.age
    standing = replace(
        place.standing,
        read_only=barred(fleet.watch(node).profile),
        # All were polled just now, and the first to answer has waited for the slowest.
        age=None if age is None else 0.0,
        rolled=rolled,
    )
    return replace(place, standing=standing)
