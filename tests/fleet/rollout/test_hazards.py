"""Around a node, what may lose data or quorum speaks against its restart; the unknown does too."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.fleet.conftest import Running, posts
from tests.fleet.plan_nodes import SINCE
from tests.fleet.rollouts import QUICK, cluster, planned, progress, reaches, rolling
from tui.config import RolloutRules
from tui.fleet.rollout.hazards import CONTEXT_AT_MOST, Hazard, find_hazards
from tui.fleet.rollout.health_gate import ClusterChecks, GateFinding, judge_gate
from tui.model.cluster import ClusterFacts, Member
from tui.model.context import ClusterContext, Database, Known, Quorum, RunningAction, Shard
from tui.model.node import Identity, Maintenance, Role
from tui.model.order import SeenService
from tui.model.rollout import GateHazard, Plan, RolloutState, Step, StepState
from tui.model.service import DATA_CARRIERS, Kind
from tui.sim.server import SimulatedCluster

NOW = 1000.0


def known(value: Any, *, age: float = 1.0, gap: str = "") -> Known[Any]:
    return Known(value, gap=gap, read_at=NOW - age)


def step(service: str = "alert_mgr", uid: int = 2) -> Step:
    seen = SeenService(service, "RUNNING", Kind.OPTIONAL, SINCE, 90)
    return Step(f"node{uid}", "https://10.0.0.2:9443", Identity(uid, role=Role.REPLICA), (seen,))


CALM = ClusterContext(
    databases=known((Database(1, "cache", replicated=False), Database(2, replicated=True))),
    shards=known((Shard("1", 2, 2), Shard("2", 1, 3))),
    quorum=known(Quorum(3, 3)),
    actions=known((RunningAction("backup", "running", moves_shards=False),)),
)
BARE = replace(CALM, shards=known((Shard("1", 1, 2),)))
MOVING = replace(CALM, actions=known((RunningAction("SMUpdateBDB\x1b", "running"),)))


def kinds(context: ClusterContext, service: str = "alert_mgr") -> list[GateHazard]:
    return [hazard.kind for hazard in find_hazards(step(service), context, NOW)]


@pytest.mark.parametrize("service", ["alert_mgr", *sorted(DATA_CARRIERS)])
def test_a_calm_cluster_has_none(service: str) -> None:
    assert kinds(CALM, service) == []


def test_an_action_that_may_move_shards_is_one_that_may_end_by_itself() -> None:
    (hazard,) = find_hazards(step(), MOVING, NOW)
    assert (hazard.kind, hazard.is_moving) == (GateHazard.ACTIONS, True)
    assert "SMUpdateBDB" in hazard.text
    assert "\x1b" not in hazard.text


def test_a_lost_quorum_is_one() -> None:
    (hazard,) = find_hazards(step(), replace(CALM, quorum=known(Quorum(1, 3))), NOW)
    assert hazard == Hazard(GateHazard.QUORUM, "quorum is lost: 1 of 3 nodes are up")


@pytest.mark.parametrize("service", sorted(DATA_CARRIERS))
def test_a_database_without_a_replica_on_the_node_is_one_for_what_carries_data(
    service: str,
) -> None:
    (hazard,) = find_hazards(step(service), BARE, NOW)
    assert hazard == Hazard(GateHazard.UNREPLICATED, "no replica, and a shard here: cache")
    assert kinds(BARE) == []
    assert find_hazards(step(service, uid=3), BARE, NOW) == ()


@pytest.mark.parametrize("service", sorted(DATA_CARRIERS))
@pytest.mark.parametrize("part", ["databases", "shards", "quorum", "actions"])
def test_what_is_not_known_is_one_for_what_carries_data_alone(service: str, part: str) -> None:
    """A role without the permission restarts what touches no data, and nothing else."""
    for unknown in (Known(gap="403"), known(getattr(CALM, part).value, age=CONTEXT_AT_MOST + 1)):
        context = replace(CALM, **{part: unknown})
        assert kinds(context, service) == [GateHazard.UNKNOWN]
        assert kinds(context) == []
    (hazard,) = find_hazards(step(service), replace(CALM, **{part: Known(gap="403")}), NOW)
    assert hazard.text.startswith("not known: ")
    assert hazard.text.endswith("(403)")


def test_an_old_action_closes_no_gate_and_an_unreplicated_database_does_however_old() -> None:
    old = known(MOVING.actions.value, age=CONTEXT_AT_MOST + 1)
    assert kinds(replace(CALM, actions=old)) == []
    stale = known(BARE.shards.value, age=CONTEXT_AT_MOST + 1)
    assert kinds(replace(BARE, shards=stale), "redis_mgr") == [GateHazard.UNREPLICATED]


# The gate

MEMBERS = (Member(1, role=Role.PRIMARY, status="active"), Member(2, role=Role.REPLICA))
CHECKS = ClusterChecks(ClusterFacts("", MEMBERS), (True, ""), (True, ""))


@pytest.mark.parametrize(
    ("context", "service", "hazard"),
    [
        (MOVING, "alert_mgr", GateHazard.ACTIONS),
        (replace(CALM, quorum=known(Quorum(1, 3))), "alert_mgr", GateHazard.QUORUM),
        (BARE, "dmcproxy", GateHazard.UNREPLICATED),
        (replace(CALM, shards=Known(gap="403")), "dmcproxy", GateHazard.UNKNOWN),
    ],
)
def test_a_hazard_closes_the_gate_unless_it_is_accepted_by_name(
    context: ClusterContext, service: str, hazard: GateHazard
) -> None:
    one = step(service)
    checks = replace(CHECKS, hazards=find_hazards(one, context, NOW))
    gate = judge_gate(one, checks, 1)
    assert (gate.finding, bool(gate.text)) == (GateFinding.NOT_WELL, True)
    assert gate.is_moving is (hazard is GateHazard.ACTIONS)
    for other in frozenset(GateHazard) - {hazard}:
        assert not judge_gate(one, checks, 1, frozenset({other})).is_well
    assert judge_gate(one, checks, 1, frozenset({hazard})).is_well


def test_maintenance_closes_the_gate_unless_it_is_accepted_by_name() -> None:
    members = (*MEMBERS, Member(3, maintenance=Maintenance()))
    checks = replace(CHECKS, facts=ClusterFacts("", members))
    assert judge_gate(step(), checks, 1).text == "node:3 is in maintenance"
    assert judge_gate(step(), checks, 1, frozenset({GateHazard.MAINTENANCE})).is_well
    down = replace(CHECKS, facts=ClusterFacts("", (*MEMBERS, Member(3, status="down"))))
    assert not judge_gate(step(), down, 1, frozenset(GateHazard)).is_well


# On a cluster


async def planned_for(deck: Running, *nodes: str) -> Plan:
    """Plan to restart the proxies, which takes a reason."""
    await deck.known()
    await deck.fleet.read_context("node1")
    deck.fleet.unlocked = True
    return replace(await planned(deck, "dmcproxy", nodes=nodes), reason="a leak")


@pytest.fixture
def three() -> Iterator[SimulatedCluster]:
    with cluster(3) as served:
        yield served


@pytest.mark.real_time
async def test_a_node_with_an_unreplicated_database_is_blocked_until_that_is_accepted(
    three: SimulatedCluster,
) -> None:
    """P29."""
    async with rolling(three) as deck:
        plan = await planned_for(deck)
        look = deck.fleet.rollouts.look_at_gates(plan)
        assert "no replica, and a shard here" in look.text
        deck.fleet.rollouts.begin(plan)
        now = await reaches(deck, plan, RolloutState.PAUSED)
        assert now.here is not None
        assert now.here.state is StepState.BLOCKED
        assert look.text == now.here.text
        deck.fleet.rollouts.abort(plan.number)
        await deck.until(lambda: not progress(deck, plan).is_open)
        deck.fleet.rollout_rules = RolloutRules(frozenset({GateHazard.UNREPLICATED}))
        again = await planned_for(deck)
        assert not deck.fleet.rollouts.look_at_gates(again).node
        deck.fleet.rollouts.begin(again)
        done = await reaches(deck, again, RolloutState.DONE, 60)
        texts = [verdict.text for step in done.steps for verdict in step.verdicts]
        assert len(texts) == 3
        assert all("endpoint" in text and "back" in text for text in texts)


@pytest.mark.real_time
async def test_a_running_action_is_waited_for_and_the_rollout_goes_on_once_it_has_ended(
    three: SimulatedCluster,
) -> None:
    async with rolling(three) as deck:
        plan = await planned(deck)
        action = three.cluster.contents.begin_action("SMUpdateBDB", "bdb:1")
        deck.fleet.rollouts.begin(plan)
        await deck.until(lambda: "waiting at the gate" in progress(deck, plan).steps[0].text)
        assert "SMUpdateBDB" in progress(deck, plan).steps[0].text
        assert not posts(three)
        three.cluster.contents.end_action(action)
        await reaches(deck, plan, RolloutState.DONE, 60)


async def test_a_rollout_that_is_stopped_while_it_waits_at_a_gate_sends_nothing(
    three: SimulatedCluster,
) -> None:
    async with rolling(three) as deck:
        plan = await planned(deck)
        three.cluster.contents.begin_action("SMUpdateBDB", "bdb:1")
        deck.fleet.rollouts.begin(plan)
        await deck.until(lambda: "waiting at the gate" in progress(deck, plan).steps[0].text)
        deck.fleet.rollouts.abort(plan.number)
        await reaches(deck, plan, RolloutState.ABORTED)
    assert not posts(three)


@pytest.mark.parametrize("path", ["/v1/shards", "/v1/bdbs", "/v2/actions"])
async def test_what_the_login_may_not_see_blocks_what_carries_data(
    path: str, three: SimulatedCluster
) -> None:
    three.cluster.fail_call(path, 403)
    async with rolling(three) as deck:
        plan = await planned_for(deck, "node2")
        deck.fleet.rollouts.begin(plan)
        now = await reaches(deck, plan, RolloutState.PAUSED)
        assert "not known: " in now.text
        assert "(403)" in now.text
        deck.fleet.rollouts.abort(plan.number)
        await deck.until(lambda: not progress(deck, plan).is_open)
        plain = await planned(deck, nodes=("node2",))
        assert deck.fleet.rollouts.look_at_gates(plain).unknown == (
            ("running actions (403)",) if path == "/v2/actions" else ()
        )
        deck.fleet.rollouts.begin(plain)
        await reaches(deck, plain, RolloutState.DONE, 60)


async def test_endpoints_that_do_not_come_back_pause_a_rollout(three: SimulatedCluster) -> None:
    for uid in range(1, 9):
        path = f"/v1/local/bdbs/{uid}/endpoint/availability"
        three.cluster.fail_call(path, 503, b'{"error_code": "bdb_endpoint_unavailable"}')
    async with rolling(three, patience=replace(QUICK, endpoints=0.3)) as deck:
        deck.fleet.rollout_rules = RolloutRules(frozenset({GateHazard.UNREPLICATED}))
        plan = await planned_for(deck, "node2", "node3")
        deck.fleet.rollouts.begin(plan)
        now = await reaches(deck, plan, RolloutState.PAUSED)
        assert now.here is not None
        assert now.here.state is StepState.FAILED
        assert "0 of " in now.text
        assert "back" in now.text
        assert len(posts(three)) == 1
