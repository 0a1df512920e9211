"""The output: what a terminal takes at once is written at once, and the rest by a thread.

The terminal may be slow, stalled or gone.
"""

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
    "\x1b[0m\x1b[<u\x1b[H\x1b[J\x1b[?1049l\x1b[?25h"
)
"""Restores the terminal: every mode that the deck sets is off again.

The screen is erased first, for terminals that have no alternate screen.
"""

_CANCEL = b"\x18"
"""CAN: ends an escape sequence that was cut in the middle."""

_PIECE = 4096
_PATIENCE = 0.5
_TRY_AGAIN = 0.05
_FINISH_WITHIN = 1.0


class Output(threading.Thread):
    """Writes at once, or in a thread of its own, so that a stalled terminal never stalls the deck.

    While nothing gets through, whole writes are dropped, and `drained` is called once the
    terminal accepts them again: everything has to be painted again then. `gone` is called when
    the terminal is not there any more. Both are called from this thread.
    """

    def __init__(self, fd: int, *, gone: Callable[[], None], drained: Callable[[], None]) -> None:
        super().__init__(daemon=True, name="deck-output")
        self.fd = fd
        self._own_fd = _open_again(fd)
        self._gone = gone
        self._drained = drained
        self._waiting: deque[tuple[bytes, Callable[[], None] | None]] = deque()
        self._changed = threading.Condition()
        self._busy_since: float | None = None
        self._missed = False
        self._is_held = False
        self._closing = False
        self._last: bytes | None = None
        self.dropped = 0
        """How often something was dropped, or may have been written over by another program."""

    def write(self, text: str, written: Callable[[], None] | None = None) -> None:
        """Write or queue a text, or drop it while the terminal is stalled; never waits for it.

        `written` is called, from here or from this thread, once the terminal's queue has taken
        all of it.
        """
        with self._changed:
            if self._closing:
                return
            since = self._busy_since
            is_stalled = since is not None and time.monotonic() - since > _PATIENCE
            if self._is_held or is_stalled:
                if is_stalled:
                    self._waiting.clear()
                self._missed = True
                self.dropped += 1
                return
            data = text.encode("utf-8", "replace")
            if since is None and not self._waiting:
                data = self._write_at_once(data)
            if data:
                self._waiting.append((data, written))
                self._changed.notify()
                return
        if written is not None:
            written()

    def _write_at_once(self, data: bytes) -> bytes:
        """Write what the terminal takes now, and return the rest; the thread is idle."""
        if self._own_fd is None:
            return data
        try:
            return data[os.write(self._own_fd, data) :]
        except OSError:
            return data  # full, or gone: the thread finds out which

    def hold(self) -> None:
        """Drop what comes until `release`; what waits, such as the terminal's modes, is written."""
        with self._changed:
            self._is_held = True
            self.dropped += 1

    def release(self) -> None:
        """Write again; the caller paints again what was dropped."""
        with self._changed:
            self._is_held = self._missed = False

    def finish(self, seconds: float = _FINISH_WITHIN) -> None:
        """Write what waits, restore the terminal and end, in `seconds` or by force soon after."""
        with self._changed:
            if not self._closing:
                self._closing = True
                self._waiting.append((RESTORE.encode(), None))
                self._changed.notify()
        self._join(seconds)
        if self.is_alive():
            self._last = _CANCEL + RESTORE.encode()
            with contextlib.suppress(termios.error):
                termios.tcflush(self.fd, termios.TCOFLUSH)
            self._join(_PATIENCE)

    @property
    def is_finished(self) -> bool:
        """Whether it has written all and ended."""
        return self._closing and not self.is_alive()

    def _join(self, seconds: float) -> None:
        if threading.current_thread() is not self:
            self.join(seconds)

    def run(self) -> None:
        """Write until finished, or until the terminal is gone."""
        try:
            while (entry := self._next()) is not None:
                data, written = entry
                self._put(data)
                if written is not None and self._last is None:
                    written()
        except OSError:
            with self._changed:
                self._closing = True
            self._gone()
        finally:
            if self._own_fd is not None:
                os.close(self._own_fd)

    def _next(self) -> tuple[bytes, Callable[[], None] | None] | None:
        """Wait for the next text; None at the end."""
        with self._changed:
            while True:
                if self._waiting:
                    self._busy_since = time.monotonic()
                    return self._waiting.popleft()
                self._busy_since = None
                if self._closing:
                    return None
                if self._missed and not self._is_held:
                    self._missed = False
                    self._drained()
                self._changed.wait()

    def _put(self, data: bytes) -> None:
        """Write all of `data`, or the final text where that is wanted instead."""
        fd = self.fd if self._own_fd is None else self._own_fd
        rest, last = memoryview(data), False
        while rest:
            if self._last is not None and not last:
                self._waiting.clear()
                rest, last = memoryview(self._last), True
            try:
                rest = rest[os.write(fd, rest[:_PIECE]) :]
            except BlockingIOError:
                # Not for long: room made by a flush does not end the wait.
                select.select([], [fd], [], _TRY_AGAIN)


def _open_again(fd: int) -> int | None:
    """Open the terminal of `fd` once more, non-blocking; None where that cannot be.

    A write that blocks in the kernel cannot be cancelled, and a terminal that is never read
    blocks it for ever. `fd` itself is shared with the shell, whose writes must go on blocking.
    """
    try:
        return os.open(os.ttyname(fd), os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return None
