"""Cursor, marks and the eye's place belong to keys: they stay with them whatever the rows do."""

import random
from itertools import product

import pytest
from rich.cells import cell_len
from rich.style import Style

from tests.ui.table.hostile import NAMES
from tui.model.text import clean
from tui.ui.table.rows import (
    WHOLE_LINE,
    Cell,
    Cells,
    Column,
    LineLook,
    Row,
    Rows,
    changed_span,
    fit,
    head_row,
    paint_row,
    place_columns,
    view_texts,
)

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


def test_what_is_in_view_is_counted_without_rows_that_cannot_hold_the_cursor() -> None:
    made = model("AabBcCdD")
    assert made.in_view(0, 8) == (1, 4, 4)
    assert made.in_view(0, 3) == (1, 2, 4)
    assert made.in_view(2, 3) == (2, 3, 4)
    assert made.in_view(3, 1) == (3, 2, 4)
    assert made.in_view(6, 9) == (4, 4, 4)
    assert made.in_view(9, 9) == (5, 4, 4)
    assert Rows().in_view(0, 5) == (1, 0, 0)


WIDTHS = range(1, 61)
COLUMNS = (
    Column("name", "SERVICE", 10, grow=2),
    Column("status", "STATUS", 8),
    Column("uptime", "UPTIME", 6, right=True),
    Column("kind", "KIND", 5, drop=1),
    Column("change", "CHANGE", 9, grow=3, drop=3),
    Column("started", "STARTED", 7, drop=2),
)
PLAIN = LineLook(Style())
PALETTE = {"ok": "green", "accent": "bold cyan", "stale_row": "#777777", "stale": "black on red"}


def row(*texts: str, key: str = "k", **more: bool) -> Row:
    return Row(key, tuple(Cell(text) for text in texts), **more)


def keys(width: int) -> list[str]:
    return [place.column.key for place in place_columns(COLUMNS, width)]


# Fitting


@pytest.mark.parametrize("right", [False, True])
def test_a_text_takes_exactly_its_width_and_is_printable(right: bool) -> None:
    for name, width in product(NAMES, WIDTHS):
        fitted = fit(name, width, right=right)
        assert cell_len(fitted) == width, (name, width, fitted)
        assert fitted.isprintable(), (name, width, fitted)


def test_no_width_at_all_shows_nothing() -> None:
    for name, width in product(NAMES, (0, -1, -7)):
        assert fit(name, width) == ""


def test_markup_is_shown_as_it_was_written() -> None:
    assert fit("[b]x[/b]", 10) == "[b]x[/b]  "
    assert fit("[@click=app.quit]x[/]", 21) == "[@click=app.quit]x[/]"


def test_a_text_that_fits_is_not_cut() -> None:
    for name in map(clean, NAMES):
        if len(name) <= 4 * cell_len(name) and "\ufe0f" not in name:
            assert fit(name, cell_len(name)) == name


def test_a_cut_text_says_so() -> None:
    for name in map(clean, NAMES):
        for width in range(1, min(60, cell_len(name.replace("\ufe0f", "")))):
            assert "…" in fit(name, width), (name, width)


def test_a_text_hidden_behind_many_marks_is_not_dropped_in_silence() -> None:
    assert fit("\u0e01" + "\u0e34" * 40 + "bcd", 4).endswith("…")


def test_a_character_that_some_terminals_make_wider_is_shown_by_its_code() -> None:
    assert fit("1\ufe0f2", 5) == "1\N{REPLACEMENT CHARACTER}2  "


def test_numbers_stand_at_the_right() -> None:
    assert fit("17", 5, right=True) == "   17"
    assert fit("漢", 5, right=True) == "   漢"


def test_a_wide_character_that_is_cut_in_half_leaves_a_space() -> None:
    assert fit("漢字漢字", 4) == "漢 …"
    assert fit("漢字", 1) == "…"


# Places


def test_columns_never_take_more_than_there_is_once_the_rest_is_dropped() -> None:
    least = 2 + 10 + 1 + 8 + 1 + 6
    for width in range(least, 200):
        laid = place_columns(COLUMNS, width)
        assert laid[-1].at + laid[-1].width <= width, width


