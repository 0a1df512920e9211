"""Work that may hang, such as reading a file of a network's disk, where nothing waits for it.

Each is done in a daemon thread of its own: the event loop's threads are few, and the interpreter
waits for them when it ends.
"""

import asyncio
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


async def aside(key: Hashable, work: Callable[[], _Made]) -> _Made:
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
