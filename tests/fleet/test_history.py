"""A fleet and its history: what one session saw, the next one knows."""

import asyncio
import math
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from tests.faultserver import answer, serving
from tests.fleet.conftest import (
    BOOTSTRAP,
    LIST,
    PATIENCE,
    Play,
    Running,
    profile,
    profiles,
    running,
    said,
)
from tests.fleet.witness import Witness, child, records
from tui.fleet.fleet import _nodes_of
from tui.fleet.polling.poller import NodePoller
from tui.history.reader import HistoryReader
from tui.history.recorder import HistoryRecorder, WriteTimes
from tui.journal.order_journal import OrderJournal
from tui.journal.other_actions import OtherAction, OtherActions
from tui.metrics.collector import RestartCounter
from tui.model.clock import monotonic
from tui.model.event import EventKind
from tui.model.node import Identity
from tui.model.order import Result, Tier, Verb, Verdict
from tui.model.service import Health
from tui.sim.server import SimulatedCluster

QUICKLY = WriteTimes(every=0.05, soon=0.05)


class Reads(OtherActions):
    """Counts how often the journal was looked at."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.reads = 0

    async def read(self) -> tuple[OtherAction, ...]:
        self.reads += 1
        return await super().read()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "rsdeck"


@pytest.mark.parametrize("read_only", ["", "read-only: a test"])
async def test_a_session_that_follows_begins_with_what_happened_in_the_last(
    served: SimulatedCluster, folder: Path, read_only: str
) -> None:
    nodes = profiles(served)
    async with running(*nodes, history=HistoryRecorder(folder), read_only=read_only) as deck:
        await deck.good()
        served.cluster.stop(1, "alert_mgr")
        await deck.until(
            lambda: any(event.health_after is Health.DOWN for event in deck.notes.events)
        )
    async with running(*nodes, history=HistoryRecorder(folder), read_only=read_only) as deck:
        await deck.until(lambda: deck.fleet.history("node1", "alert_mgr"))
        await deck.good()
        served.cluster.stop(2, "ccs")
        await deck.until(lambda: deck.fleet.history("node2", "ccs"))
        events = [(one.node, one.service, one.kind) for one in deck.fleet.events if one.service]
        assert events[0] == ("node1", "alert_mgr", EventKind.FLIPPED)
        assert events[-1][:2] == ("node2", "ccs")
        ages = [one.at for one in deck.fleet.events]
        assert ages == sorted(ages)
        assert not [one for one in deck.notes.events if one.service == "alert_mgr"]
    assert {one.cluster for one in HistoryReader(folder).events(None)} == {"demo"}


async def test_a_day_shows_states_restarts_and_that_a_lost_node_was_not_watched(
    folder: Path,
) -> None:
    play = Play()
    with serving(play) as server:
        recorder = HistoryRecorder(folder)
        async with running(profile(server.url), history=recorder) as deck:
            await deck.good()
            play.restart("alert_mgr")
            await deck.until(lambda: deck.fleet.history("node1", "alert_mgr"))
            play.get(LIST, answer(status=503))
            await deck.until(lambda: deck.watch().reading.trouble)
            play.heal(LIST)
            await deck.good()
    day = HistoryReader(folder).day("node1", "alert_mgr", datetime.now(UTC))
    assert len(day.restarts) == 1
    assert {one.state.status for one in day.segments} == {"RUNNING"}
    assert any(
        first.ended < second.begun
        for first, second in zip(day.segments, day.segments[1:], strict=False)
    )
    kept = HistoryReader(folder).events(datetime.fromtimestamp(day.begun, UTC), node="node1")
    assert [event.what for event in kept].count("restarted") == 1


def kept_steps(folder: Path) -> list[tuple[str, str]]:
    """List the steps of actions in the history, each with the id of its action."""
    stored = HistoryReader(folder).events(None)
    return [(one.what, one.action) for one in stored if one.what in ("order", "verdict")]


def known_steps(deck: Running) -> list[tuple[str, str]]:
    """List the steps of actions in a deck's timeline, each with the id of its action."""
    steps = (EventKind.ORDERED, EventKind.VERDICT)
    return [(one.kind.value, one.action) for one in deck.fleet.events if one.kind in steps]


