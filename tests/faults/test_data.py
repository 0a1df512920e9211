"""Answers that are well formed and wrong all the same, as the deck shows them."""

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.faultserver import Peer, answer, serving
from tests.fleet.conftest import LIST, PATIENCE, Play, profile, running, said
from tests.ui.conftest import open_deck
from tests.ui.screens.test_deck_trouble import one_node
from tui.fleet.orders.guard import judge_order
from tui.model.order import Result, SeenService, Tier, Verb
from tui.model.service import Kind

TWICE = (
    b'{"alert_mgr": {"status": "RUNNING"}, "ccs": {"status": "RUNNING"}, '
    b'"alert_mgr": {"status": "STOPPED"}}'
)


async def test_a_service_that_is_sent_twice_is_a_conflict_that_no_key_acts_on(
    tmp_path: Path,
) -> None:
    """Case 32: the last one does not win in silence."""
    play = Play()
    play.get(LIST, answer(TWICE))
    with serving(play) as server:
        async with open_deck(one_node(server.url, tmp_path), password="x") as deck:
            await deck.shows("CONFLICT")
            await deck.on("alert_mgr")
            for key in ("r", "t", "s"):
                await deck.press(key)
                await deck.shows("sent twice")
                assert deck.app.screen is deck.app.deck
            assert not deck.fleet.orders.progress
        assert not server.posts


@pytest.mark.parametrize("status", ["BACKOFFISH", "running", ""])
async def test_an_unknown_status_is_shown_as_it_is_and_not_acted_on(
    status: str, tmp_path: Path
) -> None:
    """Case 34: and it does not count as RUNNING."""
    play = Play()
    play.services["alert_mgr"] = {"status": status}
    with serving(play) as server:
        async with open_deck(one_node(server.url, tmp_path), password="x") as deck:
            await deck.shows(status or "?", "alert_mgr")
            await deck.on("alert_mgr")
            await deck.press("r")
            await deck.shows("cannot be acted on")
            assert deck.app.screen is deck.app.deck
        assert not server.posts


def since(moment: datetime, uptime: str = "0:10:00") -> dict[str, str]:
    start = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"status": "RUNNING", "start_time": start, "uptime": uptime}


@pytest.mark.parametrize("hours", [-5, 5, 24 * 365])
async def test_a_node_whose_clock_is_wrong_is_as_fresh_and_its_restarts_as_true(hours: int) -> None:
    """P18, cases 36 and 37: ages are ours, start times are compared with each other alone."""
    play, skew = Play(), timedelta(hours=hours)
    begun = datetime.now(UTC) + skew
    play.services["alert_mgr"] = since(begun)

    def restart(peer: Peer) -> None:
        play.services["alert_mgr"] = since(begun + timedelta(seconds=30), "0:00:00")
        peer.answer('{"alert_mgr": true}')

    play.post(restart)
    with serving(play) as server:
        async with running(profile(server.url), patience=PATIENCE) as deck:
            await deck.known()
            reading = deck.watch().reading
            assert 0 <= (reading.age(time.monotonic()) or 0) < 60
            service = reading.find("alert_mgr")
            assert service is not None
            assert service.uptime == 600
            verdict = await deck.verdict(deck.give(Verb.RESTART, "alert_mgr"))
            assert verdict.result is Result.VERIFIED


async def test_a_nodes_clock_that_jumps_back_is_no_restart_and_no_negative_age() -> None:
    """Case 37: as at the end of summer time, an hour."""
    play, now = Play(), datetime.now(UTC)
    play.services["ccs"] = since(now)
    with serving(play) as server:
        async with running(profile(server.url)) as deck:
            await deck.good()
            play.services["ccs"] = since(now - timedelta(hours=1))
            asked_at = deck.watch().reading.asked_at
            await deck.until(lambda: deck.watch().reading.asked_at > asked_at + 0.3)
            assert (deck.watch().reading.age(time.monotonic()) or 0) >= 0
            assert not deck.fleet.history("node1", "ccs")


STRANGE = [
    *("", "__class__", "x" * 10_000, "\u4e2d\u6587" * 40, "\U0001f680" * 40, "e" + "\u0301" * 50),
    *("a\u200b", "a\u200c", "a\x1b", "[@click=app.quit]x[/]", "\u202eevil"),
]


async def test_ten_thousand_services_with_the_strangest_names_leave_every_line_in_its_columns(
    tmp_path: Path,
) -> None:
    """P17, case 38: else a status would belong to another row."""
    names = [*STRANGE, *(f"service{number}" for number in range(10_000))]
    body = json.dumps({name: {"status": "RUNNING", "uptime": "0:00:09"} for name in names})
    play = Play()
    play.get(LIST, answer(body))
    with serving(play) as server:
        async with open_deck(one_node(server.url, tmp_path), password="x") as deck:
            await deck.until(lambda: len(deck.table.row_keys) > 1000)
            assert len(deck.table.row_keys) == 2001
            assert len(set(deck.table.row_keys)) == 2001
            spent = []
            for key in ("end", "home", "end"):
                began = time.process_time()
                await deck.press(key)
                spent.append(time.process_time() - began)
                await deck.pilot.pause()
                for strip in deck.app.screen._compositor.render_strips():
                    assert strip.cell_length == 120
                    assert strip.text.isprintable()
            # Of the processor, polls and settling included: what a busy machine takes is not ours.
            assert min(spent) < 1


async def test_an_empty_list_keeps_the_old_one_and_shuts_orders_out_however_often_it_comes() -> (
    None
):
    """P18, case 40: what answers is a service itself, so none at all is no news of any."""
    play = Play()
    with serving(play) as server:
        async with running(profile(server.url)) as deck:
            await deck.known()
            play.get(LIST, said({}))
            await deck.until(lambda: deck.watch()._failures >= 3)
            reading = deck.watch().reading
            assert [one.name for one in reading.services] == ["alert_mgr", "ccs"]
            assert reading.trouble is not None
            assert "no services at all" in reading.trouble.text
            assert not [one for one in deck.notes.events if one.service]
            alert = SeenService("alert_mgr", "RUNNING", Kind.OPTIONAL)
            assert judge_order(Verb.STOP, [alert], deck.fleet.standing("node1")).tier is Tier.NEVER
            play.heal(LIST)
            deck.watch().refresh_now()
            await deck.good()
            assert not [one for one in deck.notes.events if one.service]
