"""Faults between the deck and a node, each against a real socket on loopback."""

import asyncio
import ssl
import struct
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.api.conftest import Certified, Connect, certify
from tests.faultserver import Peer, always, answer, black_hole, once, serving, wait_until
from tests.fleet.conftest import LIST, Play, profile, running
from tui.api.client import NodeReader
from tui.api.errors import ApiError, Unavailable, Unreachable, Untrusted
from tui.model.reading import TroubleKind
from tui.model.trust import AuthorityTrust, PinnedTrust

GOOD = '{"ccs": {"status": "RUNNING"}}'


async def test_a_node_that_drops_every_packet_ends_at_the_deadline(connect: Connect) -> None:
    """Case 2."""
    with black_hole() as url:
        began = time.monotonic()
        with pytest.raises(Unreachable, match=r"within 0\.4 s \(while connecting\)") as caught:
            await connect(url, NodeReader, timeout=0.4).services()
        assert 0.35 < time.monotonic() - began < 10
    assert "is the node up" in caught.value.trouble.hint


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 500 \x1b]0;pwned\x07[/][@click=app.quit]\r\n",
        b"HTTP/1.1 500 Oops\r\nServer: \x1b[2J\r\n",
        b"HTTP/1.1 307 Go\r\nLocation: http://\x9b2J[@click=app.quit]/\r\n",
        b"HTTP/1.1 307 Go\r\nLocation: http://\xe2\x80\xaeevil/\r\n",
        b"HTTP/1.1 503 No\r\nRetry-After: \xc2\x9b2J\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: [/]\xc2\x9b2J\r\n",
    ],
)
async def test_what_a_head_says_is_cleaned_or_dropped(connect: Connect, head: bytes) -> None:
    """Case 14."""
    with serving(once(head + b"Content-Length: 0\r\n\r\n"), always(GOOD)) as server:
        client = connect(server, NodeReader)
        with pytest.raises(ApiError) as caught:
            await client.services()
        trouble = caught.value.trouble
        assert trouble.text.isprintable()
        assert trouble.hint.isprintable()
        assert "pwned" not in trouble.text
        assert len(await client.services()) == 1


async def test_ten_thousand_headers_are_no_answer_and_no_crash(connect: Connect) -> None:
    """Case 13."""
    head = b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: some words\r\n" % n for n in range(10_000))
    with serving(once(head + b"\r\n{}"), always(GOOD)) as server:
        client = connect(server, NodeReader)
        with pytest.raises(ApiError):
            await client.services()
        assert len(await client.services()) == 1


def handles() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.mark.real_time
async def test_hundreds_of_polls_that_the_deadline_ended_leave_a_client_that_works(
    connect: Connect,
) -> None:
    """P16, case 16: and not one handle more than before."""
    healed = False

    def deaf(peer: Peer) -> None:
        while peer.read() is not None:
            if healed:
                peer.answer(GOOD)

    with serving(deaf) as server:
        client = connect(server, NodeReader, timeout=0.004)
        before = handles()
        for _ in range(300):
            with pytest.raises(Unreachable, match="no answer within"):
                await client.services()
        healed = True
        client._connection.timeout = 30.0
        assert len(await client.services()) == 1
        await client.aclose()
        # The server's own ends of the connections are in this process too.
        await asyncio.to_thread(wait_until, lambda: handles() <= before)


ALERT = struct.pack("!BHHBB", 21, 0x0303, 2, 2, 40)


def alerting(peer: Peer) -> None:
    peer.sock.recv(4096)
    peer.send(ALERT)


async def test_an_alert_instead_of_a_handshake_is_named(connect: Connect) -> None:
    """Case 17."""
    with serving(alerting) as server:
        url = server.url.replace("http", "https")
        with pytest.raises(Unreachable, match="does not speak TLS as expected"):
            await connect(url, NodeReader).services()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_a_node_that_speaks_only_an_old_tls_is_named(
    connect: Connect, certified: Certified, tmp_path: Path
) -> None:
    """Case 17: and no credentials go out over it."""
    old = certify(tmp_path)
    old.context.set_ciphers("ALL:@SECLEVEL=0")
    old.context.minimum_version = ssl.TLSVersion.TLSv1
    old.context.maximum_version = ssl.TLSVersion.TLSv1
    with serving(tls=old.context) as server:
        trust = PinnedTrust(old.sha256)
        with pytest.raises(Unreachable, match="TLS"):
            await connect(server, NodeReader, trust=trust).services()
    assert server.received == 0


