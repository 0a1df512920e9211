"""`rsdeck wait`: for scripts that act and then have to know."""

import json
from typing import TYPE_CHECKING, Literal

import click

from tui.cli.command_passwords import ask_for_passwords, command_passwords
from tui.cli.completion import complete_nodes, complete_services
from tui.cli.errors import DOWN, WELL, CommandError, ErrorCode
from tui.cli.json_shapes import WaitReport
from tui.cli.load_config import find_profile, load_config
from tui.cli.options import seconds_of
from tui.cli.process import count_stops
from tui.model.clock import DATE_AND_TIME, clock_text, iso_time
from tui.model.text import clean

if TYPE_CHECKING:
    from tui.model.service import Service

_EPILOG = """\b
Examples:
  rsdeck wait node1 alert_mgr --for running
  rsdeck wait node1 alert_mgr --for restarted --timeout 2m
  rsdeck wait node1 ccs --for running --timeout 0      look once

restarted: running, with a later start time than at the first look, or an uptime that
started over since.

Exit codes: 0 it is so, 1 it was not so in time, 2 usage or configuration,
3 the node could not be polled.
"""


@click.command("wait", epilog=_EPILOG)
@click.argument("node", shell_complete=complete_nodes)
@click.argument("service", shell_complete=complete_services)
@click.option(
    "--for", "awaited", required=True, type=click.Choice(["running", "stopped", "restarted"])
)
@click.option(
    "--timeout", default="30s", show_default=True, metavar="TIME", help="30s, 2m; 0 looks once."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def wait(
    ctx: click.Context, node: str, service: str, awaited: str, timeout: str, *, as_json: bool
) -> None:
    """Poll a node until a service is running, stopped or restarted."""
    seconds = seconds_of(timeout)
    configuration = load_config(ctx)
    profile = find_profile(configuration, node)
    import asyncio

    from tui.cli.remedies import trouble_error
    from tui.fleet.waiting import Awaited, WaitResult, fleet_of, wait_for

    passwords = command_passwords(configuration.nodes)
    ask_for_passwords((profile,), passwords)
    fleet = fleet_of(configuration, profile, passwords)

    async def look() -> WaitResult:
        count_stops()
        return await wait_for(fleet, service, Awaited(awaited), seconds=seconds)

    result = asyncio.run(look())
    seen = result.service
    if result.trouble is not None:
        raise trouble_error(result.trouble, node)
    if seen is None:
        text = f"{node} lists no service {clean(service)}"
        raise CommandError(text, ErrorCode.UNKNOWN_SERVICE, node=node, exit_code=DOWN)
    if as_json:
        click.echo(json.dumps(_as_json(node, seen, Awaited(awaited).value, reached=result.reached)))
    else:
        start = seen.started_at
        since = f" since {clock_text(start, DATE_AND_TIME)}" if start else ""
        click.echo(f"{node} {seen.name} {seen.status}{since}")
    ctx.exit(WELL if result.reached else DOWN)


def _as_json(
    node: str,
    seen: "Service",
    awaited: Literal["running", "stopped", "restarted"],
    *,
    reached: bool,
) -> WaitReport:
    return {
        "node": node,
        "service": seen.name,
        "awaited": awaited,
        "reached": reached,
        "status": seen.status,
        "start_time": iso_time(seen.started_at),
    }
