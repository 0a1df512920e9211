"""What a confirmation says of an order: what will happen, what it touches, what is sent. Pure."""

import io
from dataclasses import replace

import pytest
from rich.console import Console, RenderableType

from tests.fleet.plan_nodes import ON, SINCE
from tui.fleet.orders.guard import Refusal, Ruling
from tui.fleet.orders.impact import Finding, Subject
from tui.model.clock import monotonic
from tui.model.node import Environment, Identity, Role
from tui.model.order import Order, Route, SeenService, Target, Tier, Verb
from tui.model.service import Kind, purpose_of
from tui.ui.dialogs.confirm import ConfirmRefusal, ConfirmRequest
from tui.ui.dialogs.order import (
    OrderCheck,
    OrderDialog,
    OrderQuestion,
    impact_facts,
    order_essentials,
    order_facts,
    order_sentence,
    order_warnings,
    route_text,
)


class Plain(dict[str, str]):
    """A palette with no colours."""

    def __missing__(self, key: str) -> str:
        return ""


class Named(dict[str, str]):
    """A palette whose colours are the names of what they are for."""

    def __missing__(self, key: str) -> str:
        return key


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
LOCAL = PLAIN.order.route
BY_PRIMARY = Route("node1", LOCAL.url, Route.PRIMARY)
BY_NODE2 = Route("node2", "https://10.0.0.2:9443", Route.PRIMARY)
LOCKED = Ruling(Tier.LOCKED, reason="ccs: required", words="mdns_server", needs_reason=True)
MORE = Ruling(Tier.TYPED, reason="the node is marked production", words="mdns_server")


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
        (
            replace(PLAIN, order=order("a", "b", "c", cluster="c.local")),
            "Restart a, b, c on node1 (replica, payments)",
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
        "touches clients of 5 databases will be disconnected, 5 endpoints here · read 12 s ago"
        in text
    )
    assert "         not known: license (403)" in lines
    assert lines[-1] == "vendor   dangerous API: for optional services, with Redis support"


@pytest.mark.parametrize("width", [30, 47, 56, 72, 160])
def test_no_text_is_cut_at_any_width(width: int) -> None:
    impact = (Finding(Subject.UNHEALTHY, 3, names=("node2", "node3", "node4")),)
    lines = shown(replace(PLAIN, impact=impact), width)
    whole = "".join("".join(lines).split())
    assert "node2,node3,node4haveproblems" in whole
    assert "…" not in whole
    assert "withRedissupport" in whole


def test_what_must_be_seen_anew_is_another_touch_or_request_and_never_an_age() -> None:
    """P29."""
    ill = Finding(Subject.UNHEALTHY, 1, names=("node2",), remarks=(("node2", "ccs STOPPED"),))
    again = replace(ill, remarks=(("node2", "ccs STARTING"),))
    here = Finding(Subject.PROBLEMS_HERE, 1, names=("ccs FATAL",))
    more = Finding(Subject.PROBLEMS_HERE, 2, names=("ccs BACKOFF", "cnm_exec FATAL"))
    found = (Finding(Subject.CLIENTS, 5, age=12.0), Finding(Subject.LICENSE, gap="403"), ill, here)
    local = PLAIN.order.route
    routes = (local, Route("node1", local.url, Route.PRIMARY))
    looks = [
        (replace(found[0], age=13.0), found[1], again, more),
        found[:3],
        (replace(found[0], count=6), *found[1:]),
    ]
    dialog = OrderDialog(
        replace(PLAIN, impact=found, routes=routes),
        Plain(),
        lambda: OrderCheck(PLAIN.ruling),
        lambda: looks.pop(0),
    )
    first = dialog.ageless_essentials
    assert dialog.renew_facts()  # ages and uptimes go on, so it is shown again
    assert dialog.ageless_essentials == first
    dialog.renew_facts()
    assert dialog.ageless_essentials != first
    dialog.renew_facts()
    touched = dialog.ageless_essentials
    assert touched != first
    dialog._route = 1
    assert dialog.ageless_essentials != touched


