"""The head over each column of the matrix, and the lines around it. Pure."""

from collections.abc import Collection, Sequence

from rich.cells import cell_len
from rich.text import Text

from tui.model.clock import clock_duration, compact_duration, one_unit
from tui.model.node import Role
from tui.model.service import Health
from tui.model.trust import UNCHECKED, UNCHECKED_WORD
from tui.ui.format import parts
from tui.ui.format.parts import Part
from tui.ui.format.service_row import GLYPHS, RESTARTED
from tui.ui.format.status_lines import Palette, PlacedAlert, alerts_part, join
from tui.ui.matrix.columns import MatrixColumn
from tui.ui.matrix.grid import Grid

StyledText = tuple[str, str]
"""A text and the palette's name of its style."""

_NARROW = 6
_DOT = " · "


def fitting(texts: Sequence[str], width: int) -> str:
    """Return the first text that fits; the last where none does, empty where there is none."""
    last = texts[-1] if texts else ""
    return next((text for text in texts if cell_len(text) <= width), last)


def column_head(column: MatrixColumn, width: int) -> tuple[StyledText, StyledText, StyledText]:
    """Return the three lines of a node: its name, the age of its answer, its trouble."""
    return _name(column, width), _age(column, width), _trouble(column, width)


def _name(column: MatrixColumn, width: int) -> StyledText:
    primary = column.role is Role.PRIMARY
    star = " ★" if primary else ""
    key = f"{column.number} " if 0 < column.number < 10 else ""
    texts = [f"{key}{column.title}{star}", f"{column.title}{star}"]
    if column.number:
        texts.append(f"{column.number}{star.strip()}")
    name = texts[-1] if width < _NARROW else fitting(texts, width)
    return name, "accent" if primary else "bold"


def _age(column: MatrixColumn, width: int) -> StyledText:
    if column.age is None:
        return fitting(("no answer", "—"), width), "muted"
    old = one_unit(column.age)
    if column.is_stale:
        return fitting((f"STALE {old}", "STALE", "OLD"), width), "stale"
    if column.role is Role.UNKNOWN:
        return fitting((f"{old} old", old, ""), width), "muted"
    role = column.role.value
    return fitting((f"{role} {old}", f"{role[:4]}. {old}", old, ""), width), "muted"


def _trouble(column: MatrixColumn, width: int) -> StyledText:
    if column.trouble:
        return fitting(column.trouble, width), "bad"
    if column.reported:
        return fitting(column.reported, width), "warn"
    if column.unchecked:
        return fitting((UNCHECKED, UNCHECKED_WORD, "!"), width), "bad"
    if not column.has_profile:
        return fitting(("no profile", "np"), width), "muted"
    if column.read_only:
        return fitting(("READ-ONLY", "ro"), width), "muted"
    return "", ""


def beyond_edge(count: int, unwell: int, *, arrow: str, width: int) -> StyledText:
    """Return how many nodes lie beyond an edge, and how many of them have problems."""
    if not count:
        return "", ""
    problems = f", {unwell} not ok" if unwell else ""
    nodes = "node" if count == 1 else "nodes"
    brief = f"{arrow}{count} {unwell}!" if unwell else f"{arrow}{count}"
    texts = (f"{arrow} {count} {nodes}{problems}", f"{arrow} {count}{problems}", brief)
    return fitting(texts, width), "bad" if unwell else "muted"


def cell_sentence(grid: Grid, column: MatrixColumn, name: str, width: int = 10_000) -> StyledText:
    """Return in full what the matrix has a sign and a word for in a cell.

    Where that is wider than `width` cells, the kind and the role are left out.
    """
    texts, style = _cell_texts(grid, column, name)
    return fitting(texts, width), style


