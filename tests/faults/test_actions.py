"""Orders under faults: at most one POST, to the node that was meant, and no guess at what came."""

import time

import pytest

from tests.faultserver import Peer, always, answer, serving
from tests.fleet.conftest import LIST, OPTIONAL, Play, profile, running
from tui.fleet.orders.guard import judge_order
from tui.fleet.orders.verdict import Patience
from tui.model.order import Result, SeenService, Tier, Verb
from tui.model.service import Kind, kind_of

SHORT = Patience(steady=0.3, limit=0.8, same=0.4)


@pytest.mark.real_time
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirected_order_is_unknown_and_never_reaches_where_it_points(status: int) -> None:
    """P6, P7, P11, case 10: neither another server nor the same one gets a second POST."""
    play = Play()
    with serving(always('{"alert_mgr": true}')) as target, serving(play) as server:
        for to in (target.url, server.url):
            play.post(answer(b"", status, Location=f"{to}{LIST}"))
            async with running(profile(server.url), patience=SHORT) as deck:
                await deck.known()
                verdict = await deck.verdict(deck.give(Verb.RESTART, "alert_mgr"))
                assert verdict.result is Result.UNKNOWN
                assert "redirect" in verdict.text
        assert target.connections == 0
        assert len(server.posts) == 2


@pytest.mark.real_time
@pytest.mark.parametrize(
    ("said", "result"),
    [
        pytest.param(answer('{"alert_mgr": false}'), Result.FAILED, id="case 45 false"),
        pytest.param(answer("{}"), Result.UNKNOWN, id="case 45 empty object"),
        pytest.param(answer('"true"'), Result.UNKNOWN, id="case 45 a text"),
        pytest.param(answer('{"ccs": true}'), Result.UNKNOWN, id="case 45 another service"),
        pytest.param(answer(b""), Result.UNKNOWN, id="case 45 nothing"),
        pytest.param(answer(b"", 204), Result.UNKNOWN, id="case 45 status 204"),
        pytest.param(
            answer('{"alert_mgr": true, "metrics_exporter": true}'),
            Result.NOT_RESTARTED,
            id="case 45 and 46 one more than asked",
        ),
    ],
)
async def test_an_answer_is_never_counted_as_a_success(said: bytes, result: Result) -> None:
    """P7, cases 45 and 46."""
    play = Play()
    play.post(said)
    with serving(play) as server:
        async with running(profile(server.url), patience=SHORT) as deck:
            await deck.known()
            verdict = await deck.verdict(deck.give(Verb.RESTART, "alert_mgr"))
            assert verdict.result is result
        assert len(server.posts) == 1


async def test_where_the_clusters_list_cannot_be_read_every_service_is_locked() -> None:
    """P8, case 43."""
    play = Play()
    play.get(OPTIONAL, answer(b"", 403))
    with serving(play) as server:
        async with running(profile(server.url)) as deck:
            await deck.good()
            await deck.until(lambda: deck.watch().facts.gaps)
            kind = kind_of("alert_mgr", deck.watch().facts.optional)
            assert kind is Kind.UNKNOWN
            seen = SeenService("alert_mgr", "RUNNING", kind)
            ruling = judge_order(Verb.STOP, [seen], deck.fleet.standing("node1"))
            assert (ruling.tier, ruling.allowed) == (Tier.LOCKED, False)
            assert "not known to be optional" in ruling.reason


async def test_a_service_that_is_optional_and_not_on_the_node_gets_no_order() -> None:
    """Case 43: the cluster's list names it, the node does not know it."""
    play = Play()
    with serving(play) as server:
        async with running(profile(server.url)) as deck:
            await deck.known()
            order = deck.order(Verb.RESTART, "alert_mgr")
            del play.services["alert_mgr"]
            deck.fleet.give(order)
            verdict = await deck.verdict(order)
            assert verdict.result is Result.NOT_SENT
            assert "not on the node any more" in verdict.text
        assert not server.posts


async def test_a_node_that_fell_silent_is_too_old_to_act_on_before_its_deadline_says_so() -> None:
    """P18, case 51: the age alone shuts, while the question is still open."""
    play = Play()
    with serving(play) as server:
        async with running(profile(server.url), refresh=0.1, timeout=8) as deck:
            await deck.known()
            play.get(LIST, Peer.hang)
            watch = deck.watch()
            await deck.until(lambda: (watch.reading.age(time.monotonic()) or 0) > watch.stale_after)
            assert watch.reading.trouble is None
            alert = SeenService("alert_mgr", "RUNNING", Kind.OPTIONAL)
            ruling = judge_order(Verb.RESTART, [alert], deck.fleet.standing("node1"))
            assert (ruling.tier, ruling.allowed) == (Tier.NEVER, False)
            assert "too old to act on" in ruling.reason
        assert not server.posts


async def test_what_carries_the_api_goes_away_and_comes_back_with_one_post_and_a_verdict() -> None:
    """P6, P16, case 47: the drop is expected, and only a later start time proves the restart."""
    play = Play()
    play.services["envoy"] = dict(play.services["alert_mgr"])

    def away(peer: Peer) -> None:
        play.restart("envoy")
        play.get(LIST, Peer.reset)
        peer.reset()

    play.post(away)
    with serving(play) as server:
        patience = Patience(steady=0.4, limit=6, same=2)
        async with running(profile(server.url), patience=patience) as deck:
            await deck.known()
            order = deck.give(Verb.RESTART, "envoy")
            await deck.until(lambda: deck.watch().reading.trouble is not None)
            play.heal(LIST)
            verdict = await deck.verdict(order)
            assert verdict.result is Result.VERIFIED
            assert "answer was lost" in verdict.text
        assert len(server.posts) == 1
