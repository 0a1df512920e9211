"""The clusters' own logs stand in the timeline between the events seen from here."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from tests.fleet.conftest import profiles, running
from tui.fleet.cluster_log import MergedEvents
from tui.fleet.protocols import NullHistory
from tui.model.clock import monotonic
from tui.model.event import Event, EventKind, TimeWithoutData
from tui.sim.server import SimulatedCluster


async def test_a_clusters_log_is_merged_once_however_many_of_its_nodes_are_watched(
    served: SimulatedCluster,
) -> None:
    async with running(*profiles(served)) as deck:
        await deck.known()
        merged = MergedEvents(deck.fleet)
        await deck.fleet.read_context("node1")
        served.cluster.stop(2, "alert_mgr")
        await deck.until(lambda: any(one.service == "alert_mgr" for one in deck.fleet.events))
        log = deck.fleet.context("node1").log.value
        assert log
        events = merged.now()
        entries = [one for one in events if one.kind is EventKind.CLUSTER]
        assert len(entries) == len(log)
        assert len(events) == len(entries) + len(deck.fleet.events)
        assert [one.on for one in events] == sorted(one.on for one in events)


async def test_an_entry_is_of_its_node_and_stays_the_same_event(served: SimulatedCluster) -> None:
    async with running(*profiles(served)) as deck:
        await deck.known()
        merged = MergedEvents(deck.fleet)
        await deck.fleet.read_context("node1")
        before = [one for one in merged.now() if one.kind is EventKind.CLUSTER]
        served.cluster.contents.raise_alert("node_memory", "CRITICAL", 2)
        await deck.fleet.read_context("node1")
        after = [one for one in merged.now() if one.kind is EventKind.CLUSTER]
        assert len(after) == len(before) + 1
        assert all(any(old is new for new in after) for old in before)
        (alert,) = [one for one in after if one.is_problem]
        assert alert.node == "node2"
        assert alert.at <= max(one.at for one in after)
        assert {one.node for one in after} <= {"node1", "node2", "node3", "demo"}


async def test_nothing_is_put_together_again_where_nothing_is_new(
    served: SimulatedCluster,
) -> None:
    async with running(*profiles(served)) as deck:
        await deck.known()
        merged = MergedEvents(deck.fleet)
        assert merged.now() is merged.now()


class Unwatched(NullHistory):
    """A history with times without data, which makes new events of them each time."""

    def __init__(self, *hours_ago: float) -> None:
        self.on = datetime.now(UTC)
        self.hours_ago = list(hours_ago)

    async def gaps(self) -> Sequence[Event]:
        begun = [self.on - timedelta(hours=one) for one in self.hours_ago]
        return [
            Event("", TimeWithoutData(one, one + timedelta(minutes=5)), monotonic(), one)
            for one in begun
        ]


async def test_times_without_data_stand_among_the_events_once_they_are_read(
    served: SimulatedCluster,
) -> None:
    history = Unwatched(3, 1)
    async with running(*profiles(served), history=history) as deck:
        await deck.known()
        merged = MergedEvents(deck.fleet)
        await deck.fleet.read_context("node1")
        assert all(one.kind is not EventKind.NO_DATA for one in merged.now())
        await merged.read_gaps()
        events = merged.now()
        first = [one for one in events if one.kind is EventKind.NO_DATA]
        assert [one.on for one in first] == [
            history.on - timedelta(hours=3 - 2 * n) for n in (0, 1)
        ]
        assert [one.on for one in events] == sorted(one.on for one in events)
        history.hours_ago.append(0.5)
        await merged.read_gaps()
        again = [one for one in merged.now() if one.kind is EventKind.NO_DATA]
        assert len(again) == 3
        assert all(old is new for old, new in zip(first, again, strict=False))
