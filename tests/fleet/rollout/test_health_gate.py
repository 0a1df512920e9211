"""A gate opens where the cluster is as planned, and well; else it says why not, or was not told."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.faultserver import Peer, answer, serving, wait_until
from tests.fleet.conftest import (
    BOOTSTRAP,
    LIST,
    NODES,
    PATIENCE,
    STATES,
    Play,
    Running,
    Sleep,
    profile,
    running,
    running_since,
    said,
)
from tests.fleet.plan_nodes import SINCE, place, reading, service, wish
from tests.fleet.rollouts import (
    CLUSTER_CHECK,
    CLUSTER_WELL,
    NODE_CHECK,
    NODE_WELL,
    QUICK,
    played,
)
from tui.config import RolloutRules
from tui.fleet.rollout.health_gate import (
    ClusterChecks,
    GateFinding,
    GateResult,
    HealthGate,
    judge_gate,
    missing_service,
    unexpected_restarts,
    unhealthy_services,
)
from tui.fleet.rollout.planner import make_plan
from tui.model.clock import monotonic
from tui.model.cluster import ClusterFacts, Member
from tui.model.node import Maintenance, Role
from tui.model.order import Verb
from tui.model.rollout import Plan, RolloutState, Step, StopReason
from tui.model.service import KnownRun

ONE = frozenset({"crdb_worker"})


def step() -> Step:
    plan = make_plan(wish(), [place(2)])
    assert isinstance(plan, Plan)
    return plan.steps[0]


# The judgement

MEMBERS = (Member(1, role=Role.PRIMARY, status="active"), Member(2, role=Role.REPLICA))
FACTS = ClusterFacts("demo.local", MEMBERS)
WELL = ClusterChecks(FACTS, (True, ""), (True, ""))


def test_a_healthy_cluster_opens_the_gate_and_the_primary_is_returned() -> None:
    assert judge_gate(step(), WELL, 1) == GateResult(GateFinding.WELL, "", 1)


def test_one_of_the_two_checks_is_enough_where_the_other_is_not_offered() -> None:
    assert judge_gate(step(), replace(WELL, node=None), 1).is_well
    assert judge_gate(step(), replace(WELL, cluster=None), 1).is_well


@pytest.mark.parametrize(
    ("said_", "why"),
    [
        (replace(WELL, node=(False, "process ccs is not running")), "node:2 says: process ccs"),
        (replace(WELL, node=(False, "")), "node:2 says: not well"),
        (replace(WELL, cluster=(False, "node:3")), "the cluster's check of itself says: node:3"),
        (replace(WELL, facts=replace(FACTS, name="other")), "it is of other now"),
        (replace(WELL, facts=replace(FACTS, members=MEMBERS[:1])), "does not list node:2"),
        (
            replace(WELL, facts=replace(FACTS, members=(*MEMBERS, Member(3, status="down")))),
            "node:3 is down",
        ),
        (
            replace(
                WELL,
                facts=replace(FACTS, members=(*MEMBERS, Member(3, maintenance=Maintenance("x")))),
            ),
            "node:3 is in maintenance since x",
        ),
    ],
)
def test_a_problem_keeps_the_gate_closed_with_its_reason(said_: ClusterChecks, why: str) -> None:
    gate = judge_gate(step(), said_, 1)
    assert gate.finding is GateFinding.NOT_WELL
    assert why in gate.text


def test_a_change_of_primary_keeps_the_gate_closed_and_is_returned() -> None:
    gate = judge_gate(step(), WELL, 3)
    assert (gate.finding, gate.text, gate.primary) == (
        GateFinding.NOT_WELL, "node:1 is primary now, node:3 was", 1,
    )  # fmt: skip
    assert judge_gate(step(), WELL, None).is_well


def test_without_a_known_primary_the_gate_has_no_answer() -> None:
    facts = replace(FACTS, members=MEMBERS[1:])
    assert judge_gate(step(), replace(WELL, facts=facts), 1).finding is GateFinding.UNASKED


def known(start: datetime | None = SINCE, uptime: int | None = 10, at: float = 0.1) -> KnownRun:
    return KnownRun(start, uptime, at)


def test_a_later_start_time_is_a_restart_and_a_service_that_is_down_is_not() -> None:
    starts = {("node2", "alert_mgr"): known(), ("node3", "alert_mgr"): known()}
    later = replace(service(after=60), uptime=0)
    readings = {"node2": reading("node2", [service()]), "node3": reading("node3", [later])}
    assert unexpected_restarts(starts, readings) == {
        ("node3", "alert_mgr"): KnownRun(SINCE + timedelta(seconds=60), 0, 1.1)
    }  # fmt: skip
    readings["node3"] = reading("node3", [service(status="STARTING")])
    assert unexpected_restarts(starts, readings) == {}
    assert unexpected_restarts(starts, {}) == {}


@pytest.mark.parametrize(
    ("before", "start", "uptime", "is_restart"),
    [
        (known(uptime=3600), 0, 1, True),  # within the same second, or the start time is late
        (known(uptime=3600), 0, 3601, False),
        (known(uptime=1), 4000, 2, False),  # the start time of the run that was known
        (known(uptime=1, at=-60.0), 4000, 2, True),
        (known(uptime=3600), 1, 3601, False),  # the node's clock was set by a second
        (known(uptime=3600), -1, 3601, False),
        (known(uptime=3600), -60, 3601, True),  # as of another node
        (known(uptime=2), 2, 2, True),
        (known(uptime=None), 0, 2, False),
        (known(None, None), 0, 2, True),
    ],
)
def test_a_restart_is_known_by_the_uptime_too_and_a_late_start_time_is_none(
    before: KnownRun, start: int, uptime: int, is_restart: bool
) -> None:
    now = reading("node2", [replace(service(after=start), uptime=uptime)])
    found = unexpected_restarts({("node2", "alert_mgr"): before}, {"node2": now})
    assert bool(found) is is_restart


def test_a_node_names_its_services_with_a_problem_but_not_those_switched_off() -> None:
    assert (
        unhealthy_services(reading("n", [service(), service("crdb_worker_1", "STOPPED")]), ONE)
        == ""
    )
    bad = [service(name, "FATAL") for name in "abcde"]
    assert (
        unhealthy_services(reading("n", bad), ONE)
        == "a is FATAL, b is FATAL, c is FATAL and 2 more"
    )


def test_a_service_that_does_not_run_or_is_gone_is_missing() -> None:
    assert missing_service(step(), reading("n", [service()])) == ""
    assert (
        missing_service(step(), reading("n", [service(status="STOPPED")])) == "alert_mgr is STOPPED"
    )
    assert "not on the node any more" in missing_service(step(), reading("n", [service("ccs")]))


def test_without_a_check_of_its_own_a_node_that_is_not_in_the_list_keeps_the_gate_closed() -> None:
    nothing = ClusterChecks(replace(FACTS, members=MEMBERS[:1]), None, None)
    assert "does not list node:2" in judge_gate(step(), nothing, 1).text


def test_the_first_reason_is_shown() -> None:
    both = replace(WELL, node=(False, "ccs is down"), cluster=(False, "node:3"))
    assert judge_gate(step(), both, 3).text == "the cluster's check of node:2 says: ccs is down"


def test_a_cluster_whose_name_is_not_known_is_not_another() -> None:
    plan = make_plan(wish(), [place(2, cluster="")])
    assert isinstance(plan, Plan)
    assert judge_gate(plan.steps[0], WELL, 1).is_well
    assert judge_gate(step(), replace(WELL, facts=replace(FACTS, name="")), 1).is_well


# Asked of a node


async def ask(deck: Running, node: str = "node1") -> GateResult:
    plan = deck.fleet.rollouts.plan(["alert_mgr"], [node])
    assert isinstance(plan, Plan), plan
    (one,) = plan.steps
    starts = {
        (node, seen.name): KnownRun(seen.started_at, seen.uptime, monotonic())
        for seen in one.services
    }
    return await HealthGate(deck.fleet, QUICK).check(one, starts, 1)


REFUSED, MISSING = answer("no", 403), answer("no", 404)
REDIRECT = answer("", 307, location="https://10.0.0.9:9443/v1/cluster")


@pytest.mark.parametrize(
    ("answers", "finding"),
    [
        ({}, GateFinding.WELL),
        ({"node": MISSING}, GateFinding.WELL),
        ({"cluster": REFUSED}, GateFinding.WELL),
        ({"node": MISSING, "cluster": REFUSED}, GateFinding.UNASKED),
        ({"node": REDIRECT}, GateFinding.UNASKED),
        ({"node": answer("{", 200)}, GateFinding.UNASKED),
        ({"node": answer("", 500)}, GateFinding.UNASKED),
        ({"cluster": answer("", 503)}, GateFinding.UNASKED),
        ({"node": said({"result": False, "error": "no"})}, GateFinding.NOT_WELL),
        ({"node": MISSING, "cluster": said({"cluster_test_result": False})}, GateFinding.NOT_WELL),
    ],
)
async def test_one_check_is_enough_but_a_check_that_fails_does_not_pass(
    answers: dict[str, bytes], finding: GateFinding
) -> None:
    with played(**answers) as (server, _):
        async with running(profile(server.url), refresh=2) as deck:
            await deck.known()
            gate = await ask(deck)
            assert gate.finding is finding, gate.text
            assert bool(gate.text) is (finding is not GateFinding.WELL)
            assert not server.posts


@pytest.mark.parametrize("path", [NODES, STATES])
async def test_a_cluster_that_redirects_every_request_has_no_answer(path: str) -> None:
    with played() as (server, play):
        async with running(profile(server.url), refresh=2) as deck:
            await deck.known()
            play.get(path, REDIRECT)
            gate = await ask(deck)
            assert gate.finding is GateFinding.UNASKED
            assert "no node of the cluster could be polled" in gate.text


async def test_where_one_node_cannot_say_which_is_primary_the_next_is_read() -> None:
    """A replica may redirect one call and answer the others."""
    with two_played() as (nodes, primary, replica):
        async with running(*nodes.values(), refresh=30) as deck:
            await deck.known()
            primary.get(STATES, answer("no", 403))
            assert (await ask(deck)).is_well
            replica.get(STATES, REDIRECT)
            gate = await ask(deck)
            assert gate.finding is GateFinding.UNASKED
            assert gate.text.startswith("no node of the cluster could be polled: node1 (")


async def test_another_node_under_the_address_keeps_the_gate_closed() -> None:
    with played() as (server, play):
        async with running(profile(server.url), refresh=2) as deck:
            await deck.known()
            play.get(BOOTSTRAP, said({"local_node_info": {"uid": "3"}}))
            gate = await ask(deck)
            assert gate.finding is GateFinding.NOT_WELL
            assert "node:3 answers here" in gate.text


async def test_a_node_whose_login_is_refused_has_no_answer() -> None:
    with played() as (server, play):
        async with running(profile(server.url), refresh=2) as deck:
            await deck.known()
            for path in (LIST, NODE_CHECK, CLUSTER_CHECK, BOOTSTRAP, NODES):
                play.get(path, answer("no", 401))
            gate = await ask(deck)
            assert gate.finding is GateFinding.UNASKED


async def test_a_restart_in_the_fresh_reading_keeps_the_gate_closed() -> None:
    with played() as (server, play):
        async with running(profile(server.url), refresh=30) as deck:
            await deck.known()
            play.restart()
            gate = await ask(deck)
            assert gate.finding is GateFinding.NOT_WELL
            assert gate.text.startswith("alert_mgr was restarted, and not by this rollout")
            assert list(gate.restarted) == [("node1", "alert_mgr")]


@contextmanager
def two_played() -> Iterator[tuple[dict[str, Any], Play, Play]]:
    """Serve a primary and a replica of one cluster; yields their profiles by name, and both."""
    primary, replica = Play(1), Play(2)
    for play in (primary, replica):
        for uid in (1, 2):
            play.get(f"/v1/nodes/check/{uid}", NODE_WELL)
        play.get(CLUSTER_CHECK, CLUSTER_WELL)
    with serving(primary) as one, serving(replica) as two:
        urls = {"node1": one.url, "node2": two.url}
        nodes = {name: profile(url, name, cluster="demo") for name, url in urls.items()}
        yield nodes, primary, replica


async def test_another_node_under_an_address_outside_the_plan_keeps_the_gate_closed() -> None:
    with two_played() as (nodes, _, replica):
        async with running(*nodes.values(), refresh=30) as deck:
            await deck.known()
            replica.get(BOOTSTRAP, said({"local_node_info": {"uid": "3"}}))
            deck.fleet.refresh()
            await deck.until(lambda: deck.watch("node2").wrong_node)
            gate = await ask(deck)
            assert gate.finding is GateFinding.NOT_WELL
            assert gate.text.startswith("node2 may be another node: node:3 answers here")


async def test_a_service_that_stops_during_the_cluster_check_gets_no_order() -> None:
    with two_played() as (nodes, primary, replica):
        async with running(*nodes.values(), refresh=30, patience=QUICK) as deck:
            await deck.known()
            plan = deck.fleet.rollouts.plan(["alert_mgr"], ["node2"])
            assert isinstance(plan, Plan), plan
            loop = asyncio.get_running_loop()

            def stop_meanwhile(peer: Peer) -> None:
                replica.services["alert_mgr"] = {"status": "STOPPED"}
                loop.call_soon_threadsafe(deck.watch("node2").refresh_now)
                wait_until(lambda: status(deck, "node2") == "STOPPED")
                peer.send(CLUSTER_WELL)

            primary.get(CLUSTER_CHECK, stop_meanwhile)
            deck.fleet.rollouts.begin(plan)
            progress = deck.fleet.rollouts.progress
            await deck.until(lambda: progress[plan.number].state is RolloutState.PAUSED)
            stop = progress[plan.number].stop
            assert stop is not None
            assert stop.reason is StopReason.NOT_SENT
            assert stop.text == "alert_mgr is STOPPED; nothing was sent"
            assert not deck.fleet.orders.progress


async def test_a_profile_that_leads_elsewhere_now_or_is_gone_keeps_the_gate_closed() -> None:
    with played() as (server, _), played() as (elsewhere, _):
        async with running(profile(server.url), refresh=2) as deck:
            await deck.known()
            plan = deck.fleet.rollouts.plan(["alert_mgr"], ["node1"])
            assert isinstance(plan, Plan)
            gate = HealthGate(deck.fleet, QUICK)
            deck.fleet.adopt([profile(elsewhere.url)])
            moved = await gate.check(plan.steps[0], {}, 1)
            assert moved.finding is GateFinding.NOT_WELL
            assert moved.text == f"its profile has the address {elsewhere.url} now"
            deck.fleet.adopt([])
            gone = await gate.check(plan.steps[0], {}, 1)
            assert (gone.finding, gone.text) == (GateFinding.NOT_WELL, "its profile is gone")


async def test_a_profile_that_goes_while_the_nodes_are_polled_keeps_the_gate_closed() -> None:
    """What is left of the cluster would be judged by other nodes than it was begun for."""
    with two_played() as (nodes, _, replica):
        async with running(*nodes.values(), refresh=30) as deck:
            await deck.known()
            loop = asyncio.get_running_loop()

            def take_the_other_profile_away(peer: Peer) -> None:
                if "node1" in deck.fleet:
                    wait_until(lambda: deck.watch("node1").reading.asked_at > began)
                    loop.call_soon_threadsafe(deck.fleet.adopt, [nodes["node2"]])
                    wait_until(lambda: "node1" not in deck.fleet)
                peer.send(said(replica.services))

            replica.get(LIST, take_the_other_profile_away)
            began = monotonic()
            gate = await ask(deck, "node2")
            assert gate == GateResult(
                GateFinding.UNASKED, "the profiles of its cluster changed during the check", 1
            )


@pytest.mark.parametrize(
    ("trouble", "of_itself", "of_another"),
    [
        (answer("", 503), GateFinding.UNASKED, GateFinding.NOT_WELL),
        (answer("no", 403), GateFinding.UNASKED, GateFinding.UNASKED),
    ],
)
async def test_a_node_in_trouble_keeps_the_gate_closed_and_one_that_is_away_is_not_well(
    trouble: bytes, of_itself: GateFinding, of_another: GateFinding
) -> None:
    """The node itself cannot be polled; another one that is away is not well."""
    with two_played() as (nodes, primary, replica):
        async with running(*nodes.values(), refresh=30) as deck:
            await deck.known()
            replica.get(LIST, trouble)
            gate = await ask(deck)
            assert gate.finding is of_another
            assert gate.text.startswith("node2 (")
            assert not gate.names_node
            replica.answers.pop(("GET", LIST))
            await deck.readings(1)
            primary.get(LIST, trouble)
            plan = deck.fleet.rollouts.plan(["alert_mgr"], ["node1"])
            assert isinstance(plan, Plan)
            gate = await HealthGate(deck.fleet, QUICK).check(plan.steps[0], {}, 1)
            assert gate.finding is of_itself
            assert gate.text.startswith("node1 (")
            assert gate.names_node


async def test_a_node_that_says_it_is_another_when_the_gate_asks_keeps_it_closed() -> None:
    """Its last poll was before, so the poller does not know it yet."""
    with played() as (server, play):
        async with running(profile(server.url), refresh=30) as deck:
            await deck.known()
            plan = deck.fleet.rollouts.plan(["alert_mgr"], ["node1"])
            assert isinstance(plan, Plan)
            for info, who in (
                ({"uid": "3"}, "node:3 answers here, not node:1"),
                ({}, "a node that does not report its uid answers here, not node:1"),
            ):
                play.get(BOOTSTRAP, said({"local_node_info": info}))
                gate = HealthGate(deck.fleet, QUICK)
                found = await gate._check_cluster(plan.steps[0], [deck.watch()], 1)
                assert found.finding is GateFinding.NOT_WELL
                assert found.text == who


async def test_a_node_that_gives_no_fresh_answer_in_time_is_not_waited_for() -> None:
    with played() as (server, play):
        async with running(profile(server.url), refresh=30, timeout=8) as deck:
            await deck.known()
            plan = deck.fleet.rollouts.plan(["alert_mgr"], ["node1"])
            assert isinstance(plan, Plan)
            play.get(LIST, Peer.hang)
            gate = HealthGate(deck.fleet, replace(QUICK, limit=0.2))
            found = await gate.check(plan.steps[0], {}, 1)
            assert (found.finding, found.text) == (GateFinding.UNASKED, "no fresh answer")
            assert deck.watch().reading.is_good


@pytest.mark.skipif(sys.platform != "linux", reason="CLOCK_BOOTTIME is Linux's")
@pytest.mark.parametrize("hurries", [True, False])
async def test_a_gate_that_the_machine_slept_through_does_not_open_on_what_was_read_before(
    hurries: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The nodes were polled hours before the cluster's last check."""
    sleep = Sleep(monkeypatch)
    with played() as (server, play):

        def check(peer: Peer) -> None:
            sleep.asleep += 7210
            play.get(CLUSTER_CHECK, CLUSTER_WELL)
            peer.send(CLUSTER_WELL)

        async with running(profile(server.url), refresh=30) as deck:
            await deck.known()
            plan = deck.fleet.rollouts.plan(["alert_mgr"], ["node1"])
            assert isinstance(plan, Plan)
            gate = HealthGate(deck.fleet, QUICK)
            ask_it = gate.check if hurries else gate.recheck
            play.get(CLUSTER_CHECK, check)
            found = await ask_it(plan.steps[0], {}, 1)
            assert found == GateResult(
                GateFinding.UNASKED, "this machine slept for 2 h during the check", 1
            )
            await deck.readings(1)
            assert (await ask_it(plan.steps[0], {}, 1)).is_well