def dialog_of(question: OrderQuestion, check: OrderCheck | None = None) -> OrderDialog:
    checked = check or OrderCheck(question.ruling)
    return OrderDialog(question, Plain(), lambda: checked, tuple)


STALE = Ruling(Tier.NEVER, Refusal.STALE, "the last answer is 20 s old, too old to act on")
BROKEN = Ruling(Tier.NEVER, Refusal.TROUBLE, "node1 refused the connection")
BUSY = Ruling(Tier.NEVER, Refusal.BUSY, "restart ccs is still open here")


@pytest.mark.parametrize(
    ("check", "refused"),
    [
        (OrderCheck(PLAIN.ruling, age=1.0), None),
        (
            OrderCheck(PLAIN.ruling, "mdns_server was restarted", 1.0),
            ConfirmRefusal("changed since you looked: mdns_server was restarted", "f9 again"),
        ),
        (
            OrderCheck(STALE, "mdns_server is gone", 20.4),
            ConfirmRefusal("changed since you looked: mdns_server is gone", "f9 again"),
        ),
        (
            OrderCheck(STALE, age=20.4),
            ConfirmRefusal("node1 has not answered for 20 s: nothing can be sent now"),
        ),
        (
            OrderCheck(BROKEN, age=5.0),
            ConfirmRefusal(
                "node1 refused the connection; last good answer 5 s ago: nothing can be sent now"
            ),
        ),
        (
            OrderCheck(BROKEN),
            ConfirmRefusal("node1 refused the connection: nothing can be sent now"),
        ),
        (OrderCheck(BUSY, age=1.0), ConfirmRefusal("restart ccs is still open here")),
        (
            OrderCheck(MORE, age=1.0),
            ConfirmRefusal("more must be typed now: the node is marked production", "f9 again"),
        ),
    ],
)
def test_what_another_dialog_would_confirm_names_its_key_and_what_passes_does_not(
    check: OrderCheck, refused: ConfirmRefusal | None
) -> None:
    """P4, case 42."""
    assert dialog_of(replace(PLAIN, again="f9"), check).refusal() == refused


@pytest.mark.parametrize(
    ("shown_as", "by_now", "refused"),
    [
        (MORE, MORE, False),
        (MORE, replace(MORE, needs_reason=True), True),
        (MORE, replace(MORE, words="2"), True),
        (MORE, PLAIN.ruling, False),
        (LOCKED, LOCKED, False),
    ],
)
def test_a_dialog_is_refused_where_more_must_be_typed_by_now_and_not_where_less(
    shown_as: Ruling, by_now: Ruling, refused: bool
) -> None:
    """P4, P8."""
    dialog = dialog_of(replace(PLAIN, ruling=shown_as), OrderCheck(by_now, age=1.0))
    assert (dialog.refusal() is not None) is refused


@pytest.mark.parametrize(
    ("ruling", "request_made"),
    [
        (PLAIN.ruling, ConfirmRequest("Restart?", "restart")),
        (MORE, ConfirmRequest("Restart?", "restart", "mdns_server", is_dangerous=True)),
        (
            LOCKED,
            ConfirmRequest(
                "Restart?", "restart", "mdns_server", needs_reason=True, is_dangerous=True
            ),
        ),
    ],
)
def test_what_must_be_typed_is_what_the_guard_wants(
    ruling: Ruling, request_made: ConfirmRequest
) -> None:
    """P8."""
    assert dialog_of(replace(PLAIN, ruling=ruling))._request == request_made


