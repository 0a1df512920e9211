"""How the deck ends when it must: in good order if that can be, else by force, never later."""

import contextlib
import os
import signal
import termios
import threading
from types import FrameType, TracebackType
from typing import Any, Protocol, Self

from tui.ui.terminal.output import RESTORE, Output

REASONS = {
    signal.SIGTERM: "ended by SIGTERM",
    signal.SIGHUP: "ended by SIGHUP",
    signal.SIGQUIT: "ended by SIGQUIT",
    signal.SIGINT: "interrupted",
}
"""The signals that end the deck, and what it says then."""

GONE = 128 + signal.SIGHUP
"""Exit code where the terminal went away."""

_IN_ORDER = 2.3
_AT_ONCE = 0.6
_BY_FORCE = 0.4


class Deck(Protocol):
    """What an ending asks of the application."""

    def leave_from_thread(self, code: int) -> None:
        """Ask it to leave soon; called from any thread."""


class Shutdown:
    """While entered, the deck ends in time on a signal, a crash, or a terminal that is gone.

    Its thread needs neither the event loop nor the main thread to be well: what is not over in
    time is ended with the terminal given back and the exit code kept. The first reason counts.
    """

    def __init__(self, deck: Deck) -> None:
        self.code = 0
        self._own_code = 0
        self.output: Output | None = None
        self._deck = deck
        self._said: list[str] = []
        self._over = threading.Event()
        self._over.set()
        self._lock = threading.RLock()
        self._begun = False
        self._before: dict[int, Any] = {}
        self._attributes: list[Any] | None = None

    def __enter__(self) -> Self:
        self._over.clear()
        with contextlib.suppress(termios.error, OSError):
            self._attributes = termios.tcgetattr(0)
        self._ear, self._mouth = os.pipe()
        os.set_blocking(self._mouth, False)
        # Written to by the interpreter at the signal, whatever the main thread is doing then.
        signal.set_wakeup_fd(self._mouth, warn_on_full_buffer=False)
        for number in REASONS:
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                self._before[number] = signal.signal(number, _heard)
        self._thread = threading.Thread(target=self._listen, daemon=True, name="deck-ending")
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.give_back()
        self._over.set()
        signal.set_wakeup_fd(-1)
        os.close(self._mouth)
        self._thread.join(_BY_FORCE)
        os.close(self._ear)
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _listen(self) -> None:
        """Wait for the signals that end the deck."""
        while data := os.read(self._ear, 64):
            for number in data:
                if number in REASONS:
                    self.begin(128 + number, f"rsdeck: {REASONS[signal.Signals(number)]}")

    def gone(self) -> None:
        """Begin the end: there is no terminal any more."""
        self.begin(GONE, "rsdeck: the terminal is gone", _AT_ONCE)

    def begin(self, code: int, said: str, within: float = _IN_ORDER) -> None:
        """Leave with `code`, saying `said`; by force after `within` seconds. From any thread."""
        with self._lock:
            if self._over.is_set():
                return
            first = not self.code
            if first:
                self.code = code
                self._said.append(said)
        self.limit(within)
        if first:
            self._deck.leave_from_thread(code)

    def limit(self, within: float = _IN_ORDER, code: int = 0) -> None:
        """Let what is ending already take no longer than this; `code` is what it would end with."""
        with self._lock:
            self._own_code = self._own_code or code
            if self._begun and within >= _IN_ORDER:
                return
            self._begun = True
        threading.Thread(target=self._enforce, args=(within,), daemon=True).start()

    def report(self, said: str) -> None:
        """Note what is to be said once the terminal is given back."""
        with self._lock:
            self._said.append(said)

    def _enforce(self, within: float) -> None:
        if self._over.wait(within):
            return
        last = threading.Thread(target=self._last_words, daemon=True)
        last.start()
        last.join(_BY_FORCE)
        os._exit(self.code or self._own_code)

    def _last_words(self) -> None:
        if self.output is not None:
            self.output.finish(0.1)
        self.give_back()
        self.say()

    def give_back(self) -> None:
        """Undo what the driver could not undo itself."""
        output = self.output
        if output is not None and not output.is_finished:
            with contextlib.suppress(OSError):
                os.write(output.fd, RESTORE.encode())
        if self._attributes is not None:
            with contextlib.suppress(termios.error, OSError):
                termios.tcsetattr(0, termios.TCSANOW, self._attributes)

    def say(self) -> None:
        """Say why it ended, on stderr."""
        with self._lock:
            said, self._said = self._said, []
        with contextlib.suppress(OSError):
            if said:
                os.write(2, ("\n".join(said) + "\n").encode())


def _heard(number: int, frame: FrameType | None) -> None:
    """Do nothing: the listening thread has read the number already."""
