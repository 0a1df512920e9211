"""An order is checked, sent once and never again, and judged by what the node shows."""

import asyncio
import itertools
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.faultserver import FaultServer, Peer, answer, serving
from tests.fleet.conftest import (
    ADMIN,
    BOOTSTRAP,
    CLUSTER,
    LIST,
    NODES,
    PASSWORD,
    PATIENCE,
    STATES,
    Play,
    asked,
    posts,
    profile,
    profiles,
    quiet,
    running,
    running_since,
    said,
)
from tests.fleet.plan_nodes import open_order
from tests.living import living_since_now
from tui.api.client import NodeOperator
from tui.api.connection import OrderConnection
from tui.api.errors import NotSent, Unreachable, WriteBlocked
from tui.credentials import Secret
from tui.fleet.fleet import Fleet
from tui.fleet.orders import executor
from tui.fleet.orders.executor import NotAccepted, request_text
from tui.fleet.orders.guard import judge_order
from tui.fleet.orders.verdict import OrderEvidence, Patience
from tui.fleet.protocols import NullJournal
from tui.journal.journal_file import JournalError
from tui.journal.order_journal import OrderJournal
from tui.model.clock import monotonic
from tui.model.event import EventKind
from tui.model.login import ViewerRole
from tui.model.order import Order, OrderPhase, Result, Route, SeenService, Tier, Verb, Verdict
from tui.model.service import Kind
from tui.sim.server import SimulatedCluster


async def side_by_side(check: Callable[[str], Awaitable[None]], cases: Iterable[str]) -> None:
    """Check cases that each wait for a time limit, all at once; a failure names its case."""

    async def named(case: str) -> None:
        try:
            await check(case)
        except AssertionError as error:
            error.add_note(f"case: {case}")
            raise

    async with asyncio.TaskGroup() as group:
        for case in cases:
            group.create_task(named(case))


SHORT = Patience(steady=0.2, limit=1.2, same=0.5, look=3, interval=0.05)
PATIENT = replace(SHORT, limit=15.0)
"""For orders that end well, however busy the machine is."""


def restarting_late(seconds: float) -> Play:
    """Return a node that restarts its service so long after it got the order."""
    play = Play()

    def late(peer: Peer) -> None:
        peer.server.closing.wait(seconds)
        play.restart()
        peer.answer('{"alert_mgr": true}')

    play.post(late)
    return play


async def test_a_restart_is_checked_sent_once_and_verified(served: SimulatedCluster) -> None:
    async with running(*profiles(served)) as deck:
        await deck.known()
        order = deck.give(Verb.RESTART, "alert_mgr", node="node2")
        verdict = await deck.verdict(order)
        assert verdict.result is Result.VERIFIED
        assert [mark.moment.value for mark in verdict.timeline] == ["asked", "down", "up"]
        assert 0 <= verdict.timeline[0].at <= verdict.timeline[1].at
        (post,) = posts(served)
        assert (post.uid, post.path) == (2, LIST)
        line, body = request_text(order)
        assert line == f"POST {served.urls[2]}{LIST}"
        assert post.body.decode() == body
        # The last thing asked before it was the list, and on this node.
        before = [one for one in served.cluster.requests if one.uid == 2]
        before = before[: before.index(post)]
        assert [one.path for one in before[-2:]] == [BOOTSTRAP, LIST]
        phases = [one.phase for one in deck.notes.steps]
        assert list(dict.fromkeys(phases)) == list(OrderPhase)
        texts = [one.text for one in deck.notes.steps]
        assert "watching alert_mgr" in texts
        assert texts[-1] == "verified"
        assert all(one != following for one, following in itertools.pairwise(deck.notes.steps))
        last = deck.notes.steps[-1]
        assert last.steady == PATIENCE.steady
        assert last.sent_at is not None
        assert order.pressed_at < last.sent_at < monotonic()
        told = [one.kind for one in reversed(deck.fleet.history("node2", "alert_mgr"))]
        assert told[0] is EventKind.ORDERED
        assert told[-1] is EventKind.VERDICT


async def test_a_stop_and_a_start_are_verified(served: SimulatedCluster) -> None:
    async with running(*profiles(served)) as deck:
        await deck.known()
        assert (await deck.verdict(deck.give(Verb.STOP, "ccs"))).result is Result.VERIFIED
        await deck.until(lambda: (one := deck.watch().reading.find("ccs")) and not one.started_at)
        assert (await deck.verdict(deck.give(Verb.START, "ccs"))).result is Result.VERIFIED
        assert len(posts(served)) == 2


@pytest.mark.real_time
async def test_an_order_is_watched_though_the_deck_is_paused(served: SimulatedCluster) -> None:
    async with running(*profiles(served), refresh=60) as deck:
        await deck.known()
        deck.fleet.set_paused(True)
        assert (await deck.verdict(deck.give(Verb.RESTART, "alert_mgr"))).result is Result.VERIFIED
        before = len(served.cluster.requests)
        await quiet(0.3)
        assert len(served.cluster.requests) <= before + 1


@pytest.mark.real_time
async def test_a_reading_that_waited_for_an_order_is_timed_from_its_own_request() -> None:
    play = restarting_late(0.5)
    with serving(play) as server:
        async with running(profile(server.url), refresh=0.2) as deck:
            await deck.known()
            order = deck.give(Verb.RESTART, "alert_mgr")
            await deck.until(lambda: server.posts)
            sent_at, before = time.monotonic(), deck.watch().reading.asked_at
            await deck.until(lambda: deck.watch().reading.asked_at > before)
            assert deck.watch().reading.asked_at > sent_at + 0.3
            shown = deck.watch().reading
            assert shown.took == pytest.approx(shown.answered_at - shown.asked_at)
            assert (await deck.verdict(order)).result is Result.VERIFIED


async def test_an_order_involves_the_node_that_it_is_for_and_the_one_that_it_goes_by(
    served: SimulatedCluster,
) -> None:
    async with running(*profiles(served)) as deck:
        await deck.known()
        route = Route("node1", served.urls[1], Route.PRIMARY)
        orders = deck.fleet.orders
        orders.accept(replace(deck.order(Verb.RESTART, "alert_mgr", node="node2"), route=route))
        assert [orders.involves(f"node{uid}") for uid in (1, 2, 3)] == [True, True, False]


class Verdicts(NullJournal):
    """Keeps the verdicts that are recorded."""

    def __init__(self) -> None:
        self.of: list[str] = []

    def judged(self, order: Order, verdict: Verdict) -> None:
        self.of.append(verdict.service)


