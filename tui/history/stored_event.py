"""An event as the history holds it; texts from a file are clean only once they are read here."""

import json
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime
from enum import Enum
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from tui.history.old_sentences import parse_sentence
from tui.model.clock import monotonic
from tui.model.dataclass import dataclass
from tui.model.event import (
    RECORDED,
    TEXT_AT_MOST,
    Cause,
    ConnectionLost,
    ConnectionRegained,
    CrashLoop,
    Event,
    EventDetails,
    EventKind,
    OldSentence,
    OrderEnded,
    OrderGiven,
    Restart,
    RoleChange,
    RolloutMoved,
    Sender,
    StatusChange,
    StoppedLogin,
)
from tui.model.event_text import details_text
from tui.model.text import clean

_CAUSE, _SENDER, _ACTION = "cause", "sender", "action"
_CLASSES: dict[EventKind, type[EventDetails]] = {
    EventKind.FLIPPED: StatusChange,
    EventKind.VANISHED: StatusChange,
    EventKind.APPEARED: StatusChange,
    EventKind.RESTARTED: Restart,
    EventKind.LOOPING: CrashLoop,
    EventKind.LOST: ConnectionLost,
    EventKind.REGAINED: ConnectionRegained,
    EventKind.ROLE: RoleChange,
    EventKind.LOGIN: StoppedLogin,
    EventKind.ORDERED: OrderGiven,
    EventKind.VERDICT: OrderEnded,
    EventKind.ROLLOUT: RolloutMoved,
}

_ADDED: dict[type[Any], frozenset[str]] = {
    RolloutMoved: frozenset({"services"}),
    Sender: frozenset({"has_ended", "ended_on"}),
}
"""The fields, by class, that earlier versions did not write; each has a default."""

_HINTS = {class_: get_type_hints(class_) for class_ in (*_CLASSES.values(), Sender)}


_Fields = tuple[EventDetails, Cause, Sender | None, str]


def encode_fields(
    details: EventDetails, cause: Cause, sender: Sender | None = None, action: str = ""
) -> str | None:
    """Return details and cause as a JSON object; None for an old sentence, which has no fields.

    `sender` and `action` are keys of their own beside those that earlier versions read, where
    there are such.
    """
    if isinstance(details, OldSentence):
        return None
    values = {_CAUSE: cause.value} | _values(details)
    if sender is not None:
        values[_SENDER] = _values(sender)
    if action:
        values[_ACTION] = clean(action)
    return json.dumps(values, ensure_ascii=False)


def action_mark(action: str) -> str:
    """Return what stands in the encoded fields of the events of an action, and in no others."""
    return json.dumps({_ACTION: clean(action)}, ensure_ascii=False)[1:-1]


def _values(record: Any) -> dict[str, object]:
    return {field.name: _plain(getattr(record, field.name)) for field in fields(record)}


def decode_fields(kind: EventKind, text: str) -> _Fields | None:
    """Return details, cause, sender and action in a JSON object; None where it has them not."""
    class_ = _CLASSES[kind]
    try:
        values = json.loads(text)
        cause = Cause(values.pop(_CAUSE))
        sender = values.pop(_SENDER, None)
        action = str(_typed(str, values.pop(_ACTION, "")))
        details = class_(**_arguments(class_, values))
        known = None if sender is None else Sender(**_arguments(Sender, sender))
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return None
    return (details, cause, known, action) if details.kind is kind else None


def _arguments(class_: type[Any], values: Any) -> dict[str, Any]:
    hints = _HINTS[class_]
    added = _ADDED.get(class_, frozenset())
    names = (field.name for field in fields(class_))
    read = [name for name in names if name in values or name not in added]
    return {name: _typed(hints[name], values[name]) for name in read}


def _plain(value: object) -> object:
    match value:
        case Enum():
            return value.value
        case datetime():
            return value.isoformat()
        case str():
            return clean(value, TEXT_AT_MOST)
        case tuple():
            return [_plain(item) for item in value]
        case _:
            return value


def _typed(hint: Any, value: object) -> object:
    """Return a JSON value as the type of a field; raises ValueError, TypeError."""
    if isinstance(hint, UnionType):  # of one type and None
        return None if value is None else _typed(get_args(hint)[0], value)
    if get_origin(hint) is tuple:
        if not isinstance(value, list):
            raise TypeError
        return tuple(_typed(str, item) for item in value)
    if issubclass(hint, Enum):
        return hint(value)
    if hint is datetime:
        moment = datetime.fromisoformat(str(value))
        if moment.tzinfo is None:
            raise ValueError
        return moment
    if hint is float and type(value) is int:
        value = float(value)
    if type(value) is not hint or (isinstance(value, float) and not math.isfinite(value)):
        raise TypeError
    return clean(value, TEXT_AT_MOST) if isinstance(value, str) else value


