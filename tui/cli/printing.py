"""Lines that commands print: on a terminal folded at spaces to fit it, elsewhere whole."""

import os
import sys
from collections.abc import Iterable
from typing import TextIO

from tui.model.text import fold_line


def write_line(text: str, *, to_stderr: bool = False) -> None:
    """Write a line to stdout or stderr at once; nothing where it was closed at the start."""
    stream: TextIO | None = sys.stderr if to_stderr else sys.stdout
    if stream is not None:
        stream.write(f"{text}\n")
        stream.flush()


def write_sentence(text: str, *, to_stderr: bool = False) -> None:
    """Write a sentence as `write_line` does, folded where that is a terminal."""
    room = terminal_width(sys.stderr if to_stderr else sys.stdout)
    write_line("\n".join(_folded([text], room)), to_stderr=to_stderr)


def write_remark(text: str) -> None:
    """Write `rsdeck: ` and a sentence to stderr, folded where that is a terminal."""
    write_sentence(f"rsdeck: {text}", to_stderr=True)


def folded_lines(lines: Iterable[str]) -> list[str]:
    """Fold sentences for stdout."""
    return _folded(lines, terminal_width(sys.stdout))


def _folded(lines: Iterable[str], room: int) -> list[str]:
    return [part for line in lines for part in (fold_line(line, room) if room else [line])]


def terminal_width(stream: TextIO | None) -> int:
    """Return the width of the terminal that a stream is, 0 where it is none."""
    try:
        return 0 if stream is None else os.get_terminal_size(stream.fileno()).columns
    except OSError:  # also what io raises of a stream without a descriptor
        return 0
