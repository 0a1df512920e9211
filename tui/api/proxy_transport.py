"""HTTP/1.1 to one node through a proxy: by httpx, which is imported for this alone."""

import ssl
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from tui.api.errors import WriteBlocked
from tui.api.http_transport import (
    ProxyRefused,
    Request,
    RequestSteps,
    Response,
    TransportError,
    UnreadableAnswer,
)

# httpx brings a command line of its own, and with it rich and click, wherever it is imported. It
# does without where that cannot be found.
if "httpx" not in sys.modules:
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # as Python marks it

import httpx

_NO_LIMITS: dict[str, float | None] = dict.fromkeys(("connect", "read", "write", "pool"))


class ProxyTransport:
    """A `Transport` through the proxy at `http://host:port`."""

    def __init__(self, proxy: str, context: ssl.SSLContext) -> None:
        self._inner = httpx.AsyncHTTPTransport(
            verify=context,
            # Named by the profile or there is none: the environment has no say.
            proxy=proxy,
            trust_env=False,
            http1=True,
            http2=False,
            retries=0,
            # One connection, kept as long as the node keeps it: a poll is not a new handshake.
            limits=httpx.Limits(
                max_connections=1, max_keepalive_connections=1, keepalive_expiry=None
            ),
        )

    async def send(self, request: Request, steps: RequestSteps) -> Response:
        """Send a request. Raises WriteBlocked where httpx would send another one."""
        address = request.address
        made = httpx.Request(
            request.method,
            f"{address.scheme}://{address.authority}{request.path}",
            headers=request.headers(),
            content=request.body,
            extensions={"timeout": _NO_LIMITS, "trace": steps},
        )
        if made.url.raw_path != request.path.encode() or made.method != request.method:
            raise WriteBlocked("httpx writes the path in another way; nothing was sent")
        with _translated():
            return _ProxiedAnswer(await self._inner.handle_async_request(made))

    async def aclose(self) -> None:
        """Close the connection."""
        with _translated():
            await self._inner.aclose()


class _ProxiedAnswer:
    """An answer of httpx's as a `Response`."""

    def __init__(self, response: httpx.Response) -> None:
        self.version: bytes = response.extensions.get("http_version", b"HTTP/1.1")
        self.status = response.status_code
        self.headers = response.headers
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _translated():
            stream = self._response.stream
            if isinstance(stream, httpx.AsyncByteStream):
                async for chunk in stream:
                    yield chunk

    async def aclose(self) -> None:
        with _translated():
            await self._response.aclose()


@contextmanager
def _translated() -> Iterator[None]:
    """Raise our own errors in the place of httpx's."""
    try:
        yield
    except httpx.ProxyError as error:
        raise ProxyRefused(str(error)) from error
    except httpx.RemoteProtocolError as error:
        # httpx's, httpcore's and h11's own: there were bytes, and h11 could not read them. An
        # answer that never began ends at httpcore, which leaves its own cause out.
        inner = error.__cause__
        is_unreadable = inner is not None and inner.__context__ is not None
        raise (UnreadableAnswer if is_unreadable else TransportError)(str(error)) from error
    except httpx.TransportError as error:
        raise TransportError(str(error)) from error
