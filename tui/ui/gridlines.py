"""The lines around the matrix, as text. Pure."""

from collections.abc import Collection

from rich.text import Text

from tui.model.trust import UNCHECKED
from tui.ui.format.status_lines import Palette, join
from tui.ui.matrix.grid import RESTARTED, Grid, compact


def title(grid: Grid, palette: Palette) -> Text:
    """Say how many nodes are side by side."""
    clusters = {one.cluster for one in grid.columns}
    count = len(grid.columns)
    said = "1 node" if count == 1 else f"{count} nodes"
    if len(clusters) > 1:
        said += f" of {len(clusters)} clusters"
    elif any(clusters):
        said += f" of {next(iter(clusters))}"
    unchecked = sum(one.unchecked for one in grid.columns)
    nodes = "1 node" if unchecked == 1 else f"{unchecked} nodes"
    warning = Text(f"{UNCHECKED} on {nodes}" if unchecked else "", palette["bad"])
    return join([warning, Text("matrix", "bold"), Text(said, palette["muted"])])


def status(grid: Grid, filtered: str, marks: Collection[tuple[str, str]], palette: Palette) -> Text:
    """Say what is wrong, then what is shown of it; marks are pairs of node and service."""
    parts = [*_wrong(grid, palette)]
    if len(grid.rows) != grid.total:
        parts.append(Text(f"{len(grid.rows)} of {grid.total} services", palette["warn"]))
    parts.append(Text(filtered, palette["warn"]))
    over = len({node for node, _ in marks})
    if marks:
        where = "1 node" if over == 1 else f"{over} nodes"
        parts.append(Text(f"{len(marks)} marked on {where}", palette["warn"]))
    return Text.assemble(" ", join(parts), no_wrap=True, overflow="ellipsis", end="")


def _wrong(grid: Grid, palette: Palette) -> list[Text]:
    told = []
    if grid.worst is not None:
        column, service = grid.worst
        what = f"{service.name} {service.status} on {column.title}"
        many = f"{grid.problems} problems, worst: " if grid.problems > 1 else ""
        told.append(Text(many + what, palette["bad"]))
    if grid.blind:
        who = grid.blind[0] if len(grid.blind) == 1 else f"{len(grid.blind)} nodes"
        told.append(Text(f"{who} not known now", palette["bad"]))
    if grid.young is not None:
        column, service = grid.young
        up = compact(column.uptime(service) or 0)
        many = f"{grid.restarted} restarted, last: " if grid.restarted > 1 else "restarted: "
        told.append(
            Text(f"{RESTARTED} {many}{service.name} on {column.title} {up} ago", palette["warn"])
        )
    if not told and grid.columns:
        differ = any(row.stands_out for row in grid.rows)
        said = "nothing is wrong, but nodes differ" if differ else "nothing is wrong"
        told.append(Text(said, palette["muted" if differ else "ok"]))
    return told


def why_empty(grid: Grid, text: str, *, only: bool) -> str:
    """Say why there is no row; `only` and the filter's `text` are what rows were left out by."""
    if not grid.columns:
        return "No node yet. On the deck, a adds one."
    if not grid.total:
        return "No node has answered yet."
    if only and not text.strip():
        return "Nothing is wrong and nothing differs on the nodes that answer. ! shows all."
    return "No service matches. esc clears the filter."
