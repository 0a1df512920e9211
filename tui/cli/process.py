"""The process of a command: its terminal, and the signals that end it."""

import os
import sys

TYPE_CHECKING = False  # as typing has it, whose import takes longer than a first frame may
if TYPE_CHECKING:
    import signal
    from collections.abc import Callable
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
    """Holds back, while its block runs, the signals that end the process.

    An event loop that a signal interrupts while it is being made is half an object, whose removal
    writes a traceback. Threads that the block starts hold the signals back as long as they live.
    """

    def __enter__(self) -> None:
        ending = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        self._before = signal.pthread_sigmask(signal.SIG_BLOCK, ending)

    def __exit__(self, *_: object) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, self._before)


def call_on_signals(stop: "Callable[[int], object]") -> None:
    """Let the running event loop call `stop` with the number of a signal that ends the process.

    One that is ignored stays ignored, as SIGHUP is under nohup.
    """
    import asyncio

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            loop.add_signal_handler(number, stop, number)
