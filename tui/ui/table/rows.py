"""Rows of a live table: how each is painted; cursor and marks stay with their keys. Pure."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import field
from functools import lru_cache
from itertools import accumulate, product

from rich.cells import cell_len, set_cell_size
from rich.errors import StyleSyntaxError
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.model.dataclass import dataclass
from tui.model.text import clean

GUTTER = 2
WHOLE_LINE = (0, 0)
GAP = 1
_LOUD = "stale"
_QUIET = (" ", "│")
_BOLD, _PLAIN = Style(bold=True), Style.null()
_CUT_BEFORE_MEASURING = 4
# Terminals disagree on whether a variation selector makes the character before it wider.
_SELECTORS = dict.fromkeys(range(0xFE00, 0xFE10), "\N{REPLACEMENT CHARACTER}")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of `width` cells at least; `grow` is its share of what is left over.

    It grows to `at_most` cells, where that is not 0. Where there is no room, the columns with the
    highest `drop` go first; those with 0 stay.
    """

    key: str
    title: str
    width: int
    grow: int = 0
    right: bool = False
    drop: int = 0
    at_most: int = 0


@dataclass(frozen=True, slots=True)
class Cell:
    """Text that is clean already; `style` is a name in the table's palette, or a Rich style.

    `lead` is the style of its first character, a sign one cell wide, where that has its own.
    `sign` stands in the gap before the cell. A `loud` cell is bold, a `faded` one is old; a cell
    that `spans` has the room of so many columns, and the cells of the others are not shown. `runs`
    are styles and for how many characters they hold, the last ones where there is no room for all.
    """

    text: str
    style: str = ""
    lead: str = ""
    sign: str = " "
    loud: bool = False
    faded: bool = False
    spans: int = 1
    runs: tuple[tuple[str, int], ...] = ()


_EMPTY = Cell("")


@dataclass(frozen=True, slots=True)
class Row:
    """A row by its key, with a cell for each column.

    A `dim` row is old, and all its cells fade but those of the style "stale"; where it `spans`,
    the second cell has all the room to the right. An `inert` row spans too and cannot hold the
    cursor; a row that is set to do both belongs to the row above it.
    """

    key: str
    cells: tuple[Cell, ...]
    dim: bool = False
    inert: bool = False
    spans: bool = False

    def cell(self, index: int) -> Cell:
        """Return the cell of a column; where the row has none, an empty one."""
        return self.cells[index] if index < len(self.cells) else _EMPTY

    @property
    def has_only_cells(self) -> bool:
        """Whether each cell stands in its own column alone."""
        return not self.has_the_line and all(cell.spans == 1 for cell in self.cells)

    @property
    def has_the_line(self) -> bool:
        """Whether the second cell has all the room to the right."""
        return self.spans or self.inert


@dataclass(frozen=True, slots=True)
class PlacedColumn:
    """Where a column stands in a line: first cell, width, and which of the row's cells it is."""

    column: Column
    at: int
    width: int
    index: int

    @property
    def end(self) -> int:
        """The first cell of the terminal after it."""
        return self.at + self.width


def place_columns(columns: Sequence[Column], width: int) -> tuple[PlacedColumn, ...]:
    """Place columns in `width` cells: drop what does not fit, share out the rest."""
    kept = list(enumerate(columns))
    while _needs(kept) > width and any(column.drop for _, column in kept):
        kept.remove(max(kept, key=lambda numbered: numbered[1].drop))
    spare = max(0, width - _needs(kept))
    shares = sum(column.grow for _, column in kept)
    laid, at = [], GUTTER
    for index, column in kept:
        extra = spare * column.grow // shares if shares else 0
        if column.at_most:
            extra = min(extra, max(0, column.at_most - column.width))
        laid.append(PlacedColumn(column, at, column.width + extra, index))
        at += column.width + extra + GAP
    return tuple(laid)


def _needs(kept: Sequence[tuple[int, Column]]) -> int:
    return GUTTER + sum(column.width + GAP for _, column in kept) - GAP


def view_texts(first: int, last: int, count: int) -> tuple[str, ...]:
    """Return which of `count` rows are in view, and the same in fewer cells; nothing for all."""
    if last < first or (first, last) == (1, count):
        return ()
    view = f"{first}\N{EN DASH}{last}" if first < last else f"{first}"
    return f"{view} of {count}", f"{view}/{count}"


