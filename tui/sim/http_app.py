"""The REST API of one node, as a plain ASGI application."""

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

from tui.sim.cluster import Cluster
from tui.sim.context_responses import ContextResponses
from tui.sim.replies import NOT_FOUND, SimReply, SimRequest, fault
from tui.sim.request_log import RequestRecord
from tui.sim.responses import Responses

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]

_BODY_AT_MOST = 1024 * 1024
_UPSTREAM = (
    b"upstream connect error or disconnect/reset before headers. reset reason: connection failure"
)
_OPEN = frozenset({"/v1/users/authorize"})
_NODE, _DATABASE = re.compile("/v1/nodes/[0-9]+"), re.compile("/v1/bdbs/[0-9]+")
_AVAILABILITY = re.compile("/v1/local/bdbs/[^/]+/endpoint/availability")
_VERSIONS = frozenset({"1", "2", "3", "4"})  # [choice]: the numbers of the documented paths


def create_app(cluster: Cluster, uid: int, abort: Callable[[], None] = lambda: None) -> Application:
    """Return the application of one node; `abort` drops all its connections, from any thread."""
    node = _NodeApi(cluster, uid)
    cluster.when_cut(uid, abort)

    async def app(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        cuts = cluster.cuts(uid)
        body = await _body(receive)
        if body is None:
            return
        wait = cluster.latency + cluster.fault_of(scope["path"]).delay
        if wait and await _is_gone_within(wait, receive):
            return
        if not cluster.listens(uid):
            abort()
            await _until_gone(receive)
            return
        request = node.read_request(scope, body)
        reply = node.answer(request)
        # An operation that stopped what carries the answer has cut the connection itself.
        is_cut = cluster.cuts(uid) != cuts
        lost = is_cut or not cluster.listens(uid)
        cluster.requests.append(_record(request, 0 if lost else reply.status, cluster.clock()))
        if lost:
            if not is_cut:
                abort()
            await _until_gone(receive)
        else:
            await _send(reply, send)

    return app


def _record(request: SimRequest, status: int, at: float) -> RequestRecord:
    scheme = request.headers.get("authorization", "").partition(" ")[0].lower()
    return RequestRecord(
        request.uid,
        request.method,
        request.path,
        request.query,
        request.body,
        request.user,
        status,
        at,
        scheme,
    )


async def _is_gone_within(seconds: float, receive: Receive) -> bool:
    """Wait, and return whether the client hung up meanwhile."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await _until_gone(receive)
            return True
    return False


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _body(receive: Receive) -> bytes | None:
    """Read a body; None if the client closed before its end, which then counts as no request."""
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        chunk: bytes = message.get("body", b"")
        body = (body + chunk)[:_BODY_AT_MOST]
        if not message.get("more_body"):
            return body


async def _send(reply: SimReply, send: Send) -> None:
    body = reply.body
    kind = b"text/plain" if isinstance(reply.value, bytes) else b"application/json"
    headers = [
        (b"content-type", kind),
        (b"content-length", str(len(body)).encode()),
        (b"server", b"envoy"),
        *((name.encode(), value.encode("latin-1")) for name, value in reply.headers.items()),
    ]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class _NodeApi:
    """Route the requests to one node to their replies."""

    def __init__(self, cluster: Cluster, uid: int) -> None:
        self._cluster = cluster
        self._uid = uid
        replies = self._replies = Responses(cluster)
        context = self._context = ContextResponses(cluster)
        self._routes: dict[tuple[str, str], Callable[[SimRequest], SimReply]] = {
            ("GET", "/v1/local/services"): replies.services,
            ("POST", "/v1/local/services"): replies.operate,
            ("POST", "/v1/services"): replies.operate,
            ("GET", "/v1/nodes"): replies.nodes,
            ("GET", "/v1/nodes/status"): replies.nodes_status,
            ("GET", "/v1/cluster"): replies.cluster,
            ("GET", "/v1/cluster/check"): replies.cluster_check,
            ("GET", "/v1/cluster/services_configuration"): replies.configuration,
            ("GET", "/v1/bootstrap"): replies.bootstrap,
            ("GET", "/v1/local/node/master_healthcheck"): replies.master_healthcheck,
            ("GET", "/v4/cluster/health"): replies.health,
            ("GET", "/v1/bdbs"): context.databases,
            ("GET", "/v1/shards"): context.shards,
            ("GET", "/v1/cluster/alerts"): context.cluster_alerts,
            ("GET", "/v1/nodes/alerts"): context.node_alerts,
            ("GET", "/v1/license"): context.license,
            ("GET", "/v2/actions"): context.actions,
            ("GET", "/v1/actions"): context.old_actions,
            ("GET", "/v1/logs"): context.logs,
            ("POST", "/v1/users/authorize"): replies.authorize,
            ("POST", "/v1/users/refresh_jwt"): replies.refresh,
        }

    def read_request(self, scope: dict[str, Any], body: bytes) -> SimRequest:
        """Read a request; a login is checked once, and only where it is required."""
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        user = None
        if scope["path"] not in _OPEN and self._cluster.serves(self._uid):
            with self._cluster.lock:
                given = headers.get("authorization", "")
                user = self._cluster.logins.by_header(given, self._cluster.now())
        query = scope["query_string"].decode("latin-1")
        return SimRequest(self._uid, scope["method"], scope["path"], query, headers, body, user)

    def answer(self, request: SimRequest) -> SimReply:
        """Return the reply to a request."""
        if not self._cluster.serves(self._uid):
            return SimReply(503, _UPSTREAM)
        route = self._route(request)
        if request.path in _OPEN:
            return NOT_FOUND if route is None else route(request)
        if request.user is None:
            return self._replies.unauthorized()
        if not self._replies.may_view(request.user):
            return fault(403, "insufficient_permissions", "the role may do nothing")
        if request.headers.get("x-api-version", "1") not in _VERSIONS:
            return fault(505, "unsupported_version", "this API version is not served")
        if route is None:
            known = {path for _, path in self._routes}
            if request.method == "GET" or request.path not in known:
                return NOT_FOUND  # a live cluster was seen to answer so to GET /v1/services
            return fault(405, "method_not_allowed", "no")  # [choice]
        elsewhere = self._redirect(request)
        if elsewhere is not None:
            return elsewhere
        forced = self._cluster.fault_of(request.path)
        return route(request) if forced.status is None else SimReply(forced.status, forced.body)

    def _route(self, request: SimRequest) -> Callable[[SimRequest], SimReply] | None:
        if request.method == "GET" and request.path.startswith("/v1/nodes/check/"):
            return self._replies.node_check
        if request.method == "GET" and _AVAILABILITY.fullmatch(request.path):
            return self._context.availability
        if request.method == "GET" and _NODE.fullmatch(request.path):
            return self._replies.node
        if request.method == "GET" and _DATABASE.fullmatch(request.path):
            return self._context.database
        return self._routes.get((request.method, request.path))

    def _redirect(self, request: SimRequest) -> SimReply | None:
        """Redirect the cluster's calls to the primary, unless handle_redirects is set.

        The code is documented for one call: [choice] 307 for all. Whether any node answers the
        health call is a [choice] too, by `health_anywhere`.
        """
        here = request.path.startswith(("/v1/local/", "/v1/users/"))
        here |= request.path.startswith("/v4/") and self._cluster.health_anywhere
        if here or request.path == "/v1/bootstrap" or self._cluster.handle_redirects:
            return None
        if self._uid == self._cluster.primary_uid:
            return None
        target = self._cluster.urls.get(self._cluster.primary_uid, "https://127.0.0.1:9443")
        query = f"?{request.query}" if request.query else ""
        return SimReply(307, b"", {"location": f"{target}{quote(request.path)}{query}"})
