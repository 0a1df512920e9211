"""The deck: nodes at the side, one node's services in the middle, orders and status below."""

from collections.abc import Callable, Mapping, Set
from typing import TYPE_CHECKING

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.css.scalar import Scalar
from textual.message import Message
from textual.widget import Widget

from tui.fleet.events.pipeline import LastChanges
from tui.fleet.fleet import Fleet
from tui.fleet.polling.backoff import faster_interval, slower_interval
from tui.model.clock import monotonic
from tui.model.event import Event
from tui.model.filters import FilterKeys, ServiceFilter, SortOrder, service_filter_keys
from tui.model.order import Verb
from tui.model.sorting import Sorting
from tui.ui.controllers.day_history import DayHistory, LastHour, Wanted
from tui.ui.controllers.orders import OrderController, ServiceChoice
from tui.ui.controllers.rollouts import RolloutTargets
from tui.ui.format import status_lines
from tui.ui.format.copy_text import curl_text, row_text
from tui.ui.format.key_bar import live_keys
from tui.ui.format.mini_matrix import mini_matrix
from tui.ui.format.node_view import NodeView
from tui.ui.format.parts import Part
from tui.ui.format.status_lines import Palette
from tui.ui.keymap import WRITES, View, bar_words, bindings, key_text
from tui.ui.screens.live_screen import ServicesScreen, SortedScreen
from tui.ui.table.live_table import LiveTable
from tui.ui.table.navigation import COLUMN_BINDINGS
from tui.ui.widgets.detail_pane import DetailPane
from tui.ui.widgets.node_list import NodeList
from tui.ui.widgets.recent_events import RecentEvents
from tui.ui.widgets.services_table import ServicesTable
from tui.ui.widgets.text_line import TextLine

if TYPE_CHECKING:
    from tui.ui.screens.nodes import NodesScreen

_BAR = bar_words(
    "start stop restart rollout why detail matrix timeline all_problems nodes filter problems"
    " help quit"
)
"""What can be done with what is under the cursor, then the views."""

_ROWLESS_BAR = {name: word for name, word in _BAR.items() if name not in WRITES}
"""What can be done while a filter leaves no service."""

_GOES_FIRST = (
    "quit", "problems", "nodes", "detail", "filter", "rollout", "timeline", "matrix", "why",
    "all_problems", "stop", "start", "restart",
)  # fmt: skip
"""Which keys leave a bar that is too narrow."""

_UNOPENED_BAR = "table.choose why matrix timeline all_problems help quit"
"""What can be done while the cursor at the side is on a node that is not shown."""

_UNOPENED_GOES_FIRST = ("quit", "timeline", "matrix", "all_problems", "why")

_EMPTY_BAR = bar_words(
    "add reread help quit", {"add": "Add a node", "reread": "Read configuration"}
)
"""What can be done while there is no node."""

_SIDE_LEAST, _SIDE_MOST = 26, 44
"""Cells of the side pane."""

_TABLE_LEAST = 80
"""Cells that the table keeps beside the side pane: there it shows no less than without it."""

_TABLE_FRAME = 3
"""Lines of the table besides its rows."""

_VAST, _MINI_LEAST = (200, 60), 38
"""Columns and lines from which there is a small matrix, and the width of the side pane then."""

_ROOMY = 160
"""Columns from which the detail pane is open, unless it was closed."""

_FOLLOWS_EVERY = 0.1
"""Seconds between two services in the detail pane while the cursor moves on."""


