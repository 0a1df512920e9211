"""Every fault of the matrix (cases 1 to 64) and every promise (P1 to P29) is named by a test.

A test names them in its docstring, in the id of a parameter, or in the docstring or the name of
its file: "P6, case 44.", "Cases 2 to 4.", test_53_ending.py. It is one that pytest collects, checks
something, and is not skipped.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.syntax import syntax_tree

HERE = Path(__file__).parent
WANTED = {f"case {number}" for number in range(1, 65)} | {f"P{number}" for number in range(1, 30)}

EXCEPTIONS: dict[str, str] = {}
"""Whatever no test names, and why."""

MAY_SKIP = {
    "api/test_connection.py"
    "::test_an_answer_of_before_the_machine_slept_is_not_taken_for_one_of_now": "not Linux",
    "cli/test_serve.py::test_a_real_browser_shows_the_table_and_sends_no_action": "no Chromium",
    "credentials/test_file.py"
    "::test_a_disk_that_hangs_holds_nothing_else_up_and_is_reported": "no FUSE",
    "fleet/rollout/test_manager.py::test_a_rollout_that_was_asleep_between_two_nodes_sends_"
    "nothing_before_it_is_resumed": "not Linux",
    "fleet/test_sleep.py"
    "::test_on_waking_everything_is_stale_until_it_is_polled_and_no_order_is_taken": "not Linux",
    "fleet/test_sleep.py::test_an_action_is_not_sent_hours_after_its_check": "not Linux",
    "fleet/test_sleep.py"
    "::test_a_watch_that_the_machine_slept_through_goes_on_with_what_the_node_shows_then": "not "
    "Linux",
    "model/test_clock.py::test_time_asleep_counts": "not Linux",
    "model/test_clock.py::test_time_asleep_is_what_the_clocks_have_moved_apart": "not Linux",
}
"""Tests that need what not every machine has, and what that is."""

_CASES = re.compile(r"\bcases? ([0-9]+(?:(?:, | and | to )[0-9]+)*)", re.IGNORECASE)
_FILE = re.compile(r"test_([0-9]{1,2})_")
_PROMISE = re.compile(r"\bP([0-9]{1,2})\b")


def read(text: str) -> set[str]:
    """Return the cases and promises that a text names."""
    found = {f"P{number}" for number in _PROMISE.findall(text)}
    for numbers in _CASES.findall(text):
        for span in re.split(r", | and ", numbers):
            first, _, last = span.partition(" to ")
            found |= {f"case {number}" for number in range(int(first), int(last or first) + 1)}
    return found


Function = ast.FunctionDef | ast.AsyncFunctionDef

_SKIPS = {"skip", "skipif", "xfail", "importorskip"}
_ASSERTING = {"raises", "warns", "fail"}  # pytest's own


@dataclass(frozen=True)
class Witness:
    """A test function that pytest collects, and the cases and promises that it names itself."""

    file: str
    test: Function
    names: frozenset[str]

    @property
    def title(self) -> str:
        return f"{self.file}::{self.test.name}"


def texts(test: Function) -> Iterator[str]:
    """Return the texts in which a test names what it tests: docstring and parameters."""
    yield ast.get_docstring(test) or ""
    for part in (part for one in test.decorator_list for part in ast.walk(one)):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


def collected(tree: ast.Module) -> list[Function]:
    """List the tests that pytest finds in a file: of two with one name, the last alone."""
    found = [one for one in tree.body if isinstance(one, Function) and one.name.startswith("test_")]
    return list({one.name: one for one in found}.values())


@pytest.fixture(scope="module", autouse=True)
def sources_are_forgotten() -> Iterator[None]:
    """Let no later search for garbage go through the trees: they are half a million objects."""
    yield
    for kept in (sources, witnesses, checkers):
        kept.cache_clear()


@cache
def sources() -> dict[str, ast.Module]:
    """Parse every file below tests, by its path from there."""
    files = sorted(set(HERE.rglob("*.py")) - {Path(__file__)})
    return {str(file.relative_to(HERE)): syntax_tree(file) for file in files}


@cache
def witnesses() -> tuple[Witness, ...]:
    """List every test that names a case or a promise, itself or by the head of its file."""
    found = []
    for file, tree in sources().items():
        name = file.rpartition("/")[2]
        if not name.startswith("test_"):
            continue
        number = _FILE.match(name)
        head = read(f"{f'case {number[1]}' if number else ''} ; {ast.get_docstring(tree) or ''}")
        found += [
            Witness(file, test, frozenset(head | read(" ; ".join(texts(test)))))
            for test in collected(tree)
        ]
    return tuple(one for one in found if one.names)


def named() -> dict[str, list[str]]:
    """Map each case and promise to the files whose tests name it."""
    found: dict[str, dict[str, None]] = {}
    for one in witnesses():
        for what in one.names:
            found.setdefault(what, {})[one.file] = None
    return {what: list(files) for what, files in found.items()}


def called(tree: ast.AST) -> set[str]:
    """Return the names of all that is called, of methods their last part."""
    return {
        name
        for part in ast.walk(tree)
        if isinstance(part, ast.Call)
        for name in (getattr(part.func, "id", ""), getattr(part.func, "attr", ""))
        if name and not name.startswith("__")
    }


def mentioned(tree: ast.AST) -> set[str]:
    """Return the last parts of all names."""
    return {
        part.id if isinstance(part, ast.Name) else part.attr
        for part in ast.walk(tree)
        if isinstance(part, ast.Name | ast.Attribute)
    }


def asserts(tree: ast.AST) -> bool:
    """Whether a function can fail by a check of its own."""
    return any(
        isinstance(part, ast.Assert)
        or (isinstance(part, ast.Raise) and part.exc and "AssertionError" in mentioned(part.exc))
        for part in ast.walk(tree)
    )


@cache
def checkers() -> frozenset[str]:
    """Find the helpers below tests that check something, by themselves or by another helper."""
    helpers: dict[str, list[Function]] = {}
    for tree in sources().values():
        for part in ast.walk(tree):
            if isinstance(part, Function) and not part.name.startswith("test_"):
                helpers.setdefault(part.name, []).append(part)
    found = set(_ASSERTING) | {
        name for name, bodies in helpers.items() if any(map(asserts, bodies))
    }
    calls = {name: set().union(*map(called, bodies)) for name, bodies in helpers.items()}
    while more := {name for name in calls.keys() - found if calls[name] & found}:
        found |= more
    return frozenset(found)


def test_every_test_that_names_a_case_or_a_promise_checks_something() -> None:
    idle = [
        one.title
        for one in witnesses()
        if not asserts(one.test) and not called(one.test) & checkers()
    ]
    assert not idle


def test_every_case_and_promise_has_a_test_that_is_neither_skipped_nor_expected_to_fail() -> None:
    marked = {
        file
        for file, tree in sources().items()
        for part in tree.body
        if isinstance(part, ast.Assign)
        and "pytestmark" in mentioned(part)
        and mentioned(part) & _SKIPS
    }
    skipped = [
        one.title for one in witnesses() if one.file in marked or mentioned(one.test) & _SKIPS
    ]
    assert sorted(skipped) == sorted(MAY_SKIP)
    sure = {what for one in witnesses() if one.title not in MAY_SKIP for what in one.names}
    assert sure >= WANTED - EXCEPTIONS.keys()


def test_no_test_is_hidden_by_another_of_its_name() -> None:
    hidden = [
        f"{file}::{part.name}"
        for file, tree in sources().items()
        for part in tree.body
        if isinstance(part, Function)
        and part.name.startswith("test_")
        and part not in collected(tree)
    ]
    assert not hidden


def test_a_check_is_seen_in_a_test_and_in_its_helpers_and_its_absence_too() -> None:
    idle, direct, helped = ast.parse(
        "def test_a():\n    begin_nothing()\n\ndef test_b():\n    assert run()\n\n"
        "def test_c():\n    wait_until(run)\n"
    ).body
    assert not asserts(idle)
    assert not called(idle) & checkers()
    assert asserts(direct)
    assert called(helped) & checkers()


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
