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
    StatusChange,
    StoppedLogin,
)
from tui.model.text import clean

TEXT_AT_MOST = 500
"""No text of an event is kept longer, in characters."""

_CAUSE = "cause"
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

_HINTS = {class_: get_type_hints(class_) for class_ in _CLASSES.values()}


def encode_fields(details: EventDetails, cause: Cause) -> str | None:
    """Return details and cause as a JSON object; None for an old sentence, which has no fields."""
    if isinstance(details, OldSentence):
        return None
    values = {field.name: _plain(getattr(details, field.name)) for field in fields(details)}
    return json.dumps({_CAUSE: cause.value} | values, ensure_ascii=False)


def decode_fields(kind: EventKind, text: str) -> tuple[EventDetails, Cause] | None:
    """Return the details and the cause in a JSON object; None where it does not hold them."""
    class_ = _CLASSES[kind]
    hints = _HINTS[class_]
    try:
        values = json.loads(text)
        cause = Cause(values.pop(_CAUSE))
        arguments: dict[str, Any] = {
            field.name: _typed(hints[field.name], values[field.name]) for field in fields(class_)
        }
        details = class_(**arguments)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return None
    return (details, cause) if details.kind is kind else None


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
