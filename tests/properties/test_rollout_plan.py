"""Whatever is chosen, a plan loses no node, takes none twice, and puts the primary last."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tests.fleet.plan_nodes import place, service, wish
from tui.fleet.rollout.planner import PlanNode, make_plan
from tui.model.node import Role
from tui.model.rollout import Plan, PlanRefusal
from tui.model.service import Kind

NAMES = ("alert_mgr", "mdns_server", "ccs")
STATUS = st.sampled_from(["RUNNING"] * 8 + ["STOPPED", "EXITED", "FATAL", "STARTING", "?"])


@st.composite
def nodes(draw: st.DrawFn) -> list[PlanNode]:
    uids = draw(st.lists(st.integers(1, 6), min_size=1, max_size=6))
    primary = draw(st.sampled_from([0, *uids]))
    return [_node(draw, number, uid, primary) for number, uid in enumerate(uids)]


def _node(draw: st.DrawFn, number: int, uid: int, primary: int) -> PlanNode:
    listed = draw(st.lists(st.sampled_from(NAMES), unique=True, min_size=1))
    services = [service(name, draw(STATUS)) for name in listed]
    role = Role.PRIMARY if uid == primary else Role.REPLICA
    one = place(
        uid,
        *services,
        node=f"n{number}",
        role=draw(st.sampled_from([role] * 9 + [Role.UNKNOWN])),
        group=draw(st.sampled_from(["demo"] * 19 + [""])),
        unlocked=draw(st.booleans()),
        read_only=draw(st.sampled_from([""] * 5 + ["read-only"])),
        trouble=draw(st.sampled_from([""] * 19 + ["it is away"])),
    )
    return replace(one, url=f"https://n{number}:9443")


CHOSEN = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3)


@given(nodes(), CHOSEN)
def test_every_node_is_in_the_plan_or_said_to_be_left_out_or_all_is_refused(
    places: list[PlanNode], names: list[str]
) -> None:
    plan = make_plan(wish(*names), places)
    if isinstance(plan, PlanRefusal):
        assert str(plan)
        return
    stepped = [one.node for one in plan.steps]
    left_out = {remark.node for remark in plan.left_out}
    assert set(stepped) | left_out == {one.node for one in places}
    assert plan.steps
    assert all(remark.text for remark in plan.left_out)


@given(nodes(), CHOSEN)
def test_nobody_comes_twice_and_the_primary_comes_last(
    places: list[PlanNode], names: list[str]
) -> None:
    plan = make_plan(wish(*names), places)
    if isinstance(plan, Plan):
        uids = [one.identity.uid for one in plan.steps]
        assert len(set(uids)) == len(uids)
        assert None not in uids
        roles = [one.identity.role for one in plan.steps]
        assert Role.UNKNOWN not in roles
        assert Role.PRIMARY not in roles[:-1]
        replicas = [one.identity.uid for one in plan.steps if one.identity.role is Role.REPLICA]
        assert replicas == sorted(replicas, key=lambda uid: uid or 0)


@given(nodes(), CHOSEN)
def test_what_is_planned_runs_and_is_allowed(places: list[PlanNode], names: list[str]) -> None:
    plan = make_plan(wish(*names), places)
    if isinstance(plan, Plan):
        by_name = {one.node: one for one in places}
        for step in plan.steps:
            assert not by_name[step.node].standing.read_only
            for seen in step.services:
                assert (seen.status, seen.name in names) == ("RUNNING", True)
                assert seen.started_at is not None
                if seen.kind is not Kind.OPTIONAL:
                    assert by_name[step.node].standing.unlocked
                    assert plan.needs_reason
                    assert plan.words == plan.names[0] == seen.name
        if len(plan.steps) > 1:
            assert plan.words
