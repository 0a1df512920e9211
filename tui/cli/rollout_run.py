"""One rollout without a window: printed line by line, and stopped at the first failure."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import UTC, datetime

from tui.cli.errors import DOWN, UNREACHABLE, USAGE, WELL
from tui.cli.need_journal import unrecorded_text
from tui.cli.output import unwritten
from tui.cli.printing import write_line, write_remark
from tui.cli.rollout_report import end_line, step_line
from tui.fleet.fleet import Fleet
from tui.fleet.orders.executor import NotAccepted
from tui.fleet.protocols import NullListener
from tui.model.clock import DATE_AND_TIME, clock_text, monotonic
from tui.model.rollout import (
    Plan,
    RolloutProgress,
    RolloutState,
    StepProgress,
    StepState,
    StepStop,
    StopReason,
)

_STOPPED = frozenset({StepState.RESTARTED, StepState.BLOCKED, StepState.FAILED, StepState.UNKNOWN})
_UNTOUCHED = frozenset({StepState.WAITING, StepState.CHECKING, StepState.BLOCKED})
_PRINTED = frozenset(StepState) - {StepState.WAITING}


def stop_code(stop: StepStop | None) -> int:
    """Return the exit code of a rollout that stops at a node."""
    unasked = stop is not None and stop.reason is StopReason.GATE_NOT_ANSWERED
    return UNREACHABLE if unasked else DOWN


def end_code(now: RolloutProgress, *, is_interrupted: bool) -> int:
    """Return the exit code of a rollout that ended before every node was verified.

    Where it stopped at no node and was not interrupted, another process rolls the cluster, or it
    could not be recorded: nothing was sent, and it may be tried again.
    """
    if now.stop is not None:
        return stop_code(now.stop)
    return DOWN if is_interrupted else UNREACHABLE


def stopped_step(now: RolloutProgress) -> StepProgress | None:
    """Return the node's turn at which a rollout stopped, None if it was between two."""
    return next((step for step in now.steps if step.state in _STOPPED), None)


def stop_text(now: RolloutProgress) -> str:
    """Return where a rollout stopped, and why."""
    stopped = stopped_step(now)
    if stopped is None:
        return now.text
    node = stopped.step.node
    if stopped.is_restarted:
        return f"{node} is restarted and verified; stopped after it because {stopped.text}"
    if stopped.state is StepState.BLOCKED:
        # Where nothing was sent for another reason than the gate, the reason says so.
        is_said = stopped.reason is StopReason.NOT_SENT
        return f"stopped at {node}{'' if is_said else ', nothing sent there'}: {stopped.text}"
    return f"stopped at {node}: {stopped.text}"


def summary_text(now: RolloutProgress) -> str:
    """Return where a rollout stopped, what was done before, and how to go on after a good one."""
    stopped = stopped_step(now)
    is_well = stopped is not None and stopped.is_restarted
    done = [
        step.step.node for step in now.steps if step.state is StepState.DONE or step.is_restarted
    ]
    waiting = [step.step.node for step in now.steps if step.state is StepState.WAITING]
    text = f"{stop_text(now)}; verified: {', '.join(done) or 'none'}"
    text += f"; not touched: {', '.join(waiting) or 'none'}"
    if is_well:
        text += "; put that right"
        text += f", then run it with --nodes {','.join(waiting)}" if waiting else ""
    return text


def turn_line(step: StepProgress) -> str:
    """Return the line of one node's turn: when, the node, its state, how long, and why."""
    clock = clock_text(datetime.now(UTC), DATE_AND_TIME)
    text, state = step.text or "; ".join(map(str, step.verdicts)), step.state.value
    if step.is_restarted:
        text = f"verified; stopped after it because {step.text}"
    return f"{clock}  {step.step.node}  {state:<10}  {_seconds(step):.1f} s  {text}".rstrip()


class _ProgressQueue(NullListener):
    """Queues the progress of a rollout until it can be printed."""

    def __init__(self) -> None:
        self.moves: asyncio.Queue[RolloutProgress | None] = asyncio.Queue()
        self.runs = asyncio.Event()

    def node_changed(self, _: str) -> None:
        """Set that polling has begun."""
        self.runs.set()

    def rollout_moved(self, progress: RolloutProgress) -> None:
        """Queue the progress."""
        self.moves.put_nowait(progress)


