"""Whose turn it is to send a password that nobody has accepted yet, and what became of those sent.

Five failed logins within 900 s lock the user, and a login whose answer was lost may have been one
of them. So one unproven password is on its way at a time. While it keeps its node for longer than
a second, one more may leave, so that a node which hangs delays no other. From then on, and after
an answer that was lost, it leaves only to a node that has just answered without one: a node that
answers nobody costs no further try. After three without an answer none leaves until a person acts.
A refusal is counted too where one last try follows: that makes four tries at the worst.
"""

import asyncio
import contextlib
import time
from collections.abc import Hashable

from tui.api.errors import Unmet
from tui.fleet.lanes import SLOW

AT_MOST = 3
"""How many tries without an answer there may be before a person is asked."""

WITHIN = 900.0
"""Seconds for which a failed login counts."""


class Turn:
    """Lets unproven passwords go, and counts what came of them; `who` is the node that asks.

    `is_open` tells that a node took the password: then nobody waits, and nothing is counted.
    """

    def __init__(self) -> None:
        self.is_open = False
        self._limit = AT_MOST
        self._taken: dict[Hashable, float] = {}
        self._on_their_way: set[Hashable] = set()
        self._lost: list[float] = []
        self._refused: list[float] = []
        self._changed = asyncio.Event()

    @property
    def spent(self) -> int:
        """How many tries may have been failed logins that count today."""
        since = time.monotonic() - WITHIN
        self._lost = [at for at in self._lost if at > since]
        self._refused = [at for at in self._refused if at > since]
        return len(self._lost) + len(self._refused)

    def is_over(self, *, last: bool = False) -> bool:
        """Whether no password may leave; the `last` try of a node that refused one is free."""
        return self.spent >= (AT_MOST + 1 if last else self._limit)

    async def take(self, who: Hashable, *, last: bool, met: bool) -> None:
        """Wait for the turn; a `last` try waits until nobody else has it.

        Raises Unmet where a node that was not `met` has to answer without a password first.
        """
        while who not in self._taken and (last or not self.is_open):
            if not (last or met) and (self._lost or self._is_slow()):
                raise Unmet
            if not self._taken or (not last and self._has_room_for_one_more()):
                self._taken[who] = time.monotonic()
                return
            await self._change()

    def leave(self, who: Hashable) -> None:
        """Note that the password of one who has the turn leaves now."""
        if who in self._on_their_way:  # the connection was closed under it, and it leaves again
            self._lose()
        if who in self._taken:
            self._on_their_way.add(who)

    def give_back(self, who: Hashable, *, lost: bool = False) -> None:
        """End a turn, if there is one, and say whether its answer was `lost`."""
        if who in self._on_their_way and lost:
            self._lose()
        self._on_their_way.discard(who)
        if self._taken.pop(who, None) is not None:
            self._wake()

    def open(self) -> None:
        """Note that a node took the password."""
        self.is_open = True
        self._forget()
        self._wake()

    def shut(self, *, forget: bool = False) -> None:
        """Begin with a password that nobody has accepted; `forget` where a person gave it."""
        self.is_open = False
        if forget:
            self._forget()
        self._wake()

    def allow_one_more(self) -> bool:
        """Let one more try go than there were, as a person asks for; False where it could lock."""
        self._limit = max(AT_MOST, min(self.spent, AT_MOST) + 1)
        return not self.is_over()

    def refuse(self) -> None:
        """Count a refusal that is not the end: the node is given the password a last time."""
        if not self.is_open:
            self._refused.append(time.monotonic())

    def _lose(self) -> None:
        if not self.is_open:
            self._lost.append(time.monotonic())

    def _forget(self) -> None:
        self._lost.clear()
        self._refused.clear()
        self._limit = AT_MOST

    def _is_slow(self) -> bool:
        return any(time.monotonic() - since >= SLOW for since in self._taken.values())

    def _has_room_for_one_more(self) -> bool:
        return len(self._taken) == 1 and self._is_slow() and self.spent + 1 < self._limit

    async def _change(self) -> None:
        """Wait until a turn ends, or the one that is taken has become slow."""
        changed, due = self._changed, None
        if not self._is_slow():
            due = min(self._taken.values()) + SLOW - time.monotonic()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(due):
                await changed.wait()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
