"""A simulated cluster: nodes, their programs, their primary, and small troubles. Without HTTP.

The troubles begin by themselves.
"""

import random
import threading
import time
from collections.abc import Callable, Collection, Mapping

from tui.sim.catalogue import CARRIERS, ONE_SHOT, STARTSECS, configuration_of, services_of
from tui.sim.contents import CallFault, Contents
from tui.sim.login import Logins, User
from tui.sim.node import Node
from tui.sim.request_log import RequestLog, RequestRecord
from tui.sim.service_process import Process

_SERVICES = (
    "alert_mgr", "stats_archiver", "mdns_server", "sentinel_service", "call_home_agent",
    "crdb_worker_1", "pdns_server",
)  # fmt: skip
_SLEPT = 120.0
_QUIET = 45.0
"""Seconds after an action in which nothing begins: else hardly a rollout would come to its end."""
_FIRST_STOP = 900.0
"""Seconds for which the first service that stops stays so: time to find it, and to start it."""


class BackgroundEvents:
    """Small troubles at random, from a seed; like everything here they are worked out at a read.

    The first is a service that stops, and stays stopped until an action moves it, or for 15
    minutes; those that follow are over within 45 seconds.
    """

    def __init__(self, nodes: Mapping[int, Node], now: float, seed: int | None) -> None:
        self._nodes = nodes
        self._dice = random.Random(seed)  # noqa: S311 - not for cryptography
        self._next = now + self._dice.uniform(6, 10)
        self._later: list[tuple[float, str, int, str]] = []
        self._has_begun = False

    def hold(self, now: float, uid: int, services: Collection[str]) -> None:
        """Begin nothing for a while after an action on services of a node.

        What has begun goes on, but nothing is started any more that the action has moved.
        """
        self._next = max(self._next, now + _QUIET)
        self._later = [
            (at, what, node, service)
            for at, what, node, service in self._later
            if not (what == "start" and node == uid and service in services)
        ]

    def advance(self, now: float) -> None:
        """Cause the events that were due by `now`; those missed in a long sleep are skipped."""
        if now - self._next > _SLEPT:
            self._next = now
        if now >= self._next:
            self._next = now + self._dice.uniform(15, 40)
            self._begin(now)
        due = [event for event in self._later if event[0] <= now]
        self._later = [event for event in self._later if event[0] > now]
        for _, what, uid, service in sorted(due):
            self._do(now, what, uid, service)

    def _begin(self, now: float) -> None:
        node = self._dice.choice(tuple(self._nodes.values()))
        service = self._dice.choice(_SERVICES)
        busy = {(uid, name) for _, _, uid, name in self._later}
        if service not in node.processes or (node.uid, service) in busy:
            return
        chance = self._dice.random()
        if not self._has_begun:
            self._has_begun = True
            self._do(now, "stop", node.uid, service)
            self._later.append((now + _FIRST_STOP, "start", node.uid, service))
        elif chance < 0.55:
            self._do(now, "restart", node.uid, service)
        elif chance < 0.85:
            self._do(now, "stop", node.uid, service)
            self._later.append((now + self._dice.uniform(20, 40), "start", node.uid, service))
        else:
            self._do(now, "fail", node.uid, service)
            self._do(now, "restart", node.uid, service)
            until = now + self._dice.uniform(25, 45)
            self._later.append((until, "repair", node.uid, service))
            self._later.append((until, "start", node.uid, service))

    def _do(self, now: float, what: str, uid: int, service: str) -> None:
        process = self._nodes[uid].processes.get(service)
        if process is None:
            return
        match what:
            case "restart":
                process.restart(now)
            case "stop":
                process.stop(now)
            case "start":
                process.start(now)
            case "fail":
                process.fails = True
            case "repair":
                process.repair()


__all__ = ["Cluster", "Node", "RequestRecord"]

_BOOTED_BEFORE = 3 * 86400 + 3539.0
_NO_FAULT = CallFault()


