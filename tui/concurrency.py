"""Work that may hang (a network file, a host name) in threads that nothing has to wait for.

The event loop's own threads are few: six names that hang fill them, and the interpreter waits for
them at exit. So each piece of work here has a daemon thread of its own.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock, Thread
from types import TracebackType
from typing import Any, TypeVar, cast

_Result = TypeVar("_Result")

THREAD_NAME = "rsdeck-work"
"""The name of every thread that works here."""


class WorkAborted(RuntimeError):
    """Work in a thread that was ended by no Exception (`__cause__`), such as SystemExit."""


class _HandOver:
    """The boundary of a thread: what the work returns or raises goes to those who wait for it.

    An Exception ends here, since it is raised again in every waiter. Anything else, such as
    KeyboardInterrupt, reaches the waiters as WorkAborted and ends the thread as well.
    """

    def __init__(self, key: Hashable) -> None:
        self.result: object = None
        self.waiters: list[Future[Any]] = []
        self._key = key

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        _type: type[BaseException] | None,
        error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> bool:
        with _lock:
            del _underway[self._key]  # whoever comes from now on begins anew
        is_handed_over = error is None or isinstance(error, Exception)
        raised = error
        if not is_handed_over:
            raised = WorkAborted(f"a thread was ended by {type(error).__name__}")
            raised.__cause__ = error
        for waiter in self.waiters:
            if waiter.set_running_or_notify_cancel():
                waiter.set_result(self.result) if raised is None else waiter.set_exception(raised)
        return is_handed_over


_underway: dict[Hashable, _HandOver] = {}
_lock = Lock()


async def run_in_thread(key: Hashable, work: Callable[[], _Result]) -> _Result:
    """Run `work` in a thread, and return or raise what comes of it.

    There is no limit in time: the caller has one. Giving up leaves the thread behind, and every
    caller with the same `key` meanwhile waits for that one. Raises WorkAborted where the thread
    was ended by something that is no Exception.
    """
    return cast("_Result", await asyncio.wrap_future(_join_or_start(key, work)))


def _join_or_start(key: Hashable, work: Callable[[], object]) -> Future[Any]:
    # A future of its own for each caller: cancelling one must not end another's wait.
    waiter: Future[Any] = Future()
    with _lock:
        found = _underway.get(key)
        if found is None:
            found = _underway[key] = _HandOver(key)
            Thread(target=_run, args=(found, work), name=THREAD_NAME, daemon=True).start()
        found.waiters.append(waiter)
    return waiter


def _run(hand_over: _HandOver, work: Callable[[], object]) -> None:
    with hand_over:
        hand_over.result = work()


async def resolve_host(host: str) -> None:
    """Wait until a host's name resolves; an address needs no look-up. Raises socket.gaierror.

    As in `run_in_thread`, the caller limits the time, and one look-up serves all who wait.
    """
    if not _is_address(host):
        await run_in_thread(("host", host), lambda: _look_up(host))


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _look_up(host: str) -> None:
    try:
        socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise socket.gaierror(socket.EAI_NONAME, "not a host name") from None
