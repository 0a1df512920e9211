"""What full screens over the fleet share: frame, clock, filter, sort keys, when they are fed."""

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from time import thread_time
from typing import Any

from rich.text import Text
from textual import events, on
from textual.message import Message
from textual.screen import Screen, ScreenResultType
from textual.widget import Widget
from textual.widgets import Input

from tui.fleet.fleet import Fleet
from tui.fleet.orders.guard import judge_verb
from tui.fleet.problems import recent_loops, recent_restarts
from tui.model.clock import clock_text, monotonic
from tui.model.context import ClusterContext
from tui.model.event import Event
from tui.model.filters import FilterKeys, ServiceKinds, filter_hint
from tui.model.order import Verb
from tui.model.service import Kind, Service
from tui.model.sorting import Sorting
from tui.ui.controllers.orders import OrderController
from tui.ui.format import header, status_lines
from tui.ui.format.key_bar import KeyBars
from tui.ui.format.node_view import NodeView
from tui.ui.format.parts import Part
from tui.ui.format.status_lines import Palette
from tui.ui.keymap import WRITES, key_text
from tui.ui.table.live_table import LiveTable
from tui.ui.terminal.app import TerminalApp, is_covered
from tui.ui.terminal.compositor import DirtyCompositor
from tui.ui.widgets.order_lines import OrderLines
from tui.ui.widgets.text_line import BarLine, HeaderBand, TextLine

_TICK = 1.0
"""Seconds after which uptimes and ages go on."""

_SHARE = 20
"""A screen is shown anew after so many times as long as that took."""

_LONG = 0.008
"""Seconds of work from which a screen shows what is new with its next tick."""

_BETWEEN_PAINTS = 1 / 60
"""Seconds that lie between two paints at least."""

_TURNS = 3
"""Turns of the event loop in which widgets report that they changed."""

_SORT_IS_NEW = 6.0
"""Seconds for which the status line shows which order comes next, after another was chosen."""

_RESTARTS_EVERY = 10.0
"""Seconds after which restarts are counted again where no event is new: an hour goes on."""


class _RecentRestarts:
    """The restarts of the last hour and the crash loops, by node.

    They are looked for again only where an event is new.
    """

    def __init__(self) -> None:
        self._of: tuple[int, Event | None] = (-1, None)
        self._at = 0.0
        self.counts: Counter[str] = Counter()
        self.loops: Mapping[str, Event] = {}

    def look(self, events: Sequence[Event], now: float) -> None:
        """Find them at `now` (monotonic)."""
        of = (len(events), events[-1] if events else None)
        is_same = of[0] == self._of[0] and of[1] is self._of[1]
        if not is_same or now - self._at > _RESTARTS_EVERY:
            self._of, self._at = of, now
            self.counts = recent_restarts(events, now)
            self.loops = recent_loops(events, now)


