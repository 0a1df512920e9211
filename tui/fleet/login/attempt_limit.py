"""How many requests may carry one password at a time, and how many refusals it may cost.

Five failed logins within 900 s lock the user, and a login whose answer was lost may have been one
of them. So there are two limits, both for the window of the lock:

    two refusals in a row    an acceptance by the same cluster begins the count anew
    three failures in all    refusals, and passwords without an answer while it was not certain

Where a cluster locks sooner, both are two below its threshold. A person who wants another try gets
one more, but no refusal beyond two below the threshold. What other processes were refused counts
too, as far as it is known.

The password is certain once a node took it and none has refused it since. Then two requests may
carry it, so that one which is changed meanwhile costs two refusals. Else one is on its way at a
time; the same holds for a node that has not taken it yet. While that one keeps its node for longer
than a second, one more may be sent, so that a node which hangs delays no other. From then on, and
after an answer that was lost, it is sent only to a node that took it before or has just answered
without one: a node that answers nothing costs no further try. After a refusal the nodes that took
it before go first.

A node that does not answer keeps its slot until its time is up; so that it delays no other, nodes
that were slow the last time share one of the two.

Nothing is sent from here, and a node is no more than a key. Where it has several connections, the
key is one connection's, and the `taker` is the node that they share.
"""

import asyncio
import contextlib
import math
from collections.abc import Callable, Hashable, Iterable

from tui.api.errors import NodeNotSeenYet
from tui.model.clock import awake, monotonic
from tui.model.login import LockoutRule

SLOTS = 2
"""How many requests may carry one password at a time, and so how many refusals a change costs."""

SLOW = 1.0
"""Seconds without an answer after which a node counts as slow."""

_VOUCH_WITHIN = 5.0
_SMOOTHING = 0.2


class RequestSlots:
    """The slots of the requests that may carry a password at the same time, first come first.

    `size` is how many there are now. `latency` is how long a request keeps its slot, in seconds,
    smoothed; 0.0 before the first. `clock` gives monotonic seconds, those asleep left out.
    """

    def __init__(self, clock: Callable[[], float] = awake, slow: float = SLOW) -> None:
        self.size = SLOTS
        self.latency = 0.0
        self._clock = clock
        self._slow_after = slow
        self._since: dict[Hashable, float] = {}
        self._slow: set[Hashable] = set()
        self._waiting: list[tuple[Hashable, asyncio.Future[None]]] = []

    async def enter(self, node: Hashable, *, first: bool = False) -> None:
        """Wait for a slot, `first` before all who wait; a node that has one keeps it."""
        if node in self._since:
            return
        entered = asyncio.get_running_loop().create_future()
        self._waiting.insert(0 if first else len(self._waiting), (node, entered))
        self._admit()
        try:
            await entered
        except asyncio.CancelledError:
            self._waiting = [waiter for waiter in self._waiting if waiter[1] is not entered]
            if entered.done() and not entered.cancelled():
                self.give_back(node)
            raise

    def leave(self, node: Hashable) -> None:
        """Free the slot, if the node has one."""
        since = self._since.get(node)
        if since is None:
            return
        took = self._clock() - since
        weight = _SMOOTHING if self.latency else 1.0
        self.latency += weight * (took - self.latency)
        if took > self._slow_after:
            self._slow.add(node)
        else:
            self._slow.discard(node)
        self.give_back(node)

    def resize(self, size: int) -> None:
        """Change how many slots there are; a request that has one keeps it."""
        self.size = size
        self._admit()

    def give_back(self, node: Hashable) -> None:
        """Free the slot of a node that sends nothing."""
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
        if len(self._since) >= self.size:
            return False
        slow = sum(map(self._is_slow, self._since))
        return node not in self._slow or slow < max(1, self.size - 1)

    def _is_slow(self, node: Hashable) -> bool:
        return node in self._slow or self._clock() - self._since[node] > self._slow_after


