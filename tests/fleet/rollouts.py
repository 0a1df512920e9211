"""A fleet over a real cluster, whose rollouts a test begins and watches."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from tests.faultserver import FaultServer, serving
from tests.fleet.conftest import Play, Running, posts, profiles, running, said
from tui.fleet.orders.verdict import Patience
from tui.model.rollout import Plan, RolloutProgress, RolloutState, StepState
from tui.sim.cluster import Cluster
from tui.sim.server import SimulatedCluster

QUICK = Patience(steady=0.1, limit=6.0, same=0.4, interval=0.05, apart=0.05)
SERVICE = "alert_mgr"


@contextmanager
def cluster(nodes: int, *, primary: int = 1, pace: float = 0.05) -> Iterator[SimulatedCluster]:
    """Serve a cluster; its programs need a twentieth of their real time."""
    pretended = Cluster(nodes, pace=pace)
    pretended.promote(primary)
    with SimulatedCluster(pretended, tls=False) as served:
        yield served


NODE_CHECK, CLUSTER_CHECK = "/v1/nodes/check/1", "/v1/cluster/check"
NODE_WELL = said({"node_uid": 1, "result": True})
CLUSTER_WELL = said({"cluster_test_result": True, "nodes": []})


@contextmanager
def played(**answers: Any) -> Iterator[tuple[FaultServer, Play]]:
    """Serve one node alone, whose cluster is well."""
    play = Play()
    play.get(NODE_CHECK, answers.get("node", NODE_WELL))
    play.get(CLUSTER_CHECK, answers.get("cluster", CLUSTER_WELL))
    with serving(play) as server:
        yield server, play


@asynccontextmanager
async def rolling(served: SimulatedCluster, **more: Any) -> AsyncIterator[Running]:
    """Run a fleet over all nodes of a cluster."""
    nodes = profiles(served)
    async with running(*nodes, **{"refresh": 1, "patience": QUICK} | more) as deck:
        yield deck


async def planned(deck: Running, *names: str, nodes: tuple[str, ...] = ()) -> Plan:
    """Plan over all nodes, or those named, once their roles are known."""
    await deck.known()
    await deck.readings(1)  # on a busy machine, that may have taken too long to act on
    plan = deck.fleet.rollouts.plan(
        names or (SERVICE,), nodes or [one.name for one in deck.fleet.nodes]
    )
    assert isinstance(plan, Plan), plan
    return plan


async def begun(deck: Running, *names: str, nodes: tuple[str, ...] = ()) -> Plan:
    plan = await planned(deck, *names, nodes=nodes)
    deck.fleet.rollouts.begin(plan)
    return plan


def progress(deck: Running, plan: Plan) -> RolloutProgress:
    return deck.fleet.rollouts.progress[plan.number]


async def reaches(
    deck: Running, plan: Plan, state: RolloutState, seconds: float = 30
) -> RolloutProgress:
    """Wait until a rollout stands so."""
    goal = (state, RolloutState.PAUSED, RolloutState.ABORTED, RolloutState.DONE)
    await deck.until(lambda: progress(deck, plan).state in goal, seconds)
    now = progress(deck, plan)
    assert now.state is state, (now.state, now.text)
    return now


def states(now: RolloutProgress) -> dict[str, StepState]:
    return {one.step.node: one.state for one in now.steps}


def ordered(served: SimulatedCluster) -> list[int]:
    """Give the uids of the nodes that got a POST, in their order."""
    return [one.uid for one in posts(served)]
