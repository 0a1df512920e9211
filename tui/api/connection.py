"""One connection to one node: one request at a time, one deadline, a size limit.

Also the connection that may carry an action: sent once or not at all, and always known which.
What decides when a password may be sent is the connection's `PasswordGuard`.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, Protocol

from tui import concurrency
from tui.api.codec import HttpReply
from tui.api.error_messages import (
    RequestStage,
    timeout_error,
    transport_error,
    with_presented_certificate,
)
from tui.api.errors import ApiError, Garbled, NotSent, Unreachable, Untrusted
from tui.api.http_transport import (
    Address,
    Authorization,
    DirectTransport,
    Request,
    RequestSteps,
    Response,
    Transport,
    TransportError,
    UnreadableAnswer,
)
from tui.api.repeated_secrets import before_quotation, without_secrets
from tui.api.request_gate import GetOnlyTransport, OrderTransport
from tui.api.tls.certificate import describe_certificate
from tui.api.tls.context import context_for
from tui.api.tls.probe import probe
from tui.concurrency import run_in_thread
from tui.model.certificate import Certificate
from tui.model.clock import Asleep, asleep, sleep_text, slept_since
from tui.model.dataclass import dataclass
from tui.model.login import LockoutRule
from tui.model.reading import Remedy
from tui.model.trust import AuthorityTrust, ClientCertificate, NoTrust, Trust


class NetworkStream(Protocol):
    """A connection as those who trace a request see it, ours or httpcore's."""

    def get_extra_info(self, info: str, /) -> Any:
        """Return what is known of it by a name; None where nothing is."""

    async def aclose(self) -> None:
        """Close it."""


class PasswordGuard(Protocol):
    """Decides when passwords may be sent to one node, and learns what came of them."""

    async def before_password(self, *, is_certain: bool = True) -> None:
        """Wait until a password may be sent; the wait does not count as the node's time.

        A call that may be refused although the node takes the password is not `is_certain`. What it
        raises ends the request, unsent, and comes out of the call as it is. NodeNotSeenYet asks for
        a request without credentials first.
        """

    def after_request(self, *, unanswered: bool) -> None:
        """End a request; `unanswered` if it carried a password, and it is not known if it fits."""

    @property
    def is_doubted(self) -> bool:
        """Whether the password was refused and not taken since, by any node."""

    @property
    def is_taken_elsewhere(self) -> bool:
        """Whether another node took the login in the last minutes."""

    def check(self) -> None:
        """Raise what keeps the password from being sent, if it is known before connecting."""

    def password_refused(self) -> bool:
        """Count a refusal; return whether the node may be sent the password once more."""

    def login_accepted(self, *, by_password: bool) -> None:
        """Note that the node took the login that a request carried."""

    def learn_lockout(self, rule: LockoutRule) -> None:
        """Follow what the node's cluster says of its lock."""

    def node_answered(self) -> None:
        """Mark the node as one that answered a request without credentials."""


class NoGuard:
    """Lets every password pass at once: for a node that is polled by hand, alone."""

    async def before_password(self, *, is_certain: bool = True) -> None:
        """Do nothing."""

    def after_request(self, *, unanswered: bool) -> None:
        """Do nothing."""

    is_doubted = False
    is_taken_elsewhere = False

    def check(self) -> None:
        """Do nothing."""

    def password_refused(self) -> bool:
        """Allow one more try."""
        return True

    def login_accepted(self, *, by_password: bool) -> None:
        """Do nothing."""

    def learn_lockout(self, rule: LockoutRule) -> None:
        """Do nothing."""

    def node_answered(self) -> None:
        """Do nothing."""


BeforeSend = Callable[[], Awaitable[None]]
"""Awaited right before a request's headers leave; what it raises keeps them from leaving."""


@dataclass(slots=True)
class RequestTrace:
    """How far one request has come, by httpcore's trace.

    `has_password` if it carries one. `connected` means that it opened a connection of its own,
    `sent` that its headers, and with them the credentials, began to leave. `leaving` is called
    right before, and what it raises keeps them from leaving. `stream` is the connection it opened,
    if it did.
    """

    before_send: BeforeSend | None = None
    leaving: Callable[[], None] | None = None
    has_password: bool = False
    stage: RequestStage = RequestStage.QUEUED
    connected: bool = False
    sent: bool = False
    stream: NetworkStream | None = None
    _asleep_before: Asleep = (0.0, 0.0)

    @property
    def slept(self) -> bool:
        """Whether the machine has slept since the request was sent."""
        return slept_since(self._asleep_before)

    @property
    def sleep_text(self) -> str:
        """How long the machine slept, or rsdeck was suspended, since then."""
        return sleep_text(self._asleep_before)

    def start_sending(self) -> None:
        """Mark the request as sent: its headers begin to leave."""
        if self.leaving is not None:
            self.leaving()
        self.stage, self.sent = RequestStage.WAITING, True
        self._asleep_before = asleep()


