"""Every service on every node: the whole cluster on one screen, and orders from a cell of it."""

from collections.abc import Callable, Mapping, Sequence

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult

from tui.fleet.fleet import Fleet
from tui.model.clock import monotonic
from tui.model.filters import FilterKeys, ServiceFilter, ServiceKinds, service_filter_keys
from tui.model.order import Verb
from tui.model.service import but_for_uptimes
from tui.model.sorting import Sorting, SortWords
from tui.ui.controllers.orders import OrderController, ServiceChoice
from tui.ui.controllers.rollouts import RolloutTargets
from tui.ui.format.key_bar import live_keys
from tui.ui.format.node_view import NodeView
from tui.ui.format.status_lines import Palette, PlacedAlert
from tui.ui.keymap import View, bar_words, bindings
from tui.ui.matrix import headers
from tui.ui.matrix.columns import ColumnCache, MatrixColumn, grouped, unmanaged_column
from tui.ui.matrix.grid import Grid, RowOrder, build_grid
from tui.ui.matrix.headers import cell_sentence
from tui.ui.matrix.matrix_table import NAMES, CellKey, MatrixTable
from tui.ui.screens.live_screen import ServicesScreen, SortedScreen
from tui.ui.table.live_table import LiveTable
from tui.ui.table.navigation import COLUMN_BINDINGS
from tui.ui.widgets.text_line import TextLine

_UNMANAGED_STALE = 20.0
"""Age in seconds from which a cluster's health call is stale: it is polled every 5 s."""

_BAR = bar_words(
    "start stop restart rollout why matrix.next_problem problems signs filter timeline all_problems"
    " help quit",
    {
        "problems": "Differing",
        "matrix.next_problem": "Next problem",
        "signs": "Signs",
        "quit": "Back",
    },
)
_CELL_KEYS = frozenset({"start", "stop", "restart", "rollout", "why", "matrix.next_problem"})
_ROWLESS_BAR = {name: word for name, word in _BAR.items() if name not in _CELL_KEYS}
_EMPTY_BAR = bar_words("timeline all_problems help quit", {"quit": "Back"})
"""What can be done while there is no node."""

_GOES_FIRST = (
    "signs", "filter", "timeline", "all_problems", "rollout", "matrix.next_problem", "problems",
    "why", "stop", "start", "restart",
)  # fmt: skip


_ORDERS = {
    RowOrder.PROBLEMS: SortWords("problems first", "problems last"),
    RowOrder.NAME: SortWords("by name, a to z", "by name, z to a", NAMES),
    RowOrder.RESTARTED: SortWords("by start, newest first", "by start, oldest first"),
}


