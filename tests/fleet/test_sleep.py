"""The machine sleeps: CLOCK_MONOTONIC stands still meanwhile, CLOCK_BOOTTIME goes on.

P18.
"""

import sys
from pathlib import Path

import pytest

from tests.fleet.conftest import Sleep, profiles, running
from tui.fleet.orders.guard import Refusal, judge_node
from tui.fleet.snapshot.capture import SnapshotCapture
from tui.model.clock import monotonic, one_unit
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
        sleep.asleep += 7200
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
