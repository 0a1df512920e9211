"""What left is not forgotten, however a deck ends, and two decks do not cross each other.

P6, P7, P21, cases 44, 48 and 49.
"""

import os
import random
import re
import signal
import time
from pathlib import Path

import pytest

from tests.faultserver import FaultServer, Peer, answer, serving
from tests.fleet.conftest import LIST, Play, profile, running, said
from tests.fleet.order_process import QUICK
from tests.fleet.witness import Witness, child, records, until
from tui.journal.chain import check_chain
from tui.journal.journal_file import JournalFile
from tui.journal.order_journal import OrderJournal
from tui.model.event import OrderEnded
from tui.model.order import OrderPhase, Result, Verb

KILLS = 12

pytestmark = pytest.mark.real_time


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "rsdeck"


# After a crash


async def after_a_kill(folder: Path, play: Play, server: FaultServer) -> None:
    """Kill a deck between an order and its answer."""
    play.post(Peer.hang)
    with child("once", server, folder) as deck:
        deck.hears()
        deck.tell()
        until(lambda: server.posts and records(folder, "sent"))
        deck.process.send_signal(signal.SIGKILL)
        deck.process.wait(10)
    assert not records(folder, "verdict", "session_end")


@pytest.mark.parametrize("happened", [True, False])
async def test_an_order_killed_before_its_answer_is_unknown_until_its_node_is_seen(
    folder: Path, happened: bool
) -> None:
    play = Play()
    with serving(play) as server:
        await after_a_kill(folder, play, server)
        play.get(LIST, answer("no", 503))
        async with running(profile(server.url), journal=OrderJournal(folder)) as deck:
            progress = deck.fleet.orders.progress
            await deck.until(lambda: progress)
            shown = progress[0]
            assert shown.phase is OrderPhase.ENDED
            (verdict,) = shown.verdicts
            assert verdict.result is Result.UNKNOWN
            assert verdict.text.startswith("from an earlier session, ")
            assert "it was sent, and its answer never seen" in verdict.text
            await deck.readings(2)
            assert progress[0] is shown
            assert shown.unsettled == {"alert_mgr"}
            if happened:
                play.restart()
            play.heal(LIST) if ("GET", LIST) in Play().answers else play.answers.pop(("GET", LIST))
            await deck.until(lambda: progress[0].verdicts[0].result is not Result.UNKNOWN, 15)
            (verdict,) = progress[0].verdicts
            assert verdict.result is (Result.VERIFIED if happened else Result.NOT_RESTARTED)
            assert deck.fleet.orders.next_number() == 1
            details = (event.details for event in deck.notes.events)
            ended = [one.result for one in details if isinstance(one, OrderEnded)]
            assert ended == [verdict.result]
        (resolved,) = records(folder, "resolved")
        assert resolved["id"] == records(folder, "intent")[0]["id"]
        assert (resolved["by"], resolved["status"]) == ("first good reading", "RUNNING")
        async with running(profile(server.url), journal=OrderJournal(folder)) as deck:
            await deck.known()
            await deck.readings(2)
            assert not deck.fleet.orders.progress
    assert len(server.posts) == 1
    assert check_chain(JournalFile(folder).lines()).broken_at is None


async def test_leaving_with_an_order_open_leaves_it_unknown_for_the_next_session(
    folder: Path,
) -> None:
    play = Play()
    play.post(Peer.hang)
    with serving(play) as server:
        async with running(profile(server.url), timeout=5, journal=OrderJournal(folder)) as deck:
            await deck.known()
            deck.give(Verb.RESTART, "alert_mgr")
            await deck.until(lambda: server.posts)
        assert [one["kind"] for one in records(folder)][-1] == "session_end"
        async with running(profile(server.url), journal=OrderJournal(folder)) as deck:
            await deck.until(lambda: records(folder, "resolved"))
            (verdict,) = deck.fleet.orders.progress[0].verdicts
            assert verdict.result is Result.NOT_RESTARTED


async def test_what_was_refused_before_a_crash_is_not_verified_by_what_the_node_shows_later(
    folder: Path,
) -> None:
    """P7, case 48: killed between the record of the refusal and that of the verdict."""
    play = Play()
    play.post(answer("no", 400))
    with serving(play) as server:
        async with running(profile(server.url), journal=OrderJournal(folder)) as deck:
            await deck.known()
            await deck.verdict(deck.give(Verb.STOP, "alert_mgr"))
        forget_after(folder, "result")
        play.services["alert_mgr"] = {"status": "STOPPED"}
        async with running(profile(server.url), journal=OrderJournal(folder)) as deck:
            await deck.until(lambda: records(folder, "resolved"))
            await deck.known()
            (verdict,) = deck.fleet.orders.progress[0].verdicts
            assert verdict.result is Result.REFUSED
            assert "the node refused it" in verdict.text
        (resolved,) = records(folder, "resolved")
        assert resolved["result"] == "refused"
        assert await OrderJournal(folder).begin() == ()


