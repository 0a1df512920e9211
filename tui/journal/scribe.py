"""A thread that writes, one thing after another, and that keeps nobody from leaving."""

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType
from typing import Self, TypeVar

from tui.journal.folder import JournalError

T = TypeVar("T")


class Slow(JournalError):
    """The disk did not answer in time; what was to be written may yet be."""


class Scribe:
    """Does jobs in their order. A disk that hangs, hangs its thread and nothing else.

    The default executor is no place for this: leaving would wait for it.
    """

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def put(self, job: Callable[[], T]) -> "Future[T]":
        """Take a job, without waiting for it."""
        future: Future[T] = Future()

        def work() -> None:
            if future.set_running_or_notify_cancel():
                with _Into(future):
                    future.set_result(job())

        self._jobs.put(work)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
            self._thread.start()
        return future

    async def do(self, job: Callable[[], T], limit: float) -> T:
        """Wait for a job, for `limit` seconds; raises Slow after that, or what it raises.

        A job that hangs may still be done later.
        """
        try:
            async with asyncio.timeout(limit):
                return await asyncio.wrap_future(self.put(job))
        except TimeoutError:
            raise Slow(f"the disk did not answer within {limit:g} s") from None

    def _run(self) -> None:
        while True:
            self._jobs.get()()


class _Into:
    """Hands an exception to whoever waits for the future, as the thread has nobody to tell."""

    def __init__(self, future: "Future[T]") -> None:
        self._fail = future.set_exception

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _trace: TracebackType | None,
    ) -> bool:
        if error is not None:
            self._fail(error)
        return True
