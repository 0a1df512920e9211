import asyncio
import os
import shutil
import ssl
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.asymmetric import ec

from tests.api.conftest import Certified, certify
from tests.certificates import NOW, key_pem, self_signed, without_key_identifiers
from tests.faultserver import always, once, serving
from tests.proxyserver import proxying
from tui.api.errors import LoginRefused, NotSent, Unreachable, Untrusted
from tui.api.tls.certificate import describe_certificate
from tui.api.tls.context import context_for
from tui.api.tls.probe import probe
from tui.model.order import Verb
from tui.model.trust import AuthorityTrust, ClientCertificate, NoTrust, PinnedTrust, SystemTrust


async def test_the_pinned_certificate_is_taken_and_the_connection_kept(connect, certified):
    with serving(tls=certified.context) as server:
        client = connect(server, trust=PinnedTrust(certified.sha256))
        for _ in range(5):
            await client.services()
    assert server.connections == 1


async def test_an_impostor_gets_no_byte_and_both_fingerprints_are_reported(
    connect, certified, impostor
):
    """P11, P12, case 18."""
    with serving(tls=impostor.context) as server:
        client = connect(server, trust=PinnedTrust(certified.sha256))
        with pytest.raises(Untrusted, match="another certificate") as caught:
            await client.services()
        with pytest.raises(NotSent, match="another certificate"):
            await client.operate(Verb.STOP, ["a"], same_connection=False)
    assert (caught.value.expected, caught.value.got) == (certified.sha256, impostor.sha256)
    assert f"expected sha256:{certified.sha256}" in str(caught.value)
    assert server.received == 0


