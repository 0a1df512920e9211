"""How many rows the live table paints again for a refresh, counted without a terminal."""

from textual.app import App, ComposeResult
from textual.strip import Strip

from tui.sim.catalogue import SERVICES
from tui.ui.table.live_table import Cell, Column, LiveTable, Row

_COLUMNS = (Column("name", "SERVICE", 18, grow=1), Column("uptime", "UPTIME", 13, right=True))


class CountedTable(LiveTable):
    """Counts the lines that it is asked to paint."""

    painted = 0

    def render_line(self, y: int) -> Strip:
        """Count a line, and paint it."""
        self.painted += 1
        return super().render_line(y)


class CountingApp(App[None]):
    """The counted table alone."""

    def compose(self) -> ComposeResult:
        """Show the table."""
        yield CountedTable(_COLUMNS)


def _rows(changed: int) -> list[Row]:
    """Make the rows of a refresh in which the first `changed` rows say something new."""
    return [
        Row(name, (Cell(name), Cell("new" if number < changed else "old")))
        for number, name in enumerate(SERVICES)
    ]


async def rows_painted(changed: int) -> int:
    """Count the rows painted for one refresh in which so many rows changed."""
    app = CountingApp()
    async with app.run_test(size=(120, 40)) as pilot:
        table = app.query_one(CountedTable)
        table.show(_rows(0))
        await pilot.pause(0.2)
        table.painted = 0
        table.show(_rows(changed))
        await pilot.pause(0.2)
        return table.painted
