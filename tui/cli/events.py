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
from tui.cli.load_config import find_profile, load_config, use_clock_setting
from tui.cli.output import folded_columns
from tui.cli.printing import write_remark
from tui.model.clock import DATE_AND_TIME, clock_text, zone_word
from tui.model.text import clean, visible_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tui.config import Configuration
    from tui.fleet.poll_once import ClusterLogLook
    from tui.history.reader import HistoryReader
    from tui.history.stored_event import StoredEvent
    from tui.model.event import Sender

_FOLLOW_EVERY = 1.0
"""Seconds between two looks at the history."""

_RECORDED_WITHIN = timedelta(seconds=60)
"""How late an event may be recorded: a deck looks for actions of others each half a minute."""

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

An open deck, and an action or a rollout of the command line, record them. While a deck is open,
it alone does: it records every action of this machine and its verdict, whoever sent it, and what
changes; of rollouts only its own steps. As long as none has recorded anything, the clusters' own
logs of the last day (/v1/logs, which list no service) are read instead.
"no data" is a time in which no poll was answered, on no node or not on that of --node: no deck
was open, or none got an answer. Times are of this machine's clock, in the zone that the setting
`time` names (UTC if unset; in JSON always).

Exit codes: 0 also if nothing happened, 2 usage, an unknown node, or an unreadable history.
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
@click.option("--last", type=click.IntRange(1, 1_000_000), help="Show only the newest events.")
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
    begin = _moment(since)
    gaps: list[StoredEvent] = []
    try:
        try:
            stored = reader.events(begin, node=node, limit=last)
            gaps = reader.gaps(begin, node=node)
        except MissingFile:
            write_remark(
                f"no event is recorded yet at {path_text(reader.path)}: "
                "an open deck, and an action or rollout of the command line, record them",
            )
            stored = _cluster_events(ctx, begin, node)
        stored += _not_yet_stored(stored, begin, node)
    except StorageError as error:
        raise CommandError(str(error), ErrorCode.STORAGE) from None
    stored = sorted((*gaps, *stored), key=lambda event: event.on)
    if last is not None:
        stored = stored[-last:]
    if as_json:
        for event in stored:
            click.echo(json.dumps(_as_json(event)))
    elif stored:
        click.echo(folded_columns([(f"TIME {zone_word()}", *_HEADINGS), *map(_row, stored)]))
    else:
        write_remark("no event is known")


def _not_yet_stored(
    stored: "Sequence[StoredEvent]", since: datetime | None, node: str
) -> "list[StoredEvent]":
    """Return the actions of the last hour that the journal alone has, as they will be stored."""
    from tui.cli.recorded_actions import missing_actions
    from tui.history.stored_event import as_stored
    from tui.storage.paths import state_dir

    return [
        as_stored(event, cluster)
        for event, cluster in missing_actions(state_dir(), stored)
        if node in ("", event.node) and (since is None or event.on >= since)
    ]


def _cluster_events(ctx: click.Context, since: datetime | None, node: str) -> "list[StoredEvent]":
    """Read the logs of the clusters, the oldest entry first, and print why one is not known.

    Prompts for no password. Raises CommandError where no node of the name `node` is configured.
    """
    try:
        configuration = load_config(ctx)
    except CommandError:
        return []  # printed already: see use_clock_setting
    if node:
        profile = find_profile(configuration, node)
        configuration = configuration.narrowed_to_cluster_of(profile)
    if not configuration.nodes:
        write_remark("no node is configured whose cluster's log could be read")
        return []
    from tui.cli.command_passwords import command_passwords
    from tui.fleet.poll_once import read_cluster_logs

    look = read_cluster_logs(configuration, command_passwords(configuration.nodes))
    for text in _log_remarks(configuration, look):
        write_remark(text)
    from tui.history.stored_event import as_stored

    clusters = {profile.name: profile.cluster for profile in configuration.nodes}
    return [
        as_stored(event, clusters.get(event.node, event.node))
        for event in look.entries
        if node in ("", event.node) and (since is None or event.on >= since)
    ]


def _log_remarks(configuration: "Configuration", look: "ClusterLogLook") -> "Iterator[str]":
    """Yield which clusters' logs were read, and why each of the others was not."""
    from tui.cli.remedies import trouble_text

    names = dict.fromkeys(profile.cluster or profile.name for profile in configuration.nodes)
    if read := [name for name in names if name not in look.gaps]:
        log = f"the last day of the cluster's own log ({', '.join(read)})"
        yield f"shown instead: {log}; it names no service"
    for name, gap in look.gaps.items():
        why = gap.reason if gap.trouble is None else trouble_text(gap.trouble, gap.node)
        yield f"the log of {name} is not known: {why}"


def _follow(
    reader: "HistoryReader", since: datetime | None, node: str, *, as_json: bool
) -> NoReturn:
    """Print events since a moment, else from now on, as they are recorded. Never returns."""
    from tui.storage.private_files import MissingFile, StorageError

    begin = since = since or datetime.now(UTC)
    printed: set[StoredEvent] = set()
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
            since = max(begin, stored[-1].on - _RECORDED_WITHIN)
            printed = {event for event in stored if event.on >= since}
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
    return (on, event.node or "-", visible_name(event.service) or "-", event.word, event.text)


def _as_json(event: "StoredEvent") -> EventLine:
    return {
        "at": _utc(event.on),
        "until": None if event.until is None else _utc(event.until),
        "node": event.node,
        "service": event.service,
        "what": event.what,
        "text": event.text,
        "ordered": event.is_ordered,
        "sender": None if event.sender is None else _sender(event.sender),
        "action": event.action or None,
    }


def _utc(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _sender(sender: "Sender") -> SenderReport:
    return {"user": sender.user, "pid": sender.pid, "reason": sender.reason}
