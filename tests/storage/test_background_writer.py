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
    writer, done = BackgroundWriter("test"), list[int]()
    futures = [writer.put(lambda one=one: done.append(one) or one) for one in range(50)]
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


async def test_a_job_that_hangs_fails_as_slow_and_holds_nothing_up(gate: threading.Event) -> None:
    writer = BackgroundWriter("test")
    with pytest.raises(SlowDisk, match=r"within 0\.1 s"):
        await writer.do(gate.wait, 0.1)
    began = time.monotonic()
    writer.end(lambda: None, 0.2)
    assert time.monotonic() - began < 20  # the disk hangs for as long as the test takes


def test_where_too_many_jobs_wait_the_next_is_refused_at_once(gate: threading.Event) -> None:
    writer = BackgroundWriter("test", at_most=3)
    futures = [writer.put(gate.wait) for _ in range(10)]
    assert isinstance(futures[-1].exception(0), StorageError)
    gate.set()
    assert futures[0].result(5) is True


def test_a_job_is_repeated_and_sooner_where_it_is_wanted() -> None:
    writer, times, shown = BackgroundWriter("test-repeats"), list[float](), list[object]()
    began = time.monotonic()
    writer.repeat(lambda: times.append(time.monotonic()), 60, shown.append)
    writer.soon(0.1)
    writer.soon(30)
    until(lambda: shown)
    assert 0.1 <= times[0] - began < 5
    writer.repeat(lambda: times.append(time.monotonic()), 0.05, shown.append)
    until(lambda: len(shown) >= 4)
    writer.end(lambda: None, 5)
    assert "test-repeats" not in [thread.name for thread in threading.enumerate()]


def test_the_last_job_is_done_after_all_that_wait() -> None:
    writer, done = BackgroundWriter("test"), list[int]()
    for one in range(20):
        writer.put(lambda one=one: done.append(one))
    writer.end(lambda: done.append(-1), 5)
    assert done == [*range(20), -1]


@pytest.mark.parametrize("ends", [False, True])
def test_the_first_job_waits_so_long_and_at_the_end_no_longer(ends: bool) -> None:
    writer, done = BackgroundWriter("test", after=3600.0 if ends else 0.05), list[str]()
    began = time.monotonic()
    job = writer.put(lambda: done.append("job"))
    assert done == []
    if ends:
        writer.end(lambda: done.append("last"), 10.0)
        assert done == ["job", "last"]
    else:
        job.result(10.0)
        assert time.monotonic() - began >= 0.05
        writer.end(lambda: None, 10.0)
