"""The table of a node's services."""

from dataclasses import replace
from itertools import cycle, product

import pytest
from rich.cells import cell_len
from textual import on
from textual.app import App, ComposeResult

from tests.events import ON
from tests.ui.node_views import NOW, node_view
from tui.model.event import CrashLoop, Event, OrderEnded, OrderGiven, Restart, StatusChange
from tui.model.filters import ServiceFilter, SortOrder
from tui.model.node import NodeFacts
from tui.model.order import Result, Verb
from tui.model.service import KNOWN_STATUSES, Service
from tui.ui.table.live_table import LiveTable
from tui.ui.widgets.services_table import ServicesTable


class Host(App[None]):
    """Holds the table, and counts how often other rows may be on the screen."""

    CSS = "#services { height: 1fr; }"

    def __init__(self) -> None:
        super().__init__()
        self.table = ServicesTable({}, id="services")
        self.scrolled = 0

    def compose(self) -> ComposeResult:
        yield self.table

    @on(LiveTable.Scrolled)
    def count(self) -> None:
        self.scrolled += 1


async def test_rows_that_come_into_view_where_the_table_grows_are_reported() -> None:
    # They did not tick before, so that an old one would look like a fresh one.
    host = Host()
    async with host.run_test(size=(80, 10)) as pilot:
        services = [Service(f"s{number:02}", "RUNNING") for number in range(40)]
        host.table.present(node_view("node1", *services), ServiceFilter(), {})
        await pilot.pause()
        before, seen = host.scrolled, len(host.table.visible_keys)
        await pilot.resize_terminal(80, 20)
        await pilot.pause()
        assert len(host.table.visible_keys) == seen + 10
        assert host.scrolled > before


async def test_the_strip_covers_one_of_a_few_spans_whatever_the_width() -> None:
    host, spans = Host(), set[int]()
    async with host.run_test(size=(72, 10)) as pilot:
        host.table.present(node_view("node1", Service("ccs", "RUNNING")), ServiceFilter(), {})
        for width in range(72, 160, 4):
            await pilot.resize_terminal(width, 10)
            await pilot.pause()
            strip = next((one for one in host.table._laid if one.column.key == "strip"), None)
            if strip is not None:
                minutes = int(strip.column.title.split()[1])
                assert minutes <= strip.width
                spans.add(minutes)
    assert spans >= {30, 45}
    assert spans <= {10, 15, 20, 30, 45, 60}


NAME = "authentication_service"
UPTIMES = (None, 4, 600, 86_399, 10 * 86_400 - 1, 100 * 86_400 - 1, 1_000 * 86_400)
CHANGES: tuple[StatusChange | Restart | CrashLoop | OrderGiven | OrderEnded, ...] = (
    *(StatusChange("RUNNING", status) for status in (*KNOWN_STATUSES, None)),
    *(StatusChange(None, status) for status in KNOWN_STATUSES),
    Restart("RUNNING"),
    CrashLoop(3, 60),
    *(OrderGiven(verb, (NAME,)) for verb in Verb),
    *(OrderEnded(verb, result) for verb in Verb for result in Result),
)
FACTS = (NodeFacts(optional=frozenset({NAME})), NodeFacts(optional=frozenset()), NodeFacts())
AGES = (0, 59 * 60, 23 * 3600, 99 * 86_400)


def layout(host: Host) -> list[tuple[str, int, int]]:
    """Return which columns are shown, where, and how wide."""
    return [(place.column.title, place.at, place.width) for place in host.table._laid]


@pytest.mark.parametrize("width", [60, 80, 97, 120, 200])
async def test_columns_stay_in_their_places_whatever_the_services_do(width: int) -> None:
    # One that restarts took the column of what changed off the screen, with what had changed.
    host = Host()
    async with host.run_test(size=(width, 10)) as pilot:
        await pilot.pause()
        calm = Service(NAME, "RUNNING", started_at=ON, uptime=9_000)
        host.table.present(node_view("node1", calm), ServiceFilter(), {})
        had = layout(host)
        longest = dict.fromkeys(range(len(host.table.columns)), 0)
        statuses, uptimes, facts = cycle(KNOWN_STATUSES), cycle(UPTIMES), cycle(FACTS)
        for details, age in product(CHANGES, AGES):
            service = Service(NAME, next(statuses), started_at=ON, uptime=next(uptimes))
            last = {NAME: Event("node1", details, NOW - age, ON, NAME)}
            view = node_view("node1", service, facts=next(facts))
            view = replace(view, reading=replace(view.reading, answered_on=ON))
            host.table.present(view, ServiceFilter(), last)
            assert layout(host) == had
            row = host.table.row(NAME)
            for place in host.table._laid:
                shown = cell_len(row.cell(place.index).text)
                assert shown <= place.width, row
                longest[place.index] = max(longest[place.index], shown)
        for place in host.table._laid:
            most = max(longest[place.index], len(f"{place.column.title} ▼"))
            assert place.width <= most or place.column.key == "strip"
        for _ in SortOrder:
            host.table.sorting.choose_next()
            host.table.show_order()
            assert [(at, width) for _, at, width in layout(host)] == [
                (at, width) for _, at, width in had
            ]


async def test_a_filter_does_not_change_how_wide_the_column_of_names_is() -> None:
    host = Host()
    async with host.run_test(size=(140, 10)) as pilot:
        await pilot.pause()
        view = node_view("node1", Service("ccs", "RUNNING"), Service(NAME, "RUNNING"))
        host.table.present(view, ServiceFilter("ccs"), {})
        assert host.table._laid[0].width == len(NAME)
        host.table.present(node_view("node1", Service("ccs", "RUNNING")), ServiceFilter(), {})
        assert host.table._laid[0].width == len(NAME)  # it may come back
        host.table.present(node_view("node2", Service("ccs", "RUNNING")), ServiceFilter(), {})
        assert host.table._laid[0].width < len(NAME)


async def test_a_status_that_no_page_names_is_shown_whole() -> None:
    host = Host()
    async with host.run_test(size=(80, 10)) as pilot:
        await pilot.pause()
        view = node_view("node1", Service("ccs", "WAITING_FOR_A_LOCK"))
        host.table.present(view, ServiceFilter(), {})
        assert "? WAITING_FOR_A_LOCK" in painted(host)


async def test_a_required_service_has_its_lock_where_the_column_of_kinds_does_not_fit() -> None:
    host = Host()
    async with host.run_test(size=(60, 10)) as pilot:
        await pilot.pause()
        view = node_view(
            "node1",
            Service("alert_mgr", "RUNNING"),
            Service("ccs", "RUNNING"),
            facts=NodeFacts(optional=frozenset({"alert_mgr"})),
        )
        host.table.present(view, ServiceFilter(), {})
        assert [host.table.render_line(y).text[:5] for y in (1, 2)] == ["▌ ale", "  ccs"]
        assert "⊘ required" in host.table.render_line(2).text
        await pilot.resize_terminal(32, 10)
        await pilot.pause()
        assert "required" not in host.table.render_line(2).text
        assert [host.table.render_line(y).text[:5] for y in (1, 2)] == ["▌ ale", " ⊘ccs"]
        host.table.toggle_mark("ccs")
        assert host.table.render_line(2).text[:5] == " ◆ccs"


def painted(host: Host) -> str:
    return host.table.render_line(1).text
