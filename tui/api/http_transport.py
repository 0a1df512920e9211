"""HTTP/1.1 to one node: a request and its answer, and the connection that carries each poll.

Not httpx's: its import takes longer than that of all the rest of the client, and each request five
times the processor time. A request of these types can say nothing but what its fields say. There is
one connection and one request at a time, so nothing is pooled or locked. An answer as nodes send it
(a status, plain headers, a length) is read here, every other one by h11.
`tui.api.proxy_transport` carries the same requests to a node behind a proxy.
"""

import asyncio
import base64
import ipaddress
import re
import socket
import ssl
from asyncio import sslproto
from asyncio.staggered import staggered_race
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import field
from functools import partial
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

from tui import __version__
from tui.model.dataclass import dataclass

_DEFAULT_PORTS = {"https": 443, "http": 80}
_ALWAYS = (
    ("Accept", "application/json"),
    ("Accept-Encoding", "identity"),
    ("User-Agent", f"rsdeck/{__version__}"),
)


class SecretLike(Protocol):
    """A password that shows itself only when asked to."""

    def reveal(self) -> str:
        """Return the password."""


class HiddenText:
    """A text that no repr shows: a token, or a request body that holds a password."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text; for the one place that sends it."""
        return self._text

    def __repr__(self) -> str:
        return "***"


@dataclass(frozen=True, slots=True, eq=False)
class Authorization:
    """An Authorization header: its scheme, and what follows."""

    scheme: str
    secret: HiddenText

    @property
    def is_password(self) -> bool:
        """Whether it holds the password, of which five wrong ones lock the user."""
        return self.scheme == "Basic"

    def header(self) -> str:
        """Return the header's value."""
        return f"{self.scheme} {self.secret.reveal()}"


NO_AUTHORIZATION = Authorization("", HiddenText(""))
"""No Authorization at all: the client's certificate says who asks."""


def basic_authorization(username: str, password: SecretLike) -> Authorization:
    """Return the authorization that holds the password itself."""
    pair = f"{username}:{password.reveal()}".encode("utf-8", "surrogatepass")
    return Authorization("Basic", HiddenText(base64.b64encode(pair).decode("ascii")))


@dataclass(frozen=True, slots=True)
class Address:
    """Where a node listens: `scheme` is https or http, `host` has no brackets."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> "Address":
        """Return the address of a checked URL, such as `https://db1:9443`."""
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS[parts.scheme]
        return cls(parts.scheme, parts.hostname or "", port)

    @property
    def authority(self) -> str:
        """Host and port as the Host header has them: a default port is left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """A request; `path` includes the query, `body` is JSON.

    Its headers follow from its fields, so that none can change what it means.
    """

    method: str
    address: Address
    path: str
    authorization: Authorization | None = None
    body: bytes | None = field(default=None, repr=False)

    def headers(self) -> list[tuple[str, str]]:
        """Return all headers but Host and Content-Length, which the transports write."""
        made = [*_ALWAYS]
        if self.authorization is not None and self.authorization.scheme:
            made.append(("Authorization", self.authorization.header()))
        if self.body is not None:
            made.append(("Content-Type", "application/json"))
        return made


class Response(Protocol):
    """An answer whose head was read; it is iterated once, for the pieces of its body.

    `headers` have their names in lower case; the values of one that came twice are joined.
    """

    @property
    def version(self) -> bytes:
        """The version of HTTP, such as `HTTP/1.1`."""

    @property
    def status(self) -> int:
        """The status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Read the body; raises TransportError."""

    async def aclose(self) -> None:
        """End it, whether it was read or not."""


RequestSteps = Callable[[str, dict[str, Any]], Awaitable[None]]
"""Called at each step of a request, with the names and the values of httpcore's trace."""


class Transport(Protocol):
    """Carries requests to one node, one at a time."""

    async def send(self, request: Request, steps: RequestSteps) -> Response:
        """Send a request and return the answer, of which the body may still be to come.

        Raises TransportError, with its cause.
        """

    async def aclose(self) -> None:
        """Close the connection; the next request opens another."""


