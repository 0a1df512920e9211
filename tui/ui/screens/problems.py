"""The problems of all nodes of all clusters in one list, the most severe first."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from rich.cells import cell_len
from rich.text import Text
from textual import on
from textual.app import ComposeResult

from tui.fleet.fleet import Fleet
from tui.fleet.problems import (
    AlertReport,
    NodeCondition,
    Problem,
    Severity,
    alert_reports,
    find_problems,
)
from tui.model.clock import monotonic, one_unit
from tui.model.order import Verb
from tui.model.sorting import Sorting, SortWords
from tui.model.text import clean, visible_name
from tui.ui.controllers.orders import NO_SERVICE, AskOnDeck, OrderController
from tui.ui.format.key_bar import live_keys
from tui.ui.format.parts import Part
from tui.ui.format.status_lines import SEVERITY_SIGNS, Palette, problem_sign
from tui.ui.keymap import TO_DECK, View, bar_words, bindings
from tui.ui.screens.live_screen import LiveScreen, SortedScreen
from tui.ui.table.live_table import Cell, Column, LiveTable, Row
from tui.ui.widgets.text_line import TextLine

_WIDE = (
    Column("severity", "SEVERITY", 10),
    Column("since", "FOR", 6, right=True),
    Column("what", "PROBLEM", 26, grow=1),
    Column("service", "SERVICE", 7),
    Column("node", "NODE", 4),
    Column("cluster", "CLUSTER", 7, drop=1),
)
_NARROW = (
    Column("sign", "", 1),
    Column("severity", "SEVERITY", 8),
    Column("since", "FOR", 6, right=True),
    Column("service", "SERVICE", 15, grow=1),
    Column("node", "NODE", 10, grow=1),
)
"""The columns where a problem has a second line for what it is."""

_NARROW_BELOW = 100
_OWN = {"all_problems": "close"} | TO_DECK
_BAR = bar_words(
    "choose start stop restart why matrix timeline refresh help quit",
    {"choose": "Go there", "refresh": "Refresh", "quit": "Back"},
)
_GOES_FIRST = ("refresh", "timeline", "matrix", "stop", "why")
_UNFIT = frozenset({"choose", "why"})
"""The keys that do nothing where no problem of a node with a profile is under the cursor."""

_VERBS = frozenset(verb.value for verb in Verb)
"""The keys of actions, which are for a problem of a service."""

_ROWLESS_BAR = {name: word for name, word in _BAR.items() if name not in _UNFIT | _VERBS}

_SHARE = 5
"""A column of names has at most this part of the width."""

_NOT_KNOWN = "?"
_HERE, _PADDING = 2, 2
"""Lines for what is under the cursor where it has no details, and the cells beside them."""


class ProblemOrder(Enum):
    """What problems are sorted by."""

    SEVERITY = "severity"
    AGE = "age"
    SERVICE = "service"
    NODE = "node"


_ORDERS = {
    ProblemOrder.SEVERITY: SortWords(
        "by severity, highest first", "by severity, lowest first", "severity"
    ),
    ProblemOrder.AGE: SortWords("by age, newest first", "by age, oldest first", "since"),
    ProblemOrder.SERVICE: SortWords("by service, a to z", "by service, z to a", "service"),
    ProblemOrder.NODE: SortWords("by node, a to z", "by node, z to a", "node"),
}


class ProblemsScreen(SortedScreen, LiveScreen[tuple[str, str] | None]):
    """Returns the node and the service that were chosen, or None.

    `keymap` holds the keys that were changed, by id. `order` asks for an action on a service of a
    node, over the deck.
    """

    VIEW = "problems"
    AUTO_FOCUS = "#problems"
    BINDINGS = [*bindings(View.PROBLEMS, _OWN)]

    def __init__(
        self,
        fleet: Fleet,
        orders: OrderController,
        palette: Palette,
        keymap: Mapping[str, str],
        *,
        order: AskOnDeck,
    ) -> None:
        super().__init__(fleet, palette, live_keys(self.BINDINGS, keymap) | {"choose": "enter"})
        self._controller, self._order = orders, order
        self._problems: dict[str, Problem] = {}
        self._titles: dict[str, tuple[str, str]] = {}
        self._sorting = Sorting(_ORDERS)
        self._table = LiveTable(_WIDE, palette=palette, id="problems")
        self._here = TextLine(id="here")

    def compose(self) -> ComposeResult:
        """Lay out the screen."""
        yield self._header
        yield self._table
        yield self._here
        yield self._status
        yield self._keys

    def on_resize(self) -> None:
        """Show each problem in the lines that it needs in this width."""
        self.call_after_refresh(self.refresh_all)

    def orders_moved(self) -> None:
        """Show what became of orders, as far as it is a problem."""
        if not self.is_covered:
            self.refresh_all()

    def refresh_all(self) -> None:
        """Show everything as it stands."""
        now = monotonic()
        states = [NodeCondition.of(node) for node in self._fleet.nodes]
        unmanaged = self._fleet.unmanaged_nodes
        events, on = self._fleet.events, datetime.now(UTC)
        alerts = alert_reports(self._fleet.nodes)
        found = find_problems(states, events, now, on, unmanaged=unmanaged, alerts=alerts)
        self._titles = {
            node.name: (node.profile.title, node.profile.cluster) for node in self._fleet.nodes
        }
        self._titles |= {node.key: (node.title, node.cluster) for node in unmanaged}
        silent = sum(state.is_silent for state in states)
        had = self._table.cursor_key
        left = self._problems.get(had or "")
        self._problems = self._sorted(keyed_problems(found))
        self._table.set_empty(_nothing(len(states), silent))
        is_narrow = self.size.width < _NARROW_BELOW
        make = _two_lines if is_narrow else _one_line
        rows = [
            row
            for key, problem in self._problems.items()
            for row in make(key, problem, self._place(problem), now)
        ]
        columns = _NARROW if is_narrow else _fitted(rows, self.size.width)
        self._table.set_columns([self._titled(column) for column in columns])
        self._table.show(rows)
        if left is not None and had not in self._problems:
            # Of two problems of its service the other one is still there.
            self._table.move_to(problem_key(left))
        self._show_around(found, silent, alerts)

    def _place(self, problem: Problem) -> tuple[str, str]:
        """Return what to call the node of a problem, or its cluster, and the cluster's name."""
        return self._titles.get(problem.node) or problem.place or (problem.node, "")

    @property
    def sorting(self) -> Sorting[ProblemOrder]:
        """The order of the problems."""
        return self._sorting

    def sorting_changed(self) -> None:
        """Show the problems in their order."""
        self.refresh_all()

    @on(LiveTable.HeadClicked, "#problems")
    def _head_clicked(self, event: LiveTable.HeadClicked) -> None:
        """Sort by the column that was clicked, or reverse the sort by it."""
        self.sort_by_column(event.column)

    def _sorted(self, keyed: Mapping[str, Problem]) -> dict[str, Problem]:
        """Return the problems in the order that was chosen; ties stay as they are."""
        keys: Mapping[ProblemOrder, Callable[[Problem], Any]] = {
            ProblemOrder.SEVERITY: lambda problem: [*Severity].index(problem.severity),
            ProblemOrder.AGE: lambda problem: (
                -(-math.inf if problem.since is None else problem.since)
            ),
            ProblemOrder.SERVICE: lambda problem: visible_name(problem.service),
            ProblemOrder.NODE: lambda problem: self._place(problem)[0],
        }
        key, is_reversed = keys[self._sorting.order], self._sorting.is_reversed
        return dict(sorted(keyed.items(), key=lambda pair: key(pair[1]), reverse=is_reversed))

    def _titled(self, column: Column) -> Column:
        title = self._sorting.title(column.key, column.title)
        if self._sorting.is_usual or title == column.title:
            return column
        return replace(column, title=title, width=max(column.width, len(title)))

    def _show_around(
        self, found: tuple[Problem, ...], silent: int, alerts: Sequence[AlertReport]
    ) -> None:
        palette = self._palette
        nodes = len(self._fleet.nodes)
        self._show_header()
        parts = []
        for severity, (glyph, style) in SEVERITY_SIGNS.items():
            number = sum(problem.severity is severity for problem in found)
            words = f"{glyph} {number} {severity.value}" if number else ""
            parts.append(Part(Text(words, palette[style])))
        if not found:
            text = _nothing(nodes, silent)
            parts.append(Part(Text(text, palette["muted" if silent else "ok"])))
        elif silent:
            parts.append(Part(Text(f"{silent} not polled", palette["warn"])))
        if unknown := unknown_alerts(alerts):
            brief = Text("alerts not known", palette["warn"])
            parts.append(Part(Text(unknown, palette["warn"]), 1, brief))
        if self.is_sort_new or not self._sorting.is_usual:
            parts.append(self.sort_part(palette))
        self._show_status(parts)
        self._show_here()

    @on(LiveTable.CursorMoved, "#problems")
    def _show_here(self) -> None:
        """Show in full what is under the cursor, and what can be done with it.

        In the list it may be cut off.
        """
        problem = self._problems.get(self._table.cursor_key or "")
        self._show_possible()
        if problem is None:
            self._say_here("")
            return
        places = (visible_name(problem.service), self._place(problem)[0])
        where = " on ".join(filter(None, places))
        self._say_here("\n".join((f"{problem.what} · {where}", *problem.details)))

    def _show_possible(self) -> None:
        """Show the keys, with those for which the problem under the cursor has no use dim."""
        subject = self.why_subject()
        node, service = subject or ("", "")
        verbs = self._controller.possible(node, service) if service else frozenset()
        dim = _VERBS - {verb.value for verb in verbs}
        self._show_keys(
            _BAR if self._table.cursor_key in self._problems else _ROWLESS_BAR,
            goes_first=_GOES_FIRST,
            refusal=self._controller.refusal(node) if service else "",
            brief_refusal=self._controller.brief_refusal(node) if service else "",
            dim=dim if subject else dim | _UNFIT,
        )

    def action_order(self, verb: str) -> None:
        """Ask for an action on the service of the problem under the cursor."""
        subject = self.why_subject()
        if subject and subject[1] and subject[0] in self._fleet:
            self._order(Verb(verb), *subject)
        else:
            text = NO_SERVICE if self._problems else "There is no problem to act on."
            self.notify(text, severity="warning", markup=False)

    def _say_here(self, text: str) -> None:
        """Show a text in two lines, or in as many as it has itself."""
        self._here.say(Text(text, self._palette["muted"]))
        width = max(1, self.size.width - _PADDING)
        lines = len(Text(text).wrap(self.app.console, width)) if "\n" in text else 0
        self._here.styles.height = max(_HERE, lines)

    @on(LiveTable.Chosen, "#problems")
    def _chosen(self, event: LiveTable.Chosen) -> None:
        event.stop()
        problem = self._problems.get(event.key or "")
        if problem is not None and problem.has_profile:
            self.dismiss((problem.node, problem.service))

    def why_subject(self) -> tuple[str, str] | None:
        """Return the node and the service of the problem under the cursor."""
        problem = self._problems.get(self._table.cursor_key or "")
        if problem is None or not problem.has_profile:
            return None
        return problem.node, problem.service

    def action_back(self) -> None:
        """Sort by severity again, else go back to the screen below."""
        if not self.reset_sort():
            self.action_close()

    def action_close(self) -> None:
        """Go back to the screen below."""
        self.dismiss(None)


