"""What stands on the screens."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.ui import rollout_progress
from tests.ui.conftest import Deck, open_deck, write_configuration
from tests.ui.golden import matches
from tui.config import Configuration
from tui.fleet.orders.executor import databases_on
from tui.fleet.orders.verdict import Patience
from tui.model.rollout import RolloutState
from tui.sim.cluster import Cluster
from tui.sim.server import SimulatedCluster

pytestmark = pytest.mark.real_time

SIZES = [(60, 20), (80, 24), (120, 40), (200, 60)]


async def settle(deck: Deck, served: SimulatedCluster) -> None:
    """Come to a state in which every sort of row is there.

    One change after the other, for the events below to have one order.
    """

    def has(node: str, service: str, status: str) -> bool:
        found = deck.fleet.watch(node).reading.find(service)
        return found is not None and found.status == status

    cluster = served.cluster
    cluster.power_off(3)
    await deck.until(lambda: deck.fleet.watch("node3").reading.trouble)
    cluster.set_status(1, "redis_mgr", "FATAL")
    await deck.until(lambda: has("node1", "redis_mgr", "FATAL"))
    cluster.stop(1, "stats_archiver")
    await deck.until(lambda: has("node1", "stats_archiver", "STOPPED"))
    cluster.stop(2, "alert_mgr")
    await deck.until(lambda: has("node2", "alert_mgr", "STOPPED"))
    await deck.until(
        lambda: (
            deck.table.row_keys[:2] == ("redis_mgr", "stats_archiver")
            and "→ STOPPED" in deck.app.deck.table.row("stats_archiver").cells[5].text
        )
    )
    await deck.on("alert_mgr")
    await deck.until(lambda: "unreachable" in deck.text)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_deck(size: tuple[int, int], tmp_path: Path) -> None:
    # A program that takes no time to stop is never seen on the way.
    with SimulatedCluster(Cluster(3, pace=0.0)) as served:
        configuration = write_configuration(served, tmp_path, settings="refresh = 5")
        async with open_deck(configuration, size=size) as deck:
            await deck.all_known()
            await deck.context_known()
            deck.fleet.set_interval(0.5)
            await settle(deck, served)
            await matches(deck, f"deck-{size[0]}x{size[1]}")


@pytest.mark.parametrize(
    ("name", "keys"),
    [("confirm", ["r"]), ("nodes", ["n"]), ("help", ["question_mark"]), ("form", ["a"])],
)
@pytest.mark.parametrize("size", [(60, 20), (80, 24)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_what_lies_over_the_deck(
    name: str, keys: list[str], size: tuple[int, int], served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path), size=size) as deck:
        await deck.all_known()
        await deck.context_known()
        await deck.on("alert_mgr")
        await deck.fleet.read_context("node1")
        await deck.press(*keys)
        await deck.until(lambda: deck.app.screen is not deck.app.deck)
        if name == "confirm":
            await deck.armed()
            await deck.until(lambda: "wait a moment" not in deck.text)
            await _read_on(deck)
        elif name == "form":
            await deck.form()
        await deck.settle()
        await matches(deck, f"{name}-{size[0]}x{size[1]}")


ROLLOUT_SIZES = [(80, 24), (120, 40), (200, 60)]


@pytest.mark.parametrize("size", ROLLOUT_SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_plan_of_a_rollout_and_its_pause(size: tuple[int, int], tmp_path: Path) -> None:
    # Slow enough to be seen down.
    with SimulatedCluster(Cluster(3, pace=0.5)) as served:
        served.cluster.refuse_next(3, rollout_progress.SERVICE)
        await _plan_and_pause(size, write_configuration(served, tmp_path))


async def _plan_and_pause(size: tuple[int, int], configuration: Configuration) -> None:
    patience = replace(rollout_progress.QUICK, same=3.0, limit=6.0)
    async with open_deck(configuration, size=size, patience=patience) as deck:
        await deck.all_known()
        await deck.context_known()
        await deck.fleet.read_context("node1")
        await deck.until(lambda: databases_on(deck.fleet.context("node1"), 1))
        await deck.settle()
        await rollout_progress.ask(deck)
        await deck.armed()
        await deck.settle()
        await _read_on(deck)
        hints = ("then it can be confirmed", "esc cancels")
        await deck.until(lambda: any(hint in deck.text for hint in hints))
        await matches(deck, f"rollout-plan-{size[0]}x{size[1]}", _as_shipped)
        await rollout_progress.read(deck)
        await rollout_progress.agree(deck)
        await rollout_progress.stands(deck, RolloutState.PAUSED)
        await rollout_progress.hears(deck)
        await deck.shows("NOW: gate open")
        await deck.settle()
        await matches(deck, f"rollout-paused-{size[0]}x{size[1]}")


async def _read_on(deck: Deck) -> None:
    """Press a key that only scrolls: it ends the remark that an old answer changed the facts."""
    while "changed: read it again" in deck.text:
        await deck.press("up")


def _as_shipped(text: str) -> str:
    """Put the seconds that the plan ships with in place of the few of a test."""
    quick, shipped = (f"{one.steady:g} s stable" for one in (rollout_progress.QUICK, Patience()))
    then = ", before the next node"
    return text.replace(f"{quick}{then}", f"{shipped}{then}".ljust(len(quick + then)))


async def test_a_lost_node(served: SimulatedCluster, tmp_path: Path) -> None:
    async with open_deck(write_configuration(served, tmp_path), size=(100, 24)) as deck:
        await deck.all_known()
        await deck.context_known()
        served.cluster.power_off(1)
        await deck.shows("STALE", "UNREACHABLE", "next try in")
        await deck.press("d")
        await deck.shows("Sends alerts", "next try in")
        await matches(deck, "lost-100x24")
