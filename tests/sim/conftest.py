import ssl
from collections.abc import Callable, Iterator

import httpx
import pytest

from tui.sim.cluster import Cluster
from tui.sim.server import SimulatedCluster

ADMIN = ("admin@demo.local", "demo-password")


class FakeClock:
    """Unix seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.25

    def __call__(self) -> float:
        return self.now

    def after(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def served() -> Iterator[SimulatedCluster]:
    with SimulatedCluster(Cluster(3, pace=0.1)) as simulated:
        yield simulated


@pytest.fixture
def ask(served: SimulatedCluster) -> Iterator[Callable[..., httpx.Response]]:
    """Send requests over real HTTPS, with the certificate checked, as admin by default."""
    trust = bool(served.ca_pem) and ssl.create_default_context(cadata=served.ca_pem.decode("ascii"))
    with httpx.Client(verify=trust, trust_env=False, timeout=30) as client:

        def ask(method: str, path: str, uid: int = 1, **more: object) -> httpx.Response:
            more.setdefault("auth", ADMIN)
            return client.request(method, served.urls[uid] + path, **more)

        yield ask
