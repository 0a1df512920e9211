"""What a live table is made of, and how a row becomes a strip of the terminal. Pure."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import lru_cache

from rich.cells import cell_len, set_cell_size
from rich.errors import StyleSyntaxError
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.model.text import clean

GUTTER = 2
WHOLE_LINE = (0, 0)
_GAP = 1
_LOUD = "stale"
_CUT_BEFORE_MEASURING = 4
# Terminals disagree on whether a variation selector makes the character before it wider.
_SELECTORS = dict.fromkeys(range(0xFE00, 0xFE10), "\N{REPLACEMENT CHARACTER}")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of `width` cells at least; `grow` is its share of what is left over.

    Where there is no room, the columns with the highest `drop` go first; those with 0 stay.
    """

    key: str
    title: str
    width: int
    grow: int = 0
    right: bool = False
    drop: int = 0


@dataclass(frozen=True, slots=True)
class Cell:
    """Text that is clean already; `style` is a name in the table's palette, or a Rich style.

    `lead` is the style of its first character, a sign one cell wide, where that has its own.
    """

    text: str
    style: str = ""
    lead: str = ""


_EMPTY = Cell("")


@dataclass(frozen=True, slots=True)
class Row:
    """A row by its key, with a cell for each column.

    A `dim` row is old, and all its cells fade but those of the style "stale"; one that `spans`
    gives its second cell all the room to the right. An `inert` one spans too and cannot hold the
    cursor; one that is said to do both goes on about the row above it.
    """

    key: str
    cells: tuple[Cell, ...]
    dim: bool = False
    inert: bool = False
    spans: bool = False

    def cell(self, index: int) -> Cell:
        """Give the cell of a column; where the row has none, an empty one."""
        return self.cells[index] if index < len(self.cells) else _EMPTY


@dataclass(frozen=True, slots=True)
class PlacedColumn:
    """Where a column stands in a line: first cell, width, and which of the row's cells it is."""

    column: Column
    at: int
    width: int
    index: int


def place_columns(columns: Sequence[Column], width: int) -> tuple[PlacedColumn, ...]:
    """Lay columns out in `width` cells: drop what does not fit, share out what is left."""
    kept = list(enumerate(columns))
    while _needs(kept) > width and any(column.drop for _, column in kept):
        kept.remove(max(kept, key=lambda one: one[1].drop))
    spare = max(0, width - _needs(kept))
    shares = sum(column.grow for _, column in kept)
    laid, at = [], GUTTER
    for index, column in kept:
        extra = spare * column.grow // shares if shares else 0
        laid.append(PlacedColumn(column, at, column.width + extra, index))
        at += column.width + extra + _GAP
    return tuple(laid)


def _needs(kept: Sequence[tuple[int, Column]]) -> int:
    return GUTTER + sum(column.width + _GAP for _, column in kept) - _GAP


@lru_cache(maxsize=4096)
def fit(text: str, width: int, *, right: bool = False) -> str:
    """Give `text` in exactly `width` cells of the terminal, cut with an ellipsis if it is longer.

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
    """How one line is to look besides its cells: its background, and the signs in the gutter."""

    base: Style
    cursor: str = " "
    mark: str = " "


def paint_row(
    row: Row, laid: Sequence[PlacedColumn], palette: Mapping[str, str], look: LineLook
) -> Strip:
    """Paint one row as a strip; cells come in the order of the columns."""
    faded = style_of(palette.get("stale_row", "dim")) if row.dim else Style.null()
    accent = look.base + style_of(palette.get("accent", "bold"))
    segments = [Segment(look.cursor, accent), Segment(look.mark, accent)]
    spanning = _spanning(laid) if _has_the_line(row) else laid
    for number, place in enumerate(spanning):
        cell = row.cell(place.index)
        if number:
            segments.append(Segment(" " * _GAP, look.base))
        text = fit(cell.text, place.width, right=place.column.right)
        style = look.base + style_of(palette.get(cell.style, cell.style))
        if cell.style != _LOUD:
            style += faded
        if cell.lead:
            lead = look.base + style_of(palette.get(cell.lead, cell.lead)) + faded
            segments.append(Segment(text[:1], lead))
            text = text[1:]
        segments.append(Segment(text, style))
    # Fewer segments are fewer bytes, at every tick.
    return Strip(segments).simplify()


def _has_the_line(row: Row) -> bool:
    return row.spans or row.inert


def _spanning(laid: Sequence[PlacedColumn]) -> Sequence[PlacedColumn]:
    """Give the second cell of a row all the room to the right."""
    if len(laid) < 2:
        return laid
    last = laid[-1]
    width = last.at + last.width - laid[1].at
    return (laid[0], replace(laid[1], width=width))


def changed_span(
    old: Row | None, new: Row | None, laid: Sequence[PlacedColumn]
) -> tuple[int, int] | None:
    """Say which cells of the terminal differ between two rows of a line: first and width.

    None where nothing does; (0, 0), that is WHOLE_LINE, stands for the whole line.
    """
    if old == new:
        return None
    if old is None or new is None or _has_the_line(old) or _has_the_line(new):
        return WHOLE_LINE
    if (old.key, old.dim) != (new.key, new.dim):
        return WHOLE_LINE
    moved = [place for place in laid if old.cell(place.index) != new.cell(place.index)]
    if not moved:
        return None
    first, last = moved[0], moved[-1]
    return (first.at, last.at + last.width - first.at)


def changed_lines(
    before: Sequence[Row | None],
    after: Sequence[Row | None],
    moved: Set[str | None],
    laid: Sequence[PlacedColumn],
) -> Iterator[tuple[int, tuple[int, int]]]:
    """Give each line that shows something else than it did, and its span.

    The cursor went between the rows in `moved`, and they change as a whole.
    """
    for line, (old, new) in enumerate(zip(before, after, strict=False)):
        if any(row is not None and row.key in moved for row in (old, new)):
            yield line, WHOLE_LINE
        elif (span := changed_span(old, new, laid)) is not None:
            yield line, span
