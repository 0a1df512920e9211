"""Without colours the deck says the same by signs and words; read from a real terminal."""

import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pyte
import pytest

pytestmark = pytest.mark.terminal

ROOT = Path(__file__).resolve().parents[3]
SIZE = (120, 40)
SGR = re.compile(rb"\x1b\[([0-9;:]*)m")
COLOR = re.compile(rb"3[0-8]|4[0-8]|9[0-7]|10[0-7]")


class Terminal:
    """The demo in a terminal, with all that it wrote and what is to be seen of it."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.written = b""
        self.seen: list[str] = []
        self.screen = pyte.Screen(*SIZE)
        self._stream = pyte.ByteStream(self.screen)

    @property
    def lines(self) -> list[str]:
        return list(self.screen.display)

    def until(self, condition: Callable[[], bool], seconds: float = 20.0) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "\n".join(self.lines)
            if select.select([self.fd], [], [], 0.1)[0] and not self.read():
                assert condition(), "\n".join(self.lines)

    def read(self) -> bool:
        """Take what was written; False at the end."""
        try:
            some = os.read(self.fd, 65_536)
        except OSError:
            return False
        self.written += some
        self._stream.feed(some)
        return bool(some)

    def colors(self) -> set[bytes]:
        """Give the codes written that choose a colour."""
        codes = {code for one in SGR.findall(self.written) for code in re.split(b"[;:]", one)}
        return {code for code in codes if COLOR.fullmatch(code)}


def spawn(home: Path) -> tuple[int, int]:
    env = {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        "PATH": os.environ["PATH"],
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        "NO_COLOR": "1",
        "PYTHONPATH": str(ROOT),
    }
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        os.execve(  # noqa: S606 - our own command
            sys.executable, [sys.executable, "-m", "tui", "demo", "--still"], env
        )
    columns, lines = SIZE
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    return pid, fd


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """Run the demo until its services are seen, and leave it."""
    pid, fd = spawn(tmp_path_factory.mktemp("home"))
    terminal = Terminal(fd)
    try:
        terminal.until(lambda: "RUNNING" in "\n".join(terminal.lines))
        os.write(fd, b"G")  # the service that has ended is farther down
        terminal.until(
            lambda: all(word in "\n".join(terminal.lines) for word in ("RUNNING", "EXITED", "▌"))
        )
        while select.select([fd], [], [], 0.3)[0] and terminal.read():
            pass  # the rest of the frame
        terminal.seen = terminal.lines
        os.write(fd, b"q")
        while terminal.read():
            pass
    finally:
        os.close(fd)
        _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    return terminal


def test_a_status_is_a_sign_and_a_word(terminal: Terminal) -> None:
    assert any("● RUNNING" in line for line in terminal.seen)
    assert any("✓ EXITED" in line for line in terminal.seen)


def test_the_cursor_is_a_sign(terminal: Terminal) -> None:
    assert sum("▌" in line.partition("▕")[2] for line in terminal.seen) == 1


def test_no_colour_is_written(terminal: Terminal) -> None:
    assert terminal.colors() == set()
