"""`rsdeck why`: the evidence of one look, as a table or JSON, with the exit codes of `status`."""

import asyncio
import json
from dataclasses import replace

import pytest

from tests.cli.conftest import Command, profiles
from tests.fleet.plan_nodes import open_order
from tui.history.recorder import HistoryRecorder
from tui.journal.order_journal import OrderJournal
from tui.model.order import Result, Tier, Verdict
from tui.sim.cluster import Cluster
from tui.sim.server import SimulatedCluster


def test_all_well_is_exit_code_0_and_only_gets_are_sent(
    known: Command, served: SimulatedCluster
) -> None:
    ran = known.run("why", "node2", "ccs")
    assert (ran.code, ran.err) == (0, "")
    assert [line.split()[0] for line in ran.out.splitlines()[:3]] == ["WHAT", "status", "restarts"]
    assert "GET /v1/nodes/check/{uid}" in ran.out
    assert {one.method for one in served.cluster.requests if one.path != "/v1/users/authorize"} == {
        "GET"
    }
    assert not (known.home / ".local").exists()
    assert ran.out.endswith("the cluster's metadata. It is required.\n")
    assert "next step" not in ran.out


def test_what_is_down_is_exit_code_1_with_the_evidence(
    known: Command, served: SimulatedCluster
) -> None:
    served.cluster.node(2).processes["ccs"].fix_status("STOPPED")
    served.cluster.contents.raise_alert("node_memory", "WARNING", 2)
    ran = known.run("why", "node2", "ccs", "--json")
    assert ran.code == 1
    made = json.loads(ran.out)
    assert (made["node"], made["service"]) == ("node2", "ccs")
    problems = {one["kind"]: one for one in made["evidence"] if one["problem"]}
    assert problems["status"]["text"] == "STOPPED since before this session"
    assert "ccs is not running" in problems["node check"]["text"]
    assert problems["alerts"]["text"].startswith("node_memory on node2, WARNING, on since 20")
    assert problems["alerts"]["age_seconds"] >= 0
    assert ran.out.isascii()
    assert made["description"].endswith("It is required.")
    assert made["next_step"].startswith("contact Redis support")
    assert made["next_command"] is None
    served.cluster.node(2).processes["alert_mgr"].fix_status("STOPPED")
    lines = known.run("why", "node2", "alert_mgr").out.splitlines()
    assert lines[-2:] == [
        "what it does  Sends alerts; while it is stopped, none is sent. It is optional.",
        "next step     start it: `rsdeck start node2 alert_mgr`",
    ]
    assert known.run("why", "node2").code == 1
    assert known.run("why", "node2", "dmcproxy").code == 0


def test_a_service_that_the_node_does_not_list_and_no_event_names_is_refused(
    known: Command,
) -> None:
    ran = known.run("why", "node1", "nosuch")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.endswith("node1 lists no service nosuch\n")
    ran = known.run("why", "node1", "nosuch", "--json")
    assert (ran.code, json.loads(ran.out)["error"]["code"]) == (2, "unknown_service")


@pytest.mark.parametrize("has_history", [True, False])
def test_an_action_that_the_journal_alone_has_is_evidence(
    known: Command, has_history: bool
) -> None:
    folder = known.home / ".local" / "state" / "rsdeck"
    order = open_order()
    order = replace(order, target=replace(order.target, node="node2"))

    async def send() -> None:
        history, journal = HistoryRecorder(folder), OrderJournal(folder)
        if has_history:
            await history.begin()
        await journal.begin()
        await journal.intend(order, Tier.TYPED, "admin")
        journal.judged(order, Verdict("ccs", Result.VERIFIED, "held"))
        journal.end()
        if has_history:
            history.end()

    asyncio.run(send())
    made = json.loads(known.run("why", "node2", "ccs", "--json").out)
    actions = [one["text"] for one in made["evidence"] if one["kind"] == "action"]
    assert actions[0] == "stop: verified, held"
    assert actions[1].startswith("stop sent by another rsdeck here (")
    assert len(actions) == 2


def test_a_node_that_cannot_be_polled_is_exit_code_3_and_an_unknown_one_2(
    rsdeck: Command,
) -> None:
    with SimulatedCluster(Cluster(1, pace=0.1)) as served:
        served.cluster.power_off(1)
        rsdeck.configure(profiles(served, 'password_env = "DEMO_PASSWORD"'))
        ran = rsdeck.run("why", "node1", env={"DEMO_PASSWORD": "demo-password"})
        assert ran.code == 3
        assert "unreachable" in ran.out
        assert "the connection" in ran.err  # refused, or reset while it goes down
        assert rsdeck.run("why", "node9").code == 2
