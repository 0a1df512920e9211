"""Cursor, marks and the eye's place belong to keys: they stay with them whatever the rows do."""

import random

import pytest

from tui.ui.table.rows import Cells, Row, Rows

LINES = 5


def rows(keys: str) -> list[Row]:
    """Make a row for each letter; a capital one cannot hold the cursor."""
    return [Row(key, (), inert=key.isupper()) for key in keys]


def model(keys: str, cursor: str | None = None) -> Rows:
    made = Rows()
    made.show(rows(keys), 0, LINES)
    if cursor is not None:
        assert made.move_to(cursor)
    return made


# The cursor


def test_the_cursor_begins_on_the_first_row_that_can_hold_it() -> None:
    assert model("abc").cursor == "a"
    assert model("XYb").cursor == "b"
    assert model("XY").cursor is None
    assert model("").cursor is None


@pytest.mark.parametrize("after", ["bacde", "edcba", "zzzc", "c", "abxcde", "xyzabc"])
def test_the_cursor_stays_with_its_key(after: str) -> None:
    made = model("abcde", "c")
    made.show(rows(after), 0, LINES)
    assert made.cursor == "c"


def test_a_cursor_whose_row_is_gone_stands_on_what_took_its_place() -> None:
    made = model("abcde", "c")
    made.show(rows("abde"), 0, LINES)
    assert made.cursor == "d"


def test_a_cursor_whose_row_was_the_last_goes_up() -> None:
    made = model("abcde", "e")
    made.show(rows("abcd"), 0, LINES)
    assert made.cursor == "d"


@pytest.mark.parametrize("between", [["abde"], [""], ["ab", "a", ""], ["", "xyz"], ["X"]])
def test_the_cursor_returns_to_its_row_when_that_comes_back(between: list[str]) -> None:
    made = model("abcde", "c")
    for keys in between:
        made.show(rows(keys), 0, LINES)
        assert made.cursor is None or made.cursor in keys
    made.show(rows("edcba"), 0, LINES)
    assert made.cursor == "c"


def test_a_cursor_that_was_moved_meanwhile_does_not_return() -> None:
    made = model("abcde", "c")
    made.show(rows("abde"), 0, LINES)
    made.move_to("a")
    made.show(rows("abcde"), 0, LINES)
    assert made.cursor == "a"


def test_a_cursor_that_was_confirmed_where_it_stands_does_not_return() -> None:
    made = model("abcde", "c")
    made.show(rows("abde"), 0, LINES)
    made.move_to("d")
    made.show(rows("abcde"), 0, LINES)
    assert made.cursor == "d"


def test_a_row_that_can_no_longer_hold_the_cursor_loses_it() -> None:
    made = model("abc", "b")
    made.show([Row("a", ()), Row("b", (), inert=True), Row("c", ())], 0, LINES)
    assert made.cursor == "c"
    made.show(rows("abc"), 0, LINES)
    assert made.cursor == "b"


def test_a_row_without_a_name_can_hold_the_cursor() -> None:
    made = Rows()
    made.show([Row("a", ()), Row("", ())], 0, LINES)
    assert made.move_to("")
    made.show([Row("", ()), Row("a", ())], 0, LINES)
    assert made.cursor == ""
    assert made.step(1) == "a"


def test_the_cursor_goes_nowhere_that_cannot_hold_it() -> None:
    made = model("aXc")
    assert not made.move_to("X")
    assert not made.move_to("nobody")
    assert made.cursor == "a"


def test_the_cursor_is_on_a_row_whenever_there_is_one_whatever_happens() -> None:
    dice = random.Random(7)
    made, top = Rows(), 0
    for _ in range(2000):
        keys = "".join(dice.sample("abcdefghijKLM", dice.randrange(0, 14)))
        top = made.show(rows(keys), top, LINES)
        assert 0 <= top <= max(0, len(keys) - LINES)
        able = [key for key in keys if key.islower()]
        assert (made.cursor in able) if able else made.cursor is None
        step = made.step(dice.randrange(-9, 10))
        assert step in able if able else step is None
        if step is not None and dice.random() < 0.3:
            made.move_to(step)


# The eye's place


@pytest.mark.parametrize("after", ["xyzabcdefghij", "bcdefghij", "abcdexyzfghij", "jihgfedcba"])
def test_the_line_of_the_cursor_does_not_move(after: str) -> None:
    made = model("abcdefghij", "f")
    top = made.show(rows(after), 3, LINES)
    assert after.index("f") - top == 2


