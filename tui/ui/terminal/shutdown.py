"""Shutdown within a time limit: in good order where that is possible, else by force."""

import contextlib
import os
import shutil
import signal
import termios
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Protocol, Self

from tui.ui.terminal.ascii_signs import ascii_text, wants_ascii
from tui.ui.terminal.output import RESTORE, Output
from tui.ui.terminal.skeleton import REASONS, Skeleton

GONE = 128 + signal.SIGHUP
"""Exit code where the terminal went away."""

_IN_ORDER = 2.3
_AT_ONCE = 0.6
_BY_FORCE = 0.4
_REMOVAL = 2.0


class ExitTarget(Protocol):
    """The application, as far as a shutdown needs it."""

    def leave_from_thread(self, code: int) -> None:
        """Leave soon; called from any thread."""


class Shutdown:
    """While entered, the deck ends in time on a signal, a crash, or a terminal that is gone.

    Its thread needs neither the event loop nor the main thread: what does not end in time is
    ended by force, with the terminal restored and the exit code kept. The first reason counts.
    """

    def __init__(self, app: ExitTarget) -> None:
        self.code = 0
        self._own_code = 0
        self.output: Output | None = None
        self._app = app
        self._reports: list[str] = []
        self._over = threading.Event()
        self._over.set()
        self._lock = threading.RLock()
        self._begun = False
        self._before: dict[int, Any] = {}
        self._attributes: list[Any] | None = None
        self.skeleton: Skeleton | None = None
        """The first frame, where it is on the terminal when this is entered."""
        self.fleeting: Path | None = None
        """A folder that an end by force removes, since it passes the block that would."""

    def __enter__(self) -> Self:
        self._over.clear()
        with contextlib.suppress(termios.error, OSError):
            self._attributes = termios.tcgetattr(0)
        if self.skeleton is not None and self.skeleton.attributes is not None:
            self._attributes = self.skeleton.attributes
        self._wakeup_read, self._wakeup_write = os.pipe()
        os.set_blocking(self._wakeup_write, False)
        # Written to by the interpreter at the signal, whatever the main thread is doing then.
        signal.set_wakeup_fd(self._wakeup_write, warn_on_full_buffer=False)
        for number in REASONS:
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                self._before[number] = signal.signal(number, _ignore)
        if self.skeleton is not None:
            self._before |= self.skeleton.release_signals()
        self._thread = threading.Thread(target=self._listen, daemon=True, name="deck-ending")
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.restore_terminal()
        self._over.set()
        signal.set_wakeup_fd(-1)
        os.close(self._wakeup_write)
        self._thread.join(_BY_FORCE)
        os.close(self._wakeup_read)
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _listen(self) -> None:
        """Read the signals that end the deck."""
        while data := os.read(self._wakeup_read, 64):
            for number in data:
                if number in REASONS:
                    self.begin(128 + number, f"rsdeck: {REASONS[number]}")

    def gone(self) -> None:
        """Begin to end, since there is no terminal any more."""
        self.begin(GONE, "rsdeck: the terminal is gone", _AT_ONCE)

    def begin(self, code: int, report: str, within: float = _IN_ORDER) -> None:
        """Leave with `code` and a report; by force after `within` seconds. From any thread."""
        with self._lock:
            if self._over.is_set():
                return
            first = not self.code
            if first:
                self.code = code
                self._reports.append(report)
        self.limit(within)
        if first:
            self._app.leave_from_thread(code)

    def limit(self, within: float = _IN_ORDER, code: int = 0) -> None:
        """End by force after `within` seconds; `code` is the exit code if there is no other."""
        with self._lock:
            self._own_code = self._own_code or code
            if self._begun and within >= _IN_ORDER:
                return
            self._begun = True
        threading.Thread(target=self._enforce, args=(within,), daemon=True).start()

    def report(self, line: str) -> None:
        """Add a line to write once the terminal is restored."""
        with self._lock:
            self._reports.append(line)

    def _enforce(self, within: float) -> None:
        if self._over.wait(within):
            return
        _do_within(_BY_FORCE, self._restore_and_report)
        if self.fleeting is not None:
            _do_within(_REMOVAL, shutil.rmtree, self.fleeting, True)
        os._exit(self.code or self._own_code)

    def _restore_and_report(self) -> None:
        if self.output is not None:
            self.output.finish(0.1)
        self.restore_terminal()
        self.write_reports()

    def restore_terminal(self) -> None:
        """Restore the terminal where the driver could not."""
        output = self.output
        if self.skeleton is not None:
            self.skeleton.give_back()
        if output is not None and not output.is_finished:
            with contextlib.suppress(OSError):
                os.write(output.fd, RESTORE.encode())
        if self._attributes is not None:
            with contextlib.suppress(termios.error, OSError):
                termios.tcsetattr(0, termios.TCSANOW, self._attributes)

    def write_reports(self) -> None:
        """Write why the deck ended, on stderr; in ASCII without UTF-8."""
        with self._lock:
            lines, self._reports = self._reports, []
        text = "".join(f"{line}\n" for line in lines)
        text = ascii_text(text) if wants_ascii(os.environ) else text
        with contextlib.suppress(OSError):
            os.write(2, text.encode())


def _do_within(seconds: float, function: Callable[..., object], *args: object) -> None:
    """Call a function, and wait for it so long at most: it may hang with its disk or terminal."""
    thread = threading.Thread(target=function, args=args, daemon=True)
    thread.start()
    thread.join(seconds)


def _ignore(number: int, frame: FrameType | None) -> None:
    """Do nothing: the listening thread reads the number from the pipe."""
