"""What the deck writes, on its way to a terminal that may be slow, stalled or gone."""

import contextlib
import os
import select
import termios
import threading
import time
from collections import deque
from collections.abc import Callable

RESTORE = (
    "\x1b[?2026l\x1b[?2004l\x1b[?7h\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1004l"
    "\x1b[0m\x1b[<u\x1b[?1049l\x1b[?25h"
)
"""Gives the terminal back: every mode that the deck sets is off again."""

_CANCEL = b"\x18"
"""CAN: ends an escape sequence that was cut in the middle."""

_PIECE = 4096
_PATIENCE = 0.5
_TRY_AGAIN = 0.05
_LAST_WORD = 1.0


class Output(threading.Thread):
    """Writes in a thread of its own, so that a stalled terminal never holds up the deck.

    While nothing gets through, whole writes are dropped, and `drained` is called once the
    terminal takes them again: what it shows then has to be painted anew. `gone` is called when
    the terminal is not there any more. Both are called from this thread.
    """

    def __init__(self, fd: int, *, gone: Callable[[], None], drained: Callable[[], None]) -> None:
        super().__init__(daemon=True, name="deck-output")
        self.fd = fd
        self._own = _open_again(fd)
        self._gone = gone
        self._drained = drained
        self._waiting: deque[bytes] = deque()
        self._news = threading.Condition()
        self._busy_since: float | None = None
        self._missed = False
        self._held = False
        self._closing = False
        self._last: bytes | None = None

    def write(self, text: str) -> None:
        """Take a text to write, or drop it; never waits for the terminal."""
        with self._news:
            if self._closing:
                return
            since = self._busy_since
            if self._held or (since is not None and time.monotonic() - since > _PATIENCE):
                self._waiting.clear()
                self._missed = True
                return
            self._waiting.append(text.encode("utf-8", "replace"))
            self._news.notify()

    def hold(self) -> None:
        """Drop everything until `release`."""
        with self._news:
            self._held = True

    def release(self) -> None:
        """Write again; what was dropped is the caller's to paint anew."""
        with self._news:
            self._held = self._missed = False

    def finish(self, seconds: float = _LAST_WORD) -> None:
        """Write what waits, give the terminal back and end, in `seconds` or by force soon after."""
        with self._news:
            if not self._closing:
                self._closing = True
                self._waiting.append(RESTORE.encode())
                self._news.notify()
        self._join(seconds)
        if self.is_alive():
            self._last = _CANCEL + RESTORE.encode()
            with contextlib.suppress(termios.error):
                termios.tcflush(self.fd, termios.TCOFLUSH)
            self._join(_PATIENCE)

    @property
    def is_finished(self) -> bool:
        """Whether it has had its last word."""
        return self._closing and not self.is_alive()

    def _join(self, seconds: float) -> None:
        if threading.current_thread() is not self:
            self.join(seconds)

    def run(self) -> None:
        """Write until finished, or until the terminal is gone."""
        try:
            while (data := self._next()) is not None:
                self._put(data)
        except OSError:
            with self._news:
                self._closing = True
            self._gone()
        finally:
            if self._own is not None:
                os.close(self._own)

    def _next(self) -> bytes | None:
        """Wait for the next text; None at the end."""
        with self._news:
            while True:
                if self._waiting:
                    self._busy_since = time.monotonic()
                    return self._waiting.popleft()
                self._busy_since = None
                if self._closing:
                    return None
                if self._missed and not self._held:
                    self._missed = False
                    self._drained()
                self._news.wait()

    def _put(self, data: bytes) -> None:
        """Write all of `data`, or the last word where that is wanted instead."""
        fd = self.fd if self._own is None else self._own
        rest, last = memoryview(data), False
        while rest:
            if self._last is not None and not last:
                self._waiting.clear()
                rest, last = memoryview(self._last), True
            try:
                rest = rest[os.write(fd, rest[:_PIECE]) :]
            except BlockingIOError:
                # Not for long: room that a flush makes wakes nobody.
                select.select([], [fd], [], _TRY_AGAIN)


def _open_again(fd: int) -> int | None:
    """Open the terminal of `fd` once more, non-blocking; None where that cannot be.

    A write that blocks in the kernel cannot be called back, and a terminal that nobody reads
    blocks it for ever. `fd` itself is shared with the shell, whose writes must go on blocking.
    """
    try:
        return os.open(os.ttyname(fd), os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return None
