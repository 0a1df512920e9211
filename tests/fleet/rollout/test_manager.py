"""One order across nodes: one at a time, replicas first, and whatever goes wrong pauses it."""

import asyncio
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fleet.conftest import PASSWORD, Running, Sleep, posts
from tests.fleet.rollouts import (
    QUICK,
    SERVICE,
    begun,
    cluster,
    ordered,
    planned,
    progress,
    reaches,
    rolling,
    states,
)
from tests.fleet.witness import records
from tui.credentials import Secret
from tui.fleet.orders.executor import NotAccepted
from tui.fleet.orders.verdict import Patience
from tui.fleet.protocols import NullHistory, NullListener
from tui.fleet.unmanaged_nodes import UnmanagedNode
from tui.journal.chain import check_chain
from tui.journal.journal_file import JournalFile
from tui.journal.order_journal import OrderJournal, RolloutLock
from tui.journal.unfinished import UnfinishedRollout, find_unfinished_orders
from tui.model.clock import StopCounter
from tui.model.event import Event, EventKind
from tui.model.event_text import event_brief, event_text
from tui.model.node import Environment
from tui.model.order import Order, Result, Verb
from tui.model.rollout import (
    GateNow,
    Plan,
    PlanRefusal,
    RolloutProgress,
    RolloutState,
    StepState,
    StepStop,
    StopReason,
)
from tui.sim.server import SimulatedCluster


@pytest.fixture
def three() -> Iterator[SimulatedCluster]:
    with cluster(3) as served:
        yield served


@pytest.mark.real_time
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
            shown = [one.steps[0].state for one in deck.notes.rollouts]
            assert list(dict.fromkeys(shown)) == [
                StepState.WAITING, StepState.CHECKING, StepState.ORDERED, StepState.SETTLING,
                StepState.DONE,
            ]  # fmt: skip


@pytest.mark.real_time
async def test_the_gates_send_nothing_but_gets(three: SimulatedCluster) -> None:
    async with rolling(three) as deck:
        await reaches(deck, await begun(deck), RolloutState.DONE, 60)
    assert len(posts(three)) == 3
    checks = [one for one in three.cluster.requests if one.path.startswith("/v1/nodes/check/")]
    assert {one.path.rpartition("/")[2] for one in checks} == {"1", "2", "3"}
    # Only who can answer is believed: a replica redirects, and nobody follows.
    assert all(one.uid == 1 for one in checks if one.status == 200)


# What goes wrong at the second node


async def paused_at_the_second(deck: Running, plan: Plan, *words: str) -> RolloutProgress:
    now = await reaches(deck, plan, RolloutState.PAUSED)
    assert states(now) == {
        "node2": StepState.DONE, "node3": StepState.FAILED, "node1": StepState.WAITING,
    }  # fmt: skip
    assert now.here is not None
    assert now.here.step.node == "node3"
    assert all(word in now.text for word in ("node3", *words)), now.text
    return now


@pytest.mark.real_time
async def test_a_reported_failure_pauses_and_resuming_orders_the_same_node_again(
    three: SimulatedCluster,
) -> None:
    three.cluster.refuse_next(3, SERVICE)
    async with rolling(three) as deck:
        plan = await begun(deck)
        await paused_at_the_second(deck, plan, "failed, the node reported failure")
        await deck.readings(2)
        assert ordered(three) == [2, 3]
        await goes_on(deck, plan)
        assert ordered(three) == [2, 3, 3, 1]
        moves = [one.details for one in deck.notes.events if one.kind is EventKind.ROLLOUT]
        assert [(move.state, move.is_begun) for move in moves] == [
            (RolloutState.RUNNING, True), (RolloutState.PAUSED, False),
            (RolloutState.RUNNING, False), (RolloutState.DONE, False),
        ]  # fmt: skip


@pytest.mark.real_time
async def test_an_order_that_did_nothing_pauses_and_skipping_goes_to_the_next(
    three: SimulatedCluster,
) -> None:
    three.cluster.ignore_next(3, SERVICE)
    async with rolling(three) as deck:
        plan = await begun(deck)
        await paused_at_the_second(deck, plan, "not restarted")
        deck.fleet.rollouts.skip(plan.number)
        now = await reaches_after(deck, plan, RolloutState.DONE)
        assert states(now)["node3"] is StepState.SKIPPED
        assert list(states(now)) == ["node2", "node3", "node1"]
        assert ordered(three) == [2, 3, 1]
        told = [one for one in deck.notes.events if one.kind is EventKind.ROLLOUT]
        assert event_text(told[-1]).endswith(": done, but node3 was skipped")
        assert event_brief(told[-1]) == "rollout done"


