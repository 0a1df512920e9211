"""Lengths of time as text, for each place where one is shown; all round down."""

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