def test_at_the_very_top_a_new_first_row_is_seen() -> None:
    made = model("abcdefghij", "c")
    assert made.show(rows("xabcdefghij"), 0, LINES) == 0


def test_at_the_very_top_the_cursor_is_not_lost_either() -> None:
    made = model("abcdefghij", "c")
    after = "defghijabc"
    top = made.show(rows(after), 0, LINES)
    assert after.index("c") - top in range(LINES)


def test_a_cursor_out_of_sight_leaves_the_uppermost_row_where_it_is() -> None:
    made = model("abcdefghijklm", "a")
    assert made.show(rows("xyabcdefghijklm"), 4, LINES) == 6


def test_if_the_uppermost_row_is_gone_the_next_one_keeps_its_line() -> None:
    made = model("abcdefghijklm", "a")
    assert made.show(rows("abcdfghijklm"), 4, LINES) == 3


def test_a_view_that_has_nothing_in_common_with_the_last_one_stays_within_the_rows() -> None:
    made = model("abcdefghijklm", "a")
    assert made.show(rows("xyz"), 8, LINES) == 0
    assert made.show(rows("nopqrst"), 2, LINES) == 2


def test_a_cursor_whose_row_went_is_still_in_view() -> None:
    made = model("abcdefghijklmnop", "k")
    top = made.show(rows("cdefghijlmnop"), 8, LINES)
    assert made.cursor == "n"
    assert "cdefghijlmnop".index("n") - top == 2
    assert made.show(rows("klm"), top, LINES) == 0
    assert made.cursor == "k"


def test_a_cursor_that_returns_is_in_view() -> None:
    keys = "abcdefghijklm"
    for between in ("", "abc"):
        made = model(keys, "k")
        top = made.show(rows(between), 8, LINES)
        top = made.show(rows(keys), top, LINES)
        assert made.cursor == "k"
        assert keys.index("k") - top in range(LINES), between


def test_a_row_above_is_revealed_with_what_stands_over_it() -> None:
    made = model("XabcYdefg")
    assert made.reveal(1, 3, LINES) == 0
    assert made.reveal(5, 7, LINES) == 4
    assert made.reveal(3, 7, LINES) == 3
    assert made.reveal(5, 7, 1) == 5
    assert made.reveal(8, 0, LINES) == 4
    assert made.reveal(4, 2, LINES) == 2


# Moving and pointing


def test_steps_pass_over_rows_that_cannot_hold_the_cursor() -> None:
    made = model("XaYZbcV", "a")
    assert made.step(1) == "b"
    assert made.step(2) == "c"
    assert made.step(99) == "c"
    assert made.step(-1) == "a"
    made.move_to("c")
    assert made.step(-1) == "b"
    assert made.step(-99) == "a"
    assert made.step(0) == "c"


def test_there_is_nowhere_to_step_without_rows() -> None:
    assert model("").step(1) is None
    assert model("XY").step(-1) is None


def test_a_line_that_goes_on_about_a_row_means_that_row_and_a_heading_means_none() -> None:
    made = Rows()
    about = [Row(key, (), inert=True, spans=True) for key in ("1", "2")]
    made.show([Row("H", (), inert=True), Row("a", ()), *about, Row("I", (), inert=True)], 0, LINES)
    assert [made.pointed(n) for n in range(-1, 7)] == [None, None, "a", "a", "a", None, None, None]
    made.show([Row("a", ()), Row("I", (), inert=True), Row("b", ())], 0, LINES)
    assert [made.pointed(n) for n in range(3)] == ["a", None, "b"]


# Marks and rows


def test_marks_outlive_their_rows() -> None:
    cells = Cells()
    cells.rows.show(rows("abc"), 0, LINES)
    cells.marks = {("", "b")}
    cells.rows.show([], 0, LINES)
    cells.rows.show(rows("cb"), 0, LINES)
    assert cells.marks == {("", "b")}
    assert cells.cursor == ("", "c")


def test_a_row_is_put_in_its_own_place_and_nowhere_else() -> None:
    made = model("abc")
    made.put(Row("b", (), dim=True))
    made.put(Row("nobody", ()))
    assert made.keys == ("a", "b", "c")
    assert made.row("b").dim
    with pytest.raises(KeyError):
        made.row("nobody")


def test_a_window_has_as_many_lines_as_there_is_room_for() -> None:
    made = model("abc")
    assert [row and row.key for row in made.window(1, 4)] == ["b", "c", None, None]
    assert made.window(0, 0) == []
