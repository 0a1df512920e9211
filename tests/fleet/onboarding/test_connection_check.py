"""The form's Test: what answers at an address, and whether to trust it."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faultserver import Peer, always, answer, routes, serving, wait_until
from tests.fleet.conftest import (
    BOOTSTRAP,
    CLUSTER,
    LIST,
    NODES,
    OPTIONAL,
    PASSWORD,
    STATES,
    VIEWER,
    VIEWER_PASSWORD,
    Play,
    profile,
    said,
)
from tui.config import FileSource
from tui.credentials import Secret
from tui.credentials.refused_logins import RefusedLogins
from tui.fleet.onboarding.connection_check import try_connection
from tui.model.login import LoginWay
from tui.model.trust import AuthorityTrust, SystemTrust, parse_fingerprint
from tui.sim.cluster import Cluster
from tui.sim.server import SimulatedCluster

RIGHT = Secret(PASSWORD)


@pytest.fixture
def secure() -> Iterator[SimulatedCluster]:
    with SimulatedCluster(Cluster(2)) as served:
        yield served


async def test_a_good_node_says_who_it_is_and_what_it_runs(secure: SimulatedCluster) -> None:
    found = await try_connection(
        profile(secure.urls[1], trust=parse_fingerprint(secure.fingerprint)), RIGHT, 5
    )
    assert found.well
    assert found.fingerprint == ""
    assert found.texts == (
        "it answers: 32 of 32 services are running",
        "node:1 node1.demo.cluster.local (primary)",
        "cluster demo.cluster.local, 11 optional services",
    )
    sent = {one.path for one in secure.cluster.requests if one.method != "GET"}
    assert sent <= {"/v1/users/authorize"}


async def test_a_replica_says_that_its_cluster_is_not_known_from_there(
    served: SimulatedCluster,
) -> None:
    found = await try_connection(profile(served.urls[2]), RIGHT, 5)
    assert found.well
    assert "node:2" in found.texts[1]
    assert "redirect" in found.texts[2]


async def test_a_viewer_is_well_too(served: SimulatedCluster) -> None:
    found = await try_connection(
        profile(served.urls[1], username=VIEWER), Secret(VIEWER_PASSWORD), 5
    )
    assert found.well


@pytest.mark.parametrize(("names_basic", "tries"), [(True, 1), (False, 2)])
async def test_a_wrong_password_is_tried_again_for_a_token_unless_the_node_says_it_takes_basic(
    names_basic: bool, tries: int, served: SimulatedCluster
) -> None:
    served.cluster.logins.challenges = names_basic
    node = profile(served.urls[1], login=LoginWay.AUTO)
    found = await try_connection(node, Secret("wrong"), 5)
    assert not found.well
    assert "does not accept admin@demo.local" in found.texts[0]
    assert found.texts[1]
    assert len(served.cluster.requests) == tries


async def test_a_form_that_is_tested_again_and_again_never_locks_the_user(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    """P24: what a test is refused counts for the next one, and for the deck."""
    memory = RefusedLogins(tmp_path / "state", is_attended=True)
    node = profile(served.urls[1], login=LoginWay.AUTO)
    for _ in range(6):
        found = await try_connection(node, Secret("wrong"), 5, memory)
        assert not found.well
    assert found.texts == (
        "login of admin@demo.local: refused 3 times in the last 15 minutes; not sent for 15 min",
    )
    assert sum(one.status == 401 for one in served.cluster.requests) == 3
    assert len(await memory.others(node.username, node.url) or ()) == 3


async def test_a_test_that_is_taken_removes_what_was_refused_before(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    memory = RefusedLogins(tmp_path / "state", is_attended=True)
    node = profile(served.urls[1], login=LoginWay.BASIC)
    assert not (await try_connection(node, Secret("wrong"), 5, memory)).well
    assert len(await memory.others(node.username, node.url) or ()) == 1
    assert (await try_connection(node, RIGHT, 5, memory)).well
    assert await memory.others(node.username, node.url) == []


async def test_an_untrusted_certificate_gives_its_fingerprint_and_sends_nothing(
    secure: SimulatedCluster,
) -> None:
    found = await try_connection(profile(secure.urls[1], trust=SystemTrust()), RIGHT, 5)
    assert not found.well
    assert found.fingerprint == secure.fingerprint
    assert not found.is_another
    assert not secure.cluster.requests
    parse_fingerprint(found.fingerprint)


async def test_a_certificate_in_the_place_of_the_pinned_one_is_reported_and_not_offered(  # P12
    secure: SimulatedCluster,
) -> None:
    pin = parse_fingerprint("sha256:" + "0" * 64)
    found = await try_connection(profile(secure.urls[1], trust=pin), RIGHT, 5)
    assert not found.well
    assert found.fingerprint == ""
    assert found.is_another
    assert secure.fingerprint in found.texts[0]
    assert not secure.cluster.requests


async def test_the_authority_s_file_is_trust_enough(
    secure: SimulatedCluster, tmp_path: Path
) -> None:
    trust = AuthorityTrust(secure.write_ca(tmp_path / "ca.pem"))
    assert (await try_connection(profile(secure.urls[1], trust=trust), RIGHT, 5)).well


async def test_a_missing_file_is_reported_and_nothing_is_polled(
    secure: SimulatedCluster, tmp_path: Path
) -> None:
    trust = AuthorityTrust(tmp_path / "none.pem")
    found = await try_connection(profile(secure.urls[1], trust=trust), RIGHT, 5)
    assert not found.well
    assert "ca_file: the CA file cannot be read: No such file" in found.texts[0]
    assert not secure.cluster.requests


async def test_a_refused_port_says_so(closed_port: int) -> None:
    found = await try_connection(profile(f"http://127.0.0.1:{closed_port}"), RIGHT, 5)
    assert not found.well
    assert "refused" in found.texts[0]
    assert found.fingerprint == ""


async def test_a_server_that_never_answers_ends_at_the_timeout() -> None:
    with serving(Peer.hang) as server:
        began = time.monotonic()
        found = await try_connection(profile(server.url), RIGHT, 0.4)
        assert time.monotonic() - began < 20
        assert not found.well


def http_on_https(peer: Peer) -> None:
    peer.sock.recv(100)
    peer.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


async def test_plain_http_behind_https_is_not_well() -> None:
    with serving(http_on_https) as server:
        url = server.url.replace("http:", "https:")
        found = await try_connection(profile(url, trust=SystemTrust()), RIGHT, 2)
        assert not found.well
        assert found.texts[0]


@pytest.mark.parametrize(
    "body",
    [
        "<html><title>nginx</title></html>",
        "{}",
        "[]",
        '"OK"',
        '{"status": "ok", "version": "1.2.3"}',
        '{"message": "hello", "data": {"users": []}}',
        "",
    ],
)
async def test_a_server_of_something_else_is_not_well(body: str) -> None:
    with serving(always(body)) as server:
        found = await try_connection(profile(server.url), RIGHT, 2)
        assert not found.well
        assert server.url in found.texts[0]
        assert len(server.asked) == 1


@pytest.mark.parametrize("status", [302, 403, 404, 500, 503])
async def test_an_answer_that_is_not_200_is_not_well(status: int) -> None:
    with serving(always("no", status, Location="https://elsewhere/")) as server:
        found = await try_connection(profile(server.url), RIGHT, 2)
        assert not found.well
        assert len(server.asked) == 1


async def test_redis_itself_is_not_taken_for_its_cluster_s_api() -> None:
    def redis(peer: Peer) -> None:
        peer.sock.recv(4096)
        peer.send(b"-ERR unknown command 'GET', with args beginning with: '/v1'\r\n")

    with serving(redis) as server:
        found = await try_connection(profile(server.url), RIGHT, 2)
        assert not found.well


async def test_a_node_that_lists_only_its_services_passes() -> None:
    services = said({"alert_mgr": {"status": "RUNNING"}, "ccs": {"status": "FATAL"}})
    with serving(routes({LIST: services})) as server:
        found = await try_connection(profile(server.url), RIGHT, 2)
        assert found.well
        assert found.texts[0] == "it answers: 1 of 2 services are running"
        assert found.texts[1] == "node id not reported"


async def test_a_password_that_cannot_be_read_is_reported_and_nothing_is_polled(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    missing = FileSource(tmp_path / "missing")
    found = await try_connection(profile(served.urls[1], password=missing), None, 5)
    assert not found.well
    assert "cannot be opened" in found.texts[0]
    assert not served.cluster.requests


async def test_a_typed_password_comes_before_the_source(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    missing = FileSource(tmp_path / "missing")
    assert (await try_connection(profile(served.urls[1], password=missing), RIGHT, 5)).well


async def test_a_trial_that_is_cancelled_leaves_nothing_behind() -> None:
    play = Play()
    with serving(play) as server:
        await try_connection(profile(server.url), RIGHT, 2)
        play.get(LIST, Peer.hang)
        trial = asyncio.create_task(try_connection(profile(server.url), RIGHT, 5))
        await asyncio.to_thread(wait_until, lambda: server.asked[-1].path == LIST)
        trial.cancel()
        with pytest.raises(asyncio.CancelledError):
            await trial
        await asyncio.to_thread(wait_until, lambda: server.connections == 2)
        # The script of the second sleeps on, so only the client's end can be seen to be closed.
        assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_of_calls_that_refuse_a_password_which_the_services_take_one_is_tried() -> None:
    """P24: each further call would be one more failed login."""
    play = Play()
    refused = (BOOTSTRAP, NODES, STATES, CLUSTER, OPTIONAL)
    for path in refused:
        play.get(path, answer("no", 401))
    with serving(play) as server:
        found = await try_connection(profile(server.url), RIGHT, 2)
        assert found.well
        assert "the password was refused" in found.texts[2]
        assert sum(one.path in refused for one in server.asked) == 1