@pytest.mark.real_time
async def test_a_crash_loop_pauses_and_aborting_touches_no_further_node(
    three: SimulatedCluster,
) -> None:
    three.cluster.process(3, SERVICE).crashes_every = 8
    async with rolling(three, patience=replace(QUICK, steady=0.8, limit=6)) as deck:
        plan = await begun(deck)
        await paused_at_the_second(deck, plan, "flapping")
        deck.fleet.rollouts.resume(plan.number)
        now = await reaches_after(deck, plan, RolloutState.PAUSED)
        assert states(now)["node1"] is StepState.WAITING
        deck.fleet.rollouts.abort(plan.number)
        now = await reaches_after(deck, plan, RolloutState.ABORTED)
        assert 1 not in ordered(three)
        assert not deck.fleet.rollouts.open
        deck.fleet.rollouts.resume(plan.number)
        await deck.readings(2)
        assert progress(deck, plan) is now


@pytest.mark.real_time
async def test_a_service_that_does_not_come_back_pauses_even_when_it_is_skipped(
    three: SimulatedCluster,
) -> None:
    three.cluster.fail(3, SERVICE)
    async with rolling(three, patience=replace(QUICK, limit=1.5)) as deck:
        plan = await begun(deck)
        await paused_at_the_second(deck, plan, SERVICE)
        # Without the node, the cluster is still not well.
        deck.fleet.rollouts.skip(plan.number)
        now = await reaches_after(deck, plan, RolloutState.PAUSED)
        assert now.text.startswith(f"node1: {SERVICE} is ")
        assert now.text.endswith(" on node3")
        assert ordered(three) == [2, 3]


@pytest.mark.real_time
async def test_what_came_up_late_is_not_restarted_twice(three: SimulatedCluster) -> None:
    three.cluster.fail(3, SERVICE)
    async with rolling(three, patience=replace(QUICK, limit=1.5)) as deck:
        plan = await begun(deck)
        await paused_at_the_second(deck, plan, SERVICE)
        three.cluster.repair(3, SERVICE)
        three.cluster.start(3, SERVICE)
        await deck.until(lambda: is_up(deck, "node3"))
        now = await goes_on(deck, plan)
        assert set(states(now).values()) == {StepState.DONE}
        assert ordered(three) == [2, 3, 1]


def is_up(deck: Running, node: str, name: str = SERVICE, since: Order | None = None) -> bool:
    """Say whether a service runs; `since` an order, where one is given."""
    service = deck.watch(node).reading.find(name)
    if service is None or service.status != "RUNNING":
        return False
    return since is None or service.started_at != since.services[0].started_at


_BY_ITS_GATE = {
    StopReason.GATE_CLOSED,
    StopReason.GATE_NOT_ANSWERED,
    StopReason.RESTARTED_ELSEWHERE,
}


async def goes_on(deck: Running, plan: Plan) -> RolloutProgress:
    """Resume a rollout until it is done.

    On a busy machine its gate may close again, by answers that are too old.
    """
    while True:
        moved, before = deck.notes.rollouts, len(deck.notes.rollouts)
        deck.fleet.rollouts.resume(plan.number)
        await deck.until(
            lambda: (
                any(one.state is RolloutState.RUNNING for one in moved[before:])  # noqa: B023 - awaited before the next turn
                or not progress(deck, plan).is_open
            )
        )
        await deck.until(lambda: progress(deck, plan).state is not RolloutState.RUNNING)
        now = progress(deck, plan)
        if now.state is not RolloutState.PAUSED:
            assert now.state is RolloutState.DONE, (now.state, now.text)
            return now
        assert now.stop is not None
        assert now.stop.reason in _BY_ITS_GATE, now.text


async def reaches_after(deck: Running, plan: Plan, state: RolloutState) -> RolloutProgress:
    """Wait until a rollout that was told something stands so, and not as it stood before."""
    before = len(deck.notes.rollouts)
    moved = deck.notes.rollouts
    await deck.until(
        lambda: (
            any(one.state is RolloutState.RUNNING for one in moved[before:])
            or not progress(deck, plan).is_open
        )
    )
    return await reaches(deck, plan, state)


# What others do meanwhile


async def under_way(deck: Running, served: SimulatedCluster) -> Plan:
    """Begin, and wait until the first node has its order."""
    plan = await begun(deck)
    await deck.until(lambda: ordered(served) == [2])
    return plan


