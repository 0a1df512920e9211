"""The machine sleeps: CLOCK_MONOTONIC stands still meanwhile, CLOCK_BOOTTIME goes on.

P18.
"""

import sys
from pathlib import Path

import pytest

from tests.fleet.conftest import Sleep, posts, profiles, running
from tui.fleet.orders.guard import Refusal, judge_node
from tui.fleet.snapshot.capture import SnapshotCapture
from tui.journal.order_journal import OrderJournal
from tui.model.clock import monotonic, one_unit
from tui.model.order import Order, Result, Tier, Verb
from tui.sim.server import SimulatedCluster

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="CLOCK_BOOTTIME is Linux's")


async def test_on_waking_everything_is_stale_until_it_is_polled_and_no_order_is_taken(
    served: SimulatedCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleep = Sleep(monkeypatch)
    async with running(profiles(served)[0], refresh=60) as deck:
        await deck.good()
        poller, capture = deck.watch("node1"), SnapshotCapture(tmp_path)
        assert judge_node(deck.fleet.standing("node1")) is None
        sleep.asleep += 7210
        age = poller.reading.age(monotonic())
        assert age is not None
        assert 7200 <= age < 7300
        barred = judge_node(deck.fleet.standing("node1"))
        assert barred is not None
        assert barred.refusal is Refusal.STALE
        text = capture.render(capture.capture(deck.fleet), json=False)
        assert f"answered {one_unit(7200)} ago" in text
        assert "STALE" in text
        poller.refresh_now()
        await deck.until(lambda: (poller.reading.age(monotonic()) or 7200) < 60)
        assert judge_node(deck.fleet.standing("node1")) is None


class SleepyDisk(OrderJournal):
    """A journal during whose write the machine sleeps."""

    def __init__(self, folder: Path, sleep: Sleep) -> None:
        super().__init__(folder)
        self._sleep = sleep

    async def intend(self, order: Order, tier: Tier, username: str) -> None:
        await super().intend(order, tier, username)
        self._sleep.asleep += 7210


async def test_an_action_is_not_sent_hours_after_its_check(
    served: SimulatedCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The node was checked before the machine slept."""
    journal = SleepyDisk(tmp_path / "state", Sleep(monkeypatch))
    async with running(profiles(served)[0], journal=journal) as deck:
        await deck.known()
        verdict = await deck.verdict(deck.give(Verb.RESTART, "alert_mgr"))
        assert verdict.result is Result.NOT_SENT
        assert (
            verdict.text
            == "this machine slept for 2 h before the action was sent; nothing was sent"
        )
        assert not posts(served)


async def test_a_watch_that_the_machine_slept_through_goes_on_with_what_the_node_shows_then(
    served: SimulatedCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would end as unknown, with the node in reach."""
    sleep = Sleep(monkeypatch)
    async with running(profiles(served)[0]) as deck:
        await deck.known()
        order = deck.give(Verb.RESTART, "alert_mgr")
        await deck.until(lambda: deck.fleet.orders.progress[order.number].sent_at is not None)
        sleep.asleep += 7210
        verdict = await deck.verdict(order)
        assert verdict.result is Result.VERIFIED
        assert verdict.text.endswith("; this machine slept for 2 h while it was watched")
