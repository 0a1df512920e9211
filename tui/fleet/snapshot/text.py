"""A snapshot as text to paste into an incident: the problems come first. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tui.model.clock import clock_duration, one_unit
from tui.model.order import Moment, Result, TimelineMark
from tui.model.service import Health
from tui.model.text import cut, fold, visible_name, width

COLUMNS = 100
"""No line is wider, in cells."""

_NOTHING = "-"
_HEADINGS = ("SERVICE", "  STATUS", "UPTIME", "STARTED UTC", "KIND", "LAST CHANGE")
_WIDEST = (32, 14, 16, 19, 8, 28)
_NOT_SHOWN = frozenset({"seq", "prev", "sum", "at", "kind", "mono", "boot", "timeline", "session"})

Document = Mapping[str, Any]


def as_text(document: Document) -> str:
    """Return the document as lines of at most COLUMNS cells, ending in a newline."""
    parts = [
        _head(document),
        _problems(document),
        *(_node(node, document) for node in document["nodes"]),
    ]
    parts += [_rollout(rollout) for rollout in document["rollouts"]]
    parts += [_orders(document), _events(document), _journal(document["journal"])]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _head(document: Document) -> list[str]:
    place = f"rsdeck {document['rsdeck']} on {document['host']}"
    lines = [f"{place}, snapshot of {_clock(document['taken_at'])}"]
    lines += _wrapped(document["read_only"] or "actions could be sent", "")
    if document["required_unlocked"]:
        lines.append("REQUIRED SERVICES UNLOCKED for the session")
    if document["paused"]:
        lines.append("PAUSED: not polled")
    return [*lines, "Ages are as of then; STARTED is the node's own clock."]


def _problems(document: Document) -> list[str]:
    found = [line for node in document["nodes"] for line in _node_problems(node)]
    found += [line for order in document["orders"] for line in _order_problems(order)]
    if document["nodes"] and not found:
        return [f"NO PROBLEMS on {len(document['nodes'])} node{'s' * (len(document['nodes']) > 1)}"]
    return ["PROBLEMS", *(found or ["  there is no node"])]


def _node_problems(node: Document) -> Iterator[str]:
    name, trouble = node["node"], node["trouble"]
    if trouble is not None:
        since = _ago(trouble["for_seconds"])
        yield from _wrapped(f"{name}: {trouble['kind'].upper()} for {since}: {trouble['text']}")
    if node["wrong_node"]:
        yield from _wrapped(f"{name}: ANOTHER NODE: {node['wrong_node']}")
    if node["stale"]:
        yield from _wrapped(f"{name}: STALE: last answered {_ago(node['age_seconds'])} ago")
    if node["certificate"]:
        yield from _wrapped(f"{name}: {node['certificate']}")
    for remark in _reported(node):
        yield from _wrapped(f"{name}: {remark}")
    for service in node["services"]:
        if service["problem"]:
            change = service["last_change"]
            since = f", {change['text']} {_ago(change['ago_seconds'])} ago" if change else ""
            status = service["status"] or "no status"
            yield from _wrapped(
                f"{name}: {visible_name(service['name'])} {status} ({service['kind']}){since}"
            )


def _order_problems(order: Document) -> Iterator[str]:
    for service in order["services"]:
        if service["result"] != Result.VERIFIED.value:
            result = service["result"] or f"open, {order['phase']}"
            text = f"{order['node']}: {order['verb']} {service['name']}: {result.upper()}"
            yield from _wrapped(f"{text}, sent {_ago(order['ago_seconds'])} ago")


def _node(node: Document, document: Document) -> list[str]:
    who = " ".join(filter(None, (node["hostname"], f"({node['role']})")))
    uid = "node id not reported" if node["uid"] is None else f"node:{node['uid']}"
    place = ", ".join(
        filter(None, (node["cluster"] and f"cluster {node['cluster']}", node["environment"]))
    )
    parts = (f"NODE {node['node']}", node["label"], node["url"], f"{uid} {who}", node["version"])
    lines = _wrapped(" | ".join(filter(None, (*parts, place))), "")
    age_ = node["age_seconds"]
    answered = "never answered"
    if age_ is not None:
        stale = ", STALE" if node["stale"] else ""
        answered = f"answered {_ago(age_)} ago ({_clock(node['answered_at'])}){stale}"
    due = node["next_in_seconds"]
    lines += _wrapped(answered + ("" if due is None else f"; polled again in {_ago(due)}"))
    shown = "the same" if node["presented_is_pinned"] else node["presented"] or "nothing yet"
    lines += _wrapped(f"trust: {node['trust']}; presented {shown}")
    for label in ("trouble", "wrong_node", "certificate", "read_only", "proxy"):
        value = node[label]["text"] if label == "trouble" and node[label] else node[label]
        if value and not (label == "read_only" and document["read_only"]):
            lines += _wrapped(f"{label.replace('_', ' ')}: {value}")
    for remark in _reported(node):
        lines += _wrapped(f"its cluster reports: {remark}")
    for gap in node["gaps"]:
        lines += _wrapped(f"not known: {gap}")
    return lines + (_table([_HEADINGS, *map(_row, node["services"])]) if node["services"] else [])


def _reported(node: Document) -> list[str]:
    """Return what its cluster reports against a node."""
    health = node["cluster_health"]
    return [text for text in (node["maintenance"], health and health["remark"]) if text]


def _row(service: Document) -> tuple[str, ...]:
    uptime, change = service["uptime_seconds"], service["last_change"]
    started = service["start_time"]
    return (
        visible_name(service["name"]),
        ("! " if service["problem"] else "  ") + (service["status"] or "?"),
        _NOTHING
        if uptime is None or service["health"] != Health.UP.name.lower()
        else clock_duration(uptime),
        started.removesuffix("Z").replace("T", " ") if started else _NOTHING,
        service["kind"],
        f"{_ago(change['ago_seconds'])} ago {change['text']}" if change else "",
    )


def _rollout(rollout: Document) -> list[str]:
    text = f": {rollout['text']}" if rollout["text"] else ""
    since = _ago(rollout["began_ago_seconds"])
    title = f"ROLLOUT {rollout['number']} {rollout['state'].upper()}"
    lines = [*_wrapped(f"{title} for {since}: {rollout['title']}", "")]
    lines += _wrapped(f"{rollout['state']}{text}") if text else []
    for step in rollout["steps"]:
        why = f": {step['text']}" if step["text"] else ""
        lines += _wrapped(f"{step['node']} {step['state']}{why}")
    return lines


def _orders(document: Document) -> list[str]:
    lines = [f"ACTIONS from here, newest first{_of(document, 'orders')}"]
    for order in document["orders"]:
        reason = f", reason: {order['reason']}" if order["reason"] else ""
        via = f", by way of {order['by_way_of']}" if order["by_way_of"] != order["node"] else ""
        text = f"{_clock(order['ordered_at'])} {order['verb']} on {order['node']}{via}{reason}"
        lines += _wrapped(f"{text} ({order['phase']})")
        for service in order["services"]:
            result = (service["result"] or "open").upper()
            lines += _wrapped(f"{service['name']}: {result} {service['text'] or ''}", "    ")
            marks = ", ".join(
                str(TimelineMark(Moment(mark["what"]), mark["at_seconds"]))
                for mark in service["timeline"]
            )
            lines += _wrapped(marks, "      ") if marks else []
    return lines if document["orders"] else [lines[0], "  none"]


def _events(document: Document) -> list[str]:
    lines = [f"EVENTS, newest first{_of(document, 'events')}"]
    for event in document["events"]:
        about = " ".join(filter(None, (event["node"], visible_name(event["service"] or ""))))
        ago = f"{_ago(event['ago_seconds'])} ago"
        lines += _wrapped(f"{_clock(event['at'])}, {ago}, {about}: {event['text']}")
    return lines if document["events"] else [lines[0], "  none"]


def _journal(journal: Document) -> list[str]:
    lines = ["JOURNAL, newest last"]
    if journal["trouble"]:
        lines += _wrapped(journal["trouble"])
    for record in journal["records"]:
        text = " ".join(
            f"{key}={_value(value)}"
            for key, value in record.items()
            if key not in _NOT_SHOWN and value not in (None, "", [])
        )
        at = str(record.get("at", "")).partition(".")[0].removesuffix("Z").replace("T", " ")
        lines += _wrapped(f"{at} {record.get('kind', '?')} {text}")
    return lines if len(lines) > 1 else [lines[0], "  empty"]


def _value(value: object) -> str:
    if isinstance(value, dict):
        return str(value.get("name", value.get("via", "")))
    return ",".join(map(_value, value)) if isinstance(value, list) else str(value)


def _of(document: Document, what: str) -> str:
    shown, known = len(document[what]), document[f"{what}_known"]
    return f" ({shown} of {known})" if shown < known else ""


def _ago(seconds: float | None) -> str:
    return "an unknown time" if seconds is None else one_unit(seconds)


def _clock(moment: str | None) -> str:
    return moment.replace("T", " ").replace("Z", " UTC") if moment else "an unknown time"


def _wrapped(text: str, indent: str = "  ") -> list[str]:
    """Return a sentence as lines; those after the first are indented further."""
    first, *rest = fold(text, COLUMNS - len(indent) - 4)
    return [f"{indent}{first}", *(f"{indent}    {line}" for line in rest)]


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lay rows out in columns; the last column takes the rest of the line.

    A name that is wider than its column stands whole on lines of its own, over its row.
    """
    cells = [[cut(cell, most) for cell, most in zip(row, _WIDEST, strict=True)] for row in rows]
    widths = [max(map(width, column)) for column in zip(*cells, strict=True)]
    lines = []
    for (name, *_), row in zip(rows, cells, strict=True):
        if width(name) > _WIDEST[0]:
            lines += _wrapped(name)
            row[0] = ""
        padded = (cell + " " * (most - width(cell)) for cell, most in zip(row, widths, strict=True))
        lines.append(cut("  " + " ".join(padded).rstrip(), COLUMNS))
    return lines
