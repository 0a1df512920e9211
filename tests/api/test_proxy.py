"""A node behind a proxy that its profile names: CONNECT, and the same trust as without one."""

import base64
import ssl

import pytest
import trustme

from tests.api.conftest import CANARY, Password, certify
from tests.faultserver import always, answer, routes, serving
from tests.proxyserver import proxying
from tui.api.auth import LoginHabit, Session
from tui.api.errors import ApiError, NotSent, Unreachable, Untrusted
from tui.api.tls.probe import probe
from tui.model.login import LoginWay
from tui.model.node import Origin
from tui.model.order import Verb
from tui.model.trust import AuthorityTrust, ClientCertificate, PinnedTrust

PAIR = base64.b64encode(f"me@example.com:{CANARY}".encode())


async def test_a_pinned_node_is_asked_through_the_proxy_over_one_connection(connect, certified):
    with serving(tls=certified.context) as server, proxying() as proxy:
        client = connect(server, trust=PinnedTrust(certified.sha256), proxy=proxy.url)
        for _ in range(3):
            assert await client.services() == ()
        assert client.certificate.sha256 == certified.sha256
        assert [head.split(b"\r\n")[0] for head in proxy.asked] == [
            b"CONNECT 127.0.0.1:%d HTTP/1.1" % server.port
        ]
    assert server.connections == 1
    assert server.asked[0].headers["authorization"] == f"Basic {PAIR.decode()}"


async def test_where_an_answer_came_from_is_the_node_and_never_the_proxy(connect, certified):
    """P4: behind a proxy the peer says nothing of the node; its certificate does."""
    trust = PinnedTrust(certified.sha256)
    with serving(tls=certified.context) as server, proxying() as proxy:
        direct, behind = connect(server, trust=trust), connect(server, trust=trust, proxy=proxy.url)
        assert direct.origin == Origin()
        await direct.services()
        await behind.services()
    assert direct.origin == Origin(f"127.0.0.1:{server.port}", certified.sha256)
    assert behind.origin == Origin("", certified.sha256)


async def test_without_tls_where_an_answer_came_from_is_the_peer_alone(connect):
    with serving() as server:
        client = connect(server)
        await client.services()
    assert client.origin == Origin(f"127.0.0.1:{server.port}")


async def test_the_proxy_sees_no_credential_and_no_request(connect, certified):  # P11
    with serving(tls=certified.context) as server, proxying() as proxy:
        await connect(server, trust=PinnedTrust(certified.sha256), proxy=proxy.url).services()
    for seen in (*proxy.asked, bytes(proxy.passed)):
        assert PAIR not in seen
        assert CANARY.encode() not in seen
        assert b"uthorization" not in seen
        assert b"/v1/" not in seen


async def test_a_login_goes_through_the_proxy_and_shows_the_clients_certificate_too(
    connect, tmp_path
):
    """P11: a way that the profile does not name is never taken with a password."""
    certified = certify(tmp_path)
    both = tmp_path / "mine.pem"
    authority = trustme.CA()
    authority.issue_cert("deck").private_key_and_cert_chain_pem.write_to_path(str(both))
    both.chmod(0o600)
    certified.context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(certified.context)
    login = routes({"/v1/users/authorize": answer('{"access_token": "abc"}')})
    with serving(login, always(), tls=certified.context) as server, proxying() as proxy:
        client = connect(
            server,
            trust=PinnedTrust(certified.sha256),
            proxy=proxy.url,
            client_certificate=ClientCertificate(both, both),
            session=Session("me@example.com", Password(), LoginHabit(LoginWay.JWT)),
        )
        assert await client.services() == ()
    assert [one.path for one in server.asked] == ["/v1/users/authorize", "/v1/local/services"]
    assert len(proxy.asked) == server.connections == 2


async def test_a_proxy_that_leads_to_an_impostor_gets_it_no_byte(  # P11, case 18
    connect, certified, impostor
):
    with (
        serving(tls=certified.context) as server,
        serving(tls=impostor.context) as wrong,
        proxying(detour=wrong.port) as proxy,
    ):
        client = connect(server, trust=PinnedTrust(certified.sha256), proxy=proxy.url)
        with pytest.raises(Untrusted) as caught:
            await client.services()
        with pytest.raises(NotSent, match="another certificate"):
            await client.operate(Verb.STOP, ["a"], same_connection=False)
    assert (caught.value.expected, caught.value.got) == (certified.sha256, impostor.sha256)
    assert (server.received, wrong.received) == (0, 0)


async def test_an_authority_is_asked_for_the_nodes_name_and_not_the_proxys(connect, tmp_path):
    named = certify(tmp_path, "elsewhere.example")
    with serving(tls=named.context) as server, proxying() as proxy:
        client = connect(server, trust=AuthorityTrust(named.ca_file), proxy=proxy.url)
        with pytest.raises(Untrusted, match="made out to") as caught:
            await client.services()
        assert caught.value.got == named.sha256
    assert server.received == 0


async def test_an_order_goes_out_once_through_the_proxy(connect, certified):
    script = always('{"a": true}')
    with serving(script, tls=certified.context) as server, proxying() as proxy:
        client = connect(server, trust=PinnedTrust(certified.sha256), proxy=proxy.url)
        await client.operate(Verb.STOP, ["a"], same_connection=False)
    assert len(server.posts) == 1


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (answer("", 407), "refused to open the way"),
        (answer("", 502), "refused to open the way"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "does not speak HTTP"),
        (b"\r\n", "does not speak HTTP"),
    ],
)
async def test_a_proxy_that_opens_no_way_is_named_and_an_order_not_sent(
    connect, certified, said, words
):
    with serving(tls=certified.context) as server, proxying(said) as proxy:
        client = connect(server, trust=PinnedTrust(certified.sha256), proxy=proxy.url)
        with pytest.raises(ApiError, match=f"the proxy {proxy.url} of node1 .*") as caught:
            await client.services()
        assert words in str(caught.value)
        with pytest.raises(NotSent, match="nothing was sent"):
            await client.operate(Verb.STOP, ["a"], same_connection=False)
        assert server.connections == 0
        for head in proxy.asked:
            assert b"uthorization" not in head
        with pytest.raises(Unreachable, match="shows no certificate: the proxy"):
            await probe(server.url, 2, proxy.url)


async def test_a_proxy_that_is_not_there_is_named(connect, certified):
    with proxying() as proxy:
        gone = proxy.url
    with serving(tls=certified.context) as server:
        client = connect(server, trust=PinnedTrust(certified.sha256), proxy=gone)
        with pytest.raises(Unreachable, match=f"the proxy {gone} of node1 .* refused"):
            await client.services()


async def test_a_silent_proxy_has_the_one_deadline(connect, certified):
    with serving(lambda peer: peer.hang()) as silent, serving(tls=certified.context) as server:
        trust = PinnedTrust(certified.sha256)
        client = connect(server, trust=trust, proxy=silent.url, timeout=0.3)
        with pytest.raises(Unreachable, match="while the proxy opened the way"):
            await client.services()
        with pytest.raises(Unreachable, match=r"no certificate within 0\.3 s"):
            await probe(server.url, 0.3, silent.url)


async def test_probe_goes_through_the_proxy_and_speaks_no_http_to_the_node(certified):
    with serving(tls=certified.context) as server, proxying() as proxy:
        assert (await probe(server.url, 2, proxy.url)).sha256 == certified.sha256
        assert len(proxy.asked) == 1
    assert (server.received, server.connections) == (0, 1)
