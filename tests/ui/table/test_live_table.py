"""The live table keeps cursor, marks and the eye's place with their services, and obeys keys."""

import pytest

from tests.ui.table.host import many, open_table, row
from tui.ui.table.live_table import Cell, Row

SERVICES = ["ccs", "crdb", "dmc", "envoy", "mdns", "pdns", "redis", "stats"]


def named(*names: str) -> list[Row]:
    return [row(name) for name in names]


# The cursor is a key


@pytest.mark.parametrize(
    "after",
    [
        ["aaa", *SERVICES],
        [*SERVICES[:3], "dmx", "dmy", *SERVICES[3:]],
        SERVICES[2:],
        sorted(SERVICES, reverse=True),
        ["envoy"],
    ],
)
async def test_the_cursor_stays_with_its_service(after: list[str]) -> None:
    async with open_table(named(*SERVICES)) as table:
        table.widget.move_to("envoy")
        await table.show(named(*after))
        assert table.widget.cursor_key == "envoy"
        assert table.cursor_line == after.index("envoy") - table.top


async def test_the_cursor_returns_when_everything_was_gone_and_came_back() -> None:
    async with open_table(named(*SERVICES)) as table:
        table.widget.move_to("envoy")
        await table.show([])
        assert table.widget.cursor_key is None
        assert table.cursor_line is None
        await table.show(named(*SERVICES))
        assert table.widget.cursor_key == "envoy"
        assert table.app.messages[-3:] == [("moved", "envoy"), ("moved", None), ("moved", "envoy")]


async def test_a_cursor_that_is_held_does_not_return_but_one_on_no_row_does() -> None:
    async with open_table(named(*SERVICES)) as table:
        table.widget.move_to("envoy")
        await table.show([])
        table.widget.hold_cursor()
        await table.show(named(*SERVICES))
        assert table.widget.cursor_key == "envoy"
        await table.show(named("mdns"))
        table.widget.hold_cursor()
        await table.show(named(*SERVICES))
        assert table.widget.cursor_key == "mdns"


async def test_the_cursor_returns_to_its_row_after_a_resize_too() -> None:
    async with open_table(named(*SERVICES)) as table:
        table.widget.move_to("envoy")
        await table.show(named(*(name for name in SERVICES if name != "envoy")))
        assert table.widget.cursor_key == "mdns"
        await table.pilot.resize_terminal(80, 12)
        await table.settle()
        await table.show(named(*SERVICES))
        assert table.widget.cursor_key == "envoy"


async def test_a_cursor_far_down_returns_into_view() -> None:
    async with open_table(many(1000)) as table:
        table.widget.move_to("s00700")
        await table.show(many(5))
        assert table.top == 0
        assert table.cursor_line == 4
        await table.show(many(1000))
        assert table.widget.cursor_key == "s00700"
        assert table.cursor_line is not None
        await table.show([])
        await table.show(many(1000))
        assert table.widget.cursor_key == "s00700"
        assert table.cursor_line is not None


# The eye's place


async def test_the_line_of_the_cursor_does_not_move() -> None:
    async with open_table(many(100)) as table:
        await table.press("end", "up", "up")
        line = table.cursor_line
        for rows in (many(110), many(90, 10), [row("!first"), *many(120)], many(120)[::-1]):
            await table.show(rows)
            assert table.widget.cursor_key == "s00097"
            if 0 < table.top < len(rows) - table.room:
                assert table.cursor_line == line
            assert table.cursor_line is not None


async def test_a_table_scrolled_to_the_top_stays_there() -> None:
    async with open_table(many(100)) as table:
        await table.press("down", "down")
        await table.show([row("!new"), *many(100)])
        assert table.top == 0
        assert table.widget.cursor_key == "s00002"
        assert table.cursor_line == 3
        assert "!new" in table.lines[1]


async def test_what_is_read_far_from_the_cursor_stays_where_it_is() -> None:
    async with open_table(many(100)) as table:
        table.widget.scroll_to(y=50, animate=False, force=True, immediate=True)
        await table.settle()
        seen = table.widget.visible_keys
        await table.show(many(100)[3:])
        assert table.widget.visible_keys == seen
        await table.show(many(100))
        assert table.widget.visible_keys == seen


