"""Case 59: any size and any change of it; what cannot be seen cannot be confirmed."""

import pytest

from tests.pty import Terminal
from tests.terminal.conftest import Open
from tui.sim.server import SimulatedCluster

pytestmark = pytest.mark.terminal


def posts(served: SimulatedCluster) -> int:
    return sum(
        one.method == "POST" and one.path == "/v1/local/services" for one in served.cluster.requests
    )


@pytest.mark.parametrize("size", [(1, 1), (5, 2), (20, 5), (500, 200)])
def test_any_size_will_do(size: tuple[int, int], opened: Open) -> None:
    with opened(size=size) as terminal:
        terminal.until(lambda: b"\x1b[?1049h" in terminal.written)
        terminal.quiet(1.5)
        terminal.send(b"dn\x1b")
        terminal.quiet(0.3)
        terminal.send(b"?")
        terminal.quiet(0.3)
        assert terminal.child.poll() is None
        terminal.send(b"\x11")
        assert terminal.ends() == 0, terminal.left
        assert terminal.is_given_back


def ask(terminal: Terminal) -> None:
    terminal.shows("alert_mgr", "optional")
    terminal.press_until(b"r", lambda: "Restart alert_mgr" in terminal.text)


@pytest.mark.parametrize("size", [(1, 1), (20, 5), (120, 8), (25, 40), (60, 12)])
def test_what_cannot_be_seen_cannot_be_confirmed(
    size: tuple[int, int], opened: Open, served: SimulatedCluster
) -> None:
    before = posts(served)
    with opened() as terminal:
        ask(terminal)
        terminal.resize(*size)
        terminal.quiet(1.5)
        if size[0] > 60 and size[1] < 10:
            terminal.shows("down shows the rest")
        terminal.send(b"y")
        terminal.quiet(0.5)
        terminal.send(b"\r")
        terminal.quiet(0.5)
        assert posts(served) == before
        terminal.send(b"\x11")
        assert terminal.ends() == 0


def test_a_window_made_large_again_can_be_confirmed(opened: Open, served: SimulatedCluster) -> None:
    before = posts(served)
    with opened() as terminal:
        ask(terminal)
        terminal.resize(20, 5)
        terminal.quiet(0.3)
        terminal.resize(120, 40)
        terminal.asks("y restarts", "POST")
        terminal.quiet(0.3)
        terminal.press_until(b"y", lambda: posts(served) == before + 1)
        terminal.shows("VERIFIED")
        terminal.send(b"\x11")
        assert terminal.ends() == 0


def test_hundreds_of_resizes_with_a_question_open_are_survived(opened: Open) -> None:
    with opened() as terminal:
        ask(terminal)
        for number in range(300):
            terminal.resize(1 + number * 7 % 200, 1 + number * 3 % 60)
            terminal.read(0.003)
        terminal.resize(120, 40)
        terminal.asks("Restart alert_mgr", "Cancel", "POST", "y restarts")
        terminal.send(b"n")
        terminal.until(lambda: "Cancel" not in terminal.text)
        terminal.send(b"\x11")  # right after a dialog, q quits only when it is pressed twice
        assert terminal.ends() == 0
        assert terminal.is_given_back
