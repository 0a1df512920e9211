"""The help: every key from the live bindings, and the meaning of the signs."""

from collections.abc import Iterable, Mapping

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.model.service import Health
from tui.ui.format.service_row import GLYPHS, STYLES
from tui.ui.format.status_lines import Palette
from tui.ui.keymap import KEYS, View, bindings, key_text
from tui.ui.matrix.grid import MISSING, RESTARTED, UNSEEN
from tui.ui.matrix.matrix_table import MARKED

_SIGNS = {
    Health.UP: "running",
    Health.MOVING: "starting, stopping or restarting",
    Health.DOWN: "stopped, and should not be",
    Health.FAILED: "the supervisor gave up, or is between tries",
    Health.UNKNOWN: "a status that is not in the documentation",
    Health.DONE: "a one-shot program that has ended, as it should",
    Health.OFF: "disabled by the cluster's configuration: not a fault",
}

_MATRIX_SIGNS = {
    RESTARTED: "in the matrix: up for less than 10 minutes",
    MISSING: "in the matrix: not on this node, though others of its cluster have it",
    UNSEEN: "in the matrix: not known now; what follows is what was seen last",
    MARKED: "in the matrix: marked",
}

_SAFETY = """\
An order goes to one node, once. It is never repeated: if the answer is lost, the node is watched
until it shows what happened. "Verified" means that it was seen: running with a later start time,
or stopped, and so for 10 seconds.
Optional is what this cluster's services_configuration lists; everything else is required, and
locked. To unlock it for this session: ctrl+p, "Unlock required services".
A rollout restarts node after node, the replicas first and the primary last, with a gate before
and after each. Whatever goes wrong pauses it until you say resume, skip or abort. Leaving its
screen does not stop it, and leaving the deck does.
Times are the node's own where they say "started", and this machine's where they say "ago"."""


class HelpScreen(ModalScreen[None]):
    """The whole help on one page that scrolls."""

    BINDINGS = [
        *bindings(View.HELP, {"back": "close", "quit": "close", "help": "close"}),
        Binding("j", "down", "Down", show=False),
        Binding("k", "up", "Up", show=False),
    ]

    def __init__(self, live: Mapping[str, str], more: Iterable[Binding], palette: Palette) -> None:
        super().__init__()
        self._live = live
        self._more = tuple(more)
        self._palette = palette

    def compose(self) -> ComposeResult:
        """Lay out the page."""
        with VerticalScroll(id="page"):
            yield Static(self._page(), markup=False)

    def on_mount(self) -> None:
        """Set the titles of the box."""
        self.query_one("#page").border_title = "Help"
        self.query_one("#page").border_subtitle = "esc closes"

    def action_close(self) -> None:
        """Go back to the deck."""
        self.dismiss(None)

    def action_down(self) -> None:
        """Scroll down a line."""
        self.query_one("#page", VerticalScroll).scroll_down(animate=False)

    def action_up(self) -> None:
        """Scroll up a line."""
        self.query_one("#page", VerticalScroll).scroll_up(animate=False)

    def _page(self) -> Text:
        text = Text()
        group = ""
        for key in KEYS:
            if key.id.startswith("node.") and key.id != "node.1":
                continue
            if key.group != group:
                text.append(f"{'' if not group else chr(10)}{key.group}\n", self._palette["accent"])
                group = key.group
            keys = "1 … 9" if key.id == "node.1" else _keys(self._live.get(key.id, key.keys))
            does = "Go to a node by its number" if key.id == "node.1" else key.does
            self._line(text, keys, does, key.id)
        text.append("\nMoving\n", self._palette["accent"])
        for binding in self._more:
            keys = self._live.get(binding.id or "", binding.key)
            self._line(text, _keys(keys), binding.tooltip or binding.description, binding.id or "")
        text.append("\nSigns\n", self._palette["accent"])
        for health, meaning in _SIGNS.items():
            text.append(f"  {GLYPHS[health]:<14}", self._palette[STYLES[health]])
            text.append(f"{meaning}\n")
        for sign, meaning in _MATRIX_SIGNS.items():
            text.append(f"  {sign:<14}{meaning}\n")
        text.append("\nOrders\n", self._palette["accent"])
        text.append(_SAFETY)
        return text

    def _line(self, text: Text, keys: str, does: str, name: str) -> None:
        text.append(f"  {keys:<14}", "bold")
        text.append(f"{does}")
        text.append(f"  {name}\n", self._palette["muted"])


def _keys(keys: str) -> str:
    return " ".join(key_text(key) for key in keys.split(",")) if keys != "," else keys
