"""One loop a node: poll, publish, wait. A node in trouble never delays another.

The services come first and on time. Who the node is, is read by the connection that they came by,
while that is quick. All else (the cluster's facts, who is primary, the health of all nodes) is read
beside them, one call at a time, by a second connection that is opened when it is wanted: after a
reading, and while some of it got no answer at a pace of its own, which slows down.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tui.api.errors import ApiError, LoginRefused, Unavailable, Untrusted
from tui.config import NodeProfile
from tui.credentials import Passwords
from tui.fleet.login.shared_login import LOOK_AGAIN, Login, LoginStopped
from tui.fleet.polling.backoff import backoff
from tui.fleet.polling.cluster_cache import ClusterCache
from tui.fleet.polling.identity import NodeFactsReader
from tui.fleet.polling.node_connection import NodeConnection, check_services_answer
from tui.model.certificate import Certificate
from tui.model.clock import clock_text, monotonic
from tui.model.cluster import Member, OptionalServices
from tui.model.context import ClusterContext
from tui.model.dataclass import dataclass
from tui.model.event import RoleChange
from tui.model.login import PasswordPolling
from tui.model.node import Identity, NodeEvidence, NodeFacts, Origin
from tui.model.reading import Reading, Trouble
from tui.model.service import Service, ServiceCounts, but_for_uptimes

if TYPE_CHECKING:
    from tui.api.client import NodeReader

_LEAST_TIME = 0.5
"""Seconds that a node has to say who it is, even where readings come sooner."""

Publish = Callable[["NodePoller", Reading, RoleChange | None], None]
"""Called with the poller, its reading before the newest one, and its new role, if it has one."""


_MOMENTS = 8
"""Moments of an interval at the least, however short it is."""


@dataclass(slots=True)
class PollMoments:
    """The moments at which nodes are polled, `seconds` apart, those that are due about then at one.

    To wake for each node by itself takes longer than to poll it.
    """

    seconds: float
    _first: float | None = None

    def before(self, due: float, interval: float) -> float:
        """Return the last moment that is not after `due` (monotonic).

        `interval` is that between the readings of the node, in seconds.
        """
        seconds = min(self.seconds, interval / _MOMENTS)
        if self._first is None:
            self._first = due - seconds / 2  # those due a little sooner are polled with it
        return due - (due - self._first) % seconds


@dataclass(frozen=True, slots=True)
class PollTiming:
    """How a node is polled: seconds between readings, and seconds to wait for an answer.

    `first` is the wait before the first reading, `side_again` that before side calls which got no
    answer are made again, whatever the interval; it grows with each time. Nodes that share
    `moments` are polled together. While the machine sleeps a timer stands still, so in a longer
    rest the time is looked at every `looks`.
    """

    interval: float
    timeout: float
    first: float = 0.0
    moments: PollMoments | None = None
    side_again: float = 10.0
    looks: float = 5.0


class NodePoller:
    """Polls one node for as long as `run` runs; `reading` is the newest known.

    `name` is that of its profile. `read_only` is why no order may go here, empty where it may.
    `next_at` is when the node is polled next, monotonic, None while nothing is planned.
    `certificate` is what it presented, `evidence` what the newest good reading shows of which node
    answered. While an order is open on the node (`is_ordered`), it is not polled for what
    surrounds it.
    """

    def __init__(
        self,
        profile: NodeProfile,
        *,
        login: Login,
        passwords: Passwords,
        cluster: ClusterCache,
        timing: PollTiming,
        read_only: str,
        publish: Publish,
        is_ordered: Callable[[], bool] = lambda: False,
    ) -> None:
        self.profile = profile
        self.name = profile.name
        self.login = login
        self.reading = Reading(profile.name)
        self.certificate: Certificate | None = None
        self.evidence = NodeEvidence()
        self.next_at: float | None = None
        self.paused = False
        self._read_only = read_only
        self._facts_reader = NodeFactsReader(
            profile, cluster, lambda change: publish(self, self.reading, change)
        )
        self._timing = timing
        self._publish = publish
        self._is_ordered = is_ordered
        self._connection = NodeConnection(
            profile, login, passwords, timing.timeout, lambda: not self.read_only
        )
        self._side_connection = NodeConnection(
            profile, login, passwords, timing.timeout, lambda: False
        )
        self._side_is_due = asyncio.Event()
        self._is_slow_to_identify = False
        self._is_running = False
        self._is_nudged = False
        self._rest_end: asyncio.Future[None] | None = None
        self._failures = 0
        self._hurry: float | None = None
        self._stale_after = 2 * timing.interval
        self._must_wait = False
        self._counted: tuple[object, object] = (None, None)
        self._tally = ServiceCounts()

    @property
    def tally(self) -> ServiceCounts:
        """How many of its services are well by the last good answer, and which are not.

        Counted again only where more is new than uptimes. Those of its problems may be of an
        earlier answer.
        """
        services, disabled = but_for_uptimes(self.reading.services), self.facts.disabled
        if self._counted[0] is not services or self._counted[1] is not disabled:
            self._counted = (services, disabled)
            self._tally = ServiceCounts.of(services, disabled)
        return self._tally

    @property
    def interval(self) -> float:
        """Seconds between two readings while all is well."""
        return self._timing.interval

    @property
    def timeout(self) -> float:
        """Seconds that a request may take."""
        return self._timing.timeout

    @property
    def cluster_key(self) -> int:
        """What nodes have in common that are looked up in the same cluster's cache."""
        return self._facts_reader.cluster_key

    @property
    def members(self) -> tuple[Member, ...]:
        """The nodes of its cluster as that lists them; empty where they are not known."""
        return self._facts_reader.members

    @property
    def first(self) -> float:
        """Seconds from the start to the first reading: nodes do not all begin at once."""
        return self._timing.first

    @property
    def stale_after(self) -> float:
        """Age in seconds from which a reading is called stale: two intervals.

        A slower pace counts from the next good answer on: it makes no old one fresh.
        """
        return self._stale_after

    @property
    def read_only(self) -> str:
        """Why this node takes no orders from here; empty where it does."""
        if self._read_only:
            return self._read_only
        if not self.login.may_write:
            return f"read-only: {self.login.username} may not send actions (the node answered 403)"
        return ""

    @property
    def password_polling(self) -> PasswordPolling | None:
        """What it costs that polls of this node carry the password; None where they do not."""
        cause = self._connection.password_cause
        return None if cause is None else self.login.password_polling(cause)

    @property
    def wrong_node(self) -> str:
        """Why the node that answers is not known to be the one that is meant; empty if it is.

        It is the one that the profile names by uid and hostname, else the first that answered.
        """
        return self._facts_reader.identity_check.wrong

    @property
    def is_settled(self) -> bool:
        """Whether the newest reading may be taken for one of the same node as those before."""
        return self._facts_reader.identity_check.is_settled

    @property
    def facts(self) -> NodeFacts:
        """What is known of the node that answers, beside its services."""
        return self._facts_reader.facts

    @property
    def context(self) -> ClusterContext:
        """What surrounds the node in its cluster: alerts, databases, running actions."""
        return self._facts_reader.context

    @property
    def identity(self) -> Identity:
        """The node that is meant, for an order to be bound to."""
        return self._facts_reader.meant

    def set_interval(self, seconds: float) -> None:
        """Change the pace from the next reading on, at once if that is sooner."""
        sooner = seconds < self._timing.interval
        self._timing = replace(self._timing, interval=seconds)
        self._stale_after = min(self._stale_after, 2 * seconds)
        if sooner and not self.paused:
            self._nudge()

    def refresh_now(self) -> None:
        """Poll now, whatever was planned, paused or not."""
        self.identify_again()
        self._nudge()

    def identify_again(self) -> None:
        """Read who the node is with the next poll, whenever it was read last."""
        self._facts_reader.hasten()

    def set_paused(self, paused: bool) -> None:
        """Plan no more readings, or go on at once."""
        self.paused = paused
        if paused:
            self.next_at = None
        else:
            self.refresh_now()

    async def poll_services(self) -> None:
        """Poll the services one time, for a look that does not go on (`look_once`)."""
        generation = -1
        while generation != self.login.generation:  # a password that is replaced is tried too
            generation = self.login.generation
            await self._poll()

    async def release(self) -> None:
        """Close the connections of a look that does not go on."""
        await self._connection.release()
        await self._side_connection.release()

    async def run(self) -> None:
        """Poll until cancelled."""
        self._is_running = True
        side = asyncio.create_task(self._run_side_calls(), name=f"side calls {self.name}")
        polls = asyncio.create_task(self._run_polls(), name=f"polls {self.name}")
        try:
            await asyncio.wait((side, polls), return_when=asyncio.FIRST_COMPLETED)
            for task in (side, polls):
                if task.done():
                    task.result()  # it ends by a bug alone
        finally:
            side.cancel()
            polls.cancel()
            await asyncio.wait((side, polls))

    # Each task closes its own connection: a program that ends cancels them all at once.

    async def _run_polls(self) -> None:
        self.login.wakers.add(self._nudge)
        try:
            await self._rest(self._timing.first)
            while True:
                await self._rest(await self._poll(goes_on=True), self._timing.moments)
        finally:
            self.login.wakers.discard(self._nudge)
            await self._connection.shut()

    async def _run_side_calls(self) -> None:
        """Make the side calls that are due after a good reading, one at a time."""
        try:
            failures = 0
            while True:
                await self._wait_for_side_calls(failures)
                # A refusal stops the login on its way, and the next poll shows that.
                with contextlib.suppress(ApiError, LoginStopped):
                    await self._make_side_calls()
                failures = failures + 1 if self._facts_reader.lacks_answer else 0
        finally:
            await self._side_connection.shut()

    async def _wait_for_side_calls(self, failures: int) -> None:
        """Wait until side calls are due: after a reading, or after some that got no answer."""
        wait = backoff(failures, self._timing.side_again) if failures else None
        while not self._side_is_due.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._side_is_due.wait()
            if self.reading.is_good and not self._is_idle:
                break
        self._side_is_due.clear()

    def retire(self) -> None:
        """Get no more facts from the cluster's cache, and add none."""
        self._facts_reader.end()

    def _nudge(self) -> None:
        """End the rest of now, or that after the poll of now."""
        self._is_nudged = True
        _end(self._rest_end)

    async def _rest(self, seconds: float | None, moments: PollMoments | None = None) -> None:
        """Wait `seconds`, for ever if None; a nudge or a new password ends it."""
        if seconds is not None and self._hurry is not None and not self._must_wait:
            seconds = min(seconds, self._hurry)
        due = None if seconds is None else monotonic() + seconds
        # Nodes in trouble stay apart, and what an order wants is not moved.
        if due is not None and moments is not None and self._hurry is None and not self._failures:
            due = moments.before(due, self._timing.interval)
        try:
            if self._is_nudged or (due is not None and due <= monotonic()):
                await asyncio.sleep(0)  # others go on between two polls
            while not self._is_nudged:
                self.next_at = None if self._is_idle else due
                left = None if self.next_at is None else self.next_at - monotonic()
                if left is not None and left <= 0:
                    break
                await self._wait(left)
        finally:
            self._is_nudged = False

    async def _wait(self, seconds: float | None) -> None:
        """Wait until the time is up or is to be looked at, or for a nudge."""
        loop = asyncio.get_running_loop()
        end = self._rest_end = loop.create_future()
        seconds = None if seconds is None else min(seconds, self._timing.looks)
        timer = None if seconds is None else loop.call_later(seconds, _end, end)
        try:
            await end
        finally:
            self._rest_end = None
            if timer is not None:
                timer.cancel()

    @property
    def _is_idle(self) -> bool:
        """Whether nothing is to be polled: paused, and no order is watched."""
        return self.paused and self._hurry is None

    async def _poll(self, *, goes_on: bool = False) -> float | None:
        """Poll once and publish; return seconds until the next time, None to wait for a login."""
        asked_at = monotonic()
        generation = self.login.generation
        try:
            async with self._connection.hold() as reader:
                # An order may have held the connection; only what is polled after it is evidence.
                asked_at = monotonic()
                services = check_services_answer(
                    await reader.services(), f"{self.name} ({self.profile.url})"
                )
                self.certificate = reader.certificate
                origin = reader.origin
                self._connection.prove()
            # The lock is released before the reading is published.
            self._publish_services(services, origin, asked_at)
            if goes_on:
                await self._identify(due=asked_at + self._timing.interval)
                if self._has_side_calls():
                    self._side_is_due.set()
        except (LoginRefused, LoginStopped):
            await self.login.refusals_are_kept()  # also those of another node, just now
            if self.login.trouble or generation == self.login.generation:
                self._publish_trouble(self.login.trouble_at(self.name), asked_at)
            if self.login.trouble or generation != self.login.generation:
                return LOOK_AGAIN if self.login.is_held_back else None
            # Refused by this node alone: a token that another node issues may pass here.
            self._failures += 1
            return backoff(self._failures, self._timing.interval, None)
        except ApiError as error:
            wait = self._failed(error, asked_at)
            # Another certificate than the pinned one needs a person: it is not polled again.
            return None if isinstance(error, Untrusted) and error.expected else wait
        return max(0.0, asked_at + self._timing.interval - monotonic())

    async def _identify(self, due: float) -> None:
        """Read who the node is, if it is time to, by the connection that its services came by.

        It may take until the next reading is `due` (monotonic); a node that is slower is asked
        beside from then on. What a reading shows of an order is evidence if the same node says so
        after it, so while an order is watched the node is asked after every reading, and waited
        for.
        """
        is_hurried = self._hurry is not None
        is_due = self._facts_reader.identity_is_due() and not self._is_slow_to_identify
        if not is_hurried and not is_due:
            return
        async with self._connection.hold() as reader:
            limit = None if is_hurried else max(_LEAST_TIME, due - monotonic())
            try:
                async with asyncio.timeout(limit):
                    await self._facts_reader.identify(reader)
            except TimeoutError:
                self._is_slow_to_identify = True

    def _has_side_calls(self) -> bool:
        facts = self._facts_reader
        return (
            facts.lacks_answer
            or (self._is_slow_to_identify and facts.identity_is_due())
            or facts.cluster_is_due(self.interval)
            or (facts.context_is_due() and not self._is_ordered())
        )

    async def _make_side_calls(self) -> None:
        is_slow = self._is_slow_to_identify or self._facts_reader.is_unidentified
        if is_slow and self._facts_reader.identity_is_due():
            began = monotonic()
            async with self._side_connection.hold() as reader:
                await self._facts_reader.identify(reader)
            self._is_slow_to_identify = monotonic() - began > self._timing.interval / 2
        if self._facts_reader.cluster_is_due(self.interval):
            async with self._side_connection.hold() as reader:
                later = self._side_is_due.set
                if await self._facts_reader.read_cluster(reader, self.interval, later):
                    self._side_connection.prove()
        if self._facts_reader.context_is_due() and not self._is_ordered():
            await self._read_context_part()
            if self._facts_reader.context_is_due():
                self._side_is_due.set()  # after what is due by then of all else

    async def _read_context_part(self) -> None:
        async with self._side_connection.hold() as reader:
            # An order may have been given while the connection was in use.
            if not self._is_ordered() and await self._facts_reader.read_context(reader):
                self._side_connection.prove()

    def refresh_context(self) -> None:
        """Read what surrounds the node now, paused or not, or after its next good reading."""
        self._facts_reader.refresh_context()
        if self.reading.is_good:
            self._side_is_due.set()

    async def read_context(self) -> None:
        """Read what is due of what surrounds the node, if it answers for its cluster.

        No call begins after three timeouts, nor while an order is open on the node.
        """
        until = monotonic() + 3 * self._timing.timeout
        try:
            # A refusal stops the login on its way, and the next poll shows that.
            with contextlib.suppress(ApiError, LoginStopped):
                if self._facts_reader.health_is_due() and not self._is_ordered():
                    async with self._side_connection.hold() as reader:
                        await self._facts_reader.read_health(reader)
                while self._facts_reader.context_is_due() and monotonic() < until:
                    if self._is_ordered():
                        break
                    await self._read_context_part()
        finally:
            if not self._is_running:
                await self._side_connection.release()

    async def identify(self) -> None:
        """Read who the node is, for a look that does not go on; a refused login is no trouble."""
        with contextlib.suppress(ApiError, LoginStopped):
            async with self._connection.hold() as reader:
                await self._facts_reader.identify(reader)

    async def optional_services(self) -> OptionalServices | ApiError:
        """Read which services are optional, for a look that does not go on, or why it is not known.

        Raises LoginStopped.
        """
        try:
            async with self._connection.hold() as reader:
                answer = await reader.optional_services()
                self._connection.prove()
                return answer
        except ApiError as error:
            return error

    async def read_cluster_once(
        self, optional: OptionalServices | ApiError | None, *, until: float, only_kinds: bool
    ) -> None:
        """Read what the cluster reports of itself; see `ClusterCache.read_once`.

        `optional` is what `optional_services` returned. Every trouble becomes a gap.
        """
        try:
            async with self._connection.hold() as reader:
                await self._facts_reader.read_cluster_once(
                    reader, optional, until=until, only_kinds=only_kinds
                )
        except (ApiError, LoginStopped) as error:
            self._facts_reader.miss_cluster(str(error))

    def _failed(self, error: ApiError, asked_at: float) -> float:
        self._failures += 1
        self._facts_reader.hasten()  # another node may come back under its address
        self._publish_trouble(self._as_of_before(error.trouble), asked_at)
        after = error.retry_after if isinstance(error, Unavailable) else None
        self._must_wait = after is not None and after > 0
        return backoff(self._failures, self._timing.interval, after)

    def _as_of_before(self, trouble: Trouble) -> Trouble:
        """Return a trouble with the hint that fits a node that answered there before, if it did."""
        answered_on = self.reading.answered_on
        if answered_on is None or not trouble.later_hint:
            return trouble
        hint = f"it answered until {clock_text(answered_on)}: {trouble.later_hint}"
        return replace(trouble, hint=hint, later_hint="")

    def _publish_trouble(self, trouble: Trouble, asked_at: float) -> None:
        self._facts_reader.lose()
        now = monotonic()
        before = self.reading.trouble
        same = before is not None and before.kind is trouble.kind
        since = self.reading.since if same else now
        self._set_reading(
            replace(
                self.reading, asked_at=asked_at, trouble=trouble, since=since, took=now - asked_at
            )
        )

    def _publish_services(
        self, services: Sequence[Service], origin: Origin, asked_at: float
    ) -> None:
        self._facts_reader.saw(services, origin)
        self.evidence = self._facts_reader.identity_check.evidence
        self._failures = 0
        self._must_wait = False
        self._stale_after = 2 * self._timing.interval
        now = monotonic()
        since = self.reading.since if self.reading.is_good else now
        self._set_reading(
            Reading(
                self.name,
                services,
                asked_at=asked_at,
                answered_at=now,
                answered_on=datetime.now(UTC),
                since=since,
                took=now - asked_at,
            )
        )

    def _set_reading(self, reading: Reading) -> None:
        before, self.reading = self.reading, reading
        self._publish(self, before, None)

    def vouches(self, uid: int | None, reading: Reading) -> bool:
        """Whether node `uid` said after a reading that it is the one, and none else meanwhile.

        True where no uid is known.
        """
        return self._facts_reader.vouches(uid, reading)

    def hold(self) -> AbstractAsyncContextManager[NodeReader]:
        """Lock the node's connection for an order; no poll goes out meanwhile."""
        return self._connection.hold()

    def hold_side(self) -> AbstractAsyncContextManager[NodeReader]:
        """Lock the node's other connection for one side call; polls go on meanwhile."""
        return self._side_connection.hold()

    @asynccontextmanager
    async def hurried(self, interval: float) -> AsyncIterator[None]:
        """Poll every `interval` seconds while an order is watched, even when paused."""
        before, self._hurry = self._hurry, interval
        self._nudge()
        try:
            yield
        finally:
            self._hurry = before


def _end(rest: asyncio.Future[None] | None) -> None:
    if rest is not None and not rest.done():
        rest.set_result(None)
