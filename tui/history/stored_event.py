"""An event as it was kept; what a file says is clean only once it is cleaned here."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from tui.model.event import Event, EventKind
from tui.model.text import clean

_TEXT = 500
_HAPPENINGS = {one.value: one for one in EventKind}


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One event of this or an earlier session.

    `on` is the wall clock (aware, UTC); `what` is a Happening's word, or one of a later version.
    """

    on: datetime
    cluster: str
    node: str
    service: str
    what: str
    text: str
    brief: str
    ordered: bool


def read_event(row: Sequence[object]) -> StoredEvent | None:
    """Take a row of the table `event`; None where nobody can have written it so."""
    at, *words, ordered = row
    on = wall_clock(at)
    if on is None:
        return None
    cluster, node, service, what, text, brief = (clean(str(word), _TEXT) for word in words)
    return StoredEvent(on, cluster, node, service, what, text, brief, bool(ordered))


def wall_clock(at: object) -> datetime | None:
    """Give seconds since 1970 as a wall clock's time, UTC; None where there is none such."""
    try:
        return datetime.fromtimestamp(float(str(at)), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def as_events(kept: Iterable[StoredEvent]) -> Iterator[Event]:
    """Give what was kept as events of this session, as long ago as the wall clock says.

    What a later version calls by a word that is not known here is left out.
    """
    now, today = time.monotonic(), datetime.now(UTC)
    for one in kept:
        happening = _HAPPENINGS.get(one.what)
        if happening is not None:
            at = now - max(0.0, (today - one.on).total_seconds())
            yield Event(
                one.node, happening, one.text, at, one.on, one.service, one.brief, one.ordered
            )
