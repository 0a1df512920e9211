"""The gate before and after each node of a rollout: the cluster as it was planned, and well.

All is asked anew, and nothing but GETs are sent. What the cluster says of itself is asked of a
node that can tell: a node that is not primary may redirect the question, and a redirect is never
followed with credentials, so the next node is asked.
"""

from __future__ import annotations

import asyncio
import time
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
from tui.model.cluster import ClusterFacts
from tui.model.node import Identity, Role
from tui.model.reading import Reading, TroubleKind
from tui.model.rollout import Step
from tui.model.service import Health

if TYPE_CHECKING:
    from tui.api.client import NodeReader
    from tui.fleet.polling.poller import NodePoller

StartTimes = Mapping[tuple[str, str], datetime | None]
"""Since when each service of a plan runs, as far as is known here, by node and name."""

_WELL_NODES = frozenset({"", "active"})
_AWAY = frozenset({TroubleKind.UNREACHABLE, TroubleKind.UNAVAILABLE})


class GateFinding(Enum):
    """What a gate found."""

    WELL = "well"
    NOT_WELL = "not well"
    UNASKED = "could not be asked"


@dataclass(frozen=True, slots=True)
class GateResult:
    """What a gate found, and why it does not open; empty `text` where it does.

    `primary` is the uid of the primary now, None where that was not told. `restarted` holds the
    start times that nobody here brought about.
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
    """Asks the nodes of a fleet; fresh readings may take `patience.limit` seconds."""

    def __init__(self, fleet: RolloutHost, patience: Patience) -> None:
        self._fleet = fleet
        self._patience = patience

    async def check(self, step: Step, starts: StartTimes, primary: int | None) -> GateResult:
        """See whether it may go on at a node; `primary` is who was primary when last looked."""
        gone = self._gone(step, starts)
        if gone:
            return GateResult(GateFinding.NOT_WELL, gone)
        watches = self._cluster(step.node)
        if late := await self._fresh(watches):
            return GateResult(GateFinding.UNASKED, f"{', '.join(late)}: no fresh answer")
        if silent := next((one for one in watches if one.reading.trouble is not None), None):
            return GateResult(_blame(silent, step), _said(silent), primary)
        restarted = unexpected_restarts(starts, {one.name: one.reading for one in watches})
        if restarted:
            return GateResult(GateFinding.NOT_WELL, _restarted(restarted), primary, restarted)
        for watch in watches:
            if why := self._fault(watch):
                return GateResult(GateFinding.NOT_WELL, f"{watch.name}: {why}", primary)
        if why := missing_service(step, watches[0].reading):
            return GateResult(GateFinding.NOT_WELL, f"{step.node}: {why}", primary)
        return await self._cluster_s_word(step, watches, primary)

    def _fault(self, watch: NodePoller) -> str:
        """Say what keeps a node from being one of a quiet, well cluster; empty where it is."""
        busy = self._fleet.standing(watch.name).busy
        if busy is not None:
            return busy_text(busy)
        return unhealthy_services(watch.reading, watch.facts.disabled) or watch.wrong_node

    def _gone(self, step: Step, starts: StartTimes) -> str:
        """Say so where a profile went, or leads elsewhere than when the plan was made."""
        for node in dict.fromkeys((step.node, *(node for node, _ in starts))):
            if node not in self._fleet:
                return f"{node}: its profile is gone"
        now = self._fleet.watch(step.node).profile.url
        return "" if now == step.url else f"{step.node}: its profile leads to {now} now"

    def _cluster(self, node: str) -> list[NodePoller]:
        """List the watched nodes of a node's cluster, itself first."""
        target = self._fleet.watch(node)
        group = target.profile.cluster
        others = [one for one in self._fleet.nodes if one is not target]
        return [target, *(one for one in others if group and one.profile.cluster == group)]

    async def _fresh(self, watches: Iterable[NodePoller]) -> list[str]:
        """Have every node asked now; gives those that had neither answer nor trouble in time."""
        began = time.monotonic()
        for watch in watches:
            watch.refresh_now()
        late = [one for one in watches if one.reading.asked_at < began]
        while late and time.monotonic() - began < self._patience.limit:
            await asyncio.sleep(self._patience.interval / 2)
            late = [one for one in late if one.reading.asked_at < began]
        return [one.name for one in late]

    async def _cluster_s_word(
        self, step: Step, watches: list[NodePoller], primary: int | None
    ) -> GateResult:
        """Ask the node who it is, and whichever node can tell what the cluster finds of it."""
        target = watches[0]
        try:
            async with target.hold() as client:
                who = await client.identity()
        except (ApiError, LoginStopped) as error:
            return GateResult(GateFinding.UNASKED, str(error), primary)
        if why := _stranger(step.identity, who):
            return GateResult(GateFinding.NOT_WELL, f"{step.node}: {why}", primary)
        told = []
        for watch in sorted(watches, key=lambda one: one.facts.identity.role is not Role.PRIMARY):
            try:
                async with watch.hold() as client:
                    return judge_gate(step, await _inquire(client, step.identity.uid or 0), primary)
            except (ApiError, LoginStopped) as error:
                told.append(str(error))
        return GateResult(
            GateFinding.UNASKED, f"no node could be asked of the cluster: {told[0]}", primary
        )


