"""The live table paints what changed and no more; counted in lines, never in seconds."""

from unicodedata import combining

import pytest
from rich.cells import cell_len

from tests.ui.table.host import COLUMNS, Table, many, open_table, row
from tests.ui.table.hostile import NAMES
from tui.ui.table.live_table import Cell, Column, Row

MANY = 15_000
MARKED = 1000
VISIBLE = list(range(11))


async def test_equal_rows_paint_nothing() -> None:
    async with open_table(many(30)) as table:
        assert await table.painted_by(lambda: table.widget.show(many(30))) == []
        assert await table.painted_by(lambda: table.widget.patch(many(30))) == []


async def test_a_changed_uptime_paints_its_own_line() -> None:
    async with open_table(many(30)) as table:
        rows = many(30)
        rows[4] = row("s00004", uptime="2s")
        assert await table.painted_by(lambda: table.widget.show(rows)) == [5]
        changed = [row("s00006", uptime="3s"), row("s00025", uptime="3s")]
        assert await table.painted_by(lambda: table.widget.patch(changed)) == [7]
        assert table.lines[5].endswith(" 2s ")
        assert table.lines[7].endswith(" 3s ")


async def test_a_move_of_the_cursor_paints_the_line_it_left_and_the_one_it_came_to() -> None:
    async with open_table(many(30)) as table:
        assert await table.painted_by_keys("down") == [1, 2]
        assert await table.painted_by(lambda: table.widget.move_to("s00009")) == [2, 10]
        assert await table.painted_by(lambda: table.widget.move_to("s00009")) == []


async def test_a_mark_paints_its_own_line() -> None:
    async with open_table(many(30)) as table:
        assert await table.painted_by(table.widget.toggle_mark) == [1]
        assert await table.painted_by(lambda: table.widget.toggle_mark("s00003")) == [4]
        assert await table.painted_by(lambda: table.widget.toggle_mark("s00025")) == []
        assert await table.painted_by(table.widget.clear_marks) == [1, 4]
        assert await table.painted_by(table.widget.clear_marks) == []


async def test_losing_the_focus_and_getting_it_paints_the_line_of_the_cursor() -> None:
    async with open_table(many(30)) as table:
        table.widget.move_to("s00002")
        strong = table.strips()[3]
        assert 3 in await table.painted_by(lambda: table.app.query_one("#other").focus())
        weak = table.strips()[3]
        assert strong.text.startswith("▌ s00002")
        assert weak.text.startswith("▏ s00002")
        assert [s.style for s in weak][2:] != [s.style for s in strong][2:]
        assert 3 in await table.painted_by(table.widget.focus)
        assert table.strips()[3] == strong


async def test_new_colours_and_a_changed_reason_for_an_empty_table_are_painted() -> None:
    async with open_table([Row("a", (Cell("a", "ok"), Cell("b"), Cell("c")))]) as table:
        painted = await table.painted_by(lambda: table.widget.set_palette({"ok": "red"}))
        assert 1 in painted
        name = next(one for one in table.strips()[1] if one.text.strip() == "a")
        assert name.style is not None
        assert name.style.color is not None
        assert name.style.color.name == "red"
        assert await table.painted_by(lambda: table.widget.set_empty("gone")) == []
        await table.show([])
        assert "  gone" in table.lines[2]
        assert 2 in await table.painted_by(lambda: table.widget.set_empty("[b]still[/b] gone"))
        assert "  [b]still[/b] gone" in table.lines[2]
        assert await table.painted_by(lambda: table.widget.set_empty("[b]still[/b] gone")) == []


@pytest.mark.parametrize("height", [6, 5])
async def test_the_reason_for_an_empty_table_fits_into_very_little_room(height: int) -> None:
    async with open_table([], size=(40, height)) as table:
        table.widget.set_empty("nothing here")
        assert any("nothing here" in line for line in table.lines)


SHUFFLES = [(1, 2, 3, 0), (3, 2, 1, 0), (2, 0), (0, 3), (1,), (), (0, 1, 2, 3, 4, 5, 6)]


@pytest.mark.parametrize("order", SHUFFLES)
async def test_nothing_of_the_cursor_stays_behind_when_rows_change_places(
    order: tuple[int, ...],
) -> None:
    async with open_table(many(4)) as table:
        table.widget.move_to("s00001")
        table.widget.toggle_mark()
        await table.settle()
        moved = [row(f"s{n:05}", uptime=f"{n}s") for n in order]
        assert table.widget.left_behind(lambda: table.widget.show(moved)) == []
        assert table.widget.left_behind(lambda: table.widget.show(many(4))) == []


# Very many rows


async def test_of_very_many_rows_only_those_in_view_are_painted() -> None:
    """Case 38."""
    async with open_table([]) as table:
        painted = await table.painted_by(lambda: table.widget.show(many(MANY)))
        assert set(painted) <= set(VISIBLE)
        assert len(painted) <= 3 * len(VISIBLE)
        ticked = [row(f"s{n:05}", uptime="2s") for n in range(MANY)]
        assert await table.painted_by(lambda: table.widget.show(ticked)) == VISIBLE[1:]
        seen = [row(key, uptime="3s") for key in table.widget.visible_keys]
        assert await table.painted_by(lambda: table.widget.patch(seen)) == VISIBLE[1:]
        assert await table.painted_by(lambda: table.widget.patch(ticked[20:])) == []


@pytest.mark.parametrize("key", ["down", "pagedown", "ctrl+d", "end", "home", "up"])
async def test_a_key_among_very_many_rows_paints_at_most_what_is_in_view(key: str) -> None:
    async with open_table(many(MANY)) as table:
        table.widget.move_to("s07000")
        painted = await table.painted_by_keys(key)
        assert set(painted) <= set(VISIBLE)
        assert len(painted) <= 2 * len(VISIBLE)


