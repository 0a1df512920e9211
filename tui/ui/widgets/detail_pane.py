"""One service, with all that is known of it."""

import json
from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Group
from rich.table import Table
from rich.text import Text
from textual import events
from textual.content import Content
from textual.widgets import Static

from tui.history.day import Day
from tui.model.clock import DATE_AND_TIME, clock_text, one_unit, two_units
from tui.model.context import ClusterContext
from tui.model.event import Event, OrderEnded, OrderGiven
from tui.model.event_text import event_text
from tui.model.service import Health, Service, purpose_of
from tui.model.text import clean
from tui.ui.format.header import context_gaps
from tui.ui.format.history_chart import Rows, day_rows
from tui.ui.format.key_bar import Hint, fitted_hints, hint_border, hint_more_below
from tui.ui.format.node_view import NodeView
from tui.ui.format.service_row import GLYPHS, NOTHING, STYLES, kind_reason
from tui.ui.format.status_lines import Palette
from tui.ui.keymap import key_text, spelled_keys
from tui.ui.widgets.scroll_page import ScrollPage

_HISTORY_AT_MOST = 50

_TITLE_FRAME = 8
"""Cells of the upper edge that neither its title nor how many lines follow may have."""

_TWO_COLUMNS, _CHART = 96, 50
"""Cells from which what happened stands beside the facts, not below them; and those of the day."""


