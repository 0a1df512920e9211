"""Time: the clock by which ages are counted, and how times and lengths of time are shown.

`monotonic` goes on while the machine sleeps. `time.monotonic` stands still in suspend
(CLOCK_MONOTONIC of Linux, mach_absolute_time of macOS): after two hours asleep an answer of before
would be "0 s old". While this process is suspended both go on, and it counts as asleep all
the same: what was read before may be as old. Times of day are shown in UTC, or in the time zone of
this machine. Lengths of time all round down, except that the shortest in minutes is one minute.
"""

import sys
import time
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

_MOMENT = 2.0
_BEAT, _GRACE = 1.0, 0.1
_GOES_ON = time.CLOCK_MONOTONIC
"""On macOS it is this one that goes on in sleep (clock_gettime(3) there)."""
if sys.platform == "linux":
    _GOES_ON = time.CLOCK_BOOTTIME


def monotonic() -> float:
    """Return the seconds since some moment in the past, those asleep included.

    No setting of the wall clock moves it. Only differences count.
    """
    return time.clock_gettime(_GOES_ON)


def awake() -> float:
    """Return the seconds since some moment in the past, those asleep left out.

    For how long something took. asyncio counts its timeouts so too, except while it was stopped.
    """
    return time.monotonic() - _stopped


# One for the process, as its clocks are.
_stopped = 0.0


class StopCounter:
    """Counts as asleep the time for which this process is stopped, while an event loop runs.

    When the process goes on, a signal reports it (SIGCONT), and nothing reports since when it was
    stopped. So a beat of one second is kept: by as much as that is late then, the process was
    stopped, or up to a second longer. A beat that is late without the signal shows a busy machine,
    and the signal without a late beat a process that ran: neither counts.

    The loop wakes for the beat, except while something that wakes each second anyway keeps it.
    """

    def __init__(self, loop: "AbstractEventLoop") -> None:
        self._loop = loop
        self._wake()

    def _wake(self) -> None:
        self._due = self._loop.time() + _BEAT
        self._timer = self._loop.call_at(self._due, self._wake)

    def keep_beat(self) -> None:
        """Begin the next second; called about once a second in the loop, which sleeps on then.

        Where the next call is late, the loop wakes for the beat itself.
        """
        self._timer.cancel()
        self._due = self._loop.time() + _BEAT
        self._timer = self._loop.call_at(self._due + _GRACE, self._wake)

    def continued(self) -> None:
        """Count the time that has just ended; called by the handler of SIGCONT, in its thread.

        Not by a callback of the loop, before which others may run that take the time for awake.
        """
        global _stopped  # noqa: PLW0603 - see there
        late = self._loop.time() - self._due
        if late > 0 and not self._loop.is_closed():
            _stopped += late
            self._due += late


Asleep = tuple[float, float]
"""Seconds since some moment that the machine slept, and that this process was stopped."""


def asleep() -> Asleep:
    """Return how long it was asleep; only differences count."""
    return monotonic() - time.monotonic(), _stopped


def asleep_since(before: Asleep) -> float:
    """Return the seconds asleep since `asleep` returned `before`."""
    return sum(asleep()) - sum(before)


def slept_since(before: Asleep) -> bool:
    """Whether it was asleep for more than a moment since `asleep` returned `before`."""
    return asleep_since(before) > _MOMENT


def sleep_text(before: Asleep) -> str:
    """Return how it was asleep since then, and for how long; empty for no more than a moment."""
    if not slept_since(before):
        return ""
    machine, stopped = (now - then for now, then in zip(asleep(), before, strict=True))
    what = "rsdeck was suspended" if stopped > machine else "this machine slept"
    seconds = machine + stopped
    return f"{what} for {one_unit(seconds) if seconds < 60 else one_unit_of_minutes(seconds)}"


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


_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def clock_duration(seconds: float) -> str:
    """Return `3d 00:58:59`, or `00:21:27` below a day; from 100 days on, `100d 00:58`."""
    days, hours, minutes, rest = _split(seconds)
    clock = f"{hours:02}:{minutes:02}:{rest:02}"
    if days >= 100:
        return f"{days}d {clock[:5]}"
    return f"{days}d {clock}" if days else clock


def one_unit(seconds: float) -> str:
    """Return an age in its largest unit: `4 s`, `3 m`, `2 h`, `5 d`."""
    return next(iter(_words(seconds)), "0 s")


def after_text(seconds: float) -> str:
    """Return ` after 1.2 s`, in tenths; empty where it would be none."""
    return f" after {seconds:.1f} s" if round(seconds, 1) else ""


def one_unit_of_minutes(seconds: float) -> str:
    """Return a length of time in its largest unit, at least a minute: `1 min`, `2 h`, `5 d`."""
    days, hours, minutes, _ = _split(seconds)
    if days:
        return f"{days} d"
    return f"{hours} h" if hours else f"{max(1, minutes)} min"


def two_units(seconds: float) -> str:
    """Return a length of time in its two largest units: `9 s`, `4 m 10 s`, `3 h 2 m`, `2 d`."""
    return " ".join(_words(seconds)[:2]) or "0 s"


def two_units_padded(seconds: float) -> str:
    """Return a length of time that ticks on: `42 s`, `3 m 05 s`, `1 h 02 m`, `30 h 00 m`."""
    days, hours, minutes, rest = _split(seconds)
    hours += days * 24
    if hours:
        return f"{hours} h {minutes:02} m"
    return f"{minutes} m {rest:02} s" if minutes else f"{rest} s"


def compact_duration(seconds: float) -> str:
    """Return a length of time in seven cells at most: `45s`, `21m`, `5h07m`, `3d04h`, `104d`."""
    days, hours, minutes, rest = _split(seconds)
    if days:
        return f"{days}d" if days >= 100 else f"{days}d{hours:02}h"
    if hours:
        return f"{hours}h{minutes:02}m"
    return f"{minutes}m" if minutes else f"{rest}s"


def _split(seconds: float) -> list[int]:
    """Return days, hours, minutes and seconds."""
    rest, counts = max(0, int(seconds)), []
    for _, size in _UNITS:
        count, rest = divmod(rest, size)
        counts.append(count)
    return counts


def _words(seconds: float) -> list[str]:
    """Return each unit that is not zero with its count, the largest first."""
    counts = zip(_split(seconds), _UNITS, strict=True)
    return [f"{count} {unit}" for count, (unit, _) in counts if count]
