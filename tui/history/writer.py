"""The one writer of the history, which holds its lock, and what it deletes.

That is the oldest, by age and by size. Used by one thread alone.
"""

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tui.history.database import BrokenDatabase, connect, database_errors, prepare
from tui.history.stored_event import action_mark, event_row, read_event_row
from tui.history.write_queue import Batch, Node, StateMark, WatchedState
from tui.model.clock import monotonic
from tui.model.event import Event, EventDetails, is_same_step
from tui.storage.private_files import (
    MissingFile,
    StorageError,
    check_file,
    opened_file,
    opened_folder,
    path_text,
    storage_errors,
)

NAME = "history.sqlite3"
_BESIDE = ("", "-wal", "-shm")
_PRUNE_EVERY = 600.0
_SAME_WITHIN = 5.0
"""Seconds within which two decks see one event: each sees it when it next polls the node.

How often the other deck polls is not known: where that is less often than this, an event of the
moment in which the lock changes hands may be kept twice. Longer, it would swallow a second one.
"""
_ACTION_WITHIN = 86400.0
"""Seconds by which the clock may have been set between two records of one action."""

_ABSENT = (None, None)

_EVENT = """INSERT INTO event(at, cluster, node, service, what, text, brief, ordered, fields)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_STATE = "INSERT INTO state VALUES (?, ?, ?, ?, ?, ?, ?)"
_SPAN = """INSERT INTO span VALUES (?, ?, ?, ?)
ON CONFLICT (cluster, node, begun) DO UPDATE SET ended = max(ended, excluded.ended)"""
_LIKE_IT = """SELECT * FROM event WHERE at BETWEEN ? AND ?
AND cluster = ? AND node = ? AND service = ? AND what = ?"""
_OF_ACTION = """SELECT * FROM event WHERE at BETWEEN ? AND ? AND what = ?
AND (instr(fields, ?) OR fields IS NULL OR NOT instr(fields, '"action": '))"""
_LAST = """SELECT cluster, node, service, status, started, max(since) FROM state
GROUP BY cluster, node, service"""


class HistoryBusy(StorageError):
    """Another deck writes the history; this one only reads it."""


class HistoryWriter:
    """Writes batches into `history.sqlite3` in a folder; every method raises StorageError.

    `days` and `limit` (bytes) bound what is kept. `generation` grows when the states of services
    in the file are not those that were written last: then all of them must be written again.
    `set_aside` is the new path of a broken file. A locked database is waited for `busy` seconds.
    """

    def __init__(self, folder: Path, *, days: float, limit: int, busy: float) -> None:
        self.path = folder / NAME
        self.generation = 0
        self.set_aside: Path | None = None
        self._days = days
        self._limit = limit
        self._busy = busy
        self._held = contextlib.ExitStack()
        self._database: sqlite3.Connection | None = None
        self._inode = 0
        self._follows_another = False
        self._last: dict[Node, dict[str, tuple[str | None, float | None]]] = {}
        self._pruned_at: float | None = None

    def open(self) -> sqlite3.Connection:
        """Lock the history and open the database, unless it is open; raises HistoryBusy besides.

        What is written first after another deck had it leaves out the events which that one wrote.
        """
        if self._database is not None and self._is_there():
            return self._database
        self.close()
        with contextlib.ExitStack() as held:
            folder = held.enter_context(opened_folder(self.path.parent, make=True))
            self._lock(held, folder)
            try:
                database = self._opened(folder)
            except BrokenDatabase:
                self._set_aside()
                database = self._opened(folder)
            self._held = held.pop_all()
        self._database, self._pruned_at = database, None
        self.generation += 1
        return database

    @property
    def is_open(self) -> bool:
        """Whether it holds the lock of the history, and has it open."""
        return self._database is not None

    def close(self) -> None:
        """Close the database and release the lock."""
        with self._held:
            self._close_database()

    def _close_database(self) -> None:
        database, self._database = self._database, None
        if database is not None:
            with contextlib.suppress(sqlite3.Error):
                database.close()

    def write(self, batch: Batch) -> None:
        """Write a whole batch or nothing; a broken file is set aside, and a new one begun."""
        try:
            self._write(self.open(), batch)
        except BrokenDatabase:
            self._close_database()
            self._set_aside()
            self._write(self.open(), batch)

    def _write(self, database: sqlite3.Connection, batch: Batch) -> None:
        with self._transaction(database):
            database.execute("BEGIN IMMEDIATE")
            events = [
                row
                for cluster, event in batch.events
                if not self._is_written(database, event, row := event_row(event, cluster))
            ]
            database.executemany(_EVENT, events)
            fresh = [row for state in batch.states for row in self._states(state)]
            database.executemany(_STATE, fresh)
            spans = ((*key, ended) for key, ended in batch.stretches.items())
            database.executemany(_SPAN, spans)
            database.execute("COMMIT")
        self._follows_another = False

    def _is_written(self, database: sqlite3.Connection, event: Event, row: tuple[Any, ...]) -> bool:
        """Whether the file holds an event already, as another process saw it or recorded it."""
        if event.action:
            return _is_action_written(database, event)
        return self._follows_another and _is_like_one_written(database, row)

    def prune(self) -> None:
        """Delete what is beyond the limit at once, and what is too old now and then."""
        database = self.open()
        now = monotonic()
        with self._transaction(database):
            gone = prune_by_size(database, self._limit)
            if self._pruned_at is None or now - self._pruned_at > _PRUNE_EVERY:
                self._pruned_at = now
                oldest = datetime.now(UTC) - timedelta(days=self._days)
                gone |= prune_by_age(database, oldest.timestamp())
            if gone:
                self._load_states(database)
                self.generation += 1

    @contextlib.contextmanager
    def _transaction(self, database: sqlite3.Connection) -> Iterator[None]:
        """Roll back what was not completed, and load the states that are in the file."""
        done = False
        with database_errors(self.path):
            try:
                yield
                done = True
            finally:
                if not done:
                    self._roll_back(database)

    def _roll_back(self, database: sqlite3.Connection) -> None:
        self._last = {}
        with contextlib.suppress(sqlite3.Error):
            if database.in_transaction:
                database.execute("ROLLBACK")
            self._load_states(database)

    def _states(self, state: WatchedState) -> list[tuple[object, ...]]:
        """Return the rows for the states that are not yet in the file."""
        known = self._last.setdefault(state.node, {})
        marks = dict(state.marks)
        if state.whole:
            marks |= {name: StateMark(None) for name in known.keys() - marks.keys()}
        rows: list[tuple[object, ...]] = []
        for name, mark in marks.items():
            if known.get(name, _ABSENT) != mark.key:
                rows.append((*state.node, name, state.at, *mark.key, mark.began))
            if mark.key == _ABSENT:
                known.pop(name, None)
            else:
                known[name] = mark.key
        return rows

    def _load_states(self, database: sqlite3.Connection) -> None:
        """Load how the services were last written."""
        self._last = {}
        for cluster, node, service, status, started, _ in database.execute(_LAST):
            if status is not None:
                self._last.setdefault((cluster, node), {})[service] = (status, started)

    # The file

    def _opened(self, folder: int) -> sqlite3.Connection:
        for name in _BESIDE:
            with contextlib.suppress(MissingFile):
                check_file(folder, self.path.with_name(NAME + name))
        with storage_errors(self.path), contextlib.suppress(FileExistsError):
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            os.close(os.open(NAME, flags, 0o600, dir_fd=folder))
        self._inode = check_file(folder, self.path).st_ino
        database = connect(self.path, write=True, busy=self._busy)
        try:
            with database_errors(self.path):
                prepare(database)
                if database.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                    raise BrokenDatabase(f"{path_text(self.path)}: it is damaged")
                self._load_states(database)
        except StorageError:
            database.close()
            raise
        return database

    def _is_there(self) -> bool:
        """Return whether the file is still the one that was opened."""
        try:
            return self.path.stat().st_ino == self._inode
        except OSError:
            return False

    def _lock(self, held: contextlib.ExitStack, folder: int) -> None:
        path = self.path.with_name("history.lock")
        file = held.enter_context(opened_file(folder, path, os.O_RDWR | os.O_CREAT))
        with storage_errors(path):
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._follows_another = True
                raise HistoryBusy("another deck keeps the history; this one reads it") from None

    def _set_aside(self) -> None:
        """Rename a broken file, which must not be open here."""
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        aside = self.path.with_name(f"{NAME}.broken-{stamp}")
        for name in _BESIDE:
            with contextlib.suppress(MissingFile), storage_errors(self.path):
                self.path.with_name(NAME + name).rename(aside.with_name(aside.name + name))
        self.set_aside = aside


def _is_action_written(database: sqlite3.Connection, event: Event) -> bool:
    """Whether the file holds an action's event, whichever process wrote it there."""
    at = event.on.timestamp()
    span = (at - _ACTION_WITHIN, at + _ACTION_WITHIN)
    near = database.execute(_OF_ACTION, (*span, event.kind.value, action_mark(event.action)))
    written = filter(None, map(read_event_row, near))
    return any(is_same_step(event, one) for one in written)


