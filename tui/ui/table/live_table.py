"""The live table: rows by key, painted line by line, and only where something changed.

Its cursor and marks are keys and not row numbers, so they stay with their service whatever the
rows do. Textual's DataTable loses its cursor to another row at every re-sort.
"""

from collections.abc import Iterable, Mapping, Sequence

from rich.segment import Segment
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.ui.table.navigation import ROW_BINDINGS, RowNavigation
from tui.ui.table.row import (
    WHOLE_LINE,
    Cell,
    Column,
    LineLook,
    PlacedColumn,
    Row,
    changed_lines,
    fit,
    paint_row,
    place_columns,
)
from tui.ui.table.rows import Rows

__all__ = ["Cell", "Column", "LiveTable", "Row"]

_HEADER = 1


class LiveTable(RowNavigation, ScrollView, can_focus=True):
    """A table of keyed rows; `palette` maps the names of styles to Rich styles."""

    COMPONENT_CLASSES = {
        "livetable--header",
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
    LiveTable > .livetable--cursor { background: $primary 30%; }
    LiveTable > .livetable--cursor-weak { background: $panel; }
    LiveTable > .livetable--empty { color: $text-muted; }
    """
    MOVES = ROW_BINDINGS
    BINDINGS = [*ROW_BINDINGS]

    class CursorMoved(Message):
        """The cursor stands on another row; `key` is None where there is none."""

        def __init__(self, table: "LiveTable", key: str | None) -> None:
            super().__init__()
            self.table = table
            self.key = key

        @property
        def control(self) -> "LiveTable":
            """The table it happened in."""
            return self.table

    class Chosen(CursorMoved):
        """A row was chosen, by enter or a double click."""

    class MarksChanged(CursorMoved):
        """A mark was set or taken away."""

    class Scrolled(CursorMoved):
        """Other rows than before are on the screen; what ticks in them may be old."""

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        palette: Mapping[str, str] | None = None,
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        super().__init__(id=id)
        self.columns = tuple(columns)
        self._palette = dict(palette or {})
        self._empty = ""
        self._model = Rows()
        self._laid: tuple[PlacedColumn, ...] = ()

    # What it shows

    @property
    def row_keys(self) -> tuple[str, ...]:
        """The keys of all rows, in order."""
        return self._model.keys

    @property
    def visible_keys(self) -> tuple[str, ...]:
        """The keys of the rows on the screen."""
        return tuple(row.key for row in self._visible() if row is not None)

    @property
    def cursor_key(self) -> str | None:
        """The key of the row that the cursor is on."""
        return self._model.cursor

    @property
    def marks(self) -> frozenset[str]:
        """The keys that are marked, whether their rows are shown or not."""
        return frozenset(self._model.marks)

    def row(self, key: str) -> Row:
        """Give a row as it is shown; KeyError if there is none."""
        return self._model.row(key)

    @property
    def _lines(self) -> int:
        """How many rows there is room for."""
        return max(0, self.scrollable_content_region.height - _HEADER)

    def _visible(self) -> list[Row | None]:
        """List what each line below the header shows."""
        return self._model.window(self.scroll_offset.y, self._lines)

    def show(self, rows: Sequence[Row]) -> None:
        """Show `rows` in their order; cursor, marks and the eye's place stay with their keys."""
        before, had, count = self._visible(), self.cursor_key, len(self._model)
        top = self._model.show(rows, self.scroll_offset.y, max(1, self._lines))
        if len(self._model) != count:
            self._measure()
        self._scroll_rows(top)
        self._settle(before, had)

    def patch(self, rows: Iterable[Row]) -> None:
        """Put rows in the place of those with the same keys; the order stays."""
        before = self._visible()
        for row in rows:
            self._model.put(row)
        self._settle(before, self.cursor_key)

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Lay out other columns; the rows' cells must fit them from the next `show` on."""
        if tuple(columns) != self.columns:
            self.columns = tuple(columns)
            self._measure()
            self.refresh()

    def set_palette(self, palette: Mapping[str, str]) -> None:
        """Take other colours."""
        self._palette = dict(palette)
        self.refresh()

    def set_empty(self, text: str) -> None:
        """Say `text` where there is no row."""
        if text != self._empty:
            self._empty = text
            if not self._model:
                self.refresh()

    def _scroll_rows(self, top: int) -> None:
        if top != self.scroll_offset.y:
            self.scroll_to(y=top, animate=False, force=True, immediate=True)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Tell that other rows are on the screen now."""
        super().watch_scroll_y(old_value, new_value)
        self.post_message(self.Scrolled(self, self.cursor_key))

    # Moving and marking

    def move_to(self, key: str) -> bool:
        """Put the cursor on a row and scroll it into view; False if there is no such row."""
        before, had = self._visible(), self.cursor_key
        if not self._model.move_to(key):
            return False
        self._reveal_cursor()
        self._settle(before, had)
        return True

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
        """Choose the row under the cursor."""
        if self.cursor_key is not None:
            self.post_message(self.Chosen(self, self.cursor_key))

    def toggle_mark(self, key: str | None = None) -> None:
        """Mark a row, or take its mark away; the cursor's row if none is named."""
        key = key if key is not None else self.cursor_key
        if key is not None:
            self._model.marks ^= {key}
            self._refresh_key(key)
            self.post_message(self.MarksChanged(self, key))

    def clear_marks(self) -> None:
        """Take all marks away."""
        if self._model.marks:
            keys, self._model.marks = self._model.marks, set()
            for key in keys:
                self._refresh_key(key)
            self.post_message(self.MarksChanged(self, None))

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where it was clicked; a double click chooses."""
        offset = event.get_content_offset(self)
        if offset is None or offset.y < _HEADER:
            return
        key = self._model.pointed(self.scroll_offset.y + offset.y - _HEADER)
        if key is not None and self.move_to(key) and event.chain == 2:
            self.action_choose()

    # Painting

    def _measure(self) -> None:
        """Lay out columns in the width there is, and say how long the whole is."""
        width = self.scrollable_content_region.width
        self._laid = place_columns(self.columns, width)
        wide = max((place.at + place.width for place in self._laid), default=0)
        self.virtual_size = Size(wide, len(self._model) + _HEADER)

    def on_resize(self) -> None:
        """Lay out again; the cursor stays in view."""
        self._measure()
        self.refresh()
        self._reveal_cursor()

    def on_focus(self) -> None:
        """Show the cursor as the one that keys move."""
        self._refresh_key(self.cursor_key)

    def on_blur(self) -> None:
        """Show the cursor weaker."""
        self._refresh_key(self.cursor_key)

    def _refresh_key(self, key: str | None) -> None:
        number = self._model.at(key)
        if number is not None:
            self._refresh_line(number - self.scroll_offset.y, WHOLE_LINE)

    def _refresh_line(self, line: int, span: tuple[int, int]) -> None:
        if 0 <= line < self._lines:
            at, width = span
            left = max(0, at - self.scroll_offset.x) if width else 0
            self.refresh(Region(left, line + _HEADER, width or self.size.width, 1))

    def _settle(self, before: Sequence[Row | None], had: str | None) -> None:
        """Have those lines painted again that show something else; tell if the cursor moved."""
        moved = {had, self.cursor_key} if had != self.cursor_key else set()
        for line, span in changed_lines(before, self._visible(), moved, self._laid):
            self._refresh_line(line, span)
        if moved:
            self.post_message(self.CursorMoved(self, self.cursor_key))

    def render_line(self, y: int) -> Strip:
        """Paint one line of the widget."""
        width = self.size.width
        if y == 0:
            strip = self._header()
        else:
            number = self.scroll_offset.y + y - _HEADER
            if number < len(self._model):
                strip = self._line(self._model[number])
            elif y == min(_HEADER + 1, self._lines) and not self._model:
                style = self.get_component_rich_style("livetable--empty")
                strip = Strip([Segment(fit(f"  {self._empty}", width), style)])
            else:
                strip = Strip.blank(width, self.rich_style)
        left = self.scroll_offset.x
        return strip.crop_extend(left, left + width, self.rich_style)

    def _header(self) -> Strip:
        look = LineLook(self.get_component_rich_style("livetable--header"))
        cells = tuple(Cell(column.title) for column in self.columns)
        return paint_row(Row("", cells), self._laid, self._palette, look)

    def _line(self, row: Row) -> Strip:
        base, cursor = self.rich_style, " "
        if row.key == self.cursor_key:
            name, cursor = ("cursor", "▌") if self.has_focus else ("cursor-weak", "▏")
            base = self.get_component_rich_style(f"livetable--{name}")
        look = LineLook(base, cursor, "●" if row.key in self._model.marks else " ")
        strip = paint_row(row, self._laid, self._palette, look)
        return strip.extend_cell_length(self.scroll_offset.x + self.size.width, base)