async def test_rows_that_vanish_below_the_view_leave_no_empty_screen() -> None:
    async with open_table(many(1000)) as table:
        table.widget.scroll_to(y=900, animate=False, force=True, immediate=True)
        await table.settle()
        await table.show(many(20))
        assert table.top == 20 - table.room
        assert len(table.widget.visible_keys) == table.room


async def test_the_heading_says_which_rows_are_in_view() -> None:
    async with open_table(many(32)) as table:

        def head() -> list[str]:
            return table.lines[0].split()[:4]

        assert head() == ["SERVICE", "1\N{EN DASH}10", "of", "32"]
        table.widget.move_to("s00010")
        await table.settle()
        assert head() == ["SERVICE", "2\N{EN DASH}11", "of", "32"]
        table.widget.scroll_to(y=7, animate=False, force=True, immediate=True)
        await table.settle()
        assert head() == ["SERVICE", "8\N{EN DASH}17", "of", "32"]
        await table.pilot.resize_terminal(60, 24)
        await table.settle()
        assert head() == ["SERVICE", "8\N{EN DASH}27", "of", "32"]
        await table.show(many(15))
        assert head() == ["SERVICE", "STATUS", "UPTIME"]


@pytest.mark.parametrize("height", [12, 8, 6, 5, 30])
async def test_a_resize_keeps_the_cursor_in_view(height: int) -> None:
    async with open_table(many(100)) as table:
        table.widget.move_to("s00060")
        await table.pilot.resize_terminal(60, height)
        await table.settle()
        assert table.widget.cursor_key == "s00060"
        assert table.cursor_line is not None


# Keys


@pytest.mark.parametrize(
    ("keys", "reaches"),
    [
        (["down"], "s00051"),
        (["j", "j"], "s00052"),
        (["up"], "s00049"),
        (["k"], "s00049"),
        (["pagedown"], "s00059"),
        (["pageup"], "s00041"),
        (["ctrl+d"], "s00055"),
        (["ctrl+u"], "s00045"),
        (["home"], "s00000"),
        (["g"], "s00000"),
        (["end"], "s00099"),
        (["G"], "s00099"),
        (["end", "down", "pagedown", "ctrl+d"], "s00099"),
        (["home", "up", "pageup", "ctrl+u"], "s00000"),
        (["home", "pageup", "pagedown"], "s00009"),
        (["pagedown"] * 9, "s00099"),
    ],
)
async def test_keys_move_the_cursor(keys: list[str], reaches: str) -> None:
    async with open_table(many(100)) as table:
        assert table.room == 10
        table.widget.move_to("s00050")
        await table.press(*keys)
        assert table.widget.cursor_key == reaches
        assert table.cursor_line is not None
        assert f"▌ {reaches}" in "\n".join(table.lines)


def grouped() -> list[Row]:
    rows = []
    for group in "ABC":
        rows.append(row(f"\0{group}", inert=True))
        for n in "123":
            rows += [row(group + n), row(f"\0about {group}{n}", inert=True, spans=True)]
    return rows


async def test_keys_pass_over_rows_that_cannot_hold_the_cursor() -> None:
    async with open_table(grouped()) as table:
        seen = [table.widget.cursor_key]
        for _ in range(10):
            await table.press("down")
            seen.append(table.widget.cursor_key)
        assert seen == ["A1", "A2", "A3", "B1", "B2", "B3", "C1", "C2", "C3", "C3", "C3"]
        await table.press("pageup")
        assert table.widget.cursor_key == "A1"
        await table.press("end", "home")
        assert table.widget.cursor_key == "A1"
        assert table.top == 0


async def test_keys_do_nothing_in_an_empty_table() -> None:
    async with open_table([]) as table:
        await table.press("down", "up", "pagedown", "ctrl+u", "home", "end", "enter")
        table.widget.toggle_mark()
        assert table.widget.cursor_key is None
        assert table.app.messages == []


async def test_enter_chooses_the_row_under_the_cursor() -> None:
    async with open_table(named(*SERVICES)) as table:
        await table.press("down", "enter")
        assert table.app.messages[-1] == ("chosen", "crdb")


