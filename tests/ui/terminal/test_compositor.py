"""What is dirty is painted as the whole screen would show it there, and nothing beside it."""

from random import Random

from rich.text import Text
from textual._compositor import ChopsUpdate
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

from tui.ui.terminal.compositor import DirtyCompositor

WIDTH, HEIGHT = 40, 12
WIDE = "漢字● é日本 status"


class Lines(Widget):
    """Counts the lines that it is asked for."""

    def __init__(self, text: str, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.text = text
        self.painted: list[int] = []

    def render_line(self, y: int) -> Strip:
        self.painted.append(y)
        line = Text(f"{y:>3} {self.text}", style="bold red" if y % 2 else "on blue")
        return Strip(line.render(self.app.console)).adjust_cell_length(self.size.width)


class Painted(Screen[None]):
    CSS = """
    Painted { layers: low high; }
    #under { width: 30; height: 10; border: round green; }
    #beside { dock: right; width: 8; height: 1fr; padding: 1; }
    #over { layer: high; width: 14; height: 4; offset: 9 3; background: $panel; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._compositor = DirtyCompositor()

    def compose(self) -> ComposeResult:
        yield Lines(WIDE, id="under")
        yield Lines("ab", id="beside")
        yield Static("over all", id="over")


def parts(update: ChopsUpdate) -> dict[tuple[int, int], Strip]:
    """Return what an update paints: by line and column."""
    return {
        (y, x): strip
        for y, line in enumerate(update.chops)
        for x, strip in line.items()
        if strip is not None
    }


async def test_it_is_what_the_whole_screen_shows_there() -> None:
    random = Random(7)
    app: App[None] = App()
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        screen = Painted()
        await app.push_screen(screen)
        await pilot.pause()
        compositor = screen._compositor
        whole = compositor.render_strips()
        for _ in range(200):
            dirty = some_regions(random)
            compositor._dirty_regions = set(dirty)
            update = compositor.render_partial_update()
            assert update is not None
            covered = set()
            for (y, x), strip in parts(update).items():
                assert list(strip.simplify()) == list(
                    whole[y].crop(x, x + strip.cell_length).simplify()
                )
                cells = {(column, y) for column in range(x, x + strip.cell_length)}
                assert not covered & cells, "painted twice"
                covered |= cells
            assert covered == {
                (x, y)
                for region in dirty
                for x in range(region.x, min(region.right, WIDTH))
                for y in range(region.y, min(region.bottom, HEIGHT))
            }


def some_regions(random: Random) -> list[Region]:
    """Make regions that may overlap one another and reach past the screen."""
    return [
        Region(
            random.randrange(WIDTH),
            random.randrange(HEIGHT),
            random.randint(1, WIDTH),
            random.randint(1, 5),
        )
        for _ in range(random.randint(1, 4))
    ]


async def test_no_line_is_painted_between_two_that_changed() -> None:
    app: App[None] = App()
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        screen = Painted()
        await app.push_screen(screen)
        await pilot.pause()
        under = screen.query_one("#under", Lines)
        under.painted.clear()
        under.refresh(Region(1, 0, 20, 1), Region(1, 7, 20, 1))
        await pilot.pause()
        assert under.painted == [0, 7]
