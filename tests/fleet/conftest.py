"""A real fleet without a window, against real servers on loopback."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.faultserver import LOGINS, Asked, Peer, answer
from tui.config import AskSource, Configuration, NodeProfile, Settings
from tui.credentials import Passwords, Secret
from tui.fleet.events.pipeline import ActionsElsewhere
from tui.fleet.fleet import Fleet
from tui.fleet.orders.verdict import Patience
from tui.fleet.polling.poller import NodePoller
from tui.fleet.protocols import History, Journal
from tui.journal.unfinished import UnfinishedRollout
from tui.model.clock import monotonic
from tui.model.event import Event
from tui.model.login import LoginWay
from tui.model.order import Order, OrderProgress, Route, SeenService, Target, Verb, Verdict
from tui.model.rollout import RolloutProgress
from tui.model.service import kind_of
from tui.model.trust import NoTrust
from tui.sim.cluster import Cluster
from tui.sim.server import SimulatedCluster

ADMIN, PASSWORD = "admin@demo.local", "demo-password"
VIEWER, VIEWER_PASSWORD = "viewer@demo.local", "viewer-password"
PATIENCE = Patience(steady=0.2, limit=60.0, same=0.6, look=30.0, interval=0.05)
"""For orders that end well, however busy the machine is."""

TIMEOUT = 30.0
"""Seconds for an answer, for tests that are not about a slow node."""


LIST = "/v1/local/services"
BOOTSTRAP = "/v1/bootstrap"
NODES, STATES = "/v1/nodes", "/v1/nodes/status"
HEALTH = "/v4/cluster/health"
CLUSTER, OPTIONAL = "/v1/cluster", "/v1/cluster/services_configuration"


@pytest.fixture
def served() -> Iterator[SimulatedCluster]:
    with SimulatedCluster(Cluster(3, pace=0.1), tls=False) as served:
        yield served


def profile(url: str, name: str = "node1", **more: Any) -> NodeProfile:
    """Make the profile of a played node, which knows no tokens."""
    fields: dict[str, Any] = {"username": ADMIN, "password": AskSource(), "trust": NoTrust()}
    fields["login"] = LoginWay.BASIC
    return NodeProfile(name=name, url=url, **(fields | more))


def profiles(served: SimulatedCluster, **more: Any) -> tuple[NodeProfile, ...]:
    """Make the profiles of a simulated cluster, as one group."""
    more = {"cluster": "demo", "login": LoginWay.AUTO} | more
    return tuple(profile(url, f"node{uid}", **more) for uid, url in served.urls.items())


def configuration(
    nodes: Sequence[NodeProfile], *, refresh: float = 0.1, timeout: float = TIMEOUT
) -> Configuration:
    return Configuration(
        Path("none"), Settings(refresh=refresh, timeout=timeout), {}, (*nodes,), ""
    )


def keeping(nodes: Sequence[NodeProfile], password: str = PASSWORD) -> Passwords:
    """Know the password of every profile that would have it typed."""
    passwords = Passwords()
    for one in nodes:
        passwords.keep(one, Secret(password))
    return passwords


@dataclass
class Notes:
    """A listener that writes down what it is told."""

    nodes: list[str] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    steps: list[OrderProgress] = field(default_factory=list)
    rollouts: list[RolloutProgress] = field(default_factory=list)
    offers: list[tuple[UnfinishedRollout, ...]] = field(default_factory=list)

    def node_changed(self, node: str) -> None:
        self.nodes.append(node)

    def event_happened(self, event: Event) -> None:
        self.events.append(event)

    def order_moved(self, progress: OrderProgress) -> None:
        self.steps.append(progress)

    def rollout_moved(self, progress: RolloutProgress) -> None:
        self.rollouts.append(progress)

    def rollouts_unfinished(self, rollouts: tuple[UnfinishedRollout, ...]) -> None:
        self.offers.append(rollouts)


class Sleep:
    """A machine that can be put to sleep: only the clock that goes on in suspend moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asleep = 0.0
        self._clock = time.clock_gettime
        monkeypatch.setattr(time, "clock_gettime", self._now)

    def _now(self, clock: int) -> float:
        return self._clock(clock) + (self.asleep if clock == time.CLOCK_BOOTTIME else 0.0)