async def test_a_service_that_is_gone_in_the_fresh_reading_keeps_the_gate_closed() -> None:
    with played() as (server, play):
        async with running(profile(server.url), refresh=30) as deck:
            await deck.known()
            del play.services["alert_mgr"]
            gate = await ask(deck)
            assert gate.finding is GateFinding.NOT_WELL
            assert gate.text == "alert_mgr is not on the node any more"


async def test_a_problem_on_another_node_or_an_open_order_keeps_the_gate_closed() -> None:
    never_sure = replace(PATIENCE, same=600.0, limit=600.0)
    with two_played() as (nodes, _, replica):
        async with running(*nodes.values(), refresh=30, patience=never_sure) as deck:
            await deck.known()
            replica.services["ccs"] = {"status": "FATAL"}
            gate = await ask(deck)
            assert (gate.finding, gate.text) == (GateFinding.NOT_WELL, "ccs is FATAL on node2")
            replica.services["ccs"] = running_since(0)
            await deck.readings(1)
            replica.post(said({"alert_mgr": True}))
            deck.give(Verb.RESTART, "alert_mgr", node="node2")
            gate = await ask(deck)
            assert gate.finding is GateFinding.NOT_WELL
            assert gate.text == "restart alert_mgr is still open on node2"


async def test_a_node_of_another_cluster_does_not_count(closed_port: int) -> None:
    with played() as (server, _), serving(Play(2)) as other:
        nodes = profile(server.url, cluster="demo"), profile(other.url, "other", cluster="else")
        async with running(*nodes, refresh=2) as deck:
            await deck.known()
            gone = profile(f"http://127.0.0.1:{closed_port}", "other", cluster="else")
            deck.fleet.adopt([nodes[0], gone])
            await deck.until(lambda: deck.watch("other").reading.trouble)
            assert (await ask(deck)).is_well


