"""A plan puts the primary last, leaves out what it may, and refuses what it must; it says which."""

from dataclasses import replace
from typing import Any

import pytest

from tests.fleet.plan_nodes import FINE, ON, open_order, place, reading, service, wish
from tui.fleet.orders.guard import NodeStanding
from tui.fleet.rollout.planner import PlanNode, make_plan, primary_of, tier_of
from tui.model.node import Environment, Role
from tui.model.order import Tier, Verb
from tui.model.reading import Trouble, TroubleKind
from tui.model.rollout import Plan, PlanRefusal
from tui.model.service import Service

PRIMARY = Role.PRIMARY


def made(*places: PlanNode, names: tuple[str, ...] = ("alert_mgr",)) -> Plan:
    plan = make_plan(wish(*names), places)
    assert isinstance(plan, Plan), plan
    return plan


def refused(*places: PlanNode, names: tuple[str, ...] = ("alert_mgr",)) -> str:
    why = make_plan(wish(*names), places)
    assert isinstance(why, PlanRefusal), why
    return str(why)


THREE = (place(1, role=PRIMARY), place(3), place(2))


def test_replicas_go_by_uid_and_the_primary_last() -> None:
    plan = made(*THREE)
    assert [one.node for one in plan.steps] == ["node2", "node3", "node1"]
    assert (plan.number, plan.cluster, plan.pressed_at, plan.pressed_on) == (1, "demo", 5.0, ON)
    assert plan.title == "restart alert_mgr on 3 nodes of demo"
    assert plan.left_out == ()


def test_the_turn_is_by_uid_whatever_the_profiles_are_called() -> None:
    plan = made(place(2, node="zeta"), place(10, node="alpha"), place(3, node="beta"))
    assert [one.node for one in plan.steps] == ["zeta", "beta", "alpha"]


def test_the_primary_of_a_plan_is_known_where_it_takes_part() -> None:
    assert primary_of(made(*THREE)) == 1
    assert primary_of(made(place(2), place(3))) is None


def test_the_rest_of_a_rollout_is_begun_by_typing_a_name_as_the_whole_was() -> None:
    plan = make_plan(replace(wish("alert_mgr"), is_typed=True), [place(1)])
    assert isinstance(plan, Plan)
    assert (plan.words, tier_of(plan)) == ("alert_mgr", Tier.TYPED)
    assert plan.danger == "the rest of a rollout that was begun by typing a name"
    three = make_plan(replace(wish(), is_typed=True), THREE)
    assert isinstance(three, Plan)
    assert three.words == "alert_mgr"
    assert made(place(1)).words == ""


def test_a_cluster_that_another_process_rolls_gets_no_plan_and_that_is_said_once() -> None:
    rolled = tuple(
        replace(one, standing=NodeStanding(**FINE, rolled="eve rolls it")) for one in THREE
    )
    why = make_plan(wish(), rolled)
    assert isinstance(why, PlanRefusal)
    assert (str(why), why.is_passing) == ("eve rolls it", True)
    stale = replace(rolled[0], standing=replace(rolled[0].standing, age=None))
    why = make_plan(wish(), (stale, *rolled[1:]))
    assert isinstance(why, PlanRefusal)
    assert str(why) == "eve rolls it; node1: the node has not answered yet"
    assert not why.is_passing


def test_a_step_holds_what_was_seen() -> None:
    (step,) = made(place(2, environment=Environment.STAGING)).steps
    assert (step.url, step.identity.uid) == ("https://10.0.0.2:9443", 2)
    assert step.environment is Environment.STAGING
    (seen,) = step.services
    assert (seen.name, seen.status, seen.started_at) == (
        "alert_mgr", "RUNNING", service().started_at,
    )  # fmt: skip


# What must be typed


def test_one_optional_service_on_one_quiet_node_needs_a_plain_yes() -> None:
    plan = made(place(2))
    assert (plan.words, plan.needs_reason, plan.danger) == ("", False, "")
    assert tier_of(plan) is Tier.PLAIN


def test_several_nodes_take_the_service_s_name() -> None:
    plan = made(*THREE)
    assert plan.words == "alert_mgr"
    assert plan.danger == "3 nodes, one after the other"
    assert tier_of(plan) is Tier.TYPED


def test_production_takes_the_name_on_one_node_too() -> None:
    plan = made(place(2, environment=Environment.PRODUCTION))
    assert plan.words == "alert_mgr"
    assert "production" in plan.danger


def test_one_production_node_among_others_is_named_as_a_risk() -> None:
    places = (
        THREE[0],
        replace(THREE[1], standing=NodeStanding(**FINE, environment=Environment.PRODUCTION)),
    )
    assert "production" in made(*places).danger


@pytest.mark.parametrize("name", ["cnm_http", "envoy", "dmcproxy"])
def test_a_service_that_carries_the_api_or_the_clients_is_named_as_a_risk(name: str) -> None:
    optional = frozenset({name})
    plan = made(place(2, service(name), optional=optional), names=(name,))
    assert plan.words == name
    assert "connect" in plan.danger


def test_several_services_take_the_count_of_all_restarts() -> None:
    both = service(), service("mdns_server")
    plan = made(place(2, *both), place(3, *both), place(4), names=("alert_mgr", "mdns_server"))
    assert plan.words == "5"
    assert list(map(str, plan.left_out)) == ["node4: mdns_server is not on the node"]


