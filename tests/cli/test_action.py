"""`rsdeck start|stop|restart`: looked at, confirmed, sent once, and an exit code for each end."""

import asyncio
import json
import re
import signal
import sys
import threading
from pathlib import Path

import pytest

from tests.cli.conftest import PASSWORD, RSDECK, Command, profiles, until
from tests.faultserver import LOGINS, Peer, serving
from tests.fleet.conftest import BOOTSTRAP, Play, configuration, keeping, profile
from tests.pty import Terminal, environment
from tui.cli.action_run import ActionRun
from tui.fleet.fleet import Fleet
from tui.fleet.order_preview import preview_order
from tui.fleet.protocols import NullJournal
from tui.journal.journal_file import JournalFile
from tui.journal.order_journal import OrderJournal, RolloutLock
from tui.journal.unfinished import find_unfinished_orders
from tui.model.node import Identity
from tui.model.order import Verb
from tui.model.rollout import Plan, Step
from tui.sim.server import SimulatedCluster

SERVICE = "alert_mgr"
YES = ("--yes", SERVICE, "--steady", "1")
TYPED = ("restart", "node2", SERVICE, "--steady", "1")


def posts(served: SimulatedCluster) -> list[int]:
    sent = (one for one in served.cluster.requests if one.method == "POST")
    return [one.uid for one in sent if one.path not in LOGINS]


def kinds(rsdeck: Command) -> list[str]:
    """The kinds of the journal's records."""
    out = rsdeck.run("journal", "--json").out
    return [json.loads(line)["kind"] for line in out.splitlines()]


# What is shown before


def test_a_dry_run_shows_node_role_service_and_request_and_sends_only_gets(
    known: Command, served: SimulatedCluster
) -> None:
    ran = known.run("restart", "node2", SERVICE, "--dry-run")
    assert (ran.code, ran.err) == (0, "rsdeck: a dry run: nothing was sent\n")
    assert f"{served.urls[2]}, node:2 node2.demo.cluster.local (replica)" in ran.out
    assert "alert_mgr: optional, RUNNING since 20" in ran.out
    assert re.search(r"^touches +\S", ran.out, re.MULTILINE)
    assert f"POST {served.urls[2]}/v1/local/services" in ran.out
    assert '"operation_type": "restart", "services": ["alert_mgr"]' in ran.out
    assert posts(served) == []
    assert not (known.home / ".local").exists()


def test_a_dry_run_may_be_read_only_and_an_action_not(
    known: Command, served: SimulatedCluster
) -> None:
    assert known.run("--read-only", "restart", "node2", SERVICE, "--dry-run").code == 0
    ran = known.run("--read-only", "restart", "node2", SERVICE, *YES)
    assert (ran.code, ran.out) == (2, "")
    assert "read-only" in ran.err
    known.configure(profiles(served, 'password_env = "DEMO_PASSWORD"\nread_only = true'))
    ran = known.run("restart", "node2", SERVICE, *YES)
    assert ran.code == 2
    assert "the node's profile says so" in ran.err
    assert not posts(served)


# What is refused


@pytest.mark.parametrize(
    ("args", "code", "error"),
    [
        (("restart", "node9", SERVICE), 2, "unknown_node"),
        (("restart", "node1", "nope", "--yes", "nope"), 2, "unknown_service"),
        (("restart", "node1", SERVICE), 2, "not_confirmed"),
        (("restart", "node1", SERVICE, "--yes", "y"), 2, "not_confirmed"),
        (("stop", "node1", SERVICE, "mdns_server", "--yes", SERVICE), 2, "not_confirmed"),
        (("start", "node1", SERVICE, "--yes", SERVICE), 2, "nothing_to_do"),
        (("stop", "node1", "ccs", "--yes", "ccs"), 2, "locked"),
    ],
)
def test_what_is_refused_ends_with_its_code_and_nothing_is_sent(
    args: tuple[str, ...], code: int, error: str, known: Command, served: SimulatedCluster
) -> None:
    """P28."""
    ran = known.run(*args, "--json")
    assert ran.code == code
    assert json.loads(ran.out)["error"]["code"] == error
    assert posts(served) == []


def test_a_locked_service_is_the_decks_alone_and_the_journal_has_the_refusal(
    known: Command, served: SimulatedCluster
) -> None:
    """P28."""
    ran = known.run("stop", "node1", "ccs", "--yes", "ccs")
    assert ran.code == 2
    assert "locked: ccs: required. To stop it can harm the cluster" in ran.err
    assert "Only the deck sends it; nothing was sent" in ran.err
    assert kinds(known) == ["session", "refused", "session_end"]


def test_a_node_that_is_away_is_exit_code_3(known: Command, served: SimulatedCluster) -> None:
    served.power_off(2)
    ran = known.run("restart", "node2", SERVICE, *YES)
    assert ran.code == 3
    assert ran.err.endswith("; nothing was sent\n")


