"""Case 55: put to sleep and woken, the deck goes on, and what it shows first is of now.

Cases 55 and 63, P18.
"""

import re
import signal
from pathlib import Path

import pytest

from tests.pty import RSDECK, Terminal, environment
from tests.terminal.conftest import PASSWORD, REFRESH, Open, configure
from tui.sim.server import SimulatedCluster

pytestmark = pytest.mark.terminal

ALT = b"\x1b[?1049h"
_OLD = re.compile("STALE|UNREACHABLE|unreachable")


def leave(terminal: Terminal) -> None:
    terminal.send(b"q")
    assert terminal.ends() == 0
    assert terminal.is_given_back


def test_a_suspended_deck_gives_the_terminal_back_and_takes_it_again_when_resumed(
    opened: Open,
) -> None:
    with opened() as terminal:
        terminal.shows("alert_mgr")
        for times in (2, 3):
            terminal.signal(signal.SIGTSTP)
            terminal.until(lambda: terminal.is_stopped)
            terminal.quiet(0.1)
            assert terminal.is_given_back
            assert "alert_mgr" not in terminal.left
            terminal.signal(signal.SIGCONT)
            terminal.until(lambda times=times: terminal.written.count(ALT) == times)
            terminal.shows("alert_mgr", "32 ok")
        leave(terminal)


def test_the_suspend_key_stops_the_job_of_a_shell_and_fg_resumes_it(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    configure(tmp_path, served)
    env = environment(tmp_path, DECK_TEST_PASSWORD=PASSWORD, PS1="shell> ")
    # The deck is below another process of its job, which must stop with it.
    command = " ".join((RSDECK[0], "-c", "'import subprocess, sys; subprocess.call(sys.argv[1:])'"))
    deck = " ".join(RSDECK)
    with Terminal(("/bin/bash", "--norc", "--noprofile", "-i"), env) as terminal:
        terminal.shows("shell>")
        terminal.send(f"{command} {deck}\n".encode())
        for _ in range(2):
            terminal.shows("alert_mgr", "32 ok")
            terminal.send(b"\x1a")
            terminal.shows("Stopped", "shell>")
            assert "alert_mgr" not in terminal.text
            terminal.send(b"fg\n")
        terminal.shows("alert_mgr", "32 ok")
        terminal.send(b"q")
        terminal.until(lambda: terminal.text.rstrip().endswith("shell>"))
        terminal.send(b"exit\n")
        terminal.ends()


def test_the_suspend_key_does_nothing_where_no_shell_could_resume_the_deck(opened: Open) -> None:
    with opened() as terminal:
        terminal.shows("alert_mgr")
        terminal.send(b"\x1a")
        terminal.send(b"?")
        terminal.shows("─ Help")
        assert not terminal.is_stopped
        terminal.send(b"\x1b")
        terminal.until(lambda: "─ Help" not in terminal.text)
        leave(terminal)


def test_no_copy_of_the_deck_is_left_where_there_is_no_alternate_screen(opened: Open) -> None:
    with opened() as terminal:  # whose model knows none
        terminal.shows("alert_mgr", "32 ok")
        leave(terminal)
        assert "alert_mgr" not in terminal.text


def test_a_woken_deck_shows_at_once_how_old_its_rows_are(
    opened: Open, served: SimulatedCluster
) -> None:
    # An answer that came while the deck was stopped has timed out when it goes on.
    with opened(settings=f"{REFRESH}\ntimeout = 1") as terminal:
        terminal.shows("alert_mgr", "polled 0 s ago")
        terminal.signal(signal.SIGTSTP)
        terminal.until(lambda: terminal.is_stopped)
        terminal.quiet(2.5)
        served.cluster.power_off(1)
        try:
            terminal.signal(signal.SIGCONT)
            terminal.until(lambda: terminal.written.count(ALT) == 2)
            # A frame is written colour by colour. On a busy machine a poll may have failed before.
            terminal.until(lambda: _OLD.search(painted(terminal)))
            terminal.quiet(0.2)
            assert "polled 0 s ago" not in painted(terminal)
        finally:
            served.cluster.power_on(1)
        leave(terminal)


def painted(terminal: Terminal) -> str:
    """Give the text painted since the deck took the terminal last."""
    after = bytes(terminal.written).rpartition(ALT)[2].decode(errors="ignore")
    return re.sub(r"\x1b\[[^a-zA-Z]*[a-zA-Z]", "", after)


def test_stray_wakings_change_nothing(opened: Open) -> None:
    with opened() as terminal:
        terminal.shows("alert_mgr")
        for _ in range(3):
            terminal.signal(signal.SIGCONT)
            terminal.quiet(0.2)
        terminal.send(b"?")
        terminal.shows("─ Help")
        terminal.send(b"\x1b")
        terminal.until(lambda: "─ Help" not in terminal.text)
        leave(terminal)


def test_a_deck_stopped_by_force_goes_on(opened: Open) -> None:
    with opened() as terminal:
        terminal.shows("alert_mgr")
        for _ in range(2):
            terminal.signal(signal.SIGSTOP)
            terminal.until(lambda: terminal.is_stopped)
            terminal.signal(signal.SIGCONT)
            terminal.quiet(0.3)
        terminal.shows("alert_mgr")
        leave(terminal)


def test_a_deck_ended_while_suspended_ends_when_resumed(opened: Open) -> None:
    with opened() as terminal:
        terminal.shows("alert_mgr")
        terminal.signal(signal.SIGTSTP)
        terminal.until(lambda: terminal.is_stopped)
        terminal.signal(signal.SIGTERM)
        terminal.signal(signal.SIGCONT)
        assert terminal.ends() == 143
        assert terminal.is_given_back
