"""Rollouts from the key to the last verdict, through their doors, at the real server."""

import asyncio
import contextlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from textual import events

from tests.fleet.plan_nodes import place, wish
from tests.ui.conftest import (
    ARMS_AS_SHIPPED,
    NEVER_ARMS,
    NEVER_SURE,
    Deck,
    open_deck,
    posts,
    write_configuration,
)
from tests.ui.rollout_progress import (
    QUICK,
    SERVICE,
    agree,
    ask,
    begin,
    hears,
    ordered,
    progress,
    read,
    say,
    stands,
)
from tests.ui.screens.test_matrix import open_matrix
from tests.ui.test_hostile import assert_harmless
from tui.config import load
from tui.fleet.orders.verdict import Patience
from tui.fleet.rollout.planner import make_plan
from tui.journal.unfinished import UnfinishedRollout
from tui.model.clock import monotonic
from tui.model.rollout import (
    GateNow,
    Plan,
    PlanReason,
    PlanRefusal,
    PlanRemark,
    RolloutProgress,
    RolloutState,
    StopReason,
)
from tui.sim.server import SimulatedCluster
from tui.ui.controllers.rollouts import RolloutController
from tui.ui.dialogs.rollout import RolloutDialog
from tui.ui.dialogs.rollout_action import RolloutActionDialog
from tui.ui.format.key_bar import KEY_META
from tui.ui.screens.rollout import RolloutScreen

pytestmark = pytest.mark.real_time

WHY = "read-only: the deck was started with --read-only"


async def test_the_whole_plan_is_shown_and_then_every_node_gets_its_turn(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path), patience=QUICK) as deck:
        await ask(deck)
        await deck.shows("1 of 3   node2  node:2", "2 of 3   node3  node:3", "3 of 3   node1  node")
        await deck.shows("(primary)", "optional, RUNNING for", "gate", "GET /v1/nodes/check/{uid}")
        for url in served.urls.values():
            await deck.shows(f"POST {url}/v1/local/services")
        await deck.shows('{"operation_type": "restart", "services": ["alert_mgr"]}')
        await deck.armed()
        assert deck.app.focused is not None
        assert deck.app.focused.id == "words"
        assert not posts(served)
        await agree(deck)
        await deck.shows("/3 verified", "running for", "waiting")
        await stands(deck, RolloutState.DONE)
        await deck.shows("3/3 verified · done in", "stable for", "up")
        await hears(deck)
        await deck.press("escape")
        await deck.shows("✓ restart alert_mgr on 3 nodes of demo · 3/3 verified")
        assert "VERIFIED" not in deck.text
        await deck.press("x")
        await deck.until(lambda: "3/3 verified" not in deck.text)
    assert ordered(served) == [2, 3, 1]


@pytest.mark.parametrize(
    ("key", "sent", "state", "told"),
    [
        ("r", [2, 3, 3, 1], RolloutState.DONE, "3/3 verified · done in"),
        ("s", [2, 3, 1], RolloutState.DONE, "2/3 verified, node3 skipped · done in"),
        ("a", [2, 3], RolloutState.ABORTED, "1/3 verified, node3 failed, not touched: node1"),
    ],
)
async def test_a_node_that_refuses_pauses_the_rollout_until_an_action_is_chosen(
    key: str,
    sent: list[int],
    state: RolloutState,
    told: str,
    served: SimulatedCluster,
    tmp_path: Path,
) -> None:
    served.cluster.refuse_next(3, SERVICE)
    async with open_deck(write_configuration(served, tmp_path), patience=QUICK) as deck:
        await begin(deck)
        await stands(deck, RolloutState.PAUSED)
        await deck.shows("PAUSED: alert_mgr: failed", "node3 · for", "✗ 2/3 node3", "1 waiting")
        await deck.shows(
            "r resume: polls node3 again", "s skip: leaves node3", "a abort: goes to no"
        )
        assert ordered(served) == [2, 3]
        await say(deck, key)
        await stands(deck, state)
        await deck.shows(told)
    assert ordered(served) == sent


