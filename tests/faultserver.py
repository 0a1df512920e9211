"""A server on loopback that lies: raw sockets, one script for each connection."""

import contextlib
import os
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Self

LOGINS = frozenset({"/v1/users/authorize", "/v1/users/refresh_jwt"})
"""The calls that get a token, or another for it after some minutes."""


@dataclass(frozen=True)
class Asked:
    """One request as it came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Peer:
    """One connection, seen from the server."""

    def __init__(self, server: "FaultServer", sock: socket.socket) -> None:
        self.server = server
        self.sock = sock
        self._pending = b""

    def _receive(self) -> bytes:
        data = self.sock.recv(65536)
        self.server.received += len(data)
        return data

    def read(self) -> Asked | None:
        """Read one request, body and all; None when the client has closed."""
        while b"\r\n\r\n" not in self._pending:
            data = self._receive()
            if not data:
                return None
            self._pending += data
        head, _, rest = self._pending.partition(b"\r\n\r\n")
        line, *lines = head.decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)
        }
        length = int(headers.get("content-length", "0"))
        while len(rest) < length:
            rest += self._receive()
        self._pending = rest[length:]
        method, path, _ = line.split(" ")
        asked = Asked(method, path, headers, rest[:length])
        self.server.asked.append(asked)
        return asked

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def answer(self, body: bytes | str = b"{}", status: int = 200, **headers: str) -> None:
        """Send a whole answer; header names with `_` for `-`."""
        self.send(answer(body, status, **headers))

    def drip(self, data: bytes, every: float = 0.02) -> None:
        """Send one byte at a time until the client leaves or the server closes."""
        for byte in data:
            if self.server.closing.wait(every):
                return
            self.send(bytes([byte]))

    def hang(self) -> None:
        """Say nothing until the server closes."""
        self.server.closing.wait(100)

    def reset(self) -> None:
        """Close with RST instead of FIN."""
        raw = self.sock
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raw.close()


Script = Callable[[Peer], None]


def answer(body: bytes | str = b"{}", status: int = 200, **headers: str) -> bytes:
    """Write a whole HTTP/1.1 answer."""
    raw = body.encode() if isinstance(body, str) else body
    fields = {"Content-Type": "application/json", "Content-Length": str(len(raw))}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} Because\r\n{head}\r\n".encode("latin-1") + raw


def always(body: bytes | str = b"{}", status: int = 200, **headers: str) -> Script:
    """Answer every request of a connection in the same way."""

    def script(peer: Peer) -> None:
        while peer.read() is not None:
            peer.answer(body, status, **headers)

    return script


def routes(answers: Mapping[str, bytes | Script]) -> Script:
    """Answer by path, else 404; a function does what it likes with the connection."""

    def script(peer: Peer) -> None:
        while (asked := peer.read()) is not None:
            reply = answers.get(asked.path, answer(status=404))
            if callable(reply):
                reply(peer)
            else:
                peer.send(reply)

    return script


def once(data: bytes) -> Script:
    """Read one request, send these bytes and close."""

    def script(peer: Peer) -> None:
        peer.read()
        peer.send(data)

    return script


@dataclass
class FaultServer:
    """Runs the n-th script for the n-th connection, and the last one for all after.

    `asked` are the requests it could read, `received` counts bytes (decrypted ones, under TLS),
    `ended` the connections it has closed, `faults` holds what handshakes failed with.
    """

    scripts: tuple[Script, ...]
    tls: ssl.SSLContext | None = None
    connections: int = 0
    ended: int = 0
    received: int = 0
    asked: list[Asked] = field(default_factory=list)
    faults: list[OSError] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)
    port: int = 0
    host: str = "127.0.0.1"

    @property
    def url(self) -> str:
        scheme = "http" if self.tls is None else "https"
        return f"{scheme}://{self.host}:{self.port}"

    @property
    def posts(self) -> list[Asked]:
        """The requests that could change something: every POST but those of a login."""
        sent = (one for one in self.asked if one.method == "POST")
        return [one for one in sent if one.path not in LOGINS]

    def __enter__(self) -> Self:
        self._listener = socket.create_server((self.host, self.port))
        self.port = self._listener.getsockname()[1]
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in self._sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(30)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            script = self.scripts[min(self.connections, len(self.scripts) - 1)]
            self.connections += 1
            self._sockets.append(sock)
            thread = threading.Thread(target=self._serve, args=(sock, script), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket, script: Script) -> None:
        with contextlib.suppress(OSError), contextlib.closing(sock):
            if self.tls is not None:
                sock = self.tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
                self._sockets.append(sock)
            with contextlib.closing(sock):
                if self._is_open(sock):
                    script(Peer(self, sock))
        self.ended += 1

    def _is_open(self, sock: socket.socket) -> bool:
        """Shake hands under TLS; where that fails, wait until the client has read why."""
        if not isinstance(sock, ssl.SSLSocket):
            return True
        try:
            sock.do_handshake()
        except OSError as error:
            self.faults.append(error)
            # Closing at once would reset the connection, and the alert could be lost by that.
            while os.read(sock.fileno(), 65536):
                pass
            return False
        return True


@contextlib.contextmanager
def serving(
    *scripts: Script,
    tls: ssl.SSLContext | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
) -> Iterator[FaultServer]:
    """Run a server with these scripts while the block runs."""
    with FaultServer(scripts or (always(),), tls, host=host, port=port) as server:
        yield server


@contextlib.contextmanager
def black_hole() -> Iterator[str]:
    """Give the URL of a port that drops every SYN: it listens, and its backlog is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextlib.contextmanager
def refusing() -> Iterator[int]:
    """Give a port that refuses connections: bound, so that no other test gets it, and deaf."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


def wait_until(ready: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait for a server's thread to have seen something."""
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.002)
