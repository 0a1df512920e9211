"""Random events of a lively cluster, so that there is something to see."""

import random
from collections.abc import Mapping

from tui.sim.node import Node

_SERVICES = (
    "alert_mgr", "stats_archiver", "mdns_server", "sentinel_service", "call_home_agent",
    "crdb_worker_1", "pdns_server",
)  # fmt: skip
_SLEPT = 120.0
_QUIET = 45.0
"""Seconds after an action in which nothing begins: else hardly a rollout would come to its end."""


class BackgroundEvents:
    """Small troubles at random, from a seed; like everything here they are worked out at a read."""

    def __init__(self, nodes: Mapping[int, Node], now: float, seed: int | None) -> None:
        self._nodes = nodes
        self._dice = random.Random(seed)  # noqa: S311 - not for cryptography
        self._next = now + self._dice.uniform(6, 10)
        self._later: list[tuple[float, str, int, str]] = []

    def hold(self, now: float) -> None:
        """Begin nothing for a while; what has begun goes on."""
        self._next = max(self._next, now + _QUIET)

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
        if chance < 0.55:
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