class Cluster:
    """A cluster of `nodes` nodes, uid 1 its primary.

    `pace` scales the time of a program's transitions; `clock` returns Unix seconds. On a `lively`
    cluster services stop and fail at random; otherwise nothing happens by itself. Every answer
    comes after `latency` seconds. What calls there are, and who may use them, follows from the
    `version`; `health_v4` overrules it for the health call. `contents` are its databases and what
    is known around them.
    """

    def __init__(
        self,
        nodes: int = 3,
        *,
        name: str = "demo.cluster.local",
        version: str = "8.0.16-22",
        clock: Callable[[], float] = time.time,
        pace: float = 1.0,
        lively: bool = False,
        seed: int | None = None,
        health_v4: bool | None = None,
        handle_redirects: bool = False,
        basic_authentication: bool = True,
        stopped_times: str = "absent",
    ) -> None:
        self.name, self.version, self.clock, self.pace = name, version, clock, pace
        self.release = tuple(map(int, version.partition("-")[0].split(".")))
        self.health_v4 = self.release >= (8, 0, 16) if health_v4 is None else health_v4
        self.health_anywhere = True
        self.handle_redirects = handle_redirects
        self.stopped_times = stopped_times
        self.latency = 0.0
        self.lock = threading.RLock()
        self.logins = Logins()
        self.logins.basic = basic_authentication
        self.configuration = configuration_of(self.release)
        self.requests = RequestLog()
        self.primary_uid = 1
        self.created_at = clock() - _BOOTED_BEFORE
        self.urls: dict[int, str] = {}
        self._hang_up: dict[int, Callable[[], None]] = {}
        self._nodes = {uid: self._make_node(uid) for uid in range(1, nodes + 1)}
        self.contents = Contents(lambda: self.nodes, clock, self.created_at)
        self._call_faults: dict[str, CallFault] = {}
        self._life = BackgroundEvents(self._nodes, clock(), seed) if lively else None
        self.add_user("admin@demo.local", "demo-password", "admin")
        self.add_user("viewer@demo.local", "viewer-password", "cluster_viewer")

    def _make_node(self, uid: int) -> Node:
        node = Node(uid, f"node{uid}.{self.name}")
        for number, name in enumerate(services_of(self.release)):
            node.processes[name] = self._make_process(name)
            node.processes[name].boot(self.created_at + 7 * uid + number % 5)
        return node

    def _make_process(self, name: str) -> Process:
        return Process(
            name,
            startsecs=STARTSECS.get(name, 1.0),
            pace=self.pace,
            one_shot=name in ONE_SHOT,
        )

    @property
    def users(self) -> dict[str, User]:
        """The accounts by e-mail."""
        return self.logins.users

    def add_user(self, email: str, password: str, role: str = "admin") -> None:
        """Add an account."""
        self.logins.users[email] = User(password, role)

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes, by uid."""
        return tuple(self._nodes.values())

    def node(self, uid: int) -> Node:
        """Return a node; raises KeyError."""
        return self._nodes[uid]

    def promote(self, uid: int) -> None:
        """Make another node the primary, as after a failover."""
        with self.lock:
            self.primary_uid = self.node(uid).uid

    def now(self) -> float:
        """Return the time, after the events that were due by then."""
        now = self.clock()
        if self._life is not None:
            self._life.advance(now)
        return now

    def services(self, uid: int) -> dict[str, dict[str, str | None]]:
        """Return what `GET /v1/local/services` lists on a node."""
        with self.lock:
            now = self.now()
            return {
                name: process.report(now, self.stopped_times)
                for name, process in self.node(uid).processes.items()
            }

    def states(self, uid: int) -> dict[str, str]:
        """Return the programs of a node in the supervisor's words, as the health call does."""
        with self.lock:
            now = self.now()
            processes = self.node(uid).processes
            for process in processes.values():
                process.advance(now)
            return {name: process.word for name, process in processes.items()}

    def process(self, uid: int, service: str) -> Process:
        """Return a program of a node in its present state; raises KeyError."""
        with self.lock:
            now = self.now()
            process = self.node(uid).processes[service]
            process.advance(now)
            return process

    def operate(self, uid: int, operation: str, services: list[str]) -> dict[str, bool]:
        """Carry out an operation of the API and return by name whether it was accepted.

        The answer comes before the program has moved. An unknown name is false, and a start of
        what runs is true and does nothing: [choice], neither is documented.
        """
        with self.lock:
            accepted: dict[str, bool] = {}
            moved = []
            for name in services:
                accepted[name], carried_out = self._accept(uid, name)
                moved += [name] if carried_out else []
            self._command(uid, operation, moved)
            if self._life is not None:
                self._life.hold(self.clock(), uid, moved)
            return accepted

    def _accept(self, uid: int, service: str) -> tuple[bool, bool]:
        """Return whether an operation is accepted, and whether it is carried out."""
        process = self.node(uid).processes.get(service)
        if process is None:
            return False, False
        if process.refuses:
            process.refuses -= 1
            return False, False
        if process.ignores:
            process.ignores -= 1
            return True, False
        return True, True

    def _command(self, uid: int, operation: str, services: list[str]) -> None:
        """Move programs; stopping one that carries the API cuts the node's connections, once."""
        with self.lock:
            cuts = False
            for name in services:
                process = self.process(uid, name)
                cuts |= name in CARRIERS and operation != "start" and process.is_up
                orders = {"start": process.start, "stop": process.stop, "restart": process.restart}
                orders[operation](self.clock())
            if cuts:
                self._cut(uid)

    def _cut(self, uid: int) -> None:
        self.node(uid).cuts += 1
        if uid in self._hang_up:
            self._hang_up[uid]()

    def when_cut(self, uid: int, act: Callable[[], None] | None) -> None:
        """Call `act`, which must not wait, in any thread when a node drops all connections."""
        with self.lock:
            self._hang_up.pop(uid, None)
            if act is not None:
                self._hang_up[uid] = act

    def cuts(self, uid: int) -> int:
        """Return how often a node has dropped all connections."""
        with self.lock:
            return self.node(uid).cuts

    # Commands for tests and for the demo: never refused, never ignored. They raise KeyError for an
    # unknown service.

    def start(self, uid: int, service: str) -> None:
        """Start a program."""
        self._command(uid, "start", [service])

    def stop(self, uid: int, service: str) -> None:
        """Stop a program."""
        self._command(uid, "stop", [service])

    def restart(self, uid: int, service: str) -> None:
        """Restart a program."""
        self._command(uid, "restart", [service])

    def fail(self, uid: int, service: str) -> None:
        """Make the next and all further starts go through BACKOFF to FATAL."""
        with self.lock:
            self.process(uid, service).fails = True

    def crash_loop(self, uid: int, service: str, every: float) -> None:
        """Make a program exit again and again."""
        with self.lock:
            self.process(uid, service).crash_loop(self.clock(), every)

    def repair(self, uid: int, service: str) -> None:
        """Undo `fail` and `crash_loop`."""
        with self.lock:
            self.process(uid, service).repair()

    def set_status(self, uid: int, service: str, status: str) -> None:
        """Show any status word, verbatim."""
        with self.lock:
            self.process(uid, service).fix_status(status)

    def add_service(self, uid: int, name: str, status: str = "RUNNING") -> None:
        """Add a program under any name."""
        with self.lock:
            process = self._make_process(name)
            process.boot(self.clock())
            if status != "RUNNING":
                process.fix_status(status)
            self.node(uid).processes[name] = process

    def remove_service(self, uid: int, name: str) -> None:
        """Remove a program."""
        with self.lock:
            del self.node(uid).processes[name]

    def disable(self, name: str) -> None:
        """Switch an optional service off in the whole cluster: it leaves the nodes' lists."""
        with self.lock:
            if self.configuration[name]:
                self.configuration[name] = False
                for node in self.nodes:
                    node.take_off(name)

    def enable(self, name: str) -> None:
        """Switch an optional service on: every node starts it."""
        with self.lock:
            if not self.configuration[name]:
                self.configuration[name] = True
                for node in self.nodes:
                    node.put_back(name, self.clock(), self._make_process)

    def power_off(self, uid: int) -> None:
        """Stop a node from answering."""
        with self.lock:
            self.node(uid).powered = False
            self.node(uid).observed_at = self.clock()
            self._cut(uid)

    def power_on(self, uid: int) -> None:
        """Let a node answer again."""
        with self.lock:
            self.node(uid).powered = True
            self.node(uid).observed_at = None

    def lose_sight(self, uid: int, seconds: float) -> None:
        """Let the cluster's health call report a node as it was seen `seconds` ago."""
        with self.lock:
            self.node(uid).observed_at = self.clock() - seconds

    def maintain(self, uid: int, *, on: bool = True) -> None:
        """Put a node into maintenance, or take it out."""
        with self.lock:
            self.node(uid).maintenance_since = self.clock() if on else None

    def ignore_next(self, uid: int, service: str, ops: int = 1) -> None:
        """Accept the next operations of the API and do nothing."""
        self.process(uid, service).ignores = ops

    def refuse_next(self, uid: int, service: str) -> None:
        """Answer the next operation of the API with false."""
        self.process(uid, service).refuses = 1

    def fail_call(self, path: str, status: int, body: bytes = b"") -> None:
        """Answer a call with a status and a body of its own, until `heal_call`.

        Redirects, logins and roles come before that; 200 with a body that is no JSON is garbled.
        """
        self._call_faults[path] = CallFault(status, body)

    def slow_call(self, path: str, seconds: float) -> None:
        """Answer a call so many seconds late, until `heal_call`."""
        self._call_faults[path] = CallFault(delay=seconds)

    def heal_call(self, path: str) -> None:
        """Answer a call as usual again."""
        self._call_faults.pop(path, None)

    def fault_of(self, path: str) -> CallFault:
        """Return the fault that was set for a call."""
        return self._call_faults.get(path, _NO_FAULT)

    def listens(self, uid: int) -> bool:
        """Whether a node's port answers: powered, and the proxy up."""
        with self.lock:
            return self.node(uid).listens(self.clock())

    def serves(self, uid: int) -> bool:
        """Whether the REST server behind the proxy is up."""
        with self.lock:
            return self.node(uid).serves(self.clock())
