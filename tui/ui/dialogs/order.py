"""The dialog before an order: what will happen, what it touches, and what is sent."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from rich.console import Group
from textual import on
from textual.widgets import Button

from tui.fleet.orders.executor import request_text
from tui.fleet.orders.guard import Refusal, Ruling
from tui.fleet.orders.impact import Finding, Subject
from tui.fleet.orders.impact_text import impact_lines
from tui.model.clock import clock_duration, monotonic, one_unit
from tui.model.dataclass import dataclass
from tui.model.node import Environment
from tui.model.order import Order, Route, SeenService, Tier, Verb
from tui.model.service import API_CARRIERS, purpose_of
from tui.ui.dialogs.confirm import (
    ConfirmDialog,
    ConfirmRefusal,
    ConfirmRequest,
    Fact,
    facts_page,
)
from tui.ui.format.status_lines import Palette

VENDOR = "dangerous API: for optional services, with Redis support"
VENDOR_REQUIRED = (
    "dangerous API, for optional services only: send this only if Redis support says so"
)
"""The vendor's warning, where what is acted on is not known to be optional."""

_ROUTE_LABEL = "Endpoint"
"""It is short enough for a window of 40 columns; a line of the facts says what it does."""

_NAMED = 3
ENVIRONMENTS = {
    Environment.PRODUCTION: "PRODUCTION",
    Environment.STAGING: "STAGING",
    Environment.DEVELOPMENT: "development",
}


@dataclass(frozen=True, slots=True)
class OrderQuestion:
    """What the dialog asks about: the order, its ruling, and what was left out of it.

    `impact` is what it touches. `cluster` is the name by which profiles are grouped. `hidden` are
    the services that a filter hides. `certificate` is a remark that the node's certificate is not
    valid, or not for long; empty else. `rollout` names one that is open on the node's cluster: it
    `is_rollout_paused` already, or will pause. `answered_at` is when the answer came that showed
    its services (monotonic), None for when the key was pressed. `again` is the key that opens
    another dialog like it. `seen_ago` is how old what is shown of its services is, in seconds,
    where it is not known to be so any more.
    """

    order: Order
    ruling: Ruling
    left_out: tuple[str, ...] = ()
    routes: tuple[Route, ...] = ()
    hidden: frozenset[str] = frozenset()
    certificate: str = ""
    rollout: str = ""
    is_rollout_paused: bool = False
    impact: tuple[Finding, ...] = ()
    cluster: str = ""
    answered_at: float | None = None
    again: str = ""
    seen_ago: float | None = None


@dataclass(frozen=True, slots=True)
class OrderCheck:
    """An order checked again: the guard's ruling now, and what `changed` since the key.

    `age` is the age of the node's last good answer, in seconds; None before the first.
    """

    ruling: Ruling
    changed: str = ""
    age: float | None = None


def order_sentence(question: OrderQuestion, order: Order) -> str:
    """Return what will happen: `Restart mdns_server on node1 (replica, payments, PRODUCTION)`."""
    target, names = order.target, order.names
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    cluster = question.cluster or target.identity.cluster
    environment = ENVIRONMENTS[target.environment] if target.environment else ""
    where = ", ".join(filter(None, (target.identity.role.value, cluster, environment)))
    what = f"{order.verb.value.capitalize()} {', '.join(names[:_NAMED])}{more}"
    return f"{what} on {target.node} ({where})"


def order_facts(question: OrderQuestion, order: Order, palette: Palette) -> Group:
    """Return all that the operator should know before confirming."""
    rows = order_essentials(question, order, palette)
    if route := route_text(question, order):
        rows.append(("endpoint", route, palette["muted"]))
    vendor = VENDOR_REQUIRED if question.ruling.tier is Tier.LOCKED else VENDOR
    rows.append(("vendor", vendor, palette["muted"]))
    return facts_page(order_sentence(question, order), rows, palette)


