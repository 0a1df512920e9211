"""Clients of the exporter that are slow, many or speak no HTTP take nothing from the others."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.fleet.conftest import configuration
from tui.fleet.fleet import Fleet
from tui.metrics.collector import RestartCounter
from tui.metrics.server import MetricsServer

pytestmark = pytest.mark.real_time

SLOW = 0.3


@contextmanager
def serving(seconds: float = 10.0) -> Iterator[int]:
    fleet = Fleet(configuration(()), read_only="read-only: a test")
    with MetricsServer(fleet, RestartCounter(), ("127.0.0.1", 0), seconds=seconds) as server:
        yield server.port


def answer_to(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.sendall(request + b"\r\nConnection: close\r\n\r\n")
        answer = b""
        while some := client.recv(4096):
            answer += some
        return answer


def test_a_client_that_sends_a_byte_now_and_then_is_disconnected() -> None:
    """P17: a limit of each byte alone kept it for days, with a thread and a descriptor."""
    with serving(SLOW) as port, socket.create_connection(("127.0.0.1", port)) as client:
        client.settimeout(SLOW / 10)
        client.sendall(b"GET / HTTP/1.1\r\nA: ")
        latest = time.monotonic() + 30
        while time.monotonic() < latest:
            try:
                client.sendall(b"b")
                if not client.recv(1):
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        assert time.monotonic() < latest
        assert answer_to(port, b"GET / HTTP/1.1").startswith(b"HTTP/1.1 200 ")


def test_clients_above_the_bound_are_turned_away_and_the_others_served() -> None:
    with serving() as port, ExitStack() as held:
        clients = [
            held.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20))
            for _ in range(70)
        ]
        first, last = clients[0], clients[-1]
        assert last.recv(1) == b""
        first.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert first.recv(12) == b"HTTP/1.1 200"


def test_an_address_that_is_none_is_a_bad_request() -> None:
    with serving() as port:
        assert answer_to(port, b"GET http://[/ HTTP/1.1").startswith(b"HTTP/1.1 400 ")
