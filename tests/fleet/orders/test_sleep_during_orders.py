"""The machine sleeps while an action is carried out: the node had none of that time."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faultserver import Peer, answer, serving
from tests.fleet.conftest import (
    LIST,
    PATIENCE,
    Play,
    Sleep,
    asked,
    posts,
    profile,
    profiles,
    running,
    said,
)
from tui.fleet.orders.executor import databases_on
from tui.journal.order_journal import OrderJournal
from tui.model.order import OrderPhase, OrderProgress, Result, Verb
from tui.sim.server import SimulatedCluster

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="CLOCK_BOOTTIME is Linux's")


async def test_a_restart_that_the_machine_slept_through_has_as_long_to_show_itself_as_any(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else the first reading after waking, hours after the POST, would show that it did nothing."""
    sleep, play, readings = Sleep(monkeypatch), Play(), 0

    def take(peer: Peer) -> None:
        sleep.asleep += 7210
        peer.send(answer('{"alert_mgr": true}'))

    def show(peer: Peer) -> None:
        nonlocal readings
        readings += bool(peer.server.posts)
        if readings == 3:
            play.restart()
        peer.send(said(play.services))

    play.post(take)
    play.get(LIST, show)
    with serving(play) as server:
        async with running(profile(server.url), patience=replace(PATIENCE, same=30)) as deck:
            await deck.known()
            verdict = await deck.verdict(deck.give(Verb.RESTART, "alert_mgr"))
    assert verdict.result is Result.VERIFIED


async def test_a_sleep_before_an_action_gives_the_node_no_more_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sleep, play = Sleep(monkeypatch), Play()
    sleep.asleep = 7210
    play.post(answer('{"alert_mgr": true}'))
    with serving(play) as server:
        async with running(profile(server.url)) as deck:
            await deck.known()
            verdict = await deck.verdict(deck.give(Verb.RESTART, "alert_mgr"))
    assert verdict.result is Result.NOT_RESTARTED


async def test_endpoints_that_the_machine_slept_through_have_as_long_to_come_back_as_any(
    served: SimulatedCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleep, late = Sleep(monkeypatch), "/v1/local/bdbs/1/endpoint/availability"
    served.cluster.fail_call(late, 503, b'{"error_code": "bdb_endpoint_unavailable"}')
    async with running(*profiles(served), patience=replace(PATIENCE, endpoints=60)) as deck:
        await deck.known()
        count = len(databases_on(await deck.fleet.read_context("node1"), 1))
        order = deck.give(Verb.RESTART, "dmcproxy")
        await deck.until(lambda: asked(served, late))
        sleep.asleep += 7210
        before = len(asked(served, late))
        await deck.until(
            lambda: (
                len(asked(served, late)) > before + 1
                or not deck.fleet.orders.progress[order.number].is_open
            )
        )
        served.cluster.heal_call(late)
        verdict = await deck.verdict(order)
    back = f"; {count} of {count} endpoints back; this machine slept for 2 h while it was watched"
    assert verdict.text.endswith(back)


async def test_an_action_is_not_sent_where_the_machine_slept_between_its_record_and_its_leaving(
    served: SimulatedCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wait for a password or a token lies between them. It is recorded as not sent."""
    sleep, state = Sleep(monkeypatch), tmp_path / "state"
    async with running(profiles(served)[0], journal=OrderJournal(state)) as deck:
        await deck.known()

        def doze(progress: OrderProgress) -> None:
            if progress.phase is OrderPhase.SENDING:
                sleep.asleep += 7210

        monkeypatch.setattr(deck.notes, "order_moved", doze)
        verdict = await deck.verdict(deck.give(Verb.RESTART, "alert_mgr"))
        assert verdict.result is Result.NOT_SENT
        assert (
            verdict.text
            == "this machine slept for 2 h before the action was sent; nothing was sent"
        )
        assert not posts(served)

        def written() -> str:
            return "".join(path.read_text() for path in state.rglob("*.jsonl"))

        await deck.until(lambda: verdict.text in written())  # it is written after it is shown
        assert '"sent"' not in written()
        await deck.readings(1)
        assert deck.watch().reading.is_good
