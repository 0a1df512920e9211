import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tui.api.errors import WriteBlocked
from tui.api.http_transport import (
    NO_AUTHORIZATION,
    Address,
    Authorization,
    HiddenText,
    Request,
    RequestSteps,
    Response,
)
from tui.api.request_gate import GetOnlyTransport, LoginTransport, OrderTransport

ORIGIN = "https://10.0.0.1:9443"
SERVICES = f"{ORIGIN}/v1/local/services"


class Inner:
    def __init__(self) -> None:
        self.passed: list[Request] = []

    async def send(self, request: Request, _: RequestSteps) -> Response:
        self.passed.append(request)
        return Nothing()

    async def aclose(self) -> None:
        raise AssertionError


class Nothing:
    version, status, headers = b"HTTP/1.1", 200, {}

    def __aiter__(self) -> AsyncIterator[bytes]:
        raise AssertionError

    async def aclose(self) -> None:
        raise AssertionError


async def no_step(_name: str, _info: dict[str, Any]) -> None:
    raise AssertionError


async def passes(kind: type[GetOnlyTransport], request: Request) -> bool:
    inner = Inner()
    try:
        await kind(inner, Address.of(ORIGIN)).send(request, no_step)
    except WriteBlocked:
        assert inner.passed == []
        return False
    return inner.passed == [request]


def asked(
    method: str, url: str = SERVICES, body: bytes | None = None, shown: str | None = None
) -> Request:
    """Return a request of a whole URL, as it is written, with this Authorization."""
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    known = None
    if shown is not None:
        word, _, secret = shown.partition(" ")
        known = Authorization(word, HiddenText(secret))
    return Request(method, Address.of(f"{scheme}://{host}"), f"{slash}{path}", known, body)


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
    assert await passes(kind, asked("GET", f"{ORIGIN}{path}"))


ATTACKS = [
    asked("PUT"),
    asked("DELETE"),
    asked("PATCH"),
    asked("post"),
    asked("get"),
    asked("POST "),
    asked("GET "),
    asked("GET /v1/users HTTP/1.1\r\n"),
    asked("HEAD"),
    asked("OPTIONS"),
    asked("GET", body=b"{}"),
    asked("GET", body=b""),
    asked("GET", f"{SERVICES}?operation_type=stop"),
    asked("GET", f"{SERVICES}?"),
    asked("GET", f"{SERVICES}/"),
    asked("GET", f"{SERVICES}#"),
    asked("GET", f"{SERVICES} "),
    asked("GET", f"{SERVICES}\n"),
    asked("GET", f"{SERVICES} HTTP/1.1\r\nX: y"),
    asked("GET", f"{ORIGIN}/v1/local/node/master_healthcheck"),
    asked("GET", f"{ORIGIN}/v1/local%2Fservices"),
    asked("GET", f"{ORIGIN}/v1//local/services"),
    asked("GET", f"{ORIGIN}/v1/nodes/../users"),
    asked("GET", f"{ORIGIN}/v1/nodes/check/1/2"),
    asked("GET", f"{ORIGIN}/v1/nodes/check/1\n"),
    asked("GET", f"{ORIGIN}/v1/nodes/check/\u0661"),
    asked("GET", f"{ORIGIN}/v1/users"),
    asked("GET", f"{ORIGIN}/v1/bdbs"),
    asked("GET", f"{ORIGIN}/v1/bdbs?"),
    asked("GET", f"{ORIGIN}/v1/bdbs?fields="),
    asked("GET", f"{ORIGIN}/v1/bdbs?fields=uid,name,authentication_redis_pass"),
    asked("GET", f"{ORIGIN}/v1/bdbs/1"),
    asked("GET", f"{ORIGIN}/v1/cluster/certificates"),
    asked("GET", f"{ORIGIN}/v1/logs"),
    asked("GET", f"{ORIGIN}/v1/logs?order=desc"),
    asked("GET", f"{ORIGIN}/v1/license?"),
    asked("GET", f"{ORIGIN}/v1/local/bdbs/1/endpoint/availability?extend_check=lag"),
    asked("GET", f"{ORIGIN}/v1/local/bdbs/x/endpoint/availability"),
    asked("GET", ORIGIN),
    asked("GET", f"{ORIGIN}/https://10.0.0.2:9443/v1/nodes"),
    asked("GET", "https://10.0.0.2:9443/v1/nodes"),
    asked("GET", "https://10.0.0.1:9444/v1/nodes"),
    asked("GET", "https://10.0.0.1/v1/nodes"),
    asked("GET", "http://10.0.0.1:9443/v1/nodes"),
]


@pytest.mark.parametrize("request_", ATTACKS, ids=repr)
@pytest.mark.parametrize("kind", [GetOnlyTransport, OrderTransport])
async def test_nothing_else_leaves(kind, request_):
    """P1, P26: every other request is refused before a byte is sent."""
    assert not await passes(kind, request_)


@pytest.mark.parametrize("shown", [None, "", "Basic bWU6cHc=", "JWT abc"])
@pytest.mark.parametrize("body", [None, b"{}"])
def test_a_request_has_the_headers_of_its_fields_and_room_for_no_other(shown, body):
    """P1: no header can change what a request that passed a gate means."""
    request = asked("POST", body=body, shown=shown)
    expected = ["Accept", "Accept-Encoding", "User-Agent"]
    expected += ["Authorization"] if shown else []
    expected += ["Content-Type"] if body is not None else []
    assert [name for name, _ in request.headers()] == expected
    with pytest.raises(AttributeError):
        request.path = "/v1/users"
    with pytest.raises(AttributeError):
        request.extensions = {"target": b"/v1/users"}


