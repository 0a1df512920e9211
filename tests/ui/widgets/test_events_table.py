"""The timeline's table at its fullest: rows are made once, and only what is seen is painted."""

import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.strip import Strip

from tests.terminal.hostile import PAYLOADS
from tui.model.event import Event, StatusChange
from tui.model.filters import EventFilter
from tui.model.text import clean, is_harmless
from tui.ui.widgets.events_table import EventsTable

ALL = EventFilter()
MANY, NODES = 2000, 400
WALL = datetime.now(UTC)
LINES = 10


def event(number: int, *, ago: float = 0.0, service: str = "alert_mgr") -> Event:
    at, on = time.monotonic() - ago, datetime.now(UTC) - timedelta(seconds=ago)
    details = StatusChange("RUNNING", f"STOPPED, number {number}")
    return Event(f"node{number % NODES}", details, at, on, service)


class Counting(EventsTable):
    """Remembers which of its lines were painted; its clock is set by the test."""

    def __init__(self) -> None:
        super().__init__({}, id="table", clock=lambda: (self.now, WALL))
        self.now = time.monotonic()
        self.painted: list[int] = []

    def render_line(self, y: int) -> Strip:
        self.painted.append(y)
        return super().render_line(y)


class Host(App[None]):
    CSS = "#table { height: 1fr; }"

    def __init__(self) -> None:
        super().__init__()
        self.table = Counting()

    def compose(self) -> ComposeResult:
        yield self.table


@asynccontextmanager
async def shown(events: deque[Event]) -> AsyncIterator[tuple[Counting, Pilot[None]]]:
    app = Host()
    async with app.run_test(size=(120, LINES + 1)) as pilot:
        app.table.focus()
        await pilot.pause()
        app.table.present(events, ALL)
        await pilot.pause()
        app.table.painted.clear()
        yield app.table, pilot


def full() -> deque[Event]:
    return deque((event(n, ago=MANY - n) for n in range(MANY)), maxlen=MANY)


def made(table: EventsTable) -> list[str]:
    return [key for key in table.row_keys if table.row(key).cells]


async def test_of_thousands_only_the_rows_that_are_seen_are_made() -> None:
    events = full()
    async with shown(events) as (table, _):
        assert made(table) == list(table.visible_keys)
        events.append(event(MANY))
        assert table.present(events, ALL) == MANY
        assert table.cursor_key == table.row_keys[0]
        assert len(made(table)) == LINES + 1
        table.present(events, EventFilter("node=node1"))
        table.present(events, ALL)
        assert len(made(table)) < 3 * LINES


async def test_a_cursor_stays_on_its_event_when_the_filter_is_cleared() -> None:
    events = full()
    async with shown(events) as (table, _):
        newest = table.cursor_key
        table.present(events, EventFilter("node=node7"))
        table.present(events, ALL)
        assert table.cursor_key == newest
        table.present(events, EventFilter("node=node7"))
        table.hold_cursor()
        filtered = table.cursor_key
        assert filtered != newest
        table.present(events, ALL)
        assert table.cursor_key == filtered


@pytest.mark.parametrize("width", [60, 80, 120])
async def test_each_event_has_its_age_at_every_width(width: int) -> None:
    app = Host()
    async with app.run_test(size=(width, LINES)) as pilot:
        app.table.present(deque([event(1, ago=125)]), ALL)
        await pilot.pause()
        assert "AGE" in app.table.render_line(0).text
        assert " 2 m " in app.table.render_line(1).text
        app.table.now += 60
        app.table.tick()
        assert " 3 m " in app.table.render_line(1).text


async def test_a_row_that_comes_into_view_is_there_at_once() -> None:
    async with shown(full()) as (table, _):
        table.action_last()
        assert all(table.render_line(line).text.strip() for line in range(1, LINES + 1))


class Asked(EventFilter):
    """Counts how often it is asked."""

    count = 0

    def picks(self, event: Event) -> bool:
        Asked.count += 1
        return super().picks(event)


async def test_the_filter_looks_at_each_event_once() -> None:
    events = full()
    async with shown(events) as (table, _):
        query = Asked("node=node1")
        table.present(events, query)
        events.append(event(MANY))
        table.present(events, query)
        assert Asked.count == MANY + 1


async def test_ages_tick_where_they_are_seen_and_nowhere_else() -> None:
    events = deque(event(n, ago=0.0 if n > MANY - 5 else MANY - n) for n in range(MANY))
    async with shown(events) as (table, _):
        seen = made(table)
        table.now += 3
        table.tick()
        assert table.row(table.row_keys[0]).cells[1].text == "3 s"
        assert made(table) == seen


async def test_nothing_is_painted_where_nothing_is_new() -> None:
    events = full()
    async with shown(events) as (table, pilot):
        painted = len(table.painted)
        table.present(events, ALL)
        await pilot.pause()
        assert len(table.painted) == painted


async def test_events_of_an_earlier_session_come_in_below_and_move_no_row() -> None:
    events = deque([event(n) for n in range(30)])
    async with shown(events) as (table, _):
        table.now = time.monotonic() + 1
        for _ in range(5):
            table.action_down()
        held = table.event(table.cursor_key)
        events.extendleft(event(n, ago=86_400 * 2) for n in range(100))
        table.present(events, ALL)
        assert table.event(table.cursor_key) is held
        table.action_last()
        table.tick()
        oldest = table.row(table.row_keys[-1]).cells
        assert oldest[1].text == "2 d"
        assert len(oldest[0].text) == len("11-24 21:34")


async def test_the_cursor_goes_on_where_its_event_falls_out() -> None:
    events = full()
    async with shown(events) as (table, _):
        table.action_last()
        assert table.event(table.cursor_key) is events[0]
        events.append(event(MANY))
        table.present(events, ALL)
        assert table.event(table.cursor_key) is events[0]


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
async def test_a_hostile_name_keeps_to_its_cells(payload: str) -> None:
    name = clean(payload.encode("utf-8", "replace").decode())
    async with shown(deque([event(1, service=name)])) as (table, _):
        strip = table.render_line(1)
        assert is_harmless(strip.text)
        assert strip.cell_length == table.size.width
