"""The connection under a client, apart from its errors (tests/api/test_client_reads.py)."""

import asyncio
import gc
import socket
import ssl
from asyncio import sslproto
from collections.abc import Callable
from typing import Any

import pytest

from tests.api.conftest import Certified
from tests.faultserver import FaultServer, Peer, answer, serving
from tui.api.client import NodeOperator
from tui.api.errors import Unreachable
from tui.api.http_transport import (
    Address,
    Authorization,
    DirectTransport,
    HiddenText,
    Request,
    TransportError,
)
from tui.model.trust import PinnedTrust

GOOD = b'{"ccs": {"status": "RUNNING", "start_time": "2024-05-13T18:38:00Z", "uptime": "0:00:01"}}'
PLAIN = answer(GOOD)
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    + b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in (GOOD[:7], GOOD[7:]))
    + b"0\r\n\r\n"
)
UNTIL_THE_END = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + GOOD
BARE_NEWLINES = PLAIN.replace(b"\r\n", b"\n")
NOT_YET = b"HTTP/1.1 100 Continue\r\n\r\n" + PLAIN
CLOSING = answer(GOOD, Connection="close")
Connect = Callable[..., NodeOperator]


def pieces(data: bytes, size: int) -> Callable[[Peer], None]:
    """Answer each request with these bytes, so many at a time."""

    def script(peer: Peer) -> None:
        peer.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while peer.read() is not None:
            for at in range(0, len(data), size):
                peer.send(data[at : at + size])
                peer.server.closing.wait(0.001)
            if data in (UNTIL_THE_END, CLOSING):
                return

    return script


@pytest.mark.parametrize("size", [1_000, 40, 7])
@pytest.mark.parametrize(
    ("data", "connections"),
    [
        (PLAIN, 1),
        (CHUNKED, 1),
        (BARE_NEWLINES, 1),
        (NOT_YET, 1),
        (UNTIL_THE_END, 2),
        (CLOSING, 2),
    ],
)
async def test_an_answer_is_read_whole_however_it_is_framed_and_cut(
    connect: Connect, data: bytes, connections: int, size: int
) -> None:
    with serving(pieces(data, size)) as server:
        client = connect(server)
        for _ in range(2):
            assert [service.name for service in await client.services()] == ["ccs"]
    assert server.connections == connections


@pytest.mark.parametrize("framed", [PLAIN, CHUNKED])
async def test_an_answer_that_was_sent_too_soon_is_taken_for_no_other_request(
    connect: Connect, framed: bytes
) -> None:
    early = framed.replace(b"ccs", b"bad") + framed.replace(b"ccs", b"bad")

    def script(peer: Peer) -> None:
        peer.read()
        peer.send(early)
        peer.hang()

    with serving(script, pieces(PLAIN, 1_000)) as server:
        client = connect(server)
        await client.services()
        assert [service.name for service in await client.services()] == ["ccs"]
    assert server.connections == 2


async def test_bytes_that_nobody_asked_for_close_the_connection(connect: Connect) -> None:
    def script(peer: Peer) -> None:
        peer.read()
        peer.send(PLAIN)
        while not peer.server.closing.wait(0.01):
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    with serving(script, pieces(PLAIN, 1_000)) as server:
        client = connect(server)
        await client.services()
        await ended(server)
        assert [service.name for service in await client.services()] == ["ccs"]
    assert server.connections == 2


async def ended(server: FaultServer) -> None:
    """Wait until the server noticed that its first connection is closed."""
    while not server.ended:  # noqa: ASYNC110 - it is another thread's
        await asyncio.sleep(0.01)


async def test_a_line_break_in_a_header_is_not_sent() -> None:
    with serving(pieces(PLAIN, 1_000)) as server:
        transport = DirectTransport(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))

        async def step(_name: str, _info: dict[str, Any]) -> None:
            return

        shown = Authorization("JWT", HiddenText("a\r\nEvil: b"))
        request = Request("GET", Address.of(server.url), "/", shown)
        with pytest.raises(TransportError):
            await transport.send(request, step)
        await transport.aclose()
    assert server.received == 0


async def test_a_connection_has_a_buffer_of_the_size_of_a_record(
    connect: Connect, certified: Certified
) -> None:
    """Of hundreds of nodes each has one, for as long as it is polled."""
    long = b'{"ccs": {"status": "%b"}}' % (b"x" * 300_000)
    with serving(pieces(answer(long), len(long) + 1_000), tls=certified.context) as server:
        client = connect(server, trust=PinnedTrust(certified.sha256))
        assert [service.name for service in await client.services()] == ["ccs"]
        found = [one for one in gc.get_objects() if isinstance(one, sslproto.SSLProtocol)]
        assert found
        assert max(len(one._ssl_buffer) for one in found) <= 32 * 1024


@pytest.mark.parametrize("answering", [0, 1])
async def test_of_several_addresses_the_one_that_answers_is_taken(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, answering: int
) -> None:
    with serving(pieces(PLAIN, 1_000)) as server:
        places = [("127.0.0.2", server.port)] * 2
        places[answering] = ("127.0.0.1", server.port)
        resolve_to(monkeypatch, places)
        client = connect(f"http://node.example:{server.port}")
        assert await client.services()
        assert client.origin.peer == f"127.0.0.1:{server.port}"


async def test_several_addresses_that_all_refuse_are_refused_in_words(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(pieces(PLAIN, 1_000)) as server:
        pass
    resolve_to(monkeypatch, [("127.0.0.2", server.port), ("127.0.0.3", server.port)])
    client = connect(f"http://node.example:{server.port}")
    with pytest.raises(Unreachable, match="refused the connection"):
        await client.services()


def resolve_to(monkeypatch: pytest.MonkeyPatch, places: list[tuple[str, int]]) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", place) for place in places]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
