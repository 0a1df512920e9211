"""One action without a window: sent, watched until its verdict, and never sent twice."""

import asyncio
import contextlib

from tui.cli.printing import write_remark
from tui.fleet.fleet import Fleet
from tui.fleet.order_preview import poll_target
from tui.fleet.orders.executor import NotAccepted
from tui.fleet.protocols import NullListener
from tui.model.dataclass import dataclass
from tui.model.order import Order, OrderPhase, OrderProgress, Result, Verdict

_UNKNOWN = "interrupted: what came of it is unknown until the node is polled again"


@dataclass(frozen=True, slots=True)
class ActionEnd:
    """What came of an action; `text` is why nothing was sent, or why the verdict is missing.

    `id` is the action's in the journal, and `unrecorded` why that lacks what came of it, empty
    where it has it; `signal` is what interrupted it, 0 if nothing did.
    """

    id: str
    sent: bool
    verdicts: tuple[Verdict, ...] = ()
    text: str = ""
    signal: int = 0
    unrecorded: str = ""

    @property
    def is_verified(self) -> bool:
        """Whether every service was verified."""
        return bool(self.verdicts) and all(
            verdict.result is Result.VERIFIED and not verdict.is_denied for verdict in self.verdicts
        )


class _Steps(NullListener):
    """Queues the steps of orders until they can be printed; None once the fleet has ended."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[OrderProgress | None] = asyncio.Queue()
        self.runs = asyncio.Event()

    def node_changed(self, _: str) -> None:
        """Set that polling has begun."""
        self.runs.set()

    def order_moved(self, progress: OrderProgress) -> None:
        """Queue the step."""
        self.queue.put_nowait(progress)


class ActionRun:
    """Carry out one order on a fleet that does not run yet; `quiet` prints no steps."""

    def __init__(self, fleet: Fleet, order: Order, *, quiet: bool) -> None:
        self._fleet = fleet
        self._order = order
        self._quiet = quiet
        self._steps = _Steps()
        self._signal = 0
        self._stopped = asyncio.Event()

    def stop(self, number: int) -> None:
        """End it by a signal: nothing is sent any more, and nothing is watched."""
        self._signal = self._signal or number
        self._stopped.set()

    async def run(self) -> ActionEnd:
        """Send the order, print its steps, and return what came of it."""
        work = asyncio.create_task(self._run())
        stopped = asyncio.create_task(self._stopped.wait())
        await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
        for task in (work, stopped):
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work
        return self._end(work.result() if not work.cancelled() else "")

    async def _run(self) -> str:
        """Carry the order out; returns why it was not accepted, empty where it was."""
        # What is optional must be known before the order is given, else the guard refuses it.
        await poll_target(self._fleet, self._order.target.node)
        self._fleet.listener = self._steps
        running = asyncio.create_task(self._fleet.run())
        running.add_done_callback(lambda _: self._steps.queue.put_nowait(None))
        running.add_done_callback(lambda _: self._steps.runs.set())
        try:
            await self._steps.runs.wait()
            if running.done():
                running.result()
            self._fleet.give(self._order)
            await self._watch(running)
        except NotAccepted as error:
            return str(error)
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
        return ""

    async def _watch(self, running: "asyncio.Task[None]") -> None:
        """Print the steps until the order has ended."""
        shown: OrderPhase | None = None
        while (step := await self._steps.queue.get()) is not None:
            if step.order.number != self._order.number:
                continue
            if step.phase is not shown and step.is_open:
                shown = step.phase
                self._narrate(step.text)
            if not step.is_open:
                return
        running.result()

    def _end(self, refused: str) -> ActionEnd:
        """Return what came of the order, by how far it came."""
        id_ = self._fleet.journal.id_of(self._order)
        progress = self._fleet.orders.progress.get(self._order.number)
        if refused or progress is None or progress.phase is OrderPhase.CHECKING:
            why = refused or "interrupted"
            return ActionEnd(id_, sent=False, text=f"{why}; nothing was sent", signal=self._signal)
        found = {verdict.service: verdict for verdict in progress.verdicts}
        if all(verdict.result is Result.NOT_SENT for verdict in found.values()) and found:
            text = next(iter(found.values())).text
            return ActionEnd(id_, sent=False, text=text, signal=self._signal)
        unknown = (Verdict(name, Result.UNKNOWN, _UNKNOWN) for name in self._order.names)
        verdicts = tuple(found.get(verdict.service, verdict) for verdict in unknown)
        text = _UNKNOWN if progress.is_open else ""
        return ActionEnd(
            id_,
            sent=True,
            verdicts=verdicts,
            text=text,
            signal=self._signal,
            unrecorded=self._fleet.journal.trouble,
        )

    def _narrate(self, text: str) -> None:
        """Print a step on stderr; where that fails, the order is watched all the same."""
        if not self._quiet:
            with contextlib.suppress(OSError):
                write_remark(text)