class MatrixScreen(SortedScreen, ServicesScreen[CellKey | None]):
    """Returns the node and the service that were chosen, or None.

    `views` looks at the nodes as they stand; `keymap` holds the keys that were changed, by id;
    `begins` is the cell that the cursor is on at first, where there is such a one.
    """

    VIEW = "matrix"
    AUTO_FOCUS = "#matrix"
    table: MatrixTable
    BINDINGS = [*bindings(View.MATRIX, {"matrix": "close"})]

    def __init__(  # noqa: PLR0917 - what the app has and the screen needs
        self,
        fleet: Fleet,
        orders: OrderController,
        views: Callable[[], Sequence[NodeView]],
        palette: Palette,
        keymap: Mapping[str, str],
        begins: CellKey | None = None,
    ) -> None:
        keys = live_keys((*self.BINDINGS, *COLUMN_BINDINGS), keymap)
        super().__init__(fleet, orders, palette, keys)
        self._views = views
        self._begins = begins
        self._maker = ColumnCache()
        self._grid = Grid()
        self._alerts_on: Sequence[PlacedAlert] = ()
        self._query = ServiceFilter()
        self._only = False
        self._sorting = Sorting(_ORDERS)
        self.table = MatrixTable(palette, id="matrix")
        self._here = TextLine(id="here")
        self._orders.dismiss()  # what ended before it was opened

    def compose(self) -> ComposeResult:
        """Lay out the screen."""
        yield self._header
        yield self._banner
        yield self._filter
        yield self._hint
        yield self.table
        yield self._here
        yield self._orders
        yield self._status
        yield self._keys

    def on_screen_resume(self, _: events.ScreenResume) -> None:
        """Go to the cell that it was opened for, the first time."""
        if self._begins is not None:
            self.call_after_refresh(self.table.point, *self._begins)
            self._begins = None

    # What is shown

    def columns(self, views: Sequence[NodeView]) -> tuple[MatrixColumn, ...]:
        """Make the columns, in their order: the only place that decides which there are."""
        now = monotonic()
        unmanaged = (
            unmanaged_column(node, now, _UNMANAGED_STALE) for node in self._fleet.unmanaged_nodes
        )
        return grouped([*self._maker.of(views), *unmanaged])

    def refresh_all(self) -> None:
        """Show everything as it stands."""
        views = self._views()
        self._grid = build_grid(
            self.columns(views),
            self._query,
            only=self._only,
            order=self._sorting.order,
            is_reversed=self._sorting.is_reversed,
        )
        self.table.set_empty(headers.why_empty(self._grid, self._query.text, only=self._only))
        self.table.present(self._grid)
        self._show_around(views)

    @on(LiveTable.HeadClicked, "#matrix")
    def _head_clicked(self, event: LiveTable.HeadClicked) -> None:
        """Go to the node whose column was clicked, or sort by the services' names."""
        if event.column == NAMES:
            self.sort_by_column(NAMES)
        elif event.column:
            self.table.move_to_node(event.column)

    @property
    def sorting(self) -> Sorting[RowOrder]:
        """The order of the services."""
        return self._sorting

    def sorting_changed(self) -> None:
        """Show the services in their order."""
        self.table.title = self._sorting.title(NAMES, "SERVICE")
        self.refresh_all()

    def show_around(self) -> None:
        self._show_around(self._views())

    def _show_around(self, views: Sequence[NodeView]) -> None:
        self._show_header(nodes=views)
        self._alerts_on = self._alerts()
        self._show_cursor()

    def _show_cursor(self) -> None:
        """Show what depends on the cursor and the marks: no key sums up all nodes."""
        palette, grid = self._palette, self._grid
        self._show_banner(paused="not polling")
        filtered = f"filter: {self._query.text}" if self._query.text.strip() else ""
        is_sorted = self.is_sort_new or not self._sorting.is_usual
        found = (self.sort_text() * is_sorted, filtered, "differing only" * self._only)
        filtered = " · ".join(filter(None, found))
        marks = self.table.marked_cells
        width, alerts = self.size.width, self._alerts_on
        self._status.say(
            headers.matrix_status(grid, filtered, marks, palette, width, alerts=alerts)
        )
        here = self.table.cursor
        column = self._column(here[0]) if here else None
        text, style = ("", "")
        if here and column:
            text, style = cell_sentence(grid, column, here[1], self.size.width - 1)
        self._here.say(Text(f" {text}", palette.get(style, style)))
        refusal = self._refusal(here[0]) if here else ""
        dim = self._dim(*here) if here and not marks else frozenset()
        brief = self._controller.brief_refusal(here[0]) if here and here[0] in self._fleet else ""
        words = _BAR if self.targets else _ROWLESS_BAR if grid.columns else _EMPTY_BAR
        self._show_keys(
            words, goes_first=_GOES_FIRST, refusal=refusal, brief_refusal=brief, dim=dim
        )
        self.orders_moved()

    def _dim(self, node: str, name: str) -> frozenset[str]:
        """Return the ids of keys that would be refused on the service of a cell."""
        if node not in self._fleet:
            return frozenset()
        watch = self._fleet.watch(node)
        scope = ServiceKinds(watch.facts.optional, watch.facts.disabled)
        return self.unfit(node, watch.reading.find(name), scope)

    def _column(self, node: str) -> MatrixColumn | None:
        return next((column for column in self._grid.columns if column.key == node), None)

    def _refusal(self, node: str) -> str:
        """Return why no order can be given on a node now; empty where one can."""
        column = self._column(node)
        if column is not None and not column.has_profile:
            return column.read_only
        return self._controller.refusal(node)

    @on(MatrixTable.CursorMoved)
    @on(MatrixTable.MarksChanged)
    def _moved(self) -> None:
        self._show_cursor()

    # Where to

    @on(MatrixTable.Chosen)
    def _chosen(self, event: MatrixTable.Chosen) -> None:
        event.stop()
        if event.cell is not None and event.cell[0] in self._fleet:
            self.dismiss(event.cell)
        elif event.cell is not None:
            self._say(f"The deck cannot show this node: {self._refusal(event.cell[0])}.")

    def action_close(self) -> None:
        """Go back to the screen below."""
        self.dismiss(None)

    def action_back(self) -> None:
        """Clear the filter, else the marks, else the sort, else go back to the deck."""
        if self._is_filtering:
            self.close_filter()
            self._query, self._only = ServiceFilter(), False
            self.refresh_all()
        elif self.table.marked_cells:
            self.table.clear_marks()
        elif not self.reset_sort():
            self.action_close()

    @property
    def back_resets_sort(self) -> bool:
        """Whether nothing else comes first for the key that goes back."""
        return not (self._is_filtering or self.table.marked_cells)

    @property
    def _is_filtering(self) -> bool:
        return self._filter.has_focus or bool(self._filter.value) or self._only

    def action_jump(self, number: int) -> None:
        """Go to the column of a node by its number."""
        key = next((column.key for column in self._grid.columns if column.number == number), None)
        if key is not None:
            self.table.move_to_node(key)

    def action_step(self, by: int) -> None:
        """Go to the column of the next or the previous node."""
        self.table.action_across(by)

    # Which services

    @property
    def filter_keys(self) -> FilterKeys:
        """The keys of the filter, with the statuses of all nodes' services."""
        return service_filter_keys(
            service
            for node in self._fleet.nodes
            for service in but_for_uptimes(node.reading.services)
        )

    def filter_by(self, text: str) -> None:
        """Leave out the services that do not match `text`."""
        self._query = ServiceFilter(text)
        self.refresh_all()

    def switch_problems(self) -> None:
        """Show only problems and what differs between nodes, or everything again."""
        self._only = not self._only
        self.refresh_all()

    def action_signs(self) -> None:
        """Show signs alone, so that more nodes fit, or words with them again."""
        self.table.set_signs(alone=not self.table.signs)
        self.refresh_all()

    # Orders

    @property
    def targets(self) -> tuple[CellKey, ...]:
        """The cells that an order is for: the marked ones, else the one under the cursor."""
        here = self.table.cursor
        return (*sorted(self.table.marked_cells),) or ((here,) if here else ())

    def action_order(self, verb: str) -> None:
        """Open the dialog of an order on the marked services of a node, else the one pointed at."""
        nodes = {node for node, _ in self.targets}
        if len(nodes) > 1:
            text = f"The marks are on {len(nodes)} nodes, and an action goes to one"
            self._say(f"{text}. R rolls a restart over them.")
        elif not nodes:
            self._say("No service is under the cursor.")
        else:
            self._order(Verb(verb), nodes.pop())

    def _order(self, verb: Verb, node: str) -> None:
        if node not in self._fleet:
            self._say(f"No action is possible there: {self._refusal(node)}.")
            return
        names = tuple(name for _, name in self.targets)
        hidden = frozenset(names) - frozenset(self.table.row_keys)
        # What was ordered is not ordered again by the next key.
        self._controller.ask(verb, ServiceChoice(node, names, hidden), self.table.clear_marks)

    def why_subject(self) -> tuple[str, str] | None:
        """Return the node and the service of the cell under the cursor."""
        return self.table.cursor

    def rollout_targets(self) -> RolloutTargets:
        """Return the marked services and their nodes; on one node alone, those of its cluster."""
        marked: dict[str, set[str]] = {}
        for node, name in self.targets:
            marked.setdefault(node, set()).add(name)
        if not marked:
            return RolloutTargets()
        names, *others = marked.values()
        if any(other != names for other in others):
            return RolloutTargets(why_not="The marks are not the same services on every node.")
        node = next(iter(marked))
        beside = self._fleet.beside(node) if node in self._fleet else ()
        nodes = tuple(marked) if others else tuple(one.name for one in beside)
        hidden = frozenset(names) - frozenset(self.table.row_keys)
        return RolloutTargets(tuple(sorted(names)), nodes, hidden)

    def _say(self, text: str) -> None:
        if text:
            self.notify(text, severity="warning", markup=False)
