"""A length of time in words."""

import pytest

from tui.model.duration import two_units


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-1, "0 s"),
        (0.9, "0 s"),
        (9.9, "9 s"),
        (60, "1 m"),
        (250, "4 m 10 s"),
        (3600, "1 h"),
        (3605, "1 h 5 s"),
        (10_925, "3 h 2 m"),
        (86_400 * 40 + 3_600, "40 d 1 h"),
    ],
)
def test_it_is_told_in_its_two_largest_units(seconds: float, words: str) -> None:
    assert two_units(seconds) == words
