import asyncio
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from tests.faultserver import always, serving, wait_until
from tui import concurrency
from tui.api.client import NodeReader
from tui.api.errors import Unreachable
from tui.concurrency import THREAD_NAME, WorkAborted, run_in_thread
from tui.credentials import Secret
from tui.model.trust import NoTrust


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Make every name that ends in .hang hang, and list what is looked up."""
    release, looked_up = threading.Event(), list[str]()
    real = socket.getaddrinfo

    def slow(host: str, *more: object, **named: object) -> object:
        looked_up.append(host)
        if str(host).endswith(".hang"):
            release.wait(10)
            raise socket.gaierror(socket.EAI_AGAIN, "no answer")
        return real(host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    yield looked_up
    release.set()


def reader(url: str, timeout: float) -> NodeReader:
    return NodeReader(
        title="node1",
        url=url,
        trust=NoTrust(),
        timeout=timeout,
        username="me",
        password=Secret("secret"),
    )


async def test_names_that_hang_delay_no_other_and_end_at_their_deadline(
    hanging: list[str],
) -> None:
    """P15, case 27."""
    with serving(always()) as server:
        dead = [reader(f"https://n{i}.hang:9443", timeout=0.5) for i in range(12)]
        waiting = [asyncio.create_task(client.services()) for client in dead]
        await asyncio.to_thread(wait_until, lambda: len(hanging) == 12, 10)
        named = reader(f"http://localhost:{server.port}", timeout=10)
        assert await named.services() == ()
        await named.aclose()
        for task in waiting:
            with pytest.raises(Unreachable, match="while its name was looked up"):
                await task


async def test_a_name_that_hangs_is_looked_up_once_for_all_who_wait(hanging: list[str]) -> None:
    """Case 27."""
    for _ in range(3):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await concurrency.resolve_host("one.hang")
    assert hanging == ["one.hang"]
    threads = [thread for thread in threading.enumerate() if thread.name == THREAD_NAME]
    assert threads
    assert all(thread.daemon for thread in threads)


async def test_an_address_is_not_looked_up(hanging: list[str]) -> None:
    for address in ("10.0.0.1", "::1", "[fe80::1]"):
        await concurrency.resolve_host(address)
    assert hanging == []


async def test_what_cannot_be_a_name_is_no_such_name() -> None:
    with pytest.raises(socket.gaierror):
        await concurrency.resolve_host("a" * 70 + ".example")


async def test_work_is_done_once_for_all_who_want_it_at_the_same_time() -> None:
    release, done = threading.Event(), list[int]()

    def work() -> int:
        release.wait(10)
        done.append(1)
        return 7

    tasks = [asyncio.create_task(run_in_thread("key", work)) for _ in range(3)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    release.set()
    assert await asyncio.gather(*tasks[1:]) == [7, 7]
    assert done == [1]
    assert await run_in_thread("key", lambda: 8) == 8


@pytest.mark.parametrize("error", [ValueError("bad"), OSError(2, "gone"), TypeError("a bug")])
async def test_an_exception_of_the_work_is_raised_in_everyone_who_waits(error: Exception) -> None:
    release = threading.Event()

    def work() -> None:
        release.wait(10)
        raise error

    tasks = [asyncio.create_task(run_in_thread("key", work)) for _ in range(2)]
    await asyncio.sleep(0)
    release.set()
    assert await asyncio.gather(*tasks, return_exceptions=True) == [error, error]


def raising(error: BaseException) -> Callable[[], None]:
    def work() -> None:
        raise error

    return work


async def test_what_is_no_exception_ends_the_thread_and_reaches_everyone_who_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended = list[type[BaseException]]()
    monkeypatch.setattr(threading, "excepthook", lambda args: ended.append(args.exc_type))
    for error in (KeyboardInterrupt(), SystemExit(3), GeneratorExit()):
        with pytest.raises(WorkAborted, match=type(error).__name__) as caught:
            await run_in_thread("key", raising(error))
        assert caught.value.__cause__ is error
    # threading itself says nothing of a SystemExit.
    await asyncio.to_thread(wait_until, lambda: {KeyboardInterrupt, GeneratorExit} <= set(ended))
    assert await run_in_thread("key", lambda: 1) == 1
