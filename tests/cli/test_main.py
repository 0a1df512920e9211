import json
import os
import pty
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tests.cli.conftest import ROOT, Command, profiles, until
from tests.cli.test_options import options
from tui import __version__
from tui.cli.main import LazyGroup
from tui.cli.main import rsdeck as group
from tui.cli.output import aligned_columns
from tui.model.text import width
from tui.sim.server import SimulatedCluster

COMMANDS = ("config", "demo", "nodes", "rollout", "simulate", "status")


def test_version_is_one_line(rsdeck: Command) -> None:
    ran = rsdeck.run("--version")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == f"rsdeck, version {__version__}\n"


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_names_every_command_the_exit_codes_and_examples(option: str, rsdeck: Command) -> None:
    ran = rsdeck.run(option)
    assert (ran.code, ran.err) == (0, "")
    for name in COMMANDS:
        assert re.search(rf"^  {name} +\S", ran.out, re.MULTILINE)
    assert "Examples:" in ran.out
    for example in ("rsdeck demo", "rsdeck status node1 --json", "rsdeck config path"):
        assert re.search(rf"^ +{example}  +\S", ran.out, re.MULTILINE)
    codes = "Exit codes: 0 all well or verified, 1 something is down or not verified"
    assert codes in ran.out
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    assert " ".join(ran.out[ran.out.index(codes) :].split()) in readme  # one list, the same twice


@pytest.mark.parametrize(
    "words",
    [
        *((name,) for name in COMMANDS),
        ("config", "path"),
        ("config", "check"),
        ("rollout", "restart"),
    ],
)
def test_every_command_has_a_help_with_a_sentence(words: tuple[str, ...], rsdeck: Command) -> None:
    for option in ("--help", "-h"):
        ran = rsdeck.run(*words, option)
        assert (ran.code, ran.err) == (0, "")
        assert ran.out.startswith(f"Usage: rsdeck {' '.join(words)} [OPTIONS]")
        assert re.search(r"^  [A-Z].+\.$", ran.out, re.MULTILINE)


def helps(
    command: click.Command, name: str, parent: click.Context | None = None
) -> Iterator[tuple[str, str]]:
    """Yield the help of a command and of those under it, as 80 columns show it."""
    settings = command.context_settings if parent is None else {}
    ctx = click.Context(command, info_name=name, parent=parent, terminal_width=80, **settings)
    yield ctx.command_path, command.get_help(ctx)
    if isinstance(command, click.Group):
        for sub in command.list_commands(ctx):
            child = command.get_command(ctx, sub)
            assert child is not None
            yield from helps(child, sub, ctx)


def test_no_help_is_broken_within_a_word_by_80_columns() -> None:
    whole = dict(helps(group, "rsdeck"))
    assert len(whole) > len(COMMANDS)
    for name, text in whole.items():
        too_long = [line for line in text.splitlines() if width(line) > 80]
        assert not too_long, name


def test_no_help_has_a_range_with_a_number_that_nobody_reads() -> None:
    for name, text in helps(group, "rsdeck"):
        assert not re.search(r"\d{8}", "".join(re.findall(r"\[[^]]*<=.*?\]", text))), name


def test_the_help_of_status_shows_the_exit_codes_and_examples(rsdeck: Command) -> None:
    out = rsdeck.run("status", "--help").out
    assert "0 all well, 1 something is down, 2 usage or configuration" in out
    assert "rsdeck status --problems" in out
    assert "rsdeck status --json" in out


@pytest.mark.real_time
def test_the_help_waits_for_nothing_that_it_does_not_need(rsdeck: Command) -> None:
    heavy = (
        "textual",
        "rich",
        "httpx",
        "pydantic",
        "uvicorn",
        "trustme",
        "tomlkit",
        "platformdirs",
    )
    ran = rsdeck.run_process("--help", argv=rsdeck.without(*heavy))
    assert ran.code == 0


@pytest.mark.parametrize(
    "args",
    [
        ("nope",),
        ("--nope",),
        ("status", "--nope"),
        ("config",),
        ("config", "nope"),
        ("demo", "--nodes", "0"),
        ("demo", "--nodes", "many"),
        ("demo", "superfluous"),
        ("simulate", "--port", "70000"),
    ],
)
def test_wrong_usage_is_exit_code_2_on_stderr(args: tuple[str, ...], rsdeck: Command) -> None:
    ran = rsdeck.run(*args)
    assert ran.code == 2
    assert ran.out == ""
    assert "Usage: rsdeck" in ran.err


def test_an_option_without_its_value_is_refused_with_the_value_it_needs(rsdeck: Command) -> None:
    """Of every option of every command."""
    taking = [found for found in options(group) if not found[1].is_flag]
    assert len(taking) > 40
    for words, option in taking:
        ran = rsdeck.run(*words.split())
        assert (ran.code, ran.out) == (2, "")
        *usage, error = ran.err.splitlines()
        command = " ".join(["rsdeck", *words.split()[:-1]])
        assert usage[0].startswith(f"Usage: {command} [OPTIONS]")
        assert error.startswith(f"Error: Option '{option.opts[0]}' needs a value, ")
        assert option.help is None or error.endswith(f": {option.help}")
    ran = rsdeck.run("restart", "node1", "ccs", "--json", "--yes")
    assert ran.code == 2
    text = "Confirm this service by its name; several: each with its own --yes."
    assert json.loads(ran.out)["error"]["message"] == (
        f"Option '--yes' needs a value, SERVICE: {text}"
    )
    assert "Option '--json' does not take a value" in rsdeck.run("status", "--json=1").err


