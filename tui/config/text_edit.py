"""Edit the text of a configuration: one node's table changes, every other line stays.

Only tables written as `[nodes.NAME]` are edited, each as a small document of its own, so that
comments between two tables stay where they are. The caller checks the result.
"""

import re
from collections.abc import Mapping

import tomlkit
from tomlkit.exceptions import TOMLKitError

from tui.config.key_lines import dotted_key
from tui.config.profile_rules import FIELDS

_HEADER = re.compile(r"^[ \t]*\[", re.MULTILINE)
_NEW_FILE = "# What rsdeck watches; `rsdeck config example` explains every key.\n"


class NotEditable(Exception):
    """The table is missing, or not in the form that can be edited."""


def with_added(text: str, name: str, fields: Mapping[str, object]) -> str:
    """Add a new node at the end."""
    before = text.rstrip() or _NEW_FILE.rstrip()
    return _same_newlines(f"{before}\n\n{_header(name)}\n{_changed('', fields, {})}", text)


def with_changed(
    text: str, name: str, new_name: str, fields: Mapping[str, object], known: Mapping[str, object]
) -> str:
    """Change a node's fields (and name) where they differ from the `known` ones."""
    start, body, end = _span(text, name)
    header = text[start:body]
    if new_name != name:
        header = f"{_header(new_name)}\n"
    own, rest = _split(text[body:end])
    changed = f"{text[:start]}{header}{_changed(own, fields, known)}{rest}{text[end:]}"
    return _same_newlines(changed, text)


def _header(name: str) -> str:
    return f"[{dotted_key('nodes', name)}]"


def _span(text: str, name: str) -> tuple[int, int, int]:
    """Return where a node's header begins, where its body begins, and where that ends."""
    quoted = re.escape(name)
    bare = rf"[ \t]*(?:{quoted}|\"{quoted}\"|'{quoted}')[ \t]*"
    pattern = re.compile(rf"^[ \t]*\[[ \t]*nodes[ \t]*\.{bare}\][^\n]*(?:\n|\Z)", re.MULTILINE)
    headers = list(pattern.finditer(text))
    if len(headers) != 1:
        raise NotEditable
    body = headers[0].end()
    following = _HEADER.search(text, body)
    return headers[0].start(), body, following.start() if following else len(text)


def _split(body: str) -> tuple[str, str]:
    """Separate a table's own lines from the blank line and the comments before the next table."""
    lines = body.splitlines(keepends=True)
    last = max((at for at, line in enumerate(lines) if not _is_idle(line)), default=-1) + 1
    while last < len(lines) and lines[last].strip():
        last += 1
    return "".join(lines[:last]), "".join(lines[last:])


def _is_idle(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _changed(own: str, fields: Mapping[str, object], known: Mapping[str, object]) -> str:
    try:
        table = tomlkit.parse(own)
    except TOMLKitError:  # the table does not end where a line begins with a bracket
        raise NotEditable from None
    for field in known:
        if field not in fields and field in table:
            del table[field]
    for field in sorted(fields, key=FIELDS.index):
        if field not in known or fields[field] != known[field]:
            table[field] = fields[field]
    return tomlkit.dumps(table).rstrip("\r\n") + "\n"


def _same_newlines(text: str, like: str) -> str:
    if "\r\n" not in like:
        return text
    return text.replace("\r\n", "\n").replace("\n", "\r\n")
