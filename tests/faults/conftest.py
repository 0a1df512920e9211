"""The clients, certificates and nodes of the other folders, for faults that need several."""

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from tests.api.conftest import certified, connect, impostor
from tests.fleet.conftest import served

__all__ = ["certified", "connect", "impostor", "served"]


class Names:
    """What the names of a test resolve to; one that ends in .hang hangs until the test ends."""

    def __init__(self) -> None:
        self.addresses: dict[str, Callable[[], str]] = {}
        self.asked: list[str] = []
        self.release = threading.Event()

    def point(self, name: str, *addresses: str) -> None:
        """Let a name answer with these addresses in turn, and then with the last for ever."""
        left = list(addresses)
        self.addresses[name] = lambda: left.pop(0) if len(left) > 1 else left[0]


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Names]:
    """Stand in for the machine's name server."""
    names, real = Names(), socket.getaddrinfo

    def answer(host: str, *more: object, **named: object) -> object:
        text = host.decode() if isinstance(host, bytes) else str(host)
        names.asked.append(text)
        if text.endswith(".hang"):
            names.release.wait(30)
            raise socket.gaierror(socket.EAI_AGAIN, "no answer")
        known = names.addresses.get(text)
        return real(known() if known else host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    yield names
    names.release.set()