def signed_without_key_identifiers(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """Make an authority and a leaf of it, neither with a key identifier."""
    now, days = datetime.now(UTC), timedelta(days=1)
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "old authority")])
    common = x509.CertificateBuilder().issuer_name(authority).not_valid_before(now - days)
    common = common.not_valid_after(now + days)
    ca = (
        common.subject_name(authority)
        .public_key(authority_key.public_key())
        .serial_number(1)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    leaf = (
        common.subject_name(name)
        .public_key(key.public_key())
        .serial_number(2)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    both, ca_file = folder / "leaf.pem", folder / "authority.pem"
    secret = key.private_bytes(pem, form, serialization.NoEncryption())
    both.write_bytes(leaf.public_bytes(pem) + secret)
    ca_file.write_bytes(ca.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return context, ca_file


async def test_an_authoritys_leaf_without_key_identifiers_is_accepted_by_every_python(
    connect: Connect, tmp_path: Path
) -> None:
    """Case 20: Python 3.13 refuses it by default, and 3.11 does not."""
    context, ca_file = signed_without_key_identifiers(tmp_path)
    with serving(always(GOOD), tls=context) as server:
        url = f"https://localhost:{server.port}"
        client = connect(url, NodeReader, trust=AuthorityTrust(ca_file))
        assert len(await client.services()) == 1


async def test_of_three_nodes_with_three_certificates_one_pin_opens_one(
    certified: Certified, impostor: Certified, tmp_path: Path
) -> None:
    """P11, P12, case 21: the others are refused each for itself, and get no byte."""
    third = certify(tmp_path)
    pin = PinnedTrust(certified.sha256)
    with (
        serving(Play(1), tls=certified.context) as first,
        serving(Play(2), tls=impostor.context) as second,
        serving(Play(3), tls=third.context) as last,
    ):
        servers = {"first": first, "second": second, "last": last}
        nodes = [profile(one.url, name, trust=pin, cluster="one") for name, one in servers.items()]
        async with running(*nodes) as deck:
            await deck.good("first")
            for name, other in (("second", impostor), ("last", third)):
                await deck.until(lambda name=name: deck.watch(name).reading.trouble is not None)
                trouble = deck.watch(name).reading.trouble
                assert trouble is not None
                assert trouble.kind is TroubleKind.UNTRUSTED
                assert certified.sha256 in trouble.text
                assert other.sha256 in trouble.text
                assert servers[name].received == 0
            assert deck.watch("first").reading.is_good


async def test_a_pin_that_fails_is_an_untrusted_with_both_fingerprints(
    connect: Connect, certified: Certified, impostor: Certified
) -> None:
    """P11, P12, case 18: after a hundred good polls as at the first."""
    with serving(always(GOOD), tls=certified.context) as server:
        client = connect(server, NodeReader, trust=PinnedTrust(certified.sha256))
        for _ in range(100):
            await client.services()
        port = server.port
    with serving(always(GOOD), tls=impostor.context, port=port) as other:
        with pytest.raises(Untrusted) as caught:
            await client.services()
        assert (caught.value.expected, caught.value.got) == (certified.sha256, impostor.sha256)
        assert other.received == 0


async def test_a_node_without_the_call_says_so_and_is_asked_slowly() -> None:
    """Case 24."""
    with serving(always("not found", 404)) as server:
        async with running(profile(server.url), refresh=0.1) as deck:
            await deck.until(lambda: deck.watch()._failures >= 3)
            trouble = deck.watch().reading.trouble
            assert trouble is not None
            assert "answered 404 to GET /v1/local/services" in trouble.text
            assert "no such call" in trouble.hint


async def test_only_a_503_with_a_date_or_seconds_is_waited_for(connect: Connect) -> None:
    """Case 25: a redirect that names a time is no reason to wait."""
    data = answer(b"", 307, Location="/x", Retry_After="7")
    with serving(once(data)) as server, pytest.raises(Unavailable) as caught:
        await connect(server, NodeReader).services()
    assert caught.value.retry_after is None


async def test_a_get_on_a_connection_closed_meanwhile_is_no_trouble_for_the_row() -> None:
    """Case 15: one silent try more, and the row never says DOWN."""
    play = Play()

    def closing(peer: Peer) -> None:
        # Two answers a connection, and then it is closed under the third question.
        for _ in range(2):
            if (asked := peer.read()) is None:
                return
            reply = play.answers.get((asked.method, asked.path), answer(GOOD))
            assert isinstance(reply, bytes)
            peer.send(reply)
        peer.read()

    with serving(closing) as server:
        async with running(profile(server.url), refresh=0.05) as deck:
            await deck.until(lambda: server.connections >= 16)
            assert deck.watch().reading.is_good
            assert not [one for one in deck.notes.events if not one.service]
    lists = [one for one in server.asked if one.path == LIST]
    assert len(lists) > 8
