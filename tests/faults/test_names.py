"""Faults of names: they hang, they flip, they go round, and no order ends at another node."""

import asyncio
import time
from dataclasses import replace

import pytest

from tests.faults.conftest import Names
from tests.faultserver import Peer, answer, serving, wait_until
from tests.fleet.conftest import (
    BOOTSTRAP,
    LIST,
    PATIENCE,
    Play,
    asked,
    profile,
    running,
    running_since,
    said,
)
from tui.fleet.orders.guard import judge_order
from tui.model.order import Result, Route, SeenService, Tier, Verb
from tui.model.service import Kind
from tui.sim.server import SimulatedCluster

ALERT = SeenService("alert_mgr", "RUNNING", Kind.OPTIONAL)
NAME = "cluster.example"


@pytest.mark.real_time
async def test_twelve_names_that_hang_delay_no_node_and_not_the_end(
    resolver: Names, served: SimulatedCluster
) -> None:
    """P15, case 27: and each says that its name was what hung."""
    dead = [profile(f"https://n{n}.hang:9443", f"dead{n}", username=f"u{n}") for n in range(12)]
    healthy = profile(f"http://localhost:{served.urls[1].rpartition(':')[2]}", "node1")
    async with running(*dead, healthy, refresh=0.1, timeout=0.5) as deck:
        await deck.good("node1")
        before = len(asked(served, "/v1/local/services"))
        await deck.until(lambda: len(asked(served, "/v1/local/services")) >= before + 8, 20)
        await deck.until(lambda: all(deck.watch(one.name).reading.trouble for one in dead))
        for one in dead:
            trouble = deck.watch(one.name).reading.trouble
            assert trouble is not None
            assert "while its name was looked up" in trouble.text
        ending = time.monotonic()
    assert time.monotonic() - ending < 20  # names hang for 30 s


async def test_a_name_that_points_elsewhere_in_mid_session_bars_orders(resolver: Names) -> None:
    """P4, case 27: "the name now answers as another node"."""
    first, second = Play(1), Play(2)
    resolver.point(NAME, "127.0.0.1")
    with serving(first) as one, serving(second, host="127.0.0.2", port=one.port) as other:
        async with running(profile(f"http://{NAME}:{one.port}")) as deck:
            await deck.known()
            assert deck.watch().facts.identity.uid == 1
            resolver.point(NAME, "127.0.0.2")
            one.__exit__()
            deck.watch().refresh_now()
            await deck.until(lambda: other.asked)
            deck.watch().refresh_now()
            await deck.until(lambda: deck.watch().wrong_node)
            ruling = judge_order(Verb.RESTART, [ALERT], deck.fleet.standing("node1"))
            assert (ruling.tier, ruling.allowed) == (Tier.NEVER, False)
            assert "node:2" in ruling.reason
        assert not one.posts + other.posts


async def test_an_order_to_a_name_that_goes_round_reaches_the_node_that_was_meant_or_none(
    resolver: Names,
) -> None:
    """P4, P6, case 27: the POST leaves on the connection that the check went over."""
    plays = {f"127.0.0.{uid}": Play(uid) for uid in (1, 2, 3)}
    resolver.point(NAME, "127.0.0.1")
    with serving(plays["127.0.0.1"]) as one:
        port = one.port
        with (
            serving(plays["127.0.0.2"], host="127.0.0.2", port=port) as two,
            serving(plays["127.0.0.3"], host="127.0.0.3", port=port) as three,
        ):
            # Whatever the order does, every new connection leads to the next node.
            async with running(profile(f"http://{NAME}:{port}"), patience=PATIENCE) as deck:
                await deck.known()
                resolver.point(NAME, *["127.0.0.2", "127.0.0.3"] * 50)
                one.__exit__()
                await asyncio.to_thread(wait_until, lambda: one.ended == one.connections)
                verdict = await deck.verdict(deck.give(Verb.RESTART, "alert_mgr"))
                assert verdict.result is Result.NOT_SENT
                assert "nothing was sent" in verdict.text
            assert not one.posts + two.posts + three.posts