# The mouse


async def test_a_click_moves_and_a_double_click_chooses() -> None:
    async with open_table(named(*SERVICES)) as table:
        await table.pilot.click("#table", offset=(4, 3))
        assert table.widget.cursor_key == "dmc"
        assert ("chosen", "dmc") not in table.app.messages
        await table.pilot.double_click("#table", offset=(4, 5))
        assert table.widget.cursor_key == "mdns"
        assert table.app.messages.count(("chosen", "mdns")) == 1


async def test_a_click_beside_the_rows_does_nothing() -> None:
    async with open_table(named(*SERVICES)) as table:
        for y in (0, 10):
            await table.pilot.double_click("#table", offset=(4, y))
        assert table.app.messages == [("moved", "ccs")]


async def test_a_click_on_a_title_or_on_the_place_of_a_mark_is_posted() -> None:
    async with open_table(named(*SERVICES)) as table:
        await table.pilot.click("#table", offset=(4, 0))
        await table.pilot.click("#table", offset=(1, 3))
        assert table.app.pointed == [("head", table.widget.columns[0].key), ("mark", "")]
        assert table.widget.cursor_key == "dmc"


async def test_a_click_on_the_first_row_means_it_and_one_on_the_titles_no_row() -> None:
    async with open_table(many(100)) as table:
        table.widget.move_to("s00005")
        await table.pilot.click("#table", offset=(4, 1))
        assert table.widget.cursor_key == "s00000"
        await table.press("end")
        top = table.top
        await table.pilot.click("#table", offset=(4, 0))
        assert table.widget.cursor_key == "s00099"
        await table.pilot.click("#table", offset=(4, 1))
        assert table.widget.cursor_key == f"s{top:05}"


async def test_a_click_on_a_second_line_means_its_row_and_on_a_heading_nothing() -> None:
    async with open_table(grouped()) as table:
        await table.pilot.click("#table", offset=(4, 5))
        assert table.widget.cursor_key == "A2"
        for heading in (1, 8):
            await table.pilot.double_click("#table", offset=(4, heading))
            assert table.widget.cursor_key == "A2"


# Marks


async def test_marks_stay_with_their_services_through_filters_and_changes() -> None:
    async with open_table(named(*SERVICES)) as table:
        table.widget.toggle_mark("dmc")
        table.widget.toggle_mark("stats")
        await table.show(named("stats", "ccs"))
        assert table.widget.marks == {"dmc", "stats"}
        assert table.lines[1].startswith(" ◆")
        assert table.lines[2].startswith("▌ ")
        await table.show([])
        await table.show(named(*SERVICES))
        marked = [line.split()[-3] for line in table.lines[1:9] if line[1] == "◆"]
        assert marked == ["◆dmc", "◆stats"]


async def test_a_marked_row_that_vanishes_keeps_its_mark_and_can_be_unmarked() -> None:
    async with open_table(named(*SERVICES)) as table:
        table.widget.move_to("dmc")
        table.widget.toggle_mark()
        await table.show(named("ccs", "envoy"))
        assert table.widget.cursor_key == "envoy"
        assert table.widget.marks == {"dmc"}
        assert not any("◆" in line for line in table.lines)
        table.widget.toggle_mark("dmc")
        assert table.widget.marks == frozenset()
        table.widget.toggle_mark("dmc")
        table.widget.clear_marks()
        await table.settle()
        assert table.app.messages[-1] == ("marks", None)
        await table.show(named(*SERVICES))
        assert not any("◆" in line for line in table.lines)


async def test_marks_that_were_read_do_not_change_later() -> None:
    async with open_table(named(*SERVICES)) as table:
        table.widget.toggle_mark()
        given = table.widget.marks
        table.widget.toggle_mark("dmc")
        assert given == {"ccs"}


async def test_a_row_is_shown_as_it_was_last_patched() -> None:
    async with open_table(named(*SERVICES)) as table:
        table.widget.patch([row("dmc", "FATAL"), row("nobody")])
        assert table.widget.row("dmc").cells[1] == Cell("FATAL")
        assert table.widget.row_keys == tuple(SERVICES)
        with pytest.raises(KeyError):
            table.widget.row("nobody")
