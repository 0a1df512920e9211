"""The database: its tables, how it is opened, and its errors."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from tui.model.text import clean
from tui.storage.private_files import StorageError, path_text

VERSION = 2
"""Written into the file as its user_version; a file of a later one is not touched."""

VERSION_WITH_FIELDS = 2
"""Since this version an event has fields; before, it had a sentence, in `text` and `brief`."""

BUSY = 2.0
"""Seconds to wait for a database that another process has locked."""

_BROKEN = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

_ADD_FIELDS = "ALTER TABLE event ADD COLUMN fields TEXT;"
_TABLES = """
CREATE TABLE event(
    at REAL NOT NULL, cluster TEXT NOT NULL, node TEXT NOT NULL, service TEXT NOT NULL,
    what TEXT NOT NULL, text TEXT NOT NULL, brief TEXT NOT NULL, ordered INTEGER NOT NULL,
    fields TEXT
);
CREATE INDEX event_at ON event(at);
CREATE TABLE state(
    cluster TEXT NOT NULL, node TEXT NOT NULL, service TEXT NOT NULL, since REAL NOT NULL,
    status TEXT, started REAL, began REAL
);
CREATE INDEX state_of ON state(cluster, node, service, since);
CREATE INDEX state_since ON state(since);
CREATE TABLE span(
    cluster TEXT NOT NULL, node TEXT NOT NULL, begun REAL NOT NULL, ended REAL NOT NULL,
    PRIMARY KEY (cluster, node, begun)
) WITHOUT ROWID;
CREATE INDEX span_ended ON span(ended);
"""


class BrokenDatabase(StorageError):
    """The file is no database, or a damaged one."""


class UnknownDatabase(StorageError):
    """The file was written by a later version, and is not touched."""


@contextlib.contextmanager
def database_errors(path: Path) -> Iterator[None]:
    """Raise SQLite's errors about a file as StorageError, or BrokenDatabase for a damaged file."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        kind = BrokenDatabase if code in _BROKEN else StorageError
        raise kind(f"{path_text(path)}: {clean(str(error))}") from error
    except UnicodeError as error:
        raise StorageError(
            f"{path_text(path)}: its path cannot be given to the database"
        ) from error


def connect(path: Path, *, write: bool, busy: float = BUSY) -> sqlite3.Connection:
    """Open a database that exists, and wait at most `busy` seconds where it is locked.

    Raises StorageError, BrokenDatabase and UnknownDatabase.
    """
    mode = "rw" if write else "ro"
    with database_errors(path):
        database = sqlite3.connect(
            f"file:{quote(str(path))}?mode={mode}", uri=True, timeout=busy, isolation_level=None
        )
    try:
        with database_errors(path):
            # What is not UTF-8 is read with replacement characters, and does not stop the rest.
            database.text_factory = lambda raw: raw.decode("utf-8", "replace")
            version = version_of(database)
    except StorageError:
        database.close()
        raise
    if version > VERSION:
        database.close()
        raise UnknownDatabase(
            f"{path_text(path)}: a later version of rsdeck wrote it (schema {version}, "
            f"this one knows {VERSION})"
        )
    return database


def version_of(database: sqlite3.Connection) -> int:
    """Return the version of the schema; 0 where there is none yet."""
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def prepare(database: sqlite3.Connection) -> None:
    """Prepare a database to be written: create its tables or bring them up to date."""
    if version_of(database) == 0:
        # Before the first table, so that pruning gives space back.
        database.execute("PRAGMA auto_vacuum = INCREMENTAL")
    database.execute("PRAGMA journal_mode = WAL")
    # A crash of the machine may lose the last moments, but never the file.
    database.execute("PRAGMA synchronous = NORMAL")
    database.execute(f"PRAGMA journal_size_limit = {1024 * 1024}")
    version = version_of(database)
    if version < VERSION:
        script = _TABLES if version == 0 else _ADD_FIELDS
        database.executescript(f"BEGIN IMMEDIATE;{script}PRAGMA user_version = {VERSION};COMMIT;")
