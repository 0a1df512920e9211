"""The strips' hour is read once a minute, sooner where something happened, and for one node."""

from collections.abc import Mapping

from tests.clock import Clock
from tui.fleet.protocols import NullHistory
from tui.history.day import Day
from tui.ui.controllers.day_history import HOUR_EVERY, HOUR_SOON, LastHour


class Known(NullHistory):
    async def last_hour(self, node: str, cluster: str) -> Mapping[str, Day]:
        return {f"{node} {cluster}": Day(0.0, 1.0)}


async def test_a_node_is_read_once_a_minute() -> None:
    clock = Clock(0.0)
    hour = LastHour(Known(), clock)
    assert hour.reserve("a", "x")
    assert not hour.reserve("a", "x"), "while it is read"
    await hour.read("a", "x")
    assert list(hour.known("a", "x")) == ["a x"]
    clock.now += HOUR_EVERY - 1
    assert not hour.reserve("a", "x")
    clock.now += 1
    assert hour.reserve("a", "x")


async def test_what_happens_on_the_node_is_read_soon_and_elsewhere_not() -> None:
    clock = Clock(0.0)
    hour = LastHour(Known(), clock)
    hour.reserve("a", "x")
    await hour.read("a", "x")
    clock.now += HOUR_SOON
    hour.note("b")
    assert not hour.reserve("a", "x")
    hour.note("a")
    assert hour.reserve("a", "x")


async def test_another_node_is_read_at_once_and_never_has_the_strips_of_the_last() -> None:
    hour = LastHour(Known(), Clock())
    hour.reserve("a", "x")
    await hour.read("a", "x")
    assert hour.known("b", "x") == {}
    assert hour.known("a", "y") == {}
    assert hour.reserve("b", "x")
