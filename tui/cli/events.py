"""`rsdeck events`: what happened on the nodes, in this session and before. Without textual."""

import json
import re
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NoReturn

import click

from tui.cli.completion import complete_nodes
from tui.cli.errors import CommandError, ErrorCode
from tui.cli.json_shapes import EventLine, SenderReport
from tui.cli.load_config import use_clock_setting
from tui.cli.output import aligned_columns
from tui.model.clock import DATE_AND_TIME, clock_text, zone_word
from tui.model.text import clean, visible_name

if TYPE_CHECKING:
    from tui.history.reader import HistoryReader
    from tui.history.stored_event import StoredEvent
    from tui.model.event import Sender

_FOLLOW_EVERY = 1.0
"""Seconds between two looks at the history."""

_SHAPE = re.compile(r"([0-9]{1,6})([smhd])", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def duration(_: click.Context, __: click.Parameter, value: str | None) -> timedelta | None:
    """Parse a whole number and its unit, as the `callback` of an option. Raises BadParameter."""
    if value is None:
        return None
    found = _SHAPE.fullmatch(value)
    if found is None:
        raise click.BadParameter(f"'{clean(value)}' is no duration: write 30s, 15m, 1h or 2d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


_HEADINGS = ("NODE", "SERVICE", "WHAT", "")

_EPILOG = """\b
Examples:
  rsdeck events --since 1h          the last hour, newest last
  rsdeck events --node node1        what happened on one node
  rsdeck events --last 20 --json    the newest twenty, one JSON object a line
  rsdeck events --follow --json     go on with what an open deck records

\b
An open deck records them; times are of this machine's clock, in the zone that the setting
`time` names (UTC if unset; in JSON always).
Exit codes: 0 also if nothing happened, 2 usage, or no history.
"""


@click.command("events", epilog=_EPILOG)
@click.option(
    "--since",
    callback=duration,
    metavar="DURATION",
    help="Only what is not older: 30s, 15m, 1h, 2d.",
)
@click.option(
    "--node", default="", help="Only what happened on this node.", shell_complete=complete_nodes
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line.")
@click.option("--last", type=click.IntRange(1, 2**62), help="Show only the newest events.")
@click.option("--follow", is_flag=True, help="Go on with what a deck records, until interrupted.")
@click.pass_context
def events(
    ctx: click.Context,
    *,
    since: timedelta | None,
    node: str,
    as_json: bool,
    last: int | None,
    follow: bool,
) -> None:
    """Show what happened on the nodes, newest last."""
    use_clock_setting(ctx)
    from tui.history.reader import HistoryReader
    from tui.storage.paths import state_dir
    from tui.storage.private_files import MissingFile, StorageError, path_text

    reader = HistoryReader(state_dir())
    if follow:
        _follow(reader, _moment(since), node, as_json=as_json)
    try:
        stored = reader.events(_moment(since), node=node, limit=last)
    except MissingFile:
        raise CommandError(
            f"there is no history yet at {path_text(reader.path)}: a deck that is open writes it",
            ErrorCode.NO_DATA,
        ) from None
    except StorageError as error:
        raise CommandError(str(error), ErrorCode.STORAGE) from None
    if as_json:
        for event in stored:
            click.echo(json.dumps(_as_json(event)))
    elif stored:
        click.echo(aligned_columns([(f"TIME {zone_word()}", *_HEADINGS), *map(_row, stored)]))
    else:
        click.echo("rsdeck: nothing happened that is known", err=True)


def _follow(
    reader: "HistoryReader", since: datetime | None, node: str, *, as_json: bool
) -> NoReturn:
    """Print events since a moment, else from now on, as they are recorded. Never returns."""
    from tui.storage.private_files import MissingFile, StorageError

    since = since or datetime.now(UTC)
    printed: list[StoredEvent] = []
    while True:
        try:
            stored = reader.events(since, node=node)
        except MissingFile:
            stored = []  # the first deck to open writes it
        except StorageError as error:
            raise CommandError(str(error), ErrorCode.STORAGE) from None
        for event in stored:
            if event not in printed:
                click.echo(
                    json.dumps(_as_json(event)) if as_json else "  ".join(_row(event, named=True))
                )
        if stored:
            # Of one moment there may be more to come.
            since = stored[-1].on
            printed = [event for event in stored if event.on == since]
        time.sleep(_FOLLOW_EVERY)


def _moment(since: timedelta | None) -> datetime | None:
    """Return the time that long ago; None if it lies before the year 1."""
    try:
        return None if since is None else datetime.now(UTC) - since
    except OverflowError:
        return None


def _row(event: "StoredEvent", *, named: bool = False) -> tuple[str, ...]:
    """Lay out an event; its time is `named` with the zone where no heading does that."""
    on = clock_text(event.on, DATE_AND_TIME, named=named)
    return (on, event.node, visible_name(event.service) or "-", event.word, event.text)


def _as_json(event: "StoredEvent") -> EventLine:
    return {
        "at": event.on.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "node": event.node,
        "service": event.service,
        "what": event.what,
        "text": event.text,
        "ordered": event.is_ordered,
        "sender": None if event.sender is None else _sender(event.sender),
    }


def _sender(sender: "Sender") -> SenderReport:
    return {"user": sender.user, "pid": sender.pid, "reason": sender.reason}
