"""What surrounds the services in a cluster: alerts, databases, shards, actions, dates.

As in `tui.api.codec`, texts are cleaned, an odd entry of a list is left out and counted, and a
wrong shape is WireError.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from tui.api.codec import (
    HttpReply,
    WireError,
    kind_of_json,
    read_epoch,
    read_json,
    read_long_object,
    read_member_health,
    read_object,
    read_start_time,
    read_uid,
    read_word,
    read_words,
)
from tui.model.cluster import ClusterHealth
from tui.model.context import (
    Alert,
    CertificateTerm,
    Database,
    Endpoint,
    EndpointAvailability,
    Entries,
    HighAvailability,
    License,
    LogEntry,
    RunningAction,
    Shard,
    VendorSeverity,
)
from tui.model.text import clean

ENTRIES_AT_MOST = 2000
"""How many entries of one list are read; the rest is counted."""

LOG_AT_MOST = 100
"""How many entries of the cluster's event log are asked for, and read."""

_Entry = TypeVar("_Entry")


def read_health(body: bytes, *, whole: bool = True) -> ClusterHealth:
    """Read `GET /v4/cluster/health`: the nodes, and if `whole` what surrounds them.

    The permission of a part is not that of the whole, so a part that is missing or has another
    shape is None.
    """
    answer = read_long_object(body)
    if not whole:
        return ClusterHealth(read_member_health(answer))
    nodes = answer["nodes"] if isinstance(answer.get("nodes"), list) else []
    by_node = [(read_uid(raw.get("id")), raw) for raw in nodes if isinstance(raw, dict)]
    raw_license = answer.get("license")
    return ClusterHealth(
        read_member_health(answer),
        alerts=_active_alerts(answer, by_node),
        license=_health_license(raw_license) if isinstance(raw_license, dict) else None,
        certificates=_part(answer.get("certificates"), _certificate),
        databases=_part(answer.get("database_infos"), _health_database),
        shards=_health_shards(by_node),
    )


_RawNodes = list[tuple[int | None, dict[str, Any]]]


def _part(raw: object, read: Callable[[dict[str, Any]], _Entry | None]) -> Entries[_Entry] | None:
    return _entries(raw, read) if isinstance(raw, list) else None


def _entries(
    raw: Iterable[object],
    read: Callable[[dict[str, Any]], _Entry | None],
    at_most: int = ENTRIES_AT_MOST,
) -> Entries[_Entry]:
    """Read what can be read of the entries of a list, and count the others."""
    listed = list(raw)
    found = (read(entry) if isinstance(entry, dict) else None for entry in listed[:at_most])
    good = tuple(entry for entry in found if entry is not None)
    return Entries(good, len(listed) - len(good))


def _active_alerts(answer: Mapping[str, Any], nodes: _RawNodes) -> Entries[Alert] | None:
    """Read the alerts of the cluster, and of those nodes that list any."""
    of_cluster = _part(answer.get("active_alerts"), _active_alert)
    if of_cluster is None:
        return None
    read, left_out = [*of_cluster.read], of_cluster.left_out
    for uid, node in nodes:
        of_node = _part(node.get("active_alerts"), partial(_active_alert, node=uid))
        if of_node is not None:
            read += of_node.read
            left_out += of_node.left_out
    return Entries(tuple(read), left_out)


def _active_alert(raw: dict[str, Any], node: int | None = None) -> Alert | None:
    name = read_word(raw.get("name"))
    if not name:
        return None
    return Alert(name, _severity(raw.get("severity")), _moment(raw.get("active_since")), node)


def _health_license(raw: dict[str, Any]) -> License:
    return License(
        expired=raw.get("expired") is True,
        valid_until=_moment(raw.get("valid_until")),
    )


def _certificate(raw: dict[str, Any]) -> CertificateTerm | None:
    kind = read_word(raw.get("type"))
    if not kind:
        return None
    return CertificateTerm(kind, raw.get("expired") is True, _moment(raw.get("valid_until")))


def _health_database(raw: dict[str, Any]) -> Database | None:
    uid = read_uid(raw.get("id"))
    if uid is None:
        return None
    state = raw.get("high_availability")
    word = read_word(state.get("status")) if isinstance(state, dict) else ""
    available = _AVAILABILITIES.get(word, HighAvailability.UNKNOWN)
    replicated = None if available is HighAvailability.UNKNOWN else True
    return Database(
        uid=uid,
        name=read_word(raw.get("name")),
        status=read_word(raw.get("status")),
        replicated=False if available is HighAvailability.DISABLED else replicated,
        high_availability=available,
    )


_AVAILABILITIES = {one.value: one for one in HighAvailability if one.value}
_FOLLOWERS = {"leader": True, "master": True, "follower": False, "slave": False}


def _health_shards(nodes: _RawNodes) -> Entries[Shard] | None:
    """Read the shards of all nodes; None where a node does not list its own."""
    if not all(isinstance(node.get("shards"), list) for _, node in nodes):
        return None
    listed = [(uid, shard) for uid, node in nodes for shard in node["shards"]]
    read = [
        _shard(shard.get("id"), None, uid, shard)
        for uid, shard in listed[:ENTRIES_AT_MOST]
        if isinstance(shard, dict)
    ]
    good = tuple(shard for shard in read if shard is not None)
    return Entries(good, len(listed) - len(good))


