"""Bind an order to a node and its services as they were seen. Pure."""

from collections.abc import Callable, Sequence
from datetime import datetime

from tui.fleet.orders.guard import (
    NodeStanding,
    PointlessVerb,
    Refusal,
    Ruling,
    judge_order,
    judge_verb,
)
from tui.fleet.polling.poller import NodePoller
from tui.model.dataclass import dataclass
from tui.model.filters import ServiceKinds
from tui.model.order import Order, Route, SeenService, Target, Verb
from tui.model.reading import Reading
from tui.model.service import Service


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """What an operator asked for: `at` is monotonic, `on` is UTC, `number` is the order's."""

    verb: Verb
    number: int
    at: float
    on: datetime


@dataclass(frozen=True, slots=True)
class SeenNode:
    """A node as it was seen when an order was asked for, with its services and their kinds."""

    target: Target
    reading: Reading
    scope: ServiceKinds

    @classmethod
    def of(cls, watch: NodePoller) -> "SeenNode":
        """Return a polled node as it is known now."""
        profile, facts = watch.profile, watch.facts
        target = Target(
            profile.name, profile.url, watch.identity, profile.environment, watch.evidence
        )
        return cls(target, watch.reading, ServiceKinds(facts.optional, facts.disabled))


@dataclass(frozen=True, slots=True)
class BoundOrder:
    """An order and its ruling, or a message instead.

    `left_out` are texts of the services for which the verb makes no sense.
    """

    message: str = ""
    order: Order | None = None
    ruling: Ruling | None = None
    left_out: tuple[str, ...] = ()


def bind_order(
    request: OrderRequest,
    names: Sequence[str],
    node: SeenNode,
    standing: NodeStanding,
    word: Callable[[PointlessVerb], str],
) -> BoundOrder:
    """Return an order bound to the named services as they are in the node's reading.

    `word` puts into words why a verb makes no sense for a service, and what would instead.
    """
    barred = judge_order(request.verb, (), standing)
    if not names or barred.refusal is not Refusal.NO_SERVICE:
        return BoundOrder(barred.reason, ruling=barred)
    sensible: list[Service] = []
    left_out: list[str] = []
    for name in names:
        service = node.reading.find(name)
        why = f"{name} is not on the node any more" if service is None else ""
        pointless = judge_verb(request.verb, service) if service is not None else None
        why = why or (word(pointless) if pointless is not None else "")
        if why:
            left_out.append(why)
        elif service is not None:
            sensible.append(service)
    if not sensible:
        return BoundOrder("; ".join(left_out[:3]), left_out=tuple(left_out))
    order = Order(
        number=request.number,
        verb=request.verb,
        target=node.target,
        services=tuple(_seen(service, node.scope) for service in sensible),
        route=Route(via=node.target.node, url=node.target.url),
        pressed_at=request.at,
        pressed_on=request.on,
    )
    ruling = judge_order(request.verb, order.services, standing)
    message = "" if ruling.allowed else ruling.reason
    return BoundOrder(message, order, ruling, tuple(left_out))


def _seen(service: Service, scope: ServiceKinds) -> SeenService:
    return SeenService(
        service.name,
        service.status,
        scope.kind(service),
        service.started_at,
        service.uptime,
    )
