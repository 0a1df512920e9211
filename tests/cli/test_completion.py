"""Completion in real shells: commands, nodes, clusters and services, without polling any node."""

import asyncio
import resource
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, Command, Ran
from tests.history.conftest import reading, service
from tests.pty import Terminal, environment
from tui.history.recorder import HistoryRecorder

NODES = """
[nodes.alpha]
url = "https://127.0.0.1:1"
username = "admin@demo.local"
cluster = "payments"
password_env = "P"

[nodes.beta]
url = "https://127.0.0.1:2"
username = "admin@demo.local"
cluster = "orders"
password_env = "P"
"""


def asked_for(words: Sequence[str]) -> dict[str, str]:
    """Return the variables by which a shell asks to complete the last word."""
    return {
        "_RSDECK_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(("rsdeck", *words)),
        "COMP_CWORD": str(len(words)),
    }


def completed(ran: Ran) -> list[str]:
    """Return what is offered."""
    return [line.partition(",")[2] for line in ran.out.splitlines() if line]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("stat",), ["status"]),
        (("status", ""), ["alpha", "beta"]),
        (("status", "al"), ["alpha"]),
        (("check", "--cluster", "p"), ["payments"]),
        (("wait", "alpha", "alert"), ["alert_mgr"]),
        (("--node", "b"), ["beta"]),
        (("trust", "a"), ["alpha"]),
        (("trust", "--cluster", ""), ["orders", "payments"]),
        (("discover", ""), ["alpha", "beta"]),
        (("events", "--node", "b"), ["beta"]),
        (("rollout", "restart", "alert"), ["alert_mgr"]),
        (("rollout", "restart", "ccs", "--cluster", "o"), ["orders"]),
        (("rollout", "restart", "ccs", "--nodes", "alpha,"), ["alpha,beta"]),
        (("restart", "be"), ["beta"]),
        (("start", "alpha", "alert"), ["alert_mgr"]),
        (("stop", "alpha", "ccs", "--yes", "cc"), ["ccs"]),
        (("demo", "--theme", "d"), ["dark", "deuteranopia"]),
        (("demo", "--theme", "my"), ["my-own"]),
    ],
)
def test_names_complete(words: tuple[str, ...], offered: list[str], rsdeck: Command) -> None:
    themes = rsdeck.configure(NODES).parent / "themes"
    themes.mkdir()
    (themes / "my-own.toml").touch()
    assert completed(rsdeck.run(env=asked_for(words))) == offered


def test_a_broken_configuration_completes_nothing_and_says_nothing(rsdeck: Command) -> None:
    rsdeck.configure("[nodes\n")
    assert completed(rsdeck.run(env=asked_for(("status", "")))) == []


def _program(folder: Path) -> Path:
    """Write a program `rsdeck` into a folder, for the PATH of a shell."""
    program = folder / "rsdeck"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tui "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return program


SETUP = {
    "bash": (("--norc", "--noprofile", "-i"), "source {script}"),
    "zsh": (("-f", "-i"), "autoload -Uz compinit; compinit -u -D; source {script}"),
    "fish": (("--no-config", "--interactive"), "source {script}"),
}


@pytest.mark.terminal
@pytest.mark.parametrize("shell", SETUP)
@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("status al", "rsdeck status alpha"),
        ("restart beta my_serv", "rsdeck restart beta my_service"),
        ("demo --theme deut", "rsdeck demo --theme deuteranopia"),
    ],
)
def test_a_real_shell_completes_nodes_themes_and_the_services_of_the_history(
    shell: str, typed: str, shown: str, rsdeck: Command, tmp_path: Path
) -> None:
    options, setup = SETUP[shell]
    path = shutil.which(shell)
    if path is None:
        pytest.skip(f"{shell} is not installed")
    rsdeck.configure(NODES)
    _keep_service(rsdeck, "my_service")
    _program(tmp_path)
    script = tmp_path / "script"
    script.write_text(rsdeck.run("completion", shell).out, encoding="utf-8")
    env = environment(rsdeck.home) | {"PYTHONPATH": str(ROOT)}
    env["PATH"] = f"{tmp_path}:{env['PATH']}"
    with Terminal((path, *options), env) as terminal:
        terminal.send(f"{setup.format(script=script)}; echo rea''dy\r".encode())
        terminal.shows("ready")
        terminal.send(f"rsdeck {typed}\t".encode())
        terminal.shows(shown)


def _keep_service(rsdeck: Command, name: str) -> None:
    """Have the history know a service."""

    async def keep() -> None:
        recorder = HistoryRecorder(rsdeck.home / ".local" / "state" / "rsdeck")
        await recorder.begin()
        recorder.reading(reading(service(name), node="beta"), "orders")
        recorder.end()

    asyncio.run(keep())


@pytest.mark.real_time
def test_values_complete_at_once(rsdeck: Command) -> None:
    """The interpreter's own start left out: what completing adds to it."""
    rsdeck.configure(NODES)
    _keep_service(rsdeck, "my_service")
    services = _took(rsdeck, ("restart", "beta", "my"), ["my_service"])
    themes = _took(rsdeck, ("demo", "--theme", "l"), ["light"])
    bare = []
    for _ in range(5):
        began = _children()
        subprocess.run((sys.executable, "-c", "import click"), check=True)
        bare.append(_children() - began)
    assert services - min(bare) < 0.1, bare
    assert themes - min(bare) < 0.1, bare


def _took(rsdeck: Command, words: tuple[str, ...], offered: list[str]) -> float:
    """Return the least processor time of five times completing, in seconds."""
    took = []
    for _ in range(5):
        began = _children()
        assert completed(rsdeck.run_process(env=asked_for(words))) == offered
        took.append(_children() - began)
    return min(took)


def _children() -> float:
    """The seconds of processor time that the children of this process took."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.real_time
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_one_that_its_shell_reads(
    shell: str, rsdeck: Command, tmp_path: Path
) -> None:
    script = rsdeck.run("completion", shell).out
    assert "_RSDECK_COMPLETE" in script
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    path = tmp_path / "script"
    path.write_text(script, encoding="utf-8")
    ran = subprocess.run((program, "-n", path), capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    assert ran.returncode == 0, ran.stderr
