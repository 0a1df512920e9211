"""When a node is asked next."""

from itertools import pairwise

import pytest

from tui.fleet.polling.backoff import (
    BACKOFF_AT_MOST,
    RETRY_AFTER_AT_MOST,
    backoff,
    faster_interval,
    slower_interval,
)


def test_the_first_failure_costs_one_interval() -> None:
    assert backoff(1, 2.0) == 2.0


def test_the_wait_grows_and_is_bounded() -> None:
    def longest(failures: int) -> float:
        return max(backoff(failures, 2.0) for _ in range(400))

    assert longest(2) <= 8.0
    assert 8.0 < longest(3) <= 16.0
    assert 16.0 < longest(4) <= BACKOFF_AT_MOST
    assert longest(10_000) <= BACKOFF_AT_MOST


def test_the_waits_of_many_nodes_are_spread() -> None:
    """P24, case 30."""
    waits = sorted(backoff(6, 2.0) for _ in range(400))
    assert waits[0] < 6
    assert waits[-1] > 24
    assert max(b - a for a, b in pairwise(waits)) < 3


@pytest.mark.parametrize("interval", [0.5, 2.0, 60.0, 300.0])
@pytest.mark.parametrize("failures", [2, 5, 50])
def test_a_node_in_trouble_is_never_asked_much_more_often_than_a_good_one(
    failures: int, interval: float
) -> None:
    for _ in range(100):
        assert backoff(failures, interval) >= interval / 2


def test_a_slow_pace_is_not_made_faster_by_the_bound() -> None:
    assert max(backoff(5, 300.0) for _ in range(100)) > BACKOFF_AT_MOST


@pytest.mark.parametrize(("said", "wait"), [(31.0, 31.0), (99_999_999.0, RETRY_AFTER_AT_MOST)])
def test_what_the_node_asks_for_is_honoured_up_to_five_minutes(said: float, wait: float) -> None:
    """Case 25."""
    assert backoff(3, 2.0, said) == wait


@pytest.mark.parametrize("said", [None, 0.0, -1.0])
def test_a_retry_after_that_says_nothing_is_no_busy_loop(said: float | None) -> None:
    """Case 25."""
    assert backoff(1, 2.0, said) == 2.0


def test_the_steps_go_up_and_down_and_stop_at_both_ends() -> None:
    assert [
        slower_interval(0.5),
        slower_interval(2.0),
        slower_interval(3.0),
        slower_interval(300.0),
    ] == [1.0, 5.0, 5.0, 300.0]
    assert [
        faster_interval(300.0),
        faster_interval(5.0),
        faster_interval(3.0),
        faster_interval(0.5),
    ] == [120.0, 2.0, 2.0, 0.5]
    pace = 0.5
    for _ in range(20):
        assert faster_interval(slower_interval(pace)) == pace or pace == 300.0
        pace = slower_interval(pace)


def test_what_the_node_asks_for_never_makes_it_asked_sooner() -> None:
    assert backoff(10, 60.0, 1.0) >= 30
    assert backoff(1, 60.0, 1.0) == 60
