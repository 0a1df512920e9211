"""The gates that let only known requests pass.

The gate is the last check under every client, whatever was decided above it.
"""

import json
import re

from tui.api.errors import WriteBlocked
from tui.api.http_transport import Address, Request, RequestSteps, Response, Transport
from tui.model.order import Route

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
BOOTSTRAP = "/v1/bootstrap"
"""Where a node says who it is; before it is in a cluster, without any login."""
READABLE = frozenset(
    {
        SERVICES,
        "/v1/nodes",
        "/v1/nodes/status",
        "/v1/cluster",
        BOOTSTRAP,
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


class GetOnlyTransport:
    """Pass only GET of the known paths of one node, with the queries written here and no body.

    Raises WriteBlocked before a byte is sent.
    """

    def __init__(self, inner: Transport, address: Address) -> None:
        self._inner = inner
        self._address = address

    async def send(self, request: Request, steps: RequestSteps) -> Response:
        """Pass a request on if it is allowed."""
        reason = self.objection(request)
        if reason:
            raise WriteBlocked(f"{reason}; nothing was sent")
        return await self._inner.send(request, steps)

    def objection(self, request: Request) -> str:
        """Return why a request is blocked; empty if it is allowed."""
        if request.address != self._address:
            return "another address than the node's own"
        return self._objection_to(request)

    def _objection_to(self, request: Request) -> str:
        if request.method != "GET":
            return f"{request.method} is not GET"
        if request.path not in READABLE and not _BY_UID.fullmatch(request.path):
            return "a path that is not one of those that are read"
        return "" if request.body is None else "a body"

    async def aclose(self) -> None:
        """Close what is underneath."""
        await self._inner.aclose()


class OrderTransport(GetOnlyTransport):
    """Also pass POST of the two services calls with a JSON object as its body."""

    def _objection_to(self, request: Request) -> str:
        if request.method != "POST":
            return super()._objection_to(request)
        if request.path not in WRITABLE:
            return "a path that takes no actions"
        return "" if isinstance(_json(request), dict) else "a body that is not a JSON object"


class LoginTransport(GetOnlyTransport):
    """Pass one POST that gets a token, in exactly its documented form; then nothing more."""

    _is_spent = False

    async def send(self, request: Request, steps: RequestSteps) -> Response:
        """Pass the one request on."""
        if self._is_spent:
            raise WriteBlocked("a second request, where one was to log in; nothing was sent")
        self._is_spent = not self.objection(request)
        return await super().send(request, steps)

    def _objection_to(self, request: Request) -> str:
        if request.method != "POST":
            return f"{request.method} is not POST"
        scheme = "" if request.authorization is None else request.authorization.scheme
        shape = _LOGINS.get((request.path, scheme))
        if shape is None:
            return "a request that is no login"
        body = _json(request)
        # Exactly as we write it: no key twice, nothing around.
        if not isinstance(body, dict) or json.dumps(body).encode() != request.body:
            return "a body that is not a JSON object"
        if {name: type(value) for name, value in body.items()} != shape:
            return "a body that is not a login's"
        return ""


# By path and scheme: the types of the body's values. The one with a username is that of 7.4.
_LOGINS: dict[tuple[str, str], dict[str, type]] = {
    (AUTHORIZE, "Basic"): {"ttl": int},
    (AUTHORIZE, ""): {"username": str, "password": str},
    (REFRESH, "JWT"): {"ttl": int},
    (REFRESH, "Bearer"): {"ttl": int},
}


def _json(request: Request) -> object:
    """Return the value of the body; None where it is no JSON."""
    try:
        return json.loads(request.body or b"")
    except ValueError:
        return None
