import json

import httpx
import pytest

from tui.api.errors import WriteBlocked
from tui.api.transport import GetOnlyTransport, LoginTransport, OrderTransport

ORIGIN = "https://10.0.0.1:9443"
SERVICES = f"{ORIGIN}/v1/local/services"


class Inner(httpx.AsyncBaseTransport):
    def __init__(self) -> None:
        self.passed: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.passed.append(request)
        return httpx.Response(200)


async def passes(kind: type[GetOnlyTransport], request: httpx.Request) -> bool:
    inner = Inner()
    try:
        await kind(inner, httpx.URL(ORIGIN)).handle_async_request(request)
    except WriteBlocked:
        assert inner.passed == []
        return False
    return inner.passed == [request]


def raw(method: str, url: str = SERVICES) -> httpx.Request:
    request = httpx.Request("GET", url)
    request.method = method
    return request


async def stream():
    yield b"{}"


READS = [
    "/v1/local/services",
    "/v1/nodes",
    "/v1/nodes/status",
    "/v1/nodes/check/12",
    "/v1/cluster",
    "/v1/cluster/check",
    "/v1/cluster/services_configuration",
    "/v1/bootstrap",
    "/v4/cluster/health",
    "/v1/cluster/alerts",
    "/v1/nodes/alerts",
    "/v1/license",
    "/v1/shards",
    "/v1/bdbs?fields=uid,name,status,endpoints,proxy_policy,replication,crdt",
    "/v2/actions",
    "/v1/actions",
    "/v1/logs?order=desc&limit=100",
    "/v1/local/bdbs/12/endpoint/availability",
]


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize("kind", [GetOnlyTransport, OrderTransport])
async def test_the_known_paths_can_be_read(kind, path):
    assert await passes(kind, httpx.Request("GET", f"{ORIGIN}{path}"))


ATTACKS = [
    raw("PUT"),
    raw("DELETE"),
    raw("PATCH"),
    raw("post"),
    raw("get"),
    raw("POST "),
    raw("GET "),
    raw("HEAD"),
    raw("OPTIONS"),
    httpx.Request("GET", SERVICES, content=b"{}"),
    httpx.Request("GET", SERVICES, content=stream()),
    httpx.Request("GET", f"{SERVICES}?operation_type=stop"),
    httpx.Request("GET", f"{SERVICES}?"),
    httpx.Request("GET", f"{SERVICES}/"),
    httpx.Request("GET", f"{ORIGIN}/v1/local/node/master_healthcheck"),
    httpx.Request("GET", f"{ORIGIN}/v1/local%2Fservices"),
    httpx.Request("GET", f"{ORIGIN}/v1//local/services"),
    httpx.Request("GET", f"{ORIGIN}/v1/nodes/../users"),
    httpx.Request("GET", f"{ORIGIN}/v1/nodes/check/1/2"),
    httpx.Request("GET", f"{ORIGIN}/v1/nodes/check/\u0661"),
    httpx.Request("GET", f"{ORIGIN}/v1/users"),
    httpx.Request("GET", f"{ORIGIN}/v1/bdbs"),
    httpx.Request("GET", f"{ORIGIN}/v1/bdbs?"),
    httpx.Request("GET", f"{ORIGIN}/v1/bdbs?fields="),
    httpx.Request("GET", f"{ORIGIN}/v1/bdbs?fields=uid,name,authentication_redis_pass"),
    httpx.Request("GET", f"{ORIGIN}/v1/bdbs/1"),
    httpx.Request("GET", f"{ORIGIN}/v1/cluster/certificates"),
    httpx.Request("GET", f"{ORIGIN}/v1/logs"),
    httpx.Request("GET", f"{ORIGIN}/v1/logs?order=desc"),
    httpx.Request("GET", f"{ORIGIN}/v1/license?"),
    httpx.Request("GET", f"{ORIGIN}/v1/local/bdbs/1/endpoint/availability?extend_check=lag"),
    httpx.Request("GET", f"{ORIGIN}/v1/local/bdbs/x/endpoint/availability"),
    httpx.Request("GET", ORIGIN),
    httpx.Request("GET", "https://10.0.0.2:9443/v1/nodes"),
    httpx.Request("GET", "https://10.0.0.1:9444/v1/nodes"),
    httpx.Request("GET", "https://10.0.0.1/v1/nodes"),
    httpx.Request("GET", "http://10.0.0.1:9443/v1/nodes"),
    httpx.Request("GET", "https://me:pw@10.0.0.1:9443/v1/nodes"),
    httpx.Request("GET", SERVICES, headers={"Host": "other"}),
    httpx.Request("GET", SERVICES, headers=[("Host", "10.0.0.1:9443"), ("Host", "other")]),
    httpx.Request("GET", SERVICES, headers={"X-HTTP-Method-Override": "POST"}),
    httpx.Request("GET", SERVICES, headers={"X-Method-Override": "POST"}),
    httpx.Request("GET", SERVICES, headers={"X-Original-URL": "/v1/services"}),
    httpx.Request("GET", SERVICES, headers={"X-Rewrite-URL": "/v1/services"}),
    httpx.Request("GET", SERVICES, headers={"Transfer-Encoding": "chunked"}),
    httpx.Request("GET", SERVICES, headers={"Content-Length": "5"}),
    httpx.Request("GET", SERVICES, headers={"Upgrade": "h2c"}),
    httpx.Request("GET", SERVICES, extensions={"target": b"/v1/users"}),
    httpx.Request("GET", SERVICES, extensions={"sni_hostname": "other"}),
]


