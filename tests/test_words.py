"""What a person reads is in plain words: those of the table below are in no text that is shown.

Texts are the string constants of the program, as its source has them: sentences and headings, the
values of enums, and the help of commands.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

FORBIDDEN = {
    "action; sent": r"\b(?:un)?order(?:s|ed|ing)?\b|\bis out\b|\bbid\b",
    "poll; prompt": r"\bask(?:s|ed|ing)?\b",
    "report; show; say": r"\btell(?:s|ing)?\b|\b(?:un)?told\b",
    "Warning:": r"\bminds?\b",
    "fix": r"\bmend(?:s|ed|ing)?\b|\bput right\b",
    "problem; severity": r"\bbad\b|\bwrong\b",
    "reverse; clear; switch": r"\bturn(?:s|ed)? round\b|\boff the screen\b|\bpaint in it\b",
    "system CAs; not verified": r"\bauthorities\b|\banybody\b|\banyone\b",
    "no data; no events": r"\bnobody\b|\bsomebody\b|\bsomeone\b|\bnothing that is known\b",
    "skipped; excluded": r"\bleft out\b|\bleaves? out\b",
    "log in; login stopped": r"\bmay leave\b|\bstands? still\b",
}
"""The word to use, and the pattern of those that it replaces."""

ALLOWED = {
    "in order": "a sequence",
    "out of order": "a sequence",
    "sort order": "a sequence",
    "byte order mark": "its name",
}
"""Phrases that are plain, and why."""

SKIPPED = {
    "tui/sim/": "it speaks as the vendor's API does",
    "tui/history/old_sentences.py": "it reads what an earlier version wrote",
}

_SQL = re.compile(r"\s*(?:AND|CREATE|DELETE|INSERT|SELECT|UPDATE)\s")

STILL = Counter(
    {
        "tui/fleet/snapshot/redaction.py": 1,
        "tui/model/event.py": 3,
        "tui/model/order.py": 1,
        "tui/model/reading.py": 1,
    }
)
"""How many stand in a file yet: values that history, journal and JSON hold. No other may come."""


def is_text(value: str) -> bool:
    """Whether a constant is read by people: a sentence, or a heading."""
    if _SQL.match(value):
        return False
    return " " in value.strip() or value[:1].isupper() or value == "mind"


def _help_of_commands(nodes: Sequence[ast.AST]) -> Iterator[ast.Constant]:
    """Yield the docstrings that click shows as help."""
    for node in nodes:
        if isinstance(node, ast.FunctionDef) and any(
            isinstance(mark, ast.Call)
            and isinstance(mark.func, ast.Attribute)
            and mark.func.attr in ("command", "group")
            for mark in node.decorator_list
        ):
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                yield first.value


def _docstrings(nodes: Sequence[ast.AST]) -> set[int]:
    """Return the ids of the strings that stand for themselves: docstrings."""
    return {
        id(node.value)
        for node in nodes
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


def _types(nodes: Sequence[ast.AST]) -> set[int]:
    """Return the ids of the strings that name types: in annotations and in casts."""
    named: list[ast.AST | None] = []
    for node in nodes:
        if isinstance(node, ast.arg | ast.AnnAssign):
            named.append(node.annotation)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            named.append(node.returns)
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "cast":
            named.append(node.args[0])
    return {id(part) for node in named if node is not None for part in ast.walk(node)}


def _enum_values(nodes: Sequence[ast.AST]) -> set[int]:
    """Return the ids of the values of enums, which are words on the screen."""
    return {
        id(line.value)
        for node in nodes
        if isinstance(node, ast.ClassDef)
        and any(isinstance(base, ast.Name) and base.id.endswith("Enum") for base in node.bases)
        for line in node.body
        if isinstance(line, ast.Assign)
    }


def texts(source: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the text of what a module shows."""
    nodes = tuple(ast.walk(ast.parse(source)))
    ignored, values = _docstrings(nodes) | _types(nodes), _enum_values(nodes)
    for constant in _help_of_commands(nodes):
        yield constant.lineno, str(constant.value)
    for node in nodes:
        if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
            continue
        if id(node) not in ignored and (id(node) in values or is_text(node.value)):
            yield node.lineno, node.value


def faults(source: str) -> list[str]:
    """Return each forbidden word of a module, with its line and the word to use."""
    found = []
    for line, text in texts(source):
        plain = " ".join(text.split())
        for phrase in ALLOWED:
            plain = re.sub(rf"\b{phrase}\b", "", plain, flags=re.IGNORECASE)
        for use, pattern in FORBIDDEN.items():
            found += [
                f'{line}: "{match[0]}" in "{plain}" (use: {use})'
                for match in re.finditer(pattern, plain, re.IGNORECASE)
            ]
    return found


def test_no_text_that_is_shown_has_a_forbidden_word() -> None:
    too_many = {}
    for path in sorted((ROOT / "tui").rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith(tuple(SKIPPED)):
            found = faults(path.read_text(encoding="utf-8"))
            if len(found) > STILL[name]:
                too_many[name] = found
    assert not too_many, "\n".join(
        f"{name}:{fault}" for name, found in too_many.items() for fault in found
    )


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ('"""Nobody is told."""', 0),
        ('say(f"{name}: nobody is told")', 2),
        ('say("Sorted in order", "order")', 0),
        ('class Kind(Enum):\n    ORDERED = "order"', 1),
        ('@click.command("x")\ndef x() -> None:\n    """Ask the node."""', 1),
        ('rows.append(("mind", text, ""))', 1),
        ('def x(order: "Order") -> "Order": ...', 0),
        ('cast("Order", x)', 0),
    ],
)
def test_a_text_is_what_is_shown(source: str, count: int) -> None:
    assert len(faults(source)) == count