BODY_AT_MOST = 4 * 1024 * 1024
"""Largest answer in bytes that is read; a node's list of services has a few thousand."""

_PROBE_AT_MOST = 2.0
_CODING_AT_MOST = 10
"""Characters of the name of a content coding that is shown."""


class Connection:
    """The one connection of one node, for GET alone.

    It carries one request at a time: who shares it holds a lock (`NodeConnection.hold`), and a
    second request meanwhile raises RuntimeError. `timeout` is in seconds and for all of a request,
    except the wait of its `before_send`. `guard` is called after each request. `keeps_alive` is
    whether the last answer left the connection open, `opened` counts the connections that were
    begun. `certificate` is what the node presented last, None before. `peer` is
    the address and port of the newest connection's other end, empty before, and behind a proxy.
    """

    _gate: ClassVar[type[GetOnlyTransport]] = GetOnlyTransport
    _is_kept: ClassVar[bool] = True

    def __init__(
        self,
        title: str,
        url: str,
        trust: Trust,
        timeout: float,
        *,
        client_certificate: ClientCertificate | None = None,
        proxy: str = "",
        guard: PasswordGuard | None = None,
    ) -> None:
        self.title = title
        self.url = url
        self.trust = trust
        self.timeout = timeout
        self.client_certificate = client_certificate
        self.proxy = proxy
        self.guard: PasswordGuard = guard or NoGuard()
        self.certificate: Certificate | None = None
        self.peer = ""
        self.keeps_alive = True
        self.opened = 0
        self._transport: GetOnlyTransport | None = None
        self._address = Address.of(url)
        self._newest: Request | None = None
        self._is_unanswered = False
        self._is_busy = False

    @property
    def where(self) -> str:
        """The node and its address, as error messages name them."""
        return f"{self.title} ({self.url})"

    def _where(self, stage: RequestStage) -> str:
        """Return who failed at a stage: the proxy, if there is one, until its tunnel is open."""
        if self.proxy and stage in (
            RequestStage.NAMING,
            RequestStage.CONNECTING,
            RequestStage.PROXY,
        ):
            return f"the proxy {self.proxy} of {self.where}"
        return self.where

    async def get(
        self, path: str, authorization: Authorization | None, before_send: BeforeSend | None = None
    ) -> HttpReply:
        """Send a GET, once more on a new connection if a kept one turns out to be closed.

        Also if the machine slept meanwhile: the deadline does not count that time, so the answer
        may have waited for hours. Raises Unreachable if it slept again.
        """
        has_password = authorization is not None and authorization.is_password
        trace = RequestTrace(before_send, has_password=has_password)
        request = self._newest
        if request is None or request.path != path or request.authorization is not authorization:
            request = self._newest = Request("GET", self._address, path, authorization)
        return await self._within_timeout(trace, lambda limit: self._get(request, trace, limit))

    async def _get(
        self, request: Request, trace: RequestTrace, limit: asyncio.Timeout
    ) -> HttpReply:
        """Send a GET, once more where its answer counts for nothing."""
        try:
            reply = await self._send(request, trace, limit)
            if reply.status != 200 or not trace.slept:
                return reply
            await self.aclose()
            # It was answered: the password that is sent again is not one without an answer.
            self.guard.after_request(unanswered=False)
        except Unreachable:
            # Only a kept connection may have been closed before the node knew of this.
            if trace.connected or not trace.sent:
                raise
        trace.stage, trace.sent = RequestStage.QUEUED, False
        reply = await self._send(request, trace, limit)
        if reply.status == 200 and trace.slept:
            await self.aclose()
            text = f"{self.where}: {trace.sleep_text} before its answer was read"
            raise Unreachable(text, remedies=(Remedy.WAIT, Remedy.REFRESH))
        return reply

    async def aclose(self) -> None:
        """Close the connection; the next request opens another."""
        if self._transport is not None:
            transport, self._transport = self._transport, None
            # A peer that is gone makes closing fail, and then there is nothing left to close.
            with contextlib.suppress(TransportError, OSError):
                await transport.aclose()

    async def _open(self, trace: RequestTrace) -> GetOnlyTransport:
        if self._transport is None:
            plain = self.url.startswith("http://")
            context = await self._context(NoTrust() if plain else self.trust, trace)
            inner = self._through_proxy(context) if self.proxy else DirectTransport(context)
            self._transport = self._gate(inner, self._address)
        return self._transport

    def _through_proxy(self, context: ssl.SSLContext) -> Transport:
        from tui.api.proxy_transport import ProxyTransport  # httpx takes long, and few need it

        return ProxyTransport(self.proxy, context)

    async def _context(self, trust: Trust, trace: RequestTrace) -> ssl.SSLContext:
        shown, stage = self.client_certificate, trace.stage
        if shown is None and not isinstance(trust, AuthorityTrust):
            return context_for(trust)
        trace.stage = RequestStage.FILES  # they may lie on a disk that hangs
        try:
            context = await run_in_thread(
                ("trust", trust, shown), lambda: context_for(trust, shown)
            )
        except Unreachable as error:
            trouble = error.trouble
            text = f"{self.where} was not polled: {error}"
            raise Unreachable(text, trouble.hint, trouble.remedies) from error
        trace.stage = stage
        return context

    async def _within_timeout(
        self, trace: RequestTrace, exchange: Callable[[asyncio.Timeout], Awaitable[HttpReply]]
    ) -> HttpReply:
        """Limit one exchange, a request with its answer, to the timeout."""
        if self._is_busy:
            raise RuntimeError(f"two requests at a time on the connection to {self.where}")
        self._is_busy, self._is_unanswered = True, False
        try:
            async with asyncio.timeout(self.timeout) as limit:
                return await exchange(limit)
        except TimeoutError:
            raise timeout_error(self._where(trace.stage), self.timeout, trace.stage) from None
        finally:
            try:
                if not self._is_kept:
                    await self.aclose()
            finally:
                self._is_busy = False
                # Last of all: others go on at once, and what comes of this must be known by then.
                self.guard.after_request(unanswered=trace.has_password and self._is_unanswered)

    async def _send(
        self,
        request: Request,
        trace: RequestTrace,
        limit: asyncio.Timeout,
        *,
        only_open: bool = False,
    ) -> HttpReply:
        """Send one request and read its whole answer."""
        clean_end = False
        try:
            transport = await self._open(trace)
            steps = self._tracer(trace, limit, only_open=only_open)
            response = await transport.send(request, steps)
            reply = without_secrets(await self._read(response), request)
            clean_end = True
            self._is_unanswered = False
        except UnreadableAnswer as error:  # its text quotes what came
            shown = UnreadableAnswer(before_quotation(str(error)))
            raise await self._error_for(shown, trace, limit) from None
        except (TransportError, ssl.SSLError, OSError) as error:
            raise await self._error_for(error, trace, limit) from error
        finally:
            if not clean_end:
                # httpcore's pool loses a slot for ever when a request in it is cancelled, and a
                # connection whose handshake is cancelled is closed by no other.
                await self.aclose()
                if trace.stream is not None:
                    await trace.stream.aclose()
        self.keeps_alive = _keeps_alive(response)
        return reply

    async def _error_for(
        self, error: Exception, trace: RequestTrace, limit: asyncio.Timeout
    ) -> ApiError:
        fault = transport_error(error, self._where(trace.stage), trace.stage)
        if not isinstance(fault, Untrusted) or fault.got:
            return fault
        # A failed handshake does not show what was presented: a second one, without HTTP, does.
        seconds_left = (limit.when() or 0.0) - asyncio.get_running_loop().time()
        try:
            seconds = min(_PROBE_AT_MOST, seconds_left / 2)
            presented = await probe(self.url, seconds, self.proxy, self.trust.server_name)
        except Unreachable:
            return fault
        return with_presented_certificate(fault, presented)

    def _tracer(
        self, trace: RequestTrace, limit: asyncio.Timeout, *, only_open: bool
    ) -> RequestSteps:
        async def note(event: str, info: dict[str, Any]) -> None:
            match event:
                case "connection.connect_tcp.started" if only_open:
                    raise NotSent(f"the connection to {self.where} changed since the check")
                case "connection.connect_tcp.started":
                    self.opened += 1
                    trace.connected, trace.stage = True, RequestStage.NAMING
                    await concurrency.resolve_host(info["host"])
                    trace.stage = RequestStage.CONNECTING
                case "connection.connect_tcp.complete":
                    trace.stream = info["return_value"]
                    self._keep_peer(info["return_value"])
                case "connection.start_tls.started" | "proxy.start_tls.started":
                    trace.stage = RequestStage.HANDSHAKE
                case "connection.start_tls.complete" | "proxy.start_tls.complete":
                    self._keep_certificate(info["return_value"])
                case "http11.send_request_headers.started" if info["request"].method == b"CONNECT":
                    trace.stage = (
                        RequestStage.PROXY
                    )  # nothing of ours has left but the node's address
                case "http11.send_request_headers.started":
                    trace.stage = RequestStage.SENDING
                    await self._wait_to_send(trace.before_send, limit)
                    trace.start_sending()
                    self._is_unanswered = True
                case "http11.receive_response_headers.complete" if trace.sent:
                    trace.stage = RequestStage.READING
                    # A refusal that is cut short is not acted upon, so it counts as no answer.
                    self._is_unanswered = info["return_value"][1] == 401

        return note

    def _keep_peer(self, stream: NetworkStream) -> None:
        # None where the node has closed the connection already.
        host, port, *_ = stream.get_extra_info("server_addr") or ("", "")
        host = f"[{host}]" if ":" in host else host
        self.peer = f"{host}:{port}" if host and not self.proxy else ""

    def _keep_certificate(self, stream: NetworkStream) -> None:
        peer = stream.get_extra_info("ssl_object")
        self.certificate = describe_certificate(peer.getpeercert(binary_form=True) or b"")

    async def _wait_to_send(self, before_send: BeforeSend | None, limit: asyncio.Timeout) -> None:
        """Wait for `before_send`, with the deadline stopped meanwhile."""
        if before_send is None:
            return
        loop = asyncio.get_running_loop()
        seconds_left = (limit.when() or loop.time()) - loop.time()
        limit.reschedule(None)
        try:
            await before_send()
        finally:
            limit.reschedule(loop.time() + seconds_left)

    async def _read(self, response: Response) -> HttpReply:
        """Read the raw body up to the limit; nothing is ever inflated."""
        try:
            coding = response.headers.get("content-encoding", "identity").strip().lower()
            if coding not in ("", "identity"):
                named = (
                    f" ({coding})" if coding.isalpha() and len(coding) <= _CODING_AT_MOST else ""
                )
                raise Garbled(
                    f"{self.where} answered encoded{named}, which was not accepted",
                    "is there a proxy before the node?",
                )
            length = response.headers.get("content-length", "")
            if length.isdigit() and (len(length) > 12 or int(length) > BODY_AT_MOST):
                raise self._too_big()
            body = bytearray()
            async for chunk in response:
                body += chunk
                if len(body) > BODY_AT_MOST:
                    raise self._too_big()
        finally:
            await response.aclose()
        return HttpReply(response.status, response.headers, bytes(body))

    def _too_big(self) -> Garbled:
        return Garbled(
            f"{self.where} answered with more than {BODY_AT_MOST // 1024**2} MiB",
            "is this the API's port (9443)?",
        )


