"""The report of a bug: types and lines, never values."""

import traceback
from pathlib import Path


def crash_report(error: BaseException | None) -> str:
    """Return the report of a bug that ended the deck, a line for each type and place."""
    lines = ["rsdeck has a bug and had to stop. Please report these lines:"]
    return "\n".join([*lines, *fault_lines(error)])


def fault_lines(error: BaseException | None) -> list[str]:
    """Return the exception's types and lines; never values, which may be secret."""
    lines: list[str] = []
    for exception in _flat(error):
        lines.append(f"{type(exception).__module__}.{type(exception).__qualname__}")
        lines += [
            f"  {Path(frame.filename).name}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(exception.__traceback__)
        ]
    return lines


def _flat(error: BaseException | None) -> list[BaseException]:
    """List an exception and those within it: a group's, and its causes."""
    if error is None:
        return []
    within = list(error.exceptions) if isinstance(error, BaseExceptionGroup) else []
    return [error, *(deeper for inner in (*within, error.__cause__) for deeper in _flat(inner))]
