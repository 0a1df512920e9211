"""A journal that cannot be written is shown before a dialog opens, not after its confirmation."""

from pathlib import Path

import pytest

from tests.ui.conftest import open_deck, posts, write_configuration
from tui.journal.order_journal import OrderJournal
from tui.sim.server import SimulatedCluster
from tui.ui.dialogs.order import OrderDialog
from tui.ui.dialogs.rollout import RolloutDialog

pytestmark = pytest.mark.real_time

SHOWN = "Actions cannot be recorded, so nothing can be sent"


async def test_no_dialog_opens_where_nothing_can_be_recorded_until_it_can(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    file = state / "journal.jsonl"
    file.touch(mode=0o644)
    journal = OrderJournal(state)
    async with open_deck(write_configuration(served, tmp_path), journal=journal) as deck:
        await deck.all_known()
        await deck.until(lambda: journal.trouble)
        await deck.on("alert_mgr")
        for key in ("r", "R"):
            await deck.press(key)
            await deck.shows(SHOWN, "0644")
            assert deck.app.screen is deck.app.deck
            deck.app.clear_notifications()
        file.chmod(0o600)
        await deck.press("r")
        await deck.until(lambda: not journal.trouble)
        await deck.open("r", OrderDialog)
        await deck.armed()  # before that, keys are dropped
        await deck.press("escape")
        await deck.until(lambda: deck.app.screen is deck.app.deck)
        await deck.open("R", RolloutDialog)
    assert not posts(served)
