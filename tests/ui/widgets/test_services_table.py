"""The table of a node's services."""

from dataclasses import replace

from textual import on
from textual.app import App, ComposeResult

from tests.events import ON
from tests.ui.node_views import NOW, node_view
from tui.model.event import Event, StatusChange
from tui.model.filters import ServiceFilter
from tui.model.node import NodeFacts
from tui.model.service import Service
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


async def test_a_cell_that_gets_longer_by_the_clock_alone_is_not_cut() -> None:
    host = Host()
    async with host.run_test(size=(140, 10)) as pilot:
        await pilot.pause()
        view = node_view("node1", Service("a", "STARTING"))
        last = {"a": Event("node1", StatusChange("RUNNING", "STARTING"), NOW - 9, ON, "a")}
        host.table.present(view, ServiceFilter(), last)
        assert "9 s → STARTING" in painted(host)
        host.table.tick(replace(view, now=NOW + 1), last)
        assert "10 s → STARTING" in painted(host)


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
