"""Every fault of the matrix (cases 1 to 64) and every promise (P1 to P24) is named by a test.

A test names them in its docstring, in the id of a parameter, or in the docstring or the name of
its file: "P6, case 44.", "Cases 2 to 4.", test_53_ending.py.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
WANTED = {f"case {number}" for number in range(1, 65)} | {f"P{number}" for number in range(1, 25)}

EXCEPTIONS: dict[str, str] = {}
"""Whatever no test names, and why."""

_CASES = re.compile(r"\bcases? ([0-9]+(?:(?:, | and | to )[0-9]+)*)", re.IGNORECASE)
_FILE = re.compile(r"test_([0-9]{1,2})_")
_PROMISE = re.compile(r"\bP([0-9]{1,2})\b")


def read(text: str) -> set[str]:
    """Find the cases and promises that a text names."""
    found = {f"P{number}" for number in _PROMISE.findall(text)}
    for numbers in _CASES.findall(text):
        for span in re.split(r", | and ", numbers):
            first, _, last = span.partition(" to ")
            found |= {f"case {number}" for number in range(int(first), int(last or first) + 1)}
    return found


def spoken(tree: ast.Module) -> Iterator[str]:
    """Give the texts in which a file and its tests say what they test."""
    yield ast.get_docstring(tree) or ""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if not node.name.startswith("test_"):
                continue
            yield ast.get_docstring(node) or ""
            decorated = [part for one in node.decorator_list for part in ast.walk(one)]
            yield from (
                part.value
                for part in decorated
                if isinstance(part, ast.Constant) and isinstance(part.value, str)
            )


def named() -> dict[str, list[str]]:
    """Map each case and promise to the files whose tests name it."""
    found: dict[str, list[str]] = {}
    for file in sorted(set(HERE.rglob("test_*.py")) - {Path(__file__)}):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        number = _FILE.match(file.name)
        called = f"case {number[1]}" if number else ""
        for what in sorted(read(" ; ".join((called, *spoken(tree))))):
            found.setdefault(what, []).append(str(file.relative_to(HERE)))
    return found


def test_every_case_and_every_promise_is_named_by_a_test_or_excepted_with_a_reason() -> None:
    missing = WANTED - named().keys() - EXCEPTIONS.keys()
    assert not sorted(missing), "write a test, or say in EXCEPTIONS why there is none"


def test_an_exception_is_one_only_while_no_test_names_it() -> None:
    assert EXCEPTIONS.keys() <= WANTED
    assert all(EXCEPTIONS.values())
    settled = [what for what in EXCEPTIONS if what in named()]
    assert not settled, "take it out of EXCEPTIONS"


def test_no_test_names_a_case_or_a_promise_that_does_not_exist() -> None:
    assert named().keys() <= WANTED


def promised() -> dict[str, list[str]]:
    """Map each promise of SECURITY.md to the files that it says test it."""
    text = (HERE.parent / "SECURITY.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (P[0-9]+) \|.*\| ([^|]+) \|$", text, re.MULTILINE)
    return {promise: re.findall(r"`(tests/[^`]+)`", files) for promise, files in rows}


def test_security_md_makes_every_promise_and_names_files_whose_tests_name_it() -> None:
    told, held = promised(), named()
    assert told.keys() == {what for what in WANTED if what.startswith("P")}
    for promise, files in told.items():
        assert files
        strays = [
            file
            for file in files
            if not any(f"tests/{one}".startswith(file) for one in held[promise])
        ]
        assert not strays, f"{promise} is not named in {strays}"


def test_the_names_are_read_as_they_are_written() -> None:
    assert read("P6, P7, cases 10, 44 and 45: x") == {"P6", "P7", "case 10", "case 44", "case 45"}
    assert read("Case 12 gzip") == {"case 12"}
    assert read("Cases 2 to 4.") == {"case 2", "case 3", "case 4"}
    assert read("case-sensitive, in 99 of 100 cases") == set()
