"""The node picker on a screen of its own, where there is no room at the side."""

import math
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, Protocol, cast

from textual import events, on
from textual.app import ComposeResult
from textual.content import Content
from textual.screen import ModalScreen

from tui.model.sorting import Sorting, SortWords
from tui.ui.format.key_bar import Hint, hint_border
from tui.ui.format.node_view import NodeView
from tui.ui.format.status_lines import Palette
from tui.ui.keymap import View, bindings, key_text, spelled_keys
from tui.ui.screens.live_screen import SortedScreen
from tui.ui.table.live_table import LiveTable
from tui.ui.terminal.app import is_covered
from tui.ui.widgets.node_list import NodeList

_HINTS_FIT = 70
"""Cells across from which all hints fit."""


def node_hints(keys: Mapping[str, str], width: int) -> list[Hint]:
    """Return what the keys do on the list of nodes; `keys` are binding id → the keys it has now."""
    words = {"add": "add", "edit": "edit", "discover": "discover", "sort": "sort", "back": "back"}
    if width < _HINTS_FIT:
        del words["sort"]
    named = [
        (f"{key_text(keys[name])} {word}", spelled_keys(keys[name])[0])
        for name, word in words.items()
    ]
    return [("enter open", "enter"), *named]


class _KnowsKeys(Protocol):
    """The application, as far as it knows which keys are in use."""

    @property
    def live_keys(self) -> Mapping[str, str]:
        """Binding id → the keys it has now."""


class NodeOrder(Enum):
    """What the nodes of a cluster are sorted by."""

    CONFIGURED = "configured"
    PROBLEMS = "problems"
    NAME = "name"
    AGE = "age"


NODE_ORDERS = {
    NodeOrder.CONFIGURED: SortWords("as configured", "as configured, reversed", "number"),
    NodeOrder.PROBLEMS: SortWords("problems first", "problems last", "ok"),
    NodeOrder.NAME: SortWords("by name, a to z", "by name, z to a", "name"),
    NodeOrder.AGE: SortWords("by age, oldest answer first", "by age, newest answer first", "age"),
}
_KEYS: Mapping[NodeOrder, Callable[[NodeView], Any]] = {
    NodeOrder.CONFIGURED: lambda view: view.number,
    NodeOrder.PROBLEMS: lambda view: (view.answers, -len(view.problems)),
    NodeOrder.NAME: lambda view: view.title,
    NodeOrder.AGE: lambda view: -(math.inf if view.age is None else view.age),
}


def sort_nodes(views: Sequence[NodeView], sorting: Sorting[NodeOrder]) -> list[NodeView]:
    """Return the nodes in their order, the clusters as they are; ties stay, too."""
    clusters: dict[str, list[NodeView]] = {}
    for view in views:
        clusters.setdefault(view.cluster, []).append(view)
    key, is_reversed = _KEYS[sorting.order], sorting.is_reversed
    members = (sorted(nodes, key=key, reverse=is_reversed) for nodes in clusters.values())
    return [view for nodes in members for view in nodes]


class NodesScreen(SortedScreen, ModalScreen[str | None]):
    """Lists the nodes; returns the name of the one that was picked, or None.

    `restarts` returns, by node, the number of those of the last hour that were not ordered here.
    """

    AUTO_FOCUS = "#nodes"
    BINDINGS = [*bindings(View.NODES, {"back": "close", "nodes": "close"})]

    def __init__(
        self,
        views: Callable[[], Sequence[NodeView]],
        here: str,
        palette: Palette,
        restarts: Callable[[], Mapping[str, int]] = dict,
    ) -> None:
        super().__init__()
        self._views = views
        self._restarts = restarts
        self._here = here
        self._palette = palette
        self._sorting = Sorting(NODE_ORDERS)

    def compose(self) -> ComposeResult:
        """Lay out the list."""
        yield NodeList(self._palette, full=True, id="nodes")

    def on_mount(self) -> None:
        """Show the nodes and keep them live."""
        nodes = self.query_one("#nodes", NodeList)
        self.refresh_all()
        nodes.move_to(self._here)
        self.set_interval(1.0, self.refresh_all)

    def on_resize(self, event: events.Resize) -> None:
        """Show what the keys do, as far as there is room."""
        keys, width = cast("_KnowsKeys", self.app).live_keys, event.size.width
        nodes = self.query_one("#nodes", NodeList)
        nodes.border_subtitle = hint_border(node_hints(keys, width), width)

    def on_screen_resume(self) -> None:
        """Show what changed while a view lay over it."""
        self.refresh_all()

    @property
    def picked(self) -> str:
        """The node under the cursor."""
        return self.query_one("#nodes", NodeList).cursor_key or self._here

    def why_subject(self) -> tuple[str, str] | None:
        """Return the node under the cursor."""
        return (self.picked, "") if self.picked else None

    def refresh_all(self) -> None:
        """Show the nodes as they are now."""
        if is_covered(self, self.app.screen_stack):
            return
        nodes = self.query_one("#nodes", NodeList)
        title = "Nodes" if self._sorting.is_usual else f"Nodes · sorted {self._sorting.words}"
        if nodes.border_title != title:
            nodes.border_title = Content(title)
        nodes.present(sort_nodes(self._views(), self._sorting), self._here, self._restarts())

    @property
    def sorting(self) -> Sorting[NodeOrder]:
        """The order of the nodes of each cluster."""
        return self._sorting

    def sorting_changed(self) -> None:
        """Show the nodes in their order."""
        self.refresh_all()

    @on(LiveTable.HeadClicked)
    def _head_clicked(self, event: LiveTable.HeadClicked) -> None:
        """Sort by the column that was clicked, or reverse the sort by it."""
        self.sort_by_column(event.column)

    @on(LiveTable.Chosen)
    def _picked(self, event: LiveTable.Chosen) -> None:
        event.stop()
        self.dismiss(event.key)

    def action_jump(self, number: int) -> None:
        """Go to a node by its number."""
        found = next((view.name for view in self._views() if view.number == number), None)
        if found:
            self.dismiss(found)

    def action_close(self) -> None:
        """Close; the deck stays on its node."""
        self.dismiss(None)
