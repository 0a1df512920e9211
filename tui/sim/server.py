"""The cluster's nodes on loopback, with real TLS, in a thread of their own.

Each node has a port of its own, or, `spread`, an address of its own and one port for all.
"""

import asyncio
import contextlib
import errno
import hashlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import trustme
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from tui.sim.cluster import Cluster
from tui.sim.http_app import create_app

HOST = "127.0.0.1"
_LOOK = 0.05
_TRIES = 50
_KEEP_ALIVE = 600
_LAST_PORT = 65535
_NO_LINGER = struct.pack("ii", 1, 0)


class SimulatorError(Exception):
    """The simulator cannot serve; the text says why and what to do."""


class _Port:
    """One node's port: open while the node is powered and its proxy runs, else closed.

    It stays bound to `bound`, which never listens: while the node is down, no other program can
    get its port and be taken for it.
    """

    def __init__(
        self,
        cluster: Cluster,
        uid: int,
        bound: socket.socket,
        tls: ssl.SSLContext | None,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._cluster, self.uid, self._tls, self._loop = cluster, uid, tls, loop
        self._bound = bound
        self._place: tuple[str, int] = bound.getsockname()
        self._state = ServerState()
        self._listener: asyncio.Server | None = None
        self._config = uvicorn.Config(
            create_app(cluster, uid, self._abort),
            log_config=None,
            access_log=False,
            timeout_keep_alive=_KEEP_ALIVE,
            server_header=False,
            date_header=False,
            lifespan="off",
            ws="none",
        )
        self._config.load()

    @property
    def host(self) -> str:
        """The node's `address:port`."""
        return "{}:{}".format(*self._place)

    @property
    def answering(self) -> set[asyncio.Task[None]]:
        """The requests that are being answered."""
        return self._state.tasks

    async def look(self) -> None:
        """Open or close the port, as the state of the node requires."""
        if not self._cluster.listens(self.uid):
            self._shut()
            self.cut()
        elif self._listener is None:
            await self._open()

    async def _open(self) -> None:
        with contextlib.suppress(SimulatorError):
            self._listener = await self._loop.create_server(
                self._protocol, sock=_bind(*self._place), ssl=self._tls, backlog=512
            )

    def _protocol(self) -> H11Protocol:
        return H11Protocol(self._config, self._state, {}, self._loop)

    def _abort(self) -> None:
        """Reset every connection of the node soon, from any thread, and close a dead node."""
        self._loop.call_soon_threadsafe(self._hang_up)

    def _hang_up(self) -> None:
        if not self._cluster.listens(self.uid):
            self._shut()
        self.cut()

    def cut(self) -> None:
        """Reset every connection of the node: an RST, with or without TLS, and no close_notify."""
        for connection in list(self._state.connections):
            transport = getattr(connection, "transport", None)
            if transport is not None:
                _reset(transport)

    def _shut(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def close(self) -> None:
        """Stop listening, and reset all connections."""
        self._cluster.when_cut(self.uid, None)
        self._bound.close()
        self._shut()
        self.cut()


def _reset(transport: asyncio.Transport) -> None:
    raw = transport.get_extra_info("socket")
    if raw is not None:  # else TLS has let go of it already
        with contextlib.suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()


def _bind(host: str, port: int) -> socket.socket:
    # With its protocol named, asyncio sets TCP_NODELAY: without, every answer is 40 ms late.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        hint = "choose another with --port"
        if error.errno == errno.EADDRNOTAVAIL:
            hint = "this machine has no such address"
        raise SimulatorError(
            f"port {port} cannot be had on {host}: {error.strerror}; {hint}"
        ) from error
    return bound


def _bind_all(places: Sequence[tuple[str, int]]) -> list[socket.socket]:
    """Bind all of these, or none. Raises SimulatorError."""
    with contextlib.ExitStack() as bound:
        sockets = [bound.enter_context(_bind(*place)) for place in places]
        bound.pop_all()
    return sockets


def _bind_spread(hosts: Sequence[str], port: int) -> list[socket.socket]:
    """Bind one port on every host; for 0, one that is free on all of them."""
    for _ in range(0 if port else _TRIES):
        first = _bind(hosts[0], 0)
        free: int = first.getsockname()[1]
        try:
            return [first, *_bind_all([(host, free) for host in hosts[1:]])]
        except SimulatorError as error:
            first.close()
            if isinstance(error.__cause__, OSError) and error.__cause__.errno != errno.EADDRINUSE:
                raise
    return _bind_all([(host, port) for host in hosts])


class SimulatedCluster:
    """Serve a cluster while the `with` block runs; `port` 0 takes any free ones.

    The cluster lists every node with an address of its own, `base` and its uid (127.0.0.1,
    127.0.0.2, …). With `spread` it listens there, and all have the same port; clusters that are
    served side by side take different bases. Else all listen on 127.0.0.1.
    `urls` are by uid, `fingerprint` is that of the one certificate of all nodes, `ca_pem` its
    temporary authority's.
    """

    def __init__(
        self,
        cluster: Cluster,
        *,
        port: int = 0,
        tls: bool = True,
        spread: bool = False,
        base: str = "127.0.0",
    ) -> None:
        self.cluster = cluster
        self.urls: dict[int, str] = {}
        self.fingerprint = ""
        self.ca_pem = b""
        self._spread = spread
        last = port if spread else port + len(cluster.nodes) - 1
        if port < 0 or last > _LAST_PORT:
            raise SimulatorError(
                f"the nodes would need the ports {port} to {last}, and there are only"
                f" 0 to {_LAST_PORT}; choose another first port with --port"
            )
        self._first_port = port
        for node in cluster.nodes:
            node.addr = f"{base}.{node.uid}" if spread or node.uid < 255 else HOST
        self._tls = self._make_certificate() if tls else None

    def _make_certificate(self) -> ssl.SSLContext:
        authority = trustme.CA()
        addresses = dict.fromkeys((HOST, *(node.addr for node in self.cluster.nodes)))
        leaf = authority.issue_cert("localhost", *addresses, "::1")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        leaf.configure_cert(context)
        der = ssl.PEM_cert_to_DER_cert(leaf.cert_chain_pems[0].bytes().decode("ascii"))
        self.fingerprint = f"sha256:{hashlib.sha256(der).hexdigest()}"
        self.ca_pem = authority.cert_pem.bytes()
        return context

    def write_ca(self, path: Path) -> Path:
        """Write the authority's certificate to a file and return its path."""
        path.write_bytes(self.ca_pem)
        return path

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._ready = threading.Event()
        try:
            sockets = self._bind()
        except SimulatorError:
            self._loop.close()
            raise
        self._ports = [
            _Port(self.cluster, node.uid, bound, self._tls, self._loop)
            for node, bound in zip(self.cluster.nodes, sockets, strict=True)
        ]
        scheme = "https" if self._tls else "http"
        self.urls = {port.uid: f"{scheme}://{port.host}" for port in self._ports}
        self.cluster.urls = dict(self.urls)
        self._thread = threading.Thread(target=self._run, name="simulator", daemon=True)
        self._thread.start()
        self._ready.wait(10)
        return self

    def _bind(self) -> list[socket.socket]:
        hosts = [node.addr if self._spread else HOST for node in self.cluster.nodes]
        if self._spread:
            return _bind_spread(hosts, self._first_port)
        first = self._first_port
        return _bind_all([(host, first + n if first else 0) for n, host in enumerate(hosts)])

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def power_off(self, uid: int) -> None:
        """Stop a node from answering; on return its port refuses connections."""
        self.cluster.power_off(uid)
        self._in_loop(lambda: None)  # after the callback that closes the port

    def drop_connections(self, uid: int) -> None:
        """Reset every connection of a node, as a network does."""
        port = next(port for port in self._ports if port.uid == uid)
        self._in_loop(port.cut)

    def _in_loop(self, act: Callable[[], Any]) -> None:
        done = threading.Event()

        def run() -> None:
            act()
            done.set()

        self._loop.call_soon_threadsafe(run)
        done.wait(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        while not self._stop.is_set():
            for port in self._ports:
                await port.look()
            self._ready.set()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), _LOOK)
        for port in self._ports:
            port.close()
        await self._end_handshakes()
        # The protocols of the aborted connections are closed in the loop's next turns.
        for _ in range(3):
            await asyncio.sleep(0)

    async def _end_handshakes(self) -> None:
        """End the connections that no port knows yet, since they still shake hands."""
        answering = {task for port in self._ports for task in port.answering}
        shaking_hands = asyncio.all_tasks() - answering - {asyncio.current_task()}
        for task in shaking_hands:
            task.cancel()
        await asyncio.gather(*shaking_hands, return_exceptions=True)
