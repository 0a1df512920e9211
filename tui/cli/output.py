"""The form of what commands print: aligned columns, and errors as JSON."""

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from tui.cli.errors import DOWN, CommandError, ErrorCode
from tui.model.text import clean, width

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


def unwritten(error: OSError) -> OSError | CommandError:
    """Return what ends a command that may have sent an action, and could not print what came of it.

    Its exit code is not one of those with which nothing was sent.
    """
    if isinstance(error, BrokenPipeError):
        return error
    reason = error.strerror or clean(str(error))
    text = f"the output could not be written: {reason}; the journal has what was sent"
    return CommandError(text, ErrorCode.STORAGE, exit_code=DOWN)
