"""How many cells a clean text takes on a terminal, and lines that keep to a number of them."""

import unicodedata

_ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"


def width(text: str) -> int:
    """Count the cells of a clean text: wide characters take two, marks upon others none."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def cut(text: str, cells: int) -> str:
    """Give `text` in at most `cells` cells; one that is cut ends in an ellipsis."""
    if width(text) <= cells:
        return text
    return _head(text, cells - 1) + _ELLIPSIS


def fold(text: str, cells: int) -> list[str]:
    """Break a text at its spaces into lines of at most `cells` cells; longer words are broken."""
    lines, line = [], ""
    for word in text.split():
        if line and width(line) + 1 + width(word) > cells:
            lines.append(line)
            line = ""
        line = f"{line} {word}" if line else word
        while width(line) > cells:
            head = _head(line, cells)
            lines.append(head)
            line = line[len(head) :]
    return [*lines, line] if line or not lines else lines


def _head(text: str, cells: int) -> str:
    taken = 0
    for at, char in enumerate(text):
        taken += _cells(char)
        if taken > cells:
            return text[:at]
    return text


def _cells(char: str) -> int:
    # The vowels and final consonants of Hangul join the consonant before them.
    if unicodedata.category(char) in ("Mn", "Me") or "\u1160" <= char <= "\u11ff":
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
