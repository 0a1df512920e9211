"""The live table of one node's services."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from rich.cells import cell_len

from tui.history.day import Day
from tui.model.clock import zone_word
from tui.model.event import Event
from tui.model.filters import ServiceFilter, SortOrder, filter_and_sort
from tui.model.service import KNOWN_STATUSES, Kind, Service
from tui.model.sorting import Sorting, SortWords
from tui.model.uptime_clock import UptimeClock
from tui.ui.format.history_chart import SPANS, Runs, last_signs, strip
from tui.ui.format.node_view import NodeView
from tui.ui.format.service_row import LOCK, service_cells, started_words
from tui.ui.table.live_table import Cell, Column, LiveTable, Row
from tui.ui.table.rows import LineLook, place_columns

_NAME, _STATUS, _STRIP, _KIND = "name", "status", "strip", "kind"
_SIGN, _ARROW = len("● "), len(" ▼")
_WIDTHS = {
    _STATUS: _SIGN + max(map(len, KNOWN_STATUSES)),
    "uptime": len("99d 23:59:59"),
    _KIND: len("⊘ required"),
    _STRIP: len("LAST 30 MIN"),
    "change": len("59 m restart timed out"),
    "started": len("12-31 23:59:59"),
}
"""Cells of the longest that a column shows. What it shows now does not count: a service that
restarts would move the others, or take one of them off the screen."""

_NAME_LEAST, _BESIDE_NAME = 24, 40
"""Cells of the longest service's name in a narrow table, and those that the status, the uptime and
the kind need beside it: a long name takes none of them off the screen."""

_STATUS_SHARE = 3
"""The part of the width that a status has at most which is none of the documented ones."""


def service_columns() -> tuple[Column, ...]:
    """Return the columns, each as wide as what it may show; a time's is headed by its zone."""
    titles = {
        _NAME: "SERVICE",
        _STATUS: "STATUS",
        "uptime": "UPTIME",
        _KIND: "KIND",
        _STRIP: "LAST 30 MIN",
        "change": "CHANGED",
        "started": f"STARTED {zone_word()}",
    }
    drops = {_KIND: 1, _STRIP: 2, "change": 3, "started": 4}
    return tuple(
        Column(
            key,
            title,
            max(len(title) + _ARROW * (key != _STRIP), _WIDTHS.get(key, 0)),
            grow=int(key == _STRIP),
            right=key in {"uptime", _STRIP},
            drop=drops.get(key, 0),
            at_most=SPANS[-1] if key == _STRIP else 0,
        )
        for key, title in titles.items()
    )


_ORDERS = {
    SortOrder.PROBLEMS: SortWords("problems first", "problems last"),
    SortOrder.NAME: SortWords("by name, a to z", "by name, z to a", "name"),
    SortOrder.STATUS: SortWords("by status, a to z", "by status, z to a", "status"),
    SortOrder.UPTIME: SortWords("by uptime, shortest first", "by uptime, longest first", "uptime"),
    SortOrder.STARTED: SortWords("by start, newest first", "by start, oldest first", "started"),
    SortOrder.KIND: SortWords("by kind, optional first", "by kind, required first", "kind"),
    SortOrder.CHANGED: SortWords("by change, newest first", "by change, oldest first", "change"),
}


