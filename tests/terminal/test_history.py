"""The history of real decks: killed, opened again, and two at a time."""

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.pty import ROOT, RSDECK, environment
from tests.terminal.conftest import Open
from tui.sim.server import SimulatedCluster

pytestmark = pytest.mark.terminal


def events(home: Path) -> list[dict[str, Any]]:
    """Ask `rsdeck events` as another terminal would."""
    argv = (*RSDECK, "events", "--json", "--since", "1h")
    done = subprocess.run(  # noqa: S603 - our own words
        argv, cwd=ROOT, env=environment(home), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def stopped(home: Path, service: str) -> list[str]:
    """List the nodes on which a service came to a stop."""
    mine = (one for one in events(home) if one["service"] == service)
    return [one["node"] for one in mine if "→ STOPPED" in one["text"]]


@pytest.fixture
def service(served: SimulatedCluster) -> Iterator[str]:
    """Name a service, and leave it running at the end: the cluster is others' too."""
    yield "mdns_server"
    served.cluster.start(1, "mdns_server")
    served.cluster.start(2, "mdns_server")


def test_a_killed_deck_loses_nothing_that_it_had_seen_a_moment_before(
    served: SimulatedCluster, opened: Open, service: str, tmp_path: Path
) -> None:
    with opened() as terminal:
        terminal.shows("alert_mgr", "/32 ok")
        served.cluster.stop(1, service)
        terminal.shows("→ STOPPED")
        terminal.until(lambda: stopped(tmp_path, service))
        terminal.signal(signal.SIGKILL)
        terminal.ends()
    with opened() as terminal:
        terminal.shows("alert_mgr", "/32 ok", service)
        terminal.send(b"d")
        terminal.shows("The last 24 hours")
        terminal.send(b"\t\x1b[F")
        terminal.shows("What happened", "→ STOPPED")
        terminal.send(b"\x11")
        assert terminal.ends() == 0
    assert stopped(tmp_path, service) == ["node1"]
    folder = tmp_path / ".local" / "state" / "rsdeck"
    assert not list(folder.glob("*broken*"))


def test_of_two_decks_one_writes_the_history_and_after_it_the_other(
    served: SimulatedCluster, opened: Open, service: str, tmp_path: Path
) -> None:
    with ExitStack() as decks:
        first = decks.enter_context(opened())
        first.shows("alert_mgr", "/32 ok")
        first.until(lambda: list(tmp_path.rglob("history.sqlite3")))
        second = decks.enter_context(opened("--read-only"))
        second.shows("alert_mgr", "/32 ok")
        second.send(b"d")
        second.shows("another deck keeps the history")
        second.send(b"\x1b")
        served.cluster.stop(1, service)
        first.shows("→ STOPPED")
        second.shows("→ STOPPED")
        first.until(lambda: stopped(tmp_path, service))
        assert stopped(tmp_path, service) == ["node1"]
        first.send(b"q")
        assert first.ends() == 0

        def flipped() -> bool:
            served.cluster.stop(2, service)
            second.quiet(1.0)
            served.cluster.start(2, service)
            second.quiet(1.0)
            return "node2" in [one["node"] for one in events(tmp_path) if one["service"] == service]

        second.until(flipped, seconds=40)
        second.send(b"q")
        assert second.ends() == 0
