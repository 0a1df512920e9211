"""What the matrix is painted from: where columns stand, and a line as a strip. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.ui.table.row import GUTTER, fit, style_of

WIDEST, NARROWEST, SIGN = 16, 10, 3
"""Widths of a node's column: with room to spare, with words, and with signs alone."""

_BOLD = Style(bold=True)
_NAME_AT_MOST, _NAME_AT_LEAST = 30, 10


@dataclass(frozen=True, slots=True)
class Layout:
    """A frozen column of `name` cells, then `count` nodes of `cell` cells, a sign before each."""

    name: int = 0
    cell: int = 1
    count: int = 1

    @property
    def frozen(self) -> int:
        """How many cells the frozen column takes, gutter and all."""
        return GUTTER + self.name

    def at(self, number: int) -> int:
        """Say where the part of a line with that number begins; 0 is the frozen one."""
        return 0 if number == 0 else self.frozen + (number - 1) * (self.cell + 1)

    def node_at(self, x: int) -> int | None:
        """Say which of the nodes on the screen a cell of the terminal belongs to."""
        number = (x - self.frozen) // (self.cell + 1)
        return number if x >= self.frozen and number < self.count else None


def lay_out(width: int, longest: str, nodes: int, *, signs: bool) -> Layout:
    """Share `width` cells: the names get a third at most, the nodes as many columns as fit."""
    most = max(_NAME_AT_LEAST, min(_NAME_AT_MOST, width // 3))
    name = max(_NAME_AT_LEAST, min(cell_len(longest), most))
    room = max(2, width - GUTTER - name)
    cell = max(NARROWEST, min(WIDEST, room // max(1, nodes) - 1))
    cell = min(SIGN if signs else cell, room - 1)
    return Layout(name, cell, max(1, min(nodes, room // (cell + 1))))


class Part(NamedTuple):
    """One cell of a line and the sign before it; `ground` names what it stands on.

    Styles are names in the palette. One that `spans` takes the room of so many nodes.
    """

    text: str = ""
    style: str = ""
    lead: str = ""
    loud: bool = False
    faded: bool = False
    sign: str = " "
    ground: str = ""
    spans: int = 1


Line = tuple[Part, ...]
"""The frozen part, then one for each node on the screen; empty where there is nothing."""


def differences(
    before: Sequence[Line], after: Sequence[Line], layout: Layout
) -> Iterator[tuple[int, int, int]]:
    """Give line, first cell and width of what is not as it was; a width of 0 is the whole line."""
    for number, (old, new) in enumerate(zip(before, after, strict=False)):
        if old == new:
            continue
        if len(old) != len(new) or any(part.spans != 1 for part in (*old, *new)):
            yield number, 0, 0
            continue
        moved = [n for n, (one, other) in enumerate(zip(old, new, strict=True)) if one != other]
        first, end = layout.at(moved[0]), layout.at(moved[-1] + 1)
        yield number, first, end - first


def paint_line(
    line: Line, layout: Layout, palette: Mapping[str, str], grounds: Mapping[str, Style]
) -> Strip:
    """Paint one line."""
    segments: list[Segment] = []
    for number, part in enumerate(line):
        base = grounds[part.ground]
        accent = base + style_of(palette.get("accent", "bold"))
        width = layout.name
        if number:
            width = part.spans * (layout.cell + 1) - 1
        sign = part.sign if number else f"{part.sign} "
        segments.append(Segment(sign, base if sign.strip() in ("", "│") else accent))
        segments += _cell(part, width, base, palette)
    # Fewer segments are fewer bytes.
    return Strip(segments).simplify()


def _cell(part: Part, width: int, base: Style, palette: Mapping[str, str]) -> Iterator[Segment]:
    text = fit(part.text, width)
    faded = style_of(palette.get("stale_row", "dim")) if part.faded else Style.null()
    style = base + style_of(palette.get(part.style, part.style)) + faded
    if part.loud:
        style += _BOLD
    if part.lead and part.lead != part.style:
        lead = base + style_of(palette.get(part.lead, part.lead)) + faded
        yield Segment(text[:1], lead)
        text = text[1:]
    yield Segment(text, style)
