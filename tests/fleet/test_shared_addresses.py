"""Several nodes behind one address, as a balancer or a name with several addresses has them."""

import itertools
import threading
from collections.abc import Iterator

import pytest

from tests.faultserver import Peer, answer, serving
from tests.fleet.conftest import (
    BOOTSTRAP,
    LIST,
    OPTIONAL,
    Play,
    Running,
    profile,
    running,
    running_since,
    said,
)
from tui.fleet.orders.executor import NotAccepted
from tui.fleet.orders.guard import Refusal, judge_node
from tui.model.event import EventKind
from tui.model.order import Result, Verb

SERVICES = ("alert_mgr", "ccs", "cm_server", "cnm_exec")
UNEXPECTED = {EventKind.RESTARTED, EventKind.FLIPPED, EventKind.APPEARED, EventKind.VANISHED}
UNEXPECTED |= {EventKind.LOOPING, EventKind.ROLE}


class Balancer:
    """Passes every request to a node by turns, over one connection that stays open."""

    def __init__(self, turns: str, *, names: bool = True) -> None:
        self._plays = {"a": Play(1), "b": Play(2)}
        for letter, play in self._plays.items():
            began = 100 if letter == "a" else 900
            play.services = {name: running_since(began + at) for at, name in enumerate(SERVICES)}
            play.services["alert_mgr"] = running_since(7)  # the same on both
            if not names:
                play.get(BOOTSTRAP, answer("no", 500))
        self._turns: Iterator[str] = itertools.cycle(turns)
        self._lock = threading.Lock()

    def pass_over(self) -> None:
        """Pass the next request to the other node than the one whose turn it is."""
        next(self._turns)

    def __call__(self, peer: Peer) -> None:
        while (request := peer.read()) is not None:
            # What the cluster says is read beside, at any time, and must not shift the turns.
            with self._lock:
                is_turn = request.method == "POST" or request.path in (LIST, BOOTSTRAP)
                play = self._plays[next(self._turns) if is_turn else "a"]
            play.reply(peer, request)


def just_started(second: int) -> dict[str, str]:
    """Make a service that has just been started, by its node's clock."""
    return running_since(second) | {"uptime": "0:00:00"}


def unexpected(deck: Running) -> list[object]:
    return [one for one in deck.notes.events if one.kind in UNEXPECTED]


@pytest.mark.parametrize(
    ("turns", "names"),
    [
        ("aaab", True),
        ("aabba", True),
        ("aaaaaaabbbbbbb", True),
        ("aaab", False),
        ("aabab", False),
        ("aaaaaaabbbbbbb", False),
        ("bbbbbbbaaaaaaa", False),
    ],
)
async def test_nodes_that_answer_in_turn_are_a_trouble_and_not_events(
    turns: str, names: bool
) -> None:
    """P4: no "restarted, not sent from here", no crash loop, and no orders."""
    with serving(Balancer(turns, names=names)) as server:
        async with running(profile(server.url), refresh=0.02) as deck:
            await deck.until(lambda: "several nodes answer here in turn" in deck.watch().wrong_node)
            await deck.readings(20)
            assert "several nodes answer here in turn" in deck.watch().wrong_node
            assert unexpected(deck) == []
            ruling = judge_node(deck.fleet.standing("node1"))
            assert ruling is not None
            assert ruling.refusal is Refusal.TROUBLE
            with pytest.raises(NotAccepted, match="several nodes answer here in turn"):
                deck.give(Verb.RESTART, "alert_mgr")
        assert not server.posts


async def test_no_order_goes_through_a_balancer_that_passes_requests_by_turns() -> None:
    """P4: the polls see the services of one node and the uid of the other, always in step."""
    balancer = Balancer("ab")
    with serving(balancer) as server:
        async with running(profile(server.url), refresh=30) as deck:
            await deck.until(lambda: deck.watch().facts.optional is not None)
            assert deck.watch().wrong_node == ""
            for _ in range(2):
                verdict = await deck.verdict(deck.give(Verb.RESTART, "alert_mgr"))
                assert verdict.result is Result.NOT_SENT
                balancer.pass_over()
        assert not server.posts


async def test_a_node_that_was_rebooted_is_no_other_node() -> None:
    play = Play()
    play.services = {name: just_started(0) for name in ("alert_mgr", "ccs")}
    with serving(play) as server:
        async with running(profile(server.url), refresh=0.05) as deck:
            await deck.known()
            play.services = {name: just_started(60) for name in play.services}
            await deck.until(lambda: len(unexpected(deck)) == 2)
            await deck.readings(3)
            assert deck.watch().wrong_node == ""
            assert len(unexpected(deck)) == 2


async def test_what_restarts_at_every_reading_is_still_seen() -> None:
    play, seconds = Play(), itertools.count(1)

    def crash(peer: Peer) -> None:
        peer.send(said({name: just_started(next(seconds)) for name in SERVICES}))

    play.get(LIST, crash)
    with serving(play) as server:
        async with running(profile(server.url), refresh=0.05) as deck:
            await deck.until(
                lambda: any(one.kind is EventKind.LOOPING for one in deck.notes.events)
            )


async def test_what_was_learnt_of_a_cluster_goes_with_the_processes_that_reported_it() -> None:
    """P8: without a uid, the list of optional services is of the node that runs there now."""
    play = Play()
    play.services = {name: just_started(0) for name in SERVICES}
    play.get(BOOTSTRAP, answer("no", 500))
    with serving(play) as server:
        async with running(profile(server.url), refresh=0.2) as deck:
            await deck.known()
            play.get(OPTIONAL, said({"cm_server": {"operating_mode": "enabled"}}))
            before = deck.watch().reading.services
            play.services = {name: just_started(60) for name in SERVICES}
            await deck.until(lambda: deck.watch().reading.services != before)
            assert deck.watch().facts.optional in (None, {"cm_server"})
            await deck.until(lambda: deck.watch().facts.optional == {"cm_server"})
