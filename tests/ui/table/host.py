"""A small app around one live table, which counts the lines that it paints."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self

from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widgets import Button

from tests.ui.conftest import key_event, settle
from tui.ui.table.live_table import Cell, Column, LiveTable, Row
from tui.ui.table.rows import PlacedColumn

COLUMNS = (
    Column("name", "SERVICE", 12, grow=1),
    Column("status", "STATUS", 8),
    Column("uptime", "UPTIME", 6, right=True),
)


class PaintRecord(LiveTable):
    """A live table that remembers which lines it painted and which regions it asked to paint."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        self.painted: list[int] = []
        self.asked: list[Region] = []
        super().__init__(*arguments, **more)

    def render_line(self, y: int) -> Strip:
        self.painted.append(y)
        return super().render_line(y)

    def refresh(self, *regions: Region, **more: Any) -> Self:
        self.asked += regions or (Region(0, 0, 1000, 1000),)
        return super().refresh(*regions, **more)

    def strips(self) -> list[Strip]:
        return [self.render_line(y) for y in range(self.size.height)]

    def left_behind(self, act: Callable[[], Any]) -> list[tuple[int, int]]:
        """Do something; returns the cells of the terminal that look otherwise and are not painted.

        Each is x and y. A cell looks otherwise by its text or by its style.
        """
        before = self.strips()
        self.asked.clear()
        act()
        return [
            (x, y)
            for y, (old, new) in enumerate(zip(before, self.strips(), strict=True))
            for x in range(self.size.width)
            if old.crop(x, x + 1) != new.crop(x, x + 1)
            and not any(region.contains(x, y) for region in self.asked)
        ]


class CountingTable(PaintRecord):
    """The table of the tests."""

    @property
    def placed_columns(self) -> tuple[PlacedColumn, ...]:
        """Where its columns stand."""
        return self._laid

    def __init__(self, columns: Sequence[Column] = COLUMNS) -> None:
        super().__init__(columns, id="table")


class Host(App[None]):
    """Holds the table, something else to focus, and the messages of the table."""

    CSS = "#table { height: 1fr; }"

    def __init__(self, columns: Sequence[Column]) -> None:
        super().__init__()
        self.table = CountingTable(columns)
        self.messages: list[tuple[str, str | None]] = []
        self.pointed: list[tuple[str, str]] = []
        """What was clicked beside the rows' cells, and its column."""

    def compose(self) -> ComposeResult:
        yield self.table
        yield Button("other", id="other")

    def on_live_table_cursor_moved(self, event: LiveTable.CursorMoved) -> None:
        self.messages.append(("moved", event.key))

    def on_live_table_chosen(self, event: LiveTable.Chosen) -> None:
        self.messages.append(("chosen", event.key))

    def on_live_table_head_clicked(self, event: LiveTable.HeadClicked) -> None:
        self.pointed.append(("head", event.column))

    def on_live_table_mark_clicked(self, event: LiveTable.MarkClicked) -> None:
        self.pointed.append(("mark", event.column))

    def on_live_table_marks_changed(self, event: LiveTable.MarksChanged) -> None:
        self.messages.append(("marks", event.key))


async def painted(app: App[None], widget: LiveTable) -> None:
    """Wait until all that was asked for of a table is on the screen."""
    for _ in range(2):
        refreshed = asyncio.Event()
        widget.call_after_refresh(refreshed.set)
        await refreshed.wait()
        await settle(app)


class Table:
    """The table as a test sees it; the rows are 10 lines high unless another size is asked for."""

    def __init__(self, app: Host, pilot: Pilot[None]) -> None:
        self.app, self.pilot, self.widget = app, pilot, app.table

    async def settle(self) -> None:
        """Wait until all that was asked for is on the screen."""
        await painted(self.app, self.widget)

    async def show(self, rows: Iterable[Row]) -> None:
        self.widget.show(list(rows))
        await self.settle()

    async def press(self, *keys: str) -> None:
        for key in keys:
            self.app.post_message(key_event(key))
            await settle(self.app)
        await self.settle()

    async def painted_by(self, act: Callable[[], Any]) -> list[int]:
        """Do something, and give the lines that were painted for it."""
        await self.settle()
        self.widget.painted.clear()
        act()
        await self.settle()
        return sorted(self.widget.painted)

    async def painted_by_keys(self, *keys: str) -> list[int]:
        await self.settle()
        self.widget.painted.clear()
        await self.press(*keys)
        return sorted(self.widget.painted)

    def strips(self) -> list[Strip]:
        return [self.widget.render_line(y) for y in range(self.widget.size.height)]

    @property
    def lines(self) -> list[str]:
        """What is painted: header first."""
        return [strip.text for strip in self.strips()]

    @property
    def cursor_line(self) -> int | None:
        """The line of the screen with the cursor's sign, header not counted."""
        at = [n for n, line in enumerate(self.lines[1 : self.room + 1]) if line.startswith("▌")]
        assert len(at) <= 1, self.lines
        return at[0] if at else None

    @property
    def room(self) -> int:
        return self.widget.scrollable_content_region.height - 1

    @property
    def top(self) -> int:
        return self.widget.scroll_offset.y


def row(name: str, status: str = "RUNNING", uptime: str = "1s", **more: bool) -> Row:
    return Row(name, (Cell(name), Cell(status), Cell(uptime)), **more)


def many(count: int, start: int = 0) -> list[Row]:
    return [row(f"s{n:05}") for n in range(start, start + count)]


@asynccontextmanager
async def open_table(
    rows: Iterable[Row] = (),
    *,
    size: tuple[int, int] = (60, 14),
    columns: Sequence[Column] = COLUMNS,
) -> AsyncIterator[Table]:
    app = Host(columns)
    async with app.run_test(size=size) as pilot:
        table = Table(app, pilot)
        app.table.focus()
        await table.show(rows)
        yield table
