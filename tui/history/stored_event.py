"""An event as the history holds it; texts from a file are clean only once they are read here."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from tui.history.event_fields import TEXT_AT_MOST, decode_fields, encode_fields
from tui.history.old_sentences import parse_sentence
from tui.model.clock import monotonic
from tui.model.event import RECORDED, Cause, Event, EventDetails, OldSentence, Sender
from tui.model.event_text import details_text
from tui.model.records import dataclass
from tui.model.text import clean

_KINDS = {kind.value: kind for kind in RECORDED}


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One event of this or an earlier session.

    `on` is the wall clock (aware, UTC); `what` is the value of an EventKind, or a word of a later
    version. `details` is None where this version cannot read them; `text` is then what stands in
    the file.
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
        encode_fields(details, event.cause, event.sender),
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
    known: tuple[EventDetails, Cause, Sender | None] | None = None
    if kind is not None and fields is None:
        parsed = parse_sentence(kind, text, brief=brief, service=service, ordered=bool(ordered))
        known = (*parsed, None)
    elif kind is not None:
        known = decode_fields(kind, str(fields))
    if known is None:
        return StoredEvent(on, cluster, node, service, what, text, cause, None)
    details, cause, sender = known
    words = details_text(details, cause, sender)
    return StoredEvent(on, cluster, node, service, what, words, cause, details, sender)


def wall_clock(at: object) -> datetime | None:
    """Return seconds since 1970 as a time, aware, UTC; None where there is none such."""
    try:
        return datetime.fromtimestamp(float(str(at)), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def as_events(stored: Iterable[StoredEvent]) -> Iterator[Event]:
    """Yield stored events as events of this session, as long ago as the wall clock shows.

    An event whose details this version cannot read is left out.
    """
    now, today = monotonic(), datetime.now(UTC)
    for event in stored:
        if event.details is not None:
            at = now - max(0.0, (today - event.on).total_seconds())
            yield Event(
                event.node, event.details, at, event.on, event.service, event.cause, event.sender
            )
