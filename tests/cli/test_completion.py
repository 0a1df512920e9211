"""Completion in real shells: commands, nodes, clusters and services, without polling any node."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, Command

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
BASH = """
source /dev/stdin <<< "$(rsdeck completion bash)"
COMP_WORDS=({words}); COMP_CWORD={at}
_rsdeck_completion rsdeck
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def completed(rsdeck: Command, *words: str) -> list[str]:
    """Return what click offers for the last word."""
    env = {
        "_RSDECK_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(("rsdeck", *words)),
        "COMP_CWORD": str(len(words)),
    }
    ran = rsdeck.run_process(env=env)
    return [line.partition(",")[2] for line in ran.out.splitlines() if line]


@pytest.mark.real_time
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("stat",), ["status"]),
        (("status", ""), ["alpha", "beta"]),
        (("status", "al"), ["alpha"]),
        (("check", "--cluster", "p"), ["payments"]),
        (("wait", "alpha", "alert"), ["alert_mgr"]),
        (("--node", "b"), ["beta"]),
    ],
)
def test_names_complete(words: tuple[str, ...], offered: list[str], rsdeck: Command) -> None:
    rsdeck.configure(NODES)
    assert completed(rsdeck, *words) == offered


@pytest.mark.real_time
def test_a_broken_configuration_completes_nothing_and_says_nothing(rsdeck: Command) -> None:
    rsdeck.configure("[nodes\n")
    assert completed(rsdeck, "status", "") == []


@pytest.mark.real_time
def test_bash_completes_a_node(rsdeck: Command, tmp_path: Path) -> None:
    rsdeck.configure(NODES)
    program = tmp_path / "rsdeck"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tui "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    env = rsdeck.env | {"PATH": f"{tmp_path}:{rsdeck.env['PATH']}", "PYTHONPATH": str(ROOT)}
    script = BASH.format(words="rsdeck status al", at=2)
    ran = subprocess.run(  # noqa: S603 - our own words
        ("bash", "-c", script),  # noqa: S607 - the shell under test
        capture_output=True, text=True, check=False, cwd=ROOT, env=env,
    )  # fmt: skip
    assert ran.stdout.split() == ["alpha"], ran.stderr


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
    ran = subprocess.run((program, "-n", path), capture_output=True, text=True, check=False)  # noqa: S603
    assert ran.returncode == 0, ran.stderr