@pytest.mark.parametrize("is_deck_first", [True, False])
async def test_what_another_process_sends_stands_once_in_timeline_and_history(
    folder: Path, tmp_path: Path, *, is_deck_first: bool
) -> None:
    """A command holds the history itself where no deck had it before."""
    play = Witness(tmp_path)
    with serving(play) as server:
        node = profile(server.url)
        deck_has = HistoryRecorder(folder, times=QUICKLY), OtherActions(tmp_path)
        command_has = HistoryRecorder(folder, times=QUICKLY), OrderJournal(tmp_path)
        deck_runs = running(node, read_only="it looks", history=deck_has[0], elsewhere=deck_has[1])
        command_runs = running(node, history=command_has[0], journal=command_has[1])
        async with deck_runs if is_deck_first else command_runs as first:
            await first.until((folder / "history.lock").exists)
            await first.known()
            async with command_runs if is_deck_first else deck_runs as second:
                deck, command = (first, second) if is_deck_first else (second, first)
                await second.known()
                order = command.give(Verb.RESTART, "alert_mgr")
                assert (await command.verdict(order)).result is Result.VERIFIED
                await deck.until(lambda: len(known_steps(deck)) == 2)
                id_ = command.fleet.journal.id_of(order)
                steps = [("order", id_), ("verdict", id_)]
                assert known_steps(deck) == known_steps(command) == steps
                ages = [one.at for one in deck.fleet.events]
                assert ages == sorted(ages)
                assert [one.action for one in deck.notes.events if one.action] == [id_, id_]
                deck.fleet.refresh()
                await deck.readings(2)
                assert known_steps(deck) == steps
                counter = RestartCounter()
                for one in deck.fleet.events:
                    counter.event_happened(one)
                assert not counter.restarts
        assert kept_steps(folder) == steps
        # A session that follows begins with them, and finds nothing more in the journal.
        others = Reads(tmp_path)
        history = HistoryRecorder(folder)
        async with running(node, read_only="it looks", history=history, elsewhere=others) as deck:
            await deck.until(lambda: others.reads and known_steps(deck) == steps)
            assert not any(one.action for one in deck.notes.events)
    assert kept_steps(folder) == steps


async def test_an_action_that_changes_nothing_is_known_once_all_is_refreshed(
    folder: Path, tmp_path: Path
) -> None:
    play = Witness(tmp_path)
    with serving(play) as server:
        node, others = profile(server.url), Reads(tmp_path)
        history = HistoryRecorder(folder, times=QUICKLY)
        async with (
            running(node, read_only="it looks", history=history, elsewhere=others) as deck,
            running(node, journal=OrderJournal(tmp_path)) as command,
        ):
            await deck.known()
            await command.known()
            await deck.until(lambda: others.reads)
            deck.fleet.set_paused(True)
            play.post(lambda peer: peer.answer(status=400))
            verdict = await command.verdict(command.give(Verb.RESTART, "alert_mgr"))
            await command.until(lambda: records(tmp_path, "verdict"))
            deck.fleet.refresh()
            await deck.until(lambda: len(known_steps(deck)) == 2)
            ended = deck.fleet.events[-1]
            assert (ended.result, ended.is_problem) == (verdict.result, True)
    assert [what for what, _ in kept_steps(folder)] == ["order", "verdict"]


async def test_at_rest_the_journal_is_looked_at_no_more_than_what_surrounds_a_node(
    folder: Path, tmp_path: Path
) -> None:
    play, others = Play(), Reads(tmp_path)
    with serving(play) as server:
        history = HistoryRecorder(folder)
        async with running(profile(server.url), history=history, elsewhere=others) as deck:
            await deck.good()
            await deck.until(lambda: others.reads == 1)  # once the history is known
            deck.fleet._looked_elsewhere_at = math.inf  # however long the machine takes
            await deck.readings(5)
            assert others.reads == 1
            deck.fleet._looked_elsewhere_at = monotonic() - 30.0
            await deck.readings(1)
            await deck.until(lambda: others.reads == 2)


