"""Start times and uptimes of two readings → one run or two."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from tui.model.service import start_came_late, uptime_came_late, was_restarted

T0 = datetime(2026, 1, 1, tzinfo=UTC)
DAY = 86_400


@dataclass(frozen=True)
class Shown:
    started_at: datetime | None
    uptime: int | None


def shown(start: float | None, uptime: int | None) -> Shown:
    return Shown(None if start is None else T0 + timedelta(seconds=start), uptime)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (shown(0, DAY), shown(DAY + 1, 1)),  # both
        (shown(0, DAY), shown(DAY + 1, DAY + 2)),  # the uptime follows late
        (shown(0, DAY), shown(0, 1)),  # the start time follows late, or is the same second
        (shown(None, DAY), shown(None, 0)),
        (shown(0, DAY), shown(0, 3)),  # as long as the readings are apart, and whole seconds
        (shown(0, None), shown(1, None)),
        (shown(0, 0), shown(1, 1)),  # a run of one second, then the next
        (shown(DAY, 0), shown(DAY + 2, 0)),
    ],
)
def test_a_restart_shows_by_start_time_or_uptime(before: Shown, after: Shown) -> None:
    assert was_restarted(before, after, 2.0)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (shown(0, DAY), shown(0, DAY + 2)),
        (shown(0, DAY), shown(-5, DAY + 2)),  # the clock was set back
        (shown(0, DAY), shown(0, DAY - 3600)),  # and so it was here
        (shown(0, DAY), shown(0, 4)),
        (shown(0, 0), shown(0, 0)),
        (shown(0, None), shown(0, 1)),
        (shown(0, DAY), shown(0, None)),
        (shown(0, 1), shown(DAY, 3)),  # the start time of the run that was seen already
        (shown(0, 0), shown(DAY, 2)),
    ],
)
def test_one_run_is_no_restart(before: Shown, after: Shown) -> None:
    assert not was_restarted(before, after, 2.0)


def test_an_uptime_that_follows_its_start_time_late_is_no_second_restart() -> None:
    first, second, third = shown(0, DAY), shown(DAY + 1, DAY + 2), shown(DAY + 1, 3)
    assert was_restarted(first, second, 2.0)
    assert uptime_came_late(first, second, 2.0)
    assert not was_restarted(second, third, 2.0, uptime_is_late=True)
    assert was_restarted(second, third, 2.0)
    assert not uptime_came_late(first, shown(DAY + 1, 1), 2.0)
    assert not uptime_came_late(first, shown(0, DAY + 2), 2.0)
    assert not uptime_came_late(first, shown(DAY + 1, None), 2.0)
    # A restart of the restarted one shows all the same.
    assert was_restarted(second, shown(DAY + 3, 1), 2.0, uptime_is_late=True)


def test_a_start_time_is_late_only_where_the_uptime_went_on() -> None:
    assert start_came_late(shown(0, 10), shown(DAY, 12), 2.0)
    assert start_came_late(shown(0, 10), shown(14, 12), 2.0)
    assert not start_came_late(shown(0, 10), shown(13, 12), 2.0)
    assert not start_came_late(shown(0, 10), shown(DAY, 9), 2.0)
    assert not start_came_late(shown(0, 10), shown(DAY, 12), 30.0)
    assert not start_came_late(shown(0, 0), shown(60, 0), 0.05)  # too short to tell
    assert not start_came_late(shown(0, 1), shown(60, 1), 0.05)
    assert start_came_late(shown(0, 2), shown(60, 2), 0.05)
    assert not start_came_late(shown(0, None), shown(DAY, 12), 2.0)
    assert not start_came_late(shown(0, 10), shown(DAY, None), 2.0)
    assert not start_came_late(shown(None, 10), shown(DAY, 12), 2.0)
