"""The table of services: live, and the cursor, marks and scroll stay with their services."""

import re
from pathlib import Path

import pytest

from tests.ui.conftest import Deck, open_deck, posts, quiet, write_configuration
from tui.sim.server import SimulatedCluster
from tui.ui.widgets.text_line import TextLine

# Whole decks on nodes that are polled.
pytestmark = pytest.mark.real_time


def line_of(deck: Deck, service: str) -> str:
    return next((line for line in deck.text.splitlines() if f" {service} " in line), "")


async def test_a_row_shows_name_status_uptime_kind_and_start(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path), size=(150, 50)) as deck:
        await deck.all_known()
        await deck.shows("SERVICE", "STATUS", "UPTIME", "KIND", "LAST ", "CHANGED")
        await deck.until(lambda: "optional" in line_of(deck, "alert_mgr"))
        row = line_of(deck, "alert_mgr")
        assert re.search(r"● RUNNING +3d 00:\d\d:\d\d +optional", row), row
        assert "required" in line_of(deck, "ccs")
        assert "✓ EXITED" in line_of(deck, "start_redis_servers")


async def test_problems_come_first_and_then_the_names(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    served.cluster.stop(1, "stats_archiver")
    served.cluster.set_status(1, "redis_mgr", "FATAL")
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        await deck.until(
            lambda: deck.table.row_keys[:3] == ("redis_mgr", "stats_archiver", "alert_mgr")
        )
        rest = list(deck.table.row_keys[2:])
        assert rest == sorted(rest)
        await deck.shows("redis_mgr FATAL and 1 more problem", "30/32 ok")


def lists(served: SimulatedCluster) -> int:
    """Count how often a node was asked for its services."""
    return sum(one.path == "/v1/local/services" for one in served.cluster.requests)


async def test_the_uptime_ticks_between_two_answers(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    configuration = write_configuration(served, tmp_path, settings="refresh = 60")
    async with open_deck(configuration) as deck:
        await deck.all_known()
        before = line_of(deck, "alert_mgr")
        asked = lists(served)
        await deck.until(lambda: line_of(deck, "alert_mgr") != before)
        assert lists(served) == asked


async def test_the_table_refreshes_by_itself_and_shows_the_last_change(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path), size=(150, 40)) as deck:
        await deck.all_known()
        served.cluster.stop(1, "mdns_server")
        await deck.until(lambda: "→ STOPPED" in line_of(deck, "mdns_server"))
        served.cluster.start(1, "mdns_server")
        await deck.until(lambda: "→ RUNNING" in line_of(deck, "mdns_server"))


async def test_cursor_and_marks_stay_with_their_services_through_everything(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path), size=(120, 20)) as deck:
        await deck.all_known()
        await deck.on("cnm_exec")
        await deck.press("space")
        await deck.on("pdns_server")
        for step in (
            lambda: served.cluster.stop(1, "stats_archiver"),
            lambda: served.cluster.add_service(1, "aaa_new"),
            lambda: served.cluster.remove_service(1, "ccs"),
            lambda: served.cluster.restart(1, "pdns_server"),
        ):
            step()
            asked = len(served.cluster.requests)
            await deck.until(lambda asked=asked: len(served.cluster.requests) > asked + 6)
            assert deck.table.cursor_key == "pdns_server"
            assert deck.table.marks == {"cnm_exec"}
            assert "pdns_server" in deck.table.visible_keys
        for _ in range(7):
            await deck.press("S", "I")
            assert deck.table.cursor_key == "pdns_server"
        await deck.press("/", *"pdns", "enter")
        await deck.until(lambda: len(deck.table.row_keys) == 2)
        assert deck.table.cursor_key == "pdns_server"
        await deck.press("escape")
        await deck.until(lambda: len(deck.table.row_keys) > 20)
        assert deck.table.cursor_key == "pdns_server"
        assert deck.table.marks == {"cnm_exec"}


