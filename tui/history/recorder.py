"""The history of a session, written in a thread so that the deck never waits for the disk."""

import contextlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tui.history.write_queue import WriteQueue
from tui.model.dataclass import dataclass
from tui.model.event import Event
from tui.model.reading import Reading
from tui.model.text import clean
from tui.storage.background_writer import BackgroundWriter
from tui.storage.private_files import MissingFile, StorageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from concurrent.futures import Future

    from tui.history.day import Day
    from tui.history.reader import HistoryReader
    from tui.history.writer import HistoryWriter

LIMIT = 64 * 1024 * 1024
EARLIER_AT_MOST = 2000
_EARLIER = timedelta(hours=24)
_JOBS_AT_MOST = 64
_PATIENCE = 10.0
_FAREWELL = 0.8


@dataclass(frozen=True, slots=True)
class WriteTimes:
    """When the history is written, in seconds.

    What is new is written `soon`, what could not be written `every` so often; `busy` is how long
    a locked database is waited for. The history is opened `after` so long.
    """

    every: float = 15.0
    soon: float = 0.5
    busy: float = 2.0
    after: float = 0.0


class HistoryRecorder:
    """Records events, states and when nodes were watched. No file is touched before `begin`.

    `days` and `limit` (bytes) bound what is kept, `times` are for tests.
    `trouble` is why the history is not written now, empty where it is. `remark` is what is worth
    knowing and no trouble: that another deck writes and this one only reads, that a broken file
    was set aside, how many events were lost to a disk that took none for long.
    """

    def __init__(
        self,
        folder: Path,
        *,
        days: float = 30,
        limit: int = LIMIT,
        times: WriteTimes | None = None,
    ) -> None:
        self.trouble = ""
        self.remark = ""
        self._folder = folder
        self._days, self._limit = days, limit
        self._times = times or WriteTimes()
        self._queue = WriteQueue()
        self._background = BackgroundWriter(
            "history", at_most=_JOBS_AT_MOST, after=self._times.after
        )
        self._writer: HistoryWriter | None = None
        self._reader: HistoryReader | None = None
        self._generation = 0
        self._known_gaps: tuple[Event, ...] = ()
        self._is_on = False

    async def begin(self) -> tuple[Event, ...]:
        """Open the history; return the newest events of earlier sessions, the oldest first.

        They are at most a day old; `at` is as long ago as the wall clock says. A failure is left
        in `trouble`.
        """
        self._is_on = True
        before = datetime.now(UTC)
        self._background.repeat(self._flush, self._times.every, self._flushed)
        try:
            return await self._background.do(lambda: self._begin(before), _PATIENCE)
        except (StorageError, ImportError) as error:  # some Pythons come without sqlite3
            self.trouble = str(error)
            return ()

    def note(self, event: Event, cluster: str) -> None:
        """Record an event."""
        if self._is_on:
            self._queue.note(event, cluster)
            self._background.soon(self._times.soon)

    def reading(self, reading: Reading, cluster: str, stale_after: float = 0.0) -> None:
        """Record what is new in a reading, and that the node was watched."""
        if self._is_on and self._queue.see(reading, cluster, stale_after):
            self._background.soon(self._times.soon)

    async def day(self, node: str, service: str, cluster: str) -> "Day | None":
        """Return what is known of the last 24 hours of a service; None where it cannot be read."""
        if not self._is_on:
            return None
        try:
            return await self._background.do(lambda: self._day(node, service, cluster), _PATIENCE)
        except StorageError:
            return None

    async def last_hour(self, node: str, cluster: str) -> "Mapping[str, Day]":
        """Return what is known of the last hour of a node's services, by their names."""
        if not self._is_on:
            return {}
        try:
            return await self._background.do(lambda: self._last_hour(node, cluster), _PATIENCE)
        except StorageError:
            return {}

    async def gaps(self) -> tuple[Event, ...]:
        """Return the times of the last day in which no poll was answered, the oldest first.

        Where they cannot be read, what was read last.
        """
        if not self._is_on:
            return ()
        with contextlib.suppress(StorageError):
            self._known_gaps = await self._background.do(self._gaps, _PATIENCE)
        return self._known_gaps

    def end(self) -> None:
        """Write what waits, for at most a moment."""
        if self._is_on:
            self._is_on = False
            self._background.end(self._close, _FAREWELL)

    def _flushed(self, done: "Future[None]") -> None:
        error = done.exception()
        if error is not None:
            self.trouble = str(error) or type(error).__name__

    # In the background thread

    def _begin(self, before: datetime) -> tuple[Event, ...]:
        # Not needed for the deck's first picture, so not imported for it.
        from tui.history.reader import HistoryReader
        from tui.history.stored_event import as_events
        from tui.history.writer import HistoryWriter

        self._reader = HistoryReader(self._folder)
        self._writer = HistoryWriter(
            self._folder, days=self._days, limit=self._limit, busy=self._times.busy
        )
        self._flush(first=True)
        try:
            stored = self._reader.events(before - _EARLIER, until=before, limit=EARLIER_AT_MOST)
        except MissingFile:
            return ()
        except StorageError as error:
            self.trouble = self.trouble or str(error)
            return ()
        return tuple(as_events(stored, is_recorder=self._writer.is_open))

    def _day(self, node: str, service: str, cluster: str) -> "Day | None":
        if self._reader is None:
            return None
        return self._reader.day(
            clean(node), clean(service), datetime.now(UTC), cluster=clean(cluster)
        )

    def _last_hour(self, node: str, cluster: str) -> "Mapping[str, Day]":
        if self._reader is None:
            return {}
        return self._reader.days(clean(node), datetime.now(UTC), 1, cluster=clean(cluster))

    def _gaps(self) -> tuple[Event, ...]:
        from tui.history.stored_event import as_events

        if self._reader is None:
            return ()
        return tuple(as_events(self._reader.gaps(datetime.now(UTC) - _EARLIER)))

    def _flush(self, *, first: bool = False) -> None:
        """Write what waits, and leave a failure in `trouble`."""
        from tui.history.writer import HistoryBusy, describe_aside

        writer = self._writer
        if writer is None:
            return
        try:
            writer.open()
            self.remark = describe_aside(writer.set_aside) if writer.set_aside else ""
            if self._queue.lost:
                self.remark = f"{self._queue.lost} events could not be kept in time"
            self._notice_generation(writer, first=first)
            self._write(writer)
            writer.prune()
            self._notice_generation(writer)
            self.trouble = ""
        except HistoryBusy as busy:
            self.remark, self.trouble = str(busy), ""
            self._queue.keep_actions()
        except StorageError as error:
            self.trouble = str(error)

    def _notice_generation(self, writer: "HistoryWriter", *, first: bool = False) -> None:
        """Record all states anew where the file does not hold what was last written."""
        if writer.generation != self._generation:
            self._generation = writer.generation
            if not first:
                self._queue.forget()

    def _write(self, writer: "HistoryWriter") -> None:
        batch = self._queue.take()
        if not batch:
            return
        try:
            writer.write(batch)
        except StorageError:
            self._queue.restore(batch)
            raise

    def _close(self) -> None:
        self._flush()
        if self._writer is not None:
            self._writer.close()
