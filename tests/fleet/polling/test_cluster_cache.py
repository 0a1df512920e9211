"""What a cluster says of itself: asked once for all its nodes, and never believed too long."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.clock import Clock
from tests.faultserver import Peer, answer, serving
from tests.fleet.conftest import (
    ADMIN,
    BOOTSTRAP,
    CLUSTER,
    HEALTH,
    LIST,
    NODES,
    OPTIONAL,
    PASSWORD,
    STATES,
    Play,
    Running,
    asked,
    profile,
    profiles,
    quiet,
    running,
    said,
)
from tui.api.client import NodeReader
from tui.credentials import Secret
from tui.fleet.polling.cluster_cache import ClusterCache
from tui.fleet.polling.source_node import FACTS_EVERY
from tui.model.node import Identity, Role
from tui.model.service import Kind, kind_of
from tui.model.trust import NoTrust
from tui.sim.cluster import Cluster
from tui.sim.server import SimulatedCluster

FAILED = answer('{"description": "not now"}', 500)
SECOND = Identity(uid=2, hostname="host2")


def reader(url: str, name: str = "node1") -> NodeReader:
    return NodeReader(
        title=name, url=url, trust=NoTrust(), timeout=30, username=ADMIN, password=Secret(PASSWORD)
    )


@pytest.mark.real_time
async def test_the_cluster_is_asked_once_and_not_once_a_node() -> None:
    """Who is primary is asked once a beat besides, and by one node only."""
    with SimulatedCluster(Cluster(3, handle_redirects=True), tls=False) as served:
        async with running(*profiles(served), refresh=0.2) as deck:
            await deck.known()
            await quiet(1.0)
            for path in (NODES, CLUSTER, OPTIONAL, HEALTH):
                assert len(asked(served, path)) == 1
            beats = len(asked(served, LIST, uid=1))
            assert 3 <= len(asked(served, STATES)) <= beats
            assert len({one.uid for one in asked(served, STATES)}) == 1
            assert {one.facts.identity.role for one in deck.fleet.nodes} == {
                Role.PRIMARY,
                Role.REPLICA,
            }


async def test_while_one_node_is_asked_for_the_health_of_all_no_other_is_due() -> None:
    play, cache = Play(1), ClusterCache()
    play.get(HEALTH, Peer.hang)
    assert cache.health_is_due("node1")
    assert cache.health_is_due("node2")
    with serving(play) as one:
        asking = asyncio.create_task(cache.refresh_health("node1", reader(one.url)))
        await asyncio.sleep(0)
        assert not cache.health_is_due("node2")
        asking.cancel()
        await asyncio.wait((asking,))
    assert cache.health_is_due("node2")


async def test_nodes_find_themselves_in_what_the_primary_says(served: SimulatedCluster) -> None:
    async with running(*profiles(served)) as deck:
        await deck.known()
        second = deck.watch("node2").facts
        assert second.identity.title == "node:2 node2.demo.cluster.local (replica)"
        assert second.identity.cluster == "demo.cluster.local"
        assert deck.watch("node1").facts.identity.role is Role.PRIMARY
        assert second.optional == frozenset(served.cluster.configuration)
        assert second.disabled == {"entraid_agent_mgr"}
        assert kind_of("crdb_worker_0", second.optional) is Kind.OPTIONAL
        assert kind_of("ccs", second.optional) is Kind.REQUIRED


def redirect_late(peer: Peer) -> None:
    peer.server.closing.wait(0.4)
    peer.answer("", 307, Location="https://elsewhere/")


async def test_a_replica_that_redirects_late_does_not_keep_the_primary_from_being_asked() -> None:
    replica, primary = Play(2), Play(1)
    replica.get(NODES, redirect_late)
    with serving(replica) as two, serving(primary) as one:
        nodes = (
            profile(two.url, "node2", cluster="demo"),
            profile(one.url, "node1", cluster="demo"),
        )
        async with running(*nodes, refresh=60) as deck:
            await deck.until(
                lambda: all(one.facts.optional is not None for one in deck.fleet.nodes), 20
            )


@pytest.mark.real_time
async def test_a_node_that_leaves_while_it_is_asked_leaves_the_asking_to_another() -> None:
    hanging, primary = Play(2), Play(1)
    hanging.get(NODES, Peer.hang)
    with serving(hanging) as two, serving(primary) as one:
        nodes = (
            profile(two.url, "node2", cluster="demo"),
            profile(one.url, "node1", cluster="demo"),
        )
        async with running(*nodes, refresh=60, timeout=30) as deck:
            await deck.good()
            await deck.until(lambda: deck.watch("node1").facts.gaps)
            deck.fleet.adopt(nodes[1:])
            await deck.until(lambda: deck.watch("node1").facts.optional is not None, 20)


async def test_nodes_without_a_cluster_share_nothing(served: SimulatedCluster) -> None:
    async with running(*profiles(served, cluster="")) as deck:
        await deck.good()
        await deck.until(lambda: deck.watch("node1").facts.optional is not None)
        await deck.until(lambda: "redirect" in "".join(deck.watch("node2").facts.gaps))
        assert deck.watch("node2").facts.optional is None


async def test_a_configuration_that_cannot_be_read_makes_every_kind_unknown(clock: Clock) -> None:
    """P8, case 43."""
    cache, play = ClusterCache(clock), Play()
    assert cache.facts_for("node1", Identity(uid=1)).kinds_gap == ""
    with serving(play) as server:
        client = reader(server.url)
        await cache.refresh("node1", client)
        assert cache.facts_for("node1", Identity(uid=1)).optional == {"alert_mgr"}
        play.get(OPTIONAL, FAILED)
        clock.now += FACTS_EVERY
        await cache.refresh("node1", client)
        facts = cache.facts_for("node1", Identity(uid=1))
        assert kind_of("alert_mgr", facts.optional) is Kind.UNKNOWN
        assert any("services_configuration" in gap for gap in facts.gaps)
        assert "not now" in facts.kinds_gap
        assert facts.identity.role is Role.PRIMARY
        await client.aclose()


@pytest.mark.parametrize("gone", [[NODES, STATES], [STATES]])
async def test_members_are_believed_a_little_longer_than_the_calls_that_listed_them(
    gone: list[str], clock: Clock
) -> None:
    book, play = ClusterCache(clock), Play()
    with serving(play) as server:
        client = reader(server.url)
        await book.refresh("node1", client)
        for path in gone:
            play.get(path, FAILED)
        clock.now += 59
        await book.refresh("node1", client)
        facts = book.facts_for("node2", SECOND)
        assert facts.identity.role is Role.REPLICA
        assert facts.optional == {"alert_mgr"}
        assert all(path in " ".join(facts.gaps) for path in gone)
        clock.now += 6
        await book.refresh("node1", client)
        assert book.facts_for("node2", SECOND).identity.role is Role.UNKNOWN
        await client.aclose()


async def test_members_are_not_kept_for_another_cluster(clock: Clock) -> None:
    book, play = ClusterCache(clock), Play()
    with serving(play) as server:
        client = reader(server.url)
        await book.refresh("node1", client)
        play.get(NODES, FAILED)
        play.get(STATES, FAILED)
        play.get(CLUSTER, said({"name": "elsewhere"}))
        clock.now += 6
        await book.refresh("node1", client)
        facts = book.facts_for("node2", SECOND)
        assert facts.optional is None
        assert facts.identity.role is Role.UNKNOWN
        await client.aclose()


async def test_the_gap_names_the_call_that_failed_and_blames_no_list(clock: Clock) -> None:
    book, play = ClusterCache(clock), Play()
    play.get(NODES, FAILED)
    play.get(STATES, FAILED)
    with serving(play) as server:
        client = reader(server.url)
        await book.refresh("node1", client)
        facts = book.facts_for("node2", SECOND)
        assert facts.optional is None
        assert {gap.partition(":")[0] for gap in facts.gaps} == {NODES, STATES}
        assert "not now" in facts.gaps[0]
        await client.aclose()


async def test_a_node_that_is_not_in_the_list_has_a_gap_and_no_kinds() -> None:
    """P8, case 43."""
    play = Play()
    with serving(play) as server:
        client, book = reader(server.url), ClusterCache()
        await book.refresh("node1", client)
        stranger = book.facts_for("node9", Identity(uid=9))
        silent = book.facts_for("node9", Identity())
        await client.aclose()
    assert stranger.optional is None
    assert stranger.gaps == ("this node is node:9, which the list of node1 does not hold",)
    assert stranger.kinds_gap == stranger.gaps[0]
    assert silent.optional is None
    assert "does not report its uid" in silent.gaps[0]


async def test_the_optional_services_are_never_believed_longer_than_a_minute(
    clock: Clock,
) -> None:
    """P8, case 43."""
    book, play = ClusterCache(clock), Play()
    with serving(play) as server:
        client = reader(server.url)
        await book.refresh("node1", client)
        for path in (NODES, STATES, CLUSTER, OPTIONAL):
            play.get(path, FAILED)
        clock.now += 59
        await book.refresh("node1", client)
        assert book.facts_for("node2", SECOND).optional == {"alert_mgr"}
        clock.now += 2
        facts = book.facts_for("node2", SECOND)
        assert facts.optional is None
        assert facts.identity.role is Role.UNKNOWN
        assert "500" in facts.gaps[0]
        await client.aclose()


async def test_optional_is_not_kept_with_the_members_that_are(clock: Clock) -> None:
    book, play = ClusterCache(clock), Play()
    with serving(play) as server:
        client = reader(server.url)
        await book.refresh("node1", client)
        for path in (NODES, STATES, OPTIONAL):
            play.get(path, FAILED)
        clock.now += 6
        await book.refresh("node1", client)
        facts = book.facts_for("node2", SECOND)
        assert facts.identity.role is Role.REPLICA
        assert facts.optional is None
        await client.aclose()


@pytest.mark.parametrize(
    "shape",
    ["[]", "null", "7", '{"alert_mgr": null}', "<html>", '{"alert_mgr": {"operating_mode": ['],
)
async def test_a_configuration_of_a_wrong_shape_never_makes_a_service_optional(shape: str) -> None:
    """P8, case 43."""
    play = Play()
    play.get(OPTIONAL, answer(shape))
    with serving(play) as server:
        client, book = reader(server.url), ClusterCache()
        await book.refresh("node1", client)
        facts = book.facts_for("node1", Identity(uid=1))
        await client.aclose()
    assert kind_of("alert_mgr", facts.optional) is not Kind.OPTIONAL


async def test_a_cluster_that_fails_is_not_asked_at_every_reading() -> None:
    play = Play()
    for path in (NODES, STATES, CLUSTER, OPTIONAL):
        play.get(path, FAILED)
    with serving(play) as server:
        async with running(profile(server.url), refresh=0.05) as deck:
            await deck.until(lambda: len(server.asked) >= 20)
            assert sum(one.path == NODES for one in server.asked) == 1
            assert deck.watch().reading.is_good


@pytest.mark.real_time
async def test_facts_that_hang_delay_no_other_node_of_the_cluster() -> None:
    first, second = Play(), Play(2)
    first.get(NODES, Peer.hang)
    with serving(first) as one, serving(second) as two:
        nodes = (
            profile(one.url, "node1", cluster="demo"),
            profile(two.url, "node2", cluster="demo"),
        )
        async with running(*nodes, refresh=0.1, timeout=100) as deck:
            await deck.good()
            before = deck.watch("node2").reading.asked_at
            await deck.until(lambda: deck.watch("node2").reading.asked_at - before > 0.5)


async def test_a_call_that_alone_refuses_the_login_is_a_gap_of_what_it_reports() -> None:
    play = Play()
    play.get(OPTIONAL, answer("no", 401))
    with serving(play) as server:
        client, book = reader(server.url), ClusterCache()
        await book.refresh("node1", client)
        facts = book.facts_for("node1", Identity(uid=1))
        assert facts.optional is None
        assert any(OPTIONAL in gap for gap in facts.gaps)
        await client.aclose()


def roles(deck: Running) -> list[Role]:
    return [one.facts.identity.role for one in deck.fleet.nodes]


async def test_a_node_without_a_uid_gets_no_other_node_s_facts(
    served: SimulatedCluster,
) -> None:
    play = Play(2)
    play.get(BOOTSTRAP, said({}))
    for path in (NODES, STATES, CLUSTER, OPTIONAL):
        play.get(path, answer("", 307, Location="https://elsewhere/"))
    with serving(play) as server:
        first = profiles(served)[0]
        async with running(first, replace(first, name="mute", url=server.url)) as deck:
            await deck.good()
            await deck.until(lambda: deck.watch("node1").facts.optional is not None)
            await deck.until(lambda: deck.watch("mute").facts.gaps)
            assert roles(deck) == [Role.PRIMARY, Role.UNKNOWN]
            assert deck.watch("mute").facts.optional is None


async def test_what_is_being_read_from_a_node_that_is_forgotten_meanwhile_is_not_kept(
    clock: Clock,
) -> None:
    """P8: the answer may be another node's than the one that is there now."""
    book, play = ClusterCache(clock), Play()

    def forgotten(reply: bytes) -> Callable[[Peer], None]:
        def send(peer: Peer) -> None:
            book.forget_facts_of("node1")
            peer.send(reply)

        return send

    with serving(play) as server:
        client = reader(server.url)
        play.get(OPTIONAL, forgotten(said({"alert_mgr": {}})))
        assert not await book.refresh("node1", client)
        await book.read_own("node1", client)
        assert book.facts_for("node1", Identity(uid=1)).optional is None
        assert book.facts_for("node1", Identity()).optional is None
        play.heal(OPTIONAL)
        clock.now += FACTS_EVERY
        assert await book.refresh("node1", client)
        assert book.facts_for("node1", Identity(uid=1)).optional == {"alert_mgr"}
        await client.aclose()
