"""The matrix: a live table whose cursor is a cell, and in which whole nodes scroll sideways.

Service names and the heads of the nodes stay where they are.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise

from rich.cells import cell_len
from rich.style import Style
from textual.binding import Binding
from textual.geometry import Size

from tui.model.text import visible_name
from tui.ui.matrix.columns import MatrixColumn
from tui.ui.matrix.grid import Grid, GridCell
from tui.ui.matrix.headers import beyond_edge, column_head, fitting
from tui.ui.table.live_table import Cell, Column, LiveTable, Row
from tui.ui.table.navigation import COLUMN_BINDINGS
from tui.ui.table.rows import GUTTER, CellKey, LineLook, place_columns

__all__ = ["MARKED", "NAMES", "CellKey", "MatrixTable", "fit_columns"]

MARKED = "◆"
NAMES = "\0names"
"""The key of the services' column, which no node has."""

_BAR = "│"
_SIGNS = {(True, False): "▌", (False, True): MARKED, (True, True): "◈"}
_BOLD = Style(bold=True)
_WIDEST, _NARROWEST, _SIGN = 16, 10, 3
_NAME_AT_MOST, _NAME_AT_LEAST = 30, 10


def fit_columns(width: int, longest: str, nodes: int, *, signs: bool) -> tuple[int, int, int]:
    """Return the width of the names, that of a node's cells, and how many nodes fit in `width`.

    The names get a third at most, and more where that takes no node off the screen; a node's cells
    may be narrower where there are `signs` alone.
    """
    least = _SIGN if signs else _NARROWEST
    wanted = max(_NAME_AT_LEAST, min(_NAME_AT_MOST, cell_len(longest)))
    name = min(wanted, max(_NAME_AT_LEAST, width // 3))
    if _nodes_beside(wanted, width, nodes, least) == _nodes_beside(name, width, nodes, least):
        name = wanted
    room = max(2, width - GUTTER - name)
    cell = min(max(least, min(_WIDEST, room // max(1, nodes) - 1)), room - 1)
    return name, cell, max(1, min(nodes, room // (cell + 1)))


def _nodes_beside(name: int, width: int, nodes: int, least: int) -> int:
    """Return how many nodes of `least` cells fit beside the names."""
    return min(nodes, (width - GUTTER - name) // (least + 1))


class MatrixTable(LiveTable):
    """Services down, nodes across; a cell's key is the node and the service."""

    DEFAULT_CSS = """
    MatrixTable > .livetable--cursor { background: $primary 30%; }
    MatrixTable > .livetable--empty { text-style: bold; }
    """
    BINDINGS = [
        *COLUMN_BINDINGS,
        Binding("home", "edge(-1)", "First node", show=False),
        Binding("end", "edge(1)", "Last node", show=False),
    ]

    def __init__(self, palette: Mapping[str, str], *, id: str) -> None:
        super().__init__(palette=palette, id=id)
        self._grid = Grid()
        self._styles: dict[str, str] = {}
        self._count = 1
        self._cells.show_columns((), 1)
        self.signs = False
        self.title = "SERVICE"
        """The title of the services' column."""

    # What it shows

    @property
    def cursor(self) -> CellKey | None:
        """The node and the service under the cursor."""
        return self._cells.cursor

    @property
    def marked_cells(self) -> frozenset[CellKey]:
        """The cells that are marked, whether they are shown or not."""
        return frozenset(self._cells.marks)

    def present(self, grid: Grid) -> None:
        """Show a grid; cursor, marks and the eye's place stay with their nodes and services."""
        with self._repainting():
            self._grid = grid
            self._styles = {row.name: row.style for row in grid.rows}
            self._fit()
            self._cells.show_columns([column.key for column in grid.columns], self._count)
            self._measure()
            self._replace_rows([Row(row.name, ()) for row in grid.rows])

    def make_row(self, key: str) -> Row:
        """Make the row of a service: its name, and a cell for each node on the screen."""
        cells = [Cell(visible_name(key), self._styles.get(key, ""))]
        for column, bar in self._seen():
            cell = self._grid.cell(column, key)
            if self.signs:
                cells.append(self._block(cell, bar))
            else:
                cells.append(Cell(cell.text, cell.style, cell.lead, bar, cell.loud, cell.faded))
        return Row(key, tuple(cells))

    def _block(self, cell: GridCell, bar: str) -> Cell:
        """Return a sign alone, in the middle of its cell; what stands out fills the cell."""
        width = self._laid[-1].width if self._laid else _SIGN
        style = cell.lead or cell.style
        if cell.loud:
            style = f"reverse {self._palette.get(style, '')}".strip()
        return Cell(f"{cell.glyph:^{width}}", style, "", bar, cell.loud, cell.faded)

    def make_heads(self) -> tuple[Row, ...]:
        """Make the lines that name the nodes, and over them that of the clusters, if several."""
        grid, count = self._grid, len(self._grid.columns)
        first = min(self._cells.left, count)
        end = min(first + self._count, count)
        name, cell = (self._laid[0].width, self._laid[-1].width) if self._laid else (0, 0)
        titles = [f"{self.title} {text}" for text in self._view_texts()]
        corner = (
            (fitting([*titles, self.title], name), "bold"),
            beyond_edge(first, grid.bad_between(0, first), arrow="◀", width=name),
            beyond_edge(count - end, grid.bad_between(end, count), arrow="▶", width=name),
        )
        here = self._cells.column
        lines = [[Cell(*words)] for words in corner]
        for column, bar in self._seen():
            for number, (text, style) in enumerate(column_head(column, cell)):
                sign = "▾" if number == 0 and column.key == here else bar
                lines[number].append(Cell(text, style, sign=sign))
        if self._grid.has_clusters:
            lines.insert(0, [Cell(""), *self._clusters()])
        return tuple(Row(f"\0head {len(lines)} {n}", (*cells,)) for n, cells in enumerate(lines))

    def _seen(self) -> Iterator[tuple[MatrixColumn, str]]:
        """Yield the nodes on the screen, each with what stands before its column."""
        first = self._cells.left
        cluster: str | None = None
        for column in self._grid.columns[first : first + self._count]:
            yield column, _BAR if cluster not in (None, column.cluster) else " "
            cluster = column.cluster

    def _clusters(self) -> list[Cell]:
        """Return the names of the clusters, each over its nodes."""
        seen = [*self._seen()]
        starts = [n for n, (_, bar) in enumerate(seen) if n == 0 or bar == _BAR]
        cells = [Cell("")] * len(seen)
        for start, end in pairwise([*starts, len(seen)]):
            column, bar = seen[start]
            name = column.cluster or "no cluster named"
            cells[start] = Cell(name, "accent", sign=bar, spans=end - start)
        return cells

    def set_signs(self, *, alone: bool) -> None:
        """Show signs alone, so that more nodes fit, or words with them."""
        self.signs = alone
        self._model.forget_cells()
        self.on_resize()

    # Moving

    def move_to_node(self, node: str) -> bool:
        """Put the cursor on a node, on the service where it is; False if it is not shown."""
        return self.point(node, self._model.cursor or "")

    def action_across(self, by: int) -> None:
        """Go so many nodes to the right, or to the left."""
        nodes = self._cells.columns
        node = nodes.step(by) if nodes is not None else None
        if node is not None:
            self.move_to_node(node)

    def action_page_across(self, by: int) -> None:
        """Go a screen of nodes to the right, or to the left."""
        self.action_across(by * max(1, self._count - 1))

    def action_edge(self, by: int) -> None:
        """Go to the last node, or the first."""
        self.action_across(by * max(1, len(self._grid.columns)))

    def action_next_problem(self, by: int) -> None:
        """Go to the next cell that stands out, row by row, or to the one before."""
        cell = self._cells.next_of(self._grid.wrong(), by)
        if cell is not None:
            self.point(*cell)

    def is_mark_at(self, x: int) -> bool:
        """Whether a cell's mark is shown at `x`: right before it."""
        return any(x == place.at - 1 for place in self._laid[1:])

    # Painting

    def _fit(self) -> tuple[int, int]:
        """Count the nodes that fit; returns the widths of names and of cells."""
        grid, width = self._grid, self.scrollable_content_region.width
        name, cell, self._count = fit_columns(
            width, grid.longest, len(grid.columns), signs=self.signs
        )
        return name, cell

    def _measure(self) -> None:
        """Lay out the nodes in view in the width there is, and set how long the whole is."""
        name, cell = self._fit()
        self._cells.reveal(self._count)
        width = self.scrollable_content_region.width
        nodes = (Column(column.key, "", cell) for column, _ in self._seen())
        self.columns = (Column(NAMES, "", name), *nodes)
        laid = place_columns(self.columns, width)
        if laid != self._laid:
            self._laid = laid
            self._model.forget_cells()
            self.refresh()
        self._heads = self.make_heads()
        self.virtual_size = Size(width, len(self._model) + len(self._heads))

    def _reveal_cursor(self) -> None:
        super()._reveal_cursor()
        self._measure()

    def look(self, row: Row) -> LineLook:
        """Return how a row's line looks besides its cells: the cursor is one of them."""
        here = row.key == self._model.cursor
        base = self.get_component_rich_style("livetable--line") if here else self._base
        own: dict[int, tuple[str, Style]] = {0: (" ", base + _BOLD)} if here else {}
        for place in self._laid[1:]:
            node = place.column.key
            chosen = here and node == self._cells.column
            marked = (node, row.key) in self._cells.marks
            if chosen or marked:
                own[place.index] = self._cell_look(chosen, marked, base)
        return LineLook(base, "▸" if here else " ", own=own)

    def _cell_look(self, chosen: bool, marked: bool, base: Style) -> tuple[str, Style]:
        sign = _SIGNS[chosen, marked]
        if not chosen:
            return sign, base
        if self.has_focus:
            return sign, self.get_component_rich_style("livetable--cursor")
        weak = self.get_component_rich_style("livetable--cursor-weak")
        return sign if marked else "▏", weak