def _keeps_alive(response: Response) -> bool:
    words = response.headers.get("connection", "").lower()
    return response.version != b"HTTP/1.0" and "close" not in words


class OrderConnection(Connection):
    """The one connection of one node, for GET and the POST of an order."""

    _gate: ClassVar[type[GetOnlyTransport]] = OrderTransport

    async def post(
        self,
        path: str,
        authorization: Authorization,
        body: bytes,
        *,
        same_connection: bool,
        before_send: BeforeSend | None = None,
        leaving: Callable[[], None] | None = None,
    ) -> HttpReply | ApiError:
        """Send an order once; return the answer, or the error that came after it had left.

        Raises NotSent if it did not leave. With `same_connection` it leaves on the connection
        that is open, which leads to the node that was just checked, or not at all. `leaving` is
        called when its first byte is about to leave, and what it raises keeps it from leaving.
        """
        if same_connection and not self.keeps_alive:
            raise NotSent(
                f"{self.where} closed the connection after the check, and a new one might lead "
                "to another node; nothing was sent"
            )
        trace = RequestTrace(before_send, leaving, authorization.is_password)
        request = Request("POST", self._address, path, authorization, body)
        try:
            return await self._within_timeout(
                trace,
                lambda limit: self._send(request, trace, limit, only_open=same_connection),
            )
        except ApiError as error:
            if not trace.sent:
                raise NotSent.because(error) from error
            return error
