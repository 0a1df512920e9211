"""The signals that end a process."""

import os
import signal
from collections.abc import Iterator

import pytest

from tui.cli.process import SignalsHeld

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture
def came() -> Iterator[list[int]]:
    """Collect the signals that come."""
    numbers: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _: numbers.append(number)) for number in ENDING
    }
    yield numbers
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", ENDING)
def test_a_signal_that_is_held_back_comes_once_the_block_has_ended(
    number: signal.Signals, came: list[int]
) -> None:
    """P19."""
    with SignalsHeld():
        os.kill(os.getpid(), number)
        assert came == []
    assert came == [number]


def test_what_was_held_back_before_stays_so(came: list[int]) -> None:
    with SignalsHeld():
        with SignalsHeld():
            pass
        os.kill(os.getpid(), signal.SIGTERM)
        assert came == []
    assert came == [signal.SIGTERM]
