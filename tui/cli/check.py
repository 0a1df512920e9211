"""`rsdeck check`: one line in the format of monitoring plugins (Nagios, Icinga, Checkmk)."""

from collections.abc import Sequence
from enum import IntEnum
from typing import TYPE_CHECKING

import click

from tui.cli.command_passwords import command_passwords
from tui.cli.completion import complete_clusters, complete_nodes
from tui.cli.errors import CommandError, ErrorCode
from tui.cli.load_config import choose_nodes, load_config

if TYPE_CHECKING:
    from tui.config import Configuration, NodeProfile
    from tui.fleet.node_status import NodeStatus
    from tui.model.service import Service

_NAMED_AT_MOST = 5

_EPILOG = """\b
Examples:
  rsdeck check                    every node of the configuration
  rsdeck check node1              one node
  rsdeck check --cluster payments the nodes of one cluster

CRITICAL: a node is unreachable, a service is FATAL or BACKOFF, a required one is not running.
WARNING: an optional service is not running, a status is on its way or not known.
UNKNOWN: the login, the certificate or the configuration keeps rsdeck from looking.

Exit codes: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.
"""


class PluginState(IntEnum):
    """The states of the monitoring-plugins guidelines; the value is the exit code."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


_WORST_LAST = (PluginState.OK, PluginState.WARNING, PluginState.UNKNOWN, PluginState.CRITICAL)


@click.command("check", epilog=_EPILOG)
@click.argument("node", metavar="[NODE]", required=False, shell_complete=complete_nodes)
@click.option(
    "--cluster", metavar="NAME", help="Check the nodes of this cluster.",
    shell_complete=complete_clusters,
)  # fmt: skip
@click.pass_context
def check(ctx: click.Context, node: str | None, cluster: str | None) -> None:
    """Poll nodes once, and print one line with performance data for a monitoring system."""
    try:
        configuration = load_config(ctx)
        profiles = _chosen(configuration, node, cluster)
    except CommandError as error:
        click.echo(_line(PluginState.UNKNOWN, error.message, ""))
        ctx.exit(PluginState.UNKNOWN)
    state, text, data = judge(_polled(configuration, profiles))
    click.echo(_line(state, text, data))
    ctx.exit(state)


def _chosen(
    configuration: "Configuration", node: str | None, cluster: str | None
) -> list["NodeProfile"]:
    """Return the profiles to poll; raises CommandError."""
    choose_nodes(configuration, (node,) if node else ())
    if node and cluster:
        raise CommandError("name a node or --cluster, not both")
    if node:
        return [profile for profile in configuration.nodes if profile.name == node]
    if cluster is None:
        return list(configuration.nodes)
    found = [profile for profile in configuration.nodes if profile.cluster == cluster]
    if not found:
        names = ", ".join(sorted({known.cluster for known in configuration.nodes} - {""}))
        text = f"no cluster {cluster!r}; there are: {names or 'none'}"
        raise CommandError(text, ErrorCode.UNKNOWN_CLUSTER)
    return found


def _polled(
    configuration: "Configuration", profiles: Sequence["NodeProfile"]
) -> list["NodeStatus"]:
    from tui.fleet.node_status import read_status

    return read_status(configuration, profiles, command_passwords(configuration.nodes))


def judge(nodes: Sequence["NodeStatus"]) -> tuple[PluginState, str, str]:
    """Return the state of all nodes together, what is wrong, the worst first, and its numbers."""
    from tui.model.reading import TroubleKind

    cannot_look = {
        TroubleKind.LOGIN,
        TroubleKind.NO_PASSWORD,
        TroubleKind.UNTRUSTED,
        TroubleKind.FORBIDDEN,
    }
    found: list[tuple[PluginState, str]] = []
    well = total = problems = 0
    for node in nodes:
        name = node.profile.name
        if node.trouble is not None:
            is_unknown = node.trouble.kind in cannot_look
            state = PluginState.UNKNOWN if is_unknown else PluginState.CRITICAL
            found.append((state, f"{name}: {node.trouble.kind.value}"))
        for service in node.services:
            health = service.health(node.scope.disabled)
            total += 1
            well += health.is_well
            if health.is_problem:
                problems += 1
                found.append(
                    (_severity(node, service), f"{name}: {service.shown} {service.status}")
                )
    found.sort(key=lambda item: _WORST_LAST.index(item[0]), reverse=True)
    state = found[0][0] if found else PluginState.OK
    named = [text for _, text in found[:_NAMED_AT_MOST]]
    if len(found) > len(named):
        named.append(f"{len(found) - len(named)} more")
    unread = sum(node.trouble is not None for node in nodes)
    text = ", ".join(named) or f"{well}/{total} ok on {len(nodes)} nodes"
    data = f"services={total} ok={well} problems={problems};0 nodes={len(nodes)} unread={unread};;0"
    return state, text, data


def _severity(node: "NodeStatus", service: "Service") -> PluginState:
    from tui.model.service import Health, Kind

    health = service.health(node.scope.disabled)
    is_required = node.scope.kind(service) is not Kind.OPTIONAL
    if health is Health.FAILED or (health is Health.DOWN and is_required):
        return PluginState.CRITICAL
    return PluginState.WARNING


def _line(state: PluginState, text: str, data: str) -> str:
    """Return the line; a bar would begin the performance data."""
    line = f"RSDECK {state.name} - {text.replace('|', '/')}"
    return f"{line} | {data}" if data else line
