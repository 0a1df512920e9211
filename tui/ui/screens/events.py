"""The timeline: every change of every node, newest first."""

from collections.abc import Mapping
from datetime import UTC, datetime

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import Screen
from textual.widgets import Input

from tui.fleet.fleet import Fleet
from tui.model.filters import EventFilter
from tui.ui.format import status_lines
from tui.ui.format.event_row import event_clock, event_sentence
from tui.ui.format.key_bar import key_bar, live_keys
from tui.ui.format.status_lines import Palette
from tui.ui.keymap import KEYS
from tui.ui.table.live_table import LiveTable
from tui.ui.widgets.events_table import EventsTable
from tui.ui.widgets.text_line import TextLine

_SHARED = {"filter", "refresh", "palette", "snapshot", "help", "repaint", "quit_now"}
_BAR = {
    "choose": "Go there", "filter": "Filter", "problems": "What is bad", "help": "Help",
    "quit": "Back",
}  # fmt: skip


class EventsScreen(Screen[tuple[str, str] | None]):
    """Gives the node and the service of the event that was chosen, or None.

    It shows what the fleet has noted; `keymap` holds the keys that were changed.
    """

    AUTO_FOCUS = "#events"
    BINDINGS = [
        *(key.binding() for key in KEYS if key.id in _SHARED),
        Binding("!", "problems", "What is bad", show=False, id="problems"),
        Binding("escape", "back", "Back", show=False, id="back"),
        Binding("q", "close", "Back", show=False, id="quit"),
        Binding("e", "close", "Back", show=False, id="timeline"),
    ]

    def __init__(self, fleet: Fleet, palette: Palette, keymap: Mapping[str, str]) -> None:
        super().__init__()
        self._fleet = fleet
        self._palette = palette
        self._live = live_keys(self.BINDINGS, keymap) | {"choose": "enter"}
        self._wanted = EventFilter()
        self._shown = 0
        self._table = EventsTable(palette, id="events")
        self._filter = Input(id="filter", placeholder="text  !text  node=  service=  what=")
        self._title = TextLine(id="title")
        self._whole = TextLine(id="whole")
        self._status = TextLine(id="status")
        self._keys = TextLine(id="keys")

    def compose(self) -> ComposeResult:
        """Lay out the timeline."""
        yield self._title
        yield self._filter
        yield self._table
        yield self._whole
        yield self._status
        yield self._keys

    def on_mount(self) -> None:
        """Show what there is, and let ages go on."""
        self._filter.display = False
        self.nodes_changed()
        self.repalette(self._palette)
        self.set_interval(1.0, self._table.tick)

    def repalette(self, palette: Palette) -> None:
        """Take the colours of another theme."""
        self._palette = palette
        self._table.set_palette(palette)
        self._tell()

    def nodes_changed(self) -> None:
        """Show what is new."""
        empty = "Nothing has changed yet." if not self._fleet.events else ""
        self._table.set_empty(empty or "No event matches. esc clears the filter.")
        self._shown = self._table.present(self._fleet.events, self._wanted)
        self._tell()

    def orders_moved(self) -> None:
        """Show what became of orders: events tell it."""

    def _tell(self) -> None:
        """Say how much there is, and the event under the cursor in full."""
        palette, events, wanted = self._palette, self._fleet.events, self._wanted
        head = status_lines.title_line(None, self._fleet.read_only, palette)
        self._title.say(status_lines.join([head, Text("timeline of all nodes", "bold")]))
        self._keys.say(key_bar(_BAR, self._live, palette, width=self.size.width))
        parts = [Text("1 event" if len(events) == 1 else f"{len(events)} events")]
        if events:
            since = event_clock(events[0].on, datetime.now(UTC))
            parts.append(Text(f"since {since} UTC", palette["muted"]))
        if self._shown != len(events):
            parts.append(Text(f"{self._shown} shown", palette["warn"]))
        text = wanted.text.strip()
        parts.append(Text(f"filter: {text}" if text else "", palette["warn"]))
        parts.append(Text("only what is bad" * wanted.problems, palette["warn"]))
        if self._fleet.paused:
            parts.append(Text("PAUSED: nobody is asked", palette["banner"]))
        self._status.say(Text.assemble(" ", status_lines.join(parts), no_wrap=True, end=""))
        event = self._table.event(self._table.cursor_key)
        self._whole.say(Text(f" {event_sentence(event)}" if event else "", palette["muted"]))

    @on(LiveTable.CursorMoved)
    def _moved(self) -> None:
        self._tell()

    @on(LiveTable.Scrolled)
    def _scrolled(self) -> None:
        self._table.tick()

    @on(LiveTable.Chosen)
    def _chosen(self, chosen: LiveTable.Chosen) -> None:
        event = self._table.event(chosen.key)
        if event is not None:
            self.dismiss((event.node, event.service))

    # The filter

    def action_filter(self) -> None:
        """Open the filter."""
        self._filter.display = True
        self.set_focus(self._filter)

    @on(Input.Changed, "#filter")
    def _filtered(self, event: Input.Changed) -> None:
        self._wanted = EventFilter(event.value, self._wanted.problems)
        self.nodes_changed()

    @on(Input.Submitted, "#filter")
    def _filter_done(self, event: Input.Submitted) -> None:
        event.stop()
        event.input.display = bool(event.value)
        self._table.focus()

    def action_problems(self) -> None:
        """Show only what is bad, or everything again."""
        self._wanted = EventFilter(self._wanted.text, not self._wanted.problems)
        self.nodes_changed()

    # The rest

    def action_refresh(self) -> None:
        """Ask every node now."""
        self._fleet.refresh()

    def action_back(self) -> None:
        """Close and clear the filter, else go back to the deck."""
        if self._filter.has_focus or not self._wanted.is_empty:
            self._filter.value = ""
            self._filter.display = False
            self._wanted = EventFilter()
            self._table.focus()
            self.nodes_changed()
        else:
            self.dismiss(None)

    def action_close(self) -> None:
        """Go back to the deck."""
        self.dismiss(None)
