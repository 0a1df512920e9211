"""The site suffices: what it says to type is typed, by someone who has nothing else."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT

pytestmark = pytest.mark.real_time

PAGES = ROOT / "docs" / "pages"
FILES = PAGES / "files"


def block(page: str, language: str) -> str:
    """Return the first block of a language in a page."""
    text = (PAGES / page).read_text("utf-8")
    found = re.search(rf"^( *)```{language}\n(.*?)^\1```$", text, re.DOTALL | re.MULTILINE)
    assert found is not None, (page, language)
    return textwrap.dedent(found[2])


def run(script: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run a script in a shell whose `rsdeck` is this one, with an empty home."""
    program = folder / "bin" / "rsdeck"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tui "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    (folder / "home").mkdir()
    env = {
        "HOME": str(folder / "home"),
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
    }
    return subprocess.run(  # noqa: S603 - the pages' own words
        ("/bin/bash", "-c", script),
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )


def free_ports(count: int) -> int:
    """Return the first of some neighbouring ports that are free now."""
    for first in range(21000, 60000, 97):
        try:
            for port in range(first, first + count):
                socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return first
    raise OSError("no free ports")


def test_a_service_is_restarted_by_the_script_and_it_is_known_that_it_worked(
    tmp_path: Path,
) -> None:
    first = free_ports(3)
    cluster = block("index.md", "sh")
    assert "--port 19443" in cluster
    assert "19442 + n" in cluster
    cluster = cluster.replace("19443", str(first)).replace("19442", str(first - 1))
    (tmp_path / "restart.sh").write_text(block("scripts.md", "bash"), encoding="utf-8")
    script = f"{cluster}\nsh restart.sh; code=$?; rsdeck journal --last 6; kill %1; exit $code"
    ran = run(script, tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "node3  32/32" in ran.stdout
    assert "verified: a new start time, and stable" in ran.stdout
    kinds = [line.split()[3] for line in ran.stdout.splitlines()[-6:]]
    assert kinds == ["session", "intent", "sent", "result", "verdict", "session_end"]


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_prometheus_takes_the_configuration_of_the_page_and_the_rules_beside_it(
    tmp_path: Path,
) -> None:
    (tmp_path / "prometheus.yml").write_text(block("metrics.md", "yaml"), encoding="utf-8")
    for path in FILES.glob("*.yml"):
        shutil.copy(path, tmp_path)
    script = "promtool check config prometheus.yml && promtool test rules rsdeck.rules.test.yml"
    ran = run(script, tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "1 rule files found" in ran.stdout


def test_every_alert_is_in_the_table_and_every_state_of_the_dashboard_has_a_colour() -> None:
    rules = (FILES / "rsdeck.rules.yml").read_text("utf-8")
    named = re.findall(r"- alert: (\w+)", rules)
    page = (PAGES / "metrics.md").read_text("utf-8")
    assert named
    assert re.findall(r"^\| `(R\w+)` \|", page, re.MULTILINE) == named
    assert json.loads((FILES / "rsdeck.json").read_text("utf-8"))["panels"]
