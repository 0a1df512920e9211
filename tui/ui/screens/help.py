"""The help: every key from the live bindings, and the meaning of the signs."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from textwrap import wrap

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.geometry import Size
from textual.screen import ModalScreen
from textual.visual import Visual, visualize
from textual.widgets import Static

from tui.model.dataclass import dataclass
from tui.model.service import Health
from tui.ui.format.history_chart import CALM
from tui.ui.format.key_bar import KEY_META, clickable
from tui.ui.format.service_row import GLYPHS, LOCK, NOTHING, RESTARTED, STYLES
from tui.ui.format.status_lines import Palette
from tui.ui.keymap import KEYS, View, bindings, key_text
from tui.ui.matrix.grid import MISSING, UNSEEN
from tui.ui.matrix.matrix_table import MARKED
from tui.ui.widgets.scroll_page import ScrollPage

_SIGNS = {
    Health.UP: "running",
    Health.MOVING: "starting, stopping or restarting",
    Health.DOWN: "stopped, and should be running",
    Health.FAILED: "the supervisor stopped trying, or waits before its next try",
    Health.UNKNOWN: "a status that is not documented",
    Health.DONE: "a one-shot program that has finished, as it should",
    Health.OFF: "disabled in the cluster's configuration: not a fault",
}
_OTHER_SIGNS = {
    RESTARTED: "restarted lately: up for less than 10 minutes, or in the last hour (1h); the words "
    "beside it say what sent it",
    LOCK: "required: locked until it is unlocked",
    f"{MISSING} missing": "not on this node, though other nodes of its cluster have it",
    MISSING: "not on this node, nor on most others; in the strip, disabled; in the timeline, an "
    "entry of the cluster's event log",
    UNSEEN: "not known now; what follows is the last known state",
    NOTHING: "none, or not known",
    "…": "no answer yet, still in progress, or cut off here",
    "▌ ▏": "the cursor; ▏ while the keys go elsewhere",
    "▸ ▾": "the row and the column of the cursor in the matrix",
    f"{MARKED} ◈": "marked; ◈ under the cursor",
    "◀ ▶ ▲ ▼": "more beyond that edge",
    "▰ ▱": "how many services of a node are ok, or nodes of a rollout done",
    CALM: "in the strip: up for the whole minute; a blank is a minute without a poll",
    "★": "the primary node of its cluster; in the timeline, a role changed",
    "P S RO": "beside a node: production, staging, read-only",
    "M !": "beside a node: in maintenance; its certificate is not verified (insecure)",
    "!": "in Why: it shows a problem",
    "≠": "the address answers, and is not the node it was",
    "✗ ▲ △": "a problem: critical, serious, notice; ▲ also an alert",
    "✓ ✗ ?": "an action: verified, not sent or failed, not known what came of it",
    "+ -": "in the timeline: a service appeared; it vanished",
    "∞": "a crash loop: restarted again and again",
    "»": "in the timeline: an action or a rollout",
    "· ◐ ✓": "a node of a rollout: waiting, checking or sent, verified",
    "○ ■ ✗": "a node of a rollout: skipped, blocked or stopped after it, failed",
    "=": "in the list of found nodes: it has a profile already",
}
_ACTIONS = """\
An action goes to one node, once, and is never repeated. If the answer is lost, the node is \
watched until it shows what happened.
Verified: the node reported it, running with a later start time or stopped, for 10 seconds.
Optional: listed in this cluster's services_configuration. Every other service is required, \
and locked. To unlock it for this session: {palette}, "Unlock required services".
A rollout restarts node after node, the replicas first and the primary last, with a gate \
before and after each. A failure pauses it until you resume, skip or abort. Leaving its screen \
does not stop it; leaving the deck does.
Times: "started" is by the node's clock, "ago" by the clock of this machine."""
_INDENT, _GAP = "  ", "  "
_IDS_FROM = 70
"""Cells across from which the ids of the keys are shown, for `[keys]` in the configuration."""

_IDS = "name in [keys]"
"""The title of their column."""

_BETWEEN = 4
_TWO_FROM = 2 * _IDS_FROM + _BETWEEN
"""Cells across from which the keys stand beside the signs, both whole."""

_SIGN_SECTION = "Signs"


@dataclass(frozen=True, slots=True)
class _Line:
    """A key or a sign, what it means, and the key's id."""

    head: str
    text: str
    id: str = ""
    style: str = "bold"
    keys: str = ""
    """The keys that a click presses, as Textual spells them."""


Sections = Mapping[str, Sequence[_Line]]


class HelpPage(Static):
    """The lines of all sections, laid out in the width there is."""

    def __init__(self, sections: Sections, actions: Sequence[str], palette: Palette) -> None:
        super().__init__(markup=False)
        self._sections = sections
        self._actions = actions
        self._palette = palette

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's signature
        """Return how many lines the page has in `width` cells.

        Whatever it shows now: with the scroll bar, which a longer page brings, it is narrower.
        """
        return self._laid_out(width).get_height({}, width) if width else 0

    def render(self) -> Visual:
        """Lay out the page in the width it has."""
        return self._laid_out(self.size.width)

    def _laid_out(self, width: int) -> Visual:
        page = help_page(self._sections, self._actions, width, self._palette)
        return visualize(self, page, markup=False)


