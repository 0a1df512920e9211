"""Keys can be changed; a mistake in it is told at start."""

from collections.abc import Mapping
from typing import Any

import pytest
from textual.binding import Binding

from tui.ui.format.key_bar import live_keys
from tui.ui.keymap import (
    KEYS,
    KeymapError,
    View,
    bindings,
    check_keymap,
    key_text,
    unavailable_text,
)
from tui.ui.screens import deck, events, matrix, problems
from tui.ui.screens.live_screen import LiveScreen
from tui.ui.table.live_table import LiveTable
from tui.ui.table.navigation import COLUMN_BINDINGS

AVOIDED = {"ctrl+a", "ctrl+b", "ctrl+h", "ctrl+i", "ctrl+j", "ctrl+m", "ctrl+z", "ctrl+space"}


def test_the_keys_as_they_come_do_not_overlap() -> None:
    assert check_keymap({}) == {}


def test_every_binding_has_an_id_a_description_and_a_tooltip() -> None:
    for binding in [binding for view in View for binding in bindings(view)]:
        assert binding.id
        assert binding.description
        assert binding.tooltip


def test_every_screen_has_every_key_and_says_where_one_works_that_does_nothing_there() -> None:
    for view in View:
        own = {binding.id: binding.action for binding in bindings(view)}
        assert own.keys() == {key.id for key in KEYS}
        for key in KEYS:
            works = own[key.id] == key.action
            assert works is (view in key.views), (view, key.id)
            assert works or own[key.id] == f"app.unavailable('{key.id}', '{view.name}')"
    text = "d works in the deck, not in the timeline."
    assert unavailable_text("detail", "d", View.TIMELINE) == text
    assert unavailable_text("sort", "S", View.ROLLOUT) == (
        "S works in the deck, the matrix, the list of problems and the list of nodes, "
        "not in the rollout."
    )


def test_a_key_says_why_a_view_has_no_use_for_it() -> None:
    for key in ("sort", "invert"):
        text = "The timeline is sorted by time, the newest event first."
        assert unavailable_text(key, "S", View.TIMELINE) == text


def test_the_keys_of_the_views_work_in_every_view() -> None:
    views = {"matrix", "timeline", "all_problems", "rollouts", "nodes", "help"}
    assert views <= {key.id for key in KEYS if key.views == frozenset(View)}


def test_no_key_is_one_that_a_multiplexer_or_a_terminal_takes() -> None:
    assert not AVOIDED & {key for one in KEYS for key in one.keys.split(",")}


def test_a_key_can_be_moved_and_is_spelled_as_textual_has_it() -> None:
    assert check_keymap({"restart": "X", "problems": "*,ctrl+o"}) == {
        "restart": "X",
        "problems": "asterisk,ctrl+o",
    }


def test_two_keys_can_change_places() -> None:
    assert check_keymap({"start": "t", "stop": "s"}) == {"start": "t", "stop": "s"}


def test_an_unknown_id_is_refused_with_the_nearest() -> None:
    with pytest.raises(KeymapError, match=r'keys\.restrat.*"restart"'):
        check_keymap({"restrat": "R"})


def test_one_key_for_two_things_is_refused_and_both_are_named() -> None:
    with pytest.raises(KeymapError, match=r'"t".*"stop"'):
        check_keymap({"restart": "t"})


def test_a_key_of_the_table_cannot_be_taken_either() -> None:
    table = [Binding("j", "down", "Down", id="table.down")]
    with pytest.raises(KeymapError, match=r'"j".*"table\.down"'):
        check_keymap({"restart": "j"}, table)
    assert check_keymap({"restart": "j", "table.down": "J"}, table)["restart"] == "j"


@pytest.mark.parametrize("keys", ["a,", ",a", "a,,b"])
def test_a_list_of_keys_with_an_empty_entry_is_refused(keys: str) -> None:
    with pytest.raises(KeymapError, match="commas"):
        check_keymap({"restart": keys})


@pytest.mark.parametrize("key", ["wibble", "ctrl+wibble", "f99", "entre"])
def test_a_key_that_no_keyboard_has_is_refused(key: str) -> None:
    with pytest.raises(KeymapError, match="no keyboard"):
        check_keymap({"restart": key})


def test_keys_that_can_be_pressed_are_taken() -> None:
    for key in ("f7", "f6", "ctrl+t", "shift+f1", "é", "section_sign", "alt+x", "pagedown", "€"):
        assert check_keymap({"restart": key})


def test_a_key_is_shown_as_it_stands_on_the_keyboard() -> None:
    assert key_text("exclamation_mark") == "!"
    assert key_text("ctrl+r,f5") == "ctrl+r"


@pytest.mark.parametrize(
    ("screen", "bar"),
    [
        (deck.DeckScreen, deck._BAR),
        (matrix.MatrixScreen, matrix._BAR),
        (events.EventsScreen, events._BAR),
        (problems.ProblemsScreen, problems._BAR),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_every_key_of_a_bar_has_a_binding(
    screen: type[LiveScreen[Any]], bar: Mapping[str, str]
) -> None:
    own = (*screen.BINDINGS, *LiveTable.MOVES, *COLUMN_BINDINGS)
    assert bar.keys() <= {*live_keys(own, {}), "choose"}
