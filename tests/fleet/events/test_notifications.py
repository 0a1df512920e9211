"""Which events are worth a bell or a notice, and how often there may be one."""

import asyncio
import json
import os
import stat
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.events import ELSEWHERE, EXAMPLES, HERE, event
from tui.config import Notify
from tui.fleet.events.notifications import (
    WAITING_AT_MOST,
    BellLimit,
    DesktopNotices,
    NotifyCommand,
    notice_text,
    should_notify,
)
from tui.model.event import (
    Cause,
    ConnectionLost,
    Event,
    EventKind,
    OrderEnded,
    RolloutMoved,
    Sender,
    StatusChange,
)
from tui.model.order import Result, Verb
from tui.model.rollout import RolloutState

ALL = frozenset(EventKind)
RESTART = event(EXAMPLES[EventKind.RESTARTED], cause=ELSEWHERE)
RESTART_TEXT = "restarted, was seen EXITED on the way, not sent from here"


def test_only_what_is_in_the_list_is_worth_it() -> None:
    assert should_notify(RESTART, frozenset({EventKind.RESTARTED}))
    assert not should_notify(RESTART, ALL - {EventKind.RESTARTED})
    assert not should_notify(RESTART, frozenset())


def test_what_was_ordered_here_is_not() -> None:
    assert not should_notify(replace(RESTART, cause=HERE), ALL)


@pytest.mark.parametrize("result", Result)
def test_of_verdicts_only_those_that_are_not_verified_are(result: Result) -> None:
    verdict = event(OrderEnded(Verb.RESTART, result, "evidence"))
    assert should_notify(verdict, ALL) is (result is not Result.VERIFIED)
    # Who sent it with another process is there and looks.
    assert not should_notify(replace(verdict, sender=Sender("ops", 4242)), ALL)


@pytest.mark.parametrize("state", RolloutState)
def test_of_rollouts_those_that_stand_still_are_though_they_were_begun_here(
    state: RolloutState,
) -> None:
    rollout = event(RolloutMoved(1, "restart ccs", state), service="", cause=HERE)
    still = state in (RolloutState.PAUSED, RolloutState.ABORTED)
    assert should_notify(rollout, ALL) is still
    assert not should_notify(rollout, ALL - {EventKind.ROLLOUT})


def test_the_bell_rings_once_a_second_at_most() -> None:
    bells = BellLimit()
    assert [bells.rings(at / 10) for at in range(25)].count(True) == 3
    assert BellLimit().rings(0.0)


def test_the_first_notice_goes_out_at_once_and_the_next_after_a_while_with_a_count() -> None:
    notices = DesktopNotices()
    assert notices.wait(100.0) is None
    assert notices.take(100.0) == ""
    notices.add(RESTART)
    assert notices.wait(100.0) == 0
    assert notices.take(100.0) == f"node1 alert_mgr: restarted, {RESTART_TEXT}"
    for service in ("a", "b", "c"):
        notices.add(replace(RESTART, service=service))
    assert notices.wait(101.0) == 4
    assert notices.take(105.0) == f"node1 c (and 2 more): restarted, {RESTART_TEXT}"
    assert notices.wait(106.0) is None


def test_a_notice_names_the_node_alone_where_it_is_meant() -> None:
    lost = event(ConnectionLost(None, "no route"), service="")
    assert notice_text(lost) == "node1: lost, no route"


def test_a_notice_of_a_sent_action_calls_it_as_the_screen_does() -> None:
    sent = event(EXAMPLES[EventKind.ORDERED])
    assert notice_text(sent).startswith("node1 alert_mgr: action, ")


STOPPED = event(StatusChange("RUNNING", "STOPPED"), service="ccs")