@pytest.mark.real_time
async def test_a_restart_from_elsewhere_pauses_and_once_read_it_goes_on(
    three: SimulatedCluster,
) -> None:
    async with rolling(three) as deck:
        plan = await under_way(deck, three)
        three.cluster.restart(1, SERVICE)
        now = await reaches(deck, plan, RolloutState.PAUSED)
        assert ordered(three) == [2]
        while "not by this rollout" not in now.text:  # seen while it was still starting
            await deck.until(lambda: is_up(deck, "node1"))
            deck.fleet.rollouts.resume(plan.number)
            now = await reaches_after(deck, plan, RolloutState.PAUSED)
        assert f"{SERVICE} on node1 was restarted" in now.text
        await goes_on(deck, plan)
        assert ordered(three) == [2, 3, 1]


@pytest.mark.real_time
async def test_a_gate_that_closes_after_the_verdict_pauses_and_nothing_is_ordered_twice(
    three: SimulatedCluster,
) -> None:
    async with rolling(three, patience=replace(QUICK, steady=0.3, recheck=0.1)) as deck:
        plan = await under_way(deck, three)
        three.cluster.stop(1, "mdns_server")
        now = await reaches(deck, plan, RolloutState.PAUSED)
        assert states(now)["node2"] is StepState.RESTARTED
        assert [one.result for one in now.steps[0].verdicts] == [Result.VERIFIED]
        await deck.until(lambda: progress(deck, plan).gate is not None)
        assert "mdns_server is STOPPED" in gate_now(deck, plan).text
        three.cluster.start(1, "mdns_server")
        await deck.until(lambda: gate_now(deck, plan).is_open)
        assert progress(deck, plan).state is RolloutState.PAUSED
        assert ordered(three) == [2]
        now = await goes_on(deck, plan)
        assert now.gate is None
        assert ordered(three) == [2, 3, 1]


def gate_now(deck: Running, plan: Plan) -> GateNow:
    """Return how the gate of a paused rollout is."""
    gate = progress(deck, plan).gate
    assert gate is not None
    return gate


async def test_a_paused_rollout_shows_that_its_gate_cannot_be_checked_and_tries_no_login(
    three: SimulatedCluster,
) -> None:
    """P24."""
    async with rolling(three, patience=replace(QUICK, recheck=0.1)) as deck:
        plan = await planned(deck)
        three.cluster.power_off(2)
        deck.fleet.rollouts.begin(plan)
        await reaches(deck, plan, RolloutState.PAUSED)
        await deck.until(lambda: progress(deck, plan).gate is not None)
        assert (gate_now(deck, plan).node, gate_now(deck, plan).is_known) == ("node2", False)
        deck.watch("node2").set_paused(True)  # a poll that is asked for would go out all the same
        await checked_again(deck, plan)
        asked = deck.watch("node2").reading.asked_at
        await checked_again(deck, plan)
        assert deck.watch("node2").reading.asked_at == asked


@pytest.mark.real_time
async def test_the_gate_of_a_paused_rollout_is_checked_once_its_node_answers_again(
    three: SimulatedCluster,
) -> None:
    async with rolling(three, patience=replace(QUICK, recheck=3600)) as deck:
        plan = await planned(deck)
        three.cluster.power_off(2)
        deck.fleet.rollouts.begin(plan)
        await reaches(deck, plan, RolloutState.PAUSED)
        await deck.until(lambda: progress(deck, plan).gate is not None)
        assert not gate_now(deck, plan).is_known
        three.cluster.power_on(2)
        await deck.until(lambda: gate_now(deck, plan).is_known)


@pytest.mark.real_time
async def test_a_gate_is_not_called_open_by_answers_that_are_too_old(
    three: SimulatedCluster,
) -> None:
    async with rolling(three, patience=replace(QUICK, recheck=0.1)) as deck:
        plan = await planned(deck)
        three.cluster.stop(1, "mdns_server")
        deck.fleet.rollouts.begin(plan)
        await reaches(deck, plan, RolloutState.PAUSED)
        three.cluster.start(1, "mdns_server")
        await deck.until(lambda: is_up(deck, "node1", "mdns_server"))
        deck.watch("node3").set_paused(True)
        await deck.until(lambda: gate_now(deck, plan).text == "no fresh answer from node3")
        assert not gate_now(deck, plan).is_open


async def checked_again(deck: Running, plan: Plan) -> None:
    """Wait for two more checks of the gate: the first may have begun before."""
    for _ in range(2):
        before = gate_now(deck, plan)
        await deck.until(lambda before=before: gate_now(deck, plan) is not before)


@pytest.mark.real_time
@pytest.mark.parametrize("name", ["cnm_http", "envoy"])
async def test_a_service_that_carries_the_api_can_be_rolled_though_its_connection_drops(
    three: SimulatedCluster, name: str
) -> None:
    async with rolling(three) as deck:
        await deck.known()
        deck.fleet.unlocked = True
        plan = await planned(deck, name)
        deck.fleet.rollouts.begin(replace(plan, reason="a new certificate"))
        now = await reaches(deck, plan, RolloutState.DONE, 60)
        assert set(states(now).values()) == {StepState.DONE}
        assert ordered(three) == [2, 3, 1]


