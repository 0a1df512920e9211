"""The node picker: every profile, grouped by cluster, live."""

from collections.abc import Iterable, Mapping, Sequence

from tui.model.duration import one_unit
from tui.model.node import Environment, Role
from tui.model.trust import UNCHECKED
from tui.ui.format.node_view import NodeView
from tui.ui.format.status_lines import READ_ONLY, standing_out
from tui.ui.table.live_table import Cell, Column, LiveTable, Row

SIDE = (
    Column("number", "", 2, right=True),
    Column("name", "NODE", 10, grow=1),
    Column("running", "RUN", 5, right=True),
    Column("age", "AGE", 4, right=True),
)
FULL = (
    Column("number", "", 2, right=True),
    Column("name", "NODE", 14, grow=1),
    Column("role", "ROLE", 12),
    Column("running", "RUNNING", 7, right=True),
    Column("age", "AGE", 5, right=True),
    Column("about", "", 24, grow=3),
)


class NodeList(LiveTable):
    """Rows keyed by the profile's name; cluster names and second lines cannot be chosen."""

    def __init__(self, palette: Mapping[str, str], *, full: bool, id: str) -> None:  # noqa: A002
        super().__init__(FULL if full else SIDE, palette=palette, id=id)
        self._full = full

    def present(
        self, views: Sequence[NodeView], here: str, restarts: Mapping[str, int] | None = None
    ) -> None:
        """Show the nodes in the order given; `here` is the node whose services are shown.

        `restarts` are those of the last hour that were not ordered here, by node.
        """
        rows: list[Row] = []
        cluster: str | None = None
        for view in views:
            if view.cluster != cluster:
                cluster = view.cluster
                name = cluster or "no cluster named"
                rows.append(_inert(f"\0cluster {name}", name, "accent", len(self.columns)))
            if self._full:
                rows += _full(view, here, (restarts or {}).get(view.name, 0))
            else:
                rows += _side(view, here)
        self.show(rows)

    def update_nodes(self, views: Iterable[NodeView], here: str) -> None:
        """Show nodes at the side that are shown already, as they are now; the order stays."""
        self.patch([row for view in views for row in _side(view, here)])


def _inert(key: str, text: str, style: str, columns: int) -> Row:
    cells = (Cell(""), Cell(text, style), *(Cell("") for _ in range(columns - 2)))
    return Row(key, cells, inert=True)


def _running(view: NodeView) -> Cell:
    if view.reading.answered_at is None:
        return Cell(
            "✗" if view.reading.trouble else "…", "bad" if view.reading.trouble else "muted"
        )
    well, total, problems = view.counts
    style = "off" if not view.is_fresh else "bad" if problems else "ok"
    return Cell(f"{well}/{total}", style)


def _name(view: NodeView, here: str) -> Cell:
    return Cell(view.title, "bold" if view.name == here else "")


def _age(view: NodeView) -> Cell:
    if view.age is None:
        return Cell("—" if view.reading.trouble else "…", "muted")
    return Cell(one_unit(view.age), "stale" if view.is_stale else "muted")


def _side(view: NodeView, here: str) -> list[Row]:
    number = Cell(str(view.number) if view.number < 10 else "", "muted")
    first = (number, _name(view, here), _running(view), _age(view))
    text, style = _about(view)
    if view.unchecked:
        text, style = " · ".join(filter(None, (UNCHECKED, text))), "bad"
    words = text
    if style != "bad" and view.role is Role.PRIMARY:
        words = " · ".join(filter(None, ("★ primary", text)))
    elif not text and view.role is Role.REPLICA:
        words = "replica"
    second = (Cell(""), Cell(words, style), Cell(""), Cell(""))
    return [
        Row(view.name, first, dim=not view.is_fresh),
        Row(f"\0about {view.name}", second, inert=True, spans=True),
    ]


def _full(view: NodeView, here: str, restarts: int) -> list[Row]:
    text, style = _about(view, restarts)
    role = (
        Cell("★ primary", "accent") if view.role is Role.PRIMARY else Cell(view.role.value, "muted")
    )
    number = Cell(str(view.number) if view.number < 10 else "", "muted")
    cells = (number, _name(view, here), role, _running(view), _age(view), Cell(text, style))
    rows = [Row(view.name, cells, dim=not view.is_fresh)]
    blank = (Cell(""),) * (len(FULL) - 2)
    if view.unchecked:
        warning = Cell(UNCHECKED, "bad")
        rows.append(
            Row(f"\0unchecked {view.name}", (Cell(""), warning, *blank), inert=True, spans=True)
        )
    if view.reading.trouble is not None:
        why = Cell(view.reading.trouble.text, "warn")
        rows.append(Row(f"\0why {view.name}", (Cell(""), why, *blank), inert=True, spans=True))
    return rows


def _about(view: NodeView, restarts: int = 0) -> tuple[str, str]:
    """Return in words what stands out about a node: its trouble first."""
    parts = standing_out(view)
    style = "bad" if parts else "warn" if restarts else "muted"
    if view.reported:
        parts.append(view.reported)
        style = "warn" if style == "muted" else style
    if restarts:
        parts.append(f"{restarts} restart{'s' * (restarts > 1)}/h")
    if view.environment is not None:
        parts.append(view.environment.value)
        if view.environment is Environment.PRODUCTION and style == "muted":
            style = "production"
    if view.read_only:
        parts.append(READ_ONLY)
    return " · ".join(parts), style
