"""What a confirmation says of an order: what will happen, what it touches, what is sent. Pure."""

import io
from dataclasses import replace

import pytest
from rich.console import Console, RenderableType

from tests.fleet.plan_nodes import ON, SINCE
from tui.fleet.orders.guard import Ruling
from tui.fleet.orders.impact import Finding, Subject
from tui.model.clock import monotonic
from tui.model.node import Environment, Identity, Role
from tui.model.order import Order, Route, SeenService, Target, Tier, Verb
from tui.model.service import Kind
from tui.ui.dialogs.order import OrderDialog, OrderQuestion, order_facts, order_sentence


class Plain(dict[str, str]):
    """A palette with no colours."""

    def __missing__(self, key: str) -> str:
        return ""


def order(*names: str, environment: Environment | None = None, cluster: str = "") -> Order:
    identity = Identity(1, "n1.example", role=Role.REPLICA, cluster=cluster)
    target = Target("node1", "https://10.0.0.1:9443", identity, environment)
    services = tuple(SeenService(name, "RUNNING", Kind.OPTIONAL, SINCE, 90) for name in names)
    return Order(1, Verb.RESTART, target, services, Route("node1", target.url), 0.0, ON)


def shown(question: OrderQuestion, width: int = 72) -> list[str]:
    return printed(order_facts(question, question.order, Plain()), width)


def printed(facts: RenderableType, width: int = 72) -> list[str]:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(facts)
    assert isinstance(console.file, io.StringIO)
    return [text.rstrip() for text in console.file.getvalue().splitlines()]


PLAIN = OrderQuestion(order("mdns_server"), Ruling(Tier.PLAIN), cluster="payments")


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        (PLAIN, "Restart mdns_server on node1 (replica, payments)"),
        (
            replace(PLAIN, order=order("mdns_server", environment=Environment.PRODUCTION)),
            "Restart mdns_server on node1 (replica, payments, PRODUCTION)",
        ),
        (
            replace(PLAIN, order=order("a", "b", "c", "d", "e", cluster="c.local"), cluster=""),
            "Restart a, b, c and 2 more on node1 (replica, c.local)",
        ),
    ],
)
def test_what_will_happen_is_one_sentence(question: OrderQuestion, sentence: str) -> None:
    assert order_sentence(question, question.order) == sentence
    assert shown(question)[0] == sentence


def test_what_it_touches_comes_before_the_request_and_the_vendors_warning_last() -> None:
    impact = (
        Finding(Subject.CLIENTS, 5, age=12.0),
        Finding(Subject.ENDPOINTS, 5, age=12.0),
        Finding(Subject.LICENSE, gap="403"),
    )
    lines = shown(replace(PLAIN, impact=impact))
    begins = [line.split("  ")[0] for line in lines if not line.startswith(" ")]
    assert begins == [lines[0], "service", "touches", "node", "request", "vendor"]
    text = " ".join(" ".join(lines).split())
    assert (
        "touches clients of 5 databases will be disconnected, 5 endpoints here (12 s ago)" in text
    )
    assert "         not known: license (403)" in lines
    assert lines[-1] == "vendor   dangerous API: for optional services, with Redis support"


@pytest.mark.parametrize("width", [30, 47, 56, 72, 160])
def test_no_text_is_cut_at_any_width(width: int) -> None:
    impact = (Finding(Subject.UNHEALTHY, 3, names=("node2", "node3", "node4")),)
    lines = shown(replace(PLAIN, impact=impact), width)
    whole = "".join("".join(lines).split())
    assert "withproblems:node2,node3,node4" in whole
    assert "…" not in whole
    assert "withRedissupport" in whole


def test_what_must_be_seen_anew_is_another_touch_or_request_and_never_an_age() -> None:
    """P29."""
    found = (Finding(Subject.CLIENTS, 5, age=12.0), Finding(Subject.LICENSE, gap="403"))
    local = PLAIN.order.route
    routes = (local, Route("node1", local.url, Route.PRIMARY))
    looks = [(replace(found[0], age=13.0), found[1]), (replace(found[0], count=6), found[1])]
    dialog = OrderDialog(
        replace(PLAIN, impact=found, routes=routes),
        Plain(),
        lambda: (PLAIN.ruling, ""),
        lambda: looks.pop(0),
    )
    first = dialog.ageless_essentials
    dialog.renew_facts()
    assert dialog.ageless_essentials == first
    dialog.renew_facts()
    touched = dialog.ageless_essentials
    assert touched != first
    dialog._route = 1
    assert dialog.ageless_essentials != touched


def dialog_of(question: OrderQuestion) -> OrderDialog:
    return OrderDialog(question, Plain(), lambda: (question.ruling, ""), tuple)


def test_an_uptime_goes_on_from_the_answer_that_showed_it_and_not_from_the_key() -> None:
    now = monotonic()
    pressed = replace(order("mdns_server"), pressed_at=now)
    (line,) = [
        text
        for text in printed(
            dialog_of(replace(PLAIN, order=pressed, answered_at=now - 3600)).essentials
        )
        if text.startswith("service")
    ]
    assert "RUNNING for 01:01:3" in line


def test_what_does_not_run_has_no_uptime_whatever_its_node_reports() -> None:
    seen = SeenService("mdns_server", "STOPPED", Kind.OPTIONAL, SINCE, 65)
    assert seen.aged(10) == seen
    stopped = replace(order("mdns_server"), services=(seen,))
    assert "service  mdns_server  optional, STOPPED" in shown(replace(PLAIN, order=stopped))
