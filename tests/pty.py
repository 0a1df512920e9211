"""A command in a real pseudo-terminal: its bytes, the screen they paint, and how it ended."""

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import pyte
from rich.cells import cell_len

from tests import fork_server

ROOT = Path(__file__).parent.parent
RSDECK = (sys.executable, "-m", "tui")
# Makes the terminal the child's controlling one, so that it gets SIGHUP, then runs the child.
_OWN = (
    "import fcntl, os, sys, termios; os.setsid(); "
    "fcntl.ioctl({fd}, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)
_STATUS_QUERY, _STATUS_REPLY = b"\x1b[5n", b"\x1b[0n"
_TICKS = os.sysconf("SC_CLK_TCK")


def environment(home: Path, **more: str) -> dict[str, str]:
    """Return the variables that a user's terminal sets, and none of this process."""
    return {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "PATH": os.environ["PATH"],
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(ROOT),
    } | more


def _line(screen: pyte.Screen, y: int) -> str:
    """Return the text of a line; what is left of a wide character that was cut is a space."""
    row = screen.buffer[y]
    cells = [row[x].data for x in range(screen.columns)]
    text = "".join(cells)
    # As a rule each cell holds one narrow character.
    is_plain = len(text) == cell_len(text) == len(cells) and all(cells)
    return text if is_plain else "".join(_parts(cells))


def _parts(cells: Sequence[str]) -> Iterator[str]:
    covered = False
    for data in cells:
        if not covered:
            yield data or " "
        covered = not covered and bool(data) and cell_len(data[0]) == 2


class Terminal:
    """Run `argv` in a terminal of `size` (columns, lines); `written` is all that it wrote.

    It answers status reports, unless it is one that never does. Any of the three streams may be
    something else than the terminal.
    """

    def __init__(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        *,
        size: tuple[int, int] = (120, 40),
        answers: bool = True,
        **streams: Any,
    ) -> None:
        self.size = size
        self.written = bytearray()
        self._digested = 0
        self._answers = answers
        self._answered = 0
        self._model = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self._model)
        self._lines: dict[int, str] = {}
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.attributes_before = termios.tcgetattr(self.master)
        self.child: subprocess.Popen[bytes] | fork_server.ForkedProcess
        if tuple(argv[: len(RSDECK)]) == RSDECK and not streams and fork_server.serves(env):
            self.child = fork_server.ForkedProcess(argv[len(RSDECK) :], env, slave)
        else:
            own = (sys.executable, "-S", "-c", _OWN.format(fd=1 if "stdin" in streams else 0))
            self.child = subprocess.Popen(  # noqa: S603 - our own words
                (*own, *argv),
                cwd=ROOT,
                env=dict(env),
                **{"stdin": slave, "stdout": slave, "stderr": slave} | streams,
            )
        os.close(slave)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        self.hang_up()

    # Output

    def read(self, seconds: float = 0.1) -> bool:
        """Read what has been written; False once no process has the terminal open."""
        if not select.select([self.master], [], [], seconds)[0]:
            return True
        try:
            some = os.read(self.master, 65_536)
        except OSError:
            return False
        self.written += some
        while self._answers and (at := self.written.find(_STATUS_QUERY, self._answered)) >= 0:
            self._answered = at + len(_STATUS_QUERY)
            os.write(self.master, _STATUS_REPLY)
        return bool(some)

    @property
    def screen(self) -> pyte.Screen:
        """The screen as it stands after all that was read."""
        self._stream.feed(bytes(self.written[self._digested :]))
        self._digested = len(self.written)
        return self._model

    @property
    def lines(self) -> list[str]:
        """The text of each line."""
        screen = self.screen
        self._lines.update({y: _line(screen, y) for y in screen.dirty})
        screen.dirty.clear()
        return [self._lines[y] for y in range(screen.lines)]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def until(self, condition: Callable[[], Any], seconds: float = 40.0) -> None:
        """Read until it holds."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end or not self.read():
                assert condition(), f"it did not come about:\n{self.text}"

    def shows(self, *words: str, seconds: float = 40.0) -> None:
        """Read until all words are on the screen."""

        def are_all_there() -> bool:
            text = self.text
            return all(word in text for word in words)

        self.until(are_all_there, seconds)

    def asks(self, *words: str) -> None:
        """Read until a dialog shows all words and takes keys."""
        self.until(lambda: self.is_asking(*words))

    def is_asking(self, *words: str) -> bool:
        """Whether a dialog shows all words and takes keys."""
        text = self.text
        return "wait a moment" not in text and all(word in text for word in words)

    def quiet(self, seconds: float) -> None:
        """Read for so many seconds, for something that must not happen."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.read(0.05):
            pass

    # Input

    def send(self, keys: bytes, seconds: float = 40.0) -> None:
        """Type, reading meanwhile so that neither side waits for the other."""
        end = time.monotonic() + seconds
        rest = memoryview(keys)
        os.set_blocking(self.master, False)
        try:
            while rest:
                assert time.monotonic() < end, "it does not take its input"
                with contextlib.suppress(BlockingIOError):
                    rest = rest[os.write(self.master, rest[:4096]) :]
                while select.select([self.master], [], [], 0)[0] and self.read(0):
                    pass
        finally:
            os.set_blocking(self.master, True)

    def press_until(self, key: bytes, condition: Callable[[], Any], every: float = 2.0) -> None:
        """Press a key that is harmless twice, again and again until a condition holds.

        On a busy machine an answer may be too old for an order, or what came before the key may
        be taken together with it.
        """
        end = time.monotonic() + 40.0
        while not condition():
            assert time.monotonic() < end, f"it did not come about:\n{self.text}"
            self.send(key)
            again = time.monotonic() + every
            while not condition() and time.monotonic() < again:
                self.read(0.05)

    def resize(self, columns: int, lines: int) -> None:
        """Change the window's size; the kernel sends SIGWINCH to the child."""
        self.size = columns, lines
        size = struct.pack("HHHH", lines, columns, 0, 0)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, size)
        screen = self.screen
        screen.resize(lines, columns)

    def signal(self, number: signal.Signals) -> None:
        self.child.send_signal(number)

    def hang_up(self) -> None:
        """Close the window."""
        if self.master >= 0:
            os.close(self.master)
            self.master = -1

    # The end

    def ends(self, seconds: float = 30.0) -> int:
        """Read until it has ended and return the exit code as a shell does."""
        end = time.monotonic() + seconds
        while self.child.poll() is None:
            assert time.monotonic() < end, f"it goes on:\n{self.text}"
            if self.master < 0 or not self.read(0.02):
                time.sleep(0.01)
        while self.master >= 0 and select.select([self.master], [], [], 0)[0] and self.read(0):
            pass
        code = self.child.returncode
        return code if code >= 0 else 128 - code

    @property
    def attributes(self) -> list[Any]:
        """The terminal's settings as they are now."""
        return termios.tcgetattr(self.master)

    @property
    def left(self) -> str:
        """What was written after the deck's own screen was left, without its mode switches."""
        after = bytes(self.written).rpartition(b"\x1b[?1049l")[2]
        return after.replace(b"\x1b[?25h", b"").decode().replace("\r\n", "\n")

    @property
    def is_given_back(self) -> bool:
        """Whether every mode that was switched on is off again, and the settings are as before."""
        off = (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1003l", b"\x1b[?2004l", b"\x1b[<u")
        on = (b"\x1b[?1049h", b"\x1b[?25l", b"\x1b[?1003h", b"\x1b[?2004h", b"\x1b[>29u")
        written = bytes(self.written)
        return self.attributes == self.attributes_before and all(
            b not in written or written.rfind(a) > written.rfind(b)
            for a, b in zip(off, on, strict=True)
        )

    @property
    def is_stopped(self) -> bool:
        """Whether the child sleeps after a SIGSTOP."""
        return self._stat()[0] == "T"

    def cpu(self) -> float:
        """Seconds of processor time that the child has used."""
        stat = self._stat()
        return (int(stat[11]) + int(stat[12])) / _TICKS

    def memory(self) -> int:
        """Bytes of memory that the child holds."""
        return int(self._stat()[21]) * os.sysconf("SC_PAGE_SIZE")

    def _stat(self) -> list[str]:
        text = Path(f"/proc/{self.child.pid}/stat").read_text(encoding="utf-8")
        return text.rpartition(")")[2].split()
