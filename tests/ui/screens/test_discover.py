"""D: the nodes of a cluster found from one profile, marked, added; the real app by keys."""

import asyncio
import resource
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.certificates import self_signed
from tests.faultserver import serving
from tests.fleet.conftest import Play
from tests.ui.conftest import ADMIN, Deck, open_deck
from tests.ui.golden import matches
from tui.config import Configuration, load
from tui.fleet.onboarding.discovery import DiscoveredNode, Discovery, LoginConsent, add_profiles
from tui.sim.cluster import Cluster
from tui.sim.server import SimulatedCluster
from tui.ui.screens.discover import DiscoverScreen
from tui.ui.screens.nodes import NodesScreen
from tui.ui.terminal.input_guard import ArmingTimes

pytestmark = pytest.mark.real_time


@pytest.fixture
def spread() -> Iterator[SimulatedCluster]:
    with SimulatedCluster(Cluster(4, pace=0.1), spread=True) as served:
        yield served


def write(served: SimulatedCluster, folder: Path, *uids: int, more: str = "") -> Configuration:
    tables = ["# ours\n[settings]\nrefresh = 0.5\n"]
    tables += [
        f'[nodes.first{uid}]  # number {uid}\nurl = "{served.urls[uid]}"\nusername = "{ADMIN[0]}"\n'
        f'cluster = "demo"\nfingerprint = "{served.fingerprint}"\n{more}\n'
        for uid in uids
    ]
    path = folder / "config.toml"
    path.write_text("\n".join(tables) + "# the end\n", encoding="utf-8")
    path.chmod(0o600)
    return load(path, must_exist=True)


def saved(folder: Path) -> dict[str, int | None]:
    return {one.name: one.uid for one in load(folder / "config.toml", must_exist=True).nodes}


async def discovered(deck: Deck) -> Any:
    """Wait until the list is there and its keys are heard."""
    await deck.until(lambda: isinstance(deck.app.screen, DiscoverScreen))
    screen: Any = deck.app.screen
    await deck.until(lambda: screen._found is not None or (screen._may_log_in and screen.is_armed))
    if screen._found is None:
        await deck.press("y")
    await deck.until(lambda: screen._found is not None and screen.is_armed)
    return screen


async def test_d_finds_the_nodes_enter_adds_them_and_the_deck_watches_them(
    spread: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write(spread, tmp_path, 1)) as deck:
        await deck.all_known()
        await deck.press("D")
        screen = await discovered(deck)
        await deck.shows("Nodes of demo.cluster.local, as first1 lists them")
        await deck.shows("node2", "node3", "node4", "127.0.0.4", "★ primary", "= profile lacks uid")
        assert screen._table.marks == {"2", "3", "4"}
        await deck.press("enter")
        await deck.until(lambda: deck.app.screen is deck.app.deck)
        await deck.shows("Added node2, node3, node4.", "first1 is node:1")
        await deck.until(lambda: len(deck.fleet.nodes) == 4)
        await deck.all_known()
        assert not any(one.wrong_node for one in deck.fleet.nodes)
    assert saved(tmp_path) == {"first1": 1, "node2": 2, "node3": 3, "node4": 4}
    text = (tmp_path / "config.toml").read_text()
    for comment in ("# ours", "# number 1", "# the end"):
        assert comment in text
    assert ADMIN[1] not in text
    sent = {one.path for one in spread.cluster.requests if one.method != "GET"}
    assert sent <= {"/v1/users/authorize"}


async def test_nothing_is_sent_to_a_new_node_before_y(
    spread: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write(spread, tmp_path, 1)) as deck:
        await deck.all_known()
        await deck.press("D")
        deck.burst("y", "enter")
        await deck.shows("Nothing was sent to 3 new nodes yet.", "as admin@demo.local", "node4")
        screen: Any = deck.app.screen
        await deck.until(lambda: screen.is_armed)
        await deck.press("enter", "space")
        await deck.polls()
        assert {one.uid for one in spread.cluster.requests} == {1}
        await deck.press("escape")
        await deck.until(lambda: deck.app.screen is deck.app.deck)
        assert {one.uid for one in spread.cluster.requests} == {1}
        await deck.press("D")
        await discovered(deck)
        assert {one.uid for one in spread.cluster.requests} == {1, 2, 3, 4}
    assert saved(tmp_path) == {"first1": None}


