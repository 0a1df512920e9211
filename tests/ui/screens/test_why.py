"""Why a service or a node is as it is, over the screen it was opened from."""

import math
import re
from pathlib import Path

import pytest
from textual.screen import ModalScreen

from tests.ui.conftest import open_deck, posts, write_configuration
from tui.fleet.why import CheckedPart
from tui.sim.server import SimulatedCluster
from tui.ui.dialogs.order import OrderDialog
from tui.ui.screens.events import EventsScreen
from tui.ui.screens.help import HelpScreen
from tui.ui.screens.why import WhyScreen

pytestmark = pytest.mark.real_time
HOSTILE = "[@click=app.quit]quit[/]\x1b[31m\u202e"


def checks_read(served: SimulatedCluster) -> int:
    return sum(one.path == "/v1/cluster/check" for one in served.cluster.requests)


def set_due(why: WhyScreen, at: float) -> None:
    why._checks._due = dict.fromkeys(CheckedPart, at)


async def test_w_shows_the_evidence_for_the_service_under_the_cursor(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    served.cluster.stop(1, "alert_mgr")
    served.cluster.contents.raise_alert(HOSTILE, "WARNING", 1)
    async with open_deck(write_configuration(served, tmp_path), size=(80, 24)) as deck:
        await deck.all_known()
        await deck.on("alert_mgr")
        await deck.press("w")
        await deck.shows("Why: alert_mgr on node1", "STOPPED", "(/v1/local/services)")
        await deck.shows(
            "WHAT",
            "AGE",
            "EVIDENCE (SOURCE)",
            "esc closes · s starts it · ctrl+r reads the checks again",
        )
        await deck.shows("Sends alerts", "optional.", "start it: s, confirmed first")
        await deck.shows("node check", "alert_mgr is not running", "cluster health", "WARNING")
        assert "[@click=app.quit]quit[/]" in "".join(deck.text.split())
        assert deck.text.replace("\n", "").isprintable()
        await deck.resize(80, 18)
        await deck.until(lambda: re.search(r"─ down: \d+ more · esc closes · s starts", deck.text))
        why = deck.app.screen
        assert isinstance(why, WhyScreen)
        read = checks_read(served)
        set_due(why, 0.0)  # as after their pace
        await deck.until(lambda: checks_read(served) > read and not why._checks._is_reading)
        read = checks_read(served)
        set_due(why, math.inf)
        await deck.press("ctrl+r")
        await deck.until(lambda: checks_read(served) > read)
        await deck.press("w")
        assert deck.app.screen is deck.app.deck
        await deck.until(lambda: not why.query("#evidence"))
        await why._read()  # the answers come once it is closed
    assert not posts(served)


async def test_w_on_a_problem_shows_why_and_comes_back_to_the_problems(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    served.cluster.stop(2, "alert_mgr")
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        await deck.press("P")
        await deck.shows("should not be")
        below = deck.app.screen
        await deck.press("w")
        await deck.shows("Why: alert_mgr on node2", "the cluster's actions")
        why = deck.app.screen
        assert isinstance(why, WhyScreen)
        await deck.until(lambda: why._checks.newest.cluster.value)
        deck.app.push_screen(ModalScreen())
        await deck.until(lambda: not why.is_active)
        read = checks_read(served)
        set_due(why, 0.0)
        why._on_clock()
        await deck.settle()
        assert not why._checks._is_reading
        assert checks_read(served) == read, "what lies under another window reads nothing"
        deck.app.pop_screen()
        await deck.press("escape")
        assert deck.app.screen is below


async def test_the_keys_of_the_deck_work_in_why_and_s_is_for_its_service_alone(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    served.cluster.stop(2, "alert_mgr")
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        await deck.on("mdns_server")
        await deck.press("space")
        await deck.press("P")
        await deck.shows("should not be")
        await deck.press("w")
        await deck.shows("Why: alert_mgr on node2", "start it: s, confirmed first")
        why = deck.app.screen
        for key, view in (("e", EventsScreen), ("question_mark", HelpScreen)):
            await deck.open(key, view)
            await deck.press("escape")
            await deck.until(lambda: deck.app.screen is why)
        await deck.press("slash")
        await deck.shows("/ works in the deck, the matrix and the timeline, not in Why.")
        await deck.open("s", OrderDialog)
        assert deck.app.screen_stack == [deck.app.deck, deck.app.screen]
        await deck.shows("alert_mgr on node2")
        dialog = deck.app.screen
        assert isinstance(dialog, OrderDialog)
        assert dialog._question.order.names == ("alert_mgr",), "not what is marked"
        await deck.press("escape")
        await deck.open("w", WhyScreen)
        assert deck.table.cursor_key == "alert_mgr"
    assert not posts(served)


async def test_a_node_whose_profile_goes_takes_its_evidence_along(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        await deck.on("alert_mgr")
        await deck.press("w")
        await deck.until(lambda: isinstance(deck.app.screen, WhyScreen))
        deck.fleet.adopt([one.profile for one in deck.fleet.nodes if one.name != "node1"])
        await deck.until(lambda: not isinstance(deck.app.screen, WhyScreen))