async def test_a_rollout_goes_on_after_its_screen_is_left_and_o_shows_it_again(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    served.cluster.refuse_next(3, SERVICE)
    async with open_deck(write_configuration(served, tmp_path), patience=QUICK) as deck:
        await begin(deck)
        await hears(deck)
        await deck.press("escape")
        await deck.shows("… restart alert_mgr on 3 nodes of demo · ", "/3 verified, node")
        await stands(deck, RolloutState.PAUSED)
        await deck.shows("PAUSED", "o shows it", "Rollout 1 is paused")
        await deck.refuses("R", "Nothing was sent: rollout 1 is still open")
        assert deck.text.count("o shows it") == 1
        view = deck.app.deck.view()
        assert view is not None
        assert "rollout" in deck.app.deck._unfit(view)
        await deck.press("o")
        await say(deck, "s")
        while isinstance(deck.app.screen, RolloutScreen):
            # What is typed right after the question has gone is dropped.
            await hears(deck)
            await deck.press("q")
        await stands(deck, RolloutState.DONE)
        await deck.shows("2/3 verified, node3 skipped")
        await deck.press("o")
        await deck.shows("2/3 verified, node3 skipped · done in")
    assert ordered(served) == [2, 3, 1]


async def test_o_says_that_there_is_no_rollout(served: SimulatedCluster, tmp_path: Path) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.press("o")
        await deck.shows("No rollout was begun")
        assert deck.app.screen is deck.app.deck


async def test_o_plans_what_remains_of_a_rollout_that_was_cut_off(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    nodes = tuple((f"node{uid}", served.urls[uid]) for uid in (2, 3, 1))
    began, done = datetime(2026, 2, 1, tzinfo=UTC), frozenset({"node2"})
    rest = UnfinishedRollout("a-r1", "restart", "demo", (SERVICE,), nodes, began, done)
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        deck.fleet.rollouts.cut_off = (rest,)
        deck.app.rollouts_unfinished((rest,))
        await deck.shows("A rollout was cut off", "CUT OFF · node3, node1 remain · o plans them")
        await deck.open("o", RolloutDialog)
        await deck.shows("1 of 2   node3", "2 of 2   node1")
        await deck.press("escape")
        await deck.press("x")
        await deck.shows(f"Cleared, not offered again: restart {SERVICE} of demo on node3, node1.")
        assert "CUT OFF" not in deck.text
        assert "A rollout was cut off" not in deck.text
        await deck.press("o")
        await deck.shows("No rollout was begun")
        last = replace(rest, done=frozenset({"node2", "node3"}), is_typed=True)
        deck.app.rollouts_unfinished((last,))
        await deck.open("o", RolloutDialog)
        await deck.shows("1 of 1   node1", f"type {SERVICE}")
    assert not posts(served)


async def test_one_that_goes_on_can_be_aborted_and_the_order_that_is_out_is_watched(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(
        write_configuration(served, tmp_path), patience=Patience(steady=4.0)
    ) as deck:
        await begin(deck)
        await deck.until(lambda: posts(served))
        await say(deck, "a")
        await stands(deck, RolloutState.ABORTED)
        await deck.shows("ABORTED", "1/3 verified, not touched: node3, node1", "stopped here at ")
    assert ordered(served) == [2]


async def test_only_what_is_paused_can_be_resumed_or_skipped(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path), patience=NEVER_SURE) as deck:
        await begin(deck)
        await hears(deck)
        await deck.press("r")
        await deck.shows("nothing to resume")
        await deck.press("s")
        await deck.shows("nothing to skip")
        assert isinstance(deck.app.screen, RolloutScreen)
        await say(deck, "a")
        await deck.shows("esc closes, it ends at the verdict")
        assert "a abort" not in deck.text
        await deck.press("a")
        await deck.shows("It is being aborted: there is nothing to abort.")
        assert isinstance(deck.app.screen, RolloutScreen)


# What begins nothing


async def test_type_ahead_begins_nothing(served: SimulatedCluster, tmp_path: Path) -> None:
    configuration = write_configuration(served, tmp_path)
    async with open_deck(configuration, arming=ARMS_AS_SHIPPED) as deck:
        await deck.all_known()
        for keys in (
            ["enter"],
            ["y"],
            ["enter"] * 30,
            ["tab", *SERVICE, "enter"],
            ["tab", "tab", "enter"],
            [*SERVICE, "enter"],
        ):
            await deck.on(SERVICE)
            await deck.planned(SERVICE)
            deck.burst("R", *keys)
            await deck.armed()
            await deck.alone()
            assert not deck.fleet.rollouts.progress
            await deck.press("escape")
            await deck.until(lambda: deck.app.screen is deck.app.deck)
    assert not posts(served)


async def test_neither_a_paste_nor_enter_nor_y_begins_it(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await ask(deck)
        await deck.armed()
        await deck.press("y")
        deck.app.post_message(events.Paste(SERVICE))
        await deck.alone()
        await deck.press("enter", "tab", "y")
        await deck.alone()
        assert not deck.fleet.rollouts.progress
        await deck.press("escape")
        await ask(deck)
        await deck.armed()
        await deck.press_until("tab", lambda: deck.app.focused and deck.app.focused.id != "words")
        await deck.press_until("enter", lambda: deck.app.screen is deck.app.deck)
        assert not deck.fleet.rollouts.progress
    assert not posts(served)


async def test_a_wrong_name_begins_nothing(served: SimulatedCluster, tmp_path: Path) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await ask(deck)
        await deck.armed()
        await deck.fill("alert_mg")
        await deck.press("enter")
        await deck.alone()
        assert isinstance(deck.app.screen, RolloutDialog)
        assert not deck.fleet.rollouts.progress
    assert not posts(served)


async def test_a_change_since_the_key_blocks_the_rollout(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await ask(deck)
        await deck.armed()
        served.cluster.restart(3, SERVICE)
        await deck.shows("changed since you looked", "node3: alert_mgr was restarted")
        await deck.shows("esc, then R again")
        await deck.fill(SERVICE)
        await deck.press("enter")
        await deck.alone()
        assert not deck.fleet.rollouts.progress
    assert not posts(served)


async def test_a_plan_that_is_refused_is_said_and_opens_nothing(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        served.cluster.power_off(3)
        await deck.until(lambda: deck.fleet.watch("node3").reading.trouble)
        await deck.on(SERVICE)
        await deck.refuses("R", "node3 (", "Nothing was sent.")
        assert deck.app.screen is deck.app.deck
    assert not posts(served)


@pytest.mark.parametrize("size", [(60, 20), (120, 40)])
async def test_read_only_says_why_and_there_is_nothing_to_begin(
    size: tuple[int, int], served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path), read_only=WHY, size=size) as deck:
        await deck.all_known()
        await deck.on(SERVICE)
        await deck.press(*"RRRRR")
        await deck.shows("--read-only", "was sent. (5 times)")
        assert deck.app.screen is deck.app.deck
        assert not deck.fleet.rollouts.progress
    assert not posts(served)


def test_nothing_that_decides_can_be_run_as_an_action() -> None:
    for screen in (RolloutDialog, RolloutActionDialog, RolloutScreen):
        ours = [one for one in screen.__mro__ if one.__module__.startswith("tui.")]
        assert not [name for one in ours for name in vars(one) if name.startswith("action_")]


# What is asked at a pause


async def paused(deck: Deck, served: SimulatedCluster) -> None:
    served.cluster.refuse_next(2, SERVICE)
    await begin(deck)
    await stands(deck, RolloutState.PAUSED)


async def test_a_burst_at_a_pause_decides_nothing(served: SimulatedCluster, tmp_path: Path) -> None:
    configuration = write_configuration(served, tmp_path)
    async with open_deck(configuration, patience=QUICK, arming=ARMS_AS_SHIPPED) as deck:
        await paused(deck, served)
        for burst in ("ry", "sy", "ayy"):
            await hears(deck)
            deck.burst(*burst)
            await deck.alone()
            assert progress(deck).state is RolloutState.PAUSED
            assert isinstance(deck.app.screen, RolloutActionDialog)
            await deck.armed()
            deck.burst("y", "y")
            await deck.alone()
            assert progress(deck).state is RolloutState.PAUSED
            await deck.press("escape")
    assert ordered(served) == [2]


async def test_keys_typed_before_a_pause_do_not_answer_it(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    configuration = write_configuration(served, tmp_path)
    async with open_deck(configuration, patience=QUICK) as deck:
        served.cluster.refuse_next(2, SERVICE)
        await ask(deck)
        times = deck.app.arming_times
        while not isinstance(deck.app.screen, RolloutScreen):
            # On a busy machine the dialog may arm anew meanwhile, and takes no enter then.
            deck.app.arming_times = times
            await deck.fill(SERVICE)
            deck.app.arming_times = NEVER_ARMS
            await deck.press("enter")
            with contextlib.suppress(AssertionError):
                await deck.until(lambda: isinstance(deck.app.screen, RolloutScreen), 2.0)
        await stands(deck, RolloutState.PAUSED)
        deck.burst("s", "y", "r", "y")
        await deck.settle()
        assert isinstance(deck.app.screen, RolloutScreen)
        await deck.shows("esc closes, it stays paused · too early: wait a moment")
        assert progress(deck).state is RolloutState.PAUSED
    assert ordered(served) == [2]


async def test_a_restart_from_elsewhere_is_accepted_by_one_resume_that_names_it(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path), patience=QUICK) as deck:
        await paused(deck, served)
        served.cluster.restart(1, SERVICE)
        await deck.shows("alert_mgr on node1 was restarted", "r accepts it")
        before = progress(deck).stop
        await hears(deck)
        await deck.open("r", RolloutActionDialog)
        await deck.shows("accepts the restart from elsewhere; ")
        await deck.press("escape")
        await say(deck, "r")
        await deck.until(
            lambda: ordered(served) == [2, 2] or progress(deck).stop not in (before, None)
        )
        stop = progress(deck).stop  # on a busy machine, another one may come
        assert stop is None or stop.reason is not StopReason.RESTARTED_ELSEWHERE


async def test_enter_never_answers_a_pause(served: SimulatedCluster, tmp_path: Path) -> None:
    patience = replace(QUICK, recheck=3600, apart=0.0)
    async with open_deck(write_configuration(served, tmp_path), patience=patience) as deck:
        await paused(deck, served)
        await hears(deck)
        await deck.press("enter")
        assert isinstance(deck.app.screen, RolloutScreen)
        await deck.until(lambda: progress(deck).gate)
        before, now = progress(deck).gate, monotonic()
        await deck.until(lambda: all(node.reading.asked_at > now for node in deck.fleet.nodes))
        await deck.open("r", RolloutActionDialog)
        dialog = deck.app.screen
        assert isinstance(dialog, RolloutActionDialog)
        await deck.until(lambda: dialog.seen not in (None, before))  # it is checked as this opens
        await deck.shows("gate", "checked", " ago")  # by now, beside why it was paused
        await deck.armed()
        await deck.press_until("enter", lambda: isinstance(deck.app.screen, RolloutScreen))
        assert progress(deck).state is RolloutState.PAUSED
    assert ordered(served) == [2]


async def test_an_action_that_comes_too_late_is_not_taken(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path), patience=QUICK) as deck:
        await paused(deck, served)
        await hears(deck)
        await deck.press("r")
        await deck.armed()
        deck.fleet.rollouts.abort(1)
        await deck.shows("it is aborted by now")
        await deck.press("y")
        await deck.alone()
        assert isinstance(deck.app.screen, RolloutActionDialog)
    assert ordered(served) == [2]


# From the matrix


async def test_in_the_matrix_marks_on_several_nodes_are_rolled_over_those(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path), patience=QUICK) as deck:
        matrix = await open_matrix(deck)
        await deck.open("R", RolloutDialog)
        await deck.shows("3 of 3")
        await deck.until(lambda: deck.app.screen.is_armed)
        await deck.press("escape")
        for node in ("node2", "node3"):
            matrix.point(node, SERVICE)
            await deck.press("space")
        await deck.open("R", RolloutDialog)
        await deck.shows("1 of 2   node2", "2 of 2   node3")
        await agree(deck)
        await stands(deck, RolloutState.DONE)
        await hears(deck)
        await deck.press("escape")
        await deck.shows("✓ restart alert_mgr on 2 nodes of demo · 2/2 verified")
        assert not matrix.marks
    assert ordered(served) == [2, 3]


async def test_in_the_matrix_marks_that_are_not_the_same_on_each_node_are_refused(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        matrix = await open_matrix(deck)
        for node, name in (("node2", SERVICE), ("node3", "mdns_server")):
            matrix.point(node, name)
            await deck.press("space")
        await deck.refuses("R", "not the same services")
        assert not isinstance(deck.app.screen, RolloutDialog)
    assert not posts(served)


# Sizes


async def test_what_cannot_be_read_cannot_be_begun_nor_answered(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path), patience=QUICK) as deck:
        await ask(deck)
        await deck.armed()
        await deck.resize(20, 5)
        await deck.alone()
        await deck.fill(SERVICE)
        await deck.press("enter", "tab", "tab", "enter")
        await deck.alone()
        assert not deck.fleet.rollouts.progress
        await deck.resize(120, 40)
        await deck.press("escape")
        await paused(deck, served)
        await hears(deck)
        await deck.press("s")
        await deck.armed()
        await deck.resize(20, 5)
        await deck.alone()
        await deck.press("y")
        await deck.alone()
        assert progress(deck).state is RolloutState.PAUSED
    assert ordered(served) == [2]


async def test_in_a_small_window_a_rollout_begins_once_all_of_its_plan_was_seen(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    configuration = write_configuration(served, tmp_path)
    async with open_deck(configuration, patience=QUICK, size=(60, 20)) as deck:
        await ask(deck)
        await deck.armed()
        await deck.shows("down shows the rest")
        await deck.fill(SERVICE)
        await deck.press("enter")
        await deck.alone()
        assert not deck.fleet.rollouts.progress
        await read(deck)
        await deck.press("enter")
        await stands(deck, RolloutState.DONE)
        await deck.shows("3/3 verified · done in")
    assert ordered(served) == [2, 3, 1]


async def test_any_size_shows_a_rollout(served: SimulatedCluster, tmp_path: Path) -> None:
    async with open_deck(write_configuration(served, tmp_path), patience=QUICK) as deck:
        await paused(deck, served)
        for size in ((1, 1), (20, 5), (40, 12), (60, 14), (200, 60)):
            await hears(deck)
            await deck.resize(*size)
            if size[0] >= 60:
                more = "down: more" if size == (60, 14) else "r s a are confirmed first"
                await deck.shows(f"esc closes, it stays paused · {more}")
            await deck.press("down", "s")
            await deck.until(lambda: isinstance(deck.app.screen, RolloutActionDialog))
            await deck.until(lambda: deck.app.screen.is_armed)
            await deck.press("escape")
        await hears(deck)
        await deck.press("escape")
        await deck.until(lambda: deck.app.screen is deck.app.deck)


# What it is done to


async def test_a_required_service_is_locked_and_unlocked_takes_name_and_reason(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path), patience=QUICK) as deck:
        await deck.all_known()
        await deck.on("ccs")
        await deck.refuses("R", "required", "unlock required services")
        assert deck.app.screen is deck.app.deck
        deck.fleet.unlocked = True
        await ask(deck, "ccs")
        await deck.shows("DANGER", "type ccs", "and the reason")
        await agree(deck, "ccs", "leak in 3.1")
        await stands(deck, RolloutState.DONE)
        assert progress(deck).plan.reason == "leak in 3.1"
    assert ordered(served) == [2, 3, 1]


async def test_marked_services_go_together_and_the_filter_hides_none_from_the_plan(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    served.cluster.stop(3, "stats_archiver")
    async with open_deck(write_configuration(served, tmp_path), patience=QUICK) as deck:
        await deck.all_known()
        for name in (SERVICE, "stats_archiver"):
            await deck.on(name)
            await deck.press("space")
        await deck.press("slash", *"mdns", "enter")
        await deck.refuses("R", "node3", "stats_archiver is STOPPED")
        assert not posts(served)


async def test_several_marked_services_need_their_count_typed(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path), patience=QUICK) as deck:
        await deck.all_known()
        for name in (SERVICE, "mdns_server"):
            await deck.on(name)
            await deck.press("space")
        await deck.press("slash", *"mdns", "enter", "R")
        await deck.until(lambda: isinstance(deck.app.screen, RolloutDialog))
        await deck.shows("alert_mgr  optional", "(hidden by the filter)", "type 6")
        await agree(deck, "6")
        await stands(deck, RolloutState.DONE)
        await deck.shows("alert_mgr: stable for", "mdns_server: stable for")
    assert ordered(served) == [2, 3, 1]


async def test_a_node_that_takes_no_orders_is_left_out_and_said(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    path = write_configuration(served, tmp_path).path
    text = path.read_text(encoding="utf-8")
    text = text.replace("[nodes.node2]\n", "[nodes.node2]\nread_only = true\n")
    path.write_text(text, encoding="utf-8")
    async with open_deck(load(path, must_exist=True), patience=QUICK) as deck:
        await ask(deck)
        await deck.shows("skipped  node2: read-only", "1 of 2   node3", "2 of 2   node1")
        await agree(deck)
        await stands(deck, RolloutState.DONE)
    assert ordered(served) == [3, 1]


HOSTILE = "[@click=app.quit]quit[/] \x1b[2J\u202e 日本語 $x {0} "


async def test_a_hostile_name_is_refused_harmlessly(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    served.cluster.add_service(1, HOSTILE)
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        await deck.on(next(name for name in deck.table.row_keys if "quit[/]" in name))
        await deck.refuses("R", "cannot be acted on")
        assert_harmless(deck)
        assert deck.app.screen is deck.app.deck


@pytest.mark.parametrize("size", [(60, 20), (120, 40)])
async def test_hostile_text_is_harmless_on_every_screen_of_a_rollout(
    size: tuple[int, int], served: SimulatedCluster, tmp_path: Path
) -> None:
    for uid in (1, 2, 3):
        served.cluster.node(uid).hostname = HOSTILE * 5
    configuration = write_configuration(served, tmp_path)
    async with open_deck(configuration, patience=QUICK, size=size) as deck:
        served.cluster.set_status(3, "mdns_server", HOSTILE)
        await ask(deck)
        await deck.armed()
        assert_harmless(deck)
        await read(deck)
        assert_harmless(deck)
        await agree(deck)
        await stands(deck, RolloutState.PAUSED)
        await deck.shows("PAUSED", "quit[/]")
        for key in "rsa":
            await hears(deck)
            assert_harmless(deck)
            await deck.press(key)
            await deck.armed()
            assert_harmless(deck)
            await deck.press("escape")
        await hears(deck)
        for y in range(size[1]):
            if KEY_META not in deck.app.screen.get_style_at(40, y).meta:  # no hint of our own
                await deck.click(offset=(40, y))
        assert isinstance(deck.app.screen, RolloutScreen)
        await deck.press("escape")
        await deck.shows("PAUSED")
        assert_harmless(deck)
        assert deck.app.is_running
    assert not posts(served)


async def test_however_fast_one_pages_nothing_is_passed_by_unseen(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path), size=(60, 20)) as deck:
        await ask(deck)
        await deck.armed()
        screen: Any = deck.app.screen
        box = screen.query_one("#facts")
        deck.burst(*["down"] * 60)
        while not box.scroll_offset.y:  # noqa: ASYNC110 - every turn of the loop is looked at
            await asyncio.sleep(0)
        # No further than the lines that were in view before, at any moment.
        for _ in range(200):
            assert box.scroll_offset.y <= screen._seen
            await asyncio.sleep(0)
        await deck.settle()
        assert box.scroll_offset.y <= screen._seen
        await read(deck)
        deck.burst(*["up"] * 60)
        await deck.shows("Restart alert_mgr on 3 nodes")
        while "shows the rest" in deck.text:  # only where facts that changed have more lines
            assert screen._seen < box.virtual_size.height
            await read(deck)


async def test_nodes_that_no_profile_leads_to_are_named_in_the_plan(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    path = write_configuration(served, tmp_path).path
    text, _, _ = path.read_text(encoding="utf-8").partition("[nodes.node3]")
    path.write_text(text, encoding="utf-8")
    async with open_deck(load(path, must_exist=True)) as deck:
        await deck.all_known()
        await deck.until(lambda: deck.fleet.unmanaged_nodes)
        await ask(deck)
        await deck.shows(
            "2 of 2   node1", "skipped  node:3 node3", "it has no profile (D adds one)"
        )
    assert not posts(served)


def controller_over(stack: list[Any], said: list[str]) -> RolloutController:
    def notify_latest(subject: str, message: str) -> None:
        said.append(f"{subject}: {message}")

    app: Any = SimpleNamespace(screen_stack=stack, notify_latest=notify_latest)
    refused = PlanRefusal((PlanRemark(PlanReason.NO_NODE, "nothing to restart"),))
    rollouts = SimpleNamespace(progress={}, plan=lambda *_, **__: refused)
    fleet: Any = SimpleNamespace(rollouts=rollouts)
    keys = {"rollout": "f5", "rollouts": "slash,o", "dismiss": "x"}
    return RolloutController(
        app,
        fleet,
        warn=said.append,
        palette=dict,
        open_rollout=lambda _: None,
        keys=lambda: keys,
    )


def test_the_keys_of_rollouts_are_named_as_they_are_now() -> None:
    said: list[str] = []
    controller = controller_over([], said)
    controller.show()
    assert said == ["No rollout was begun in this session. f5 plans one."]


def test_of_a_rollout_that_was_cut_off_one_message_is_shown_by_what_is_known_now() -> None:
    """The result of its last action is found out after the first message was shown."""
    said: list[str] = []
    controller = controller_over([], said)
    nodes, began = (("n1", ""), ("n2", ""), ("n3", "")), datetime(2026, 1, 1, tzinfo=UTC)
    rest = UnfinishedRollout("a-r1", "restart", "", ("ccs",), nodes, began, frozenset({"n1"}))
    controller.take_unfinished([rest])
    controller.take_unfinished([replace(rest, stop_text="equal remains")])
    controller.take_unfinished([replace(rest, done=frozenset({"n1", "n2"}))])
    controller.show()
    assert said.pop() == "nothing to restart. Nothing was sent. / plans it again, x clears CUT OFF."
    controller.take_unfinished([])
    begins = "a-r1: A rollout was cut off: restart ccs on 3 nodes: "
    assert said == [
        f"{begins}n1 verified; n2, n3 remain.",
        f"{begins}n1, n2 verified; n3 remains.",
        "a-r1: ",
    ]


def test_a_pause_is_said_while_the_screen_shows_another_rollout() -> None:
    plan = make_plan(wish(), [place(2)])
    assert isinstance(plan, Plan)
    shown, other = (
        RolloutProgress(replace(plan, number=number), RolloutState.PAUSED, text="node2: why")
        for number in (1, 2)
    )
    said: list[str] = []
    screen = SimpleNamespace(progress=shown, rollouts_moved=lambda: None)
    controller = controller_over([screen], said)
    controller.moved(shown)
    assert said == []
    controller.moved(other)
    assert said == ["Rollout 2 is paused. node2: why"]
    controller.moved(replace(other, gate=GateNow("node2", "why", is_known=True, checked_at=0.0)))
    assert len(said) == 1  # a check of its gate is no pause of its own