async def test_a_node_that_is_done_and_restarts_again_pauses(three: SimulatedCluster) -> None:
    async with rolling(three) as deck:
        plan = await begun(deck)
        await deck.until(lambda: ordered(three) == [2, 3])
        three.cluster.restart(2, SERVICE)
        now = await reaches(deck, plan, RolloutState.PAUSED)
        assert "node2" in now.text
        assert ordered(three) == [2, 3]


@pytest.mark.real_time
@pytest.mark.parametrize(
    ("uid", "reason"), [(1, StopReason.GATE_CLOSED), (2, StopReason.GATE_NOT_ANSWERED)]
)
async def test_a_node_that_is_gone_pauses_until_it_is_back(
    three: SimulatedCluster, uid: int, reason: StopReason
) -> None:
    async with rolling(three) as deck:
        plan = await planned(deck)
        three.cluster.power_off(uid)
        deck.fleet.rollouts.begin(plan)
        now = await reaches(deck, plan, RolloutState.PAUSED)
        assert now.text.count(f"node{uid}") == 1
        assert now.stop is not None
        assert now.stop.reason is reason
        assert not posts(three)
        three.cluster.power_on(uid)
        while not deck.watch(f"node{uid}").reading.is_good:
            await deck.readings(1, f"node{uid}")
        await goes_on(deck, plan)
        assert ordered(three) == [2, 3, 1]


@pytest.mark.real_time
async def test_a_failover_pauses_and_the_new_primary_comes_last(three: SimulatedCluster) -> None:
    async with rolling(three) as deck:
        plan = await under_way(deck, three)
        three.cluster.promote(3)
        now = await reaches(deck, plan, RolloutState.PAUSED)
        assert "node:3 is primary now, node:1 was" in now.text
        await goes_on(deck, plan)
        assert ordered(three) == [2, 1, 3]


@pytest.mark.real_time
@pytest.mark.skipif(sys.platform != "linux", reason="CLOCK_BOOTTIME is Linux's")
@pytest.mark.parametrize(
    ("is_stopped", "text"),
    [(False, "this machine slept for 12 min"), (True, "rsdeck was suspended for 12 min")],
)
async def test_a_rollout_that_was_asleep_between_two_nodes_sends_nothing_before_it_is_resumed(
    three: SimulatedCluster, monkeypatch: pytest.MonkeyPatch, *, is_stopped: bool, text: str
) -> None:
    """P18: the checks that its operator has seen are those of before."""
    sleep = Sleep(monkeypatch)
    async with rolling(three) as deck:
        plan = await under_way(deck, three)
        if is_stopped:
            clock, counter = time.monotonic, StopCounter(asyncio.get_running_loop())
            with monkeypatch.context() as stopped:
                stopped.setattr(time, "monotonic", lambda: clock() + 725)
                counter.continued()
        else:
            sleep.asleep += 725
        now = await reaches(deck, plan, RolloutState.PAUSED)
        assert now.stop == StepStop(StopReason.SLEPT, text)
        assert states(now) == {
            "node2": StepState.DONE, "node3": StepState.BLOCKED, "node1": StepState.WAITING,
        }  # fmt: skip
        assert ordered(three) == [2]
        await goes_on(deck, plan)
        assert ordered(three) == [2, 3, 1]


async def test_a_primary_that_was_not_planned_does_not_come_before_the_others() -> None:
    with cluster(4) as served:
        async with rolling(served) as deck:
            plan = await planned(deck, nodes=("node2", "node3"))
            served.cluster.promote(2)
            deck.fleet.rollouts.begin(plan)
            now = await reaches(deck, plan, RolloutState.PAUSED)
            assert "node2: it is the primary now, and must come last" in now.text
            await goes_on(deck, plan)
            assert ordered(served) == [3, 2]


async def test_a_cluster_with_a_problem_gets_no_order(three: SimulatedCluster) -> None:
    async with rolling(three) as deck:
        plan = await planned(deck)
        three.cluster.stop(1, "mdns_server")
        deck.fleet.rollouts.begin(plan)
        now = await reaches(deck, plan, RolloutState.PAUSED)
        assert "mdns_server" in now.text
        assert not posts(three)


