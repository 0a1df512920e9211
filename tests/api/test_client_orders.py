import asyncio
import json
import time

import pytest

from tests.faultserver import Asked, Peer, always, answer, once, serving, wait_until
from tui.api.errors import NotSent
from tui.model.order import AnswerOutcome, Route, Verb

GOOD = b'{"alert_mgr": {"status": "RUNNING"}}'
TRUE = b'{"alert_mgr": true}'


def then(after_post):
    """Answer GET well, and do `after_post(peer, asked)` once a POST was read."""

    def script(peer: Peer) -> None:
        while (asked := peer.read()) is not None:
            if asked.method == "GET":
                peer.answer(GOOD)
            else:
                return after_post(peer, asked)
        return None

    return script


def sends(data: bytes):
    return then(lambda peer, _asked: peer.send(data))


async def restart(client, **more):
    await client.services()
    return await client.operate(Verb.RESTART, ["alert_mgr"], **more)


async def test_an_order_is_one_post_with_exactly_the_documented_body(connect):
    with serving(sends(answer(TRUE))) as server:
        given = await restart(connect(server))
    assert (given.outcome, given.status, given.results) == (
        AnswerOutcome.ACCEPTED,
        200,
        {"alert_mgr": True},
    )
    (post,) = server.posts
    assert isinstance(post, Asked)
    assert post.path == "/v1/local/services"
    assert post.headers["content-type"] == "application/json"
    assert post.body == b'{"operation_type": "restart", "services": ["alert_mgr"]}'
    assert server.connections == 1


async def test_the_primarys_path_is_the_other_one_and_there_is_no_third(connect):
    with serving(sends(answer(TRUE))) as server:
        await restart(connect(server), path=Route.PRIMARY)
        with pytest.raises(NotSent, match="a path that takes no actions"):
            await restart(connect(server), path="/v1/services/1/stop", same_connection=False)
    assert [post.path for post in server.posts] == ["/v1/services"]


@pytest.mark.parametrize(
    ("body", "told", "note"),
    [
        (b'{"alert_mgr": false}', False, ""),
        (b"{}", None, ""),
        (b'{"alert_mgr": "true"}', None, ""),
        (b'{"alert_mgr": 1}', None, ""),
        (b'{"alert_mgr": true, "alert_mgr": false}', None, ""),
        (b'{"metrics_exporter": true}', None, "it also answered for metrics_exporter"),
        (b'{"alert_mgr": true, "\\u001b[2J": true}', True, "it also answered for \\u241b[2J"),
    ],
)
async def test_only_true_and_false_count_and_only_for_what_was_asked(connect, body, told, note):
    """P7, case 45."""
    with serving(sends(answer(body))) as server:
        given = await restart(connect(server))
    assert given.outcome is AnswerOutcome.ACCEPTED
    assert given.results == {"alert_mgr": told}
    assert given.text == note


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 406, 415])
async def test_what_a_server_says_before_it_acts_is_a_refusal_with_its_words(connect, status):
    """Case 23."""
    body = b'{"error_code": "bad", "message": "so not"}'
    with serving(sends(answer(body, status))) as server:
        given = await restart(connect(server))
    assert (given.outcome, given.status) == (AnswerOutcome.REFUSED, status)
    assert "bad: so not" in given.text
    assert (given.login_refused, given.forbidden) == (status == 401, status == 403)
    assert len(server.posts) == 1


def reset(peer: Peer, _asked: Asked) -> None:
    peer.reset()


def hang(peer: Peer, _asked: Asked) -> None:
    peer.hang()


def drip(peer: Peer, _asked: Asked) -> None:
    peer.drip(b"HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n" + b" " * 3000)


def nothing(_peer: Peer, _asked: Asked) -> None:
    return None


@pytest.mark.parametrize(
    "script",
    [
        then(nothing),
        then(reset),
        then(hang),
        then(drip),
        sends(answer(b"", 408)),
        sends(answer(b"", 409)),
        sends(answer(b"", 422)),
        sends(answer(b"", 429)),
        sends(answer(b"", 418)),
        sends(answer(b"", 500)),
        sends(answer(b"", 502)),
        sends(answer(b"", 503)),
        sends(answer(b"", 301, Location="/v1/services")),
        sends(answer(b"", 302, Location="/v1/local/services")),
        sends(answer(b"", 307, Location="/v1/local/services")),
        sends(answer(b"", 308, Location="/v1/local/services")),
        sends(answer("<html><title>x</title>")),
        sends(answer(b"")),
        sends(answer(b"", 204)),
        sends(answer(b"[true]")),
        sends(answer(TRUE, Content_Length="50")),
        sends(answer(TRUE, Content_Encoding="gzip")),
        sends(answer(TRUE, Content_Length="99999999999")),
        sends(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000 + b"\r\n\r\n"),
        sends(b"HTTP/1.1 102 Processing\r\n\r\n" * 20),
    ],
)
async def test_whatever_is_lost_after_sending_is_lost_and_never_sent_again(connect, script):
    """P6, P7, cases 10 and 44."""
    with serving(script, sends(answer(TRUE))) as server:
        client = connect(server, timeout=0.4)
        given = await restart(client)
        assert given.outcome is AnswerOutcome.LOST
        assert given.text.isprintable()
        assert given.took < 10
        assert len(await client.services()) == 1
    assert len(server.posts) == 1