async def test_while_an_action_is_open_each_poll_of_its_node_looks_for_its_verdict(
    folder: Path, tmp_path: Path
) -> None:
    play, others, journal = Play(), Reads(tmp_path), OrderJournal(tmp_path)
    with serving(play) as server:
        node, history = profile(server.url), HistoryRecorder(folder)
        async with running(node, history=history, elsewhere=others) as deck:
            await deck.known()
            await deck.until(lambda: others.reads == 1)
            order = deck.order(Verb.RESTART, "alert_mgr")
            await journal.intend(order, Tier.TYPED, "admin")
            deck.fleet.look_elsewhere()
            await deck.until(lambda: len(known_steps(deck)) == 1)
            reads = others.reads
            deck.fleet._looked_elsewhere_at = math.inf
            await deck.readings(2)
            await deck.until(lambda: others.reads > reads)
            journal.judged(order, Verdict("alert_mgr", Result.TIMED_OUT, "still RUNNING"))
            journal.end()
            await deck.until(lambda: len(known_steps(deck)) == 2)
            await deck.readings(1)
            await deck.until(lambda: not deck.fleet._changes._is_reading)
            reads = others.reads
            deck.fleet._looked_elsewhere_at = math.inf
            await deck.readings(3)
            assert others.reads == reads


async def test_an_action_to_a_node_that_is_not_watched_is_kept_and_not_shown(
    folder: Path, tmp_path: Path
) -> None:
    play = Play()
    play.get(BOOTSTRAP, said({"local_node_info": {"uid": "2", "hostname": "host2"}}))
    with serving(Witness(tmp_path)) as server, serving(play) as another:
        node, others = profile(server.url, "their node", cluster="theirs"), OtherActions(tmp_path)
        history = HistoryRecorder(folder, times=QUICKLY)
        async with (
            running(profile(another.url), history=history, elsewhere=others) as deck,
            running(node, journal=OrderJournal(tmp_path)) as command,
        ):
            await deck.known()
            await command.known()
            await command.verdict(command.give(Verb.RESTART, "alert_mgr", node="their node"))
            await command.until(lambda: records(tmp_path, "verdict"))
            deck.fleet.refresh()
            await deck.until(lambda: len(kept_steps(folder)) == 2)
            assert known_steps(deck) == []
    assert {one.node for one in HistoryReader(folder).events(None) if one.action} == {"their node"}


async def test_an_action_whose_process_was_killed_is_kept_once_with_what_came_of_it(
    folder: Path, tmp_path: Path
) -> None:
    """The history was held by a deck that was killed as well: the journal alone has it."""
    play = Witness(tmp_path)
    with serving(play) as server:
        node = profile(server.url)
        never = replace(PATIENCE, steady=600.0, limit=600.0)
        async with running(node, journal=OrderJournal(tmp_path), patience=never) as killed:
            await killed.known()
            id_ = killed.fleet.journal.id_of(killed.give(Verb.RESTART, "alert_mgr"))
            await killed.until(lambda: records(tmp_path, "result"))
        for _ in range(2):
            journal = OrderJournal(tmp_path)
            others = OtherActions(tmp_path, journal.session)
            history = HistoryRecorder(folder, times=QUICKLY)
            async with running(node, history=history, journal=journal, elsewhere=others) as deck:
                await deck.until(lambda: len(known_steps(deck)) == 2)
                deck.fleet.refresh()
                await deck.readings(2)
                assert known_steps(deck) == [("order", id_), ("verdict", id_)]
                # That it was sent, before this session, is no news.
                assert not [one for one in deck.notes.events if one.kind is EventKind.ORDERED]
            assert kept_steps(folder) == [("order", id_), ("verdict", id_)]