class DeckScreen(SortedScreen, ServicesScreen[None]):
    """Shows the services of the node `here`, and all nodes at the side."""

    AUTO_FOCUS = "#services"
    table: ServicesTable
    BINDINGS = [*bindings(View.DECK)]

    class NodeShown(Message):
        """Another node is shown, or the deck is on top again."""

        def __init__(self, node: str) -> None:
            super().__init__()
            self.node = node

    class Copied(Message):
        """A text to copy; `what` names it."""

        def __init__(self, text: str, what: str) -> None:
            super().__init__()
            self.text = text
            self.what = what

    def __init__(
        self, fleet: Fleet, orders: OrderController, palette: Palette, keymap: Mapping[str, str]
    ) -> None:
        keys = live_keys((*self.BINDINGS, *LiveTable.MOVES, *COLUMN_BINDINGS), keymap)
        super().__init__(fleet, orders, palette, keys)
        self._query = ServiceFilter()
        self._shown = 0
        self._last = LastChanges()
        self._changed: set[str] = set()
        self.here = fleet.nodes[0].name if fleet.nodes else ""
        self.notice = ""
        """What is to be known of the configuration file; empty where there is nothing."""
        self.on_second: Callable[[], None] | None = None
        """What is done each second, whatever lies over the deck."""
        self.table = ServicesTable(palette, id="services")
        self._side = NodeList(palette, full=False, id="side")
        self._left, self._main = Vertical(id="left"), Vertical(id="main")
        self._hidden = TextLine(id="hidden", hides=True)
        self._mini = TextLine(id="mini", hides=True)
        self._recent = RecentEvents(palette, id="recent", place=fleet.place)
        self._recent.set_empty("No events yet.")
        self._detail = DetailPane(self.live_keys["raw"], id="detail")
        self._detail.display = False
        self._wants_detail: bool | None = None
        self._followed_at = 0.0
        self._is_following = False
        self._days = DayHistory(fleet.past, monotonic)
        self._hour = LastHour(fleet.past, monotonic)
        self._happened_on: set[str] = set()
        self._trouble = TextLine(id="trouble", hides=True)
        self._elsewhere = TextLine(id="elsewhere", hides=True)

    def compose(self) -> ComposeResult:
        """Lay out the deck."""
        yield self._header
        with Horizontal(id="middle"):
            with self._left:
                yield self._side
                yield self._hidden
                yield self._mini
            with self._main:
                yield self._banner
                yield self._trouble
                yield self._filter
                yield self._hint
                yield self.table
                yield self._recent
            yield self._detail
        yield self._elsewhere
        yield self._orders
        yield self._status
        yield self._keys

    # Showing

    def views(self, among: Set[str] | None = None) -> list[NodeView]:
        """Return every node as it is now, or those `among` the names."""
        now = monotonic()
        return [
            NodeView.of(node, number, now)
            for number, node in enumerate(self._fleet.nodes, 1)
            if among is None or node.name in among
        ]

    def view(self) -> NodeView | None:
        """Return the node that is shown, as it is now."""
        if self.here not in self._fleet:
            return None
        return NodeView.of(self._fleet.watch(self.here), 0, monotonic())

    @property
    def has_news(self) -> bool:
        """Whether the node that is shown has answered, or has failed to."""
        reading = self._fleet.watch(self.here).reading
        return reading.answered_at is not None or reading.trouble is not None

    def refresh_all(self) -> None:
        """Show everything as it is now."""
        if self.here not in self._fleet:
            self.here = self._fleet.nodes[0].name if self._fleet.nodes else ""
        self._show_services(self.view())
        self.show_around()

    def node_changed(self, node: str) -> None:
        """Show a new reading or new facts: those of the node in front at once.

        Its cells are painted first, then the lines about it; news of all other nodes wait for
        `nodes_changed`.
        """
        self._changed.add(node)
        if node == self.here and not self.is_covered:
            view = self.view()
            self._show_services(view)
            self.call_after_refresh(self._show_lines, view)

    def nodes_changed(self) -> None:
        """Show what is new of all nodes since the last call, outside the table and its lines."""
        changed, self._changed = self._changed, set()
        if not changed or self.is_covered:
            return
        if self.has_side:
            self._side.update_nodes(self.views(changed), self.here)
            self._share_room()
        elif changed - {self.here}:
            self._show_elsewhere()

    def event_happened(self, event: Event) -> None:
        """Record the last change of every service for its row."""
        self._last.add(event)
        self._happened_on.add(event.node)

    @property
    def has_side(self) -> bool:
        """Whether the nodes are listed at the side."""
        return self.size.width >= _TABLE_LEAST + _SIDE_LEAST

    def on_mount(self) -> None:
        """Share the room anew whenever the table begins or ceases to need a scrollbar below."""
        self.watch(self.table, "show_horizontal_scrollbar", self.show_around, init=False)

    def on_resize(self, _: events.Resize) -> None:
        """Open the detail pane where there is room beside the table."""
        self._open_detail()

    def _open_detail(self) -> None:
        wanted = self._wants_detail
        self._detail.display = self.size.width >= _ROOMY if wanted is None else wanted

    def _show_services(self, view: NodeView | None) -> None:
        if view is None:
            self.table.set_empty("No node yet. Press a to add one.")
            self.table.show([])
            return
        self._bound_table(view)
        self.table.set_empty(self._why_empty(view))
        self.table.show_strips(self._hour.known(view.name, view.cluster), view)
        self._shown = self.table.present(view, self._query, self._last.of(view.name))

    def _bound_table(self, view: NodeView | None) -> None:
        """Let the table be no higher than its rows, so that the events have the rest.

        With no service there is one line, with the reason.
        """
        most = 0
        if view is not None and self._recent.display and self.has_news:
            lines = _TABLE_FRAME + self.table.scrollbar_size_horizontal
            most = max(1, view.counts[1]) + lines
        _bound_height(self.table, most)

    def _why_empty(self, view: NodeView) -> str:
        if view.reading.trouble is not None and view.reading.answered_at is None:
            return "This node has not answered yet."
        if view.reading.answered_at is None:
            return f"Polling {view.url} …"
        if not view.reading.services:
            return "The node answered with no services."
        if self._query.problems and not self._query.text.strip():
            return "No problems on this node. ! shows all services."
        return "No service matches. esc clears the filter."

    def show_around(self) -> None:
        """Show all lines and panes but the table."""
        self._show_lines(self.view())
        if self._left.display is not self.has_side:
            self._left.display = self.has_side
        if self.has_side:
            self._side.present(self.views(), self.here)
            self._share_room()
        self._show_elsewhere()

    def _share_room(self) -> None:
        """Give the side pane the width it needs, and the events the height the table leaves."""
        room = self.size.width - _TABLE_LEAST
        wanted = max(self._side.wanted_width + 2, _MINI_LEAST if self._has_mini else 0)
        width = max(_SIDE_LEAST, min(wanted, room, _SIDE_MOST))
        _resize(self._left, width=width)
        # Below 160 columns the detail pane is at the bottom, and shows what happened itself.
        self._recent.set_class(self._detail.display and self.size.width < _ROOMY, "-squeezed")
        self._bound_table(self.view())
        self._show_hidden()
        self._show_mini(width)

    @property
    def _has_mini(self) -> bool:
        """Whether there is room for a small matrix under the list of nodes."""
        return self.size.width >= _VAST[0] and self.size.height >= _VAST[1]

    def _show_mini(self, side: int) -> None:
        """Show the small matrix; the side pane, once it is laid out, is `side` cells wide."""
        views = self.views() if self._has_mini else []
        here = next((view for view in views if view.name == self.here), None)
        if here is None:
            self._mini.say(Text())
            return
        beside = [view for view in views if here.profile.is_beside(view.profile)]
        # But for its edge and a cell beside that.
        height = self._left.size.height - len(views) - 2
        mini = mini_matrix(beside, self.here, self._palette, side - 2, height)
        _resize(self._mini, height=max(1, mini.plain.count("\n") + 1))
        self._mini.say(mini)

    @on(LiveTable.Scrolled, "#side")
    def _side_scrolled(self) -> None:
        self._tick_side()
        self._show_hidden()

    def _show_hidden(self) -> None:
        """Show how many nodes are out of view at the side."""
        self._hidden.say(Text(f" {self._side.hidden}" if self._side.hidden else ""))

    def _show_lines(self, view: NodeView | None) -> None:
        """Show the lines about the node in front, and the detail pane if it is open."""
        if view is not None and view.name != self.here:
            return  # another node was picked meanwhile
        palette = self._palette
        self._show_header(view)
        self._show_footer(view)
        if view is None:
            self._show_banner(paused="", notices=(self.notice,))
            return
        self._show_title(view)
        beside = [node.name for node in self._fleet.beside(view.name)]
        if self._recent.display:
            title = f"events of {view.cluster or view.title}"
            if self._recent.border_title != title:  # else all of it would be painted again
                self._recent.border_title = Content(title)
            self._recent.present(self._fleet.events, beside, view.now)
        self._show_banner(notices=(view.certificate, self.notice), paused="not polling. p goes on")
        self._trouble.say(status_lines.trouble_line(view, palette, self.live_keys))
        self._show_state(view)
        if self._detail.display:
            self._show_detail(view)
        self._read_hour(view)

    def _show_footer(self, view: NodeView | None) -> None:
        if self._unopened:
            title = self._fleet.watch(self._unopened).profile.title
            own = {"table.choose": f"Open {title} first", "why": f"Why {title}"}
            self._show_keys(bar_words(_UNOPENED_BAR, own), goes_first=_UNOPENED_GOES_FIRST)
            return
        if view is None:
            self._show_keys(_EMPTY_BAR)
            return
        self._show_keys(
            _BAR if self.table.cursor_key or self.table.marks else _ROWLESS_BAR,
            goes_first=_GOES_FIRST,
            refusal=self._controller.refusal(self.here),
            brief_refusal=self._controller.brief_refusal(self.here),
            dim=self._unfit(view),
        )

    def _unfit(self, view: NodeView) -> frozenset[str]:
        """Return the ids of keys that would be refused on the service under the cursor."""
        key = self.table.cursor_key
        is_marked = bool(self.table.marks)
        service = view.reading.find(key) if key and not is_marked else None
        return self.unfit(view.name, service, view.scope)

    def _show_state(self, view: NodeView) -> None:
        """Show the status line: what is wrong, then how much is shown of it."""
        is_titled = self._is_framed and not self.is_sort_new
        sort = Part(Text()) if is_titled else self.sort_part(self._palette)
        line = status_lines.status_line(
            view,
            self._restarts()[view.name],
            self._shown,
            sort,
            self._filter_text(),
            self._palette,
            loop=self._loop(view.name),
            alerts=self._alerts(view.name),
            width=self.size.width,
            is_titled=self._is_framed,
            shows_age=not self._is_framed,
        )
        self._status.say(line)

    @property
    def _is_framed(self) -> bool:
        """Whether there is room for the frames of header and table."""
        return self.size.width >= 100 and self.size.height >= 30

    def _show_title(self, view: NodeView) -> None:
        """Show in the table's frame whose services they are, how many are ok, and their order."""
        well, total, _ = view.counts
        parts = [f"services of {view.title}"]
        if view.reading.answered_at is not None:
            parts.append(f"{well}/{total} {'' if view.is_fresh else 'were '}ok")
        usual = self.usual_sort_text
        title = " · ".join([*parts, self.sorting.words + (f" ({usual})" if usual else "")])
        if self.table.border_title != title:
            self.table.border_title = Content(title)

    def _read_hour(self, view: NodeView) -> None:
        """Read what the strips show, once a minute, and sooner where something happened."""
        is_old = view.name in self._happened_on
        if self._hour.reserve(view.name, view.cluster, is_old=is_old):
            self._happened_on.discard(view.name)
            self.run_worker(self._read_strips(view.name, view.cluster), group="hour")

    async def _read_strips(self, node: str, cluster: str) -> None:
        await self._hour.read(node, cluster)
        if self.here == node and not self.is_covered:
            self._show_services(self.view())

    def _filter_text(self) -> str:
        """Return what keeps services off the screen, and how many are marked."""
        filtered = f"filter: {self._query.text}" if self._query.text.strip() else ""
        filtered = " ".join(filter(None, (filtered, "problems only" * self._query.problems)))
        marks = len(self.table.marks)
        return " · ".join(filter(None, (filtered, f"{marks} marked" * bool(marks))))

    def _show_elsewhere(self) -> None:
        """Show what is wrong on other nodes, where no list at the side does."""
        if self.here not in self._fleet:
            return
        now = monotonic()
        others = () if self.has_side else self._fleet.nodes
        views = [
            NodeView.of(node, 0, now)
            for node in others
            if node.name != self.here
            and (node.wrong_node or node.reading.trouble or node.tally.problems)
        ]
        self._elsewhere.say(status_lines.elsewhere_line(views, self._palette, self.size.width))

    def _show_detail(self, view: NodeView) -> None:
        key = self.table.cursor_key or ""
        service = view.reading.find(key)
        wanted = (self.here, key, view.cluster)
        self._detail.present(
            service,
            self.table.uptime(service, view) if service else None,
            view,
            self._fleet.history(self.here, key),
            self._palette,
            day=self._days.known(wanted),
            remark=self._days.remark,
            context=self._fleet.context(self.here),
        )
        if service is not None and self._days.reserve(wanted):
            self.run_worker(self._read_day(wanted), group="day")

    async def _read_day(self, wanted: Wanted) -> None:
        await self._days.read(wanted)
        self._show_lines(self.view())

    def _on_clock(self) -> None:
        super()._on_clock()
        if self.on_second is not None:
            self.on_second()

    def tick(self) -> None:
        """Show uptimes and ages as they are a second later."""
        view = self.view()
        self._tick_table(view)
        self._show_lines(view)
        if self.has_side:
            self._tick_side()
        else:
            self._show_elsewhere()
        if self._orders.display:
            self.orders_moved()

    def _tick_table(self, view: NodeView | None) -> None:
        if view is not None:
            self.table.tick(view, self._last.of(view.name))

    @on(LiveTable.Scrolled, "#services")
    def _table_scrolled(self) -> None:
        self._tick_table(self.view())

    def _tick_side(self) -> None:
        """Show the nodes that are in view at the side, as they are now."""
        seen = frozenset(self._side.visible_keys)
        self._side.update_nodes(self.views(seen), self.here)

    @on(LiveTable.CursorMoved, "#services")
    @on(LiveTable.MarksChanged, "#services")
    def _cursor_moved(self) -> None:
        view = self.view()
        if view is None:
            return
        self._show_footer(view)
        if self._detail.display and not self._is_following:
            self._is_following = True
            wait = self._followed_at + _FOLLOWS_EVERY - monotonic()
            self.set_timer(max(0.001, wait), self._follow_cursor)

    @on(LiveTable.MarksChanged, "#services")
    def _marks_changed(self) -> None:
        view = self.view()
        if view is not None:
            self._show_state(view)

    def _follow_cursor(self) -> None:
        """Show the service under the cursor in the detail pane."""
        self._is_following, self._followed_at = False, monotonic()
        view = self.view()
        if view is not None and self._detail.display:
            self._show_detail(view)

    @on(LiveTable.Chosen, "#services")
    def _service_chosen(self) -> None:
        self.action_detail()

    @on(LiveTable.Chosen, "#recent")
    def _event_chosen(self, chosen: LiveTable.Chosen) -> None:
        event = self._recent.event(chosen.key)
        if event is not None:
            self.go_to_service(event.node, event.service)

    @on(LiveTable.Chosen, "#side")
    def _side_chosen(self, event: LiveTable.Chosen) -> None:
        self.go_to(event.key or "")
        self.table.focus()

    @on(events.DescendantBlur, "#side")
    def _side_left(self) -> None:
        """Point at the node shown: a key in the table means that one."""
        if not self.app.app_focus:
            return  # the terminal lost the focus, and the list gets it back
        self._side.move_to(self.here)
        self._show_footer(self.view())

    @on(events.DescendantFocus, "#side")
    @on(LiveTable.CursorMoved, "#side")
    def _side_moved(self) -> None:
        """Show what the keys do on the node under the cursor."""
        self._show_footer(self.view())

    # Which node

    @property
    def picked(self) -> str:
        """The node under the cursor at the side while that has the focus, else the one shown."""
        return (self._side.cursor_key if self._side.has_focus else None) or self.here

    @property
    def _unopened(self) -> str:
        """The node under the cursor at the side, where it is not the one shown; else empty."""
        return "" if self.picked == self.here or self.picked not in self._fleet else self.picked

    @property
    def _open_first(self) -> str:
        """Why no service is meant by a key, and what to do; empty where one is meant."""
        if not self._unopened:
            return ""
        title = self._fleet.watch(self._unopened).profile.title
        return f"{key_text(self.live_keys['table.choose'])} opens {title} first."

    def _is_unopened(self) -> bool:
        """Whether the cursor is on a node that is not shown, which is reported."""
        if self._open_first:
            self.notify(self._open_first, severity="warning", markup=False)
        return bool(self._open_first)

    def go_to(self, node: str) -> None:
        """Show another node; the marks are removed, since they are on one node's services."""
        if node not in self._fleet or node == self.here:
            return
        self.here = node
        self.table.clear_marks()
        self.refresh_all()
        self._side.move_to(node)
        self.post_message(self.NodeShown(node))

    def go_to_service(self, node: str, service: str) -> None:
        """Show a node with the cursor on a service, if one is named; clear a filter that hides it.

        A node or a service that is not there any more is reported.
        """
        if node not in self._fleet:
            self.notify(f"{node} is not watched any more.", severity="warning", markup=False)
            return
        self.go_to(node)
        if service and not self.table.move_to(service):
            if self._fleet.watch(node).reading.find(service) is None:
                text = f"{service} is not on {node} now."
                self.notify(text, severity="warning", markup=False)
            else:
                self._clear_filter()
                self.table.move_to(service)
        self.table.focus()

    def on_screen_resume(self, _: events.ScreenResume) -> None:
        """Show the orders as they are now, and post which node is shown again."""
        self.orders_moved()
        self.post_message(self.NodeShown(self.here))

    def action_jump(self, number: int) -> None:
        """Go to a node by its number."""
        nodes = self._fleet.nodes
        if number <= len(nodes):
            self.go_to(nodes[number - 1].name)
        else:
            self.notify(f"There is no node {number}.", severity="warning", markup=False)

    def action_step(self, by: int) -> None:
        """Go to the next or the previous node."""
        names = [node.name for node in self._fleet.nodes]
        if self.here in names:
            self.go_to(names[(names.index(self.here) + by) % len(names)])

    def focus_side(self) -> None:
        """Focus the nodes at the side."""
        self._side.move_to(self.here)
        self._side.focus()

    def node_picker(self) -> "NodesScreen":
        """Return the screen that picks a node, for where the side is not shown."""
        from tui.ui.screens.nodes import NodesScreen

        return NodesScreen(self.views, self.here, self._palette, self._restarts)

    # Which services

    @property
    def filter_keys(self) -> FilterKeys:
        """The keys of the filter, with the statuses of this node's services."""
        view = self.view()
        return service_filter_keys(view.reading.services if view is not None else ())

    def filter_by(self, text: str) -> None:
        """Leave out the services that do not match `text`."""
        self._query = ServiceFilter(text, self._query.problems)
        view = self.view()
        self._show_services(view)
        self._show_lines(view)

    def switch_problems(self) -> None:
        """Show only problems, or everything again."""
        self._query = ServiceFilter(self._query.text, not self._query.problems)
        self.refresh_all()

    @property
    def sorting(self) -> Sorting[SortOrder]:
        """The order of the services."""
        return self.table.sorting

    def sorting_changed(self) -> None:
        """Show the services in their order."""
        self.table.show_order()
        self.refresh_all()

    @on(LiveTable.HeadClicked, "#services")
    def _head_clicked(self, event: LiveTable.HeadClicked) -> None:
        """Sort by the column that was clicked, or reverse the sort by it."""
        self.sort_by_column(event.column)

    def action_detail(self) -> None:
        """Open or close the detail pane."""
        pane = self._detail
        if not pane.display and self._is_unopened():
            return
        pane.display = self._wants_detail = not pane.display
        if not pane.display and pane.has_focus:
            self.table.focus()
        self.show_around()

    def step_back(self) -> bool:
        """Close the detail pane; False if nobody opened it."""
        if self._is_detail_open:
            self.action_detail()
            return True
        return False

    @property
    def _is_detail_open(self) -> bool:
        """Whether somebody opened the detail pane."""
        return self._detail.display and bool(self._wants_detail)

    def action_raw(self) -> None:
        """Show the raw entry in the detail pane, or the description again."""
        if self._is_unopened():
            return
        pane = self._detail
        pane.raw = not pane.raw if pane.display else True
        pane.display = self._wants_detail = True
        self.show_around()

    def action_back(self) -> None:
        """Close what is open, else clear the filter, else the marks, else the sort."""
        if self._is_filtering:
            self._clear_filter()
        elif self._is_detail_open:
            self.action_detail()
        elif self.table.marks:
            self.table.clear_marks()
        elif not (self.table.has_focus and self.reset_sort()):
            self.table.focus()

    @property
    def back_resets_sort(self) -> bool:
        """Whether nothing else comes first for the key that goes back."""
        comes_first = self._is_filtering or self._is_detail_open or self.table.marks
        return self.table.has_focus and not comes_first

    @property
    def _is_filtering(self) -> bool:
        return self._filter.has_focus or bool(self._filter.value) or self._query.problems

    def _clear_filter(self) -> None:
        self.close_filter()
        self._query = ServiceFilter()
        self.refresh_all()

    # Copies

    def action_copy_name(self) -> None:
        """Copy the name of the service under the cursor."""
        key = self.table.cursor_key
        if key and not self._is_unopened():
            self.post_message(self.Copied(key, key))

    def action_copy_row(self) -> None:
        """Copy the row under the cursor."""
        view, key = self.view(), self.table.cursor_key
        service = view.reading.find(key) if view and key else None
        if view and service and not self._is_unopened():
            text = row_text(view.name, service, self.table.uptime(service, view), view.scope)
            self.post_message(self.Copied(text, f"the row of {service.shown}"))

    def action_copy_curl(self) -> None:
        """Copy the curl command that polls this node for its services."""
        if self.here in self._fleet:
            text = curl_text(self._fleet.watch(self.here).profile)
            self.post_message(self.Copied(text, f"the curl for {self.here}"))

    # Polling

    def action_faster(self) -> None:
        """Poll more often."""
        self._fleet.set_interval(faster_interval(self._fleet.interval))
        self.show_around()

    def action_slower(self) -> None:
        """Poll less often."""
        self._fleet.set_interval(slower_interval(self._fleet.interval))
        self.show_around()

    # Orders

    def _choice(self) -> ServiceChoice:
        """Return the marked services, else the one under the cursor; never both."""
        key = self.table.cursor_key
        names = tuple(sorted(self.table.marks)) or ((key,) if key else ())
        return ServiceChoice(self.here, names, frozenset(names) - frozenset(self.table.row_keys))

    def action_order(self, verb: str) -> None:
        """Ask for an order on the marked services, or on the one under the cursor."""
        if self._is_unopened():
            return
        # What was ordered is not ordered again by the next key.
        self._controller.ask(Verb(verb), self._choice(), self.table.clear_marks)

    def order_service(self, verb: Verb, node: str, service: str) -> None:
        """Go to a service, and ask for an order on it alone, whatever is marked."""
        self.go_to_service(node, service)
        self._controller.ask(verb, ServiceChoice(node, (service,)), self.table.clear_marks)

    def action_mark(self) -> None:
        """Mark the service under the cursor and go on to the next one."""
        if not self._is_unopened():
            super().action_mark()

    def why_subject(self) -> tuple[str, str] | None:
        """Return the node and the service under the cursor; at the side, the node alone."""
        if self._side.has_focus:
            return (self.picked, "") if self.picked else None
        return (self.here, self.table.cursor_key or "") if self.here else None

    def rollout_targets(self) -> RolloutTargets:
        """Return the services to roll over the nodes of this node's cluster."""
        if self._open_first:
            return RolloutTargets(why_not=self._open_first)
        choice = self._choice()
        nodes = self._fleet.beside(self.here) if self.here in self._fleet else ()
        return RolloutTargets(choice.names, tuple(node.name for node in nodes), choice.hidden)


def _resize(widget: Widget, *, width: int | None = None, height: int | None = None) -> None:
    """Set the size of a widget in cells, where it is another: each time costs a new layout."""
    if width is not None and widget.styles.width != Scalar.from_number(width):
        widget.styles.width = width
    if height is not None and widget.styles.height != Scalar.from_number(height):
        widget.styles.height = height


def _bound_height(widget: Widget, most: int) -> None:
    """Let a widget have at most so many lines, 0 for any number, where it is another bound."""
    bound = Scalar.from_number(most) if most else None
    if widget.styles.max_height != bound:
        widget.styles.max_height = bound
