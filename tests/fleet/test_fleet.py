"""The whole fleet: its profiles come, change and go while it runs."""

import asyncio
import gc
import itertools
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.faultserver import serving, wait_until
from tests.fleet.conftest import (
    BOOTSTRAP,
    CLUSTER,
    LIST,
    OPTIONAL,
    PASSWORD,
    STATES,
    VIEWER,
    VIEWER_PASSWORD,
    Notes,
    Play,
    asked,
    configuration,
    keeping,
    profile,
    profiles,
    quiet,
    running,
    said,
)
from tui.credentials import Passwords, Secret
from tui.fleet.events.pipeline import OF_A_KIND_AT_MOST
from tui.fleet.fleet import Fleet
from tui.fleet.protocols import NullHistory, NullJournal
from tui.journal.journal_file import JournalError
from tui.journal.order_journal import OrderJournal
from tui.journal.other_actions import OtherActions
from tui.journal.unfinished import UnfinishedRollout
from tui.model.event import ConnectionLost, Event, EventKind
from tui.model.event_text import event_text
from tui.model.node import Environment, Role
from tui.model.order import Result, Verb
from tui.model.reading import Reading, TroubleKind
from tui.sim.server import SimulatedCluster


async def test_a_profile_that_is_added_is_watched_at_once(served: SimulatedCluster) -> None:
    first, second, third = profiles(served)
    async with running(first, refresh=30) as deck:
        await deck.good()
        assert "node2" not in deck.fleet
        deck.notes.nodes.clear()
        deck.fleet.adopt([first, second, third])
        assert deck.notes.nodes == ["node2", "node3"]
        await deck.good("node2", "node3")
        assert "node2" in deck.fleet


async def test_the_rest_of_a_rollout_is_offered_while_all_its_nodes_have_their_profiles(
    served: SimulatedCluster,
) -> None:
    first, second, third = profiles(served)
    nodes = tuple((one.name, one.url) for one in (first, second))
    journal = NullJournal()
    rest = UnfinishedRollout("a-r1", "restart", "demo", ("ccs",), nodes, datetime.now(UTC))
    journal.unfinished_rollouts = (rest,)
    async with running(first, second, journal=journal, refresh=30) as deck:
        await deck.until(lambda: deck.fleet.rollouts.cut_off == (rest,))
        deck.fleet.adopt([first, third])
        assert not deck.fleet.rollouts.cut_off
        deck.fleet.adopt([first, replace(second, url=third.url)])
        assert not deck.fleet.rollouts.cut_off
        deck.fleet.adopt([first, second])
        assert deck.notes.offers == [(rest,), (), (rest,)]


class Unwritable(NullJournal):
    """Cannot record that a rollout was cleared, where it has a `trouble`; else keeps which."""

    def __init__(self, trouble: str, *rollouts: UnfinishedRollout) -> None:
        self.trouble, self.unfinished_rollouts = trouble, rollouts
        self.cleared: list[UnfinishedRollout] = []

    async def rollout_cleared(self, rollout: UnfinishedRollout) -> None:
        if self.trouble:
            raise JournalError(self.trouble)
        self.cleared.append(rollout)


@pytest.mark.parametrize("trouble", ["", "the disk is full"])
async def test_the_rest_of_a_rollout_that_is_cleared_is_offered_no_more(
    served: SimulatedCluster, trouble: str
) -> None:
    """One that is not offered here, since a profile is missing, is not cleared."""
    first, second, _ = profiles(served)
    rest, hidden = (
        UnfinishedRollout(id_, "restart", id_, ("ccs",), ((one.name, one.url),), datetime.now(UTC))
        for id_, one in (("a-r1", first), ("b-r1", second))
    )
    journal = Unwritable(trouble, rest, hidden)
    async with running(first, journal=journal, refresh=30) as deck:
        await deck.until(lambda: deck.fleet.rollouts.cut_off == (rest,))
        assert await deck.fleet.clear_cut_off() == trouble
        assert journal.cleared == ([] if trouble else [rest])
        assert deck.notes.offers == [(rest,), ()]
        deck.fleet.adopt([first, second])
        assert deck.fleet.rollouts.cut_off == (hidden,)