class AttemptLimit:
    """Decides when a password may be sent to a node, and counts what came of it.

    `is_proven` after a node took it. `clock` gives monotonic seconds; after `slow` seconds without
    an answer a node is slow.
    """

    def __init__(self, clock: Callable[[], float] = monotonic, slow: float = SLOW) -> None:
        self.is_proven = False
        self._rule = LockoutRule()
        self._clock = clock
        self._slow_after = slow
        self._refusals_wanted = self._failures_wanted = 0
        self._since: dict[Hashable, float] = {}  # sent while it is not certain: from when on
        self._sent: set[Hashable] = set()
        self._sent_at: dict[Hashable, float] = {}
        self._taken: set[Hashable] = set()
        self._unanswered: list[float] = []
        self._refused: list[tuple[float, Hashable]] = []
        self._unkept: list[tuple[float, Hashable]] = []
        self._elsewhere: dict[Hashable, list[float]] = {}
        self._doubting: set[Hashable] = set()
        self._no_doubt = asyncio.Event()
        self._changed = asyncio.Event()
        self._slots = RequestSlots(slow=slow)

    @property
    def own_refusals(self) -> int:
        """How many refusals in a row to this process still count."""
        since = self._clock() - self._rule.window
        self._refused = [refusal for refusal in self._refused if refusal[0] > since]
        return len(self._refused)

    @property
    def refusals(self) -> int:
        """How many refusals in a row still count, those to other processes included."""
        return self.own_refusals + len(self._others)

    @property
    def free_in(self) -> float:
        """Seconds until so few refusals count that the password may be sent; 0.0 if it may be."""
        times = sorted([at for at, _ in self._refused] + self._others)
        too_many = len(times) - self._refusals_at_most
        return 0.0 if too_many < 0 else times[too_many] + self._rule.window - self._clock()

    @property
    def spent(self) -> int:
        """How many tries may have been failed logins that still count."""
        since = self._clock() - self._rule.window
        self._unanswered = [at for at in self._unanswered if at > since]
        return len(self._unanswered) + self.refusals

    @property
    def is_over(self) -> bool:
        """Whether no password may be sent before a person acts, or the window has passed."""
        failures = max(self._two_below, self._failures_wanted)
        return self.refusals >= self._refusals_at_most or self.spent >= failures

    @property
    def latency(self) -> float:
        """Seconds that a request with the password takes, smoothed; 0.0 before the first."""
        return self._slots.latency

    @property
    def at_a_time(self) -> int:
        """How many requests may carry a password that is certain: as many as may be refused."""
        return min(SLOTS, self._two_below)

    @property
    def threshold(self) -> int:
        """How many failed logins lock the user."""
        return self._rule.threshold

    @property
    def window(self) -> float:
        """For how many seconds a failed login counts."""
        return self._rule.window

    async def enter(
        self,
        node: Hashable,
        *,
        has_answered: bool,
        taker: Hashable = None,
        is_certain: bool = True,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        """Wait until the password may be sent to a node, which counts it as sent.

        A call that may be refused although the node takes the password is not `is_certain`.
        `check` is called after each wait and raises where it is not to be sent any more. Raises
        NodeNotSeenYet where a node that has not just `has_answered` must do so without one first.
        """
        check()
        taker = node if taker is None else taker
        while True:
            while self._must_wait_for_doubt(node):
                self._end_attempt(node, unanswered=False)
                await self._no_doubt.wait()
                check()
            await self._begin_attempt(
                node, has_answered=has_answered, taker=taker, is_certain=is_certain
            )
            check()
            # What goes one at a time has waited already, and others wait for it.
            await self._slots.enter(node, first=node in self._since)
            check()
            # What let it pass must hold still, after it has waited for a slot.
            may_send = node in self._since or (is_certain and self._is_certain_at(taker))
            if may_send and not self._must_wait_for_doubt(node):
                break
            self._slots.give_back(node)
        if node in self._sent:  # the connection was closed under it, and it is sent again
            self._count_unanswered()
        self._sent.add(node)
        self._sent_at[node] = self._clock()

    def leave(self, node: Hashable, *, unanswered: bool = False) -> None:
        """End a node's request, whether or not the password was sent; let others go on."""
        self._end_attempt(node, unanswered=unanswered)
        self._slots.leave(node)

    def refuse(self, node: Hashable, taker: Hashable = None, place: Hashable = None) -> bool:
        """Count a refusal; return whether the node may be sent the password once more.

        No other node is sent it before `settle`. `place` is the cluster whose user it counts for.
        """
        refusal = (self._clock(), place)
        self._refused.append(refusal)
        self._unkept.append(refusal)
        self._taken.discard(node if taker is None else taker)
        self._doubting.add(node)
        self._no_doubt.clear()
        self._fit_slots()
        return not self.is_over

    def settle(self, node: Hashable) -> None:
        """End a node's tries: it took the password, or what its refusal means is known."""
        self._doubting.discard(node)
        if not self._doubting:
            self._no_doubt.set()

    def sent_at(self, node: Hashable) -> float:
        """Return when a node's newest request with the password left; infinity before the first."""
        return self._sent_at.get(node, math.inf)

    def accept(self, taker: Hashable, place: Hashable = None, *, sent_at: float = math.inf) -> None:
        """Mark the password as proven: a node took it; that ends the refusals of its `place`.

        Those that came after its request was sent, at `sent_at`, stay: it may have been answered
        before the password was changed.
        """
        is_news = not self.is_proven or bool(self._refused) or taker not in self._taken
        self.is_proven = True
        self._taken.add(taker)
        self._unanswered.clear()
        for refused in (self._refused, self._unkept):
            refused[:] = [(at, where) for at, where in refused if where != place or at > sent_at]
        self._elsewhere.pop(place, None)
        self._refusals_wanted = self._failures_wanted = 0
        if is_news:
            self._fit_slots()
            self._wake()

    def take_unkept(self) -> list[Hashable]:
        """Return the cluster of each refusal that still counts and was not returned before."""
        since = self._clock() - self._rule.window
        unkept, self._unkept = self._unkept, []
        return [place for at, place in unkept if at > since]

    def count_elsewhere(self, place: Hashable, ages: Iterable[float]) -> None:
        """Count what other processes were refused at a `place`, so many seconds ago each."""
        now = self._clock()
        self._elsewhere[place] = [now - age for age in ages]

    def reset(self) -> None:
        """Begin with an unproven password; what was refused or lost still counts."""
        self.is_proven = False
        self._taken.clear()
        self._wake()

    def allow_one_more(self, *, margin: int = 2) -> bool:
        """Allow one more try, as a person wants; False where it could lock the user.

        `margin` is how many failures short of the lock its refusal may be at most.
        """
        spent, refusals = self.spent, self.refusals
        one_below = max(1, self.threshold - 1)
        if refusals >= max(1, self.threshold - margin) or spent >= one_below:
            return False
        self._refusals_wanted, self._failures_wanted = refusals + 1, spent + 1
        return True

    def learn(self, rule: LockoutRule) -> None:
        """Follow a cluster's own rule where it is stricter than what is known; 0 locks nobody."""
        known = self._rule
        if rule.threshold:
            threshold = min(known.threshold, rule.threshold)
            self._rule = LockoutRule(threshold, max(known.window, rule.window))
            self._fit_slots()

    @property
    def _others(self) -> list[float]:
        """When other processes were refused, as far as it still counts."""
        since = self._clock() - self._rule.window
        return [at for times in self._elsewhere.values() for at in times if at > since]

    @property
    def _refusals_at_most(self) -> int:
        return max(self.at_a_time, self._refusals_wanted)

    @property
    def _two_below(self) -> int:
        return max(1, self.threshold - 2)

    def _fit_slots(self) -> None:
        self._slots.resize(1 if self._refused else self.at_a_time)

    def _is_certain_at(self, taker: Hashable) -> bool:
        return taker in self._taken and not self._refused

    def _must_wait_for_doubt(self, node: Hashable) -> bool:
        """Whether another node's refusal is not understood yet."""
        return bool(self._doubting) and node not in self._doubting

    def _must_let_others_vouch(self, taker: Hashable) -> bool:
        """Whether nodes that took the password go first, since one has refused it."""
        if not self._refused or not self._taken or taker in self._taken:
            return False
        return self._clock() - self._refused[-1][0] < _VOUCH_WITHIN

    async def _begin_attempt(
        self, node: Hashable, *, has_answered: bool, taker: Hashable, is_certain: bool
    ) -> None:
        """Wait until a node may send what is not certain; a last try waits for all others."""
        last = node in self._doubting
        while last or not (is_certain and self._is_certain_at(taker)):
            if node in self._since:
                return
            is_seen = last or has_answered or self._is_certain_at(taker)
            if not is_seen and (self._unanswered or self._has_slow_attempt()):
                raise NodeNotSeenYet
            is_free = not self._since or (not last and self._has_room_for_one_more())
            if is_free and (last or not self._must_let_others_vouch(taker)):
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
        if not self.is_proven or self._refused:
            self._unanswered.append(self._clock())

    def _has_slow_attempt(self) -> bool:
        return any(self._clock() - since >= self._slow_after for since in self._since.values())

    def _has_room_for_one_more(self) -> bool:
        alone = len(self._since) == 1 and self._has_slow_attempt()
        return alone and not self._refused and self.spent + 1 < self._two_below

    async def _wait_for_change(self) -> None:
        """Wait until an attempt ends, has become slow, or others had the time to vouch."""
        moments = [since + self._slow_after for since in self._since.values()]
        moments += [at + _VOUCH_WITHIN for at, _ in self._refused[-1:]]
        later = [moment - self._clock() for moment in moments]
        changed = self._changed
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min((left for left in later if left > 0), default=None)):
                await changed.wait()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
