"""Every sign has an ASCII twin as wide as it, and the locale decides where nothing is set."""

import ast
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual._border import BORDER_CHARS
from textual.color import Color

import tui
from tests.syntax import syntax_tree
from tui.ui.terminal.ascii_signs import AsciiFilter, ascii_text, wants_ascii

SOURCES = sorted(Path(tui.__file__).parent.rglob("*.py"))


def signs_of(source: Path) -> set[str]:
    """Return the characters beyond ASCII in a module's texts, without its docstrings."""
    nodes = list(ast.walk(syntax_tree(source)))
    docs = {
        id(node.value)
        for node in nodes
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    texts = [
        node.value
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs
    ]
    return {char for text in texts for char in text if not char.isascii()}


def test_every_sign_that_a_module_shows_has_a_twin_that_is_no_question_mark() -> None:
    modules = [path for path in SOURCES if "sim" not in path.parts and path.stem != "ascii_signs"]
    shown = {char for path in modules for char in signs_of(path)}
    assert "●" in shown
    missing = {char for char in shown if "?" in ascii_text(char)}
    # Of control characters, and the ends of the range of flags, which is shown nowhere.
    assert missing <= set("\N{REPLACEMENT CHARACTER}␡🇦🇿")


def test_every_border_of_textual_is_drawn_in_ascii() -> None:
    for name, lines in BORDER_CHARS.items():
        for char in "".join("".join(line) for line in lines):
            assert ascii_text(char).isascii()
            assert ascii_text(char) != "?", (name, char)


def test_signs_that_mean_different_states_have_different_twins() -> None:
    states = "●◐↻■✗✓◆★○"
    assert len(set(ascii_text(states))) == len(states)
    assert ascii_text("●◐↻■✗✓?◆★") == "*~r#Xv?+P"


@pytest.mark.parametrize(
    "text",
    ["日本語", "é", "e\u0301x", "👩‍👩‍👧‍👦", "a→b…", "╭─ Help ─╮", "\u200b", "cc\u0455", "ﬁ", "½"],
)
def test_a_text_in_ascii_is_as_wide_as_it_was(text: str) -> None:
    assert ascii_text(text).isascii()
    assert len(ascii_text(text)) == sum(map(cell_len, text))


def test_a_name_with_letters_of_another_alphabet_is_not_shown_as_a_known_name() -> None:
    assert ascii_text("c\u0441s") == "c?s"


def test_styles_and_lines_in_ascii_stay_as_they_are() -> None:
    plain = [Segment("RUNNING"), Segment(" ok")]
    assert AsciiFilter().apply(plain, Color(0, 0, 0)) is plain
    red = Style(color="red")
    (sign, text) = AsciiFilter().apply([Segment("✗", red), Segment(" down")], Color(0, 0, 0))
    assert sign == Segment("X", red)
    assert text == Segment(" down")


@pytest.mark.parametrize(
    ("environment", "is_ascii"),
    [
        ({"LANG": "en_US.UTF-8"}, False),
        ({"LANG": "C.utf8"}, False),
        ({"LANG": "C"}, True),
        ({}, True),
        ({"LANG": "de_DE@euro"}, True),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": "POSIX"}, True),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": ""}, False),
        ({"LANG": "C", "LC_ALL": "en_US.UTF-8"}, False),
        ({"LANG": "en_US.ISO-8859-1", "LC_CTYPE": "UTF-8"}, False),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, True),
        ({"LC_CTYPE": "en_US.UTF-8"}, False),
    ],
)
def test_the_first_variable_of_the_locale_that_is_set_decides(
    environment: dict[str, str], is_ascii: bool
) -> None:
    assert wants_ascii(environment) is is_ascii
