"""Clean text from outside, and measure and cut it in terminal cells.

A node, a certificate, an exception, a header, a configuration file and a command's output can all
hold ESC, C1, bidi controls or markup. Textual strips only five control characters, so nothing
from outside may reach a widget before `clean` has seen it.
"""

import json
import re
import unicodedata
from functools import lru_cache

LIMIT = 256
"""The longest text, in characters, that `clean` returns by default."""

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.-]+", re.ASCII)
_LEFT_OUT = re.compile(r"\([0-9]+ more\)", re.ASCII)
_COMBINING_AT_MOST = 2
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
_CONTROL_PICTURES = 0x2400
_DELETE_PICTURE = "\N{SYMBOL FOR DELETE}"
# Cc control, Cf format (bidi, zero width, tags), Cs surrogates, Co private, Cn unassigned,
# Zl and Zp line and paragraph separators.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Printable, but they change the width or the look of the character before them, each terminal in
# its own way: variation selectors, skin tones, the letters of which flags are made.
_CHANGERS = re.compile(
    "[\ufe00-\ufe0f\U000e0100-\U000e01ef\U0001f3fb-\U0001f3ff\U0001f1e6-\U0001f1ff]"
)


def clean(raw: str, limit: int = LIMIT) -> str:
    """Return `raw` as printable text of at most `limit` characters.

    Nothing is removed, only replaced, so a text that had to be cleaned never equals a text that
    was clean: C0 controls and DEL become their control pictures, every other unsafe character
    becomes U+FFFD, any space becomes U+0020, and a third combining mark in a row is replaced.
    A text that is cut ends in an ellipsis.
    """
    # Cut before it is cached: a node may send megabytes, and others each time.
    return _clean(raw[: limit + 1], limit)


@lru_cache(maxsize=8192)
def _clean(raw: str, limit: int) -> str:
    if raw.isascii() and raw.isprintable() and len(raw) <= limit:
        return raw
    out: list[str] = []
    marks = 0
    for char in raw:
        marks = marks + 1 if unicodedata.combining(char) else 0
        out.append(_REPLACEMENT if marks > _COMBINING_AT_MOST else _printable(char))
    if len(out) > limit:
        out[limit - 1 :] = _ELLIPSIS
    return "".join(out)


def is_plain_name(name: str) -> bool:
    """Whether a service's name looks like no other: ASCII letters, digits, `_`, `.`, `-` alone."""
    return _PLAIN_NAME.fullmatch(name) is not None


def visible_name(name: str) -> str:
    """Return a service's name so that two names never look alike.

    Spaces, backslashes and all that is not ASCII are written as JSON writes them. The
    entry that counts what was left out of an answer is no service's name.
    """
    if is_plain_name(name) or _LEFT_OUT.fullmatch(name):
        return name
    escaped = json.dumps(name)[1:-1].replace('\\"', '"')
    return escaped.replace(" ", "\\u0020").replace("\x7f", "\\u007f")


def is_harmless(text: str) -> bool:
    """Return whether a terminal shows every character of `text` and obeys none."""
    return text.isprintable() and (text.isascii() or _CHANGERS.search(text) is None)


def _printable(char: str) -> str:
    code = ord(char)
    if code < 0x20:
        return chr(_CONTROL_PICTURES + code)
    if code == 0x7F:
        return _DELETE_PICTURE
    category = unicodedata.category(char)
    if category in _UNSAFE or _CHANGERS.match(char):
        return _REPLACEMENT
    return " " if category == "Zs" else char


def width(text: str) -> int:
    """Return how many cells a clean text takes: two for wide characters, none for marks."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def cut(text: str, cells: int) -> str:
    """Return `text` in at most `cells` cells; where it is cut, it ends in an ellipsis."""
    if width(text) <= cells:
        return text
    return _head(text, cells - 1) + _ELLIPSIS


def fold(text: str, cells: int, *, breaks_words: bool = True) -> list[str]:
    """Break a text at its spaces into lines of at most `cells` cells.

    A longer word is broken too, or with `breaks_words` False has a line of its own, as it is.
    """
    lines, line = [], ""
    for word in text.split():
        if line and width(line) + 1 + width(word) > cells:
            lines.append(line)
            line = ""
        line = f"{line} {word}" if line else word
        while breaks_words and width(line) > cells:
            head = _head(line, cells)
            lines.append(head)
            line = line[len(head) :]
    return [*lines, line] if line or not lines else lines


_QUOTED = re.compile(r"`[^`]*`")
_KEPT_SPACE = "\0"


def fold_line(text: str, cells: int) -> list[str]:
    """Break a printed line at its spaces into lines of at most `cells` cells, all but one indented.

    One that fits stays as it is. No word is broken, and no command in backquotes that fits a line.
    """
    if width(text) <= cells:
        return [text]

    def kept(command: re.Match[str]) -> str:
        fits = width(command[0]) < cells - len(_INDENT)
        return command[0].replace(" ", _KEPT_SPACE) if fits else command[0]

    first, *rest = fold(_QUOTED.sub(kept, text), cells - len(_INDENT), breaks_words=False)
    return [line.replace(_KEPT_SPACE, " ") for line in (first, *(_INDENT + part for part in rest))]


_INDENT = "  "


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
