"""Bytes to model. A node's answers are parsed and cleaned here, once; after this they are trusted.

JSON is read as strictly as its standard has it. Times of the node are parsed here too: uptimes as
Python's `str(timedelta)`, start times as ISO 8601. Those never raise.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from datetime import UTC, datetime
from functools import lru_cache, partial
from itertools import islice
from operator import ge
from typing import Any

from tui.model.cluster import Member, MemberHealth
from tui.model.dataclass import dataclass
from tui.model.login import LockoutRule
from tui.model.node import Identity, Maintenance, Role
from tui.model.service import LaterServices, Service
from tui.model.text import LIMIT, clean, visible_name

_VALUES_AT_MOST = 100_000  # two thousand services have ten thousand
_TITLE = re.compile(r"<title[^>]*>([^<]*)", re.IGNORECASE)


class WireError(ValueError):
    """An answer that is not what the API says; the text says what it is."""


class JsonObject(dict[str, Any]):
    """A JSON object that remembers which of its keys came more than once."""

    twice: frozenset[str] = frozenset()


def _pairs(items: list[tuple[str, Any]]) -> JsonObject:
    found = JsonObject(items)
    if len(found) != len(items):
        counts = Counter(key for key, _ in items)
        found.twice = frozenset(key for key, count in counts.items() if count > 1)
    return found


def _no_constant(name: str) -> None:
    raise WireError(f"it holds {name}, which is not JSON")


_STRICT = json.JSONDecoder(object_pairs_hook=_pairs, parse_constant=_no_constant)
_PLAIN = json.JSONDecoder()
_UNCOUNTED = json.JSONDecoder(parse_constant=_no_constant)


def read_json(body: bytes, decoder: json.JSONDecoder = _STRICT) -> Any:
    """Parse an answer's body strictly; raises WireError with what is wrong in words."""
    if not body.strip():
        raise WireError("it is empty")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise WireError("it is not UTF-8") from None
    # Each value takes some hundred bytes of memory, however short it is written.
    if sum(map(body.count, (b",", b"[", b"{"))) > _VALUES_AT_MOST:
        raise _too_much(text)
    try:
        return decoder.decode(text)
    except WireError:
        raise
    except RecursionError:
        raise WireError("it is nested too deeply") from None
    except ValueError:
        page = web_page(text)
        if page:
            raise WireError(f"{page} instead of JSON; is this the API's port (9443)?") from None
        raise WireError("it is not JSON, or cut short") from None


def _too_much(text: str) -> WireError:
    return WireError(web_page(text) or "it holds more values than any answer of a node")


def web_page(text: str) -> str:
    """Return a phrase that names the web page that a text is; empty if it is none."""
    if not text.lstrip().startswith("<"):
        return ""
    title = _TITLE.search(text, 0, 4096)
    named = clean(" ".join(title[1].split()), 80) if title else ""
    return f'it is a web page ("{named}")' if named else "it is a web page"


def read_object(body: bytes) -> JsonObject:
    """Parse a body that must be an object; raises WireError."""
    value = read_json(body)
    if not isinstance(value, JsonObject):
        raise WireError(f"it is {kind_of_json(value)} where an object was expected")
    return value


def read_long_object(body: bytes) -> dict[str, Any]:
    """Parse as `read_object`, without noticing keys that came twice: in a third of the time."""
    value = read_json(body, _UNCOUNTED)
    if not isinstance(value, dict):
        raise WireError(f"it is {kind_of_json(value)} where an object was expected")
    return value