def head_row(columns: Sequence[Column], laid: Sequence[PlacedColumn], texts: Sequence[str]) -> Row:
    """Return the row of the columns' titles with the first of `texts` that has room beside one.

    It is beside that of the first column, else at the end of the last one, else in between.
    """
    titles = [column.title for column in columns]
    for text, place in product(texts, (*laid[:1], *laid[:0:-1])):
        title = titles[place.index]
        room = place.width - cell_len(title) - cell_len(text)
        if room >= GAP and not place.column.right:
            is_at_the_end = place is laid[-1] and place is not laid[0]
            titles[place.index] = f"{title}{' ' * (room if is_at_the_end else GAP)}{text}"
            break
    return Row("\0head", tuple(map(Cell, titles)))


@lru_cache(maxsize=4096)
def fit(text: str, width: int, *, right: bool = False) -> str:
    """Return `text` in exactly `width` cells of the terminal, cut with an ellipsis if it is longer.

    Characters that are not printable are a mistake of the caller's and are made harmless.
    """
    if width <= 0:
        return ""
    if not text.isprintable():
        text = clean(text)
    if not text.isascii():
        text = text.translate(_SELECTORS)
    head = text[: width * _CUT_BEFORE_MEASURING]
    if len(head) < len(text) or cell_len(head) > width:
        text = set_cell_size(head, width - 1) + "…"
    if right:
        return " " * (width - cell_len(text)) + text
    return set_cell_size(text, width)


@lru_cache(maxsize=256)
def style_of(name: str) -> Style:
    """Parse a Rich style; one that cannot be parsed is no style."""
    try:
        return Style.parse(name) if name else Style.null()
    except StyleSyntaxError:
        return Style.null()


@dataclass(frozen=True, slots=True)
class LineLook:
    """How one line looks besides its cells: its background, and the signs in the gutter.

    `own` holds by the number of a cell the sign before it and its background, where they differ
    from the line's.
    """

    base: Style
    cursor: str = " "
    mark: str = " "
    own: Mapping[int, tuple[str, Style]] = field(default_factory=dict)


def paint_row(
    row: Row,
    laid: Sequence[PlacedColumn],
    palette: Mapping[str, str],
    look: LineLook,
    start: int = 0,
) -> Strip:
    """Paint one row as a strip; cells come in the order of the columns.

    From another `start` than 0, which is the first cell or the gap before it, the columns alone
    are painted, without what stands before all of them.
    """
    accent = style_of(palette.get("accent", "bold"))
    segments = []
    if start == 0:
        segments = [
            Segment(sign, look.base if sign in _QUIET else look.base + accent)
            for sign in (look.cursor, look.mark)
        ]
    covered = 0
    for number, place in enumerate(laid):
        if place.at < covered:
            continue
        cell = row.cell(place.index)
        sign, base = look.own.get(place.index) or (cell.sign, look.base)
        if number or 0 < start < place.at:
            segments.append(Segment(sign, base if sign in _QUIET else base + accent))
        spans = len(laid) if number == 1 and row.has_the_line else cell.spans
        covered = (place if spans == 1 else laid[min(number + spans, len(laid)) - 1]).end
        text = fit(cell.text, covered - place.at, right=place.column.right)
        faded = style_of(palette.get("stale_row", "dim")) if row.dim or cell.faded else _PLAIN
        if cell.runs and not cell.faded and not row.dim:
            segments += _runs(cell, covered - place.at, base, palette)
            continue
        if cell.lead and cell.lead != cell.style:
            lead = base + style_of(palette.get(cell.lead, cell.lead)) + faded
            segments.append(Segment(text[:1], lead))
            text = text[1:]
        style = base + style_of(palette.get(cell.style, cell.style))
        if cell.style != _LOUD:
            style += faded
        segments.append(Segment(text, style + _BOLD if cell.loud else style))
    # Fewer segments are fewer bytes, at every tick.
    return Strip(segments).simplify()


def _runs(cell: Cell, width: int, base: Style, palette: Mapping[str, str]) -> Iterator[Segment]:
    """Yield the last characters of a cell, each in the style of its run; they are one cell wide."""
    if len(cell.text) < width:
        yield Segment(" " * (width - len(cell.text)), base)
    at, first = 0, max(0, len(cell.text) - width)
    for style, length in cell.runs:
        text = cell.text[max(at, first) : at + length]
        at += length
        if text:
            yield Segment(text, base + style_of(palette.get(style, style)))


