"""The history of a session: what happened is kept, and nobody waits for it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tui.history.write_queue import WriteQueue
from tui.model.event import Event
from tui.model.reading import Reading
from tui.model.text import clean
from tui.storage.background_writer import BackgroundWriter
from tui.storage.private_files import MissingFile, StorageError

if TYPE_CHECKING:
    from concurrent.futures import Future

    from tui.history.day import Day
    from tui.history.reader import HistoryReader
    from tui.history.writer import HistoryWriter

LIMIT = 64 * 1024 * 1024
EARLIER_AT_MOST = 2000
_EARLIER = timedelta(hours=24)
_EVERY = 15.0
_JOBS_AT_MOST = 64
_SOON = 0.5
_PATIENCE = 10.0
_FAREWELL = 0.8


class HistoryRecorder:
    """Keeps events, states and who watched when in a folder. Nothing is touched before `begin`.

    `days` and `limit` (bytes) bound what is kept. `trouble` says why the history is not written
    just now, empty where it is; it is tried again every `every` seconds. `remark` is what is worth
    knowing and no trouble: that another deck writes and this one only reads, that a broken file
    was put aside, how many events were lost to a disk that took none for long.
    """

    def __init__(
        self, folder: Path, *, days: float = 30, limit: int = LIMIT, every: float = _EVERY
    ) -> None:
        self.trouble = ""
        self.remark = ""
        self._folder = folder
        self._bounds = days, limit
        self._backlog = WriteQueue()
        self._scribe = BackgroundWriter("history", at_most=_JOBS_AT_MOST)
        self._every = every
        self._store: HistoryWriter | None = None
        self._archive: HistoryReader | None = None
        self._generation = 0
        self._is_on = False

    async def begin(self) -> tuple[Event, ...]:
        """Open the history; gives the newest events of earlier sessions, the oldest first.

        They are at most a day old; `at` is as long ago as the wall clock says. What goes wrong
        is left in `trouble`.
        """
        self._is_on = True
        before = datetime.now(UTC)
        self._scribe.repeat(self._flush, self._every, self._told)
        try:
            return await self._scribe.do(lambda: self._begin(before), _PATIENCE)
        except (StorageError, ImportError) as error:  # not every Python comes with a database
            self.trouble = str(error)
            return ()

    def note(self, event: Event, cluster: str) -> None:
        """Keep an event."""
        if self._is_on:
            self._backlog.note(event, cluster)
            self._scribe.soon(_SOON)

    def reading(self, reading: Reading, cluster: str) -> None:
        """Keep what is new in a reading, and that the node was watched."""
        if self._is_on and self._backlog.see(reading, cluster):
            self._scribe.soon(_SOON)

    async def day(self, node: str, service: str, cluster: str) -> "Day | None":
        """Say what is known of the last 24 hours of a service; None where it cannot be read."""
        if not self._is_on:
            return None
        try:
            return await self._scribe.do(lambda: self._day(node, service, cluster), _PATIENCE)
        except StorageError:
            return None

    def end(self) -> None:
        """Write what waits, and wait a moment for it."""
        if self._is_on:
            self._is_on = False
            self._scribe.end(self._close, _FAREWELL)

    def _told(self, done: "Future[None]") -> None:
        error = done.exception()
        if error is not None:
            self.trouble = str(error) or type(error).__name__

    # What the scribe does, in its thread

    def _begin(self, before: datetime) -> tuple[Event, ...]:
        # Not needed for the deck's first picture, so not imported for it.
        from tui.history.reader import HistoryReader
        from tui.history.stored_event import as_events
        from tui.history.writer import HistoryWriter

        days, limit = self._bounds
        self._archive = HistoryReader(self._folder)
        self._store = HistoryWriter(self._folder, days=days, limit=limit)
        self._flush(first=True)
        try:
            kept = self._archive.events(before - _EARLIER, until=before, limit=EARLIER_AT_MOST)
        except MissingFile:
            return ()
        except StorageError as error:
            self.trouble = self.trouble or str(error)
            return ()
        return tuple(as_events(kept))

    def _day(self, node: str, service: str, cluster: str) -> "Day | None":
        if self._archive is None:
            return None
        return self._archive.day(
            clean(node), clean(service), datetime.now(UTC), cluster=clean(cluster)
        )

    def _flush(self, *, first: bool = False) -> None:
        """Write what waits, and leave what is wrong in `trouble`."""
        from tui.history.writer import HistoryBusy, describe_aside

        store = self._store
        if store is None:
            return
        try:
            store.open()
            self.remark = describe_aside(store.set_aside) if store.set_aside else ""
            if self._backlog.lost:
                self.remark = f"{self._backlog.lost} events could not be kept in time"
            self._heed(store, first=first)
            self._write(store)
            store.prune()
            self._heed(store)
            self.trouble = ""
        except HistoryBusy as busy:
            self.remark, self.trouble = str(busy), ""
            self._backlog.take()
            self._backlog.forget()
        except StorageError as error:
            self.trouble = str(error)

    def _heed(self, store: "HistoryWriter", *, first: bool = False) -> None:
        """Tell all anew where the file does not hold what was last written."""
        if store.generation != self._generation:
            self._generation = store.generation
            if not first:
                self._backlog.forget()

    def _write(self, store: "HistoryWriter") -> None:
        batch = self._backlog.take()
        if not batch:
            return
        try:
            store.write(batch)
        except StorageError:
            self._backlog.restore(batch)
            raise

    def _close(self) -> None:
        self._flush()
        if self._store is not None:
            self._store.close()
