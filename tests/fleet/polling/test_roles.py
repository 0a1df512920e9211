"""A failover is seen and told within two readings, whoever used to tell of the cluster."""

import contextlib
from collections.abc import Iterator

import pytest

from tests.faultserver import answer, serving
from tests.fleet.conftest import (
    NODES,
    STATES,
    Notes,
    Play,
    Running,
    asked,
    profiles,
    quiet,
    running,
    said,
)
from tests.fleet.polling.test_cluster_cache import Clock, reader
from tui.fleet.polling.cluster_cache import ClusterCache
from tui.fleet.polling.source_node import SourceNode
from tui.model.event import EventKind
from tui.model.event_text import event_text
from tui.model.node import Identity, Role
from tui.model.trust import parse_fingerprint
from tui.sim.cluster import Cluster
from tui.sim.server import SimulatedCluster

PACE = 0.3
TO_NODE1 = answer("", 307, Location="https://node1:9443/v1/nodes")
TO_NODE2 = answer("", 307, Location="https://node2:9443/v1/nodes/status")


@pytest.fixture
def secure() -> Iterator[SimulatedCluster]:
    with SimulatedCluster(Cluster(5), spread=True) as served:
        yield served


def pinned(served: SimulatedCluster) -> dict[str, object]:
    return {"trust": parse_fingerprint(served.fingerprint)}


def role_events(notes: Notes) -> set[tuple[str, str]]:
    return {(one.node, event_text(one)) for one in notes.events if one.kind is EventKind.ROLE}


def readings(served: SimulatedCluster, uid: int) -> int:
    return len(asked(served, "/v1/local/services", uid=uid))


async def promoted(deck: Running, served: SimulatedCluster, uid: int) -> int:
    """Make a node the primary, and return how often it was read until that was reported.

    On a busy machine a reading may overtake the call that says it, so what it takes is known by
    the best of several times.
    """
    deck.notes.events.clear()
    before = {one: readings(served, one) for one in range(2, 6)}
    served.cluster.promote(uid)
    await deck.until(
        lambda: role_events(deck.notes) >= {(f"node{uid}", "is primary now, was replica")}
    )
    return min(readings(served, one) - count for one, count in before.items())


@pytest.mark.real_time
@pytest.mark.parametrize(("uid", "pace"), [(2, PACE), (3, 0.2), (5, PACE), (5, 1.0)])
async def test_another_primary_is_reported_within_two_readings(
    uid: int, pace: float, secure: SimulatedCluster
) -> None:
    async with running(*profiles(secure, **pinned(secure)), refresh=pace) as deck:
        await deck.known()
        for _ in range(8):
            took = await promoted(deck, secure, uid)
            assert ("node1", "is replica now, was primary") in role_events(deck.notes)
            await promoted(deck, secure, 1)
            if took <= 2:
                break
        assert took <= 2
    sent = {one.path for one in secure.cluster.requests if one.method != "GET"}
    assert sent <= {"/v1/users/authorize"}


@pytest.mark.real_time
async def test_a_primary_that_dies_and_one_that_is_chosen_later(secure: SimulatedCluster) -> None:
    async with running(*profiles(secure, **pinned(secure)), refresh=PACE) as deck:
        await deck.known()
        secure.cluster.power_off(1)
        await deck.until(lambda: deck.watch("node1").reading.trouble)
        await quiet(3 * PACE)
        assert not role_events(deck.notes)
        for uid in (4, 5, 2, 3, 4, 5):
            took = await promoted(deck, secure, uid)
            if took <= 2:
                break
        assert took <= 2
        secure.cluster.power_on(1)
        await deck.until(
            lambda: ("node1", "is replica now, was primary") in role_events(deck.notes)
        )


