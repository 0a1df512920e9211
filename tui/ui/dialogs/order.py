"""The dialog before an order: what will be sent, to which node, and what it may do."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from rich.table import Table
from textual import on
from textual.widgets import Button

from tui.fleet.orders.executor import request_text
from tui.fleet.orders.guard import Ruling
from tui.model.duration import clock_duration
from tui.model.order import Order, Route, Tier
from tui.model.service import API_CARRIERS, purpose_of
from tui.ui.dialogs.confirm import ConfirmDialog, ConfirmRequest, Fact, facts_table
from tui.ui.format.status_lines import Palette

VENDOR = (
    "The vendor calls this API dangerous, to be used with guidance from Redis support: "
    "optional services only."
)


@dataclass(frozen=True, slots=True)
class OrderQuestion:
    """What the dialog asks about: the order, its ruling, and what was left out of it.

    `hidden` are the services that a filter hides. `certificate` is a remark that the node's
    certificate is not valid, or not for long; empty else. `rollout` names one that is open on
    the node's cluster, and will pause.
    """

    order: Order
    ruling: Ruling
    left_out: tuple[str, ...] = ()
    routes: tuple[Route, ...] = ()
    hidden: frozenset[str] = frozenset()
    certificate: str = ""
    rollout: str = ""


def order_facts(question: OrderQuestion, order: Order, palette: Palette) -> Table:
    """Return all that the operator should know before confirming."""
    rows = order_essentials(question, order, palette)
    rows += [("mind", warning, palette["warn"]) for warning in order_warnings(question, order)]
    rows.append(("", VENDOR, palette["muted"]))
    return facts_table(rows, palette)


def order_essentials(question: OrderQuestion, order: Order, palette: Palette) -> list[Fact]:
    """Return which node is meant and what will be sent: what must be seen before confirming."""
    target, ruling = order.target, question.ruling
    rows: list[Fact] = []
    if ruling.tier is Tier.LOCKED:
        rows.append(("DANGER", ruling.reason, palette["bad"]))
    environment = f", {target.environment.value}" if target.environment else ""
    rows += [
        ("node", f"{target.node}  {target.url}", "bold"),
        ("who", f"{target.identity.title}{environment}", ""),
    ]
    for seen in order.services:
        up = f" for {clock_duration(seen.uptime)}" if seen.uptime is not None else ""
        unseen = " (hidden by the filter)" if seen.name in question.hidden else ""
        value = f"{seen.name}  {seen.kind.value}, {seen.status}{up}{unseen}"
        rows.append(("service", value, "bold"))
        if len(order.services) == 1 and purpose_of(seen.name):
            rows.append(("", purpose_of(seen.name), palette["muted"]))
    rows += [("left out", why, palette["muted"]) for why in question.left_out]
    line, body = request_text(order)
    rows += [("request", line, palette["accent"]), ("", body, palette["accent"])]
    return rows


def order_warnings(question: OrderQuestion, order: Order) -> Sequence[str]:
    """Return the warnings of this order."""
    warnings = []
    if question.ruling.tier is Tier.TYPED and question.ruling.reason:
        warnings.append(question.ruling.reason)
    if question.certificate:
        warnings.append(f"{question.certificate}; it is the certificate that the profile trusts")
    if question.rollout:
        warnings.append(f"{question.rollout} is open here: it pauses where it sees this order")
    if order.route.path == Route.PRIMARY:
        warnings.append(
            "this path acts on whichever node is primary when it arrives; a node that is not "
            "primary may answer with a redirect, which is not followed"
        )
    if API_CARRIERS & set(order.names):
        warnings.append("the answer may be lost; the node is watched until it shows what happened")
    return warnings


class OrderDialog(ConfirmDialog[Order]):
    """Asks before an order is sent; returns the order as confirmed, or None."""

    def __init__(
        self,
        question: OrderQuestion,
        palette: Palette,
        check_again: Callable[[], tuple[Ruling, str]],
    ) -> None:
        order, ruling = question.order, question.ruling
        super().__init__(
            ConfirmRequest(_title(order), order.verb.value, ruling.words, ruling.needs_reason),
            palette,
        )
        self._question = question
        self._check_again = check_again
        self._route = 0

    @property
    def order(self) -> Order:
        """The order with the route and the reason as they are chosen now."""
        order = self._question.order
        if self._question.routes:
            order = replace(order, route=self._question.routes[self._route])
        return replace(order, reason=self.field("#reason"))

    def confirmed(self) -> Order:
        """Return the order."""
        return self.order

    @property
    def facts(self) -> Table:
        """All that is known of the order."""
        return order_facts(self._question, self.order, self._palette)

    @property
    def essentials(self) -> Table:
        """Which node is meant and what will be sent."""
        return facts_table(
            order_essentials(self._question, self.order, self._palette), self._palette
        )

    def refusal(self) -> str:
        """Return what has changed since the key was pressed, or what the guard refuses now."""
        ruling, changed = self._check_again()
        if changed:
            return f"changed since you looked: {changed}"
        if not ruling.allowed:
            return ruling.reason
        asked = self._question.ruling
        if (ruling.words, ruling.needs_reason) != (asked.words, asked.needs_reason):
            return f"it takes more than when you looked: {ruling.reason}"
        return ""

    def more_buttons(self) -> Iterable[Button]:
        """Return the button for the other routes to the node, where there are any."""
        if len(self._question.routes) > 1:
            yield Button("Other route", id="route", disabled=True)

    @on(Button.Pressed, "#route")
    def _next_route(self) -> None:
        self._route = (self._route + 1) % len(self._question.routes)
        self.show_facts()


def _title(order: Order) -> str:
    what = order.names[0] if len(order.names) == 1 else f"{len(order.names)} services"
    return f"{order.verb.value.capitalize()} {what} on {order.target.node}?"
