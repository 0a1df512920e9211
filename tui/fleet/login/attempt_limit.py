"""How many requests may carry one password at a time, and how many tries an unproven one has.

Five failed logins within 900 s lock the user, and a login whose answer was lost may have been one
of them. So one unproven password is on its way at a time. While it keeps its node for longer than
a second, one more may leave, so that a node which hangs delays no other. From then on, and after
an answer that was lost, it leaves only to a node that has just answered without one: a node that
answers nobody costs no further try. After three without an answer none leaves until a person acts.
A refusal is counted too where one last try follows: that makes four tries at the worst.

A password that is changed while all is well is refused to every request that is on its way. So
three may be on their way, and no more. A node that does not answer keeps its place until its time
is up; so that it delays no other, nodes that were slow the last time share two of the three, and
the third is for nodes that answer.
"""

import asyncio
import contextlib
import time
from collections.abc import Hashable

from tui.api.errors import NodeNotSeenYet

SLOTS = 3
"""How many requests are on their way with one password."""

SLOW = 1.0
"""Seconds without an answer after which a node counts as slow."""


class RequestSlots:
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
        if len(self._going) >= SLOTS:
            return False
        return who not in self._slow or sum(map(self._is_slow, self._going)) < SLOTS - 1

    def _is_slow(self, who: Hashable) -> bool:
        return who in self._slow or time.monotonic() - self._going[who] > SLOW


AT_MOST = 3
"""How many tries without an answer there may be before a person is asked."""

WITHIN = 900.0
"""Seconds for which a failed login counts."""


class AttemptLimit:
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
                raise NodeNotSeenYet
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