@pytest.mark.real_time
async def test_without_a_source_one_node_an_interval_is_asked_and_not_all(
    secure: SimulatedCluster,
) -> None:
    replicas = profiles(secure, **pinned(secure))[1:]
    async with running(*replicas, refresh=PACE) as deck:
        await deck.good()
        await deck.until(lambda: readings(secure, 2) >= 3)
        before, first = len(asked(secure, STATES)), readings(secure, 2)
        await deck.until(lambda: readings(secure, 2) >= first + 4)
        intervals = readings(secure, 2) - first
        assert 0 < len(asked(secure, STATES)) - before <= intervals + len(replicas) + 1


async def test_a_node_that_sends_the_question_on_is_not_called_primary_any_longer() -> None:
    clock = Clock()
    book, play = ClusterCache(clock), Play(1)
    with serving(play) as server:
        client = reader(server.url)
        await book.refresh("node1", client, every=2)
        first = Identity(uid=1)
        assert book.facts_for("node1", first).identity.role is Role.PRIMARY
        for path in (NODES, STATES):
            play.get(path, TO_NODE2)
        clock.now += 2
        await book.refresh("node1", client, every=2)
        assert book.facts_for("node1", first).identity.role is Role.UNKNOWN
        await client.aclose()


async def test_the_next_node_is_asked_at_once_when_the_source_redirects() -> None:
    clock = Clock()
    book, old, new = ClusterCache(clock), Play(1), Play(2)
    new.get(NODES, TO_NODE1)
    new.get(STATES, TO_NODE1)
    with contextlib.ExitStack() as stack:
        ours = [stack.enter_context(serving(play)) for play in (old, new)]
        one, two = reader(ours[0].url), reader(ours[1].url, "node2")
        await book.refresh("node2", two, every=2)  # sends it on, and is left alone for a while
        await book.refresh("node1", one, every=2)
        old.get(NODES, TO_NODE2)
        old.get(STATES, TO_NODE2)
        new.get(STATES, said({"1": {"role": "slave"}, "2": {"role": "master"}}))
        clock.now += 2
        await book.refresh("node1", one, every=2)
        await book.refresh("node2", two, every=2)
        roles = {one.uid: one.role for one in book.members}
        assert roles == {1: Role.REPLICA, 2: Role.PRIMARY, 3: Role.REPLICA}
        assert all(one.address for one in book.members)
        await one.aclose()
        await two.aclose()


async def test_states_that_fail_alone_leave_the_rest_of_the_facts() -> None:
    clock = Clock()
    book, play = ClusterCache(clock), Play(1)
    with serving(play) as server:
        client = reader(server.url)
        await book.refresh("node1", client, every=2)
        play.get(STATES, answer("{}", 500))
        for _ in range(4):
            clock.now += 1
            await book.refresh("node1", client, every=1)
        assert sum(one.path == STATES for one in server.asked) == 2
        clock.now += 1
        await book.refresh("node1", client, every=1)
        assert sum(one.path == NODES for one in server.asked) == 2
        assert book.facts_for("node1", Identity(uid=1)).identity.role is Role.PRIMARY
        await client.aclose()


def test_the_node_that_answered_is_the_source_until_it_is_overdue() -> None:
    source = SourceNode()
    source.answered("node1", 100.0)
    assert source.may_ask("node1", 102.0, 2.0)
    assert not source.may_ask("node2", 102.0, 2.0)
    assert source.may_ask("node2", 103.5, 2.0)


def test_a_node_that_redirects_elsewhere_than_before_wakes_all_others() -> None:
    source = SourceNode()
    for node in ("node2", "node3"):
        source.begin(100.0)
        source.redirected(node, "https://node1:9443/v1/nodes", 100.0)
    assert not source.may_ask("node2", 100.5, 1.0)
    assert source.may_ask("node2", 101.0, 1.0)  # one node an interval
    source.begin(101.0)
    assert not source.may_ask("node3", 101.1, 1.0)
    source.redirected("node2", "https://node1:9443/v1/nodes/status", 101.0)
    assert not source.may_ask("node3", 101.1, 1.0)
    source.redirected("node2", "https://node3:9443/v1/nodes", 101.2)
    assert source.may_ask("node3", 101.3, 1.0)
    assert not source.may_ask("node2", 101.3, 1.0)
