"""What comes from outside is harmless before it is shown."""

import unicodedata
import weakref

import pytest

from tui.model.text import LIMIT, clean, fold_line, is_harmless

HOSTILE = [
    "\x1b[2J\x1b[Hgone",
    "\x1b]52;c;ZWNobyBwd25lZA==\x07",
    "\x9b31mred",
    "\x90q\x9c",
    "alert\u202emgr",
    "zero\u200bwidth",
    "tag\U000e0041",
    "line\u2028break",
    "bell\x07 null\x00 delete\x7f",
    "lone \ud800 surrogate",
    "private \ue000 use",
]


@pytest.mark.parametrize("raw", HOSTILE)
def test_no_character_that_a_terminal_obeys_remains(raw: str) -> None:
    cleaned = clean(raw)
    assert cleaned.isprintable()
    assert not any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co"} for char in cleaned)


@pytest.mark.parametrize("raw", HOSTILE)
def test_a_text_that_had_to_be_cleaned_never_passes_for_a_plain_one(raw: str) -> None:
    assert not clean(raw).isascii()


@pytest.mark.parametrize("raw", ["alert_mgr", "", "node 1 (primary)", "naïve", "日本語", "😀"])
def test_a_harmless_text_stays_as_it_is(raw: str) -> None:
    assert clean(raw) == raw


def test_a_long_text_is_cut_and_ends_in_an_ellipsis() -> None:
    assert clean("a" * 1000, 10) == "a" * 9 + "…"


def test_at_most_two_combining_marks_stand_on_a_character() -> None:
    assert sum(map(unicodedata.combining, clean("e" + "\u0301" * 50))) == 2 * 230


@pytest.mark.parametrize("char", ["\ufe0f", "\U000e0101", "\U0001f3fd", "\U0001f1e9"])
def test_what_changes_the_look_of_the_character_before_it_is_replaced(char: str) -> None:
    """Variation selectors, skin tones, letters of flags: printable, and each terminal differs."""
    assert clean(f"a{char}") == "a\ufffd"
    assert not is_harmless(f"a{char}")


def test_control_characters_become_their_pictures() -> None:
    assert clean("\x00\x1f\x7f\x80") == "\u2400\u241f\u2421\ufffd"


def test_every_kind_of_space_becomes_a_space() -> None:
    assert clean("a\u00a0b\u2003c") == "a b c"


@pytest.mark.parametrize(
    "char",
    ["\ufe00", "\ufe0f", "\U000e0100", "\U000e01ef", "\U0001f3fb", "\U0001f3ff", "\U0001f1e6",
     "\U0001f1ff"],
)  # fmt: skip
def test_a_character_that_changes_the_look_of_another_is_replaced(char: str) -> None:
    assert char.isprintable()
    assert not is_harmless(f"a{char}b")
    assert clean(f"a{char}b") == "a\ufffdb"


@pytest.mark.parametrize("char", ["é", "漢", "\ufdff", "\ufe10", "\U0001f3fa", "\U0001f400"])
def test_its_neighbours_are_harmless(char: str) -> None:
    assert is_harmless(f"a{char}b")
    assert clean(f"a{char}b") == f"a{char}b"


class Answer(str):
    """A text whose end of life can be seen."""

    __slots__ = ("__weakref__",)


@pytest.mark.parametrize("length", [LIMIT, LIMIT + 1, 500_000])
def test_a_text_from_outside_is_not_kept(length: int) -> None:
    """P17: a node that sends something long and new in each answer fills no memory."""
    answer = Answer("x" * length)
    assert len(clean(answer)) == LIMIT
    seen = weakref.ref(answer)
    del answer
    assert seen() is None


def test_a_printed_line_is_folded_at_spaces_with_all_but_one_line_indented() -> None:
    line = "rsdeck: node1 is locked; run `rsdeck trust node1` to see both, then start it again"
    assert fold_line(line, 100) == [line]
    assert fold_line(line, 40) == [
        "rsdeck: node1 is locked; run",
        "  `rsdeck trust node1` to see both, then",
        "  start it again",
    ]
    assert fold_line(f"at {'x' * 50} now", 40) == ["at", f"  {'x' * 50}", "  now"]
    assert fold_line("run `rsdeck rollout restart alert_mgr` now", 20) == [
        "run `rsdeck",
        "  rollout restart",
        "  alert_mgr` now",
    ]