def test_columns_stand_beside_one_another_with_one_gap() -> None:
    for width in range(1, 200):
        at = 2
        for place in place_columns(COLUMNS, width):
            assert place.at == at
            at += place.width + 1


def test_the_columns_of_the_highest_drop_go_first() -> None:
    every = ["name", "status", "uptime", "kind", "change", "started"]
    assert keys(200) == keys(52) == every
    assert keys(51) == keys(42) == ["name", "status", "uptime", "kind", "started"]
    assert keys(41) == keys(34) == ["name", "status", "uptime", "kind"]
    assert keys(33) == keys(28) == ["name", "status", "uptime"]


def test_columns_that_must_stay_do_so_in_no_room_at_all() -> None:
    assert keys(1) == keys(0) == ["name", "status", "uptime"]


def test_what_is_left_over_is_shared_by_growth() -> None:
    narrow, wide = place_columns(COLUMNS, 52), place_columns(COLUMNS, 152)
    grown = [b.width - a.width for a, b in zip(narrow, wide, strict=True)]
    assert grown == [40, 0, 0, 0, 60, 0]


def test_a_place_knows_which_cell_is_its_own_after_others_were_dropped() -> None:
    assert [place.index for place in place_columns(COLUMNS, 45)] == [0, 1, 2, 3, 5]


def test_no_columns_have_no_places() -> None:
    assert place_columns((), 40) == ()


@pytest.mark.parametrize(
    ("view", "texts"),
    [
        ((1, 20, 32), ("1\N{EN DASH}20 of 32", "1\N{EN DASH}20/32")),
        ((13, 32, 32), ("13\N{EN DASH}32 of 32", "13\N{EN DASH}32/32")),
        ((5, 5, 32), ("5 of 32", "5/32")),
        ((1, 32, 32), ()),
        ((3, 2, 32), ()),
        ((1, 0, 0), ()),
    ],
)
def test_which_rows_are_in_view_is_said_where_not_all_are(
    view: tuple[int, int, int], texts: tuple[str, ...]
) -> None:
    assert view_texts(*view) == texts


NAMED = (Column("name", "SERVICE", 18), Column("kind", "KIND", 8))
EVENTS = (
    Column("sign", "", 1),
    Column("clock", "UTC", 8),
    Column("age", "AGE", 20, right=True),
    Column("text", "EVENT", 20),
)
PROBLEMS = (
    Column("severity", "SEVERITY", 10),
    Column("what", "PROBLEM", 20),
    Column("node", "NODE", 4),
)


@pytest.mark.parametrize(
    ("columns", "heads"),
    [
        (NAMED, ("SERVICE 1-20 of 32", "KIND")),
        ((Column("name", "SERVICE", 17), NAMED[1]), ("SERVICE 1-20/32", "KIND")),
        ((Column("name", "SERVICE", 14), NAMED[1]), ("SERVICE", "KIND")),
        ((Column("name", "SERVICE", 14), Column("kind", "", 8)), ("SERVICE", " 1-20/32")),
        (EVENTS, ("", "UTC", "AGE", "EVENT     1-20 of 32")),
        (PROBLEMS, ("SEVERITY", "PROBLEM 1-20 of 32", "NODE")),
    ],
)
def test_the_rows_in_view_stand_beside_a_title_that_has_room(
    columns: tuple[Column, ...], heads: tuple[str, ...]
) -> None:
    """Beside the first one, else at the end of the line, else in between; else not at all."""
    head = head_row(columns, place_columns(columns, 70), ("1-20 of 32", "1-20/32"))
    assert tuple(cell.text for cell in head.cells) == heads
    whole = head_row(columns, place_columns(columns, 70), ())
    assert [cell.text for cell in whole.cells] == [column.title for column in columns]


# Painting


def test_a_painted_row_is_as_wide_as_its_places() -> None:
    for name, width in product(NAMES, WIDTHS):
        laid = place_columns(COLUMNS, width)
        end = laid[-1].at + laid[-1].width
        for more in ({}, {"spans": True}, {"inert": True}, {"dim": True}):
            strip = paint_row(row(*[name] * 6, **more), laid, PALETTE, PLAIN)
            assert strip.cell_length == cell_len(strip.text) == end, (name, width, more)
            assert strip.text.isprintable()