_KINDS = {kind.value: kind for kind in RECORDED}


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One event of this or an earlier session.

    `on` is the wall clock (aware, UTC); `what` is the value of an EventKind, or a word of a later
    version. `details` is None where this version cannot read them; `text` is then what stands in
    the file. `until` is the end of what lasted, as a time without data. `action` is as an Event's.
    """

    on: datetime
    cluster: str
    node: str
    service: str
    what: str
    text: str
    cause: Cause
    details: EventDetails | None
    sender: Sender | None = None
    until: datetime | None = None
    action: str = ""

    @property
    def word(self) -> str:
        """The word for its kind; that of the file where this version does not know it."""
        kind = _KINDS.get(self.what)
        return self.what if kind is None else kind.word

    @property
    def is_ordered(self) -> bool:
        """Whether an action explains it that was given in that session, or beside it."""
        return self.cause is Cause.ORDERED_HERE or self.sender is not None


def event_row(event: Event, cluster: str) -> tuple[object, ...]:
    """Return an event as a row of the table `event`.

    The columns `text` and `brief` hold the sentences that earlier versions kept; an event that has
    fields leaves them empty.
    """
    details = event.details
    old = details if isinstance(details, OldSentence) else OldSentence(details.kind, "")
    return (
        event.on.timestamp(),
        clean(cluster),
        clean(event.node),
        clean(event.service),
        event.kind.value,
        clean(old.text, TEXT_AT_MOST),
        clean(old.brief),
        event.ordered_here,
        encode_fields(details, event.cause, event.sender, event.action),
    )


def read_event_row(row: Sequence[object]) -> StoredEvent | None:
    """Read a row of the table `event`; None where its time is none.

    The last value, the fields, is None in a row of an earlier version.
    """
    at, *texts, ordered, fields = row
    on = wall_clock(at)
    if on is None:
        return None
    cluster, node, service, what, text, brief = (clean(str(value), TEXT_AT_MOST) for value in texts)
    kind = _KINDS.get(what)
    cause = Cause.ORDERED_HERE if ordered else Cause.UNKNOWN
    known: _Fields | None = None
    if kind is not None and fields is None:
        parsed = parse_sentence(kind, text, brief=brief, service=service, ordered=bool(ordered))
        known = (*parsed, None, "")
    elif kind is not None:
        known = decode_fields(kind, str(fields))
    if known is None:
        return StoredEvent(on, cluster, node, service, what, text, cause, None)
    details, cause, sender, action = known
    words = details_text(details, cause, sender)
    return StoredEvent(
        on, cluster, node, service, what, words, cause, details, sender, action=action
    )


def as_stored(event: Event, cluster: str) -> StoredEvent:
    """Return an event as it is listed beside stored ones, recorded or not."""
    details = event.details
    words = details_text(details, event.cause, event.sender)
    return StoredEvent(
        event.on,
        cluster,
        event.node,
        event.service,
        event.kind.value,
        words,
        event.cause,
        details,
        event.sender,
        action=event.action,
    )


def _is_gone(pid: int | None) -> bool:
    """Whether no other process of this machine has an id; False where it is not known."""
    if pid is None or pid <= 0:
        return False
    if pid == os.getpid():
        return True  # it was another's before, as in a container that is begun anew
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        pass
    return False


def wall_clock(at: object) -> datetime | None:
    """Return seconds since 1970 as a time, aware, UTC; None where there is none such."""
    try:
        return datetime.fromtimestamp(float(str(at)), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def as_events(stored: Iterable[StoredEvent], *, is_recorder: bool = False) -> Iterator[Event]:
    """Yield stored events as events of this session, as long ago as the wall clock shows.

    An event whose details this version cannot read is left out. A rollout is that of another
    process, which earlier versions did not record. Rollouts are recorded by their own process, one
    at a time: where this one `is_recorder` now, they are of processes that have ended, unless such
    a process is there.
    """
    now, today = monotonic(), datetime.now(UTC)
    for event in stored:
        if event.details is not None:
            at = now - max(0.0, (today - event.on).total_seconds())
            sender = event.sender
            if sender is None and isinstance(event.details, RolloutMoved):
                sender = Sender()
            if sender is not None and is_recorder and isinstance(event.details, RolloutMoved):
                sender = replace(sender, has_ended=_is_gone(sender.pid))
            yield Event(
                event.node,
                event.details,
                at,
                event.on,
                event.service,
                event.cause,
                sender,
                event.action,
            )
