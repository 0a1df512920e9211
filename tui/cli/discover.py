"""`rsdeck discover`: the nodes of a cluster from one good profile, and profiles for them."""

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from tui.cli.command_passwords import command_passwords
from tui.cli.completion import complete_nodes
from tui.cli.errors import DOWN, UNREACHABLE, WELL, CommandError, ErrorCode
from tui.cli.json_shapes import DiscoveryReport
from tui.cli.load_config import find_profile, load_config
from tui.cli.output import folded_columns
from tui.cli.printing import write_remark, write_sentence
from tui.model.text import clean
from tui.storage.private_files import path_text

if TYPE_CHECKING:
    from tui.config import Configuration, NodeProfile
    from tui.fleet.onboarding.discovery import DiscoveredNode, Discovery

_HEADINGS = ("UID", "NAME", "ADDRESS", "ROLE", "VERSION", "PROFILE", "FOUND")

_EPILOG = """\b
Examples:
  rsdeck discover node1                     list the nodes, prompt, poll each
  rsdeck discover node1 --yes               poll each without a prompt
  rsdeck discover node1 --add               write what answers as itself
  rsdeck discover node1 --add node2 node3   write these two
  rsdeck discover node1 --json              print JSON on stdout

Exit codes: 0 every node has a profile or answers as itself, 1 one does not,
2 usage or configuration, 3 NODE could not be polled, or does not list its cluster.
"""


@click.command("discover", epilog=_EPILOG)
@click.argument("node", metavar="NODE", shell_complete=complete_nodes)
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option(
    "--add", "adds", is_flag=True, help="Write profiles: those named, else all sure ones."
)
@click.option("--yes", is_flag=True, help="Log in to nodes without a profile, without a prompt.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
@click.pass_context
def discover(
    ctx: click.Context, node: str, names: tuple[str, ...], *, adds: bool, yes: bool, as_json: bool
) -> None:
    """Find the other nodes of the cluster of NODE, with its login, and add profiles for them.

    Nothing is sent but GETs, and to a node without a profile only after it was confirmed on the
    terminal, or with --yes. Every new profile has the login, the trust and the cluster of NODE, and
    the identity of its node: a different node that answers there later gets no action.
    """
    if names and not adds:
        raise CommandError("names go with --add; a discovery is of one node's cluster")
    configuration = load_config(ctx)
    found = _found(configuration, node, yes=yes)
    if found.trouble is not None:
        from tui.cli.remedies import trouble_error

        raise trouble_error(found.trouble, node)
    chosen = _chosen(found, names) if adds else []
    after = _written(configuration, chosen)
    added = [found_node.name for found_node in chosen if found_node.is_new]
    if as_json:
        click.echo(json.dumps(_as_json(found, added), indent=2))
    else:
        click.echo(folded_columns([_HEADINGS, *map(_row, found.found)]))
    for note in found.notes:
        write_remark(note)
    if adds:
        write_remark(f"{_added_text(added, chosen)} in {path_text(after.path)}")
    if not found.found:
        ctx.exit(UNREACHABLE)
    ctx.exit(WELL if found.is_whole else DOWN)


def _found(configuration: "Configuration", node: str, *, yes: bool) -> "Discovery":
    import asyncio

    from tui.cli.command_passwords import ask_for_passwords
    from tui.fleet.onboarding.discovery import discover_cluster

    profile = find_profile(configuration, node)
    passwords = command_passwords(configuration.nodes)
    ask_for_passwords([profile], passwords)
    timeout = configuration.settings.timeout

    async def consent(nodes: "tuple[DiscoveredNode, ...]") -> bool:
        return yes or _ask_consent(nodes, profile)

    return asyncio.run(
        discover_cluster(configuration, profile, passwords, timeout, consent=consent)
    )


def _ask_consent(nodes: "Sequence[DiscoveredNode]", source: "NodeProfile") -> bool:
    """Whether the login may be sent to the new ones of these nodes, as the terminal says."""
    new = [f"{node.name} ({node.profile.url})" for node in nodes if node.is_new and node.profile]
    user = source.username or "its certificate"
    what = f"log in as {clean(user)}, with the login of {source.name}"
    if sys.stdin is None or not sys.stdin.isatty():
        count = "1 new node" if len(new) == 1 else f"{len(new)} new nodes"
        write_remark(f"nothing was sent to {count}: --yes to {what}")
        return False
    write_sentence(f"Nothing was sent yet to {', '.join(new)}.", to_stderr=True)
    return click.confirm(f"{what[0].upper()}{what[1:]}?", default=False, err=True)


def _chosen(found: "Discovery", names: Sequence[str]) -> "list[DiscoveredNode]":
    """List the profiles to write: those named, else all whose node answers as itself."""
    from tui.fleet.onboarding.discovery import DiscoveryResult

    by_name = {node.name: node for node in found.found if node.is_new}
    for name in names:
        if name not in by_name:
            new = ", ".join(by_name) or "none"
            text = f"no new node '{clean(name)}' was found; there are: {new}"
            raise CommandError(text, ErrorCode.UNKNOWN_NODE, node=clean(name))
        if not by_name[name].may_be_added:
            raise CommandError(f"{name} is not added: {by_name[name].text}")
    sure = [name for name, node in by_name.items() if node.meeting is DiscoveryResult.ITSELF]
    there = [node for node in found.found if node.lacks_identity]
    return there + [by_name[name] for name in dict.fromkeys(names or sure)]


def _written(configuration: "Configuration", chosen: "Sequence[DiscoveredNode]") -> "Configuration":
    from tui.config import ConfigError
    from tui.fleet.onboarding.discovery import add_profiles

    try:
        return add_profiles(configuration, chosen)
    except ConfigError as error:
        raise CommandError(str(error), ErrorCode.CONFIGURATION) from None


def _added_text(added: "Sequence[str]", chosen: "Sequence[DiscoveredNode]") -> str:
    bound = [f"{node.name} is node:{node.member.uid}" for node in chosen if not node.is_new]
    what = f"added {', '.join(added)}" if added else "nothing was added"
    return "; ".join([what, *bound])


def _row(node: "DiscoveredNode") -> tuple[str, ...]:
    member = node.member
    return (
        str(member.uid),
        node.name,
        member.address or "-",
        member.role.value,
        member.version or "-",
        "new" if node.is_new else node.name,
        node.text,
    )


def _as_json(found: "Discovery", added: Sequence[str]) -> DiscoveryReport:
    return {
        "node": found.source.name,
        "cluster": found.cluster,
        "notes": list(found.notes),
        "nodes": [
            {
                "uid": node.member.uid,
                "name": node.name,
                "hostname": node.member.hostname,
                "address": node.member.address,
                "external_addresses": list(node.member.external),
                "url": node.profile.url if node.profile else None,
                "role": node.member.role.value,
                "version": node.member.version,
                "profile": None if node.is_new else node.name,
                "found": node.meeting.value,
                "text": node.text,
                "added": node.name in added,
            }
            for node in found.found
        ],
    }
