"""What comes from outside is harmless before anybody sees it."""

import tracemalloc
import unicodedata

import pytest

from tui.model.text import LIMIT, clean

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
def test_nothing_that_a_terminal_obeys_is_left(raw: str) -> None:
    cleaned = clean(raw)
    assert cleaned.isprintable()
    assert not any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co"} for char in cleaned)


@pytest.mark.parametrize("raw", HOSTILE)
def test_a_text_that_had_to_be_cleaned_never_passes_for_a_plain_one(raw: str) -> None:
    assert not clean(raw).isascii()


@pytest.mark.parametrize("raw", ["alert_mgr", "", "node 1 (primary)", "naïve", "日本語", "😀"])
def test_a_harmless_text_stays_as_it_is(raw: str) -> None:
    assert clean(raw) == raw


def test_a_long_text_is_cut_and_says_so() -> None:
    assert clean("a" * 1000, 10) == "a" * 9 + "…"


def test_at_most_two_combining_marks_stand_on_a_character() -> None:
    assert sum(map(unicodedata.combining, clean("e" + "\u0301" * 50))) == 2 * 230


def test_every_kind_of_space_becomes_a_space() -> None:
    assert clean("a\u00a0b\u2003c") == "a b c"


def test_what_was_cut_away_is_not_kept() -> None:
    """P17: a node that says something long and new in each answer fills no memory."""
    tracemalloc.start()
    try:
        for number in range(40):
            assert len(clean(f"{number:03}" + "x" * 500_000)) == LIMIT
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 1_000_000