def _nothing(nodes: int, silent: int) -> str:
    """Return that there is no problem, and on how many nodes that is not known."""
    if not nodes:
        return "no node yet"
    answered = nodes - silent
    text = f"no problems on {answered} {'node' if answered == 1 else 'nodes'}"
    return f"{text} ({silent} not polled)" if silent else text


def unknown_alerts(reports: Sequence[AlertReport]) -> str:
    """Return of which clusters the alerts are not known, and why; empty where all are."""
    gaps = {
        report.title: report.alerts.gap
        for report in reports
        if report.alerts.value is None and not report.alerts.is_pending
    }
    return ", ".join(f"alerts of {name} not known: {clean(gap)}" for name, gap in gaps.items())


def problem_key(problem: Problem) -> str:
    """Return the key of the row of what a problem is about; it stays while that lasts."""
    alert = f"\0{problem.alert}" if problem.alert else ""
    return f"{problem.node}\0{problem.service}\0{problem.subject.value}{alert}"


def keyed_problems(found: Sequence[Problem]) -> dict[str, Problem]:
    """Return problems by their rows' keys; of a second one of a service, the key is numbered."""
    keyed: dict[str, Problem] = {}
    count: Counter[str] = Counter()
    for problem in found:
        key = problem_key(problem)
        keyed[f"{key}\0{count[key]}" if count[key] else key] = problem
        count[key] += 1
    return keyed


