"""A command in a real pseudo-terminal, and a model of the screen it paints."""

import contextlib
import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pyte

COLUMNS, LINES = 120, 40
CTRL_Q = b"\x11"
_PIECE = 65536
_TICKS = os.sysconf("SC_CLK_TCK")


class UnmeasuredError(Exception):
    """Something did not happen in time; the text says what."""


class Terminal:
    """Run `command` at 120x40. `arrivals` are (monotonic time, bytes) of all that was written.

    What arrives is only stored; the screen's model parses it when it is read, so that reading
    the clock waits for no parsing.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.arrivals: list[tuple[float, int]] = []
        self._undigested: list[bytes] = []
        self._model = pyte.Screen(COLUMNS, LINES)
        self._stream = pyte.ByteStream(self._model)
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        self.started = time.monotonic()
        self._child = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=dict(environment),
            start_new_session=True,
        )
        os.close(slave)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    def fileno(self) -> int:
        """Return the file descriptor that select waits on."""
        return self._master

    def read(self) -> bool:
        """Read what has arrived; False once the child has hung up."""
        try:
            piece = os.read(self._master, _PIECE)
        except OSError:
            piece = b""
        if piece:
            self.arrivals.append((time.monotonic(), len(piece)))
            self._undigested.append(piece)
        return bool(piece)

    def write(self, keys: bytes) -> float:
        """Type and return the moment just before."""
        moment = time.monotonic()
        os.write(self._master, keys)
        return moment

    @property
    def screen(self) -> pyte.Screen:
        """The screen as it stands after all that was read."""
        pieces, self._undigested = self._undigested, []
        for piece in pieces:
            self._stream.feed(piece)
        return self._model

    @property
    def text(self) -> str:
        """The screen's lines."""
        return "\n".join(self.screen.display)

    def shows(self, words: Iterable[str]) -> bool:
        """Whether all `words` are on the screen."""
        text = self.text
        return all(word in text for word in words)

    def backgrounds(self, column: int) -> tuple[str, ...]:
        """Return the background of each line in one column, which shows where the cursor bar is."""
        buffer = self.screen.buffer
        return tuple(buffer[line][column].bg for line in range(LINES))

    def until(
        self,
        condition: Callable[[], bool],
        what: str,
        seconds: float,
        others: Sequence["Terminal"] = (),
    ) -> float:
        """Read until `condition` holds and return when the last bytes before that arrived.

        `others` are drained meanwhile, so that no child waits for its terminal.
        """
        end = time.monotonic() + seconds
        while not condition():
            remaining = end - time.monotonic()
            if remaining <= 0 or not _take([self, *others], remaining):
                raise UnmeasuredError(f"{what}: not within {seconds:g} s; the screen:\n{self.text}")
        return self.arrivals[-1][0] if self.arrivals else time.monotonic()

    def written(self, since: float) -> int:
        """Count the bytes that arrived since a moment."""
        return sum(count for moment, count in self.arrivals if moment >= since)

    def cpu(self) -> float:
        """Seconds of processor time that the child has used, all threads."""
        stat = Path(f"/proc/{self._child.pid}/stat").read_text(encoding="utf-8")
        fields = stat.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def end(self, seconds: float = 5.0) -> None:
        """Quit by ctrl+q, or else by a signal, and close the terminal."""
        if self._master < 0:
            return
        with contextlib.suppress(OSError):
            self.write(CTRL_Q)
        if not self._gone_within(seconds):
            self._child.terminate()
            if not self._gone_within(2.0):
                self._child.kill()
        self._child.wait()
        os.close(self._master)
        self._master = -1

    def _gone_within(self, seconds: float) -> bool:
        end = time.monotonic() + seconds
        while self._child.poll() is None and time.monotonic() < end:
            ready, _, _ = select.select([self], [], [], 0.02)
            if ready and not self.read():
                time.sleep(0.01)
        return self._child.poll() is not None


def _take(terminals: Sequence[Terminal], seconds: float) -> bool:
    """Wait for bytes and read them, the first terminal's first; False if that one hung up."""
    ready, _, _ = select.select(terminals, [], [], seconds)
    ready.sort(key=terminals.index)
    alive = [(one, one.read()) for one in ready]
    return all(well or one is not terminals[0] for one, well in alive)


def rest(terminals: Sequence[Terminal], seconds: float) -> None:
    """Wait for so many seconds, and read what the children write."""
    end = time.monotonic() + seconds
    while (remaining := end - time.monotonic()) > 0:
        ready, _, _ = select.select(terminals, [], [], remaining)
        for one in ready:
            if not one.read():
                raise UnmeasuredError(f"it ended by itself; its last screen:\n{one.text}")
