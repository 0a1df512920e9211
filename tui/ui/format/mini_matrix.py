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
    come first. Empty where there is nothing to compare.
    """
    names = sorted({one.name for view in views for one in but_for_uptimes(view.reading.services)})
    if not names or height < 2:
        return Text()
    shown = sorted(views, key=lambda view: view.is_fresh and not view.problems)[: height - 1]
    shown.sort(key=lambda view: view.number)
    left = f" matrix, {len(names)} services "
    text = Text().append(left + "─" * max(0, width - len(left)), palette["muted"])
    for view in shown:
        text.append("\n")
        mark = "bold" if view.name == here else palette["muted"]
        text.append(f"{view.number:>3} ", mark)
        services = {one.name: one for one in but_for_uptimes(view.reading.services)}
        for name in names[: max(0, width - 4)]:
            text.append(*_sign(view, services.get(name), palette))
    return text


def _sign(view: NodeView, service: Service | None, palette: Palette) -> tuple[str, str]:
    if not view.is_fresh:
        return _UNKNOWN, palette["stale_row"]
    if service is None:
        return _MISSING, palette["muted"]
    health = service.health(view.facts.disabled)
    return GLYPHS[health], palette[STYLES[health]]