def test_without_a_terminal_the_deck_says_so_and_ends_with_2(rsdeck: Command) -> None:
    for args in ((), ("--read-only",), ("--node", "node1")):
        ran = rsdeck.run(*args)
        assert ran.code == 2
        assert ran.out == ""
        assert "needs a terminal" in ran.err
        assert "rsdeck status" in ran.err


@pytest.mark.terminal
@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_terminal_that_can_draw_nothing_is_none(term: str, rsdeck: Command) -> None:
    ours, theirs = pty.openpty()
    child = rsdeck.start(stdin=theirs, stdout=theirs, stderr=theirs, env={"TERM": term})
    os.close(theirs)
    printed = os.read(ours, 4096)
    assert child.wait(60) == 2
    os.close(ours)
    assert b"needs a terminal" in printed


@pytest.mark.terminal
def test_on_a_terminal_an_unknown_node_is_reported_with_the_known_ones(
    rsdeck: Command, served: SimulatedCluster
) -> None:
    rsdeck.configure(profiles(served, ""))
    ours, theirs = pty.openpty()
    child = rsdeck.start(
        "--node", "no\x1b[31mde", stdin=theirs, stdout=theirs, stderr=theirs, env={"TERM": "xterm"}
    )
    os.close(theirs)
    printed = b""
    while b"\n" not in printed:
        printed += os.read(ours, 4096)
    assert child.wait(60) == 2
    os.close(ours)
    assert "no node 'no␛[31mde' in".encode() in printed
    assert b"node1, node2, node3" in printed
    assert b"\x1b" not in printed


@pytest.mark.parametrize("words", [("status",), ("nodes",), ("config", "check")])
def test_a_named_configuration_that_is_missing_is_exit_code_2(
    words: tuple[str, ...], rsdeck: Command, tmp_path: Path
) -> None:
    missing = tmp_path / "nowhere" / "config.toml"
    for ran in (
        rsdeck.run("--config", str(missing), *words),
        rsdeck.run(*words, env={"RSDECK_CONFIG": str(missing)}),
    ):
        assert ran.code == 2
        assert ran.out == ""
        assert ran.err == f"rsdeck: {missing}: there is no such file\n"


def test_a_configuration_that_is_a_folder_a_pipe_or_a_device_is_exit_code_2(
    rsdeck: Command, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    for path in (tmp_path, tmp_path / "pipe", Path("/dev/zero")):
        assert rsdeck.run("--config", str(path), "nodes").code == 2
        assert rsdeck.run("nodes", env={"RSDECK_CONFIG": str(path)}).code == 2


@pytest.mark.real_time
def test_a_folder_that_was_removed_is_no_traceback(rsdeck: Command, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    script = f"cd {gone} && rmdir {gone} && exec {sys.executable} -m tui --config x.toml nodes"
    ran = rsdeck.run_process(argv=("sh", "-c", script), env={"PYTHONPATH": str(Path.cwd())})
    assert ran.code == 2
    assert "No such file or directory" in ran.err


def test_a_user_without_a_home_has_no_configuration_and_no_traceback(rsdeck: Command) -> None:
    for name in ("HOME", "XDG_CONFIG_HOME"):
        del rsdeck.env[name]
    rsdeck.env["HOME"] = ""
    assert rsdeck.run("status").code == 2
    assert rsdeck.run("config", "path").code == 0


def test_the_group_offers_what_it_can_import() -> None:
    assert isinstance(group, LazyGroup)
    context = group.make_context("rsdeck", ["nodes"])
    for name in group.list_commands(context):
        assert group.get_command(context, name) is not None
    assert group.get_command(context, "nope") is None
    context.close()


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("", 0),
        ("abc", 3),
        ("漢字", 4),
        ("e\u0301", 1),
        ("\uff37", 2),
        ("한글", 4),
        ("ก็", 1),
        ("␛\ufffd", 2),
    ],
)
def test_width_counts_the_cells_of_a_terminal(text: str, cells: int) -> None:
    assert width(text) == cells


def test_columns_are_aligned_by_cells_and_end_without_spaces() -> None:
    assert aligned_columns([("a", "b", "c"), ("漢", "ccc", ""), ("x", "y", "z")]) == (
        "a   b    c\n漢  ccc\nx   y    z"
    )
    assert aligned_columns([("only",)]) == "only"


@pytest.mark.real_time
def test_a_reader_that_has_gone_may_be_that_of_stderr(rsdeck: Command) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    child = rsdeck.start("status", stderr=writing)
    os.close(writing)
    out, _ = child.communicate(timeout=60)
    assert (child.returncode, out) == (141, "")


@pytest.mark.real_time
def test_ctrl_c_at_any_moment_of_a_start_is_no_traceback(rsdeck: Command) -> None:
    child = rsdeck.start("simulate")
    until(lambda: Path(f"/proc/{child.pid}/cmdline").exists())
    assert child.stdout is not None
    child.stdout.readline()
    child.send_signal(2)
    assert rsdeck.finish(child).code == 0
