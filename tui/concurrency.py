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
from typing import Any, Self, TypeVar, cast

_Made = TypeVar("_Made")

_underway: dict[Hashable, "_Work"] = {}
_door = Lock()


class _Work:
    """What one thread does, and who waits for it.

    As a context manager it takes any exception, to raise it where somebody waits.
    """

    def __init__(self, key: Hashable) -> None:
        self.made: object = None
        self.waiting: list[Future[Any]] = []
        self._key = key

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _trace: TracebackType | None,
    ) -> bool:
        with _door:
            del _underway[self._key]
        for one in self.waiting:
            if one.set_running_or_notify_cancel():
                one.set_result(self.made) if error is None else one.set_exception(error)
        return True


async def run_in_thread(key: Hashable, work: Callable[[], _Made]) -> _Made:
    """Do `work` in a thread, and give or raise what comes of it.

    There is no limit in time: the caller has one. Giving up leaves the thread behind, and whoever
    wants the same `key` meanwhile waits for that one.
    """
    return cast("_Made", await asyncio.wrap_future(_share(key, work)))


def _share(key: Hashable, work: Callable[[], object]) -> Future[Any]:
    # A future of its own for each caller: cancelling one must not end another's wait.
    mine: Future[Any] = Future()
    with _door:
        found = _underway.get(key)
        if found is None:
            found = _underway[key] = _Work(key)
            Thread(target=_do, args=(found, work), name="rsdeck-aside", daemon=True).start()
        found.waiting.append(mine)
    return mine


def _do(found: _Work, work: Callable[[], object]) -> None:
    with found:
        found.made = work()


_look_ups: dict[str, Future[None]] = {}
_names_lock = Lock()


async def resolve_host(host: str) -> None:
    """Wait until a host's name resolves; an address is none. Raises socket.gaierror.

    There is no limit in time: the caller has one. Giving up leaves the thread behind, and whoever
    asks for the same name meanwhile waits for that one.
    """
    if _is_address(host):
        return
    await asyncio.wrap_future(_start_look_up(host))


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _start_look_up(host: str) -> Future[None]:
    # A future of its own for each caller: cancelling one must not end another's wait.
    mine: Future[None] = Future()
    with _names_lock:
        found = _look_ups.get(host)
        if found is None:
            found = _look_ups[host] = Future()
            Thread(target=_resolve, args=(host, found), name="rsdeck-name", daemon=True).start()
    found.add_done_callback(lambda done: _pass_on(done, mine))
    return mine


def _pass_on(done: Future[None], mine: Future[None]) -> None:
    if mine.set_running_or_notify_cancel():
        error = done.exception()
        if error is None:
            mine.set_result(None)
        else:
            mine.set_exception(error)


def _resolve(host: str, found: Future[None]) -> None:
    fault: OSError | None = None
    try:
        socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        fault = error
    except UnicodeError:
        fault = socket.gaierror(socket.EAI_NONAME, "not a host name")
    with _names_lock:
        _look_ups.pop(host, None)
    if fault is None:
        found.set_result(None)
    else:
        found.set_exception(fault)
