import asyncio
import base64
import gc
import json
import socket
import time

import pytest

from tests.faultserver import Peer, always, answer, once, routes, serving
from tui.api.client import NodeReader
from tui.api.connection import NoGuard, RequestTrace
from tui.api.errors import (
    ApiError,
    Forbidden,
    Garbled,
    LoginRefused,
    NodeNotSeenYet,
    TimedOut,
    Unavailable,
    Unreachable,
    WriteBlocked,
)
from tui.api.http_transport import Address, Request
from tui.api.request_gate import OrderTransport
from tui.model.context import EndpointAvailability, Entries
from tui.model.node import Role

GOOD = json.dumps({"ccs": {"status": "RUNNING", "start_time": "", "uptime": "0:21:27"}})


def hang(peer: Peer) -> None:
    peer.read()
    peer.hang()


async def test_a_poll_goes_out_with_just_the_headers_it_needs_on_one_connection(connect):
    with serving(always(GOOD)) as server:
        client = connect(server, NodeReader)
        for _ in range(5):
            (service,) = await client.services()
    assert (service.name, service.status, service.uptime) == ("ccs", "RUNNING", 1287)
    assert server.connections == 1
    assert {asked.path for asked in server.asked} == {"/v1/local/services"}
    headers = server.asked[0].headers
    assert headers.keys() == {"host", "accept", "accept-encoding", "authorization", "user-agent"}
    assert headers["accept-encoding"] == "identity"
    login = base64.b64decode(headers["authorization"].removeprefix("Basic "))
    assert login == b"me@example.com:hunter2-canary"


async def test_a_refused_connection_says_so(connect, closed_port):
    """Case 1."""
    url = f"http://127.0.0.1:{closed_port}"
    with pytest.raises(Unreachable, match="refused the connection") as caught:
        await connect(url).services()
    assert str(caught.value).startswith(f"node1 ({url})")
    assert "9443" in caught.value.trouble.hint


def silent_handshake(peer: Peer) -> None:
    peer.hang()


def slow_headers(peer: Peer) -> None:
    peer.read()
    peer.drip(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000)


def slow_body(peer: Peer) -> None:
    peer.read()
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n")
    peer.drip(b" " * 3000)


def endless_102(peer: Peer) -> None:
    peer.read()
    while not peer.server.closing.wait(0.001):
        peer.send(b"HTTP/1.1 102 Processing\r\n\r\n" * 50)


def flood_of_102(peer: Peer) -> None:
    peer.read()
    while not peer.server.closing.is_set():
        peer.send(b"HTTP/1.1 102 Processing\r\n\r\n" * 50)


@pytest.mark.parametrize(
    ("script", "stage"),
    [
        (hang, "while waiting for the answer"),
        (slow_headers, "while waiting for the answer"),
        (slow_body, "in the middle of the answer"),
        (endless_102, "while waiting for the answer"),
        (flood_of_102, "while waiting for the answer"),
    ],
)
async def test_whatever_is_slow_ends_at_the_one_deadline(connect, script, stage):
    """P17, cases 3, 4 and 5."""
    with serving(script, always(GOOD)) as server:
        client = connect(server, timeout=0.3)
        began = time.monotonic()
        with pytest.raises(Unreachable, match=f"no answer within 0.3 s .{stage}"):
            await client.services()
        assert 0.25 < time.monotonic() - began < 10  # each of these would go on for minutes
        assert len(await client.services()) == 1


async def test_a_handshake_that_stalls_is_named(connect):
    """Case 17."""
    with serving(silent_handshake) as server:
        url = server.url.replace("http", "https")
        with pytest.raises(Unreachable, match="during the TLS handshake"):
            await connect(url, timeout=0.3).services()


async def test_plain_http_on_the_tls_port_is_named(connect):
    """Case 17."""

    def plain(peer: Peer) -> None:
        peer.sock.recv(10)
        peer.answer(status=400)

    with serving(plain) as server:
        url = server.url.replace("http", "https")
        with pytest.raises(Unreachable, match="does not speak TLS as expected"):
            await connect(url).services()


