"""Delete what is too old, or too much, the oldest first. Called outside of a transaction."""

import sqlite3

_FULL = 0.8
"""The share of the limit at which room is made, so that one more batch still fits."""

_ROOM = 0.65
"""The share of the limit that is left when room has been made."""

_AT_ONCE = 5
"""A share of each table, one in so many, that goes at a time."""

# The newest row of a service is its present state, however old; of a service that is gone, no
# row is needed.
_OUTDATED = """(status IS NULL OR EXISTS (
    SELECT 1 FROM state AS later WHERE later.cluster = state.cluster AND later.node = state.node
    AND later.service = state.service AND later.since > state.since AND later.since <= :oldest
))"""
_FORGOTTEN = """NOT EXISTS (
    SELECT 1 FROM span WHERE span.cluster = state.cluster AND span.node = state.node
)"""
_FOR_EVER = 1e300


def by_age(database: sqlite3.Connection, oldest: float) -> bool:
    """Delete what ended before `oldest` (wall clock, seconds); return whether states went."""
    values = {"oldest": oldest}
    database.execute("BEGIN IMMEDIATE")
    database.execute("DELETE FROM event WHERE at < :oldest", values)
    database.execute("DELETE FROM span WHERE ended < :oldest", values)
    states = database.execute(
        f"DELETE FROM state WHERE since < :oldest AND ({_OUTDATED} OR {_FORGOTTEN})",  # noqa: S608 - our words
        values,
    ).rowcount
    database.execute("COMMIT")
    return states > 0


def by_size(database: sqlite3.Connection, limit: int) -> bool:
    """Delete the oldest until there is room below `limit` bytes; return whether states went."""
    if _used(database) <= limit * _FULL:
        return False
    any_states = False
    while _used(database) > limit * _ROOM:
        database.execute("BEGIN IMMEDIATE")
        states = _oldest_states(database)
        others = _oldest(database, "event", "at") + _oldest(database, "span", "ended")
        database.execute("COMMIT")
        any_states |= states > 0
        if not states + others:
            break
    give_back(database)
    return any_states


def _oldest(database: sqlite3.Connection, table: str, by: str) -> int:
    """Delete a share of a table; return how many rows went."""
    until = database.execute(
        f"SELECT {by} FROM {table} ORDER BY {by} LIMIT 1 OFFSET ?",  # noqa: S608 - our words
        (_share(database, table),),
    ).fetchone()
    if until is None:
        return 0
    return database.execute(f"DELETE FROM {table} WHERE {by} <= ?", until).rowcount  # noqa: S608 - our words


def _oldest_states(database: sqlite3.Connection) -> int:
    oldest = f"SELECT rowid FROM state WHERE {_OUTDATED} ORDER BY since LIMIT :share"  # noqa: S608 - our words
    return database.execute(
        f"DELETE FROM state WHERE rowid IN ({oldest})",  # noqa: S608 - our words
        {"oldest": _FOR_EVER, "share": _share(database, "state") + 1},
    ).rowcount


def _share(database: sqlite3.Connection, table: str) -> int:
    count = database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - our words
    return int(count) // _AT_ONCE


def _used(database: sqlite3.Connection) -> int:
    """Return the bytes that the tables take, without free pages."""
    (pages,), (free,), (size,) = (
        database.execute(f"PRAGMA {name}").fetchone()
        for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def give_back(database: sqlite3.Connection) -> None:
    """Shrink the file to what is in it."""
    database.execute("PRAGMA incremental_vacuum").fetchall()
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
