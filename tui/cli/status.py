"""`rsdeck status`: poll once, print the services, and set the exit code. Without textual."""

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from tui.cli.completion import complete_nodes
from tui.cli.load_config import find_profile, load_config
from tui.cli.main import DOWN, UNREACHABLE, WELL
from tui.cli.output import CommandError, columns
from tui.model.trust import UNCHECKED
from tui.storage.private_files import path_text

if TYPE_CHECKING:
    from tui.config import Configuration, NodeProfile
    from tui.credentials import Passwords
    from tui.fleet.one_shot import NodeStatus


_EPILOG = """\b
Examples:
  rsdeck status                  poll all nodes of the configuration
  rsdeck status node1 node2      poll these two
  rsdeck status --json           print JSON on stdout, and what went wrong on stderr

\b
Exit codes: 0 all well, 1 something is down, 2 usage or configuration,
3 a node could not be polled.
"""


@click.command("status", epilog=_EPILOG)
@click.argument("names", metavar="[NODE]...", nargs=-1, shell_complete=complete_nodes)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
@click.pass_context
def status(ctx: click.Context, names: tuple[str, ...], *, as_json: bool) -> None:
    """Poll nodes for their services, once; all nodes if none is named."""
    configuration = load_config(ctx)
    choose_nodes(configuration, names)
    ctx.exit(print_status(configuration, names, as_json=as_json))


def choose_nodes(configuration: "Configuration", names: Sequence[str]) -> None:
    """Raise CommandError where there is no node, or none of one of these names."""
    where = path_text(configuration.path)
    if not configuration.nodes:
        raise CommandError(
            f"no node yet in {where}; `rsdeck` on a terminal adds one, `rsdeck demo` needs none"
        )
    for name in names:
        find_profile(configuration, name)


def print_status(
    configuration: "Configuration",
    names: Sequence[str],
    *,
    as_json: bool,
    passwords: "Passwords | None" = None,
) -> int:
    """Poll, print, and return the exit code; `passwords` may hold some already."""
    from tui.credentials import Passwords
    from tui.fleet.one_shot import read_status

    profiles = [one for one in configuration.nodes if not names or one.name in names]
    passwords = passwords or Passwords(configuration.nodes)
    ask_for_passwords(profiles, passwords)
    statuses = read_status(configuration, profiles, passwords)
    if as_json:
        click.echo(json.dumps({"nodes": [_as_json(node) for node in statuses]}, indent=2))
    else:
        click.echo(status_table(statuses))
    for sentence in _troubles(statuses):
        click.echo(f"rsdeck: {sentence}", err=True)
    for sentence in unknown_kinds(statuses):
        click.echo(f"rsdeck: {sentence}", err=True)
    for node in statuses:
        if node.maintenance is not None:
            click.echo(f"rsdeck: {node.profile.name}: {node.maintenance}", err=True)
        if node.profile.is_unchecked:
            click.echo(f"rsdeck: {node.profile.name}: {UNCHECKED}", err=True)
    if any(node.trouble is not None for node in statuses):
        return UNREACHABLE
    return DOWN if any(node.problems for node in statuses) else WELL


def _troubles(statuses: Sequence["NodeStatus"]) -> list[str]:
    """Return why nodes could not be polled: what nodes share, as a login's trouble, once."""
    from tui.model.reading import TroubleKind

    nodes: dict[tuple[str, bool], list[str]] = {}
    for node in statuses:
        if node.trouble is not None:
            # It is its source's trouble, and names no node.
            is_shared = node.trouble.kind is TroubleKind.NO_PASSWORD
            nodes.setdefault((_sentence(node), is_shared), []).append(node.profile.name)
    return [
        f"{', '.join(names)}: {sentence}" if is_shared else sentence
        for (sentence, is_shared), names in nodes.items()
    ]


def unknown_kinds(statuses: Sequence["NodeStatus"]) -> list[str]:
    """Return why the kinds of services are unknown, once a reason, with the nodes it is of."""
    nodes: dict[str, list[str]] = {}
    for node in statuses:
        if node.trouble is None and node.kinds_gap:
            nodes.setdefault(node.kinds_gap, []).append(node.profile.name)
    return [f"kinds unknown on {', '.join(names)}: {gap}" for gap, names in nodes.items()]


def ask_for_passwords(profiles: Sequence["NodeProfile"], passwords: "Passwords") -> None:
    """Prompt on the terminal for passwords; without a terminal they stay missing."""
    from tui.config import AskSource
    from tui.credentials import Secret

    if sys.stdin is None or not sys.stdin.isatty():
        return
    for profile in profiles:
        if isinstance(profile.password, AskSource) and not passwords.has(profile):
            prompt = f"Password of {profile.username} for {profile.cluster or profile.name}"
            try:
                typed = click.prompt(prompt, hide_input=True, err=True)
            except UnicodeError:
                typed = None  # raised below: the error would carry the bytes along
            if typed is None:
                raise CommandError("what was typed is not UTF-8")
            passwords.keep(profile, Secret(typed))


def _sentence(node: "NodeStatus") -> str:
    """Return why a node could not be polled and what to do, without keys."""
    from tui.cli.remedies import trouble_text
    from tui.config import AskSource
    from tui.model.reading import Trouble, TroubleKind

    trouble = node.trouble or Trouble(TroubleKind.UNREACHABLE, "")
    match trouble.kind:
        case TroubleKind.LOGIN:
            hint = "it was not tried again, since five wrong logins lock the user; fix its source"
        case TroubleKind.NO_PASSWORD:
            asks = isinstance(node.profile.password, AskSource)
            hint = "run it on a terminal, or name a source in the profile" if asks else ""
        case _:
            return trouble_text(trouble, node.profile.name)
    return f"{trouble.text} ({hint})" if hint else trouble.text


def _as_json(node: "NodeStatus") -> dict[str, Any]:
    return {
        "node": node.profile.name,
        "url": node.profile.url,
        "reachable": node.trouble is None,
        "error": node.trouble.text if node.trouble else None,
        "kinds_error": node.kinds_gap if node.kinds_gap and not node.trouble else None,
        "maintenance": None if node.maintenance is None else str(node.maintenance),
        "services": [
            {
                "name": service.name,
                "status": service.status,
                "start_time": (
                    service.started_at.isoformat().replace("+00:00", "Z")
                    if service.started_at
                    else None
                ),
                "uptime_seconds": service.uptime,
                "kind": node.scope.kind(service).value,
            }
            for service in node.services
        ],
    }


def status_table(statuses: Sequence["NodeStatus"]) -> str:
    """Align the services as text: the problems of all nodes first, then node by node."""
    rows: list[tuple[str, ...]] = [("NODE", "SERVICE", "STATUS", "UPTIME", "KIND")]
    well: list[tuple[str, ...]] = []
    for node in statuses:
        if node.trouble is not None:
            rows.append((node.profile.name, "-", node.trouble.kind.value.upper(), "-", "-"))
        for service in node.arranged():
            uptime = "-" if service.uptime is None else _duration(service.uptime)
            kind = node.scope.kind(service).value
            row = (node.profile.name, service.shown, service.status, uptime, kind)
            (rows if service.health(node.scope.disabled).is_problem else well).append(row)
    return columns([*rows, *well])


def _duration(seconds: int) -> str:
    days, rest = divmod(max(0, seconds), 86400)
    clock = f"{rest // 3600:02}:{rest % 3600 // 60:02}:{rest % 60:02}"
    return f"{days}d {clock}" if days else clock
