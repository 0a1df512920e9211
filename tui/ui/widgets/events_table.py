"""The live table of events, newest first; in a narrow terminal, an event has two lines."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from rich.cells import cell_len

from tui.model.clock import monotonic, zone_word
from tui.model.event import Event
from tui.model.filters import EventFilter
from tui.model.text import visible_name
from tui.ui.format.event_row import EventCells, event_cells
from tui.ui.table.live_table import Cell, Column, LiveTable, Row


class NumberedEvents:
    """Gives each event of a sequence a number that it keeps while it is held.

    The sequence grows at both ends, and events are taken out anywhere.
    """

    def __init__(self) -> None:
        self._events: list[Event] = []
        # By identity: two equal events are two.
        self._numbers: dict[int, int] = {}
        self._by_number: dict[int, Event] = {}
        self._next = 0

    def follow(self, events: Sequence[Event]) -> bool:
        """Replace the sequence; returns whether it is another than before."""
        before = self._events
        if len(events) == len(before) and (
            not before or (events[-1] is before[-1] and events[0] is before[0])
        ):
            return False
        self._events = list(events)
        numbers: dict[int, int] = {}
        for event in self._events:
            number = self._numbers.get(id(event))
            if number is None:
                number, self._next = self._next, self._next + 1
            numbers[id(event)] = number
        self._numbers = numbers
        self._by_number = {numbers[id(event)]: event for event in self._events}
        return True

    def event(self, number: int) -> Event | None:
        """Find an event by its number."""
        return self._by_number.get(number)

    def newest_first(self) -> Iterator[tuple[int, Event]]:
        """List all with their numbers."""
        for event in reversed(self._events):
            yield self._numbers[id(event)], event


_NARROW = 100
"""Cells across below which what happened has a line of its own."""

_BELOW = "\0"
"""What the key of an event's second line begins with."""


def event_columns(*, is_narrow: bool, service: int = 16, node: int = 9) -> tuple[Column, ...]:
    """Return the columns; that of a time is headed by its zone.

    `service` and `node` are the cells that the longest names need; what happened has the rest.
    """
    if is_narrow:
        return (
            Column("sign", "", 1),
            Column("clock", zone_word(), 11),
            Column("age", "AGE", 4, right=True),
            Column("what", "WHAT", 10),
            Column("service", "SERVICE", 16, grow=1),
            Column("node", "NODE", 9, grow=1),
        )
    return (
        Column("clock", zone_word(), 11),
        Column("age", "AGE", 4, right=True, drop=1),
        Column("what", "WHAT", 12),
        Column("service", "SERVICE", service),
        Column("node", "NODE", node),
        Column("text", "EVENT", 14, grow=1),
    )


class EventsTable(LiveTable):
    """Rows keyed by the running number of their event.

    Of thousands, only those that are seen are made into cells, and only their ages tick. `clock`
    is the monotonic time and the same moment's wall clock, UTC; `place` returns a node's name and
    address by its name.
    """

    def __init__(
        self,
        palette: Mapping[str, str],
        *,
        id: str,
        clock: Callable[[], tuple[float, datetime]] = lambda: (monotonic(), datetime.now(UTC)),
        place: Callable[[str], str] = str,
    ) -> None:
        super().__init__(event_columns(is_narrow=False), palette=palette, id=id)
        self._is_narrow = False
        self._clock = clock
        self._place = place
        self._numbered = NumberedEvents()
        self._wanted: EventFilter | None = None
        self._picked: dict[int, bool] = {}
        self._made: dict[int, Row] = {}

    def present(self, events: Sequence[Event], query: EventFilter) -> int:
        """Show what the query picks; returns how many. A cursor on the newest follows the newest.

        With another query it stays on its event. Does nothing where nothing is new.
        """
        other = query != self._wanted
        if self._numbered.follow(events) or other:
            self._wanted = query
            follows = self.is_at_the_top and not other
            self._lay_out(query, {} if other else self._picked, follows=follows)
        return sum(self._picked.values())

    def on_resize(self) -> None:
        """Share out the width anew; a narrow terminal has two lines for an event."""
        is_narrow = self.size.width < _NARROW
        if is_narrow is not self._is_narrow:
            self._is_narrow = is_narrow
            self._made.clear()
            if self._wanted is not None:
                self._lay_out(self._wanted, self._picked, follows=self.is_at_the_top)
        self._fit_columns()

    def _lay_out(self, query: EventFilter, known: Mapping[int, bool], *, follows: bool) -> None:
        """Show the rows; what is `known` of the query's picks is not worked out again."""
        self._fit_columns()
        self._picked = {
            number: known[number] if number in known else query.picks(event)
            for number, event in self._numbered.newest_first()
        }
        made = self._made
        self._made = {number: made[number] for number in self._picked if number in made}
        rows: list[Row] = []
        for number, picked in self._picked.items():
            if picked:
                rows.append(self._made.get(number) or Row(str(number), ()))
                if self._is_narrow:
                    rows.append(Row(f"{_BELOW}{number}", (), inert=True, spans=True))
        self.show(rows)
        if follows:
            self.action_first()
        self.tick()

    def _fit_columns(self) -> None:
        """Make the columns of names as wide as the longest, within a share of the width."""
        events = [event for _, event in self._numbered.newest_first()]
        names = {event.service for event in events}
        services = max((cell_len(visible_name(name)) for name in names), default=0)
        nodes = max(map(cell_len, {event.node for event in events}), default=0)
        width = self.size.width
        service = max(len("SERVICE"), min(services, width // 4))
        node = max(len("NODE"), min(nodes, width // 6))
        self.set_columns(event_columns(is_narrow=self._is_narrow, service=service, node=node))

    @property
    def is_at_the_top(self) -> bool:
        """Whether the cursor is on the newest, or nowhere."""
        return self.cursor_key is None or self._model.at(self.cursor_key) == 0

    def event(self, key: str | None) -> Event | None:
        """Find the event of a row."""
        return None if key is None else self._numbered.event(int(key))

    def tick(self) -> None:
        """Let the ages go on for the rows on the screen."""
        self.patch([self.make_row(key) for key in self.visible_keys])

    def make_row(self, key: str) -> Row:
        """Make the row of an event as it stands now."""
        number = int(key.removeprefix(_BELOW))
        event = self._numbered.event(number)
        if event is None:
            return Row(key, ())
        texts = event_cells(event, *self._clock(), self._place(event.node))
        if key.startswith(_BELOW):
            return _second_line(key, texts)
        make = _first_line if self._is_narrow else _row
        row = self._made[number] = make(key, texts)
        return row


def _first_line(key: str, texts: EventCells) -> Row:
    sign, _, what = texts.what.partition(" ")
    return Row(
        key,
        (
            Cell(sign, texts.style),
            Cell(texts.clock, "muted"),
            Cell(texts.age, "muted"),
            Cell(what, "bold" * texts.is_problem),
            Cell(texts.service),
            Cell(texts.node),
        ),
    )


def _second_line(key: str, texts: EventCells) -> Row:
    cells = (Cell(""), Cell(texts.text, "" if texts.is_problem else "muted"))
    return Row(key, cells, inert=True, spans=True)


def _row(key: str, texts: EventCells) -> Row:
    return Row(
        key,
        (
            Cell(texts.clock, "muted"),
            Cell(texts.age, "muted"),
            Cell(texts.what, "bold" * texts.is_problem, lead=texts.style),
            Cell(texts.service),
            Cell(texts.node),
            Cell(texts.text, "" if texts.is_problem else "muted"),
        ),
    )