def status(deck: Running, node: str) -> str:
    service = deck.watch(node).reading.find("alert_mgr")
    return "" if service is None else service.status


# What is in motion


async def wait_at_gate(deck: Running, goes_on: Any) -> GateResult:
    plan = deck.fleet.rollouts.plan(["alert_mgr"], ["node1"])
    assert isinstance(plan, Plan), plan
    (one,) = plan.steps
    return await HealthGate(deck.fleet, QUICK).wait(one, {}, 1, goes_on)


async def test_a_gate_that_is_closed_by_something_in_motion_is_waited_for() -> None:
    with two_played() as (nodes, _, replica):
        async with running(*nodes.values(), refresh=30) as deck:
            await deck.known()
            replica.services["ccs"] = {"status": "STARTING"}
            why: list[str] = []

            def started(gate: GateResult, waited: float) -> bool:
                why.append(gate.text)
                replica.services["ccs"] = running_since(0)
                return waited < 30

            gate = await wait_at_gate(deck, started)
            assert gate.is_well, gate.text
            assert why == ["ccs is STARTING on node2"]


@pytest.mark.parametrize("wait", [0.0, 0.3])
async def test_a_gate_is_waited_for_no_longer_than_the_rules_say(wait: float) -> None:
    with two_played() as (nodes, _, replica):
        async with running(*nodes.values(), refresh=30) as deck:
            await deck.known()
            deck.fleet.rollout_rules = RolloutRules(gate_wait=wait)
            replica.services["ccs"] = {"status": "RESTARTING"}
            waits: list[float] = []
            gate = await wait_at_gate(deck, lambda _, waited: not waits.append(waited))
            assert (gate.finding, gate.is_moving) == (GateFinding.NOT_WELL, True)
            assert bool(waits) is (wait > 0)
            assert all(waited < wait for waited in waits)


