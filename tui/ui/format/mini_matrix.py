"""The matrix of a cluster without words: a line a node, a sign a service. Pure."""

from collections.abc import Sequence

from rich.text import Text

from tui.model.service import Service, but_for_uptimes
from tui.ui.format.node_view import NodeView
from tui.ui.format.service_row import GLYPHS, STYLES
from tui.ui.format.status_lines import Palette

_MISSING, _UNKNOWN = "·", "?"


def mini_matrix(
    views: Sequence[NodeView], here: str, palette: Palette, width: int, height: int
) -> Text:
    """Return the services of nodes, by name from left to right, in at most `height` lines.

    A node is a line that begins with its number; where there are too many, those with a problem
    come first. Of too many services those with a problem or not alike on all nodes come first, and
    the title has how many are shown. Empty where there is nothing to compare.
    """
    names = sorted({one.name for view in views for one in but_for_uptimes(view.reading.services)})
    if not names or height < 2:
        return Text()
    shown = sorted(views, key=lambda view: view.is_fresh and not view.problems)[: height - 1]
    shown.sort(key=lambda view: view.number)
    columns, count = _columns(views, names, max(0, width - 4), palette), f"{len(names)} services"
    if len(columns) < len(names):
        count = f"{len(columns)} of {count}"
    left = f" matrix, {count} "
    text = Text().append(left + "─" * max(0, width - len(left)), palette["muted"])
    for view in shown:
        text.append("\n")
        mark = "bold" if view.name == here else palette["muted"]
        text.append(f"{view.number:>3} ", mark)
        services = _by_name(view)
        for name in columns:
            text.append(*_sign(view, services.get(name), palette))
    return text


def _columns(
    views: Sequence[NodeView], names: Sequence[str], room: int, palette: Palette
) -> list[str]:
    """Return at most `room` of the names, in their order: those that stand out rather than not."""
    if len(names) <= room:
        return [*names]
    fresh = [(view, _by_name(view)) for view in views if view.is_fresh]
    unwell = {service.name for view, _ in fresh for service in view.problems}

    def is_plain(name: str) -> bool:
        signs = {_sign(view, services.get(name), palette) for view, services in fresh}
        return name not in unwell and len(signs) <= 1

    return sorted(sorted(names, key=is_plain)[:room])


def _by_name(view: NodeView) -> dict[str, Service]:
    return {one.name: one for one in but_for_uptimes(view.reading.services)}


def _sign(view: NodeView, service: Service | None, palette: Palette) -> tuple[str, str]:
    if not view.is_fresh:
        return _UNKNOWN, palette["stale_row"]
    if service is None:
        return _MISSING, palette["muted"]
    health = service.health(view.facts.disabled)
    return GLYPHS[health], palette[STYLES[health]]