class LiveScreen(Screen[ScreenResultType]):
    """A screen with a header, a status line and a key bar, live while it can be seen.

    It is refreshed by its clock, and where a reading, a fact or an event shows something new.
    """

    VIEW = ""
    """The name of the view in the header; empty on the deck."""
    CLOCK_IS_BELOW = False
    """Whether the status line has the time where the header is one line."""

    def __init__(self, fleet: Fleet, palette: Palette, live_keys: Mapping[str, str]) -> None:
        super().__init__()
        self._compositor = DirtyCompositor()
        self._fleet = fleet
        self._palette = palette
        self.live_keys = dict(live_keys)
        """Binding id → the keys it has now, as Textual spells them."""
        self._header = HeaderBand(id="header")
        self._recent_restarts = _RecentRestarts()
        self._status = BarLine(id="status")
        self._keys = BarLine(id="keys")
        self._painted_at = 0.0
        self._bars = KeyBars()
        self._took = self._next_at = 0.0
        self._has_news = False
        self._was_in_front = False

    def on_mount(self) -> None:
        """Show everything, and start the clock."""
        self._timed(self.refresh_all)
        self.set_interval(_TICK, self._on_clock)

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        """Show what changed while another screen lay over it.

        The first time nothing lay over it: it was styled and shown when it was mounted just now.
        """
        if self._was_in_front:
            self._timed(self.refresh_all)
        else:
            self._was_in_front, event.refresh_styles = True, False

    def on_screen_suspend(self) -> None:
        """Take the keys off the screen: those of the window above are shown in it."""
        self._keys.say(Text())

    @property
    def is_covered(self) -> bool:
        """Whether another full screen lies over it, so that nothing of it can be seen."""
        return is_covered(self, self.app.screen_stack)

    def _compositor_refresh(self) -> None:
        """Paint; while the app holds its first paint, Textual would render all and drop it."""
        if not (isinstance(self.app, TerminalApp) and self.app.holds_paint):
            super()._compositor_refresh()

    async def _on_idle(self, event: events.Idle) -> None:
        """Paint at once, unless it was painted just now: then Textual does it with its timer.

        The widgets that belong to one change report it within the next turns of the event loop.
        """
        if not self._is_paint_due():
            return
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        if not self._message_queue.empty():
            event.prevent_default()  # it is idle again after these messages
        elif self._is_paint_due():
            event.prevent_default()
            self._painted_at = monotonic()
            self._on_timer_update()

    def _is_paint_due(self) -> bool:
        return (
            bool(self._dirty_widgets)
            and not (self._layout_required or self._scroll_required or self._recompose_required)
            and self.is_current
            and not self.app._batch_count  # noqa: SLF001 - Textual has no other way to know
            and monotonic() - self._painted_at >= _BETWEEN_PAINTS
        )

    def _on_clock(self) -> None:
        if isinstance(self.app, TerminalApp):
            self.app.keep_beat()
        if not self.is_covered and monotonic() >= self._next_at:
            self._timed(self.refresh_all if self._has_news else self.tick)

    def _timed(self, show: Callable[[], None]) -> None:
        """Show something, and the next time not before it is a small part of what was done since.

        With hundreds of nodes some screens take several frames, and a key must not wait for one.
        """
        began = thread_time()
        self._has_news = False
        show()
        self._took = thread_time() - began
        self._next_at = monotonic() + _SHARE * self._took

    def tick(self) -> None:
        """Let uptimes and ages go on."""
        self.refresh_all()

    def nodes_changed(self) -> None:
        """Show what is new of nodes and events, with the next tick where that takes long.

        Nothing is done while the screen is covered.
        """
        self._has_news = True
        if not self.is_covered and self._took < _LONG:
            self._timed(self.refresh_all)

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

    def _restarts(self) -> Counter[str]:
        """Return, by node, the restarts of the last hour that were not ordered here."""
        self._recent_restarts.look(self._fleet.events, monotonic())
        return self._recent_restarts.counts

    def _loop(self, node: str) -> Event | None:
        """Return the crash loop of a service of a node, if there was one lately."""
        self._recent_restarts.look(self._fleet.events, monotonic())
        return self._recent_restarts.loops.get(node)

    def _contexts(self, views: Sequence[NodeView]) -> dict[str, ClusterContext]:
        """Return what surrounds nodes, by their clusters' names."""
        return {one.cluster or one.name: self._fleet.context(one.name) for one in views}

    def _alerts(self, node: str = "") -> Sequence[status_lines.PlacedAlert]:
        """Return the alerts that are on in all clusters, or in that of a node."""
        nodes = self._fleet.beside(node) if node else self._fleet.nodes
        if not any(one.context.alerts.value for one in nodes):
            return ()
        views = [NodeView.of(one, 0, monotonic()) for one in nodes]
        return status_lines.placed_alerts(views, self._contexts(views))

    def _show_header(
        self, view: NodeView | None = None, nodes: Sequence[NodeView] | None = None
    ) -> None:
        """Show the header: of a node and its cluster on the deck, else of all nodes.

        On other screens `view` is the node under the cursor, where there is one, and `nodes` are
        all of them, where they were looked at already.
        """
        palette, now = self._palette, monotonic()
        every = self._fleet.nodes
        if not self.VIEW and view is not None:
            every = self._fleet.beside(view.name)
        nodes = nodes or [NodeView.of(node, 0, now) for node in every]
        title = f"{self.VIEW} · {_nodes(nodes)}" if self.VIEW else _clusters(nodes)
        restarts = self._restarts()
        contexts = self._contexts(nodes)
        summary = header.ClusterSummary.of(
            nodes,
            sum(restarts[one.name] for one in nodes),
            contexts.values(),
            status_lines.placed_alerts(nodes, contexts),
        )
        name = header.view_name(title, palette)
        lines = header.Header(
            title=title,
            pills=header.pills(
                nodes if view is None else [view],
                palette,
                read_only=bool(self._fleet.read_only),
                paused=self._fleet.paused,
                unlocked=self._fleet.unlocked,
            ),
            clock="" if self._is_clock_below else clock_text(datetime.now(UTC), "%H:%M"),
            cluster=header.cluster_parts(summary, now, datetime.now(UTC), palette),
            node=header.nodes_parts(nodes, palette)
            if view is None
            else header.node_parts(view, self._fleet.context(view.name), palette),
            brief=header.brief_parts(
                name if self.VIEW or view is None else header.node_name(view, palette),
                summary,
                None if self.VIEW else view,
                now,
                datetime.now(UTC),
                palette=palette,
                short_name=header.view_name(self.VIEW, palette) if self.VIEW else None,
            ),
        )
        self._header.present(lines, palette)

    @property
    def _is_clock_below(self) -> bool:
        return self.CLOCK_IS_BELOW and self._header.size.height < header.FRAMED

    def _show_status(self, parts: Sequence[Part]) -> None:
        paused = Text("PAUSED: not polling" * self._fleet.paused, self._palette["banner"])
        self._status.say(status_lines.fitted_line([*parts, Part(paused)], self.size.width))

    def _show_keys(
        self,
        words: Mapping[str, str],
        *,
        goes_first: Sequence[str] = (),
        refusal: str = "",
        brief_refusal: str = "",
        dim: frozenset[str] = frozenset(),
    ) -> None:
        """Show the key bar, of `words` by the key's id; see `KeyBars` for the rest.

        Below a window it stays empty, since none of the keys does there what it says.
        """
        if self.app.screen is not self:
            return
        bar = self._bars.bar(
            words,
            self.live_keys,
            self._palette,
            width=self.size.width,
            goes_first=goes_first,
            refusal=refusal,
            brief_refusal=brief_refusal,
            dim=dim,
        )
        self._keys.say(bar)

    # Keys

    def action_refresh(self) -> None:
        """Poll every node now."""
        self._fleet.refresh()


