"""How many lines the deck's tables paint that show what they showed before, counted."""

import asyncio
from collections import Counter
from weakref import WeakKeyDictionary

from cluster import Served
from textual.strip import Strip

from tui.config import Configuration, load
from tui.credentials import Passwords, Secret
from tui.fleet.fleet import Fleet
from tui.storage.paths import theme_dirs
from tui.ui.app import DeckApp
from tui.ui.table.live_table import LiveTable
from tui.ui.themes import load_themes

_WITHIN = 20.0


class PaintedLines:
    """Counts the lines that live tables paint: `counts["same"]`, and `counts["new"]`."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._last: WeakKeyDictionary[LiveTable, dict[tuple[int, ...], Strip]] = WeakKeyDictionary()
        self._paint, self._paint_part = LiveTable.render_line, LiveTable.render_part

    def watch(self) -> None:
        """Count from now on what any table of this process paints."""
        counter = self

        def render_line(table: LiveTable, y: int) -> Strip:
            return counter._count(table, counter._paint(table, y), y)

        def render_part(table: LiveTable, y: int, start: int, end: int) -> Strip:
            strip = counter._paint_part(table, y, start, end)
            return counter._count(table, strip, y, start, end)

        setattr(LiveTable, LiveTable.render_line.__name__, render_line)
        setattr(LiveTable, LiveTable.render_part.__name__, render_part)

    def _count(self, table: LiveTable, strip: Strip, *place: int) -> Strip:
        lines = self._last.setdefault(table, {})
        self.counts["same" if lines.get(place) == strip else "new"] += 1
        lines[place] = strip
        return strip


def _fleet(configuration: Configuration, password: str) -> Fleet:
    passwords = Passwords()
    for profile in configuration.nodes:
        passwords.keep(profile, Secret(password))
    return Fleet(configuration, read_only="measured", passwords=passwords)


async def _count(cluster: Served, seconds: float) -> Counter[str]:
    configuration = load(cluster.config, must_exist=True)
    fleet = _fleet(configuration, cluster.password)
    themes, _ = load_themes(theme_dirs())
    app = DeckApp(configuration, fleet, themes=themes, keys={})
    lines = PaintedLines()
    lines.watch()
    async with app.run_test(size=(120, 40)):
        async with asyncio.timeout(_WITHIN):
            while not all(one.reading.is_good and one.facts.optional for one in fleet.nodes):  # noqa: ASYNC110 - no signal
                await asyncio.sleep(0.1)
        await asyncio.sleep(2.0)
        lines.counts.clear()
        await asyncio.sleep(seconds)
        return Counter(lines.counts)


def lines_painted(cluster: Served, seconds: float) -> tuple[float, float]:
    """Return how many lines a second are painted: those that changed, and those that did not."""
    counts = asyncio.run(_count(cluster, seconds))
    return counts["new"] / seconds, counts["same"] / seconds
