"""Delete what is too old, or too much, the oldest first. Called outside of a transaction."""

import sqlite3

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


def by_age(database: sqlite3.Connection, oldest: float) -> bool:
    """Delete what ended before `oldest` (wall clock, seconds); return whether states went."""
    database.execute("BEGIN IMMEDIATE")
    database.execute("DELETE FROM event WHERE at < ?", (oldest,))
    database.execute("DELETE FROM span WHERE ended < ?", (oldest,))
    values = {"before": oldest, "unwatched": True, "most": _ALL}
    states = database.execute(_DELETE_STATES, values).rowcount
    database.execute("COMMIT")
    return states > 0


def by_size(database: sqlite3.Connection, limit: int) -> bool:
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