@pytest.mark.parametrize("request_", ATTACKS, ids=repr)
@pytest.mark.parametrize("kind", [GetOnlyTransport, OrderTransport])
async def test_nothing_else_leaves(kind, request_):
    """P1, P26: every other request is refused before a byte is sent."""
    assert not await passes(kind, request_)


ORDERS = [
    httpx.Request("POST", SERVICES, json={"operation_type": "stop"}),
    httpx.Request("POST", f"{ORIGIN}/v1/services", json={}),
]


@pytest.mark.parametrize("order", ORDERS, ids=repr)
async def test_an_order_passes_the_operators_gate_and_not_the_readers(order):
    """P1."""
    assert await passes(OrderTransport, order)
    assert not await passes(GetOnlyTransport, order)


JSON = {"Content-Type": "application/json"}
BAD_ORDERS = [
    httpx.Request("POST", f"{ORIGIN}/v1/nodes", json={}),
    httpx.Request("POST", f"{ORIGIN}/v1/services/1/stop", json={}),
    httpx.Request("POST", f"{SERVICES}?x=1", json={}),
    httpx.Request("POST", "https://10.0.0.2:9443/v1/services", json={}),
    httpx.Request("POST", SERVICES, content=b"{}"),
    httpx.Request("POST", SERVICES, content=b"", headers=JSON),
    httpx.Request("POST", SERVICES, content=b"[]", headers=JSON),
    httpx.Request("POST", SERVICES, content=b"{", headers=JSON),
    httpx.Request("POST", SERVICES, content=b"\xff", headers=JSON),
    httpx.Request("POST", SERVICES, content=stream(), headers=JSON),
    httpx.Request("POST", SERVICES, json={}, headers={"X-HTTP-Method-Override": "DELETE"}),
    httpx.Request("POST", SERVICES, json={}, extensions={"target": b"/v1/users"}),
]


@pytest.mark.parametrize("order", BAD_ORDERS, ids=repr)
async def test_what_is_no_order_does_not_pass_the_operators_gate(order):
    """P1."""
    assert not await passes(OrderTransport, order)


AUTHORIZE, REFRESH = f"{ORIGIN}/v1/users/authorize", f"{ORIGIN}/v1/users/refresh_jwt"
BASIC = {"Authorization": "Basic bWU6cHc="}
NAMED = {"username": "me", "password": "pw"}


