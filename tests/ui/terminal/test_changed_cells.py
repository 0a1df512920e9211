"""Only what differs is written, and as little of it as a terminal needs."""

import pytest
from rich.segment import Segment
from rich.style import Style
from textual._compositor import LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from tui.ui.terminal.changed_cells import TerminalCells, erases_in_color

RED, BLUE = Style.parse("red"), Style.parse("blue")
ON_GREY = Style.parse("#a0a0a0 on #202020")
LIT_ON_GREY = Style.parse("#ffffff on #202020")
SIZE = (20, 3)


def frame(*lines: str | list[tuple[str, Style]]) -> LayoutUpdate:
    strips = []
    for line in lines:
        parts = [(line, None)] if isinstance(line, str) else line
        segments = [Segment(text, style) for text, style in parts]
        strips.append([Strip(segments).adjust_cell_length(SIZE[0])])
    return LayoutUpdate(strips, Region(0, 0, *SIZE))


def after(
    first: LayoutUpdate, *, keeps_column: bool = True, keeps_ground: bool = False
) -> TerminalCells:
    cells = TerminalCells(keeps_column=keeps_column, keeps_ground=keeps_ground)
    cells.draw(first, SIZE)
    return cells


def test_one_digit_that_changed_costs_a_move_and_the_digit() -> None:
    cells = after(frame("up 0:00:01", "", ""))
    assert cells.draw(frame("up 0:00:02", "", ""), SIZE) == "\x1b[1;10H2"


def test_a_column_of_digits_costs_three_bytes_a_row() -> None:
    cells = after(frame("up 1", "up 1", "up 1"))
    assert cells.draw(frame("up 2", "up 2", "up 2"), SIZE) == "\x1b[1;4H2\b\n2\b\n2"


def test_where_a_line_feed_goes_to_the_first_column_that_is_reckoned_with() -> None:
    cells = after(frame("1", "1", "up 1"), keeps_column=False)
    assert cells.draw(frame("2", "2", "up 2"), SIZE) == "\x1b[H2\n2\n\x1b[3C2"


def test_cells_of_one_look_are_written_together() -> None:
    cells = after(frame("", "", ""))
    lines = [[("a", RED), ("b", BLUE)]] * 3
    written = cells.draw(frame(*lines), SIZE)
    assert written.count("\x1b[31m") == written.count("\x1b[34m") == 1


def test_of_a_look_only_what_differs_is_written() -> None:
    cells = after(frame([("a" * SIZE[0], ON_GREY)], "", ""))
    cells.draw(frame([("b" * SIZE[0], ON_GREY)], "", ""), SIZE)
    written = cells.draw(frame([("c" * SIZE[0], LIT_ON_GREY)], "", ""), SIZE)
    assert written == "\x1b[38;2;255;255;255m\x1b[H" + "c" * SIZE[0]


def test_after_a_sign_that_terminals_give_different_widths_the_cursor_is_moved() -> None:
    cells = TerminalCells()
    written = cells.draw(frame("● RUNNING", "", ""), SIZE)
    assert "●\x1b[2G RUNNING" in written


def test_a_control_character_is_replaced_whatever_let_it_through() -> None:
    cells = TerminalCells()
    written = cells.draw(frame("a\u202eb\x9bc", "", ""), SIZE)
    assert "\u202e" not in written
    assert "\x9b" not in written


@pytest.mark.parametrize("size", [(19, 3), (20, 4)])
def test_another_size_is_painted_whole(size: tuple[int, int]) -> None:
    shown = frame("same", "same", "same")
    cells = after(shown)
    assert "same" in cells.draw(shown, size)


def test_after_forgetting_all_is_written_with_its_look() -> None:
    shown = frame([("same", RED)], "", "")
    cells = after(shown)
    cells.forget()
    assert cells.draw(shown, SIZE).startswith("\x1b[0;31m\x1b[Hsame")


def test_a_blank_is_written_with_what_stands_beside_it_on_the_same_background() -> None:
    cells = after(frame("", "", ""))
    line = [("a  b", ON_GREY), (" " * 6, LIT_ON_GREY), ("c", ON_GREY)]
    written = cells.draw(frame(line, "", ""), SIZE)
    assert "a  b      c" in written
    assert written.count("38;2") == 1


def test_a_blank_whose_colour_alone_changed_is_not_written() -> None:
    cells = after(frame([(" " * SIZE[0], ON_GREY)], "", ""))
    assert cells.draw(frame([(" " * SIZE[0], LIT_ON_GREY)], "", ""), SIZE) == ""


def test_a_blank_that_is_underlined_is_no_plain_blank() -> None:
    cells = after(frame(" ", "", ""))
    assert "\x1b[4m" in cells.draw(frame([(" ", Style(underline=True))], "", ""), SIZE)


def test_an_attribute_ends_without_a_reset_of_the_colours() -> None:
    bold = ON_GREY + Style(bold=True)
    cells = after(frame([("a" * SIZE[0], bold)], "", ""))
    cells.draw(frame([("b" * SIZE[0], bold)], "", ""), SIZE)
    written = cells.draw(frame([("c" * SIZE[0], ON_GREY)], "", ""), SIZE)
    assert written == "\x1b[22m\x1b[H" + "c" * SIZE[0]


def test_to_a_line_farther_up_or_down_the_column_is_kept() -> None:
    cells = after(frame("up 1", "", "up 1"))
    assert cells.draw(frame("up 2", "", "up 2"), SIZE) == "\x1b[1;4H2\b\x1b[3d2"
    assert cells.draw(frame("up 2", "   x", "up 2"), SIZE) == "\b\x1b[Ax"


def test_blanks_at_an_end_are_erased_where_that_keeps_their_background() -> None:
    before, later = [("a" * SIZE[0], ON_GREY)], [("b" + " " * (SIZE[0] - 1), ON_GREY)]
    cells = after(frame(before, "", ""), keeps_ground=True)
    cells.move_to(0, 0)
    assert cells.draw(frame(later, "", ""), SIZE) == "b\x1b[19X"
    assert after(frame(before, "", "")).draw(frame(later, "", ""), SIZE).endswith("b" + " " * 19)


def test_blanks_between_words_are_erased_and_moved_over() -> None:
    line = "a" + " " * 14 + "b"
    cells = after(frame("c" * SIZE[0], "", ""), keeps_ground=True)
    assert "a\x1b[14X\x1b[14Cb" in cells.draw(frame(line, "", ""), SIZE)


def test_blanks_around_a_sign_are_erased_before_it_is_written() -> None:
    line = [("a    ─    ", ON_GREY)]
    cells = after(frame([("b" * 10, ON_GREY)], "", ""), keeps_ground=True)
    written = cells.draw(frame(line, "", ""), SIZE)
    assert written.endswith("a\x1b[9X\x1b[4C─")


def test_blanks_that_are_underlined_are_not_erased() -> None:
    cells = after(frame("", "", ""), keeps_ground=True)
    written = cells.draw(frame([(" " * SIZE[0], Style(underline=True))], "", ""), SIZE)
    assert "X" not in written


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"TERM": "xterm-256color"}, True),
        ({"TERM": "linux"}, True),
        ({"TERM": "screen-256color"}, False),
        ({"TERM": "xterm-256color", "STY": "1.pts"}, False),
        ({"TERM": "xterm-256color", "TMUX": "socket,1,0"}, False),
        ({}, False),
    ],
)
def test_blanks_are_erased_where_the_terminal_is_known_to_keep_their_background(
    environment: dict[str, str], *, expected: bool
) -> None:
    assert erases_in_color(environment) is expected
