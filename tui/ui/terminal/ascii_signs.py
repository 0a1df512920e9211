"""ASCII twins of every sign, for terminals that show no Unicode. Each cell stays where it is."""

import unicodedata
from collections.abc import Mapping
from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_UNKNOWN = "?"
_TWINS = str.maketrans(
    {
        "●": "*",
        "◐": "~",
        "↻": "r",
        "■": "#",
        "✗": "X",
        "✓": "v",
        "◆": "+",
        "◈": "%",
        "★": "P",
        "○": "o",
        "⊘": "/",
        "△": "!",
        "∞": "8",
        "≠": "!",
        "·": "-",
        "…": ".",
        "—": "-",
        "\N{EN DASH}": "-",
        "→": ">",
        "»": ">",
        "▶": ">",
        "▸": ">",
        "◀": "<",
        "▲": "^",
        "▼": "v",
        "▾": "v",
        "↑": "^",
        "↓": "v",
        "←": "<",
        "▰": "#",
        "▱": ".",
        "\N{MULTIPLICATION SIGN}": "x",
        "•": "*",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "“": '"',
        "”": '"',
        "\N{NO-BREAK SPACE}": " ",
    }
)


class AsciiFilter(LineFilter):
    """Replaces what is not ASCII by its twin, or by question marks as wide as it."""

    def apply(self, segments: list[Segment], _background: Color) -> list[Segment]:
        """Return the segments in ASCII, with every cell where it was."""
        if all(segment.text.isascii() for segment in segments):
            return segments
        return [
            segment
            if segment.text.isascii()
            else Segment(ascii_text(segment.text), segment.style, segment.control)
            for segment in segments
        ]


def ascii_text(text: str) -> str:
    """Return a text in ASCII that is as wide as it was."""
    text = text.translate(_TWINS)
    return text if text.isascii() else "".join(map(_twin, text))


@lru_cache(4096)
def _twin(char: str) -> str:
    """Return the ASCII twin of one character, as wide as it is."""
    if char.isascii():
        return char
    name, width = unicodedata.name(char, ""), cell_len(char)
    if name.startswith("BOX DRAWINGS"):
        return _line(name)
    if name.endswith("BLOCK") or name.startswith(("QUADRANT", "BLOCK OCTANT", "BRAILLE")):
        return _block(name)
    plain = unicodedata.normalize("NFKD", char).encode("ascii", "ignore").decode()
    return plain if len(plain) == width else _UNKNOWN * width


def _line(name: str) -> str:
    """Return the twin of a line of a frame; where lines meet it is a plus."""
    is_flat = any(word in name for word in ("HORIZONTAL", "LEFT", "RIGHT"))
    is_upright = any(word in name for word in ("VERTICAL", "UP", "DOWN"))
    return "+" if is_flat and is_upright else "-" if is_flat else "|"


def _block(name: str) -> str:
    """Return the twin of a block: of a thin one the line that it looks like."""
    if "LEFT" in name or "RIGHT" in name:
        return "|"
    if name.startswith("UPPER"):
        return "-"
    if name.startswith("LOWER") and "ONE" in name:
        return "_"
    return "#"


def wants_ascii(environment: Mapping[str, str]) -> bool:
    """Whether the locale of an environment is not UTF-8.

    The first variable that is set decides, as in `setlocale(3)`. LC_CTYPE=C.UTF-8 beside a plain
    LANG is Python's own doing (PEP 538), and says nothing of the terminal.
    """
    wide = next((environment[name] for name in ("LC_ALL", "LC_CTYPE") if environment.get(name)), "")
    base = environment.get("LANG", "")
    is_coerced = wide in ("C.UTF-8", "C.utf8", "UTF-8") and not environment.get("LC_ALL")
    locale = base if not wide or (is_coerced and base in ("", "C", "POSIX")) else wide
    return "utf-8" not in locale.lower() and "utf8" not in locale.lower()