class DetailPane(ScrollPage, can_focus=True):
    """Follows the cursor of the table; `raw` shows the entry as the node sent it.

    `raw_keys` are those that switch it, as Textual spells them. How many lines follow stands in
    the title, since at the bottom of the screen it has no lower edge.
    """

    raw = False

    def __init__(self, raw_keys: str, *, id: str) -> None:
        self._text = Static(id="detail-text", markup=False)
        super().__init__(self._text, tuple, id=id)
        self._raw_keys = raw_keys
        self._laid_out: object = None
        self._rows: tuple[Rows, Rows, Palette] | None = None
        self._titles = ("", "")
        self._headed: tuple[str, str, list[Hint], int] = ("", "", [], 0)

    def on_mount(self) -> None:
        """Name another key to scroll with when it gets or loses the focus."""
        self.watch(self, "has_focus", self.show_hints, init=False)

    def on_resize(self, _: events.Resize) -> None:
        """Lay out again: how wide it is shows only once it has been opened."""
        if self._rows is not None:
            self._show(*self._rows)

    def present(
        self,
        service: Service | None,
        uptime: int | None,
        view: NodeView,
        history: Sequence[Event],
        palette: Palette,
        *,
        day: Day | None = None,
        remark: str = "",
        context: ClusterContext | None = None,
    ) -> None:
        """Show a service as it stands, None where the node does not list it; `uptime` as shown.

        `day` is what the history knows of it, `remark` why that is less than it should be. Of the
        `context` it shows what is not known, and why.
        """
        if not self.display:
            return
        self._show_titles(
            service.shown if service else "Detail", "described" if self.raw else "raw JSON"
        )
        if service is None:
            self._show((("", "no service under the cursor", palette["muted"]),), (), palette)
        elif self.raw:
            self._show((("", raw_json(service), ""),), (), palette)
        else:
            rows = [*service_facts(service, uptime, view, palette, history)]
            if day is not None:
                rows += day_rows(day, view.facts.disabled, service.name, palette)
            if remark:
                rows.append(("", f"\nhistory: {remark}", palette["muted"]))
            if context is not None and (gaps := context_gaps(context)):
                rows.append(("", f"\nNot known of the cluster: {gaps}", palette["muted"]))
            self._show(tuple(rows), event_line(history, view, palette), palette)

    def _show_titles(self, title: str, other: str) -> None:
        """Show the title, and at the bottom the key that shows the `other` view."""
        if (title, other) != self._titles:
            self._titles = (title, other)
            self.show_hints()

    def show_hints(self) -> None:
        """Show the title with how many lines follow, and at the bottom the other view's key."""
        title, other = self._titles
        below, width = self.lines_below, self.outer_size.width
        more = hint_more_below(below)
        if more and not self.has_focus:
            more = [(f"tab, then {more[0][0]}", "tab")]
        if (headed := (title, other, more, width)) == self._headed:
            return
        self._headed = headed
        hints = fitted_hints(more, width - cell_len(title) - _TITLE_FRAME)
        between = Content(" · " if hints else "")
        self.border_title = between.join([Content(title), hint_border(hints, width)])
        raw = (f"{key_text(self._raw_keys)} {other}", spelled_keys(self._raw_keys)[0])
        self.border_subtitle = hint_border([raw], width)

    def _show(self, facts: Rows, happened: Rows, palette: Palette) -> None:
        """Show rows, in two columns where there is room; nothing is done for the same."""
        self._rows = facts, happened, palette
        width = self.content_size.width
        is_wide = width >= _TWO_COLUMNS
        shown = (facts, happened, palette, is_wide and width)
        if shown == self._laid_out:
            return
        self._laid_out = shown
        if not is_wide or not happened:
            self._text.update(_laid_out((*facts, *happened), palette))
            return
        left = max(_CHART, width // 2)
        columns = Table.grid(padding=(0, 2, 0, 0))
        columns.add_column(width=left)
        columns.add_column(width=width - left - 2)
        (_, heading, style), *events = happened
        beside = (("", str(heading).strip(), style), *events)
        columns.add_row(_laid_out(facts, palette), _laid_out(beside, palette))
        self._text.update(columns)


def _laid_out(rows: Rows, palette: Palette) -> Group:
    """Return rows one below the other; those without a label take the whole width."""
    parts: list[Text | Table] = []
    for label, value, style in rows:
        if not label:
            parts.append(_text(value, style))
            continue
        if not isinstance(parts[-1] if parts else None, Table):
            parts.append(_grid())
        grid = parts[-1]
        if isinstance(grid, Table):
            grid.add_row(Text(label, palette["muted"]), _text(value, style))
    return Group(*parts)


def _text(value: str | Text, style: str) -> Text:
    return value if isinstance(value, Text) else Text(value, style)


def _grid() -> Table:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    return grid


def service_facts(
    service: Service,
    uptime: int | None,
    view: NodeView,
    palette: Palette,
    history: Sequence[Event] = (),
) -> Rows:
    """Return what a service does, its state, the last action on it, its kind and why.

    `history` is newest first. The status is marked as the last known one, with its age, where the
    node does not answer now.
    """
    health = service.health(view.facts.disabled)
    started = service.started_at
    is_present = view.is_fresh and view.reading.trouble is None
    known = "" if is_present else f", last known {one_unit(view.age or 0)} ago"
    rows = (
        (
            "status",
            f"{GLYPHS[health]} {service.status}{known}",
            palette[STYLES[health] if view.is_fresh else "stale_row"],
        ),
        ("action", _last_action(history, view), ""),
        ("kind", kind_reason(service, view.scope, view.facts.gaps), ""),
        ("uptime", _uptime(service, uptime), ""),
        (
            "started",
            f"{clock_text(started, DATE_AND_TIME)}, the node's clock" if started else NOTHING,
            "",
        ),
        ("note", service.note, palette["warn"]),
    )
    purpose = purpose_of(service.name) or "No description of this service is known."
    return (("", f"{purpose}\n", ""), *(row for row in rows if row[1]))


def _last_action(history: Sequence[Event], view: NodeView) -> str:
    """Return what the newest action on a service came to, and when; empty where there is none."""
    for event in history:
        if isinstance(event.details, OrderEnded | OrderGiven):
            return f"{event_text(event)}, {one_unit(view.now - event.at)} ago"
    return ""


def _uptime(service: Service, uptime: int | None) -> str:
    """Return for how long a service has been up: in two units, for the table's row ticks."""
    is_up = uptime is not None and service.health() is Health.UP
    return two_units(uptime or 0) if is_up else NOTHING


def event_line(history: Sequence[Event], view: NodeView, palette: Palette) -> Rows:
    """Return what happened to a service, in this session and before, newest first."""
    rows = [("", "\nWhat happened", palette["bold"])]
    if not history:
        rows.append(("", "no events", palette["muted"]))
    for event in history[:_HISTORY_AT_MOST]:
        when = f"{clock_text(event.on)} {one_unit(view.now - event.at):>4} ago"
        rows.append((when, event_text(event), ""))
    return tuple(rows)


def raw_json(service: Service) -> str:
    """Return the entry as the node sent it; escapes stay escapes, so it is harmless to show."""
    try:
        lines = json.dumps({service.name: service.raw}, indent=2).splitlines()
    except (TypeError, ValueError, RecursionError):
        lines = ["the entry cannot be written as JSON again"]
    return "\n".join(clean(line, 2000) for line in lines[:500])