async def test_a_name_that_does_not_exist_is_named(connect, monkeypatch):
    """Case 27."""

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(Unreachable, match="no such host name"):
        await connect("https://nowhere.invalid:9443").services()


async def test_reset_and_silent_close_are_unreachable(connect):
    """Case 6."""

    def reset(peer: Peer) -> None:
        peer.read()
        peer.reset()

    with serving(reset, once(b"")) as server:
        client = connect(server)
        with pytest.raises(Unreachable, match="reset the connection"):
            await client.services()
        with pytest.raises(Unreachable, match="closed the connection"):
            await client.services()
    assert server.connections == 2


MIB5 = 5 * 1024 * 1024


def chunked_flood(peer: Peer) -> None:
    peer.read()
    peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        peer.send(b"10000\r\n" + b" " * 65536 + b"\r\n")


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (once(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"), "cut its answer short"),
        (once(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"), "cut its answer"),
        (once(b'HTTP/1.0 200 OK\r\n\r\n{"a": {"sta'), "not JSON, or cut short"),
        (once(answer("<html><title>Log in\x1b[2J</title>")), r'web page \("Log in.*"\)'),
        (once(answer(b"x", Content_Encoding="gzip")), r"encoded \(gzip\)"),
        (once(answer(b"x", Content_Encoding="br")), r"encoded \(br\)"),
        (once(answer(Content_Length=str(MIB5))), "more than 4 MiB"),
        (once(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000000\r\n\r\n"), "more than 4 MiB"),
        (chunked_flood, "more than 4 MiB"),
        (once(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000 + b"\r\n\r\n{}"), "not speak HTTP"),
        (once(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), "does not speak HTTP"),
        (once(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}"), "HTTP"),
        (once(answer(b"[]")), "a list where an object"),
        (once(answer(b"")), "it is empty"),
    ],
)
async def test_an_answer_that_is_none_is_garbled(connect, script, said):
    """P17, cases 6, 7, 8, 11, 12 and 13."""
    with serving(script, always(GOOD)) as server:
        client = connect(server)
        with pytest.raises(Garbled, match=said) as caught:
            await client.services()
        assert str(caught.value).startswith(f"node1 ({server.url})")
        assert str(caught.value).isprintable()
        assert len(await client.services()) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_reported_and_not_followed(connect, status):
    """Case 9."""
    with serving() as target:
        location = f"http://user:pw@127.0.0.1:{target.port}/v1/nodes"
        with serving(always(status=status, Location=location)) as server:
            client = connect(server)
            with pytest.raises(Unavailable, match=r"redirect to 127\.0\.0\.1:") as caught:
                await client.services()
            with pytest.raises(Unavailable, match="redirect"):
                await client.cluster_facts()
        assert target.connections == 0
    assert caught.value.location == location
    assert "pw" not in str(caught.value)
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [
        (401, LoginRefused, "does not accept me@example.com with this password"),
        (403, Forbidden, "me@example.com may not GET /v1/local/services: nope: not you"),
        (404, Unavailable, "answered 404"),
        (429, Unavailable, "answered 429"),
        (500, Unavailable, "answered 500 to GET /v1/local/services: nope: not you"),
        (503, Unavailable, "answered 503"),
        (204, Unavailable, "answered 204"),
    ],
)
async def test_each_status_has_its_error(connect, status, kind, said):
    """Cases 22, 23, 24 and 26."""
    body = b"" if status == 204 else b'{"error_code": "nope", "description": "not you"}'
    with serving(once(answer(body, status))) as server, pytest.raises(kind, match=said):
        await connect(server).services()
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("-1", None),
        ("99999999", 99999999.0),
        ("9" * 400, None),
        ("soon", None),
        ("Mon, 23 Nov 2026 10:00:09 GMT", 9.0),
        ("Mon, 99 Nov 2026 10:00:09 GMT", None),
    ],
)
async def test_retry_after_is_read_by_the_nodes_own_clock(connect, value, seconds):
    """Case 25."""
    date = "Mon, 23 Nov 2026 10:00:00 GMT"
    unavailable = once(answer(b"", 503, Retry_After=value, Date=date))
    with serving(unavailable) as server, pytest.raises(Unavailable) as caught:
        await connect(server).services()
    assert caught.value.retry_after == seconds


async def test_hostile_text_in_an_error_comes_out_clean(connect):
    """P14, case 26."""
    nasty = "\x1b]0;x\x07[@click=app.quit]\u202e\x9b2J" * 100
    body = json.dumps({"error_code": nasty, "message": nasty}, ensure_ascii=False)
    with serving(once(answer(body, 500))) as server, pytest.raises(Unavailable) as caught:
        await connect(server).services()
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


async def test_a_kept_connection_closed_between_two_polls_is_replaced_silently(connect):
    """Case 15."""
    with serving(once(answer(GOOD)), once(answer(GOOD))) as server:
        client = connect(server)
        await client.services()
        assert len(await client.services()) == 1
    assert server.connections == 2


async def test_a_kept_connection_closed_on_the_next_request_is_tried_once_more(connect):
    """Case 15."""

    def one_then_close(peer: Peer) -> None:
        peer.read()
        peer.answer(GOOD)
        peer.read()

    with serving(one_then_close, always(GOOD)) as server:
        client = connect(server)
        await client.services()
        assert len(await client.services()) == 1
    assert (server.connections, len(server.asked)) == (2, 3)


@pytest.mark.real_time
async def test_both_tries_share_one_deadline(connect):
    def late_close(peer: Peer) -> None:
        peer.read()
        peer.answer(GOOD)
        peer.read()
        peer.server.closing.wait(0.25)

    async def both() -> float:
        with serving(late_close, hang) as server:
            client = connect(server, timeout=0.4)
            await client.services()
            began = time.monotonic()
            with pytest.raises(Unreachable, match=r"within 0\.4 s"):
                await client.services()
            return time.monotonic() - began

    # With a deadline each it would take 0.65 s at least; a busy machine may take long once.
    assert any([await both() < 0.6 for _ in range(6)])


async def test_hundreds_of_cancelled_polls_leave_a_client_that_works(connect):
    """P16, case 16."""
    with serving(always(GOOD)) as server:
        client = connect(server)
        cut = 0
        for number in range(300):
            try:
                async with asyncio.timeout(number % 4 / 1000):
                    await client.services()
            except TimeoutError:
                cut += 1
        assert cut > 50
        assert len(await client.services()) == 1


async def test_a_second_request_at_the_same_time_is_refused_unsent(connect):
    """P24."""
    with serving(always(GOOD)) as server:
        client = connect(server)
        found = await asyncio.gather(*(client.services() for _ in range(5)), return_exceptions=True)
        refused = [one for one in found if isinstance(one, RuntimeError)]
        assert len(refused) == 4
        assert len(await client.services()) == 1
    assert server.connections == 1
    assert len(server.asked) == 2


async def test_proxies_and_netrc_of_the_environment_have_no_effect(connect, monkeypatch, tmp_path):
    """P11, case 28."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password other")
    with serving() as proxy, serving(always(GOOD)) as server:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("NETRC", str(netrc))
        await connect(server).services()
        assert proxy.connections == 0
    assert b"me@" in base64.b64decode(server.asked[0].headers["authorization"][6:])


CUT_REFUSAL = b"HTTP/1.1 401 No\r\nContent-Length: 100\r\n\r\nhalf"


class Guard(NoGuard):
    """A guard that waits or raises first, and keeps what it is called with."""

    def __init__(self, *trouble: Exception, seconds: float = 0.0) -> None:
        self.trouble, self.seconds = list(trouble), seconds
        self.waits = self.answers = 0
        self.ended: list[bool] = []

    async def before_password(self, *, is_certain: bool = True) -> None:
        self.waits += 1
        await asyncio.sleep(self.seconds)
        if self.trouble:
            raise self.trouble.pop()

    def after_request(self, *, unanswered: bool) -> None:
        self.ended.append(unanswered)

    def node_answered(self) -> None:
        self.answers += 1


async def test_waiting_before_credentials_leave_is_not_the_nodes_time(connect):
    with serving(always(GOOD)) as server:
        guard = Guard(seconds=0.3)
        client = connect(server, timeout=0.2, guard=guard)
        assert len(await client.services()) == 1
    assert (guard.waits, guard.ended) == (1, [False])


async def test_after_the_wait_the_node_has_the_time_that_was_left(connect):
    with serving(Peer.hang) as server:
        client = connect(server, timeout=0.3, guard=Guard(seconds=0.4))
        began = time.monotonic()
        with pytest.raises(Unreachable, match="no answer within"):
            async with asyncio.timeout(30):
                await client.services()
        assert 0.4 < time.monotonic() - began < 4


async def test_what_the_guard_raises_comes_out_and_nothing_is_sent(connect):
    class Stopped(Exception):
        pass

    with serving(always(GOOD)) as server:
        guard = Guard(Stopped())
        client = connect(server, guard=guard)
        with pytest.raises(Stopped):
            await client.services()
        assert server.received == 0
        assert len(await client.services()) == 1
    assert guard.ended == [False, False]


async def test_a_node_that_was_not_seen_yet_is_first_polled_without_credentials(connect):
    with serving(always(GOOD)) as server:
        guard = Guard(NodeNotSeenYet())
        assert len(await connect(server, guard=guard).services()) == 1
    assert ["authorization" in one.headers for one in server.asked] == [False, True]
    assert (guard.waits, guard.answers) == (2, 1)


@pytest.mark.parametrize(
    ("script", "unanswered"),
    [
        (hang, True),
        (once(CUT_REFUSAL), True),
        (once(CUT_REFUSAL.replace(b"401", b"200")), False),
        (always(status=401), False),
    ],
)
async def test_the_guard_learns_whether_a_password_was_sent_and_not_answered(
    connect, script, unanswered
):
    with serving(script) as server:
        guard = Guard()
        with pytest.raises(ApiError):
            await connect(server, timeout=0.3, guard=guard).services()
    assert guard.ended == [unanswered]


async def test_a_password_that_never_left_is_not_unanswered(connect, closed_port):
    guard = Guard()
    with pytest.raises(Unreachable):
        await connect(f"http://127.0.0.1:{closed_port}", guard=guard).services()
    assert guard.ended == [False]


CLUSTER = {
    "/v1/nodes": answer('[{"uid": 2, "addr": "10.0.0.2", "status": "active"}, {"uid": 1}]'),
    "/v1/nodes/status": answer(
        '{"1": {"role": "master", "hostname": "a"}, "2": {"role": "slave"}}'
    ),
    "/v1/cluster/services_configuration": answer(
        '{"cm_server": {"operating_mode": "disabled"}, "alert_mgr": {"operating_mode": "enabled"}}'
    ),
    "/v1/cluster": answer('{"name": "c1"}'),
}


async def test_a_clusters_facts_are_joined_from_four_calls(connect):
    with serving(routes(CLUSTER)) as server:
        facts = await connect(server).cluster_facts()
    assert (facts.name, facts.gaps) == ("c1", {})
    assert [(one.uid, one.role, one.address) for one in facts.members] == [
        (1, Role.PRIMARY, ""),
        (2, Role.REPLICA, "10.0.0.2"),
    ]
    assert facts.optional == {"cm_server", "alert_mgr"}
    assert facts.disabled == {"cm_server"}


async def test_roles_that_did_not_change_are_not_read_again(connect):
    states = {"/v1/nodes/status": CLUSTER["/v1/nodes/status"]}
    with serving(routes(states)) as server:
        client = connect(server)
        first = await client.member_states()
        assert await client.member_states() is first
        states["/v1/nodes/status"] = answer('{"1": {"role": "slave"}}')
        (changed,) = await client.member_states()
    assert changed.role is Role.REPLICA


@pytest.mark.parametrize("missing", CLUSTER)
async def test_one_call_that_fails_is_a_gap_with_its_reason(connect, missing):
    with serving(routes(CLUSTER | {missing: answer(b"", 403)})) as server:
        facts = await connect(server).cluster_facts()
    assert facts.gaps.keys() == {missing}
    assert facts.gaps[missing].startswith("node1")
    assert (facts.optional is None) == missing.endswith("configuration")


REDIRECT = answer(b"", 307, Location="https://elsewhere/")


@pytest.mark.parametrize(
    "bad", [REDIRECT, answer(b"", 404), Peer.hang], ids=["redirected", "missing", "slow"]
)
@pytest.mark.parametrize("path", CLUSTER)
async def test_one_call_that_is_redirected_missing_or_slow_costs_only_what_it_tells(
    connect, path, bad
):
    with serving(routes(CLUSTER | {path: bad})) as server:
        facts = await connect(server, timeout=0.3).cluster_facts()
    assert facts.gaps.keys() == {path}
    assert (facts.name == "") == (path == "/v1/cluster")
    assert (facts.optional is None) == path.endswith("configuration")
    assert [one.uid for one in facts.members] == [1, 2]
    assert any(one.role is Role.PRIMARY for one in facts.members) == (path != "/v1/nodes/status")
    assert any(one.address for one in facts.members) == (path != "/v1/nodes")


async def test_after_two_calls_without_an_answer_no_further_one_begins(connect):
    paths = CLUSTER | {"/v1/nodes/status": Peer.hang, "/v1/nodes": Peer.hang}
    with serving(routes(paths)) as server:
        facts = await connect(server, timeout=0.2).cluster_facts()
    assert facts.optional == {"cm_server", "alert_mgr"}
    assert facts.gaps.keys() == {"/v1/nodes/status", "/v1/nodes", "/v1/cluster"}
    assert "/v1/cluster" not in [one.path for one in server.asked]


async def test_no_call_begins_after_the_time_that_a_caller_has(connect):
    with serving(routes(CLUSTER)) as server:
        kinds = (frozenset({"alert_mgr"}), frozenset[str]())
        with pytest.raises(Unreachable, match="was not sent"):
            await connect(server).cluster_facts(until=time.monotonic())
        facts = await connect(server).cluster_facts(kinds, until=time.monotonic() + 60)
        kinds_alone = await connect(server).cluster_facts(kinds, only_kinds=True)
    assert [one.path for one in server.asked] == [
        "/v1/nodes/status",
        "/v1/nodes",
        "/v1/cluster",
        "/v1/nodes/status",
    ]
    assert facts.optional == kinds_alone.optional == {"alert_mgr"}
    assert facts.members[0].role is kinds_alone.members[0].role is Role.PRIMARY
    assert not kinds_alone.gaps


async def test_facts_that_all_fail_raise_the_first_error(connect):
    with serving(always(status=503)) as server, pytest.raises(Unavailable, match="/v1/nodes"):
        await connect(server).cluster_facts()
    assert len(server.asked) == 4


async def test_a_refused_login_ends_the_facts_at_once(connect):
    refusing = routes(CLUSTER | {"/v1/nodes/status": answer(b"", 401)})
    with serving(refusing) as server, pytest.raises(LoginRefused):
        await connect(server).cluster_facts()
    assert len(server.asked) == 1


async def test_identity_and_the_checks_are_read(connect):
    paths = {
        "/v1/bootstrap": answer('{"local_node_info": {"uid": "3", "hostname": "h"}}'),
        "/v1/nodes/check/3": answer('{"node_uid": 3, "result": false, "error": "process down"}'),
        "/v1/cluster/check": answer(
            '{"cluster_test_result": false, "nodes": [{"node_uid": "1", "result": true}, '
            '{"node_uid": "3", "result": false, "error": "process down"}]}'
        ),
    }
    with serving(routes(paths)) as server:
        client = connect(server)
        assert (await client.identity()).uid == 3
        assert await client.node_check(3) == (False, "process down")
        assert await client.cluster_check() == (False, "node:3 process down")


async def no_step(_name: str, _info: dict[str, object]) -> None:
    raise AssertionError


async def test_a_reader_reaches_no_transport_that_lets_orders_pass(connect):
    """P1."""
    with serving(always(GOOD)) as server:
        reader = connect(server, NodeReader)
        await reader.services()
        seen: set[int] = set()
        waiting: list[object] = [reader._connection, reader._connection._transport, reader.__dict__]
        while waiting:
            one = waiting.pop()
            if id(one) in seen or isinstance(one, type) or type(one).__name__ == "module":
                continue
            assert not isinstance(one, OrderTransport)
            seen.add(id(one))
            if type(one).__module__.startswith(("tui", "builtins")):
                waiting += [x for x in gc.get_referents(one) if not callable(x)]
        assert not hasattr(reader, "operate")
        request = Request("POST", Address.of(server.url), "/v1/local/services", None, b"{}")
        transport = await reader._connection._open(RequestTrace())
        with pytest.raises(WriteBlocked):
            await transport.send(request, no_step)
    assert server.posts == []


async def test_no_secret_shows_in_what_a_client_and_its_errors_show(connect):
    """P9."""
    with serving(always(status=401)) as server:
        client = connect(server)
        with pytest.raises(ApiError) as caught:
            await client.services()
        shown = (
            repr(vars(client))
            + repr(vars(client._connection))
            + repr(vars(client._login))
            + repr(vars(client._login._session))
            + repr(caught.value)
        )
        authorization = await client._login.authorization()
        request = Request("GET", Address.of(server.url), "/v1/nodes", authorization, b"canary")
        shown += repr(request) + str(caught.value.__dict__)
    assert "canary" not in shown
    assert base64.b64encode(b"me@example.com:hunter2-canary").decode() not in shown


CONTEXT = {
    "cluster_alerts": ("/v1/cluster/alerts", "{}"),
    "node_alerts": ("/v1/nodes/alerts", "{}"),
    "license": ("/v1/license", "{}"),
    "databases": (
        "/v1/bdbs?fields=uid,name,status,endpoints,proxy_policy,replication,crdt",
        "[]",
    ),
    "shards": ("/v1/shards", "[]"),
    "running_actions": ("/v2/actions", "[]"),
    "old_running_actions": ("/v1/actions", '{"actions": []}'),
    "event_log": ("/v1/logs?order=desc&limit=100", "[]"),
}


@pytest.mark.parametrize("call", CONTEXT)
async def test_what_surrounds_the_services_is_one_get_with_exactly_that_query(connect, call):
    path, body = CONTEXT[call]
    with serving(routes({path: answer(body)})) as server:
        await getattr(connect(server, NodeReader), call)()
    assert [(one.method, one.path) for one in server.asked] == [("GET", path)]


@pytest.mark.parametrize(
    ("call", "found"),
    [("license", None), ("running_actions", None), ("old_running_actions", Entries())],
)
async def test_a_404_says_that_there_is_nothing_to_read(connect, call, found):
    with serving(routes({CONTEXT[call][0]: answer(b"", 404)})) as server:
        assert await getattr(connect(server, NodeReader), call)() == found


@pytest.mark.parametrize("call", CONTEXT)
@pytest.mark.parametrize(
    ("reply", "error"),
    [(answer(b"", 403), Forbidden), (answer("<html>"), Garbled), (answer(b"", 503), Unavailable)],
)
async def test_what_surrounds_the_services_fails_as_any_call(connect, call, reply, error):
    with serving(routes({CONTEXT[call][0]: reply})) as server, pytest.raises(error):
        await getattr(connect(server, NodeReader), call)()


async def test_a_node_reports_whether_its_own_endpoint_of_a_database_is_available(connect):
    path = "/v1/local/bdbs/3/endpoint/availability"
    down = answer('{"error_code": "bdb_endpoint_unavailable"}', 503)
    for reply, found in [
        (answer(b""), EndpointAvailability.AVAILABLE),
        (down, EndpointAvailability.UNAVAILABLE),
    ]:
        with serving(routes({path: reply})) as server:
            assert await connect(server, NodeReader).endpoint_availability(3) is found
    lost = answer(b"upstream connect error", 503)
    with serving(routes({path: lost})) as server, pytest.raises(Unavailable):
        await connect(server, NodeReader).endpoint_availability(3)


async def test_an_answer_that_takes_too_long_is_a_timeout(connect):
    with serving(hang) as server, pytest.raises(TimedOut):
        await connect(server, NodeReader, timeout=0.2).shards()
