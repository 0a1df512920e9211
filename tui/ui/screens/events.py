"""The timeline: every change of every node, newest first."""

from collections.abc import Mapping
from datetime import UTC, datetime

from rich.text import Text
from textual import on
from textual.app import ComposeResult

from tui.fleet.cluster_log import MergedEvents
from tui.fleet.fleet import Fleet
from tui.model.clock import clock_text, zone_word
from tui.model.event import Event, EventKind
from tui.model.filters import EventFilter, FilterKeys, event_filter_keys
from tui.ui.format.event_row import event_clock, event_sentence
from tui.ui.format.key_bar import live_keys
from tui.ui.format.parts import Part
from tui.ui.format.status_lines import Palette
from tui.ui.keymap import TO_DECK, View, bar_words, bindings
from tui.ui.screens.live_screen import FilteredScreen
from tui.ui.table.live_table import LiveTable
from tui.ui.widgets.events_table import EventsTable
from tui.ui.widgets.text_line import TextLine

_BAR = bar_words(
    "choose why filter problems matrix all_problems help quit",
    {"choose": "Go there", "quit": "Back"},
)
_GOES_FIRST = ("matrix", "all_problems", "problems", "filter", "why")

_GAPS_EVERY = 30.0
"""Seconds after which the times without data are read again from the history."""

_ON_EVENTS = frozenset({"choose", "why"})
"""The keys that need an event of a node under the cursor."""

_ROWLESS_BAR = {name: word for name, word in _BAR.items() if name not in _ON_EVENTS}


class EventsScreen(FilteredScreen[tuple[str, str] | None]):
    """Returns the node and the service of the event that was chosen, or None.

    `keymap` holds the keys that were changed, by id.
    """

    VIEW = "timeline"
    CLOCK_IS_BELOW = True
    FILTER = "text  !text  node=  service=  what=  from="
    AUTO_FOCUS = "#events"
    table: EventsTable
    BINDINGS = [*bindings(View.TIMELINE, {"timeline": "close"} | TO_DECK)]

    def __init__(self, fleet: Fleet, palette: Palette, keymap: Mapping[str, str]) -> None:
        super().__init__(fleet, palette, live_keys(self.BINDINGS, keymap) | {"choose": "enter"})
        self._wanted = EventFilter()
        self._shown = 0
        self._merged = MergedEvents(fleet)
        self.table = EventsTable(palette, id="events", place=fleet.place)
        self._whole = TextLine(id="whole")

    def compose(self) -> ComposeResult:
        """Lay out the timeline."""
        yield self._header
        yield self._filter
        yield self._hint
        yield self.table
        yield self._whole
        yield self._status
        yield self._keys

    def on_mount(self) -> None:
        """Read the times without data and the actions of other processes, now and then."""
        self._read_more()
        self.set_interval(_GAPS_EVERY, self._read_more)

    def _read_more(self) -> None:
        if not self.is_covered:
            self._fleet.look_elsewhere()
            self.run_worker(self._show_gaps(), group="gaps", exclusive=True)

    async def _show_gaps(self) -> None:
        await self._merged.read_gaps()
        if not self.is_covered:
            self.refresh_all()

    def on_resize(self) -> None:
        """Show what fits now."""
        self.call_after_refresh(self._show_around)

    def tick(self) -> None:
        """Let ages go on."""
        self.table.tick()
        self._show_header()
        self._show_counts()

    def refresh_all(self) -> None:
        """Show the events as they are now."""
        empty = "Nothing has changed yet." if not self._merged.now() else ""
        self.table.set_empty(empty or "No event matches. esc clears the filter.")
        self._shown = self.table.present(self._merged.now(), self._wanted)
        self._show_around()

    def _show_around(self) -> None:
        """Show how much there is, and the event under the cursor in full."""
        self._show_header()
        self._show_counts()
        self._show_whole()

    def _show_counts(self) -> None:
        """Show how many events there are, since when, and the time where the header has none."""
        palette, events, wanted = self._palette, self._merged.now(), self._wanted
        known = [event for event in events if event.kind is not EventKind.NO_DATA]
        # The table counts its rows, and the times without data are rows too.
        unseen = len(events) - len(known)
        count = "1 event" if len(known) == 1 else f"{len(known)} events"
        parts = [Part(Text(f"{count} + {unseen} no data" if unseen else count), 2)]
        if known:
            since = event_clock(known[0].on, datetime.now(UTC))
            parts.append(Part(Text(f"since {since} {zone_word()}", palette["muted"]), 3))
        if self._shown != len(events):
            parts.append(Part(Text(f"{self._shown} shown", palette["warn"]), 1))
        if text := wanted.text.strip():
            brief = Text("filtered", palette["warn"])
            parts.append(Part(Text(f"filter: {text}", palette["warn"]), 1, brief))
        parts.append(Part(Text("problems only" * wanted.problems, palette["warn"])))
        if self._is_clock_below:
            now = clock_text(datetime.now(UTC), "%H:%M")
            parts.append(Part(Text(f"now {now}", palette["muted"]), 4))
        self._show_status(parts)

    @on(LiveTable.CursorMoved)
    def _show_whole(self) -> None:
        """Show in full the event under the cursor, and what can be done with it.

        In the list it may be cut off.
        """
        event = self.table.event(self.table.cursor_key)
        goes = event is not None and not self._is_of_no_node(event)
        words = _BAR if event else _ROWLESS_BAR
        self._show_keys(words, goes_first=_GOES_FIRST, dim=frozenset() if goes else _ON_EVENTS)
        self._whole.say(Text(event_sentence(event) if event else "", self._palette["muted"]))

    @on(LiveTable.Scrolled)
    def _scrolled(self) -> None:
        self.table.tick()

    @on(LiveTable.Chosen)
    def _chosen(self, chosen: LiveTable.Chosen) -> None:
        event = self.table.event(chosen.key)
        if event is not None and not self._is_of_no_node(event):
            self.dismiss((event.node, event.service))

    def _is_of_no_node(self, event: Event) -> bool:
        """Whether it is of a whole cluster, or of all nodes, so that there is none to go to."""
        is_of_cluster = event.kind is EventKind.CLUSTER and event.node not in self._fleet
        return is_of_cluster or not event.node

    def why_subject(self) -> tuple[str, str] | None:
        """Return the node and the service of the event under the cursor."""
        event = self.table.event(self.table.cursor_key)
        return None if event is None else (event.node, event.service)

    # The filter

    @property
    def filter_keys(self) -> FilterKeys:
        """The keys of the filter, with the names of the nodes."""
        return event_filter_keys(node.name for node in self._fleet.nodes)

    def filter_by(self, text: str) -> None:
        """Leave out the events that do not match `text`."""
        self._wanted = EventFilter(text, self._wanted.problems)
        self.refresh_all()

    def switch_problems(self) -> None:
        """Show only problems, or everything again."""
        self._wanted = EventFilter(self._wanted.text, not self._wanted.problems)
        self.refresh_all()

    def action_back(self) -> None:
        """Close and clear the filter, else go back."""
        if self._filter.has_focus or not self._wanted.is_empty:
            self.close_filter()
            self._wanted = EventFilter()
            self.refresh_all()
        else:
            self.action_close()

    def action_close(self) -> None:
        """Go back to the screen below."""
        self.dismiss(None)
