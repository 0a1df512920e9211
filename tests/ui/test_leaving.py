"""The deck is not left by mistake while something goes on that it alone can see to its end."""

from pathlib import Path

import pytest

from tests.ui.conftest import (
    NEVER_ARMS,
    NEVER_SURE,
    Deck,
    open_deck,
    posts,
    write_configuration,
)
from tui.fleet.orders.verdict import Patience
from tui.model.rollout import Plan, RolloutState
from tui.sim.server import SimulatedCluster
from tui.ui.dialogs.leave import LeaveDialog
from tui.ui.dialogs.order import OrderDialog

pytestmark = pytest.mark.real_time


async def begin(deck: Deck) -> Plan:
    plan = await deck.planned("alert_mgr")
    deck.fleet.rollouts.begin(plan)
    return plan


async def press_leave(deck: Deck, key: str) -> None:
    """Press a key that leaves, once: a second one would answer what the first one led to."""
    await deck.press(key)
    await deck.until(lambda: isinstance(deck.app.screen, LeaveDialog))


@pytest.mark.parametrize(("key", "confirms"), [("q", "y"), ("ctrl+q", "ctrl+q")])
async def test_what_leaves_names_the_rollout_that_is_open_and_needs_a_confirmation(
    key: str, confirms: str, served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path), patience=NEVER_SURE) as deck:
        await deck.all_known()
        await begin(deck)
        await deck.until(lambda: posts(served))
        await press_leave(deck, key)
        await deck.shows("rollout 1, restart alert_mgr", "not touched:")
        await deck.press("escape")
        await deck.until(lambda: not isinstance(deck.app.screen, LeaveDialog))
        assert deck.app.is_running
        await press_leave(deck, key)
        await deck.armed()
        deck.burst("ctrl+q", "ctrl+q")  # as a key that is held down repeats
        await deck.alone()
        assert deck.app.is_running
        await deck.alone()
        await deck.press(confirms)
        await deck.until(lambda: not deck.app.is_running)
    assert len(posts(served)) == 1


async def test_a_rollout_that_is_paused_is_named_until_it_is_aborted(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    served.cluster.refuse_next(2, "alert_mgr")
    patience = Patience(steady=0.3, limit=3.0, same=0.6)
    async with open_deck(write_configuration(served, tmp_path), patience=patience) as deck:
        await deck.all_known()
        plan = await begin(deck)
        progress = deck.fleet.rollouts.progress
        await deck.until(lambda: progress[plan.number].state is RolloutState.PAUSED)
        await press_leave(deck, "ctrl+q")
        await deck.shows("rollout 1", "paused")
        deck.fleet.rollouts.abort(plan.number)
        await deck.shows("nothing any more")
        await deck.press("escape")
        await deck.until(lambda: not isinstance(deck.app.screen, LeaveDialog))
        await deck.press("ctrl+q")
        await deck.until(lambda: not deck.app.is_running)


async def test_what_is_typed_ahead_does_not_answer_what_could_not_be_read_yet(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    configuration = write_configuration(served, tmp_path)
    async with open_deck(configuration, patience=NEVER_SURE, arming=NEVER_ARMS) as deck:
        await deck.all_known()
        await begin(deck)
        deck.burst("ctrl+q", "ctrl+q", "y", "ctrl+q")
        await deck.until(lambda: isinstance(deck.app.screen, LeaveDialog))
        await deck.shows("too early: wait a moment")
        assert deck.app.is_running


async def test_the_confirmation_of_an_order_names_an_open_rollout(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        served.cluster.refuse_next(2, "alert_mgr")
        await begin(deck)
        await deck.until(lambda: deck.fleet.rollouts.progress[1].state is RolloutState.PAUSED)
        await deck.on("mdns_server")
        await deck.open("r", OrderDialog)
        await deck.shows("rollout 1", "is paused", "its gate is checked again")
