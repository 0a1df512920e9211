"""A password from the output of a command."""

import asyncio
import contextlib
import os
import signal

from tui.config import NodeProfile
from tui.credentials.secret import CredentialError, Raw, Secret, secret_from

_STDOUT = 1
_TURNS = 4
"""Turns of the event loop in which it reads all that a command had printed when it ended.

One finds the pipe readable, the next reads it, and the one after passes on what was read.
"""


class _Output(asyncio.SubprocessProtocol):
    """The output of a command, and its state.

    `finished` is set when it has ended, or printed too much. The end of its pipes is not awaited: a
    process that the command left running may hold them open.
    """

    def __init__(self) -> None:
        self.raw = Raw()
        self.noisy = False
        self.finished = asyncio.Event()
        self.exited = asyncio.Event()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Keep the data of stdout, and of stderr only that there was some."""
        if fd != _STDOUT:
            self.noisy = True
        elif not self.raw.add(data[: self.raw.room]):
            self.finished.set()

    def process_exited(self) -> None:
        """Record the end of the command."""
        self.exited.set()
        self.finished.set()


async def from_command(profile: NodeProfile, argv: tuple[str, ...], limit: float) -> Secret:
    """Run a command, without a shell, for at most `limit` seconds; raises CredentialError."""
    source = profile.origin.place("password_command")
    hint = "run it in a shell to see why"
    try:
        transport, output = await asyncio.get_running_loop().subprocess_exec(
            _Output,
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "its words cannot be passed on"
        raise CredentialError(profile, source, f"it cannot be run: {why}", hint) from None
    try:
        async with asyncio.timeout(limit):
            await output.finished.wait()
            for _ in range(_TURNS):
                await asyncio.sleep(0)
    except TimeoutError:
        reason = f"it did not answer within {limit:g} s"
        raise CredentialError(profile, source, reason, hint) from None
    finally:
        await _end(transport, output)
    code = transport.get_returncode()
    if code and output.raw.room:
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        note = ", and wrote to stderr" if output.noisy else ""
        raise CredentialError(profile, source, f"it failed with {how}{note}", hint)
    return secret_from(profile, source, output.raw)


async def _end(transport: asyncio.SubprocessTransport, output: _Output) -> None:
    """Kill a command that still runs, with its whole process group; close its pipes."""
    if not output.exited.is_set():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(transport.get_pid(), signal.SIGKILL)
    try:
        # Closed before its end is known, asyncio would reap it twice and warn.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                await output.exited.wait()
    finally:
        transport.close()
    await asyncio.sleep(0)  # a turn of the loop to close the pipes, before the loop is closed
