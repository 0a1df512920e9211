"""A snapshot at a key, and copies: what is written, where, and what is said of it."""

import json
import stat
from pathlib import Path

import pytest
from textual.widgets import Input

from tests.ui.conftest import Deck, open_deck, posts, write_configuration
from tui.sim.server import SimulatedCluster
from tui.storage.paths import NOWHERE
from tui.ui.dialogs.order import OrderDialog
from tui.ui.dialogs.password import PasswordDialog

pytestmark = pytest.mark.real_time

WHY = "read-only: the deck was started with --read-only"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "kept"


def said(deck: Deck) -> str:
    return "\n".join(one.message for one in deck.app._notifications)


async def hears(deck: Deck, *words: str) -> None:
    await deck.until(lambda: all(word in said(deck) for word in words))


def only(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("read_only", ["", WHY])
async def test_a_snapshot_is_one_file_for_this_user_alone_and_its_place_is_said(
    read_only: str, served: SimulatedCluster, tmp_path: Path, state: Path
) -> None:
    configuration = write_configuration(served, tmp_path)
    async with open_deck(configuration, state=state, read_only=read_only) as deck:
        await deck.all_known()
        await deck.press("ctrl+s")
        await hears(deck, "Snapshot: ")
        path = only(state / "snapshots")
        assert str(path) in said(deck)
    assert path.name.startswith("rsdeck-20")
    assert path.suffix == ".txt"
    assert mode(path) == 0o600
    assert mode(path.parent) == 0o700
    text = path.read_text(encoding="utf-8")
    assert "NO PROBLEMS on 3 nodes" in text
    assert "alert_mgr" in text
    assert (WHY if read_only else "actions could be sent") in text
    assert not posts(served)


async def test_the_palette_writes_a_snapshot_as_json(
    served: SimulatedCluster, tmp_path: Path, state: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path), state=state) as deck:
        await deck.all_known()
        await palette(deck, "Snapshot as JSON")
        await hears(deck, "Snapshot: ", ".json")
    told = json.loads(only(state / "snapshots").read_bytes())
    assert [one["node"] for one in told["nodes"]] == ["node1", "node2", "node3"]
    assert told["nodes"][0]["role"] == "primary"


def open_to_others(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o755)


async def palette(deck: Deck, command: str) -> None:
    await deck.press("ctrl+p", *("space" if char == " " else char for char in command))
    await deck.shows(command)
    await deck.until(lambda: deck.app.screen.query_one("OptionList").option_count)
    await deck.press("down", "enter")


async def test_an_order_is_in_the_snapshot_with_what_came_of_it(
    served: SimulatedCluster, tmp_path: Path, state: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path), state=state) as deck:
        await deck.all_known()
        await deck.on("alert_mgr")
        await deck.open("r", OrderDialog)
        await deck.confirm()
        await deck.shows("VERIFIED")
        await deck.press("ctrl+s")
        await hears(deck, "Snapshot: ")
    text = only(state / "snapshots").read_text(encoding="utf-8")
    assert "restart on node1" in text
    assert "alert_mgr: VERIFIED" in text
    assert "node1 alert_mgr: restart sent from here" in text


async def test_a_state_folder_that_others_can_get_at_is_not_used_and_why_is_said(
    served: SimulatedCluster, tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    open_to_others(state)
    async with open_deck(write_configuration(served, tmp_path), state=state) as deck:
        await deck.all_known()
        await deck.press("ctrl+s")
        await hears(deck, "others can get at it", str(here))
    assert mode(only(here)) == 0o600


async def test_nothing_that_can_be_written_anywhere_is_said_with_both_reasons(
    served: SimulatedCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "gone"
    here.mkdir()
    monkeypatch.chdir(here)
    (tmp_path / "file").write_text("", encoding="utf-8")
    async with open_deck(write_configuration(served, tmp_path), state=tmp_path / "file") as deck:
        await deck.all_known()
        here.rmdir()
        await deck.press("ctrl+s")
        await hears(deck, "No snapshot: ", "file")
        await deck.press("c")
        await hears(deck, "not in a file: ")
        monkeypatch.chdir(tmp_path)


async def test_without_a_home_the_snapshot_is_written_to_the_current_directory(
    served: SimulatedCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    async with open_deck(write_configuration(served, tmp_path), state=NOWHERE) as deck:
        await deck.all_known()
        await deck.press("ctrl+s")
        await hears(deck, "no home folder", str(here))
        await deck.on("ccs")
        await deck.press("c")
        await hears(deck, "Copied ccs; not in a file: this user has no home folder")
    assert only(here).suffix == ".txt"


async def test_the_name_and_the_row_under_the_cursor_are_copied(
    served: SimulatedCluster, tmp_path: Path, state: Path
) -> None:
    copied = state / "copied.txt"
    async with open_deck(write_configuration(served, tmp_path), state=state) as deck:
        await deck.all_known()
        await deck.on("alert_mgr")
        await deck.press("c")
        await hears(deck, f"Copied alert_mgr; also in {copied}")
        assert copied.read_text(encoding="utf-8") == "alert_mgr"
        assert mode(copied) == 0o600
        await deck.press("Y")
        await hears(deck, "Copied the row of alert_mgr")
        fields = copied.read_text(encoding="utf-8").split("\t")
        assert fields[:3] == ["node1", "alert_mgr", "RUNNING"]
        assert fields[5] == "optional"
        assert len(fields) == 6
    assert only(state).name == "copied.txt"


async def test_the_curl_for_the_node_is_copied_without_a_password(
    served: SimulatedCluster, tmp_path: Path, state: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path), state=state) as deck:
        await deck.all_known()
        await palette(deck, "Copy curl")
        await hears(deck, "Copied the curl for node1")
    first, second = (state / "copied.txt").read_text(encoding="utf-8").splitlines()
    assert first.startswith(f"# pinned: {served.fingerprint}")
    assert second == f"curl --user admin@demo.local {served.urls[1]}/v1/local/services"


async def test_what_is_selected_in_a_field_is_copied_our_way_and_can_be_pasted(
    served: SimulatedCluster, tmp_path: Path, state: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path), state=state) as deck:
        await deck.all_known()
        await deck.press("slash", *"ccs", "shift+home", "ctrl+c")
        await hears(deck, "Copied what was selected")
        assert (state / "copied.txt").read_text(encoding="utf-8") == "ccs"
        await deck.press("end", "ctrl+v")
        assert deck.app.screen.query_one("#filter", Input).value == "ccsccs"


@pytest.mark.parametrize("key", ["ctrl+c", "ctrl+x", "super+c"])
async def test_a_password_that_is_selected_is_never_copied(
    key: str, served: SimulatedCluster, tmp_path: Path, state: Path
) -> None:
    configuration = write_configuration(served, tmp_path)
    async with open_deck(configuration, password=None, state=state) as deck:
        await deck.asked()
        assert isinstance(deck.app.screen, PasswordDialog)
        await deck.press(*"hunter", "shift+home", key)
        await hears(deck, "A password is not copied.")
        assert deck.app.clipboard == ""
    assert not (state / "copied.txt").exists()
