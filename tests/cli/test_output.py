"""With --json, why a command could not do its work is one object on stdout."""

import errno
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import USER, Command, Ran, profiles, terminal
from tui.cli.errors import CommandError
from tui.cli.output import (
    aligned_columns,
    fold_column,
    folded_columns,
    stacked_columns,
    unwritten,
)
from tui.sim.server import SimulatedCluster

ALERT = ("node1", "alert_mgr")
COMMANDS = [
    ("status", "node1"),
    ("wait", *ALERT, "--for", "running", "--timeout", "0"),
    ("restart", *ALERT, "--dry-run"),
    ("discover", "node1"),
    ("why", "node1"),
]
"""Each with --json, and with a node that is polled."""


def error_of(ran: Ran) -> dict[str, Any]:
    whole = json.loads(ran.out)
    error: dict[str, Any] = whole["error"]
    assert error.keys() == {"code", "message", "node", "retryable"}
    assert error["message"] in ran.err
    return error


@pytest.mark.parametrize("command", [*COMMANDS, ("snapshot",), ("config", "check")])
def test_a_broken_configuration(command: tuple[str, ...], rsdeck: Command) -> None:
    rsdeck.configure('[nodes.node1]\nurl = "https://db1"\nusrname = "x"\n')
    if command == ("config", "check"):  # it has no --json, and prints none
        assert rsdeck.run(*command).out == ""
        return
    ran = rsdeck.run(*command, "--json")
    assert ran.code == 2
    error = error_of(ran)
    assert (error["code"], error["node"], error["retryable"]) == ("configuration", None, False)
    assert rsdeck.run(*command).out == ""


@pytest.mark.parametrize("command", [*COMMANDS, ("snapshot", "node1")])
def test_an_unknown_node(command: tuple[str, ...], known: Command) -> None:
    words = ["node9" if word == "node1" else word for word in command]
    ran = known.run(*words, "--json")
    assert ran.code == 2
    error = error_of(ran)
    assert (error["code"], error["node"], error["retryable"]) == ("unknown_node", "node9", False)


@pytest.mark.parametrize("command", COMMANDS)
def test_an_unreachable_node(
    command: tuple[str, ...], known: Command, served: SimulatedCluster
) -> None:
    served.power_off(1)
    ran = known.run(*command, "--json")
    assert ran.code == 3
    error = error_of(ran)
    assert (error["code"], error["node"], error["retryable"]) == ("unreachable", "node1", True)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_refused_login(
    command: tuple[str, ...], known: Command, served: SimulatedCluster
) -> None:
    served.cluster.users[USER].password = "another"
    known.configure(profiles(served, 'password_env = "DEMO_PASSWORD"', settings="timeout = 5"))
    ran = known.run(*command, "--json")
    assert ran.code == 3
    error = error_of(ran)
    assert (error["code"], error["node"], error["retryable"]) == ("login_refused", "node1", False)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("journal",), "no_data"),
        (("status", "--nope"), "usage"),
        (("wait", *ALERT, "--for", "up"), "usage"),
    ],
)
def test_every_command_with_json_ends_so(
    command: tuple[str, ...], code: str, known: Command
) -> None:
    ran = known.run(*command, "--json")
    assert ran.code == 2
    assert error_of(ran)["code"] == code


def test_what_could_not_be_printed_after_an_action_ends_with_no_code_of_an_unsent_one() -> None:
    """P28: such a code would say that nothing was sent."""
    full = unwritten(OSError(errno.ENOSPC, "No space left on device"))
    assert isinstance(full, CommandError)
    assert full.exit_code == 1
    assert "No space left on device; the journal has what was sent" in full.message
    gone = BrokenPipeError()
    assert unwritten(gone) is gone


ROWS = [
    ("pinned", "sha256:1f2e  node1, node2 and node3", "ok"),
    ("no answer", "node4: refused the connection", ""),
]


def test_a_long_column_is_folded_at_words_to_fit_the_terminal() -> None:
    shown = aligned_columns(fold_column(ROWS, 1, 36)).splitlines()
    assert shown == [
        "pinned     sha256:1f2e node1,  ok",
        "           node2 and node3",
        "no answer  node4: refused the",
        "           connection",
    ]
    assert all(len(line) <= 36 for line in shown)


def test_what_fits_or_has_no_room_is_not_folded_and_no_word_is_broken() -> None:
    assert fold_column(ROWS, 1, 80) is ROWS
    assert fold_column(ROWS, 1, 30) is ROWS
    word = "x" * 50
    assert fold_column([("a", f"{word} b", "")], 1, 40) == [["a", word, ""], ["", "b", ""]]
    assert fold_column([("a", word), ("b", "")], -1, 40) == [["a", word], ["b", ""]]


NODES = [
    ("NAME", "URL", "CLUSTER", "LOGIN"),
    ("node1", "https://node1.example.com:9443", "payments", "ops@example.com (file)"),
    ("node2", "https://node2.example.com:9443", "-", "ops@example.com (keyring)"),
]


def test_on_a_narrow_terminal_columns_stand_below_each_other_and_elsewhere_beside(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with terminal(50) as narrow, terminal(120) as wide, (tmp_path / "x").open("w") as file:
        monkeypatch.setattr(sys, "stdout", narrow)
        assert stacked_columns(NODES).splitlines() == [
            "node1  https://node1.example.com:9443",
            "  cluster payments, login ops@example.com (file)",
            "node2  https://node2.example.com:9443",
            "  login ops@example.com (keyring)",
        ]
        for stream in (wide, file):
            monkeypatch.setattr(sys, "stdout", stream)
            assert stacked_columns(NODES) == aligned_columns(NODES)


def test_on_a_terminal_columns_are_folded_and_elsewhere_they_are_whole(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sentence = "warning: a restart of this service stops the alerts of the production cluster"
    with terminal(40) as narrow, (tmp_path / "x").open("w") as file:
        monkeypatch.setattr(sys, "stdout", narrow)
        folded = folded_columns([("warning", sentence)]).splitlines()
        monkeypatch.setattr(sys, "stdout", file)
        assert folded_columns([("warning", sentence)]) == f"warning  {sentence}"
    assert all(len(line) <= 40 for line in folded)
    assert " ".join(" ".join(folded).split()) == f"warning {sentence}"
