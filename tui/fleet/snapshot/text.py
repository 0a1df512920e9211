"""A snapshot's object as text to paste into an incident: what is wrong comes first. Pure."""

from collections.abc import Iterator, Sequence
from typing import Any

from tui.model.duration import clock_duration, one_unit
from tui.model.text import cut, fold, width

COLUMNS = 100
"""No line is wider, in cells."""

_NOTHING = "-"
_HEADINGS = ("SERVICE", "  STATUS", "UPTIME", "STARTED UTC", "KIND", "LAST CHANGE")
_WIDEST = (32, 14, 16, 19, 8, 28)
_NOT_SHOWN = frozenset({"seq", "prev", "sum", "at", "kind", "mono", "boot", "timeline", "session"})

Told = dict[str, Any]


def as_text(told: Told) -> str:
    """Give the object as lines of at most COLUMNS cells, ending in a newline."""
    parts = [_head(told), _wrong(told), *(_node(one, told) for one in told["nodes"])]
    parts += [_orders(told), _events(told), _journal(told["journal"])]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _head(told: Told) -> list[str]:
    lines = [f"rsdeck {told['rsdeck']} on {told['host']}, snapshot of {_clock(told['taken_at'])}"]
    lines += _said(told["read_only"] or "orders could be given", "")
    if told["required_unlocked"]:
        lines.append("REQUIRED SERVICES UNLOCKED for the session")
    if told["paused"]:
        lines.append("PAUSED: nobody was asked")
    return [*lines, "Ages are as of then; STARTED is the node's own clock."]


def _wrong(told: Told) -> list[str]:
    found = [line for one in told["nodes"] for line in _wrong_on(one)]
    found += [line for one in told["orders"] for line in _wrong_order(one)]
    if told["nodes"] and not found:
        return [f"NOTHING WRONG on {len(told['nodes'])} node{'s' * (len(told['nodes']) > 1)}"]
    return ["WRONG", *(found or ["  there is no node"])]


def _wrong_on(node: Told) -> Iterator[str]:
    name, trouble = node["node"], node["trouble"]
    if trouble is not None:
        since = _ago(trouble["for_seconds"])
        yield from _said(f"{name}: {trouble['kind'].upper()} for {since}: {trouble['text']}")
    if node["wrong_node"]:
        yield from _said(f"{name}: WRONG NODE: {node['wrong_node']}")
    if node["stale"]:
        yield from _said(f"{name}: STALE: last answered {_ago(node['age_seconds'])} ago")
    if node["certificate"]:
        yield from _said(f"{name}: {node['certificate']}")
    for service in node["services"]:
        if service["problem"]:
            change = service["last_change"]
            since = f", {change['text']} {_ago(change['ago_seconds'])} ago" if change else ""
            status = service["status"] or "no status"
            yield from _said(f"{name}: {service['name']} {status} ({service['kind']}){since}")


def _wrong_order(order: Told) -> Iterator[str]:
    for one in order["services"]:
        if one["result"] != "verified":
            result = one["result"] or f"open, {order['phase']}"
            said = f"{order['node']}: {order['verb']} {one['name']}: {result.upper()}"
            yield from _said(f"{said}, ordered {_ago(order['ago_seconds'])} ago")


def _node(node: Told, told: Told) -> list[str]:
    who = " ".join(filter(None, (node["hostname"], f"({node['role']})")))
    uid = "node id not told" if node["uid"] is None else f"node:{node['uid']}"
    place = ", ".join(
        filter(None, (node["cluster"] and f"cluster {node['cluster']}", node["environment"]))
    )
    parts = (f"NODE {node['node']}", node["label"], node["url"], f"{uid} {who}", node["version"])
    lines = _said(" | ".join(filter(None, (*parts, place))), "")
    age_ = node["age_seconds"]
    answered = "never answered"
    if age_ is not None:
        stale = ", STALE" if node["stale"] else ""
        answered = f"answered {_ago(age_)} ago ({_clock(node['answered_at'])}){stale}"
    due = node["next_in_seconds"]
    lines += _said(answered + ("" if due is None else f"; asked again in {_ago(due)}"))
    same = node["presented"] and node["trust"].endswith(node["presented"])
    shown = "the same" if same else node["presented"] or "nothing yet"
    lines += _said(f"trust: {node['trust']}; presented {shown}")
    for label in ("trouble", "wrong_node", "certificate", "read_only", "proxy"):
        value = node[label]["text"] if label == "trouble" and node[label] else node[label]
        if value and value != told["read_only"]:
            lines += _said(f"{label.replace('_', ' ')}: {value}")
    for gap in node["gaps"]:
        lines += _said(f"not known: {gap}")
    return lines + (_table([_HEADINGS, *map(_row, node["services"])]) if node["services"] else [])


