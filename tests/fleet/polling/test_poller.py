"""One loop a node: it asks by itself, keeps what it knows, and delays nobody else."""

import asyncio
import contextlib
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest

from tests.faultserver import FaultServer, Peer, Script, always, answer, once, serving
from tests.fleet.conftest import (
    BOOTSTRAP,
    CLUSTER,
    HEALTH,
    LIST,
    NODES,
    OPTIONAL,
    STATES,
    Play,
    Running,
    Sleep,
    asked,
    configuration,
    profile,
    profiles,
    quiet,
    running,
    said,
)
from tui.credentials import Passwords
from tui.fleet.fleet import Fleet
from tui.fleet.login.shared_login import Login, LoginStopped
from tui.fleet.orders.guard import judge_order
from tui.fleet.polling.cluster_cache import ClusterCache
from tui.fleet.polling.poller import NodePoller, PollMoments, PollTiming
from tui.model.clock import clock_text
from tui.model.event import EventKind, RoleChange
from tui.model.event_text import event_text
from tui.model.login import LoginWay
from tui.model.node import Role
from tui.model.order import SeenService, Tier, Verb
from tui.model.reading import Reading, TroubleKind
from tui.model.service import Kind
from tui.sim.server import SimulatedCluster

ALERT = SeenService("alert_mgr", "RUNNING", Kind.OPTIONAL)


def listed(served: SimulatedCluster, uid: int = 1) -> int:
    return len(asked(served, LIST, uid=uid))


async def new_reading(deck: Running, node: str = "node1") -> None:
    before = deck.watch(node).reading.asked_at
    await deck.until(lambda: deck.watch(node).reading.asked_at > before)


@pytest.mark.real_time
async def test_readings_come_by_themselves_at_the_interval(served: SimulatedCluster) -> None:
    async with running(*profiles(served), refresh=0.2) as deck:
        await deck.known()
        before, began = listed(served), time.monotonic()
        await deck.until(lambda: listed(served) >= before + 5)
        assert time.monotonic() - began >= 0.7
        assert len(deck.watch().reading.services) == 32


async def test_others_go_on_between_two_polls_without_a_rest() -> None:
    node = profile("http://127.0.0.1:1")
    poller = NodePoller(
        node,
        login=Login.of(node),
        passwords=Passwords(),
        cluster=ClusterCache(),
        timing=PollTiming(2.0, 2.0),
        read_only="",
        publish=lambda _poller, _reading, _role: None,
    )
    others, loop = list[str](), asyncio.get_running_loop()
    loop.call_soon(others.append, "after a poll that took its whole interval")
    await poller._rest(0.0)
    assert len(others) == 1
    loop.call_soon(others.append, "before a poll that a person wants at once")
    poller.refresh_now()
    await poller._rest(None)
    assert len(others) == 2


async def test_every_node_is_watched_and_a_change_becomes_an_event(
    served: SimulatedCluster,
) -> None:
    async with running(*profiles(served)) as deck:
        await deck.good()
        served.cluster.set_status(2, "alert_mgr", "FATAL")
        await deck.until(lambda: deck.fleet.history("node2", "alert_mgr"))
        (event,) = deck.fleet.history("node2", "alert_mgr")
        assert event.kind is EventKind.FLIPPED
        assert event_text(event) == "RUNNING → FATAL, not sent from here"
        assert not deck.fleet.history("node1", "alert_mgr")
        assert event in deck.notes.events


@pytest.mark.real_time
async def test_a_node_that_is_off_keeps_its_services_grows_old_and_comes_back_by_itself(
    served: SimulatedCluster,
) -> None:
    """P16, P18, case 1."""
    async with running(*profiles(served), refresh=0.2) as deck:
        await deck.good()
        served.cluster.power_off(1)
        await deck.until(lambda: deck.watch().reading.trouble is not None)
        reading = deck.watch().reading
        assert reading.trouble is not None
        assert reading.trouble.kind is TroubleKind.UNREACHABLE
        assert reading.answered_on is not None
        until = clock_text(reading.answered_on)
        assert reading.trouble.hint == f"it answered until {until}: is the node up?", "not the port"
        assert len(reading.services) == 32
        await deck.until(lambda: (reading.age(time.monotonic()) or 0) > deck.watch().stale_after)
        ruling = judge_order(Verb.RESTART, [ALERT], deck.fleet.standing("node1"))
        assert ruling.tier is Tier.NEVER
        served.cluster.power_on(1)
        await deck.good("node1")
        happenings = [one.kind for one in deck.notes.events if one.node == "node1"]
        assert happenings == [EventKind.LOST, EventKind.REGAINED]


