"""What the full screens over the fleet share: their frame, clock, filter, and when they are fed."""

from collections.abc import Mapping, Sequence

from rich.text import Text
from textual import events, on
from textual.screen import Screen, ScreenResultType
from textual.widgets import Input

from tui.fleet.fleet import Fleet
from tui.ui.controllers.orders import OrderController
from tui.ui.format import status_lines
from tui.ui.format.key_bar import key_bar
from tui.ui.format.status_lines import Palette
from tui.ui.keymap import key_text
from tui.ui.table.live_table import LiveTable
from tui.ui.widgets.order_lines import OrderLines
from tui.ui.widgets.text_line import TextLine

_TICK = 1.0
"""Seconds after which uptimes and ages go on."""


class LiveScreen(Screen[ScreenResultType]):
    """A screen with a title, a status line and a key bar, live while it can be seen.

    It is refreshed by its clock, and where a reading, a fact or an event of the fleet is new.
    """

    def __init__(self, fleet: Fleet, palette: Palette, live_keys: Mapping[str, str]) -> None:
        super().__init__()
        self._fleet = fleet
        self._palette = palette
        self.live_keys = dict(live_keys)
        """Binding id → the keys it has now, as Textual spells them."""
        self._title = TextLine(id="title")
        self._status = TextLine(id="status")
        self._keys = TextLine(id="keys")
        self._shown_state: tuple[object, ...] = ()

    def on_mount(self) -> None:
        """Show everything, and start the clock."""
        self._refresh()
        self.set_interval(_TICK, self._on_clock)

    def on_screen_resume(self) -> None:
        """Show what changed while another screen lay over it."""
        self._refresh()

    @property
    def is_covered(self) -> bool:
        """Whether another full screen lies over it, so that nothing of it can be seen.

        Textual would paint the whole terminal again for each line that changes in a covered screen.
        """
        stack = self.app.screen_stack
        above = stack[stack.index(self) + 1 :] if self in stack else ()
        return any(not screen.is_modal for screen in above)

    def _on_clock(self) -> None:
        if not self.is_covered:
            self.tick()

    def tick(self) -> None:
        """Let uptimes and ages go on."""
        self._refresh()

    def nodes_changed(self) -> None:
        """Show what is new; nothing is done where nothing is, or while the screen is covered."""
        if not self.is_covered and self._fleet_state() != self._shown_state:
            self._refresh()

    def _refresh(self) -> None:
        self._shown_state = self._fleet_state()
        self.refresh_all()

    def _fleet_state(self) -> tuple[object, ...]:
        """Return what is another one as soon as a reading, a fact or an event is."""
        events = self._fleet.events
        nodes = (
            (node.name, node.reading.asked_at, node.reading.since, node.facts, node.read_only)
            for node in self._fleet.nodes
        )
        return (len(events), events[-1] if events else None, self._fleet.guests, *nodes)

    def orders_moved(self) -> None:
        """Show what became of orders."""

    def refresh_all(self) -> None:
        """Show everything as it stands."""
        raise NotImplementedError

    def repalette(self, palette: Palette) -> None:
        """Paint in the colours of another theme."""
        self._palette = palette
        for table in self.query(LiveTable):
            table.set_palette(palette)
        self.refresh_all()

    # The lines around

    def _show_title(self, *parts: Text) -> None:
        head = status_lines.title_line(None, self._fleet.read_only, self._palette)
        self._title.say(status_lines.join([head, *parts]))

    def _show_status(self, parts: Sequence[Text]) -> None:
        paused = Text("PAUSED: not polling" * self._fleet.paused, self._palette["banner"])
        line = status_lines.join([*parts, paused])
        self._status.say(Text.assemble(" ", line, no_wrap=True, overflow="ellipsis", end=""))

    def _show_keys(
        self,
        words: Mapping[str, str],
        *,
        goes_first: Sequence[str] = (),
        refusal: str = "",
        refusal_room: int = 0,
    ) -> None:
        """Show the key bar, of `words` by the key's id; see `key_bar` for the rest."""
        bar = key_bar(
            words,
            self.live_keys,
            self._palette,
            width=self.size.width,
            goes_first=goes_first,
            refusal=refusal,
            refusal_room=refusal_room,
        )
        self._keys.say(bar)

    # Keys

    def action_refresh(self) -> None:
        """Poll every node now."""
        self._fleet.refresh()


class FilteredScreen(LiveScreen[ScreenResultType]):
    """A live screen whose table can be filtered by a text."""

    FILTER = "text  !text  status=  kind="
    table: LiveTable

    def __init__(self, fleet: Fleet, palette: Palette, live_keys: Mapping[str, str]) -> None:
        super().__init__(fleet, palette, live_keys)
        self._filter = Input(id="filter", placeholder=self.FILTER)
        self._filter.display = False

    def filter_by(self, text: str) -> None:
        """Leave out the rows that do not match `text`."""
        raise NotImplementedError

    def action_filter(self) -> None:
        """Open the filter."""
        self._filter.display = True
        # At once: focus() alone waits, and what is typed meanwhile would be lost or be an order.
        self.set_focus(self._filter)

    @on(Input.Changed, "#filter")
    def _filtered(self, event: Input.Changed) -> None:
        event.stop()
        self.filter_by(event.value)

    @on(Input.Submitted, "#filter")
    def _filter_done(self, event: Input.Submitted) -> None:
        event.stop()
        event.input.display = bool(event.value)
        self.set_focus(self.table)

    def close_filter(self) -> None:
        """Clear the filter and go back to the table."""
        self._filter.value = ""
        self._filter.display = False
        self.set_focus(self.table)


class ServicesScreen(FilteredScreen[ScreenResultType]):
    """A live screen from whose table services are started, stopped and restarted."""

    def __init__(
        self,
        fleet: Fleet,
        orders: OrderController,
        palette: Palette,
        live_keys: Mapping[str, str],
    ) -> None:
        super().__init__(fleet, palette, live_keys)
        self._controller = orders
        self._rollouts_key = key_text(self.live_keys["rollouts"])
        self._banner = TextLine(id="banner", hides=True)
        self._orders = OrderLines(fleet, id="orders")

    def show_around(self) -> None:
        """Show all lines and panes but the table."""
        raise NotImplementedError

    def on_resize(self, _: events.Resize) -> None:
        """Show what fits now."""
        self.call_after_refresh(self.show_around)

    def orders_moved(self) -> None:
        """Show the orders as they are now."""
        if not self.is_covered:
            self._orders.present(self._palette, self._rollouts_key)

    def _show_banner(self, *, paused: str, certificate: str = "") -> None:
        """Show what must not be overlooked; `paused` says what a pause means."""
        line = status_lines.banner_line(
            self._palette,
            certificate=certificate,
            journal_trouble=self._fleet.journal.trouble,
            paused=paused if self._fleet.paused else "",
            unlocked=self._fleet.unlocked,
        )
        self._banner.say(line)

    def action_mark(self) -> None:
        """Mark what is under the cursor and go on to the next service."""
        self.table.toggle_mark()
        self.table.action_down()

    def action_unmark(self) -> None:
        """Remove all marks."""
        self.table.clear_marks()

    def rollout_begun(self) -> None:
        """Remove the marks."""
        self.table.clear_marks()

    def action_pause(self) -> None:
        """Stop polling, or go on."""
        self._fleet.set_paused(not self._fleet.paused)
        self.show_around()

    def action_dismiss_orders(self) -> None:
        """Clear finished orders from the screen."""
        self._orders.dismiss()
        self.orders_moved()
