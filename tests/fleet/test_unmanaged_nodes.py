"""Nodes without a profile: what their cluster says of them, and nothing that could reach them.

P18.
"""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.faultserver import answer, serving
from tests.fleet.conftest import (
    HEALTH,
    NODES,
    STATES,
    Play,
    asked,
    profile,
    profiles,
    running,
    said,
)
from tests.fleet.polling.test_cluster_cache import Clock, reader
from tui.api.errors import LoginRefused
from tui.fleet.polling.cluster_cache import ClusterCache
from tui.model.node import Identity, Maintenance, Role
from tui.model.trust import parse_fingerprint
from tui.sim.cluster import Cluster
from tui.sim.server import SimulatedCluster


@pytest.fixture
def secure() -> Iterator[SimulatedCluster]:
    with SimulatedCluster(Cluster(4), spread=True) as served:
        yield served


async def test_the_members_without_a_profile_are_listed_with_their_services(
    secure: SimulatedCluster,
) -> None:
    ours = profiles(secure, trust=parse_fingerprint(secure.fingerprint))
    secure.cluster.set_status(4, "alert_mgr", "STOPPED")
    async with running(*ours[:2], refresh=0.5) as deck:
        await deck.known()
        await deck.until(
            lambda: len(deck.fleet.unmanaged_nodes) == 2 and deck.fleet.unmanaged_nodes[0].address
        )
        third, fourth = deck.fleet.unmanaged_nodes
        assert (third.cluster, third.uid, third.role) == ("demo", 3, Role.REPLICA)
        assert third.hostname == "node3.demo.cluster.local"
        assert third.address == "127.0.0.3"
        assert third.version == secure.cluster.version
        assert third.observed_on is not None
        assert abs((third.observed_on - datetime.now(UTC)).total_seconds()) < 30
        stopped = {one.name: one.status for one in fourth.services}["alert_mgr"]
        assert stopped == "STOPPED"
        assert all(one.started_at is None and one.uptime is None for one in fourth.services)
        assert (fourth.health.status, fourth.health.detail) == ("warning", "service_down")
        assert not asked(secure, "/v1/local/services", uid=3)


async def test_a_member_is_not_listed_once_it_has_a_profile(secure: SimulatedCluster) -> None:
    ours = profiles(secure, trust=parse_fingerprint(secure.fingerprint))
    async with running(*ours[:3], refresh=0.5) as deck:
        await deck.until(lambda: [one.uid for one in deck.fleet.unmanaged_nodes] == [4])
        deck.fleet.adopt((*ours[:3], replace(ours[3], uid=4)))
        assert deck.fleet.unmanaged_nodes == ()
        deck.fleet.adopt(ours[:3])
        await deck.until(lambda: [one.uid for one in deck.fleet.unmanaged_nodes] == [4])
        deck.fleet.adopt(())
        assert deck.fleet.unmanaged_nodes == ()


async def test_a_profile_whose_node_never_answered_is_known_by_its_address(
    secure: SimulatedCluster,
) -> None:
    ours = profiles(secure, trust=parse_fingerprint(secure.fingerprint))
    secure.cluster.power_off(2)
    async with running(*ours[:2], refresh=0.5) as deck:
        await deck.until(lambda: [one.uid for one in deck.fleet.unmanaged_nodes] == [3, 4])


async def test_a_replica_alone_can_report_all_members_and_its_own_role(
    secure: SimulatedCluster,
) -> None:
    second = profiles(secure, trust=parse_fingerprint(secure.fingerprint))[1]
    async with running(second, refresh=0.5) as deck:
        await deck.until(lambda: [one.uid for one in deck.fleet.unmanaged_nodes] == [1, 3, 4])
        await deck.until(lambda: deck.watch("node2").facts.identity.role is Role.REPLICA)
        assert deck.fleet.unmanaged_nodes[0].role is Role.PRIMARY
        secure.cluster.promote(2)
        await deck.until(lambda: deck.watch("node2").facts.identity.role is Role.PRIMARY)


async def test_without_the_health_call_no_members_are_listed_and_it_is_not_repeated() -> None:
    with SimulatedCluster(Cluster(3, health_v4=False), tls=False) as served:
        async with running(profiles(served)[0], refresh=0.1) as deck:
            await deck.known()
            await deck.readings(5)
            assert deck.fleet.unmanaged_nodes == ()
            assert len(asked(served, HEALTH)) == 1
            assert deck.watch().reading.is_good


async def test_a_health_call_that_is_not_offered_is_tried_again_after_an_hour() -> None:
    clock = Clock()
    book, play = ClusterCache(clock), Play()
    with serving(play) as server:
        client = reader(server.url)
        for seconds in (0, 10, 3500, 100):
            clock.now += seconds
            await book.refresh_health("node1", client)
        assert sum(one.path == HEALTH for one in server.asked) == 2
        assert "404" in book.health.gap
        await client.aclose()


