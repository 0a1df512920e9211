"""After a proxy was restarted, its verdict says how many endpoints are back."""

from dataclasses import replace

import pytest

from tests.faultserver import answer, serving
from tests.fleet.conftest import (
    PATIENCE,
    Play,
    Running,
    asked,
    profile,
    profiles,
    running,
    said,
)
from tests.fleet.plan_nodes import open_order
from tui.api.errors import LoginRefused
from tui.fleet.orders.executor import EndpointCount, _LiveOrder, count_endpoints, databases_on
from tui.fleet.orders.verdict import OrderEvidence
from tui.model.clock import monotonic
from tui.model.context import ClusterContext, Database, Endpoint, Known
from tui.model.order import AnswerOutcome, OrderAnswer, OrderPhase, Result, Tier, Verb, Verdict
from tui.sim.server import SimulatedCluster

AVAILABILITY = "/v1/local/bdbs/{}/endpoint/availability"


@pytest.mark.parametrize(
    ("count", "text", "is_settled"),
    [
        (EndpointCount(5), "5 of 5 endpoints back", True),
        (EndpointCount(1), "1 of 1 endpoint back", True),
        (EndpointCount(3, 2), "3 of 5 endpoints back", False),
        (EndpointCount(4, 0, 1), "4 of 4 endpoints back, 1 not on this node now", True),
        (EndpointCount(2, gap="403"), "2 of 2 endpoints back, endpoints not known: 403", False),
        (EndpointCount(gap="timed out"), "endpoints not known: timed out", False),
    ],
)
def test_a_count_of_endpoints_in_words(count: EndpointCount, text: str, is_settled: bool) -> None:
    assert (str(count), count.is_settled) == (text, is_settled)


def test_only_the_databases_with_an_endpoint_on_the_node_are_waited_for() -> None:
    def database(uid: int, nodes: frozenset[int] | None) -> Database:
        return Database(uid, endpoints=(Endpoint(f"{uid}:1", nodes=nodes),))

    listed = (database(1, frozenset({1, 2})), database(2, frozenset({2})), database(3, None))
    known = ClusterContext(databases=Known((*listed, Database(4)), gap=""))
    assert databases_on(known, 1) == (1,)
    assert databases_on(known, None) == ()
    assert databases_on(ClusterContext(), 1) == ()


AWAY = answer("", 404)
LACKING = answer('{"error_code": "bdb_endpoint_unavailable"}', 503)


@pytest.mark.parametrize(
    ("answers", "count"),
    [
        ([], EndpointCount()),
        ([said({}), LACKING, said({})], EndpointCount(2, 1)),
        ([said({}), AWAY, AWAY], EndpointCount(1, 0, 2)),
        ([AWAY, AWAY], EndpointCount(gap="not reported")),
        ([AWAY, answer("", 403)], EndpointCount(gap="403")),
        ([answer("", 403), answer("", 500), said({})], EndpointCount(1, gap="403")),
    ],
)
async def test_endpoints_are_counted_by_what_the_node_answers_for_each(
    answers: list[bytes], count: EndpointCount
) -> None:
    """A version without the call answers as a node without the endpoint does."""
    play = Play()
    for uid, reply in enumerate(answers):
        play.get(AVAILABILITY.format(uid), reply)
    with serving(play) as server:
        async with running(profile(server.url)) as deck, deck.watch().hold() as client:
            assert await count_endpoints(client, range(len(answers))) == count


async def test_a_login_that_is_refused_at_an_endpoint_is_tried_at_no_other() -> None:
    """P24: each try with it would count as a failed login."""
    play = Play()
    play.get(AVAILABILITY.format(1), answer("", 401))
    with serving(play) as server:
        async with running(profile(server.url)) as deck:
            with pytest.raises(LoginRefused):
                async with deck.watch().hold() as client:
                    await count_endpoints(client, (1, 2))
        assert AVAILABILITY.format(2) not in [one.path for one in server.asked]


async def restart(deck: Running, *services: str) -> tuple[int, dict[str, Verdict]]:
    """Restart services of node1; gives how many endpoints it has, and the verdicts by service."""
    await deck.known()
    context = await deck.fleet.read_context("node1")
    here = databases_on(context, 1)
    assert len(here) > 1
    order = deck.give(Verb.RESTART, *services)
    verdicts = await deck.verdicts(order)
    return len(here), {verdict.service: verdict for verdict in verdicts}


async def test_a_restarted_proxy_is_verified_once_its_endpoints_are_back(
    served: SimulatedCluster,
) -> None:
    async with running(*profiles(served)) as deck:
        count, verdicts = await restart(deck, "dmcproxy")
        verdict = verdicts["dmcproxy"]
        assert verdict.result is Result.VERIFIED
        assert not verdict.is_partial
        assert verdict.text.endswith(f"; {count} of {count} endpoints back")
        read = [one.path for one in served.cluster.requests if "availability" in one.path]
        assert {one.uid for one in served.cluster.requests if one.path in read} == {1}