class HelpScreen(ModalScreen[str | None]):
    """The whole help on one page that scrolls; returns the key that was clicked, or None."""

    BINDINGS = [
        *bindings(View.HELP, {"back": "close", "help": "close"}),
        Binding("j", "down", "Down", show=False),
        Binding("k", "up", "Up", show=False),
    ]

    def __init__(self, live: Mapping[str, str], more: Iterable[Binding], palette: Palette) -> None:
        super().__init__()
        self._page = HelpPage(_sections(live, more, palette), _how_actions_work(live), palette)

    def compose(self) -> ComposeResult:
        """Lay out the page."""
        box = ScrollPage(self._page, lambda: [("esc close", "escape")], id="page")
        box.border_title = "Help"
        yield box

    def on_click(self, event: events.Click) -> None:
        """Close with the key of the line that was clicked; those at the border are the app's."""
        key = event.style.meta.get(KEY_META)
        if key and event.widget is self._page:
            event.stop()
            self.dismiss(key)

    def action_close(self) -> None:
        """Go back to the deck."""
        self.dismiss(None)

    def action_down(self) -> None:
        """Scroll down a line."""
        self.query_one(ScrollPage).scroll_down(animate=False)

    def action_up(self) -> None:
        """Scroll up a line."""
        self.query_one(ScrollPage).scroll_up(animate=False)


def _sections(live: Mapping[str, str], more: Iterable[Binding], palette: Palette) -> Sections:
    """Return the lines of each section, by its title."""
    moving = [
        _Line(
            _keys(keys := live.get(binding.id or "", binding.key)),
            binding.tooltip or binding.description,
            binding.id or "",
            keys=keys,
        )
        for binding in more
    ]
    sections = {"Moving": moving}
    for key in KEYS:
        if key.id.startswith("node.") and key.id != "node.1":
            continue
        keys = live.get(key.id, key.keys)
        line = _Line(_keys(keys), key.does, key.id, keys=keys)
        if key.id == "node.1":
            line = _Line("1 … 9", "Go to a node by its number", "node.1 …")
        sections.setdefault(key.group, []).append(line)
    sections[_SIGN_SECTION] = [
        *(
            _Line(GLYPHS[health], meaning, style=palette[STYLES[health]])
            for health, meaning in _SIGNS.items()
        ),
        *(_Line(sign, meaning) for sign, meaning in _OTHER_SIGNS.items()),
    ]
    return sections


def _how_actions_work(live: Mapping[str, str]) -> Sequence[str]:
    """Return the paragraphs below the keys and signs."""
    return _ACTIONS.format(palette=key_text(live["palette"])).splitlines()


def help_page(sections: Sections, actions: Sequence[str], width: int, palette: Palette) -> Text:
    """Return the page in `width` cells: in two columns, keys and signs, where there is room.

    `actions` are the paragraphs on how actions work.
    """
    if width < _TWO_FROM:
        return _column(sections, actions, width, palette)
    column = (width - _BETWEEN) // 2
    keys = {title: lines for title, lines in sections.items() if title != _SIGN_SECTION}
    signs = {title: lines for title, lines in sections.items() if title == _SIGN_SECTION}
    left = _column(keys, (), column, palette).split("\n", allow_blank=True)
    right = _column(signs, actions, column, palette).split("\n", allow_blank=True)
    page = Text()
    for number, (one, other) in enumerate(zip_longest(left, right, fillvalue=Text())):
        page.append("\n" * bool(number)).append_text(one)
        if other:
            page.append(" " * (column + _BETWEEN - one.cell_len)).append_text(other)
    return page


def _column(sections: Sections, actions: Sequence[str], width: int, palette: Palette) -> Text:
    """Return sections in `width` cells, with columns that are aligned over all of them."""
    lines = [line for section in sections.values() for line in section]
    head = max(len(line.head) for line in lines)
    name = 0
    if width >= _IDS_FROM and any(line.id for line in lines):
        name = max(len(_IDS), *(len(line.id) for line in lines))
    room = width - len(_INDENT) - head - len(_GAP) - (name + len(_GAP) if name else 0)
    text_width = max(16, min(room, max(len(line.text) for line in lines)))
    page = Text()
    for number, (title, section) in enumerate(sections.items()):
        page.append(title, palette["accent"])
        if name and not number:
            before = len(_INDENT) + head + len(_GAP) + text_width + len(_GAP)
            page.append(" " * (before - len(title)) + _IDS, palette["muted"])
        page.append("\n")
        for line in section:
            page.append_text(_laid_out(line, head, text_width, name, palette))
        page.append("\n")
    if actions:
        page.append("How actions work\n", palette["accent"])
    for paragraph in actions:
        first, *rest = wrap(paragraph, max(20, width - 2 * len(_INDENT)))
        page.append(f"• {first}\n" + "".join(f"{_INDENT}{part}\n" for part in rest))
    page.rstrip()
    return page


def _laid_out(line: _Line, head: int, width: int, name: int, palette: Palette) -> Text:
    first, *rest = wrap(line.text, width) or [""]
    laid = Text(_INDENT)
    laid.append(line.head, line.style)
    laid.append(" " * (head - len(line.head)) + _GAP + first)
    clickable(laid, line.keys)
    if name and line.id:
        laid.append(" " * (width - len(first)) + _GAP)
        laid.append(line.id, palette["muted"])
    laid.append("\n")
    for part in rest:
        laid.append(f"{_INDENT}{' ' * head}{_GAP}{part}\n")
    return laid


def _keys(keys: str) -> str:
    return " ".join(key_text(key) for key in keys.split(",")) if keys != "," else keys
