"""Reads the history, whether a deck writes it at the time or not."""

import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from tui.history.database import VERSION_WITH_FIELDS, connect, database_errors, version_of
from tui.history.day import Day, Span, State, gaps_between, make_day
from tui.history.stored_event import StoredEvent, read_event_row, wall_clock
from tui.history.writer import NAME
from tui.model.event import Cause, TimeWithoutData
from tui.model.event_text import details_text
from tui.storage.private_files import MissingFile, check_file, opened_folder, path_text

_EVENTS = """SELECT * FROM (
    SELECT at, cluster, node, service, what, text, brief, ordered, {fields} AS fields,
    rowid AS number FROM event
    WHERE at >= :since AND at <= :until AND (:node = '' OR node = :node)
    ORDER BY at DESC, number DESC LIMIT :limit
) ORDER BY at, number"""
_OF = "node = :node AND service = :service AND (:cluster IS NULL OR cluster = :cluster)"
_STATES = f"""SELECT since, status, started, began FROM state WHERE {_OF}
AND since <= :ended AND since >= coalesce(
    (SELECT max(since) FROM state WHERE {_OF} AND since <= :begun), :begun
) ORDER BY since, rowid"""  # noqa: S608 - our words
_OF_NODE = "node = :node AND (:cluster IS NULL OR cluster = :cluster)"
_STATES_OF_NODE = f"""SELECT service, since, status, started, began FROM state AS state
WHERE {_OF_NODE} AND since <= :ended AND since >= coalesce(
    (SELECT max(since) FROM state AS earlier WHERE {_OF_NODE}
     AND earlier.service = state.service AND since <= :begun), :begun
) ORDER BY since, rowid"""  # noqa: S608 - our words
_SPANS = """SELECT begun, ended FROM span WHERE node = :node
AND (:cluster IS NULL OR cluster = :cluster) AND ended >= :begun AND begun <= :ended"""
_EVERY_SPAN = "SELECT begun, ended FROM span WHERE :node = '' OR node = :node"
_GAP_AT_LEAST = 10.0
"""Seconds without an answer that are listed; a deck that is opened anew soon leaves no gap."""

_ALL = -1
_NEVER = -1e300


class HistoryReader:
    """The history in a folder. Every method opens the database anew, in any thread, and blocks.

    All raise StorageError, and MissingFile where there is no history yet.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME

    def events(
        self,
        since: datetime | None,
        *,
        until: datetime | None = None,
        node: str = "",
        limit: int | None = None,
    ) -> list[StoredEvent]:
        """List the events of a span of time, the oldest first; at most the `limit` newest."""
        values = {
            "since": _NEVER if since is None else since.timestamp(),
            "until": -_NEVER if until is None else until.timestamp(),
            "node": node,
            "limit": _ALL if limit is None else limit,
        }
        with self._opened() as database:
            # A file that no deck of this version has written yet has no such column.
            fields = "NULL" if version_of(database) < VERSION_WITH_FIELDS else "fields"
            rows = database.execute(_EVENTS.format(fields=fields), values)
            stored = [read_event_row(row) for *row, _ in rows]
        return [event for event in stored if event is not None]

    def gaps(self, since: datetime | None, *, node: str = "") -> list[StoredEvent]:
        """List the times without data of a node, or those of all nodes alike, the oldest first.

        In these no deck polled, or no poll was answered. Those that ended before `since` are left
        out, and the time after the last answer.
        """
        with self._opened() as database:
            rows = [_span(*row) for row in database.execute(_EVERY_SPAN, {"node": node})]
        begin = _NEVER if since is None else since.timestamp()
        found = gaps_between(filter(None, rows), _GAP_AT_LEAST)
        gaps = (_gap(node, begun, ended) for begun, ended in found if ended >= begin)
        return [gap for gap in gaps if gap is not None]

    def day(
        self,
        node: str,
        service: str,
        now: datetime,
        hours: float = 24,
        *,
        cluster: str | None = None,
    ) -> Day:
        """Return what is known of a service in the hours before `now`.

        Two configurations may give one name to two nodes: `cluster` distinguishes them.
        """
        begun, ended = (now - timedelta(hours=hours)).timestamp(), now.timestamp()
        values = {
            "node": node, "service": service, "cluster": cluster, "begun": begun, "ended": ended,
        }  # fmt: skip
        with self._opened() as database:
            states = [_state(*row) for row in database.execute(_STATES, values)]
            spans = [_span(*row) for row in database.execute(_SPANS, values)]
        return make_day(filter(None, states), filter(None, spans), begun, ended)

    def days(
        self, node: str, now: datetime, hours: float, *, cluster: str | None = None
    ) -> dict[str, Day]:
        """Return what is known of all services of a node in the hours before `now`, by name."""
        begun, ended = (now - timedelta(hours=hours)).timestamp(), now.timestamp()
        values = {"node": node, "cluster": cluster, "begun": begun, "ended": ended}
        states: dict[str, list[State]] = {}
        with self._opened() as database:
            for service, *row in database.execute(_STATES_OF_NODE, values):
                state = _state(*row)
                if isinstance(service, str) and state is not None:
                    states.setdefault(service, []).append(state)
            spans = [*filter(None, (_span(*row) for row in database.execute(_SPANS, values)))]
        return {name: make_day(found, spans, begun, ended) for name, found in states.items()}

    @contextlib.contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        with opened_folder(self.path.parent, make=False) as folder:
            check_file(folder, self.path)
        database = connect(self.path, write=False)
        try:
            with database_errors(self.path):
                if version_of(database) == 0:
                    raise MissingFile(f"{path_text(self.path)}: nothing has been kept yet")
                yield database
        finally:
            database.close()


def _state(since: object, status: object, started: object, began: object) -> State | None:
    """Read a row of the table `state`; None where its values are of other types."""
    if not isinstance(since, float) or not isinstance(status, str | None):
        return None
    if not isinstance(started, float | None) or not isinstance(began, float | None):
        return None
    return State(since, status, started, began)


def _gap(node: str, begun: float, ended: float) -> StoredEvent | None:
    on, until = wall_clock(begun), wall_clock(ended)
    if on is None or until is None:
        return None  # the file was changed by others
    details, cause = TimeWithoutData(on, until), Cause.UNKNOWN
    text = details_text(details, cause)
    return StoredEvent(on, "", node, "", details.kind.value, text, cause, details, until=until)


def _span(begun: object, ended: object) -> Span | None:
    if isinstance(begun, float) and isinstance(ended, float):
        return begun, ended
    return None