def order_essentials(question: OrderQuestion, order: Order, palette: Palette) -> list[Fact]:
    """Return the warnings, what is touched and what is sent: what must be seen to confirm."""
    target, ruling = order.target, question.ruling
    rows: list[Fact] = []
    if ruling.tier is Tier.LOCKED:
        rows.append(("DANGER", ruling.reason, palette["bad"]))
    rows += [("warning", text, palette["warn"]) for text in order_warnings(question, order)]
    for seen in order.services:
        rows.append(
            (
                "service",
                f"{seen.name}  {seen_text(seen, question.hidden, question.seen_ago)}",
                "bold",
            )
        )
        if len(order.services) == 1 and purpose_of(seen.name):
            rows.append(("", purpose_of(seen.name), palette["muted"]))
    rows += impact_facts(order.verb, question.impact, palette)
    rows += [("skipped", why, palette["muted"]) for why in question.left_out]
    rows.append(("node", target.identity.title, ""))
    line, body = request_text(order)
    rows += [("request", line, palette["accent"]), ("", body, palette["accent"])]
    return rows


def seen_text(seen: SeenService, hidden: frozenset[str], ago: float | None = None) -> str:
    """Return what a service is and how it was seen: `optional, RUNNING for 00:01:30 (9 s ago)`.

    `ago` is how old that is, in seconds; None where it is so by the last polls.
    """
    up = (
        f" for {clock_duration(seen.uptime)}" if seen.is_running and seen.uptime is not None else ""
    )
    unseen = " (hidden by the filter)" if seen.name in hidden else ""
    old = "" if ago is None else f" ({one_unit(ago)} ago)"
    return f"{seen.kind.value}, {seen.status}{up}{old}{unseen}"


def impact_facts(verb: Verb, impact: Sequence[Finding], palette: Palette) -> list[Fact]:
    """Return what an action touches as facts; what speaks against it stands out."""
    return [
        ("" if number else "touches", line.text, palette["warn" if line.is_risk else "muted"])
        for number, line in enumerate(impact_lines(verb, impact))
    ]


