"""One rollout, node by node: the gate, one order, its verdict, the gate again; then the next node.

Whatever goes wrong pauses it, and only the operator resumes it. A node gets its order once: where
it was restarted and something else went wrong, resuming looks again and orders only what is not
restarted yet.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from tui.fleet.orders.executor import NotAccepted
from tui.fleet.orders.guard import judge_order
from tui.fleet.orders.verdict import Patience
from tui.fleet.rollout.health_gate import GateFinding, GateResult, HealthGate, missing_service
from tui.fleet.rollout.host import RolloutHost
from tui.fleet.rollout.planner import primary_of, starts_of, tier_of
from tui.journal.journal_file import JournalError
from tui.model.clock import asleep, clock_text, monotonic, sleep_text
from tui.model.dataclass import dataclass
from tui.model.order import Order, Result, Route, SeenService, Target
from tui.model.rollout import (
    GateNow,
    GateWait,
    Plan,
    RolloutAction,
    RolloutProgress,
    RolloutState,
    Step,
    StepProgress,
    StepResult,
    StepState,
    StepStop,
    StopReason,
)
from tui.model.service import (
    Health,
    Kind,
    KnownRun,
    Service,
    clock_was_set,
    kind_of,
    start_moved,
    uptime_started_over,
)

_OVER = frozenset({StepState.DONE, StepState.SKIPPED})
_UNSENT = frozenset({Result.NOT_SENT, Result.REFUSED})
_NOTHING_SENT = frozenset({StopReason.NOT_SENT})


@dataclass(frozen=True, slots=True)
class RehearsalStop:
    """The first node of a plan whose gate does not open, and why.

    `waits` is for how many seconds a rollout would check it again, 0 where it would pause at once.
    """

    node: str
    stop: StepStop
    waits: float = 0.0


@dataclass(frozen=True, slots=True)
class _Ordered:
    """A service as it was when its restart was ordered, `at` (monotonic)."""

    seen: SeenService
    at: float


class RolloutRunner:
    """Takes one plan through its nodes; `report` is called at every move.

    A service that is not restarted again has to stay stable for `patience.steady` seconds. Where it
    does not pause at trouble (`pauses`), it ends there.
    """

    def __init__(
        self,
        plan: Plan,
        fleet: RolloutHost,
        patience: Patience,
        report: Callable[[RolloutProgress], None],
        *,
        pauses: bool = True,
    ) -> None:
        self.progress = RolloutProgress(
            plan,
            RolloutState.RUNNING,
            tuple(map(StepProgress, plan.steps)),
            began_at=monotonic(),
        )
        self._plan = plan
        self._fleet = fleet
        self._gate = HealthGate(fleet, patience)
        self._patience = patience
        self._report = report
        self._username = fleet.watch(plan.steps[0].node).login.username
        self._pauses = pauses
        self._is_stopping = False
        self._aborted_on: datetime | None = None
        self._asleep_before = asleep()
        self._action: asyncio.Future[RolloutAction] | None = None
        self._has_changed = asyncio.Event()
        self._primary = primary_of(plan)
        self._starts = starts_of(plan)
        self._ordered: dict[tuple[str, str], _Ordered] = {}
        self._orders: dict[str, list[int]] = {}

    @property
    def orders(self) -> frozenset[int]:
        """The numbers of its orders."""
        return frozenset(number for numbers in self._orders.values() for number in numbers)

    def choose(self, action: RolloutAction, seen: GateNow | None = None) -> None:
        """Accept the operator's choice: where it is not paused, only ABORT counts.

        The restarts of the gate that was `seen` with it are known from then on, and close none
        again. An order that was given is watched to its end all the same.
        """
        if self._action is not None and not self._action.done():
            self._starts |= seen.restarted if seen is not None else {}
            self._action.set_result(action)
        elif action is RolloutAction.ABORT and self.progress.is_open and not self._is_stopping:
            self._is_stopping = True
            text = "stopping: no action is sent after the one that was sent, if any"
            self._show(text=text, is_stopping=True)
        if action is RolloutAction.ABORT and self._aborted_on is None:
            self._aborted_on = datetime.now(UTC)

    def recheck_soon(self) -> None:
        """Check the gate of a paused rollout before its time."""
        self._has_changed.set()

    async def run(self) -> None:
        """Go from node to node until all are done, or the operator aborts."""
        try:
            async with self._fleet.journal.hold_cluster(self._plan):
                await self._fleet.journal.planned(self._plan, tier_of(self._plan), self._username)
                await self._go()
        except JournalError as error:
            self._end(RolloutState.ABORTED, f"{error}; nothing was sent")
        except asyncio.CancelledError:
            self._leave()
            raise

    async def rehearse(self) -> RehearsalStop | None:
        """Check the gate before each node in turn, and order nothing."""
        while (here := self.progress.here) is not None:
            self._put(here.step, StepState.CHECKING)
            gate = await self._gate.check(here.step, self._starts, self._primary)
            if stop := self._passed(here.step, StepState.CHECKING, gate):
                waits = self._fleet.rollout_rules.gate_wait if gate.is_moving else 0.0
                return RehearsalStop(here.step.node, stop, waits)
            self._put(here.step, StepState.DONE)
        return None

    async def _go(self) -> None:
        stop: StepStop | None = None
        while (here := self.progress.here) is not None:
            stop = None if self._is_stopping else await self._turn(here.step)
            if self._is_stopping or (stop and not await self._goes_on(here.step, stop)):
                break
        if self.progress.here is None:
            self._end(RolloutState.DONE, "")
        else:
            why = stop.at(here.step.node) if stop and here else ""
            by = self._stopped_by()
            text = f"{by}; before that: {why}" if by and why else by or why
            self._end(RolloutState.ABORTED, text)
        is_done = self.progress.state is RolloutState.DONE
        self._fleet.journal.rollout_ended(self._plan, is_done=is_done, text=self.progress.text)

    # One node's turn

    async def _turn(self, step: Step) -> StepStop | None:
        """Run a node's turn; returns what stopped it, None where all went well."""
        stop = await self._pass(step, StepState.CHECKING, "the gate before")
        if stop is None and self._is_stopping:
            self._put(step, StepState.WAITING, began_at=None)
            return None
        stop = stop or await self._act(step)
        stop = stop or await self._pass(step, StepState.SETTLING, "the gate after")
        state, result = StepState.DONE, StepResult.VERIFIED
        if stop:
            state, result = self._stopped(step, stop)
        text = stop.text if stop else ""
        reason = stop.reason if stop else None
        self._put(step, state, text, ended_at=monotonic(), reason=reason)
        self._record(step, result, text or "; ".join(map(str, self._of(step).verdicts)))
        return stop

    def _stopped(self, step: Step, stop: StepStop) -> tuple[StepState, StepResult]:
        """Return what came of a turn that was stopped."""
        if stop.reason is not StopReason.NOT_VERIFIED and self._of(step).is_verified:
            return StepState.RESTARTED, StepResult.RESTARTED
        if self._orders.get(step.node) and stop.reason not in _NOTHING_SENT:
            bad = [verdict for verdict in self._of(step).verdicts if not verdict.is_good]
            if bad and all(verdict.result is Result.UNKNOWN for verdict in bad):
                return StepState.UNKNOWN, StepResult.UNKNOWN
            return StepState.FAILED, StepResult.FAILED
        return StepState.BLOCKED, StepResult.BLOCKED

    async def _pass(self, step: Step, state: StepState, text: str) -> StepStop | None:
        """Check the gate; returns why it does not open."""
        began = {"began_at": monotonic()} if state is StepState.CHECKING else {}
        self._put(step, state, text, **began)

        def goes_on(gate: GateResult, waited: float) -> bool:
            shown = self._of(step).wait
            if shown is None or shown.text != gate.text:
                limit = self._fleet.rollout_rules.gate_wait
                wait = GateWait(gate.text, monotonic() - waited, limit)
                text = f"waiting at the gate, up to {limit:.0f} s: {gate.text}"
                self._put(step, state, text, wait=wait)
            return not self._is_stopping

        gate = await self._gate.wait(step, self._starts, self._primary, goes_on)
        return self._passed(step, state, gate)

    def _passed(self, step: Step, state: StepState, gate: GateResult) -> StepStop | None:
        """Keep what a gate found; returns why it does not open."""
        # What was shown once is known from then on: resuming means that it was read.
        self._primary = gate.primary or self._primary
        self._starts |= gate.restarted
        self._note(step)
        if not gate.is_well:
            reason = StopReason.GATE_CLOSED
            if gate.restarted:
                reason = StopReason.RESTARTED_ELSEWHERE
            elif gate.finding is GateFinding.UNASKED:
                reason = StopReason.GATE_NOT_ANSWERED
            return StepStop(reason, gate.text, gate.names_node)
        if state is StepState.CHECKING and self._is_too_early(step):
            text = "it is the primary now, and must come last"
            return StepStop(StopReason.PRIMARY_TOO_EARLY, text)
        return None

    def _note(self, step: Step) -> None:
        """Keep since when the services run that this rollout has restarted.

        A restart that was ordered and is not seen yet may still come: it is this rollout's own.
        """
        for seen in step.services if step.node in self._fleet else ():
            reading = self._fleet.watch(step.node).reading
            now, ordered = reading.find(seen.name), self._ordered.get(_key(step, seen))
            if now is None or now.health() is not Health.UP:
                continue
            if ordered is None or ordered.seen.started_at is None or _is_later(ordered, now):
                is_late = ordered is not None and _is_late_uptime(ordered.seen, now)
                uptime = None if is_late else now.uptime
                run = KnownRun(now.started_at, uptime, reading.answered_at or 0.0)
                self._starts.setdefault(_key(step, seen), run)

    def _is_too_early(self, step: Step) -> bool:
        """Whether the primary's turn would come before that of others."""
        waiting = any(other.state is StepState.WAITING for other in self.progress.steps)
        return waiting and step.identity.uid == self._primary

    async def _act(self, step: Step) -> StepStop | None:
        """Order what is not restarted yet, once; returns why that did not succeed."""
        if step.node not in self._fleet:
            return _unsent("its profile is gone")
        # The cluster was asked after the node, and that takes a moment.
        if why := missing_service(step, self._fleet.watch(step.node).reading):
            return _unsent(why)
        left = self._left(step)
        if why := self._reason_missing(left):
            return _unsent(why)
        if left:
            return await self._order(step, left)
        # Restarted before it paused: what has no good verdict must hold as long here.
        steady = self._patience.steady
        self._put(step, StepState.SETTLING, f"has to stay stable for {steady:g} s")
        await asyncio.sleep(steady)
        return None

    def _reason_missing(self, left: Iterable[SeenService]) -> str:
        """Return which services were optional when the plan was confirmed without a reason."""
        risen = [seen.name for seen in left if seen.kind is not Kind.OPTIONAL]
        return f"{', '.join(risen)} needs a reason now" if risen and not self._plan.reason else ""

    def _left(self, step: Step) -> tuple[SeenService, ...]:
        """Return the services that no order of this rollout has restarted yet, as they are now."""
        watch, left = self._fleet.watch(step.node), []
        for planned in step.services:
            now, before = watch.reading.find(planned.name), self._ordered.get(_key(step, planned))
            if now is None or (before is not None and _is_later(before, now)):
                continue
            kind = kind_of(planned.name, watch.facts.optional)
            known, at = self._starts.get(_key(step, planned)), watch.reading.answered_at or 0.0
            # Of one run, the node's clock may have moved the start time.
            start = known.started_at if known and known.is_over(now, at) else now.started_at
            left.append(SeenService(planned.name, now.status, kind, start, now.uptime))
        return tuple(left)

    async def _order(self, step: Step, services: tuple[SeenService, ...]) -> StepStop | None:
        """Send one order and wait for its verdicts; returns why it did not succeed.

        Nothing is sent where the machine slept, or this process was suspended, since it began or
        was resumed: what the operator saw is from before that.
        """
        if slept := sleep_text(self._asleep_before):
            return StepStop(StopReason.SLEPT, slept)
        watch, order = self._fleet.watch(step.node), self._bound(step, services)
        try:
            self._fleet.give(order)
        except NotAccepted as error:
            return _unsent(str(error))
        self._orders.setdefault(step.node, []).append(order.number)
        self._put(step, StepState.ORDERED, "")
        await self._fleet.orders.done_with(watch)
        verdicts = self._fleet.orders.progress[order.number].verdicts
        for seen in services:
            if any(
                verdict.service == seen.name and verdict.result in _UNSENT for verdict in verdicts
            ):
                continue
            self._ordered[_key(step, seen)] = _Ordered(seen, order.pressed_at)
            # The next check notes since when it runs from now on.
            self._starts.pop(_key(step, seen), None)
        self._note(step)
        self._put(step, StepState.ORDERED, verdicts=verdicts)
        # What the node says failed is read by the operator first, whatever its readings show.
        failed = [verdict for verdict in verdicts if not verdict.is_good]
        if not failed:
            return None
        unsent = all(verdict.result is Result.NOT_SENT for verdict in verdicts)
        reason = StopReason.NOT_SENT if unsent else StopReason.NOT_VERIFIED
        return StepStop(reason, "; ".join(map(str, failed)))

    def _bound(self, step: Step, services: tuple[SeenService, ...]) -> Order:
        return Order(
            number=self._fleet.orders.next_number(),
            verb=self._plan.verb,
            target=Target(
                step.node,
                step.url,
                step.identity,
                step.environment,
                self._fleet.watch(step.node).evidence,
            ),
            services=services,
            route=Route(step.node, step.url),
            pressed_at=monotonic(),
            pressed_on=datetime.now(UTC),
            reason=self._plan.reason,
            rollout=self._fleet.journal.rollout_id_of(self._plan),
        )

    # Pause and end

    async def _goes_on(self, step: Step, stop: StepStop) -> bool:
        """Pause until the operator chooses an action; returns whether it goes on."""
        if not self._pauses:
            self._show(stop=stop)
            return False
        began = monotonic()
        self._fleet.journal.rollout_paused(self._plan, is_paused=True)
        action = await self._choice(step, stop)
        self._fleet.journal.rollout_paused(self._plan, is_paused=False)
        paused_for = self.progress.paused_for + monotonic() - began
        self.progress = replace(self.progress, paused_for=paused_for)
        self._asleep_before = asleep()
        if action is RolloutAction.ABORT:
            return False
        if action is RolloutAction.SKIP:
            self._put(step, StepState.SKIPPED, stop.text, reason=stop.reason)
            self._record(step, StepResult.SKIPPED, stop.text)
            for seen in step.services:
                self._starts.pop(_key(step, seen), None)
        else:
            self._put(step, StepState.WAITING, began_at=None, ended_at=None)
        over = (step for step in self.progress.steps if step.state in _OVER)
        self._show(steps=(*over, *self._rest()))
        self._show(state=RolloutState.RUNNING, text="", stop=None, gate=None)
        return True

    async def _choice(self, step: Step, stop: StepStop) -> RolloutAction:
        """Wait for the operator's choice; meanwhile check the gate again at a slow pace."""
        self._action = asyncio.get_running_loop().create_future()
        self._show(state=RolloutState.PAUSED, text=stop.at(step.node), stop=stop)
        try:
            async with asyncio.TaskGroup() as group:
                checks = group.create_task(self._recheck())
                action = await self._action
                checks.cancel()
        finally:
            self._action = None
        return action

    async def _recheck(self) -> None:
        """Show again and again whether the gate of what would come next is open.

        That is at a slow pace, and at once where a node answers again or a service changed, but no
        sooner than `apart` seconds after the last check.
        """
        while True:
            self._has_changed.clear()  # what changes while this checks counts
            step = self._rest()[0].step
            began, polled_at = monotonic(), self._polled_at(step)
            gate = await self._gate.recheck(step, self._starts, self._primary)
            text = gate.text or self._refusal(step)
            is_known = gate.finding is not GateFinding.UNASKED
            checked_at = min(began, polled_at) if is_known else began
            found = gate.names_node, gate.restarted
            self._show(gate=GateNow(step.node, text, is_known, checked_at, *found))
            apart = min(self._patience.apart, self._patience.recheck)
            await asyncio.sleep(apart)  # a service may change with every poll
            with contextlib.suppress(TimeoutError):
                # `asyncio.wait_for` loses a cancellation where the event comes with it (3.11).
                async with asyncio.timeout(self._patience.recheck - apart):
                    await self._has_changed.wait()

    def _polled_at(self, step: Step) -> float:
        """Return when the oldest of the readings was taken that a node's gate is judged by."""
        if step.node not in self._fleet:
            return math.inf
        own = self._fleet.watch(step.node).profile
        readings = [node.reading for node in self._fleet.nodes if own.is_beside(node.profile)]
        return min(
            one.answered_at if one.is_good and one.answered_at else one.asked_at for one in readings
        )

    def _refusal(self, step: Step) -> str:
        """Return why what is still to be sent to a node would not be sent."""
        left = self._left(step) if step.node in self._fleet else ()
        if not left:
            return ""
        ruling = judge_order(self._plan.verb, left, self._fleet.standing(step.node))
        return self._reason_missing(left) if ruling.allowed else ruling.reason

    def _rest(self) -> list[StepProgress]:
        """List the steps that are not over, the primary last, if it is another one by now."""
        rest = [step for step in self.progress.steps if step.state not in _OVER]
        return sorted(
            rest,
            key=lambda step: (step.step.identity.uid == self._primary, step.step.identity.uid),
        )

    def _leave(self) -> None:
        """Record what was under way when the deck was left."""
        here = self.progress.here
        if here is not None and here.is_open:
            text = f"the deck ended while it was {here.state.value}"
            # Until another action is sent, what was seen of the last one holds.
            is_known = here.is_verified and here.state is not StepState.ORDERED
            result = StepResult.RESTARTED if is_known else StepResult.UNKNOWN
            self._record(here.step, result, text)

    def _stopped_by(self) -> str:
        """Return who aborted it, and when; empty where it was not."""
        if self._aborted_on is None:
            return ""
        user = self._fleet.journal.sender.user
        who = f"by {user}" if user else "here"
        return f"stopped {who} at {clock_text(self._aborted_on)}"

    def _end(self, state: RolloutState, text: str) -> None:
        self._show(state=state, text=text, ended_at=monotonic(), is_stopping=False)

    # Progress and journal

    def _record(self, step: Step, result: StepResult, text: str) -> None:
        orders = tuple(self._orders.get(step.node, ()))
        self._fleet.journal.stepped(self._plan, step, result, text, orders)

    def _of(self, step: Step) -> StepProgress:
        return next(progress for progress in self.progress.steps if progress.step is step)

    def _put(self, step: Step, state: StepState, text: str = "", **more: Any) -> None:
        self._show(
            steps=tuple(
                replace(progress, state=state, text=text, **{"wait": None, "reason": None} | more)
                if progress.step is step
                else progress
                for progress in self.progress.steps
            )
        )

    def _show(self, **changes: Any) -> None:
        self.progress = replace(self.progress, **changes)
        self._report(self.progress)


def _key(step: Step, seen: SeenService) -> tuple[str, str]:
    return step.node, seen.name


def _is_later(ordered: _Ordered, now: Service) -> bool:
    """Whether a service runs since later than when it was ordered to restart."""
    before = ordered.seen
    if now.health() is not Health.UP:
        return False
    if uptime_started_over(before.uptime, now.uptime, monotonic() - ordered.at):
        return True
    return start_moved(before, now) and not clock_was_set(before, now)


def _is_late_uptime(before: SeenService, now: Service) -> bool:
    """Whether a restarted service may still show the uptime of the run before."""
    if before.uptime is None or now.uptime is None:
        return False
    return now.uptime >= before.uptime


def _unsent(why: str) -> StepStop:
    return StepStop(StopReason.NOT_SENT, f"{why}; nothing was sent")
