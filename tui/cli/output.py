"""The form of what commands print: aligned columns, and errors as JSON."""

import json
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from tui.cli.errors import DOWN, CommandError, ErrorCode
from tui.model.text import clean, fold, width

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


def write_line(text: str, *, to_stderr: bool = False) -> None:
    """Write a line to stdout or stderr at once; nothing where it was closed at the start."""
    stream: TextIO | None = sys.stderr if to_stderr else sys.stdout
    if stream is not None:
        stream.write(f"{text}\n")
        stream.flush()


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
    room = _terminal_width()
    return aligned_columns(fold_column(rows, column, room) if room else rows)


def folded_lines(lines: Sequence[str]) -> list[str]:
    """Fold sentences at words to fit the terminal; what is no terminal gets whole lines."""
    room = _terminal_width()
    if not room:
        return [*lines]
    return [part for line in lines for part in fold(line, room, breaks_words=False)]


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


def _terminal_width() -> int:
    """Return the width of the terminal that stdout is, 0 where it is none."""
    try:
        return 0 if sys.stdout is None else os.get_terminal_size(sys.stdout.fileno()).columns
    except OSError:  # also what io raises of a stream without a descriptor
        return 0


def unwritten(error: OSError) -> OSError | CommandError:
    """Return what ends a command that may have sent an action, and could not print what came of it.

    Its exit code is not one of those with which nothing was sent.
    """
    if isinstance(error, BrokenPipeError):
        return error
    reason = error.strerror or clean(str(error))
    text = f"the output could not be written: {reason}; the journal has what was sent"
    return CommandError(text, ErrorCode.STORAGE, exit_code=DOWN)
