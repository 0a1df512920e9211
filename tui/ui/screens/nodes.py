"""The node picker on a screen of its own, where there is no room at the side."""

from collections.abc import Callable, Mapping, Sequence

from textual import on
from textual.app import ComposeResult
from textual.screen import ModalScreen

from tui.ui.format.key_bar import hint_border
from tui.ui.format.node_view import NodeView
from tui.ui.format.status_lines import Palette
from tui.ui.keymap import View, bindings
from tui.ui.table.live_table import LiveTable
from tui.ui.widgets.node_list import NodeList

_HINTS = [
    ("enter open", "enter"),
    ("a add", "a"),
    ("E edit", "E"),
    ("D discover", "D"),
    ("esc back", "escape"),
]


class NodesScreen(ModalScreen[str | None]):
    """Lists the nodes; returns the name of the one that was picked, or None.

    `restarts` returns, by node, the number of those of the last hour that were not ordered here.
    """

    AUTO_FOCUS = "#nodes"
    BINDINGS = [*bindings(View.NODES, {"back": "close", "quit": "close", "nodes": "close"})]

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

    def compose(self) -> ComposeResult:
        """Lay out the list."""
        yield NodeList(self._palette, full=True, id="nodes")

    def on_mount(self) -> None:
        """Show the nodes and keep them live."""
        nodes = self.query_one("#nodes", NodeList)
        nodes.border_title = "Nodes"
        nodes.border_subtitle = hint_border(_HINTS)
        nodes.present(self._views(), self._here, self._restarts())
        nodes.move_to(self._here)
        self.set_interval(1.0, self.refresh_all)

    @property
    def picked(self) -> str:
        """The node under the cursor."""
        return self.query_one("#nodes", NodeList).cursor_key or self._here

    def why_subject(self) -> tuple[str, str] | None:
        """Return the node under the cursor."""
        return (self.picked, "") if self.picked else None

    def refresh_all(self) -> None:
        """Show the nodes as they are now."""
        nodes = self.query_one("#nodes", NodeList)
        nodes.present(self._views(), self._here, self._restarts())

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
