"""The gate before and after each node of a rollout: the cluster is as planned, and healthy.

Everything is read anew, by GETs alone. The cluster's own checks are read from a node that can
answer them: one that is not primary may redirect, and a redirect is never followed with
credentials, so the next node is tried.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

from tui.api.errors import ApiError, Garbled, LoginRefused, Unavailable, Unreachable, gap_of
from tui.fleet.login.shared_login import LoginStopped
from tui.fleet.orders.guard import Refusal, busy_text, judge_node
from tui.fleet.orders.verdict import Patience
from tui.fleet.rollout.hazards import CONTEXT_AT_MOST, Hazard, find_gaps, find_hazards
from tui.fleet.rollout.host import RolloutHost
from tui.model.clock import Asleep, asleep, clock_text, monotonic, sleep_text
from tui.model.cluster import ClusterFacts
from tui.model.context import ClusterContext, Entries, Known, Quorum
from tui.model.dataclass import dataclass
from tui.model.node import Environment, Identity, Role
from tui.model.reading import Reading, Trouble, TroubleKind
from tui.model.rollout import GateHazard, Step
from tui.model.service import DATA_CARRIERS, Health, KnownRun

if TYPE_CHECKING:
    from tui.api.client import NodeReader
    from tui.fleet.polling.poller import NodePoller

StartTimes = Mapping[tuple[str, str], KnownRun]
"""Since when each service of a plan runs, as far as it is known, by node and name."""

_LISTS = ("/v1/nodes", "/v1/nodes/status")
_WELL_NODES = frozenset({"", "active"})
_AWAY = frozenset({TroubleKind.UNREACHABLE, TroubleKind.UNAVAILABLE})
_TOO_OLD = frozenset({Refusal.STALE, Refusal.NOT_ANSWERED})
_BACK_FOR = 60.0
"""Seconds for which a node counts as just back after its trouble ended."""

_Value = TypeVar("_Value")


class GateFinding(Enum):
    """What a gate found."""

    WELL = "well"
    NOT_WELL = "not well"
    UNASKED = "could not be polled"


@dataclass(frozen=True, slots=True)
class GateResult:
    """What a gate found; `text` is why it does not open, empty where it does.

    The text names other nodes; where it `names_node`, that of the step too. `primary` is the uid of
    the primary now, None where it is not known. `restarted` holds runs that this rollout did not
    begin. What closes it `is_moving` where it may end by itself: a service that starts, an action
    that runs, a node that is just back. `unknown` is what a look does not know and the gate does
    not need.
    """

    finding: GateFinding
    text: str = ""
    primary: int | None = None
    restarted: StartTimes = field(default_factory=dict)
    is_moving: bool = False
    unknown: tuple[str, ...] = ()
    names_node: bool = False

    @property
    def is_well(self) -> bool:
        """Whether the rollout may go on."""
        return self.finding is GateFinding.WELL


class HealthGate:
    """Checks the nodes of a fleet; fresh readings may take `patience.limit` seconds.

    What does not close it, and how long it waits, are the fleet's rules. A node whose trouble ended
    since the gate was made is just back.
    """

    def __init__(self, fleet: RolloutHost, patience: Patience) -> None:
        self._fleet = fleet
        self._patience = patience
        self._rules = fleet.rollout_rules
        self._began = monotonic()
        self._marks = _profile_marks(fleet)

    async def wait(
        self,
        step: Step,
        starts: StartTimes,
        primary: int | None,
        goes_on: Callable[[GateResult, float], bool],
    ) -> GateResult:
        """Check until it opens, or what closes it is not in motion, for `gate_wait` at most.

        `goes_on` is called with what closes it and the seconds waited, and returns whether to wait
        on.
        """
        began = monotonic()
        gate = await self.check(step, starts, primary)
        while gate.is_moving and (waited := monotonic() - began) < self._rules.gate_wait:
            if not goes_on(gate, waited):
                break
            await asyncio.sleep(self._patience.interval)
            gate = await self.check(step, starts, primary)
        return gate

    async def check(self, step: Step, starts: StartTimes, primary: int | None) -> GateResult:
        """Check whether it may go on at a node; `primary` is the uid of the last known primary."""
        before = asleep()
        gone = self._profile_change(step, starts)
        if gone:
            return GateResult(GateFinding.NOT_WELL, gone)
        watches = self._cluster(step.node)
        late = await self._fresh(watches)
        # A profile may have been edited or removed meanwhile: what was polled is not what is there.
        if gone := self._profile_change(step, starts):
            return GateResult(GateFinding.NOT_WELL, gone)
        if {*self._cluster(step.node)} != {*watches}:
            text = "the profiles of its cluster changed during the check"
            return GateResult(GateFinding.UNASKED, text, primary)
        if late:
            return GateResult(GateFinding.UNASKED, _no_answer_text(late, step))
        return await self._judge(step, watches, starts, primary, asleep_before=before)

    async def recheck(self, step: Step, starts: StartTimes, primary: int | None) -> GateResult:
        """Check as `check` does, but by the polls as they come: none is hurried.

        So no login that was refused is tried again for it.
        """
        before = asleep()
        gone = self._profile_change(step, starts)
        if gone:
            return GateResult(GateFinding.NOT_WELL, gone)
        watches = self._cluster(step.node)
        refusals = ((node.name, judge_node(self._fleet.standing(node.name))) for node in watches)
        if old := [name for name, ruling in refusals if ruling and ruling.refusal in _TOO_OLD]:
            return GateResult(GateFinding.UNASKED, _no_answer_text(old, step))
        return await self._judge(step, watches, starts, primary, asleep_before=before)

    async def _judge(
        self,
        step: Step,
        watches: list[NodePoller],
        starts: StartTimes,
        primary: int | None,
        *,
        asleep_before: Asleep,
    ) -> GateResult:
        if silent := _in_trouble(watches):
            return _trouble_result(silent, step, primary)
        gate = self._judge_nodes(step, watches, starts, primary)
        if gate is None:
            gate = await self._check_cluster(step, watches, primary)
        if slept := sleep_text(asleep_before):  # what was polled before that is old
            return GateResult(GateFinding.UNASKED, f"{slept} during the check", primary)
        is_back = gate.finding is GateFinding.NOT_WELL and any(map(self._is_just_back, watches))
        return replace(gate, is_moving=True) if is_back and not gate.restarted else gate

    def look(self, steps: Sequence[Step], starts: StartTimes) -> tuple[str, GateResult]:
        """Judge by what was polled last, without the cluster's checks: nothing is read.

        Returns the first node whose gate is closed, empty where none is, and what closes it.
        """
        first = steps[0]
        if gone := self._profile_change(first, starts):
            return first.node, GateResult(GateFinding.NOT_WELL, gone)
        watches = self._cluster(first.node)
        if silent := _in_trouble(watches):
            return first.node, _trouble_result(silent, first, None)
        if (closed := self._judge_nodes(first, watches, starts, None)) is not None:
            return first.node, closed
        context, now, unknown = watches[0].context, monotonic(), dict[str, None]()
        for step in steps:
            unknown |= dict.fromkeys(find_gaps(step, context, now))
            gate = _judge_hazards(find_hazards(step, context, now), self._rules.accept, None)
            if why := missing_service(step, self._fleet.watch(step.node).reading):
                gate = GateResult(GateFinding.NOT_WELL, why)
            if not gate.is_well:
                return step.node, replace(gate, unknown=tuple(unknown))
        return "", GateResult(GateFinding.WELL, unknown=tuple(unknown))

    def _is_just_back(self, watch: NodePoller) -> bool:
        since = watch.reading.since
        is_recent = since > self._began and monotonic() - since <= _BACK_FOR
        return watch.reading.is_good and is_recent

    def _judge_nodes(
        self, step: Step, watches: list[NodePoller], starts: StartTimes, primary: int | None
    ) -> GateResult | None:
        """Return why the nodes, as they were polled last, close the gate; None where none does."""
        restarted = unexpected_restarts(starts, {node.name: node.reading for node in watches})
        if restarted:
            text = _restarted(restarted, step)
            return GateResult(GateFinding.NOT_WELL, text, primary, restarted)
        for watch in watches:
            if (gate := self._fault(watch, step, primary)) is not None:
                return gate
        if why := missing_service(step, watches[0].reading):
            return GateResult(GateFinding.NOT_WELL, why, primary)
        return None

    def _fault(self, watch: NodePoller, step: Step, primary: int | None) -> GateResult | None:
        """Return why a node is not one of a quiet, healthy cluster; None where it is."""
        node, disabled = watch.name, watch.facts.disabled
        where = "here" if node == step.node else f"on {node}"
        is_moving, maintenance = False, watch.facts.maintenance
        if (busy := self._fleet.standing(node).busy) is not None:
            text = busy_text(busy, where)
        elif maintenance is not None and GateHazard.MAINTENANCE not in self._rules.accept:
            text = f"{'it' if node == step.node else node} is {maintenance}"
        elif why := unhealthy_services(watch.reading, disabled):
            text = why if node == step.node else f"{why} {where}"
            is_moving = _all_moving(watch.reading, disabled)
        elif watch.wrong_node:
            other = "" if node == step.node else f"{node} may be another node: "
            text = f"{other}{watch.wrong_node}"
        else:
            return None
        return GateResult(GateFinding.NOT_WELL, text, primary, is_moving=is_moving)

    def _profile_change(self, step: Step, starts: StartTimes) -> str:
        """Return which profile is gone, or leads elsewhere than when the plan was made."""
        for node in dict.fromkeys((step.node, *(node for node, _ in starts))):
            if node not in self._fleet:
                return f"{_profile_of(node, step.node)} is gone"
        now = self._fleet.watch(step.node).profile.url
        if now != step.url:
            return f"its profile has the address {now} now"
        return self._regrouped(step.node)

    def _regrouped(self, target: str) -> str:
        """Return which profile of a node's cluster was moved or marked since the gate was made.

        With one, the gate would check other nodes than those it was confirmed for.
        """
        marks = _profile_marks(self._fleet)
        cluster = self._marks.get(target, marks[target])[0]
        for node, before in self._marks.items():
            now = marks.get(node, before)
            is_near = node == target or (cluster and cluster in (before[0], now[0]))
            if is_near and now != before:
                what = "is of another cluster" if now[0] != before[0] else _environment_text(now[1])
                changed = f"{_profile_of(node, target)} {what} now"
                return f"{changed}; abort, then plan the rollout again"
        return ""

    def _cluster(self, node: str) -> list[NodePoller]:
        """List the watched nodes of a node's cluster, itself first."""
        target = self._fleet.watch(node)
        others = [node for node in self._fleet.nodes if node is not target]
        return [target, *(node for node in others if target.profile.is_beside(node.profile))]

    async def _fresh(self, watches: Iterable[NodePoller]) -> list[str]:
        """Poll every node now; returns those that had neither answer nor trouble in time."""
        began = monotonic()
        for watch in watches:
            watch.refresh_now()
        late = [node for node in watches if node.reading.asked_at < began]
        while late and monotonic() - began < self._patience.limit:
            await asyncio.sleep(self._patience.interval / 2)
            late = [node for node in late if node.reading.asked_at < began]
        return [node.name for node in late]

    async def _check_cluster(
        self, step: Step, watches: list[NodePoller], primary: int | None
    ) -> GateResult:
        """Check the node's identity, and the cluster's own checks at whichever node can answer."""
        target = watches[0]
        try:
            async with target.hold() as client:
                who = await client.identity()
        except (ApiError, LoginStopped) as error:
            named = isinstance(error, ApiError) and error.trouble.names_node
            return GateResult(GateFinding.UNASKED, str(error), primary, names_node=named)
        if why := _stranger(step.identity, who):
            return GateResult(GateFinding.NOT_WELL, why, primary)
        failures = []
        for watch in sorted(watches, key=lambda node: node.facts.identity.role is not Role.PRIMARY):
            try:
                async with watch.hold() as client:
                    checks = await _read_checks(client, step, target.context)
                return judge_gate(step, checks, primary, self._rules.accept)
            except (ApiError, LoginStopped) as error:
                failures.append(str(error))
        return GateResult(
            GateFinding.UNASKED, f"no node of the cluster could be polled: {failures[0]}", primary
        )