def rolled_elsewhere(rsdeck: Command, served: SimulatedCluster) -> RolloutLock:
    """Begin a rollout of another process through the cluster."""
    steps = tuple(Step(f"node{uid}", url, Identity(uid), ()) for uid, url in served.urls.items())
    state = rsdeck.home / ".local" / "state"
    state.mkdir(parents=True)
    lock = RolloutLock(
        state / "rsdeck", Plan(1, Verb.RESTART, "demo", (SERVICE,), steps), "elsewhere"
    )
    lock.take()
    return lock


def test_an_action_in_a_cluster_that_another_process_rolls_is_refused_before_it_is_confirmed(
    known: Command, served: SimulatedCluster
) -> None:
    other = rolled_elsewhere(known, served)
    ran = known.run("restart", "node2", SERVICE, "--dry-run")
    asked = known.run(*TYPED, typed="y\n")
    assert ran.code == asked.code == 3
    for err in (ran.err, asked.err):
        what = "another rsdeck rolls restart alert_mgr on 3 nodes of demo"
        assert re.match(rf"rsdeck: {what} \(user .+, pid \d+ on elsewhere, for \d+ s\): ", err)
        assert err.endswith("): wait until it ends, or abort it there; nothing was sent\n")
    report = known.run("restart", "node2", SERVICE, "--dry-run", "--json")
    error = json.loads(report.out)["error"]
    assert (error["code"], error["retryable"]) == ("not_sent", True)
    rollout = known.run("rollout", "restart", SERVICE, "--cluster", "demo", "--dry-run", "--json")
    assert rollout.code == 3
    error = json.loads(rollout.out)["error"]
    assert (error["code"], error["retryable"]) == ("not_sent", True)
    assert rollout.err.count("rolls restart alert_mgr") == 1
    other.free()
    assert known.run("restart", "node2", SERVICE, "--dry-run").code == 0
    assert not posts(served)


def test_without_a_place_for_the_journal_nothing_is_sent(
    known: Command, served: SimulatedCluster
) -> None:
    folder = known.home / ".local" / "state" / "rsdeck"
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    for confirmed in (known.run("restart", "node2", SERVICE, *YES), known.run(*TYPED, typed="y\n")):
        assert confirmed.code == 3
        assert "chmod" in confirmed.err
        assert "Send it?" not in confirmed.err  # that is said before anything is to be confirmed
    assert not posts(served)


# What is sent


@pytest.mark.real_time
def test_a_restart_is_sent_once_verified_and_in_the_journal(
    known: Command, served: SimulatedCluster
) -> None:
    ran = known.run("restart", "node2", SERVICE, *YES, "--reason", "new logging", "--json")
    assert ran.code == 0, ran.err
    assert posts(served) == [2]
    made = json.loads(ran.out)
    assert (made["sent"], made["verified"], made["tier"]) == (True, True, "plain")
    (service,) = made["services"]
    assert (service["name"], service["result"]) == (SERVICE, "verified")
    assert kinds(known) == ["session", "intent", "sent", "result", "verdict", "session_end"]
    out = known.run("journal", "--json").out
    assert made["id"] in out
    assert "new logging" in out
    assert known.run("journal", "--verify").code == 0


@pytest.mark.real_time
def test_several_services_are_one_request_and_each_is_named(
    known: Command, served: SimulatedCluster
) -> None:
    both = (SERVICE, "mdns_server")
    ran = known.run("stop", "node1", *both, *YES, "--yes", "mdns_server")
    assert ran.code == 0, ran.err
    assert posts(served) == [1]
    assert [line.split(":")[0] for line in ran.out.splitlines()[-2:]] == [
        f"node1 {name}" for name in both
    ]


@pytest.mark.real_time
def test_what_the_node_refuses_is_exit_code_1(known: Command, served: SimulatedCluster) -> None:
    served.cluster.refuse_next(2, SERVICE)
    ran = known.run("restart", "node2", SERVICE, *YES, "--timeout", "2s")
    assert ran.code == 1
    assert "node2 alert_mgr: failed, the node reported failure; still RUNNING" in ran.out
    assert posts(served) == [2]


@pytest.mark.real_time
def test_a_disk_that_is_full_before_the_verdict_is_told(
    known: Command, served: SimulatedCluster
) -> None:
    """The action is recorded before it is sent; that its verdict is not must not be silent."""
    journal = known.home / ".local" / "state" / "rsdeck" / "journal.jsonl"
    journal.parent.mkdir(parents=True, mode=0o700)
    largest, room = 16_384, 1_500  # the session and the intent take 1,000 bytes
    journal.write_bytes(b"{}".ljust(largest - room - 1) + b"\n")
    journal.chmod(0o600)
    limit = f"import os, resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, ({largest},) * 2)"
    # No compiled module is written meanwhile: half of one would stay.
    limit += "; os.environ['PYTHONDONTWRITEBYTECODE'] = '1'"
    small_disk = (sys.executable, "-c", f"{limit}; os.execv(sys.executable, sys.argv[1:])")
    ran = known.run_process("restart", "node2", SERVICE, *YES, argv=(*small_disk, *RSDECK))
    assert posts(served) == [2]
    assert "node2 alert_mgr: verified" in ran.out
    told = f"rsdeck: the journal lacks what came of it: {journal}: File too large\n"
    assert ran.err.endswith(told)


