"""How many requests may carry one password at a time, and how many tries an unproven one has.

Five failed logins within 900 s lock the user, and a login whose answer was lost may have been one
of them. So one unproven password is on its way at a time. While it keeps its node for longer than
a second, one more may be sent, so that a node which hangs delays no other. From then on, and after
an answer that was lost, it is sent only to a node that has just answered without one: a node that
answers nothing costs no further try. After three without an answer none is sent until a person
acts. A refusal is counted too where one last try follows: that makes four tries at the worst.

A password that is changed while all is well is refused to every request that is on its way. So
three may be on their way, and no more. A node that does not answer keeps its slot until its time
is up; so that it delays no other, nodes that were slow the last time share two of the three, and
the third is for nodes that answer.

Nothing is sent from here, and a node is no more than a key.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Hashable

from tui.api.errors import NodeNotSeenYet

SLOTS = 3
"""How many requests may carry one password at the same time."""

SLOW = 1.0
"""Seconds without an answer after which a node counts as slow."""

UNANSWERED_AT_MOST = 3
"""How many tries without an answer there may be before a person is asked."""

WITHIN = 900.0
"""Seconds for which a failed login counts."""


class RequestSlots:
    """The slots of the requests that may carry a password at the same time, first come first.

    `clock` gives monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, slow: float = SLOW) -> None:
        self._clock = clock
        self._slow_after = slow
        self._since: dict[Hashable, float] = {}
        self._slow: set[Hashable] = set()
        self._waiting: list[tuple[Hashable, asyncio.Future[None]]] = []

    async def enter(self, node: Hashable) -> None:
        """Wait for a slot; a node that has one keeps it."""
        if node in self._since:
            return
        entered = asyncio.get_running_loop().create_future()
        self._waiting.append((node, entered))
        self._admit()
        try:
            await entered
        except asyncio.CancelledError:
            self._waiting = [waiter for waiter in self._waiting if waiter[1] is not entered]
            if entered.done() and not entered.cancelled():
                self._free(node)
            raise

    def leave(self, node: Hashable) -> None:
        """Free the slot, if the node has one."""
        since = self._since.get(node)
        if since is None:
            return
        if self._clock() - since > self._slow_after:
            self._slow.add(node)
        else:
            self._slow.discard(node)
        self._free(node)

    def _free(self, node: Hashable) -> None:
        self._since.pop(node, None)
        self._admit()

    def _admit(self) -> None:
        for waiter in list(self._waiting):
            node, entered = waiter
            if self._has_room(node):
                self._waiting.remove(waiter)
                if not entered.done():
                    self._since[node] = self._clock()
                    entered.set_result(None)

    def _has_room(self, node: Hashable) -> bool:
        if len(self._since) >= SLOTS:
            return False
        return node not in self._slow or sum(map(self._is_slow, self._since)) < SLOTS - 1

    def _is_slow(self, node: Hashable) -> bool:
        return node in self._slow or self._clock() - self._since[node] > self._slow_after


