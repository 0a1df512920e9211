"""Orders from the key to the verdict, through the modal, at the real server."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from textual import events
from textual.widgets import Button, Input

from tests.ui.conftest import (
    ARMS_AS_SHIPPED,
    ARMS_AT_ONCE,
    NEVER_SURE,
    Deck,
    key_event,
    open_deck,
    posts,
    wait_until,
    write_configuration,
)
from tests.ui.dialogs.test_confirm import PALETTE, App
from tests.ui.dialogs.test_order_facts import BY_PRIMARY, LOCAL, MORE, PLAIN
from tests.ui.rollout_progress import QUICK
from tui.config import load
from tui.model.clock import monotonic
from tui.model.order import Result
from tui.sim.server import SimulatedCluster
from tui.ui.dialogs.order import OrderCheck, OrderDialog
from tui.ui.dialogs.unlock import UnlockDialog

pytestmark = pytest.mark.real_time


def body(served: SimulatedCluster) -> str:
    (post,) = posts(served)
    return str(post.body.decode())


async def ask(deck: Deck, key: str, service: str = "alert_mgr") -> None:
    await deck.all_known()
    await deck.on(service)
    await deck.open(key, OrderDialog)


async def test_a_restart_is_confirmed_sent_once_watched_and_verified(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await ask(deck, "r")
        await deck.shows("node1", served.urls[1], "node:1", "(primary)", "alert_mgr", "optional")
        await deck.shows(f"POST {served.urls[1]}/v1/local/services")
        await deck.shows('{"operation_type": "restart", "services": ["alert_mgr"]}')
        assert deck.app.focused is not None
        assert deck.app.focused.id == "cancel"
        await deck.confirm()
        await deck.shows("VERIFIED", "back after")
    assert body(served) == '{"operation_type": "restart", "services": ["alert_mgr"]}'
    assert posts(served)[0].uid == 1


async def test_what_it_touches_goes_on_while_the_dialog_is_open(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        await deck.fleet.read_context("node1")
        await ask(deck, "r")
        await deck.shows("no alert is on")
        (up,) = re.findall(r"RUNNING for [^│]+", deck.text)
        await deck.until(lambda: "RUNNING for " in deck.text and up not in deck.text)
        served.cluster.contents.raise_alert("node_memory", "WARNING", 1)
        await deck.fleet.read_context("node1")
        await deck.shows("1 alert is on: node_memory")
        assert isinstance(deck.app.screen, OrderDialog)
    assert not posts(served)


async def test_the_request_must_be_seen_before_words_and_a_reason_confirm_it(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    """P5, case 59: the fields take so much room that the request is below the first page."""
    configuration = write_configuration(served, tmp_path, more='environment = "production"\n')
    async with open_deck(configuration, size=(80, 18)) as deck:
        await deck.all_known()
        await deck.fleet.read_context("node1")
        deck.fleet.unlocked = True
        await ask(deck, "r", "dmcproxy")
        await deck.armed()
        await deck.shows("down shows the rest")
        assert '"operation_type"' not in deck.text
        await deck.fill("dmcproxy")
        await deck.press("enter")
        await deck.fill("a leak")
        await deck.press("enter")
        await deck.alone()
        assert isinstance(deck.app.screen, OrderDialog)
        assert not deck.fleet.orders.progress
        await deck.press("down")
        await deck.shows('"operation_type"')
        await deck.press("enter")
        await deck.until(lambda: deck.fleet.orders.progress)


async def test_a_stop_and_a_start_are_verified(served: SimulatedCluster, tmp_path: Path) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await ask(deck, "t")
        await deck.press("escape")  # what was cancelled just before holds nothing back
        await ask(deck, "t")
        await deck.confirm()
        await deck.shows("stop alert_mgr on node1: VERIFIED")
        assert served.cluster.process(1, "alert_mgr").state == "STOPPED"
        await ask(deck, "s")
        await deck.confirm()
        await deck.shows("start alert_mgr on node1: VERIFIED")
    assert len(posts(served)) == 2


async def test_an_order_that_a_rollout_sends_during_a_confirmation_keeps_its_own_number(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path), patience=QUICK) as deck:
        await ask(deck, "r")
        deck.fleet.rollouts.begin(await deck.planned("alert_mgr", "node2"))
        await deck.until(lambda: len(posts(served)) == 1)
        await deck.confirm()
        orders = deck.fleet.orders.progress
        await deck.until(lambda: len(orders) == 2 and not deck.fleet.orders.open)
        assert [one.order.target.node for one in orders.values()] == ["node2", "node1"]
        assert deck.fleet.rollouts.gave(1)
        assert not deck.fleet.rollouts.gave(2)
    assert [one.uid for one in posts(served)] == [2, 1]


async def test_type_ahead_decides_nothing(served: SimulatedCluster, tmp_path: Path) -> None:
    """P5, case 41."""
    configuration = write_configuration(served, tmp_path)
    async with open_deck(configuration, arming=ARMS_AS_SHIPPED) as deck:
        await deck.all_known()
        for keys in (
            ["enter"],
            ["y"],
            ["enter"] * 30,
            ["y", "enter", "y", "enter"],
            ["tab", "enter"],
            ["right", "enter"],
        ):
            await deck.on("alert_mgr")
            await deck.polls()  # else a busy machine's answers are too old to act on
            deck.burst("r", *keys)
            await deck.armed()
            await deck.alone()
            assert not deck.fleet.orders.progress
            await deck.press("escape")
            await deck.until(lambda: deck.app.screen is deck.app.deck)
    assert not posts(served)


async def test_enter_alone_never_confirms(served: SimulatedCluster, tmp_path: Path) -> None:
    """P5, case 41."""
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await ask(deck, "r")
        await deck.armed()
        await deck.press_until("enter", lambda: not isinstance(deck.app.screen, OrderDialog))
        assert not deck.fleet.orders.progress
    assert not posts(served)


async def test_a_verb_that_makes_no_sense_says_so_and_sends_nothing(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        await deck.on("alert_mgr")
        await deck.refuses("s", "already RUNNING")
        assert deck.app.screen is deck.app.deck
    assert not posts(served)


async def test_a_required_service_is_locked_until_the_palette_unlocks_it(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    """P8, case 43."""
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        await deck.on("ccs")
        await deck.refuses("r", "Locked")
        assert deck.app.screen is deck.app.deck
        await deck.press("ctrl+p", *"unlock required")
        await deck.shows("Unlock required services")
        await deck.press("down", "enter")
        await deck.until(lambda: isinstance(deck.app.screen, UnlockDialog))
        assert not deck.fleet.unlocked
        await deck.confirm()
        await deck.shows("REQUIRED SERVICES UNLOCKED")
        await ask(deck, "r", "ccs")
        await deck.shows("DANGER")
        await deck.armed()
        await deck.answer("ccs")
        await deck.alone()
        assert isinstance(deck.app.screen, OrderDialog)
        await deck.answer("leak in 3.1")
        await deck.shows("restart ccs on node1: VERIFIED")
        assert deck.fleet.orders.progress[1].order.reason == "leak in 3.1"
    assert len(posts(served)) == 1


async def test_production_needs_the_name_typed_and_a_wrong_name_does_nothing(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    configuration = write_configuration(served, tmp_path, more='environment = "production"\n')
    async with open_deck(configuration) as deck:
        await ask(deck, "r")
        await deck.shows("production", "type alert_mgr")
        await deck.armed()
        await deck.fill("alert_mg")
        await deck.press("enter")
        await deck.alone()
        assert isinstance(deck.app.screen, OrderDialog)
        await deck.answer("alert_mgr")
        await deck.shows("VERIFIED")
    assert len(posts(served)) == 1


async def test_a_paste_into_the_field_does_not_count(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    """P5, case 41."""
    configuration = write_configuration(served, tmp_path, more='environment = "production"\n')
    async with open_deck(configuration) as deck:
        await ask(deck, "r")
        await deck.armed()
        deck.app.post_message(events.Paste("alert_mgr"))
        await deck.shows("paste is not taken: type it")
        await deck.alone()
        await deck.press("enter")
        await deck.shows("not typed yet: type alert_mgr")
        assert not deck.fleet.orders.progress
    assert not posts(served)


async def test_marked_services_go_in_one_request_and_never_with_the_cursors(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        for name in ("alert_mgr", "stats_archiver"):
            await deck.on(name)
            await deck.press("space")
        await ask(deck, "r", "mdns_server")
        await deck.shows("alert_mgr", "stats_archiver", "2 services at once", "type 2")
        assert "mdns_server" not in str(deck.app.screen.order.names)
        await deck.answer("2")
        await deck.until(lambda: not deck.fleet.orders.open and deck.fleet.orders.progress)
        verdicts = deck.fleet.orders.progress[1].verdicts
        assert [one.result.value for one in verdicts] == ["verified", "verified"]
    assert '"services": ["alert_mgr", "stats_archiver"]' in body(served)


async def test_a_failure_that_the_node_reports_is_shown_as_one(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    served.cluster.refuse_next(1, "alert_mgr")
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await ask(deck, "r")
        await deck.confirm()
        await deck.shows("FAILED", "the node reported failure")


async def test_accepted_and_unchanged_is_not_restarted(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    """P7, case 46."""
    served.cluster.ignore_next(1, "alert_mgr")
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await ask(deck, "r")
        await deck.confirm()
        await deck.shows("NOT RESTARTED")


async def test_a_crash_loop_is_flapping(served: SimulatedCluster, tmp_path: Path) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await ask(deck, "r")
        served.cluster.process(1, "alert_mgr").crashes_every = 3.0
        await deck.confirm()
        await deck.shows("FLAPPING")


async def test_restarting_what_carries_the_api_loses_the_answer_and_is_verified_by_watching(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    """Case 47."""
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        deck.fleet.unlocked = True
        await ask(deck, "r", "cnm_http")
        await deck.armed()
        await deck.answer("cnm_http", "hung")
        await deck.shows("cnm_http on node1: VERIFIED", "its answer was lost")
    assert len(posts(served)) == 1


async def test_what_changed_between_the_key_and_the_confirmation_stops_the_order(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    """P4, case 42."""
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await ask(deck, "r")
        await deck.armed()
        served.cluster.stop(1, "alert_mgr")
        await deck.shows("changed since you looked", "esc, then r again")
        await deck.press("y")
        await deck.alone()
        assert not deck.fleet.orders.progress
    assert not posts(served)


async def test_what_changed_unseen_is_found_by_the_check_before_sending(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    configuration = write_configuration(served, tmp_path, settings="refresh = 30")
    async with open_deck(configuration) as deck:
        await ask(deck, "r")
        await deck.armed()
        served.cluster.restart(1, "alert_mgr")
        await deck.until(lambda: served.cluster.process(1, "alert_mgr").state == "RUNNING")
        await deck.confirm()
        await deck.shows("NOT SENT", "was restarted since you looked")
    assert not posts(served)


async def test_the_rows_may_move_but_the_order_stays_with_its_service(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    """P4, case 42."""
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await ask(deck, "r", "mdns_server")
        served.cluster.stop(1, "stats_archiver")
        served.cluster.add_service(1, "aaa_first")
        await deck.until(lambda: deck.table.row_keys[0] == "stats_archiver")
        await deck.confirm()
        await deck.shows("restart mdns_server on node1: VERIFIED")
    assert '["mdns_server"]' in body(served)


async def choose_next_route(deck: Deck) -> None:
    """Press the button of the other route by the keyboard, and come back to Cancel."""
    dialog = deck.app.screen
    assert isinstance(dialog, OrderDialog)
    button = dialog.query_one("#route", Button)
    # Textual ignores enter while a button still shows its last press.
    await deck.until(lambda: not button.has_class("-active"))
    while deck.app.focused is not button:
        await deck.press("tab")
    await deck.alone()
    route = dialog.order.route
    await deck.press("enter")
    await deck.until(lambda: dialog.order.route != route and dialog.is_armed)
    while deck.app.focused is not dialog.query_one("#cancel"):
        await deck.press("shift+tab")


async def test_an_order_for_the_primary_can_go_by_another_node_and_a_redirect_is_not_followed(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        await ask(deck, "r")
        await deck.armed()
        dialog = deck.app.screen
        assert isinstance(dialog, OrderDialog)
        for _ in dialog._question.routes:  # and so back to the first
            dialog._next_route()
            assert not dialog.is_armed, "another route must be read before a key counts"
        await deck.until(lambda: dialog.is_armed)
        for route in (f"{served.urls[1]}/v1/services", f"{served.urls[2]}/v1/services"):
            await choose_next_route(deck)
            await deck.shows(f"POST {route}")
        await deck.confirm()
        await deck.until(lambda: deck.fleet.orders.progress and not deck.fleet.orders.open)
        (verdict,) = deck.fleet.orders.progress[1].verdicts
    assert verdict.result is Result.NOT_SENT
    assert "redirect" in verdict.text
    assert not posts(served)
    assert served.cluster.process(1, "alert_mgr").state == "RUNNING"


async def test_any_node_that_handles_redirects_carries_an_order_to_the_primary(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    served.cluster.handle_redirects = True
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        await ask(deck, "r")
        await deck.armed()
        # A node whose answer is too old is passed over for a moment.
        await choose_next_route(deck)
        while f"POST {served.urls[2]}/v1/services" not in deck.text:
            await choose_next_route(deck)
        await deck.confirm()
        await deck.shows("restart alert_mgr on node1: VERIFIED")
    assert posts(served)[0].uid == 2


async def test_a_second_order_waits_for_the_first_on_its_node(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path), patience=NEVER_SURE) as deck:
        await ask(deck, "r")
        await deck.confirm()
        await deck.until(lambda: posts(served))
        await deck.on("mdns_server")
        await deck.refuses("r", "still open here")
    assert len(posts(served)) == 1


async def test_quitting_with_an_open_order_names_it_and_needs_a_confirmation(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path), patience=NEVER_SURE) as deck:
        await ask(deck, "r")
        await deck.confirm()
        await deck.press("q")
        await deck.shows("Quit while this is open?", "restart alert_mgr on node1")
        assert deck.app.is_running


async def test_a_burst_of_keys_confirms_nothing(served: SimulatedCluster, tmp_path: Path) -> None:
    """P5, case 41: a paste that the terminal did not mark as one."""
    configuration = write_configuration(served, tmp_path)
    async with open_deck(configuration, arming=ARMS_AS_SHIPPED) as deck:
        await ask(deck, "r")
        await deck.armed()
        for burst in ("yes", "ye", "xy"):
            deck.burst(*burst)
            await deck.alone()
            assert isinstance(deck.app.screen, OrderDialog)
            assert not deck.fleet.orders.progress
    assert not posts(served)


async def test_a_key_from_before_the_dialog_listened_is_dropped_whenever_its_turn_comes(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        early = events.Key("y", "y")
        await ask(deck, "r")
        await deck.armed()
        dialog = deck.app.screen
        assert isinstance(dialog, OrderDialog)
        # On a busy machine it may arm once more, since what it shows may still change.
        await deck.until(lambda: dialog.is_armed and not dialog.drops_input(events.Key("y", "y")))
        assert dialog.drops_input(early)


async def test_a_key_that_waits_for_its_turn_keeps_the_one_before_it_from_confirming(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    """A stalled machine may take longer over the first key than two keys must be apart."""
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await ask(deck, "r")
        await deck.armed()
        dialog = deck.app.screen
        assert isinstance(dialog, OrderDialog)
        await deck.alone()
        first, second = events.Key("y", "y"), events.Key("e", "e")
        for key in (first, second):
            dialog.input_arrived(key)
        dialog.drops_input(first)
        dialog.on_key(first)
        await deck.alone()
        await deck.settle()
        assert deck.app.screen is dialog
        assert not deck.fleet.orders.progress
    assert not posts(served)


async def test_two_tabs_in_one_read_are_two(served: SimulatedCluster, tmp_path: Path) -> None:
    """Case 41."""
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await ask(deck, "r")
        await deck.armed()
        for _ in range(2):
            deck.app.post_message(events.Key("tab", None))
        await deck.until(lambda: deck.app.focused and deck.app.focused.id == "route")


async def test_another_node_than_the_profile_names_gets_no_order(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    write_configuration(served, tmp_path)
    path = tmp_path / "config.toml"
    for uid, said in ((1, "uid = 1"), (3, "uid = 7")):
        was = f"[nodes.node{uid}]\n"
        path.write_text(path.read_text().replace(was, f"{was}{said}\n"), encoding="utf-8")
    async with open_deck(load(path, must_exist=True)) as deck:
        await deck.until(lambda: deck.fleet.watch("node1").facts.optional is not None)
        await deck.press("3")
        await deck.shows("node:3 answers here, the profile is of node:7")
        await deck.on("alert_mgr")
        await deck.refuses("r", "the profile is of node:7. No action is sent here")
        assert not isinstance(deck.app.screen, OrderDialog)
        await deck.press("1")
        await deck.on("alert_mgr")
        await deck.press("r")
        await deck.until(lambda: isinstance(deck.app.screen, OrderDialog))
        await deck.confirm()
        await deck.shows("restart alert_mgr on node1: VERIFIED")
    assert [one.uid for one in posts(served)] == [1]


async def test_after_another_endpoint_the_name_can_be_typed_at_once_by_mouse_and_by_keys() -> None:
    """Enter in the field confirms; on the button it would take the next endpoint."""
    made = replace(PLAIN.order, pressed_at=monotonic())
    question = replace(PLAIN, order=made, routes=(LOCAL, BY_PRIMARY), ruling=MORE)
    app = App(arming_times=ARMS_AT_ONCE)
    async with app.run_test(size=(80, 40)) as pilot:
        dialog = OrderDialog(question, PALETTE, lambda: OrderCheck(MORE), tuple)
        app.push_screen(dialog)
        await wait_until(lambda: dialog.is_armed and app.focused)
        words = dialog.query_one("#words", Input)
        assert app.focused is words
        await pilot.click("#route")
        await wait_until(lambda: dialog.order.route == BY_PRIMARY)
        assert app.focused is words
        await wait_until(lambda: dialog.is_armed)
        button = dialog.query_one("#route", Button)
        await wait_until(lambda: not button.has_class("-active"))
        dialog.set_focus(button)
        app.post_message(key_event("enter"))
        await wait_until(lambda: dialog.order.route == LOCAL)
        assert app.focused is words