def test_no_repr_of_a_request_shows_its_secrets():
    """P9."""
    request = asked("POST", body=b'{"password": "canary"}', shown="Basic canary")
    assert "canary" not in repr(request)


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("https://db1:9443", "db1:9443"),
        ("https://db1:443", "db1"),
        ("http://127.0.0.1:80", "127.0.0.1"),
        ("http://127.0.0.1:443", "127.0.0.1:443"),
        ("https://[::1]:9443", "[::1]:9443"),
        ("https://[fe80::1]:443", "[fe80::1]"),
    ],
)
def test_the_host_header_names_the_node_as_its_url_does(url, authority):
    assert Address.of(url).authority == authority


ORDERS = [
    asked("POST", body=b'{"operation_type": "stop"}'),
    asked("POST", f"{ORIGIN}/v1/services", b"{}"),
]


@pytest.mark.parametrize("order", ORDERS, ids=repr)
async def test_an_order_passes_the_operators_gate_and_not_the_readers(order):
    """P1."""
    assert await passes(OrderTransport, order)
    assert not await passes(GetOnlyTransport, order)


BAD_ORDERS = [
    asked("POST", f"{ORIGIN}/v1/nodes", b"{}"),
    asked("POST", f"{ORIGIN}/v1/services/1/stop", b"{}"),
    asked("POST", f"{SERVICES}?x=1", b"{}"),
    asked("POST", "https://10.0.0.2:9443/v1/services", b"{}"),
    asked("POST"),
    asked("POST", body=b""),
    asked("POST", body=b"[]"),
    asked("POST", body=b"{"),
    asked("POST", body=b"\xff"),
]


@pytest.mark.parametrize("order", BAD_ORDERS, ids=repr)
async def test_what_is_no_order_does_not_pass_the_operators_gate(order):
    """P1."""
    assert not await passes(OrderTransport, order)


AUTHORIZE, REFRESH = f"{ORIGIN}/v1/users/authorize", f"{ORIGIN}/v1/users/refresh_jwt"
BASIC = "Basic bWU6cHc="
NAMED = {"username": "me", "password": "pw"}


def login(url: str, value: object, shown: str | None = None) -> Request:
    return asked("POST", url, json.dumps(value).encode(), shown)


LOGINS = [
    login(AUTHORIZE, {"ttl": 300}, BASIC),
    login(AUTHORIZE, NAMED),
    login(AUTHORIZE, NAMED, NO_AUTHORIZATION.scheme),
    login(REFRESH, {"ttl": 300}, "JWT abc"),
    login(REFRESH, {"ttl": 300}, "Bearer abc"),
]


@pytest.mark.parametrize("request_", LOGINS, ids=repr)
async def test_a_login_passes_its_own_gate_once_and_no_other_gate(request_):
    assert await passes(LoginTransport, request_)
    assert not await passes(GetOnlyTransport, request_)
    assert not await passes(OrderTransport, request_)
    inner = Inner()
    gate = LoginTransport(inner, Address.of(ORIGIN))
    await gate.send(request_, no_step)
    for again in LOGINS:
        with pytest.raises(WriteBlocked, match="a second request"):
            await gate.send(again, no_step)
    assert inner.passed == [request_]


NO_LOGINS = [
    *(asked("GET", f"{ORIGIN}{path}") for path in READS),
    *ORDERS,
    *BAD_ORDERS,
    asked("GET", AUTHORIZE),
    asked("PUT", AUTHORIZE),
    asked("post", AUTHORIZE),
    login(SERVICES, {"ttl": 300}, BASIC),
    login(f"{ORIGIN}/v1/users", NAMED),
    login(f"{ORIGIN}/v1/users/authorize/", NAMED),
    login(f"{AUTHORIZE}?x=1", NAMED),
    login(AUTHORIZE.replace("10.0.0.1", "10.0.0.2"), NAMED),
    login(AUTHORIZE.replace("https", "http"), NAMED),
    login(AUTHORIZE, NAMED, BASIC),
    login(AUTHORIZE, NAMED | {"role": "admin"}),
    login(AUTHORIZE, NAMED | {"services": ["ccs"], "operation_type": "stop"}),
    login(AUTHORIZE, {"username": "me", "password": 1}),
    login(AUTHORIZE, {"ttl": 300}),
    login(AUTHORIZE, {"ttl": True}, BASIC),
    login(AUTHORIZE, {"ttl": "300"}, BASIC),
    login(AUTHORIZE, {"ttl": 300}, "JWT abc"),
    login(AUTHORIZE, [], BASIC),
    login(REFRESH, {"ttl": 300}, BASIC),
    login(REFRESH, {"ttl": 300}),
    login(REFRESH, {}, "JWT abc"),
    asked("POST", AUTHORIZE, b'{"ttl": 1, "ttl": 300}', BASIC),
    asked("POST", AUTHORIZE, b'{"ttl": 300} ', BASIC),
    asked("POST", AUTHORIZE, b"", BASIC),
    asked("POST", AUTHORIZE, None, BASIC),
    asked("POST", AUTHORIZE, b"\xff", BASIC),
]


@pytest.mark.parametrize("request_", NO_LOGINS, ids=repr)
async def test_nothing_but_a_login_passes_the_logins_gate(request_):
    assert not await passes(LoginTransport, request_)
