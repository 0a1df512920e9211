"""`rsdeck snapshot`: poll once and print all that is known, for an incident."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from tui.cli.command_passwords import ask_for_passwords, command_passwords
from tui.cli.completion import complete_nodes
from tui.cli.errors import DOWN, UNREACHABLE, WELL, CommandError, ErrorCode
from tui.cli.json_shapes import ErrorFields
from tui.cli.load_config import choose_nodes, load_config
from tui.cli.printing import write_remark
from tui.cli.status_report import node_error
from tui.fleet.snapshot.shapes import SnapshotReport
from tui.storage.private_files import path_text

if TYPE_CHECKING:
    from tui.config import Configuration
    from tui.fleet.fleet import Fleet

_LOOK_ONLY = "read-only: a snapshot is only looked at"

_EPILOG = """\b
Examples:
  rsdeck snapshot                    poll all nodes once, print text
  rsdeck snapshot node1 --json       poll this one, print JSON
  rsdeck snapshot --output now.txt   write it into a new file, for you alone

No password, token or password command is in it. With --output, nothing that is there
already is written over.

Exit codes: 0 all well, 1 something is down, 2 usage or configuration,
3 a node could not be polled.
"""


class PolledSnapshot(SnapshotReport):
    """What `rsdeck snapshot --json` prints: the snapshot that the deck writes, and its error."""

    error: ErrorFields | None
    """The error of the first node that could not be polled."""


@click.command("snapshot", epilog=_EPILOG)
@click.argument("names", metavar="[NODE]...", nargs=-1, shell_complete=complete_nodes)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write it into this file, which must not be there yet.",
)
@click.pass_context
def snapshot(
    ctx: click.Context, names: tuple[str, ...], *, as_json: bool, output: Path | None
) -> None:
    """Poll nodes once and print everything that is known of them, with ages."""
    configuration = load_config(ctx)
    choose_nodes(configuration, names)
    fleet = _polled_fleet(configuration, names)
    text = _text(fleet, as_json=as_json)
    if output is None:
        click.echo(text, nl=False)
    else:
        _write(output, text)
    ctx.exit(_code(fleet))


def _polled_fleet(configuration: "Configuration", names: Sequence[str]) -> "Fleet":
    from tui.fleet.poll_once import poll_once

    profiles = [profile for profile in configuration.nodes if not names or profile.name in names]
    passwords = command_passwords(configuration.nodes)
    ask_for_passwords(profiles, passwords)
    return poll_once(configuration, profiles, passwords, read_only=_LOOK_ONLY)


def _text(fleet: "Fleet", *, as_json: bool) -> str:
    from tui.fleet.snapshot.capture import SnapshotCapture
    from tui.storage.paths import state_dir

    capture = SnapshotCapture(state_dir())
    captured = capture.capture(fleet)
    return (
        _json(fleet, capture.document(captured))
        if as_json
        else capture.render(captured, json=False)
    )


def _json(fleet: "Fleet", document: SnapshotReport) -> str:
    from tui.fleet.node_status import node_status
    from tui.fleet.snapshot.document import as_json
    from tui.fleet.snapshot.redaction import redact_document

    errors = (node_error(node_status(node)) for node in fleet.nodes)
    error = redact_document(next((error for error in errors if error is not None), None))
    whole: PolledSnapshot = {**document, "error": cast("ErrorFields | None", error)}
    return as_json(whole)


def _write(path: Path, text: str) -> None:
    from tui.fleet.snapshot.storage import StorageError, write_new

    try:
        write_new(path, text)
    except StorageError as error:
        raise CommandError(str(error), ErrorCode.STORAGE) from None
    write_remark(f"written to {path_text(path)}")


def _code(fleet: "Fleet") -> int:
    from tui.fleet.node_status import wrong_node_trouble

    if any(node.reading.trouble is not None or wrong_node_trouble(node) for node in fleet.nodes):
        return UNREACHABLE
    ill = (
        service.health(node.facts.disabled).is_problem
        for node in fleet.nodes
        for service in node.reading.services
    )
    return DOWN if any(ill) else WELL
