"""The headers of a request, and the gates that let only known requests pass.

The gate is the last check under every client, whatever was decided above it.
"""

import base64
import json
import re
from typing import Protocol

import httpx

from tui import __version__
from tui.api.errors import WriteBlocked
from tui.model.order import Route
from tui.model.records import dataclass

SERVICES = "/v1/local/services"
CLUSTER_ALERTS, NODE_ALERTS = "/v1/cluster/alerts", "/v1/nodes/alerts"
LICENSE, SHARDS = "/v1/license", "/v1/shards"
# Without its fields this call hands out the passwords of the databases.
DATABASES = "/v1/bdbs?fields=uid,name,status,endpoints,proxy_policy,replication,crdt"
ACTIONS, OLD_ACTIONS = "/v2/actions", "/v1/actions"
EVENT_LOG = "/v1/logs?order=desc&limit=100"
CONTEXT = (
    CLUSTER_ALERTS,
    NODE_ALERTS,
    LICENSE,
    SHARDS,
    DATABASES,
    ACTIONS,
    OLD_ACTIONS,
    EVENT_LOG,
)
"""What is read of a cluster around its services; never its certificates, with their keys."""
READABLE = frozenset(
    {
        SERVICES,
        "/v1/nodes",
        "/v1/nodes/status",
        "/v1/cluster",
        "/v1/bootstrap",
        "/v1/cluster/services_configuration",
        "/v1/cluster/check",
        "/v4/cluster/health",
        *CONTEXT,
    }
)
WRITABLE = frozenset({Route.LOCAL, Route.PRIMARY})
AUTHORIZE, REFRESH = "/v1/users/authorize", "/v1/users/refresh_jwt"
_BY_UID = re.compile(
    r"/v1/nodes/check/[0-9]{1,9}|/v1/local/bdbs/[0-9]{1,9}/endpoint/availability", re.ASCII
)
# Names and not patterns: an unknown header cannot change what a request means.
_HEADERS = frozenset({"host", "accept", "accept-encoding", "authorization", "user-agent"})
_ORDER_HEADERS = _HEADERS | {"content-type", "content-length"}
# httpcore obeys extensions: `target` would replace the very path that was looked at here.
_EXTENSIONS = frozenset({"timeout", "trace"})


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


def request_headers(authorization: Authorization | None) -> httpx.Headers:
    """Return a request's headers; their repr hides the Authorization."""
    made = httpx.Headers(
        {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": f"rsdeck/{__version__}",
        }
    )
    if authorization is not None and authorization.scheme:
        made["Authorization"] = authorization.header()
    return made


class GetOnlyTransport(httpx.AsyncBaseTransport):
    """Pass only GET of the known paths of one node, with the queries written here and no body.

    Raises WriteBlocked before a byte is sent.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, origin: httpx.URL) -> None:
        self._inner = inner
        self._origin = _origin(origin)
        self._host = origin.netloc

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass a request on if it is allowed."""
        reason = self.objection(request)
        if reason:
            raise WriteBlocked(f"{reason}; nothing was sent")
        return await self._inner.handle_async_request(request)

    def objection(self, request: httpx.Request) -> str:
        """Return why a request is blocked; empty if it is allowed."""
        if _origin(request.url) != self._origin or request.url.userinfo:
            return "another address than the node's own"
        if request.headers.get_list("host") != [self._host.decode("ascii")]:
            return "another host's name than the node's own"
        if not request.extensions.keys() <= _EXTENSIONS:
            return "an extension that could change what the request means"
        return self._objection_to(request)

    def _objection_to(self, request: httpx.Request) -> str:
        path = _path(request)
        if request.method != "GET":
            return f"{request.method} is not GET"
        if path not in READABLE and not _BY_UID.fullmatch(path):
            return "a path that is not one of those that are read"
        return "a body" if _body(request) != b"" else _foreign_header(request, _HEADERS)

    async def aclose(self) -> None:
        """Close what is underneath."""
        await self._inner.aclose()


class OrderTransport(GetOnlyTransport):
    """Also pass POST of the two services calls with a JSON object as its body."""

    def _objection_to(self, request: httpx.Request) -> str:
        if request.method != "POST":
            return super()._objection_to(request)
        if _path(request) not in WRITABLE:
            return "a path that takes no actions"
        if request.headers.get("content-type") != "application/json" or not _is_object(request):
            return "a body that is not a JSON object"
        return _foreign_header(request, _ORDER_HEADERS)


class LoginTransport(GetOnlyTransport):
    """Pass one POST that gets a token, in exactly its documented form; then nothing more."""

    _is_spent = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass the one request on."""
        if self._is_spent:
            raise WriteBlocked("a second request, where one was to log in; nothing was sent")
        self._is_spent = not self.objection(request)
        return await super().handle_async_request(request)

    def _objection_to(self, request: httpx.Request) -> str:
        if request.method != "POST":
            return f"{request.method} is not POST"
        schemes = request.headers.get_list("authorization")
        shape = _LOGINS.get((_path(request), schemes[0].partition(" ")[0] if schemes else ""))
        if shape is None or len(schemes) > 1:
            return "a request that is no login"
        body = _exact_object(request)
        if request.headers.get("content-type") != "application/json" or body is None:
            return "a body that is not a JSON object"
        if {name: type(value) for name, value in body.items()} != shape:
            return "a body that is not a login's"
        return _foreign_header(request, _ORDER_HEADERS)


# By path and scheme: the types of the body's values. The one with a username is that of 7.4.
_LOGINS: dict[tuple[str, str], dict[str, type]] = {
    (AUTHORIZE, "Basic"): {"ttl": int},
    (AUTHORIZE, ""): {"username": str, "password": str},
    (REFRESH, "JWT"): {"ttl": int},
    (REFRESH, "Bearer"): {"ttl": int},
}


def _origin(url: httpx.URL) -> tuple[bytes, bytes, int | None]:
    return (url.raw_scheme, url.raw_host, url.port)


def _path(request: httpx.Request) -> str:
    return request.url.raw_path.decode("ascii", "replace")


def _foreign_header(request: httpx.Request, known: frozenset[str]) -> str:
    strange = request.headers.keys() - known
    return "a header that could change what the request means" if strange else ""


def _body(request: httpx.Request) -> bytes | None:
    """Return the body; None for a stream, whose content is not known yet."""
    try:
        return request.content
    except httpx.RequestNotRead:
        return None


def _is_object(request: httpx.Request) -> bool:
    try:
        return isinstance(json.loads(_body(request) or b""), dict)
    except ValueError:
        return False


def _exact_object(request: httpx.Request) -> dict[str, object] | None:
    """Return the body if it is an object exactly as we write it: no key twice, nothing around."""
    body = _body(request) or b""
    try:
        value = json.loads(body)
    except ValueError:
        return None
    return value if isinstance(value, dict) and json.dumps(value).encode() == body else None
