"""Orders from a key: bound to node and services, refused with a reason or confirmed, then sent."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tui.fleet.fleet import Fleet
from tui.fleet.order_impact import order_impact
from tui.fleet.orders.binding import BoundOrder, OrderRequest, SeenNode, bind_order
from tui.fleet.orders.executor import NotAccepted
from tui.fleet.orders.guard import (
    PointlessVerb,
    Refusal,
    Ruling,
    evidence_difference,
    judge_node,
    judge_order,
    judge_verb,
)
from tui.fleet.orders.impact import Finding
from tui.model.clock import monotonic
from tui.model.dataclass import dataclass
from tui.model.node import Role
from tui.model.order import Order, Route, Tier, Verb
from tui.model.rollout import RolloutProgress, RolloutState
from tui.model.service import Kind, kind_of
from tui.ui.format.node_view import NodeView
from tui.ui.format.status_lines import Palette
from tui.ui.keymap import key_text

if TYPE_CHECKING:
    from tui.ui.dialogs.order import OrderCheck
    from tui.ui.terminal.toasts import ToastApp


@dataclass(frozen=True, slots=True)
class ServiceChoice:
    """The services of a node that an order is for; `hidden` are those that a filter hides."""

    node: str
    names: tuple[str, ...]
    hidden: frozenset[str] = frozenset()


AskOnDeck = Callable[[Verb, str, str], None]
"""Asks for an action on a service (the last) of a node, over the deck."""

NO_SERVICE = "This is about no single service. Choose a service in the deck first."

DOES = {Verb.START: "starts", Verb.STOP: "stops", Verb.RESTART: "restarts"}


def _pointless_text(pointless: PointlessVerb, keys: Mapping[str, str]) -> str:
    """Return why a verb makes no sense, with the keys of those that do."""
    helps = ", ".join(
        f"{key_text(keys[verb.value])} {DOES[verb]} it"
        for verb in pointless.possible
        if verb.value in keys
    )
    return f"{pointless.text}: {helps}" if helps else pointless.text


def order_difference(order: Order, view: NodeView) -> str:
    """Return what has changed since the key was pressed; empty if nothing has."""
    changes = []
    for seen in order.services:
        now = view.reading.find(seen.name)
        if now is None:
            changes.append(f"{seen.name} is gone")
        elif now.status != seen.status:
            changes.append(f"{seen.name}: {seen.status} → {now.status}")
        elif now.started_at != seen.started_at:
            changes.append(f"{seen.name} was restarted")
        elif view.scope.kind(now) is not seen.kind:
            changes.append(
                f"{seen.name} is {view.scope.kind(now).value} now, was {seen.kind.value}"
            )
    if view.url != order.target.url:
        changes.append(f"the profile's address is {view.url} now")
    if view.identity.uid != order.target.identity.uid:
        changes.append("another node answers")
    elif elsewhere := _evidence_difference(order, view):
        changes.append(elsewhere)
    elif view.role is not order.target.identity.role:
        changes.append(f"the node is {view.role.value} now")
    return "; ".join(changes)


def _evidence_difference(order: Order, view: NodeView) -> str:
    meant = order.target.identity
    is_named = meant.uid is not None or bool(meant.hostname)
    return evidence_difference(order.target.evidence, view.evidence, is_named=is_named)


Notify = Callable[[str], None]


def journal_warning(trouble: str) -> str:
    """Return why no dialog opens where actions cannot be recorded."""
    return f"Actions cannot be recorded, so nothing can be sent: {trouble}"


def unlock_text(keys: Mapping[str, str]) -> str:
    """Return how required services are unlocked; `keys` are binding id → the keys it has now."""
    return f"{key_text(keys['palette'])}: unlock required services"


_BRIEF = {
    Refusal.READ_ONLY: "read-only",
    Refusal.NOT_ANSWERED: "no answer yet",
    Refusal.STALE: "stale",
    Refusal.BUSY: "an action is open here",
    Refusal.ROLLED: "rolled by another process",
}


class OrderController:
    """Checks an order with the guard at the key, asks the operator, and checks it again."""

    def __init__(
        self,
        app: "ToastApp",
        fleet: Fleet,
        *,
        warn: Notify,
        palette: Callable[[], Palette],
        keys: Callable[[], Mapping[str, str]],
    ) -> None:
        self._app = app
        self._fleet = fleet
        self._warn = warn
        self._palette = palette
        self._keys = keys

    def view(self, node: str) -> NodeView:
        """Return a node as it is now."""
        return NodeView.of(self._fleet.watch(node), 0, monotonic())

    def refusal(self, node: str) -> str:
        """Return why a node takes no order now, whatever the service; empty if it does."""
        if node not in self._fleet:
            return "there is no node"
        barred = judge_node(self._fleet.standing(node))
        return "" if barred is None else barred.reason

    def brief_refusal(self, node: str) -> str:
        """Return why a node takes no order now in a few words; empty if it does."""
        if node not in self._fleet:
            return "no node"
        barred = judge_node(self._fleet.standing(node))
        if barred is None or barred.refusal is None:
            return ""
        trouble = self._fleet.watch(node).reading.trouble
        if barred.refusal is Refusal.TROUBLE:
            return "not the node it was" if trouble is None else trouble.kind.value
        return _BRIEF.get(barred.refusal, barred.reason)

    def possible(self, node: str, service: str) -> frozenset[Verb]:
        """Return the verbs that are not refused for a service of a node as it is now."""
        if self.refusal(node):
            return frozenset()
        watch = self._fleet.watch(node)
        found = watch.reading.find(service)
        is_free = self._fleet.unlocked or kind_of(service, watch.facts.optional) is Kind.OPTIONAL
        if found is None or not is_free:
            return frozenset()
        return frozenset(verb for verb in Verb if judge_verb(verb, found) is None)

    def ask(self, verb: Verb, choice: ServiceChoice, given: Callable[[], None]) -> None:
        """Ask the operator for an order on services of a node, as they are at this moment.

        `given` is called once the order is accepted.
        """
        node = choice.node
        if node not in self._fleet:
            return
        press = OrderRequest(verb, self._fleet.orders.next_number(), monotonic(), datetime.now(UTC))
        bound = bind_order(
            press,
            choice.names,
            SeenNode.of(self._fleet.watch(node)),
            self._fleet.standing(node),
            lambda pointless: _pointless_text(pointless, self._keys()),
        )
        if bound.order is None or bound.ruling is None or not bound.ruling.allowed:
            if bound.order is not None:
                self._fleet.journal.refused(verb, node, bound.order.names, bound.message)
            self._warn(_refusal_text(bound, self._keys()))
            return
        if trouble := self._fleet.journal.trouble:
            # Written as a record too: where that succeeds, the trouble is over at the next press.
            self._fleet.journal.refused(verb, node, bound.order.names, trouble)
            self._warn(journal_warning(trouble))
            return
        from tui.ui.dialogs.order import OrderDialog, OrderQuestion

        order, rollout = bound.order, self._rollout_on(node)
        question = OrderQuestion(
            order,
            bound.ruling,
            bound.left_out,
            self._routes(order),
            hidden=choice.hidden,
            certificate=self.view(node).certificate,
            rollout=f"rollout {rollout.plan.number} ({rollout.plan.title})" if rollout else "",
            is_rollout_paused=rollout is not None and rollout.state is RolloutState.PAUSED,
            impact=self._impact(order),
            cluster=self._fleet.watch(node).profile.cluster,
            answered_at=self._fleet.watch(node).reading.answered_at,
            again=key_text(self._keys()[verb.value]),
        )
        screen = OrderDialog(
            question,
            self._palette(),
            lambda: self._check_again(order),
            lambda: self._impact(order),
        )
        self._app.push_screen(screen, lambda answer: self._confirmed(answer, given))
        screen.run_worker(self._fleet.follow_rollouts([node]))

    def _impact(self, order: Order) -> tuple[Finding, ...]:
        """Return what an order touches, by what is known now; nothing where its node is gone."""
        node = order.target.node
        if node not in self._fleet:
            return ()
        return order_impact(self._fleet, order.verb, order.names, node, monotonic())

    def _rollout_on(self, node: str) -> RolloutProgress | None:
        """Return the rollout that includes a node and is open; None if there is none."""
        for rollout in self._fleet.rollouts.open:
            if any(step.node == node for step in rollout.plan.steps):
                return rollout
        return None

    def _check_again(self, order: Order) -> "OrderCheck":
        from tui.ui.dialogs.order import OrderCheck

        node = order.target.node
        if node not in self._fleet:
            return OrderCheck(Ruling(Tier.NEVER, Refusal.NO_NODE, "the node's profile is gone"))
        standing = self._fleet.standing(node)
        ruling = judge_order(order.verb, order.services, standing)
        return OrderCheck(ruling, order_difference(order, self.view(node)), standing.age)

    def _confirmed(self, order: Order | None, given: Callable[[], None]) -> None:
        if order is None:
            self._app.notify_until_dialog("Cancelled. Nothing was sent.")
            return
        # A rollout may have given orders while this one was being confirmed.
        order = replace(order, number=self._fleet.orders.next_number())
        try:
            self._fleet.give(order)
        except NotAccepted as error:
            self._app.notify_until_dialog(f"Nothing was sent: {error}")
        else:
            given()

    def _routes(self, order: Order) -> tuple[Route, ...]:
        """Return an order's routes: to the primary, also through writable nodes of its cluster."""
        target = self._fleet.watch(order.target.node)
        direct = Route(target.name, target.profile.url)
        if order.target.identity.role is not Role.PRIMARY:
            return (direct,)
        vias = [
            node
            for node in self._fleet.beside(target.name)
            if node is target
            or (
                not node.read_only
                and not node.wrong_node
                and self.view(node.name).is_fresh
                and node.reading.is_good
            )
        ]
        return (
            direct,
            *(Route(node.name, node.profile.url, Route.PRIMARY) for node in vias),
        )


def _refusal_text(bound: BoundOrder, keys: Mapping[str, str]) -> str:
    if bound.ruling is not None and bound.ruling.tier is Tier.LOCKED:
        return f"Locked. {bound.message}. {unlock_text(keys)}"
    return bound.message
