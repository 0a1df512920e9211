"""Pass events to a command of the user: one at a time, in time limits, from a bounded queue."""

import asyncio
import contextlib
import json
import os
import signal
from collections import deque
from collections.abc import Callable, Mapping
from typing import TypedDict

from tui.config import Notify
from tui.fleet.events.notification_rules import should_notify
from tui.model.clock import monotonic
from tui.model.event import Event, StatusChange
from tui.model.event_text import event_text

LIMIT = 10.0
"""Seconds that a command may take for one event."""

WAITING_AT_MOST = 100
"""How many events wait for the command; further ones are dropped, and counted."""

_PASSED_ON = frozenset(
    {"HOME", "LANG", "LC_ALL", "LC_CTYPE", "LOGNAME", "PATH", "SHELL", "TMPDIR", "TZ", "USER"}
)
"""The only variables that a command gets: any other may hold a secret."""


class NotifiedEvent(TypedDict):
    """The line that the command of `[notify]` gets on its stdin: something happened on a node."""

    at: str
    node: str
    cluster: str
    service: str
    """Empty where the whole node is meant."""
    what: str
    status: str | None
    """The service's status after a change of status; else null."""
    text: str
    problem: bool
    """Whether it needs attention."""
    dropped: int
    """How many events before this one were dropped, since the command was too slow for them."""


class NotifyCommand:
    """Runs the command of `[notify]` for each event it wants; `warn` is called where it fails.

    Its output is ignored. A failure is reported once, until the command succeeds again.
    """

    def __init__(
        self,
        notify: Notify,
        environ: Mapping[str, str],
        warn: Callable[[str], None],
        *,
        limit: float = LIMIT,
    ) -> None:
        self._argv = notify.command
        self._wanted = notify.command_events
        self._env = {name: value for name, value in environ.items() if name in _PASSED_ON}
        self._warn = warn
        self._limit = limit
        self._waiting: deque[NotifiedEvent] = deque()
        self._dropped = 0
        self._running: asyncio.Task[None] | None = None
        self._reported = ""
        self._started_at = monotonic()

    def event_happened(self, event: Event, cluster: str) -> None:
        """Pass an event on, if `[notify]` wants it, as soon as the command is free.

        It must be called in an event loop. Without a command it does nothing.
        """
        if not self._argv or not should_notify(event, self._wanted):
            return
        if event.at < self._started_at:  # of an earlier session
            return
        if len(self._waiting) >= WAITING_AT_MOST:
            self._dropped += 1
            return
        self._waiting.append(_fields(event, cluster, self._dropped))
        self._dropped = 0
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run(), name="notify command")

    async def idle(self) -> None:
        """Wait until every event has been passed on."""
        if self._running is not None:
            await self._running

    async def _run(self) -> None:
        while self._waiting:
            fields = self._waiting.popleft()
            failure = await self._pass_on(json.dumps(fields).encode("ascii") + b"\n")
            if fields["dropped"]:
                self._warn(f"{fields['dropped']} events were not passed to notify.command")
            if failure and failure != self._reported:
                self._warn(f"notify.command: {failure}")
            self._reported = failure

    async def _pass_on(self, line: bytes) -> str:
        """Run the command for one event; returns why it failed, empty where it did not."""
        try:
            process = await asyncio.create_subprocess_exec(
                *self._argv,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                env=self._env,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "its words cannot be passed on"
            return f"it cannot be run: {why}"
        try:
            async with asyncio.timeout(self._limit):
                await process.communicate(line)
        except TimeoutError:
            return f"it did not end within {self._limit:g} s"
        finally:
            await _end(process)
        code = process.returncode or 0
        return "" if not code else f"it failed with {_how(code)}"


def _how(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill a command that still runs, with its whole process group."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


def _fields(event: Event, cluster: str, dropped: int) -> NotifiedEvent:
    details = event.details
    return {
        "at": event.on.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "node": event.node,
        "cluster": cluster,
        "service": event.service,
        "what": event.kind.value,
        "status": details.after if isinstance(details, StatusChange) else None,
        "text": event_text(event),
        "problem": event.is_problem,
        "dropped": dropped,
    }