class ServicesTable(LiveTable):
    """Rows keyed by the service's name, sorted and filtered."""

    def __init__(self, palette: Mapping[str, str], *, id: str) -> None:
        super().__init__(service_columns(), palette=palette, id=id)
        self.sorting = Sorting(_ORDERS)
        self._beginnings = UptimeClock()
        self._node = ""
        self._longest: dict[str, int] = {}
        self._hours: dict[str, tuple[str, Runs]] = {}
        self._strips: dict[str, Cell] = {}
        self._struck: tuple[object, ...] = ()
        self._minutes = 0
        self._locked: set[str] = set()
        self._shows_kinds = True

    def uptime(self, service: Service, view: NodeView) -> int | None:
        """Return the uptime to show, in seconds: it goes on only while the answer is fresh."""
        return self._beginnings.uptime(service, view.now) if view.is_fresh else service.uptime

    def show_order(self) -> None:
        """Mark in the header the column by which what is shown next is sorted."""
        self._lay_out()

    def _lay_out(self) -> None:
        """Fit the columns of names and statuses; the strip has what is left over.

        It covers one of a few spans, so that its title does not change with every cell.
        """
        fitted, room = [], self.scrollable_content_region.width
        most = {_NAME: max(_NAME_LEAST, room - _BESIDE_NAME), _STATUS: room // _STATUS_SHARE}
        for column in service_columns():
            title = self.sorting.title(column.key, column.title)
            longest = min(self._longest.get(column.key, 0), most.get(column.key, 0))
            width = max(column.width, len(title), longest)
            fitted.append(replace(column, title=title, width=width))
        placed = place_columns(fitted, room)
        self._shows_kinds = any(one.column.key == _KIND for one in placed)
        width = next((one.width for one in placed if one.column.key == _STRIP), 0)
        minutes = max((span for span in SPANS if span <= width), default=0)
        if minutes != self._minutes:
            self._minutes = minutes
            self._cut_strips()
        self.set_columns(
            tuple(
                replace(column, title=f"LAST {minutes} MIN", at_most=minutes)
                if column.key == _STRIP
                else column
                for column in fitted
            )
        )

    def on_resize(self) -> None:
        """Share out the width anew."""
        self._lay_out()
        # A row that comes into view with it did not tick, and may be older than it looks.
        self.post_message(self.Scrolled(self, self._cells.cursor))

    def _measure_texts(self, view: NodeView) -> None:
        """Widen columns for a longer name or status; none gets narrower while the node stays."""
        had = self._longest if view.name == self._node else {}
        longest = {_NAME: had.get(_NAME, 0), _STATUS: had.get(_STATUS, 0)}
        for service in view.reading.services:
            longest[_NAME] = max(longest[_NAME], cell_len(service.shown))
            longest[_STATUS] = max(longest[_STATUS], _SIGN + cell_len(service.status))
        if longest != self._longest or view.name != self._node:
            self._node, self._longest = view.name, longest
            self._lay_out()

    def show_strips(self, days: Mapping[str, Day], view: NodeView) -> None:
        """Show the last hour of each service from the next rows on."""
        struck = (days, view.name, view.facts.disabled)
        if all(one is other for one, other in zip(struck, self._struck, strict=False)) and (
            self._struck
        ):
            return
        self._struck = struck
        self._hours = {name: strip(day, view.facts.disabled, name) for name, day in days.items()}
        self._cut_strips()

    def _cut_strips(self) -> None:
        """Make the cells of the strip: the last minutes of each service's last hour."""
        self._strips = {}
        for name, hour in self._hours.items():
            text, runs = last_signs(hour, self._minutes)
            self._strips[name] = Cell(text, runs=runs)

    def present(self, view: NodeView, query: ServiceFilter, last: Mapping[str, Event]) -> int:
        """Show a node's services; returns how many the query lets through."""
        chosen = filter_and_sort(
            view.reading.services,
            query,
            view.scope,
            order=self.sorting.order,
            inverted=self.sorting.is_reversed,
            changed={name: event.at for name, event in last.items()}
            if self.sorting.order is SortOrder.CHANGED
            else None,
        )
        self._beginnings.note(view.reading)
        self._measure_texts(view)
        self.show(self._rows(chosen, view, last))
        return len(chosen)

    def _rows(
        self, services: Iterable[Service], view: NodeView, last: Mapping[str, Event]
    ) -> list[Row]:
        """Make the row of each service; what all of them share is looked up once."""
        scope, is_fresh, now = view.scope, view.is_fresh, view.now
        rows = []
        for service in services:
            name = service.name
            is_optional = scope.kind(service) is Kind.OPTIONAL
            self._note_kind(name, is_locked=not is_optional)
            uptime = self._beginnings.uptime(service, now) if is_fresh else service.uptime
            texts = service_cells(service, scope, uptime, last.get(name), now)
            hour = self._strips.get(name, _BLANK)
            status_style = texts.name_style or "muted" * (texts.style == "off")
            cells = (
                Cell(texts.name, texts.name_style or "muted" * (not is_optional)),
                Cell(texts.status, status_style, lead=texts.style),
                Cell(texts.uptime, texts.uptime_style),
                Cell(texts.kind, "" if is_optional else "muted"),
                hour if is_fresh else Cell(hour.text),
                Cell(texts.change, "muted"),
                Cell(started_words(service.started_at, view.reading.answered_on), "muted"),
            )
            rows.append(Row(name, cells, dim=not is_fresh))
        return rows

    def _note_kind(self, name: str, *, is_locked: bool) -> None:
        """Remember whether a service has the lock before its name where kinds have no column."""
        if is_locked is not (name in self._locked):
            self._locked ^= {name}
            self._refresh_row(name)

    def look(self, row: Row) -> LineLook:
        """Return how a row's line looks: a lock is before its name where kinds have no column."""
        look = super().look(row)
        if self._shows_kinds or row.key not in self._locked or look.mark.strip():
            return look
        return replace(look, mark=LOCK)

    def tick(self, view: NodeView, last: Mapping[str, Event]) -> None:
        """Let uptimes and ages go on for the rows on the screen, by the newest answer."""
        self._beginnings.note(view.reading)
        visible = frozenset(self.visible_keys)
        services = [one for one in view.reading.services if one.name in visible]
        rows = self._rows(services, view, last)
        self.patch(rows)


_BLANK = Cell("")
