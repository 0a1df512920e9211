"""Around a node, what may lose data or quorum speaks against its restart; the unknown does too."""

from dataclasses import replace
from typing import Any

import pytest

from tests.fleet.plan_nodes import SINCE
from tui.fleet.rollout.hazards import CONTEXT_AT_MOST, Hazard, find_hazards
from tui.fleet.rollout.health_gate import ClusterChecks, GateFinding, judge_gate
from tui.model.cluster import ClusterFacts, Member
from tui.model.context import ClusterContext, Database, Known, Quorum, RunningAction, Shard
from tui.model.node import Identity, Maintenance, Role
from tui.model.order import SeenService
from tui.model.rollout import GateHazard, Step
from tui.model.service import DATA_CARRIERS, Kind

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
    assert hazard == Hazard(GateHazard.UNREPLICATED, "no replica, and a shard on node2: cache")
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