def _shard(uid: object, database: object, node: object, raw: dict[str, Any]) -> Shard | None:
    named = _text_uid(uid)
    if not named:
        return None
    role, detail = raw.get("role"), read_word(raw.get("detailed_status"))
    return Shard(
        uid=named,
        database=read_uid(database),
        node=read_uid(node),
        is_primary=_FOLLOWERS.get(role) if isinstance(role, str) else None,
        status=read_word(raw.get("status")) if detail in ("", "ok") else detail,
    )


def read_cluster_alerts(body: bytes) -> Entries[Alert]:
    """Read `GET /v1/cluster/alerts`: those that are on and enabled."""
    return _alerts(read_object(body), None)


def read_node_alerts(body: bytes) -> Entries[Alert]:
    """Read `GET /v1/nodes/alerts`, keyed by the node's uid: those that are on and enabled."""
    read: list[Alert] = []
    left_out = 0
    for node, raw in read_object(body).items():
        uid = read_uid(node)
        if uid is None or not isinstance(raw, dict):
            left_out += 1
            continue
        of_node = _alerts(raw, uid)
        read += of_node.read
        left_out += of_node.left_out
    return Entries(tuple(read), left_out)


_ON = (True, "on", "true")  # a live cluster sends true; the page's example says "off"


def _alerts(by_name: dict[str, Any], node: int | None) -> Entries[Alert]:
    odd = sum(not isinstance(raw, dict) for raw in by_name.values())
    alerts = tuple(
        Alert(clean(name), _severity(raw.get("severity")), _moment(raw.get("change_time")), node)
        for name, raw in by_name.items()
        if isinstance(raw, dict) and raw.get("state") in _ON and raw.get("enabled", True) is True
    )
    kept = alerts[:ENTRIES_AT_MOST]
    return Entries(kept, odd + len(alerts) - len(kept))


def read_license(body: bytes) -> License:
    """Read `GET /v1/license`; what it holds of the license's own text is not looked at."""
    raw = read_object(body)
    return License(
        expired=raw.get("expired") is True,
        valid_until=_moment(raw.get("expiration_date")),
    )


def read_databases(body: bytes) -> Entries[Database]:
    """Read `GET /v1/bdbs?fields=…`: a list of databases."""
    return _entries(_list(body, "databases"), _database)


def _database(raw: dict[str, Any]) -> Database | None:
    uid = read_uid(raw.get("uid"))
    if uid is None:
        return None
    replicated, listed = raw.get("replication"), raw.get("endpoints")
    policy = read_word(raw.get("proxy_policy"))
    endpoints = None
    if isinstance(listed, list):
        endpoints = tuple(
            _endpoint(entry, policy)
            for entry in listed[:ENTRIES_AT_MOST]
            if isinstance(entry, dict)
        )
    return Database(
        uid=uid,
        name=read_word(raw.get("name")),
        status=read_word(raw.get("status")),
        replicated=replicated if isinstance(replicated, bool) else None,
        active_active=raw.get("crdt") is True,
        endpoints=endpoints,
    )


def _endpoint(raw: dict[str, Any], policy: str) -> Endpoint:
    address = raw.get("addr")
    return Endpoint(
        uid=_text_uid(raw.get("uid")),
        addresses=read_words([address] if isinstance(address, str) else address),
        port=_count(raw.get("port")),
        policy=read_word(raw.get("proxy_policy")) or policy,
    )


def read_shards(body: bytes) -> Entries[Shard]:
    """Read `GET /v1/shards`: a list of shards."""
    return _entries(
        _list(body, "shards"),
        lambda raw: _shard(raw.get("uid"), raw.get("bdb_uid"), raw.get("node_uid"), raw),
    )


_ENDED = frozenset({"completed", "failed", "cancelled", "canceled"})
# Of a state machine and its object: `SMCreateBDB`, `retry_bdb`.
_NAME_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_MOVES_NOTHING = frozenset({"backup", "export", "import", "debuginfo"})


def read_actions(body: bytes) -> Entries[RunningAction]:
    """Read `GET /v2/actions` or `GET /v1/actions`: those that have not ended.

    The first is a list; the second an object with the lists `actions` and `state-machines`. A
    status that is not documented counts as running.
    """
    answer = read_json(body)
    if isinstance(answer, dict):
        parts = [answer.get(name, []) for name in ("actions", "state-machines")]
        if not all(isinstance(part, list) for part in parts) or not answer.keys() & _ACTION_LISTS:
            raise WireError("it holds no list of actions")
        answer = [action for part in parts for action in part]
    if not isinstance(answer, list):
        raise WireError(f"it is {kind_of_json(answer)} where a list of actions was expected")
    running = [entry for entry in answer if not _has_ended(entry)]
    return _entries(running, _action)


_ACTION_LISTS = frozenset({"actions", "state-machines"})