class Running:
    """A fleet that runs, with what a test asks of it."""

    def __init__(self, fleet: Fleet, notes: Notes, task: asyncio.Task[None]) -> None:
        self.fleet, self.notes, self.task = fleet, notes, task

    def watch(self, node: str = "node1") -> NodePoller:
        return self.fleet.watch(node)

    def never_slow(self) -> None:
        """Let no request with a password count as slow, however busy the machine is.

        One more may be sent beside a slow one.
        """
        for node in self.fleet.nodes:
            limit = node.login.attempts
            limit._slow_after = limit._slots._slow_after = 1e6

    async def until(self, condition: Callable[[], Any], seconds: float = 30.0) -> None:
        """Wait for a condition; a fleet that died meanwhile says what of.

        `seconds` only bounds how long a failure takes.
        """
        end = time.monotonic() + seconds
        while not condition():
            if self.task.done():
                self.task.result()
            if time.monotonic() > end:
                told = {one.name: (one.reading.trouble, one.facts) for one in self.fleet.nodes}
                raise AssertionError(f"it did not come about; {told}")
            await asyncio.sleep(0.01)

    async def readings(self, count: int, *nodes: str) -> None:
        """Have these nodes, or all, polled so many times more, well or not."""
        watches = [self.watch(name) for name in nodes] or list(self.fleet.nodes)
        for _ in range(count):
            before = monotonic()
            for watch in watches:
                watch.refresh_now()
            await self.until(
                lambda since=before: all(watch.reading.asked_at > since for watch in watches)
            )

    async def good(self, *nodes: str) -> None:
        """Wait until these nodes, or all, have answered well."""
        wanted = nodes or tuple(one.name for one in self.fleet.nodes)
        await self.until(lambda: all(self.watch(node).reading.is_good for node in wanted))

    async def known(self) -> None:
        """Wait until every node is well and its cluster has said what is optional."""
        await self.good()
        await self.until(lambda: all(one.facts.optional is not None for one in self.fleet.nodes))

    def order(
        self, verb: Verb, *services: str, node: str = "node1", route: Route | None = None
    ) -> Order:
        """Make an order as a key press would, of what the deck knows now."""
        watch = self.watch(node)
        seen = []
        for name in services:
            service = watch.reading.find(name)
            assert service is not None
            kind = kind_of(name, watch.facts.optional)
            seen.append(SeenService(name, service.status, kind, service.started_at, service.uptime))
        target = Target(
            node,
            watch.profile.url,
            watch.identity,
            watch.profile.environment,
            watch.evidence,
        )
        return Order(
            self.fleet.orders.next_number(),
            verb,
            target,
            tuple(seen),
            route or Route(node, watch.profile.url),
            time.monotonic(),
            datetime.now(UTC),
        )

    def give(self, verb: Verb, *services: str, node: str = "node1") -> Order:
        order = self.order(verb, *services, node=node)
        self.fleet.unlocked = True
        self.fleet.give(order)
        return order

    async def verdicts(self, order: Order, seconds: float = 70.0) -> tuple[Verdict, ...]:
        """Wait for an order's end."""
        progress = self.fleet.orders.progress
        await self.until(lambda: not progress[order.number].is_open, seconds)
        return progress[order.number].verdicts

    async def verdict(self, order: Order) -> Verdict:
        (verdict,) = await self.verdicts(order)
        return verdict


