"""A plain Textual table to compare the deck with: `python benchmarks/bare.py NAME …`.

One row a name, in the deck's columns, with uptimes that tick every second by
`DataTable.update_cell`.
"""

import sys
import time

from textual.app import App, ComposeResult
from textual.widgets import DataTable

_UP_ALREADY = 3 * 86400 + 3539
_COLUMNS = ("SERVICE", "STATUS", "UPTIME", "KIND", "LAST CHANGE", "STARTED")


class TableApp(App[None]):
    """A table whose uptimes tick."""

    def __init__(self, names: list[str]) -> None:
        super().__init__()
        self._names = names
        self._began = time.monotonic()

    def compose(self) -> ComposeResult:
        """Show the table."""
        yield DataTable[str](cursor_type="row")

    def on_mount(self) -> None:
        """Fill the table and start the clock."""
        table = self.query_one(DataTable)
        for title in _COLUMNS:
            table.add_column(title, key=title)
        for number, name in enumerate(self._names):
            table.add_row(
                name,
                "● RUNNING",
                self._uptime(number),
                "optional" if number % 3 else "required",
                "",
                "2026-01-01 12:00:00Z",
                key=name,
            )
        table.focus()
        self.set_interval(1.0, self._tick)

    def _uptime(self, number: int) -> str:
        whole = int(time.monotonic() - self._began) + _UP_ALREADY + number % 5
        days, rest = divmod(whole, 86400)
        return f"{days}d {rest // 3600:02}:{rest % 3600 // 60:02}:{rest % 60:02}"

    def _tick(self) -> None:
        table = self.query_one(DataTable)
        for number, name in enumerate(self._names):
            table.update_cell(name, "UPTIME", self._uptime(number))


if __name__ == "__main__":
    TableApp(sys.argv[1:]).run()
