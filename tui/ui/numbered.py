"""Events with running numbers, which stay theirs while others come and go at both ends. Pure."""

from collections.abc import Iterator, Sequence

from tui.model.event import Event


class Numbered:
    """Follows a sequence that grows newer at its end, older at its start, and is cut there."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._first = 0

    def follow(self, events: Sequence[Event]) -> bool:
        """Take the sequence as it is now; gives whether it is another one than before."""
        before = self._events
        if len(events) == len(before) and (
            not before or (events[-1] is before[-1] and events[0] is before[0])
        ):
            return False
        held = list(events)
        self._first = self._number(held)
        self._events = held
        return True

    def _number(self, held: Sequence[Event]) -> int:
        """Give the number of the first of `held`: by where the newest that was known is now."""
        before, after = self._events, self._first + len(self._events)
        if not before:
            return after
        newest = before[-1]
        places = (at for at in range(len(held) - 1, -1, -1) if held[at] is newest)
        at = next(places, None)
        return after if at is None else after - 1 - at

    def event(self, number: int) -> Event | None:
        """Find an event by its number."""
        at = number - self._first
        return self._events[at] if 0 <= at < len(self._events) else None

    def newest_first(self) -> Iterator[tuple[int, Event]]:
        """List all with their numbers."""
        for at in range(len(self._events) - 1, -1, -1):
            yield self._first + at, self._events[at]
