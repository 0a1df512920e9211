"""Whatever is painted, the terminal shows the same as with Textual's own, longer writing."""

from collections.abc import Sequence
from random import Random

import pyte
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from tui.ui.terminal.changed_cells import TerminalCells

WIDTH, HEIGHT = 24, 4
CONSOLE = Console(color_system="truecolor", force_terminal=True)
STYLES = [
    None,
    Style(),
    Style.parse("red"),
    Style.parse("bold red on #102030"),
    Style.parse("#a0b0c0 on #102030"),
    Style.parse("#a0b0c0 on #203040"),
    Style.parse("dim on blue"),
    Style.parse("reverse strike"),
    Style.parse("bright_green on bright_black"),
]
GRAPHEMES = ["a", "b", " ", "7", "─", "●", "日", "é", "本"]


BLANK = [" ", " ", "─"]
NARROW = [char for char in GRAPHEMES if char not in "日本"]
# Strategies that draw each cell are too slow for frames.
SEEDS = st.integers(0, 2**32).map(Random)


def strip(random: Random, width: int) -> Strip:
    """Make a strip of exactly `width` cells."""
    segments: list[Segment] = []
    room = width
    looks = random.choices(STYLES, k=random.choice([1, 2, 9]))
    chars = random.choice([GRAPHEMES, GRAPHEMES, BLANK])
    while room > 0:
        char = random.choice(chars if room > 1 else NARROW)
        wide = 2 if char in "日本" else 1
        count = 1 if char == "─" else random.randint(1, room // wide)
        segments.append(Segment(char * count, random.choice(looks)))
        room -= wide * count
    return Strip(segments, width)


def whole(random: Random) -> LayoutUpdate:
    """Make an update of the whole screen."""
    lines = [[strip(random, WIDTH)] for _ in range(HEIGHT)]
    return LayoutUpdate(lines, Region(0, 0, WIDTH, HEIGHT))


def part(random: Random) -> ChopsUpdate:
    """Make an update of spans of lines that are cut at the same two columns."""
    first, second = sorted(random.sample(range(1, WIDTH), 2))
    cuts = [0, first, second, WIDTH]
    spans, chops = [], []
    for y in range(HEIGHT):
        painted = random.choice([(0,), (1,), (2,), (0, 1), (1, 2), (0, 1, 2)])
        line: dict[int, Strip | None] = dict.fromkeys(cuts[:-1])
        for at in painted:
            line[cuts[at]] = strip(random, cuts[at + 1] - cuts[at])
        chops.append(line)
        if y == 0 or random.random() < 0.5:
            spans.append((y, cuts[painted[0]], cuts[painted[-1] + 1]))
    return ChopsUpdate(chops, spans, [cuts[1:]] * HEIGHT)


class Screen:
    """An independent model of a terminal, without autowrap."""

    def __init__(self, *, onlcr: bool = False) -> None:
        self._onlcr = onlcr
        self.model = pyte.Screen(WIDTH, HEIGHT)
        self._stream = pyte.Stream(self.model)
        self._stream.feed("\x1b[?7l")

    def feed(self, text: str) -> None:
        self._stream.feed(text.replace("\n", "\r\n") if self._onlcr else text)

    @property
    def cells(self) -> Sequence[object]:
        """All that can be seen: of a blank neither its colour nor whether it is bold or slanted."""
        cells = (self.model.buffer[y][x] for y in range(HEIGHT) for x in range(WIDTH))
        return [
            cell._replace(fg="default", bold=False, italics=False)
            if cell.data == " " and not (cell.reverse or cell.underscore or cell.strikethrough)
            else cell
            for cell in cells
        ]


@given(SEEDS, st.booleans(), st.booleans())
def test_changed_cells_alone_show_what_whole_lines_show(
    random: Random, onlcr: bool, keeps_ground: bool
) -> None:
    theirs, ours = Screen(), Screen(onlcr=onlcr)
    cells = TerminalCells(keeps_column=not onlcr, keeps_ground=keeps_ground)
    for _ in range(random.randint(1, 6)):
        update = random.choice([whole, part])(random)
        theirs.feed(update.render_segments(CONSOLE))
        ours.feed(cells.draw(update, (WIDTH, HEIGHT)))
        assert ours.cells == theirs.cells


@given(SEEDS)
def test_after_the_terminal_lost_what_was_written_all_is_written_again(random: Random) -> None:
    theirs, ours = Screen(), Screen()
    cells = TerminalCells(keeps_column=True)
    ours.feed(cells.draw(whole(random), (WIDTH, HEIGHT)))
    cells.draw(whole(random), (WIDTH, HEIGHT))
    cells.forget()
    last = whole(random)
    ours.feed(cells.draw(last, (WIDTH, HEIGHT)))
    theirs.feed(last.render_segments(CONSOLE))
    assert ours.cells == theirs.cells


@given(SEEDS)
def test_what_is_shown_already_is_not_written(random: Random) -> None:
    update = whole(random)
    cells = TerminalCells()
    assert cells.draw(update, (WIDTH, HEIGHT))
    assert cells.draw(update, (WIDTH, HEIGHT)) == ""
