"""Rows and columns of a live table. Cursor, marks and the eye's place are keys. Pure."""

from collections.abc import Sequence

from tui.ui.table.row import Row

CellKey = tuple[str, str]
"""The keys of a column and of a row; the column's is empty where the cursor is a whole row."""


class Rows:
    """Rows in order, with a cursor that stays with its key whatever the rows do."""

    def __init__(self) -> None:
        self.cursor: str | None = None
        self._rows: list[Row] = []
        self._at: dict[str, int] = {}
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