class Script:
    """A small script that a test writes, what it was given, and what was reported of it."""

    def __init__(self, folder: Path, body: str, *, limit: float = 10.0) -> None:
        self.got = folder / "got"
        path = folder / "script"
        path.write_text(f"#!/bin/sh\nGOT={self.got}\n{body}\n", encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        self.warned: list[str] = []
        environ = dict(os.environ) | {"RSDECK_PASSWORD": "hunter2", "AWS_SECRET": "hunter2"}
        notify = Notify(command=(str(path),))
        self.command = NotifyCommand(notify, environ, self.warned.append, limit=limit)

    def happens(self, event: Event = STOPPED, cluster: str = "") -> None:
        self.command.event_happened(replace(event, at=time.monotonic()), cluster)

    @property
    def lines(self) -> list[str]:
        return self.got.read_text("utf-8").splitlines()


async def until(ready: Callable[[], object]) -> None:
    end = time.monotonic() + 10
    while not ready():
        assert time.monotonic() < end, "it did not happen in time"
        await asyncio.sleep(0.01)


async def test_it_gets_one_line_of_json_on_stdin(tmp_path: Path) -> None:
    script = Script(tmp_path, "cat >> $GOT; echo ignored; echo ignored >&2")
    script.happens(STOPPED, "payments")
    script.happens(event(EXAMPLES[EventKind.LOST], service=""), "payments")
    await script.command.idle()
    first, second = map(json.loads, script.lines)
    assert (first["node"], first["cluster"]) == (STOPPED.node, "payments")
    assert (first["service"], first["what"], first["status"]) == ("ccs", "status", "STOPPED")
    assert (first["problem"], first["dropped"]) == (True, 0)
    assert (second["what"], second["service"], second["status"]) == ("lost", "", None)
    assert not script.warned


async def test_it_gets_no_variable_that_may_hold_a_secret(tmp_path: Path) -> None:
    """P27."""
    script = Script(tmp_path, "cat > /dev/null; env > $GOT")
    script.happens()
    await script.command.idle()
    assert "hunter2" not in script.got.read_text("utf-8")
    assert {line.partition("=")[0] for line in script.lines} <= {
        "HOME", "LANG", "LC_ALL", "LC_CTYPE", "LOGNAME", "PATH", "SHELL", "TMPDIR", "TZ", "USER",
        "PWD", "_", "SHLVL",
    }  # fmt: skip


@pytest.mark.real_time
async def test_one_runs_at_a_time_and_what_is_too_much_is_dropped_and_counted(
    tmp_path: Path,
) -> None:
    script = Script(tmp_path, "mkdir $GOT.lock || exit 9; cat >> $GOT; rmdir $GOT.lock")
    for _ in range(WAITING_AT_MOST + 7):
        script.happens()
    await script.command.idle()
    assert len(script.lines) == WAITING_AT_MOST
    script.happens()
    await script.command.idle()
    assert json.loads(script.lines[-1])["dropped"] == 7
    assert script.warned == ["7 events were not passed to notify.command"]


async def test_one_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    """P27."""
    script = Script(tmp_path, "sleep 60 & echo $! > $GOT; wait", limit=0.5)
    began = time.monotonic()
    script.happens()
    await script.command.idle()
    assert time.monotonic() - began < 10
    assert script.warned == ["notify.command: it did not end within 0.5 s"]
    child = int(script.lines[0])
    await until(lambda: not _runs(child))


def _runs(pid: int) -> bool:
    """Whether a process runs; one that ended and is not yet reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii").split()[2] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("exit 3", "it failed with exit code 3"),
        ("kill -9 $$", "it failed with signal 9"),
    ],
)
async def test_a_failure_is_reported_once_until_it_succeeds_again(
    body: str, why: str, tmp_path: Path
) -> None:
    script = Script(tmp_path, f"test -e $GOT || {{ {body}; }}")
    for _ in range(3):
        script.happens()
    await script.command.idle()
    script.got.touch()
    script.happens()
    await script.command.idle()
    script.got.unlink()
    script.happens()
    await script.command.idle()
    assert script.warned == [f"notify.command: {why}"] * 2


async def test_one_that_is_not_there_is_reported(tmp_path: Path) -> None:
    warned: list[str] = []
    notify = Notify(command=(str(tmp_path / "none"),))
    command = NotifyCommand(notify, {}, warned.append)
    command.event_happened(replace(STOPPED, at=time.monotonic()), "")
    await command.idle()
    assert warned == ["notify.command: it cannot be run: No such file or directory"]


async def test_one_that_runs_ends_with_the_deck(tmp_path: Path) -> None:
    script = Script(tmp_path, "echo $$ > $GOT; exec sleep 60")
    script.happens()
    task = script.command._running
    assert task is not None
    await until(lambda: script.got.exists() and script.lines)
    task.cancel()
    await asyncio.wait({task})
    assert not _runs(int(script.lines[0]))


async def test_it_gets_no_event_that_notify_does_not_want_or_of_an_earlier_session(
    tmp_path: Path,
) -> None:
    script = Script(tmp_path, "cat >> $GOT")
    script.happens(replace(STOPPED, cause=Cause.ORDERED_HERE))
    script.command.event_happened(STOPPED, "")
    none = NotifyCommand(Notify(), {}, script.warned.append)
    none.event_happened(replace(STOPPED, at=time.monotonic()), "")
    await script.command.idle()
    await none.idle()
    assert not script.got.exists()
