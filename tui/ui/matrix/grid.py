"""Many nodes side by side: services down, nodes across. Pure: columns in, rows and cells out."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import field
from enum import Enum
from itertools import accumulate

from rich.cells import cell_len

from tui.model.clock import compact_duration
from tui.model.dataclass import dataclass
from tui.model.filters import ServiceFilter
from tui.model.service import Health, Service
from tui.model.text import visible_name
from tui.ui.format.service_row import FRESH, GLYPHS, RESTARTED, STYLES
from tui.ui.matrix.columns import PROBLEMS, MatrixColumn

MISSING, UNSEEN = "·", "?"
"""The matrix's own signs: up for a short while only, not on this node, not known now."""

_WAS = {Health.UP: "was up", Health.DONE: "was done", Health.OFF: "was off"}
_DIFFERS, _EVEN = len(Health), len(Health) + 1


class RowOrder(Enum):
    """What the services of the matrix are sorted by."""

    PROBLEMS = "problems"
    NAME = "name"
    RESTARTED = "restarted"


@dataclass(frozen=True, slots=True)
class GridCell:
    """A sign and a word; `style` and `lead`, the sign's, are names in the palette.

    A `loud` cell is bold, so that it stands out without colour; a `faded` cell is old. The service
    of an `is_young` one is up, for a short while only.
    """

    glyph: str
    word: str = ""
    style: str = "muted"
    lead: str = ""
    loud: bool = False
    faded: bool = False
    is_young: bool = False

    @property
    def text(self) -> str:
        """Both in one line."""
        return f"{self.glyph} {self.word}" if self.word else self.glyph