@pytest.mark.parametrize("happened", [True, False])
async def test_what_failed_before_a_crash_is_decided_by_what_the_node_shows(
    happened: bool, folder: Path
) -> None:
    """P7, cases 45 and 48: false does not say that nothing happened."""
    play = Play()
    play.post(said({"alert_mgr": False}))
    with serving(play) as server:
        async with running(profile(server.url), journal=OrderJournal(folder)) as deck:
            await deck.known()
            await deck.verdict(deck.give(Verb.STOP, "alert_mgr"))
        forget_after(folder, "result")
        if happened:
            play.services["alert_mgr"] = {"status": "STOPPED"}
        async with running(profile(server.url), journal=OrderJournal(folder)) as deck:
            await deck.until(lambda: records(folder, "resolved"))
            (verdict,) = deck.fleet.orders.progress[0].verdicts
            assert verdict.result is (Result.VERIFIED if happened else Result.FAILED)
            assert verdict.is_denied
            assert verdict.text.endswith("the node reported failure")


def forget_after(folder: Path, kind: str) -> None:
    """Leave of the journal what a crash right after a record leaves."""
    path = folder / "journal.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    last = max(no for no, line in enumerate(lines) if f'"kind":"{kind}"'.encode() in line)
    path.write_bytes(b"".join(lines[: last + 1]))


async def test_another_node_under_the_address_resolves_nothing(folder: Path) -> None:
    play = Play()
    with serving(play) as server:
        await after_a_kill(folder, play, server)
        other = Play(2)
        with serving(other) as elsewhere:
            async with running(profile(elsewhere.url), journal=OrderJournal(folder)) as deck:
                await deck.known()
                await deck.until(lambda: deck.fleet.orders.progress)
                await deck.readings(2)
                assert deck.fleet.orders.progress[0].verdicts[0].result is Result.UNKNOWN
    assert not records(folder, "resolved")


def test_however_often_a_deck_is_killed_no_post_is_without_its_intent(folder: Path) -> None:
    play = Witness(folder)
    rng = random.Random(7)
    with serving(play) as server, child("forks", server, folder) as nursery:
        assert nursery.hears() == "ready"
        for _ in range(KILLS):
            before = len(server.posts)
            nursery.tell()
            pid = nursery.hears()
            if rng.random() < 0.8:
                until(lambda n=before: len(server.posts) > n)
            time.sleep(rng.random() * 0.25)
            os.kill(pid, signal.SIGKILL)
            assert nursery.hears()["signal"] == signal.SIGKILL
    assert len(server.posts) >= KILLS * 0.7
    assert play.unrecorded == 0
    intents = [one["id"] for one in records(folder, "intent")]
    assert len(intents) == len(set(intents)) >= len(server.posts)
    assert check_chain(JournalFile(folder).lines()).broken_at is None


# Two decks


async def test_two_decks_on_one_node_send_one_order_and_the_other_names_the_holder(
    folder: Path,
) -> None:
    play = Play()
    play.post(Peer.hang)
    with serving(play) as server, child("once", server, folder) as first:
        pid = first.hears()["ready"]
        async with running(
            profile(server.url), patience=QUICK, journal=OrderJournal(folder)
        ) as deck:
            await deck.known()
            first.tell()
            await deck.until(lambda: server.posts)
            verdict = await deck.verdict(deck.give(Verb.RESTART, "alert_mgr"))
            assert verdict.result is Result.NOT_SENT
            assert re.fullmatch(
                r"another rsdeck has an action open on node1 "
                rf"\(user \S+, pid {pid}, for \d s\); nothing was sent",
                verdict.text,
            )
            assert len(server.posts) == 1
            await deck.until(lambda: records(folder, "refused"))
            (refused,) = records(folder, "refused")
            assert f"pid {pid}" in refused["why"]
            # A deck that begins meanwhile does not take that order for a forgotten one.
            assert await OrderJournal(folder).begin() == ()
            first.kill()
            (left,) = await OrderJournal(folder).begin()
            assert left.order.names == ("alert_mgr",)
            play.post(lambda peer: (play.restart(), peer.answer('{"alert_mgr": true}'))[0])
            await deck.good()
            order = deck.give(Verb.RESTART, "alert_mgr")
            assert (await deck.verdict(order)).result is Result.VERIFIED
    assert len(server.posts) == 2