async def test_several_services_get_a_verdict_each_from_one_post(served: SimulatedCluster) -> None:
    journal = Verdicts()
    async with running(*profiles(served), journal=journal) as deck:
        await deck.known()
        served.cluster.refuse_next(1, "cm_server")
        order = deck.give(Verb.RESTART, "alert_mgr", "cm_server")
        results = {one.service: one.result for one in await deck.verdicts(order)}
        assert results == {"alert_mgr": Result.VERIFIED, "cm_server": Result.FAILED}
        assert deck.notes.steps[-1].text in ("1 verified, 1 failed", "1 failed, 1 verified")
        assert sorted(journal.of) == ["alert_mgr", "cm_server"]
        assert len(posts(served)) == 1


async def test_accepted_and_not_done_is_not_restarted(served: SimulatedCluster) -> None:
    """P7, case 46."""
    async with running(*profiles(served)) as deck:
        await deck.known()
        served.cluster.ignore_next(1, "alert_mgr")
        verdict = await deck.verdict(deck.give(Verb.RESTART, "alert_mgr"))
        assert verdict.result is Result.NOT_RESTARTED


@pytest.mark.real_time
async def test_a_service_that_does_not_stay_up_is_flapping(served: SimulatedCluster) -> None:
    async with running(*profiles(served), patience=replace(PATIENCE, steady=2)) as deck:
        await deck.known()
        served.cluster.process(1, "alert_mgr").crashes_every = 8.0
        verdict = await deck.verdict(deck.give(Verb.RESTART, "alert_mgr"))
        assert verdict.result is Result.FLAPPING
        assert len(posts(served)) == 1


@pytest.mark.real_time
async def test_a_start_that_ends_fatal_times_out_and_names_where_it_is(
    served: SimulatedCluster,
) -> None:
    served.cluster.stop(1, "alert_mgr")
    served.cluster.fail(1, "alert_mgr")
    async with running(*profiles(served), patience=SHORT) as deck:
        await deck.known()
        await deck.until(lambda: deck.watch().reading.find("alert_mgr").status == "STOPPED")
        verdict = await deck.verdict(deck.give(Verb.START, "alert_mgr"))
        assert verdict.result is Result.TIMED_OUT
        assert verdict.text.startswith("still ")
        assert len(posts(served)) == 1


async def test_a_service_that_drops_the_connection_is_verified_by_what_the_node_shows_later(
    served: SimulatedCluster,
) -> None:
    """Case 47."""
    async with running(*profiles(served)) as deck:
        await deck.known()
        verdict = await deck.verdict(deck.give(Verb.RESTART, "envoy"))
        assert verdict.result is Result.VERIFIED
        assert verdict.timeline[0].moment.value == "answer lost"
        assert len(posts(served)) == 1


def slowly(peer: Peer) -> None:
    peer.drip(answer('{"alert_mgr": true}'), every=0.2)


def part(peer: Peer) -> None:
    peer.send(answer('{"alert_mgr": true}')[:-4])
    peer.reset()


LOST: dict[str, bytes | Callable[[Peer], None]] = {
    "dropped": Peer.reset,
    "hanging": Peer.hang,
    "dripping": slowly,
    "cut short": part,
    "html": answer("<html>down for maintenance</html>"),
    "408": answer("", 408),
    "409": answer('{"description": "busy"}', 409),
    "422": answer("", 422),
    "429": answer("", 429, Retry_After="1"),
    "500": answer('{"description": "oops"}', 500),
    "502": answer("upstream connect error", 502),
    "503": answer("", 503, Retry_After="1"),
    "307": answer("", 307, Location="/v1/local/services"),
    "empty": answer(b""),
    "a list": answer("[]"),
    "nothing named": answer("{}"),
    "a word": answer('{"alert_mgr": "true"}'),
    "another": answer('{"ccs": true}'),
    "twice": answer('{"alert_mgr": true, "alert_mgr": false}'),
    "too big": b"HTTP/1.1 200 OK\r\nContent-Length: 900000000\r\n\r\n",
    "not HTTP": b"\x15\x03\x01 what\r\n\r\n",
}


@pytest.mark.real_time
async def test_a_lost_answer_is_never_followed_by_a_second_post_and_stays_unknown() -> None:
    """P6, P7, cases 10, 44 and 45."""
    patience = replace(SHORT, limit=2.5)

    async def check(how: str) -> None:
        play = Play()
        play.post(LOST[how])
        with serving(play) as server:
            async with running(profile(server.url), timeout=0.6, patience=patience) as deck:
                await deck.known()
                verdict = await deck.verdict(deck.give(Verb.RESTART, "alert_mgr"))
                assert verdict.result is Result.UNKNOWN
                assert "RUNNING" in verdict.text
                await deck.good()
                assert len(server.posts) == 1

    await side_by_side(check, LOST)


async def test_a_lost_answer_is_verified_when_the_node_shows_that_it_happened() -> None:
    """P7, case 44."""

    async def check(how: str) -> None:
        play = Play()
        reply = LOST[how]

        def act(peer: Peer) -> None:
            play.restart()
            reply(peer) if callable(reply) else peer.send(reply)

        play.post(act)
        with serving(play) as server:
            async with running(profile(server.url), patience=PATIENCE) as deck:
                await deck.known()
                verdict = await deck.verdict(deck.give(Verb.RESTART, "alert_mgr"))
                assert verdict.result is Result.VERIFIED
                assert "answer was lost" in verdict.text
                assert len(server.posts) == 1

    await side_by_side(check, ["dropped", "408", "429", "500", "307", "html", "nothing named"])


async def test_false_after_the_work_was_done_is_watched_as_true_is() -> None:
    """P7, case 45: the operation failed as a whole, and a part of it happened."""

    async def check(verb: str) -> None:
        play = Play()

        def act(peer: Peer) -> None:
            if verb == "restart":
                play.restart()
            else:
                play.services["alert_mgr"] = {"status": "STOPPED"}
            peer.answer('{"alert_mgr": false}')

        play.post(act)
        with serving(play) as server:
            async with running(profile(server.url), patience=PATIENCE) as deck:
                await deck.known()
                order = deck.give(Verb(verb), "alert_mgr")
                verdict = await deck.verdict(order)
                assert verdict.result is Result.VERIFIED
                assert verdict.text == "stable for 0 s, although the node reported failure"
                assert not deck.fleet.orders.progress[order.number].is_verified
                assert len(server.posts) == 1

    await side_by_side(check, ["restart", "stop"])