def test_a_required_service_is_locked_and_takes_a_reason_where_it_is_not() -> None:
    ccs = service("ccs")
    assert "ccs: required" in refused(place(2, ccs), place(3, ccs), names=("ccs",))
    plan = made(
        place(2, ccs, unlocked=True), place(3, ccs, unlocked=True), names=("ccs",)
    )  # fmt: skip
    assert (plan.words, plan.needs_reason) == ("ccs", True)
    assert "up to the loss of the cluster" in plan.danger
    assert tier_of(plan) is Tier.LOCKED


def test_what_is_not_known_to_be_optional_is_locked() -> None:
    assert "not known to be optional" in refused(place(2, optional=None))


def test_locked_services_go_one_at_a_time_even_on_different_nodes() -> None:
    places = place(2, service("ccs"), unlocked=True), place(3, unlocked=True)
    assert "one at a time" in refused(*places, names=("ccs", "alert_mgr"))
    both = place(2, service("ccs"), service(), unlocked=True)
    assert "one at a time" in refused(both, names=("ccs", "alert_mgr"))


# What is left out


@pytest.mark.parametrize(
    ("odd", "why"),
    [
        (place(3, service("ccs")), "node3: alert_mgr is not on the node"),
        (place(3, service(status="STOPPED")), "node3: alert_mgr is STOPPED"),
        (place(3, read_only="read-only: the profile says so"), "node3: read-only: the profile"),
        (place(2, node="twin"), "twin: it is the same node as node2"),
    ],
)
def test_what_has_nothing_to_restart_is_left_out_with_the_reason(odd: PlanNode, why: str) -> None:
    plan = made(place(1, role=PRIMARY), place(2), odd)
    assert [one.node for one in plan.steps] == ["node2", "node1"]
    (told,) = plan.left_out
    assert str(told).startswith(why)


def test_nothing_left_is_a_refusal_with_every_reason() -> None:
    why = refused(place(2, service(status="STOPPED")), place(3, read_only="read-only: it is"))
    assert "nothing to restart" in why
    assert "node2: alert_mgr is STOPPED" in why
    assert "node3: read-only: it is" in why


def test_many_reasons_are_cut_and_counted() -> None:
    places = [place(uid, service(status="FATAL")) for uid in range(1, 9)]
    assert refused(*places).endswith("; and 3 more")


# What refuses


def in_trouble(kind: TroubleKind, text: str) -> PlanNode:
    found = place(3, trouble=text)
    return replace(found, reading=replace(found.reading, trouble=Trouble(kind, text)))


@pytest.mark.parametrize(
    ("odd", "why"),
    [
        (in_trouble(TroubleKind.UNREACHABLE, "node3 refused it"), "node3 refused it"),
        (in_trouble(TroubleKind.LOGIN, "ops is locked"), "node3: ops is locked"),
        (place(3, age=None), "node3: the node has not answered yet"),
        (place(3, age=9.0), "node3: the last answer is 9 s old"),
        (place(3, busy=open_order()), "node3: stop ccs is still open"),
        (place(3, read_only="read-only", trouble="it is away"), "node3: it is away"),
        (place(3, role=Role.UNKNOWN), "node3: its role is not known"),
        (place(None, node="node3"), "node3: it does not report its uid"),
        (place(3, role=PRIMARY), "node1, node3: more than one"),
        (place(3, service(status="FATAL")), "node3: alert_mgr is FATAL"),
        (place(3, service(status="STARTING")), "node3: alert_mgr is STARTING"),
        (place(3, service(status="CONFUSED")), "node3: alert_mgr is CONFUSED"),
        (place(3, Service("alert_mgr", "RUNNING")), "node3: alert_mgr does not report since when"),
        (place(3, replace(service(), note="twice")), "node3: alert_mgr cannot be acted on: twice"),
        (place(3, group="other"), "demo, other"),
        (place(3, group=""), "node3: the profile names no cluster"),
        (place(3, cluster="other.local"), "demo.local, other.local"),
    ],
)
def test_what_would_make_it_unsafe_refuses_the_whole(odd: PlanNode, why: str) -> None:
    text = refused(place(1, role=PRIMARY), place(2), odd)
    assert why in text
    assert text.count("node3") <= 1


@pytest.mark.parametrize("verb", [Verb.START, Verb.STOP])
def test_only_a_restart_goes_in_turn(verb: Verb) -> None:
    assert "only a restart" in str(make_plan(wish(verb=verb), THREE))


def test_an_empty_choice_is_refused_with_its_reason() -> None:
    assert str(make_plan(wish(names=()), THREE)) == "no service is chosen"
    assert str(make_plan(wish(), ())) == "no node is chosen"


def test_a_name_that_no_node_knows_refuses_even_beside_one_that_all_know() -> None:
    assert refused(*THREE, names=("alert_mgr", "alert_mrg")) == "no node has alert_mrg"


def test_a_service_named_twice_is_restarted_once() -> None:
    plan = made(*THREE, names=("alert_mgr", "alert_mgr"))
    assert plan.names == ("alert_mgr",)
    assert all(len(one.services) == 1 for one in plan.steps)


def test_a_node_by_itself_needs_no_cluster() -> None:
    assert made(place(2, group="")).title == "restart alert_mgr on 1 node"


def test_what_the_configuration_switched_off_is_left_out() -> None:
    off: Any = place(3)
    facts = replace(off.facts, disabled=frozenset({"alert_mgr"}))
    off = replace(off, facts=facts, reading=reading("node3", [service(status="STOPPED")]))
    assert list(map(str, made(place(2), off).left_out)) == ["node3: alert_mgr is STOPPED"]
