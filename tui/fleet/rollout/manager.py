"""The rollouts of a session: planned, begun, and told what to do when they pause.

They belong to the fleet and not to a screen: leaving a screen does not stop one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from tui.fleet.orders.executor import NotAccepted
from tui.fleet.orders.verdict import Patience
from tui.fleet.rollout.health_gate import GateFinding, HealthGate
from tui.fleet.rollout.host import RolloutHost
from tui.fleet.rollout.planner import PlanNode, RolloutRequest, make_plan
from tui.fleet.rollout.runner import RolloutAction, RolloutRunner
from tui.model.event import Event, EventKind
from tui.model.order import Verb
from tui.model.rollout import Plan, RolloutProgress, RolloutState, StepState

Told = Callable[[RolloutProgress, Event | None], None]


class Rollouts:
    """Gives rollouts and keeps what came of them; one at a time for a cluster.

    `told` is called at every move, with an event where it is one for the history. A gate waits
    for fresh answers as long as an order for its verdict.
    """

    def __init__(self, fleet: RolloutHost, told: Told, patience: Patience) -> None:
        self._fleet = fleet
        self._told = told
        self._gates = HealthGate(fleet, patience.limit)
        self._patience = patience
        self._courses: dict[int, RolloutRunner] = {}
        self.progress: dict[int, RolloutProgress] = {}

    @property
    def open(self) -> tuple[RolloutProgress, ...]:
        """The rollouts that go on, or wait for a word."""
        return tuple(one for one in self.progress.values() if one.is_open)

    def next_number(self) -> int:
        """Give the number of the next rollout of this session."""
        return max((0, *self.progress)) + 1

    def plan(
        self, names: Sequence[str], nodes: Iterable[str], verb: Verb = Verb.RESTART
    ) -> Plan | str:
        """Plan services over nodes, by what is known now; or say why it is refused."""
        if self._fleet.read_only:
            return self._fleet.read_only
        chosen = tuple(dict.fromkeys(nodes))
        places = [plan_node(self._fleet, node) for node in chosen if node in self._fleet]
        number, at, on = self.next_number(), time.monotonic(), datetime.now(UTC)
        made = make_plan(RolloutRequest(number, tuple(names), at, on, verb), places)
        strange = tuple(
            f"{node.lstrip(chr(0))}: it has no profile"
            for node in chosen
            if node not in self._fleet
        )
        return made if isinstance(made, str) else replace(made, left_out=made.left_out + strange)

    def begin(self, plan: Plan) -> None:
        """Begin what was planned; returns at once.

        Raises NotAccepted where it may not, by what is known now.
        """
        if why := self._bar(plan):
            raise NotAccepted(why)
        course = RolloutRunner(plan, self._fleet, self._gates, self._patience.steady, self._report)
        self._fleet.run_beside(course.run(), f"rollout {plan.number}")
        self._courses[plan.number] = course
        self._report(course.progress)

    def _bar(self, plan: Plan) -> str:
        if self._fleet.read_only:
            return self._fleet.read_only
        if not plan.steps or plan.number in self.progress:
            return "it was begun already" if plan.steps else "there is no node to go to"
        if plan.needs_reason and not (self._fleet.unlocked and plan.reason):
            return "locked: it needs required services unlocked, and a reason"
        if gone := [one.node for one in plan.steps if one.node not in self._fleet]:
            return f"{', '.join(gone)}: the profile is gone"
        for one in self.open:
            if _place(one.plan) == _place(plan):
                return f"rollout {one.plan.number} is still open: {one.plan.title}"
        return ""

    def resume(self, number: int) -> None:
        """Go on where it paused, with the same node; without effect where it is not paused."""
        self._courses[number].say(RolloutAction.RESUME)

    def skip(self, number: int) -> None:
        """Go on without the node that failed; without effect where it is not paused."""
        self._courses[number].say(RolloutAction.SKIP)

    def abort(self, number: int) -> None:
        """Go to no further node. An order that is out is watched to its end."""
        self._courses[number].say(RolloutAction.ABORT)

    def finding(self, number: int) -> GateFinding | None:
        """Say what the last gate of a rollout found; None before the first."""
        return self._courses[number].finding

    def gave(self, order: int) -> bool:
        """Say whether a rollout gave the order of this number."""
        return any(order in one.orders for one in self._courses.values())

    def _report(self, progress: RolloutProgress) -> None:
        before = self.progress.get(progress.plan.number)
        if before == progress:
            return
        self.progress[progress.plan.number] = progress
        moved = before is None or before.state is not progress.state
        word = "begun" if before is None else _word(progress)
        self._told(progress, _event(progress, word) if moved else None)


def plan_node(fleet: RolloutHost, node: str) -> PlanNode:
    """Say how a node stands, for a plan."""
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


_WORDS = {
    RolloutState.PLANNED: "planned",
    RolloutState.RUNNING: "goes on",
    RolloutState.PAUSED: "paused",
    RolloutState.DONE: "every node verified",
    RolloutState.ABORTED: "aborted",
}


def _word(progress: RolloutProgress) -> str:
    """Say how it stands; one that left nodes out on its way did not verify every node."""
    skipped = [one.step.node for one in progress.steps if one.state is StepState.SKIPPED]
    if progress.state is RolloutState.DONE and skipped:
        were = "was" if len(skipped) == 1 else "were"
        return f"done, but {', '.join(skipped)} {were} skipped"
    return _WORDS[progress.state]


def _event(progress: RolloutProgress, word: str) -> Event:
    plan = progress.plan
    text = f"rollout {plan.number}: {plan.title}: {word}"
    text += f", {progress.text}" if progress.text else ""
    here = progress.here
    node = (here.step if here is not None else plan.steps[-1]).node
    at, on = time.monotonic(), datetime.now(UTC)
    brief = f"rollout {word.partition(',')[0]}"
    return Event(node, EventKind.ROLLOUT, text, at, on, brief=brief, ordered=True)