def changed_span(
    old: Row | None, new: Row | None, laid: Sequence[PlacedColumn]
) -> tuple[int, int] | None:
    """Return from where to where two rows of a line differ: first cell of the terminal and width.

    None where nothing does; (0, 0), that is WHOLE_LINE, stands for the whole line. It is one span,
    since Textual writes a line from its beginning for each span.
    """
    if old is new or old == new:  # most are, and to compare their cells takes longer
        return None
    if old is None or new is None or old.has_the_line or new.has_the_line:
        return WHOLE_LINE
    if (old.key, old.dim) != (new.key, new.dim):
        return WHOLE_LINE
    changed = [place for place in laid if old.cell(place.index) != new.cell(place.index)]
    if not changed:
        return None
    cells = [row.cell(place.index) for place in changed for row in (old, new)]
    if any(cell.spans != 1 for cell in cells):
        return WHOLE_LINE
    at = changed[0].at - GAP * (cells[0].sign != cells[1].sign)
    return at, changed[-1].end - at


def changed_lines(
    before: Sequence[Row | None],
    after: Sequence[Row | None],
    moved: Set[str],
    laid: Sequence[PlacedColumn],
) -> Iterator[tuple[int, tuple[int, int]]]:
    """Yield the number and the span of all that lines show otherwise than they did.

    The cursor went between the rows in `moved`, and they change as a whole.
    """
    for line, (old, new) in enumerate(zip(before, after, strict=False)):
        if any(row is not None and row.key in moved for row in (old, new)):
            yield line, WHOLE_LINE
        elif (span := changed_span(old, new, laid)) is not None:
            yield line, span


CellKey = tuple[str, str]
"""The keys of a column and of a row; the column's is empty where the cursor is a whole row."""


class Rows:
    """Rows in order, with a cursor that stays with its key whatever the rows do."""

    def __init__(self) -> None:
        self.cursor: str | None = None
        self._rows: list[Row] = []
        self._at: dict[str, int] = {}
        self._counts = [0]
        self._lost: str | None = None

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, number: int) -> Row:
        return self._rows[number]

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of all rows, in order."""
        return tuple(row.key for row in self._rows)

    def at(self, key: str | None) -> int | None:
        """Return the number of a key's row."""
        return None if key is None else self._at.get(key)

    def row(self, key: str) -> Row:
        """Return a key's row; KeyError if there is none."""
        return self._rows[self._at[key]]

    def window(self, top: int, lines: int) -> list[Row | None]:
        """List what each of `lines` lines shows when row number `top` is on the first."""
        shown: list[Row | None] = list(self._rows[top : top + lines])
        return shown + [None] * (lines - len(shown))

    def in_view(self, top: int, lines: int) -> tuple[int, int, int]:
        """Return the numbers of the first and the last row in view, from 1 on, and of the last.

        Rows that cannot hold the cursor do not count; where no other is in view, the second is
        less than the first.
        """
        counts, end = self._counts, len(self._rows)
        return counts[min(top, end)] + 1, counts[min(top + lines, end)], counts[end]

    def put(self, row: Row) -> None:
        """Put a row in the place of that with the same key, if there is one."""
        number = self._at.get(row.key)
        if number is not None:
            self._rows[number] = row

    def forget_cells(self) -> None:
        """Empty all rows, to be made again."""
        self._rows = [Row(row.key, ()) for row in self._rows]

    # Other rows

    def show(self, rows: Sequence[Row], top: int, lines: int) -> int:
        """Replace the rows; returns the `top` that leaves the eye in its place."""
        before, had = self.window(top, lines), self.cursor
        line = next((n for n, row in enumerate(before) if row and row.key == had), None)
        index = self.at(had) or 0
        self._rows = list(rows)
        self._at = {row.key: number for number, row in enumerate(self._rows)}
        self._counts = [0, *accumulate(not row.inert for row in self._rows)]
        self._settle(index)
        return self._clamped(self._top(before, top, had, line), lines)

    def _settle(self, index: int) -> None:
        """Keep the cursor on its key; if that is gone, on what took its place until it is back."""
        if self._holds(self._lost):
            self.cursor, self._lost = self._lost, None
        elif not self._holds(self.cursor):
            if self._lost is None:
                self._lost = self.cursor
            self.cursor = self._nearest(index)

    def _holds(self, key: str | None) -> bool:
        number = self.at(key)
        return number is not None and not self._rows[number].inert

    def _nearest(self, index: int) -> str | None:
        """Return the key at `index`, or the nearest that can hold the cursor."""
        index = max(0, min(index, len(self._rows) - 1))
        for number in (*range(index, len(self._rows)), *range(index - 1, -1, -1)):
            row: Row = self._rows[number]
            if not row.inert:
                return row.key
        return None

    def _top(
        self, before: Sequence[Row | None], top: int, had: str | None, line: int | None
    ) -> int:
        """Choose the top row: the cursor keeps its line if it is seen, else the uppermost row does.

        At the very top it stays there, as long as that does not hide the cursor.
        """
        number = self.at(self.cursor)
        if number is not None and line is not None:
            return 0 if top == 0 and number < len(before) else number - line
        if number is not None and had is None:
            return self.reveal(number, top, len(before))
        if top == 0:
            return 0
        kept = ((self.at(row.key), n) for n, row in enumerate(before) if row is not None)
        return next((number - n for number, n in kept if number is not None), top)

    def _clamped(self, top: int, lines: int) -> int:
        return max(0, min(top, len(self._rows) - lines))

    # Moving

    def reveal(self, number: int, top: int, lines: int) -> int:
        """Return the nearest `top` that has a row in view, and what stands over it."""
        if number < top:
            over = number > 0 and self._rows[number - 1].inert and lines > 1
            return number - over
        return max(top, number - lines + 1)

    def move_to(self, key: str) -> bool:
        """Put the cursor on a row; False if there is no such row, or it cannot hold it."""
        if not self._holds(key):
            return False
        self.cursor, self._lost = key, None
        return True

    def step(self, by: int) -> str | None:
        """Return the key so many rows from the cursor that can hold it, or the last on the way."""
        here = number = self.at(self.cursor)
        if number is None or here is None:
            return None
        rest, step = abs(by), 1 if by > 0 else -1
        while rest and 0 <= number + step < len(self._rows):
            number += step
            if not self._rows[number].inert:
                here, rest = number, rest - 1
        return self._rows[here].key

    def pointed(self, number: int) -> str | None:
        """Return the key that a click on row `number` means: its own, or the one it belongs to."""
        while 0 <= number < len(self._rows):
            row = self._rows[number]
            if not row.inert:
                return row.key
            if not row.spans:
                return None
            number -= 1
        return None


