"""Looking names up where one that hangs delays nobody else, and not the exit either.

The event loop's own look-ups share a small pool of threads: six names that hang fill it, and then
no other name is looked up, and the interpreter waits for all of them when it ends. So each name is
looked up here first, in a daemon thread of its own, and only a name that answers reaches the pool.
"""

import asyncio
import ipaddress
import socket
from concurrent.futures import Future
from threading import Lock, Thread

_underway: dict[str, Future[None]] = {}
_door = Lock()


async def look_up(host: str) -> None:
    """Wait until a host's name resolves; an address is none. Raises socket.gaierror.

    There is no limit in time: the caller has one. Giving up leaves the thread behind, and whoever
    asks for the same name meanwhile waits for that one.
    """
    if _is_address(host):
        return
    await asyncio.wrap_future(_share(host))


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _share(host: str) -> Future[None]:
    # A future of its own for each caller: cancelling one must not end another's wait.
    mine: Future[None] = Future()
    with _door:
        found = _underway.get(host)
        if found is None:
            found = _underway[host] = Future()
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
    with _door:
        _underway.pop(host, None)
    if fault is None:
        found.set_result(None)
    else:
        found.set_exception(fault)
