"""The live table: rows by key, painted line by line, and only where something changed.

Its cursor and marks are keys and not numbers, so they stay with their row (and column, where the
cursor is a cell) whatever the rows do. Textual's DataTable loses its cursor to another row at
every re-sort.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.ui.table.navigation import ROW_BINDINGS, RowNavigation
from tui.ui.table.rows import (
    GAP,
    GUTTER,
    WHOLE_LINE,
    Cell,
    CellKey,
    Cells,
    Column,
    LineLook,
    PlacedColumn,
    Row,
    changed_lines,
    fit,
    head_row,
    paint_row,
    place_columns,
    view_texts,
)

__all__ = ["Cell", "Column", "LiveTable", "Row"]


_MARKED_TO = 2
"""Cells at the left of a row for the signs of cursor and mark."""


class LiveTable(RowNavigation, ScrollView, can_focus=True):
    """A table of keyed rows; `palette` maps the names of styles to Rich styles.

    A row that is shown without cells is made by `make_row` once it is in view.
    """

    COMPONENT_CLASSES = {
        "livetable--header",
        "livetable--line",
        "livetable--cursor",
        "livetable--cursor-weak",
        "livetable--empty",
    }
    DEFAULT_CSS = """
    LiveTable {
        background: $background; color: $foreground;
        scrollbar-gutter: stable; scrollbar-size-vertical: 1;
    }
    LiveTable > .livetable--header { color: $text-muted; text-style: bold; }
    LiveTable > .livetable--line { background: $surface; }
    LiveTable > .livetable--cursor { background: $primary 30%; }
    LiveTable > .livetable--cursor-weak { background: $panel; }
    LiveTable > .livetable--empty { color: $text-muted; }
    """
    MOVES = ROW_BINDINGS
    clicks_to_choose = 2
    """How many clicks on a row choose it."""
    BINDINGS = [*ROW_BINDINGS]

    class CursorMoved(Message):
        """The cursor stands on another row or cell; `key`, the row's, is None where there is none.

        `cell` is None likewise, and its column is empty where the cursor is a whole row.
        """

        def __init__(self, table: "LiveTable", cell: CellKey | None) -> None:
            super().__init__()
            self.table = table
            self.cell = cell
            self.key = cell[1] if cell is not None else None

        @property
        def control(self) -> "LiveTable":
            """The table it happened in."""
            return self.table

    class Chosen(CursorMoved):
        """A row or cell was chosen, by enter or with the mouse."""

    class MarksChanged(CursorMoved):
        """A mark was set or removed."""

    class Pointed(Message):
        """A part of the table that is no row was clicked; `column` is its column, if it has one."""

        def __init__(self, table: "LiveTable", column: str) -> None:
            super().__init__()
            self.table = table
            self.column = column

        @property
        def control(self) -> "LiveTable":
            """The table it happened in."""
            return self.table

    class HeadClicked(Pointed):
        """The title of a column was clicked."""

    class MarkClicked(Pointed):
        """The place of a mark was clicked; the cursor is there by now."""

    class Scrolled(CursorMoved):
        """Other rows than before are on the screen; what ticks in them may be old."""

    def __init__(
        self,
        columns: Sequence[Column] = (),
        *,
        palette: Mapping[str, str] | None = None,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self.columns = tuple(columns)
        self._palette = dict(palette or {})
        self._empty = ""
        self._cells = Cells()
        self._model = self._cells.rows
        self._laid: tuple[PlacedColumn, ...] = ()
        self._heads: tuple[Row, ...] = ()
        self._base = Style.null()

    # What it shows

    @property
    def row_keys(self) -> tuple[str, ...]:
        """The keys of all rows, in order."""
        return self._model.keys

    @property
    def visible_keys(self) -> tuple[str, ...]:
        """The keys of the rows on the screen."""
        window = self._model.window(self.scroll_offset.y, self._lines)
        return tuple(row.key for row in window if row is not None)

    @property
    def cursor_key(self) -> str | None:
        """The key of the row that the cursor is on."""
        return self._model.cursor

    @property
    def marks(self) -> frozenset[str]:
        """The keys of the rows that are marked, whether they are shown or not."""
        return frozenset(row for _, row in self._cells.marks)

    def row(self, key: str) -> Row:
        """Return a row as it is shown; KeyError if there is none."""
        return self._model.row(key)

    def make_row(self, key: str) -> Row:
        """Make a row that was shown without cells, as it stands now."""
        return self._model.row(key)

    def make_heads(self) -> tuple[Row, ...]:
        """Make the lines above the rows: here one, with titles and which rows are in view."""
        return (head_row(self.columns, self._laid, self._view_texts()),)

    def _view_texts(self) -> tuple[str, ...]:
        """Return which rows are in view, and the same in fewer cells; nothing where all are."""
        return view_texts(*self._model.in_view(self.scroll_offset.y, self._lines))

    @property
    def _lines(self) -> int:
        """How many rows there is room for."""
        return max(0, self.scrollable_content_region.height - len(self._heads))

    def _filled(self, row: Row) -> Row:
        if not row.cells:
            row = self.make_row(row.key)
            self._model.put(row)
        return row

    def _picture(self) -> list[Row | None]:
        """List what each line of the widget shows."""
        window = self._model.window(self.scroll_offset.y, self._lines)
        return [*self._heads, *(row and self._filled(row) for row in window)]

    @contextmanager
    def _repainting(self) -> Iterator[None]:
        """Paint again what the block changes, and no more; report a cursor that it moved."""
        before, had = self._picture(), self._cells.cursor
        yield
        self._heads = self.make_heads()
        now = self._cells.cursor
        moved = {cell[1] for cell in (had, now) if cell is not None and had != now}
        self._refresh_lines(changed_lines(before, self._picture(), moved, self._laid))
        if had != now:
            self.post_message(self.CursorMoved(self, now))

    def show(self, rows: Sequence[Row]) -> None:
        """Show `rows` in their order; cursor, marks and the eye's place stay with their keys."""
        with self._repainting():
            self._replace_rows(rows)

    def _replace_rows(self, rows: Sequence[Row]) -> None:
        count = len(self._model)
        top = self._model.show(rows, self.scroll_offset.y, max(1, self._lines))
        if len(self._model) != count:
            self._measure()
        self._scroll_rows(top)

    def patch(self, rows: Iterable[Row]) -> None:
        """Put rows in the place of those with the same keys; the order stays."""
        with self._repainting():
            for row in rows:
                self._model.put(row)

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Lay out other columns; the rows' cells must fit them from the next `show` on."""
        if tuple(columns) != self.columns:
            self.columns = tuple(columns)
            self._measure()
            self.refresh()

    def set_palette(self, palette: Mapping[str, str]) -> None:
        """Paint in other colours."""
        self._palette = dict(palette)
        self.refresh()

    def set_empty(self, text: str) -> None:
        """Show `text` where there is no row."""
        if text != self._empty:
            self._empty = text
            if not self._model:
                self.refresh()

    def _scroll_rows(self, top: int) -> None:
        if top != self.scroll_offset.y:
            self.scroll_to(y=top, animate=False, force=True, immediate=True)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Report that other rows are on the screen now."""
        super().watch_scroll_y(old_value, new_value)
        self._heads = self.make_heads()
        self.post_message(self.Scrolled(self, self._cells.cursor))

    # Moving and marking

    def move_to(self, key: str) -> bool:
        """Put the cursor on a row and scroll it into view; False if there is no such row."""
        return self.point(self._cells.column or "", key)

    def point(self, column: str, row: str) -> bool:
        """Put the cursor on a cell and scroll it into view; what is not shown stays as it was."""
        had = self._cells.cursor
        with self._repainting():
            moved = self._cells.point(column, row)
            if moved or had != self._cells.cursor:
                self._reveal_cursor()
        return moved

    def hold_cursor(self) -> None:
        """Keep the cursor on its row, even where the one that it stood on before comes back."""
        if self._cells.cursor is not None:
            self.point(*self._cells.cursor)

    def _reveal_cursor(self) -> None:
        number = self._model.at(self.cursor_key)
        if number is not None:
            top, lines = self.scroll_offset.y, max(1, self._lines)
            self._scroll_rows(self._model.reveal(number, top, lines))

    def action_first(self) -> None:
        """Go to the first row, and show what stands over it."""
        super().action_first()
        if self.cursor_key is not None:
            self._scroll_rows(0)

    def action_choose(self) -> None:
        """Choose what is under the cursor."""
        if self._cells.cursor is not None:
            self.post_message(self.Chosen(self, self._cells.cursor))

    def toggle_mark(self, key: str | None = None) -> None:
        """Mark a row, or remove its mark; what is under the cursor if no row is named."""
        cell = self._cells.cursor if key is None else ("", key)
        if cell is not None:
            self._cells.marks ^= {cell}
            self._refresh_row(cell[1])
            self.post_message(self.MarksChanged(self, cell))

    def clear_marks(self) -> None:
        """Remove all marks."""
        if self._cells.marks:
            cells, self._cells.marks = self._cells.marks, set()
            for row in {cell[1] for cell in cells}:
                self._refresh_row(row)
            self.post_message(self.MarksChanged(self, None))

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where it was clicked; `clicks_to_choose` clicks choose.

        A click on a title, or on the place of a mark, is posted.
        """
        offset = event.get_content_offset(self)
        if offset is None:
            return
        x = offset.x + self.scroll_offset.x
        if offset.y < len(self._heads):
            places = (one.column.key for one in self._laid if one.at - 1 <= x < one.end)
            self.post_message(self.HeadClicked(self, next(places, "")))
            return
        row = self._model.pointed(self.scroll_offset.y + offset.y - len(self._heads))
        column = self._column_at(offset.x)
        if row is None or not self.point(column, row):
            return
        if self.is_mark_at(x):
            self.post_message(self.MarkClicked(self, column))
        elif event.chain == self.clicks_to_choose:
            self.action_choose()

    def is_mark_at(self, x: int) -> bool:
        """Whether a row's marks are shown at `x`: here before its first cell."""
        return x < _MARKED_TO

    def _column_at(self, x: int) -> str:
        """Return the key of the column that a click means; the cursor's where it means none."""
        if self._cells.columns is None:
            return ""
        hit = (place.column.key for place in self._laid[1:] if place.at - 1 <= x < place.end)
        return next(hit, self._cells.column or "")

    # Painting

    def _measure(self) -> None:
        """Lay out columns in the width there is, and set how long the whole is."""
        self._laid = place_columns(self.columns, self.scrollable_content_region.width)
        self._heads = self.make_heads()
        wide = max((place.end for place in self._laid), default=0)
        self.virtual_size = Size(wide, len(self._model) + len(self._heads))

    def on_resize(self) -> None:
        """Lay out again; the cursor stays in view."""
        self._measure()
        self.refresh()
        self._reveal_cursor()

    def watch_has_focus(self, value: bool) -> None:
        """Show the cursor as the one that keys move, or weaker."""
        super().watch_has_focus(value)
        if self.cursor_key is not None:
            self._refresh_row(self.cursor_key)

    def _refresh_row(self, key: str) -> None:
        number = self._model.at(key)
        if number is not None and 0 <= number - self.scroll_offset.y < self._lines:
            line = number - self.scroll_offset.y + len(self._heads)
            self._refresh_lines([(line, WHOLE_LINE)])

    def _refresh_lines(self, changed: Iterable[tuple[int, tuple[int, int]]]) -> None:
        """Paint lines again, each from where to where it changed: all of them in one refresh."""
        regions = [
            Region(
                max(0, at - self.scroll_offset.x) if width else 0,
                line,
                width or self.size.width,
                1,
            )
            for line, (at, width) in changed
        ]
        if regions:
            self.refresh(*regions)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Paint lines, after the colours that all of them begin with are known.

        Of a part of each line nothing is kept: at the next tick it is another.
        """
        self._base = self.rich_style
        within = crop.translate((-self.gutter.left, -self.gutter.top))
        inside = self.content_size.region
        if within.width == inside.width or not inside.contains_region(within):
            return super().render_lines(crop)
        strips = [self.render_part(y, *within.column_span) for y in within.line_range]
        background = self.background_colors[1]
        for line_filter in self.get_line_filters():
            strips = [strip.apply_filter(line_filter, background) for strip in strips]
        return strips

    def render_part(self, y: int, start: int, end: int) -> Strip:
        """Paint one line from `start` to `end`: whole cells alone where it is made of these."""
        left = self.scroll_offset.x
        first, last = start + left, end + left
        laid = [place for place in self._laid if first < place.end and place.at < last]
        row = self._row_of_line(y)
        if row is None or not row.has_only_cells or not laid or laid[-1].end != last:
            return self.render_line(y).crop(start, end)
        if first != laid[0].at and (first != laid[0].at - GAP or first < GUTTER):
            return self.render_line(y).crop(start, end)
        return paint_row(row, laid, self._palette, self.look(row), start=first)

    def _row_of_line(self, y: int) -> Row | None:
        """Return the row that a line of the widget shows; None for a head or no row."""
        number = self.scroll_offset.y + y - len(self._heads)
        if y < len(self._heads) or number >= len(self._model):
            return None
        return self._filled(self._model[number])

    def render_line(self, y: int) -> Strip:
        """Paint one line of the widget."""
        width = self.size.width
        start = self.scroll_offset.x
        row = self._row_of_line(y)
        if y < len(self._heads):
            look = LineLook(self.get_component_rich_style("livetable--header"))
            strip = paint_row(self._heads[y], self._laid, self._palette, look)
        elif row is not None:
            look = self.look(row)
            strip = paint_row(row, self._laid, self._palette, look)
            strip = strip.extend_cell_length(start + width, look.base)
        elif y == min(len(self._heads) + 1, self.size.height - 1) and not self._model:
            style = self.get_component_rich_style("livetable--empty")
            strip = Strip([Segment(fit(f"  {self._empty}", width), style)])
        else:
            strip = Strip.blank(width, self._base)
        if start == 0 and strip.cell_length == width:
            return strip
        return strip.crop_extend(start, start + width, self._base)

    def look(self, row: Row) -> LineLook:
        """Return how a row's line looks besides its cells: here the cursor is the whole line."""
        mark = "◆" if ("", row.key) in self._cells.marks else " "
        if row.key != self.cursor_key:
            return LineLook(self._base, mark=mark)
        name, sign = ("cursor", "▌") if self.has_focus else ("cursor-weak", "▏")
        return LineLook(self.get_component_rich_style(f"livetable--{name}"), sign, mark)