class RolloutRun:
    """Carry out one plan on a fleet that does not run yet."""

    def __init__(self, fleet: Fleet, plan: Plan, *, as_json: bool = False) -> None:
        self._fleet = fleet
        self._plan = plan
        self._as_json = as_json
        self._last: RolloutProgress | None = None
        self._progress = _ProgressQueue()
        self._shown: dict[str, tuple[StepState, str]] = {}
        self._broken: OSError | None = None
        self._stops = 0
        self._task: asyncio.Task[int] | None = None

    def stop(self) -> None:
        """Start no further order; the second time, exit at once."""
        self._stops += 1
        if self._stops == 1:
            self._narrate(
                "stopping: an action that was sent is polled to its verdict, none is sent after"
            )
            if self._plan.number in self._fleet.rollouts.progress:
                self._fleet.rollouts.abort(self._plan.number)
        elif self._task is not None:
            self._task.cancel()

    async def run(self) -> int:
        """Go from node to node and return the exit code."""
        self._task = asyncio.create_task(self._run())
        try:
            code = await self._task
        except asyncio.CancelledError:
            self._sum_up_at_once()
            code = DOWN
        if self._last is not None and (trouble := self._fleet.journal.trouble):
            self._narrate(unrecorded_text(trouble))
        if self._broken is not None:
            raise unwritten(self._broken)
        return code

    async def _run(self) -> int:
        # What is optional must be known before the first order, else the guard refuses it.
        await self._fleet.poll_once()
        self._fleet.listener = self._progress
        running = asyncio.create_task(self._fleet.run())
        running.add_done_callback(lambda _: self._progress.moves.put_nowait(None))
        running.add_done_callback(lambda _: self._progress.runs.set())
        try:
            await self._progress.runs.wait()
            return await self._go(running)
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running

    async def _go(self, running: "asyncio.Task[None]") -> int:
        rollouts = self._fleet.rollouts
        if self._stops:
            return self._nothing("it was stopped")
        try:
            rollouts.begin(self._plan, pauses=False)
        except NotAccepted as error:
            return self._nothing(str(error))
        while (now := await self._progress.moves.get()) is not None:
            self._last = now
            self._show(now)
            if now.state is RolloutState.DONE:
                text = f"every node is verified: {self._plan.title}"
                self._narrate(text)
                self._end(text)
                return WELL
            if not now.is_open:
                self._sum_up(now)
                return end_code(now, is_interrupted=self._stops > 0)
        running.result()
        return DOWN

    def _nothing(self, why: str) -> int:
        text = f"{why}; nothing was sent"
        self._narrate(text)
        self._end(text)
        return USAGE

    # Output

    def _show(self, now: RolloutProgress) -> None:
        for step in now.steps:
            mark = step.state, step.text
            if step.state in _PRINTED and self._shown.get(step.step.node) != mark:
                self._shown[step.step.node] = mark
                self._say(_json_line(step) if self._as_json else turn_line(step))

    def _sum_up(self, now: RolloutProgress) -> None:
        """Print where it stopped, why, and what was done before."""
        stopped = stopped_step(now)
        self._narrate(summary_text(now))
        self._end(stop_text(now), stopped.step.node if stopped else None)

    def _sum_up_at_once(self) -> None:
        """Print that it ends before the node whose turn it is has its verdict."""
        here = None if self._last is None else self._last.here
        text = "stopped at once: the result of an action that was sent is unknown"
        self._narrate(text)
        self._end(text, here.step.node if here is not None and here.is_open else None)

    def _end(self, text: str, stopped_at: str | None = None) -> None:
        """Print the last line of JSON."""
        if not self._as_json:
            return
        known = {step.step.node: step.state for step in self._last.steps} if self._last else {}
        nodes = [step.node for step in self._plan.steps]
        self._say(
            end_line(
                text,
                stopped_at=stopped_at,
                verified=[node for node in nodes if known.get(node) is StepState.DONE],
                restarted=[node for node in nodes if known.get(node) is StepState.RESTARTED],
                not_touched=[
                    node for node in nodes if known.get(node, StepState.WAITING) in _UNTOUCHED
                ],
            )
        )

    def _say(self, line: str) -> None:
        self._print(write_line, line)

    def _narrate(self, text: str) -> None:
        self._print(write_remark, text)

    def _print(self, write: Callable[[str], None], text: str) -> None:
        """Print a line; once it cannot be read, stop before the next node."""
        try:
            write(text)
        except OSError as error:
            first, self._broken = self._broken is None, error
            if first and not self._stops:
                self.stop()


def _seconds(step: StepProgress) -> float:
    return (step.ended_at or monotonic()) - (step.began_at or monotonic())


def _json_line(step: StepProgress) -> str:
    return step_line(step, _seconds(step))
