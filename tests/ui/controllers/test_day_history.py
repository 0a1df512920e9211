"""A service's day is read when it is first wanted, then seldom, and one at a time."""

import asyncio
from typing import Any

import pytest

from tui.history.day import Day
from tui.ui.controllers.day_history import DAY_EVERY, DayHistory

WANTED = ("node1", "alert_mgr", "demo")
OTHER = ("node2", "alert_mgr", "demo")


class Past:
    """A history that answers when it is let, and counts how often it is read."""

    trouble = remark = ""

    def __init__(self) -> None:
        self.read = 0
        self.free = asyncio.Event()
        self.free.set()

    async def day(self, node: str, service: str, cluster: str) -> Day | None:
        self.read += 1
        await self.free.wait()
        return None


class Fixture:
    def __init__(self) -> None:
        self.now = 100.0
        self.past: Any = Past()
        self.days = DayHistory(self.past, lambda: self.now)

    async def look(self, wanted: tuple[str, str, str] = WANTED) -> None:
        """Do what the pane does each time it is shown."""
        if self.days.reserve(wanted):
            await self.days.read(wanted)


@pytest.fixture
def shown() -> Fixture:
    return Fixture()


async def test_a_day_is_read_again_only_after_its_time(shown: Fixture) -> None:
    for _ in range(3):
        await shown.look()
    assert shown.past.read == 1
    shown.now += DAY_EVERY - 0.01
    await shown.look()
    assert shown.past.read == 1
    shown.now += 0.01
    await shown.look()
    assert shown.past.read == 2


async def test_each_service_has_its_own_time(shown: Fixture) -> None:
    await shown.look()
    await shown.look(OTHER)
    assert shown.past.read == 2


async def test_no_second_day_is_read_while_one_is(shown: Fixture) -> None:
    shown.past.free.clear()
    first = asyncio.create_task(shown.look())
    await asyncio.sleep(0)
    await shown.look(OTHER)
    assert shown.past.read == 1
    shown.past.free.set()
    await first
    await shown.look(OTHER)
    assert shown.past.read == 2
