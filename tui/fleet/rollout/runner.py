"""The course of one rollout: gate, one order, its verdict, the gate again; then the next node.

Whatever goes wrong pauses it, and nothing but the operator's word lets it go on. A node is given
its order once: where it was restarted and something else went wrong, going on looks again and
orders only what is not restarted yet.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from tui.fleet.orders.executor import NotAccepted
from tui.fleet.rollout.health_gate import GateFinding, HealthGate, missing_service
from tui.fleet.rollout.host import RolloutHost
from tui.fleet.rollout.planner import primary_of, tier_of
from tui.journal.journal_file import JournalError
from tui.model.order import Order, Result, Route, SeenService, Target, Verdict
from tui.model.rollout import (
    Plan,
    RolloutProgress,
    RolloutState,
    Step,
    StepProgress,
    StepState,
)
from tui.model.service import Health, Kind, Service, kind_of

_OVER = frozenset({StepState.DONE, StepState.SKIPPED})
_UNSENT = frozenset({Result.NOT_SENT, Result.REFUSED})


class RolloutAction(Enum):
    """What the operator says to a rollout that is paused."""

    RESUME = "resume"
    SKIP = "skip"
    ABORT = "abort"


class RolloutRunner:
    """Takes one plan through its nodes; `told` is called at every move.

    `steady` is how many seconds a service has to hold that is not ordered to restart again.
    `finding` is what the last gate found, None before the first.
    """

    def __init__(
        self,
        plan: Plan,
        fleet: RolloutHost,
        gates: HealthGate,
        steady: float,
        told: Callable[[RolloutProgress], None],
    ) -> None:
        self.progress = RolloutProgress(
            plan,
            RolloutState.RUNNING,
            tuple(map(StepProgress, plan.steps)),
            began_at=time.monotonic(),
        )
        self.finding: GateFinding | None = None
        self._plan = plan
        self._fleet = fleet
        self._gates = gates
        self._steady = steady
        self._told = told
        self._username = fleet.watch(plan.steps[0].node).login.username
        self._is_stopping = False
        self._word: asyncio.Future[RolloutAction] | None = None
        self._primary = primary_of(plan)
        self._starts: dict[tuple[str, str], datetime | None] = {
            (step.node, seen.name): seen.started_at for step in plan.steps for seen in step.services
        }
        self._ordered: dict[tuple[str, str], SeenService] = {}
        self._orders: dict[str, list[int]] = {}

    @property
    def orders(self) -> frozenset[int]:
        """The numbers of the orders that it gave."""
        return frozenset(number for numbers in self._orders.values() for number in numbers)

    def say(self, word: RolloutAction) -> None:
        """Take the operator's word: where it is not paused, only ABORT counts.

        An order that is out is watched to its end all the same.
        """
        if self._word is not None and not self._word.done():
            self._word.set_result(word)
        elif word is RolloutAction.ABORT and self.progress.is_open and not self._is_stopping:
            self._is_stopping = True
            self._show(text="stops after the order that is out, if any")

    async def run(self) -> None:
        """Go from node to node until all is done, or the operator has had enough."""
        try:
            await self._fleet.journal.planned(self._plan, tier_of(self._plan), self._username)
            await self._go()
        except JournalError as error:
            self._end(RolloutState.ABORTED, f"{error}; nothing was sent")
        except asyncio.CancelledError:
            self._leave()
            raise

    async def _go(self) -> None:
        why = ""
        while (here := self.progress.here) is not None:
            why = "" if self._is_stopping else await self._turn(here.step)
            if self._is_stopping or (why and not await self._goes_on(here.step, why)):
                break
        if self.progress.here is None:
            self._end(RolloutState.DONE, "")
        else:
            self._end(RolloutState.ABORTED, why or "it was stopped")

    # One node's turn

    async def _turn(self, step: Step) -> str:
        """Give a node its turn; gives why it did not succeed, empty where it did."""
        why = await self._pass(step, StepState.CHECKING, "the gate before")
        if not why and self._is_stopping:
            self._put(step, StepState.WAITING, began_at=None)
            return ""
        why = why or await self._act(step)
        why = why or await self._pass(step, StepState.SETTLING, "the gate after")
        self._put(step, StepState.FAILED if why else StepState.DONE, why, ended_at=time.monotonic())
        self._record(step, self._of(step).state.value, why or _said(self._of(step).verdicts))
        return why

    async def _pass(self, step: Step, state: StepState, text: str) -> str:
        """Ask the gate; gives why it does not open."""
        began = {"began_at": time.monotonic()} if state is StepState.CHECKING else {}
        self._put(step, state, text, **began)
        gate = await self._gates.ask(step, self._starts, self._primary)
        self.finding = gate.finding
        # What is told once is known from then on: going on means that it was read.
        self._primary = gate.primary or self._primary
        self._starts |= gate.restarted
        self._note(step)
        return gate.text or ("" if state is StepState.SETTLING else self._too_early(step))

    def _note(self, step: Step) -> None:
        """Note since when the services run that this rollout has restarted."""
        for seen in step.services if step.node in self._fleet else ():
            now = self._fleet.watch(step.node).reading.find(seen.name)
            if now is not None and now.health() is Health.UP:
                self._starts.setdefault(_key(step, seen), now.started_at)

    def _too_early(self, step: Step) -> str:
        """Say so where the primary's turn would come before that of others."""
        waiting = any(one.state is StepState.WAITING for one in self.progress.steps)
        is_early = waiting and step.identity.uid == self._primary
        return "it is the primary now, and must come last" if is_early else ""

    async def _act(self, step: Step) -> str:
        """Order what is not restarted yet, once; gives why that did not succeed."""
        if step.node not in self._fleet:
            return "its profile is gone; nothing was sent"
        # The cluster was asked after the node, and that takes a moment.
        if why := missing_service(step, self._fleet.watch(step.node).reading):
            return f"{why}; nothing was sent"
        left = self._left(step)
        risen = [one.name for one in left if one.kind is not Kind.OPTIONAL]
        if risen and not self._plan.reason:
            # Nobody typed what that takes: it was optional when the plan was agreed to.
            return f"{', '.join(risen)} takes a reason now; nothing was sent"
        if left:
            return await self._order(step, left)
        # Restarted before it paused: what no verdict vouches for has to hold as long here.
        self._put(step, StepState.SETTLING, f"has to hold for {self._steady:g} s")
        await asyncio.sleep(self._steady)
        return ""

    def _left(self, step: Step) -> tuple[SeenService, ...]:
        """Give the services that no order of this rollout has restarted yet, as they are now."""
        watch, left = self._fleet.watch(step.node), []
        for planned in step.services:
            now, before = watch.reading.find(planned.name), self._ordered.get(_key(step, planned))
            if now is None or (before is not None and _is_later(before, now)):
                continue
            kind = kind_of(planned.name, watch.facts.optional)
            start = self._starts.get(_key(step, planned), now.started_at)
            left.append(SeenService(planned.name, now.status, kind, start, now.uptime))
        return tuple(left)

    async def _order(self, step: Step, services: tuple[SeenService, ...]) -> str:
        """Give one order and wait for its verdicts; gives why it did not succeed."""
        watch, order = self._fleet.watch(step.node), self._bound(step, services)
        try:
            self._fleet.give(order)
        except NotAccepted as error:
            return f"{error}; nothing was sent"
        self._orders.setdefault(step.node, []).append(order.number)
        self._put(step, StepState.ORDERED, f"order {order.number} is out")
        await self._fleet.orders.done_with(watch)
        verdicts = self._fleet.orders.progress[order.number].verdicts
        for seen in services:
            if any(one.service == seen.name and one.result in _UNSENT for one in verdicts):
                continue
            self._ordered[_key(step, seen)] = seen
            # Since when it runs from now on is for the next look to say.
            self._starts.pop(_key(step, seen), None)
        self._note(step)
        self._put(step, StepState.ORDERED, verdicts=verdicts)
        return _said(one for one in verdicts if one.result is not Result.VERIFIED)

    def _bound(self, step: Step, services: tuple[SeenService, ...]) -> Order:
        return Order(
            number=self._fleet.orders.next_number(),
            verb=self._plan.verb,
            target=Target(step.node, step.url, step.identity, step.environment),
            services=services,
            route=Route(step.node, step.url),
            pressed_at=time.monotonic(),
            pressed_on=datetime.now(UTC),
            reason=self._plan.reason,
        )

    # Pause and end

    async def _goes_on(self, step: Step, why: str) -> bool:
        """Pause until the operator says a word; gives whether it goes on."""
        self._word = asyncio.get_running_loop().create_future()
        self._show(state=RolloutState.PAUSED, text=f"{step.node}: {why}")
        try:
            word = await self._word
        finally:
            self._word = None
        if word is RolloutAction.ABORT:
            return False
        if word is RolloutAction.SKIP:
            self._put(step, StepState.SKIPPED, why)
            self._record(step, StepState.SKIPPED.value, why)
            for seen in step.services:
                self._starts.pop(_key(step, seen), None)
        else:
            self._put(step, StepState.WAITING, began_at=None, ended_at=None)
        self._rearrange()
        self._show(state=RolloutState.RUNNING, text="")
        return True

    def _rearrange(self) -> None:
        """Put the primary last again, if it is another one by now."""
        over = [one for one in self.progress.steps if one.state in _OVER]
        rest = [one for one in self.progress.steps if one.state not in _OVER]
        rest.sort(key=lambda one: (one.step.identity.uid == self._primary, one.step.identity.uid))
        self._show(steps=(*over, *rest))

    def _leave(self) -> None:
        """Note what was under way when the deck was left; nobody listens any more."""
        here = self.progress.here
        if here is not None and here.is_open:
            text = f"the deck was left while it was {here.state.value}"
            self._record(here.step, Result.UNKNOWN.value, text)

    def _end(self, state: RolloutState, text: str) -> None:
        self._show(state=state, text=text, ended_at=time.monotonic())

    # What is told

    def _record(self, step: Step, result: str, text: str) -> None:
        orders = tuple(self._orders.get(step.node, ()))
        self._fleet.journal.stepped(self._plan, step, result, text, orders)

    def _of(self, step: Step) -> StepProgress:
        return next(one for one in self.progress.steps if one.step is step)

    def _put(self, step: Step, state: StepState, text: str = "", **more: Any) -> None:
        self._show(
            steps=tuple(
                replace(one, state=state, text=text, **more) if one.step is step else one
                for one in self.progress.steps
            )
        )

    def _show(self, **changes: Any) -> None:
        self.progress = replace(self.progress, **changes)
        self._told(self.progress)


def _key(step: Step, seen: SeenService) -> tuple[str, str]:
    return step.node, seen.name


def _is_later(before: SeenService, now: Service) -> bool:
    """Say whether a service runs since later than when it was ordered to restart."""
    if now.health() is not Health.UP or before.started_at is None or now.started_at is None:
        return False
    return now.started_at > before.started_at


def _said(verdicts: Iterable[Verdict]) -> str:
    return "; ".join(f"{one.service}: {one.result.value}, {one.text}" for one in verdicts)
