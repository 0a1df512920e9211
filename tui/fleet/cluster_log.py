"""The clusters' own event logs, and times without data, merged with the events seen from here."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from tui.fleet.fleet import Fleet
from tui.fleet.polling.poller import NodePoller
from tui.model.clock import monotonic
from tui.model.context import LogEntry
from tui.model.event import ClusterLogged, Event


class MergedEvents:
    """The events of a fleet with the entries of its clusters' logs, the oldest first.

    An entry is the same event as long as it is in the log. Once `read_gaps` has read them, the
    times without data are among them. The events are put together again only where something is
    new.
    """

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._made: dict[tuple[str, LogEntry], Event] = {}
        self._seen: tuple[object, ...] = ()
        self._merged: Sequence[Event] = ()
        self._gaps: tuple[Event, ...] = ()

    async def read_gaps(self) -> None:
        """Read the times without data; one that was known already stays the same event."""
        known = {gap.details: gap for gap in self._gaps}
        found = await self._fleet.past.gaps()
        self._gaps = tuple(known.get(gap.details, gap) for gap in found)

    def now(self) -> Sequence[Event]:
        """Return all events as they are known now."""
        events = self._fleet.events
        logs = tuple(self._logs())
        seen = (len(events), events[:1], events[-1:], logs, self._gaps)
        if seen != self._seen:
            self._seen = seen
            entries = list(self._entries(logs))
            every = (*events, *entries, *self._gaps)
            self._merged = sorted(every, key=lambda event: event.on)
        return self._merged

    def _logs(self) -> Iterator[tuple[str, tuple[LogEntry, ...]]]:
        """Yield the log of each cluster once, by the name of one of its nodes."""
        clusters: set[str] = set()
        for watch in self._fleet.nodes:
            cluster = watch.profile.cluster
            if cluster not in clusters or not cluster:
                clusters.add(cluster)
                yield watch.name, watch.context.log.value or ()

    def _entries(self, logs: Iterable[tuple[str, tuple[LogEntry, ...]]]) -> Iterator[Event]:
        before, self._made = self._made, {}
        at, on = monotonic(), datetime.now(UTC)
        for name, entries in logs:
            cluster = self._fleet.watch(name).profile.cluster
            nodes = {watch.identity.uid: watch for watch in self._fleet.beside(name)}
            for entry in dict.fromkeys(entries):
                key = (name, entry)
                event = before.get(key) or _event(entry, nodes, cluster or name, at, on)
                self._made[key] = event
                yield event


def _event(
    entry: LogEntry, nodes: dict[int | None, NodePoller], cluster: str, at: float, on: datetime
) -> Event:
    """Return an entry as an event of its node, or of the cluster; its age is by the wall clock."""
    watch = nodes.get(entry.node) if entry.node is not None else None
    where = watch.name if watch is not None else cluster
    return Event(where, ClusterLogged(entry), at - (on - entry.at).total_seconds(), entry.at)
