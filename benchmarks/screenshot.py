"""Draw a picture of the deck on an embedded cluster: `python benchmarks/screenshot.py OUT.svg`."""

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

from tui.cli.demo import configuration_for, known_passwords
from tui.fleet.fleet import Fleet
from tui.sim.cluster import Cluster
from tui.sim.server import SimulatedCluster, SimulatorError
from tui.storage.paths import theme_dirs
from tui.ui.app import DeckApp
from tui.ui.themes import load_themes

_PORT = 9443  # a picture shows it, so it is always the same
_SIZE = (120, 34)
_STOPPED, _FAILED = "stats_archiver", "alert_mgr"


async def _until(pilot: Pilot[None], condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + 20
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"the picture waited too long for this: {what}")
        await pilot.pause(0.05)


def _known(fleet: Fleet) -> bool:
    """Whether every node has answered and its services' kinds are known."""
    return all(one.reading.is_good and one.facts.optional is not None for one in fleet.nodes)


def _status(fleet: Fleet, node: str, service: str) -> str:
    found = fleet.watch(node).reading.find(service)
    return found.status if found is not None else ""


async def _make_trouble(pilot: Pilot[None], fleet: Fleet, cluster: Cluster) -> None:
    """Stop a service on the first node and break one on the second, as the deck sees it happen."""
    cluster.stop(1, _STOPPED)
    cluster.fail(2, _FAILED)
    cluster.restart(2, _FAILED)
    for node, service, status in (
        ("node1", _STOPPED, "STOPPED"),
        ("node2", _FAILED, "FATAL"),
    ):

        def arrived(node: str = node, service: str = service, status: str = status) -> bool:
            return _status(fleet, node, service) == status

        await _until(pilot, arrived, f"{service} on {node} is {status}")


async def picture(served: SimulatedCluster, folder: Path) -> str:
    """Open the deck on the cluster with some trouble, and return its picture as SVG."""
    configuration = configuration_for(served, folder)
    fleet = Fleet(configuration, passwords=known_passwords(configuration))
    themes, _ = load_themes(theme_dirs())
    app = DeckApp(configuration, fleet, themes=themes, keys={})
    async with app.run_test(size=_SIZE) as pilot:
        await _until(pilot, lambda: _known(fleet), "every node's answer and kinds")
        await _make_trouble(pilot, fleet, served.cluster)
        app.deck.table.move_to(_STOPPED)
        fleet.set_paused(False)  # polls all nodes now, so that all readings are young
        await pilot.pause(0.5)
        app.deck.refresh_all()
        await pilot.pause(0.1)
        return app.export_screenshot(title="rsdeck")


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
