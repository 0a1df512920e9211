"""`rsdeck why`: the evidence of why a service or a node is as it is. Without textual."""

import json
from typing import TYPE_CHECKING

import click

from tui.cli.command_passwords import command_passwords
from tui.cli.completion import complete_nodes
from tui.cli.errors import DOWN, UNREACHABLE, WELL, CommandError, ErrorCode
from tui.cli.json_shapes import WhyEvidence, WhyReport
from tui.cli.load_config import find_profile, load_config
from tui.cli.output import fields_of_error, folded_columns
from tui.cli.printing import write_remark
from tui.model.text import clean

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tui.fleet.poll_once import WhyLook
    from tui.fleet.why import Evidence
    from tui.model.event import Event

_EPILOG = """\b
Examples:
  rsdeck why node1               why the node is as it is
  rsdeck why node1 dmcproxy      why this service of it is
  rsdeck why node1 ccs --json    the same as JSON: kind, source, age, text

One look, by GETs alone: the status, restarts in the last hour, the node's and the cluster's own
checks, alerts, the cluster's health call, actions from here and elsewhere, and the cluster's event
log around the last change; then what the service does, and what to do next.

Exit codes: 0 all well, 1 something is down, 2 usage or configuration,
3 the node could not be polled.
"""


@click.command("why", epilog=_EPILOG)
@click.argument("node", shell_complete=complete_nodes)
@click.argument("service", default="")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
@click.pass_context
def why(ctx: click.Context, node: str, service: str, *, as_json: bool) -> None:
    """Show why a service of a node, or the node, is as it is."""
    configuration = load_config(ctx)
    narrowed = configuration.narrowed_to_cluster_of(find_profile(configuration, node))
    from tui.cli.command_passwords import ask_for_passwords
    from tui.cli.remedies import trouble_text
    from tui.fleet.poll_once import look_why

    passwords = command_passwords(configuration.nodes)
    ask_for_passwords(narrowed.nodes, passwords)
    look = look_why(narrowed, (node, service), passwords, _past())
    if look.is_unknown_service:
        text = f"{node} lists no service {clean(service)}"
        raise CommandError(text, ErrorCode.UNKNOWN_SERVICE, node=node)
    if as_json:
        click.echo(json.dumps(_as_json(node, service, look), indent=2))
    else:
        click.echo(_table(look))
        if rows := _advice(node, look):
            click.echo(f"\n{folded_columns(rows)}")
    if look.trouble is not None:
        write_remark(trouble_text(look.trouble, node))
        ctx.exit(UNREACHABLE)
    ctx.exit(DOWN if look.has_problem else WELL)


def _past() -> "Sequence[Event]":
    """Return the events of the last day that a deck has recorded, or the journal alone has.

    Nothing is written.
    """
    from datetime import UTC, datetime, timedelta

    from tui.cli.recorded_actions import missing_actions
    from tui.history.reader import HistoryReader
    from tui.history.stored_event import as_events
    from tui.storage.paths import state_dir
    from tui.storage.private_files import MissingFile, StorageError

    try:
        since = datetime.now(UTC) - timedelta(days=1)
        try:
            kept = HistoryReader(state_dir()).events(since)
        except MissingFile:
            kept = []
        missing = (event for event, _ in missing_actions(state_dir(), kept))
        return sorted((*as_events(kept), *missing), key=lambda event: event.on)
    except StorageError as error:
        write_remark(f"events of earlier sessions cannot be read: {error}")
        return ()


def _table(look: "WhyLook") -> str:
    from tui.model.clock import one_unit

    rows = [("WHAT", "AGE", "EVIDENCE", "SOURCE")]
    for found in look.evidence:
        age = "-" if found.age is None else one_unit(found.age)
        rows.append((found.word, age, found.text, found.source.value))
    return folded_columns(rows, 2)


def _advice(node: str, look: "WhyLook") -> list[tuple[str, str]]:
    """Return what the service does, and what to do next, each with its label."""
    from tui.cli.remedies import advice_text

    step = "" if look.next_step is None else advice_text(look.next_step, node)
    rows = (("what it does", look.description), ("next step", step))
    return [row for row in rows if row[1]]


def _as_json(node: str, service: str, look: "WhyLook") -> WhyReport:
    from tui.cli.remedies import advice_text, next_command, trouble_error

    error = None if look.trouble is None else trouble_error(look.trouble, node)
    step = look.next_step
    return {
        "node": node,
        "service": clean(service) or None,
        "description": look.description or None,
        "next_step": None if step is None else advice_text(step, node),
        "next_command": None if step is None else next_command(step, node) or None,
        "evidence": [_entry(found) for found in look.evidence],
        "error": None if error is None else fields_of_error(error),
    }


def _entry(found: "Evidence") -> WhyEvidence:
    return {
        "kind": found.kind.value,
        "source": found.source.value,
        "text": found.text,
        "age_seconds": None if found.age is None else round(found.age, 1),
        "at": _iso(found.at),
        "problem": found.is_problem,
        "severity": None if found.problem is None else found.problem.severity.value,
        "not_known": found.gap or None,
    }


def _iso(moment: "datetime | None") -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
