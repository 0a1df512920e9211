"""A service's day is read when it is first wanted, then seldom, and one at a time."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from tests.clock import Clock
from tui.fleet.protocols import NullHistory
from tui.history.day import Day
from tui.ui.controllers.day_history import DAY_EVERY, HOUR_EVERY, HOUR_SOON, DayHistory, LastHour

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


class Known(NullHistory):
    async def last_hour(self, node: str, cluster: str) -> Mapping[str, Day]:
        return {f"{node} {cluster}": Day(0.0, 1.0)}


async def test_a_node_is_read_once_a_minute() -> None:
    clock = Clock(0.0)
    hour = LastHour(Known(), clock)
    assert hour.reserve("a", "x", is_old=False)
    assert not hour.reserve("a", "x", is_old=False), "while it is read"
    await hour.read("a", "x")
    assert list(hour.known("a", "x")) == ["a x"]
    clock.now += HOUR_EVERY - 1
    assert not hour.reserve("a", "x", is_old=False)
    clock.now += 1
    assert hour.reserve("a", "x", is_old=False)


async def test_a_node_on_which_something_happened_is_read_soon() -> None:
    clock = Clock(0.0)
    hour = LastHour(Known(), clock)
    hour.reserve("a", "x", is_old=False)
    await hour.read("a", "x")
    clock.now += HOUR_SOON
    assert not hour.reserve("a", "x", is_old=False)
    assert hour.reserve("a", "x", is_old=True)


async def test_another_node_is_read_at_once_and_never_has_the_strips_of_the_last() -> None:
    hour = LastHour(Known(), Clock())
    hour.reserve("a", "x", is_old=False)
    await hour.read("a", "x")
    assert hour.known("b", "x") == {}
    assert hour.known("a", "y") == {}
    assert hour.reserve("b", "x", is_old=False)
