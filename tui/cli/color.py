"""Whether output is colored, and the colors: for commands without a window."""

import os
import sys
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import TextIO

from tui.cli.output import aligned_columns


class Color(Enum):
    """The colors of lines; the value is the parameter of SGR (ECMA-48)."""

    PLAIN = ""
    WELL = "32"
    WARNING = "33"
    FAILED = "31"


def uses_color(when: str, stream: TextIO | None, environ: Mapping[str, str]) -> bool:
    """Whether to color what goes to `stream`; `when` is auto, always or never.

    For auto, NO_COLOR comes first (no-color.org), then FORCE_COLOR (force-color.org) and
    CLICOLOR_FORCE (bixense.com/clicolors), then whether it is a terminal that can.
    """
    if when != "auto":
        return when == "always"
    if environ.get("NO_COLOR"):
        return False
    if any(environ.get(name, "0") not in ("", "0") for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    is_dumb = environ.get("TERM", "") in ("", "dumb") or environ.get("CLICOLOR") == "0"
    return stream is not None and stream.isatty() and not is_dumb


def stdout_color(when: str) -> bool:
    """Whether to color stdout in this process; `when` is auto, always or never."""
    return uses_color(when, sys.stdout, os.environ)


def painted(line: str, color: Color, *, on: bool) -> str:
    """Return a line in a color, where colors are on."""
    return f"\x1b[{color.value}m{line}\x1b[0m" if on and color is not Color.PLAIN else line


def painted_columns(rows: Sequence[tuple[Color, Sequence[str]]], *, on: bool) -> str:
    """Align rows in columns, each line in its color."""
    lines = aligned_columns([cells for _, cells in rows]).split("\n")
    colors = [color for color, _ in rows]
    return "\n".join(painted(line, color, on=on) for line, color in zip(lines, colors, strict=True))
