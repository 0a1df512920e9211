"""One rollout without a window: printed line by line, and stopped at the first failure."""

import asyncio
import contextlib
import time
from datetime import UTC, datetime

import click

from tui.cli.main import DOWN, UNREACHABLE, WELL
from tui.cli.output import USAGE
from tui.fleet.fleet import Fleet
from tui.fleet.orders.executor import NotAccepted
from tui.fleet.ports import NullListener
from tui.model.rollout import (
    Plan,
    RolloutProgress,
    RolloutState,
    StepProgress,
    StepState,
    StopReason,
)

_TOLD = frozenset(StepState) - {StepState.WAITING}


class _Ear(NullListener):
    """Queues the progress of a rollout until it can be printed."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[RolloutProgress | None] = asyncio.Queue()
        self.runs = asyncio.Event()

    def node_changed(self, node: str) -> None:  # noqa: ARG002 - the listener's signature
        """Set that polling has begun."""
        self.runs.set()

    def rollout_moved(self, progress: RolloutProgress) -> None:
        """Queue the progress."""
        self.heard.put_nowait(progress)


class RolloutRun:
    """Carry out one plan on a fleet that does not run yet."""

    def __init__(self, fleet: Fleet, plan: Plan) -> None:
        self._fleet = fleet
        self._plan = plan
        self._ear = _Ear()
        self._shown: dict[str, tuple[StepState, str]] = {}
        self._broken: OSError | None = None
        self._stops = 0
        self._task: asyncio.Task[int] | None = None

    def stop(self) -> None:
        """Start no further order; the second time, exit at once."""
        self._stops += 1
        if self._stops == 1:
            self._narrate("stops: an order that is out is watched to its end, none is given after")
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
            self._narrate("left at once: what became of an order that was out stays unknown")
            code = DOWN
        if self._broken is not None:
            raise self._broken
        return code

    async def _run(self) -> int:
        # What is optional must be known before the first order, else the guard refuses it.
        await self._fleet.ask_once()
        self._fleet.listener = self._ear
        running = asyncio.create_task(self._fleet.run())
        running.add_done_callback(lambda _: self._ear.heard.put_nowait(None))
        running.add_done_callback(lambda _: self._ear.runs.set())
        try:
            await self._ear.runs.wait()
            return await self._go(running)
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running

    async def _go(self, running: "asyncio.Task[None]") -> int:
        rollouts, number = self._fleet.rollouts, self._plan.number
        if self._stops:
            return self._nothing("it was stopped")
        try:
            rollouts.begin(self._plan)
        except NotAccepted as error:
            return self._nothing(str(error))
        code = USAGE
        while (now := await self._ear.heard.get()) is not None:
            self._show(now)
            if now.state is RolloutState.PAUSED:
                unasked = now.stop and now.stop.reason is StopReason.GATE_NOT_ANSWERED
                code = UNREACHABLE if unasked else DOWN
                rollouts.abort(number)
            if now.state is RolloutState.DONE:
                self._narrate(f"every node is verified: {self._plan.title}")
                return WELL
            if not now.is_open:
                self._sum_up(now)
                return DOWN if self._stops and code == USAGE else code
        running.result()
        return DOWN

    def _nothing(self, why: str) -> int:
        self._narrate(f"{why}; nothing was sent")
        return USAGE

    # Output

    def _show(self, now: RolloutProgress) -> None:
        for one in now.steps:
            mark = one.state, one.text
            if one.state in _TOLD and self._shown.get(one.step.node) != mark:
                self._shown[one.step.node] = mark
                self._say(_line(one))

    def _sum_up(self, now: RolloutProgress) -> None:
        """Print where it stopped, why, and what was done before."""
        stopped = next((one for one in now.steps if one.state is StepState.FAILED), None)
        where = f"stopped at {stopped.step.node}: {stopped.text}" if stopped else now.text
        done = [one.step.node for one in now.steps if one.state is StepState.DONE]
        left = [one.step.node for one in now.steps if one.state is StepState.WAITING]
        told = f"{where}; verified: {', '.join(done) or 'none'}"
        self._narrate(f"{told}; not touched: {', '.join(left) or 'none'}")

    def _say(self, line: str) -> None:
        self._echo(line, err=False)

    def _narrate(self, text: str) -> None:
        self._echo(f"rsdeck: {text}", err=True)

    def _echo(self, text: str, *, err: bool) -> None:
        """Print a line; once it cannot be read, stop before the next node."""
        try:
            click.echo(text, err=err)
        except OSError as error:
            first, self._broken = self._broken is None, error
            if first and not self._stops:
                self.stop()


def _line(one: StepProgress) -> str:
    clock = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    seconds = (one.ended_at or time.monotonic()) - (one.began_at or time.monotonic())
    text = one.text or "; ".join(
        f"{given.service}: {given.result.value}, {given.text}" for given in one.verdicts
    )
    return f"{clock}  {one.step.node}  {one.state.value:<8}  {seconds:.1f} s  {text}".rstrip()
