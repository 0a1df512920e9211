"""Cases 56 and 62: without a terminal a sentence and exit 2; TEXTUAL variables do nothing.

Cases 56 and 62.
"""

import subprocess
from pathlib import Path

import pytest

from tests.pty import RSDECK, environment
from tests.terminal.conftest import PASSWORD, Open, configure
from tui.sim.server import SimulatedCluster

pytestmark = pytest.mark.terminal

SENTENCE = "rsdeck: the deck needs a terminal"


def test_keys_are_not_taken_from_a_pipe(opened: Open) -> None:
    with subprocess.Popen(["yes"], stdout=subprocess.PIPE) as yes:  # noqa: S607 - from PATH, as a shell does
        with opened(stdin=yes.stdout) as terminal:
            assert terminal.ends() == 2
            terminal.shows(SENTENCE)
        yes.kill()
    assert b"\x1b" not in terminal.written


@pytest.mark.parametrize("stream", ["stdin", "stdout", "stderr"])
def test_any_stream_that_is_no_terminal_is_one_too_few(
    stream: str, opened: Open, tmp_path: Path
) -> None:
    path = tmp_path / "stream"
    path.touch()
    with path.open("r+b") as file, opened(**{stream: file}) as terminal:
        assert terminal.ends() == 2
        said = path.read_text() if stream == "stderr" else terminal.text
        assert SENTENCE in said
    assert b"\x1b" not in terminal.written


@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_terminal_that_cannot_be_painted_on_is_none(term: str, opened: Open) -> None:
    with opened(env={"TERM": term}) as terminal:
        assert terminal.ends() == 2
        terminal.shows(SENTENCE)
    assert b"\x1b" not in terminal.written


def test_without_term_the_deck_says_so(served: SimulatedCluster, tmp_path: Path) -> None:
    configure(tmp_path, served)
    env = environment(tmp_path, DECK_TEST_PASSWORD=PASSWORD)
    del env["TERM"]
    done = subprocess.run(RSDECK, env=env, capture_output=True, text=True, check=False, timeout=30)  # noqa: S603 - our own words
    assert done.returncode == 2
    assert SENTENCE in done.stderr


def test_textuals_variables_have_no_effect(opened: Open, tmp_path: Path) -> None:
    env = {
        "TEXTUAL_PRESS": "ctrl+q",
        "TEXTUAL_LOG": str(tmp_path / "log"),
        "TEXTUAL_DRIVER": "no.such:Driver",
        "TEXTUAL_SCREENSHOT": "0",
        "TEXTUAL_SCREENSHOT_LOCATION": str(tmp_path),
        "TEXTUAL_DEBUG": "1",
        "TEXTUAL": "debug,devtools",
    }
    with opened(env=env) as terminal:
        terminal.shows("alert_mgr", "RUNNING")
        terminal.quiet(1.0)
        assert terminal.child.poll() is None
        terminal.send(b"q")
        assert terminal.ends() == 0
    assert {path.name for path in tmp_path.iterdir()} <= {".config", ".local", ".cache"}
