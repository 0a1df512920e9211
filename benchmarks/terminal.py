"""A command in a real pseudo-terminal, what it costs, and a model of the screen it paints."""

import contextlib
import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pyte

COLUMNS, LINES = 120, 40
CTRL_Q = b"\x11"
_PIECE = 65536
_PAGE = os.sysconf("SC_PAGE_SIZE")
_OF_A_PROCESS = 2
_STATUS_QUERY, _STATUS_REPLY = b"\x1b[5n", b"\x1b[0n"


class UnmeasuredError(Exception):
    """Something did not happen in time; the text says what."""


class Screen:
    """A model of a terminal's screen of `size`, fed with what was written to it."""

    def __init__(self, size: tuple[int, int] = (COLUMNS, LINES)) -> None:
        self._model = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self._model)

    def feed(self, piece: bytes) -> None:
        """Take what was written."""
        self._stream.feed(piece)

    @property
    def text(self) -> str:
        """The screen's lines."""
        return "\n".join(self._model.display)

    def shows(self, words: Iterable[str]) -> bool:
        """Whether all `words` are on the screen."""
        text = self.text
        return all(word in text for word in words)

    @property
    def rows(self) -> list[list[pyte.screens.Char]]:
        """The cells of each line, with their colours."""
        model = self._model
        return [[model.buffer[y][x] for x in range(model.columns)] for y in range(model.lines)]

    @property
    def backgrounds(self) -> list[list[str]]:
        """The background of each cell, which shows where a cursor bar is."""
        cells = range(COLUMNS)
        return [[self._model.buffer[line][cell].bg for cell in cells] for line in range(LINES)]


class Terminal:
    """Run `command` at `size`. `arrivals` are (monotonic time, bytes) of all that it wrote.

    `leave` is the key that ends it. It answers status reports, as terminals do. What arrives is
    stored and parsed when the screen is looked at; a moment is found by playing the bytes again
    (`moment`), so that no parsing stands between an arrival and the clock.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        leave: bytes = CTRL_Q,
        size: tuple[int, int] = (COLUMNS, LINES),
    ) -> None:
        self._leave = leave
        self.arrivals: list[tuple[float, bytes]] = []
        self._seen = 0
        self._screen = Screen(size)
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
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
            self.arrivals.append((time.monotonic(), piece))
            if _STATUS_QUERY in piece:
                os.write(self._master, _STATUS_REPLY)
        return bool(piece)

    def write(self, keys: bytes) -> float:
        """Type and return the moment just before."""
        moment = time.monotonic()
        os.write(self._master, keys)
        return moment

    @property
    def screen(self) -> Screen:
        """The screen as it stands after all that was read."""
        for _ in self.steps():
            pass
        return self._screen

    def steps(self) -> Iterator[tuple[float, Screen]]:
        """Yield the screen after each arrival that was not looked at yet, and when that was."""
        while self._seen < len(self.arrivals):
            moment, piece = self.arrivals[self._seen]
            self._seen += 1
            self._screen.feed(piece)
            yield moment, self._screen

    def until(
        self, words: Iterable[str], seconds: float, others: Sequence["Terminal"] = ()
    ) -> None:
        """Read until all `words` are on the screen, and what `others` write meanwhile."""
        end = time.monotonic() + seconds
        words = tuple(words)
        while not self.screen.shows(words):
            remaining = end - time.monotonic()
            if remaining <= 0 or not _take([self, *others], remaining):
                raise UnmeasuredError(
                    f"{words[0]!r} did not appear within {seconds:g} s; the screen:\n"
                    f"{self.screen.text}"
                )

    def moment(self, condition: Callable[[Screen], bool]) -> float:
        """Return how many seconds after the start the screen first fulfilled the condition."""
        screen = Screen()
        for moment, piece in self.arrivals:
            screen.feed(piece)
            if condition(screen):
                return moment - self.started
        raise UnmeasuredError("it never came about")

    @property
    def written(self) -> int:
        """How many bytes it has written."""
        return sum(len(piece) for _, piece in self.arrivals)

    def cpu(self) -> float:
        """Seconds of processor time that the child has used, in all threads that it ever had."""
        return time.clock_gettime((~self._child.pid << 3) | _OF_A_PROCESS)

    def wake_ups(self) -> int:
        """How often its threads gave up the processor to wait, and so were woken."""
        count = 0
        for status in Path(f"/proc/{self._child.pid}/task").glob("*/status"):
            lines = status.read_text(encoding="ascii").splitlines()
            count += sum(int(one.split()[1]) for one in lines if one.startswith("voluntary"))
        return count

    def memory(self) -> float:
        """Resident memory in MB."""
        pages = Path(f"/proc/{self._child.pid}/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * _PAGE / 1e6

    def end(self, seconds: float = 5.0) -> None:
        """Quit by its key, or else by a signal, and close the terminal."""
        if self._master < 0:
            return
        with contextlib.suppress(OSError):
            self.write(self._leave)
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
                raise UnmeasuredError(f"it ended by itself; its last screen:\n{one.screen.text}")
