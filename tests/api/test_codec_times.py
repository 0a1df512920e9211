from datetime import UTC, datetime

import pytest

from tui.api.codec import read_epoch, read_start_time, read_uptime


@pytest.mark.parametrize(
    ("raw", "seconds"),
    [
        ("0:21:27", 1287),
        ("0:00:01", 1),
        ("1 day, 1:28:49", 91729),
        ("3 days, 0:58:59", 262739),
        ("0:00:01.123456", 1),
        ("37:15:00", 134100),
        (86400, 86400),
        (86400.9, 86400),
        (0, 0),
        ("-1 day, 23:59:59", None),
        (-5, None),
        (True, None),
        (None, None),
        ("", None),
        ("n/a", None),
        ("\uff11 day, 0:00:01", None),
        ("0:61:00", None),
        ("0:00:60", None),
        ("9" * 5000 + ":00:00", None),
        ("999999 days, 0:00:00", None),
        (float("nan"), None),
        (float("inf"), None),
        (10**400, None),
        ([], None),
        ({}, None),
    ],
)
def test_an_uptime_is_seconds_or_nothing(raw, seconds):
    """Case 35."""
    assert read_uptime(raw) == seconds


EVENING = datetime(2024, 5, 13, 18, 38, tzinfo=UTC)


@pytest.mark.parametrize(
    "raw",
    [
        "2024-05-13T18:38:00Z",
        "2024-05-13T20:38:00+02:00",
        "2024-05-13T18:38:00",
        "2024-05-13 18:38:00",
        " 2024-05-13T18:38:00Z ",
    ],
)
def test_a_start_time_is_utc_whatever_its_offset(raw):
    """Case 36."""
    assert read_start_time(raw) == EVENING


@pytest.mark.parametrize(
    "raw",
    [
        "2024年05月13日T18:38:00Z",
        "\uff12024-05-13T18:38:00Z",
        "2024-05-13T18:38:60Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "2024-05-13",
        "soon",
        "",
        "x" * 5000,
        None,
        0,
        1715625480,
        [],
    ],
)
def test_a_start_time_that_cannot_be_read_is_nothing(raw):
    """Case 36."""
    assert read_start_time(raw) is None


def test_a_start_time_in_the_future_is_still_one():
    """Case 36."""
    assert read_start_time("2099-01-01T00:00:00Z") == datetime(2099, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("raw", [None, True, "1", 0, -1, float("nan"), float("inf"), 10**30, []])
def test_an_epoch_that_is_none_is_not_known(raw: object) -> None:
    assert read_epoch(raw) is None


def test_an_epoch_is_seconds_since_1970() -> None:
    assert read_epoch(1715625480) == datetime(2024, 5, 13, 18, 38, tzinfo=UTC)