def _cell_texts(grid: Grid, column: MatrixColumn, name: str) -> tuple[tuple[str, ...], str]:
    """Return the sentence of a cell, each of the texts shorter than the one before."""
    brief = f"{name} on {column.title}"
    who = f"{brief} ({column.role.value})"
    service = column.body.services.get(name)
    if column.age is None:
        why = column.trouble[0] if column.trouble else "no answer yet"
        return tuple(f"{each}: not known, {why}" for each in (who, brief)), "muted"
    if service is None:
        had = "was not" if column.is_stale else "is not"
        have = grid.spread.get(column.cluster, {}).get(name, 0)
        known = grid.known.get(column.cluster, 0)
        where = f"{had} on this node"
        texts = (f"{who}: {where}; {have} of {known} nodes have it", f"{brief}: {where}")
        return texts, "warn"
    status = service.status or "no status"
    if column.is_stale:
        when = f"{status} when last seen, {one_unit(column.age)} ago"
        return tuple(f"{each}: {when}" for each in (who, brief)), "stale"
    health = column.body.healths[name]
    uptime = column.uptime(service)
    only = "only " if health is Health.UP and column.is_fresh(service) else ""
    text = status
    if health is Health.UP and uptime is not None:
        text += f" for {only}{clock_duration(uptime)}"
    kind = column.scope.kind(service).value
    style = "bad" if health.is_problem else "warn" if only else ""
    return (f"{who}: {text}, {kind}", f"{brief}: {text}, {kind}", f"{brief}: {text}"), style


def matrix_status(
    grid: Grid,
    filtered: str,
    marks: Collection[tuple[str, str]],
    palette: Palette,
    width: int = 10_000,
    *,
    alerts: Sequence[PlacedAlert] = (),
) -> Text:
    """Return the problems, then what is shown of them; marks are pairs of node and service.

    `alerts` are those of the clusters that are on.
    What does not fit into `width` cells is shortened or left out whole, the least important first.
    """
    found = [*_problems(grid, palette)]
    if alerts:
        found.append(alerts_part(alerts, palette))
    if len(grid.rows) != grid.total:
        found.append(Part(Text(f"{len(grid.rows)} of {grid.total} services", palette["warn"]), 2))
    if filtered:
        found.append(Part(Text(filtered, palette["warn"]), 2))
    over = len({node for node, _ in marks})
    if marks:
        where = "1 node" if over == 1 else f"{over} nodes"
        marked = f"{len(marks)} marked"
        text, brief = f"{marked} on {where}", Text(marked, palette["warn"])
        found.append(Part(Text(text, palette["warn"]), 1, brief))
    line = join([part.text for part in parts.parts_that_fit(found, width - 1, len(_DOT))])
    return Text.assemble(" ", line, no_wrap=True, overflow="ellipsis", end="")


def _problems(grid: Grid, palette: Palette) -> list[Part]:
    found = []
    if grid.worst is not None:
        column, service = grid.worst
        what = f"{service.shown} {service.status} on {column.title}"
        more = grid.problems - 1
        worst = f"{GLYPHS[column.body.healths[service.name]]} {what}"
        brief = f"{worst} and {more} more" if more else worst
        text = f"{brief} problem{'s' * (more > 1)}" if more else worst
        found.append(Part(Text(text, palette["bad"]), 0, Text(brief, palette["bad"])))
    if grid.blind:
        who = grid.blind[0] if len(grid.blind) == 1 else f"{len(grid.blind)} nodes"
        found.append(Part(Text(f"{who} not known now", palette["bad"]), 1))
    if grid.young is not None:
        column, service = grid.young
        up = compact_duration(column.uptime(service) or 0)
        text = f"started last: {service.shown} on {column.title} {up} ago"
        brief = f"{RESTARTED} {service.shown} {up} ago"
        found.append(Part(Text(text, palette["warn"]), 3, Text(brief, palette["warn"])))
    if not found and grid.columns:
        differ = any(row.stands_out for row in grid.rows)
        text = "no problems, but nodes differ" if differ else "no problems"
        found.append(Part(Text(text, palette["muted" if differ else "ok"])))
    return found


def why_empty(grid: Grid, text: str, *, only: bool) -> str:
    """Return why there is no row; `only` and the filter's `text` are what left rows out."""
    if not grid.columns:
        return "No node yet. On the deck, a adds one."
    if not grid.total:
        return "No node has answered yet."
    if only and not text.strip():
        return "No problems and no differences on the nodes that answer. ! shows all services."
    return "No service matches. esc clears the filter."