async def test_a_key_in_a_burst_logs_in_nowhere_and_adds_nothing(
    spread: SimulatedCluster, tmp_path: Path
) -> None:
    """P5."""
    as_shipped = ArmingTimes(painted=0.02, quiet=0.02)
    async with open_deck(write(spread, tmp_path, 1), arming=as_shipped) as deck:
        await deck.all_known()
        await deck.press("D")
        await deck.shows("Nothing was sent to 3 new nodes yet.")
        screen: Any = deck.app.screen
        await deck.until(lambda: screen.is_armed)
        for burst in (("x", "y"), ("y", "x")):
            deck.burst(*burst)
            await deck.alone()
        assert screen._found is None
        assert {one.uid for one in spread.cluster.requests} == {1}
        await discovered(deck)
        for burst in (("x", "enter"), ("enter", "x")):
            deck.burst(*burst)
            await deck.alone()
        assert deck.app.screen is screen
        assert saved(tmp_path) == {"first1": None}
        await deck.press("enter")
        await deck.until(lambda: len(deck.fleet.nodes) == 4)


async def test_space_takes_marks_away_and_esc_writes_nothing(
    spread: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write(spread, tmp_path, 1), size=(80, 24)) as deck:
        await deck.all_known()
        await deck.press("D")
        screen = await discovered(deck)
        await deck.press("space")  # it has a profile: no mark
        await deck.shows("first1 is not added: has the profile first1")
        await deck.press("down", "space", "space")
        assert screen._table.marks == {"4"}
        await deck.press("escape")
        await deck.until(lambda: deck.app.screen is deck.app.deck)
        assert saved(tmp_path) == {"first1": None}
        await deck.press("D")
        await discovered(deck)
        await deck.press("down", "space", "space", "enter")
        await deck.until(lambda: deck.app.screen is deck.app.deck)
        await deck.shows("Added node4.")
    assert saved(tmp_path) == {"first1": 1, "node4": 4}


async def test_keys_that_come_before_the_list_decide_nothing(
    spread: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write(spread, tmp_path, 1)) as deck:
        await deck.all_known()
        await deck.press("D", "enter", "enter")
        await discovered(deck)
        await deck.settle()
        assert isinstance(deck.app.screen, DiscoverScreen)
        assert saved(tmp_path) == {"first1": None}


async def test_from_a_replica_the_primary_is_queried_if_it_has_a_profile(
    spread: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write(spread, tmp_path, 1, 2)) as deck:
        await deck.all_known()
        await deck.press("2")
        await deck.until(lambda: deck.app.deck.here == "first2")
        await deck.press("D")
        await discovered(deck)
        await deck.shows("as first1 lists them", "node3", "node4")


async def test_a_replica_alone_says_what_to_do(spread: SimulatedCluster, tmp_path: Path) -> None:
    async with open_deck(write(spread, tmp_path, 2)) as deck:
        await deck.until(lambda: deck.fleet.watch("first2").reading.is_good)
        await deck.press("D")
        await deck.shows("only the primary", "add a profile for that one first", "esc close")
        await deck.press("escape")
        await deck.until(lambda: deck.app.screen is deck.app.deck)


async def test_what_does_not_answer_is_not_marked_and_may_be_marked(
    spread: SimulatedCluster, tmp_path: Path
) -> None:
    spread.cluster.power_off(4)
    async with open_deck(write(spread, tmp_path, 1), size=(200, 50)) as deck:
        await deck.all_known()
        await deck.press("D")
        screen = await discovered(deck)
        await deck.shows("refused the connection")
        assert screen._table.marks == {"2", "3"}
        await deck.press("end", "space", "enter")
        await deck.until(lambda: "node4" in deck.fleet)
    assert saved(tmp_path)["node4"] == 4


async def test_a_stranger_cannot_be_marked_and_gets_no_password(
    spread: SimulatedCluster, tmp_path: Path
) -> None:
    port = int(spread.urls[1].rpartition(":")[2])
    spread.cluster.node(4).addr = "127.0.9.8"
    spread.cluster.node(3).addr = "127.0.0.2"  # answers, but it is node 2
    tls, _ = self_signed(tmp_path)
    with serving(Play(4), host="127.0.9.8", port=port, tls=tls) as impostor:
        async with open_deck(write(spread, tmp_path, 1), size=(200, 50)) as deck:
            await deck.all_known()
            await deck.press("D")
            screen = await discovered(deck)
            await deck.shows("listed under the address of node2")
            assert screen._table.marks == {"2"}
            await deck.press("home", "down", "down", "space")
            await deck.shows("node:3 is not added")
            assert screen._table.marks == {"2"}
        assert impostor.asked == []


async def test_a_login_that_is_stopped_is_not_tried(
    spread: SimulatedCluster, tmp_path: Path
) -> None:
    spread.cluster.logins.challenges = True
    async with open_deck(write(spread, tmp_path, 1), password="wrong") as deck:
        await deck.asked()
        await deck.press("escape")
        await deck.until(lambda: deck.app.screen is deck.app.deck)
        before = len(spread.cluster.requests)
        await deck.press("D")
        await deck.shows("does not accept admin@demo.local")
        assert not isinstance(deck.app.screen, DiscoverScreen)
        assert len(spread.cluster.requests) == before


