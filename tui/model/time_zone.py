"""How times of day are shown: in UTC, or in this machine's time zone."""

from datetime import UTC, datetime
from enum import Enum


class ClockZone(Enum):
    """The zone in which times are shown; the value is the word in the configuration."""

    UTC = "utc"
    LOCAL = "local"


DATE_AND_TIME = "%Y-%m-%d %H:%M:%S"

# One for the process, like TZ: a screen that mixes two zones cannot be read.
_zone = ClockZone.UTC


def show_times_in(zone: ClockZone) -> None:
    """Show all times in this zone from now on."""
    global _zone  # noqa: PLW0603 - see there
    _zone = zone


def shown_time(moment: datetime) -> datetime:
    """Return an aware moment in the zone in which times are shown."""
    return moment.astimezone(UTC if _zone is ClockZone.UTC else None)


def clock_text(moment: datetime, form: str = "%H:%M:%S", *, named: bool = True) -> str:
    """Return an aware moment as it is shown; `form` is that of `strftime`.

    A `named` one ends with its zone, such as `UTC` or `CEST`; the others are in a column or a line
    whose zone is known.
    """
    shown = shown_time(moment)
    text = shown.strftime(form)
    return f"{text} {shown.tzname()}" if named else text


def zone_word() -> str:
    """Return the zone for the heading of a column, at most five letters."""
    return "UTC" if _zone is ClockZone.UTC else "LOCAL"


def iso_time(at: datetime | None) -> str | None:
    """Return a moment of UTC as files and JSON have it: ISO 8601, with a Z."""
    return None if at is None else at.isoformat().replace("+00:00", "Z")
