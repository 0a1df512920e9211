"""`rsdeck status`: poll once, print the services, and set the exit code. Without textual."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from tui.cli.color import stdout_color
from tui.cli.command_passwords import ask_for_passwords, command_passwords
from tui.cli.completion import complete_nodes
from tui.cli.errors import CommandError
from tui.cli.load_config import choose_nodes, load_config
from tui.cli.options import SecondsRange
from tui.cli.status_once import print_status

if TYPE_CHECKING:
    from tui.config import Configuration


_EPILOG = """\b
Examples:
  rsdeck status                  poll all nodes: problems, and a line a node
  rsdeck status node1 --all      poll this one, list all its services
  rsdeck status --problems       problems alone, or that there are none
  rsdeck status --json           print JSON on stdout, and errors on stderr
  rsdeck status --watch --json   go on: one object a change, and a heartbeat

--color auto obeys NO_COLOR, FORCE_COLOR and CLICOLOR_FORCE.

Exit codes: 0 all well, 1 something is down, 2 usage or configuration,
3 a node could not be polled; with --watch 130, 141, 143: interrupted, no reader, terminated.
"""


@click.command("status", epilog=_EPILOG)
@click.argument("names", metavar="[NODE]...", nargs=-1, shell_complete=complete_nodes)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
@click.option("--all", "lists_all", is_flag=True, help="List the services that are well, too.")
@click.option("--problems", "only_problems", is_flag=True, help="List problems alone.")
@click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True
)
@click.option("--watch", is_flag=True, help="Go on, with a line a change.")
@click.option(
    "--heartbeat",
    type=SecondsRange(1, 3600),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="With --watch --json: how often it shows that it lives.",
)
@click.pass_context
def status(
    ctx: click.Context,
    names: tuple[str, ...],
    color: str,
    heartbeat: float,
    *,
    as_json: bool,
    lists_all: bool,
    only_problems: bool,
    watch: bool,
) -> None:
    """Poll nodes for their services, once; all nodes if none is named."""
    if lists_all and only_problems:
        raise CommandError("--all or --problems, not both")
    configuration = load_config(ctx)
    choose_nodes(configuration, names)
    paints = stdout_color(color)
    if watch:
        ctx.exit(_watch(configuration, names, heartbeat, as_json=as_json, color=paints))
    ctx.exit(
        print_status(
            configuration,
            names,
            as_json=as_json,
            lists_all=lists_all,
            only_problems=only_problems,
            color=paints,
        )
    )


def _watch(
    configuration: "Configuration",
    names: Sequence[str],
    heartbeat: float,
    *,
    as_json: bool,
    color: bool,
) -> int:
    from dataclasses import replace

    from tui.cli.status_watch import watch_status

    profiles = tuple(one for one in configuration.nodes if not names or one.name in names)
    passwords = command_passwords(configuration.nodes, goes_on=True)
    ask_for_passwords(profiles, passwords)
    watched = replace(configuration, nodes=profiles)
    return watch_status(watched, passwords, heartbeat=heartbeat, as_json=as_json, color=color)
