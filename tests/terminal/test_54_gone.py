"""Case 54, promise P20: a deck whose terminal is gone is gone as well."""

import signal
from pathlib import Path

import pytest

from tests.pty import RSDECK
from tests.terminal.conftest import Open, planted

pytestmark = pytest.mark.terminal

NOHUP = planted("import signal\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)")


@pytest.mark.parametrize("argv", [RSDECK, NOHUP], ids=["hup", "nohup"])
def test_the_deck_ends_when_its_window_is_closed(argv: tuple[str, ...], opened: Open) -> None:
    with opened(argv=argv) as terminal:
        terminal.shows("alert_mgr")
        terminal.hang_up()
        assert terminal.ends() == 128 + signal.SIGHUP


def test_the_deck_ends_when_its_window_is_closed_while_it_opens(opened: Open) -> None:
    with opened(argv=NOHUP) as terminal:
        terminal.until(lambda: b"\x1b[?1049h" in terminal.written)
        terminal.hang_up()
        assert terminal.ends() in {128 + signal.SIGHUP, 2}


def test_the_deck_ends_when_its_window_is_closed_over_an_open_dialog(opened: Open) -> None:
    with opened(argv=NOHUP) as terminal:
        terminal.shows("alert_mgr", "optional")
        terminal.send(b"r")
        terminal.shows("Cancel")
        terminal.hang_up()
        assert terminal.ends() == 128 + signal.SIGHUP


SLOW_TO_END = planted(
    "import time, tui.ui.screens.deck as m\nm.DeckScreen.on_unmount = lambda self: time.sleep(60)"
)


@pytest.mark.parametrize("argv", [NOHUP, SLOW_TO_END], ids=["in order", "by force"])
def test_the_demo_ends_with_its_window_and_removes_its_folder(
    argv: tuple[str, ...], opened: Open, tmp_path: Path
) -> None:
    with opened("demo", "--still", argv=argv, env={"TMPDIR": str(tmp_path)}) as terminal:
        terminal.shows("alert_mgr")
        terminal.hang_up()
        assert terminal.ends() == 128 + signal.SIGHUP
    assert not list(tmp_path.glob("rsdeck-demo-*"))