def test_the_gutter_shows_cursor_and_mark() -> None:
    laid = place_columns(COLUMNS, 60)
    painted = [
        paint_row(row(*"abcdef"), laid, {}, LineLook(Style(), cursor, mark)).text[:3]
        for cursor, mark in product(" ▌", " ●")
    ]
    assert painted == ["  a", " ●a", "▌ a", "▌●a"]


def test_a_cell_has_the_style_it_names() -> None:
    laid = place_columns(COLUMNS[:2], 60)
    painted = paint_row(Row("k", (Cell("a", "ok"), Cell("b", "italic"))), laid, PALETTE, PLAIN)
    styles = {segment.text.strip(): segment.style for segment in painted if segment.text.strip()}
    assert styles["a"] == Style.parse("green")
    assert styles["b"] == Style.parse("italic")


def test_an_unknown_style_is_no_style() -> None:
    laid = place_columns(COLUMNS[:1], 60)
    strip = paint_row(Row("k", (Cell("a", "no such style at all"),)), laid, {}, PLAIN)
    assert strip.text.strip() == "a"


def test_an_old_row_fades_but_what_says_that_it_is_old() -> None:
    laid = place_columns(COLUMNS[:2], 60)
    cells = (Cell("old", "ok"), Cell("STALE", "stale"))
    painted = paint_row(Row("k", cells, dim=True), laid, PALETTE, PLAIN)
    styles = {segment.text.strip(): segment.style for segment in painted if segment.text.strip()}
    assert styles["old"] == Style.parse("#777777")
    assert styles["STALE"] == Style.parse("black on red")


def test_the_second_cell_of_a_spanning_row_has_all_the_room_to_the_right() -> None:
    laid = place_columns(COLUMNS, 60)
    long = "x" * 30
    for more in ({"spans": True}, {"inert": True}):
        assert long in paint_row(row("", long, *"cdef", **more), laid, {}, PLAIN).text
    assert long not in paint_row(row("", long, *"cdef"), laid, {}, PLAIN).text


def test_a_cell_over_several_columns_has_their_room_and_hides_their_cells() -> None:
    laid = place_columns(COLUMNS, 60)
    cells = (Cell("a"), Cell("x" * 40, spans=2), Cell("hidden"), Cell("d"))
    strip = paint_row(Row("k", cells), laid, {}, PLAIN)
    assert "hidden" not in strip.text
    assert strip.text[laid[1].at : laid[2].end].rstrip("…") == "x" * (laid[2].end - laid[1].at - 1)
    assert strip.text[laid[3].at] == "d"
    assert strip.cell_length == laid[-1].end


def test_signs_stand_before_their_cells_and_a_cell_may_have_its_own_ground() -> None:
    laid = place_columns(COLUMNS[:3], 60)
    cells = (Cell("a"), Cell("b", sign="│"), Cell("c"))
    ground = Style(bgcolor="red")
    look = LineLook(Style(), own={2: ("▌", ground)})
    strip = paint_row(Row("k", cells), laid, {}, look)
    assert strip.text[laid[1].at - 1] == "│"
    assert strip.text[laid[2].at - 1] == "▌"
    red = "".join(one.text for one in strip if one.style and one.style.bgcolor == ground.bgcolor)
    assert red.split() == ["▌", "c"]


def test_loud_cells_are_bold_and_faded_ones_are_old() -> None:
    laid = place_columns(COLUMNS[:3], 60)
    cells = (Cell("loud", "ok", "ok", loud=True), Cell("old", "ok", faded=True), Cell("c"))
    painted = paint_row(Row("k", cells), laid, PALETTE, PLAIN)
    styles = {segment.text.strip(): segment.style for segment in painted if segment.text.strip()}
    assert styles["loud"] == Style.parse("bold green")
    assert styles["old"] == Style.parse("#777777")


def test_a_row_with_too_few_cells_is_painted_with_empty_ones() -> None:
    laid = place_columns(COLUMNS, 60)
    strip = paint_row(row("a", "b"), laid, {}, PLAIN)
    assert strip.text.split() == ["a", "b"]
    assert strip.cell_length == laid[-1].at + laid[-1].width


# What changed


def test_equal_rows_need_no_paint() -> None:
    laid = place_columns(COLUMNS, 60)
    assert changed_span(None, None, laid) is None
    assert changed_span(row(*"abcdef"), row(*"abcdef"), laid) is None


