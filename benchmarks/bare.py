"""Plain Textual apps to compare the deck with: `python benchmarks/bare.py empty|table`.

`empty` is an app with one line of text. `table` holds as many rows as a node has services, in the
deck's columns, and lets their uptimes tick every second with `DataTable.update_cell`.
"""

import sys
import time

from textual.app import App, ComposeResult
from textual.widgets import DataTable, Static

EMPTY_SAYS = "bare app"
_UP_ALREADY = 3 * 86400 + 3539
_COLUMNS = ("SERVICE", "STATUS", "UPTIME", "KIND", "LAST CHANGE", "STARTED")


class EmptyApp(App[None]):
    """One line of text."""

    def compose(self) -> ComposeResult:
        """Show the line."""
        yield Static(EMPTY_SAYS)


class TableApp(App[None]):
    """A table whose uptimes tick."""

    def __init__(self, names: tuple[str, ...]) -> None:
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


def main(mode: str) -> int:
    """Run one of the two and return the exit code."""
    if mode == "empty":
        EmptyApp().run()
        return 0
    if mode == "table":
        from tui.sim.catalogue import SERVICES

        TableApp(SERVICES).run()
        return 0
    print("usage: bare.py empty|table", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
