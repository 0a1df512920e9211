"""Case 57: whatever the terminal sends, the deck lives and goes on listening."""

from collections.abc import Iterator

import pytest

from tests.pty import RSDECK, Terminal, environment
from tests.terminal.conftest import PASSWORD, configure
from tui.sim.server import SimulatedCluster

pytestmark = pytest.mark.terminal

HELP, FIRST = "─ Help", "│▌ alert_mgr"
SENT = {
    "ff": b"\xff",
    "half of a character": b"\xe2\x82",
    "all bytes": bytes(byte for byte in range(0x80, 0x100)),
    "overlong": b"\xc0\xaf\xed\xa0\x80",
    "cursor report": b"\x1b[12;40R" * 50,
    "device attributes": b"\x1b[?62;1;6;22c\x1b[>41;354;0c\x1b[0n" * 50,
    "settings report": b"\x1bP1$r0m\x1b\\\x1b]11;rgb:ffff/ffff/ffff\x07\x1b]52;c;cXVpdA==\x1b\\",
    "keyboard report": b"\x1b[?1u",
    "impossible key": b"\x1b[99999999999999u\x1b[97:65;2u\x1b[;;u",
    "impossible alternates": b"\x1b[1099::99999999999u\x1b[::;;u\x1b[1099:1:115;9999;1099u",
    "impossible sizes": b"\x1b[48;0;0;0;0t\x1b[48;99999;99999;9;9t\x1b[?2048;2$y",
    "impossible mouse": b"\x1b[<0;99999999;99999999M\x1b[<-1;-1;-1M\x1b[<0;0;0m",
    "mouse flood": b"".join(b"\x1b[<35;%d;%dM" % (n % 120 + 1, n % 40 + 1) for n in range(10_000)),
    "wheel flood": b"\x1b[<65;60;20M\x1b[<64;60;20M" * 500,
    "lone escapes": b"\x1b" * 200,
    "paste": b"\x1b[200~" + b"rty\nq" * 200 + b"\x1b[201~",
    "paste of 1 MB": b"\x1b[200~" + b"q\n" * 500_000 + b"\x1b[201~",
    "end of a paste": b"qqq\x1b[201~",
    "paste in a paste": b"\x1b[200~a\x1b[200~q\x1b[201~",
    "paste without an end": b"\x1b[200~qqq",
    "reset": b"\x1bc",
}
_ENDLESS = {"all bytes"}
"""What begins a string (0x9d to 0x9f) and does not end it."""


@pytest.fixture(scope="module")
def terminal(
    served: SimulatedCluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Terminal]:
    home = tmp_path_factory.mktemp("home")
    configure(home, served)
    env = environment(home, DECK_TEST_PASSWORD=PASSWORD)
    with Terminal(RSDECK, env) as terminal:
        terminal.shows("alert_mgr")
        yield terminal
        terminal.send(b"q")
        assert terminal.ends() == 0
        assert terminal.is_given_back


@pytest.mark.parametrize("what", SENT)
def test_the_deck_and_its_keys_still_work(what: str, terminal: Terminal) -> None:
    terminal.send(SENT[what])
    # Where a paste or a string did not end, a second must pass in silence once it is read.
    silence = 1.5 if "without" in what or what in _ENDLESS else 0.3
    terminal.quiet(silence)
    # The first key may be taken for the end of what was sent, and pressing one twice is harmless.
    terminal.press_until(
        b"G", lambda: "│▌" in terminal.text and FIRST not in terminal.text, every=silence
    )
    terminal.press_until(b"g", lambda: FIRST in terminal.text, every=0.3)
    assert terminal.child.poll() is None


def test_a_flood_of_input_leaves_nothing_behind(terminal: Terminal) -> None:
    before = terminal.cpu()
    terminal.send(SENT["mouse flood"])
    terminal.send(b"?")
    terminal.shows(HELP)
    assert terminal.cpu() - before < 2
    terminal.send(b"\x1b")
    terminal.until(lambda: HELP not in terminal.text)
