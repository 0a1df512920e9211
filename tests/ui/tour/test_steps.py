"""The tour as data: every hint is one line, and names keys that there are."""

import re

import pytest

from tui.ui.keymap import KEYS, key_text
from tui.ui.tour.steps import STEPS, Needs, TourStep

HINT_CELLS = 58
"""Cells that a hint may have, so that it is one line in a terminal of 60 columns."""

IDS = {key.id for key in KEYS}
LABELS = {key.id: key_text(key.keys.split(",")[0]) for key in KEYS} | {"node2": "2"}


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.hint[:20])
def test_a_hint_is_one_line_in_a_terminal_of_60_columns(step: TourStep) -> None:
    hint = step.shown_hint(LABELS)
    assert len(hint) <= HINT_CELLS
    assert "{" not in hint
    assert hint.endswith(".")
    assert hint.isascii()


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.hint[:20])
def test_a_key_is_one_of_the_deck_or_one_of_a_dialog(step: TourStep) -> None:
    in_dialogs = {"y", "escape"}
    assert set(step.keys) <= IDS | in_dialogs
    of_deck = step.needs in (Needs.DECK, Needs.FILTERED, Needs.MATRIX)
    assert not (of_deck and set(step.keys) & in_dialogs), "it might be an action of the deck's own"


def test_it_goes_through_pick_filter_restart_why_matrix_and_rollout() -> None:
    played = [key for step in STEPS for key in step.keys if key in IDS]
    assert played == ["node.2", "filter", "restart", "why", "matrix", "rollout"]


def test_what_sends_is_pressed_in_its_dialog_alone_and_is_read_to_its_end() -> None:
    for step in STEPS:
        sends = "y" in step.keys or (step.text and "filter" not in step.keys)
        assert bool(sends) == (step.needs in (Needs.ACTION, Needs.ROLLOUT)) == step.reads_on


def test_a_hint_names_the_key_that_is_pressed_after_it() -> None:
    for step in STEPS:
        for key in step.keys:
            if key in IDS:
                named = {"node2": "node.2"}.get
                names = re.findall(r"\{([\w.]+)\}", step.hint)
                assert key in {named(name, name) for name in names}
