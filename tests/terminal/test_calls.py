"""The bell and the desktop are called where `[notify]` says so, in one form, and else never."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests import oracle
from tests.oracle import strange
from tests.pty import RSDECK, Terminal, environment
from tests.terminal.conftest import PASSWORD, configure
from tests.terminal.hostile import PAYLOADS
from tui.sim.cluster import Cluster
from tui.sim.server import SimulatedCluster

pytestmark = pytest.mark.terminal

TMUX = {"TMUX": "/tmp/tmux-1000/default,1,0"}  # noqa: S108 - nothing is opened there
FORMS = [
    pytest.param("osc9", {}, oracle.OSC9, id="osc9"),
    pytest.param("osc777", {}, oracle.OSC777, id="osc777"),
    pytest.param("osc9", TMUX, oracle.TMUX_OSC9, id="osc9 in tmux"),
    pytest.param("osc777", TMUX, oracle.TMUX_OSC777, id="osc777 in tmux"),
]


@contextmanager
def deck(notify: str, home: Path, **env: str) -> Iterator[tuple[Terminal, Cluster]]:
    with SimulatedCluster(Cluster(1, pace=0.1)) as served:
        configure(home, served, f"refresh = 0.5\n[notify]\n{notify}\n")
        env = environment(home, DECK_TEST_PASSWORD=PASSWORD) | env
        with Terminal(RSDECK, env, size=(160, 40)) as terminal:
            terminal.shows("32/32 ok")
            yield terminal, served.cluster


def calls(terminal: Terminal, form: re.Pattern[str]) -> list[str]:
    return [one[1] for one in form.finditer(terminal.written.decode("utf-8", "replace"))]


def bells(written: bytes | bytearray) -> int:
    """Count the bells that end no sequence."""
    return re.sub(rb"\x1b\][^\x07]*\x07", b"", bytes(written)).count(b"\x07")


def leave(terminal: Terminal, *asked_for: re.Pattern[str]) -> bytes:
    terminal.send(b"\x11")
    assert terminal.ends() == 0
    written = bytes(terminal.written)
    assert strange(written, *asked_for) == []
    return written


@pytest.mark.parametrize(("protocol", "env", "form"), FORMS)
def test_a_desktop_notice_comes_at_once_and_the_next_with_a_count(
    protocol: str, env: dict[str, str], form: Any, tmp_path: Path
) -> None:
    notify = f'desktop = ["status"]\nprotocol = "{protocol}"'
    with deck(notify, tmp_path, **env) as (terminal, cluster):
        cluster.set_status(1, "alert_mgr", "FATAL")
        terminal.until(lambda: calls(terminal, form))
        for name in ("mdns_server", "cm_server", "pdns_server"):
            cluster.set_status(1, name, "BACKOFF")
        terminal.shows("28/32 ok")
        assert len(calls(terminal, form)) == 1
        terminal.until(lambda: len(calls(terminal, form)) == 2)
        first, then = calls(terminal, form)
        assert first == "node1 alert_mgr: status, RUNNING → FATAL, not sent from here"
        assert (
            then == "node1 pdns_server (and 2 more): status, RUNNING → BACKOFF, not sent from here"
        )
        written = leave(terminal, form)
    assert strange(written)
    assert not bells(written)


def test_the_bell_rings_for_what_is_in_the_list_alone(tmp_path: Path) -> None:
    with deck('bell = ["vanished"]', tmp_path) as (terminal, cluster):
        cluster.set_status(1, "alert_mgr", "FATAL")
        terminal.shows("31/32 ok")
        terminal.quiet(0.5)
        assert not bells(terminal.written)
        cluster.remove_service(1, "mdns_server")
        terminal.until(lambda: bells(terminal.written) == 1)
        assert strange(leave(terminal, oracle.BELL))


@pytest.mark.parametrize("env", [{}, TMUX], ids=["alone", "tmux"])
def test_without_configured_notifications_the_terminal_gets_none(
    env: dict[str, str], tmp_path: Path
) -> None:
    with deck("", tmp_path, **env) as (terminal, cluster):
        cluster.set_status(1, "alert_mgr", "FATAL")
        cluster.remove_service(1, "mdns_server")
        terminal.shows("30/31 ok")
        cluster.power_off(1)
        terminal.shows("UNREACHABLE")
        terminal.quiet(0.5)
        leave(terminal)


@pytest.mark.parametrize(("protocol", "env", "form"), FORMS)
def test_hostile_names_reach_timeline_and_desktop_as_text_alone(
    protocol: str, env: dict[str, str], form: Any, tmp_path: Path
) -> None:
    notify = f'desktop = ["appeared", "vanished", "status"]\nprotocol = "{protocol}"'
    with deck(notify, tmp_path, **env) as (terminal, cluster):
        terminal.send(b"e")
        terminal.shows("timeline · ")
        names = [name for name in PAYLOADS.values() if name.isascii()]
        names += ["\x1b]9;rsdeck: forged\x07", "\x1b]777;notify;rsdeck;forged\x07", "x;y"]
        for name in names:
            cluster.add_service(1, name, status=name)
        terminal.until(lambda: len(calls(terminal, form)) == 1)
        for name in names:
            cluster.remove_service(1, name)
        terminal.until(lambda: len(calls(terminal, form)) == 2)
        terminal.send(b"/")
        terminal.shows("service=")
        terminal.send(b"forged\r")
        terminal.shows("4 shown")
        terminal.send(b"j\x1b!")
        terminal.quiet(0.3)
        leave(terminal, form)


@pytest.mark.parametrize(
    "forged",
    [
        b"\x1b]9;pwned\x07",
        b"\x1b]9;4;3;50\x07",
        b"\x1b]9;rsdeck: a;b\x07",
        b"\x1b]9;rsdeck: \x1b]52;c;eA==\x07",
        b"\x1b]9;rsdeck: " + b"x" * 201 + b"\x07",
        b"\x1b]9;rsdeck: x\x1b\\",
        "\x1b]9;rsdeck: a\u202eb\x07".encode(),
        b"\x1b]777;notify;other;x\x07",
        b"\x1b]777;rm;rsdeck;x\x07",
        b"\x1bPtmux;\x1b\x1b]9;pwned\x07\x1b\\",
        b"\x1bPtmux;\x1b\x1b]9;rsdeck: x\x07\x1b\x1b]52;c;eA==\x07\x1b\\",
    ],
)
def test_the_oracle_sees_a_forged_notice(forged: bytes) -> None:
    forms = (oracle.OSC9, oracle.OSC777, oracle.TMUX_OSC9, oracle.TMUX_OSC777)
    assert strange(b"x" + forged + b"y", *forms)


def test_the_oracle_accepts_the_decks_notices_only_where_they_are_configured() -> None:
    own = "\x1b]9;rsdeck: node1: lost, no route → away\x07".encode()
    assert strange(own, oracle.OSC9) == []
    assert strange(own)
    assert strange(own, oracle.OSC777, oracle.TMUX_OSC9, oracle.BELL)


def test_the_command_gets_what_happens_and_no_secret(tmp_path: Path) -> None:
    got, script = tmp_path / "got", tmp_path / "page"
    script.write_text(f"#!/bin/sh\ncat >> {got}\nenv >> {got}\n", encoding="utf-8")
    script.chmod(0o755)
    with deck(f'command = ["{script}"]\ncommand_events = ["status"]', tmp_path) as (
        terminal,
        cluster,
    ):
        cluster.set_status(1, "alert_mgr", "FATAL")
        terminal.until(lambda: got.exists() and "PATH=" in got.read_text("utf-8"))
        leave(terminal)
    told = json.loads(got.read_text("utf-8").splitlines()[0])
    assert (told["node"], told["service"], told["status"]) == ("node1", "alert_mgr", "FATAL")
    assert PASSWORD not in got.read_text("utf-8")
