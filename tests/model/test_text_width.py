"""Lines keep to a number of cells, whatever letters they are made of."""

import pytest

from tui.model.text import cut, fold, width


@pytest.mark.parametrize(
    ("text", "cells", "shown"),
    [
        ("alert_mgr", 9, "alert_mgr"),
        ("alert_mgr", 8, "alert_m…"),
        ("漢字漢字", 5, "漢字…"),
        ("漢字漢字", 4, "漢…"),
        ("", 1, ""),
    ],
)
def test_what_is_too_wide_is_cut(text: str, cells: int, shown: str) -> None:
    assert cut(text, cells) == shown


def test_a_text_is_broken_at_its_spaces() -> None:
    assert fold("one two three four", 9) == ["one two", "three", "four"]


def test_a_word_that_is_too_long_is_broken() -> None:
    assert fold("a bbbbbbbb c", 4) == ["a", "bbbb", "bbbb", "c"]
    assert fold("漢字漢字", 5) == ["漢字", "漢字"]


def test_no_text_is_one_empty_line() -> None:
    assert fold("", 9) == [""]
    assert fold("  ", 9) == [""]


@pytest.mark.parametrize("text", ["漢字 " * 30, "e\u0301" * 90, "x" * 301, "a b " * 99])
def test_nothing_is_lost_and_no_line_is_too_wide(text: str) -> None:
    lines = fold(text, 7)
    assert all(width(line) <= 7 for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
