"""The deck: nodes at the side, one node's services in the middle, orders and status below."""

import time
from collections.abc import Mapping

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input

from tui.fleet.fleet import Fleet
from tui.fleet.polling.backoff import faster_interval, slower_interval
from tui.fleet.problems import recent_restarts
from tui.model.event import Event
from tui.model.filters import ServiceFilter, SortOrder
from tui.model.order import Verb
from tui.ui.controllers.day_history import DayHistory, Wanted
from tui.ui.controllers.orders import OrderController
from tui.ui.controllers.rollouts import RolloutTargets, cluster_of
from tui.ui.format import status_lines
from tui.ui.format.copy_text import curl_text, row_text
from tui.ui.format.node_view import NodeView
from tui.ui.format.status_lines import Palette
from tui.ui.keymap import bindings, key_text
from tui.ui.table.live_table import LiveTable
from tui.ui.widgets.detail_pane import DetailPane
from tui.ui.widgets.key_bar import KeyBar
from tui.ui.widgets.node_list import NodeList
from tui.ui.widgets.order_lines import OrderLines
from tui.ui.widgets.services_table import ServicesTable
from tui.ui.widgets.text_line import TextLine

_CHANGES_AT_MOST = 20_000


class DeckScreen(Screen[None]):
    """Shows `here`, the node that is picked, and all the others at the side."""

    AUTO_FOCUS = "#services"
    BINDINGS = [*bindings()]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide"), (160, "-roomy")]

    class NodeShown(Message):
        """A node is on the screen that was not before, or the deck is on top again."""

        def __init__(self, node: str) -> None:
            super().__init__()
            self.node = node

    class Copied(Message):
        """A text that is wanted elsewhere; `what` names it."""

        def __init__(self, text: str, what: str) -> None:
            super().__init__()
            self.text = text
            self.what = what

    def __init__(
        self, fleet: Fleet, desk: OrderController, palette: Palette, keymap: Mapping[str, str]
    ) -> None:
        super().__init__()
        self._keymap = dict(keymap)
        self._fleet = fleet
        self._desk = desk
        self._palette = palette
        self._query = ServiceFilter()
        self._sort = SortOrder.PROBLEMS
        self._inverted = False
        self._shown = 0
        self._last: dict[tuple[str, str], Event] = {}
        self.here = fleet.nodes[0].name if fleet.nodes else ""
        self.table = ServicesTable(palette, id="services")
        self._side = NodeList(palette, full=False, id="side")
        self._detail = DetailPane(id="detail")
        self._days = DayHistory(fleet.past, time.monotonic)
        self._filter = Input(id="filter", placeholder="text  !text  status=  kind=")
        self._title = TextLine(id="title")
        self._banner = TextLine(id="banner", hides=True)
        self._trouble = TextLine(id="trouble", hides=True)
        self._elsewhere = TextLine(id="elsewhere", hides=True)
        self._orders = OrderLines(fleet, id="orders")
        self._status = TextLine(id="status")
        self._keys = KeyBar(id="keys")

    def compose(self) -> ComposeResult:
        """Lay out the deck."""
        yield self._title
        with Horizontal(id="middle"):
            yield self._side
            with Vertical(id="main"):
                yield self._banner
                yield self._trouble
                yield self._filter
                yield self.table
            yield self._detail
        yield self._elsewhere
        yield self._orders
        yield self._status
        yield self._keys

    def on_mount(self) -> None:
        """Start the clock that lets uptimes and ages go on."""
        self._filter.display = False
        self._detail.display = False
        self.refresh_all()
        self.set_interval(1.0, self._tick)

    # What is shown

    def views(self) -> list[NodeView]:
        """Look at every node as it stands now."""
        now = time.monotonic()
        return [NodeView.of(one, n, now) for n, one in enumerate(self._fleet.nodes, 1)]

    def view(self) -> NodeView | None:
        """Look at the node that is picked."""
        return self._desk.look(self.here) if self.here in self._fleet else None

    def repalette(self, palette: Palette) -> None:
        """Take the colours of another theme."""
        self._palette = palette
        for table in self.query(LiveTable):
            table.set_palette(palette)
        self.refresh_all()

    def refresh_all(self) -> None:
        """Show everything as it stands."""
        if self.here not in self._fleet:
            self.here = self._fleet.nodes[0].name if self._fleet.nodes else ""
        self._show_services()
        self._show_around()

    def node_changed(self) -> None:
        """Show new readings or facts of the node that is picked."""
        self._show_services()
        self._show_around()

    def nodes_changed(self) -> None:
        """Show what is new of all the others."""
        self._show_around()

    def event_happened(self, event: Event) -> None:
        """Keep the last change of every service for its row."""
        if event.service:
            self._last.pop((event.node, event.service), None)
            self._last[(event.node, event.service)] = event
            while len(self._last) > _CHANGES_AT_MOST:
                del self._last[next(iter(self._last))]

    def orders_moved(self) -> None:
        """Show the orders as they stand."""
        self._show_orders()

    def _show_services(self) -> None:
        view = self.view()
        if view is None:
            self.table.set_empty("No node yet. Press a to add one.")
            self.table.show([])
            return
        self.table.set_empty(self._why_empty(view))
        self._shown = self.table.present(view, self._query, self._last_here())

    def _last_here(self) -> dict[str, Event]:
        return {service: one for (node, service), one in self._last.items() if node == self.here}

    def _why_empty(self, view: NodeView) -> str:
        if view.reading.trouble is not None and view.reading.answered_at is None:
            return "Nothing is known of this node yet."
        if view.reading.answered_at is None:
            return f"Asking {view.url} …"
        if not view.reading.services:
            return "The node answered with no services."
        if self._query.problems and not self._query.text.strip():
            return "Nothing is wrong on this node. ! shows all services."
        return "No service matches. esc clears the filter."

    def _show_around(self) -> None:
        """Show all lines and panes but the table."""
        views = self.views()
        here = next((one for one in views if one.name == self.here), None)
        palette = self._palette
        self._title.say(status_lines.title_line(here, self._fleet.read_only, palette))
        if self._side.display:
            self._side.present(views, self.here)
        self._keys.present(
            self.live_keys(), palette, self._desk.refusal(self.here), self.size.width
        )
        if here is None:
            return
        self._banner.say(self._banner_text(here))
        self._trouble.say(status_lines.trouble_line(here, palette))
        others = [] if self._side.display else [one for one in views if one is not here]
        self._elsewhere.say(status_lines.elsewhere_line(others, palette))
        filtered = f"filter: {self._query.text}" if self._query.text.strip() else ""
        filtered = " ".join(filter(None, (filtered, "problems only" * self._query.problems)))
        marks = len(self.table.marks)
        filtered = " · ".join(filter(None, (filtered, f"{marks} marked" * bool(marks))))
        sort = f"{self._sort.value}{' inverted' * self._inverted}"
        self._status.say(status_lines.status_line(here, self._shown, sort, filtered, palette))
        self._show_detail(here)

    def _banner_text(self, view: NodeView) -> Text:
        parts = [Text(view.certificate, self._palette["banner"])]
        unrecorded = self._fleet.journal.trouble
        if unrecorded:
            text = f"NO JOURNAL, SO NO ORDER: {unrecorded}"
            parts.append(Text(text, self._palette["banner"]))
        if self._fleet.paused:
            parts.append(Text("PAUSED: nobody is asked. p goes on", self._palette["banner"]))
        if self._fleet.unlocked:
            parts.append(
                Text("REQUIRED SERVICES UNLOCKED for this session", self._palette["banner"])
            )
        return status_lines.join(parts)

    def _show_detail(self, view: NodeView) -> None:
        key = self.table.cursor_key or ""
        history = self._fleet.history(self.here, key)
        service = view.reading.find(key)
        uptime = self.table.uptime(service, view) if service else None
        wanted = (self.here, key, view.cluster)
        self._detail.present(
            service,
            uptime,
            view,
            history,
            self._palette,
            day=self._days.known(wanted),
            remark=self._days.remark,
        )
        if self._detail.display and service is not None and self._days.take(wanted):
            self.run_worker(self._read_day(wanted), group="day")

    async def _read_day(self, wanted: Wanted) -> None:
        await self._days.read(wanted)
        self._show_around()

    def _show_orders(self) -> None:
        self._orders.present(self._palette, key_text(self.live_keys()["rollouts"]))

    def _tick(self) -> None:
        self._tick_table()
        self._show_around()
        if self._orders.display:
            self._show_orders()

    @on(LiveTable.Scrolled, "#services")
    def _tick_table(self) -> None:
        view = self.view()
        if view is not None:
            self.table.tick(view, self._last_here())

    def live_keys(self) -> dict[str, str]:
        """Give binding id → the keys it has now."""
        live: dict[str, list[str]] = {}
        for key, held in self._bindings.key_to_bindings.items():
            for one in held:
                live.setdefault(one.id or "", []).append(key)
        return {name: ",".join(keys) for name, keys in live.items()} | self._keymap

    @on(LiveTable.CursorMoved, "#services")
    @on(LiveTable.MarksChanged, "#services")
    def _moved(self) -> None:
        self._show_around()

    @on(LiveTable.Chosen, "#services")
    def _chosen(self) -> None:
        self.action_detail()

    @on(LiveTable.Chosen, "#side")
    def _picked(self, event: LiveTable.Chosen) -> None:
        self.go_to(event.key or "")
        self.table.focus()

    def on_resize(self, _: events.Resize) -> None:
        """Show what fits now."""
        self.call_after_refresh(self._show_around)

    # Which node

    @property
    def picked(self) -> str:
        """The node under the picker's cursor while that has the keys, else the one shown."""
        return (self._side.cursor_key if self._side.has_focus else None) or self.here

    def go_to(self, node: str) -> None:
        """Show another node; marks are for one node's services and go."""
        if node not in self._fleet or node == self.here:
            return
        self.here = node
        self.table.clear_marks()
        self.refresh_all()
        self._side.move_to(node)
        self.post_message(self.NodeShown(node))

    def go_to_service(self, node: str, service: str) -> None:
        """Show a node with the cursor on a service, if one is named; a filter that hides it goes.

        What is not there any more is said.
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

    def on_screen_resume(self) -> None:
        """Tell which node is in view again."""
        self.post_message(self.NodeShown(self.here))

    def action_jump(self, number: int) -> None:
        """Go to a node by its number."""
        nodes = self._fleet.nodes
        if number <= len(nodes):
            self.go_to(nodes[number - 1].name)

    def action_step(self, by: int) -> None:
        """Go to the next or the previous node."""
        names = [one.name for one in self._fleet.nodes]
        if self.here in names:
            self.go_to(names[(names.index(self.here) + by) % len(names)])

    def action_nodes(self) -> None:
        """Pick a node: at the side where there is room, else on a screen of its own."""
        if self._side.display:
            self._side.move_to(self.here)
            self._side.focus()
        else:
            from tui.ui.screens.nodes import NodesScreen

            screen = NodesScreen(self.views, self.here, self._palette, self._restarts)
            self.app.push_screen(screen, self._went)

    def _restarts(self) -> Mapping[str, int]:
        return recent_restarts(self._fleet.events, time.monotonic())

    def _went(self, node: str | None) -> None:
        if node:
            self.go_to(node)

    # Which services

    def action_filter(self) -> None:
        """Open the filter."""
        field = self._filter
        field.display = True
        # At once: focus() alone waits, and what is typed meanwhile would be lost.
        self.set_focus(field)

    @on(Input.Changed, "#filter")
    def _filtered(self, event: Input.Changed) -> None:
        self._query = ServiceFilter(event.value, self._query.problems)
        self._show_services()
        self._show_around()

    @on(Input.Submitted, "#filter")
    def _filter_done(self, event: Input.Submitted) -> None:
        event.stop()
        event.input.display = bool(event.value)
        self.set_focus(self.table)

    def action_problems(self) -> None:
        """Show only problems, or everything again."""
        self._query = ServiceFilter(self._query.text, not self._query.problems)
        self.refresh_all()

    def action_sort(self) -> None:
        """Sort by the next column."""
        self._sort, self._inverted = self._sort.next(), False
        self.table.sort_by(self._sort, inverted=False)
        self.refresh_all()

    def action_invert(self) -> None:
        """Turn the order round."""
        self._inverted = not self._inverted
        self.table.sort_by(self._sort, inverted=self._inverted)
        self.refresh_all()

    def action_mark(self) -> None:
        """Mark the service under the cursor and go on to the next."""
        self.table.toggle_mark()
        self.table.action_down()

    def action_unmark(self) -> None:
        """Take all marks away."""
        self.table.clear_marks()

    def action_detail(self) -> None:
        """Open or close the detail pane."""
        pane = self._detail
        pane.display = not pane.display
        if not pane.display and pane.has_focus:
            self.table.focus()
        self._show_around()

    def step_back(self) -> bool:
        """Close the detail pane; False if there is none to go back from."""
        if self._detail.display:
            self.action_detail()
            return True
        return False

    def action_raw(self) -> None:
        """Show the raw entry in the detail pane, or the description again."""
        pane = self._detail
        pane.raw = not pane.raw if pane.display else True
        pane.display = True
        self._show_around()

    def action_back(self) -> None:
        """Close what is open, else clear the filter, else the marks."""
        field = self._filter
        pane = self._detail
        if field.has_focus or field.value or self._query.problems:
            self._clear_filter()
        elif pane.display:
            self.action_detail()
        elif self.table.marks:
            self.table.clear_marks()
        else:
            self.table.focus()

    def _clear_filter(self) -> None:
        self._filter.value = ""
        self._filter.display = False
        self._query = ServiceFilter()
        self.table.focus()
        self.refresh_all()

    # What is taken away

    def action_copy_name(self) -> None:
        """Copy the name of the service under the cursor."""
        key = self.table.cursor_key
        if key:
            self.post_message(self.Copied(key, key))

    def action_copy_row(self) -> None:
        """Copy the row under the cursor."""
        view, key = self.view(), self.table.cursor_key
        service = view.reading.find(key) if view and key else None
        if view and service:
            text = row_text(view.name, service, self.table.uptime(service, view), view.scope)
            self.post_message(self.Copied(text, f"the row of {service.name}"))

    def action_copy_curl(self) -> None:
        """Copy the curl that asks this node for its services."""
        if self.here in self._fleet:
            text = curl_text(self._fleet.watch(self.here).profile)
            self.post_message(self.Copied(text, f"the curl for {self.here}"))

    # How often

    def action_refresh(self) -> None:
        """Ask every node now."""
        self._fleet.refresh()

    def action_pause(self) -> None:
        """Stop asking, or go on."""
        self._fleet.set_paused(not self._fleet.paused)
        self._show_around()

    def action_faster(self) -> None:
        """Ask more often."""
        self._fleet.set_interval(faster_interval(self._fleet.interval))
        self._show_around()

    def action_slower(self) -> None:
        """Ask less often."""
        self._fleet.set_interval(slower_interval(self._fleet.interval))
        self._show_around()

    # Orders

    def action_order(self, verb: str) -> None:
        """Ask for an order on the marked services, or on the one under the cursor; never both."""
        key = self.table.cursor_key
        names = tuple(sorted(self.table.marks)) or ((key,) if key else ())
        hidden = frozenset(names) - frozenset(self.table.row_keys)
        # What was ordered is not ordered again by the next key.
        given = self.table.clear_marks
        self._desk.ask(Verb(verb), self.here, names, self._palette, hidden=hidden, given=given)

    def rollout_targets(self) -> RolloutTargets:
        """Give the services to roll over the nodes of this node's cluster."""
        key = self.table.cursor_key
        names = tuple(sorted(self.table.marks)) or ((key,) if key else ())
        hidden = frozenset(names) - frozenset(self.table.row_keys)
        return RolloutTargets(names, cluster_of(self._fleet, self.here), hidden)

    def rollout_begun(self) -> None:
        """Take the marks away."""
        self.table.clear_marks()

    def action_dismiss_orders(self) -> None:
        """Take the ended orders off the screen."""
        self._orders.dismiss()
        self._show_orders()
