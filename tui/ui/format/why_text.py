"""The evidence of why something is as it is, as lines for the screen."""

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text

from tui.fleet.why import Evidence, EvidenceKind
from tui.model.duration import one_unit
from tui.ui.format.status_lines import Palette

_FAILED = frozenset({EvidenceKind.STATUS, EvidenceKind.PROBLEM})


def why_page(evidence: Iterable[Evidence], palette: Palette) -> Table:
    """Return the evidence, a row each: sign, what it is about, its age, its text and its source."""
    table = Table.grid(padding=(0, 1))
    table.add_column(width=1)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    for found in evidence:
        sign, style = _sign(found)
        age = "" if found.age is None else one_unit(found.age)
        text = Text(found.text, "" if not found.gap else palette["muted"])
        # Without its method the path is one word, and is not torn apart at the end of a line.
        text.append(f"  {found.source.value.removeprefix('GET ')}", palette["muted"])
        table.add_row(
            Text(sign, palette[style]),
            Text(found.kind.value, palette["muted"]),
            Text(age, palette["muted"]),
            text,
        )
    return table


def why_title(node: str, service: str) -> str:
    """Return what the evidence is about."""
    return f"Why: {service} on {node}" if service else f"Why: {node}"


def _sign(found: Evidence) -> tuple[str, str]:
    if found.gap:
        return "?", "muted"
    if not found.is_problem:
        return " ", "muted"
    return ("✗", "bad") if found.kind in _FAILED else ("!", "warn")
