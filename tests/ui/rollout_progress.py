"""A rollout from the key on, as a person takes it through its doors."""

import contextlib
import time

from textual.widgets import Input

from tests.fleet.rollouts import QUICK, SERVICE, ordered
from tests.ui.conftest import REPEATS, Deck
from tui.model.rollout import RolloutProgress, RolloutState
from tui.ui.dialogs.rollout import RolloutDialog
from tui.ui.dialogs.rollout_action import RolloutActionDialog
from tui.ui.screens.rollout import RolloutScreen

__all__ = ["QUICK", "SERVICE", "ordered"]


async def ask(deck: Deck, service: str = SERVICE) -> None:
    """Press R on a service, and come to the door."""
    await deck.all_known()
    await deck.on(service)
    await deck.open("R", RolloutDialog)


async def read(deck: Deck) -> None:
    """Page down until nothing is left that must be seen."""
    end = time.monotonic() + REPEATS
    while (more := "shows the rest" in deck.text) or "up shows what was skipped" in deck.text:
        assert time.monotonic() < end, f"there is no end to it; the screen:\n{deck.text}"
        await deck.press("down" if more else "up")


async def agree(deck: Deck, words: str = SERVICE, reason: str = "") -> None:
    """Type what the door asks for, and come to the rollout's screen."""
    if reason:
        await deck.answer(words)
    await deck.fill(reason or words)
    await deck.press("enter")
    await _comes_through(deck, "enter", words)


async def _comes_through(deck: Deck, key: str, words: str = "") -> None:
    """Come to the rollout's screen; say yes again where an answer was too old for a moment."""
    end = time.monotonic() + REPEATS
    while not isinstance(deck.app.screen, RolloutScreen):
        assert time.monotonic() < end, f"it did not come through; the screen:\n{deck.text}"
        with contextlib.suppress(AssertionError):
            await deck.until(lambda: isinstance(deck.app.screen, RolloutScreen), 1.0)
            return
        # A line that came and went has made the window smaller: it wants to be read anew.
        await read(deck)
        await deck.alone()
        await _complete(deck, words)
        await deck.press(key)


async def _complete(deck: Deck, words: str) -> None:
    """Type the words anew where a part of them is missing: the window took none for a moment.

    It arms anew where what it shows has changed, as where a node has not answered in time.
    """
    for field in deck.app.screen.query("#words").results(Input):
        if field.value != words:
            await deck.armed()
            await deck.press("end", "ctrl+u", *words)
            await deck.alone()


async def begin(deck: Deck, service: str = SERVICE) -> None:
    await ask(deck, service)
    await agree(deck, service)


def progress(deck: Deck) -> RolloutProgress:
    return max(deck.fleet.rollouts.progress.values(), key=lambda one: one.plan.number)


async def stands(deck: Deck, state: RolloutState, seconds: float = 40) -> None:
    """Wait until the rollout stands so."""
    await deck.until(
        lambda: deck.fleet.rollouts.progress and progress(deck).state is state, seconds
    )


async def hears(deck: Deck) -> None:
    """Wait until the rollout's screen is in front and hears."""
    await deck.until(
        lambda: isinstance(deck.app.screen, RolloutScreen) and deck.app.screen.is_armed
    )


async def say(deck: Deck, key: str) -> None:
    """Say a word to a rollout: its key, and yes at the door."""
    await hears(deck)
    await deck.press(key)
    await deck.until(lambda: isinstance(deck.app.screen, RolloutActionDialog))
    await deck.armed()
    await deck.alone()
    await deck.press("y")
    await _comes_through(deck, "y")
