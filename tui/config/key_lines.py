"""Dotted keys as messages show them, and the lines of a file on which they are written."""

import re
import tomllib

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SHOWN = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_HIDDEN = '"…"'
_PART = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_DOTTED = rf"{_PART}(?:[ \t]*\.[ \t]*{_PART})*"
_TABLE = re.compile(rf"[ \t]*\[\[?[ \t]*({_DOTTED})[ \t]*\]")
_KEY = re.compile(rf"[ \t]*({_DOTTED})[ \t]*=")
_PLAIN = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")


def dotted_key(*parts: str) -> str:
    """Return a key as TOML would write it.

    A part that no key or node can be called is hidden: it may be a password that was written
    before the `=`.
    """
    return ".".join(_part(part) for part in parts)


def _part(part: str) -> str:
    if not _SHOWN.fullmatch(part):
        return _HIDDEN
    return part if _BARE.fullmatch(part) else f'"{part}"'


def key_lines(text: str) -> dict[str, int]:
    """Return the line (from 1) on which each table and key begins, by its `dotted_key`.

    What is not written in a plain way, such as the keys of an inline table, is not in it.
    """
    lines: dict[str, int] = {}
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.split("\n"), 1):
        header = _TABLE.match(line)
        if header:
            table = _parts(header[1])
            for length in range(1, len(table) + 1):
                lines.setdefault(dotted_key(*table[:length]), number)
            continue
        key = _KEY.match(line)
        if key:
            lines.setdefault(dotted_key(*table, *_parts(key[1])), number)
    return lines


def _parts(dotted: str) -> tuple[str, ...]:
    """Return the parts of a dotted key, unquoted; one that TOML does not take has an empty part."""
    if _PLAIN.fullmatch(dotted):
        return tuple(dotted.split("."))
    try:
        tables: object = tomllib.loads(f"{dotted} = 0")
    except tomllib.TOMLDecodeError:
        return ("",)
    parts: list[str] = []
    while isinstance(tables, dict):
        [(part, tables)] = tables.items()
        parts.append(part)
    return tuple(parts)