async def test_a_refusal_is_not_repeated_and_final_once_nothing_was_seen_to_move() -> None:
    """P6, P7."""

    async def check(status: str) -> None:
        play = Play()
        play.post(answer('{"description": "because"}', int(status)))
        with serving(play) as server:
            async with running(profile(server.url), patience=SHORT) as deck:
                await deck.known()
                polls = len(server.asked)
                verdict = await deck.verdict(deck.give(Verb.RESTART, "alert_mgr"))
                assert verdict.result is Result.REFUSED
                assert "because" in verdict.text
                assert verdict.text.endswith("; nothing moved")
                assert deck.watch().login.may_write is (status != "403")
                (post,) = server.posts
                after = server.asked[server.asked.index(post) :]
                assert {LIST, BOOTSTRAP} <= {one.path for one in after if one.method == "GET"}
                assert len(server.asked) > polls

    await side_by_side(check, ["400", "403", "404", "405", "406", "415"])


async def test_an_action_whose_login_is_refused_stops_the_login() -> None:
    """P24: no poll tries the password again that a POST was refused with."""
    play = Play()
    play.post(answer("", 401))
    with serving(play) as server:
        async with running(profile(server.url), refresh=30, patience=SHORT) as deck:
            await deck.known()
            deck.give(Verb.RESTART, "alert_mgr")
            await deck.until(lambda: deck.watch().login.refused)
            assert len(server.posts) == 1


async def test_a_refusal_of_what_was_done_all_the_same_is_not_believed() -> None:
    """P7: whoever refused it, the node shows that it happened."""
    play = Play()

    def act(peer: Peer) -> None:
        play.restart()
        peer.send(answer("no such page", 404))

    play.post(act)
    with serving(play) as server:
        async with running(profile(server.url), patience=PATIENCE) as deck:
            await deck.known()
            verdict = await deck.verdict(deck.give(Verb.RESTART, "alert_mgr"))
            assert verdict.result is Result.VERIFIED
            assert verdict.is_denied
            assert "although the node refused it" in verdict.text
            assert len(server.posts) == 1


@pytest.mark.real_time
async def test_a_node_that_shows_nothing_after_the_order_leaves_it_unknown() -> None:
    play = Play()

    def vanish(peer: Peer) -> None:
        play.get(LIST, answer("no", 500))
        peer.answer('{"alert_mgr": true}')

    play.post(vanish)
    with serving(play) as server:
        async with running(profile(server.url), patience=SHORT) as deck:
            await deck.known()
            verdict = await deck.verdict(deck.give(Verb.STOP, "alert_mgr"))
            assert verdict.result is Result.UNKNOWN
            assert "shown nothing" in verdict.text


@pytest.mark.real_time
async def test_a_stop_is_not_verified_by_an_answer_that_lists_nothing() -> None:
    """P7, case 40."""

    async def check(garbage: str) -> None:
        play = Play()

        def lie(peer: Peer) -> None:
            play.get(LIST, answer(garbage))
            peer.answer('{"alert_mgr": true}')

        play.post(lie)
        with serving(play) as server:
            async with running(profile(server.url), patience=SHORT) as deck:
                await deck.known()
                verdict = await deck.verdict(deck.give(Verb.STOP, "alert_mgr"))
                assert verdict.result is Result.UNKNOWN

    await side_by_side(check, ["{}", "[]", '{"error": "x"}', "<html>"])


@pytest.mark.real_time
@pytest.mark.parametrize("asks", ["rarely", "often"])
async def test_readings_of_another_node_prove_nothing_before_it_identifies_itself_either(
    asks: str,
) -> None:
    """P4, P7: the address leads elsewhere from the POST on, and a verdict needs no five seconds."""
    play, other = Play(), Play(2)
    other.restart()

    def swap(peer: Peer) -> None:
        peer.answer('{"alert_mgr": true}')
        play.services = other.services
        play.answers["GET", BOOTSTRAP] = other.answers["GET", BOOTSTRAP]

    play.post(swap)
    patience = replace(PATIENCE, steady=0.3, limit=1.2, same=9)
    refresh = 0.1 if asks == "often" else 60
    with serving(play) as server:
        async with running(profile(server.url), patience=patience, refresh=refresh) as deck:
            await deck.known()
            verdict = await deck.verdict(deck.give(Verb.RESTART, "alert_mgr"))
            assert verdict.result is Result.UNKNOWN


@pytest.mark.real_time
@pytest.mark.parametrize("after", ["a stop", "a crash"])
async def test_a_list_that_was_cut_does_not_prove_that_a_service_is_gone(
    after: str, tmp_path: Path
) -> None:
    """P7: the service is the last of more than are read."""
    play = Play()
    first = dict(play.services)
    many = {f"other{no}": running_since(0) for no in range(2000)}

    def take(peer: Peer) -> None:
        play.get(LIST, said(many | first))
        peer.answer('{"alert_mgr": true}')

    play.post(take)
    with serving(play) as server:
        journal = OrderJournal(tmp_path / "rsdeck")
        async with running(profile(server.url), patience=SHORT, journal=journal) as deck:
            await deck.known()
            order = deck.give(Verb.STOP, "alert_mgr")
            if after == "a stop":
                verdict = await deck.verdict(order)
                assert verdict.result is Result.UNKNOWN
                assert EventKind.VANISHED not in {one.kind for one in deck.fleet.events}
                return
            await deck.until(lambda: deck.watch().reading.find("other3"))
        journal = OrderJournal(tmp_path / "rsdeck")
        async with running(profile(server.url), patience=SHORT, journal=journal) as deck:
            await deck.known()
            await deck.readings(2)
            assert deck.fleet.orders.progress[0].verdicts[0].result is Result.UNKNOWN


@pytest.mark.real_time
async def test_another_node_under_the_address_proves_nothing() -> None:
    play = Play()

    def swap(peer: Peer) -> None:
        peer.answer('{"alert_mgr": true}')
        play.answers["GET", BOOTSTRAP] = Play(2).answers["GET", BOOTSTRAP]

    play.post(swap)
    patience = replace(PATIENCE, steady=0.8, limit=1.2, same=9)
    with serving(play) as server:
        async with running(profile(server.url), patience=patience) as deck:
            await deck.known()
            order = deck.give(Verb.RESTART, "alert_mgr")
            await deck.until(lambda: server.posts)
            deck.watch().refresh_now()
            await deck.until(lambda: deck.watch().wrong_node)
            play.restart()
            assert (await deck.verdict(order)).result is not Result.VERIFIED