@pytest.mark.parametrize(
    ("reply", "asked_again"),
    [(answer("{}", 503), 1), (answer("<html>"), 1), (answer("{}", 403), 0)],
)
async def test_other_trouble_is_a_gap_and_the_last_answer_grows_old(
    reply: bytes, asked_again: int
) -> None:
    """A 403 is learnt, and anything else tried again after some seconds."""
    clock = Clock()
    book, play = ClusterCache(clock), Play()
    play.get(HEALTH, said({"nodes": [{"id": "7", "role": "follower", "services": []}]}))
    with serving(play) as server:
        client = reader(server.url)
        await book.refresh_health("node1", client)
        read_at = book.health.read_at
        play.get(HEALTH, reply)
        for _ in range(3):
            clock.now += 5
            await book.refresh_health("node1", client)
        assert sum(one.path == HEALTH for one in server.asked) == 2 + asked_again
        assert book.health.gap
        assert book.health.newest is not None
        assert book.health.read_at == read_at
        await client.aclose()


async def test_a_login_that_this_call_refuses_is_passed_on() -> None:
    play, book = Play(), ClusterCache()
    play.get(HEALTH, answer("no", 401))
    with serving(play) as server:
        client = reader(server.url)
        with pytest.raises(LoginRefused):
            await book.refresh_health("node1", client)
        await client.aclose()


async def test_a_cluster_that_lists_no_nodes_still_reports_members_by_their_uid() -> None:
    play = Play()
    play.get(NODES, answer("{}", 500))
    play.get(STATES, answer("{}", 500))
    play.get(HEALTH, said({"nodes": [{"id": "1"}, {"id": "7", "services": [{"name": "ccs"}]}]}))
    with serving(play) as server:
        async with running(profile(server.url, cluster="demo")) as deck:
            await deck.until(lambda: [one.uid for one in deck.fleet.unmanaged_nodes] == [7])
            assert deck.fleet.unmanaged_nodes[0].title == "node:7"


def health_page(*observed: tuple[str, int | None], **more: object) -> bytes:
    """Answer the health call: nodes by their uid, each with when it was observed."""
    nodes = [{"id": uid, "observed_at": at, "status": "active"} | more for uid, at in observed]
    return said({"nodes": nodes})


async def test_an_observation_is_as_old_as_the_cluster_says_and_not_as_the_call() -> None:
    """By the cluster's clock alone, whatever this machine's says."""
    clock, play = Clock(), Play()
    book = ClusterCache(clock)
    play.get(HEALTH, health_page(("1", 9_007_200), ("2", 9_000_000), ("3", None)))
    with serving(play) as server:
        client = reader(server.url)
        await book.refresh_health("node1", client)
        ages = [book.facts_for("", Identity(uid=uid)).health for uid in (1, 2, 3)]
        assert [one and one.age(clock()) for one in ages] == [0.0, 7200.0, 0.0]
        clock.now += 30
        await book.refresh_health(
            "node1", client
        )  # nothing is observed any more, and the calls go on
        frozen = book.facts_for("", Identity(uid=1)).health
        assert frozen is not None
        assert frozen.age(clock()) == 30.0
        play.get(HEALTH, health_page(("1", 9_007_230), ("2", 9_000_000)))
        clock.now += 6
        await book.refresh_health("node1", client)
        again = [book.facts_for("", Identity(uid=uid)).health for uid in (1, 2)]
        assert [one and one.age(clock()) for one in again] == [0.0, 7230.0]
        clock.now += 61
        assert book.facts_for("", Identity(uid=1)).health is None  # the call is not answered now
        await client.aclose()


async def test_an_old_observation_of_a_node_that_is_down_is_shown_as_old(
    secure: SimulatedCluster,
) -> None:
    ours = profiles(secure, trust=parse_fingerprint(secure.fingerprint))
    secure.cluster.power_off(4)
    secure.cluster.lose_sight(4, 7200)
    secure.cluster.lose_sight(2, 7200)
    async with running(*ours[:2], refresh=0.5) as deck:
        await deck.until(lambda: len(deck.fleet.unmanaged_nodes) == 2)
        third, fourth = deck.fleet.unmanaged_nodes
        now = time.monotonic()
        assert third.age(now) < 60
        assert third.health.remark(now) == ""
        assert 7190 < fourth.age(now) < 7260
        assert fourth.health.remark(now) == (
            "down (node_unreachable) by its cluster, observed 2 h ago"
        )
        await deck.until(lambda: deck.watch("node2").facts.health is not None)
        second = deck.watch("node2").facts.health
        assert second is not None
        assert second.remark(now) == "not observed by its cluster for 2 h"


@pytest.mark.real_time
async def test_maintenance_is_known_of_every_node_and_ends(secure: SimulatedCluster) -> None:
    ours = profiles(secure, trust=parse_fingerprint(secure.fingerprint))
    for uid in (2, 4):
        secure.cluster.maintain(uid)
    async with running(*ours[:3], refresh=0.3) as deck:
        second = deck.watch("node2")
        await deck.until(lambda: second.facts.maintenance and second.facts.maintenance.since)
        await deck.until(
            lambda: deck.fleet.unmanaged_nodes and deck.fleet.unmanaged_nodes[0].maintenance
        )
        assert deck.watch("node1").facts.maintenance is None
        secure.cluster.maintain(2, on=False)
        await deck.until(lambda: second.facts.maintenance is None, 15)


async def test_maintenance_that_the_health_call_alone_reports_is_known() -> None:
    play = Play()
    play.get(HEALTH, health_page(("1", 9), in_maintenance=True))
    with serving(play) as server:
        async with running(profile(server.url)) as deck:
            await deck.until(lambda: deck.watch().facts.maintenance == Maintenance())
