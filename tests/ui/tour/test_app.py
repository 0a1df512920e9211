"""The whole tour on the real deck and the simulator, from the first step to the last."""

import asyncio
from pathlib import Path

import pytest
from textual import events
from textual.geometry import Size

from tests.ui.conftest import (
    ADMIN,
    ARMS_AT_ONCE,
    Deck,
    key_event,
    posts,
    settle,
    write_configuration,
)
from tui.credentials import Passwords, Secret
from tui.fleet.fleet import Fleet
from tui.fleet.orders.verdict import Patience
from tui.fleet.snapshot.storage import SavedFiles
from tui.journal.order_journal import OrderJournal
from tui.sim.server import SimulatedCluster
from tui.storage.paths import theme_dirs
from tui.ui.dialogs.confirm import ConfirmDialog
from tui.ui.dialogs.order import OrderDialog
from tui.ui.dialogs.rollout import RolloutDialog
from tui.ui.screens.matrix import MatrixScreen
from tui.ui.screens.rollout import RolloutScreen
from tui.ui.screens.why import WhyScreen
from tui.ui.themes import load_themes
from tui.ui.tour.app import TourApp
from tui.ui.tour.steps import STEPS

PATIENT = Patience(steady=0.2, limit=60.0, same=30.0)


def make_tour(served: SimulatedCluster, folder: Path, pace: float) -> tuple[TourApp, Fleet]:
    """Make a tour each of whose seconds takes `pace` times as long."""
    # An answer stays young enough to act on, and a verdict has time, also on a busy machine.
    configuration = write_configuration(served, folder, settings="refresh = 2")
    passwords = Passwords()
    for profile in configuration.nodes:
        passwords.keep(profile, Secret(ADMIN[1]))
    journal = OrderJournal(folder / "state")
    fleet = Fleet(configuration, patience=PATIENT, passwords=passwords, journal=journal)
    themes, _ = load_themes(theme_dirs())
    app = TourApp(
        configuration,
        fleet,
        themes=themes,
        keys={},
        files=SavedFiles(folder / "state"),
        arming_times=ARMS_AT_ONCE,
        sleep=lambda seconds: asyncio.sleep(seconds * pace),
    )
    return app, fleet


@pytest.mark.real_time
@pytest.mark.timeout(300)
async def test_from_the_first_step_to_the_last(served: SimulatedCluster, tmp_path: Path) -> None:
    app, fleet = make_tour(served, tmp_path, 0.2)
    seen: list[str] = []
    screens = set()
    async with app.run_test(size=(60, 18), notifications=True) as pilot:
        deck = Deck(app, fleet, pilot)

        def is_over() -> bool:
            hint, controls = app.hint
            screens.add(type(app.screen))
            if "space next" in controls and hint not in seen:
                seen.append(hint)
                app.post_message(key_event("space"))  # one for each, so that none is missed
            return "any key" in controls

        await deck.until(is_over, 240.0)
        assert seen == [step.shown_hint(app.labels) for step in STEPS]
        assert {OrderDialog, WhyScreen, MatrixScreen, RolloutDialog, RolloutScreen} <= screens
        sent = [request.path for request in posts(served)]
        assert len(sent) == 4  # one restart, and one on each of three nodes
        assert all(one.is_verified for one in fleet.orders.progress.values())
        await deck.press("q")  # the first key after the end is the deck's
        await deck.until(lambda: app.screen is app.deck)
        assert app.tour is None


async def click_on_control(app: TourApp, words: str) -> None:
    """Click on what the last line of the terminal says, which is below the deck."""
    x, y = 1 + app.hint[1].index(words), app.size.height + 1
    for kind in (events.MouseDown, events.MouseUp):
        app.post_message(kind(None, x, y, 0, 0, 1, False, False, False, screen_x=x, screen_y=y))
    await settle(app)


async def test_a_persons_keys_and_clicks_control_the_tour_and_do_nothing_else(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    app, fleet = make_tour(served, tmp_path, 1.0)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        deck = Deck(app, fleet, pilot)
        await deck.until(lambda: "space next" in app.hint[1])
        first = app.hint[0]
        await deck.press("q", "0", "r")
        await deck.click((10, 10))
        assert app.screen is app.deck
        assert app.is_running
        assert app.hint[1].startswith("PAUSED")
        assert app.tour is not None
        await settle(app)
        assert app.hint[0] == first
        await click_on_control(app, "space goes on")
        assert not app.hint[1].startswith("PAUSED")
        await click_on_control(app, app.hint[1][:6])  # which step it is, no control
        assert app.hint[1].startswith("PAUSED")
        assert app.is_running
        await click_on_control(app, "esc ends")
        assert app.tour is None
        assert not [worker for worker in app.workers if worker.group == "tour"]
        await deck.press("0")
        assert isinstance(app.screen, MatrixScreen)
        assert posts(served) == []
        assert app.size == Size(120, 40)


@pytest.mark.real_time
async def test_the_end_of_the_tour_at_a_question_cancels_the_question(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    app, fleet = make_tour(served, tmp_path, 0.15)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        deck = Deck(app, fleet, pilot)
        await deck.until(lambda: isinstance(app.screen, ConfirmDialog))
        app.post_message(key_event("escape"))
        await deck.until(lambda: app.tour is None and app.screen is app.deck)
        assert posts(served) == []