def login(url: str, value: object, shown: str = "", **more: str) -> httpx.Request:
    shows = {"Authorization": shown} if shown else {}
    return httpx.Request("POST", url, content=json.dumps(value), headers=JSON | shows | more)


LOGINS = [
    login(AUTHORIZE, {"ttl": 300}, "Basic bWU6cHc="),
    login(AUTHORIZE, NAMED),
    login(REFRESH, {"ttl": 300}, "JWT abc"),
    login(REFRESH, {"ttl": 300}, "Bearer abc"),
]


@pytest.mark.parametrize("request_", LOGINS, ids=repr)
async def test_a_login_passes_its_own_gate_once_and_no_other_gate(request_):
    assert await passes(LoginTransport, request_)
    assert not await passes(GetOnlyTransport, request_)
    assert not await passes(OrderTransport, request_)
    inner = Inner()
    gate = LoginTransport(inner, httpx.URL(ORIGIN))
    await gate.handle_async_request(request_)
    for again in LOGINS:
        with pytest.raises(WriteBlocked, match="a second request"):
            await gate.handle_async_request(again)
    assert inner.passed == [request_]


NO_LOGINS = [
    *(httpx.Request("GET", f"{ORIGIN}{path}") for path in READS),
    *ORDERS,
    *BAD_ORDERS,
    httpx.Request("GET", AUTHORIZE),
    raw("PUT", AUTHORIZE),
    raw("post", AUTHORIZE),
    login(SERVICES, {"ttl": 300}, "Basic bWU6cHc="),
    login(f"{ORIGIN}/v1/users", NAMED),
    login(f"{ORIGIN}/v1/users/authorize/", NAMED),
    login(f"{AUTHORIZE}?x=1", NAMED),
    login(AUTHORIZE.replace("10.0.0.1", "10.0.0.2"), NAMED),
    login(AUTHORIZE.replace("https", "http"), NAMED),
    login(AUTHORIZE, NAMED, "Basic bWU6cHc="),
    login(AUTHORIZE, NAMED, Host="other"),
    login(AUTHORIZE, NAMED, **{"X-HTTP-Method-Override": "PUT"}),
    login(AUTHORIZE, NAMED | {"role": "admin"}),
    login(AUTHORIZE, NAMED | {"services": ["ccs"], "operation_type": "stop"}),
    login(AUTHORIZE, {"username": "me", "password": 1}),
    login(AUTHORIZE, {"ttl": 300}),
    login(AUTHORIZE, {"ttl": True}, "Basic bWU6cHc="),
    login(AUTHORIZE, {"ttl": "300"}, "Basic bWU6cHc="),
    login(AUTHORIZE, {"ttl": 300}, "JWT abc"),
    login(AUTHORIZE, [], "Basic bWU6cHc="),
    login(REFRESH, {"ttl": 300}, "Basic bWU6cHc="),
    login(REFRESH, {"ttl": 300}),
    login(REFRESH, {}, "JWT abc"),
    httpx.Request("POST", AUTHORIZE, headers=JSON | BASIC, content=b'{"ttl": 1, "ttl": 300}'),
    httpx.Request("POST", AUTHORIZE, headers=JSON | BASIC, content=b'{"ttl": 300} '),
    httpx.Request("POST", AUTHORIZE, headers=JSON | BASIC, content=b""),
    httpx.Request("POST", AUTHORIZE, headers=JSON | BASIC, content=stream()),
    httpx.Request("POST", AUTHORIZE, headers=BASIC, content=b'{"ttl": 300}'),
    httpx.Request(
        "POST",
        AUTHORIZE,
        headers=[*JSON.items(), *BASIC.items(), ("Authorization", "JWT abc")],
        content=b'{"ttl": 300}',
    ),
]


@pytest.mark.parametrize("request_", NO_LOGINS, ids=repr)
async def test_nothing_but_a_login_passes_the_logins_gate(request_):
    assert not await passes(LoginTransport, request_)