@dataclass(frozen=True, slots=True)
class GridRow:
    """One service; `rank` is that of its worst health anywhere, or says that nodes differ."""

    name: str
    rank: int = _EVEN

    @property
    def is_problem(self) -> bool:
        """Whether it has a problem on some node."""
        return self.rank <= Health.MOVING.value

    @property
    def stands_out(self) -> bool:
        """Whether something is wrong with it, or it is not the same on all nodes."""
        return self.rank <= _DIFFERS

    @property
    def style(self) -> str:
        """The palette's name for its name."""
        return STYLES[Health(self.rank)] if self.is_problem else ""


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows and columns; `total` counts the services before any filter.

    `spread` holds, by cluster and service, on how many of the nodes that are known it is, and
    `known` how many these are. `bad` names the columns in which something is wrong, missing or
    was restarted. `worst` and `young` are the worst problem and what was restarted last, as node
    and service; `problems` counts the cells that have one. `blind` are the titles of the nodes that
    show nothing that may be taken for the present. `bad_before` holds how many of the columns
    before each are bad, and of all at its end.

    All that depends on every column is counted once: a key must not walk over them.
    """

    columns: tuple[MatrixColumn, ...] = ()
    rows: tuple[GridRow, ...] = ()
    total: int = 0
    longest: str = ""
    known: Mapping[str, int] = field(default_factory=dict)
    spread: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    bad: frozenset[str] = frozenset()
    worst: tuple[MatrixColumn, Service] | None = None
    young: tuple[MatrixColumn, Service] | None = None
    problems: int = 0
    blind: tuple[str, ...] = ()
    has_clusters: bool = False
    bad_before: tuple[int, ...] = (0,)

    def bad_between(self, start: int, end: int) -> int:
        """Return how many of the columns from `start` up to `end` are bad."""
        return self.bad_before[end] - self.bad_before[start]

    def cell(self, column: MatrixColumn, name: str) -> GridCell:
        """Return the cell of a service on a node."""
        service = column.body.services.get(name)
        if not column.is_known:
            return _old(service, column)
        if service is None:
            return _missing(self._most_have(column.cluster, name))
        return _shown(service, column)

    def _most_have(self, cluster: str, name: str) -> bool:
        have = self.spread.get(cluster, {}).get(name, 0)
        return _are_most(have, self.known.get(cluster, 0))

    def wrong(self) -> list[tuple[str, str]]:
        """List the cells with a problem, row by row, as node and service.

        Where there is none, list those of services that were restarted lately.
        """
        loud = [
            (cell.is_young, (column.key, row.name))
            for row in self.rows
            if row.stands_out
            for column in self.columns
            if (cell := self.cell(column, row.name)).loud
        ]
        problems = [key for is_young, key in loud if not is_young]
        return problems or [key for _, key in loud]


class _Tally:
    """What is counted over all columns before the rows can be put in order."""

    def __init__(self, columns: Sequence[MatrixColumn]) -> None:
        self.known: Counter[str] = Counter()
        self.have: dict[str, Counter[str]] = {}
        self.idle: dict[str, Counter[str]] = {}
        self.ranks: dict[str, int] = {}
        self.bad: set[str] = set()
        self.worst: list[tuple[int, str, int]] = []
        self.young: list[tuple[int, str, int]] = []
        for number, column in enumerate(columns):
            if not column.is_known:
                self.bad.add(column.key)
            else:
                self._count(number, column)
        for name in _uneven(self.known, self.have, self.idle):
            self.ranks.setdefault(name, _DIFFERS)
        expected = {
            cluster: {name for name, count in have.items() if _are_most(count, self.known[cluster])}
            for cluster, have in self.have.items()
        }
        for column in columns:
            if column.is_known and expected[column.cluster] - column.body.services.keys():
                self.bad.add(column.key)

    def _count(self, number: int, column: MatrixColumn) -> None:
        body, cluster = column.body, column.cluster
        self.known[cluster] += 1
        self.have.setdefault(cluster, Counter()).update(body.services.keys())
        self.idle.setdefault(cluster, Counter()).update(body.idle)
        for name, rank in body.problems.items():
            self.ranks[name] = min(rank, self.ranks.get(name, rank))
            self.worst.append((rank, name, number))
        young = [service for service in body.young if column.is_fresh(service)]
        for service in young:
            self.ranks.setdefault(service.name, _DIFFERS)
            self.young.append((column.uptime(service) or 0, service.name, number))
        if body.problems or young or column.trouble or column.reported:
            self.bad.add(column.key)


def build_grid(
    columns: Sequence[MatrixColumn],
    query: ServiceFilter,
    *,
    only: bool = False,
    order: RowOrder = RowOrder.PROBLEMS,
    is_reversed: bool = False,
) -> Grid:
    """Arrange rows: problems first, the worst before, then what differs between nodes, then names.

    By another `order` they are sorted by name, or what was started last anywhere comes first.
    A service is compared within its cluster, and only on nodes that are known now. `only` leaves
    the rows that stand out; the words of a filter must all match on one node.
    """
    tally = _Tally(columns)
    names = set().union(*(column.body.services for column in columns))
    rows = [GridRow(name, tally.ranks.get(name, _EVEN)) for name in names]
    if query.text.strip():
        rows = [row for row in rows if _picked(row.name, columns, query)]
    if only:
        rows = [row for row in rows if row.stands_out]
    rows.sort(key=lambda row: row.name)
    if order is RowOrder.PROBLEMS:
        rows.sort(key=lambda row: row.rank, reverse=is_reversed)
    elif order is RowOrder.RESTARTED:
        rows.sort(key=lambda row: _shortest_uptime(row.name, columns), reverse=is_reversed)
    elif is_reversed:
        rows.reverse()
    return Grid(
        columns=(*columns,),
        rows=(*rows,),
        total=len(names),
        longest=max(map(visible_name, names), key=cell_len, default=""),
        known=tally.known,
        spread=tally.have,
        bad=frozenset(tally.bad),
        worst=_first(tally.worst, columns),
        young=_first(tally.young, columns),
        problems=len(tally.worst),
        blind=tuple(column.title for column in columns if not column.is_known),
        has_clusters=len({column.cluster for column in columns}) > 1,
        bad_before=(0, *accumulate(column.key in tally.bad for column in columns)),
    )


def _shortest_uptime(name: str, columns: Sequence[MatrixColumn]) -> float:
    """Return for how long a service is up where it was started last; infinite where nowhere."""
    found = (
        column.uptime(service)
        for column in columns
        if column.is_known and (service := column.body.services.get(name)) is not None
    )
    return min((uptime for uptime in found if uptime is not None), default=math.inf)


def _are_most(some: int, of: int) -> bool:
    return 2 * some >= of > 0


def _first(
    found: Sequence[tuple[int, str, int]], columns: Sequence[MatrixColumn]
) -> tuple[MatrixColumn, Service] | None:
    if not found:
        return None
    _, name, number = min(found)
    return columns[number], columns[number].body.services[name]


def _uneven(
    known: Mapping[str, int],
    have: Mapping[str, Counter[str]],
    idle: Mapping[str, Counter[str]],
) -> set[str]:
    """Return the services that are missing on a node, or run on some and rest on others."""
    return {
        name
        for cluster, counted in have.items()
        for name, count in counted.items()
        if count < known[cluster] or 0 < idle[cluster][name] < count
    }


def _picked(name: str, columns: Sequence[MatrixColumn], query: ServiceFilter) -> bool:
    found = ((column, column.body.services.get(name)) for column in columns)
    return any(
        service is not None and query.picks(service, column.scope) for column, service in found
    )


def _shown(service: Service, column: MatrixColumn) -> GridCell:
    health = column.body.healths[service.name]
    glyph, style = GLYPHS[health], STYLES[health]
    if health in PROBLEMS:
        return GridCell(glyph, service.status or "no status", style, style, loud=True)
    if health is Health.UP:
        uptime = column.uptime(service)
        if uptime is None:
            return GridCell(glyph, "up", lead=style)
        if uptime < FRESH:
            return GridCell(
                RESTARTED, compact_duration(uptime), "warn", "warn", True, is_young=True
            )
        return GridCell(glyph, compact_duration(uptime), lead=style)
    return GridCell(glyph, "off" if health is Health.OFF else "done", style, style)


def _missing(most_have: bool) -> GridCell:
    if most_have:
        return GridCell(MISSING, "missing", "warn", "warn", loud=True)
    return GridCell(MISSING)


def _old(service: Service | None, column: MatrixColumn) -> GridCell:
    if service is None:
        return GridCell(UNSEEN, faded=True)
    was = _WAS.get(column.body.healths[service.name], service.status)
    return GridCell(UNSEEN, was, "off", faded=True)
