"""`rsdeck rollout restart`: the plan first, then node by node, and an exit code for each end."""

import json
import os
import re
import signal
import time
from dataclasses import replace

import pytest

from tests.cli.conftest import PASSWORD, RSDECK, Command, Ran, until
from tests.faultserver import LOGINS, serving
from tests.fleet.conftest import Play
from tests.fleet.plan_nodes import place, service, wish
from tests.pty import Terminal, environment
from tui.cli.errors import CommandError
from tui.cli.rollout import _agree
from tui.cli.rollout_report import step_line
from tui.cli.rollout_run import RolloutRun, summary_text, turn_line
from tui.fleet.rollout.planner import make_plan
from tui.model.node import Identity
from tui.model.order import Result, Verb, Verdict
from tui.model.rollout import (
    Plan,
    RolloutProgress,
    RolloutState,
    Step,
    StepProgress,
    StepState,
    StopReason,
)
from tui.sim.server import SimulatedCluster

SERVICE = "alert_mgr"
ROLL = ("rollout", "restart", SERVICE, "--cluster", "demo")
ONE_NODE = """\
[nodes.node1]
url = "{}"
cluster = "demo"
username = "admin"
password_env = "DEMO_PASSWORD"
insecure = true
"""
AGREED = (*ROLL, "--yes", SERVICE, "--steady", "1")


def posts(served: SimulatedCluster) -> list[int]:
    sent = (one for one in served.cluster.requests if one.method == "POST")
    return [one.uid for one in sent if one.path not in LOGINS]


def steps(ran: Ran) -> list[tuple[str, str]]:
    """Return node and state of the lines that tell of a step."""
    time = re.compile(r"[0-9-]{10} [0-9:]{8} UTC  (\S+)  (\S+)")
    return [(found[1], found[2]) for line in ran.out.splitlines() if (found := time.match(line))]


def verified(ran: Ran) -> list[str]:
    return [node for node, state in steps(ran) if state == "verified"]


# The plan


def test_a_dry_run_shows_turns_roles_and_requests_and_sends_nothing_but_gets(
    known: Command, served: SimulatedCluster
) -> None:
    ran = known.run(*ROLL, "--dry-run")
    assert ran.code == 0
    assert ran.err == "rsdeck: every gate would open now\nrsdeck: a dry run: nothing was sent\n"
    assert posts(served) == []
    lines = ran.out.splitlines()
    assert lines[0] == "restart alert_mgr on 3 nodes of demo"
    rows = [line.split() for line in lines[2:5]]
    assert [row[:7] for row in rows] == [
        ["1", "node2", "2", "replica", SERVICE, "optional", "RUNNING"],
        ["2", "node3", "3", "replica", SERVICE, "optional", "RUNNING"],
        ["3", "node1", "1", "primary", SERVICE, "optional", "RUNNING"],
    ]
    assert f"send 1: POST {served.urls[2]}/v1/local/services" in ran.out
    assert '"services": ["alert_mgr"]' in ran.out
    assert "touches: node1: this node is the primary" in ran.out
    assert "gate now: open by one poll of each node; " in ran.out
    assert "accepted" not in ran.out
    assert "GET /v1/nodes/check/{uid}" in ran.out
    assert not (known.home / ".local").exists()


def test_a_dry_run_may_be_read_only_and_a_rollout_not(
    known: Command, served: SimulatedCluster
) -> None:
    assert known.run("--read-only", *ROLL, "--dry-run").code == 0
    ran = known.run("--read-only", *AGREED)
    assert (ran.code, ran.out) == (2, "")
    assert "read-only" in ran.err
    assert not posts(served)


def test_only_the_named_nodes_take_part(known: Command, served: SimulatedCluster) -> None:
    ran = known.run(*ROLL, "--nodes", "node1, node3", "--dry-run")
    assert [line.split()[1] for line in ran.out.splitlines()[2:4]] == ["node3", "node1"]
    assert "node2" not in ran.out


def test_a_node_without_the_service_is_left_out_and_reported(
    known: Command, served: SimulatedCluster
) -> None:
    served.cluster.remove_service(3, SERVICE)
    ran = known.run(*ROLL, "--dry-run")
    assert ran.code == 0
    assert "skipped: node3: alert_mgr is not on the node" in ran.out


def test_a_dry_run_checks_the_gates_and_ends_with_the_code_of_the_run(
    known: Command, served: SimulatedCluster
) -> None:
    served.cluster.node(1).processes["mdns_server"].fix_status("STOPPED")
    ran = known.run(*ROLL, "--dry-run")
    assert ran.code == known.run(*AGREED).code == 1
    assert ran.err.splitlines() == [
        "rsdeck: the gate is closed now: it would stop at node2: mdns_server is STOPPED on node1",
        "rsdeck: a dry run: nothing was sent",
    ]
    assert "send 1: POST" in ran.out
    assert not posts(served)