def _profile_marks(fleet: RolloutHost) -> dict[str, tuple[str, Environment | None]]:
    """Return the cluster and the environment of each node, by its profile."""
    return {node.name: (node.profile.cluster, node.profile.environment) for node in fleet.nodes}


def _environment_text(environment: Environment | None) -> str:
    return f"is marked {environment.value}" if environment else "has no environment"


@dataclass(frozen=True, slots=True)
class ClusterChecks:
    """A cluster's checks of a node and of itself; one that it does not offer is None.

    `hazards` are what its context speaks against.
    """

    facts: ClusterFacts
    node: tuple[bool, str] | None
    cluster: tuple[bool, str] | None
    hazards: tuple[Hazard, ...] = ()


async def _read_checks(client: NodeReader, step: Step, polled: ClusterContext) -> ClusterChecks:
    """Read the checks at one node; raises an ApiError where it cannot, or has neither check."""
    facts, uid = await client.cluster_facts(), step.identity.uid or 0
    if unread := [facts.gaps[path] for path in _LISTS if path in facts.gaps]:
        raise Unavailable(unread[0])  # a node that is down or in maintenance would not be seen
    gaps: list[ApiError] = []
    node = await _check_or_none(client.node_check(uid), gaps)
    cluster = await _check_or_none(client.cluster_check(), gaps)
    if len(gaps) == 2:
        raise gaps[0]
    context = await _read_context(client, step, facts, polled)
    return ClusterChecks(facts, node, cluster, find_hazards(step, context, monotonic()))


