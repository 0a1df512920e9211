"""One loop a node: ask, publish, wait. A node in trouble never delays another."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from tui.api.errors import ApiError, LoginRefused, Unavailable, Untrusted
from tui.config import NodeProfile
from tui.credentials import Passwords
from tui.fleet.login.state import Login, LoginStopped
from tui.fleet.polling.backoff import backoff
from tui.fleet.polling.cluster_cache import ClusterCache
from tui.fleet.polling.connection import NodeConnection, check_services_answer
from tui.fleet.polling.node_facts import NodeFactsReader
from tui.fleet.polling.service_counts import CountsCache, ServiceCounts
from tui.model.certificate import Certificate
from tui.model.event import RoleChange
from tui.model.node import Identity, NodeFacts
from tui.model.reading import Reading, Trouble, TroubleKind
from tui.model.service import Service

if TYPE_CHECKING:
    from tui.api.client import NodeReader

Publish = Callable[["NodePoller", Reading, RoleChange | None], None]
"""Called with the poller, its reading before the newest one, and its new role, if it has one."""


@dataclass(frozen=True, slots=True)
class PollTiming:
    """How a node is asked: seconds between readings, and seconds to wait for an answer."""

    interval: float
    timeout: float
    first: float = 0.0


class NodePoller:
    """Watches one node for as long as `run` runs; `reading` is the newest known.

    `read_only` says why no order may go here, empty where it may. `next_at` is when the node is
    asked next, monotonic, None while nothing is planned. `certificate` is what it presented.
    """

    def __init__(  # noqa: PLR0913 - what a node shares with others is handed in
        self,
        profile: NodeProfile,
        *,
        login: Login,
        passwords: Passwords,
        book: ClusterCache,
        rhythm: PollTiming,
        read_only: str,
        publish: Publish,
    ) -> None:
        self.profile = profile
        self.login = login
        self.reading = Reading(profile.name)
        self.certificate: Certificate | None = None
        self.next_at: float | None = None
        self.paused = False
        self._read_only = read_only
        self._known = NodeFactsReader(
            profile, book, lambda change: publish(self, self.reading, change)
        )
        self._rhythm = rhythm
        self._publish = publish
        self._line = NodeConnection(
            profile, login, passwords, rhythm.timeout, lambda: not self.read_only
        )
        self._nudge = asyncio.Event()
        self._failures = 0
        self._hurry: float | None = None
        self._stale_after = 2 * rhythm.interval
        self._told_to_wait = False
        self._tallies = CountsCache()

    @property
    def name(self) -> str:
        """The profile's name."""
        return self.profile.name

    @property
    def tally(self) -> ServiceCounts:
        """How many of its services are well by the last good answer, and which are not."""
        return self._tallies.of(self.reading.services, self.facts.disabled)

    @property
    def interval(self) -> float:
        """Seconds between two readings while all is well."""
        return self._rhythm.interval

    @property
    def first(self) -> float:
        """Seconds from the start to the first reading: nodes do not all begin at once."""
        return self._rhythm.first

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
            return f"read-only: {self.login.username} may not give orders (the node said 403)"
        return ""

    @property
    def wrong_node(self) -> str:
        """Say so if the node that is meant is not known to answer; empty if it does.

        It is the one that the profile names by uid and hostname, else the first that answered.
        """
        return self._known.bond.wrong

    @property
    def facts(self) -> NodeFacts:
        """What is known of the node that answers, beside its services."""
        return self._known.facts

    @property
    def identity(self) -> Identity:
        """The node that is meant, for an order to be bound to."""
        return self._known.bond.meant(self.facts.identity)

    def set_interval(self, seconds: float) -> None:
        """Change the pace from the next reading on, at once if that is sooner."""
        sooner = seconds < self._rhythm.interval
        self._rhythm = replace(self._rhythm, interval=seconds)
        self._stale_after = min(self._stale_after, 2 * seconds)
        if sooner and not self.paused:
            self._nudge.set()

    def refresh_now(self) -> None:
        """Ask now, whatever was planned, paused or not."""
        self._known.hasten()
        self._nudge.set()

    def set_paused(self, paused: bool) -> None:
        """Plan no more readings, or go on at once."""
        self.paused = paused
        if paused:
            self.next_at = None
        else:
            self.refresh_now()

    async def ask_once(self) -> None:
        """Ask one time, for a look that does not go on."""
        try:
            generation = -1
            while generation != self.login.generation:  # a password that is replaced is tried too
                generation = self.login.generation
                await self._round(patient=True)
        finally:
            await self._line.release()

    async def run(self) -> None:
        """Watch until cancelled."""
        try:
            await self._rest(self._rhythm.first)
            while True:
                generation = self.login.generation
                wait = await self._round()
                await self._rest(wait if generation == self.login.generation else 0.0)
        finally:
            await self._line.shut()

    def retire(self) -> None:
        """Take no more news from the cluster's book."""
        self._known.end()

    async def _rest(self, seconds: float | None) -> None:
        """Wait `seconds`, for ever if None; a nudge or a new password ends it."""
        wakers = (self._nudge, self.login.changed)
        waits = [asyncio.create_task(waker.wait()) for waker in wakers]
        if seconds is not None and self._hurry is not None and not self._told_to_wait:
            seconds = min(seconds, self._hurry)
        due = None if seconds is None else time.monotonic() + seconds
        try:
            while not await self._is_over(waits, due):
                pass
        finally:
            for wait in waits:
                wait.cancel()
            self._nudge.clear()

    async def _is_over(self, waits: list[asyncio.Task[Literal[True]]], due: float | None) -> bool:
        """Wait until one of `waits` is done or the time is up; a pause has no time."""
        self.next_at = None if self._is_idle else due
        left = None if self.next_at is None else max(0.0, self.next_at - time.monotonic())
        done, _ = await asyncio.wait(waits, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        return bool(done) or not self._is_idle

    @property
    def _is_idle(self) -> bool:
        """Whether nothing is to be asked: paused, and no order is watched."""
        return self.paused and self._hurry is None

    async def _round(self, *, patient: bool = False) -> float | None:
        """Ask once and publish; give the seconds until the next time, None to wait for a login."""
        asked_at = time.monotonic()
        generation = self.login.generation
        try:
            async with self._line.hold() as reader:
                # An order may have held the line, and only what is asked after it is evidence.
                asked_at = time.monotonic()
                services = check_services_answer(
                    await reader.services(), f"{self.name} ({self.profile.url})"
                )
                self.certificate = reader.certificate
                self._line.prove()
                self._answered(services, asked_at)
                later = None if patient else self.refresh_now
                # What a reading shows of an order is evidence if the same node says so after it.
                hurried = self._hurry is not None
                await self._known.learn(reader, self.interval, later, hurried=hurried)
        except (LoginRefused, LoginStopped):
            if self.login.trouble or generation == self.login.generation:
                self._stopped(asked_at)
            return None
        except ApiError as error:
            wait = self._failed(error, asked_at)
            # Another certificate than the pinned one needs a person: it is not asked again.
            return None if isinstance(error, Untrusted) and error.expected else wait
        return max(0.0, asked_at + self._rhythm.interval - time.monotonic())

    def _stopped(self, asked_at: float) -> None:
        """Publish that the login waits for a person."""
        kind = TroubleKind.LOGIN if self.login.refused else TroubleKind.NO_PASSWORD
        hint = "press L to give the password, or ctrl+r after mending its source"
        if self.login.unanswered:
            hint = "see why it is not answered; ctrl+r sends it once more, L takes another one"
        if not self.login.username:
            hint = "mend client_cert and client_key, or the cluster's user, then ctrl+r"
        self._troubled(Trouble(kind, self.login.trouble, hint), asked_at)

    def _failed(self, error: ApiError, asked_at: float) -> float:
        self._failures += 1
        self._known.hasten()  # another node may come back under its address
        self._troubled(error.trouble, asked_at)
        after = error.retry_after if isinstance(error, Unavailable) else None
        self._told_to_wait = after is not None and after > 0
        return backoff(self._failures, self._rhythm.interval, after)

    def _troubled(self, trouble: Trouble, asked_at: float) -> None:
        self._known.lose()
        now = time.monotonic()
        before = self.reading.trouble
        same = before is not None and before.kind is trouble.kind
        since = self.reading.since if same else now
        self._tell(
            replace(
                self.reading, asked_at=asked_at, trouble=trouble, since=since, took=now - asked_at
            )
        )

    def _answered(self, services: tuple[Service, ...], asked_at: float) -> None:
        self._failures = 0
        self._told_to_wait = False
        self._stale_after = 2 * self._rhythm.interval
        now = time.monotonic()
        since = self.reading.since if self.reading.is_good else now
        self._tell(
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

    def _tell(self, reading: Reading) -> None:
        before, self.reading = self.reading, reading
        self._publish(self, before, None)

    def vouches(self, uid: int | None, reading: Reading) -> bool:
        """Say whether node `uid` said after a reading that it is the one, and none else meanwhile.

        True where nobody was told which node it is.
        """
        return self._known.vouches(uid, reading)

    def hold(self) -> AbstractAsyncContextManager[NodeReader]:
        """Keep the node's one connection for an order; no poll goes out meanwhile."""
        return self._line.hold()

    @asynccontextmanager
    async def hurried(self, interval: float) -> AsyncIterator[None]:
        """Ask every `interval` seconds while an order is watched, even when paused."""
        before, self._hurry = self._hurry, interval
        self._nudge.set()
        try:
            yield
        finally:
            self._hurry = before
