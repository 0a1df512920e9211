"""One service → the words of one row."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tui.model.event import Event, StatusChange
from tui.model.filters import ServiceKinds
from tui.model.service import Health, Service
from tui.ui.format.service_row import (
    GLYPHS,
    NOTHING,
    STYLES,
    kind_reason,
    service_cells,
    started_words,
)

ON = datetime(2026, 1, 1, 3, 0, tzinfo=UTC)
ALERT = Service("alert_mgr", "RUNNING", ON, 90)
OPTIONAL = ServiceKinds(frozenset({"alert_mgr"}))


def test_an_uptime_is_shown_in_days_and_clock() -> None:
    assert service_cells(ALERT, OPTIONAL, 97, None, 107.9).uptime == "↻ 00:01:37"


@pytest.mark.parametrize("status", ["STOPPED", "STARTING", "WEIRD"])
def test_what_does_not_run_has_no_uptime(status: str) -> None:
    said = service_cells(replace(ALERT, status=status), OPTIONAL, 90, None, 101)
    assert said.uptime == NOTHING


def test_the_status_is_a_shape_and_the_nodes_own_word() -> None:
    for status in ("RUNNING", "FATAL", "GONE FISHING"):
        said = service_cells(replace(ALERT, status=status), OPTIONAL, 90, None, 101)
        assert said.status.split(" ", 1)[1] == status


def test_every_health_has_a_shape_of_its_own() -> None:
    assert len(set(GLYPHS.values())) == len(Health) == len(STYLES)


def test_the_last_change_says_what_and_how_long_ago() -> None:
    event = Event("node1", StatusChange("RUNNING", "STOPPED"), 40.0, ON, "alert_mgr")
    said = service_cells(ALERT, OPTIONAL, 90, event, 101)
    assert said.change == "1 m → STOPPED"


def test_a_kind_is_shown_with_its_reason() -> None:
    assert "lists it" in kind_reason(ALERT, OPTIONAL, ())
    assert "does not list it" in kind_reason(Service("ccs", "RUNNING"), OPTIONAL, ())
    assert "no route" in kind_reason(ALERT, ServiceKinds(), ("no route",))


def test_a_start_of_another_year_shows_its_year() -> None:
    start = datetime(2023, 12, 31, 23, 59, 1, tzinfo=UTC)
    assert started_words(start, start) == "12-31 23:59:01"
    assert started_words(start, start.replace(year=2024)) == "2023-12-31"
    assert started_words(None, start) == "—"
