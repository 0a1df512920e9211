"""What every line of the matrix shows at one moment. Pure."""

from collections.abc import Sequence, Set
from dataclasses import dataclass, field

from tui.ui.matrix.columns import MatrixColumn
from tui.ui.matrix.grid import Grid
from tui.ui.matrix.headers import StyledText, beyond_edge, column_head
from tui.ui.matrix.layout import Layout, Line, Part

CellKey = tuple[str, str]
"""A node and a service."""

HEAD = 3
"""Lines over the rows, and one more where there is more than one cluster."""

MARKED = "◆"
CURSOR, WEAK = "▌", "▏"
_SIGNS = {(True, False): CURSOR, (False, True): MARKED, (True, True): "◈", (False, False): " "}


@dataclass(frozen=True, slots=True)
class MatrixPicture:
    """A grid as it is looked at: from column `first` on, with the cursor on `node` and `service`.

    `signs` stands for signs without words, `focused` for keys that come here.
    """

    grid: Grid
    laid: Layout
    first: int = 0
    node: str | None = None
    service: str | None = None
    marks: Set[CellKey] = field(default_factory=frozenset)
    signs: bool = False
    focused: bool = True

    @property
    def seen(self) -> tuple[MatrixColumn, ...]:
        """The nodes on the screen."""
        return self.grid.columns[self.first : self.first + self.laid.count]

    def lines(self, rows: Sequence[str | None]) -> list[Line]:
        """Give all lines; `rows` are the services in view, None where there is none."""
        bars = self._bars()
        styles = {row.name: row.style for row in self.grid.rows}
        told = [
            self._row(name, styles.get(name, ""), bars) if name is not None else () for name in rows
        ]
        return [*self._head(bars), *told]

    def _bars(self) -> list[str]:
        """Give what stands before each column: a bar where another cluster begins."""
        seen = self.seen
        return [
            "│" if number and seen[number - 1].cluster != column.cluster else " "
            for number, column in enumerate(seen)
        ]

    def _head(self, bars: Sequence[str]) -> list[Line]:
        heads = [column_head(column, self.laid.cell) for column in self.seen]
        lines = []
        for number, corner in enumerate(self._corner()):
            parts = [Part(*corner, ground="head")]
            for column, words, bar in zip(self.seen, heads, bars, strict=True):
                text, style = words[number]
                sign = "▾" if number == 0 and column.key == self.node else bar
                parts.append(Part(text, style, sign=sign, ground="head"))
            lines.append((*parts,))
        if heads_of(self.grid) > HEAD:
            lines.insert(0, self._clusters(bars))
        return lines

    def _corner(self) -> tuple[StyledText, StyledText, StyledText]:
        columns, last, width = self.grid.columns, self.first + self.laid.count, self.laid.name
        bad = self.grid.bad
        return (
            ("SERVICE", "bold"),
            beyond_edge(columns[: self.first], bad, arrow="◀", width=width),
            beyond_edge(columns[last:], bad, arrow="▶", width=width),
        )

    def _clusters(self, bars: Sequence[str]) -> Line:
        parts = [Part(ground="head")]
        for column, bar in zip(self.seen, bars, strict=True):
            if len(parts) > 1 and bar == " ":
                parts[-1] = parts[-1]._replace(spans=parts[-1].spans + 1)
            else:
                name = column.cluster or "no cluster named"
                parts.append(Part(name, "accent", sign=bar, ground="head"))
        return (*parts,)

    def _row(self, name: str, style: str, bars: Sequence[str]) -> Line:
        here = name == self.service
        ground = "line" if here else ""
        parts = [Part(name, style, loud=here, sign="▸" if here else " ", ground=ground)]
        for column, bar in zip(self.seen, bars, strict=True):
            cell = self.grid.cell(column, name)
            chosen = here and column.key == self.node
            sign = _SIGNS[chosen, (column.key, name) in self.marks]
            under = ground
            if chosen:
                under = "cursor" if self.focused else "cursor-weak"
                sign = sign if self.focused or sign != CURSOR else WEAK
            parts.append(
                Part(
                    cell.glyph if self.signs else cell.text,
                    cell.style,
                    cell.lead,
                    cell.loud,
                    cell.faded,
                    bar if sign == " " else sign,
                    under,
                )
            )
        return (*parts,)


def heads_of(grid: Grid) -> int:
    """Say how many lines the head of a grid takes."""
    return HEAD + (len({one.cluster for one in grid.columns}) > 1)
