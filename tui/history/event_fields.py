"""An event's details and cause as JSON, the column `fields` of the table `event`."""

import json
import math
from dataclasses import fields
from datetime import datetime
from enum import Enum
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from tui.model.event import (
    Cause,
    ConnectionLost,
    ConnectionRegained,
    CrashLoop,
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
from tui.model.text import clean

TEXT_AT_MOST = 500
"""No text of an event is kept longer, in characters."""

_CAUSE, _SENDER = "cause", "sender"
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

_HINTS = {class_: get_type_hints(class_) for class_ in (*_CLASSES.values(), Sender)}


def encode_fields(details: EventDetails, cause: Cause, sender: Sender | None = None) -> str | None:
    """Return details and cause as a JSON object; None for an old sentence, which has no fields.

    `sender` is a key of its own beside those that earlier versions read, where there is one.
    """
    if isinstance(details, OldSentence):
        return None
    values = {_CAUSE: cause.value} | _values(details)
    if sender is not None:
        values[_SENDER] = _values(sender)
    return json.dumps(values, ensure_ascii=False)


def _values(record: Any) -> dict[str, object]:
    return {field.name: _plain(getattr(record, field.name)) for field in fields(record)}


def decode_fields(kind: EventKind, text: str) -> tuple[EventDetails, Cause, Sender | None] | None:
    """Return details, cause and sender in a JSON object; None where it does not hold them."""
    class_ = _CLASSES[kind]
    try:
        values = json.loads(text)
        cause = Cause(values.pop(_CAUSE))
        sender = values.pop(_SENDER, None)
        details = class_(**_arguments(class_, values))
        known = None if sender is None else Sender(**_arguments(Sender, sender))
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return None
    return (details, cause, known) if details.kind is kind else None


def _arguments(class_: type[Any], values: Any) -> dict[str, Any]:
    hints = _HINTS[class_]
    return {field.name: _typed(hints[field.name], values[field.name]) for field in fields(class_)}


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
