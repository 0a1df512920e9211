"""What the fleet makes of certificates: who is asked, who takes orders, what is told."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme

from tests.certificates import DAY, NOW, self_signed
from tests.faultserver import answer, serving
from tests.fleet.conftest import LIST, Play, posts, profile, profiles, quiet, running
from tui.api.tls.certificate import fingerprint
from tui.credentials import Passwords
from tui.fleet.orders.executor import NotAccepted
from tui.fleet.orders.guard import judge_order
from tui.model.order import Tier, Verb
from tui.model.reading import Remedy, TroubleKind
from tui.model.trust import ClientCertificate, NoTrust, PinnedTrust
from tui.sim.cluster import Cluster
from tui.sim.server import SimulatedCluster


@pytest.fixture
def secure() -> Iterator[SimulatedCluster]:
    with SimulatedCluster(Cluster(3, pace=0.1)) as served:
        yield served


async def test_a_node_that_is_not_checked_is_read_and_takes_no_order(
    secure: SimulatedCluster,
) -> None:
    nodes = profiles(secure, trust=NoTrust())
    async with running(*nodes) as deck:
        await deck.known()
        seen = deck.order(Verb.RESTART, "alert_mgr").services
        ruling = judge_order(Verb.RESTART, seen, deck.fleet.standing("node1"))
        assert (ruling.tier, ruling.allowed) == (Tier.NEVER, False)
        assert ruling.reason == (
            "the certificate is not verified; give the profile a fingerprint or a ca_file"
        )
        with pytest.raises(NotAccepted, match="not verified"):
            deck.give(Verb.RESTART, "alert_mgr")
    assert not posts(secure)


async def test_an_expired_certificate_that_is_pinned_is_read_and_takes_orders(  # P13, case 19
    tmp_path: Path,
) -> None:
    context, der = self_signed(tmp_path, NOW - 9 * DAY, NOW - 3 * DAY)
    play = Play()
    with serving(play, tls=context) as server:
        async with running(profile(server.url, trust=PinnedTrust(fingerprint(der)))) as deck:
            await deck.known()
            certificate = deck.watch().certificate
            assert certificate is not None
            assert certificate.remark(datetime.now(UTC)) == "CERTIFICATE EXPIRED 3 d ago"
            seen = deck.order(Verb.RESTART, "alert_mgr").services
            await deck.until(
                lambda: judge_order(Verb.RESTART, seen, deck.fleet.standing("node1")).allowed
            )


async def test_a_changed_certificate_stops_the_asking_until_a_person_acts(  # P12, case 18
    tmp_path: Path,
) -> None:
    (tmp_path / "other").mkdir()
    context, der = self_signed(tmp_path)
    other, other_der = self_signed(tmp_path / "other")
    play = Play()
    with serving(play, tls=context) as server:
        async with running(profile(server.url, trust=PinnedTrust(fingerprint(der)))) as deck:
            await deck.known()
            watch = deck.watch()
            server.tls = other
            play.get(LIST, lambda peer: peer.reset())
            await deck.until(lambda: watch.reading.trouble)
            trouble = watch.reading.trouble
            assert trouble is not None
            assert trouble.kind is TroubleKind.UNTRUSTED
            for words in (fingerprint(der), fingerprint(other_der)):
                assert words in trouble.text
            assert watch.reading.services  # the last good ones stay
            await deck.until(lambda: watch.next_at is None)
            met, got = server.connections, len(server.asked)
            await quiet(0.3)
            assert (server.connections, len(server.asked)) == (met, got)
            watch.refresh_now()
            await deck.until(lambda: server.connections == met + 1)
            server.tls = context
            del play.answers["GET", LIST]
            watch.refresh_now()
            await deck.good()


async def test_three_certificates_and_one_pin_read_one_node(tmp_path: Path) -> None:  # case 21
    served = []
    for uid in (1, 2, 3):
        folder = tmp_path / str(uid)
        folder.mkdir()
        served.append(self_signed(folder))
    pin = PinnedTrust(fingerprint(served[1][1]))
    with (
        serving(Play(1), tls=served[0][0]) as one,
        serving(Play(2), tls=served[1][0]) as two,
        serving(Play(3), tls=served[2][0]) as three,
    ):
        nodes = [
            profile(server.url, f"node{uid}", trust=pin, cluster="demo")
            for uid, server in enumerate((one, two, three), 1)
        ]
        async with running(*nodes) as deck:
            await deck.good("node2")
            for uid, other in ((1, served[0]), (3, served[2])):
                watch = deck.watch(f"node{uid}")
                await deck.until(lambda watch=watch: watch.reading.trouble)
                trouble = watch.reading.trouble
                assert trouble is not None
                assert f"got sha256:{fingerprint(other[1])}" in trouble.text
                assert f"expected {pin}" in trouble.text
        assert (one.received, three.received) == (0, 0)


async def test_a_client_certificate_is_a_login_without_a_password(tmp_path: Path) -> None:
    pair = trustme.CA()
    issued = pair.issue_cert("me@example.com", common_name="me")
    mine = ClientCertificate(tmp_path / "me.pem", tmp_path / "me.key")
    issued.cert_chain_pems[0].write_to_path(str(mine.certificate))
    issued.private_key_pem.write_to_path(str(mine.key))
    mine.key.chmod(0o600)
    context, der = self_signed(tmp_path)
    context.verify_mode = ssl.CERT_REQUIRED
    pair.configure_trust(context)
    play = Play()
    with serving(play, tls=context) as server:
        trust = PinnedTrust(fingerprint(der))
        node = profile(server.url, trust=trust, client=mine, username="")
        async with running(node, passwords=Passwords()) as deck:
            await deck.good()
            assert not deck.watch().login.trouble
            play.get(LIST, answer("{}", 401))
            await deck.until(lambda: deck.watch().reading.trouble)
            trouble = deck.watch().reading.trouble
            assert trouble is not None
            assert trouble.kind is TroubleKind.LOGIN
            assert trouble.remedies == (Remedy.FIX_CLIENT_CERTIFICATE,)
    assert not any("authorization" in one.headers for one in server.asked)