def test_a_dry_run_of_a_cluster_without_checks_ends_as_the_run_does(known: Command) -> None:
    """Both of the cluster's own checks are 404: a run cannot have its gates answered."""
    with serving(Play()) as server:
        known.configure(ONE_NODE.format(server.url))
        ran = known.run(*ROLL, "--dry-run")
        real = known.run(*AGREED)
        assert ran.code == real.code == 3, (ran.err, real.err)
        why = "no node of the cluster could be polled: "
        assert f"rsdeck: the gate is closed now: it would stop at node1: {why}" in ran.err
        assert f"stopped at node1, nothing sent there: {why}" in real.err
        assert not server.posts


def test_a_dry_run_with_the_wrong_yes_ends_as_the_run_does(
    known: Command, served: SimulatedCluster
) -> None:
    wrong = (*ROLL, "--yes", "ccs")
    assert known.run(*wrong, "--dry-run").code == known.run(*wrong).code == 2
    assert not posts(served)


# Success


@pytest.mark.real_time
def test_every_node_is_verified_in_turn_and_the_journal_has_it(
    known: Command, served: SimulatedCluster
) -> None:
    ran = known.run(*AGREED, "--reason", "new logging")
    assert ran.code == 0, ran.err
    assert posts(served) == [2, 3, 1]
    assert verified(ran) == ["node2", "node3", "node1"]
    assert list(dict.fromkeys(steps(ran)))[:4] == [
        ("node2", "checking"),
        ("node2", "sent"),
        ("node2", "rechecking"),
        ("node2", "verified"),
    ]
    assert "every node is verified" in ran.err
    shown = known.run("journal")
    assert re.search(r" plan +- +restart alert_mgr on demo as \S+: node2, then node3", shown.out)
    assert ": new logging" in shown.out
    assert len(re.findall(r" step +node\d  verified: ", shown.out)) == 3
    assert known.run("journal", "--verify").code == 0
    kinds = [json.loads(line)["kind"] for line in known.run("journal", "--json").out.splitlines()]
    assert kinds.index("plan") < kinds.index("intent")
    assert kinds.count("step") == 3


@pytest.mark.real_time
def test_with_json_each_line_is_an_object_from_the_plan_to_the_end(
    known: Command, served: SimulatedCluster
) -> None:
    ran = known.run(*AGREED, "--nodes", "node2,node3", "--json")
    assert ran.code == 0, ran.err
    told = [json.loads(line) for line in ran.out.splitlines()]
    plan, *turns, end = told
    assert (plan["type"], [one["node"] for one in plan["nodes"]]) == ("plan", ["node2", "node3"])
    assert {turn["type"] for turn in turns} == {"step"}
    assert [turn["node"] for turn in turns if turn["state"] == "verified"] == ["node2", "node3"]
    assert (end["type"], end["complete"], end["verified"]) == ("end", True, ["node2", "node3"])
    assert posts(served) == [2, 3]


def test_a_dry_run_with_json_says_where_it_would_stop(
    known: Command, served: SimulatedCluster
) -> None:
    served.cluster.stop(1, "mdns_server")
    ran = known.run(*ROLL, "--dry-run", "--json")
    plan, end = map(json.loads, ran.out.splitlines())
    assert (ran.code, plan["dry_run"], end["stopped_at"]) == (1, True, "node2")
    assert "mdns_server" in end["text"]
    refused = known.run("rollout", "restart", "ccs", "--cluster", "demo", "--json")
    assert (refused.code, json.loads(refused.out)["error"]["code"]) == (2, "locked")


# Failure


@pytest.mark.real_time
def test_it_stops_at_the_first_node_that_fails_and_says_what_was_done(
    known: Command, served: SimulatedCluster
) -> None:
    served.cluster.refuse_next(3, SERVICE)
    ran = known.run(*AGREED)
    assert ran.code == 1
    assert posts(served) == [2, 3]
    assert ran.err.splitlines()[-1] == (
        "rsdeck: stopped at node3: alert_mgr: failed, the node reported failure; "
        "RUNNING since the same moment as before; verified: node2; not touched: node1"
    )


def test_a_cluster_that_is_not_well_stops_it_before_anything_is_sent(
    known: Command, served: SimulatedCluster
) -> None:
    served.cluster.stop(1, "mdns_server")
    until(lambda: served.cluster.states(1)["mdns_server"] == "STOPPED")
    ran = known.run(*AGREED)
    assert ran.code == 1
    why = "stopped at node2, nothing sent there: mdns_server is STOPPED on node1"
    assert ran.err == f"rsdeck: {why}; no rollout was begun\n"
    closed = "closed at node2, because mdns_server is STOPPED on node1"
    assert f"gate now: {closed}; the rollout stops there" in ran.out
    assert not posts(served)
    assert " plan " not in known.run("journal").out
    end = json.loads(known.run(*AGREED, "--json").out.splitlines()[-1])
    assert (end["text"], end["stopped_at"]) == (why, "node2")
    assert end["not_touched"] == ["node2", "node3", "node1"]