def without_ages(impact: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return what an action touches with all of it as just read, to be compared.

    What is worst on other nodes, since when alerts are on, and which problems the node has, is left
    away: a service that flaps would disarm the dialog.
    """
    return tuple(map(_without_age, impact))


def _without_age(finding: Finding) -> Finding:
    if finding.subject is Subject.PROBLEMS_HERE:
        return Finding(finding.subject, 1)
    return replace(finding, age=None if finding.age is None else 0.0, remarks=())


def order_warnings(question: OrderQuestion, order: Order) -> Sequence[str]:
    """Return the warnings of this order."""
    warnings = []
    if question.ruling.tier is Tier.TYPED and question.ruling.reason:
        warnings.append(question.ruling.reason)
    if question.certificate:
        warnings.append(f"{question.certificate}; it is the certificate that the profile trusts")
    if question.rollout:
        then = "is open here and will pause when it sees this action"
        if question.is_rollout_paused:
            then = "is paused here: its gate is checked again before it goes on"
        warnings.append(f"{question.rollout} {then}")
    if order.route.path == Route.PRIMARY:
        warnings.append(
            "this path acts on whichever node is primary when it arrives; a node that is not "
            "primary may answer with a redirect, which is not followed"
        )
    if API_CARRIERS & set(order.names):
        warnings.append("the answer may be lost; the node is polled until it shows what happened")
    return warnings


def refusal_text(node: str, check: OrderCheck) -> str:
    """Return why the guard refuses an order on `node` now, with the age of its last answer.

    What troubles a node names it already.
    """
    ruling = check.ruling
    age = "" if check.age is None else one_unit(check.age)
    if ruling.refusal is Refusal.STALE:
        return f"{node} has not answered for {age}: nothing can be sent now"
    if ruling.refusal is Refusal.TROUBLE:
        last = f"; last good answer {age} ago" if age else ""
        return f"{ruling.reason}{last}: nothing can be sent now"
    return ruling.reason


class _RouteButton(Button):
    """A button that a click presses without moving the focus to it."""

    FOCUS_ON_CLICK = False


class OrderDialog(ConfirmDialog[Order]):
    """Asks before an order is sent; returns the order as confirmed, or None."""

    def __init__(
        self,
        question: OrderQuestion,
        palette: Palette,
        check_again: Callable[[], OrderCheck],
        look_again: Callable[[], tuple[Finding, ...]],
    ) -> None:
        order, ruling = question.order, question.ruling
        verb = order.verb.value
        super().__init__(
            ConfirmRequest(
                f"{verb.capitalize()}?",
                verb,
                ruling.words,
                ruling.needs_reason,
                is_dangerous=ruling.tier is not Tier.PLAIN,
            ),
            palette,
        )
        self._question = question
        self._check_again = check_again
        self._look_again = look_again
        self._route = 0

    @property
    def order(self) -> Order:
        """The order with the route and the reason as they are chosen now."""
        order = self._question.order
        if self._question.routes:
            order = replace(order, route=self._question.routes[self._route])
        return replace(order, reason=self.field("#reason"))

    def renew_facts(self) -> bool:
        """Find anew what the order touches; uptimes go on."""
        self._question = replace(self._question, impact=self._look_again())
        return True

    def confirmed(self) -> Order:
        """Return the order."""
        return self.order

    @property
    def facts(self) -> Group:
        """All that is known of the order."""
        question = self._shown_question
        return order_facts(question, question.order, self._palette)

    @property
    def _shown_question(self) -> OrderQuestion:
        """The question, with the uptimes of the services as they are by now.

        While it is refused they are not known: then they stand, with their age.
        """
        question, order = self._question, self.order
        shown_at = question.answered_at
        waited = monotonic() - (order.pressed_at if shown_at is None else shown_at)
        if self.refused is not None:
            return replace(question, order=order, seen_ago=waited)
        services = tuple(seen.aged(waited) for seen in order.services)
        return replace(question, order=replace(order, services=services))

    @property
    def essentials(self) -> Group:
        """What will happen, the warnings, what it touches and what will be sent."""
        question = self._shown_question
        rows = order_essentials(question, question.order, self._palette)
        return facts_page(order_sentence(question, question.order), rows, self._palette)

    @property
    def ageless_essentials(self) -> object:
        """The essentials by the uptimes of when the key was pressed."""
        question = replace(self._question, impact=without_ages(self._question.impact))
        return order_essentials(question, self.order, self._palette)

    def refusal(self) -> ConfirmRefusal | None:
        """Return what has changed since the key was pressed, or what the guard refuses now."""
        check, question = self._check_again(), self._question
        ruling, asked, again = check.ruling, question.ruling, f"{question.again} again"
        if check.changed:
            return ConfirmRefusal(f"changed since you looked: {check.changed}", again)
        if not ruling.allowed:
            return ConfirmRefusal(refusal_text(question.order.target.node, check))
        # What wants more than has to be typed by now may be confirmed as it is.
        is_other = (ruling.words, ruling.needs_reason) != (asked.words, asked.needs_reason)
        if ruling.words and is_other:
            return ConfirmRefusal(f"more must be typed now: {ruling.reason}", again)
        return None

    def more_buttons(self) -> Iterable[Button]:
        """Return the button for the other routes to the node, where there are any."""
        if len(self._question.routes) > 1:
            yield _RouteButton(_ROUTE_LABEL, id="route", disabled=True)

    @on(Button.Pressed, "#route")
    def _next_route(self) -> None:
        routes = self._question.routes
        self._route = (self._route + 1) % len(routes)
        self.show_again()
        self.focus_field()


def route_text(question: OrderQuestion, order: Order) -> str:
    """Return whose endpoint gets the order now, and what the button of the routes does.

    Empty where there is one route alone.
    """
    routes = question.routes
    if len(routes) < 2 or order.route not in routes:
        return ""
    following = routes[(routes.index(order.route) + 1) % len(routes)]
    if order.route.path != Route.PRIMARY:
        return f"of the node; {_ROUTE_LABEL} uses the cluster's (POST {Route.PRIMARY})"
    now = f"of the cluster, through {order.route.via}"
    if following.path != Route.PRIMARY:
        return f"{now}; {_ROUTE_LABEL} uses the node's"
    return f"{now}; {_ROUTE_LABEL} sends through {following.via}"