async def test_nothing_is_sent_when_the_connection_was_closed_since_the_check(connect):
    """P6, case 15."""
    with serving(once(answer(GOOD)), always(TRUE)) as server:
        client = connect(server)
        await client.services()
        await asyncio.to_thread(wait_until, lambda: server.ended == 1)
        with pytest.raises(NotSent, match="changed since the check; nothing was sent") as caught:
            await client.operate(Verb.RESTART, ["alert_mgr"])
        assert server.connections == 1
        given = await client.operate(Verb.STOP, ["alert_mgr"], same_connection=False)
    assert given.outcome is AnswerOutcome.ACCEPTED
    assert "nothing was sent" in caught.value.trouble.text
    assert len(server.posts) == 1


async def test_nothing_is_sent_without_a_check_before(connect):
    """P6."""
    with serving(always(TRUE)) as server, pytest.raises(NotSent):
        await connect(server).operate(Verb.STOP, ["alert_mgr"])
    assert server.connections == 0


@pytest.mark.parametrize(
    "closing", [answer(GOOD, Connection="close"), b"HTTP/1.0 200 OK\r\n\r\n" + GOOD]
)
async def test_a_node_that_closed_its_connection_after_the_check_gets_no_order(connect, closing):
    """P4, case 15: a new connection might lead to another node."""
    with serving(once(closing), sends(answer(TRUE))) as server, pytest.raises(NotSent):
        await restart(connect(server))
    assert (server.connections, len(server.posts)) == (1, 0)


async def test_an_order_that_cannot_connect_was_not_sent_and_keeps_the_reason(connect):
    with serving() as server:
        url = server.url
    with pytest.raises(NotSent, match="refused the connection; nothing was sent") as caught:
        await connect(url).operate(Verb.STOP, ["alert_mgr"], same_connection=False)
    assert "9443" in caught.value.trouble.hint


async def test_a_handshake_that_stalls_means_not_sent(connect):
    with serving(lambda peer: peer.hang()) as server:
        client = connect(server.url.replace("http", "https"), timeout=0.3)
        with pytest.raises(NotSent, match="during the TLS handshake"):
            await client.operate(Verb.STOP, ["alert_mgr"], same_connection=False)
    assert server.posts == []


async def test_a_cancelled_order_is_cancelled_and_the_client_goes_on(connect):
    with serving(then(hang), always(GOOD)) as server:
        client = connect(server)
        await client.services()
        task = asyncio.create_task(client.operate(Verb.STOP, ["alert_mgr"]))
        await asyncio.to_thread(wait_until, lambda: len(server.posts) == 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(await client.services()) == 1
    assert len(server.posts) == 1


async def test_took_is_the_time_of_the_order(connect):
    def slow(peer: Peer, _asked: Asked) -> None:
        peer.server.closing.wait(0.1)
        peer.answer(TRUE)

    with serving(then(slow)) as server:
        began = time.monotonic()
        given = await restart(connect(server))
    assert 0.09 < given.took < time.monotonic() - began
    assert json.loads(server.posts[0].body)["services"] == ["alert_mgr"]


async def test_an_order_is_said_to_leave_once_as_it_leaves_and_not_where_it_does_not(connect):
    """P21: what is recorded as sent was sent."""
    left = []
    with serving(sends(answer(TRUE))) as server:
        client = connect(server)
        with pytest.raises(NotSent):
            await client.operate(Verb.STOP, ["alert_mgr"], leaving=lambda: left.append("early"))
        assert left == []
        await restart(client, leaving=lambda: left.append(len(server.posts)))
    assert left == [0]


async def test_what_is_raised_as_an_order_is_about_to_leave_keeps_it_from_leaving(connect):
    """P21: it is not sent, and no other request goes by the connection that it began to use."""

    def slept():
        raise NotSent("this machine slept")

    with serving(sends(answer(TRUE))) as server:
        client = connect(server)
        with pytest.raises(NotSent, match=r"^this machine slept; nothing was sent$"):
            await restart(client, leaving=slept)
        assert not server.posts
        await client.services()
    assert (server.connections, len(server.posts)) == (2, 0)
