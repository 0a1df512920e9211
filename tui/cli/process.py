"""The process of a command: its terminal, and the signals that end it."""

import os
import sys

TYPE_CHECKING = False  # as typing has it, whose import takes longer than a first frame may
if TYPE_CHECKING:
    import signal
    from collections.abc import Callable
    from typing import Any
else:
    import _signal as signal  # what `signal` wraps in enums, whose import takes as long


def has_terminal() -> bool:
    """Whether there is a terminal that the deck could be drawn on and typed into."""
    streams = (sys.stdin, sys.stdout, sys.stderr)
    return all(stream is not None and stream.isatty() for stream in streams) and (
        os.environ.get("TERM", "") not in ("", "dumb")
    )


def exit_on_signals() -> None:
    """Exit through the `with` blocks on a signal that ends the process, so that all is removed."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))


class SignalsHeld:
    """Holds back, while its block runs, the signals that end the process; main thread only.

    An event loop that a signal interrupts while it is being made is half an object, whose removal
    writes a traceback. A signal mask would hold back this thread's alone: the kernel would give
    the signal to another one, and a thread or process that the block starts would inherit it.
    """

    def __enter__(self) -> None:
        self._came: list[int] = []
        self._before: dict[int, Any] = {}
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not None:  # else it was not set by Python
                self._before[number] = signal.signal(number, self._hold)

    def _hold(self, number: int, _: object) -> None:
        self._came.append(number)

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        for number in self._came:
            signal.raise_signal(number)


def call_on_signals(stop: "Callable[[int], object]") -> None:
    """Let the running event loop call `stop` with the number of a signal that ends the process.

    One that is ignored stays ignored, as SIGHUP is under nohup. The time for which a signal stops
    the process counts as asleep.
    """
    import asyncio

    count_stops()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            loop.add_signal_handler(number, stop, number)


def count_stops() -> None:
    """Count as asleep the time for which this process is stopped, while the running loop lasts.

    Be it by ctrl+z or by a SIGSTOP from outside. Main thread only.
    """
    import asyncio

    from tui.model.clock import StopCounter

    counter = StopCounter(asyncio.get_running_loop())
    signal.signal(signal.SIGCONT, lambda *_: counter.continued())