async def test_a_certificate_changed_at_a_reconnect_gets_no_byte(connect, certified, impostor):
    """P11, case 18."""
    with serving(
        once(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"), tls=certified.context
    ) as (server):
        client = connect(server, trust=PinnedTrust(certified.sha256))
        await client.services()
        got = server.received
        server.tls = impostor.context
        with pytest.raises(Untrusted):
            await client.services()
        assert server.received == got


async def test_an_authoritys_file_is_believed_for_its_own_leaves(connect, certified):
    with serving(tls=certified.context) as server:
        assert await connect(server, trust=AuthorityTrust(certified.ca_file)).services() == ()


@pytest.mark.parametrize("other", ["authority", "system"])
async def test_an_unknown_authority_is_refused_and_the_fingerprint_reported(
    connect, certified, impostor, other
):
    """P11."""
    trust = AuthorityTrust(impostor.ca_file) if other == "authority" else SystemTrust()
    with serving(tls=certified.context) as server:
        with pytest.raises(Untrusted, match="not signed by an authority") as caught:
            await connect(server, trust=trust).services()
        assert server.received == 0
    assert caught.value.got == certified.sha256
    assert str(caught.value).endswith(f"; it presents sha256:{certified.sha256} for 127.0.0.1")
    assert (
        "openssl x509 -noout -fingerprint -sha256 -in /etc/opt/redislabs/api_cert.pem"
        in caught.value.trouble.hint
    )


async def test_a_certificate_for_another_name_is_refused(connect, tmp_path):
    named = certify(tmp_path, "elsewhere.example")
    with serving(tls=named.context) as server, pytest.raises(Untrusted, match="made out to"):
        await connect(server, trust=AuthorityTrust(named.ca_file)).services()
    assert server.received == 0


@pytest.mark.parametrize("through_proxy", [False, True])
async def test_a_server_name_is_what_the_certificate_is_checked_against(
    connect, tmp_path, through_proxy
):
    """P11: for an address, a port-forward, a tunnel."""
    named = certify(tmp_path, "db1.example")
    with serving(tls=named.context) as server, proxying() as proxy:
        way = {"proxy": proxy.url} if through_proxy else {}
        right = AuthorityTrust(named.ca_file, server_name="db1.example")
        assert await connect(server, trust=right, **way).services() == ()
        got = server.received
        wrong = AuthorityTrust(named.ca_file, server_name="db2.example")
        with pytest.raises(Untrusted, match="is made out to another name") as caught:
            await connect(server, trust=wrong, **way).services()
        assert server.received == got
    assert str(caught.value).endswith("for db1.example")
    assert "set server_name in the profile to a name" in caught.value.trouble.hint
    assert "ca_file" not in caught.value.trouble.hint


async def test_a_server_name_is_sent_in_every_handshake(connect, certified):
    seen = []
    context = certified.context
    context.sni_callback = lambda _, name, __: seen.append(name)
    try:
        with serving(tls=context) as server:
            trust = PinnedTrust(certified.sha256, server_name="db1.example")
            assert await connect(server, trust=trust).services() == ()
            await probe(server.url, 2, server_name="db2.example")
    finally:
        context.sni_callback = None
    assert seen == ["db1.example", "db2.example"]


async def test_an_authoritys_file_that_is_not_there_is_named(connect, tmp_path):
    with serving(), pytest.raises(Unreachable, match=r"node1 .* was not polled: .*cannot be read"):
        await connect("https://127.0.0.1:1", trust=AuthorityTrust(tmp_path / "no")).services()


@pytest.mark.parametrize(("begins", "ends"), [(-9, -1), (1, 9)])
async def test_a_pinned_certificate_works_outside_its_days_and_probe_reports_them(  # P13, case 19
    connect, tmp_path, begins, ends
):
    """P13, case 19."""
    first, last = NOW + timedelta(days=begins), NOW + timedelta(days=ends)
    context, der = self_signed(tmp_path, first, last)
    with serving(tls=context) as server:
        shown = await probe(server.url, 2)
        client = connect(server, trust=PinnedTrust(shown.sha256))
        assert client.certificate is None
        assert await client.services() == ()
    assert shown == describe_certificate(der) == client.certificate
    assert (shown.not_before, shown.not_after) == (first, last)


async def test_probe_speaks_no_http(certified):
    with serving(tls=certified.context) as server:
        assert (await probe(server.url, 2)).sha256 == certified.sha256
    assert (server.received, server.connections) == (0, 1)


async def test_probe_of_what_does_not_shake_hands_says_so_in_time():
    with serving(lambda peer: peer.hang()) as server:
        began = time.monotonic()
        with pytest.raises(Unreachable, match=r"no certificate within 0\.3 s"):
            await probe(server.url, 0.3)
        assert time.monotonic() - began < 10
    with pytest.raises(Unreachable, match="shows no certificate"):
        await probe(server.url, 0.3)


@pytest.mark.parametrize("cut", range(0, 120, 7))
def test_a_certificate_that_is_cut_has_no_dates_and_harms_nothing(tmp_path, cut):
    _, der = self_signed(tmp_path, NOW, NOW + timedelta(days=1))
    shown = describe_certificate(der[:cut])
    assert (shown.not_before, shown.not_after) == (None, None)


def test_contexts_are_made_once_and_are_not_strict():
    """Case 20."""
    pin = PinnedTrust("ab" * 32)
    assert context_for(pin) is context_for(PinnedTrust("ab" * 32))
    for trust in (pin, NoTrust(), SystemTrust()):
        context = context_for(trust)
        assert context.minimum_version is ssl.TLSVersion.TLSv1_2
        assert not context.verify_flags & ssl.VERIFY_X509_STRICT
    assert context_for(SystemTrust()).check_hostname


async def test_a_leaf_without_key_identifiers_is_believed_on_every_python(  # case 20
    connect, tmp_path
):
    context, ca_file = without_key_identifiers(tmp_path)
    with serving(tls=context) as server:
        assert await connect(server, trust=AuthorityTrust(ca_file)).services() == ()


async def test_three_certificates_and_one_pin_let_one_node_in(  # case 21
    connect, certified, impostor, tmp_path
):
    third = certify(tmp_path)
    pin = PinnedTrust(certified.sha256)
    for one in (impostor, certified, third, certified, impostor):
        with serving(tls=one.context) as server:
            if one is certified:
                assert await connect(server, trust=pin).services() == ()
                continue
            with pytest.raises(Untrusted) as caught:
                await connect(server, trust=pin).services()
            assert (caught.value.expected, caught.value.got) == (pin.sha256, one.sha256)
            assert server.received == 0


ASK = """
import asyncio, sys
from tests.api.conftest import Password
from tui.api.client import NodeReader
from tui.api.errors import ApiError
from tui.model.trust import SystemTrust

async def ask():
    reader = NodeReader(title="node1", url=sys.argv[1], trust=SystemTrust(), timeout=5,
                        username="me@example.com", password=Password())
    try:
        print(await reader.services())
    except ApiError as error:
        print(error)
    finally:
        await reader.aclose()

asyncio.run(ask())
"""


@pytest.mark.real_time
def test_the_environment_says_neither_who_is_believed_nor_which_way_leads_there(  # case 28
    certified, tmp_path
):
    with serving() as proxy, serving(tls=certified.context) as server:
        away = f"http://127.0.0.1:{proxy.port}"
        netrc, log = tmp_path / "netrc", tmp_path / "keys"
        netrc.write_text("machine 127.0.0.1 login other password other\n", encoding="utf-8")
        netrc.chmod(0o600)
        names = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "HTTP_PROXY")
        told = subprocess.run(  # noqa: S603 - our own words
            [sys.executable, "-c", ASK, server.url],
            env=os.environ
            | dict.fromkeys(names, away)
            | {
                "SSL_CERT_FILE": str(certified.ca_file),
                "SSL_CERT_DIR": str(certified.ca_file.parent),
                "NETRC": str(netrc),
                "SSLKEYLOGFILE": str(log),
            },
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
        assert "not signed by an authority that is trusted here" in told.stdout
        assert (server.received, proxy.connections) == (0, 0)
        assert not log.exists()


async def test_an_authority_that_was_renewed_in_its_file_is_believed_without_a_new_start(
    connect, certified, impostor, tmp_path
):
    """P16: and one that was taken out of it is not believed any longer."""
    ca_file = tmp_path / "authority.pem"
    ca_file.write_bytes(impostor.ca_file.read_bytes())
    with serving(tls=certified.context) as server:
        client = connect(server, trust=AuthorityTrust(ca_file))
        with pytest.raises(Untrusted):
            await client.services()
        ca_file.write_bytes(certified.ca_file.read_bytes() + b"\n")
        assert await client.services() == ()


@pytest.mark.real_time
async def test_a_ca_file_that_hangs_delays_nothing_else_and_is_named(connect, certified, tmp_path):
    """P15: a FIFO that nobody writes to hangs as the disk of a network does."""
    fifo = tmp_path / "ca.pem"
    os.mkfifo(fifo)
    with serving(tls=certified.context) as server:
        hung = connect(server, trust=AuthorityTrust(fifo), timeout=0.5)
        well = connect(server, trust=PinnedTrust(certified.sha256), timeout=0.5)
        asking = asyncio.create_task(hung.services())
        for _ in range(5):
            assert await well.services() == ()
        with pytest.raises(Unreachable, match="while reading the files that its trust names"):
            await asking
        with pytest.raises(Unreachable, match="while reading the files"):
            await hung.services()  # by the thread that hangs already
        assert sum(one.name == "rsdeck-work" for one in threading.enumerate()) == 1
        os.close(os.open(fifo, os.O_WRONLY | os.O_NONBLOCK))


class Pair:
    """A client's certificate and key, of an authority of their own."""

    def __init__(self, folder: Path) -> None:
        self.authority = trustme.CA()
        issued = self.authority.issue_cert("me@example.com", common_name="me")
        self.mine = ClientCertificate(folder / "me.pem", folder / "me.key")
        issued.cert_chain_pems[0].write_to_path(str(self.mine.certificate))
        issued.private_key_pem.write_to_path(str(self.mine.key))
        self.mine.key.chmod(0o600)


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair(tmp_path)


def demanding(certified: Certified, authority: trustme.CA, most: ssl.TLSVersion) -> ssl.SSLContext:
    """Make a server's context that requires a client certificate of one authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certified.ca_file.with_name("both.pem"))
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = most
    authority.configure_trust(context)
    return context


VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@pytest.mark.parametrize("most", VERSIONS)
async def test_a_client_certificate_alone_opens_the_door_and_no_password_is_sent(
    connect, certified, pair, most
):
    tls = demanding(certified, pair.authority, most)
    with serving(tls=tls) as server:
        trust = PinnedTrust(certified.sha256)
        client = connect(server, trust=trust, client_certificate=pair.mine, username="")
        assert await client.services() == ()
    assert [one.headers.keys() & {"authorization", "cookie"} for one in server.asked] == [set()]


async def test_with_a_username_both_are_shown(connect, certified, pair):
    tls = demanding(certified, pair.authority, VERSIONS[1])
    with serving(tls=tls) as server:
        await connect(
            server, trust=PinnedTrust(certified.sha256), client_certificate=pair.mine
        ).services()
    assert server.asked[0].headers["authorization"].startswith("Basic ")


@pytest.mark.parametrize("most", VERSIONS)
async def test_without_one_the_sentence_says_what_the_cluster_wants(connect, certified, pair, most):
    tls = demanding(certified, pair.authority, most)
    with serving(tls=tls) as server, pytest.raises(Unreachable) as caught:
        await connect(server, trust=PinnedTrust(certified.sha256)).services()
    if most is ssl.TLSVersion.TLSv1_3:
        assert "requires a client certificate" in str(caught.value)
        assert "client_cert" in caught.value.trouble.hint
    else:  # its alert does not name the reason
        assert "does not speak TLS as expected" in str(caught.value)
    assert server.received == 0


async def test_one_of_another_authority_is_not_taken(connect, certified, pair, tmp_path):
    tls = demanding(certified, trustme.CA(), VERSIONS[0])
    with serving(tls=tls) as server:
        client = connect(server, trust=PinnedTrust(certified.sha256), client_certificate=pair.mine)
        with pytest.raises(Unreachable) as caught:
            await client.services()
    assert "does not take the client's certificate" in str(caught.value)
    assert server.received == 0


async def test_a_401_without_a_user_speaks_of_the_certificate(connect, certified, pair):
    script = always("{}", 401)
    with serving(script, tls=demanding(certified, pair.authority, VERSIONS[1])) as server:
        client = connect(
            server, trust=PinnedTrust(certified.sha256), client_certificate=pair.mine, username=""
        )
        with pytest.raises(LoginRefused, match="the client's certificate as a login"):
            await client.services()


async def test_a_renewed_pair_is_shown_on_the_next_connection(connect, certified, pair, tmp_path):
    tls = demanding(certified, pair.authority, VERSIONS[1])
    (tmp_path / "new").mkdir()
    other = Pair(tmp_path / "new")
    with serving(tls=tls) as server:
        client = connect(server, trust=PinnedTrust(certified.sha256), client_certificate=other.mine)
        with pytest.raises(Unreachable):
            await client.services()
        for new, old in (
            (pair.mine.certificate, other.mine.certificate),
            (pair.mine.key, other.mine.key),
        ):
            shutil.copy2(new, old)
        assert await client.services() == ()


def others_read_it(pair: Pair) -> str:
    pair.mine.key.chmod(0o640)
    return r"the client's key \(client_key\): others may read or write it"


def locked(pair: Pair) -> str:
    pair.mine.key.write_bytes(key_pem(ec.generate_private_key(ec.SECP256R1()), b"secret"))
    return "is locked with a passphrase; rsdeck does not prompt for it"


def of_another(pair: Pair) -> str:
    pair.mine.key.write_bytes(key_pem(ec.generate_private_key(ec.SECP256R1())))
    return "does not belong to its certificate"


def no_pem(pair: Pair) -> str:
    pair.mine.certificate.write_text("-----BEGIN nothing", encoding="utf-8")
    return "is no PEM file"


def missing(pair: Pair) -> str:
    pair.mine.key.unlink()
    return "client_key: the file cannot be read: No such file"


def folder(pair: Pair) -> str:
    pair.mine.certificate.unlink()
    pair.mine.certificate.mkdir()
    return "client_cert: the file cannot be read: it is not a plain file"


@pytest.mark.parametrize("harm", [others_read_it, locked, of_another, no_pem, missing, folder])
async def test_a_pair_that_does_not_do_is_refused_before_any_connection(
    connect, certified, pair, harm
):
    words = harm(pair)
    with serving(tls=certified.context) as server:
        client = connect(server, trust=PinnedTrust(certified.sha256), client_certificate=pair.mine)
        with pytest.raises(Unreachable, match=f"node1 .* was not polled: .*{words}") as caught:
            await client.services()
        assert caught.value.trouble.hint
        assert "me.key" not in f"{caught.value}{caught.value.trouble.hint}"
        assert server.connections == 0