async def test_an_order_that_is_open_elsewhere_in_the_cluster_pauses(
    three: SimulatedCluster,
) -> None:
    async with rolling(three, patience=replace(QUICK, steady=1)) as deck:
        plan = await planned(deck, nodes=("node2", "node3"))
        other = deck.give(Verb.RESTART, "mdns_server", node="node1")
        await deck.until(lambda: ordered(three) == [1])
        await deck.until(lambda: is_up(deck, "node1", "mdns_server", since=other))
        deck.fleet.rollouts.begin(plan)
        now = await reaches(deck, plan, RolloutState.PAUSED)
        assert "restart mdns_server is still open on node1" in now.text
        assert ordered(three) == [1]


async def test_a_node_without_a_profile_counts_as_well(three: SimulatedCluster) -> None:
    async with rolling(three) as deck:
        await deck.known()
        deck.fleet.adopt([one.profile for one in deck.fleet.nodes if one.name != "node3"])
        plan = await planned(deck)
        three.cluster.stop(3, "mdns_server")
        deck.fleet.rollouts.begin(plan)
        now = await reaches(deck, plan, RolloutState.PAUSED)
        assert "node:3" in now.text
        assert now.here is not None
        assert now.here.state is StepState.BLOCKED, "nothing was sent"
        assert not posts(three)


async def test_a_profile_that_goes_pauses(three: SimulatedCluster) -> None:
    async with rolling(three) as deck:
        plan = await under_way(deck, three)
        deck.fleet.adopt([one.profile for one in deck.fleet.nodes if one.name != "node1"])
        now = await reaches(deck, plan, RolloutState.PAUSED)
        assert "the profile of node1 is gone" in now.text
        assert ordered(three) == [2]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"cluster": "else"}, "the profile of node1 is of another cluster now"),
        ({"environment": Environment.PRODUCTION}, "the profile of node1 is marked production now"),
    ],
)
async def test_a_profile_that_is_regrouped_or_marked_production_pauses(
    change: dict[str, Any], why: str, three: SimulatedCluster
) -> None:
    async with rolling(three) as deck:
        plan = await under_way(deck, three)
        changed = [
            replace(one.profile, **change) if one.name == "node1" else one.profile
            for one in deck.fleet.nodes
        ]
        deck.fleet.adopt(changed)
        now = await reaches(deck, plan, RolloutState.PAUSED)
        assert why in now.text
        assert now.stop is not None
        assert now.stop.reason is StopReason.GATE_CLOSED
        assert ordered(three) == [2], "no other node got an action"


@pytest.mark.real_time
async def test_a_node_of_another_cluster_may_be_regrouped_meanwhile(
    three: SimulatedCluster, closed_port: int
) -> None:
    async with rolling(three) as deck:
        plan = await planned(deck)
        mine = [one.profile for one in deck.fleet.nodes]
        url = f"https://127.0.0.1:{closed_port}"
        far = replace(mine[0], name="far", url=url, cluster="far")
        deck.fleet.adopt([*mine, far])
        deck.fleet.rollouts.begin(plan)
        await deck.until(lambda: ordered(three) == [2])
        deck.fleet.adopt([*mine, replace(far, cluster="farther")])
        await reaches(deck, plan, RolloutState.DONE)


# What is not begun


@pytest.mark.real_time
async def test_one_rollout_at_a_time_goes_through_a_cluster(three: SimulatedCluster) -> None:
    async with rolling(three) as deck:
        plan = await under_way(deck, three)
        second = deck.fleet.rollouts.plan(["stats_archiver"], ["node3"])
        assert isinstance(second, Plan)
        with pytest.raises(NotAccepted, match="rollout 1 is still open"):
            deck.fleet.rollouts.begin(second)
        assert deck.fleet.rollouts.refusal("node3").startswith("rollout 1 is still open: restart")
        await reaches(deck, plan, RolloutState.DONE)
        assert not deck.fleet.rollouts.refusal("node3")
        with pytest.raises(NotAccepted, match="begun already"):
            deck.fleet.rollouts.begin(plan)
        deck.fleet.rollouts.begin(replace(second, number=2))
        await deck.until(lambda: progress(deck, replace(second, number=2)).state.value == "done")
        assert ordered(three) == [2, 3, 1, 3]


async def test_a_read_only_fleet_plans_and_begins_none(three: SimulatedCluster) -> None:
    async with rolling(three) as deck:
        plan = await planned(deck)
    async with rolling(three, read_only="read-only: asked for") as deck:
        await deck.known()
        assert str(deck.fleet.rollouts.plan([SERVICE], ["node1"])) == "read-only: asked for"
        with pytest.raises(NotAccepted, match="read-only"):
            deck.fleet.rollouts.begin(plan)
        assert not posts(three)