async def test_an_endpoint_that_comes_back_late_is_waited_for(served: SimulatedCluster) -> None:
    late = AVAILABILITY.format(1)
    served.cluster.fail_call(late, 503, b'{"error_code": "bdb_endpoint_unavailable"}')
    async with running(*profiles(served), patience=replace(PATIENCE, endpoints=60)) as deck:
        await deck.known()
        count = len(databases_on(await deck.fleet.read_context("node1"), 1))
        order = deck.give(Verb.RESTART, "dmcproxy")
        await deck.until(lambda: len(asked(served, late)) >= 3, 15)
        progress = deck.fleet.orders.progress[order.number]
        assert progress.phase is OrderPhase.WATCHING
        assert progress.text == "dmcproxy runs, waiting for its endpoints"
        served.cluster.heal_call(late)
        verdict = await deck.verdict(order)
    assert not verdict.is_partial
    assert verdict.text.endswith(f"; {count} of {count} endpoints back")


@pytest.mark.real_time
async def test_an_endpoint_that_does_not_come_back_is_said_and_nothing_waits_for_ever(
    served: SimulatedCluster,
) -> None:
    body = b'{"error_code": "bdb_endpoint_unavailable"}'
    served.cluster.fail_call(AVAILABILITY.format(1), 503, body)
    async with running(*profiles(served), patience=replace(PATIENCE, endpoints=0.5)) as deck:
        count, verdicts = await restart(deck, "dmcproxy")
        verdict = verdicts["dmcproxy"]
        assert (verdict.result, verdict.is_partial) == (Result.VERIFIED, True)
        assert verdict.text.endswith(f"; {count - 1} of {count} endpoints back")


async def test_a_login_that_may_not_see_the_endpoints_is_not_an_endpoint_that_is_missing(
    served: SimulatedCluster,
) -> None:
    for uid in range(1, 9):
        served.cluster.fail_call(AVAILABILITY.format(uid), 403, b"")
    async with running(*profiles(served), patience=replace(PATIENCE, endpoints=0.2)) as deck:
        _, verdicts = await restart(deck, "dmcproxy")
        verdict = verdicts["dmcproxy"]
        assert verdict.text.endswith("; endpoints not known: 403")
        assert not verdict.is_partial


@pytest.mark.parametrize(
    ("is_stopped", "gap"), [(True, "the password was refused"), (False, "401")]
)
async def test_a_login_that_ends_before_the_endpoints_are_read_leaves_them_unknown(
    is_stopped: bool, gap: str
) -> None:
    play = Play()
    play.get(AVAILABILITY.format(1), answer("", 401))
    with serving(play) as server:
        async with running(profile(server.url), paused=True) as deck:
            watch, order = deck.watch(), open_order(Verb.RESTART, "dmcproxy")
            live = _LiveOrder(order, watch, watch, Tier.TYPED, OrderEvidence(order), (1,))
            if is_stopped:
                watch.login.stop("the password was refused", refused=True)
            held = Verdict("dmcproxy", Result.VERIFIED, "stable")
            await deck.fleet.orders._judge_endpoints(live, held)
            assert watch.login.refused
    text = f"stable; endpoints not known: {gap}"
    assert live.verdicts == {"dmcproxy": replace(held, text=text)}


async def test_a_verdict_that_waited_for_endpoints_is_not_given_after_a_worse_one() -> None:
    """P7: else a proxy that went away again would be verified once its endpoints are back."""
    with serving(Play()) as server:
        async with running(profile(server.url)) as deck:
            watch, order = deck.watch(), open_order(Verb.RESTART, "dmcproxy")
            evidence = OrderEvidence(order)
            evidence.sent_at, evidence.answer = (
                monotonic() - 3600,
                OrderAnswer(AnswerOutcome.ACCEPTED, "", 0.1),
            )
            live = _LiveOrder(order, watch, watch, Tier.TYPED, evidence, (1,))
            live.held = Verdict("dmcproxy", Result.VERIFIED, "stable")
            deck.fleet.orders._judge(live)
    assert live.verdicts["dmcproxy"].result is Result.UNKNOWN
    assert live.held is None


@pytest.mark.real_time
async def test_a_stopped_proxy_and_one_without_known_databases_wait_for_no_endpoints(
    served: SimulatedCluster,
) -> None:
    async with running(*profiles(served), patience=replace(PATIENCE, endpoints=60)) as deck:
        await deck.known()
        (unread,) = await deck.verdicts(deck.give(Verb.RESTART, "dmcproxy", node="node2"))
        assert unread.text.endswith("stable for 0 s")
        assert databases_on(await deck.fleet.read_context("node1"), 1)
        (stopped,) = await deck.verdicts(deck.give(Verb.STOP, "dmcproxy"))
        assert (stopped.result, stopped.is_partial) == (Result.VERIFIED, False)
        assert "endpoint" not in stopped.text


async def test_a_service_that_carries_no_client_is_not_asked_for_endpoints(
    served: SimulatedCluster,
) -> None:
    async with running(*profiles(served)) as deck:
        _, verdicts = await restart(deck, "alert_mgr")
        assert "endpoint" not in verdicts["alert_mgr"].text
        progress = deck.fleet.orders.progress[1]
        assert progress.phase is OrderPhase.ENDED
    assert not any("availability" in one.path for one in served.cluster.requests)
