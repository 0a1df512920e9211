"""The matrix paints what changed and no more; counted in lines, never in seconds."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widgets import Button

from tests.ui.matrix_columns import DAYS, column, grid
from tests.ui.table.host import PaintRecord, painted
from tests.ui.table.hostile import NAMES
from tui.model.text import clean
from tui.ui.matrix.grid import Grid
from tui.ui.matrix.matrix_table import MatrixTable, fit_columns
from tui.ui.table.rows import GUTTER

HEAD = 3


class CountingMatrix(PaintRecord, MatrixTable):
    """A matrix that remembers what it painted."""

    def __init__(self) -> None:
        super().__init__({}, id="matrix")


class Host(App[None]):
    """Holds the matrix, and something else to focus."""

    CSS = "#matrix { height: 1fr; }"

    def __init__(self) -> None:
        super().__init__()
        self.matrix = CountingMatrix()

    def compose(self) -> ComposeResult:
        yield self.matrix
        yield Button("other", id="other")


class Shown:
    """The matrix as a test sees it."""

    def __init__(self, app: Host, pilot: Pilot[None]) -> None:
        self.app, self.pilot, self.widget = app, pilot, app.matrix

    async def settle(self) -> None:
        await painted(self.app, self.widget)

    async def painted_by(self, act: Callable[[], Any]) -> list[int]:
        await self.settle()
        self.widget.painted.clear()
        act()
        await self.settle()
        return sorted(set(self.widget.painted))

    @property
    def lines(self) -> list[str]:
        return [self.widget.render_line(y).text for y in range(self.widget.size.height)]


@asynccontextmanager
async def open_matrix(shown: Grid, size: tuple[int, int] = (60, 16)) -> AsyncIterator[Shown]:
    app = Host()
    async with app.run_test(size=size) as pilot:
        host = Shown(app, pilot)
        app.matrix.focus()
        app.matrix.present(shown)
        await host.settle()
        yield host


def many(nodes: int = 10, services: int = 20, **other: str | int) -> Grid:
    """Make a grid in which all is well, but what is said otherwise of `s03` and the like."""
    said = {f"s{number:02}": DAYS for number in range(services)}
    first = column("n0", said | other, number=1)
    rest = [column(f"n{number}", {**said}, number=number + 1) for number in range(1, nodes)]
    return grid(first, *rest)


async def test_an_equal_grid_paints_nothing() -> None:
    async with open_matrix(many()) as matrix:
        assert await matrix.painted_by(lambda: matrix.widget.present(many())) == []


async def test_a_cell_that_changed_paints_its_own_line() -> None:
    async with open_matrix(many()) as matrix:
        other = many(s04=DAYS + 86400)
        assert await matrix.painted_by(lambda: matrix.widget.present(other)) == [HEAD + 4]
        assert "● 4d04h" in matrix.lines[HEAD + 4]


async def test_what_changed_out_of_view_paints_nothing() -> None:
    async with open_matrix(many()) as matrix:
        other = many(s19=DAYS + 86400)
        assert await matrix.painted_by(lambda: matrix.widget.present(other)) == []
        matrix.widget.point("n9", "s19")
        await matrix.settle()
        assert await matrix.painted_by(lambda: matrix.widget.present(many())) == []


async def test_a_step_down_paints_two_lines_and_a_step_across_the_line_and_the_head() -> None:
    async with open_matrix(many()) as matrix:
        widget = matrix.widget
        assert await matrix.painted_by(widget.action_down) == [HEAD, HEAD + 1]
        assert await matrix.painted_by(lambda: widget.action_across(1)) == [0, HEAD + 1]
        assert await matrix.painted_by(widget.toggle_mark) == [HEAD + 1]


@pytest.mark.parametrize("other", ["s04", "s19"])
async def test_nothing_of_the_cursor_stays_behind_when_a_problem_moves_its_row(other: str) -> None:
    async with open_matrix(many()) as matrix:
        matrix.widget.point("n1", "s04")
        matrix.widget.toggle_mark()
        await matrix.settle()
        for shown in (many(**{other: "FATAL"}), many(), many(**{other: DAYS * 2})):
            assert matrix.widget.left_behind(partial(matrix.widget.present, shown)) == []
            assert matrix.widget.cursor == ("n1", "s04")


async def test_whatever_moves_the_cursor_or_the_columns_leaves_nothing_behind() -> None:
    async with open_matrix(many()) as matrix:
        widget = matrix.widget
        for act in (
            widget.action_down, lambda: widget.action_across(1), lambda: widget.action_edge(1),
            widget.toggle_mark, widget.action_last, lambda: widget.action_edge(-1),
            widget.clear_marks, lambda: widget.present(many(3, 4)), lambda: widget.present(grid()),
            lambda: widget.present(many()), lambda: widget.set_signs(alone=True),
        ):  # fmt: skip
            assert widget.left_behind(act) == []
            await matrix.settle()


async def test_a_cell_that_did_not_change_is_not_painted_with_one_that_did() -> None:
    async with open_matrix(many()) as matrix:
        widget = matrix.widget
        widget.asked.clear()
        widget.present(many(s04=DAYS + 86400))
        (asked,) = widget.asked
        assert asked.y == HEAD + 4
        assert "● 4d04h" in widget.render_line(asked.y).crop(asked.x, asked.right).text
        assert asked.width <= 16


async def test_signs_alone_use_the_whole_width_and_what_stands_out_is_a_block() -> None:
    columns = [column(f"n{n}", {"calm": DAYS, "odd": "FATAL" if n == 1 else DAYS}) for n in (1, 2)]
    async with open_matrix(grid(*columns)) as matrix:
        matrix.widget.set_signs(alone=True)
        await matrix.settle()
        odd, calm = (matrix.widget.render_line(HEAD + line) for line in (0, 1))
        assert [line.text.split()[-2:] for line in (odd, calm)] == [["✗", "●"], ["●", "●"]]
        block = next(segment for segment in odd if "✗" in segment.text)
        assert len(block.text) >= 10
        assert block.style is not None
        assert block.style.reverse
        assert not any(segment.style and segment.style.reverse for segment in calm)


async def test_losing_the_focus_shows_the_cursor_weaker() -> None:
    async with open_matrix(many()) as matrix:
        strong = matrix.widget.render_line(HEAD)
        assert "▌" in strong.text
        assert HEAD in await matrix.painted_by(lambda: matrix.app.query_one("#other").focus())
        weak = matrix.widget.render_line(HEAD)
        assert "▏" in weak.text
        assert "▌" not in weak.text
        assert HEAD in await matrix.painted_by(matrix.widget.focus)
        assert matrix.widget.render_line(HEAD) == strong


async def test_names_and_heads_stay_while_the_rest_scrolls() -> None:
    async with open_matrix(many()) as matrix:
        matrix.widget.point("n9", "s19")
        await matrix.settle()
        assert matrix.lines[0].split()[0] == "SERVICE"
        assert "n9" in matrix.lines[0]
        assert "◀ " in matrix.lines[1]
        assert any(line.startswith("▸ s19") for line in matrix.lines)
        assert all(len(line) == 60 for line in matrix.lines)


async def test_a_smaller_terminal_keeps_the_cursor_in_view() -> None:
    async with open_matrix(many(), size=(100, 30)) as matrix:
        matrix.widget.point("n7", "s19")
        await matrix.pilot.resize_terminal(44, 12)
        await matrix.settle()
        assert "n7" in [one.key for one in matrix.widget.columns]
        assert any("▌" in line and "s19" in line for line in matrix.lines)


async def test_a_matrix_without_rows_says_why() -> None:
    async with open_matrix(grid()) as matrix:
        matrix.widget.set_empty("No node yet.")
        await matrix.settle()
        assert any("No node yet." in line for line in matrix.lines)
        assert matrix.widget.cursor is None
        for act in (
            matrix.widget.action_down, matrix.widget.toggle_mark, matrix.widget.action_choose,
            matrix.widget.clear_marks,
        ):  # fmt: skip
            act()
        matrix.widget.action_across(1)
        matrix.widget.action_next_problem(1)


@pytest.mark.parametrize("width", [1, 20, 60, 80, 200])
@pytest.mark.parametrize("signs", [False, True])
async def test_hostile_and_wide_names_leave_every_cell_in_its_column(
    width: int, signs: bool
) -> None:
    """P14, case 39."""
    services: dict[str, str | int | None] = {clean(name): clean(name)[:9] for name in NAMES}
    columns = [
        column(clean(name), services, cluster=clean(name)[:3], number=number)
        for number, name in enumerate(NAMES)
    ]
    shown = grid(*columns)
    async with open_matrix(shown, size=(width, len(NAMES) + 10)) as matrix:
        matrix.widget.set_signs(alone=signs)
        matrix.widget.point(columns[4].key, shown.rows[2].name)
        await matrix.settle()
        strips = [matrix.widget.render_line(y) for y in range(matrix.widget.size.height)]
        assert len(matrix.widget.row_keys) == len(shown.rows)
        for strip in strips:
            assert strip.text.isprintable()
            assert cell_len(strip.text) == matrix.widget.size.width == strip.cell_length
        name, cell, count = fit_columns(
            matrix.widget.scrollable_content_region.width,
            shown.longest,
            len(columns),
            signs=signs,
        )
        ends = [GUTTER + name + number * (cell + 1) for number in range(count + 1)]
        for strip in strips[1:]:
            for end in ends[:-1]:
                assert strip.crop(end, end + 1).text in ("", *" │▾▌▏"), strip.text
            assert not strip.crop(ends[-1]).text.strip()
