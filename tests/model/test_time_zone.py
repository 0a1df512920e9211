import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest

from tui.cli.journal import _rows as journal_rows
from tui.model.clock import DATE_AND_TIME, ClockZone, clock_text, show_times_in, zone_word
from tui.model.event import ConnectionLost, Event
from tui.ui.format.event_row import event_clock, event_sentence
from tui.ui.format.service_row import started_words
from tui.ui.format.status_lines import time_text
from tui.ui.widgets.services_table import service_columns

MOMENT = datetime(2026, 1, 31, 23, 30, 5, tzinfo=UTC)


@pytest.fixture
def kolkata(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Local time is that of India, 5:30 before UTC, in this test alone."""
    monkeypatch.setenv("TZ", "IST-5:30")
    time.tzset()
    show_times_in(ClockZone.LOCAL)
    yield
    show_times_in(ClockZone.UTC)
    monkeypatch.undo()
    time.tzset()


def test_times_are_shown_in_utc_whatever_their_own_zone() -> None:
    assert clock_text(MOMENT) == "23:30:05 UTC"
    there = MOMENT.astimezone(timezone(timedelta(hours=-7)))
    assert clock_text(there, DATE_AND_TIME) == "2026-01-31 23:30:05 UTC"
    assert clock_text(there, "%H:%M", named=False) == "23:30"
    assert zone_word() == "UTC"


@pytest.mark.usefixtures("kolkata")
def test_local_times_have_the_name_of_their_zone_and_its_day() -> None:
    assert clock_text(MOMENT) == "05:00:05 IST"
    assert clock_text(MOMENT, DATE_AND_TIME) == "2026-02-01 05:00:05 IST"
    assert clock_text(MOMENT, "%m-%d", named=False) == "02-01"
    assert zone_word() == "LOCAL"


@pytest.mark.usefixtures("kolkata")
def test_every_place_that_shows_a_time_shows_it_in_that_zone() -> None:
    """The table's cells, the timeline's, its sentence, the detail's and the journal's row."""
    event = Event("n1", ConnectionLost(None, "gone"), at=0.0, on=MOMENT)
    assert event_clock(MOMENT, MOMENT + timedelta(hours=1)) == "05:00:05"
    assert event_clock(MOMENT, MOMENT + timedelta(days=1)) == "02-01 05:00"
    assert event_sentence(event).startswith("2026-02-01 05:00:05 IST")
    assert time_text(MOMENT) == "05:00:05 IST"
    assert started_words(MOMENT, MOMENT) == "02-01 05:00:05"
    assert next(journal_rows([{"at": "2026-01-31T23:30:05.1Z"}]))[0] == "2026-02-01 05:00:05"
    assert [column.title for column in service_columns()][-1] == "STARTED LOCAL"
