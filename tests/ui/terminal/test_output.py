"""What the terminal takes is written at once; what it does not take follows in its order."""

import os
import pty
import select
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tui.ui.terminal.output import RESTORE, Output

LONG = "".join(f"{number:07}\n" for number in range(40_000))


@dataclass
class Terminal:
    """A terminal that is read only when a test reads it."""

    reader: int
    output: Output

    def waiting(self) -> bytes:
        """Return what has been written and not been read; nothing is waited for."""
        ready, _, _ = select.select([self.reader], [], [], 0)
        return os.read(self.reader, 65536) if ready else b""

    def read_until(self, end: bytes) -> bytes:
        """Read until what was read ends so."""
        found = b""
        while not found.endswith(end):
            found += os.read(self.reader, 65536)
        return found


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    reader, fd = pty.openpty()
    os.set_blocking(reader, True)
    output = Output(fd, gone=lambda: None, drained=lambda: None)
    output.start()
    yield Terminal(reader, output)
    output.finish()
    os.close(reader)
    os.close(fd)


def test_what_the_terminal_takes_is_there_when_write_returns(terminal: Terminal) -> None:
    threads: list[threading.Thread] = []
    terminal.output.write("now", lambda: threads.append(threading.current_thread()))
    assert terminal.waiting() == b"now"
    assert threads == [threading.current_thread()]


def test_what_it_does_not_take_follows_in_its_order(terminal: Terminal) -> None:
    written = threading.Event()
    terminal.output.write(LONG)
    terminal.output.write("last", written.set)
    assert not written.is_set()
    found = terminal.read_until(b"last")
    assert found.replace(b"\r\n", b"\n") == LONG.encode() + b"last"
    assert written.wait(30)


def test_after_that_it_writes_on(terminal: Terminal) -> None:
    written = threading.Event()
    terminal.output.write(LONG, written.set)
    terminal.read_until(LONG[-7:].encode().replace(b"\n", b"\r\n"))
    assert written.wait(30)
    terminal.output.write("now")
    assert terminal.read_until(b"now") == b"now"


def test_nothing_is_written_once_it_is_finished(terminal: Terminal) -> None:
    terminal.output.finish()
    terminal.output.write("late")
    assert terminal.waiting() == RESTORE.encode()


def test_what_waited_when_the_output_was_held_is_written() -> None:
    """A resumed deck sets the terminal's modes, and holds what it paints until that is of now."""
    reader, fd = pty.openpty()
    output = Output(fd, gone=lambda: None, drained=lambda: None)
    output.write(LONG)
    output.write("modes")
    output.hold()
    output.write("old")
    output.start()  # as late as on a busy machine
    output.release()
    output.write("new")
    found = Terminal(reader, output).read_until(b"new")
    assert found.replace(b"\r\n", b"\n") == LONG.encode() + b"modesnew"
    output.finish()
    os.close(reader)
    os.close(fd)