@pytest.mark.parametrize(
    ("question", "warnings"),
    [
        (PLAIN, []),
        (replace(PLAIN, ruling=MORE), ["the node is marked production"]),
        (replace(PLAIN, ruling=LOCKED), []),  # its reason is the danger
        (
            replace(PLAIN, certificate="certificate ended yesterday"),
            ["certificate ended yesterday; it is the certificate that the profile trusts"],
        ),
        (
            replace(PLAIN, rollout="rollout 1 (restart ccs)"),
            ["rollout 1 (restart ccs) is open here and will pause when it sees this action"],
        ),
        (
            replace(PLAIN, rollout="rollout 1 (restart ccs)", is_rollout_paused=True),
            ["rollout 1 (restart ccs) is paused here: its gate is checked again before it goes on"],
        ),
        (
            replace(PLAIN, order=replace(PLAIN.order, route=BY_PRIMARY)),
            [
                (
                    "this path acts on whichever node is primary when it arrives; a node that is "
                    "not primary may answer with a redirect, which is not followed"
                ),
            ],
        ),
        (
            replace(PLAIN, order=order("alert_mgr", "envoy")),
            ["the answer may be lost; the node is polled until it shows what happened"],
        ),
    ],
)
def test_what_the_request_alone_does_not_show_is_a_warning(
    question: OrderQuestion, warnings: list[str]
) -> None:
    assert list(order_warnings(question, question.order)) == warnings
    lines = [line for line in shown(question, 200) if line.startswith("warning")]
    assert [line.removeprefix("warning").strip() for line in lines] == warnings


def test_all_that_is_sent_is_an_essential_and_what_is_not_stands_beside_it() -> None:
    """P29."""
    made = order("mdns_server", "alert_mgr")
    question = replace(
        PLAIN, order=made, left_out=("ccs: is STOPPED",), hidden=frozenset({"alert_mgr"})
    )
    target = made.target.identity.title
    assert order_essentials(question, made, Named()) == [
        ("service", "mdns_server  optional, RUNNING for 00:01:30", "bold"),
        (
            "service",
            "alert_mgr  optional, RUNNING for 00:01:30 (hidden by the filter)",
            "bold",
        ),
        ("skipped", "ccs: is STOPPED", "muted"),
        ("node", target, ""),
        ("request", "POST https://10.0.0.1:9443/v1/local/services", "accent"),
        (
            "",
            '{"operation_type": "restart", "services": ["mdns_server", "alert_mgr"]}',
            "accent",
        ),
    ]
    alone = order_essentials(replace(PLAIN, ruling=LOCKED), PLAIN.order, Named())
    assert alone[0] == ("DANGER", "ccs: required", "bad")
    assert alone[2] == ("", purpose_of("mdns_server"), "muted")


@pytest.mark.parametrize("width", [30, 47, 72])
def test_what_must_be_seen_is_the_beginning_of_all_that_is_shown(width: int) -> None:
    """P29: it is counted in lines from the first."""
    question = replace(
        PLAIN,
        order=replace(order("mdns_server", "envoy"), pressed_at=monotonic()),
        ruling=LOCKED,
        left_out=("ccs: is STOPPED",),
        impact=(Finding(Subject.CLIENTS, 5, age=12.0), Finding(Subject.LICENSE, gap="403")),
    )
    dialog = dialog_of(question)
    facts, essentials = printed(dialog.facts, width), printed(dialog.essentials, width)
    assert facts[: len(essentials)] == essentials
    assert "".join("".join(essentials).split()).endswith('"services":["mdns_server","envoy"]}')
    assert "vendor" not in " ".join(essentials)


@pytest.mark.parametrize("width", [30, 56, 72])
def test_every_warning_but_the_vendors_must_be_seen_and_stands_directly_below_the_sentence(
    width: int,
) -> None:
    """P29: at 60x20 they would stand below the last line in view."""
    question = replace(
        PLAIN,
        order=replace(order("alert_mgr", "envoy"), pressed_at=monotonic()),
        ruling=MORE,
        routes=(BY_PRIMARY,),
        certificate="certificate ended yesterday",
        rollout="rollout 1 (restart ccs)",
        impact=(Finding(Subject.CLIENTS, 5, age=12.0),),
    )
    dialog = dialog_of(question)
    text = "".join("".join(printed(dialog.essentials, width)).split())
    warnings = order_warnings(question, dialog.order)
    assert len(warnings) == 5
    sentence = order_sentence(question, dialog.order)
    begin = sentence + "".join(f"warning{warning}" for warning in warnings) + "service"
    assert text.startswith("".join(begin.split()))