def _since(problem: Problem, now: float) -> Cell:
    if problem.since is not None:
        lasted = one_unit(now - problem.since)
    elif problem.seen_at is not None:
        lasted = f">{one_unit(now - problem.seen_at)}"
    else:
        lasted = _NOT_KNOWN
    return Cell(lasted if problem.timed else "", "muted")


def _name_style(problem: Problem) -> str:
    return problem_sign(problem)[1]


def _fitted(rows: Sequence[Row], width: int) -> tuple[Column, ...]:
    """Return the columns, those after what the problem is as wide as their longest cell.

    What the problem is has the rest, up to its longest: the names stand beside it.
    """
    fitted = []
    for number, column in enumerate(_WIDE):
        longest = max((cell_len(row.cell(number).text) for row in rows), default=0)
        if column.grow:
            fitted.append(replace(column, at_most=max(column.width, longest)))
        elif column.right or not number:
            fitted.append(column)
        else:
            most = max(column.width, min(longest, width // _SHARE))
            fitted.append(replace(column, width=most))
    return tuple(fitted)


def _one_line(key: str, problem: Problem, place: tuple[str, str], now: float) -> tuple[Row, ...]:
    """Return a problem's row: what it is, then where; `place` is the node's title and cluster."""
    glyph, style = SEVERITY_SIGNS[problem.severity]
    cells = (
        Cell(f"{glyph} {problem.severity.value}", style),
        _since(problem, now),
        Cell(problem.what),
        Cell(visible_name(problem.service), _name_style(problem)),
        Cell(place[0], "bold"),
        Cell(place[1], "muted"),
    )
    return (Row(key, cells),)


def _two_lines(key: str, problem: Problem, place: tuple[str, str], now: float) -> tuple[Row, ...]:
    """Return a problem's row and the line below it, which says what it is."""
    glyph, style = SEVERITY_SIGNS[problem.severity]
    cells = (
        Cell(glyph, style),
        Cell(problem.severity.value, style),
        _since(problem, now),
        Cell(visible_name(problem.service), _name_style(problem)),
        Cell(place[0], "bold"),
    )
    below = Row(f"\0{key}", (Cell(""), Cell(problem.what)), inert=True, spans=True)
    return (Row(key, cells), below)
