"""The keys that move through a live table and across the matrix, and what they mean in rows."""

import sys
from collections.abc import Iterable

from textual.binding import Binding

from tui.ui.table.rows import Rows

_FARTHEST = sys.maxsize
_MOVES = (
    ("up,k", "up", "up", "Up", "Up one row"),
    ("down,j", "down", "down", "Down", "Down one row"),
    ("pageup", "page(-1)", "page_up", "Page up", "Up a page"),
    ("pagedown", "page(1)", "page_down", "Page down", "Down a page"),
    ("ctrl+u", "half(-1)", "half_up", "Half up", "Up half a page"),
    ("ctrl+d", "half(1)", "half_down", "Half down", "Down half a page"),
    ("home,g", "first", "first", "First", "To the first row"),
    ("end,G", "last", "last", "Last", "To the last row"),
    ("enter", "choose", "choose", "Choose", "Choose the row"),
)
_ACROSS = (
    ("left,h", "across(-1)", "left", "Left", "One node to the left, in the matrix"),
    ("right,l", "across(1)", "right", "Right", "One node to the right, in the matrix"),
    ("shift+left", "page_across(-1)", "page_left", "Page left", "A screen of nodes to the left"),
    ("shift+right", "page_across(1)", "page_right", "Page right", "A screen of nodes to the right"),
    (
        "tab",
        "next_problem(1)",
        "next_problem",
        "Next problem",
        "To the next problem in the matrix; without any, to the next restart",
    ),
    (
        "shift+tab",
        "next_problem(-1)",
        "problem_back",
        "Previous problem",
        "To the previous one",
    ),
)


def _bindings(table: str, moves: Iterable[tuple[str, str, str, str, str]]) -> list[Binding]:
    return [
        Binding(keys, action, short, show=False, id=f"{table}.{name}", tooltip=long)
        for keys, action, name, short, long in moves
    ]


ROW_BINDINGS = _bindings("table", _MOVES)
COLUMN_BINDINGS = _bindings("matrix", _ACROSS)


class RowNavigation:
    """The actions of those keys, over the rows of `_model`."""

    _model: Rows

    @property
    def _lines(self) -> int:
        """How many rows there is room for."""
        raise NotImplementedError

    def move_to(self, key: str) -> bool:
        """Put the cursor on a row; False if there is no such row."""
        raise NotImplementedError

    def _move_by(self, rows: int) -> None:
        """Move by so many rows that can hold the cursor, or as far as there are any."""
        key = self._model.step(rows)
        if key is not None:
            self.move_to(key)

    def action_up(self) -> None:
        """Go up one row."""
        self._move_by(-1)

    def action_down(self) -> None:
        """Go down one row."""
        self._move_by(1)

    def action_page(self, by: int) -> None:
        """Go a page up or down; one row of the last page stays in view."""
        self._move_by(by * max(1, self._lines - 1))

    def action_half(self, by: int) -> None:
        """Go half a page up or down."""
        self._move_by(by * max(1, self._lines // 2))

    def action_first(self) -> None:
        """Go to the first row."""
        self._move_by(-_FARTHEST)

    def action_last(self) -> None:
        """Go to the last row."""
        self._move_by(_FARTHEST)
