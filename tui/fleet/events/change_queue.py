"""Changes that wait for what other processes of this machine have recorded, in their order."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from tui.fleet.events.pipeline import Changes
from tui.journal.other_actions import OtherAction

READ_WITHIN = 0.5
"""Seconds for which changes wait for the journal; a disk that hangs holds up no more."""


class ActionsElsewhere(Protocol):
    """What other processes order; `tui.journal.other_actions` reads it from the disk."""

    async def read(self) -> tuple[OtherAction, ...]:
        """Return the actions that are recorded by now."""


class ChangeQueue:
    """Passes changes on in their order, once the journal was read where one needs it.

    `take` gets what was read, `publish` the changes; `start` runs a coroutine beside others.
    Where `elsewhere` is None, nothing is known of other processes, and nothing waits.
    """

    def __init__(
        self,
        elsewhere: ActionsElsewhere | None,
        take: Callable[[tuple[OtherAction, ...]], None],
        publish: Callable[[Changes], None],
        start: Callable[[Coroutine[Any, Any, None], str], None],
        *,
        within: float = READ_WITHIN,
    ) -> None:
        self._elsewhere = elsewhere
        self._take, self._publish, self._start = take, publish, start
        self._within = within
        self._waiting: deque[Changes] = deque()

    def put(self, changes: Changes, *, is_explained: bool) -> None:
        """Pass changes on: at once if they are explained and nothing waits before them."""
        if self._elsewhere is None or (is_explained and not self._waiting):
            self._publish(changes)
            return
        self._waiting.append(changes)
        if len(self._waiting) == 1:
            self._start(self._read_and_publish(self._elsewhere), "other actions")

    async def _read_and_publish(self, elsewhere: ActionsElsewhere) -> None:
        while self._waiting:
            count = len(self._waiting)
            try:
                async with asyncio.timeout(self._within):
                    self._take(await elsewhere.read())
            except TimeoutError:
                pass
            for _ in range(count):
                self._publish(self._waiting[0])
                self._waiting.popleft()
