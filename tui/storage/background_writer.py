"""A thread that writes one thing after another, and that the exit does not wait for."""

import asyncio
import math
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from tui.storage.private_files import StorageError

T = TypeVar("T")


class SlowDisk(StorageError):
    """The disk did not answer in time; the job may still be done later."""


class BackgroundWriter:
    """Do jobs in their order. A disk that hangs holds up this thread and nothing else.

    The default executor does not serve: the exit would wait for it. At most `at_most` jobs wait,
    any number if 0; a further one fails with SlowDisk at once. The first job is done `after` so
    many seconds, or at the end if that is sooner.
    """

    def __init__(self, name: str, *, at_most: int = 0, after: float = 0.0) -> None:
        self._name = name
        self._jobs: queue.Queue[Callable[[], None]] = queue.Queue(at_most)
        self._thread: threading.Thread | None = None
        self._after = after
        self._ending = threading.Event()
        self._again: Callable[[], None] | None = None
        self._every = math.inf
        self._due = math.inf

    def put(self, job: Callable[[], T]) -> "Future[T]":
        """Queue a job, without waiting for it."""
        future: Future[T] = Future()
        try:
            self._jobs.put_nowait(lambda: _complete(future, job))
        except queue.Full:
            future.set_exception(SlowDisk("the disk has too much to do"))
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        return future

    async def do(self, job: Callable[[], T], limit: float) -> T:
        """Do a job and return its result.

        Raises SlowDisk after `limit` seconds, or what the job raises. A job that hangs may still
        be done later.
        """
        try:
            async with asyncio.timeout(limit):
                return await asyncio.wrap_future(self.put(job))
        except TimeoutError:
            raise SlowDisk(f"the disk did not answer within {limit:g} s") from None

    def repeat(
        self, job: Callable[[], None], every: float, done: "Callable[[Future[None]], None]"
    ) -> None:
        """Do a job every so many seconds; `done` is called with its future, in the thread."""

        def again() -> None:
            future: Future[None] = Future()
            future.add_done_callback(done)
            _complete(future, job)

        self._again, self._every = again, every
        self._due = time.monotonic() + every
        self.put(lambda: None)

    def soon(self, seconds: float) -> None:
        """Repeat after that many seconds, if that is sooner than it is due."""
        due = time.monotonic() + seconds
        if self._again is not None and due < self._due and not self._jobs.full():
            self._due = due
            self.put(lambda: None)

    def end(self, last: Callable[[], None], within: float) -> None:
        """Do a last job after all that wait, and wait for it up to `within` seconds."""
        self.put(last)
        self._ending.set()
        self.put(lambda: None)
        if self._thread is not None:
            self._thread.join(within)

    def _run(self) -> None:
        self._ending.wait(self._after)
        while not (self._ending.is_set() and self._jobs.empty()):
            try:
                job: Callable[[], None] | None = self._jobs.get(timeout=self._left())
            except queue.Empty:
                self._due = time.monotonic() + self._every
                job = self._again
            if job is not None:
                job()

    def _left(self) -> float | None:
        return None if self._due == math.inf else max(0.0, self._due - time.monotonic())


def _complete(future: "Future[T]", job: Callable[[], T]) -> None:
    """Run a job and hand its result, or whatever it raised, to the caller that waits.

    The boundary of the thread: an exception of any kind, KeyboardInterrupt and SystemExit too, is
    raised where the caller waits, and the thread goes on with the next job.
    """
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = job()
    except BaseException as error:  # noqa: BLE001 - nothing is swallowed: the caller raises it
        future.set_exception(error)
    else:
        future.set_result(result)