def _is_like_one_written(database: sqlite3.Connection, row: tuple[Any, ...]) -> bool:
    """Whether the file holds the event of a row already, as another deck saw it."""
    at, *key = row[:5]
    near = database.execute(_LIKE_IT, (at - _SAME_WITHIN, at + _SAME_WITHIN, *key))
    return _details(row) in map(_details, near)


def _details(row: tuple[object, ...]) -> EventDetails | None:
    event = read_event_row(row)
    return None if event is None else event.details


def describe_aside(path: Path) -> str:
    """Return where a broken file was moved to, for people."""
    return f"the history was broken and is begun anew; the old one is {path_text(path)}"


_FULL = 0.8
"""The share of the limit at which room is made, so that one more batch still fits."""

_ROOM = 0.65
"""The share of the limit that remains when room has been made."""

_AT_ONCE = 5
"""A share of each table, one in so many, that goes at a time."""

_COUNTS = {
    "event": "SELECT count(*) FROM event",
    "span": "SELECT count(*) FROM span",
    "state": "SELECT count(*) FROM state",
}
_OLDEST = {
    "event": "SELECT at FROM event ORDER BY at LIMIT 1 OFFSET ?",
    "span": "SELECT ended FROM span ORDER BY ended LIMIT 1 OFFSET ?",
}
_DELETE = {
    "event": "DELETE FROM event WHERE at <= ?",
    "span": "DELETE FROM span WHERE ended <= ?",
}