class TransportError(Exception):
    """A request got no whole answer; the cause says why."""


class UnreadableAnswer(TransportError):
    """There were bytes, and they are not HTTP."""


class ProxyRefused(TransportError):
    """The proxy did not open the way to the node."""


_HEAD_AT_MOST = 100 * 1024  # httpcore's limit
_WAITING_AT_MOST = 256 * 1024
_PIECE = 64 * 1024  # what h11 reads at a time: it takes long, and the deadline must not wait for it
_NEXT_ADDRESS_AFTER = 0.25  # RFC 8305
_ILLEGAL = "\r\n\0"
_PLAIN_HEAD = re.compile(
    rb"HTTP/1\.1 ([2-5][0-9][0-9]) [ -~]*\r\n"
    rb"((?:[A-Za-z-]+: ?[!-~](?:[ -~]*[!-~])?\r\n)+)\r\n"
)
_WITHOUT_BODY = (204, 304)
_TELLING = frozenset({"transfer-encoding", "connection", "upgrade"})


# Each TLS connection has a buffer of that size: 256 KB, where a record has 16 KB (RFC 8446, 5.1).
# So 500 nodes took 120 MB more.
sslproto.SSLProtocol.max_size = 32 * 1024


class _Line(asyncio.Protocol):
    """One connection: what arrived and was not read yet, and whether more may come."""

    def __init__(self, opened: socket.socket) -> None:
        self.received = bytearray()
        self.is_open = True
        self.is_in_use = False
        self._socket = opened
        self._is_handed_over = False
        self._peer = _peer_of(opened)
        self._transport: asyncio.Transport | None = None
        self._is_paused = False
        self._error: Exception | None = None
        self._lost = asyncio.get_running_loop().create_future()
        self._waiter: asyncio.Future[None] | None = None

    # Called by asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        if not self.is_open:  # given up meanwhile
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self.received += data
        if not self.is_in_use:  # nobody asked: what comes next could be taken for an answer
            self.abort()
        elif len(self.received) > _WAITING_AT_MOST and self._transport is not None:
            self._is_paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self.is_open = False
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open, self._error = False, exc
        if not self._lost.done():
            self._lost.set_result(None)
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # Called by the transport, and by who traces a request

    def get_extra_info(self, name: str) -> Any:
        """Return the address of the other end, or the TLS connection."""
        if name == "server_addr":
            return self._peer
        return None if self._transport is None else self._transport.get_extra_info(name)

    def write(self, data: bytes) -> None:
        """Send bytes, as soon as the other end takes them."""
        if self._transport is not None:
            self._transport.write(data)

    async def arrived(self) -> bool:
        """Wait until there is something in `received`; False once nothing more comes.

        Raises TransportError where the connection broke.
        """
        while not self.received:
            if self._error is not None:
                raise TransportError(str(self._error)) from self._error
            if not self.is_open:
                return False
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return True

    async def take(self, at_most: int = _WAITING_AT_MOST) -> bytes:
        """Return what arrives next, so many bytes at most; empty once nothing more comes.

        Raises TransportError where the connection broke.
        """
        if not await self.arrived():
            return b""
        taken = bytes(self.received[:at_most])
        del self.received[:at_most]
        if self._is_paused and self._transport is not None:
            self._is_paused = False
            self._transport.resume_reading()
        return taken

    def hand_over(self) -> socket.socket:
        """Return the socket, which asyncio closes from now on."""
        self._is_handed_over = True
        return self._socket

    def abort(self) -> None:
        """Close at once."""
        self.is_open = False
        if self._transport is not None:
            self._transport.abort()
        elif not self._is_handed_over:
            self._socket.close()

    async def aclose(self) -> None:
        """Close at once, and wait until it is closed."""
        self.abort()
        if self._transport is not None:
            await self._lost


