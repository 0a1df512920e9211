"""From a key press to an order: bound to the node and the services meant, at that moment. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tui.fleet.orders.guard import Ruling, Standing, pointless, rule
from tui.model.order import Order, Route, Seen, Target, Verb
from tui.model.service import Service
from tui.ui.format.node_view import NodeView


@dataclass(frozen=True, slots=True)
class Choice:
    """What a verb key comes to: an order and its ruling, or what is said instead.

    `left_out` tells of marked services for which the verb makes no sense, each with its reason.
    """

    said: str = ""
    order: Order | None = None
    ruling: Ruling | None = None
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Press:
    """One press of a verb key: `at` is monotonic, `on` the wall clock, `number` the order's."""

    verb: Verb
    number: int
    at: float
    on: datetime


def bind(press: Press, names: Sequence[str], view: NodeView, standing: Standing) -> Choice:
    """Bind an order to the services named; they are those of the view's reading, or gone."""
    barred = rule(press.verb, (), standing)
    if standing.read_only or not names or barred.reason != "no service is chosen":
        return Choice(barred.reason)
    sensible: list[Service] = []
    left_out: list[str] = []
    for name in names:
        service = view.reading.find(name)
        why = f"{name} is not on the node any more" if service is None else ""
        why = why or (pointless(press.verb, service) if service is not None else "")
        if why:
            left_out.append(why)
        elif service is not None:
            sensible.append(service)
    if not sensible:
        return Choice("; ".join(left_out[:3]))
    order = Order(
        number=press.number,
        verb=press.verb,
        target=Target(view.name, view.url, view.identity, view.environment),
        services=tuple(_seen(service, view) for service in sensible),
        route=Route(via=view.name, url=view.url),
        pressed_at=press.at,
        pressed_on=press.on,
    )
    ruling = rule(press.verb, order.services, standing)
    said = "" if ruling.allowed else ruling.reason
    return Choice(said, order, ruling, tuple(left_out))


def _seen(service: Service, view: NodeView) -> Seen:
    return Seen(
        service.name,
        service.status,
        view.scope.kind(service),
        service.started_at,
        service.uptime,
    )


def difference(order: Order, view: NodeView) -> str:
    """Say what is not as it was when the key was pressed; empty if all is."""
    told = []
    for seen in order.services:
        now = view.reading.find(seen.name)
        if now is None:
            told.append(f"{seen.name} is gone")
        elif now.status != seen.status:
            told.append(f"{seen.name}: {seen.status} → {now.status}")
        elif now.started_at != seen.started_at:
            told.append(f"{seen.name} was restarted")
        elif view.scope.kind(now) is not seen.kind:
            told.append(f"{seen.name} is {view.scope.kind(now).value} now, was {seen.kind.value}")
    if view.url != order.target.url:
        told.append(f"the profile's address is {view.url} now")
    if view.identity.uid != order.target.identity.uid:
        told.append("another node answers")
    elif view.role is not order.target.identity.role:
        told.append(f"the node is {view.role.value} now")
    return "; ".join(told)