async def test_the_preflight_stops_an_order_to_a_service_that_flipped() -> None:
    """P4, case 42."""
    play = Play()
    with serving(play) as server:
        async with running(profile(server.url), refresh=30) as deck:
            await deck.known()
            play.services["alert_mgr"] = {"status": "STOPPED"}
            verdict = await deck.verdict(deck.give(Verb.RESTART, "alert_mgr"))
            assert verdict.result is Result.NOT_SENT
            assert "RUNNING → STOPPED; nothing was sent" in verdict.text
            assert deck.notes.steps[-1].text == verdict.text
            assert not server.posts


async def test_the_preflight_stops_an_order_to_a_service_that_was_restarted() -> None:
    """P4, case 42."""
    play = Play()
    with serving(play) as server:
        async with running(profile(server.url), refresh=30) as deck:
            await deck.known()
            play.restart()
            verdict = await deck.verdict(deck.give(Verb.RESTART, "alert_mgr"))
            assert verdict.text == "alert_mgr was restarted since you looked; nothing was sent"
            assert not server.posts


async def test_the_preflight_stops_an_order_to_a_service_that_is_gone() -> None:
    """P4, case 42."""
    play = Play()
    with serving(play) as server:
        async with running(profile(server.url), refresh=30) as deck:
            await deck.known()
            del play.services["alert_mgr"]
            verdict = await deck.verdict(deck.give(Verb.STOP, "alert_mgr"))
            assert verdict.result is Result.NOT_SENT
            assert not server.posts


@pytest.mark.parametrize(
    "who", [Play(2).answers["GET", BOOTSTRAP], said({}), answer("no", 500), answer("<html>")]
)
async def test_the_preflight_stops_an_order_to_a_node_that_is_not_the_one_meant(
    who: bytes,
) -> None:
    """P4, case 27."""
    play = Play()
    with serving(play) as server:
        async with running(profile(server.url), refresh=30) as deck:
            await deck.known()
            play.get(BOOTSTRAP, who)
            verdict = await deck.verdict(deck.give(Verb.RESTART, "alert_mgr"))
            assert verdict.result is Result.NOT_SENT
            assert not server.posts


@pytest.mark.parametrize("verb", [Verb.RESTART, Verb.START])
async def test_without_a_uid_an_order_is_not_sent_where_other_processes_answer(verb: Verb) -> None:
    """P4: behind one address, the service that is meant looks the same on the other node."""
    play = Play()
    play.get(BOOTSTRAP, answer("no", 500))
    if verb is Verb.START:
        play.services["alert_mgr"] = {"status": "STOPPED"}
    play.services["cm_server"] = running_since(7)
    with serving(play) as server:
        async with running(profile(server.url), refresh=30) as deck:
            await deck.known()
            play.restart("ccs")
            verdict = await deck.verdict(deck.give(verb, "alert_mgr"))
            assert verdict.result is Result.NOT_SENT
            assert "ccs has another start time now" in verdict.text
            assert not server.posts


async def test_without_a_uid_an_order_on_the_same_processes_goes_out() -> None:
    play = Play()
    play.get(BOOTSTRAP, answer("no", 500))
    play.post(said({"alert_mgr": True}))
    with serving(play) as server:
        async with running(profile(server.url), patience=PATIENT) as deck:
            await deck.known()
            order = deck.give(Verb.RESTART, "alert_mgr")
            await deck.until(lambda: server.posts)
            play.restart()
            assert (await deck.verdict(order)).result is Result.VERIFIED


async def test_a_node_of_the_same_uid_with_other_processes_takes_no_order() -> None:
    """P4: node 1 of another cluster, on which the same service is stopped as well."""
    play = Play()
    play.services |= {"alert_mgr": {"status": "STOPPED"}, "cm_server": running_since(7)}
    with serving(play) as server:
        async with running(profile(server.url), refresh=30) as deck:
            await deck.known()
            play.restart("ccs")
            play.restart("cm_server")
            verdict = await deck.verdict(deck.give(Verb.START, "alert_mgr"))
            assert verdict.result is Result.NOT_SENT
            assert "most services have other start times" in verdict.text
            assert not server.posts


async def test_an_order_on_a_known_node_goes_out_beside_a_service_that_keeps_restarting() -> None:
    play = Play()
    play.services["cm_server"] = running_since(7)
    play.post(said({"alert_mgr": True}))
    with serving(play) as server:
        async with running(profile(server.url), patience=PATIENT, refresh=30) as deck:
            await deck.known()
            play.restart("ccs")
            order = deck.give(Verb.RESTART, "alert_mgr")
            await deck.until(lambda: server.posts)
            play.restart()
            assert (await deck.verdict(order)).result is Result.VERIFIED


@pytest.mark.parametrize("info", [{"uid": "1"}, {"hostname": "host1"}])
async def test_an_order_on_a_node_that_says_half_of_who_it_is_goes_out(
    info: dict[str, str],
) -> None:
    play = Play()
    play.get(BOOTSTRAP, said({"local_node_info": info}))
    play.get(STATES, said({"1": {"role": "master"}}))
    play.post(said({"alert_mgr": True}))
    with serving(play) as server:
        async with running(profile(server.url), patience=PATIENT, refresh=30) as deck:
            await deck.known()
            order = deck.give(Verb.RESTART, "alert_mgr")
            assert not (order.target.identity.uid and order.target.identity.hostname)
            await deck.until(lambda: server.posts)
            play.restart()
            assert (await deck.verdict(order)).result is Result.VERIFIED


async def test_an_order_on_a_node_that_nothing_identifies_takes_the_typed_name() -> None:
    """P4: neither uid nor hostname, and one start time tells no node from another."""
    play = Play()
    play.get(BOOTSTRAP, answer("no", 500))
    play.services["ccs"] = {"status": "RUNNING"}
    with serving(play) as server:
        async with running(profile(server.url), refresh=30) as deck:
            await deck.known()
            seen = [SeenService("alert_mgr", "RUNNING", Kind.OPTIONAL)]
            ruling = judge_order(Verb.RESTART, seen, deck.fleet.standing("node1"))
            assert (ruling.tier, ruling.words, ruling.allowed) == (Tier.TYPED, "alert_mgr", True)
            assert "nothing but its address identifies the node" in ruling.reason