def _peer_of(opened: socket.socket) -> tuple[Any, ...] | None:
    try:
        return cast("tuple[Any, ...]", opened.getpeername())
    except OSError:
        return None  # closed already


class DirectTransport:
    """A `Transport` on one connection, kept as long as the node keeps it."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._line: _Line | None = None
        self._request: Request | None = None
        self._bytes = b""

    async def send(self, request: Request, steps: RequestSteps) -> Response:
        """Send a request and return the answer, of which the body may still be to come."""
        if request is not self._request:  # polls send the same one again
            self._request, self._bytes = request, _written(request)
        line = self._line
        if line is None or not line.is_open:
            await self.aclose()
            line = self._line = await self._connect(request.address, steps)
        await steps("http11.send_request_headers.started", {"request": request})
        line.is_in_use = True
        line.write(self._bytes)
        answer = await _begin_answer(line)
        head = (answer.version, answer.status, b"", answer.headers)
        await steps("http11.receive_response_headers.complete", {"return_value": head})
        return answer

    async def aclose(self) -> None:
        """Close the connection; the next request opens another."""
        line, self._line = self._line, None
        if line is not None:
            await line.aclose()

    async def _connect(self, address: Address, steps: RequestSteps) -> _Line:
        host = address.host
        await steps("connection.connect_tcp.started", {"host": host})
        try:
            opened = await _open_socket(host, address.port)
        except OSError as error:
            raise TransportError(str(error)) from error
        line = _Line(opened)
        await steps("connection.connect_tcp.complete", {"return_value": line})
        loop = asyncio.get_running_loop()
        if address.scheme == "http":
            await loop.create_connection(lambda: line, sock=line.hand_over())
            return line
        await steps("connection.start_tls.started", {})
        self._context.set_alpn_protocols(["http/1.1"])
        try:
            # The name as bytes, which `ssl` takes as they are: for a text it imports IDNA's tables.
            await loop.create_connection(  # type: ignore[call-overload]  # the stubs want a text
                lambda: line,
                sock=line.hand_over(),
                ssl=self._context,
                server_hostname=host.encode("ascii"),
            )
        except OSError as error:
            raise TransportError(str(error)) from error
        await steps("connection.start_tls.complete", {"return_value": line})
        return line


async def _open_socket(host: str, port: int) -> socket.socket:
    """Connect to the first address of a host that answers. Raises OSError."""
    loop = asyncio.get_running_loop()
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        infos = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    else:
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        return await _connected(family, (host, port))
    tries = [partial(_connected, family, place) for family, _, _, _, place in infos]
    opened, _, errors = await staggered_race(tries, _NEXT_ADDRESS_AFTER)
    if not isinstance(opened, socket.socket):
        raise next(error for error in errors if error is not None)
    return opened


async def _connected(family: int, place: Any) -> socket.socket:
    # Named, since asyncio sets TCP_NODELAY only where it is.
    opened = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        opened.setblocking(False)
        await asyncio.get_running_loop().sock_connect(opened, place)
    except BaseException:
        opened.close()
        raise
    return opened


def _written(request: Request) -> bytes:
    """Return a request as it is sent. Raises TransportError."""
    lines = [
        f"{request.method} {request.path} HTTP/1.1",
        f"Host: {request.address.authority}",
        *(f"{name}: {value}" for name, value in request.headers()),
    ]
    if request.body is not None:
        lines.append(f"Content-Length: {len(request.body)}")
    joined = "".join(lines)
    if any(sign in joined for sign in _ILLEGAL):
        raise TransportError("a line break in a header")
    return "\r\n".join((*lines, "", "")).encode() + (request.body or b"")


class _Answer:
    """An answer whose head was read: its status, its headers, and its body as a stream."""

    version: bytes
    status: int
    headers: Mapping[str, str]

    def __init__(self, line: _Line) -> None:
        self._line = line

    def __aiter__(self) -> AsyncIterator[bytes]:
        raise NotImplementedError

    async def aclose(self) -> None:
        """Do nothing: an answer that was not read is closed with its connection."""

    def _end(self, *, is_kept: bool) -> None:
        """Leave the connection for the next request, or close it."""
        self._line.is_in_use = False
        if not is_kept or self._line.received:
            self._line.abort()


class _PlainAnswer(_Answer):
    """An answer as nodes send it: a body of a known length."""

    version = b"HTTP/1.1"

    def __init__(
        self,
        line: _Line,
        status: int,
        headers: Mapping[str, str],
        length: int,
    ) -> None:
        super().__init__(line)
        self.status, self.headers = status, headers
        self._left = length

    # Not a generator: asyncio keeps account of each of those.

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if not self._left:
            self._end(is_kept=True)
            raise StopAsyncIteration
        some = await self._line.take(self._left)
        if not some:
            raise TransportError("the body ended before its length")
        self._left -= len(some)
        return some


class _AnyAnswer(_Answer):
    """Any other answer, read by h11."""

    def __init__(self, line: _Line) -> None:
        super().__init__(line)
        import h11  # rarely needed

        self._h11 = h11
        self._reader = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD_AT_MOST)
        # Which request it was makes no difference to how its answer is read.
        self._reader.send(h11.Request(method="GET", target="/", headers=[("Host", "node")]))
        self._reader.send(h11.EndOfMessage())

    async def begin(self) -> None:
        """Read the head."""
        event = await self._event()
        while isinstance(event, self._h11.InformationalResponse) and event.status_code != 101:
            event = await self._event()
        if not isinstance(event, self._h11.Response | self._h11.InformationalResponse):
            raise TransportError("the answer has no head")
        self.version = b"HTTP/" + event.http_version
        self.status = event.status_code
        self.headers = _joined(event.headers)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        event = await self._event()
        while isinstance(event, self._h11.Data):
            yield bytes(event.data)
            event = await self._event()
        states = {self._reader.our_state, self._reader.their_state}
        self._end(is_kept=states == {self._h11.DONE} and not self._reader.trailing_data[0])

    async def _event(self) -> Any:
        while True:
            try:
                event = self._reader.next_event()
            except self._h11.RemoteProtocolError as error:
                raise UnreadableAnswer(str(error)) from error
            if event is not self._h11.NEED_DATA:
                return event
            await asyncio.sleep(0)
            some = await self._line.take(_PIECE)
            if not some and self._reader.their_state is self._h11.SEND_RESPONSE:
                raise TransportError("the connection ended before an answer")
            self._reader.receive_data(some)


async def _begin_answer(line: _Line) -> _Answer:
    """Read the head of an answer. Raises TransportError."""
    if not await line.arrived():
        raise TransportError("the connection ended before an answer")
    plain = _plain_answer(line)
    if plain is not None:
        return plain
    answer = _AnyAnswer(line)
    await answer.begin()
    return answer


def _plain_answer(line: _Line) -> _PlainAnswer | None:
    """Read the head of an answer as nodes send it; None, and nothing is read, of another one."""
    head = _PLAIN_HEAD.match(line.received)
    if head is None:
        return None
    status = int(head[1])
    lines = head[2].decode("ascii").split("\r\n")[:-1]
    headers = {}
    for one in lines:
        name, _, value = one.partition(":")
        headers[name.lower()] = value.strip()
    length = headers.get("content-length", "")
    if len(headers) != len(lines) or not length.isdigit() or len(length) > 12:
        return None
    if status in _WITHOUT_BODY or not _TELLING.isdisjoint(headers):
        return None
    del line.received[: head.end()]
    return _PlainAnswer(line, status, headers, int(length))


def _joined(pairs: Iterable[tuple[bytes, bytes]]) -> Mapping[str, str]:
    """Return headers by their names in lower case, the values of each joined."""
    found: dict[str, str] = {}
    for name, value in pairs:
        key, text = name.decode("ascii").lower(), value.decode("utf-8", "replace")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found
