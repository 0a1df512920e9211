"""The rollouts of a session: planned, begun, and resumed, skipped or aborted where they pause.

They belong to the fleet and not to a screen: leaving a screen does not stop one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from tui.fleet.orders.executor import NotAccepted
from tui.fleet.orders.verdict import Patience
from tui.fleet.rollout.health_gate import GateFinding, HealthGate
from tui.fleet.rollout.host import RolloutHost
from tui.fleet.rollout.planner import PlanNode, RolloutRequest, make_plan, starts_of
from tui.fleet.rollout.runner import RehearsalStop, RolloutRunner
from tui.journal.unfinished import UnfinishedRollout
from tui.model.clock import monotonic
from tui.model.dataclass import dataclass
from tui.model.event import Cause, Event, RolloutMoved
from tui.model.order import Verb
from tui.model.rollout import (
    GateNow,
    Plan,
    PlanReason,
    PlanRefusal,
    PlanRemark,
    RolloutAction,
    RolloutProgress,
    StepState,
)


@dataclass(frozen=True, slots=True)
class GateLook:
    """The first node of a plan whose gate is closed by what was polled last; empty if none is.

    `waits` is for how many seconds a rollout would check it again, 0 where it would pause at once.
    `unknown` is what is not known of what could close it, and does not; `basis` is what it is
    judged by. Where it is not `is_known`, the gate is closed because it could not be judged. Where
    the text `names_node`, it is not to be named beside it.
    """

    node: str = ""
    text: str = ""
    waits: float = 0.0
    unknown: tuple[str, ...] = ()
    is_known: bool = True
    basis: str = "the last polls"
    names_node: bool = False

    def text_of(self, *, pauses: bool) -> str:
        """Return whether the gates would open now, for a rollout that pauses there or stops."""
        unknown = f"; not known: {', '.join(self.unknown)}" if self.unknown else ""
        if not self.node:
            return f"open by {self.basis}; the cluster's checks are read at each node{unknown}"
        ends = "pauses" if pauses else "stops"
        then = f"waits up to {self.waits:.0f} s, then {ends}" if self.waits else f"{ends} there"
        at = "" if self.names_node else f" at {self.node}"
        return f"closed{at}, because {self.text}; the rollout {then}{unknown}"


ENDED_AT_MOST = 100
"""How many rollouts that have ended are kept, with their orders; the oldest are forgotten first."""

Report = Callable[[RolloutProgress, Event | None], None]


class Rollouts:
    """Begins rollouts and keeps what came of them; one at a time for a cluster.

    `report` is called at every move, with an event where it is one for the history. `cut_off`
    are those of earlier sessions of which nodes remain.
    """

    def __init__(self, fleet: RolloutHost, report: Report, patience: Patience) -> None:
        self._fleet = fleet
        self._on_move = report
        self._patience = patience
        self._runners: dict[int, RolloutRunner] = {}
        self.progress: dict[int, RolloutProgress] = {}
        self.cut_off: tuple[UnfinishedRollout, ...] = ()
        self._last = 0
        self._away: set[str] = set()

    @property
    def open(self) -> tuple[RolloutProgress, ...]:
        """The rollouts that go on, or are paused."""
        return tuple(rollout for rollout in self.progress.values() if rollout.is_open)

    @property
    def steady(self) -> float:
        """For how many seconds what restarted must be stable before the next node."""
        return self._patience.steady

    def next_number(self) -> int:
        """Return the number of the next rollout of this session."""
        return self._last + 1

    def plan(
        self,
        names: Sequence[str],
        nodes: Iterable[str],
        verb: Verb = Verb.RESTART,
        *,
        is_typed: bool = False,
    ) -> Plan | PlanRefusal:
        """Plan services over nodes by what is known now, or refuse with the reasons.

        It `is_typed` as the rest of a rollout that was begun by typing a name.
        """
        if why := self._fleet.read_only:
            return PlanRefusal((PlanRemark(PlanReason.READ_ONLY, why),))
        chosen = tuple(dict.fromkeys(nodes))
        places = [plan_node(self._fleet, node) for node in chosen if node in self._fleet]
        number, at, on = self.next_number(), monotonic(), datetime.now(UTC)
        request = RolloutRequest(number, tuple(names), at, on, verb, is_typed)
        made = make_plan(request, places)
        if isinstance(made, PlanRefusal):
            return made
        unmanaged = tuple(
            PlanRemark(PlanReason.NO_PROFILE, "it has no profile", node.lstrip("\0"))
            for node in chosen
            if node not in self._fleet
        )
        return replace(made, left_out=made.left_out + unmanaged)

    def begin(self, plan: Plan, *, pauses: bool = True) -> None:
        """Begin what was planned; returns at once.

        Where it `pauses`, a person chooses how it goes on after trouble; else trouble ends it.
        Raises NotAccepted where it may not, by what is known now.
        """
        if why := self._bar(plan):
            raise NotAccepted(why)
        runner = RolloutRunner(plan, self._fleet, self._patience, self._report, pauses=pauses)
        self._fleet.run_beside(runner.run(), f"rollout {plan.number}")
        self._runners[plan.number] = runner
        self._last = plan.number
        self._report(runner.progress)
        self._forget_oldest()

    async def rehearse(self, plan: Plan) -> RehearsalStop | None:
        """Check the gate before each node of a plan, and send nothing; returns what stops it."""
        runner = RolloutRunner(plan, self._fleet, self._patience, lambda _: None)
        return await runner.rehearse()

    def look_at_gates(self, plan: Plan) -> GateLook:
        """Judge the gates of a plan by what was polled last; nothing is read for it."""
        node, gate = HealthGate(self._fleet, self._patience).look(plan.steps, starts_of(plan))
        waits = self._fleet.rollout_rules.gate_wait if gate.is_moving else 0.0
        is_known = gate.finding is not GateFinding.UNASKED
        named = gate.names_node
        return GateLook(node, gate.text, waits, gate.unknown, is_known, names_node=named)

    def _bar(self, plan: Plan) -> str:
        if self._fleet.read_only:
            return self._fleet.read_only
        if not plan.steps or plan.number <= self._last:
            return "it was begun already" if plan.steps else "there is no node to go to"
        if gone := [step.node for step in plan.steps if step.node not in self._fleet]:
            return f"{', '.join(gone)}: the profile is gone"
        unlocked = self._fleet.standing(plan.steps[0].node).unlocked
        if plan.needs_reason and not (unlocked and plan.reason):
            return "locked: it needs required services unlocked, and a reason"
        return self._still_open(_place(plan))

    def refusal(self, node: str) -> str:
        """Return why no rollout may begin now in a node's cluster; empty where one may."""
        return self._still_open(self._place_of(node))

    def _place_of(self, node: str) -> str:
        profile = self._fleet.watch(node).profile
        return profile.cluster or profile.url

    def _still_open(self, place: str) -> str:
        for rollout in self.open:
            if _place(rollout.plan) == place:
                return f"rollout {rollout.plan.number} is still open: {rollout.plan.title}"
        return ""

    def resume(self, number: int, seen: GateNow | None = None) -> None:
        """Go on where it paused, with the same node; without effect where it is not paused.

        The restarts of the gate that was `seen` are accepted: they do not pause it again.
        """
        self._runners[number].choose(RolloutAction.RESUME, seen)

    def skip(self, number: int, seen: GateNow | None = None) -> None:
        """Go on without the node that failed; as `resume`."""
        self._runners[number].choose(RolloutAction.SKIP, seen)

    def abort(self, number: int) -> None:
        """Go to no further node. An order that was given is watched to its end."""
        self._runners[number].choose(RolloutAction.ABORT)

    def recheck(self, number: int) -> None:
        """Have the gate of a paused rollout checked now: the operator is about to choose."""
        self._runners[number].recheck_soon()

    def note_answer(self, node: str, *, is_good: bool) -> None:
        """Have the gate of a paused rollout checked now where a node answers again."""
        if not is_good:
            self._away.add(node)
        elif node in self._away:
            self._away.remove(node)
            self.note_change(node)

    def note_change(self, node: str) -> None:
        """Have the gate of a paused rollout checked now: a node of its cluster changed."""
        place = self._place_of(node)
        for rollout in self.open:
            if _place(rollout.plan) == place:
                self._runners[rollout.plan.number].recheck_soon()

    def gave(self, order: int) -> bool:
        """Whether a rollout gave the order of this number."""
        return any(order in runner.orders for runner in self._runners.values())

    def _forget_oldest(self) -> None:
        ended = [number for number, rollout in self.progress.items() if not rollout.is_open]
        for number in ended[:-ENDED_AT_MOST]:
            del self.progress[number]
            self._fleet.orders.forget(self._runners.pop(number).orders)

    def _report(self, progress: RolloutProgress) -> None:
        before = self.progress.get(progress.plan.number)
        if before == progress:
            return
        self.progress[progress.plan.number] = progress
        moved = before is None or before.state is not progress.state
        event = _event(progress, is_begun=before is None) if moved else None
        self._on_move(progress, event)


def plan_node(fleet: RolloutHost, node: str) -> PlanNode:
    """Return a node as a plan needs to know it."""
    watch = fleet.watch(node)
    return PlanNode(
        node,
        watch.profile.url,
        watch.profile.cluster,
        watch.facts,
        watch.reading,
        fleet.standing(node),
    )


def _place(plan: Plan) -> str:
    return plan.cluster or plan.steps[0].url


def _event(progress: RolloutProgress, *, is_begun: bool) -> Event:
    plan, here = progress.plan, progress.here
    details = RolloutMoved(
        plan.number,
        plan.title,
        progress.state,
        is_begun,
        tuple(step.step.node for step in progress.steps if step.state is StepState.SKIPPED),
        progress.text,
        plan.names,
    )
    node = (here.step if here is not None else plan.steps[-1]).node
    return Event(node, details, monotonic(), datetime.now(UTC), cause=Cause.ORDERED_HERE)