async def _read_context(
    client: NodeReader, step: Step, facts: ClusterFacts, polled: ClusterContext
) -> ClusterContext:
    """Read anew what hazards are found from; the quorum is the polled one where that is recent."""
    now = monotonic()
    up = sum(member.status in _WELL_NODES for member in facts.members)
    quorum = Known(Quorum(up, len(facts.members)), gap="", read_at=now)
    if polled.quorum.value is not None and polled.quorum.age(now) <= CONTEXT_AT_MOST:
        quorum = polled.quorum
    context = ClusterContext(quorum=quorum, actions=await _known(_running_actions(client)))
    if not DATA_CARRIERS.intersection(step.names):
        return context
    shards, databases = await _known(client.shards()), await _known(client.databases())
    return replace(context, shards=shards, databases=databases)


async def _running_actions(client: NodeReader) -> Entries[Any]:
    return await client.running_actions() or await client.old_running_actions()


async def _known(reading: Awaitable[Entries[_Value]]) -> Known[tuple[_Value, ...]]:
    """Return what was read, or why this user or this version does not get it."""
    gaps: list[ApiError] = []
    entries = await _check_or_none(reading, gaps)
    if entries is None:
        return Known(gap=gap_of(gaps[0]))
    return Known(entries.read, gap="", left_out=entries.left_out, read_at=monotonic())


