"""All that is wrong on all nodes of all clusters, in one list, the worst first."""

from collections.abc import Mapping
from datetime import UTC, datetime

from rich.text import Text
from textual import on
from textual.app import ComposeResult

from tui.fleet.fleet import Fleet
from tui.fleet.problems import NodeCondition, Problem, Severity, find_problems
from tui.model.clock import monotonic
from tui.model.duration import one_unit
from tui.model.text import visible_name
from tui.ui.format.key_bar import live_keys
from tui.ui.format.status_lines import Palette
from tui.ui.keymap import TO_DECK, View, bindings
from tui.ui.screens.live_screen import LiveScreen
from tui.ui.table.live_table import Cell, Column, LiveTable, Row
from tui.ui.widgets.text_line import TextLine

COLUMNS = (
    Column("severity", "HOW BAD", 10),
    Column("node", "NODE", 10, grow=1),
    Column("service", "SERVICE", 15, grow=1),
    Column("what", "WHAT", 20, grow=4),
    Column("since", "FOR", 6, right=True),
    Column("cluster", "CLUSTER", 12, drop=1),
)
_LOOKS = {
    Severity.CRITICAL: ("✗", "bad"),
    Severity.SERIOUS: ("■", "warn"),
    Severity.NOTICE: ("△", "moving"),
}
_OWN = {"back": "close", "quit": "close", "all_problems": "close"} | TO_DECK
_BAR = {"refresh": "Refresh", "help": "Help", "quit": "Back"}
_BEFORE = "before"


class ProblemsScreen(LiveScreen[tuple[str, str] | None]):
    """Returns the node and the service that were chosen, or None.

    `keymap` holds the keys that were changed, by id.
    """

    VIEW = "problems"
    AUTO_FOCUS = "#wrong"
    BINDINGS = [*bindings(View.PROBLEMS, _OWN)]

    def __init__(self, fleet: Fleet, palette: Palette, keymap: Mapping[str, str]) -> None:
        super().__init__(fleet, palette, live_keys(self.BINDINGS, keymap))
        self._places: dict[str, tuple[str, str]] = {}
        self._table = LiveTable(COLUMNS, palette=palette, id="wrong")
        self._here = TextLine(id="here")

    def compose(self) -> ComposeResult:
        """Lay out the screen."""
        yield self._header
        yield self._table
        yield self._here
        yield self._status
        yield self._keys

    def orders_moved(self) -> None:
        """Show what became of orders, as far as it is wrong."""
        if not self.is_covered:
            self.refresh_all()

    def refresh_all(self) -> None:
        """Show everything as it stands."""
        now = monotonic()
        states = [NodeCondition.of(node) for node in self._fleet.nodes]
        guests = self._fleet.guests
        events, on = self._fleet.events, datetime.now(UTC)
        found = find_problems(states, events, now, on, guests=guests)
        titles = {
            node.name: (node.profile.title, node.profile.cluster) for node in self._fleet.nodes
        }
        titles |= {guest.key: (guest.title, guest.cluster) for guest in guests}
        silent = sum(state.is_silent for state in states)
        rows = [_row(problem, titles, now) for problem in found]
        self._places = {
            row.key: (problem.node, problem.service)
            for row, problem in zip(rows, found, strict=True)
            if problem.has_profile
        }
        self._table.set_empty(_nothing(len(states), silent))
        self._table.show(rows)
        self._show_around(found, silent)

    def _show_around(self, found: tuple[Problem, ...], silent: int) -> None:
        palette = self._palette
        nodes = len(self._fleet.nodes)
        self._show_header()
        parts = []
        for severity, (glyph, style) in _LOOKS.items():
            number = sum(problem.severity is severity for problem in found)
            words = f"{glyph} {number} {severity.value}" if number else ""
            parts.append(Text(words, palette[style]))
        if not found:
            parts.append(Text(_nothing(nodes, silent), palette["muted" if silent else "ok"]))
        elif silent:
            parts.append(Text(f"{silent} not polled", palette["warn"]))
        self._show_status(parts)
        self._show_keys(_BAR)
        self._show_here()

    @on(LiveTable.CursorMoved, "#wrong")
    def _show_here(self) -> None:
        """Show in full what is under the cursor; in the list it may be cut off."""
        key = self._table.cursor_key
        if key is None or key not in self._table.row_keys:
            self._here.say(Text())
            return
        cells = self._table.row(key).cells
        where = f"{cells[2].text} on {cells[1].text}" if cells[2].text else cells[1].text
        self._here.say(Text(f" {where}: {cells[3].text}", self._palette["muted"]))

    @on(LiveTable.Chosen, "#wrong")
    def _chosen(self, event: LiveTable.Chosen) -> None:
        event.stop()
        if event.key in self._places:
            self.dismiss(self._places[event.key])

    def why_subject(self) -> tuple[str, str] | None:
        """Return the node and the service of the problem under the cursor."""
        return self._places.get(self._table.cursor_key or "")

    def action_close(self) -> None:
        """Go back to the screen below."""
        self.dismiss(None)


def _nothing(nodes: int, silent: int) -> str:
    """Return that nothing is wrong, and on how many nodes that is not known."""
    if not nodes:
        return "no node yet"
    answered = nodes - silent
    text = f"nothing is wrong on {answered} {'node' if answered == 1 else 'nodes'}"
    return f"{text} ({silent} not polled)" if silent else text


def _row(problem: Problem, titles: Mapping[str, tuple[str, str]], now: float) -> Row:
    glyph, style = _LOOKS[problem.severity]
    lasted = _BEFORE if problem.since is None else one_unit(now - problem.since)
    title, cluster = titles[problem.node]
    cells = (
        Cell(f"{glyph} {problem.severity.value}", style),
        Cell(title, "bold"),
        Cell(visible_name(problem.service), style if problem.service else ""),
        Cell(problem.what),
        Cell(lasted if problem.timed else "", "muted"),
        Cell(cluster, "muted"),
    )
    key = f"{problem.node}\0{problem.service}\0{problem.severity.value}{problem.rank}"
    return Row(key, cells)