class SortedScreen:
    """A screen whose rows have several orders: the keys that choose one, and what they did."""

    _sorted_at = -math.inf
    live_keys: dict[str, str]

    @property
    def sorting(self) -> Sorting[Any]:
        """The order of the rows."""
        raise NotImplementedError

    def sorting_changed(self) -> None:
        """Show the rows in their order."""
        raise NotImplementedError

    def action_sort(self) -> None:
        """Sort by the next order."""
        self.sorting.choose_next()
        self._sort_again()

    def action_invert(self) -> None:
        """Reverse the order of the rows."""
        self.sorting.reverse()
        self._sort_again()

    def sort_by_column(self, column: str) -> None:
        """Sort by a column whose title was clicked, or reverse the sort by it."""
        if self.sorting.choose_column(column):
            self._sort_again()

    def _sort_again(self) -> None:
        self._sorted_at = monotonic()
        self.sorting_changed()

    def reset_sort(self) -> bool:
        """Sort by the usual order; False if it is sorted so already."""
        is_other = self.sorting.reset()
        if is_other:
            self._sorted_at = -math.inf
            self.sorting_changed()
        return is_other

    @property
    def is_sort_new(self) -> bool:
        """Whether another order was chosen just now."""
        return monotonic() - self._sorted_at < _SORT_IS_NEW

    @property
    def back_resets_sort(self) -> bool:
        """Whether nothing else comes first for the key that goes back."""
        return True

    @property
    def usual_sort_text(self) -> str:
        """Which key leads back to the usual order; empty where it is that, or none does now."""
        sorting = self.sorting
        back = key_text(self.live_keys["back"])
        is_next = self.back_resets_sort and not sorting.is_usual
        return f"{back}: {sorting.usual_words}" if is_next else ""

    def sort_text(self) -> str:
        """Return the order, with the one that comes next where it is new, else the usual one."""
        following = f"{key_text(self.live_keys['sort'])}: {self.sorting.next_words}"
        more = following if self.is_sort_new else self.usual_sort_text
        return f"sorted {self.sorting.words}" + (f" ({more})" if more else "")

    def sort_part(self, palette: Palette) -> Part:
        """Return the order as a part of the status line: above all where it was chosen.

        In brief it says which key resets it, where the title of a column shows the order.
        """
        is_new, is_usual = self.is_sort_new, self.sorting.is_usual
        if is_usual and not is_new:
            return Part(Text(self.sort_text(), palette["muted"]), 7)
        brief = self.sorting.words
        if self.sorting.has_column and not is_new and self.back_resets_sort:
            brief = f"{key_text(self.live_keys['back'])} resets sort"
        return Part(
            Text(self.sort_text(), palette["warn"]), int(not is_new), Text(brief, palette["warn"])
        )


