"""The gate before and after each node of a rollout: the cluster is as planned, and healthy.

Everything is read anew, by GETs alone. The cluster's own checks are read from a node that can
answer them: one that is not primary may redirect, and a redirect is never followed with
credentials, so the next node is tried.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING

from tui.api.errors import ApiError, Garbled, LoginRefused, Unavailable, Unreachable
from tui.fleet.login.state import LoginStopped
from tui.fleet.orders.guard import busy_text
from tui.fleet.orders.verdict import Patience
from tui.fleet.rollout.host import RolloutHost
from tui.journal.records import iso_time
from tui.model.clock import monotonic
from tui.model.cluster import ClusterFacts
from tui.model.node import Identity, Role
from tui.model.reading import Reading, TroubleKind
from tui.model.rollout import Step
from tui.model.service import Health

if TYPE_CHECKING:
    from tui.api.client import NodeReader
    from tui.fleet.polling.poller import NodePoller

StartTimes = Mapping[tuple[str, str], datetime | None]
"""The start time of each service of a plan, as far as it is known, by node and name."""

_LISTS = ("/v1/nodes", "/v1/nodes/status")
_WELL_NODES = frozenset({"", "active"})
_AWAY = frozenset({TroubleKind.UNREACHABLE, TroubleKind.UNAVAILABLE})


class GateFinding(Enum):
    """What a gate found."""

    WELL = "well"
    NOT_WELL = "not well"
    UNASKED = "could not be polled"


@dataclass(frozen=True, slots=True)
class GateResult:
    """What a gate found; `text` is why it does not open, empty where it does.

    `primary` is the uid of the primary now, None where it is not known. `restarted` holds start
    times that this rollout did not cause.
    """

    finding: GateFinding
    text: str = ""
    primary: int | None = None
    restarted: Mapping[tuple[str, str], datetime | None] = field(default_factory=dict)

    @property
    def is_well(self) -> bool:
        """Whether the rollout may go on."""
        return self.finding is GateFinding.WELL


class HealthGate:
    """Checks the nodes of a fleet; fresh readings may take `patience.limit` seconds."""

    def __init__(self, fleet: RolloutHost, patience: Patience) -> None:
        self._fleet = fleet
        self._patience = patience

    async def check(self, step: Step, starts: StartTimes, primary: int | None) -> GateResult:
        """Check whether it may go on at a node; `primary` is the uid of the last known primary."""
        gone = self._profile_change(step, starts)
        if gone:
            return GateResult(GateFinding.NOT_WELL, gone)
        watches = self._cluster(step.node)
        if late := await self._fresh(watches):
            return GateResult(GateFinding.UNASKED, f"{', '.join(late)}: no fresh answer")
        if silent := next((node for node in watches if node.reading.trouble is not None), None):
            return GateResult(_finding_of(silent, step), _trouble_text(silent), primary)
        restarted = unexpected_restarts(starts, {node.name: node.reading for node in watches})
        if restarted:
            return GateResult(GateFinding.NOT_WELL, _restarted(restarted), primary, restarted)
        for watch in watches:
            if why := self._fault(watch):
                return GateResult(GateFinding.NOT_WELL, f"{watch.name}: {why}", primary)
        if why := missing_service(step, watches[0].reading):
            return GateResult(GateFinding.NOT_WELL, f"{step.node}: {why}", primary)
        return await self._check_cluster(step, watches, primary)

    def _fault(self, watch: NodePoller) -> str:
        """Return why a node is not one of a quiet, healthy cluster; empty where it is."""
        busy = self._fleet.standing(watch.name).busy
        if busy is not None:
            return busy_text(busy)
        if watch.facts.maintenance is not None:
            return str(watch.facts.maintenance)
        return unhealthy_services(watch.reading, watch.facts.disabled) or watch.wrong_node

    def _profile_change(self, step: Step, starts: StartTimes) -> str:
        """Return which profile is gone, or leads elsewhere than when the plan was made."""
        for node in dict.fromkeys((step.node, *(node for node, _ in starts))):
            if node not in self._fleet:
                return f"{node}: its profile is gone"
        now = self._fleet.watch(step.node).profile.url
        return "" if now == step.url else f"{step.node}: its profile leads to {now} now"

    def _cluster(self, node: str) -> list[NodePoller]:
        """List the watched nodes of a node's cluster, itself first."""
        target = self._fleet.watch(node)
        group = target.profile.cluster
        others = [node for node in self._fleet.nodes if node is not target]
        return [target, *(node for node in others if group and node.profile.cluster == group)]

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
            return GateResult(GateFinding.UNASKED, str(error), primary)
        if why := _stranger(step.identity, who):
            return GateResult(GateFinding.NOT_WELL, f"{step.node}: {why}", primary)
        failures = []
        for watch in sorted(watches, key=lambda node: node.facts.identity.role is not Role.PRIMARY):
            try:
                async with watch.hold() as client:
                    return judge_gate(
                        step, await _read_checks(client, step.identity.uid or 0), primary
                    )
            except (ApiError, LoginStopped) as error:
                failures.append(str(error))
        return GateResult(
            GateFinding.UNASKED, f"no node of the cluster could be polled: {failures[0]}", primary
        )