# Output that cannot be written


@pytest.mark.real_time
def test_a_verdict_that_cannot_be_printed_ends_with_no_code_of_an_unsent_action(
    known: Command, served: SimulatedCluster
) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as disk:
        ran = known.run_process("restart", "node2", SERVICE, *YES, "--json", stdout=disk)
    assert ran.code == 1
    assert ran.err.endswith("; the journal has what was sent\n")
    assert posts(served) == [2]
    assert kinds(known)[-2:] == ["verdict", "session_end"]


@pytest.mark.real_time
def test_steps_that_cannot_be_printed_change_nothing(
    known: Command, served: SimulatedCluster
) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as disk:
        ran = known.run_process("restart", "node2", SERVICE, *YES, stderr=disk)
    assert ran.code == 0
    assert "node2 alert_mgr: verified" in ran.out
    assert posts(served) == [2]


@pytest.mark.real_time
def test_that_nothing_was_sent_is_the_exit_code_though_its_sentence_cannot_be_written(
    known: Command, served: SimulatedCluster
) -> None:
    served.power_off(2)
    with Path("/dev/full").open("w", encoding="utf-8") as disk:
        ran = known.run_process("restart", "node2", SERVICE, *YES, stderr=disk)
    assert ran.code == 3


# Interrupted


@pytest.mark.real_time
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_after_it_was_sent_a_signal_leaves_it_unknown_and_in_the_journal(
    number: signal.Signals, known: Command, served: SimulatedCluster
) -> None:
    child = known.start("restart", "node2", SERVICE, "--yes", SERVICE, "--steady", "60")
    until(lambda: posts(served))
    child.send_signal(number)
    ran = known.finish(child)
    assert ran.code == 1
    assert "node2 alert_mgr: unknown, interrupted" in ran.out
    assert kinds(known)[:3] == ["session", "intent", "sent"]
    assert "verdict" not in kinds(known)


async def test_before_it_is_sent_a_signal_sends_nothing_and_leaves_no_unknown(
    tmp_path: Path,
) -> None:
    play, hangs, ended = Play(), threading.Event(), threading.Event()
    who = play.answers["GET", BOOTSTRAP]
    assert isinstance(who, bytes)

    def hang(peer: Peer) -> None:
        """Answer who it is, but for the check before the POST."""
        if not fleet.orders.open:
            return peer.send(who)
        hangs.set()
        ended.wait(60)
        return None

    with serving(play) as server:
        nodes = [profile(server.url)]
        found = await preview_order(
            configuration(nodes),
            "node1",
            Verb.RESTART,
            [SERVICE],
            keeping(nodes),
            journal=NullJournal(),
        )
        assert found.bound.order is not None
        fleet = Fleet(
            configuration(nodes), passwords=keeping(nodes), journal=OrderJournal(tmp_path / "state")
        )
        run = ActionRun(fleet, found.bound.order, quiet=True)
        play.get(BOOTSTRAP, hang)
        task = asyncio.create_task(run.run())
        await asyncio.to_thread(hangs.wait, 10)
        run.stop(signal.SIGINT)
        end = await task
        ended.set()
        assert not server.posts
    assert (end.sent, end.signal, end.text) == (False, 2, "interrupted; nothing was sent")
    lines = JournalFile(tmp_path / "state").lines()
    assert find_unfinished_orders(lines) == ()


# A terminal


@pytest.mark.real_time
@pytest.mark.parametrize(
    ("environment_", "typed", "code"),
    [("", "y\n", 0), ("", "\n", 2), ("production", "y\n", 2), ("production", f"{SERVICE}\n", 0)],
)
def test_on_a_terminal_it_takes_what_the_deck_takes(
    environment_: str, typed: str, code: int, known: Command, served: SimulatedCluster
) -> None:
    more = f'\nenvironment = "{environment_}"' if environment_ else ""
    known.configure(profiles(served, f'password_env = "DEMO_PASSWORD"{more}'))
    ran = known.run("restart", "node2", SERVICE, "--steady", "1", typed=typed)
    assert ran.code == code, ran.err
    assert ("the node is marked production" in ran.out) is bool(environment_)
    assert posts(served) == ([2] if code == 0 else [])


@pytest.mark.terminal
def test_ctrl_c_at_the_prompt_sends_nothing(known: Command, served: SimulatedCluster) -> None:
    env = environment(known.home, DEMO_PASSWORD=PASSWORD)
    with Terminal((*RSDECK, "restart", "node2", SERVICE), env) as terminal:
        terminal.shows("Send it? [y/N]")
        # Python takes a signal between the prompt and the wait for input only with the next key.
        terminal.press_until(b"\x03", lambda: terminal.child.poll() is not None)
        assert terminal.ends() == 130
    assert not posts(served)