async def test_a_required_service_needs_the_switch_and_a_reason(three: SimulatedCluster) -> None:
    nodes = ("node2", "node3")
    async with rolling(three) as deck:
        await deck.known()
        refused = deck.fleet.rollouts.plan(["cnm_exec"], nodes)
        assert isinstance(refused, PlanRefusal)
        assert refused.is_locked
        assert "cnm_exec: required" in str(refused)
        deck.fleet.unlocked = True
        plan = await planned(deck, "cnm_exec", nodes=nodes)
        assert (plan.words, plan.needs_reason) == ("cnm_exec", True)
        with pytest.raises(NotAccepted, match="reason"):
            deck.fleet.rollouts.begin(plan)
        deck.fleet.rollouts.begin(replace(plan, reason="after the upgrade"))
        await reaches(deck, plan, RolloutState.DONE)
        assert ordered(three) == [2, 3]


async def test_what_is_locked_meanwhile_is_not_ordered(three: SimulatedCluster) -> None:
    async with rolling(three) as deck:
        await deck.known()
        deck.fleet.unlocked = True
        plan = replace(await planned(deck, "cnm_exec"), reason="because")
        deck.fleet.rollouts.begin(plan)
        deck.fleet.unlocked = False
        now = await reaches(deck, plan, RolloutState.PAUSED)
        assert "nothing was sent" in now.text
        assert not posts(three)


async def test_a_marked_node_without_a_profile_is_left_out_by_a_name_that_can_be_shown(
    three: SimulatedCluster,
) -> None:
    async with rolling(three) as deck:
        plan = await planned(deck, nodes=("node2", UnmanagedNode("demo", 9).key))
        assert list(map(str, plan.left_out)) == ["demo node:9: it has no profile"]


async def test_a_service_that_becomes_required_on_the_way_needs_a_reason(
    three: SimulatedCluster,
) -> None:
    async with rolling(three) as deck:
        plan = await planned(deck)
        assert not plan.needs_reason
        deck.fleet.unlocked = True
        del three.cluster.configuration[SERVICE]
        # Of a cluster by another word nothing is known yet, so it is asked at once.
        regrouped = [replace(one.profile, cluster="again") for one in deck.fleet.nodes]
        deck.fleet.adopt(regrouped)
        deck.fleet.renew("node1", Secret(PASSWORD))
        await deck.known()
        deck.fleet.rollouts.begin(plan)
        now = await reaches(deck, plan, RolloutState.PAUSED)
        assert "needs a reason now; nothing was sent" in now.text
        await deck.until(lambda: progress(deck, plan).gate is not None)
        # Resumed, it would pause again at once.
        assert gate_now(deck, plan).text == f"{SERVICE} needs a reason now"
        assert not posts(three)


# Leaving


async def test_aborting_watches_the_open_order_to_its_end(three: SimulatedCluster) -> None:
    async with rolling(three) as deck:
        plan = await under_way(deck, three)
        deck.fleet.rollouts.abort(plan.number)
        assert progress(deck, plan).is_open
        now = await reaches(deck, plan, RolloutState.ABORTED)
        assert states(now)["node2"] is StepState.DONE
        assert states(now)["node3"] is StepState.WAITING
        await deck.readings(2)
        assert ordered(three) == [2]


async def test_what_is_aborted_as_soon_as_it_is_begun_sends_nothing(
    three: SimulatedCluster,
) -> None:
    async with rolling(three) as deck:
        plan = await begun(deck)
        again = replace(plan, number=2)
        with pytest.raises(NotAccepted, match="rollout 1 is still open"):
            deck.fleet.rollouts.begin(again)
        deck.fleet.rollouts.abort(plan.number)
        await reaches(deck, plan, RolloutState.ABORTED)
        await deck.readings(2)
        assert not posts(three)


async def test_quitting_leaves_a_journal_that_says_what_is_unknown(
    three: SimulatedCluster, tmp_path: Path
) -> None:
    folder = tmp_path / "rsdeck"
    async with rolling(three, journal=OrderJournal(folder)) as deck:
        await under_way(deck, three)
    (step,) = records(folder, "step")
    (intent,) = records(folder, "intent")
    assert (step["node"], step["result"]) == ("node2", "unknown")
    assert step["orders"] == [intent["id"]]
    (left,) = find_unfinished_orders(JournalFile(folder).lines())
    assert left.order.target.node == "node2"
    assert records(folder)[-1]["kind"] == "session_end"
    assert check_chain(JournalFile(folder).lines()).broken_at is None


# The journal


