"""Which changes an order given here explains."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.events import EXAMPLES, event
from tui.fleet.events.pipeline import Attribution
from tui.journal.other_actions import AFTERWARDS, OtherAction
from tui.model.event import Cause, EventKind, Sender
from tui.model.event_text import event_text
from tui.model.node import Identity
from tui.model.order import (
    Order,
    OrderPhase,
    OrderProgress,
    Result,
    Route,
    SeenService,
    Target,
    Verb,
    Verdict,
)
from tui.model.service import Kind

ON = datetime(2026, 1, 1, tzinfo=UTC)
ORDER = Order(
    1,
    Verb.RESTART,
    Target("node1", "https://node1:9443", Identity(uid=1)),
    (
        SeenService("alert_mgr", "RUNNING", Kind.OPTIONAL),
        SeenService("ccs", "RUNNING", Kind.REQUIRED),
    ),
    Route("node1", "https://node1:9443"),
    0.0,
    ON,
)
RESTART = event(EXAMPLES[EventKind.RESTARTED], at=5.0)


def after(*steps: tuple[OrderPhase, float], order: Order = ORDER) -> Attribution:
    attribution = Attribution()
    for phase, at in steps:
        attribution.note(OrderProgress(order, phase), at)
    return attribution


@pytest.mark.parametrize("phase", [OrderPhase.SENDING, OrderPhase.WATCHING])
def test_an_order_that_is_out_explains_what_happens_to_its_services(phase: OrderPhase) -> None:
    assert after((phase, 1.0)).explain(RESTART).cause is Cause.ORDERED_HERE


@pytest.mark.parametrize(
    "kind", [EventKind.FLIPPED, EventKind.VANISHED, EventKind.APPEARED, EventKind.RESTARTED]
)
def test_every_change_of_a_service_can_be_explained(kind: EventKind) -> None:
    change = replace(RESTART, details=EXAMPLES[kind])
    assert after((OrderPhase.SENDING, 1.0)).explain(change).ordered_here
    assert Attribution().explain(change).cause is Cause.NOT_ORDERED_HERE


@pytest.mark.parametrize(("late", "ordered"), [(AFTERWARDS - 0.1, True), (AFTERWARDS + 0.1, False)])
def test_it_explains_them_for_a_while_after_its_end(late: float, *, ordered: bool) -> None:
    attribution = after((OrderPhase.SENDING, 1.0), (OrderPhase.ENDED, 20.0))
    assert attribution.explain(replace(RESTART, at=20.0 + late)).ordered_here is ordered


@pytest.mark.parametrize(
    "kind",
    [
        kind
        for kind in EventKind
        if kind
        not in (EventKind.FLIPPED, EventKind.VANISHED, EventKind.APPEARED, EventKind.RESTARTED)
    ],
)
def test_events_that_are_no_change_of_a_service_stay_as_they_are(kind: EventKind) -> None:
    other = replace(RESTART, details=EXAMPLES[kind])
    assert Attribution().explain(other) == other
    assert after((OrderPhase.SENDING, 1.0)).explain(other) == other


def test_another_service_and_another_node_are_not_explained() -> None:
    attribution = after((OrderPhase.SENDING, 1.0))
    assert not attribution.explain(replace(RESTART, service="envoy")).ordered_here
    assert not attribution.explain(replace(RESTART, node="node2")).ordered_here


def test_an_order_that_was_not_sent_explains_nothing() -> None:
    attribution = after((OrderPhase.CHECKING, 1.0))
    assert not attribution.explain(RESTART).ordered_here
    unsent = tuple(Verdict(name, Result.NOT_SENT) for name in ORDER.names)
    attribution.note(OrderProgress(ORDER, OrderPhase.ENDED, verdicts=unsent), 2.0)
    assert not attribution.explain(RESTART).ordered_here


def test_an_order_of_an_earlier_session_explains_nothing() -> None:
    attribution = after((OrderPhase.ENDED, 1.0), order=replace(ORDER, number=0))
    assert not attribution.explain(RESTART).ordered_here


def test_an_order_explains_what_another_profile_of_its_node_shows() -> None:
    """Two profiles of one node, a viewer's and an operator's: neither saw an unordered restart."""
    attribution = Attribution()
    attribution.note(OrderProgress(ORDER, OrderPhase.SENDING), 1.0, ["node1-viewer"])
    assert attribution.explain(replace(RESTART, node="node1-viewer")).ordered_here
    assert attribution.explain(RESTART).ordered_here
    assert not attribution.explain(replace(RESTART, node="node2")).ordered_here


def other(
    since: float, until: float, *, user: str = "ops", service: str = "alert_mgr"
) -> OtherAction:
    sender = Sender(user, 4242, "kernel patch")
    return OtherAction(since, {service: until}, ORDER.target.url, 1, "demo.local", sender)


def test_an_action_of_another_process_explains_a_change_within_its_time() -> None:
    attribution = Attribution()
    attribution.set_others({"node1": (other(1.0, 9.0, user="old"), other(2.0, 20.0))})
    explained = attribution.explain(RESTART)
    assert explained.cause is Cause.NOT_ORDERED_HERE
    assert explained.sender == Sender("ops", 4242, "kernel patch")
    assert event_text(explained) == (
        "restarted by another rsdeck here (ops, pid 4242): kernel patch"
    )
    change = attribution.explain(replace(RESTART, details=EXAMPLES[EventKind.FLIPPED]))
    assert event_text(change).endswith(" by another rsdeck here (ops, pid 4242): kernel patch")
    for unexplained in (
        replace(RESTART, at=1.5 - 1),
        replace(RESTART, at=21.0),
        replace(RESTART, node="node2"),
        replace(RESTART, service="envoy"),
    ):
        assert attribution.explain(unexplained).sender is None


def test_what_was_ordered_here_is_not_of_another_process() -> None:
    attribution = after((OrderPhase.SENDING, 1.0))
    attribution.set_others({"node1": (other(1.0, 20.0),)})
    explained = attribution.explain(RESTART)
    assert (explained.cause, explained.sender) == (Cause.ORDERED_HERE, None)