def test_a_node_that_cannot_be_polled_is_exit_code_3(
    known: Command, served: SimulatedCluster
) -> None:
    served.power_off(3)
    ran = known.run(*AGREED)
    assert ran.code == 3
    assert "node3" in ran.err
    assert not posts(served)


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("rollout", "restart", SERVICE), "--cluster"),
        (("rollout", "restart", "--cluster", "demo"), "SERVICE"),
        (("rollout", "restart", SERVICE, "--cluster", "nope"), "there are: demo"),
        ((*ROLL, "--nodes", "node9"), "there are: node1, node2, node3"),
        (("rollout", "restart", "nope", "--cluster", "demo"), "no node has nope"),
        (("rollout", "restart", "ccs", "--cluster", "demo", "--yes", "ccs"), "ccs: required"),
        (ROLL, "it takes --yes alert_mgr"),
        ((*ROLL, "--yes", "y"), "must be 'alert_mgr'"),
    ],
)
def test_what_is_not_allowed_is_exit_code_2_and_nothing_is_sent(
    args: tuple[str, ...], says: str, known: Command, served: SimulatedCluster
) -> None:
    ran = known.run(*args)
    assert ran.code == 2
    assert says in ran.err
    assert not posts(served)


def test_a_name_that_no_node_has_reaches_no_terminal_as_it_is(
    known: Command, served: SimulatedCluster
) -> None:
    ran = known.run("rollout", "restart", "a\x1b]0;b\x07", "--cluster", "demo")
    assert ran.code == 2
    assert "no node has a" in ran.err
    assert "\x1b" not in ran.err


def test_where_one_of_several_services_remains_the_count_is_required() -> None:
    off = service("crdb_worker", "STOPPED")
    plan = make_plan(wish("alert_mgr", "crdb_worker"), [place(2, service(), off)])
    assert isinstance(plan, Plan)
    assert plan.words == ""
    with pytest.raises(CommandError, match="must be '1'"):
        _agree(plan, "")
    with pytest.raises(CommandError, match="it takes --yes 1"):
        _agree(plan, None)
    _agree(plan, "1")


def test_without_a_place_for_the_journal_nothing_is_sent(
    known: Command, served: SimulatedCluster
) -> None:
    folder = known.home / ".local" / "state" / "rsdeck"
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    for ran in (known.run(*AGREED), known.run(*ROLL, typed=f"{SERVICE}\n")):
        assert ran.code == 3
        assert "others can get at it" in ran.err
        assert "To begin" not in ran.err  # that is said before anything is to be confirmed
    assert not posts(served)


