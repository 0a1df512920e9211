"""The way from a verb key to an order: bind, refuse with a reason, ask, give."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from textual.app import App

from tui.fleet.fleet import Fleet
from tui.fleet.orders.executor import NotAccepted
from tui.fleet.orders.guard import Ruling, rule
from tui.model.node import Role
from tui.model.order import Order, Route, Tier, Verb
from tui.ui.format.node_view import NodeView
from tui.ui.format.status_lines import Palette
from tui.ui.ordering import Choice, Press, bind, difference

Say = Callable[[str], None]


class OrderDesk:
    """Asks the guard at the key, the operator in the modal, and the guard again on the way out."""

    def __init__(self, app: App[None], fleet: Fleet, say: Say) -> None:
        self._app = app
        self._fleet = fleet
        self._say = say

    def look(self, node: str) -> NodeView:
        """Look at a node as it stands now."""
        watches = self._fleet.nodes
        number = next(n for n, one in enumerate(watches, 1) if one.name == node)
        return NodeView.of(watches[number - 1], number, time.monotonic())

    def refusal(self, node: str) -> str:
        """Say why no order can be given on a node now, whatever the service; empty if one can."""
        if node not in self._fleet:
            return "there is no node"
        reason = rule(Verb.RESTART, (), self._fleet.standing(node)).reason
        return "" if reason == "no service is chosen" else reason

    def ask(  # noqa: PLR0913 - what is meant, and who wants to know
        self,
        verb: Verb,
        node: str,
        names: tuple[str, ...],
        palette: Palette,
        *,
        hidden: frozenset[str] = frozenset(),
        given: Callable[[], None] = lambda: None,
    ) -> None:
        """Take a verb key for services of a node, as they are at this moment.

        `hidden` are those of them that a filter keeps off the screen; `given` is called once the
        order is under way.
        """
        if node not in self._fleet:
            return
        press = Press(verb, self._fleet.orders.next_number(), time.monotonic(), datetime.now(UTC))
        view = self.look(node)
        choice = bind(press, names, view, self._fleet.standing(node))
        if choice.order is None or choice.ruling is None or not choice.ruling.allowed:
            if choice.order is not None:
                self._fleet.journal.refused(verb.value, node, choice.order.names, choice.said)
            self._say(_refused(choice))
            return
        from tui.ui.dialogs.order import ConfirmScreen  # noqa: PLC0415 - see tui.ui.app
        from tui.ui.screens.facts import Question  # noqa: PLC0415 - see tui.ui.app

        order = choice.order
        question = Question(
            order,
            choice.ruling,
            choice.left_out,
            self._routes(order),
            hidden=hidden,
            certificate=view.certificate,
            rollout=self._rollout_on(node),
        )
        screen = ConfirmScreen(question, palette, lambda: self._again(order))
        self._app.push_screen(screen, lambda answer: self._answered(answer, given))

    def _rollout_on(self, node: str) -> str:
        """Name the rollout that is open on a node's cluster; empty if none is."""
        mine = (one.plan for one in self._fleet.rollouts.open)
        hit = next((one for one in mine if any(step.node == node for step in one.steps)), None)
        return "" if hit is None else f"rollout {hit.number} ({hit.title})"

    def _again(self, order: Order) -> tuple[Ruling, str]:
        node = order.target.node
        if node not in self._fleet:
            return Ruling(Tier.NEVER, allowed=False, reason="the node's profile is gone"), ""
        ruling = rule(order.verb, order.services, self._fleet.standing(node))
        return ruling, difference(order, self.look(node))

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


def _refused(choice: Choice) -> str:
    if choice.ruling is not None and choice.ruling.tier is Tier.LOCKED:
        return f"Locked. {choice.said}. ctrl+p: unlock required services"
    return choice.said