def _has_ended(raw: object) -> bool:
    status = raw.get("status") if isinstance(raw, dict) else None
    return isinstance(status, str) and status.lower() in _ENDED


def _action(raw: dict[str, Any]) -> RunningAction | None:
    name = read_word(raw.get("name"))
    if not name:
        return None
    more = raw.get("additional_info")
    more = more if isinstance(more, dict) else {}
    kind, uid = read_word(more.get("object_type")), read_uid(more.get("object_uid"))
    if uid is None:
        kind, _, number = read_word(raw.get("object_name")).partition(":")
        uid = read_uid(number)
    node = read_uid(raw.get("node_uid"))
    return RunningAction(
        name=name,
        status=read_word(raw.get("status")),
        progress=_percent(raw.get("progress")),
        database=uid if kind in ("bdb", "database", "db") else None,
        node=uid if node is None and kind == "node" else node,
        moves_shards=moves_shards(name),
    )


def moves_shards(action: str) -> bool:
    """Whether an action may move shards or change nodes; unknown names count as such."""
    parts = {part.lower() for part in _NAME_PARTS.findall(action)}
    return not parts & _MOVES_NOTHING


def read_log(body: bytes) -> Entries[LogEntry]:
    """Read `GET /v1/logs?order=desc&…`: a list of events, newest first."""
    return _entries(_list(body, "events"), _log_entry, LOG_AT_MOST)


_LOG_FIELDS = frozenset({"time", "type", "severity", "bdb_uid", "node_uid"})
_SECRET = re.compile("pass|secret|key|token|credential", re.IGNORECASE)
_DETAILS_AT_MOST = 6


def _log_entry(raw: dict[str, Any]) -> LogEntry | None:
    at, kind = _moment(raw.get("time")), read_word(raw.get("type"))
    if at is None or not kind:
        return None
    more = [
        _log_detail(name, value)
        for name, value in raw.items()
        if name not in _LOG_FIELDS
        and not _SECRET.search(name)
        and isinstance(value, str | int | float)
    ]
    return LogEntry(
        at=at,
        type=kind,
        severity=_severity(raw.get("severity")),
        node=read_uid(raw.get("node_uid")),
        database=read_uid(raw.get("bdb_uid")),
        detail=clean(" ".join(more[:_DETAILS_AT_MOST])),
    )


def _log_detail(name: str, value: str | int | float) -> str:
    """Return a field of an entry in words; the `state` of an alert is whether it is on."""
    if name == "state" and isinstance(value, bool):
        return "raised" if value else "cleared"
    return f"{clean(name, 40)}={clean(str(value), 80)}"


def read_availability(reply: HttpReply) -> EndpointAvailability | None:
    """Read `GET /v1/local/bdbs/{uid}/endpoint/availability`; None for any other answer.

    The error_code of a 503 is the reason; without one the node itself does not answer.
    """
    if reply.status in _AVAILABLE_BY_STATUS:
        return _AVAILABLE_BY_STATUS[reply.status]
    if reply.status != 503:
        return None
    try:
        code = read_object(reply.body).get("error_code")
    except WireError:
        return None
    return _AVAILABLE_BY_CODE.get(code) if isinstance(code, str) else None


_AVAILABLE_BY_STATUS = {200: EndpointAvailability.AVAILABLE, 404: EndpointAvailability.NONE}
_AVAILABLE_BY_CODE = {
    "no_quorum": EndpointAvailability.NO_QUORUM,
    "bdb_endpoint_unavailable": EndpointAvailability.UNAVAILABLE,
}


def _list(body: bytes, what: str) -> list[Any]:
    listed = read_json(body)
    if not isinstance(listed, list):
        raise WireError(f"it is {kind_of_json(listed)} where a list of {what} was expected")
    return listed


def _severity(raw: object) -> VendorSeverity:
    word = raw.upper() if isinstance(raw, str) else ""
    return VendorSeverity(word) if word in _SEVERITIES else VendorSeverity.UNKNOWN


_SEVERITIES = frozenset(one.value for one in VendorSeverity)


def _moment(raw: object) -> datetime | None:
    """Return a time of any documented form: ISO 8601, its date alone, seconds since 1970."""
    if isinstance(raw, str) and len(raw) == len("2036-01-01"):
        raw = f"{raw}T00:00:00"
    found = read_start_time(raw) or read_epoch(raw)
    return None if found is None else found.astimezone(UTC)


def _count(raw: object) -> int | None:
    is_count = isinstance(raw, int) and not isinstance(raw, bool) and 0 <= raw < 10**9
    return raw if is_count and isinstance(raw, int) else None


def _percent(raw: object) -> float | None:
    """Return a progress, which may be a number or a text of one; None if unreadable."""
    try:
        number = float(raw) if isinstance(raw, str | int | float) else -1.0
    except ValueError:
        return None
    return number if 0 <= number <= 100 and not isinstance(raw, bool) else None


def _text_uid(raw: object) -> str:
    is_uid = isinstance(raw, str | int) and not isinstance(raw, bool)
    return clean(str(raw), 40) if is_uid else ""
