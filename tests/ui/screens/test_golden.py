"""The screens as text, kept in tests/golden; UPDATE_GOLDEN=1 writes them anew, for review."""

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.ui import rollout_progress
from tests.ui.conftest import Deck, open_deck, write_configuration
from tui.config import Configuration
from tui.fleet.orders.endpoints import databases_on
from tui.model.rollout import RolloutState
from tui.sim.cluster import Cluster
from tui.sim.server import SimulatedCluster

pytestmark = pytest.mark.real_time

GOLDEN = Path(__file__).parents[2] / "golden"
UPDATE = bool(os.environ.get("UPDATE_GOLDEN"))
SIZES = [(60, 20), (80, 24), (120, 40), (200, 60)]

# What differs from run to run, put into words of the same width.
TIMELESS = (
    (re.compile(r"127\.0\.0\.1:\d{5}"), "127.0.0.1:99999"),
    (re.compile(r"\d\d:\d\d:\d\d"), "12:34:56"),
    (re.compile(r"\d\d:\d\d(?= UTC ─)"), "12:34"),
    (re.compile(r"[ ─]+(?= STALE \d+ s )"), " "),  # it stands at the right, and is longer then
    (re.compile(r"\d\d-\d\d(?= 12:34:56)"), "01-02"),
    (re.compile(r"(?<![.\d])\d{1,2} s\b"), "9 s"),
    (re.compile(r"(?<= )\ds(?= )"), "9s"),
    (re.compile(r"(?<=uptime  3 d )(?:\d\d m|1 h )"), "59 m"),
    (re.compile(r"(?<=took )\d+ ms"), "9 ms"),
    (re.compile(r"\(\d+ ms\) *(?=│)"), "(9 ms) "),
    (re.compile(r"\(\d+(?= +│)"), "(9"),  # an age that goes on in the next line
    (re.compile(r"(?:(?<=asked )|(?<=down )|(?<=up ))\d\.\d s\b"), "9.9 s"),
)


def timeless(text: str) -> str:
    """Take the times out, keep every cell in its column."""
    lines = []
    for line in text.splitlines():
        said = line
        for pattern, word in TIMELESS:
            said = pattern.sub(word, said)
        lines.append(said.rstrip())
    return "\n".join(lines) + "\n"


def compare(name: str, text: str) -> None:
    path = GOLDEN / f"{name}.txt"
    shown = timeless(text)
    if UPDATE:
        path.write_text(shown, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == shown


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
    await deck.pilot.pause(1.1)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_deck(size: tuple[int, int], served: SimulatedCluster, tmp_path: Path) -> None:
    configuration = write_configuration(served, tmp_path, settings="refresh = 5")
    async with open_deck(configuration, size=size) as deck:
        await deck.all_known()
        await deck.context_known()
        deck.fleet.set_interval(0.5)
        await settle(deck, served)
        compare(f"deck-{size[0]}x{size[1]}", deck.text)


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
            # Only a tick after that has what is in view been counted as seen.
            await deck.shows("y restarts")
        elif name == "form":
            await deck.form()
        await deck.settle()
        compare(f"{name}-{size[0]}x{size[1]}", deck.text)


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
        hints = ("then it can be confirmed", "esc cancels")
        await deck.until(lambda: any(hint in deck.text for hint in hints))
        compare(f"rollout-plan-{size[0]}x{size[1]}", deck.text)
        await rollout_progress.read(deck)
        await rollout_progress.agree(deck)
        await rollout_progress.stands(deck, RolloutState.PAUSED)
        await rollout_progress.hears(deck)
        await deck.settle()
        compare(f"rollout-paused-{size[0]}x{size[1]}", deck.text)


async def test_a_lost_node(served: SimulatedCluster, tmp_path: Path) -> None:
    async with open_deck(write_configuration(served, tmp_path), size=(100, 24)) as deck:
        await deck.all_known()
        await deck.context_known()
        served.cluster.power_off(1)
        await deck.shows("STALE", "UNREACHABLE", "next try in")
        await deck.press("d")
        await deck.shows("Sends alerts", "next try in")
        compare("lost-100x24", deck.text)