@pytest.mark.parametrize(
    ("verb", "status"), [(Verb.RESTART, running_since(0)), (Verb.START, {"status": "STOPPED"})]
)
async def test_without_a_uid_an_order_to_a_name_that_moved_is_not_sent(
    resolver: Names, verb: Verb, status: dict[str, str]
) -> None:
    """P4, case 27: the service looks the same on both nodes, the connection does not."""
    first, second = Play(), Play()
    for play in (first, second):
        play.get(BOOTSTRAP, answer("no", 500))
        play.services["alert_mgr"] = status
    resolver.point(NAME, "127.0.0.1")
    with serving(first) as one, serving(second, host="127.0.0.2", port=one.port) as other:
        async with running(profile(f"http://{NAME}:{one.port}"), refresh=30) as deck:
            await deck.known()
            assert deck.watch().identity.uid is None
            order = deck.order(verb, "alert_mgr")
            resolver.point(NAME, "127.0.0.2")
            one.__exit__()
            await asyncio.to_thread(wait_until, lambda: one.ended == one.connections)
            deck.fleet.unlocked = True
            deck.fleet.give(order)
            verdict = await deck.verdict(order)
            assert verdict.result is Result.NOT_SENT
            assert f"the connection leads to 127.0.0.2:{one.port} now" in verdict.text
        assert not one.posts + other.posts


@pytest.mark.real_time
async def test_without_a_uid_what_answers_elsewhere_settles_no_lost_order(resolver: Names) -> None:
    """P4, P7: the name leads to another node by the time that something answers there again."""
    first, second = Play(), Play()
    for play in (first, second):
        play.get(BOOTSTRAP, answer("no", 500))
    second.services["alert_mgr"] = {"status": "STOPPED"}

    def accept(peer: Peer) -> None:
        first.services["alert_mgr"] = {"status": "STOPPING"}
        peer.send(said({"alert_mgr": True}))

    first.post(accept)
    patience = replace(PATIENCE, limit=0.6, unseen=0.3)
    resolver.point(NAME, "127.0.0.1")
    with serving(first) as one, serving(second, host="127.0.0.2", port=one.port):
        node = profile(f"http://{NAME}:{one.port}")
        async with running(node, timeout=0.3, patience=patience) as deck:
            await deck.known()
            order = deck.give(Verb.STOP, "alert_mgr")
            await deck.until(lambda: deck.watch().reading.find("alert_mgr").status == "STOPPING")
            first.get(LIST, Peer.hang)
            assert (await deck.verdict(order)).result is Result.UNKNOWN
            resolver.point(NAME, "127.0.0.2")
            one.__exit__()
            await deck.until(lambda: deck.watch().evidence.origin.peer.startswith("127.0.0.2"), 15)
            await deck.readings(2)
            progress = deck.fleet.orders.progress
            assert progress[order.number].verdicts[0].result is Result.UNKNOWN


async def test_by_way_of_another_node_the_name_of_the_one_that_is_meant_may_not_move(
    resolver: Names,
) -> None:
    """P4: the POST would reach the same primary, and nobody knows what was looked at."""
    first, moved, second = Play(1), Play(1), Play(2)
    resolver.point(NAME, "127.0.0.1")
    with (
        serving(first) as one,
        serving(moved, host="127.0.0.3", port=one.port) as other,
        serving(second) as two,
    ):
        nodes = (
            profile(f"http://{NAME}:{one.port}", cluster="x"),
            profile(two.url, "node2", cluster="x"),
        )
        async with running(*nodes, refresh=30) as deck:
            await deck.known()
            route = Route("node2", two.url, Route.PRIMARY)
            order = deck.order(Verb.RESTART, "alert_mgr", route=route)
            resolver.point(NAME, "127.0.0.3")
            one.__exit__()
            await asyncio.to_thread(wait_until, lambda: one.ended == one.connections)
            deck.fleet.give(order)
            verdict = await deck.verdict(order)
            assert verdict.result is Result.NOT_SENT
            assert f"the connection leads to 127.0.0.3:{one.port} now" in verdict.text
        assert not one.posts + other.posts + two.posts