def _row(service: Told) -> tuple[str, ...]:
    uptime, change = service["uptime_seconds"], service["last_change"]
    started = service["start_time"]
    return (
        service["name"],
        ("! " if service["problem"] else "  ") + (service["status"] or "?"),
        _NOTHING if uptime is None or service["health"] != "up" else clock_duration(uptime),
        started.removesuffix("Z").replace("T", " ") if started else _NOTHING,
        service["kind"],
        f"{_ago(change['ago_seconds'])} ago {change['text']}" if change else "",
    )


def _orders(told: Told) -> list[str]:
    lines = [f"ORDERS from here, newest first{_of(told, 'orders')}"]
    for order in told["orders"]:
        reason = f", since {order['reason']}" if order["reason"] else ""
        via = f", by way of {order['by_way_of']}" if order["by_way_of"] != order["node"] else ""
        said = f"{_clock(order['ordered_at'])} {order['verb']} on {order['node']}{via}{reason}"
        lines += _said(f"{said} ({order['phase']})")
        for one in order["services"]:
            result = (one["result"] or "open").upper()
            lines += _said(f"{one['name']}: {result} {one['text'] or ''}", "    ")
            marks = ", ".join(f"{mark['what']} {mark['at_seconds']} s" for mark in one["timeline"])
            lines += _said(marks, "      ") if marks else []
    return lines if told["orders"] else [lines[0], "  none"]


def _events(told: Told) -> list[str]:
    lines = [f"EVENTS, newest first{_of(told, 'events')}"]
    for one in told["events"]:
        about = " ".join(filter(None, (one["node"], one["service"])))
        ago = f"{_ago(one['ago_seconds'])} ago"
        lines += _said(f"{_clock(one['at'])}, {ago}, {about}: {one['text']}")
    return lines if told["events"] else [lines[0], "  none"]


def _journal(journal: Told) -> list[str]:
    lines = ["JOURNAL, newest last"]
    if journal["trouble"]:
        lines += _said(journal["trouble"])
    for record in journal["records"]:
        said = " ".join(
            f"{key}={_value(value)}"
            for key, value in record.items()
            if key not in _NOT_SHOWN and value not in (None, "", [])
        )
        at = str(record.get("at", "")).partition(".")[0].removesuffix("Z").replace("T", " ")
        lines += _said(f"{at} {record.get('kind', '?')} {said}")
    return lines if len(lines) > 1 else [lines[0], "  empty"]


def _value(value: object) -> str:
    if isinstance(value, dict):
        return str(value.get("name", value.get("via", "")))
    return ",".join(map(_value, value)) if isinstance(value, list) else str(value)


def _of(told: Told, what: str) -> str:
    shown, known = len(told[what]), told[f"{what}_known"]
    return f" ({shown} of {known})" if shown < known else ""


def _ago(seconds: float | None) -> str:
    return "an unknown time" if seconds is None else one_unit(seconds)


def _clock(moment: str | None) -> str:
    return moment.replace("T", " ").replace("Z", " UTC") if moment else "an unknown time"


def _said(text: str, indent: str = "  ") -> list[str]:
    """Give a sentence as lines; those after the first stand further in."""
    first, *rest = fold(text, COLUMNS - len(indent) - 4)
    return [f"{indent}{first}", *(f"{indent}    {line}" for line in rest)]


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lay rows out in columns; the last column takes what is left of the line."""
    cells = [[cut(cell, most) for cell, most in zip(row, _WIDEST, strict=True)] for row in rows]
    widths = [max(map(width, column)) for column in zip(*cells, strict=True)]
    lines = []
    for row in cells:
        padded = (cell + " " * (most - width(cell)) for cell, most in zip(row, widths, strict=True))
        lines.append(cut("  " + " ".join(padded).rstrip(), COLUMNS))
    return lines