@dataclass(frozen=True, slots=True)
class ClusterChecks:
    """A cluster's checks of a node and of itself; one that it does not offer is None."""

    facts: ClusterFacts
    node: tuple[bool, str] | None
    cluster: tuple[bool, str] | None


async def _read_checks(client: NodeReader, uid: int) -> ClusterChecks:
    """Read the checks at one node; raises an ApiError where it cannot, or has neither check."""
    facts = await client.cluster_facts()
    if unread := [facts.gaps[path] for path in _LISTS if path in facts.gaps]:
        raise Unavailable(unread[0])  # a node that is down or in maintenance would not be seen
    gaps: list[ApiError] = []
    node = await _check_or_none(client.node_check(uid), gaps)
    cluster = await _check_or_none(client.cluster_check(), gaps)
    if len(gaps) == 2:
        raise gaps[0]
    return ClusterChecks(facts, node, cluster)


async def _check_or_none(
    asking: Awaitable[tuple[bool, str]], gaps: list[ApiError]
) -> tuple[bool, str] | None:
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
) -> dict[tuple[str, str], datetime | None]:
    """List the services whose start time is not the known one; those that are down are not."""
    found = {}
    for (node, name), known in starts.items():
        service = readings[node].find(name) if node in readings else None
        if service is None or service.health() is not Health.UP:
            continue
        if service.started_at != known:
            found[node, name] = service.started_at
    return found


def unhealthy_services(reading: Reading, disabled: frozenset[str]) -> str:
    """Return which services of a node have a problem; empty where none has."""
    bad = [service for service in reading.services if service.health(disabled).is_problem]
    text = ", ".join(f"{service.name} is {service.status}" for service in bad[:3])
    return f"{text} and {len(bad) - 3} more" if len(bad) > 3 else text


def missing_service(step: Step, reading: Reading) -> str:
    """Return which service of a step does not run; empty where all do."""
    for seen in step.services:
        service = reading.find(seen.name)
        if service is None:
            return f"{seen.name} is not on the node any more"
        if service.health() is not Health.UP:
            return f"{seen.name} is {service.status}"
    return ""


def judge_gate(step: Step, checks: ClusterChecks, primary: int | None) -> GateResult:
    """Judge the cluster's checks; `primary` is the uid of the last known primary."""
    uid = step.identity.uid
    now = next((member.uid for member in checks.facts.members if member.role is Role.PRIMARY), None)
    if now is None:
        return GateResult(GateFinding.UNASKED, "which node is primary is not known", primary)
    why = _member(step, checks.facts)
    for check, what in ((checks.node, f"node:{uid}"), (checks.cluster, "the cluster")):
        if not why and check is not None and not check[0]:
            why = f"the cluster's check of {what} says: {check[1] or 'not well'}"
    if not why and primary is not None and now != primary:
        why = f"node:{now} is primary now, node:{primary} was"
    return GateResult(GateFinding.NOT_WELL if why else GateFinding.WELL, why, now)


def _member(step: Step, facts: ClusterFacts) -> str:
    """Return why the cluster's list of nodes is not as it should be; empty where it is."""
    meant, name = step.identity, step.identity.cluster
    if name and facts.name and name != facts.name:
        return f"{step.node}: it is of {facts.name} now, it was of {name}"
    if facts.member(meant.uid) is None:
        return f"{step.node}: the cluster does not list node:{meant.uid}"
    down = [member for member in facts.members if member.status not in _WELL_NODES]
    why = [f"node:{member.uid} is {member.status}" for member in down]
    why += [
        f"node:{member.uid} is {member.maintenance}"
        for member in facts.members
        if member.maintenance is not None
    ]
    return ", ".join(why)


def _stranger(meant: Identity, now: Identity) -> str:
    if meant.uid == now.uid:
        return ""
    who = "a node that does not report its uid" if now.uid is None else f"node:{now.uid}"
    return f"{who} answers here, meant was node:{meant.uid}"


def _restarted(found: StartTimes) -> str:
    return "; ".join(
        f"{name} on {node} was restarted, and not by this rollout"
        + (f": it runs since {iso_time(start)}" if start else "")
        for (node, name), start in found.items()
    )


def _finding_of(silent: NodePoller, step: Step) -> GateFinding:
    """Return what a node in trouble means: another node that is away is not well."""
    trouble = silent.reading.trouble
    away = trouble is not None and trouble.kind in _AWAY
    return GateFinding.NOT_WELL if away and silent.name != step.node else GateFinding.UNASKED


def _trouble_text(silent: NodePoller) -> str:
    trouble = silent.reading.trouble
    return silent.name if trouble is None else trouble.text