class AttemptLimit:
    """Decides when a password may be sent to a node, and counts what came of it.

    `is_proven` after a node accepted it: then only the slots limit it, and nothing is counted.
    `clock` gives monotonic seconds; after `slow` seconds without an answer a node is slow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, slow: float = SLOW) -> None:
        self.is_proven = False
        self._clock = clock
        self._slow_after = slow
        self._limit = UNANSWERED_AT_MOST
        self._since: dict[Hashable, float] = {}  # unproven passwords: from when a node may send it
        self._sent: set[Hashable] = set()
        self._unanswered: list[float] = []
        self._refused: list[float] = []
        self._doubting: set[Hashable] = set()
        self._no_doubt = asyncio.Event()
        self._changed = asyncio.Event()
        self._slots = RequestSlots(clock, slow)

    @property
    def spent(self) -> int:
        """How many tries may have been failed logins that still count."""
        since = self._clock() - WITHIN
        self._unanswered = [at for at in self._unanswered if at > since]
        self._refused = [at for at in self._refused if at > since]
        return len(self._unanswered) + len(self._refused)

    def is_over(self, *, for_node: Hashable = None) -> bool:
        """Whether no password may be sent; the last try of `for_node` is allowed one more."""
        last = for_node in self._doubting
        return self.spent >= (UNANSWERED_AT_MOST + 1 if last else self._limit)

    async def enter(
        self, node: Hashable, *, has_answered: bool, check: Callable[[], None] = lambda: None
    ) -> None:
        """Wait until the password may be sent to a node, which counts it as sent.

        `check` is called after each wait and raises where it is not to be sent any more. Raises
        NodeNotSeenYet where a node that has not just `has_answered` must do so without one first.
        """
        check()
        while True:
            while self._must_wait_for_doubt(node):
                self._end_attempt(node, unanswered=False)
                await self._no_doubt.wait()
            await self._begin_attempt(node, has_answered=has_answered)
            check()
            await self._slots.enter(node)
            check()
            if not self._must_wait_for_doubt(node):
                break
            self._slots.leave(node)
        if node in self._sent:  # the connection was closed under it, and it is sent again
            self._count_unanswered()
        if node in self._since:
            self._sent.add(node)

    def leave(self, node: Hashable, *, unanswered: bool = False) -> None:
        """End a node's request, whether or not the password was sent; let others go on."""
        self._end_attempt(node, unanswered=unanswered)
        self._slots.leave(node)

    def doubt(self, node: Hashable) -> None:
        """Count a refusal after which the node is sent the password a last time, before others."""
        self._doubting.add(node)
        self._no_doubt.clear()
        if not self.is_proven:
            self._refused.append(self._clock())

    def settle(self, node: Hashable) -> None:
        """End a node's last try: it was accepted, or its refusal is known."""
        self._doubting.discard(node)
        if not self._doubting:
            self._no_doubt.set()

    def prove(self) -> None:
        """Mark the password as proven: a node accepted it."""
        self.is_proven = True
        self._forget()
        self._wake()

    def reset(self, *, forget: bool = False) -> None:
        """Begin with an unproven password; `forget` the count where a person gave it."""
        self.is_proven = False
        if forget:
            self._forget()
        self._wake()

    def allow_one_more(self) -> bool:
        """Allow one more try, as a person wants; False where it could lock the user."""
        spent = self.spent
        self._limit = max(UNANSWERED_AT_MOST, min(spent, UNANSWERED_AT_MOST) + 1)
        return not self.is_over()

    def _must_wait_for_doubt(self, node: Hashable) -> bool:
        """Whether other nodes have a last try: two tries of each at once would lock the user."""
        return bool(self._doubting) and node not in self._doubting

    async def _begin_attempt(self, node: Hashable, *, has_answered: bool) -> None:
        """Wait until a node may send an unproven password; a last try waits for all others."""
        last = node in self._doubting
        while node not in self._since and (last or not self.is_proven):
            if not (last or has_answered) and (self._unanswered or self._has_slow_attempt()):
                raise NodeNotSeenYet
            if not self._since or (not last and self._has_room_for_one_more()):
                self._since[node] = self._clock()
                return
            await self._wait_for_change()

    def _end_attempt(self, node: Hashable, *, unanswered: bool) -> None:
        if node in self._sent and unanswered:
            self._count_unanswered()
        self._sent.discard(node)
        if self._since.pop(node, None) is not None:
            self._wake()

    def _count_unanswered(self) -> None:
        if not self.is_proven:
            self._unanswered.append(self._clock())

    def _forget(self) -> None:
        self._unanswered.clear()
        self._refused.clear()
        self._limit = UNANSWERED_AT_MOST

    def _has_slow_attempt(self) -> bool:
        return any(self._clock() - since >= self._slow_after for since in self._since.values())

    def _has_room_for_one_more(self) -> bool:
        return len(self._since) == 1 and self._has_slow_attempt() and self.spent + 1 < self._limit

    async def _wait_for_change(self) -> None:
        """Wait until an attempt ends, or the present one has become slow."""
        changed, seconds = self._changed, None
        if not self._has_slow_attempt():
            seconds = min(self._since.values()) + self._slow_after - self._clock()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await changed.wait()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
