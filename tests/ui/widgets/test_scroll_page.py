"""A page that scrolls: what its frame says follows below is how far it scrolls."""

from random import Random

import pytest
from textual.app import App, ComposeResult
from textual.widgets import Static

from tests.ui.conftest import wait_until
from tui.ui.format.key_bar import fitted_hints, hint_border, hint_more_below
from tui.ui.widgets.scroll_page import ScrollPage

HINTS = [("esc closes", "escape"), ("r restarts it", "r"), ("live", "")]


class OnePage(App[None]):
    CSS = "ScrollPage { height: auto; max-height: 100%; padding: 0 1; border: round blue; }"

    def compose(self) -> ComposeResult:
        yield ScrollPage(Static(markup=False), lambda: HINTS, id="page")


@pytest.mark.parametrize(("width", "kept"), [(33, 3), (32, 2), (26, 2), (25, 1), (9, 0)])
def test_hints_that_do_not_fit_are_left_out_whole_the_last_first(width: int, kept: int) -> None:
    assert fitted_hints(HINTS, width) == HINTS[:kept]


@pytest.mark.real_time
async def test_the_frame_counts_the_lines_by_which_the_page_scrolls_at_every_size() -> None:
    """Its content, its size and both at once change, and words wrap."""
    chance = Random(20)
    app = OnePage()
    async with app.run_test(size=(80, 24)) as pilot:
        box, text = app.query_one(ScrollPage), app.query_one(Static)

        def expected() -> str:
            below = box.max_scroll_y - box.scroll_offset.y
            hints = [*hint_more_below(below), *HINTS]
            return hint_border(hints, box.outer_size.width).markup

        for _ in range(25):
            size = chance.choice([(60, 20), (80, 24), (120, 40), (33, 9), app.size])
            lines = max(1, size[1] - 2 + chance.randint(-3, 4))
            text.update("\n".join("word " * chance.choice([2, 4, 13]) for _ in range(lines)))
            if size != app.size:
                await pilot.resize_terminal(*size)
            if chance.random() < 0.3:
                box.scroll_end(animate=False)
            await pilot.pause()
            await wait_until(lambda: box.border_subtitle == expected())
            assert box.outer_size.height <= app.size.height
            assert ("more" in expected()) is (box.scroll_offset.y < box.max_scroll_y)
