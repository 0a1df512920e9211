"""An HTTP server for Prometheus: `/metrics` for all nodes, `/probe?target=NAME` for one."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Collection
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder, write_to_textfile

from tui.fleet.fleet import Fleet
from tui.metrics.collector import FleetCollector, RestartCounter
from tui.model.clock import monotonic
from tui.model.dataclass import dataclass

_SECONDS = 10.0
"""How long a client may take to send its request and to read the answer, both together."""

_CLIENTS_AT_MOST = 64
"""How many may be connected at once: each has a thread, and a descriptor that polling may need."""

_PAGE = b"""rsdeck export

/metrics              all nodes
/probe?target=NAME    one node, by the name of its profile
"""


_NO_TARGET = b"target has to be the name of one profile; `rsdeck nodes` lists them\n"
_TEXT = "text/plain; charset=utf-8"


class ExportError(Exception):
    """The server cannot start: why, in a sentence for a person."""


@dataclass(frozen=True, slots=True)
class ServerTls:
    """The server's certificate and key, and whose client certificates it wants, as PEM files."""

    certificate: Path
    key: Path
    client_ca: Path | None = None

    def context(self) -> ssl.SSLContext:
        """Return the context of the server; raises ExportError."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(self.certificate, self.key)
            if self.client_ca is not None:
                context.verify_mode = ssl.CERT_REQUIRED
                context.load_verify_locations(self.client_ca)
        except (OSError, ssl.SSLError) as error:
            files = ", ".join(str(p) for p in (self.certificate, self.key, self.client_ca) if p)
            raise ExportError(f"cannot use the certificate files {files}: {error}") from None
        return context


class MetricsServer:
    """Serves the series of a fleet on `address` (host, port) until the `with` block ends.

    Raises ExportError where it cannot listen. Each client has a thread of its own, so that one
    that hangs delays no other; one whose request takes longer than `seconds` is disconnected.
    """

    def __init__(
        self,
        fleet: Fleet,
        counter: RestartCounter,
        address: tuple[str, int],
        tls: ServerTls | None = None,
        *,
        seconds: float = _SECONDS,
    ) -> None:
        self._fleet, self._counter = fleet, counter
        context = tls.context() if tls else None
        try:
            self._server = _Server(self, address, context, seconds)
        except (OSError, OverflowError) as error:
            raise ExportError(f"cannot listen on {address[0]}:{address[1]}: {error}") from None
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="metrics", daemon=True
        )

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.server_address[1])

    def __enter__(self) -> "MetricsServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def registry(self, only: Collection[str] | None = None) -> CollectorRegistry:
        """Return the registry of one scrape."""
        return registry(self._fleet, self._counter, only)

    def has(self, node: str) -> bool:
        """Whether there is a profile of this name."""
        return node in self._fleet


def registry(
    fleet: Fleet, counter: RestartCounter, only: Collection[str] | None = None
) -> CollectorRegistry:
    """Return a registry of the series of a fleet, or of the nodes named by `only`."""
    found = CollectorRegistry(auto_describe=False)
    found.register(FleetCollector(fleet, counter, only=only))
    return found


def write_textfile(fleet: Fleet, path: Path) -> None:
    """Write all series into a file at once, for node_exporter; raises ExportError."""
    try:
        write_to_textfile(str(path), registry(fleet, RestartCounter()))
    except OSError as error:
        raise ExportError(f"cannot write {path}: {error.strerror or error}") from None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = _CLIENTS_AT_MOST

    def __init__(
        self,
        metrics: MetricsServer,
        address: tuple[str, int],
        context: ssl.SSLContext | None,
        seconds: float,
    ) -> None:
        self.metrics, self._context, self.seconds = metrics, context, seconds
        self._ends: dict[Any, float] = {}
        """When each open connection is closed at the latest, by the monotonic clock."""
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, _Handler)

    def get_request(self) -> tuple[Any, Any]:
        connection, peer = super().get_request()
        connection.settimeout(self.seconds)
        if self._context is not None:
            # The handshake is made in the request's own thread.
            connection = self._context.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        return connection, peer

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ARG002 - as called
        """Turn a client away where too many are connected."""
        if len(self._ends) >= _CLIENTS_AT_MOST:
            return False
        self.begin_request(request)
        return True

    def begin_request(self, request: Any) -> None:
        """Begin to count the seconds of one request on a connection."""
        self._ends[request] = monotonic() + self.seconds

    def service_actions(self) -> None:
        """Disconnect who takes too long: a byte now and then would keep a connection for days."""
        now = monotonic()
        for request, end in list(self._ends.items()):
            if now > end:
                # Its thread reads from it, by TLS too: only the socket itself is shut down.
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(request, socket.SHUT_RDWR)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection."""
        self._ends.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Drop a client that went away or speaks no HTTP; say nothing."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    server_version = "rsdeck"
    sys_version = ""

    def handle_one_request(self) -> None:
        """Take the next request of a connection."""
        self.server.begin_request(self.connection)
        super().handle_one_request()

    def do_GET(self) -> None:
        """Answer with the series, or with what there is."""
        try:
            url = urlsplit(self.path)
        except ValueError:
            self.send_error(HTTPStatus.BAD_REQUEST)
            return
        metrics = self.server.metrics
        match url.path:
            case "/metrics":
                self._send_series(metrics.registry())
            case "/probe":
                targets = parse_qs(url.query, keep_blank_values=True).get("target", [])
                if len(targets) == 1 and metrics.has(targets[0]):
                    self._send_series(metrics.registry((targets[0],)))
                else:
                    self._send(HTTPStatus.NOT_FOUND, _TEXT, _NO_TARGET)
            case "/":
                self._send(HTTPStatus.OK, _TEXT, _PAGE)
            case _:
                self._send(HTTPStatus.NOT_FOUND, _TEXT, _PAGE)

    def _send_series(self, registry: CollectorRegistry) -> None:
        encode, kind = choose_encoder(self.headers.get("Accept", ""))
        self._send(HTTPStatus.OK, kind, encode(registry))

    def _send(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Log nothing: a scrape every few seconds is no news."""
