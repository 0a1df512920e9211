"""The matrix: a live table whose cursor is a cell, and in which whole nodes scroll sideways.

Cursor and marks are pairs of node and service, so they stay with both whatever the rows and the
columns do. Service names and the heads of the nodes stay where they are.
"""

from collections.abc import Mapping

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.ui.matrix.cursor import CellCursor
from tui.ui.matrix.grid import Grid
from tui.ui.matrix.layout import Layout, Line, differences, lay_out, paint_line
from tui.ui.matrix.picture import CellKey, MatrixPicture, heads_of
from tui.ui.table.navigation import COLUMN_BINDINGS, ROW_BINDINGS, RowNavigation
from tui.ui.table.row import fit

__all__ = ["CellKey", "MatrixTable"]


class MatrixTable(RowNavigation, ScrollView, can_focus=True):
    """Services down, nodes across; `palette` maps the names of styles to Rich styles."""

    COMPONENT_CLASSES = {"matrix--head", "matrix--cursor", "matrix--cursor-weak", "matrix--line"}
    DEFAULT_CSS = """
    MatrixTable {
        background: $background; color: $foreground;
        scrollbar-gutter: stable; scrollbar-size-vertical: 1;
    }
    MatrixTable > .matrix--head { color: $text-muted; text-style: bold; }
    MatrixTable > .matrix--cursor { background: $primary 45%; }
    MatrixTable > .matrix--cursor-weak { background: $panel; }
    MatrixTable > .matrix--line { background: $surface; }
    """
    BINDINGS = [
        *(one for one in ROW_BINDINGS if one.id not in ("table.first", "table.last")),
        Binding("g", "first", "First", show=False, id="table.first", tooltip="To the first row"),
        Binding("G", "last", "Last", show=False, id="table.last", tooltip="To the last row"),
        *COLUMN_BINDINGS,
        Binding("home", "edge(-1)", "First node", show=False),
        Binding("end", "edge(1)", "Last node", show=False),
    ]

    class CursorMoved(Message):
        """The cursor stands on another cell; `cell` is None where there is none."""

        def __init__(self, cell: CellKey | None) -> None:
            super().__init__()
            self.cell = cell

    class Chosen(CursorMoved):
        """A cell was chosen, by enter or a double click."""

    class MarksChanged(CursorMoved):
        """A mark was set or taken away."""

    def __init__(self, palette: Mapping[str, str], *, id: str) -> None:  # noqa: A002 - Textual's
        super().__init__(id=id)
        self._palette = dict(palette)
        self._grid = Grid()
        self._plane = CellCursor()
        self._model = self._plane.down
        self._laid = Layout()
        self._pictured: list[Line] = []
        self._empty = ""
        self.signs = False

    # What it shows

    @property
    def cursor(self) -> CellKey | None:
        """The node and the service under the cursor."""
        return self._plane.cursor

    @property
    def marks(self) -> frozenset[CellKey]:
        """The cells that are marked, whether they are shown or not."""
        return frozenset(self._plane.marks)

    @property
    def row_keys(self) -> tuple[str, ...]:
        """The services shown, in order."""
        return self._model.keys

    @property
    def seen_nodes(self) -> tuple[str, ...]:
        """The nodes whose columns are on the screen, in order."""
        return self._plane.seen(self._laid.count)

    @property
    def _heads(self) -> int:
        """How many lines the head has."""
        return heads_of(self._grid)

    @property
    def _lines(self) -> int:
        """How many rows there is room for."""
        return max(0, self.scrollable_content_region.height - self._heads)

    def show(self, grid: Grid) -> None:
        """Show a grid; cursor, marks and the eye's place stay with their nodes and services."""
        had, heads, count = self.cursor, self._heads, len(self._model)
        self._grid = grid
        self._measure(resize=len(grid.rows) != count or heads != self._heads)
        top = self._plane.show(
            [one.key for one in grid.columns],
            [one.name for one in grid.rows],
            top=self.scroll_offset.y,
            lines=max(1, self._lines),
            count=self._laid.count,
        )
        self._scroll_rows(top)
        self._settle(had)

    def set_palette(self, palette: Mapping[str, str]) -> None:
        """Take other colours."""
        self._palette = dict(palette)
        self.refresh()

    def set_empty(self, text: str) -> None:
        """Say `text` where there is no row."""
        if text != self._empty:
            self._empty = text
            self.refresh()

    def _scroll_rows(self, top: int) -> None:
        if top != self.scroll_offset.y:
            self.scroll_to(y=top, animate=False, force=True, immediate=True)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Show the rows that are in view now."""
        super().watch_scroll_y(old_value, new_value)
        self._settle(self.cursor)

    # Moving and marking

    def move_to(self, key: str) -> bool:
        """Put the cursor on a service, on the node where it is; False if it is not shown."""
        return self.point(self._plane.across.cursor or "", key)

    def move_to_node(self, node: str) -> bool:
        """Put the cursor on a node, on the service where it is; False if it is not shown."""
        return self.point(node, self._model.cursor or "")

    def point(self, node: str, service: str) -> bool:
        """Put the cursor on a cell and scroll it into view; what is not shown stays as it was."""
        had = self.cursor
        moved = self._plane.point(node, service)
        self._plane.reveal(self._laid.count)
        number = self._model.at(self._model.cursor)
        if number is not None:
            lines = max(1, self._lines)
            self._scroll_rows(self._model.reveal(number, self.scroll_offset.y, lines))
        self._settle(had)
        return moved

    def action_across(self, by: int) -> None:
        """Go so many nodes to the right, or to the left."""
        node = self._plane.across.step(by)
        if node is not None:
            self.move_to_node(node)

    def action_page_across(self, by: int) -> None:
        """Go a screen of nodes to the right, or to the left."""
        self.action_across(by * max(1, self._laid.count - 1))

    def action_edge(self, by: int) -> None:
        """Go to the last node, or the first."""
        self.action_across(by * max(1, len(self._plane.across)))

    def action_wrong(self, by: int) -> None:
        """Go to the next cell that stands out, row by row, or to the one before."""
        cell = self._plane.next_of(self._grid.wrong(), by)
        if cell is not None:
            self.point(*cell)

    def action_choose(self) -> None:
        """Choose the cell under the cursor."""
        if self.cursor is not None:
            self.post_message(self.Chosen(self.cursor))

    def toggle_mark(self) -> None:
        """Mark the cell under the cursor, or take its mark away."""
        if self.cursor is not None:
            self._plane.marks ^= {self.cursor}
            self._settle(self.cursor)
            self.post_message(self.MarksChanged(self.cursor))

    def clear_marks(self) -> None:
        """Take all marks away."""
        if self._plane.marks:
            self._plane.marks = set()
            self._settle(self.cursor)
            self.post_message(self.MarksChanged(self.cursor))

    def set_signs(self, *, alone: bool) -> None:
        """Show signs alone, so that more nodes fit, or words with them."""
        self.signs = alone
        self.on_resize()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where it was clicked; a double click chooses."""
        offset = event.get_content_offset(self)
        if offset is None or offset.y < self._heads:
            return
        service = self._model.pointed(self.scroll_offset.y + offset.y - self._heads)
        number = self._laid.node_at(offset.x)
        node = self._plane.across.cursor if number is None else self.seen_nodes[number]
        if service is not None and node and self.point(node, service) and event.chain == 2:
            self.action_choose()

    # Painting

    def _measure(self, *, resize: bool = True) -> None:
        """Lay out the columns in the width there is, and say how long the whole is."""
        width = self.scrollable_content_region.width
        grid = self._grid
        laid = lay_out(width, grid.longest, len(grid.columns), signs=self.signs)
        if laid != self._laid:
            self._laid = laid
            self.refresh()
        if resize:
            self.virtual_size = Size(width, len(grid.rows) + self._heads)

    def on_resize(self) -> None:
        """Lay out again; the cursor stays in view."""
        self._measure()
        node, service = self.cursor or ("", "")
        self.point(node, service)
        self.refresh()

    def watch_has_focus(self, value: bool) -> None:
        """Show the cursor as the one that keys move, or weaker."""
        super().watch_has_focus(value)
        self._settle(self.cursor)

    def _settle(self, had: CellKey | None) -> None:
        """Have painted again what shows something else; tell if the cursor moved."""
        before, self._pictured = self._pictured, self._picture()
        if len(before) != len(self._pictured):
            self.refresh()
        for line, at, width in differences(before, self._pictured, self._laid):
            self.refresh(Region(at, line, width or self.size.width, 1))
        if had != self.cursor:
            self.post_message(self.CursorMoved(self.cursor))

    def _picture(self) -> list[Line]:
        """Say what every line shows."""
        picture = MatrixPicture(
            self._grid,
            self._laid,
            self._plane.left,
            self._plane.across.cursor,
            self._model.cursor,
            self._plane.marks,
            signs=self.signs,
            focused=self.has_focus,
        )
        rows = self._model.window(self.scroll_offset.y, self._lines)
        return picture.lines([None if row is None else row.key for row in rows])

    def render_line(self, y: int) -> Strip:
        """Paint one line of the widget."""
        width = self.size.width
        line = self._pictured[y] if y < len(self._pictured) else ()
        if line:
            return paint_line(line, self._laid, self._palette, self._grounds()).adjust_cell_length(
                width, self._grounds()[line[0].ground if line[0].ground != "head" else ""]
            )
        if y == min(self._heads + 1, self.size.height - 1) and not self._model:
            return Strip([Segment(fit(f"  {self._empty}", width), self._grounds()["head"])])
        return Strip.blank(width, self.rich_style)

    def _grounds(self) -> dict[str, Style]:
        names = ("head", "cursor", "cursor-weak", "line")
        styles = {name: self.get_component_rich_style(f"matrix--{name}") for name in names}
        return styles | {"": self.rich_style}
