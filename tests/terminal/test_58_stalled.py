"""Case 58, promise P18: a terminal that reads nothing holds up nobody, and sees no old news."""

import os
import signal
import time

import pytest

from tests.terminal.conftest import Open
from tui.sim.server import SimulatedCluster

pytestmark = pytest.mark.terminal


def test_polls_go_on_and_the_memory_is_flat(opened: Open, served: SimulatedCluster) -> None:
    with opened() as terminal:
        terminal.shows("alert_mgr", "node1")
        # Each key paints the whole screen; nobody reads it.
        stall(terminal.master)
        before, asked = terminal.memory(), len(served.cluster.requests)
        end = time.monotonic() + 4
        while time.monotonic() < end or len(served.cluster.requests) - asked < 4:
            stall(terminal.master)
            time.sleep(0.2)
            assert time.monotonic() < end + 40, "the polls have stopped"
        assert terminal.memory() - before < 20_000_000
        terminal.shows("polled 0 s ago", "alert_mgr")
        terminal.send(b"q")
        assert terminal.ends() == 0
        assert terminal.is_given_back


def test_a_signal_ends_a_deck_whose_terminal_is_not_read(opened: Open) -> None:
    with opened() as terminal:
        terminal.shows("alert_mgr")
        for _ in range(10):
            stall(terminal.master)
            time.sleep(0.1)
        terminal.signal(signal.SIGTERM)
        assert terminal.child.wait(30) == 143
        while terminal.read():
            pass
        assert terminal.is_given_back


def stall(master: int) -> None:
    """Have the whole screen painted a few times."""
    os.write(master, b"\x0c" * 20)