async def test_an_order_to_a_node_that_is_down_is_not_sent(served: SimulatedCluster) -> None:
    async with running(*profiles(served), refresh=30) as deck:
        await deck.known()
        served.cluster.power_off(1)
        await deck.until(lambda: not served._ports[0]._listener)
        verdict = await deck.verdict(deck.give(Verb.RESTART, "alert_mgr"))
        assert verdict.result is Result.NOT_SENT
        assert verdict.text.count("nothing was sent") == 1
        assert not posts(served)


@pytest.mark.real_time
@pytest.mark.parametrize("verb", [Verb.RESTART, Verb.STOP])
async def test_an_order_on_a_lost_node_gets_its_verdict_when_the_node_is_back(
    verb: Verb,
) -> None:
    """P7: unknown while nobody sees the node, and never what it showed last."""
    play = Play()

    def accept(peer: Peer) -> None:
        play.services["alert_mgr"] = {"status": "STOPPING"}
        peer.send(said({"alert_mgr": True}))

    play.post(accept)
    patience = replace(PATIENCE, steady=0.3, limit=1.2, unseen=0.5)
    with serving(play) as server:
        async with running(profile(server.url), timeout=0.3, patience=patience) as deck:
            await deck.known()
            order = deck.give(verb, "alert_mgr")
            await deck.until(lambda: deck.watch().reading.find("alert_mgr").status == "STOPPING")
            play.get(LIST, Peer.hang)
            assert (await deck.verdict(order)).result is Result.UNKNOWN
            if verb is Verb.RESTART:
                play.restart()
            else:
                play.services["alert_mgr"] = {"status": "STOPPED"}
            play.heal(LIST)
            progress = deck.fleet.orders.progress
            await deck.until(
                lambda: progress[order.number].verdicts[0].result is Result.VERIFIED, 15
            )
            assert "back" in progress[order.number].verdicts[0].text
            told = [one for one in deck.notes.events if one.kind is EventKind.VERDICT]
            assert len(told) == 2
            assert len(server.posts) == 1


@pytest.mark.real_time
async def test_another_node_that_comes_back_in_its_place_settles_nothing() -> None:
    """P4, P7: it is asked who it is before what it shows counts."""
    play, other = Play(), Play(2)

    def accept(peer: Peer) -> None:
        play.services["alert_mgr"] = {"status": "STOPPING"}
        peer.send(said({"alert_mgr": True}))

    play.post(accept)
    patience = replace(PATIENCE, steady=0.3, limit=1.2, unseen=0.5)
    with serving(play) as server:
        async with running(profile(server.url), timeout=0.3, patience=patience) as deck:
            await deck.known()
            order = deck.give(Verb.STOP, "alert_mgr")
            await deck.until(lambda: deck.watch().reading.find("alert_mgr").status == "STOPPING")
            play.get(LIST, Peer.hang)
            assert (await deck.verdict(order)).result is Result.UNKNOWN
            play.services["alert_mgr"] = {"status": "STOPPED"}
            play.answers["GET", BOOTSTRAP] = other.answers["GET", BOOTSTRAP]
            play.heal(LIST)
            await deck.until(lambda: deck.watch().wrong_node, 15)
            await deck.readings(2)
            progress = deck.fleet.orders.progress
            assert progress[order.number].verdicts[0].result is Result.UNKNOWN