@pytest.mark.real_time
async def test_an_action_is_kept_once_where_the_deck_with_the_history_is_killed_meanwhile(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "state"
    with serving(Witness(folder)) as server, child("deck", server, folder) as deck:
        assert (await asyncio.to_thread(deck.hears))["remark"] == ""
        history, node = HistoryRecorder(folder, times=QUICKLY), profile(server.url)
        patience = replace(PATIENCE, steady=0.0)
        journal = OrderJournal(folder)
        async with running(node, history=history, journal=journal, patience=patience) as command:
            await command.known()
            assert "another deck keeps the history" in history.remark
            order = command.give(Verb.RESTART, "alert_mgr")
            deck.kill()
            assert (await command.verdict(order)).result is Result.VERIFIED
            await command.until(lambda: not history.remark)
    id_ = journal.id_of(order)
    assert kept_steps(folder) == [("order", id_), ("verdict", id_)]


@pytest.mark.real_time
async def test_an_action_is_kept_once_where_the_command_is_killed_and_a_deck_goes_on(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "state"
    play = Witness(folder)
    with serving(play) as server, child("once", server, folder) as command:
        await asyncio.to_thread(command.hears)
        history, node = HistoryRecorder(folder, times=QUICKLY), profile(server.url)
        journal = OrderJournal(folder)
        others = OtherActions(folder, journal.session)
        async with running(node, history=history, journal=journal, elsewhere=others) as deck:
            await deck.known()
            command.tell()
            await deck.until(lambda: records(folder, "sent"))
            command.kill()
            await deck.until(lambda: any(one.action for one in deck.fleet.events))
            (intent,) = records(folder, "intent")
        steps = [("order", intent["id"]), ("verdict", intent["id"])]
        assert kept_steps(folder) in (steps[:1], steps)
        journal = OrderJournal(folder)
        others = OtherActions(folder, journal.session)
        history = HistoryRecorder(folder, times=QUICKLY)
        async with running(node, history=history, journal=journal, elsewhere=others) as deck:
            await deck.until(lambda: known_steps(deck) == steps)
    assert kept_steps(folder) == steps


async def test_what_another_node_answers_is_not_taken_for_this_ones(folder: Path) -> None:
    play = Play()
    with serving(play) as server:
        async with running(profile(server.url), history=HistoryRecorder(folder)) as deck:
            await deck.known()
            info = {"uid": "2", "hostname": "host2"}
            play.get(BOOTSTRAP, said({"local_node_info": info}))
            deck.fleet.refresh()
            await deck.until(lambda: deck.watch().wrong_node)
            before = deck.watch().reading.find("alert_mgr")
            play.restart("alert_mgr")
            await deck.until(lambda: deck.watch().reading.find("alert_mgr") != before)
            await deck.readings(2)
            assert deck.fleet.history("node1", "alert_mgr") == ()
    day = HistoryReader(folder).day("node1", "alert_mgr", datetime.now(UTC))
    assert day.restarts == ()


async def test_a_fleet_without_a_history_runs_all_the_same(served: SimulatedCluster) -> None:
    async with running(*profiles(served)) as deck:
        await deck.good()
        assert await deck.fleet.past.day("node1", "alert_mgr", "demo") is None


def test_the_nodes_of_actions_are_found_in_one_pass_over_both() -> None:
    """By address, or by uid in a cluster of a known name; a rollout elsewhere has many actions."""
    read: list[str] = []

    class Watched(SimpleNamespace):
        @property
        def identity(self) -> Identity:
            read.append(self.name)
            return self.who

    def watched(name: str, uid: int | None, cluster: str) -> NodePoller:
        who, of = Identity(uid, cluster=cluster), SimpleNamespace(url=f"https://{name}:9443")
        return cast(NodePoller, Watched(name=name, who=who, profile=of))

    def sent(id_: str, host: str, uid: int | None, cluster: str) -> OtherAction:
        made = SimpleNamespace(id=id_, url=f"https://{host}:9443", uid=uid, cluster=cluster)
        return cast(OtherAction, made)

    nodes = [watched("a", 1, "one"), watched("b", 1, "other"), watched("c", 2, "")]
    nodes.append(watched("d", None, "one"))
    found = _nodes_of(
        [
            sent("both", "a", 1, "one"),
            sent("uid", "10.0.0.1", 1, "other"),
            sent("two", "c", 1, "one"),
            sent("no name", "10.0.0.2", 2, ""),
            sent("no uid", "10.0.0.3", None, "one"),
        ],
        nodes,
    )
    assert found == {
        "both": ["a"], "uid": ["b"], "two": ["c", "a"], "no name": [], "no uid": [],
    }  # fmt: skip
    assert read == ["a", "b", "c", "d"]
