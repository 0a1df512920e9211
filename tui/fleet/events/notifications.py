"""Which events are worth a bell or a notice, and how they are passed to a command of the user.

There may be one so often only. The command gets one event at a time, in time limits, from a bounded
queue.
"""

import asyncio
import contextlib
import json
import os
import signal
from collections import deque
from collections.abc import Callable, Mapping, Set
from typing import TypedDict

from tui.config import Notify
from tui.model.clock import monotonic
from tui.model.dataclass import dataclass
from tui.model.event import Event, EventKind, StatusChange
from tui.model.event_text import event_text
from tui.model.order import Result
from tui.model.text import visible_name

BELL_EVERY = 1.0
"""Seconds between two bells, at least."""

NOTICE_EVERY = 5.0
"""Seconds between two notices on the desktop, at least."""


def should_notify(event: Event, wanted: Set[EventKind]) -> bool:
    """Whether a person wants to be called for an event.

    Its kind is in the list, no order given on this machine explains it, and it is no order that
    was verified: the person who gave an order is there and looks. A rollout takes long, and calls
    where it stands still.
    """
    if event.kind not in wanted:
        return False
    if event.kind is EventKind.ROLLOUT:
        return event.is_problem
    if event.is_ordered:
        return False
    return event.kind is not EventKind.VERDICT or event.result is not Result.VERIFIED


@dataclass(slots=True, eq=False)
class BellLimit:
    """Lets one bell through in BELL_EVERY seconds; the others are dropped."""

    last: float | None = None

    def rings(self, now: float) -> bool:
        """Return whether the bell may ring at `now` (monotonic), and count it if so."""
        if self.last is not None and now - self.last < BELL_EVERY:
            return False
        self.last = now
        return True


@dataclass(slots=True, eq=False)
class DesktopNotices:
    """Lets one notice through in NOTICE_EVERY seconds: the newest event, and how many more."""

    last: float | None = None
    _newest: Event | None = None
    _more: int = 0

    def add(self, event: Event) -> None:
        """Add an event for the next notice."""
        self._more += self._newest is not None
        self._newest = event

    def wait(self, now: float) -> float | None:
        """Return the seconds until the next notice may go out; None where there is none."""
        if self._newest is None:
            return None
        return 0.0 if self.last is None else max(0.0, self.last + NOTICE_EVERY - now)

    def take(self, now: float) -> str:
        """Return the notice that goes out now, and start anew; empty where there is none."""
        event, more = self._newest, self._more
        if event is None:
            return ""
        self.last, self._newest, self._more = now, None, 0
        return notice_text(event, more)


def notice_text(event: Event, more: int = 0) -> str:
    """Return an event in one line, with how many `more` there were since the last notice."""
    place = " ".join(filter(None, (event.node, visible_name(event.service))))
    and_more = f" (and {more} more)" if more else ""
    return f"{place}{and_more}: {event.kind.word}, {event_text(event)}"


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
    """The kind of event; `order` is an action that was sent, `action` on the screen."""
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
