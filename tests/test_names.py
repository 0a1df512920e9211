"""One name, one thing: a reader who finds a name has found the only thing that it names."""

import ast
from collections import defaultdict
from pathlib import Path

import tui
from tests.syntax import syntax_tree

ROOT = Path(tui.__file__).parent


def public_names(path: Path) -> list[str]:
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    body = syntax_tree(path).body
    return [one.name for one in body if isinstance(one, kinds) and one.name[0] != "_"]


def test_no_public_class_or_function_stands_twice() -> None:
    places = defaultdict(list)
    for path in ROOT.rglob("*.py"):
        module = path.relative_to(ROOT)
        # The simulator is an independent witness: it names the vendor's things for itself.
        if module.parts[0] != "sim":
            for name in public_names(path):
                places[name].append(str(module))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_no_module_is_named_like_a_test() -> None:
    names = [path.name for path in ROOT.rglob("*.py")]
    assert [one for one in names if one.startswith("test_") or one.endswith("_test.py")] == []