def kind_of_json(value: object) -> str:
    """Return the kind of a parsed value, as error messages name it."""
    names = {list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return "an object" if isinstance(value, dict) else names.get(type(value), "a number")


_UPTIME = re.compile(
    r"(?:(?P<days>-?[0-9]{1,6}) days?, )?"
    r"(?P<hours>[0-9]{1,6}):(?P<minutes>[0-5][0-9]):(?P<seconds>[0-5][0-9])(?:\.[0-9]{1,9})?",
    re.ASCII,
)
_AT_MOST = 100 * 366 * 86400
_LAST_EPOCH = 200_000_000_000  # some 6,000 years from 1970 on


def read_uptime(raw: object) -> int | None:
    """Return whole seconds for `0:21:27`, `3 days, 0:58:59` or a number; None if unreadable.

    The format is that of published captures of live clusters; it is not documented.
    """
    if isinstance(raw, bool) or raw is None:
        return None
    if isinstance(raw, int | float):
        seconds = float(raw) if abs(raw) < _AT_MOST else math.inf
        return int(seconds) if math.isfinite(seconds) and seconds >= 0 else None
    match = _UPTIME.fullmatch(raw.strip()) if isinstance(raw, str) and len(raw) < 64 else None
    if match is None:
        return None
    days, hours, minutes, rest = match.groups("0")
    total = int(days) * 86400 + int(hours) * 3600 + int(minutes) * 60 + int(rest)
    return total if 0 <= total < _AT_MOST else None


def read_start_time(raw: object) -> datetime | None:
    """Return an aware UTC time for `2024-05-13T18:38:00Z` and its like; None if unreadable."""
    if not isinstance(raw, str) or not 19 <= len(raw) < 64 or not raw.isascii():
        return None
    return _start_time(raw)


@lru_cache(maxsize=32_768)
def _start_time(raw: str) -> datetime | None:
    # The start times of an answer are nearly always those of the answer before.
    try:
        moment = datetime.fromisoformat(raw.strip())
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if 1980 <= moment.year <= 9000 else None


def read_epoch(raw: object) -> datetime | None:
    """Return an aware UTC time for seconds since 1970; None if unreadable."""
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        return None
    if not 0 < raw < _LAST_EPOCH:  # false for nan as well
        return None
    return datetime.fromtimestamp(raw, UTC)


SERVICES_AT_MOST = 2000
"""How many services of one answer are shown; a real node has about thirty."""

MEMBERS_AT_MOST = 200
"""How many nodes of one answer are read; a real cluster has a few tens."""

_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{1,8192}")  # RFC 6750, token68
_NAMED = 10
_NOTE_TWICE = "sent twice in one answer"


@dataclass(frozen=True, slots=True)
class HttpReply:
    """An answer as it came: status, headers, raw body."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)  # it may hold a token


def services_in(entries: dict[str, Any]) -> tuple[Service, ...]:
    """Return the services of an answer's entries (see `read_entries`), keyed by their names.

    One bad entry becomes a service with status "?" and a note, and spoils no other. Of more than
    2,000 entries the first 2,000 are given, and one inert entry that says how many are not shown.
    """
    taken: dict[str, int] = {}
    twice = entries.twice if isinstance(entries, JsonObject) else ()
    services = [
        _service(_unique(clean(name), taken), entry, twice=name in twice)
        for name, entry in islice(entries.items(), SERVICES_AT_MOST)
    ]
    left_out = len(entries) - len(services)
    if left_out:
        name = _unique(f"({left_out} more)", taken)
        note = "more services than any node has; not shown"
        services.append(Service(name, "?", note=note, left_out=left_out))
    return tuple(services)


def read_entries(body: bytes) -> dict[str, Any]:
    """Read the object of `GET /v1/local/services`; where a key came twice, it is a JsonObject.

    To look for that key by key takes longer than all the rest. In an object of plain entries each
    quote begins or ends a key or a text; where there are no more quotes than what was read has,
    nothing came twice.
    """
    try:
        entries = read_json(body, _PLAIN)
    except WireError:
        return read_object(body)
    if isinstance(entries, dict) and body.count(b'"') == 2 * _texts_in(entries):
        return entries
    return read_object(body)


def _texts_in(entries: dict[str, Any]) -> int:
    """Count the keys and texts of entries; -1 where one holds more than plain values.

    A number with a fraction is none: it may have been NaN.
    """
    count = len(entries)
    for entry in entries.values():
        if type(entry) is not dict:
            return -1
        count += len(entry)
        for value in entry.values():
            if type(value) is str:
                count += 1
            elif type(value) not in _PLAIN_TYPES:
                return -1
    return count


_PLAIN_TYPES = (int, bool, type(None))


def _unique(name: str, taken: dict[str, int]) -> str:
    """Return the name, numbered if another one looks the same: rows are kept by it.

    `taken` holds the last number by name, as counting anew for each takes too long.
    """
    found = name
    while found in taken:
        taken[name] += 1
        found = f"{name} #{taken[name]}"
    taken[found] = 1
    return found


def _service(name: str, raw: object, *, twice: bool) -> Service:
    if twice or (isinstance(raw, JsonObject) and "status" in raw.twice):
        return Service(name, "CONFLICT", note=_NOTE_TWICE, raw=raw)
    status = raw.get("status") if isinstance(raw, dict) else None
    if not isinstance(raw, dict) or not isinstance(status, str):
        return Service(name, "?", note=_fault(raw), raw=raw)
    return Service(
        name,
        clean(status) or "?",
        read_start_time(raw.get("start_time")),
        read_uptime(raw.get("uptime")),
        note="" if status else "the node gave no status",
        raw=raw,
    )


def _fault(raw: object) -> str:
    """Return what is wrong with an entry that is not as the API says."""
    if not isinstance(raw, dict):
        return f"the node sent {kind_of_json(raw)} where an object was expected"
    from tui.api.service_entry import fault_of_entry  # pydantic: for an odd entry alone

    return fault_of_entry(raw)


def read_identity(body: bytes) -> Identity:
    """Read `GET /v1/bootstrap`: who answers, by `local_node_info.uid`."""
    info = read_object(body).get("local_node_info")
    if not isinstance(info, dict):
        return Identity()
    return Identity(
        uid=read_uid(info.get("uid")),
        hostname=read_word(info.get("hostname")),
        address=read_word(info.get("address") or info.get("addr")),
        version=read_word(info.get("software_version")),
    )


def read_uid(raw: object) -> int | None:
    """Return a uid, which comes as a number or as digits; None if unreadable."""
    if isinstance(raw, int) and not isinstance(raw, bool) and 0 <= raw < 10**9:
        return raw
    digits = isinstance(raw, str) and raw.isascii() and raw.isdigit() and len(raw) < 10
    return int(raw) if digits and isinstance(raw, str) else None


def read_word(raw: object) -> str:
    """Return a text, cleaned; empty for what is none."""
    return clean(raw) if isinstance(raw, str) else ""


def read_words(raw: object) -> tuple[str, ...]:
    """Return the words of a list that are text and not empty; none of what is no list."""
    listed = raw if isinstance(raw, list) else []
    return tuple(word for word in map(read_word, listed) if word)


def read_nodes(body: bytes) -> list[Any]:
    """Read `GET /v1/nodes`: a list of nodes, of which `join_members` takes what it can."""
    listed = read_json(body)
    if not isinstance(listed, list):
        raise WireError(f"it is {kind_of_json(listed)} where a list of nodes was expected")
    return listed


def read_states(body: bytes) -> dict[str, Any]:
    """Read `GET /v1/nodes/status`: an object keyed by uid, as text."""
    return read_object(body)


def join_members(nodes: Iterable[object], states: Mapping[str, object]) -> tuple[Member, ...]:
    """Join what the two calls say, by uid; a node that only one of them names is a member too."""
    listed = {read_uid(raw.get("uid")): raw for raw in nodes if isinstance(raw, dict)}
    by_uid = {read_uid(uid): state for uid, state in states.items() if isinstance(state, dict)}
    uids = sorted(uid for uid in listed.keys() | by_uid.keys() if uid is not None)
    return tuple(_member(uid, listed.get(uid, {}), by_uid.get(uid, {})) for uid in uids)


_ROLES = {"master": Role.PRIMARY, "slave": Role.REPLICA}


def _member(uid: int, node: dict[str, Any], state: dict[str, Any]) -> Member:
    role = state.get("role")
    return Member(
        uid=uid,
        address=read_word(node.get("addr")),
        external=read_words(node.get("external_addr")),
        hostname=read_word(state.get("hostname")),
        role=_ROLES.get(role, Role.UNKNOWN) if isinstance(role, str) else Role.UNKNOWN,
        version=read_word(node.get("software_version")) or read_word(state.get("software_version")),
        status=read_word(node.get("status")) or read_word(state.get("node_status")),
        maintenance=_maintenance(state.get("maintenance_snapshot")),
        primary_shards=_shard_uids(state.get("master_shards")),
        replica_shards=_shard_uids(state.get("slave_shards")),
    )


def _shard_uids(raw: object) -> tuple[str, ...] | None:
    """Return the uids in a list of shards, whose entries are not documented; None for no list."""
    if not isinstance(raw, list):
        return None
    named = (entry.get("uid") if isinstance(entry, dict) else entry for entry in raw)
    return tuple(clean(str(uid), 20) for uid in named if isinstance(uid, str | int))


def _maintenance(snapshot: object) -> Maintenance | None:
    """Read a `maintenance_snapshot`: where it is there, whatever it is, there is maintenance."""
    if snapshot is None:
        return None
    return Maintenance(
        read_word(snapshot.get("created_time")) if isinstance(snapshot, dict) else ""
    )


def read_cluster_name(body: bytes) -> str:
    """Read the name out of `GET /v1/cluster`."""
    return read_word(read_object(body).get("name"))


def read_lockout(body: bytes) -> LockoutRule | None:
    """Read when a user is locked out of `GET /v1/cluster`; None where it does not say."""
    cluster = read_object(body)
    threshold = cluster.get("login_lockout_threshold")
    window = cluster.get("login_lockout_counter_reset_after")
    if type(threshold) is not int or threshold < 0:
        return None
    if type(window) is not int or window <= 0:
        return LockoutRule(threshold)
    return LockoutRule(threshold, float(window))


def read_optional(body: bytes) -> tuple[frozenset[str], frozenset[str]]:
    """Read `GET /v1/cluster/services_configuration`: the optional services, and the disabled."""
    entries = {name: entry for name, entry in read_object(body).items() if isinstance(entry, dict)}
    disabled = {
        name for name, entry in entries.items() if entry.get("operating_mode") == "disabled"
    }
    return frozenset(map(clean, entries)), frozenset(map(clean, disabled))


def read_node_check(body: bytes) -> tuple[bool, str]:
    """Read `GET /v1/nodes/check/{uid}`: whether the node is well, and its error if not."""
    answer = read_object(body)
    return _verdict(answer, "result"), read_word(answer.get("error"))


def read_cluster_check(body: bytes) -> tuple[bool, str]:
    """Read `GET /v1/cluster/check`: whether all is well, and which nodes are not."""
    answer = read_object(body)
    nodes = answer.get("nodes")
    bad = [
        f"node:{clean(str(node.get('node_uid')), 20)} {read_word(node.get('error'))}".strip()
        for node in (nodes if isinstance(nodes, list) else [])
        if isinstance(node, dict) and node.get("result") is not True
    ]
    return _verdict(answer, "cluster_test_result"), clean("; ".join(bad))


def read_member_health(answer: Mapping[str, Any]) -> tuple[MemberHealth, ...]:
    """Read the nodes of `GET /v4/cluster/health`; one whose id cannot be read is left out."""
    listed = answer.get("nodes")
    if not isinstance(listed, list):
        raise WireError(f"its nodes are {kind_of_json(listed)} where a list was expected")
    read = (_health(raw) for raw in listed[:MEMBERS_AT_MOST] if isinstance(raw, dict))
    by_uid = {node.uid: node for node in read if node is not None}
    return tuple(by_uid[uid] for uid in sorted(by_uid))


_LEADERS = {"leader": Role.PRIMARY, "follower": Role.REPLICA}


def _health(raw: dict[str, Any]) -> MemberHealth | None:
    uid = read_uid(raw.get("id"))
    if uid is None:
        return None
    role, listed = raw.get("role"), raw.get("services")
    services = tuple(
        (_text(service.get("name")), _text(service.get("status")))
        for service in (listed[:SERVICES_AT_MOST] if isinstance(listed, list) else ())
        if isinstance(service, dict)
    )
    return MemberHealth(
        uid=uid,
        role=_LEADERS.get(role, Role.UNKNOWN) if isinstance(role, str) else Role.UNKNOWN,
        version=read_word(raw.get("version")),
        status=read_word(raw.get("status")),
        detail=read_word(raw.get("detailed_status")),
        observed_on=read_epoch(raw.get("observed_at")),
        in_maintenance=raw.get("in_maintenance") is True,
        quorum_only=raw.get("quorum_only") is True,
        services=_services_of_member(services),
    )


def _text(raw: object) -> str:
    # No more of it than `clean` looks at: it is kept.
    return raw[: LIMIT + 1] if isinstance(raw, str) else ""


@lru_cache(maxsize=16)
def _services_of_member(pairs: tuple[tuple[str, str], ...]) -> tuple[Service, ...]:
    """Return services by their raw names and statuses, which most answers and nodes share."""
    taken: dict[str, int] = {}
    return tuple(
        Service(_unique(clean(name) or "?", taken), clean(status) or "?") for name, status in pairs
    )


def _verdict(answer: JsonObject, key: str) -> bool:
    value = answer.get(key)
    if not isinstance(value, bool):
        raise WireError(f"its {key} is {kind_of_json(value)} where true or false was expected")
    return value


def read_error(body: bytes) -> str:
    """Return what an error body says: error_code, then description or message, else its text."""
    try:
        fault = read_object(body)
    except WireError:
        text = body[:4096].decode("utf-8", "replace").strip()
        return web_page(text) or clean(text[:400], 200)
    parts = [fault.get("error_code"), fault.get("description") or fault.get("message")]
    return clean(": ".join(part for part in parts if isinstance(part, str) and part), 200)


def read_token(body: bytes) -> str:
    """Read the answer to a login: its access_token, as a header can carry it."""
    token = read_object(body).get("access_token")
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise WireError("it holds no token")
    return token


def read_answer(body: bytes, asked: Sequence[str]) -> tuple[dict[str, bool | None], str]:
    """Read the answer to an order: by service asked for, true, false, or None if it says neither.

    The second value names services that were answered and not asked for; they never count.
    """
    answer = read_object(body)
    taken = {name: None if name in answer.twice else answer.get(name) for name in asked}
    results = {name: value if isinstance(value, bool) else None for name, value in taken.items()}
    others = [name for name in answer if name not in results]
    extra = ", ".join(
        visible_name(clean(name)) or "a service without a name" for name in others[:_NAMED]
    )
    extra += f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
    return results, f"it also answered for {extra}" if extra else ""


# Only what an uptime is made of: whatever else stands there is compared as it is.
_UPTIME_BYTES = re.compile(rb'"uptime": ?"([0-9adsy,:. -]{1,40})"')
_SECONDS = {f"{seconds:02}".encode(): seconds for seconds in range(60)}
_Minute = tuple[bytes | None, int]
"""What the text of an uptime begins with, up to its seconds, and the uptime at second 0.

None where that is not known.
"""
_AS_ZEROS = bytes.maketrans(b"123456789", b"0" * 9)
_UNORDERED = re.compile(b"-|0{5} d|0{6}:|, 0{3}")
"""In the form of uptimes (see `_form_of`): one whose digits may say what is not read, or fell."""
_SIXTY = re.compile(b":[6-9]")
_DAY_OF_HOURS = re.compile(b", (?:2[4-9]|[3-9][0-9]):")


class ServicesParser:
    """Parses a node's answers, each as if it were the only one."""

    def __init__(self) -> None:
        self._frame: list[bytes] = []
        self._uptimes: list[bytes] = []
        self._services: Sequence[Service] = ()
        self._first: tuple[Service, ...] = ()
        self._ticking: list[int] = []
        self._minutes: list[_Minute] = []
        self._form = b""

    def parse(self, body: bytes) -> Sequence[Service]:
        """Parse an answer; where uptimes alone went on, to LaterServices. Raises WireError."""
        pieces = _UPTIME_BYTES.split(body)
        frame, uptimes = pieces[::2], pieces[1::2]
        if frame != self._frame:
            self._read(body, frame, uptimes)
        elif uptimes != self._uptimes:
            self._advance(uptimes)
        return self._services

    def _read(self, body: bytes, frame: list[bytes], uptimes: list[bytes]) -> None:
        self._frame = []
        entries = read_entries(body)
        self._services = self._first = services_in(entries)
        if isinstance(entries, JsonObject) or len(entries) != len(self._first):
            return
        if any(service.note for service in self._first):  # of an odd entry no uptime is read
            return
        texts = [entry.get("uptime") for entry in entries.values()]
        found = set(map(bytes.decode, uptimes))
        self._ticking = [number for number, text in enumerate(texts) if text in found]
        # Each uptime that was cut out is one of these, in this order; else nothing is known of it.
        if [texts[number] for number in self._ticking] == list(map(bytes.decode, uptimes)):
            self._frame, self._uptimes = frame, uptimes
            seconds = [self._first[number].uptime for number in self._ticking]
            self._minutes = list(map(_minute_of, uptimes, seconds))
            self._form = _form_of(uptimes, seconds)

    def _advance(self, uptimes: list[bytes]) -> None:
        """Take over new uptimes; all else is as it was."""
        minutes = self._minutes
        made_of = (self._first, self._ticking, minutes, uptimes)
        if not self._are_later(uptimes):
            before, seconds = _read_uptimes(minutes, self._uptimes), _read_uptimes(minutes, uptimes)
            self._form = _form_of(uptimes, seconds)
            if not all(map(_went_on, before, seconds)):
                self._services = self._first = _with_uptimes(*made_of)
                self._uptimes = uptimes
                return
        self._services = LaterServices(
            self._first,
            partial(_uptimes_by_place, self._ticking, minutes, uptimes),
            partial(_with_uptimes, *made_of),
        )
        self._uptimes = uptimes

    def _are_later(self, texts: list[bytes]) -> bool:
        """Whether uptimes went on as far as their texts show, so that none need be read.

        Texts of one form are ordered as what they say, up to 59 minutes and seconds, and to 23
        hours after days.
        """
        joined = b"\n".join(texts)
        return (
            joined.translate(_AS_ZEROS) == self._form
            and all(map(ge, texts, self._uptimes))
            and not _SIXTY.search(joined)
            and not _DAY_OF_HOURS.search(joined)
        )


def _form_of(texts: list[bytes], uptimes: list[int | None]) -> bytes:
    """Return uptimes with each digit as a zero; empty where their texts show no order."""
    joined = b"\n".join(texts)
    form = joined.translate(_AS_ZEROS)
    is_odd = None in uptimes or _UNORDERED.search(form) or _DAY_OF_HOURS.search(joined)
    return b"" if is_odd else form


def _went_on(before: int | None, now: int | None) -> bool:
    return before is not None and now is not None and now >= before


def _read_uptimes(minutes: list[_Minute], texts: list[bytes]) -> list[int | None]:
    """Return uptimes in seconds: nearly all are in the minute of those read before."""
    found = list[int | None]()
    for number, text in enumerate(texts):
        minute, began = minutes[number]
        second = _SECONDS.get(text[-2:])
        if second is not None and text[:-2] == minute:
            found.append(began + second)
        else:
            uptime = read_uptime(text.decode())
            minutes[number] = _minute_of(text, uptime)
            found.append(uptime)
    return found


def _uptimes_by_place(
    places: list[int], minutes: list[_Minute], texts: list[bytes]
) -> dict[int, int | None]:
    return dict(zip(places, _read_uptimes(minutes, texts), strict=True))


def _with_uptimes(
    services: tuple[Service, ...],
    places: list[int],
    minutes: list[_Minute],
    texts: list[bytes],
) -> tuple[Service, ...]:
    """Return services with other uptimes, each of the service at one of the `places`."""
    made = list(services)
    for place, uptime, text in zip(places, _read_uptimes(minutes, texts), texts, strict=True):
        old = made[place]
        raw = {**old.raw, "uptime": text.decode()} if isinstance(old.raw, dict) else old.raw
        made[place] = Service(old.name, old.status, old.started_at, uptime, old.note, 0, raw)
    return tuple(made)


def _minute_of(text: bytes, uptime: int | None) -> _Minute:
    seconds = _SECONDS.get(text[-2:])
    if uptime is None or seconds is None or text[-3:-2] != b":":
        return None, 0
    return text[:-2], uptime - seconds