async def test_what_happened_while_a_node_was_away_becomes_an_event_when_it_is_back(
    served: SimulatedCluster,
) -> None:
    async with running(*profiles(served)) as deck:
        await deck.good()
        served.cluster.power_off(1)
        await deck.until(lambda: deck.watch().reading.trouble is not None)
        served.cluster.set_status(1, "ccs", "FATAL")
        served.cluster.power_on(1)
        await deck.until(lambda: deck.fleet.history("node1", "ccs"))
        change = deck.fleet.history("node1", "ccs")[0]
        assert event_text(change) == "RUNNING → FATAL, not sent from here"


@pytest.mark.real_time
async def test_a_node_in_trouble_is_asked_more_and_more_rarely() -> None:
    """P24."""
    with serving(always("no", 500)) as server:
        async with running(profile(server.url), refresh=0.02) as deck:
            watch = deck.watch()
            # After n failures the wait is somewhere between half an interval and 0.02 * 2**n.
            await deck.until(lambda: watch._failures >= 7)
            await deck.until(lambda: watch.next_at is not None)
            assert watch.next_at is not None
            assert len(server.asked) < 15
            now = time.monotonic()
            assert watch.next_at - now <= 30.0


async def test_a_retry_after_of_the_node_is_honoured_and_shown() -> None:
    """Case 25."""
    with serving(always("later", 503, Retry_After="7")) as server:
        async with running(profile(server.url)) as deck:
            await deck.until(lambda: deck.watch().reading.trouble is not None)
            await deck.until(lambda: (deck.watch().next_at or 0) - time.monotonic() > 5.0)
            assert (deck.watch().next_at or 0) - time.monotonic() <= 7.0
            await quiet(0.3)
            assert len(server.asked) == 1


@pytest.mark.real_time
async def test_a_node_that_never_answers_does_not_delay_another(served: SimulatedCluster) -> None:
    """P15."""
    with serving(Peer.hang) as server:
        hole = profile(server.url, "hole", username="other@demo.local")
        async with running(hole, *profiles(served), timeout=100) as deck:
            await deck.good("node1", "node2", "node3")
            before = listed(served)
            await deck.until(lambda: listed(served) >= before + 8)
            assert deck.watch("hole").reading.answered_at is None


async def test_a_node_that_never_answers_delays_no_node_of_a_login_that_is_proven(
    served: SimulatedCluster,
) -> None:
    play = Play()
    with serving(play) as server:
        hole = profile(server.url, "hole", cluster="demo")
        async with running(*profiles(served), hole, timeout=100) as deck:
            await deck.good()
            play.get(LIST, Peer.hang)
            seen = len(server.asked)
            await deck.until(lambda: len(server.asked) > seen)
            before = listed(served)
            await deck.until(lambda: listed(served) >= before + 6)


@pytest.mark.real_time
async def test_nodes_that_wait_for_a_proof_do_not_wait_for_one_that_hangs_after_it() -> None:
    """The queue of an unproven login must not outlive the proof."""
    slow, fine = Play(), Play(2)
    answers = said(slow.services)

    def slowly(peer: Peer) -> None:
        peer.server.closing.wait(0.5)
        peer.send(answers)

    slow.get(LIST, slowly)
    with serving(slow) as first, serving(Peer.hang) as hole, serving(fine) as last:
        urls = {"first": first.url, "hole1": hole.url, "hole2": hole.url, "last": last.url}
        nodes = [profile(url, name, cluster="demo") for name, url in urls.items()]
        async with running(*nodes, timeout=100) as deck:
            last_node = deck.watch("last")
            await deck.until(lambda: last_node.reading.is_good)


@pytest.mark.real_time
async def test_a_pause_stops_the_requests_and_refresh_now_still_asks(
    served: SimulatedCluster,
) -> None:
    async with running(*profiles(served), refresh=0.3) as deck:
        await deck.good()
        await new_reading(deck)
        deck.fleet.set_paused(True)
        before = listed(served)
        await quiet(0.4)
        assert listed(served) == before
        assert deck.watch().next_at is None
        deck.watch().refresh_now()
        await deck.until(lambda: listed(served) == before + 1)
        await quiet(0.4)
        assert listed(served) == before + 1
        deck.fleet.set_paused(False)
        await deck.until(lambda: listed(served) >= before + 3)


