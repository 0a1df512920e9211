"""Under a Cyrillic layout, a key is that of its place where it is reported, and text is text."""

import signal

import pytest

from tests.pty import Terminal
from tests.terminal.conftest import Open
from tui.sim.server import SimulatedCluster

pytestmark = pytest.mark.terminal

ASKS = b"\x1b[>29u"
"""Kitty's protocol with alternate keys, pushed; popped as `is_given_back` checks."""

PLACES = dict(zip("йцукенгшщзфывапролд", "qwertyuiopasdfghjkl", strict=True))


def reported(letter: str) -> bytes:
    """Return how Kitty's protocol reports a letter with the key of its place."""
    return f"\x1b[{ord(letter)}::{ord(PLACES[letter])};;{ord(letter)}u".encode()


def ends(terminal: Terminal) -> None:
    terminal.send(b"\x11")
    assert terminal.ends() == 0
    assert terminal.is_given_back


def test_a_cyrillic_letter_is_the_key_of_its_place_and_confirms_what_the_window_shows(
    opened: Open, served: SimulatedCluster
) -> None:
    with opened() as terminal:
        terminal.shows("alert_mgr", "32 ok")
        terminal.send(b"/alert_mgr\r")
        terminal.shows("1 shown")
        served.cluster.requests.clear()
        terminal.press_until(reported("к"), lambda: terminal.is_asking("y restarts"))
        terminal.send(reported("н"))
        terminal.until(lambda: any(one.method == "POST" for one in served.cluster.requests))
        terminal.shows("verified")
        terminal.send(b"\x1b")
        terminal.send(reported("у"))  # noqa: RUF001 - Cyrillic is meant
        terminal.shows("timeline")
        ends(terminal)


def test_a_field_takes_the_letters_that_were_typed(opened: Open) -> None:
    with opened() as terminal:
        terminal.shows("alert_mgr", "32 ok")
        terminal.send(b"/")
        terminal.send(b"".join(map(reported, "кулы")))
        terminal.shows("кулы")
        ends(terminal)


def test_alternate_keys_are_asked_for_again_after_each_interruption(opened: Open) -> None:
    with opened() as terminal:
        terminal.shows("alert_mgr")
        assert terminal.written.count(ASKS) == 1
        terminal.signal(signal.SIGTSTP)
        terminal.until(lambda: terminal.is_stopped)
        terminal.until(lambda: terminal.is_given_back)
        terminal.signal(signal.SIGCONT)
        terminal.until(lambda: terminal.written.count(ASKS) == 2)
        terminal.shows("alert_mgr")
        ends(terminal)


def test_where_no_place_is_reported_the_deck_shows_once_why_a_letter_does_nothing(
    opened: Open,
) -> None:
    with opened() as terminal:
        terminal.shows("alert_mgr", "32 ok")
        terminal.send("к".encode())
        terminal.shows("The keys are Latin letters. Switch the keyboard layout.")
        terminal.until(lambda: "Switch the keyboard" not in terminal.text, 15)
        terminal.send("ы".encode())
        terminal.quiet(0.5)
        assert "Switch the keyboard" not in terminal.text
        ends(terminal)
