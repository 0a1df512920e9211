"""What the deck makes of its room: the list of nodes, the columns, the panes, the key bar."""

import re
from pathlib import Path

import pytest

from tests.ui.conftest import Deck, open_deck, write_configuration
from tui.config import Configuration, load
from tui.sim.server import SimulatedCluster

pytestmark = pytest.mark.real_time


def nodes(count: int, folder: Path) -> Configuration:
    """Write a configuration of nodes that refuse every connection."""
    tables = ["[settings]\nrefresh = 60\n"]
    tables += [
        f'[nodes.n{number:02}]\nurl = "https://127.0.0.1:9"\nusername = "user{number}"\n'
        f'password_env = "NO_SUCH"\ncluster = "demo"\n'
        for number in range(1, count + 1)
    ]
    path = folder / "config.toml"
    path.write_text("".join(tables), encoding="utf-8")
    path.chmod(0o600)
    return load(path, must_exist=True)


def listed(deck: Deck) -> int:
    """Count the nodes that are seen at the side."""
    lines = (line[:30] for line in deck.text.splitlines()[3:])
    return sum(any(f" n{number:02}" in line for number in range(1, 41)) for line in lines)


async def test_35_nodes_fit_40_rows(tmp_path: Path) -> None:
    async with open_deck(nodes(35, tmp_path), size=(120, 40)) as deck:
        await deck.until(lambda: listed(deck) == 35)
        assert "▼" not in deck.text


async def test_of_more_nodes_it_says_how_many_are_hidden(tmp_path: Path) -> None:
    async with open_deck(nodes(40, tmp_path), size=(120, 40)) as deck:
        await deck.shows("▼ 6 more · 6 with problems")
        assert listed(deck) == 34
        await deck.press("n", "end")
        await deck.shows("▲ 6 · 6 with problems", "n40")


async def test_the_detail_is_open_where_there_is_room_and_stays_closed_once_it_was_closed(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path), size=(160, 40)) as deck:
        await deck.all_known()
        await deck.on("alert_mgr")
        await deck.shows("Sends alerts")
        await deck.on("ccs")
        await deck.shows("Cluster configuration")
        await deck.press("d")
        await deck.until(lambda: "Cluster configuration" not in deck.text)
        await deck.press("2")
        await deck.resize(120, 40)
        await deck.resize(200, 40)
        assert "Cluster configuration" not in deck.text
        await deck.press("d")
        await deck.shows("Cluster configuration")


async def test_the_detail_is_laid_out_for_its_width_once_it_is_opened(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    configuration = write_configuration(served, tmp_path, settings="refresh = 60")
    async with open_deck(configuration, size=(100, 24)) as deck:
        await deck.all_known()
        await deck.context_known()
        await deck.on("alert_mgr")
        deck.fleet.set_paused(True)  # so that no reading lays it out once more
        await deck.settle()
        await deck.press("d")
        assert re.search(r"Sends alerts.*What happened", deck.text)
        await deck.resize(80, 24)
        assert not re.search(r"Sends alerts.*What happened", deck.text)
        await deck.resize(60, 20)
        await deck.shows("alert_mgr · tab, then down: ")
        await deck.press("tab", "down")
        await deck.shows("alert_mgr · down: ")
        await deck.press("end")
        await deck.until(lambda: "down: " not in deck.text)
        await deck.shows("no events")


async def test_the_small_matrix_has_the_width_of_a_screen_that_has_grown(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    configuration = write_configuration(served, tmp_path, settings="refresh = 60")
    async with open_deck(configuration, size=(120, 40)) as deck:
        await deck.all_known()
        deck.fleet.set_paused(True)  # so that no reading shows it once more
        await deck.settle()
        await deck.press("d", "d")  # closed, it changes nothing of the table's width
        await deck.resize(200, 60)
        _, *rows = deck.app.deck._mini.said.splitlines()
        assert [len(row) - len("  1 ") for row in rows] == [32] * 3


async def test_the_key_bar_dims_what_would_be_refused_on_the_service_under_the_cursor(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    served.cluster.stop(1, "mdns_server")
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        deck.app.action_paint("terminal")  # there, what is dim is "dim"

        def dimmed() -> set[str]:
            (bar,) = deck.app.deck._keys._lines
            words = (bar.plain[span.start : span.end].split() for span in bar.spans)
            styles = (span.style for span in bar.spans)
            dim = (one for one, style in zip(words, styles, strict=True) if style == "dim")
            return {one[-1] for one in dim}

        await deck.on("alert_mgr")
        await deck.until(lambda: dimmed() == {"Start"})
        await deck.on("mdns_server")
        await deck.until(lambda: dimmed() == {"Stop", "Restart"})
        await deck.on("ccs")
        await deck.until(lambda: dimmed() == {"Start", "Stop", "Restart", "Roll"})
        deck.fleet.unlocked = True
        deck.app.show_current()
        await deck.until(lambda: dimmed() == {"Start"})


async def test_events_of_the_cluster_stand_below_the_services_and_lead_there(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        await deck.shows("events of demo", "No events yet.")
        served.cluster.stop(2, "mdns_server")
        await deck.shows("mdns_server node2")
        recent = deck.app.deck._recent
        recent.focus()
        recent.action_choose()
        await deck.until(
            lambda: (deck.app.deck.here, deck.table.cursor_key) == ("node2", "mdns_server")
        )
