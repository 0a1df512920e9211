"""The timeline: every change of every node, newest first."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.ui.conftest import ADMIN, Deck, open_deck, write_configuration
from tests.ui.golden import matches
from tui.fleet.protocols import NullHistory
from tui.model.clock import monotonic
from tui.model.event import Event, EventKind, TimeWithoutData
from tui.model.event_text import event_text
from tui.sim.server import SimulatedCluster
from tui.storage.paths import theme_dirs
from tui.ui.dialogs.order import OrderDialog
from tui.ui.screens.events import EventsScreen
from tui.ui.themes import load_themes
from tui.ui.widgets.events_table import EventsTable

pytestmark = pytest.mark.real_time

WIDE = (200, 60)
SIZES = [(60, 20), (80, 24), (120, 40), (200, 60)]


async def timeline(deck: Deck) -> None:
    await deck.press("e")
    await deck.until(lambda: isinstance(deck.app.screen, EventsScreen))
    await deck.shows("timeline")


def happened(deck: Deck, happening: EventKind, service: str = "") -> list[Event]:
    return [
        one for one in deck.fleet.events if one.kind is happening and service in ("", one.service)
    ]


def rows(deck: Deck) -> list[str]:
    """Give the rows on the screen as text, the newest first."""
    table = deck.app.screen.query_one("#events")
    return [" | ".join(cell.text for cell in table.row(key).cells) for key in table.visible_keys]


def rows_of_nodes(deck: Deck) -> list[str]:
    """Return the rows of what the deck saw itself, without the cluster's own log."""
    return [one for one in rows(deck) if " | node" in one]


async def row(deck: Deck, *words: str) -> None:
    await deck.until(lambda: any(all(word in one for word in words) for one in rows(deck)))


async def test_every_change_of_every_node_appears(served: SimulatedCluster, tmp_path: Path) -> None:
    cluster = served.cluster
    cluster.contents.log.clear()
    async with open_deck(write_configuration(served, tmp_path), size=WIDE) as deck:
        await deck.all_known()
        await timeline(deck)
        await deck.shows("Nothing has changed yet.", "0 events")
        cluster.set_status(1, "redis_mgr", "FATAL")
        await row(deck, "node1", "redis_mgr", "✗ status", "RUNNING → FATAL")
        cluster.process(2, "alert_mgr").boot(cluster.now())
        await row(deck, "node2", "alert_mgr", "↻ restarted", "not sent from here")
        cluster.add_service(3, "new_one")
        await row(deck, "node3", "new_one", "+ appeared", "RUNNING")
        cluster.remove_service(3, "new_one")
        await row(deck, "node3", "new_one", "- vanished", "was RUNNING")
        cluster.power_off(3)
        await row(deck, "node3", "✗ lost", "refused the connection")
        cluster.power_on(3)
        await row(deck, "node3", "● back", "answers again after", "was: unreachable")
        cluster.promote(2)
        deck.fleet.refresh()
        await row(deck, "node2", "★ role", "is primary now, was replica")
        await row(deck, "node1", "★ role", "is replica now, was primary")
        await deck.shows(f"{len(deck.fleet.events)} events", "since")
        assert "RUNNING → FATAL" in rows(deck)[-1]


async def test_an_order_its_restart_and_its_verdict_appear_and_say_that_it_was_ordered(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path), size=WIDE) as deck:
        await deck.all_known()
        await deck.on("alert_mgr")
        await deck.open("r", OrderDialog)
        await deck.confirm()
        await deck.shows("VERIFIED")
        await timeline(deck)
        await row(deck, "node1", "alert_mgr", "» action", "restart sent from here")
        await row(deck, "node1", "alert_mgr", "✓ verdict", "restart: verified")
        changes = happened(deck, EventKind.FLIPPED) + happened(deck, EventKind.RESTARTED)
        assert changes
        assert all(one.ordered_here and "sent from here" in event_text(one) for one in changes)
        await deck.press("!")
        await deck.shows("No event matches", "problems only", "0 Matrix")
        assert "Go there" not in deck.text


async def test_a_crash_loop_is_one_serious_event(served: SimulatedCluster, tmp_path: Path) -> None:
    async with open_deck(write_configuration(served, tmp_path), size=WIDE) as deck:
        await deck.all_known()
        await timeline(deck)
        served.cluster.crash_loop(2, "mdns_server", every=6)  # up for most of each second
        await row(deck, "node2", "mdns_server", "∞ crash loop", "restarted 3 times in")
        await deck.until(lambda: len(happened(deck, EventKind.RESTARTED)) > 5)
        (loop,) = happened(deck, EventKind.LOOPING)
        assert event_text(loop).endswith("not sent from here")
        await deck.press("slash", *"what=crash", "enter")
        await deck.until(lambda: len(rows(deck)) == 1)