def test_nodes_that_are_due_about_the_same_time_are_polled_together() -> None:
    moments = PollMoments(0.25)
    first = moments.before(100.0, 2.0)
    assert first == pytest.approx(99.875)
    for due in (99.9, 100.03, 100.06):
        assert moments.before(due, 2.0) == pytest.approx(first)
    assert moments.before(102.001, 2.0) == pytest.approx(101.875)
    assert moments.before(100.2, 2.0) == pytest.approx(100.125)


def test_the_moments_of_a_short_interval_are_an_eighth_of_it_apart() -> None:
    moments = PollMoments(0.25)
    moments.before(100.0, 0.08)
    assert moments.before(100.009, 0.08) == pytest.approx(100.005)


async def test_the_nodes_of_a_fleet_share_their_moments(served: SimulatedCluster) -> None:
    async with running(*profiles(served), refresh=10) as deck:
        await deck.until(
            lambda: all(
                one.reading.is_good and (one.next_at or 0) > one.reading.asked_at
                for one in deck.fleet.nodes
            )
        )
        apart = [((one.next_at or 0) - (deck.watch().next_at or 0)) * 4 for one in deck.fleet.nodes]
        assert apart == pytest.approx([round(moments) for moments in apart], abs=1e-6)


def test_many_nodes_are_polled_at_more_moments_also_where_they_were_added_later() -> None:
    many = [profile(f"http://127.0.0.1:{port}", f"node{port}") for port in range(1, 31)]
    fleet = Fleet(configuration(many[:1]))
    moments = fleet.nodes[0]._timing.moments
    assert moments is not None
    few = moments.seconds
    fleet.adopt(many)
    assert all(one._timing.moments is moments for one in fleet.nodes)
    assert moments.seconds < few / 2
    fleet.adopt(many[:2])
    assert moments.seconds == few


@pytest.mark.real_time
async def test_an_interval_that_changes_acts_at_once(served: SimulatedCluster) -> None:
    async with running(*profiles(served), refresh=60) as deck:
        await deck.until(lambda: deck.watch().reading.is_good)
        assert deck.watch().stale_after == 120
        before = listed(served)
        deck.fleet.set_interval(0.1)
        await deck.until(lambda: listed(served) >= before + 3)
        deck.fleet.set_interval(60)
        assert deck.watch().interval == 60
        await quiet(0.4)  # a reading that was planned before may still come
        now_on = listed(served)
        await quiet(0.4)
        assert listed(served) == now_on


def cut_short(peer: Peer) -> None:
    whole = said({"alert_mgr": {"status": "STOPPED"}})
    peer.send(whole[:-5])
    peer.reset()


