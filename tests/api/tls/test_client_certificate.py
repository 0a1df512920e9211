"""Mutual TLS: the certificate that rsdeck shows of itself."""

import shutil
import ssl
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.asymmetric import ec

from tests.api.conftest import Certified
from tests.certificates import key_pem
from tests.faultserver import always, serving
from tui.api.errors import LoginRefused, Unreachable
from tui.model.trust import ClientCertificate, PinnedTrust


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