@asynccontextmanager
async def running(
    *nodes: NodeProfile,
    refresh: float = 0.1,
    timeout: float = TIMEOUT,
    read_only: str = "",
    patience: Patience = PATIENCE,
    passwords: Passwords | None = None,
    paused: bool = False,
    journal: Journal | None = None,
    history: History | None = None,
    elsewhere: ActionsElsewhere | None = None,
) -> AsyncIterator[Running]:
    notes = Notes()
    fleet = Fleet(
        configuration(nodes, refresh=refresh, timeout=timeout),
        read_only=read_only,
        listener=notes,
        patience=patience,
        passwords=passwords or keeping(nodes),
        journal=journal,
        history=history,
        elsewhere=elsewhere,
    )
    if paused:
        fleet.set_paused(True)
    task = asyncio.create_task(fleet.run())
    try:
        yield Running(fleet, notes, task)
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def quiet(seconds: float) -> None:
    """Give something that must not happen the time to happen."""
    await asyncio.sleep(seconds)


def asked(served: SimulatedCluster, path: str, *, uid: int | None = None) -> list[Any]:
    """List the requests for a path that the simulator has seen."""
    mine = (one for one in served.cluster.requests if uid in (None, one.uid))
    return [one for one in mine if one.path == path]


def posts(served: SimulatedCluster) -> list[Any]:
    sent = (one for one in served.cluster.requests if one.method != "GET")
    return [one for one in sent if one.path not in LOGINS]


Reply = bytes | Callable[[Peer], None]


class Play:
    """A pretended node, whose every answer a test may change while it is served.

    `answers` are by method and path; one that is a function does what it likes with the
    connection. Without another answer it is node `uid` of a cluster of three, uid 1 its primary.
    """

    def __init__(self, uid: int = 1) -> None:
        self.services: dict[str, Any] = {name: running_since(0) for name in ("alert_mgr", "ccs")}
        self.restarts = 0
        members = [{"uid": one, "addr": f"10.0.0.{one}"} for one in (1, 2, 3)]
        states = {
            str(one): {"hostname": f"host{one}", "role": "master" if one == 1 else "slave"}
            for one in (1, 2, 3)
        }
        info = {"uid": str(uid), "hostname": f"host{uid}"}
        self.answers: dict[tuple[str, str], Reply] = {
            ("GET", BOOTSTRAP): said({"local_node_info": info}),
            ("GET", NODES): said(members),
            ("GET", STATES): said(states),
            ("GET", CLUSTER): said({"name": "played"}),
            ("GET", OPTIONAL): said({"alert_mgr": {"operating_mode": "enabled"}}),
        }

    def get(self, path: str, reply: Reply) -> None:
        self.answers["GET", path] = reply

    def post(self, reply: Reply) -> None:
        self.answers["POST", LIST] = reply

    def heal(self, path: str) -> None:
        """Answer as at first."""
        fresh = Play().answers.get(("GET", path))
        if fresh is None:
            del self.answers["GET", path]
        else:
            self.get(path, fresh)

    def restart(self, service: str = "alert_mgr") -> None:
        """Restart a service: as on every node, later than what was read of it before."""
        self.restarts += 1
        self.services[service] = {
            "status": "RUNNING",
            "start_time": f"2026-01-02T00:{self.restarts:02}:00Z",
            "uptime": "0:00:01",
        }

    def __call__(self, peer: Peer) -> None:
        while (request := peer.read()) is not None:
            self.reply(peer, request)

    def reply(self, peer: Peer, request: Asked) -> None:
        """Answer one request."""
        default = said(self.services) if request.path == LIST else answer(status=404)
        reply = self.answers.get((request.method, request.path), default)
        if callable(reply):
            reply(peer)
        else:
            peer.send(reply)


def said(value: object) -> bytes:
    """Give a whole answer, 200, with a value as JSON."""
    return answer(json.dumps(value))


def running_since(second: int) -> dict[str, str]:
    start = f"2026-01-01T00:{second // 60:02}:{second % 60:02}Z"
    return {"status": "RUNNING", "start_time": start, "uptime": "1 day, 0:00:01"}
