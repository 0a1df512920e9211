"""What `rsdeck status` prints of the nodes that it polled: a table, or JSON."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui.cli.color import Color, painted_columns
from tui.cli.printing import write_remark
from tui.model.trust import UNCHECKED

if TYPE_CHECKING:
    from tui.cli.json_shapes import ErrorFields, NodeReport, ServiceReport, StatusReport
    from tui.fleet.node_status import NodeStatus
    from tui.model.context import Alert
    from tui.model.service import Service

HEADINGS = ("NODE", "SERVICE", "STATUS", "UPTIME", "KIND")


def status_table(
    statuses: Sequence["NodeStatus"],
    *,
    lists_all: bool = False,
    only_problems: bool = False,
    color: bool = False,
) -> str:
    """Return the problems of all nodes, then a line a node with how many services are ok.

    With `lists_all` it is a line a service instead; with `only_problems` there are none of these
    lines, and where there is no problem a sentence says so, with the alerts that are on.
    """
    problems: list[tuple[Color, tuple[str, ...]]] = []
    rest: list[tuple[Color, tuple[str, ...]]] = []
    for node in statuses:
        name = node.profile.name
        if node.trouble is not None:
            row = (name, "-", node.trouble.kind.value.upper(), "-", "-")
            problems.append((Color.FAILED, row))
            continue
        for service in node.arranged():
            health = service.health(node.scope.disabled)
            if health.is_problem:
                problems.append((_color(node, service), _row(node, service)))
            elif lists_all:
                rest.append((Color.PLAIN, _row(node, service)))
        if not lists_all:
            well = sum(service.health(node.scope.disabled).is_well for service in node.services)
            count = f"{well}/{len(node.services)}"
            rest.append((_line_color(node), (name, count, "ok", "", "")))
    if only_problems and not problems:
        text = f"no problems on {len(statuses)} node{'s' * (len(statuses) != 1)}"
        return "; ".join([text, *_alerts(statuses)])
    rows = problems if only_problems else [*problems, *rest]
    return painted_columns([(Color.PLAIN, HEADINGS), *rows], on=color) if rows else ""


def _alerts(statuses: Sequence["NodeStatus"]) -> list[str]:
    """Return the alerts of the clusters with their nodes, and of which they are not known."""
    names = {(node.profile.cluster, node.uid): node.profile.name for node in statuses}
    on: dict[tuple[str, Alert], str] = {}
    gaps: dict[str, str] = {}
    for node in statuses:
        cluster = node.profile.cluster
        if node.alerts is None or node.trouble is not None:
            continue
        if node.alerts.gap:
            how = "not known" if node.alerts.value is None else "incomplete"
            gaps[cluster or node.profile.name] = f"{how}: {node.alerts.gap}"
        for alert in node.alerts.value or ():
            name = names.get((cluster, alert.node), f"node:{alert.node}")
            where = name if alert.node is not None else cluster or "the cluster"
            on[cluster, alert] = f"{alert.name} on {where}"
    texts = [f"alerts of {name} {gap}" for name, gap in gaps.items()]
    if on:
        texts.insert(0, f"{len(on)} alert{'s' * (len(on) != 1)}: {', '.join(on.values())}")
    return texts


def _row(node: "NodeStatus", service: "Service") -> tuple[str, ...]:
    uptime = "-" if service.uptime is None else _duration(service.uptime)
    kind = node.scope.kind(service).value
    return (node.profile.name, service.shown, service.status, uptime, kind)


def _line_color(node: "NodeStatus") -> Color:
    return Color.PLAIN if node.problems else Color.WELL


def _color(node: "NodeStatus", service: "Service") -> Color:
    from tui.model.service import Health

    health = service.health(node.scope.disabled)
    return Color.FAILED if health in (Health.FAILED, Health.DOWN) else Color.WARNING


def _duration(seconds: int) -> str:
    days, rest = divmod(max(0, seconds), 86400)
    clock = f"{rest // 3600:02}:{rest % 3600 // 60:02}:{rest % 60:02}"
    return f"{days}d {clock}" if days else clock


def status_json(statuses: Sequence["NodeStatus"], *, only_problems: bool = False) -> "StatusReport":
    """Return the nodes as JSON has them; with `only_problems` only those, and what it is."""
    nodes = [
        _node_json(node, only_problems=only_problems)
        for node in statuses
        if not only_problems or node.trouble is not None or node.problems
    ]
    return {
        "nodes": nodes,
        "error": next((node["error"] for node in nodes if node["error"] is not None), None),
    }


def _node_json(node: "NodeStatus", *, only_problems: bool) -> "NodeReport":
    disabled = node.scope.disabled
    return {
        "node": node.profile.name,
        "url": node.profile.url,
        "reachable": node.trouble is None,
        "error": node_error(node),
        "kinds_error": node.kinds_gap if node.kinds_gap and not node.trouble else None,
        "maintenance": None if node.maintenance is None else str(node.maintenance),
        "services": [
            _service_json(node, service)
            for service in node.services
            if not only_problems or service.health(disabled).is_problem
        ],
    }


def _service_json(node: "NodeStatus", service: "Service") -> "ServiceReport":
    from tui.model.clock import iso_time

    return {
        "name": service.name,
        "status": service.status,
        "start_time": iso_time(service.started_at),
        "uptime_seconds": service.uptime,
        "kind": node.scope.kind(service).value,
        "problem": service.health(node.scope.disabled).is_problem,
    }


def node_error(node: "NodeStatus") -> "ErrorFields | None":
    """Return why a node could not be polled; None where it was."""
    from tui.cli.output import error_fields
    from tui.cli.remedies import error_code, is_passing

    if node.trouble is None:
        return None
    kind = node.trouble.kind
    text = trouble_sentence(node)
    return error_fields(error_code(kind), text, node.profile.name, retryable=is_passing(kind))


def trouble_sentence(node: "NodeStatus") -> str:
    """Return why a node could not be polled and what to do, without keys."""
    from tui.cli.remedies import trouble_text
    from tui.config import AskSource
    from tui.model.reading import Trouble, TroubleKind

    trouble = node.trouble or Trouble(TroubleKind.UNREACHABLE, "")
    if trouble.kind is not TroubleKind.NO_PASSWORD:
        return trouble_text(trouble, node.profile.name)
    asks = isinstance(node.profile.password, AskSource)
    hint = "run it on a terminal, or name a source in the profile" if asks else ""
    return f"{trouble.text} ({hint})" if hint else trouble.text


def troubles(statuses: Sequence["NodeStatus"]) -> list[str]:
    """Return why nodes could not be polled: what nodes share, as a login's trouble, once."""
    from tui.model.reading import TroubleKind

    nodes: dict[tuple[str, bool], list[str]] = {}
    for node in statuses:
        if node.trouble is not None:
            # It is its source's trouble, and names no node.
            is_shared = node.trouble.kind is TroubleKind.NO_PASSWORD
            nodes.setdefault((trouble_sentence(node), is_shared), []).append(node.profile.name)
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


def print_remarks(statuses: Sequence["NodeStatus"]) -> None:
    """Print on stderr why nodes could not be polled, and what is not known of the others."""
    # Where there is no problem, the sentence that says so names them.
    has_problem = any(node.problems or node.trouble is not None for node in statuses)
    alerts = _alerts(statuses) if has_problem else []
    for sentence in [*troubles(statuses), *unknown_kinds(statuses), *alerts]:
        write_remark(sentence)
    for node in statuses:
        if node.maintenance is not None:
            write_remark(f"{node.profile.name}: {node.maintenance}")
        if node.profile.is_unchecked:
            write_remark(f"{node.profile.name}: {UNCHECKED}")