async def _check_or_none(asking: Awaitable[_Value], gaps: list[ApiError]) -> _Value | None:
    try:
        return await asking
    except (LoginRefused, Unreachable, Garbled):
        raise
    except ApiError as error:
        # Not offered (404), or not to this user (403), says nothing of its health; a check that
        # fails to answer does not count as passed.
        failed = isinstance(error, Unavailable) and (error.status < 400 or error.status >= 500)
        if failed:
            raise
        gaps.append(error)
        return None


# The judgement, pure


def unexpected_restarts(
    starts: StartTimes, readings: Mapping[str, Reading]
) -> dict[tuple[str, str], KnownRun]:
    """List the services that are in another run than the known one; those that are down are not."""
    found = {}
    for (node, name), known in starts.items():
        reading = readings.get(node)
        service = reading.find(name) if reading else None
        if reading is None or service is None or service.health() is not Health.UP:
            continue
        at = reading.answered_at or known.at
        if known.is_over(service, at):
            found[node, name] = KnownRun(service.started_at, service.uptime, at)
    return found


def unhealthy_services(reading: Reading, disabled: frozenset[str]) -> str:
    """Return which services of a node have a problem; empty where none has."""
    bad = [service for service in reading.services if service.health(disabled).is_problem]
    text = ", ".join(f"{service.name} is {service.status}" for service in bad[:3])
    return f"{text} and {len(bad) - 3} more" if len(bad) > 3 else text


def _all_moving(reading: Reading, disabled: frozenset[str]) -> bool:
    """Whether every service with a problem is on its way to another status."""
    healths = (service.health(disabled) for service in reading.services)
    return all(health is Health.MOVING for health in healths if health.is_problem)


