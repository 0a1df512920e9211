"""Case 48, promises P7 and P21: an order that is open when the deck ends is not forgotten."""

import signal
from pathlib import Path

import pytest

from tests.faultserver import FaultServer, Peer, serving
from tests.fleet.conftest import PASSWORD, Play
from tests.fleet.witness import records
from tests.pty import RSDECK, Terminal, environment
from tests.terminal.conftest import write

pytestmark = pytest.mark.terminal

ENDS = [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL, None]


def deck(home: Path, server: FaultServer) -> Terminal:
    write(
        home,
        f'[nodes.node1]\nurl = "{server.url}"\nusername = "admin@demo.local"\n'
        'password_env = "DECK_TEST_PASSWORD"\n',
    )
    return Terminal(RSDECK, environment(home, DECK_TEST_PASSWORD=PASSWORD))


def order(terminal: Terminal, server: FaultServer) -> None:
    """Have a restart sent whose answer does not come."""
    terminal.shows("alert_mgr", "optional")
    terminal.send(b"r")
    terminal.shows("Restart", "POST")
    for _ in range(10):
        terminal.quiet(1.0)  # the question hears nothing until it has been seen for a while
        if server.posts:
            return
        terminal.send(b"y")
    raise AssertionError(f"it was not sent:\n{terminal.text}")


@pytest.mark.parametrize("how", ENDS, ids=lambda how: how.name if how else "q")
def test_an_order_without_its_answer_is_unknown_at_the_next_start_and_then_resolved(
    how: signal.Signals | None, tmp_path: Path
) -> None:
    play = Play()
    play.post(Peer.hang)
    folder = tmp_path / ".local" / "state" / "rsdeck"
    with serving(play) as server:
        with deck(tmp_path, server) as terminal:
            order(terminal, server)
            terminal.until(lambda: records(folder, "sent"))
            if how is None:
                terminal.send(b"q")
                # what is pressed before this could be read leaves nothing
                terminal.asks("Quit while this is open?", "y quits")
                terminal.send(b"y")
            else:
                terminal.signal(how)
            terminal.ends()
        kept = [one["kind"] for one in records(folder)]
        assert kept[:3] == ["session", "intent", "sent"]
        assert not records(folder, "verdict", "resolved")
        play.restart()
        with deck(tmp_path, server) as terminal:
            terminal.until(lambda: records(folder, "resolved"))
            (intent,) = records(folder, "intent")
            (resolved,) = records(folder, "resolved")
            assert resolved["id"] == intent["id"]
            assert resolved["result"] == "verified"
            terminal.shows("from an earlier session")
            terminal.send(b"q")
            assert terminal.ends() == 0
    assert len(server.posts) == 1
