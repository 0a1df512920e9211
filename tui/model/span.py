"""A length of time in words."""

_UNITS = (("d", 86400), ("h", 3600), ("m", 60))


def span(seconds: float) -> str:
    """Give a length of time in its two largest units: `9 s`, `4 m 10 s`, `3 h 2 m`, `2 d`."""
    left = max(0, int(seconds))
    words: list[str] = []
    for unit, size in _UNITS:
        if left >= size:
            words.append(f"{left // size} {unit}")
            left %= size
    if left or not words:
        words.append(f"{left} s")
    return " ".join(words[:2])
