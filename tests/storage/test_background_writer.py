"""The thread that writes: in order, bounded, and in nobody's way."""

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest

from tests.history.conftest import until
from tui.storage.background_writer import BackgroundWriter, SlowDisk
from tui.storage.private_files import StorageError


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """A disk that hangs until it is let go."""
    gate = threading.Event()
    yield gate
    gate.set()


def test_jobs_are_done_in_their_order_and_give_their_results() -> None:
    scribe, done = BackgroundWriter("test"), list[int]()
    futures = [scribe.put(lambda one=one: done.append(one) or one) for one in range(50)]  # type: ignore[misc]
    assert [one.result(5) for one in futures] == done == list(range(50))


@pytest.mark.parametrize("kind", [StorageError, ZeroDivisionError, SystemExit, KeyboardInterrupt])
def test_what_a_job_raises_is_raised_where_the_caller_waits_and_the_next_job_is_done(
    kind: type[BaseException],
) -> None:
    def fails() -> None:
        raise kind("why")

    async def wait() -> None:
        await writer.do(fails, 60)

    writer = BackgroundWriter("test")
    with pytest.raises(kind, match="why"):
        asyncio.run(wait())
    assert writer.put(lambda: "next").result(5) == "next"


async def test_a_job_that_hangs_is_slow_and_holds_nobody(gate: threading.Event) -> None:
    scribe = BackgroundWriter("test")
    with pytest.raises(SlowDisk, match=r"within 0\.1 s"):
        await scribe.do(gate.wait, 0.1)
    began = time.monotonic()
    scribe.end(lambda: None, 0.2)
    assert time.monotonic() - began < 1


def test_where_too_much_waits_the_next_is_refused_at_once(gate: threading.Event) -> None:
    scribe = BackgroundWriter("test", at_most=3)
    futures = [scribe.put(gate.wait) for _ in range(10)]
    assert isinstance(futures[-1].exception(0), StorageError)
    gate.set()
    assert futures[0].result(5) is True


def test_a_job_is_repeated_and_sooner_where_it_is_wanted() -> None:
    scribe, times, told = BackgroundWriter("test"), list[float](), list[object]()
    began = time.monotonic()
    scribe.repeat(lambda: times.append(time.monotonic()), 60, told.append)
    scribe.soon(0.1)
    scribe.soon(30)
    until(lambda: told)
    assert 0.1 <= times[0] - began < 5
    scribe.repeat(lambda: times.append(time.monotonic()), 0.05, told.append)
    until(lambda: len(told) >= 4)
    scribe.end(lambda: None, 5)
    ended = len(times)
    time.sleep(0.3)
    assert len(times) == ended


def test_the_last_thing_is_done_after_all_that_waits() -> None:
    scribe, done = BackgroundWriter("test"), list[int]()
    for one in range(20):
        scribe.put(lambda one=one: done.append(one))  # type: ignore[misc]
    scribe.end(lambda: done.append(-1), 5)
    assert done == [*range(20), -1]