class KeptEvents(NullHistory):
    """Keeps what is recorded for later sessions."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def note(self, event: Event, cluster: str) -> None:
        self.events.append(event)


@pytest.mark.real_time
async def test_the_journal_has_the_plan_before_all_and_a_record_for_each_step(
    three: SimulatedCluster, tmp_path: Path
) -> None:
    folder = tmp_path / "rsdeck"
    journal, history = OrderJournal(folder), KeptEvents()
    async with rolling(three, journal=journal, history=history) as deck:
        plan = await planned(deck)
        deck.fleet.rollouts.begin(replace(plan, reason="new certificates"))
        await reaches(deck, plan, RolloutState.DONE)
    # The rollout is this process's own here, and to those that read it later another's.
    assert journal.sender.pid == os.getpid()
    for events, sender in ((deck.notes.events, None), (history.events, journal.sender)):
        moves = [one for one in events if one.kind is EventKind.ROLLOUT]
        assert [one.sender for one in moves] == [sender, sender]
    told = records(folder, "plan", "intent", "step")
    assert [one["kind"] for one in told] == ["plan", *["intent", "step"] * 3]
    first, steps = told[0], records(folder, "step")
    assert [one["node"] for one in first["steps"]] == ["node2", "node3", "node1"]
    assert (first["verb"], first["services"], first["tier"]) == ("restart", [SERVICE], "typed")
    assert (first["reason"], first["username"]) == ("new certificates", "admin@demo.local")
    assert {one["id"] for one in steps} == {first["id"]}
    assert [one["result"] for one in steps] == ["verified"] * 3
    intents = records(folder, "intent")
    assert [one["orders"] for one in steps] == [[one["id"]] for one in intents]
    assert {one["reason"] for one in intents} == {"new certificates"}
    assert check_chain(JournalFile(folder).lines()).broken_at is None
    assert not find_unfinished_orders(JournalFile(folder).lines())


async def test_without_a_record_of_the_plan_nothing_is_sent(
    three: SimulatedCluster, tmp_path: Path
) -> None:
    folder = tmp_path / "rsdeck"
    folder.mkdir(mode=0o700)
    folder.chmod(0o755)
    async with rolling(three, journal=OrderJournal(folder)) as deck:
        plan = await begun(deck)
        now = await reaches(deck, plan, RolloutState.ABORTED)
        assert "others can get at it (mode 0755)" in now.text
        assert now.text.endswith("; nothing was sent")
        assert not posts(three)


@pytest.mark.real_time
async def test_a_cluster_that_another_process_rolls_gets_no_second_rollout(
    three: SimulatedCluster, tmp_path: Path
) -> None:
    folder = tmp_path / "rsdeck"
    async with rolling(three, journal=OrderJournal(folder)) as deck:
        plan = await planned(deck)
        other = RolloutLock(folder, plan, "elsewhere")
        other.take()
        deck.fleet.rollouts.begin(plan)
        now = await reaches(deck, plan, RolloutState.ABORTED)
        what = "another rsdeck rolls restart alert_mgr on 3 nodes of demo"
        assert now.text.startswith(f"{what} (user ")
        assert "s); nothing was sent" in now.text
        other.free()
        again = await begun(deck)
        await reaches(deck, again, RolloutState.DONE)
    assert ordered(three) == [2, 3, 1]


async def test_a_cluster_that_another_process_rolls_gets_no_single_action(
    three: SimulatedCluster, tmp_path: Path
) -> None:
    folder = tmp_path / "rsdeck"
    async with rolling(three, journal=OrderJournal(folder)) as deck:
        # The action is on a node that takes no part: by the cluster's name it is known.
        other = RolloutLock(folder, await planned(deck, nodes=("node1", "node3")), "elsewhere")
        other.take()
        verdict = await deck.verdict(deck.give(Verb.RESTART, SERVICE, node="node2"))
        assert verdict.result is Result.NOT_SENT
        what = "another rsdeck rolls restart alert_mgr on 2 nodes of demo"
        assert verdict.text.startswith(f"{what} (user ")
        assert verdict.text.endswith("): wait until it ends, or abort it there; nothing was sent")
        assert not posts(three)
        other.free()
        verdict = await deck.verdict(deck.give(Verb.RESTART, SERVICE, node="node2"))
        assert verdict.result is Result.VERIFIED
    assert [one["why"] for one in records(folder, "refused")]


@pytest.mark.skipif(sys.platform != "linux", reason="CLOCK_BOOTTIME is Linux's")
async def test_a_rollout_of_another_process_that_was_found_refuses_before_anything_is_tried(
    three: SimulatedCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, sleep = tmp_path / "rsdeck", Sleep(monkeypatch)
    async with rolling(three, journal=OrderJournal(folder)) as deck:
        plan = await planned(deck)
        order = deck.order(Verb.RESTART, SERVICE, node="node2")
        nodes = [step.node for step in plan.steps]
        other = RolloutLock(folder, plan, "elsewhere")
        other.take()
        await deck.fleet.find_rollouts(nodes)
        with pytest.raises(
            NotAccepted, match=r"rolls restart alert_mgr on 3 nodes of demo \(.+\): wait"
        ):
            deck.fleet.give(order)
        refused = deck.fleet.rollouts.plan((SERVICE,), nodes)
        assert isinstance(refused, PlanRefusal)
        assert str(refused).count("rolls restart alert_mgr") == 1
        # What was found does not hold for long, nor once it was looked again.
        sleep.asleep += 4
        assert not deck.fleet.standing("node2").rolled
        await deck.fleet.find_rollouts(nodes)
        assert deck.fleet.standing("node2").rolled
        other.free()
        await deck.fleet.find_rollouts([*nodes, "gone"])
        assert not deck.fleet.standing("node2").rolled
        assert not posts(three)


async def test_a_paused_rollout_leaves_the_single_actions_of_its_own_deck(
    three: SimulatedCluster, tmp_path: Path
) -> None:
    folder = tmp_path / "rsdeck"
    async with rolling(three, journal=OrderJournal(folder)) as deck:
        plan = await planned(deck)
        three.cluster.stop(1, "mdns_server")
        deck.fleet.rollouts.begin(plan)
        await reaches(deck, plan, RolloutState.PAUSED)
        await deck.until(lambda: not is_up(deck, "node1", "mdns_server"))
        verdict = await deck.verdict(deck.give(Verb.START, "mdns_server", node="node1"))
        assert verdict.result is Result.VERIFIED


class Unfinished(NullListener):
    """Keeps the rollouts of earlier sessions that are reported."""

    def __init__(self) -> None:
        self.rollouts: tuple[UnfinishedRollout, ...] = ()

    def rollouts_unfinished(self, rollouts: tuple[UnfinishedRollout, ...]) -> None:
        self.rollouts = rollouts


@pytest.mark.real_time
async def test_the_next_start_reports_how_far_a_rollout_that_was_cut_off_had_come(
    three: SimulatedCluster, tmp_path: Path
) -> None:
    folder = tmp_path / "rsdeck"
    async with rolling(three, journal=OrderJournal(folder)) as deck:
        plan = await begun(deck)
        await deck.until(lambda: states(progress(deck, plan))["node2"] is StepState.DONE)
    listener = Unfinished()
    async with rolling(three, journal=OrderJournal(folder)) as deck:
        deck.fleet.listener = listener
        await deck.until(lambda: listener.rollouts)
        (rest,) = listener.rollouts
        assert (rest.names, rest.done, rest.remaining) == (
            (SERVICE,), {"node2"}, ("node3", "node1"),
        )  # fmt: skip
        again = await begun(deck, nodes=rest.remaining)
        await reaches(deck, again, RolloutState.DONE)
    listener = Unfinished()
    async with rolling(three, journal=OrderJournal(folder)) as deck:
        deck.fleet.listener = listener
        await deck.readings(1)
        assert not listener.rollouts
    (end,) = records(folder, "rollout_end")
    assert (end["result"], end["id"]) == ("done", records(folder, "plan")[1]["id"])


@pytest.mark.real_time
async def test_a_node_whose_action_is_verified_by_the_next_session_is_not_planned_again(
    three: SimulatedCluster, tmp_path: Path
) -> None:
    """Its process ended before the verdict; a single action by hand is none of the rollout."""
    folder = tmp_path / "rsdeck"
    async with rolling(three, journal=OrderJournal(folder), patience=Patience(steady=600)) as deck:
        await begun(deck)
        await deck.until(lambda: deck.fleet.orders.progress)
        (order,) = [one.order for one in deck.fleet.orders.progress.values()]
        await deck.until(lambda: is_up(deck, "node2", since=order))
    listener = Unfinished()
    async with rolling(three, journal=OrderJournal(folder)) as deck:
        deck.fleet.listener = listener
        await deck.until(lambda: [rest.done for rest in listener.rollouts] == [{"node2"}])
        assert deck.fleet.rollouts.cut_off == listener.rollouts
        await deck.known()
        verdict = await deck.verdict(deck.give(Verb.RESTART, SERVICE, node="node3"))
        assert verdict.result is Result.VERIFIED
        assert [rest.remaining for rest in listener.rollouts] == [("node3", "node1")]
    turn, by_hand = records(folder, "intent")
    assert turn["rollout"] == records(folder, "plan")[0]["id"]
    assert "rollout" not in by_hand
    listener = Unfinished()
    async with rolling(three, journal=OrderJournal(folder)) as deck:
        deck.fleet.listener = listener
        await deck.until(
            lambda: [rest.remaining for rest in listener.rollouts] == [("node3", "node1")]
        )
        await begun(deck, nodes=("node1",))
        assert not listener.rollouts
    assert [one["result"] for one in records(folder, "resolved")] == ["verified"]
