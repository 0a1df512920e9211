"""Case 53, promise P19: however the deck ends, the terminal is given back."""

import signal

import pytest

from tests.pty import Terminal
from tests.terminal.conftest import Open, planted

pytestmark = pytest.mark.terminal

SIGNALS = [
    (signal.SIGTERM, 143, "rsdeck: ended by SIGTERM\n"),
    (signal.SIGHUP, 129, "rsdeck: ended by SIGHUP\n"),
    (signal.SIGQUIT, 131, "rsdeck: ended by SIGQUIT\n"),
    (signal.SIGINT, 130, "rsdeck: interrupted\n"),
]


def assert_given_back(terminal: Terminal) -> None:
    assert terminal.is_given_back, bytes(terminal.written[-400:])
    assert b"Traceback" not in terminal.written


@pytest.mark.parametrize(("number", "code", "said"), SIGNALS)
def test_a_signal_ends_the_deck_and_gives_the_terminal_back(
    number: signal.Signals, code: int, said: str, opened: Open
) -> None:
    with opened() as terminal:
        terminal.shows("alert_mgr")
        terminal.signal(number)
        assert terminal.ends() == code
        assert_given_back(terminal)
        assert terminal.left == said


def test_q_ends_the_deck_without_output(opened: Open) -> None:
    with opened() as terminal:
        terminal.shows("alert_mgr")
        terminal.send(b"q")
        assert terminal.ends() == 0
        assert_given_back(terminal)
        assert terminal.left == ""


def test_a_signal_as_the_deck_opens_gives_the_terminal_back(opened: Open) -> None:
    with opened() as terminal:
        terminal.until(lambda: b"\x1b[?1049h" in terminal.written)
        terminal.signal(signal.SIGTERM)
        assert terminal.ends() == 143
        assert_given_back(terminal)


def test_many_signals_are_as_one(opened: Open) -> None:
    with opened() as terminal:
        terminal.shows("alert_mgr")
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            terminal.signal(number)
        assert terminal.ends() in {143, 129, 130}
        assert_given_back(terminal)
        assert terminal.left.count("\n") == 1


BUGS = {
    "poll": "import tui.fleet.polling.poller as m\nm.NodePoller._publish_services = boom",
    "paint": "import tui.ui.table.live_table as m\nm.LiveTable.render_line = boom",
    "compose": "import tui.ui.screens.deck as m\nm.DeckScreen.compose = boom",
    "mount": "import tui.ui.screens.deck as m\nm.DeckScreen.on_mount = boom",
    "key": "import tui.ui.screens.deck as m\nm.DeckScreen.action_sort = boom",
}
_BOOM = """
def boom(*_, **__):
    canary_local = 'hunter2-' + 'canary'
    raise KeyError('hunter2-' + 'canary', chr(27) + '[31m')
"""


@pytest.mark.parametrize("place", BUGS)
def test_a_bug_ends_the_deck_with_types_and_lines_and_no_values(place: str, opened: Open) -> None:
    with opened(argv=planted(_BOOM + BUGS[place])) as terminal:
        if place == "key":
            terminal.shows("alert_mgr")
            terminal.send(b"S")
        assert terminal.ends() == 1
        assert terminal.is_given_back
        assert b"canary" not in terminal.written
        first, *lines = terminal.left.splitlines()
        assert first == "rsdeck has a bug and had to stop. Please report these lines:"
        assert "builtins.KeyError" in lines
        assert any(" boom" in line for line in lines)


def test_an_end_that_hangs_is_forced(opened: Open) -> None:
    bug = (
        "import time, tui.ui.screens.deck as m\n"
        "m.DeckScreen.on_unmount = lambda self: time.sleep(60)"
    )
    with opened(argv=planted(bug)) as terminal:
        terminal.shows("alert_mgr")
        terminal.signal(signal.SIGTERM)
        assert terminal.ends() == 143
        assert_given_back(terminal)


def test_a_deck_that_is_stuck_is_ended_all_the_same(opened: Open) -> None:
    bug = (
        "import time, tui.ui.screens.deck as m\n"
        "m.DeckScreen.action_sort = lambda self: time.sleep(60)"
    )
    with opened(argv=planted(bug)) as terminal:
        terminal.shows("alert_mgr")
        terminal.send(b"S")
        terminal.quiet(0.5)
        terminal.signal(signal.SIGTERM)
        assert terminal.ends() == 143
        assert_given_back(terminal)
        assert terminal.left == "rsdeck: ended by SIGTERM\n"


def test_a_deck_that_is_left_names_the_orders_whose_outcome_is_unknown(opened: Open) -> None:
    with opened(size=(80, 24)) as terminal:
        terminal.shows("alert_mgr", "optional")
        terminal.press_until(b"r", lambda: terminal.is_asking("y restarts"))
        terminal.quiet(0.3)
        terminal.press_until(b"y", lambda: "restart alert_mgr on node1: waiting" in terminal.text)
        terminal.send(b"\x11")
        terminal.asks("Quit while this is open?", "y quits")
        terminal.send(b"y")
        assert terminal.ends() == 0
        assert_given_back(terminal)
        assert terminal.left == (
            "rsdeck: left while this was open, so its outcome is unknown: restart alert_mgr\n"
            "  on node1\n"
        )
