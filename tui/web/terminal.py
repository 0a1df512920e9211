"""A program in a terminal of its own: bytes in, bytes out, a size."""

import asyncio
import contextlib
import fcntl
import os
import signal
import struct
import termios
from collections.abc import Mapping, Sequence

_CHUNK = 65_536
_SECONDS_TO_END = 5.0


class TerminalProcess:
    """A program that runs in a pseudo-terminal, as it would in a terminal's window."""

    def __init__(self, process: asyncio.subprocess.Process, terminal: int) -> None:
        self._process = process
        self._terminal = terminal
        self._readable = asyncio.Event()
        asyncio.get_running_loop().add_reader(terminal, self._readable.set)

    @classmethod
    async def start(
        cls, command: Sequence[str], env: Mapping[str, str], size: tuple[int, int]
    ) -> "TerminalProcess":
        """Start `command` with exactly these variables, in a terminal of (columns, rows)."""
        ours, theirs = os.openpty()
        os.set_blocking(ours, False)
        _set_size(theirs, size)
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=theirs,
                stdout=theirs,
                stderr=theirs,
                env=env,
                start_new_session=True,
            )
        except OSError:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        return cls(process, ours)

    async def read(self) -> bytes:
        """Return what was written next; empty once the program has ended."""
        while True:
            try:
                return os.read(self._terminal, _CHUNK)
            except BlockingIOError:
                self._readable.clear()
                await self._readable.wait()
            except OSError:  # EIO: nothing has the other end open any more
                return b""

    def write(self, keys: bytes) -> None:
        """Type `keys`; those that the program does not read in time are dropped."""
        with contextlib.suppress(OSError):
            os.write(self._terminal, keys)

    def resize(self, size: tuple[int, int]) -> None:
        """Give the terminal another size, in (columns, rows)."""
        _set_size(self._terminal, size)
        self._signal(signal.SIGWINCH)  # the kernel sends it to a controlling terminal's group only

    async def end(self) -> None:
        """Hang up, and kill the program if it does not end."""
        self._signal(signal.SIGHUP)
        try:
            await asyncio.wait_for(self._process.wait(), _SECONDS_TO_END)
        except TimeoutError:
            self._signal(signal.SIGKILL)
            await self._process.wait()

    def close(self) -> None:
        """Give the terminal back, once the program has ended and nothing reads it."""
        asyncio.get_running_loop().remove_reader(self._terminal)
        os.close(self._terminal)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)


def _set_size(terminal: int, size: tuple[int, int]) -> None:
    columns, rows = size
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