# The newest row of a service is its present state, however old; of a service that is gone, no row
# is needed, and of a node that was not watched since, none if `:unwatched`.
_DELETE_STATES = """DELETE FROM state WHERE rowid IN (
    SELECT rowid FROM state WHERE since < :before AND (
        status IS NULL
        OR EXISTS (
            SELECT 1 FROM state AS later
            WHERE later.cluster = state.cluster AND later.node = state.node
            AND later.service = state.service AND later.since > state.since
            AND later.since <= :before
        )
        OR (:unwatched AND NOT EXISTS (
            SELECT 1 FROM span WHERE span.cluster = state.cluster AND span.node = state.node
        ))
    ) ORDER BY since LIMIT :most
)"""
_FOR_EVER = 1e300
_ALL = -1


def prune_by_age(database: sqlite3.Connection, oldest: float) -> bool:
    """Delete what ended before `oldest` (wall clock, seconds); return whether states went."""
    database.execute("BEGIN IMMEDIATE")
    database.execute("DELETE FROM event WHERE at < ?", (oldest,))
    database.execute("DELETE FROM span WHERE ended < ?", (oldest,))
    values = {"before": oldest, "unwatched": True, "most": _ALL}
    states = database.execute(_DELETE_STATES, values).rowcount
    database.execute("COMMIT")
    return states > 0


def prune_by_size(database: sqlite3.Connection, limit: int) -> bool:
    """Delete the oldest until there is room below `limit` bytes; return whether states went."""
    if _used(database) <= limit * _FULL:
        return False
    any_states = False
    while _used(database) > limit * _ROOM:
        database.execute("BEGIN IMMEDIATE")
        values = {"before": _FOR_EVER, "unwatched": False, "most": _share(database, "state") + 1}
        states = database.execute(_DELETE_STATES, values).rowcount
        others = _delete_oldest(database, "event") + _delete_oldest(database, "span")
        database.execute("COMMIT")
        any_states |= states > 0
        if not states + others:
            break
    _give_back(database)
    return any_states


def _delete_oldest(database: sqlite3.Connection, table: str) -> int:
    """Delete a share of a table; return how many rows went."""
    until = database.execute(_OLDEST[table], (_share(database, table),)).fetchone()
    return 0 if until is None else database.execute(_DELETE[table], until).rowcount


def _share(database: sqlite3.Connection, table: str) -> int:
    return int(database.execute(_COUNTS[table]).fetchone()[0]) // _AT_ONCE


def _used(database: sqlite3.Connection) -> int:
    """Return the bytes that the tables take, without free pages."""
    (pages,), (free,), (size,) = (
        database.execute(f"PRAGMA {name}").fetchone()
        for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def _give_back(database: sqlite3.Connection) -> None:
    """Shrink the file to what is in it."""
    database.execute("PRAGMA incremental_vacuum").fetchall()
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
