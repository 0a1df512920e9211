"""One request to a node and its answer, as the gates see them and the transports carry them.

Not httpx's: its import takes longer than that of all the rest of the client, and a request of these
types can say nothing but what its fields say.
"""

import base64
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import field
from typing import Any, Protocol
from urllib.parse import urlsplit

from tui import __version__
from tui.model.records import dataclass

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
