"""A key press binds an order to all that is known of the node at that moment."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from tests.faultserver import serving
from tests.fleet.conftest import Play, profile, running
from tui.fleet.orders.binding import BoundOrder, OrderRequest, SeenNode, bind_order
from tui.fleet.orders.guard import NodeStanding
from tui.model.node import Identity, NodeEvidence, NodeFacts, Origin, Role
from tui.model.order import Order, Target, Tier, Verb
from tui.model.reading import Reading
from tui.model.service import Service, ServiceCounts
from tui.ui.controllers.orders import OrderController, ServiceChoice, order_difference, unlock_text
from tui.ui.dialogs.order import OrderDialog, OrderQuestion, order_warnings
from tui.ui.format.node_view import NodeView
from tui.ui.themes import STYLES

T0, T1 = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
HERE = Origin("10.0.0.1:9443", "ab" * 32)
SERVICES = tuple(Service(name, "RUNNING", T0, 60) for name in ("alert_mgr", "ccs", "cm_server"))
LATER = tuple(replace(service, started_at=T1) for service in SERVICES[1:])
FINE = NodeStanding(age=1.0, stale_after=4.0)
NODE1 = Identity(uid=1, hostname="host1", role=Role.REPLICA)


def view(
    *services: Service, origin: Origin = HERE, identity: Identity = NODE1, role: Role = Role.REPLICA
) -> NodeView:
    listed = services or SERVICES
    return NodeView(
        number=1,
        profile=profile("https://10.0.0.1:9443"),
        read_only="",
        reading=Reading("node1", listed, answered_at=0.0),
        tally=ServiceCounts.of(listed, frozenset()),
        facts=NodeFacts(replace(identity, role=role), frozenset({"alert_mgr"})),
        identity=identity,
        stale_after=4.0,
        interval=2.0,
        next_at=None,
        paused=False,
        wrong_node="",
        presented=None,
        evidence=NodeEvidence.of(listed, origin),
        now=1.0,
    )


def press(seen: NodeView, standing: NodeStanding = FINE) -> BoundOrder:
    request = OrderRequest(Verb.RESTART, 1, time.monotonic(), datetime.now(UTC))
    target = Target(seen.name, seen.url, seen.identity, seen.environment, seen.evidence)
    node = SeenNode(target, seen.reading, seen.scope)
    return bind_order(request, ["alert_mgr"], node, standing, lambda pointless: pointless.text)


def bound(seen: NodeView) -> Order:
    order = press(seen).order
    assert order is not None
    return order


def test_an_order_carries_what_its_nodes_reading_showed() -> None:
    """P4."""
    assert bound(view()).target.evidence == NodeEvidence.of(SERVICES, HERE)


def test_nothing_has_changed_while_the_node_is_as_it_was() -> None:
    assert order_difference(bound(view()), view()) == ""


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (view(origin=replace(HERE, peer="10.0.0.2:9443")), "leads to 10.0.0.2:9443 now"),
        (view(origin=replace(HERE, certificate="cd" * 32)), "another certificate"),
        (
            view(SERVICES[0], *(replace(one, started_at=T1) for one in SERVICES[1:])),
            "most services",
        ),
        (view(identity=replace(NODE1, uid=2)), "another node answers"),
        (view(role=Role.PRIMARY), "the node is primary now"),
    ],
)
def test_the_dialog_refuses_as_soon_as_another_node_may_answer(now: NodeView, words: str) -> None:
    """P4."""
    assert words in order_difference(bound(view()), now)


def test_one_service_beside_it_may_restart_where_the_node_is_known() -> None:
    now = view(*SERVICES[:2], replace(SERVICES[2], started_at=T1))
    assert order_difference(bound(view()), now) == ""
    for identity, refused in ((Identity(hostname="host1"), False), (Identity(), True)):
        nameless, later = replace(view(), identity=identity), replace(now, identity=identity)
        difference = order_difference(bound(nameless), replace(later, facts=nameless.facts))
        assert ("cm_server has another start time" in difference) is refused


def test_the_dialog_says_that_nothing_identifies_the_node_and_wants_the_name() -> None:
    """P4."""
    made = press(view(identity=Identity()), replace(FINE, is_identified=False))
    assert made.order is not None
    assert made.ruling is not None
    assert (made.ruling.tier, made.ruling.words) == (Tier.TYPED, "alert_mgr")
    (warning,) = order_warnings(OrderQuestion(made.order, made.ruling), made.order)
    assert "nothing but its address identifies the node" in warning


class Pushed(Exception):
    """A dialog was to be opened, and no app is there to open it."""

    def __init__(self, screen: OrderDialog) -> None:
        self.screen = screen


def pushed(screen: OrderDialog, _: object) -> None:
    raise Pushed(screen)


async def test_a_question_knows_when_the_node_answered_that_it_shows() -> None:
    with serving(Play()) as server:
        async with running(profile(server.url)) as deck:
            await deck.known()
            deck.watch("node1").set_paused(True)
            app: Any = SimpleNamespace(push_screen=pushed)
            controller = OrderController(
                app,
                deck.fleet,
                warn=pytest.fail,
                palette=lambda: dict.fromkeys(STYLES, ""),
                keys=lambda: {"restart": "r"},
            )
            answered_at = deck.watch("node1").reading.answered_at
            with pytest.raises(Pushed) as asked:
                controller.ask(Verb.RESTART, ServiceChoice("node1", ("alert_mgr",)), lambda: None)
            assert asked.value.screen._question.answered_at == answered_at


def test_how_to_unlock_names_the_key_of_the_palette_as_it_is_now() -> None:
    assert unlock_text({"palette": "f9,colon"}) == "f9: unlock required services"
    assert unlock_text({"palette": "ctrl+p,:"}) == "ctrl+p: unlock required services"