def test_from_the_first_changed_cell_to_the_last_one_is_painted() -> None:
    laid = place_columns(COLUMNS, 80)
    for first, last in product(range(6), range(6)):
        if first <= last:
            texts = ["z" if n in {first, last} else c for n, c in enumerate("abcdef")]
            at, end = laid[first].at, laid[last].end
            assert changed_span(row(*"abcdef"), row(*texts), laid) == (at, end - at)


def test_a_changed_sign_before_a_cell_is_painted_with_it() -> None:
    laid = place_columns(COLUMNS, 80)
    old = Row("k", (Cell("a"), Cell("b"), Cell("c")))
    new = Row("k", (Cell("a"), Cell("b", sign="▾"), Cell("c")))
    assert changed_span(old, new, laid) == (laid[1].at - 1, laid[1].width + 1)


def test_a_changed_cell_over_several_columns_is_a_whole_line() -> None:
    laid = place_columns(COLUMNS, 80)
    old = Row("k", (Cell("a"), Cell("b", spans=2)))
    new = Row("k", (Cell("a"), Cell("other", spans=2)))
    assert changed_span(old, new, laid) == WHOLE_LINE


def test_a_changed_style_is_a_change() -> None:
    laid = place_columns(COLUMNS[:1], 60)
    old, new = Row("k", (Cell("a", "ok"),)), Row("k", (Cell("a", "bad"),))
    assert changed_span(old, new, laid) == (laid[0].at, laid[0].width)


def test_a_cell_that_is_not_on_the_screen_needs_no_paint() -> None:
    laid = place_columns(COLUMNS, 30)
    assert changed_span(row(*"abcdef"), row(*"abcdeX"), laid) is None


def test_another_row_or_another_kind_of_row_is_a_whole_line() -> None:
    laid = place_columns(COLUMNS, 60)
    old = row(*"abcdef")
    for new in (
        None,
        row(*"abcdef", key="other"),
        row(*"abcdef", dim=True),
        row(*"abcdef", inert=True),
        row(*"abcdef", spans=True),
    ):
        assert changed_span(old, new, laid) == WHOLE_LINE
        assert changed_span(new, old, laid) == WHOLE_LINE


def test_a_changed_text_that_has_all_the_room_is_a_whole_line() -> None:
    laid = place_columns(COLUMNS, 60)
    for more in ({"spans": True}, {"inert": True}):
        old, new = row("", "long ago", *"cdef", **more), row("", "now", *"cdef", **more)
        assert changed_span(old, new, laid) == WHOLE_LINE


def test_rows_with_other_numbers_of_cells_are_compared_without_a_crash() -> None:
    laid = place_columns(COLUMNS, 60)
    assert changed_span(row("a"), row(*"abcdef"), laid)
    assert changed_span(row(*"abcdef"), row("a"), laid)


def test_a_cell_of_runs_shows_its_newest_end_each_run_in_its_style() -> None:
    laid = place_columns((Column("strip", "", 4),), 40)
    cell = Cell("abcdef", runs=(("ok", 3), ("bad", 1), ("ok", 2)))
    strip = paint_row(Row("k", (cell,)), laid, {"ok": "green", "bad": "red"}, LineLook(Style()))
    assert strip.text == "  cdef"
    colors = {segment.text: segment.style.color for segment in strip if segment.style}
    assert colors["c"] == colors["ef"] == Style.parse("green").color
    assert colors["d"] == Style.parse("red").color


def test_a_cell_of_runs_that_is_old_fades_as_any_other() -> None:
    laid = place_columns((Column("strip", "", 4),), 40)
    cell = Cell("abcd", runs=(("bad", 4),))
    row = Row("k", (cell,), dim=True)
    strip = paint_row(row, laid, {"bad": "red", "stale_row": "blue"}, LineLook(Style()))
    assert [one.style.color for one in strip if one.text == "abcd" and one.style] == [
        Style.parse("blue").color
    ]


def test_a_column_grows_no_wider_than_it_may() -> None:
    columns = (Column("a", "", 4), Column("b", "", 4, grow=1, at_most=10))
    assert [place.width for place in place_columns(columns, 60)] == [4, 10]
    assert [place.width for place in place_columns(columns, 14)] == [4, 7]
