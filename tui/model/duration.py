"""Lengths of time in words."""

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def clock_duration(seconds: float) -> str:
    """Give `3d 00:58:59`, or `00:21:27` below a day; from 100 days on, `100d 00:58`."""
    whole = max(0, int(seconds))
    days, rest = divmod(whole, _DAY)
    clock = f"{rest // _HOUR:02}:{rest % _HOUR // _MINUTE:02}:{rest % _MINUTE:02}"
    if days >= 100:
        return f"{days}d {clock[:5]}"
    return f"{days}d {clock}" if days else clock


def one_unit(seconds: float) -> str:
    """Give an age in one unit, as one would say it: `4 s`, `3 m`, `2 h`, `5 d`."""
    for unit, size in (("d", _DAY), ("h", _HOUR), ("m", _MINUTE)):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{max(0, int(seconds))} s"


def two_units(seconds: float) -> str:
    """Give a length of time in its two largest units: `9 s`, `4 m 10 s`, `3 h 2 m`, `2 d`."""
    left = max(0, int(seconds))
    words: list[str] = []
    for unit, size in (("d", _DAY), ("h", _HOUR), ("m", _MINUTE)):
        if left >= size:
            words.append(f"{left // size} {unit}")
            left %= size
    if left or not words:
        words.append(f"{left} s")
    return " ".join(words[:2])
