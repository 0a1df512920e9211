"""The live table of what happened, newest first."""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from tui.model.event import Event
from tui.model.event_query import EventQuery
from tui.ui.happenings import told
from tui.ui.numbered import Numbered
from tui.ui.widgets.table import Cell, Column, LiveTable, Row

COLUMNS = (
    Column("clock", "UTC", 11),
    Column("age", "AGE", 4, right=True, drop=1),
    Column("node", "NODE", 8, grow=1),
    Column("service", "SERVICE", 16, grow=1),
    Column("what", "WHAT", 12),
    Column("text", "EVENT", 14, grow=4),
)


class EventsTable(LiveTable):
    """Rows keyed by the running number of their event; one row is made once, its age ticks."""

    def __init__(self, palette: Mapping[str, str], *, id: str) -> None:  # noqa: A002 - Textual's
        super().__init__(COLUMNS, palette=palette, id=id)
        self._numbered = Numbered()
        self._rows: dict[int, Row] = {}
        self._query: EventQuery | None = None

    def present(self, events: Sequence[Event], query: EventQuery) -> int:
        """Show what the query picks; gives how many. A cursor on the newest goes on to the newest.

        Does nothing where nothing is new.
        """
        if self._numbered.follow(events) or query != self._query:
            self._query = query
            self._lay_out(query)
        return len(self.row_keys)

    def _lay_out(self, query: EventQuery) -> None:
        now, on = time.monotonic(), datetime.now(UTC)
        held = self._rows
        rows = {
            number: held.get(number) or _row(number, event, now, on)
            for number, event in self._numbered.newest_first()
            if query.picks(event)
        }
        self._rows = rows
        follows = self.is_at_the_top
        self.show(list(rows.values()))
        if follows and rows:
            self.action_first()
        self.tick()

    @property
    def is_at_the_top(self) -> bool:
        """Whether the cursor is on the newest, or nowhere."""
        return self.cursor_key is None or self.cursor_key == next(iter(self.row_keys), None)

    def event(self, key: str | None) -> Event | None:
        """Find the event of a row."""
        return None if key is None else self._numbered.event(int(key))

    def tick(self) -> None:
        """Let the ages go on for the rows on the screen."""
        now, on = time.monotonic(), datetime.now(UTC)
        rows = []
        for key in self.visible_keys:
            event = self.event(key)
            if event is not None:
                rows.append(_row(int(key), event, now, on))
        self.patch(rows)


def _row(number: int, event: Event, now: float, on: datetime) -> Row:
    said = told(event, now, on)
    return Row(
        str(number),
        (
            Cell(said.clock, "muted"),
            Cell(said.age, "muted"),
            Cell(said.node),
            Cell(said.service),
            Cell(said.what, "bold" * said.is_bad, lead=said.style),
            Cell(said.text, "" if said.is_bad else "muted"),
        ),
    )
