"""A rollout of another process is shown in the dialog, not after its confirmation."""

from pathlib import Path

import pytest

from tests.ui.conftest import open_deck, posts, write_configuration
from tui.journal.order_journal import OrderJournal, RolloutLock
from tui.sim.server import SimulatedCluster
from tui.ui.dialogs.order import OrderDialog
from tui.ui.dialogs.rollout import RolloutDialog

pytestmark = pytest.mark.real_time


async def test_a_dialog_names_the_process_that_rolls_the_cluster_and_cannot_be_confirmed_meanwhile(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    journal = OrderJournal(state)
    async with open_deck(write_configuration(served, tmp_path), journal=journal) as deck:
        await deck.all_known()
        await deck.on("alert_mgr")
        plan = await deck.planned("alert_mgr")
        for key, dialog in (("r", OrderDialog), ("R", RolloutDialog)):
            await deck.open(key, dialog)
            await deck.armed()
            other = RolloutLock(state, plan, "elsewhere")
            other.take(wait=30)  # the dialog may be looking just now
            await deck.shows("on elsewhere, for", "rolls restart alert_mgr", "esc cancels")
            assert deck.app.screen.query_one("#go").disabled
            other.free()
            await deck.until(lambda: "rolls restart" not in deck.text)
            await deck.armed()
            await deck.press("escape")
            await deck.until(lambda: deck.app.screen is deck.app.deck)
    assert not posts(served)
