"""Lengths of time as text."""

from collections.abc import Callable

import pytest

from tui.model.clock import (
    clock_duration,
    compact_duration,
    one_unit,
    one_unit_of_minutes,
    two_units,
    two_units_padded,
)

MINUTE, HOUR, DAY = 60, 3600, 86400


@pytest.mark.parametrize(
    ("write", "seconds", "text"),
    [
        (clock_duration, -5, "00:00:00"),
        (clock_duration, 0, "00:00:00"),
        (clock_duration, 1287, "00:21:27"),
        (clock_duration, DAY - 1, "23:59:59"),
        (clock_duration, 91729, "1d 01:28:49"),
        (clock_duration, 100 * DAY - 1, "99d 23:59:59"),
        (clock_duration, 100 * DAY + HOUR, "100d 01:00"),
        (one_unit, -1, "0 s"),
        (one_unit, 0.4, "0 s"),
        (one_unit, 59.9, "59 s"),
        (one_unit, MINUTE, "1 m"),
        (one_unit, 7199, "1 h"),
        (one_unit, 90000, "1 d"),
        (one_unit_of_minutes, 0, "1 min"),
        (one_unit_of_minutes, 59, "1 min"),
        (one_unit_of_minutes, 150, "2 min"),
        (one_unit_of_minutes, HOUR, "1 h"),
        (one_unit_of_minutes, DAY - 1, "23 h"),
        (one_unit_of_minutes, 5 * DAY, "5 d"),
        (two_units, -1, "0 s"),
        (two_units, 0.9, "0 s"),
        (two_units, 9.9, "9 s"),
        (two_units, MINUTE, "1 m"),
        (two_units, 250, "4 m 10 s"),
        (two_units, HOUR, "1 h"),
        (two_units, 3605, "1 h 5 s"),
        (two_units, 10_925, "3 h 2 m"),
        (two_units, 40 * DAY + HOUR, "40 d 1 h"),
        (two_units_padded, -1, "0 s"),
        (two_units_padded, 59.9, "59 s"),
        (two_units_padded, 65, "1 m 05 s"),
        (two_units_padded, 3720, "1 h 02 m"),
        (two_units_padded, 30 * HOUR, "30 h 00 m"),
        (compact_duration, -5, "0s"),
        (compact_duration, 59, "59s"),
        (compact_duration, MINUTE, "1m"),
        (compact_duration, 21 * MINUTE, "21m"),
        (compact_duration, HOUR, "1h00m"),
        (compact_duration, 5 * HOUR + 7 * MINUTE, "5h07m"),
        (compact_duration, 3 * DAY + 4 * HOUR, "3d04h"),
        (compact_duration, 99 * DAY, "99d00h"),
        (compact_duration, 100 * DAY, "100d"),
    ],
)
def test_a_length_of_time_is_written_as_its_place_needs_it(
    write: Callable[[float], str], seconds: float, text: str
) -> None:
    assert write(seconds) == text


@pytest.mark.parametrize("seconds", [0, MINUTE, HOUR - 1, DAY - 1, 99 * DAY, 9999 * DAY])
def test_a_compact_duration_fits_into_seven_cells(seconds: int) -> None:
    assert len(compact_duration(seconds)) <= 7