def huge(peer: Peer) -> None:
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 900000000\r\n\r\n" + b"{" * 1000)


@pytest.mark.parametrize(
    ("bad", "word"),
    [
        (answer("<html><title>Log in to the hotel</title></html>"), "hotel"),
        (cut_short, ""),
        (huge, "MiB"),
        (answer(b""), ""),
        (answer("null"), "null"),
        (answer("[]"), "list"),
        (answer('"RUNNING"'), ""),
        (answer("[" * 100_000), ""),
        (answer('{"alert_mgr": {"status": "STOP'), ""),
        (answer("{}"), "no services"),
        (answer('{"alert_mgr": [], "ccs": {"status": {"is": 1}}}'), "no service"),
        (answer('{"error_code": "x", "description": "not today"}'), "no service"),
        (answer(b"\x1f\x8b\x08", Content_Encoding="gzip"), "encoded"),
    ],
)
async def test_a_garbled_answer_keeps_the_last_good_services_and_says_what_came(
    bad: bytes | Callable[[Peer], None], word: str
) -> None:
    """P18, cases 6, 7, 8, 11, 12, 31 and 40."""
    play = Play()
    with serving(play) as server:
        async with running(profile(server.url)) as deck:
            await deck.good()
            play.get(LIST, bad)
            await deck.until(lambda: deck.watch().reading.trouble is not None)
            reading = deck.watch().reading
            assert reading.trouble is not None
            assert [one.name for one in reading.services] == ["alert_mgr", "ccs"]
            assert {one.status for one in reading.services} == {"RUNNING"}
            assert "node1" in reading.trouble.text
            assert word in reading.trouble.text
            assert not [one for one in deck.notes.events if one.service]
            play.heal(LIST)
            await deck.good()


async def test_one_bad_entry_spoils_no_other() -> None:
    """Case 33."""
    play = Play()
    play.services["ccs"] = ["not", "an", "object"]
    with serving(play) as server:
        async with running(profile(server.url)) as deck:
            await deck.good()
            services = {one.name: one for one in deck.watch().reading.services}
            assert services["alert_mgr"].status == "RUNNING"
            assert services["ccs"].status == "?"
            assert not services["ccs"].is_actionable


async def test_a_connection_that_is_cut_once_costs_no_trouble(served: SimulatedCluster) -> None:
    async with running(*profiles(served), refresh=0.2) as deck:
        await deck.good()
        await new_reading(deck)
        served.drop_connections(1)
        await new_reading(deck)
        await new_reading(deck)
        assert not [one for one in deck.notes.events if one.kind is EventKind.LOST]


async def test_another_node_under_the_same_address_is_seen_and_bars_orders() -> None:
    """P4, case 27."""
    play = Play()
    with serving(play) as server:
        async with running(profile(server.url)) as deck:
            await deck.known()
            assert deck.watch().wrong_node == ""
            play.answers |= {("GET", BOOTSTRAP): Play(2).answers["GET", BOOTSTRAP]}
            deck.watch().refresh_now()
            await deck.until(lambda: deck.watch().wrong_node)
            assert deck.watch().wrong_node == "node:2 answers here, it was node:1 before"
            ruling = judge_order(Verb.RESTART, [ALERT], deck.fleet.standing("node1"))
            assert (ruling.tier, ruling.allowed) == (Tier.NEVER, False)
            assert "node:2" in ruling.reason


async def test_a_node_that_no_longer_says_who_it_is_takes_no_orders() -> None:
    play = Play()
    with serving(play) as server:
        async with running(profile(server.url)) as deck:
            await deck.known()
            play.get(BOOTSTRAP, answer("no", 500))
            deck.watch().refresh_now()
            await deck.until(lambda: deck.watch().wrong_node)
            assert "was node:1" in deck.watch().wrong_node
            assert not judge_order(Verb.STOP, [ALERT], deck.fleet.standing("node1")).allowed
            play.heal(BOOTSTRAP)
            deck.watch().refresh_now()
            await deck.until(lambda: deck.watch().wrong_node == "")


async def test_a_new_primary_becomes_an_event(served: SimulatedCluster) -> None:
    async with running(*profiles(served)) as deck:
        await deck.known()
        served.cluster.promote(2)
        await deck.until(
            lambda: (
                {
                    (one.node, event_text(one))
                    for one in deck.notes.events
                    if one.kind is EventKind.ROLE
                }
                == {
                    ("node1", "is replica now, was primary"),
                    ("node2", "is primary now, was replica"),
                }
            ),
            15,
        )


async def test_a_closed_connection_per_answer_is_as_good() -> None:
    good = answer('{"alert_mgr": {"status": "RUNNING"}}', Connection="close")
    with serving(once(good)) as server:
        async with running(profile(server.url)) as deck:
            await deck.good()
            await deck.until(lambda: server.connections >= 4)
            assert deck.watch().reading.is_good


async def test_the_connection_is_free_before_a_reading_is_published() -> None:
    """So an order that a listener gives at once does not wait for the cluster's answers."""
    play = Play()
    with serving(play) as server:
        async with running(profile(server.url), refresh=0.05) as deck:
            poller = deck.watch()
            publish, held = poller._publish, list[bool]()

            def look(watch: NodePoller, before: Reading, change: RoleChange | None) -> None:
                if watch.reading is not before:
                    held.append(watch._connection._lock.locked())
                publish(watch, before, change)

            poller._publish = look
            await deck.until(lambda: len(held) >= 5)
            play.get(LIST, answer("no", 500))
            await deck.until(lambda: poller.reading.trouble)
            assert not any(held)


SIDE_CALLS = (BOOTSTRAP, NODES, STATES, CLUSTER, OPTIONAL, HEALTH)


def slowly(reply: bytes, seconds: float) -> Callable[[Peer], None]:
    def send(peer: Peer) -> None:
        peer.server.closing.wait(seconds)
        peer.send(reply)

    return send


def slow_side_calls(play: Play, seconds: float) -> None:
    for path in SIDE_CALLS:
        reply = play.answers.get(("GET", path), answer(status=404))
        assert isinstance(reply, bytes)
        play.get(path, slowly(reply, seconds))


@pytest.mark.real_time
async def test_side_calls_that_are_slower_than_the_pace_delay_no_reading() -> None:
    """P15: readings come on time while each side call takes two intervals."""
    play = Play()
    slow_side_calls(play, 1.2)
    with serving(play) as server:
        async with running(profile(server.url), refresh=0.6, timeout=3) as deck:
            watch, arrivals = deck.watch(), list[float]()
            await deck.good()
            end = time.monotonic() + 60
            while len(arrivals) < 12 and time.monotonic() < end:
                arrived = watch.reading.answered_at
                if arrived is not None and arrived not in arrivals:
                    arrivals.append(arrived)
                await quiet(0.02)
            gaps = sorted(later - sooner for sooner, later in pairwise(arrivals))
            # A busy machine delays one now and then, a side call would delay each.
            assert gaps[len(gaps) // 2] < watch.stale_after
            await deck.until(lambda: watch.facts.optional == {"alert_mgr"})
            await deck.until(lambda: watch.facts.identity.role is Role.PRIMARY)


@pytest.mark.real_time
async def test_an_order_waits_for_no_side_call() -> None:
    play = Play()
    with serving(play) as server:
        async with running(profile(server.url), refresh=0.6, timeout=60) as deck:
            await deck.known()
            hanging: list[Peer] = []

            def hang(peer: Peer) -> None:
                hanging.append(peer)
                peer.hang()

            for path in (NODES, STATES, CLUSTER, OPTIONAL, HEALTH):
                play.get(path, hang)
            await deck.until(lambda: hanging)
            play.post(said({"alert_mgr": True}))
            deck.give(Verb.RESTART, "alert_mgr")
            await deck.until(lambda: server.posts)


@pytest.mark.real_time
async def test_a_node_that_is_slow_to_say_who_it_is_is_asked_beside_and_becomes_known() -> None:
    play = Play()
    play.get(BOOTSTRAP, slowly(Play().answers["GET", BOOTSTRAP], 0.7))
    with serving(play) as server:
        async with running(profile(server.url), refresh=0.2, timeout=3) as deck:
            await deck.until(lambda: deck.watch().facts.identity.uid == 1)
            assert deck.watch().wrong_node == ""


async def test_a_node_that_is_quick_is_polled_by_one_connection_and_its_cluster_by_another() -> (
    None
):
    with serving(Play()) as server:
        async with running(profile(server.url), refresh=0.1) as deck:
            await deck.known()
            await deck.readings(5)
            assert server.connections == 2


async def test_a_redirect_of_the_clusters_name_alone_costs_the_name_alone() -> None:
    play = Play()
    play.get(CLUSTER, answer("", 307, Location="https://elsewhere/"))
    with serving(play) as server:
        async with running(profile(server.url)) as deck:
            await deck.known()
            facts = deck.watch().facts
            assert facts.identity.role is Role.PRIMARY
            assert facts.identity.cluster == ""
            assert [gap.partition(":")[0] for gap in facts.gaps] == [CLUSTER]


@pytest.mark.real_time
async def test_nodes_that_do_not_report_their_uid_know_their_kinds_each_by_its_own_answer() -> None:
    """P8: it does not depend on which of them was the first to answer."""
    plays = [Play(1), Play(2)]
    for play in plays:
        play.get(BOOTSTRAP, answer("", 404))
    with serving(plays[0]) as one, serving(plays[1]) as two:
        nodes = [profile(server.url, f"n{server.port}", cluster="demo") for server in (one, two)]
        async with running(*nodes) as deck:
            await deck.known()
            plays[1].get(OPTIONAL, answer("", 403))
            second = deck.watch(nodes[1].name)
            await deck.until(lambda: second.facts.optional is None)
            assert "does not report its uid" in second.facts.gaps[0]
            assert deck.watch(nodes[0].name).facts.optional == {"alert_mgr"}


async def test_services_are_counted_once_a_reading() -> None:
    play = Play()
    with serving(play) as server:
        async with running(profile(server.url), refresh=60) as deck:
            await deck.good()
            counts = deck.watch().tally
            assert (counts.well, counts.total, counts.problems) == (2, 2, ())
            assert deck.watch().tally is counts
            play.get("/v1/local/services", answer('{"alert_mgr": {"status": "STOPPED"}}'))
            deck.watch().refresh_now()
            await new_reading(deck)
            assert deck.watch().tally.well == 0


def requests(server: FaultServer, path: str) -> int:
    return [one.path for one in server.asked].count(path)


def hasten_side_calls(deck: Running, seconds: float = 0.05) -> None:
    """Make side calls that got no answer again so soon; of a fleet that has not begun to poll."""
    watch = deck.watch()
    watch._timing = replace(watch._timing, side_again=seconds)


@pytest.mark.skipif(sys.platform != "linux", reason="CLOCK_BOOTTIME is Linux's")
async def test_a_node_that_was_due_while_the_machine_slept_is_polled_soon_after(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The timers of the loop do not count the time asleep."""
    sleep, play = Sleep(monkeypatch), Play()
    with serving(play) as server:
        async with running(profile(server.url), refresh=600) as deck:
            watch = deck.watch()
            watch._timing = replace(watch._timing, looks=0.05)
            await deck.good()
            await deck.until(lambda: watch.next_at is not None)
            await quiet(0.2)
            assert requests(server, LIST) == 1
            sleep.asleep += 600
            await deck.until(lambda: requests(server, LIST) == 2, 10)


@pytest.mark.real_time
@pytest.mark.skipif(sys.platform != "linux", reason="CLOCK_BOOTTIME is Linux's")
@pytest.mark.parametrize("path", [OPTIONAL, STATES, HEALTH, BOOTSTRAP])
async def test_a_side_call_that_timed_out_is_made_again_long_before_a_slow_interval_is_over(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a pace of its own, and never while its cache has it wait."""
    clock, play = Sleep(monkeypatch), Play()
    play.get(path, Peer.hang)
    with serving(play) as server:
        async with running(profile(server.url), refresh=600, timeout=0.2) as deck:
            hasten_side_calls(deck)
            await deck.good()
            await deck.until(lambda: requests(server, path) == 1)
            await quiet(0.8)  # it has timed out, and some turns of its pace have gone by
            assert requests(server, path) == 1
            play.heal(path)
            clock.asleep += 11
            await deck.until(lambda: requests(server, path) == 2)
            await quiet(0.5)
            assert requests(server, path) == 2
            assert requests(server, LIST) == 1


@pytest.mark.real_time
@pytest.mark.skipif(sys.platform != "linux", reason="CLOCK_BOOTTIME is Linux's")
async def test_no_side_call_is_made_again_while_paused(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, play = Sleep(monkeypatch), Play()
    play.get(OPTIONAL, Peer.hang)
    with serving(play) as server:
        async with running(profile(server.url), refresh=600, timeout=0.2) as deck:
            hasten_side_calls(deck)
            await deck.good()
            await deck.until(lambda: requests(server, CLUSTER) == 1)
            deck.fleet.set_paused(True)
            count = -1
            while count != len(server.asked):  # what is on its way ends
                count = len(server.asked)
                await quiet(0.5)
            clock.asleep += 11
            await quiet(0.4)
            assert len(server.asked) == count


def outside_a_cluster(peer: Peer) -> None:
    """Answer as a node that is in no cluster: it says who it is, and nothing else."""
    while (request := peer.read()) is not None:
        is_said = request.path == BOOTSTRAP
        peer.send(said({"local_node_info": {"uid": "1"}}) if is_said else answer(status=503))


@pytest.mark.parametrize(
    ("script", "timeout"),
    [
        pytest.param(Peer.hang, 0.05, id="no answer"),
        pytest.param(always(status=503), 30, id="an error"),
        pytest.param(outside_a_cluster, 30, id="a node in no cluster"),
    ],
)
@pytest.mark.parametrize("way", LoginWay)
async def test_a_node_that_does_not_show_that_it_takes_the_login_has_not_taken_it(
    script: Script, timeout: float, way: LoginWay
) -> None:
    """P24: what another node's refusal means depends on who takes the password."""
    with serving(script) as server:
        node = profile(server.url, login=way)
        async with running(node, timeout=timeout, paused=True) as deck:
            watch = deck.watch()
            watch._is_slow_to_identify = True
            with contextlib.suppress(LoginStopped):
                await watch._make_side_calls()
            assert watch.login.takers() == []
            assert not watch.login.proven
