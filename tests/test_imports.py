"""What a command does not need, it does not import: seen in a fresh interpreter."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tui.sim.cluster import Cluster
from tui.sim.server import SimulatedCluster

pytestmark = pytest.mark.real_time

ROOT = Path(__file__).parent.parent
PASSWORD = "demo-password"
REPORT = """
import sys
from tui.cli.entry import main
try:
    code = main(sys.argv[1:])
finally:
    print("IMPORTED", *sorted(sys.modules), file=sys.stderr)
sys.exit(code)
"""


def run(*argv: str, folder: Path, **more: str) -> tuple[int, str, set[str]]:
    """Run the command line; gives its exit code, its stdout and what had been imported."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RSDECK")}
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", REPORT, *argv],
        env=kept | {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder)} | more,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    told = [line for line in done.stderr.splitlines() if line.startswith("IMPORTED ")]
    assert told, done.stderr
    return done.returncode, done.stdout, set(told[0].split()[1:])


@pytest.mark.parametrize("argv", [["--help"], ["--version"], ["nodes", "--help"], ["no-such"]])
def test_help_needs_neither_http_nor_validation_nor_a_window(
    argv: list[str], tmp_path: Path
) -> None:
    _, _, imported = run(*argv, folder=tmp_path)
    assert "click" in imported
    assert not imported & {"httpx", "httpcore", "pydantic", "textual", "rich", "uvicorn", "trustme"}


@pytest.mark.parametrize("argv", [["status"], ["rollout"], ["rollout", "restart"]])
def test_the_help_of_a_command_needs_no_window(argv: list[str], tmp_path: Path) -> None:
    code, out, imported = run(*argv, "--help", folder=tmp_path)
    assert code == 0
    assert ("Exit codes" in out) is (argv != ["rollout"])
    assert not imported & {"textual", "rich", "httpx", "pydantic"}


def whole(*more: str, folder: Path) -> tuple[int, str, set[str]]:
    """Run a whole command on a cluster of two, with its password in a variable."""
    with SimulatedCluster(Cluster(2, pace=0.1)) as served:
        tables = [
            f'[nodes.node{uid}]\nurl = "{url}"\nusername = "admin@demo.local"\ncluster = "demo"\n'
            f'password_env = "DECK_TEST_PASSWORD"\nfingerprint = "{served.fingerprint}"\n'
            for uid, url in served.urls.items()
        ]
        path = folder / "config.toml"
        path.write_text("\n".join(tables), encoding="utf-8")
        path.chmod(0o600)
        argv = ("--config", str(path), *more)
        return run(*argv, folder=folder, DECK_TEST_PASSWORD=PASSWORD)


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_a_whole_status_never_imports_the_window(more: list[str], tmp_path: Path) -> None:
    code, out, imported = whole("status", *(more or ["--all"]), folder=tmp_path)
    assert code == 0
    assert "alert_mgr" in out
    assert "optional" in out
    assert not imported & {"textual", "uvicorn", "trustme", "tomlkit"}
    # For an odd entry, an odd answer and a proxy alone.
    assert not imported & {
        "pydantic",
        "h11",
        "httpx",
        "httpcore",
        "anyio",
        "email",
        "random",
        "click",
    }
    # For what a status does not do: to record, to send, to follow.
    others = ("orders.", "rollout.", "events.", "fleet", "poll_once")
    not_needed = (
        *(f"tui.fleet.{one}" for one in others),
        "tui.journal.",
        "tui.history.",
        "tui.cli.first_frame",
    )
    assert not [name for name in imported if name.startswith(not_needed)]
    assert not imported & {"encodings.idna", "difflib"}


def test_a_proxy_needs_httpx_without_its_command_line() -> None:
    look = "import sys, tui.api.proxy_transport; print(*sys.modules)"
    done = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, check=True
    )
    imported = set(done.stdout.split())
    assert "httpx" in imported
    assert not imported & {"rich", "click", "textual"}


def test_the_window_comes_without_the_widgets_that_it_has_not() -> None:
    look = """
import sys
from tui.cli.deck import import_palette
import_palette()
import tui.ui.app
print(*sys.modules)
from textual.types import DirEntry
print(DirEntry.__module__)
"""
    done = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, check=True
    )
    imported, found = done.stdout.splitlines()
    not_needed = {f"textual.widgets._{one}" for one in ("tree", "directory_tree", "select")}
    assert not not_needed & set(imported.split())
    assert "textual.command" in imported.split()
    assert found == "textual.widgets._directory_tree"  # who wants it gets the real module


def test_a_whole_status_never_imports_rich(tmp_path: Path) -> None:
    _, _, imported = whole("status", folder=tmp_path)
    assert "rich" not in imported


@pytest.mark.parametrize(("more", "writes"), [([], set()), (["--add"], {"tomlkit"})])
def test_a_whole_discovery_never_imports_the_window(
    more: list[str], writes: set[str], tmp_path: Path
) -> None:
    code, out, imported = whole("discover", "node1", *more, folder=tmp_path)
    assert code == 0
    assert "has the profile node2" in out
    assert imported & {"textual", "rich", "uvicorn", "trustme", "tomlkit"} == writes
