"""The form of what commands print: one line on stderr, aligned columns on stdout."""

from collections.abc import Sequence

from tui.cli.errors import USAGE, CommandError
from tui.model.text import width

__all__ = ["USAGE", "CommandError", "columns"]


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Align rows in columns, by the width at which a terminal shows them."""
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell + " " * (most - width(cell)) for cell, most in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    )
