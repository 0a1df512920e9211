"""The keys of the views: each means the same in every view, and a key without use says so."""

from itertools import permutations
from pathlib import Path

import pytest

from tests.ui.conftest import Deck, open_deck, write_configuration
from tui.model.rollout import RolloutProgress, RolloutState, StepProgress
from tui.sim.server import SimulatedCluster
from tui.ui.screens.events import EventsScreen
from tui.ui.screens.help import HelpScreen
from tui.ui.screens.matrix import MatrixScreen
from tui.ui.screens.nodes import NodesScreen
from tui.ui.screens.problems import ProblemsScreen
from tui.ui.screens.rollout import RolloutScreen
from tui.ui.screens.why import WhyScreen
from tui.ui.widgets.text_line import BarLine

pytestmark = pytest.mark.real_time

VIEWS = {
    "0": MatrixScreen,
    "e": EventsScreen,
    "P": ProblemsScreen,
    "n": NodesScreen,
    "o": RolloutScreen,
}


async def open_view(deck: Deck, key: str) -> None:
    front = deck.app.screen
    await deck.until(lambda: not isinstance(front, RolloutScreen) or front.is_armed)
    await deck.press(key)
    await deck.until(lambda: isinstance(deck.app.screen, VIEWS[key]))


async def test_each_view_is_one_key_away_from_every_other_and_returns_to_it(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path), size=(80, 24)) as deck:
        await deck.all_known()
        plan = await deck.planned("alert_mgr", "node2", "node3")
        steps = tuple(map(StepProgress, plan.steps))
        deck.fleet.rollouts.progress[1] = RolloutProgress(plan, RolloutState.ABORTED, steps)
        for before, key in permutations(VIEWS, 2):
            await open_view(deck, before)
            opened = deck.app.screen
            await open_view(deck, key)
            assert deck.app.screen_stack[1:-1] == [opened]
            await deck.press("escape")
            await deck.until(lambda opened=opened: deck.app.screen is opened)
            await deck.press("escape")
            await deck.until(lambda: deck.app.screen is deck.app.deck)


async def test_a_view_that_is_open_below_is_gone_back_to_and_not_opened_twice(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path), size=(80, 24)) as deck:
        await deck.all_known()
        for key in "0ePe":
            await open_view(deck, key)
        assert [type(screen) for screen in deck.app.screen_stack[1:]] == [
            MatrixScreen,
            EventsScreen,
        ]
        await open_view(deck, "0")
        assert deck.app.screen_stack[-2] is deck.app.deck


async def test_help_opens_over_a_view_and_leads_to_another(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path), size=(80, 24)) as deck:
        await deck.all_known()
        await open_view(deck, "e")
        await deck.press("question_mark")
        await deck.until(lambda: isinstance(deck.app.screen, HelpScreen))
        await deck.press("question_mark")
        await deck.until(lambda: isinstance(deck.app.screen, EventsScreen))
        await deck.press("question_mark")
        await deck.until(lambda: isinstance(deck.app.screen, HelpScreen))
        await open_view(deck, "P")


async def test_a_digit_goes_to_the_node_from_the_timeline(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path), size=(80, 24)) as deck:
        await deck.all_known()
        await open_view(deck, "e")
        await deck.press("2")
        await deck.until(lambda: deck.app.screen is deck.app.deck)
        assert deck.app.deck.here == "node2"
        await deck.press("9")
        await deck.shows("There is no node 9.")


async def test_a_message_covers_neither_a_row_nor_the_keys(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path), size=(80, 24)) as deck:
        await deck.all_known()
        await deck.press("G")
        last = deck.table.row_keys[-1]
        await deck.until(lambda: deck.table.cursor_key == last)
        for key in ("9", "v", "v"):
            await deck.press(key)
        await deck.shows("There is no node 9.", "not in the deck. (2 times)", f"▌ {last}")
        lines = deck.text.splitlines()
        assert lines[-2].startswith("▌ There is no node 9.")  # one line for each, and no more
        assert lines[-3].startswith(" s Start")
        await deck.open("n", NodesScreen)
        deck.app.notify("A message\nof three\nlines.", timeout=30)
        await deck.shows("of three", "lines.", "esc back ─╯")


async def test_a_key_without_use_says_where_it_works(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()

        async def said(text: str) -> None:
            await deck.until(lambda: text in [toast.message for toast in deck.app._notifications])

        await deck.press("v")
        await said("v works in the matrix, not in the deck.")
        await deck.press("ctrl+c")
        await said("ctrl+q quits rsdeck. ctrl+c copies text that is marked with the mouse.")
        await open_view(deck, "P")
        await deck.press("r")
        await said("There is no problem to act on.")
        assert isinstance(deck.app.screen, ProblemsScreen)
        await open_view(deck, "e")
        await deck.press("r")
        await said(
            "r works in the deck, the matrix, the list of problems and Why, not in the timeline."
        )


async def test_e_is_the_timeline_and_upper_case_e_the_profile_in_the_picker_too(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        await deck.press("n", "down")
        await deck.until(lambda: deck.app.focused and deck.app.focused.id == "side")
        await deck.press("E")
        await deck.form()
        await deck.shows("Edit node2")
        await deck.press("escape")
        await deck.until(lambda: deck.app.screen is deck.app.deck)
        await open_view(deck, "e")


async def test_why_is_one_key_away_in_the_picker_too(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path), size=(80, 24)) as deck:
        await deck.all_known()
        await open_view(deck, "n")
        await deck.press("down", "w")
        await deck.until(lambda: isinstance(deck.app.screen, WhyScreen))
        await deck.shows("Why: node2")
        await deck.press("r")
        await deck.shows("This is about no single service. Choose a service")
        await deck.press("w")
        await deck.until(lambda: isinstance(deck.app.screen, NodesScreen))


async def test_what_would_be_refused_under_the_cursor_is_dim_in_deck_and_matrix(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()

        def dim() -> set[str]:
            """Return the keys of the bar that are as dim as what is off."""
            (line,) = deck.app.screen.query_one("#keys", BarLine)._lines
            off = deck.app._colors()["off"]
            return {line.plain[span.start] for span in line.spans if span.style == off}

        for view in ("deck", "0"):
            if view != "deck":
                await open_view(deck, view)
            await deck.press("g")
            await deck.until(lambda: {"s"} <= dim() and "r" not in dim())
            await deck.press("down")  # to a required service
            await deck.until(lambda: {"s", "t", "r"} <= dim())


async def test_keys_that_need_a_problem_are_not_in_the_bar_where_there_is_none(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        await open_view(deck, "P")
        await deck.shows("no problems on 3 nodes", "0 Matrix")
        assert "Go there" not in deck.text
        assert "w Why" not in deck.text
        await deck.press("w")
        await deck.shows("No service and no node is under the cursor.")


async def test_a_filter_names_the_keys_and_values_there_are(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path), size=(80, 24)) as deck:
        await deck.all_known()
        await deck.press("slash", *"status=foo")
        await deck.shows('No status begins with "foo". Values: RUNNING, STARTING')
        await deck.press("escape", "e", "slash", *"size=3")
        await deck.shows('There is no key "size". Keys: node=, service=, what=')
        await deck.press("escape", "0", "slash", *"kind=opt")
        await deck.until(lambda: "There is no" not in deck.text and "begins" not in deck.text)