async def test_what_is_down_is_not_waited_for() -> None:
    with two_played() as (nodes, _, replica):
        async with running(*nodes.values(), refresh=30) as deck:
            await deck.known()
            for status_ in ("STOPPED", "FATAL", "no such word"):
                replica.services |= {"ccs": {"status": status_}, "dmcproxy": {"status": "STARTING"}}
                gate = await wait_at_gate(deck, lambda *_: False)
                assert (gate.finding, gate.is_moving) == (GateFinding.NOT_WELL, False)


async def test_a_node_that_is_just_back_is_waited_for_and_one_that_is_away_is_not() -> None:
    with two_played() as (nodes, primary, replica):
        async with running(*nodes.values(), refresh=30, patience=QUICK) as deck:
            await deck.known()
            plan = deck.fleet.rollouts.plan(["alert_mgr"], ["node1"])
            assert isinstance(plan, Plan)
            gate = HealthGate(deck.fleet, QUICK)
            for path in ("/v1/nodes/check/1", "/v1/nodes/check/2"):
                primary.get(path, said({"result": False, "error": "node2 joins"}))
            assert not (await gate.check(plan.steps[0], {}, 1)).is_moving
            replica.get(LIST, answer("", 503))
            assert not (await gate.check(plan.steps[0], {}, 1)).is_moving
            replica.answers.pop(("GET", LIST))
            back = await gate.check(plan.steps[0], {}, 1)
            assert (back.finding, back.is_moving) == (GateFinding.NOT_WELL, True)
            assert "node2 joins" in back.text


# What was polled last


async def test_a_look_at_the_gates_says_which_is_closed_by_what_was_polled_last() -> None:
    with two_played() as (nodes, _, replica):
        async with running(*nodes.values(), refresh=30) as deck:
            await deck.known()
            plan = deck.fleet.rollouts.plan(["alert_mgr"], ["node1", "node2"])
            assert isinstance(plan, Plan), plan
            assert not deck.fleet.rollouts.look_at_gates(plan).node
            replica.services["ccs"] = {"status": "STARTING"}
            await deck.readings(1)
            look = deck.fleet.rollouts.look_at_gates(plan)
            assert (look.node, look.text) == (plan.steps[0].node, "ccs is STARTING")
            assert look.waits == deck.fleet.rollout_rules.gate_wait
