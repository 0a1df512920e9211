"""What identifies a node beside its name."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tui.model.node import (
    NodeEvidence,
    Origin,
    StartsChange,
    compare_starts,
    first_difference,
    node_time,
    start_times,
)
from tui.model.service import Service

T0 = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HERE = Origin("10.0.0.1:9443", "ab" * 32)


def services(*moves: int | None) -> list[Service]:
    """Make services that start so many seconds after one moment; None: without a start time."""
    return [
        Service(f"s{at}", "RUNNING", None if move is None else T0 + move * SECOND)
        for at, move in enumerate(moves)
    ]


@pytest.mark.parametrize(
    ("before", "now", "change"),
    [
        ((0, 0, 0), (0, 0, 0), StartsChange.NONE),
        ((0, 0, 0), (5, 0, 0), StartsChange.SOME),
        ((0, 0, 0), (-5, 0, 0), StartsChange.SOME),
        ((0, 0, 0, 0), (5, 5, 0, 0), StartsChange.SOME),
        ((0, 0, 0, 0), (5, -5, 0, 0), StartsChange.SOME),
        ((0, 0, 0), (5, 5, 0), StartsChange.MOST),
        ((0, 0, 0), (5, 5, 5), StartsChange.MOST),
        ((0, 0, 0, 0, 0, 0), (5, 5, 5, 5, 0, 0), StartsChange.MOST),
        ((0, 0, 0), (5, -1, 0), StartsChange.BACK),
        ((9, 9), (0, 0), StartsChange.BACK),
        ((0,), (-5,), StartsChange.SOME),
        ((0, None), (-5, 3), StartsChange.SOME),
        ((0, 0), (0, 0, 5), StartsChange.SOME),
        ((0, 0), (None, None), StartsChange.SOME),
        ((), (), StartsChange.NONE),
    ],
)
def test_start_times_are_compared_together(
    before: tuple[int | None, ...], now: tuple[int | None, ...], change: StartsChange
) -> None:
    old, new = start_times(services(*before)), start_times(services(*now))
    assert compare_starts(old, new) is change
    assert bool(first_difference(old, new)) is (change is not StartsChange.NONE)


def test_the_order_of_the_services_in_an_answer_does_not_matter() -> None:
    listed = services(1, 2, 3)
    assert start_times(listed) == start_times(reversed(listed))


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (HERE, ""),
        (Origin(), ""),
        (replace(HERE, peer=""), ""),
        (replace(HERE, certificate=""), ""),
        (
            replace(HERE, peer="10.0.0.1:8443"),
            "leads to 10.0.0.1:8443 now",
        ),
        (replace(HERE, certificate="cd" * 32), "another certificate"),
    ],
)
def test_where_an_answer_came_from_is_compared_as_far_as_it_is_known(
    now: Origin, words: str
) -> None:
    for difference in (HERE.difference(now), now.difference(HERE)):
        assert bool(difference) is bool(words)
    assert words in HERE.difference(now)


@pytest.mark.parametrize(
    ("starts", "identifies"), [((), False), ((0,), False), ((0, None), False), ((0, 0), True)]
)
def test_two_start_times_tell_a_node_from_others(
    starts: tuple[int | None, ...], identifies: bool
) -> None:
    assert NodeEvidence.of(services(*starts), HERE).identifies is identifies


@pytest.mark.parametrize(
    ("starts", "change"),
    [
        ((200, 200, 200), StartsChange.MOST),
        ((96, 96, 200), StartsChange.MOST),
        ((95, 95, 200), StartsChange.MOST),
        ((94, 94, 200), StartsChange.BACK),
        ((94, 200, 200), StartsChange.MOST),
        ((94, 200, 0), StartsChange.MOST),
        ((94, 0, 0), StartsChange.SOME),
    ],
)
def test_what_began_before_the_last_reading_ran_on_another_node(
    starts: tuple[int, ...], change: StartsChange
) -> None:
    """The last reading was at 100 s by the node's clock; clocks may differ by 5 s."""
    before = [
        replace(service, uptime=uptime)
        for service, uptime in zip(ZEROS, (98, 100, None), strict=True)
    ]
    read_at = node_time(before)
    assert read_at == T0 + 100 * SECOND
    assert compare_starts(start_times(before), start_times(services(*starts)), read_at) is change
    assert node_time(services(1, 2)) is None


ZEROS = services(0, 0, 0)
