"""From a key to an order: bound to node and services, refused with a reason, confirmed, sent."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from textual.app import App

from tui.fleet.fleet import Fleet
from tui.fleet.orders.executor import NotAccepted
from tui.fleet.orders.guard import (
    NodeStanding,
    PointlessVerb,
    Refusal,
    Ruling,
    judge_node,
    judge_order,
    judge_verb,
)
from tui.model.node import Role
from tui.model.order import Order, Route, SeenService, Target, Tier, Verb
from tui.model.service import Service
from tui.ui.format.node_view import NodeView
from tui.ui.format.status_lines import Palette
from tui.ui.keymap import key_text


@dataclass(frozen=True, slots=True)
class BoundOrder:
    """What a verb key comes to: an order and its ruling, or what is said instead.

    `left_out` tells of marked services for which the verb makes no sense, each with its reason.
    """

    said: str = ""
    order: Order | None = None
    ruling: Ruling | None = None
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ServiceChoice:
    """The services of a node that an order is for; `hidden` are those that a filter hides."""

    node: str
    names: tuple[str, ...]
    hidden: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class KeyPress:
    """One press of a verb key: `at` is monotonic, `on` the wall clock, `number` the order's."""

    verb: Verb
    number: int
    at: float
    on: datetime


def bind_order(
    press: KeyPress,
    names: Sequence[str],
    view: NodeView,
    standing: NodeStanding,
    keys: Mapping[str, str],
) -> BoundOrder:
    """Bind an order to the services named; they are those of the view's reading, or gone.

    `keys` are the live keys by the id of their binding, for what would make sense instead.
    """
    barred = judge_order(press.verb, (), standing)
    if not names or barred.refusal is not Refusal.NO_SERVICE:
        return BoundOrder(barred.reason)
    sensible: list[Service] = []
    left_out: list[str] = []
    for name in names:
        service = view.reading.find(name)
        why = f"{name} is not on the node any more" if service is None else ""
        pointless = judge_verb(press.verb, service) if service is not None else None
        why = why or (_pointless_text(pointless, keys) if pointless is not None else "")
        if why:
            left_out.append(why)
        elif service is not None:
            sensible.append(service)
    if not sensible:
        return BoundOrder("; ".join(left_out[:3]))
    order = Order(
        number=press.number,
        verb=press.verb,
        target=Target(view.name, view.url, view.identity, view.environment),
        services=tuple(_seen(service, view) for service in sensible),
        route=Route(via=view.name, url=view.url),
        pressed_at=press.at,
        pressed_on=press.on,
    )
    ruling = judge_order(press.verb, order.services, standing)
    said = "" if ruling.allowed else ruling.reason
    return BoundOrder(said, order, ruling, tuple(left_out))


_DOES = {Verb.START: "starts", Verb.STOP: "stops", Verb.RESTART: "restarts"}


def _pointless_text(pointless: PointlessVerb, keys: Mapping[str, str]) -> str:
    """Return why a verb makes no sense, with the keys of those that do."""
    helps = ", ".join(
        f"{key_text(keys[verb.value])} {_DOES[verb]} it"
        for verb in pointless.possible
        if verb.value in keys
    )
    return f"{pointless.text}: {helps}" if helps else pointless.text


def _seen(service: Service, view: NodeView) -> SeenService:
    return SeenService(
        service.name,
        service.status,
        view.scope.kind(service),
        service.started_at,
        service.uptime,
    )


def order_difference(order: Order, view: NodeView) -> str:
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


Notify = Callable[[str], None]


class OrderController:
    """Asks the guard at the key, the operator in the modal, and the guard again on the way out."""

    def __init__(
        self,
        app: App[None],
        fleet: Fleet,
        *,
        say: Notify,
        palette: Callable[[], Palette],
        keys: Callable[[], Mapping[str, str]],
    ) -> None:
        self._app = app
        self._fleet = fleet
        self._say = say
        self._palette = palette
        self._keys = keys

    def look(self, node: str) -> NodeView:
        """Look at a node as it stands now."""
        return NodeView.of(self._fleet.watch(node), 0, time.monotonic())

    def refusal(self, node: str) -> str:
        """Say why no order can be given on a node now, whatever the service; empty if one can."""
        if node not in self._fleet:
            return "there is no node"
        barred = judge_node(self._fleet.standing(node))
        return "" if barred is None else barred.reason

    def ask(self, verb: Verb, choice: ServiceChoice, given: Callable[[], None]) -> None:
        """Ask the operator for an order on services of a node, as they are at this moment.

        `given` is called once the order is under way.
        """
        node = choice.node
        if node not in self._fleet:
            return
        press = KeyPress(
            verb, self._fleet.orders.next_number(), time.monotonic(), datetime.now(UTC)
        )
        view = self.look(node)
        standing = self._fleet.standing(node)
        bound = bind_order(press, choice.names, view, standing, self._keys())
        if bound.order is None or bound.ruling is None or not bound.ruling.allowed:
            if bound.order is not None:
                self._fleet.journal.refused(verb, node, bound.order.names, bound.said)
            self._say(_refused(bound))
            return
        from tui.ui.dialogs.order import (
            OrderDialog,
            OrderQuestion,
        )

        order = bound.order
        question = OrderQuestion(
            order,
            bound.ruling,
            bound.left_out,
            self._routes(order),
            hidden=choice.hidden,
            certificate=view.certificate,
            rollout=self._rollout_on(node),
        )
        screen = OrderDialog(question, self._palette(), lambda: self._again(order))
        self._app.push_screen(screen, lambda answer: self._answered(answer, given))

    def _rollout_on(self, node: str) -> str:
        """Name the rollout that is open on a node's cluster; empty if none is."""
        mine = (one.plan for one in self._fleet.rollouts.open)
        hit = next((one for one in mine if any(step.node == node for step in one.steps)), None)
        return "" if hit is None else f"rollout {hit.number} ({hit.title})"

    def _again(self, order: Order) -> tuple[Ruling, str]:
        node = order.target.node
        if node not in self._fleet:
            return Ruling(Tier.NEVER, Refusal.NO_NODE, "the node's profile is gone"), ""
        ruling = judge_order(order.verb, order.services, self._fleet.standing(node))
        return ruling, order_difference(order, self.look(node))

    def _answered(self, order: Order | None, given: Callable[[], None]) -> None:
        if order is None:
            self._say("Cancelled. Nothing was sent.")
            return
        # A rollout may have given orders of its own while this one was asked about.
        order = replace(order, number=self._fleet.orders.next_number())
        try:
            self._fleet.give(order)
        except NotAccepted as error:
            self._say(f"Nothing was sent: {error}")
        else:
            given()

    def _routes(self, order: Order) -> tuple[Route, ...]:
        """List the ways an order can go: for the primary, any writable node of its cluster."""
        target = self._fleet.watch(order.target.node)
        direct = Route(target.name, target.profile.url)
        if order.target.identity.role is not Role.PRIMARY:
            return (direct,)
        vias = [
            one
            for one in self._fleet.nodes
            if one is target
            or (
                one.profile.cluster
                and one.profile.cluster == target.profile.cluster
                and not one.read_only
                and not one.wrong_node
                and self.look(one.name).is_fresh
                and one.reading.is_good
            )
        ]
        return (
            direct,
            *(Route(one.name, one.profile.url, Route.PRIMARY) for one in vias),
        )


def _refused(choice: BoundOrder) -> str:
    if choice.ruling is not None and choice.ruling.tier is Tier.LOCKED:
        return f"Locked. {choice.said}. ctrl+p: unlock required services"
    return choice.said
