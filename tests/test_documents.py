"""The documents name what is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = ["ARCHITECTURE.md", "CONTRIBUTING.md", "README.md", "SECURITY.md"]
_PATH = re.compile(
    r"`((?:tui|tests|themes|benchmarks|docs|\.ci)/[\w./-]*|[\w.-]+\.(?:md|toml|txt)|Makefile)`"
)
_MODULE = re.compile(r"`(tui(?:\.[a-z_]+)+)`")
_TARGET = re.compile(r"`make ([a-z]+)`")
_ROOM = re.compile(r"^(?P<indent> +)(?P<name>[a-z_]+)/ ", re.MULTILINE)


def text_of(document: str) -> str:
    return (ROOT / document).read_text(encoding="utf-8")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_path_that_a_document_names_exists(document: str) -> None:
    named = set(_PATH.findall(text_of(document))) - {"config.toml", "copied.txt"}
    assert sorted(path for path in named if not (ROOT / path).exists()) == []
    assert named


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_module_that_a_document_names_exists(document: str) -> None:
    modules = [ROOT / Path(*name.split(".")) for name in _MODULE.findall(text_of(document))]
    assert [
        str(one) for one in modules if not (one.is_dir() or one.with_suffix(".py").exists())
    ] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_target_that_a_document_names_is_in_the_makefile(document: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", text_of("Makefile"), re.MULTILINE))
    assert set(_TARGET.findall(text_of(document))) <= targets


def test_the_architecture_lists_every_package_and_no_other() -> None:
    listed: set[str] = set()
    parent = ""
    for room in _ROOM.finditer(text_of("ARCHITECTURE.md").split("```")[1]):
        if len(room["indent"]) == 2:
            parent = room["name"]
            listed.add(parent)
        else:
            listed.add(f"{parent}/{room['name']}")
    there = {
        str(file.parent.relative_to(ROOT / "tui")) for file in ROOT.glob("tui/*/**/__init__.py")
    }
    assert listed == there