async def test_marking_many_rows_paints_at_most_what_is_in_view() -> None:
    async with open_table(many(MARKED)) as table:

        def mark_all() -> None:
            for key in table.widget.row_keys:
                table.widget.toggle_mark(key)

        assert await table.painted_by(mark_all) == VISIBLE[1:]
        assert await table.painted_by(table.widget.clear_marks) == VISIBLE[1:]
        assert await table.painted_by(lambda: table.widget.show(many(MARKED))) == []


async def test_rows_that_come_above_the_view_are_not_painted() -> None:
    async with open_table(many(MANY)) as table:
        table.widget.move_to("s07000")
        above = [row(f"!{n}") for n in range(50)]
        painted = await table.painted_by(lambda: table.widget.show([*above, *many(MANY)]))
        assert set(painted) <= set(VISIBLE)
        assert len(painted) <= 2 * len(VISIBLE)


# Widths


def check(table: Table) -> None:
    width = table.widget.size.width
    for strip in table.strips():
        assert strip.cell_length == cell_len(strip.text) == width, strip.text
        assert all(segment.text.isprintable() for segment in strip)
        assert all(segment.control is None for segment in strip)


@pytest.mark.parametrize("width", [1, 2, 3, 5, 13, 29, 30, 31, 47, 60, 133])
async def test_every_line_is_exactly_as_wide_as_the_table(width: int) -> None:
    """Case 38."""
    rows = [
        Row(f"{n}", (Cell(name),) * 3, spans=n % 3 == 1, dim=n % 2 == 1)
        for n, name in enumerate(NAMES)
    ]
    async with open_table(rows, size=(width, len(NAMES) + 6)) as table:
        check(table)
        for x in range(0, table.widget.max_scroll_x + 1, 3):
            table.widget.scroll_to(x=x, animate=False, force=True, immediate=True)
            check(table)
        table.widget.set_empty(NAMES[-1])
        await table.show([])
        check(table)


async def test_a_style_of_the_cells_never_carries_an_action() -> None:
    async with open_table([row("[@click=app.quit]x[/]")]) as table:
        assert "[@click=app" in table.lines[1]
        for strip in table.strips():
            assert not any(one.style and one.style.meta for one in strip)


async def test_in_less_width_than_the_columns_need_the_cursor_is_not_under_the_scrollbar() -> None:
    async with open_table(many(50), size=(20, 14)) as table:
        await table.settle()
        assert table.widget.show_horizontal_scrollbar
        room = table.room
        assert room == 9
        for _ in range(20):
            await table.press("down")
            assert table.cursor_line is not None
            assert table.cursor_line < room
        await table.press("end")
        assert table.widget.cursor_key == "s00049"
        assert table.cursor_line == room - 1


async def test_the_cursor_stays_in_view_when_a_scrollbar_takes_its_line() -> None:
    async with open_table(many(50)) as table:
        table.widget.move_to("s00009")
        assert table.cursor_line == 9
        await table.pilot.resize_terminal(20, 14)
        await table.settle()
        assert table.widget.show_horizontal_scrollbar
        assert table.cursor_line is not None


async def test_the_line_of_the_cursor_is_marked_to_its_end_when_scrolled_aside() -> None:
    async with open_table(many(5), size=(20, 14)) as table:
        table.widget.scroll_to(x=11, animate=False, force=True, immediate=True)
        await table.settle()
        assert table.widget.scroll_offset.x == 11
        backgrounds = {one.style.bgcolor for one in table.strips()[1] if one.style}
        assert len(backgrounds) == 1
        assert "1s" in table.lines[1]


# Columns


async def test_other_columns_are_laid_out_at_once() -> None:
    wider = (*COLUMNS, Column("kind", "KIND", 8), Column("change", "CHANGE", 8, drop=1))
    async with open_table(many(3)) as table:
        table.widget.set_columns(wider)
        await table.settle()
        assert table.lines[0].split() == ["SERVICE", "STATUS", "UPTIME", "KIND", "CHANGE"]
        assert table.lines[1].split() == ["▌", "s00000", "RUNNING", "1s"]
        cells = (*row("s00000").cells, Cell("optional"), Cell("now"))
        await table.show([Row("s00000", cells)])
        assert table.lines[1].split() == ["▌", "s00000", "RUNNING", "1s", "optional", "now"]
        table.widget.set_columns(COLUMNS[:1])
        await table.settle()
        assert table.lines[0].split() == ["SERVICE"]
        assert table.lines[1].split() == ["▌", "s00000"]


async def test_the_same_columns_paint_nothing() -> None:
    async with open_table(many(3)) as table:
        assert await table.painted_by(lambda: table.widget.set_columns(list(COLUMNS))) == []
        title = (Column("name", "SERVICE ▼", 12, grow=1), *COLUMNS[1:])
        assert 0 in await table.painted_by(lambda: table.widget.set_columns(title))
        assert "SERVICE ▼" in table.lines[0]


# A combining character at the very beginning belongs to the cell before.
@pytest.mark.parametrize("name", [name for name in NAMES if not combining(name[:1] or "a")])
async def test_a_part_of_a_line_is_what_the_whole_line_shows_there(name: str) -> None:
    rows = [row(name), row("b", status=name), Row("c", (Cell(name, spans=2),)), row("d", dim=True)]
    async with open_table(rows, size=(40, 8)) as table:
        table.widget.toggle_mark("d")
        for place in table.widget.placed_columns:
            for y in range(6):
                for start in (place.at - 1, place.at, place.at + 1):
                    part = table.widget.render_part(y, start, place.end)
                    whole = table.widget.render_line(y).crop(start, place.end)
                    assert list(part.simplify()) == list(whole.simplify())
