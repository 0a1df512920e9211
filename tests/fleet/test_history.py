"""A fleet and its history: what one session saw, the next one knows."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.faultserver import answer, serving
from tests.fleet.conftest import BOOTSTRAP, LIST, Play, profile, profiles, running, said
from tui.history.reader import HistoryReader
from tui.history.recorder import HistoryRecorder
from tui.model.event import EventKind
from tui.model.service import Health
from tui.sim.server import SimulatedCluster


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
