"""The form of what commands print: aligned columns, and errors as JSON."""

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui.cli.errors import DOWN, CommandError, ErrorCode
from tui.cli.printing import terminal_width, write_line
from tui.model.text import clean, fold, fold_line, width

if TYPE_CHECKING:
    from tui.cli.json_shapes import ErrorFields, ErrorObject


def error_fields(
    code: ErrorCode, message: str, node: str = "", *, retryable: bool = False
) -> "ErrorFields":
    """Return the fields of an error in JSON."""
    return {"code": code, "message": message, "node": node or None, "retryable": retryable}


def fields_of_error(error: CommandError) -> "ErrorFields":
    """Return an error as JSON has it."""
    return error_fields(error.code, error.message, error.node, retryable=error.retryable)


def echo_error(error: CommandError) -> None:
    """Print an error as one JSON object on stdout."""
    whole: ErrorObject = {"error": fields_of_error(error)}
    write_line(json.dumps(whole))


def aligned_columns(rows: Sequence[Sequence[str]]) -> str:
    """Align rows in columns, by the width at which a terminal shows them."""
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell + " " * (most - width(cell)) for cell, most in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    )


_FOLDED_LEAST = 20
"""Cells below which a column is not folded: a few letters a line cannot be read."""


def folded_columns(rows: Sequence[Sequence[str]], column: int = -1) -> str:
    """Align rows in columns, and on a terminal fold the cells of one at words, to fit its width.

    What is no terminal gets whole lines.
    """
    room = terminal_width(sys.stdout)
    return aligned_columns(fold_column(rows, column, room) if room else rows)


def stacked_columns(rows: Sequence[Sequence[str]], first: int = 2) -> str:
    """Align rows in columns, the first of them the headings.

    On a terminal that is too narrow, the cells after the `first` ones stand below them, each with
    its heading.
    """
    room = terminal_width(sys.stdout)
    table = aligned_columns(rows)
    if not room or max(map(width, table.splitlines())) <= room:
        return table
    headings, *others = rows
    lines = []
    for row in others:
        lines += fold_line("  ".join(row[:first]), room)
        named = zip(headings[first:], row[first:], strict=True)
        rest = ", ".join(f"{heading.lower()} {cell}" for heading, cell in named if cell != "-")
        lines += [f"  {line}" for line in fold(rest, room - 2, breaks_words=False)]
    return "\n".join(lines)


def fold_column(rows: Sequence[Sequence[str]], column: int, room: int) -> Sequence[Sequence[str]]:
    """Fold the cells of a column at words, so that the rows fit into `room` cells.

    The rest of a cell goes on in rows that are empty but for it. A word is never broken.
    """
    widths = [max(map(width, cells)) for cells in zip(*rows, strict=True)]
    least = room - 2 * (len(widths) - 1) - (sum(widths) - widths[column])
    if widths[column] <= least or least < _FOLDED_LEAST:
        return rows
    folded: list[list[str]] = []
    for row in rows:
        # A fingerprint that is broken cannot be copied.
        for number, line in enumerate(fold(row[column], least, breaks_words=False)):
            folded.append(["" if number else cell for cell in row])
            folded[-1][column] = line
    return folded


def unwritten(error: OSError) -> OSError | CommandError:
    """Return what ends a command that may have sent an action, and could not print what came of it.

    Its exit code is not one of those with which nothing was sent.
    """
    if isinstance(error, BrokenPipeError):
        return error
    reason = error.strerror or clean(str(error))
    text = f"the output could not be written: {reason}; the journal has what was sent"
    return CommandError(text, ErrorCode.STORAGE, exit_code=DOWN)