@dataclass(frozen=True, slots=True)
class ClusterChecks:
    """What a cluster said of a node and of itself; a check that it does not offer is None."""

    facts: ClusterFacts
    node: tuple[bool, str] | None
    cluster: tuple[bool, str] | None


async def _inquire(client: NodeReader, uid: int) -> ClusterChecks:
    """Ask by way of one node; raises an ApiError where it cannot tell, or knows neither check."""
    facts = await client.cluster_facts()
    gaps: list[ApiError] = []
    node = await _or_gap(client.node_check(uid), gaps)
    cluster = await _or_gap(client.cluster_check(), gaps)
    if len(gaps) == 2:
        raise gaps[0]
    return ClusterChecks(facts, node, cluster)


async def _or_gap(
    asking: Awaitable[tuple[bool, str]], gaps: list[ApiError]
) -> tuple[bool, str] | None:
    try:
        return await asking
    except (LoginRefused, Unreachable, Garbled):
        raise
    except ApiError as error:
        # Not offered (404), or not to this user (403), is no word of its health; a check that
        # fails is none that went well.
        failed = isinstance(error, Unavailable) and (error.status < 400 or error.status >= 500)
        if failed:
            raise
        gaps.append(error)
        return None


# The judgement, pure


def unexpected_restarts(
    starts: StartTimes, readings: Mapping[str, Reading]
) -> dict[tuple[str, str], datetime | None]:
    """List the services that do not run since when they should; those that are down are not."""
    found = {}
    for (node, name), known in starts.items():
        service = readings[node].find(name) if node in readings else None
        if service is None or service.health() is not Health.UP:
            continue
        if service.started_at != known:
            found[node, name] = service.started_at
    return found


def unhealthy_services(reading: Reading, disabled: frozenset[str]) -> str:
    """Say which services of a node somebody should look at; empty where it is well."""
    bad = [one for one in reading.services if one.health(disabled).is_problem]
    told = ", ".join(f"{one.name} is {one.status}" for one in bad[:3])
    return f"{told} and {len(bad) - 3} more" if len(bad) > 3 else told


def missing_service(step: Step, reading: Reading) -> str:
    """Say which service of a step does not run; empty where all do."""
    for seen in step.services:
        service = reading.find(seen.name)
        if service is None:
            return f"{seen.name} is not on the node any more"
        if service.health() is not Health.UP:
            return f"{seen.name} is {service.status}"
    return ""


def judge_gate(step: Step, said: ClusterChecks, primary: int | None) -> GateResult:
    """Judge what the cluster said; `primary` is who was primary when it was last looked at."""
    uid = step.identity.uid
    now = next((one.uid for one in said.facts.members if one.role is Role.PRIMARY), None)
    if now is None:
        return GateResult(GateFinding.UNASKED, "which node is primary was not told", primary)
    why = _member(step, said.facts)
    for check, what in ((said.node, f"node:{uid}"), (said.cluster, "the cluster")):
        if not why and check is not None and not check[0]:
            why = f"the cluster's check of {what} says: {check[1] or 'not well'}"
    if not why and primary is not None and now != primary:
        why = f"node:{now} is primary now, node:{primary} was"
    return GateResult(GateFinding.NOT_WELL if why else GateFinding.WELL, why, now)


def _member(step: Step, facts: ClusterFacts) -> str:
    """Say so where the list of nodes does not hold the node, or tells of one that is not active."""
    meant, name = step.identity, step.identity.cluster
    if name and facts.name and name != facts.name:
        return f"{step.node}: it is of {facts.name} now, it was of {name}"
    if facts.member(meant.uid) is None:
        return f"{step.node}: the cluster does not list node:{meant.uid}"
    down = [one for one in facts.members if one.status not in _WELL_NODES]
    return ", ".join(f"node:{one.uid} is {one.status}" for one in down)


def _stranger(meant: Identity, now: Identity) -> str:
    if meant.uid == now.uid:
        return ""
    who = "a node that does not tell its uid" if now.uid is None else f"node:{now.uid}"
    return f"{who} answers here, meant was node:{meant.uid}"


def _restarted(found: StartTimes) -> str:
    return "; ".join(
        f"{name} on {node} was restarted, and not by this rollout"
        + (f": it runs since {iso_time(start)}" if start else "")
        for (node, name), start in found.items()
    )


def _blame(silent: NodePoller, step: Step) -> GateFinding:
    """Say what it means that a node is in trouble: another node that is away is not well."""
    trouble = silent.reading.trouble
    away = trouble is not None and trouble.kind in _AWAY
    return GateFinding.NOT_WELL if away and silent.name != step.node else GateFinding.UNASKED


def _said(silent: NodePoller) -> str:
    trouble = silent.reading.trouble
    return silent.name if trouble is None else trouble.text
