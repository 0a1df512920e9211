"""Draw a picture of the deck on an embedded cluster: `python benchmarks/screenshot.py OUT.svg`."""

import asyncio
import sys
import tempfile
from pathlib import Path

from stage import STOPPED, is_known, make_trouble, until

sys.path.insert(0, str(Path(__file__).parents[1] / "docs"))
from svg_picture import cells, svg

from tui.cli.demo import configuration_for, known_passwords
from tui.fleet.fleet import Fleet
from tui.model.clock import monotonic
from tui.sim.cluster import Cluster
from tui.sim.server import SimulatedCluster, SimulatorError
from tui.storage.paths import theme_dirs
from tui.ui.app import DeckApp
from tui.ui.themes import load_themes

_PORT = 9443  # a picture shows it, so it is always the same
_SIZE = (120, 34)


async def picture(served: SimulatedCluster, folder: Path) -> str:
    """Open the deck on the cluster with some trouble, and return its picture as SVG."""
    configuration = configuration_for(served, folder)
    fleet = Fleet(configuration, passwords=known_passwords(configuration))
    themes, _ = load_themes(theme_dirs())
    app = DeckApp(configuration, fleet, themes=themes, keys={})
    async with app.run_test(size=_SIZE) as pilot:
        await until(pilot, lambda: is_known(fleet), "every node's answer and kinds")
        await make_trouble(pilot, fleet, served.cluster)
        app.deck.table.move_to(STOPPED)
        await fleet.read_context(fleet.nodes[0].name)
        now = monotonic()
        fleet.refresh()
        await until(
            pilot,
            lambda: all(one.reading.is_good and one.reading.asked_at >= now for one in fleet.nodes),
            "a young answer of every node",
        )
        app.deck.refresh_all()
        await pilot.pause()
        strips = app.screen._compositor.render_strips()  # noqa: SLF001 - Textual has no other way
        return svg([cells(strip, app.ansi_theme) for strip in strips], "rsdeck")


def main(out: Path) -> int:
    """Write the picture and return the exit code."""
    try:
        with (
            tempfile.TemporaryDirectory(prefix="rsdeck-picture-") as folder,
            SimulatedCluster(Cluster(3, pace=0.5), port=_PORT) as served,
        ):
            svg = asyncio.run(picture(served, Path(folder)))
    except (SimulatorError, TimeoutError) as error:
        print(f"no picture: {error}", file=sys.stderr)
        return 1
    out.write_text(svg, encoding="utf-8")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: screenshot.py OUT.svg")
    sys.exit(main(Path(sys.argv[1])))
