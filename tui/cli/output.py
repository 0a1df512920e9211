"""The form of what commands print: one line on stderr, aligned columns on stdout."""

from collections.abc import Sequence
from typing import IO, Any

import click

from tui.model.text import width

USAGE = 2


class CommandError(click.ClickException):
    """A command cannot go on: the problem in one sentence, and exit code 2."""

    exit_code = USAGE

    def show(self, file: IO[Any] | None = None) -> None:
        """Print it on stderr."""
        click.echo(f"rsdeck: {self.message}", file=file, err=file is None)


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Align rows in columns, by the width at which a terminal shows them."""
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell + " " * (most - width(cell)) for cell, most in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    )