class Cells:
    """Rows, and columns where the cursor is a cell: a cursor and marks that are pairs of both.

    Cursor and marks stay with their column and row whatever both do; where one of the two is gone,
    the cursor stands nearby until that is back. `left` is the number of the first column in view.
    """

    def __init__(self) -> None:
        self.rows = Rows()
        self.columns: Rows | None = None
        self.left = 0
        self.marks: set[CellKey] = set()

    @property
    def column(self) -> str | None:
        """The column under the cursor; empty where the cursor is a whole row."""
        return "" if self.columns is None else self.columns.cursor

    @property
    def cursor(self) -> CellKey | None:
        """The column and the row under the cursor."""
        column, row = self.column, self.rows.cursor
        return None if column is None or row is None else (column, row)

    def show_columns(self, keys: Sequence[str], count: int) -> None:
        """Replace the columns, of which there is room for `count`."""
        if self.columns is None:
            self.columns = Rows()
        self.left = self.columns.show([Row(key, ()) for key in keys], self.left, count)
        self.reveal(count)

    def reveal(self, count: int) -> None:
        """Scroll to the cursor's column, where there is room for `count` columns."""
        if self.columns is not None:
            self.left = max(0, min(self.left, len(self.columns) - count))
            number = self.columns.at(self.columns.cursor)
            if number is not None:
                self.left = self.columns.reveal(number, self.left, count)

    def point(self, column: str, row: str) -> bool:
        """Put the cursor on a cell; what is not there leaves it where it was: False."""
        across = self.columns is None or self.columns.move_to(column)
        return self.rows.move_to(row) and across

    def next_of(self, cells: Sequence[CellKey], by: int) -> CellKey | None:
        """Return the next of `cells`, in the order of the rows, or with -1 the one before."""
        if not cells:
            return None
        if self.cursor in cells:
            return cells[(cells.index(self.cursor) + by) % len(cells)]
        here = self._place(self.cursor)
        before = sum(self._place(cell) < here for cell in cells)
        return cells[(before if by > 0 else before - 1) % len(cells)]

    def _place(self, cell: CellKey | None) -> tuple[int, int]:
        column, row = cell or (None, None)
        number = self.columns.at(column) if self.columns is not None else None
        return self.rows.at(row) or 0, number or 0
