"""A dialog that the terminal has not shown decides nothing, whatever is typed."""

import os
import signal
import time
from pathlib import Path

import pytest

from tests.faultserver import LOGINS
from tests.pty import RSDECK, Terminal, environment
from tests.terminal.conftest import PASSWORD, Open, configure
from tui.sim.server import SimulatedCluster

pytestmark = [pytest.mark.real_time, pytest.mark.terminal]

SERVICE = b"alert_mgr"


def posts(served: SimulatedCluster) -> int:
    sent = (one for one in served.cluster.requests if one.method != "GET")
    return sum(one.path not in LOGINS for one in sent)


def production(home: Path, served: SimulatedCluster) -> Terminal:
    path = configure(home, served)
    text = path.read_text().replace("cluster = ", 'environment = "production"\ncluster = ')
    path.write_text(text)
    return Terminal(RSDECK, environment(home, DECK_TEST_PASSWORD=PASSWORD))


def select(terminal: Terminal) -> None:
    terminal.shows("alert_mgr", "optional", "RUNNING")
    terminal.send(b"/alert_mgr\r")
    terminal.shows("filter: alert_mgr")
    terminal.quiet(1.0)


def type_blind(terminal: Terminal, *keys: bytes, seconds: float, fill: bool) -> None:
    """Type while nobody reads what the deck writes, and wait so long after each."""
    if fill:
        for _ in range(10):
            os.write(terminal.master, b"\x0c" * 20)  # paints the whole screen, into a full pty
            time.sleep(0.1)
    for key in keys:
        os.write(terminal.master, key)
        time.sleep(seconds)


@pytest.mark.parametrize("fill", [False, True], ids=["reader stopped", "frames dropped"])
def test_keys_typed_at_a_stalled_terminal_confirm_nothing(
    fill: bool, opened: Open, served: SimulatedCluster
) -> None:
    """P5, case 41."""
    before = posts(served)
    with opened() as terminal:
        select(terminal)
        type_blind(terminal, b"r", b"y", b"y", seconds=2.5, fill=fill)
        assert posts(served) == before
        terminal.asks("y restarts")
        terminal.quiet(0.5)
        assert posts(served) == before
        terminal.press_until(b"y", lambda: posts(served) == before + 1)
        # With an action open, the key that quits is confirmed by itself.
        terminal.press_until(b"\x11", lambda: terminal.child.poll() is not None)


def test_a_name_typed_at_a_stalled_terminal_confirms_nothing(
    tmp_path: Path, served: SimulatedCluster
) -> None:
    """P5, case 41."""
    before = posts(served)
    with production(tmp_path, served) as terminal:
        select(terminal)
        type_blind(terminal, b"r", SERVICE, b"\r", b"\r", seconds=2.5, fill=True)
        terminal.shows("type alert_mgr")
        terminal.quiet(1.0)
        assert posts(served) == before


def test_a_name_and_enter_in_one_write_confirm_nothing(
    tmp_path: Path, served: SimulatedCluster
) -> None:
    """P5, case 41."""
    before = posts(served)
    with production(tmp_path, served) as terminal:
        select(terminal)
        terminal.press_until(b"r", lambda: "type alert_mgr" in terminal.text)
        terminal.asks("type alert_mgr, enter")
        terminal.quiet(0.3)
        terminal.send(SERVICE + b"\r")
        terminal.quiet(1.5)
        assert posts(served) == before
        terminal.press_until(b"\r", lambda: posts(served) == before + 1)
        # With an action open, the key that quits is confirmed by itself.
        terminal.press_until(b"\x11", lambda: terminal.child.poll() is not None)


def test_a_terminal_that_answers_confirms_a_dialog_and_again_once_the_deck_was_stopped(
    opened: Open, served: SimulatedCluster
) -> None:
    """P5: a key that was typed while SIGSTOP kept the deck from running decides nothing."""
    before = posts(served)
    with opened() as terminal:
        select(terminal)
        terminal.press_until(b"r", lambda: terminal.is_asking("y restarts"))
        assert "not confirming" not in terminal.text
        terminal.signal(signal.SIGSTOP)
        terminal.until(lambda: terminal.is_stopped)
        terminal.send(b"y")
        terminal.signal(signal.SIGCONT)
        terminal.shows("too early")
        assert posts(served) == before


def test_a_terminal_that_never_answers_is_named_and_a_quiet_second_decides(
    opened: Open, served: SimulatedCluster
) -> None:
    before = posts(served)
    with opened(answers=False) as terminal:
        select(terminal)
        terminal.press_until(b"r", lambda: "wait a moment" in terminal.text)
        terminal.send(b"y")
        terminal.asks("y restarts")
        assert posts(served) == before
        terminal.press_until(b"y", lambda: posts(served) == before + 1)
        terminal.shows("Terminal not confirming")
        # With an action open, the key that quits is confirmed by itself.
        terminal.press_until(b"\x11", lambda: terminal.child.poll() is not None)