class FilteredScreen(LiveScreen[ScreenResultType]):
    """A live screen whose table can be filtered by a text."""

    FILTER = "text  !text  status=  kind="
    table: LiveTable

    def __init__(self, fleet: Fleet, palette: Palette, live_keys: Mapping[str, str]) -> None:
        super().__init__(fleet, palette, live_keys)
        self._filter = Input(id="filter", placeholder=self.FILTER)
        self._filter.display = False
        self._hint = TextLine(id="hint", hides=True)

    @property
    def filter_keys(self) -> FilterKeys:
        """The keys of the filter and their values."""
        raise NotImplementedError

    def filter_by(self, text: str) -> None:
        """Leave out the rows that do not match `text`."""
        raise NotImplementedError

    def switch_problems(self) -> None:
        """Leave out what is no problem, or show everything again."""
        raise NotImplementedError

    def action_problems(self) -> None:
        """Show only problems, or everything again; the cursor stays on what it ends on."""
        self.table.hold_cursor()
        self.switch_problems()
        self.table.hold_cursor()

    def action_filter(self) -> None:
        """Open the filter."""
        self._filter.display = True
        # At once: focus() alone waits, and what is typed meanwhile would be lost or be an order.
        self.set_focus(self._filter)

    @on(Input.Changed, "#filter")
    def _filtered(self, event: Input.Changed) -> None:
        event.stop()
        self._show_hint()
        self.filter_by(event.value)

    def _show_hint(self) -> None:
        """Show which keys and values the filter has, where it names another one."""
        hint = filter_hint(self._filter.value, self.filter_keys)
        self._hint.say(Text(hint, self._palette["warn"]))

    def repalette(self, palette: Palette) -> None:
        """Paint the hint in the colours of another theme, too."""
        super().repalette(palette)
        self._show_hint()

    @on(Input.Submitted, "#filter")
    def _filter_done(self, event: Input.Submitted) -> None:
        event.stop()
        event.input.display = bool(event.value)
        self.table.hold_cursor()
        self.set_focus(self.table)

    def close_filter(self) -> None:
        """Clear the filter and go back to the table.

        While it is typed, the cursor goes back to where it was before.
        """
        if not self._filter.has_focus:
            self.table.hold_cursor()
        self._filter.value = ""
        self._filter.display = False
        self.set_focus(self.table)


class ServicesScreen(FilteredScreen[ScreenResultType]):
    """A live screen from whose table services are started, stopped and restarted."""

    class CutOffCleared(Message):
        """What remains of rollouts that were cut off is not to be offered again."""

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
        self._is_fitting = False

    def show_around(self) -> None:
        """Show all lines and panes but the table."""
        raise NotImplementedError

    def on_resize(self, _: events.Resize) -> None:
        """Show what fits now, once for all that is resized before."""
        if not self._is_fitting:
            self._is_fitting = True
            self.call_after_refresh(self._fit)

    def _fit(self) -> None:
        self._is_fitting = False
        self.show_around()

    def orders_moved(self) -> None:
        """Show the orders as they are now."""
        if not self.is_covered:
            self._orders.present(self._palette, self._rollouts_key)

    def _show_banner(self, *, paused: str, notices: Sequence[str] = ()) -> None:
        """Show what must not be overlooked; `paused` says what a pause means."""
        line = status_lines.banner_line(
            self._palette,
            notices=notices,
            journal_trouble=self._fleet.journal.trouble,
            paused=paused if self._fleet.paused else "",
            unlocked=self._fleet.unlocked,
        )
        if line.plain:
            around = self._banner.parent
            room = around.size.width if isinstance(around, Widget) else 0
            line.append(" " * (room - line.cell_len), self._palette["banner"])
        self._banner.say(line)

    def action_mark(self) -> None:
        """Mark what is under the cursor and go on to the next service."""
        self.table.toggle_mark()
        self.table.action_down()

    def unfit(self, node: str, service: Service | None, scope: ServiceKinds) -> frozenset[str]:
        """Return the ids of keys that would be refused on a node's service under the cursor."""
        rollout = frozenset({"rollout"} if self._fleet.rollouts.refusal(node) else ())
        if service is None:
            return rollout
        if scope.kind(service) is not Kind.OPTIONAL and not self._fleet.unlocked:
            return WRITES
        verbs = (verb.value for verb in Verb if judge_verb(verb, service) is not None)
        return rollout.union(verbs)

    @on(LiveTable.MarkClicked)
    def _mark_clicked(self, event: LiveTable.MarkClicked) -> None:
        """Mark what was clicked, or remove its mark."""
        if event.table is self.table:
            self.table.toggle_mark()

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
        """Clear finished orders from the screen, and what was cut off for good."""
        self._orders.dismiss()
        if self._fleet.rollouts.cut_off:
            self.post_message(self.CutOffCleared())
        self.orders_moved()


def _nodes(views: Sequence[NodeView]) -> str:
    """Return how many nodes there are, and of which clusters."""
    clusters = _clusters(views)
    count = "1 node" if len(views) == 1 else f"{len(views)} nodes"
    return f"{count} of {clusters}" if clusters else count


def _clusters(views: Sequence[NodeView]) -> str:
    """Return the name of the nodes' cluster; how many there are, where there are several."""
    names = {view.cluster for view in views}
    return f"{len(names)} clusters" if len(names) > 1 else "".join(names)
