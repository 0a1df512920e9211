"""The real deck in a real terminal, on the simulator or on a server that lies."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.pty import RSDECK, Terminal, environment
from tui.sim.cluster import Cluster
from tui.sim.server import SimulatedCluster

PASSWORD = "demo-password"  # the simulator's
REFRESH = "refresh = 0.5"


@pytest.fixture(scope="session")
def served() -> Iterator[SimulatedCluster]:
    with SimulatedCluster(Cluster(2, pace=0.1)) as served:
        yield served


def configure(home: Path, served: SimulatedCluster, settings: str = REFRESH) -> Path:
    tables = [
        f'[nodes.node{uid}]\nurl = "{url}"\nusername = "admin@demo.local"\ncluster = "demo"\n'
        f'password_env = "DECK_TEST_PASSWORD"\nfingerprint = "{served.fingerprint}"\n'
        for uid, url in served.urls.items()
    ]
    return write(home, "\n".join((f"[settings]\n{settings}", *tables)))


def write(home: Path, text: str) -> Path:
    path = home / ".config" / "rsdeck" / "config.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path


Open = Callable[..., AbstractContextManager[Terminal]]


@pytest.fixture
def opened(served: SimulatedCluster, tmp_path: Path) -> Open:
    """Open the deck on the simulator."""

    def opened(
        *args: str, argv: tuple[str, ...] = RSDECK, settings: str = REFRESH, **more: Any
    ) -> Terminal:
        configure(tmp_path, served, settings)
        env = environment(tmp_path, DECK_TEST_PASSWORD=PASSWORD) | more.pop("env", {})
        return Terminal((*argv, *args), env, **more)

    return opened


def planted(bug: str) -> tuple[str, ...]:
    """Give an rsdeck with a bug: `bug` is run before its command line."""
    code = f"{bug}\nimport sys\nfrom tui.cli.entry import main\nsys.exit(main())"
    return RSDECK[0], "-c", code
