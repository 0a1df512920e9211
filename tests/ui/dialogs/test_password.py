"""Logins: one refusal stops all that use it, and a person is asked."""

from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from tests.ui.conftest import (
    ADMIN,
    ARMS_AT_ONCE,
    NEVER_ARMS,
    key_event,
    open_deck,
    quiet,
    write_configuration,
)
from tui.sim.server import SimulatedCluster
from tui.ui.dialogs.password import PasswordDialog

pytestmark = pytest.mark.real_time

TRIES = 2  # what a wrong password costs where nothing is said of the way to log in


def refused(served: SimulatedCluster) -> list[Any]:
    return [one for one in served.cluster.requests if one.status == 401]


async def test_a_wrong_password_is_tried_once_for_all_nodes_and_then_the_prompt_opens(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path), password="wrong") as deck:
        await deck.asked()
        await deck.shows(ADMIN[0], "Five failures within 15 minutes lock the user")
        await quiet(1.5)
        assert len(refused(served)) == TRIES
        await deck.press(*ADMIN[1], "enter")
        await deck.all_known()
        await deck.shows("32/32 ok")
        assert len(refused(served)) == TRIES


async def test_closing_the_prompt_leaves_the_login_stopped_and_a_key_opens_it_again(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path), password="wrong") as deck:
        await deck.asked()
        await deck.press("escape")
        await deck.shows("LOGIN", "press L")
        await deck.press("2", "3")
        await quiet(1.0)
        assert len(refused(served)) == TRIES
        await deck.press("L")
        await deck.asked()
        await deck.press(*ADMIN[1], "enter")
        await deck.all_known()


async def test_an_account_that_was_unlocked_comes_back_with_the_refresh_key_alone(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    account = served.cluster.users[ADMIN[0]]
    account.locked_until = served.cluster.now() + 1800
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.asked()
        await deck.press("escape")
        await deck.shows("LOGIN")
        account.locked_until = 0.0
        await deck.press("ctrl+r")
        await deck.all_known()


async def test_a_password_without_a_source_is_prompted_for_when_the_deck_opens(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path), password=None) as deck:
        await deck.asked()
        assert not served.cluster.requests
        await deck.press(*ADMIN[1])
        assert ADMIN[1] not in deck.text
        assert ADMIN[1] not in deck.app.export_screenshot()
        await deck.press("enter")
        await deck.all_known()
        assert ADMIN[1] not in (tmp_path / "config.toml").read_text()


async def test_a_password_that_ends_in_one_burst_with_enter_is_not_sent(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    """P5, case 41."""
    async with open_deck(write_configuration(served, tmp_path), password=None) as deck:
        await deck.asked()
        for key in (*ADMIN[1], "enter"):
            deck.app.post_message(key_event(key))
        await deck.settle()
        await quiet(0.2)
        assert not served.cluster.requests
        assert isinstance(deck.app.screen, PasswordDialog)
        await deck.press("enter")
        await deck.all_known()


async def test_a_login_that_stops_working_stops_after_two_refusals_at_most(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        served.cluster.add_user(ADMIN[0], "changed meanwhile")
        served.cluster.logins.revoke()
        await deck.asked()
        await quiet(1.5)
        assert sum(one.scheme == "basic" for one in refused(served)) <= 2
        await deck.press(*"changed meanwhile".replace(" ", "_").split("_")[0])
        await deck.press("space", *"meanwhile", "enter")
        await deck.all_known()
        await deck.until(lambda: "LOGIN" not in deck.text)


async def test_a_locked_node_never_empties_the_table(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        served.cluster.add_user(ADMIN[0], "other")
        served.cluster.logins.revoke()
        await deck.asked()
        await deck.press("escape")
        await deck.shows("alert_mgr", "STALE")


async def test_what_is_typed_before_the_first_poll_is_no_key_of_the_deck(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    """P5."""
    configuration = write_configuration(served, tmp_path)
    async with open_deck(configuration, password=None, arming=NEVER_ARMS) as deck:
        deck.burst("a", "b", "q", "c")
        await deck.until(lambda: isinstance(deck.app.screen, PasswordDialog))
        await deck.settle()
        assert deck.app.screen.query_one(Input).value == ""
        deck.app.arming_times = ARMS_AT_ONCE
        await deck.asked()
        await deck.press("escape")
        await deck.until(lambda: deck.app.screen is deck.app.deck)
        await deck.shows("no password yet")
        assert deck.app.screen is deck.app.deck