async def test_a_line_that_the_eye_is_on_does_not_move(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path), size=(120, 20)) as deck:
        await deck.all_known()
        await deck.press("G")
        await deck.on("pdns_server")
        before = deck.table.visible_keys.index("pdns_server")
        served.cluster.add_service(1, "aaa_new")
        await deck.until(lambda: "aaa_new" in deck.table.row_keys)
        assert deck.table.visible_keys.index("pdns_server") == before


@pytest.mark.parametrize(
    ("typed", "left"),
    [
        ("crdb", {"crdb_coordinator", "crdb_worker_0", "crdb_worker_1"}),
        ("crdb !worker", {"crdb_coordinator"}),
        ("status=exi", {"start_redis_servers"}),
        ("kind=opt pdns", {"pdns_server"}),
        ("kind=req pdns", {"pdns_ccs_backend"}),
    ],
)
async def test_the_filter_shows_the_services_that_match(
    typed: str, left: set[str], served: SimulatedCluster, tmp_path: Path
) -> None:
    keys = [{" ": "space", "!": "exclamation_mark", "=": "equals_sign"}.get(c, c) for c in typed]
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        await deck.press("/", *keys, "enter")
        await deck.until(lambda: set(deck.table.row_keys) == left)
        await deck.shows(f"{len(left)} shown", f"filter: {typed}")
        assert deck.app.focused is deck.table
        here = deck.table.cursor_key
        assert here in left
        await deck.press("escape")
        await deck.until(lambda: len(deck.table.row_keys) == 32)
        assert deck.table.cursor_key == here


