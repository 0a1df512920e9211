"""Nodes as they may stand when a rollout is planned, for the pure tests."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from tui.fleet.orders.guard import NodeStanding
from tui.fleet.rollout.planner import PlanNode, RolloutRequest
from tui.model.node import Identity, NodeFacts, Role
from tui.model.order import Order, Route, SeenService, Target, Verb
from tui.model.reading import Reading
from tui.model.service import Kind, Service

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
ON = datetime(2026, 2, 1, tzinfo=UTC)
OPTIONAL = frozenset({"alert_mgr", "mdns_server", "crdb_worker"})
FINE: dict[str, Any] = {"age": 0.5, "stale_after": 4.0}


def open_order(verb: Verb = Verb.STOP, name: str = "ccs") -> Order:
    """Make an order that another deck's key would have given."""
    target = Target("node3", "https://10.0.0.3:9443", Identity(3))
    seen = SeenService(name, "RUNNING", Kind.REQUIRED, SINCE, 10)
    return Order(1, verb, target, (seen,), Route("node3", target.url), 0.0, ON)


def service(name: str = "alert_mgr", status: str = "RUNNING", after: int = 0) -> Service:
    start = SINCE + timedelta(seconds=after) if status == "RUNNING" else None
    return Service(name, status, start, 10 if start else None)


def reading(node: str, services: Iterable[Service]) -> Reading:
    return Reading(node, tuple(services), asked_at=1.0, answered_at=1.1)


def place(
    uid: int | None,
    *services: Service,
    role: Role = Role.REPLICA,
    group: str = "demo",
    cluster: str = "demo.local",
    optional: frozenset[str] | None = OPTIONAL,
    node: str = "",
    **standing: Any,
) -> PlanNode:
    node = node or f"node{uid}"
    identity = Identity(uid, hostname=f"host{uid}", role=role, cluster=cluster)
    return PlanNode(
        node,
        f"https://10.0.0.{uid}:9443",
        group,
        NodeFacts(identity, optional),
        reading(node, services or (service(),)),
        NodeStanding(**FINE | standing),
    )


def wish(*names: str, **more: Any) -> RolloutRequest:
    return RolloutRequest(
        **{"number": 1, "names": names or ("alert_mgr",), "at": 5.0, "on": ON} | more
    )
