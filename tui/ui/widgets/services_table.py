"""The live table of one node's services."""

from collections.abc import Mapping, Sequence

from tui.model.event import Event
from tui.model.filters import ServiceFilter, SortOrder, filter_and_sort
from tui.model.service import Service
from tui.model.time_zone import zone_word
from tui.ui.format.node_view import NodeView
from tui.ui.format.service_row import UptimeClock, service_cells, started_words
from tui.ui.table.live_table import Cell, Column, LiveTable, Row


def columns() -> tuple[Column, ...]:
    """Return the columns; that of a time is headed by its zone."""
    return (
        Column("name", "SERVICE", 22, grow=2),
        Column("status", "STATUS", 12),
        Column("uptime", "UPTIME", 12, right=True),
        Column("kind", "KIND", 8, drop=1),
        Column("change", "LAST CHANGE", 15, grow=3, drop=2),
        Column("started", f"STARTED {zone_word()}", 14, drop=3),
    )


_SORTED_BY = {
    SortOrder.NAME: "name",
    SortOrder.STATUS: "status",
    SortOrder.UPTIME: "uptime",
    SortOrder.STARTED: "started",
    SortOrder.KIND: "kind",
}


class ServicesTable(LiveTable):
    """Rows keyed by the service's name, sorted and filtered."""

    def __init__(self, palette: Mapping[str, str], *, id: str) -> None:  # noqa: A002 - Textual's
        super().__init__(columns(), palette=palette, id=id)
        self._order = SortOrder.PROBLEMS
        self._inverted = False
        self._beginnings = UptimeClock()

    def uptime(self, service: Service, view: NodeView) -> int | None:
        """Return the uptime to show, in seconds: it goes on only while the answer is fresh."""
        return self._beginnings.uptime(service, view.now) if view.is_fresh else service.uptime

    def sort_by(self, order: SortOrder, *, inverted: bool) -> None:
        """Sort what is shown next, and mark the column in the header."""
        self._order, self._inverted = order, inverted
        arrow = "▲" if inverted else "▼"
        wanted = _SORTED_BY.get(order)
        self.set_columns(
            tuple(
                Column(c.key, f"{c.title} {arrow}", c.width, c.grow, c.right, c.drop)
                if c.key == wanted
                else c
                for c in columns()
            )
        )

    def present(self, view: NodeView, query: ServiceFilter, last: Mapping[str, Event]) -> int:
        """Show a node's services; returns how many the query lets through."""
        chosen = filter_and_sort(
            view.reading.services, query, view.scope, order=self._order, inverted=self._inverted
        )
        self._beginnings.note(view.reading)
        self.show(
            [
                _row(service, self.uptime(service, view), view, last.get(service.name))
                for service in chosen
            ]
        )
        return len(chosen)

    def tick(self, view: NodeView, last: Mapping[str, Event]) -> None:
        """Let uptimes and ages go on for the rows on the screen, by the newest answer."""
        self._beginnings.note(view.reading)
        rows = []
        for name in self.visible_keys:
            service = view.reading.find(name)
            if service is not None:
                rows.append(_row(service, self.uptime(service, view), view, last.get(name)))
        self.patch(rows)


def _row(service: Service, uptime: int | None, view: NodeView, last: Event | None) -> Row:
    texts = service_cells(service, view.scope, uptime, last, view.now)
    cells: Sequence[Cell] = (
        Cell(texts.name, texts.name_style),
        Cell(texts.status, texts.name_style or "muted" * (texts.style == "off"), lead=texts.style),
        Cell(texts.uptime),
        Cell(texts.kind, "muted" if texts.kind == "optional" else ""),
        Cell(texts.change, "muted"),
        Cell(started_words(service.started_at, view.reading.answered_on), "muted"),
    )
    return Row(service.name, tuple(cells), dim=not view.is_fresh)
