"""One service → the words of one row."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tui.model.event import Event, Happening
from tui.model.filters import Scope
from tui.model.service import Health, Service
from tui.ui.format.service_row import GLYPHS, NOTHING, STYLES, age, duration, kind_reason, words

ON = datetime(2026, 1, 1, 3, 0, tzinfo=UTC)
ALERT = Service("alert_mgr", "RUNNING", ON, 90)
OPTIONAL = Scope(frozenset({"alert_mgr"}))


def test_an_uptime_is_shown_in_days_and_clock() -> None:
    assert words(ALERT, OPTIONAL, 97, None, 107.9).uptime == "00:01:37"


@pytest.mark.parametrize("status", ["STOPPED", "STARTING", "WEIRD"])
def test_what_does_not_run_has_no_uptime(status: str) -> None:
    said = words(replace(ALERT, status=status), OPTIONAL, 90, None, 101)
    assert said.uptime == NOTHING


def test_the_status_is_a_shape_and_the_word_as_the_node_said_it() -> None:
    for status in ("RUNNING", "FATAL", "GONE FISHING"):
        said = words(replace(ALERT, status=status), OPTIONAL, 90, None, 101)
        assert said.status.split(" ", 1)[1] == status


def test_every_health_has_a_shape_of_its_own() -> None:
    assert len(set(GLYPHS.values())) == len(Health) == len(STYLES)


def test_the_last_change_says_what_and_how_long_ago() -> None:
    event = Event(
        "node1", Happening.FLIPPED, "RUNNING → STOPPED", 40.0, ON, "alert_mgr", "→ STOPPED"
    )
    said = words(ALERT, OPTIONAL, 90, event, 101)
    assert said.change == "1 m → STOPPED"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "00:00:00"), (1287, "00:21:27"), (91729, "1d 01:28:49"), (-5, "00:00:00")],
)
def test_a_duration_is_days_and_a_clock(seconds: int, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59.9, "59 s"), (60, "1 m"), (7199, "1 h"), (90000, "1 d")]
)
def test_an_age_is_said_in_one_unit(seconds: float, text: str) -> None:
    assert age(seconds) == text


def test_a_kind_is_told_with_its_reason() -> None:
    assert "lists it" in kind_reason(ALERT, OPTIONAL, ())
    assert "does not list it" in kind_reason(Service("ccs", "RUNNING"), OPTIONAL, ())
    assert "no route" in kind_reason(ALERT, Scope(), ("no route",))