async def test_a_rest_that_another_deck_clears_is_offered_no_more(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    first, second, _ = profiles(served)
    rest, stays = (
        UnfinishedRollout(id_, "restart", id_, ("ccs",), ((one.name, one.url),), datetime.now(UTC))
        for id_, one in (("a-r1", first), ("b-r1", second))
    )
    journal, other = Unwritable("", rest, stays), OrderJournal(tmp_path / "rsdeck")
    others = OtherActions(tmp_path / "rsdeck")
    async with running(first, second, journal=journal, elsewhere=others, refresh=30) as deck:
        await deck.until(lambda: deck.fleet.rollouts.cut_off == (rest, stays))
        await other.begin()
        await other.rollout_cleared(rest)
        deck.fleet.look_elsewhere()
        await deck.until(lambda: deck.fleet.rollouts.cut_off == (stays,))
        assert not journal.cleared
    other.end()


async def test_a_profile_that_did_not_change_goes_on_with_the_same_watch(
    served: SimulatedCluster,
) -> None:
    first, second, _ = profiles(served)
    async with running(first, second) as deck:
        await deck.known()
        before, reading = deck.watch("node1"), deck.watch("node1").reading
        tasks = set(asyncio.all_tasks())
        deck.fleet.adopt([replace(first), replace(second, label="the second")])
        assert deck.watch("node1") is before
        assert deck.watch("node1").reading.answered_at == reading.answered_at
        assert deck.watch("node2").profile.title == "the second"
        await deck.good("node2")
        assert any(one.get_name() == "watch node1" and not one.done() for one in tasks)


async def test_a_profile_that_changed_is_polled_at_its_new_address_only(
    served: SimulatedCluster,
) -> None:
    first = profiles(served)[0]
    async with running(first) as deck:
        await deck.good()
        deck.fleet.adopt([replace(first, url=served.urls[3])])
        assert deck.watch("node1").reading.answered_at is None
        await deck.good()
        before = len(asked(served, LIST, uid=1))
        await deck.until(lambda: len(asked(served, LIST, uid=3)) >= 4)
        assert len(asked(served, LIST, uid=1)) == before
        await deck.until(lambda: deck.watch("node1").facts.identity.uid == 3)
        assert deck.watch("node1").wrong_node == ""


async def test_a_profile_that_is_removed_is_polled_no_more_and_its_connection_closed() -> None:
    with serving(Play()) as gone, serving(Play(2)) as stays:
        nodes = profile(gone.url), profile(stays.url, "node2")
        async with running(*nodes) as deck:
            await deck.known()
            deck.fleet.adopt(nodes[1:])
            assert "node1" not in deck.fleet
            with pytest.raises(KeyError):
                deck.fleet.watch("node1")
            await deck.until(lambda: gone.ended == gone.connections)
            before, others = len(gone.asked), len(stays.asked)
            await deck.until(lambda: len(stays.asked) >= others + 4)
            assert len(gone.asked) == before
            assert [one.name for one in deck.fleet.nodes] == ["node2"]


async def test_a_removed_node_gets_no_more_facts_of_its_cluster(served: SimulatedCluster) -> None:
    nodes = profiles(served)
    async with running(*nodes) as deck:
        await deck.known()
        gone = deck.watch("node3")
        deck.fleet.adopt(nodes[:2])
        deck.notes.nodes.clear()
        await deck.readings(2)
        assert "node3" not in deck.notes.nodes
        assert "node3" not in gone._facts_reader._cluster.readers


async def test_every_profile_may_go_and_come_back(served: SimulatedCluster) -> None:
    nodes = profiles(served)
    async with running(*nodes) as deck:
        await deck.good()
        deck.fleet.adopt([])
        assert deck.fleet.nodes == ()
        await quiet(0.2)
        before = len(served.cluster.requests)
        await quiet(0.2)
        assert len(served.cluster.requests) == before
        deck.fleet.adopt(nodes)
        await deck.good()


async def test_of_two_profiles_of_one_name_the_last_is_watched_and_once(
    served: SimulatedCluster,
) -> None:
    first, second, _ = profiles(served)
    twin = replace(second, name="node1")
    async with running(first) as deck:
        await deck.good()
        deck.fleet.adopt([first, twin])
        assert [one.profile for one in deck.fleet.nodes] == [twin]
        await deck.good()
        before = len(asked(served, LIST, uid=1))
        await deck.until(lambda: len(asked(served, LIST, uid=2)) >= 3)
        assert len(asked(served, LIST, uid=1)) == before


async def test_profiles_may_be_adopted_before_the_fleet_runs(served: SimulatedCluster) -> None:
    nodes = profiles(served)
    fleet = Fleet(configuration(nodes[:1]), passwords=keeping(nodes))
    fleet.adopt(nodes)
    await fleet.poll_once()
    assert all(one.reading.is_good for one in fleet.nodes)


async def test_a_fleet_may_be_polled_once_and_then_run() -> None:
    with serving(Play()) as server:
        nodes = (profile(server.url),)
        fleet = Fleet(configuration(nodes, refresh=0.05), passwords=keeping(nodes))
        await fleet.poll_once()
        assert server.connections == 1
        async with asyncio.timeout(60):
            task = asyncio.create_task(fleet.run())
            await asyncio.to_thread(wait_until, lambda: len(server.asked) > 12)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert server.connections == 3


async def test_a_profile_added_to_a_paused_fleet_is_paused(served: SimulatedCluster) -> None:
    nodes = profiles(served)
    async with running(*nodes[:1], passwords=keeping(nodes)) as deck:
        await deck.good()
        deck.fleet.set_paused(True)
        deck.fleet.adopt(nodes)
        await quiet(0.2)
        assert not asked(served, LIST, uid=2)
        deck.fleet.set_paused(False)
        await deck.good()


async def test_a_profile_added_to_a_stopped_login_is_not_tried_with_it(
    served: SimulatedCluster,
) -> None:
    nodes = profiles(served)
    async with running(nodes[0], passwords=keeping(nodes, "wrong")) as deck:
        await deck.until(lambda: deck.watch("node1").reading.trouble is not None)
        deck.fleet.adopt(nodes)
        await deck.until(lambda: deck.watch("node2").reading.trouble is not None)
        await quiet(0.2)
        assert len(served.cluster.requests) == 2
        trouble = deck.watch("node2").reading.trouble
        assert trouble is not None
        assert trouble.kind is TroubleKind.LOGIN
        deck.fleet.renew("node3", Secret(PASSWORD))
        await deck.good()


async def test_another_user_is_another_login(served: SimulatedCluster) -> None:
    first, *_ = profiles(served)
    viewer = replace(first, username=VIEWER)
    passwords = Passwords()
    passwords.keep(first, Secret("wrong"))
    passwords.keep(viewer, Secret(VIEWER_PASSWORD))
    async with running(first, passwords=passwords) as deck:
        await deck.until(lambda: deck.watch("node1").reading.trouble is not None)
        deck.fleet.adopt([viewer])
        await deck.good()


def test_nodes_are_grouped_by_cluster_in_the_order_of_the_configuration() -> None:
    named = [("a", "x"), ("b", "y"), ("c", "x"), ("d", ""), ("e", "y")]
    nodes = [profile("http://127.0.0.1:1", name, cluster=cluster) for name, cluster in named]
    fleet = Fleet(configuration(nodes))
    assert [one.name for one in fleet.nodes] == ["a", "c", "b", "e", "d"]


async def test_the_first_readings_of_hundreds_of_nodes_lie_within_one_interval_and_apart() -> None:
    nodes = [profile(f"http://127.0.0.1:{port}", f"n{port}") for port in range(2000, 2200)]
    fleet = Fleet(configuration(nodes, refresh=2.0), read_only="a test")
    firsts = sorted(watch.first for watch in fleet.nodes)
    assert firsts[0] == 0.0
    assert firsts[-1] < 2.0
    assert min(b - a for a, b in itertools.pairwise(firsts)) > 0.009


async def test_the_first_readings_are_spread() -> None:
    nodes = [profile("http://127.0.0.1:1", f"n{number}") for number in range(5)]
    fleet = Fleet(configuration(nodes, refresh=1.0))
    firsts = [one.first for one in fleet.nodes]
    assert firsts == sorted(firsts)
    assert len(set(firsts)) == 5
    assert firsts[0] == 0.0
    assert firsts[-1] <= 1.0


async def test_the_guard_is_handed_what_it_needs_to_know_of_a_node(
    served: SimulatedCluster,
) -> None:
    first, second, _ = profiles(served)
    nodes = replace(first, environment=Environment.PRODUCTION), replace(second, read_only=True)
    async with running(*nodes, refresh=0.2) as deck:
        await deck.known()
        standing = deck.fleet.standing("node1")
        assert standing.age is not None
        assert standing.age < 2
        assert standing.stale_after == 0.4
        assert standing.environment is Environment.PRODUCTION
        assert (standing.read_only, standing.trouble, standing.busy) == ("", "", None)
        assert "profile" in deck.fleet.standing("node2").read_only
        served.cluster.power_off(1)
        await deck.until(lambda: deck.fleet.standing("node1").trouble)


def test_before_the_first_answer_nothing_is_known() -> None:
    fleet = Fleet(configuration([profile("http://127.0.0.1:1")]))
    assert fleet.standing("node1").age is None
    assert fleet.watch("node1").next_at is None


async def test_an_order_needs_a_fleet_that_runs(served: SimulatedCluster) -> None:
    nodes = profiles(served)
    async with running(*nodes) as deck:
        await deck.known()
        order = deck.order(Verb.RESTART, "alert_mgr")
    with pytest.raises(RuntimeError, match="does not run"):
        deck.fleet.give(order)
    assert not deck.fleet.orders.progress
    deck.fleet.adopt([])
    still = Fleet(configuration(nodes), passwords=keeping(nodes))
    with pytest.raises(RuntimeError, match="does not run"):
        still.give(order)
    assert not still.orders.progress


async def test_events_are_kept_newest_first_and_not_for_ever() -> None:
    fleet = Fleet(configuration([profile("http://127.0.0.1:1")]), listener=Notes())
    on = datetime.now(UTC)
    for number in range(OF_A_KIND_AT_MOST + 10):
        service = f"s{number % 2}"
        fleet._record(
            Event("node1", ConnectionLost(None, str(number)), time.monotonic(), on, service)
        )
    assert len(fleet.events) == OF_A_KIND_AT_MOST
    assert event_text(fleet.history("node1", "s1")[0]) == str(OF_A_KIND_AT_MOST + 9)
    assert fleet.history("node2", "s1") == ()


async def test_a_listener_is_notified_of_every_node(served: SimulatedCluster) -> None:
    async with running(*profiles(served)) as deck:
        await deck.known()
        assert set(deck.notes.nodes) == {"node1", "node2", "node3"}


async def test_a_fleet_that_ends_closes_every_connection_and_leaves_no_task() -> None:
    """P16."""
    with serving(Play()) as one, serving(Play(2)) as two:
        nodes = profile(one.url), profile(two.url, "node2")
        async with running(*nodes) as deck:
            await deck.known()
        assert asyncio.all_tasks() == {asyncio.current_task()}
        end = time.monotonic() + 2
        while one.ended < one.connections or two.ended < two.connections:
            assert time.monotonic() < end
            await quiet(0.01)
        gc.collect()


async def test_a_bug_in_a_listener_ends_the_fleet_with_its_exception(
    served: SimulatedCluster,
) -> None:
    class Broken(Notes):
        def node_changed(self, node: str) -> None:
            raise ZeroDivisionError(node)

    nodes = profiles(served)
    fleet = Fleet(configuration(nodes), listener=Broken(), passwords=keeping(nodes))
    async with asyncio.timeout(30):
        with pytest.raises(ExceptionGroup) as caught:
            await fleet.run()
    assert caught.group_contains(ZeroDivisionError)


def of_another_cluster(uid: int = 1) -> Play:
    """Make a node that reports no optional service, under the same uid and another hostname."""
    other = Play(uid)
    other.get(CLUSTER, said({"name": "other"}))
    other.get(OPTIONAL, said({"cm_server": {"operating_mode": "enabled"}}))
    other.get(BOOTSTRAP, said({"local_node_info": {"uid": str(uid), "hostname": "elsewhere"}}))
    other.get(STATES, said({str(uid): {"hostname": "elsewhere", "role": "master"}}))
    return other


@pytest.mark.parametrize("cluster", ["", "demo"])
async def test_what_was_learnt_at_an_address_is_forgotten_when_it_is_edited(cluster: str) -> None:
    """P8: the old cluster's list of optional services decides nothing at the new address."""
    with serving(Play()) as old, serving(of_another_cluster()) as new:
        node = profile(old.url, cluster=cluster)
        edited = replace(node, url=new.url)
        async with running(node, passwords=keeping([node, edited])) as deck:
            await deck.known()
            assert "alert_mgr" in (deck.watch().facts.optional or ())
            deck.fleet.adopt([edited])
            while not (known := deck.watch().facts.optional):
                assert deck.watch().facts.identity.role is Role.UNKNOWN
                assert deck.watch().facts.optional is None
                await quiet(0.002)
            assert known == {"cm_server"}
            assert deck.watch().facts.identity.cluster == "other"


async def test_a_node_that_was_moved_to_another_cluster_gets_no_facts_of_the_old_one() -> None:
    """P8: the uid is the same there; the hostname is not."""
    with serving(Play(1)) as first, serving(Play(2)) as second, serving(of_another_cluster(2)) as b:
        nodes = profile(first.url, cluster="demo"), profile(second.url, "node2", cluster="demo")
        async with running(*nodes) as deck:
            await deck.known()
            deck.fleet.adopt([nodes[0], replace(nodes[1], url=b.url)])
            await deck.readings(3)
            moved = deck.watch("node2").facts
            assert moved.optional is None
            assert moved.identity.cluster == ""
            assert "this node is elsewhere" in moved.gaps[0]
            assert deck.watch("node1").facts.optional == {"alert_mgr"}


class SeenReadings(NullHistory):
    """A history that keeps since when `alert_mgr` ran, and how long each reading counts."""

    def __init__(self) -> None:
        self.starts: list[datetime | None] = []
        self.stale_after = 0.0

    def reading(self, reading: Reading, cluster: str, stale_after: float = 0.0) -> None:
        self.stale_after = stale_after
        service = reading.find("alert_mgr")
        if service is not None:
            self.starts.append(service.started_at)


async def test_the_history_is_given_how_long_a_reading_counts() -> None:
    history = SeenReadings()
    with serving(Play()) as server:
        async with running(profile(server.url), refresh=120, history=history) as deck:
            await deck.until(lambda: history.starts)
            assert history.stale_after == deck.watch().stale_after == 240


async def test_a_retired_poller_with_an_open_order_publishes_nothing_under_its_name() -> None:
    """P7: the order still gets its verdict from the node that it went to."""
    old, new, history = Play(), of_another_cluster(), SeenReadings()
    old.post(said({"alert_mgr": True}))
    with serving(old) as there, serving(new) as here:
        node = profile(there.url)
        edited = replace(node, url=here.url)
        async with running(node, passwords=keeping([node, edited]), history=history) as deck:
            await deck.known()
            order = deck.give(Verb.RESTART, "alert_mgr")
            await deck.until(lambda: there.posts)
            new.restart()
            deck.fleet.adopt([edited])
            deck.notes.events.clear()
            await deck.good()
            history.starts.clear()
            old.restart()
            old.services["ccs"] = {"status": "STOPPED"}
            assert (await deck.verdict(order)).result is Result.VERIFIED
            await deck.readings(2)
            assert {one.kind for one in deck.notes.events} == {EventKind.VERDICT}
            assert len(set(history.starts)) == 1
            assert deck.watch().facts.optional == {"cm_server"}
            new.restart()
            await deck.until(lambda: deck.notes.events[-1].kind is EventKind.RESTARTED)
            assert not deck.notes.events[-1].ordered_here