def test_a_node_that_was_restarted_well_is_not_called_failed_for_what_came_after_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The command says that the restart is verified, what is waited for, and how to go on."""
    done = Verdict(SERVICE, Result.VERIFIED, "stable for 10 s")
    steps = [
        StepProgress(Step(node, f"https://{node}:9443", Identity(uid), ()))
        for uid, node in ((2, "node2"), (3, "node3"), (1, "node1"))
    ]
    steps[0] = replace(
        steps[0],
        state=StepState.RESTARTED,
        text="node3: crdb_worker_0 is STOPPED",
        verdicts=(done,),
        reason=StopReason.GATE_CLOSED,
        began_at=1.0,
        ended_at=13.6,
    )
    plan = Plan(1, Verb.RESTART, "demo", (SERVICE,), tuple(step.step for step in steps))
    now = RolloutProgress(plan, RolloutState.ABORTED, tuple(steps))
    assert summary_text(now) == (
        "node2 is restarted and verified; stopped after it because node3: crdb_worker_0 is STOPPED"
        "; verified: node2; not touched: node3, node1; put that right, then run it with "
        "--nodes node3,node1"
    )
    assert turn_line(steps[0]).split("  ", 1)[1] == (
        "node2  restarted   12.6 s  verified; stopped after it because "
        "node3: crdb_worker_0 is STOPPED"
    )
    run = RolloutRun(None, plan, as_json=True)
    run._last = now
    run._sum_up(now)
    end = json.loads(capsys.readouterr().out)
    assert (end["verified"], end["restarted"]) == ([], ["node2"])
    assert (end["not_touched"], end["stopped_at"]) == (["node3", "node1"], "node2")
    assert json.loads(step_line(steps[0], 12.6))["state"] == "restarted"
    # Where its own restart is what failed, it is so called.
    failed = replace(steps[0], state=StepState.FAILED, reason=StopReason.NOT_VERIFIED)
    assert "  failed " in turn_line(failed)
    own = replace(now, steps=(failed, *steps[1:]))
    assert summary_text(own).startswith("stopped at node2: ")


# Signals


@pytest.mark.real_time
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_after_a_signal_the_sent_action_is_watched_to_its_end_and_no_further_one_sent(
    number: signal.Signals, known: Command, served: SimulatedCluster
) -> None:
    child = known.start(*AGREED)
    until(lambda: posts(served) == [2])
    child.send_signal(number)
    ran = known.finish(child, 60)
    assert ran.code == 1, ran.err
    assert posts(served) == [2]
    assert verified(ran) == ["node2"]
    assert "verified: node2; not touched: node3, node1" in ran.err
    out = known.run("journal").out
    assert re.search(r" step +node2  verified: ", out)


@pytest.mark.real_time
def test_a_process_that_was_stopped_from_outside_sends_nothing_to_the_next_node(
    known: Command, served: SimulatedCluster
) -> None:
    """P18."""
    child = known.start(*ROLL, "--yes", SERVICE, "--steady", "3")
    until(lambda: posts(served) == [2])
    child.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, child.pid, os.WSTOPPED)
    time.sleep(3.5)  # a second of it may not be noticed, and two count as a moment
    child.send_signal(signal.SIGCONT)
    ran = known.finish(child, 60)
    # As a rule at the next node; on a busy machine at the gate after this one.
    assert ran.code in (1, 3), ran.err
    assert "rsdeck was suspended for " in ran.err
    assert posts(served) == [2]


@pytest.mark.real_time
def test_a_hangup_that_is_to_be_ignored_stops_nothing(
    known: Command, served: SimulatedCluster
) -> None:
    nodes = ("--nodes", "node2,node3")
    child = known.start(*AGREED, *nodes, argv=("nohup", *RSDECK))
    until(lambda: posts(served) == [2])
    child.send_signal(signal.SIGHUP)
    ran = known.finish(child, 60)
    assert ran.code == 0, ran.err
    assert posts(served) == [2, 3]


@pytest.mark.real_time
def test_a_second_signal_leaves_at_once_and_the_journal_says_unknown(
    known: Command, served: SimulatedCluster
) -> None:
    child = known.start(*ROLL, "--yes", SERVICE)
    until(lambda: posts(served) == [2])
    child.send_signal(signal.SIGINT)
    assert child.stderr is not None
    assert "stopping" in child.stderr.readline()
    child.send_signal(signal.SIGINT)
    ran = known.finish(child, 20)
    assert ran.code == 1
    assert "is unknown" in ran.err
    assert re.search(r" step +node2  unknown: ", known.run("journal").out)
    assert known.run("journal", "--verify").code == 0


# A terminal


@pytest.mark.terminal
@pytest.mark.parametrize(("typed", "code"), [("y", 2), (SERVICE, 0)])
def test_on_a_terminal_the_name_is_typed_and_never_a_plain_yes(
    typed: str, code: int, known: Command, served: SimulatedCluster
) -> None:
    env = environment(known.home, DEMO_PASSWORD=PASSWORD)
    nodes = ("--nodes", "node2", "--steady", "1")
    with Terminal((*RSDECK, *ROLL, *nodes), env) as terminal:
        terminal.shows("type the service's name (alert_mgr)")
        assert not posts(served)
        terminal.send(f"{typed}\n".encode())
        assert terminal.ends(60) == code
    assert posts(served) == ([2] if code == 0 else [])


@pytest.mark.terminal
@pytest.mark.parametrize(("uid", "code"), [(2, 3), (3, 1)])
def test_a_gate_that_cannot_be_polled_is_exit_code_3_and_one_that_stays_closed_1(
    uid: int, code: int, known: Command, served: SimulatedCluster
) -> None:
    """Node2 is the first; node3 is only one of the others, and away."""
    env = environment(known.home, DEMO_PASSWORD=PASSWORD)
    with Terminal((*RSDECK, *ROLL), env) as terminal:
        terminal.shows("type the service's name (alert_mgr)")
        served.power_off(uid)
        terminal.send(f"{SERVICE}\n".encode())
        assert terminal.ends(60) == code
        terminal.shows("stopped at node2, nothing sent there", f"node{uid}", "verified: none")
    assert not posts(served)


@pytest.mark.real_time
def test_a_closed_stdout_stops_it_after_the_sent_action(
    known: Command, served: SimulatedCluster
) -> None:
    reading, writing = os.pipe()
    child = known.start(*AGREED, stdout=writing)
    os.close(writing)
    until(lambda: posts(served) == [2])
    os.close(reading)
    child.communicate(timeout=60)
    assert child.returncode == 141
    assert posts(served) == [2]
    assert re.search(r" step +node2  verified: ", known.run("journal").out)