async def test_verb_keys_typed_into_the_filter_are_letters(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        await deck.press("/", *"rstq")
        await deck.shows("filter: rstq")
        assert deck.app.screen is deck.app.deck
        assert not deck.table.row_keys
        await deck.shows("No service matches", "0 Matrix")
        bar = deck.text.splitlines()[-1]
        assert not any(word in bar for word in ("Start", "Stop", "Restart", "Roll"))


async def test_problems_only(served: SimulatedCluster, tmp_path: Path) -> None:
    served.cluster.stop(1, "alert_mgr")
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        for back in ("!", "escape"):
            await deck.on("ccs")
            await deck.press("!")
            await deck.until(lambda: deck.table.row_keys == ("alert_mgr",))
            await deck.shows("problems only", "1 shown")
            await deck.press(back)
            await deck.until(lambda: len(deck.table.row_keys) == 32)
            assert deck.table.cursor_key == "alert_mgr"


async def test_sorting_goes_through_the_columns_and_can_be_reversed(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        await deck.shows("problems first")
        await deck.press("S")
        await deck.shows("by name", "SERVICE ▼", "sorted by name, a to z (S: by status, a to z)")
        assert deck.table.row_keys[0] == "alert_mgr"
        await deck.press("I")
        await deck.shows("by name, z to a", "SERVICE ▲")
        assert deck.table.row_keys[0] == "stats_archiver"
        for words in (
            "by status",
            "by uptime",
            "by start,",
            "by kind",
            "by change,",
            "problems first",
        ):
            await deck.press("S")
            await deck.shows(words)
        await deck.press("S")
        for other in ("space", "d", "!"):
            await deck.shows("· by name, a to z (esc: problems first)")
            await deck.press(other)
            await deck.until(lambda: "esc: problems first" not in deck.text)  # another comes first
            await deck.press("escape")
        await deck.shows("· by name, a to z (esc: problems first)")
        await deck.press("escape")
        await deck.shows("ok · problems first ─")
        assert deck.table.sorting.is_usual


async def test_a_click_on_a_title_sorts_by_it_and_a_second_one_reverses_the_sort(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path), size=(150, 50)) as deck:
        await deck.all_known()
        await deck.on("alert_mgr")

        async def click_title(word: str) -> None:
            y, line = next(
                (y, line) for y, line in enumerate(deck.text.splitlines()) if "SERVICE " in line
            )
            await deck.click((line.index(word) + 1, y))

        await click_title("UPTIME")
        await deck.shows("by uptime", "UPTIME ▼")
        least = deck.table.row_keys[0]
        await deck.polls(1)
        await deck.shows("by uptime", "UPTIME ▼")
        await click_title("UPTIME")
        await deck.shows("by uptime, longest first", "UPTIME ▲")
        assert deck.table.row_keys[0] != least
        await click_title("LAST")
        await deck.shows("by uptime, longest first")
        await click_title("STATUS")
        await deck.shows("by status", "STATUS ▼")
        assert deck.table.cursor_key == "alert_mgr"
        served.cluster.process(1, "mdns_server").boot(served.cluster.now())
        await deck.until(lambda: "mdns_server" in deck.app.deck._last.of("node1"))
        await click_title("CHANGED")
        await deck.shows("by change,", "CHANGED ▼")
        assert deck.table.row_keys[0] == "mdns_server"


async def test_a_click_on_the_place_of_a_mark_marks_the_row(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        await deck.on("ccs")

        def place() -> tuple[int, int]:
            y, line = next(
                (y, line) for y, line in enumerate(deck.text.splitlines()) if "ccs  " in line
            )
            return line.index("ccs  ") - 1, y

        await deck.click(place())
        assert deck.table.marks == {"ccs"}
        await deck.click(place())
        assert not deck.table.marks


async def test_marking_goes_on_to_the_next_and_a_key_takes_all_away(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        await deck.press("g", "space", "space")
        assert deck.table.marks == set(deck.table.row_keys[:2])
        await deck.shows("2 marked")
        await deck.press("U")
        assert not deck.table.marks


async def test_ctrl_r_refreshes_at_once_and_starts_nothing(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    configuration = write_configuration(served, tmp_path, settings="refresh = 300")
    async with open_deck(configuration) as deck:
        await deck.all_known()
        for key in ("ctrl+r", "f5"):
            asked = len(served.cluster.requests)
            await deck.press(key)
            await deck.until(
                lambda asked=asked: (
                    {one.uid for one in list(served.cluster.requests)[asked:]} == {1, 2, 3}
                )
            )
    assert not posts(served)


async def test_pause_stops_polling_under_a_banner(served: SimulatedCluster, tmp_path: Path) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        await deck.press("p")
        await deck.shows("PAUSED", "paused")
        banner = deck.app.deck.query_one("#banner", TextLine)
        await deck.until(lambda: len(banner.said) == banner.size.width)
        await quiet(0.3)
        asked = len(served.cluster.requests)
        await quiet(1.2)
        assert len(served.cluster.requests) == asked
        await deck.shows("STALE")
        await deck.press("p")
        await deck.until(lambda: len(served.cluster.requests) > asked)
        await deck.until(lambda: "PAUSED" not in deck.text and "STALE" not in deck.text)


async def test_the_pace_changes_and_is_on_the_screen(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    configuration = write_configuration(served, tmp_path, settings="refresh = 2")
    async with open_deck(configuration) as deck:
        await deck.all_known()
        await deck.shows("every 2 s")
        await deck.press("+")
        await deck.shows("every 1 s")
        await deck.press("-", "-")
        await deck.shows("every 5 s")
        for _ in range(12):
            await deck.press("-")
        await deck.shows("every 300 s")


async def test_the_detail_pane_follows_the_cursor_and_shows_the_raw_entry(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        await deck.on("alert_mgr")
        await deck.press("enter")
        await deck.shows("Sends alerts", "services_configuration", "no events")
        served.cluster.stop(1, "alert_mgr")
        await deck.until(lambda: "no events" not in deck.text)
        await deck.shows("→ STOPPED")
        await deck.on("ccs")
        await deck.shows("required: the cluster's")
        await deck.press("y")
        await deck.shows('"ccs": {', '"uptime": "3 days')
        await deck.press("y")
        await deck.shows("What happened")
        await deck.press("escape")
        await deck.until(lambda: "What happened" not in deck.text)


async def test_enter_never_orders_anything(served: SimulatedCluster, tmp_path: Path) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        await deck.press(*["enter"] * 6)
    assert not posts(served)
