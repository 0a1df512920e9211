"""How many requests may carry one password at a time.

A password that is changed while all is well is refused to every request that is on its way, and
five refusals lock the user. So three may be on their way, and no more. A node that does not answer
keeps its place until its time is up; so that it delays no other, nodes that were slow the last
time share two of the three, and the third is for nodes that answer.
"""

import asyncio
import time
from collections.abc import Hashable

LANES = 3
"""How many requests are on their way with one password."""

SLOW = 1.0
"""Seconds without an answer after which a node counts as slow."""


class Lanes:
    """Lets requests go, first come first served; `who` is the node that asks."""

    def __init__(self) -> None:
        self._going: dict[Hashable, float] = {}
        self._slow: set[Hashable] = set()
        self._waiting: list[tuple[Hashable, asyncio.Future[None]]] = []

    async def enter(self, who: Hashable) -> None:
        """Wait for a place; one who has a place keeps it."""
        if who in self._going:
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((who, turn))
        self._admit()
        try:
            await turn
        except asyncio.CancelledError:
            self._waiting = [one for one in self._waiting if one[1] is not turn]
            if turn.done() and not turn.cancelled():
                self._free(who)
            raise

    def leave(self, who: Hashable) -> None:
        """Give the place back, if there is one."""
        since = self._going.get(who)
        if since is None:
            return
        if time.monotonic() - since > SLOW:
            self._slow.add(who)
        else:
            self._slow.discard(who)
        self._free(who)

    def _free(self, who: Hashable) -> None:
        self._going.pop(who, None)
        self._admit()

    def _admit(self) -> None:
        for one in list(self._waiting):
            who, turn = one
            if self._has_room(who):
                self._waiting.remove(one)
                if not turn.done():
                    self._going[who] = time.monotonic()
                    turn.set_result(None)

    def _has_room(self, who: Hashable) -> bool:
        if len(self._going) >= LANES:
            return False
        return who not in self._slow or sum(map(self._is_slow, self._going)) < LANES - 1

    def _is_slow(self, who: Hashable) -> bool:
        return who in self._slow or time.monotonic() - self._going[who] > SLOW
