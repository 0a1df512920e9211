"""Whether the terminal has shown a frame: a status report is sent behind it, and answered.

What is painted may wait in a queue, in the pty or in a link that stalls. A terminal answers a
status report (DSR, `CSI 5 n`) in its turn, so the answer proves that all before it was taken.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import field
from enum import Enum, auto
from functools import partial
from typing import Protocol

from tui.model.dataclass import dataclass

STATUS_QUERY = "\x1b[5n"

REPLY_WITHIN = 2.0
"""Seconds after which a status report that was written is not answered any more."""


class FrameState(Enum):
    """What is known of a frame."""

    SENT = auto()
    """Not written out entirely yet, or not answered yet."""
    SHOWN = auto()
    """Answered by the terminal."""
    UNCONFIRMED = auto()
    """Written out entirely, to a terminal that has never answered."""
    OVERDUE = auto()
    """Not answered in time, by a terminal that answers: it stalls, or the answer was lost."""
    LOST = auto()
    """Something was dropped since, or another program may have written since."""


class ReportOutput(Protocol):
    """The output of a terminal, as reports need it."""

    dropped: int
    """How often something was dropped."""

    def write(self, text: str, written: Callable[[], None] | None = None) -> None:
        """Write or drop a text; `written` is called, from any thread, once all of it is out."""


@dataclass(slots=True)
class FrameReport:
    """The status report behind one frame; times are of the monotonic clock."""

    epoch: tuple[int, int]
    written_at: float | None = field(default=None)
    answered_at: float | None = field(default=None)

    @property
    def shown_at(self) -> float:
        """When the frame was shown, as far as the terminal lets know; infinite where it was not."""
        at = self.answered_at if self.answered_at is not None else self.written_at
        return float("inf") if at is None else at


class FrameReports:
    """The status reports of one application; without an output, every frame counts as shown.

    `in_loop` calls a function in the event loop, from any thread; all else runs in the loop.
    """

    def __init__(
        self,
        in_loop: Callable[[Callable[[], None]], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._in_loop = in_loop
        self._clock = clock
        self._output: ReportOutput | None = None
        self._repaints = 0
        self._open: deque[FrameReport] = deque()
        self.has_answered = False
        """Whether the terminal has ever answered."""

    def terminal_taken(self, output: ReportOutput) -> None:
        """Send the reports to an output from now on; what was shown before is lost."""
        self._output = output
        self.repainted()

    def repainted(self) -> None:
        """Count every frame before as lost, since the whole screen is painted again."""
        self._repaints += 1
        self._open.clear()

    def request(self) -> FrameReport:
        """Send a status report behind all that has been painted so far."""
        report = FrameReport(self._epoch)
        if self._output is None:
            report.written_at = report.answered_at = self._clock()
        else:
            written = partial(self._written, report)
            self._output.write(STATUS_QUERY, lambda: self._in_loop(written))
        return report

    def state(self, report: FrameReport) -> FrameState:
        """Return what is known now of the frame before a report."""
        if report.epoch != self._epoch:
            return FrameState.LOST
        if report.answered_at is not None:
            return FrameState.SHOWN
        if report.written_at is None or self._clock() - report.written_at <= REPLY_WITHIN:
            return FrameState.SENT
        return FrameState.OVERDUE if self.has_answered else FrameState.UNCONFIRMED

    def answered(self) -> None:
        """Take an answer of the terminal: it belongs to the oldest report that is open."""
        self.has_answered = True
        if self._open:
            self._open.popleft().answered_at = self._clock()

    @property
    def _epoch(self) -> tuple[int, int]:
        return self._repaints, 0 if self._output is None else self._output.dropped

    def _written(self, report: FrameReport) -> None:
        now = self._clock()
        last = self._open[-1].written_at if self._open else None
        if last is not None and now - last > REPLY_WITHIN:
            self._open.clear()  # their answers were lost: the next one is not theirs
        report.written_at = now
        if report.epoch == self._epoch:
            self._open.append(report)
