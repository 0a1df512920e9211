"""The newest events of a cluster below the services: no heading, and no age that ticks."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime

from rich.cells import cell_len

from tui.model.event import Event
from tui.ui.format.event_row import EventCells, event_cells
from tui.ui.table.live_table import Cell, Column, LiveTable, Row

_SHARE = 4
"""The part of the width that a column has at most, so that what happened stays in view."""


class RecentEvents(LiveTable):
    """Rows of the newest events, the newest first; chosen, one leads to its service.

    `place` returns a node's name and address by its name.
    """

    def __init__(
        self,
        palette: Mapping[str, str],
        *,
        id: str,
        place: Callable[[str], str],
    ) -> None:
        super().__init__((), palette=palette, id=id)
        self._place = place
        self._events: dict[str, Event] = {}
        self._of: tuple[int, int, Event | None, Collection[str]] = (0, -1, None, ())

    def make_heads(self) -> tuple[Row, ...]:
        """Make none."""
        return ()

    def present(self, events: Sequence[Event], nodes: Collection[str], now: float) -> None:
        """Show the newest events of these nodes; nothing is done where none is new."""
        of = (self._lines, len(events), events[-1] if events else None, nodes)
        if of[:2] == self._of[:2] and of[2] is self._of[2] and nodes == self._of[3]:
            return
        self._of = of
        newest: list[Event] = []
        for event in reversed(events):
            if event.node in nodes:
                newest.append(event)
                if len(newest) >= self._lines:
                    break
        self._events = {str(id(event)): event for event in newest}
        on = datetime.now(UTC)
        rows = [
            _row(key, event_cells(event, now, on, self._place(event.node)))
            for key, event in self._events.items()
        ]
        self._fit(rows)
        self.show(rows)
        if not self.has_focus:
            self.action_first()

    def _fit(self, rows: Sequence[Row]) -> None:
        """Make each column as wide as its longest cell; the event has the rest."""
        keys = ("clock", "what", "service", "node")
        widths = [
            max((cell_len(row.cells[number].text) for row in rows), default=0)
            for number in range(len(keys))
        ]
        most = self.size.width // _SHARE
        columns = [
            Column(key, "", min(width, most)) for key, width in zip(keys, widths, strict=True)
        ]
        self.set_columns((*columns, Column("text", "", 10, grow=1)))

    def event(self, key: str | None) -> Event | None:
        """Find the event of a row."""
        return self._events.get(key or "")


def _row(key: str, texts: EventCells) -> Row:
    return Row(
        key,
        (
            Cell(texts.clock, "muted"),
            Cell(texts.what, "bold" * texts.is_problem, lead=texts.style),
            Cell(texts.service),
            Cell(texts.node),
            Cell(texts.text, "" if texts.is_problem else "muted"),
        ),
    )
