"""The node's times: uptimes as Python's `str(timedelta)`, start times as ISO 8601. Never raises."""

import math
import re
from datetime import UTC, datetime

_UPTIME = re.compile(
    r"(?:(?P<days>-?[0-9]{1,6}) days?, )?"
    r"(?P<hours>[0-9]{1,6}):(?P<minutes>[0-5][0-9]):(?P<seconds>[0-5][0-9])(?:\.[0-9]{1,9})?",
    re.ASCII,
)
_AT_MOST = 100 * 366 * 86400
_LAST_EPOCH = 200_000_000_000  # some 6,000 years from 1970 on


def read_uptime(raw: object) -> int | None:
    """Give whole seconds for `0:21:27`, `3 days, 0:58:59` or a number; None if unreadable.

    The format is that of published captures of live clusters; nobody documents it.
    """
    if isinstance(raw, bool) or raw is None:
        return None
    if isinstance(raw, int | float):
        seconds = float(raw) if abs(raw) < _AT_MOST else math.inf
        return int(seconds) if math.isfinite(seconds) and seconds >= 0 else None
    match = _UPTIME.fullmatch(raw.strip()) if isinstance(raw, str) and len(raw) < 64 else None
    if match is None:
        return None
    part = {name: int(text) for name, text in match.groupdict(default="0").items()}
    total = part["days"] * 86400 + part["hours"] * 3600 + part["minutes"] * 60 + part["seconds"]
    return total if 0 <= total < _AT_MOST else None


def read_start_time(raw: object) -> datetime | None:
    """Give an aware UTC time for `2024-05-13T18:38:00Z` and its like; None if unreadable."""
    if not isinstance(raw, str) or not 19 <= len(raw) < 64 or not raw.isascii():
        return None
    try:
        moment = datetime.fromisoformat(raw.strip())
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if 1980 <= moment.year <= 9000 else None


def read_epoch(raw: object) -> datetime | None:
    """Give an aware UTC time for seconds since 1970; None if unreadable."""
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        return None
    if not 0 < raw < _LAST_EPOCH:  # false for nan as well
        return None
    return datetime.fromtimestamp(raw, UTC)
