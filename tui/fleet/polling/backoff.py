"""When a node is polled next. Pure."""

BACKOFF_AT_MOST = 30.0
RETRY_AFTER_AT_MOST = 300.0
_SLOWEST, _FASTEST = 300.0, 0.5
_STEPS = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)


def backoff(failures: int, interval: float, retry_after: float | None = None) -> float:
    """Return the seconds to wait after `failures` failed readings in a row (full jitter).

    A `Retry-After` of the node's own makes it longer, up to five minutes. The first failure is
    polled again after one interval, so that a blip costs no more than that.
    """
    asked = min(max(0.0, retry_after or 0.0), RETRY_AFTER_AT_MOST)
    if failures <= 1:
        return max(interval, asked)
    ceiling = max(interval, min(BACKOFF_AT_MOST, interval * 2 ** min(failures, 12)))
    import random  # for a node that does not answer alone

    spread = random.uniform(interval / 2, ceiling)  # noqa: S311 - spreads load, hides nothing
    return max(spread, asked)


def slower_interval(interval: float) -> float:
    """Return the next slower pace, in seconds."""
    return next((step for step in _STEPS if step > interval), _SLOWEST)


def faster_interval(interval: float) -> float:
    """Return the next faster pace, in seconds."""
    return next((step for step in reversed(_STEPS) if step < interval), _FASTEST)
