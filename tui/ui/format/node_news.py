"""Which readings show something new, and in which only clocks went on. Pure."""

from operator import attrgetter

from tui.fleet.polling.poller import NodePoller

_look = attrgetter("name", "status", "started_at", "note")


class NodeNews:
    """Remembers what was last to be shown of each node, but for ages and uptimes.

    A screen shows those at its next tick, and all else of a node that has changed at once.
    """

    def __init__(self) -> None:
        self._shown: dict[str, tuple[object, ...]] = {}
        self._answered_at: dict[str, float | None] = {}

    def is_new(self, watch: NodePoller) -> bool:
        """Whether a node shows something new since the last call; it is known from now on."""
        reading = watch.reading
        shown = (
            reading.trouble,
            watch.wrong_node,
            watch.read_only,
            watch.facts,
            [*map(_look, reading.services)],
        )
        before, now = self._answered_at.get(watch.name), reading.answered_at
        # What was stale is not any more.
        is_back = now is not None and (before is None or now - before > watch.stale_after)
        is_new = is_back or self._shown.get(watch.name) != shown
        self._shown[watch.name], self._answered_at[watch.name] = shown, now
        return is_new
