"""Rows and columns of the matrix, by key: a cursor and marks that are pairs of both. Pure."""

from collections.abc import Sequence

from tui.ui.matrix.picture import CellKey
from tui.ui.table.row import Row
from tui.ui.table.rows import Rows


class CellCursor:
    """Services `down` and nodes `across`; `left` is the number of the first node in view.

    Cursor and marks stay with their node and service whatever both do; where one of the two is
    gone, the cursor stands nearby until that is back.
    """

    def __init__(self) -> None:
        self.down = Rows()
        self.across = Rows()
        self.left = 0
        self.marks: set[CellKey] = set()

    @property
    def cursor(self) -> CellKey | None:
        """The node and the service under the cursor."""
        node, service = self.across.cursor, self.down.cursor
        return None if node is None or service is None else (node, service)

    def seen(self, count: int) -> tuple[str, ...]:
        """List the nodes in view, of which there is room for `count`."""
        return self.across.keys[self.left : self.left + count]

    def show(
        self, nodes: Sequence[str], services: Sequence[str], *, top: int, lines: int, count: int
    ) -> int:
        """Take other nodes and services; gives the top row that leaves the eye in its place."""
        top = self.down.show([Row(name, ()) for name in services], top, lines)
        self.left = self.across.show([Row(node, ()) for node in nodes], self.left, count)
        self.reveal(count)
        return top

    def reveal(self, count: int) -> None:
        """Have the cursor's node in view, where there is room for `count` nodes."""
        self.left = max(0, min(self.left, len(self.across) - count))
        number = self.across.at(self.across.cursor)
        if number is not None:
            self.left = self.across.reveal(number, self.left, count)

    def point(self, node: str, service: str) -> bool:
        """Put the cursor on a cell; what is not there leaves it where it was, and gives False."""
        return all([self.across.move_to(node), self.down.move_to(service)])

    def next_of(self, cells: Sequence[CellKey], by: int) -> CellKey | None:
        """Give the next of `cells`, in the order of the rows, or with -1 the one before."""
        if not cells:
            return None
        if self.cursor in cells:
            return cells[(cells.index(self.cursor) + by) % len(cells)]
        here = self._place(self.cursor)
        before = sum(self._place(cell) < here for cell in cells)
        return cells[(before if by > 0 else before - 1) % len(cells)]

    def _place(self, cell: CellKey | None) -> tuple[int, int]:
        node, service = cell or (None, None)
        return self.down.at(service) or 0, self.across.at(node) or 0