@pytest.mark.parametrize(
    "info", [{"uid": "1", "hostname": "host1"}, {"uid": "1"}, {"hostname": "host1"}]
)
async def test_a_connection_that_changes_during_the_check_stops_the_order(
    info: dict[str, str],
) -> None:
    """P4, P6: the node that said who it is need not be the one that the new connection leads to."""
    play, identity = Play(), said({"local_node_info": info})
    play.get(BOOTSTRAP, identity)

    def last(peer: Peer) -> None:
        peer.send(identity.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
        peer.sock.shutdown(socket.SHUT_RDWR)

    with serving(play) as server:
        async with running(profile(server.url), refresh=30) as deck:
            await deck.known()
            play.get(BOOTSTRAP, last)
            verdict = await deck.verdict(deck.give(Verb.RESTART, "alert_mgr"))
            assert verdict.result is Result.NOT_SENT
            assert "changed during the check; nothing was sent" in verdict.text
            assert not server.posts


@pytest.mark.real_time
async def test_a_connection_that_is_not_kept_after_the_check_is_not_made_anew() -> None:
    """P6, case 15."""
    play = Play()

    def last(peer: Peer) -> None:
        peer.send(said(play.services))
        peer.reset()

    with serving(play) as server:
        async with running(profile(server.url), refresh=30, patience=SHORT) as deck:
            await deck.known()
            play.get(LIST, last)
            verdict = await deck.verdict(deck.give(Verb.RESTART, "alert_mgr"))
            assert verdict.result in (Result.NOT_SENT, Result.UNKNOWN)
            assert len(server.posts) == 0


@pytest.mark.real_time
async def test_a_second_order_on_a_busy_node_is_refused_and_another_node_is_free(
    served: SimulatedCluster,
) -> None:
    async with running(*profiles(served)) as deck:
        await deck.known()
        first = deck.give(Verb.RESTART, "alert_mgr")
        with pytest.raises(NotAccepted, match="restart alert_mgr is still open here"):
            deck.give(Verb.STOP, "ccs")
        assert deck.fleet.standing("node1").busy is first
        other = deck.give(Verb.RESTART, "alert_mgr", node="node2")
        assert (await deck.verdict(first)).result is Result.VERIFIED
        assert (await deck.verdict(other)).result is Result.VERIFIED
        assert deck.fleet.standing("node1").busy is None
        assert [one.uid for one in posts(served)].count(1) == 1
        await deck.verdict(deck.give(Verb.STOP, "ccs"))


async def test_ending_the_fleet_while_an_order_is_open_sends_nothing_more() -> None:
    play = Play()
    play.post(Peer.hang)
    with serving(play) as server:
        async with running(profile(server.url), timeout=5) as deck:
            await deck.known()
            order = deck.give(Verb.RESTART, "alert_mgr")
            await deck.until(lambda: server.posts)
        assert deck.fleet.orders.progress[order.number].is_open
        await quiet(0.1)
        assert len(server.posts) == 1
        with pytest.raises(RuntimeError, match="does not run"):
            deck.give(Verb.RESTART, "alert_mgr")


async def test_ending_the_fleet_while_an_order_is_checked_sends_nothing() -> None:
    play = Play()
    with serving(play) as server:
        async with running(profile(server.url), refresh=30, timeout=5) as deck:
            await deck.known()
            play.get(BOOTSTRAP, Peer.hang)
            seen = len(server.asked)
            deck.give(Verb.RESTART, "alert_mgr")
            await deck.until(lambda: len(server.asked) > seen)
        await quiet(0.1)
        assert not server.posts


async def test_a_profile_that_is_removed_while_its_order_is_sent_ends_nothing() -> None:
    play = restarting_late(0.4)
    with serving(play) as server:
        async with running(profile(server.url), patience=PATIENT) as deck:
            await deck.known()
            order = deck.give(Verb.RESTART, "alert_mgr")
            await deck.until(lambda: server.posts)
            deck.fleet.adopt([])
            verdict = await deck.verdict(order)
            assert verdict.timeline[0].moment.value == "asked"
            assert verdict.result is Result.VERIFIED
            assert len(server.posts) == 1
            await deck.until(lambda: server.ended == server.connections)


@pytest.mark.real_time
async def test_a_profile_that_is_removed_before_its_order_starts_ends_nothing() -> None:
    with serving(Play()) as server:
        async with running(profile(server.url), patience=SHORT) as deck:
            await deck.known()
            order = deck.give(Verb.RESTART, "alert_mgr")
            deck.fleet.adopt([])
            await deck.verdict(order)
            assert len(server.posts) <= 1


async def test_an_order_to_a_login_that_was_stopped_is_not_sent() -> None:
    play = Play()
    with serving(play) as server:
        async with running(profile(server.url), refresh=30) as deck:
            await deck.known()
            play.get(LIST, answer("no", 401))
            deck.watch().refresh_now()
            await deck.until(lambda: deck.watch().login.refused)
            verdict = await deck.verdict(deck.give(Verb.RESTART, "alert_mgr"))
            assert verdict.result is Result.NOT_SENT
            play.heal(LIST)
            deck.fleet.renew("node1", Secret(PASSWORD))
            await deck.until(lambda: deck.watch().login.proven)
            assert not server.posts


READ_ONLY = "read-only: the session was started so"


async def test_an_order_number_is_accepted_once_whatever_the_order(
    served: SimulatedCluster,
) -> None:
    async with running(*profiles(served), patience=PATIENT) as deck:
        await deck.known()
        asked_about = deck.order(Verb.RESTART, "alert_mgr")
        given = deck.give(Verb.RESTART, "alert_mgr", node="node2")
        assert given.number == asked_about.number
        for again in (asked_about, given):
            with pytest.raises(NotAccepted, match="was given already"):
                deck.fleet.give(again)
        assert (await deck.verdict(given)).result is Result.VERIFIED
        with pytest.raises(NotAccepted, match="was given already"):
            deck.fleet.give(given)
        assert [one.uid for one in posts(served)] == [2]


@pytest.mark.parametrize(
    ("by_profile", "reason"),
    [
        ({}, READ_ONLY),
        ({"read_only": True}, "read-only: the node's profile says so"),
        (
            {"role": ViewerRole.VIEWER},
            f"read-only: {ADMIN} has a viewer's role, by the node's profile",
        ),
    ],
)
async def test_a_read_only_fleet_has_nothing_that_can_write(
    by_profile: dict[str, Any], reason: str, served: SimulatedCluster
) -> None:
    """P1, case 52."""
    made = living_since_now(NodeOperator, OrderConnection)
    nodes = profiles(served, **by_profile)
    async with running(*nodes, read_only="" if by_profile else READ_ONLY) as deck:
        assert deck.watch().read_only == reason  # from the start
        await deck.known()
        order = deck.order(Verb.RESTART, "alert_mgr")
        with pytest.raises(NotAccepted, match="read-only"):
            deck.fleet.give(order)
        deck.fleet.unlocked = True
        with pytest.raises(NotAccepted, match="read-only"):
            deck.fleet.give(order)
        # Not even round the guard: what carries the order out has no way to send it.
        deck.fleet.orders.accept(order)
        await deck.fleet.orders.carry_out(order)
        (verdict,) = deck.fleet.orders.progress[order.number].verdicts
        assert verdict.result is Result.NOT_SENT
        assert verdict.text == f"{reason}; nothing was sent"
        assert not made()
        sent = {one.path for one in served.cluster.requests if one.method != "GET"}
    assert sent <= {"/v1/users/authorize"}


async def test_the_read_only_of_a_session_cannot_be_set() -> None:
    """P2."""
    fleet = Fleet.__dict__["read_only"]
    assert isinstance(fleet, property)
    assert fleet.fset is None


async def test_an_order_by_way_of_the_primary_goes_to_the_node_that_is_primary(
    served: SimulatedCluster,
) -> None:
    async with running(*profiles(served)) as deck:
        await deck.known()
        route = Route("node1", served.urls[1], Route.PRIMARY)
        order = deck.order(Verb.RESTART, "alert_mgr", route=route)
        deck.fleet.give(order)
        assert (await deck.verdict(order)).result is Result.VERIFIED
        (post,) = posts(served)
        assert (post.uid, post.path) == (1, "/v1/services")


async def test_an_order_by_way_of_the_primary_stops_when_another_became_primary(
    served: SimulatedCluster,
) -> None:
    served.cluster.handle_redirects = True
    async with running(*profiles(served)) as deck:
        await deck.known()
        route = Route("node2", served.urls[2], Route.PRIMARY)
        order = deck.order(Verb.RESTART, "alert_mgr", route=route)
        served.cluster.promote(3)
        deck.fleet.give(order)
        verdict = await deck.verdict(order)
        assert verdict.result is Result.NOT_SENT
        assert "node:3 is primary now" in verdict.text
        assert not posts(served)


async def test_an_order_by_way_of_another_node_checks_the_one_that_is_meant(
    served: SimulatedCluster,
) -> None:
    served.cluster.handle_redirects = True
    async with running(*profiles(served), refresh=30) as deck:
        await deck.known()
        route = Route("node2", served.urls[2], Route.PRIMARY)
        order = deck.order(Verb.RESTART, "alert_mgr", route=route)
        before = len(asked(served, LIST, uid=1))
        deck.fleet.give(order)
        assert (await deck.verdict(order)).result is Result.VERIFIED
        assert len(asked(served, LIST, uid=1)) > before
        (post,) = posts(served)
        assert (post.uid, post.path) == (2, "/v1/services")


async def test_an_order_needs_the_node_that_sends_it_and_the_one_that_shows_what_came_of_it(
    served: SimulatedCluster,
) -> None:
    served.cluster.handle_redirects = True
    async with running(*profiles(served)) as deck:
        await deck.known()
        route = Route("node2", served.urls[2], Route.PRIMARY)
        order = deck.order(Verb.RESTART, "alert_mgr", route=route)
        deck.fleet.give(order)
        orders = deck.fleet.orders
        needed = [
            asyncio.create_task(orders.done_with(deck.watch(node))) for node in ("node1", "node2")
        ]
        await orders.done_with(deck.watch("node3"))
        await asyncio.sleep(0)
        assert not any(task.done() for task in needed)
        await deck.verdict(order)
        await asyncio.gather(*needed)


async def test_an_order_by_way_of_a_node_of_another_cluster_is_not_sent() -> None:
    """P4: its node 1 is primary as well, and would be the one that acts."""
    first, second = Play(1), Play(2)
    with serving(first) as one, serving(second) as two:
        nodes = profile(one.url, cluster="x"), profile(two.url, "node2", cluster="x")
        async with running(*nodes, refresh=30) as deck:
            await deck.known()
            route = Route("node2", two.url, Route.PRIMARY)
            order = deck.order(Verb.RESTART, "alert_mgr", route=route)
            second.get(CLUSTER, said({"name": "other"}))
            deck.fleet.give(order)
            verdict = await deck.verdict(order)
            assert verdict.result is Result.NOT_SENT
            assert "node2 is of cluster other now, meant was played" in verdict.text
            assert not one.posts + two.posts


async def test_by_way_of_another_node_the_connection_may_not_change_during_the_check() -> None:
    """P4, P6: the node that listed the primary need not be the one that gets the POST."""
    first, second = Play(1), Play(2)
    states = second.answers["GET", STATES]
    assert isinstance(states, bytes)

    def last(peer: Peer) -> None:
        peer.send(states.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
        peer.sock.shutdown(socket.SHUT_RDWR)

    with serving(first) as one, serving(second) as two:
        nodes = profile(one.url, cluster="x"), profile(two.url, "node2", cluster="x")
        async with running(*nodes, refresh=30) as deck:
            await deck.known()
            route = Route("node2", two.url, Route.PRIMARY)
            order = deck.order(Verb.RESTART, "alert_mgr", route=route)
            second.get(STATES, last)
            deck.fleet.give(order)
            verdict = await deck.verdict(order)
            assert verdict.result is Result.NOT_SENT
            assert "changed during the check; nothing was sent" in verdict.text
            assert not one.posts + two.posts


async def test_a_service_that_changed_on_the_node_meant_stops_an_order_by_way_of_another(
    served: SimulatedCluster,
) -> None:
    """P4, case 42: the primary's own list counts, whichever node gets the POST."""
    served.cluster.handle_redirects = True
    async with running(*profiles(served), refresh=30) as deck:
        await deck.known()
        route = Route("node2", served.urls[2], Route.PRIMARY)
        order = deck.order(Verb.RESTART, "alert_mgr", route=route)
        served.cluster.stop(1, "alert_mgr")
        deck.fleet.give(order)
        verdict = await deck.verdict(order)
        assert verdict.result is Result.NOT_SENT
        assert "alert_mgr changed since you looked" in verdict.text
        assert not posts(served)


@pytest.mark.parametrize("is_named", [True, False])
async def test_of_two_same_requests_in_a_row_both_must_reach_the_node_that_is_meant(
    is_named: bool,
) -> None:
    """P4: two clusters have a node 1 each; without a uid the start times stand for it."""
    play, other = Play(), Play()
    other.get(BOOTSTRAP, said({"local_node_info": {"uid": "1", "hostname": "elsewhere"}}))
    other.services["ccs"] = running_since(900)
    if not is_named:
        play.get(BOOTSTRAP, answer("no", 500))
    path = BOOTSTRAP if is_named else LIST
    own, stranger = (
        (one.answers["GET", BOOTSTRAP] if is_named else said(one.services)) for one in (play, other)
    )
    turns = itertools.cycle((stranger, own) if is_named else (own, stranger))

    def alternate(peer: Peer) -> None:
        reply = next(turns)
        assert isinstance(reply, bytes)
        peer.send(reply)

    with serving(play) as server:
        async with running(profile(server.url), refresh=30) as deck:
            await deck.known()
            play.get(path, alternate)
            verdict = await deck.verdict(deck.give(Verb.RESTART, "alert_mgr"))
            assert verdict.result is Result.NOT_SENT
            assert f"several nodes answer in turn at {server.url}" in verdict.text
            assert not server.posts


class HeldJournal(NullJournal):
    """A journal whose lock an order gets when a test frees it."""

    def __init__(self) -> None:
        self.free = asyncio.Event()

    @asynccontextmanager
    async def hold(self, _: Order) -> AsyncIterator[None]:
        await self.free.wait()
        yield


@pytest.mark.parametrize("shared", ["node1", "node2"])
async def test_an_order_is_not_sent_where_several_nodes_began_to_answer_while_it_waited(
    shared: str,
) -> None:
    """P4: the check itself is answered by the node that is meant, and the POST need not be."""
    plays, journal = {"node1": Play(1), "node2": Play(2)}, HeldJournal()
    own = plays[shared].answers["GET", BOOTSTRAP]
    with serving(plays["node1"]) as one, serving(plays["node2"]) as two:
        nodes = profile(one.url, cluster="x"), profile(two.url, "node2", cluster="x")
        async with running(*nodes, refresh=30, journal=journal) as deck:
            await deck.known()
            route = Route("node2", two.url, Route.PRIMARY) if shared == "node2" else None
            order = deck.order(Verb.RESTART, "alert_mgr", route=route)
            deck.fleet.give(order)
            for answered in (Play(3).answers["GET", BOOTSTRAP], own):
                plays[shared].get(BOOTSTRAP, answered)
                asked_before = len(asked_who(shared, one, two))
                deck.watch(shared).refresh_now()
                await deck.until(lambda n=asked_before: len(asked_who(shared, one, two)) > n)
                deck.watch(shared).refresh_now()
                await deck.readings(1, shared)
            assert "several nodes answer here in turn" in deck.watch(shared).wrong_node
            journal.free.set()
            verdict = await deck.verdict(order)
            assert verdict.result is Result.NOT_SENT
            assert "several nodes answer here in turn" in verdict.text
            assert not one.posts + two.posts


def asked_who(node: str, *servers: FaultServer) -> list[object]:
    """List the requests in which a node was asked who it is."""
    server = servers[int(node[-1]) - 1]
    return [one for one in server.asked if one.path == BOOTSTRAP]


async def test_without_a_list_of_nodes_nothing_goes_by_way_of_the_primary() -> None:
    play = Play()
    with serving(play) as server:
        async with running(profile(server.url), refresh=30) as deck:
            await deck.known()
            play.get(NODES, answer("no", 500))
            play.get("/v1/nodes/status", answer("no", 500))
            route = Route("node1", server.url, Route.PRIMARY)
            order = deck.order(Verb.RESTART, "alert_mgr", route=route)
            deck.fleet.give(order)
            assert (await deck.verdict(order)).result is Result.NOT_SENT
            assert not server.posts


async def test_every_open_order_has_its_own_number(served: SimulatedCluster) -> None:
    async with running(*profiles(served), patience=SHORT) as deck:
        await deck.known()
        first = deck.give(Verb.RESTART, "alert_mgr")
        second = deck.give(Verb.RESTART, "alert_mgr", node="node2")
        assert (first.number, second.number) == (1, 2)
        assert {one.order.number for one in deck.fleet.orders.open} == {1, 2}
        await asyncio.gather(deck.verdicts(first), deck.verdicts(second))
        assert not deck.fleet.orders.open


@pytest.mark.parametrize("moved", ["target", "route"])
async def test_an_order_that_was_shown_for_another_address_is_not_accepted(
    moved: str, served: SimulatedCluster
) -> None:
    """P4: a profile was edited between the key and the yes."""
    async with running(*profiles(served)) as deck:
        await deck.known()
        order = deck.order(Verb.RESTART, "alert_mgr", node="node2")
        if moved == "target":
            moved_to = replace(deck.watch("node2").profile, url=served.urls[3])
            others = [one.profile for one in deck.fleet.nodes if one.name != "node2"]
            deck.fleet.adopt([*others, moved_to])
            await deck.known()
        else:
            order = replace(order, route=Route("node1", served.urls[3]))
        with pytest.raises(NotAccepted, match=r"not at http://127\.0\.0\.1"):
            deck.fleet.give(order)
        await quiet(0.1)
        assert not posts(served)


class FullDisk(NullJournal):
    """A disk that takes no record of an action; keeps how each one ended."""

    def __init__(self) -> None:
        self.refusals: list[str] = []
        self.verdicts: list[Verdict] = []

    async def intend(self, order: Order, tier: Tier, username: str) -> None:
        raise JournalError("the disk is full")

    def refused(self, verb: Verb, node: str, names: tuple[str, ...], why: str) -> None:
        self.refusals.append(why)

    def judged(self, order: Order, verdict: Verdict) -> None:
        self.verdicts.append(verdict)


async def test_an_action_that_could_not_be_recorded_has_no_verdict_in_the_journal(
    served: SimulatedCluster,
) -> None:
    """P21: a verdict would belong to no action there."""
    journal = FullDisk()
    async with running(profiles(served)[0], journal=journal) as deck:
        await deck.known()
        verdict = await deck.verdict(deck.give(Verb.RESTART, "alert_mgr"))
        assert verdict.result is Result.NOT_SENT
        assert journal.refusals == ["the disk is full; nothing was sent"]
        assert not journal.verdicts
        assert not posts(served)


async def test_an_action_by_way_of_another_node_is_not_sent_where_the_meant_one_has_strayed(
    served: SimulatedCluster,
) -> None:
    """P4."""
    served.cluster.handle_redirects = True
    async with running(*profiles(served), refresh=600) as deck:
        await deck.known()
        route = Route("node2", served.urls[2], Route.PRIMARY)
        order = deck.order(Verb.RESTART, "alert_mgr", route=route)
        deck.fleet.give(order)
        deck.watch()._facts_reader.identity_check._alternate("two nodes")
        verdict = await deck.verdict(order)
        assert verdict.result is Result.NOT_SENT
        assert "several nodes answer here in turn" in verdict.text
        assert not posts(served)


@pytest.mark.parametrize(
    ("decided", "held", "text"),
    [
        ((), "", "watching dmcproxy, alert_mgr"),
        ((), "dmcproxy", "watching dmcproxy, alert_mgr"),
        (("alert_mgr",), "dmcproxy", "dmcproxy runs, waiting for its endpoints"),
        (("alert_mgr",), "", "watching dmcproxy"),
        (("alert_mgr", "dmcproxy"), "", "decided"),
    ],
)
def test_what_an_action_waits_for_is_named(decided: tuple[str, ...], held: str, text: str) -> None:
    one = open_order(Verb.RESTART, "dmcproxy")
    order = replace(one, services=(*one.services, replace(one.services[0], name="alert_mgr")))
    live = executor._LiveOrder(order, None, None, Tier.TYPED, OrderEvidence(order))
    live.verdicts = {name: Verdict(name, Result.VERIFIED, "") for name in decided}
    live.held = Verdict(held, Result.VERIFIED, "") if held else None
    assert executor._watching(live) == text


@pytest.mark.parametrize(
    ("results", "text"),
    [
        ([Result.VERIFIED], "verified"),
        ([Result.VERIFIED, Result.VERIFIED], "2 verified"),
        ([Result.VERIFIED, Result.FAILED, Result.VERIFIED], "2 verified, 1 failed"),
    ],
)
def test_what_came_of_an_action_is_counted(results: list[Result], text: str) -> None:
    assert executor._summary(Verdict("ccs", one, "") for one in results) == text


def test_nothing_was_sent_is_said_once() -> None:
    for error in (WriteBlocked("GET alone; nothing was sent"), NotSent("no; nothing was sent")):
        assert executor._unsent(error) == str(error)
    assert executor._unsent(Unreachable("no answer")) == "no answer; nothing was sent"


@pytest.mark.parametrize(
    ("service", "result", "databases", "waits"),
    [
        ("dmcproxy", Result.VERIFIED, (1,), True),
        ("dmcproxy", Result.TIMED_OUT, (1,), False),
        ("dmcproxy", Result.VERIFIED, (), False),
        ("alert_mgr", Result.VERIFIED, (1,), False),
    ],
)
async def test_a_verdict_waits_for_endpoints_only_of_a_proxy_that_runs_and_had_some(
    service: str, result: Result, databases: tuple[int, ...], waits: bool, served: SimulatedCluster
) -> None:
    async with running(profiles(served)[0]) as deck:
        await deck.known()
        order = deck.order(Verb.RESTART, "dmcproxy")
        watch = deck.watch()
        live = executor._LiveOrder(order, watch, watch, Tier.TYPED, OrderEvidence(order), databases)
        assert executor._waits_for_endpoints(live, Verdict(service, result, "")) is waits