async def test_a_file_that_changed_meanwhile_is_not_overwritten(
    spread: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write(spread, tmp_path, 1)) as deck:
        await deck.all_known()
        await deck.press("D")
        await discovered(deck)
        path = tmp_path / "config.toml"
        path.write_text(f"{path.read_text()}# somebody else was here\n", encoding="utf-8")
        before = path.read_bytes()
        await deck.press("enter")
        await deck.shows("changed since it was read")
        assert isinstance(deck.app.screen, DiscoverScreen)
        assert path.read_bytes() == before


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """Have the system refuse to write files of more bytes, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    writes_none, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # half of one would stay
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        sys.dont_write_bytecode = writes_none
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def size_with(configuration: Configuration, found: Iterable[DiscoveredNode], folder: Path) -> int:
    """Return how many bytes the file has once these are written, tried on a copy of it."""
    copy = folder / "copy.toml"
    copy.write_bytes(configuration.path.read_bytes())
    copy.chmod(0o600)
    return add_profiles(load(copy, must_exist=True), found).path.stat().st_size


async def test_profiles_written_before_a_full_disk_are_watched_and_the_fault_is_shown(
    spread: SimulatedCluster, tmp_path: Path
) -> None:
    configuration = write(spread, tmp_path, 1)
    async with open_deck(configuration) as deck:
        await deck.all_known()
        await deck.press("D")
        screen = await discovered(deck)
        first, second = (screen._found[key] for key in "12")
        with files_no_larger_than(size_with(configuration, [first, second], tmp_path)):
            await deck.press("enter")
            await deck.until(lambda: deck.app.screen is deck.app.deck)
        await deck.until(lambda: deck.app._notifications and len(deck.fleet.nodes) == 2)
        said = " ".join(one.message for one in deck.app._notifications)
        assert "first1, node2 written; not node3" in said
        assert "File too large" in said
        assert [one.name for one in deck.fleet.nodes] == ["first1", "node2"]
    assert saved(tmp_path) == {"first1": 1, "node2": 2}


async def test_an_answer_that_comes_while_the_screen_closes_is_dropped(
    spread: SimulatedCluster, tmp_path: Path
) -> None:
    configuration = write(spread, tmp_path, 1)
    answered = asyncio.Event()

    async def answers_late(_: LoginConsent) -> Discovery:
        await answered.wait()
        return Discovery(configuration.nodes[0])

    async with open_deck(configuration) as deck:
        await deck.all_known()
        for turns in range(20):
            answered.clear()
            profile, colors = configuration.nodes[0], deck.app._colors()
            screen = DiscoverScreen(configuration, profile, answers_late, colors)
            deck.app.push_screen(screen)
            await deck.settle()
            screen.dismiss(None)
            for _ in range(turns):
                await asyncio.sleep(0)
            answered.set()
            await deck.settle()
            assert deck.app.screen is deck.app.deck
        assert deck.app.is_running


async def test_a_profile_without_a_cluster_shows_what_it_lacks(
    spread: SimulatedCluster, tmp_path: Path
) -> None:
    configuration = write(spread, tmp_path, 1)
    path = tmp_path / "config.toml"
    path.write_text(path.read_text().replace('cluster = "demo"\n', ""), encoding="utf-8")
    async with open_deck(load(configuration.path, must_exist=True)) as deck:
        await deck.all_known()
        await deck.press("D")
        await discovered(deck)
        await deck.press("down")
        await deck.shows("first1 names no cluster", "node2: answers as node:2")


async def test_the_picker_discovers_from_the_node_under_its_cursor(
    spread: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write(spread, tmp_path, 1), size=(80, 24)) as deck:
        await deck.all_known()
        await deck.press("n")
        await deck.until(lambda: isinstance(deck.app.screen, NodesScreen))
        await deck.press("D")
        await discovered(deck)
        await deck.press("escape")
        await deck.until(lambda: isinstance(deck.app.screen, NodesScreen))


async def test_a_read_only_deck_may_discover_and_add(
    spread: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write(spread, tmp_path, 1), read_only="read-only: a test") as deck:
        await deck.all_known()
        await deck.press("D")
        await discovered(deck)
        await deck.press("enter")
        await deck.until(lambda: len(deck.fleet.nodes) == 4)
        assert all(one.read_only for one in deck.fleet.nodes)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)], ids=str)
async def test_the_screen(size: tuple[int, int], spread: SimulatedCluster, tmp_path: Path) -> None:
    spread.cluster.power_off(4)
    async with open_deck(write(spread, tmp_path, 1), size=size) as deck:
        await deck.all_known()
        await deck.press("D")
        await discovered(deck)
        await deck.shows("refused the connection")
        await deck.press("end")
        await deck.shows("space mark")
        await deck.settle()
        await matches(
            deck,
            f"discover-{size[0]}x{size[1]}",
            lambda text: text.replace(spread.urls[4][-5:], "99999"),
        )