async def test_a_refused_login_is_one_event_for_all_nodes(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    basic = write_configuration(served, tmp_path, more='login = "basic"\n')
    async with open_deck(basic, size=WIDE) as deck:
        await deck.all_known()
        await timeline(deck)
        served.cluster.add_user(ADMIN[0], "another")
        await row(deck, "✗ login", f"login of {ADMIN[0]} stopped", "does not accept")
        await deck.until(lambda: len(happened(deck, EventKind.LOST)) == 3)
        assert len(happened(deck, EventKind.LOGIN)) == 1
        assert isinstance(deck.app.screen, EventsScreen)
        await deck.press("escape")
        await deck.asked()


async def test_enter_goes_to_the_node_and_the_service(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        await deck.press("slash", *"ccs", "enter")
        served.cluster.set_status(2, "redis_mgr", "FATAL")
        await deck.until(lambda: happened(deck, EventKind.FLIPPED))
        await timeline(deck)
        await row(deck, "redis_mgr")
        await deck.press("enter")
        await deck.until(lambda: deck.app.screen is deck.app.deck)
        await deck.until(
            lambda: (deck.app.deck.here, deck.table.cursor_key) == ("node2", "redis_mgr")
        )


async def test_enter_on_what_is_gone_goes_to_its_node_and_says_so(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        served.cluster.remove_service(3, "mdns_server")
        await timeline(deck)
        await row(deck, "mdns_server")
        await deck.press("enter")
        await deck.shows("mdns_server is not on node3 now.")
        assert deck.app.deck.here == "node3"


async def test_enter_on_a_node_without_a_profile_says_so(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        served.cluster.power_off(3)
        await timeline(deck)
        await row(deck, "node3", "lost")
        deck.fleet.adopt([one.profile for one in deck.fleet.nodes[:2]])
        await deck.press("enter")
        await deck.shows("node3 is not watched any more.")
        assert deck.app.deck.here == "node1"


class Unwatched(NullHistory):
    """A history with a time without data yesterday."""

    async def gaps(self) -> Sequence[Event]:
        begun = datetime.now(UTC) - timedelta(hours=20)
        details = TimeWithoutData(begun, begun + timedelta(minutes=90))
        return [Event("", details, monotonic() - 72_000, begun)]


async def test_the_clusters_own_log_is_merged_in_and_can_be_shown_alone(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    configuration, history = write_configuration(served, tmp_path), Unwatched()
    served.cluster.contents.raise_alert("node_memory", "WARNING", 2)
    async with open_deck(configuration, size=WIDE, history=history) as deck:
        await deck.all_known()
        served.cluster.stop(2, "alert_mgr")
        await deck.fleet.read_context("node1")
        await timeline(deck)
        await row(deck, "node2", "· cluster", "node_memory, node:2")
        await row(deck, "demo", "· cluster", "backup_succeeded, database 1")
        await row(deck, "node2", "alert_mgr", "→ STOPPED, not sent from here")
        await row(deck, "? no data", "not watched ", "(1 h 30 m)")
        await deck.shows(f"{len(rows(deck)) - 1} events + 1 no data", "since")
        await deck.press("end", "enter")
        assert isinstance(deck.app.screen, EventsScreen), "it is of no node"
        await deck.press("slash", *"from=cluster", "enter")
        await deck.until(lambda: all("· cluster" in line for line in rows(deck)))
        assert len(rows(deck)) == 3
        await deck.press("home", "down", "enter")
        assert isinstance(deck.app.screen, EventsScreen), "there is no node to go to"
        await deck.press("up", "w")
        await deck.shows("Why: node2")


async def test_a_configured_key_opens_and_closes_the_timeline(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    configuration = write_configuration(served, tmp_path)
    async with open_deck(configuration, keys={"timeline": "f6", "edit": "f7"}) as deck:
        await deck.all_known()
        await deck.press("e", "f6")
        await deck.until(lambda: isinstance(deck.app.screen, EventsScreen))
        await deck.press("e", "f6")
        await deck.until(lambda: deck.app.screen is deck.app.deck)
        await deck.press("n", "f7")
        await deck.form()


async def test_a_key_goes_back_to_the_deck(served: SimulatedCluster, tmp_path: Path) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        for key in ("escape", "q", "e"):
            await timeline(deck)
            await deck.press(key)
            await deck.until(lambda: deck.app.screen is deck.app.deck)
            assert deck.app.is_running


async def test_the_filter_works_as_in_the_table_and_escape_clears_it_first(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        for uid in (1, 2):
            served.cluster.set_status(uid, "redis_mgr", "FATAL")
            served.cluster.remove_service(uid, "mdns_server")
        await deck.until(lambda: len(deck.fleet.events) == 4)
        await timeline(deck)
        await deck.until(lambda: len(rows_of_nodes(deck)) == 4)
        await deck.press("slash", *"node=node2 !what=van")
        await deck.shows("1 shown", "filter: node=node2 !what=van")
        deck.fleet.set_paused(True)  # nothing new comes that would show all of it again
        await deck.resize(50, 20)
        await deck.shows("1 shown", "filtered")
        await deck.resize(120, 40)
        await deck.shows("1 shown", "filter: node=node2 !what=van")
        deck.fleet.set_paused(False)
        assert "redis_mgr" in rows(deck)[0]
        await deck.press("enter", "escape")
        await deck.until(lambda: len(rows_of_nodes(deck)) == 4)
        assert isinstance(deck.app.screen, EventsScreen)


async def test_the_cursor_stays_with_its_event_and_at_the_top_follows_the_newest(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path), size=(80, 24)) as deck:
        await deck.all_known()
        await timeline(deck)
        table = deck.app.screen.query_one("#events")

        def at() -> str:
            return table.row(table.cursor_key).cells[4].text

        for number in range(30):
            served.cluster.add_service(1, f"x{number:02}")
            if number in (0, 20):
                await row(deck, f"x{number:02}")
                assert at() == f"x{number:02}"
        await row(deck, "x29")
        await deck.press("down")
        held = at()
        line = rows(deck).index(next(one for one in rows(deck) if held in one))
        served.cluster.set_status(2, "redis_mgr", "FATAL")
        served.cluster.set_status(3, "redis_mgr", "FATAL")
        await deck.until(lambda: sum("redis_mgr" in one for one in rows(deck)) == 2)
        assert at() == held
        assert held in rows(deck)[line + 4]  # two lines each
        await deck.press("home")
        assert at() == "redis_mgr"
        served.cluster.remove_service(2, "redis_mgr")
        await row(deck, "vanished")
        await deck.until(lambda: "vanished" in rows(deck)[0])
        assert at() == "redis_mgr"
        assert table.cursor_key == table.row_keys[0]


async def test_a_theme_applies_to_the_timeline_too(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        served.cluster.set_status(1, "redis_mgr", "FATAL")
        await timeline(deck)
        await row(deck, "redis_mgr")
        await deck.press("ctrl+p", *"theme high")
        await deck.shows("Theme: High contrast")
        await deck.press("enter")
        await deck.until(lambda: isinstance(deck.app.screen, EventsScreen))
        await deck.until(lambda: deck.app.theme == "high-contrast")
        worn = load_themes(theme_dirs())[0]["high-contrast"].styles
        assert deck.app.screen.query_one(EventsTable)._palette == worn


async def one_of_each(deck: Deck, served: SimulatedCluster) -> None:
    """Let something of nearly every sort happen, one after the other."""
    cluster = served.cluster
    cluster.set_status(1, "redis_mgr", "FATAL")
    await deck.until(lambda: happened(deck, EventKind.FLIPPED))
    cluster.add_service(3, "new_one")
    await deck.until(lambda: happened(deck, EventKind.APPEARED))
    cluster.remove_service(3, "new_one")
    await deck.until(lambda: happened(deck, EventKind.VANISHED))
    for number in (1, 2, 3):
        cluster.process(2, "mdns_server").boot(cluster.now() + number)
        await deck.until(lambda: len(happened(deck, EventKind.RESTARTED)) == number)  # noqa: B023 - awaited before the next turn
    cluster.power_off(3)
    await deck.until(lambda: happened(deck, EventKind.LOST))
    cluster.power_on(3)
    await deck.until(lambda: happened(deck, EventKind.REGAINED))
    cluster.refuse_next(1, "alert_mgr")
    await deck.on("alert_mgr")
    await deck.open("r", OrderDialog)
    await deck.confirm()
    await deck.until(lambda: happened(deck, EventKind.VERDICT))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_timeline(
    size: tuple[int, int], served: SimulatedCluster, tmp_path: Path
) -> None:
    served.cluster.contents.log.clear()
    async with open_deck(write_configuration(served, tmp_path), size=size) as deck:
        await deck.all_known()
        await one_of_each(deck, served)
        await timeline(deck)
        await deck.shows("11 events")
        await deck.fleet.read_context("node1")
        await deck.shows("alerts 0" if size[0] > 80 else "lost")
        # An age is as wide with one digit as with two.
        await deck.context_known()
        await matches(
            deck,
            f"timeline-{size[0]}x{size[1]}",
            lambda text: re.sub(r" [ \d]\d s\b", "  9 s", text),
        )
