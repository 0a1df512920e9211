"""`rsdeck status --watch`: the status once, then a line a change, until it is ended."""

import asyncio
import contextlib
import json
from datetime import UTC, datetime

import click

from tui.cli.color import Color, painted
from tui.cli.json_shapes import ChangeLine, HeartbeatLine, StatusLine
from tui.cli.printing import folded_lines
from tui.cli.process import call_on_signals
from tui.cli.status_report import print_remarks, status_json, status_table
from tui.config import Configuration
from tui.credentials import Passwords
from tui.fleet.fleet import Fleet
from tui.fleet.node_status import node_status
from tui.fleet.protocols import NullListener
from tui.model.clock import DATE_AND_TIME, clock_text
from tui.model.event import Event, StatusChange
from tui.model.event_text import event_text
from tui.model.text import visible_name

_LOOK_ONLY = "read-only: a status is only looked at"


class _Changes(NullListener):
    """Queues events until they can be printed; None once the fleet has ended or a signal came."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Event | None] = asyncio.Queue()

    def event_happened(self, event: Event) -> None:
        """Queue the event."""
        self.queue.put_nowait(event)


def watch_status(
    configuration: Configuration,
    passwords: Passwords,
    *,
    heartbeat: float,
    as_json: bool,
    color: bool,
) -> int:
    """Print the status of all nodes, then their changes, until a signal; returns the exit code.

    Every `heartbeat` seconds there is a line of JSON that shows that it lives.
    """
    fleet = Fleet(configuration, read_only=_LOOK_ONLY, passwords=passwords)
    watch = _Watch(fleet, as_json=as_json, color=color)
    return asyncio.run(watch.run(heartbeat))


class _Watch:
    def __init__(self, fleet: Fleet, *, as_json: bool, color: bool) -> None:
        self._fleet = fleet
        self._as_json = as_json
        self._color = color
        self._changes = _Changes()
        self._signal = 0

    async def run(self, heartbeat: float) -> int:
        """Print until a signal; a reader that has gone raises BrokenPipeError."""
        call_on_signals(self._stop)
        await self._fleet.poll_once()
        self._begin()
        self._fleet.listener = self._changes
        running = asyncio.create_task(self._fleet.run())
        running.add_done_callback(lambda _: self._changes.queue.put_nowait(None))
        try:
            await self._print_changes(heartbeat)
            if running.done():
                running.result()
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
        return 128 + self._signal

    def _stop(self, number: int) -> None:
        self._signal = number
        self._changes.queue.put_nowait(None)

    def _begin(self) -> None:
        statuses = [node_status(node) for node in self._fleet.nodes]
        if self._as_json:
            line: StatusLine = {"type": "status", "at": _now(), **status_json(statuses)}
            click.echo(json.dumps(line))
        else:
            click.echo(status_table(statuses, color=self._color), color=self._color)
        print_remarks(statuses)

    async def _print_changes(self, heartbeat: float) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + heartbeat
        while True:
            try:
                async with asyncio.timeout_at(due if self._as_json else None):
                    event = await self._changes.queue.get()
            except TimeoutError:
                due = loop.time() + heartbeat
                click.echo(json.dumps(self._heartbeat()))
                continue
            if event is None:
                return
            self._print(event)

    def _print(self, event: Event) -> None:
        if self._as_json:
            click.echo(json.dumps(_change(event)))
            return
        on = clock_text(event.on, DATE_AND_TIME)
        words = (on, event.node, visible_name(event.service) or "-", event.kind.word)
        color = Color.FAILED if event.is_problem else Color.PLAIN
        lines = folded_lines(["  ".join((*words, event_text(event)))])
        text = "\n".join(painted(line, color, on=self._color) for line in lines)
        click.echo(text, color=self._color)

    def _heartbeat(self) -> HeartbeatLine:
        nodes = self._fleet.nodes
        return {
            "type": "heartbeat",
            "at": _now(),
            "nodes": len(nodes),
            "unreachable": sum(not node.reading.is_good for node in nodes),
            "problems": sum(len(node.tally.problems) for node in nodes),
        }


def _change(event: Event) -> ChangeLine:
    details = event.details
    return {
        "type": "change",
        "at": _iso(event.on),
        "node": event.node,
        "service": event.service,
        "what": event.kind.value,
        "status": details.after if isinstance(details, StatusChange) else None,
        "text": event_text(event),
        "problem": event.is_problem,
    }


def _now() -> str:
    return _iso(datetime.now(UTC))


def _iso(on: datetime) -> str:
    return on.isoformat(timespec="microseconds").replace("+00:00", "Z")
