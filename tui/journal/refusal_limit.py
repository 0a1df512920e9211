"""How often a refused press is recorded: a key that is held down writes no file full."""

from collections.abc import Hashable

EVERY = 60.0
"""Seconds between two records of the same press and reason."""

_KNOWN_AT_MOST = 200


class RefusalLimit:
    """Lets one record of a press and reason through in EVERY seconds, and counts the others."""

    def __init__(self) -> None:
        # Press and reason → when it was last recorded, and how often it came since.
        self._last: dict[Hashable, tuple[float, int]] = {}

    def take(self, press: Hashable, now: float) -> int | None:
        """Return how many of the same went unrecorded before this one; None if it is one too.

        `now` is monotonic.
        """
        at, more = self._last.get(press, (now - EVERY, 0))
        if now - at < EVERY:
            self._last[press] = (at, more + 1)
            return None
        self._last.pop(press, None)
        self._last[press] = (now, 0)
        if len(self._last) > _KNOWN_AT_MOST:
            del self._last[next(iter(self._last))]
        return more
