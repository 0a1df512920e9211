"""The matrix and the list of all problems as text, kept in tests/golden."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ui.conftest import Deck, open_deck, write_configuration
from tests.ui.golden import matches
from tui.sim.cluster import Cluster
from tui.sim.server import SimulatedCluster
from tui.ui.screens.matrix import MatrixScreen
from tui.ui.screens.problems import ProblemsScreen

pytestmark = pytest.mark.real_time  # a node is stale after six seconds

SIZES = [(60, 20), (80, 24), (120, 40), (200, 60)]
NODES = 12


@pytest.fixture
def twelve() -> Iterator[SimulatedCluster]:
    with SimulatedCluster(Cluster(NODES, pace=0.1)) as served:
        yield served


def aligned(text: str) -> str:
    """Give every age one digit, and what it took before back as a space after it."""
    text = re.sub(r"(?m)↻ (\d+)s( |$)", lambda age: "↻ 9s" + " " * len(age[1]), text)
    text = re.sub(r"\b\d+s ago", "9s ago", text)
    text = re.sub(r"(prim\.|repl\.|STALE) \d\d s ", r"\1 9 s  ", text)
    return re.sub(r"\b(\d\d) s  ", "9 s   ", text)


async def in_bad_weather(deck: Deck, served: SimulatedCluster) -> None:
    """Come to a state in which every sort of cell is there."""
    await deck.until(lambda: all(one.reading.is_good for one in deck.fleet.nodes))
    await deck.until(lambda: all(one.facts.optional is not None for one in deck.fleet.nodes))
    cluster = served.cluster
    cluster.power_off(3)
    cluster.set_status(2, "redis_mgr", "FATAL")
    cluster.stop(1, "stats_archiver")
    cluster.set_status(11, "pdns_server", "STARTING")
    cluster.remove_service(4, "mdns_server")
    cluster.process(5, "alert_mgr").boot(cluster.now())
    deck.fleet.refresh()
    await deck.until(lambda: deck.fleet.watch("node3").reading.trouble)
    await deck.until(lambda: deck.fleet.watch("node4").reading.find("mdns_server") is None)
    for node, service, status in (
        ("node2", "redis_mgr", "FATAL"),
        ("node1", "stats_archiver", "STOPPED"),
        ("node11", "pdns_server", "STARTING"),
    ):
        await deck.until(
            lambda node=node, service=service, status=status: (
                (found := deck.fleet.watch(node).reading.find(service)) is not None
                and found.status == status
            )
        )


async def test_the_matrix(twelve: SimulatedCluster, tmp_path: Path) -> None:
    configuration = write_configuration(twelve, tmp_path, settings="refresh = 3")
    async with open_deck(configuration) as deck:
        await in_bad_weather(deck, twelve)
        await deck.on("alert_mgr")
        await deck.press("0")
        await deck.until(lambda: isinstance(deck.app.screen, MatrixScreen))
        await deck.press("2")
        await deck.shows("nodes 11/12 ok", "↻ 1")
        for size in SIZES:
            await deck.pilot.resize_terminal(*size)
            await deck.shows("STALE", "▸ alert_mgr", "FATAL on node2 and 2 more")
            if size[0] > 80:
                await deck.shows("started last: alert_mgr on node5")
            await deck.settle()
            await deck.context_known()
            await matches(deck, f"matrix-{size[0]}x{size[1]}", aligned)


async def test_all_problems(twelve: SimulatedCluster, tmp_path: Path) -> None:
    configuration = write_configuration(twelve, tmp_path, settings="refresh = 3")
    async with open_deck(configuration) as deck:
        await in_bad_weather(deck, twelve)
        await deck.press("P")
        await deck.until(lambda: isinstance(deck.app.screen, ProblemsScreen))
        await deck.shows("nodes 11/12 ok", "↻ 1")
        for size in SIZES:
            await deck.pilot.resize_terminal(*size)
            await deck.shows("unreachable", "FATAL", "STOPPED", "vanished", "not sent from here")
            await deck.settle()
            await deck.context_known()
            # A time is as wide with one digit as with two.
            await matches(
                deck,
                f"problems-{size[0]}x{size[1]}",
                lambda text: re.sub(r"(?<= )\d\d s(?= )", " 9 s", text),
            )
