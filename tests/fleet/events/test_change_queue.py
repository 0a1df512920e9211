"""Changes wait for the journal only where one needs it, in their order, and never for long."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from tui.fleet.events.pipeline import ActionsElsewhere, ChangeQueue, Changes
from tui.journal.other_actions import OtherAction
from tui.model.reading import Reading


class Disk(ActionsElsewhere):
    """Answers when it is let to."""

    def __init__(self) -> None:
        self.answers = asyncio.Event()
        self.reads = 0

    async def read(self) -> tuple[OtherAction, ...]:
        self.reads += 1
        await self.answers.wait()
        return ()


class Queue:
    """A queue with what came out of it."""

    def __init__(self, disk: Disk | None) -> None:
        self.published: list[str] = []
        self.taken = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._queue = ChangeQueue(
            disk,
            self._take,
            lambda one: self.published.append(one.after.node),
            self._start,
            within=0.05,
        )

    def put(self, name: str, *, is_explained: bool) -> None:
        reading = Reading(name)
        self._queue.put(Changes((), reading, reading), is_explained=is_explained)

    def _take(self, _: tuple[OtherAction, ...]) -> None:
        self.taken += 1

    def _start(self, work: Coroutine[Any, Any, None], _: str) -> None:
        self._tasks.append(asyncio.create_task(work))

    async def done(self) -> None:
        await asyncio.gather(*self._tasks)


async def test_explained_changes_read_nothing_and_pass_at_once() -> None:
    disk = Disk()
    queue = Queue(disk)
    queue.put("a", is_explained=True)
    assert (queue.published, disk.reads) == (["a"], 0)


async def test_without_a_journal_nothing_waits() -> None:
    queue = Queue(None)
    queue.put("a", is_explained=False)
    assert queue.published == ["a"]


async def test_what_comes_after_a_change_that_waits_passes_after_it() -> None:
    disk = Disk()
    queue = Queue(disk)
    queue.put("a", is_explained=False)
    queue.put("b", is_explained=True)
    await asyncio.sleep(0)
    queue.put("c", is_explained=False)
    assert queue.published == []
    disk.answers.set()
    await queue.done()
    assert queue.published == ["a", "b", "c"]
    assert queue.taken == disk.reads


async def test_a_disk_that_hangs_holds_changes_up_for_a_moment_only() -> None:
    queue = Queue(Disk())
    queue.put("a", is_explained=False)
    await queue.done()
    assert (queue.published, queue.taken) == (["a"], 0)