def missing_service(step: Step, reading: Reading) -> str:
    """Return which service of a step does not run; empty where all do."""
    for seen in step.services:
        service = reading.find(seen.name)
        if service is None:
            return f"{seen.name} is not on the node any more"
        if service.health() is not Health.UP:
            return f"{seen.name} is {service.status}"
    return ""


def judge_gate(
    step: Step,
    checks: ClusterChecks,
    primary: int | None,
    accept: frozenset[GateHazard] = frozenset(),
) -> GateResult:
    """Judge the cluster's checks; `primary` is the uid of the last known primary."""
    uid = step.identity.uid
    now = next((member.uid for member in checks.facts.members if member.role is Role.PRIMARY), None)
    if now is None:
        return GateResult(GateFinding.UNASKED, "which node is primary is not known", primary)
    why = _member(step, checks.facts, accept)
    for check, what in ((checks.node, f"node:{uid}"), (checks.cluster, "itself")):
        if not why and check is not None and not check[0]:
            why = f"the cluster's check of {what} says: {check[1] or 'not well'}"
    if not why and primary is not None and now != primary:
        why = f"node:{now} is primary now, node:{primary} was"
    if why:
        return GateResult(GateFinding.NOT_WELL, why, now)
    return _judge_hazards(checks.hazards, accept, now)


def _judge_hazards(
    hazards: Iterable[Hazard], accept: frozenset[GateHazard], primary: int | None
) -> GateResult:
    """Judge what surrounds the node, without what the configuration accepts."""
    closing = [hazard for hazard in hazards if hazard.kind not in accept]
    return GateResult(
        GateFinding.NOT_WELL if closing else GateFinding.WELL,
        "; ".join(hazard.text for hazard in closing),
        primary,
        is_moving=bool(closing) and all(hazard.is_moving for hazard in closing),
    )


def _member(step: Step, facts: ClusterFacts, accept: frozenset[GateHazard]) -> str:
    """Return why the cluster's list of nodes is not as it should be; empty where it is."""
    meant, name = step.identity, step.identity.cluster
    if name and facts.name and name != facts.name:
        return f"it is of {facts.name} now, it was of {name}"
    if facts.member(meant.uid) is None:
        return f"the cluster does not list node:{meant.uid}"
    down = [member for member in facts.members if member.status not in _WELL_NODES]
    why = [f"node:{member.uid} is {member.status}" for member in down]
    why += [
        f"node:{member.uid} is {member.maintenance}"
        for member in facts.members
        if member.maintenance is not None and GateHazard.MAINTENANCE not in accept
    ]
    return ", ".join(why)


def _stranger(meant: Identity, now: Identity) -> str:
    if meant.uid == now.uid:
        return ""
    who = "a node that does not report its uid" if now.uid is None else f"node:{now.uid}"
    return f"{who} answers here, not node:{meant.uid}"


def _profile_of(node: str, target: str) -> str:
    return "its profile" if node == target else f"the profile of {node}"


def _no_answer_text(late: Sequence[str], step: Step) -> str:
    return "no fresh answer" if late == [step.node] else f"no fresh answer from {', '.join(late)}"


def _restarted(found: StartTimes, step: Step) -> str:
    return "; ".join(
        f"{name}{'' if node == step.node else f' on {node}'} was restarted, "
        "and not by this rollout"
        + (f": it runs since {clock_text(run.started_at)}" if run.started_at else "")
        for (node, name), run in found.items()
    )


def _in_trouble(watches: Iterable[NodePoller]) -> tuple[NodePoller, Trouble] | None:
    """Return the first node that is in trouble, and its trouble."""
    for watch in watches:
        if (trouble := watch.reading.trouble) is not None:
            return watch, trouble
    return None


def _trouble_result(
    silent: tuple[NodePoller, Trouble], step: Step, primary: int | None
) -> GateResult:
    """Return what a node in trouble means: another node that is away is not well."""
    watch, trouble = silent
    is_own = watch.name == step.node
    is_away = trouble.kind in _AWAY and not is_own
    finding = GateFinding.NOT_WELL if is_away else GateFinding.UNASKED
    return GateResult(finding, trouble.text, primary, names_node=is_own and trouble.names_node)
