"""Case 61, promise P23: without a home, or one that takes nothing, one can still watch.

P23.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.pty import RSDECK, Terminal, environment
from tests.terminal.conftest import PASSWORD, configure, planted
from tui.sim.server import SimulatedCluster

pytestmark = pytest.mark.terminal

FULL_DISK = """
import resource, sys
sys.dont_write_bytecode = True  # half a compiled module would stay
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
"""


@contextmanager
def deck(
    served: SimulatedCluster, folder: Path, home: str | None, argv: tuple[str, ...] = RSDECK
) -> Iterator[Terminal]:
    path = configure(folder, served)
    env = environment(folder, DECK_TEST_PASSWORD=PASSWORD)
    for name in ("HOME", "XDG_CONFIG_HOME"):
        del env[name]
        if home is not None:
            env[name] = home
    with Terminal((*argv, "--config", str(path)), env) as terminal:
        yield terminal


@pytest.mark.parametrize("home", [None, "", "/proc/none", "/dev/null"])
def test_the_deck_watches_without_a_home(
    home: str | None, served: SimulatedCluster, tmp_path: Path
) -> None:
    with deck(served, tmp_path, home) as terminal:
        terminal.shows("alert_mgr", "32 ok")
        terminal.send(b"q")
        assert terminal.ends() == 0
        assert terminal.is_given_back


def test_the_deck_watches_with_a_full_disk(served: SimulatedCluster, tmp_path: Path) -> None:
    with deck(served, tmp_path, str(tmp_path), planted(FULL_DISK)) as terminal:
        terminal.shows("alert_mgr", "32 ok")
        terminal.send(b"q")
        assert terminal.ends() == 0


def test_what_a_full_disk_does_not_keep_is_said(served: SimulatedCluster, tmp_path: Path) -> None:
    with deck(served, tmp_path, str(tmp_path), planted(FULL_DISK)) as terminal:
        terminal.shows("alert_mgr", "32 ok")
        before = (tmp_path / ".config/rsdeck/config.toml").read_text(encoding="utf-8")
        terminal.send(b"E")
        terminal.shows("Edit node1")
        terminal.send(b"\x13")
        terminal.quiet(1.0)
        assert terminal.child.poll() is None
        after = (tmp_path / ".config/rsdeck/config.toml").read_text(encoding="utf-8")
        assert before == after
        terminal.send(b"\x11")
        assert terminal.ends() == 0
