"""One order across nodes: one at a time, replicas first, and whatever goes wrong pauses it."""

from collections.abc import Iterator

import pytest

from tests.fleet.conftest import posts
from tests.fleet.rollouts import (
    SERVICE,
    begun,
    cluster,
    ordered,
    reaches,
    rolling,
    states,
)
from tui.model.rollout import RolloutState, StepState
from tui.sim.server import SimulatedCluster


@pytest.fixture
def three() -> Iterator[SimulatedCluster]:
    with cluster(3) as served:
        yield served


@pytest.mark.parametrize(
    ("nodes", "primary", "order"), [(3, 1, [2, 3, 1]), (5, 3, [1, 2, 4, 5, 3])]
)
async def test_every_node_gets_one_post_replicas_first_and_the_primary_last(
    nodes: int, primary: int, order: list[int]
) -> None:
    with cluster(nodes, primary=primary) as served:
        async with rolling(served) as deck:
            plan = await begun(deck)
            assert plan.words == SERVICE
            now = await reaches(deck, plan, RolloutState.DONE, 60)
            assert set(states(now).values()) == {StepState.DONE}
            assert ordered(served) == order
            assert not deck.fleet.rollouts.open
            assert now.ended_at is not None
            for one in now.steps:
                assert one.began_at is not None
                assert one.ended_at is not None
                assert [verdict.service for verdict in one.verdicts] == [SERVICE]
            moments = [(one.began_at, one.ended_at) for one in now.steps]
            assert moments == sorted(moments)


async def test_the_gates_send_nothing_but_gets(three: SimulatedCluster) -> None:
    async with rolling(three) as deck:
        await reaches(deck, await begun(deck), RolloutState.DONE, 60)
    assert len(posts(three)) == 3
    checks = [one for one in three.cluster.requests if one.path.startswith("/v1/nodes/check/")]
    assert {one.path.rpartition("/")[2] for one in checks} == {"1", "2", "3"}
    # Only who can answer is believed: a replica redirects, and nobody follows.
    assert all(one.uid == 1 for one in checks if one.status == 200)