def test_what_speaks_against_it_stands_out_from_what_is_beside_it() -> None:
    impact = (Finding(Subject.CLIENTS, 5, age=12.0), Finding(Subject.LICENSE, gap="403"))
    assert impact_facts(Verb.RESTART, impact, Named()) == [
        ("touches", "clients of 5 databases will be disconnected · read 12 s ago", "warn"),
        ("", "not known: license (403)", "muted"),
    ]


def test_what_is_confirmed_goes_by_the_route_that_is_chosen_and_else_by_its_own() -> None:
    dialog = dialog_of(replace(PLAIN, routes=(LOCAL, BY_PRIMARY)))
    assert dialog.confirmed() == PLAIN.order
    dialog._route = 1
    assert dialog.confirmed() == replace(PLAIN.order, route=BY_PRIMARY)
    by_itself = replace(PLAIN, order=replace(PLAIN.order, route=BY_NODE2))
    assert dialog_of(by_itself).confirmed() == by_itself.order


def test_a_button_beside_the_two_that_decide_leads_to_the_next_route_where_there_is_one() -> None:
    routes = (LOCAL, BY_PRIMARY, BY_NODE2)
    assert [*dialog_of(replace(PLAIN, routes=(LOCAL,))).more_buttons()] == []
    for more_routes in (routes[:2], routes):
        (button,) = dialog_of(replace(PLAIN, routes=more_routes)).more_buttons()
        assert str(button.label) == "Endpoint"
        assert button.disabled  # as the others, until the dialog could be read


def test_what_the_button_of_the_routes_does_is_said_before_it_is_pressed() -> None:
    assert route_text(PLAIN, PLAIN.order) == ""
    routes = (LOCAL, BY_PRIMARY, BY_NODE2)
    question = replace(PLAIN, routes=routes)
    assert [route_text(question, replace(PLAIN.order, route=route)) for route in routes] == [
        "of the node; Endpoint uses the cluster's (POST /v1/services)",
        "of the cluster, through node1; Endpoint sends through node2",
        "of the cluster, through node2; Endpoint uses the node's",
    ]
    assert any("endpoint" in line and "(POST /v1/services)" in line for line in shown(question))


def test_an_uptime_does_not_go_on_while_it_is_refused_and_has_its_age() -> None:
    pressed = replace(order("mdns_server"), pressed_at=monotonic())
    dialog = dialog_of(replace(PLAIN, order=pressed, answered_at=pressed.pressed_at - 3600))
    before = dialog.ageless_essentials
    dialog.refused = ConfirmRefusal("node1 has not answered for 20 s")
    for shown_now in (dialog.facts, dialog.essentials):
        text = " ".join(" ".join(printed(shown_now)).split())
        assert "optional, RUNNING for 00:01:30 (1 h ago)" in text
    assert dialog.ageless_essentials == before


def test_the_vendors_warning_for_a_required_service_is_another_than_for_an_optional_one() -> None:
    text = " ".join(" ".join(shown(replace(PLAIN, ruling=LOCKED))).split())
    assert "DANGER ccs: required" in text
    assert text.endswith(
        "dangerous API, for optional services only: send this only if Redis support says so"
    )


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


def test_an_uptime_goes_on_from_the_key_where_no_answer_is_known() -> None:
    pressed = replace(order("mdns_server"), pressed_at=monotonic() - 3600)
    text = " ".join(printed(dialog_of(replace(PLAIN, order=pressed)).facts))
    assert "RUNNING for 01:01:3" in text


def test_what_does_not_run_has_no_uptime_whatever_its_node_reports() -> None:
    seen = SeenService("mdns_server", "STOPPED", Kind.OPTIONAL, SINCE, 65)
    assert seen.aged(10) == seen
    stopped = replace(order("mdns_server"), services=(seen,))
    assert "service  mdns_server  optional, STOPPED" in shown(replace(PLAIN, order=stopped))


def test_what_runs_without_a_known_uptime_shows_none() -> None:
    seen = SeenService("mdns_server", "RUNNING", Kind.OPTIONAL, SINCE)
    running = replace(order("mdns_server"), services=(seen,))
    assert "service  mdns_server  optional, RUNNING" in shown(replace(PLAIN, order=running))
