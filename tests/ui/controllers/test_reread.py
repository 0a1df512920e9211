"""The configuration is read again while the deck runs: asked first, and never half adopted."""

from pathlib import Path

import pytest

from tests.ui.conftest import open_deck, write_configuration
from tui.config import load
from tui.config.changes import file_stamp
from tui.sim.server import SimulatedCluster
from tui.ui.dialogs.reload import ReloadDialog


def rewrite(path: Path, *changes: tuple[str, str]) -> None:
    text = path.read_text("utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


@pytest.mark.real_time
async def test_nodes_are_added_changed_and_removed_once_it_is_confirmed(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    configuration = write_configuration(served, tmp_path)
    path = configuration.path
    async with open_deck(configuration) as deck:
        await deck.all_known()
        kept = deck.fleet.watch("node1")
        await deck.press("3", "ctrl+e")
        await deck.shows("has not changed")
        rewrite(
            path,
            ("[nodes.node3]", "[nodes.third]"),
            ("[nodes.node2]", '[nodes.node2]\nlabel = "the second"'),
            ("refresh = 0.5", "refresh = 60"),
        )
        await deck.open("ctrl+e", ReloadDialog)
        await deck.shows("third", "node2", "node3", "[settings]")
        assert [node.name for node in deck.fleet.nodes] == ["node1", "node2", "node3"]
        await deck.armed()
        await deck.press("escape")
        assert [node.name for node in deck.fleet.nodes] == ["node1", "node2", "node3"]
        await deck.open("ctrl+e", ReloadDialog)
        await deck.confirm()
        await deck.until(lambda: "third" in deck.fleet)
        assert [node.name for node in deck.fleet.nodes] == ["node1", "node2", "third"]
        assert deck.fleet.watch("node1") is kept
        assert deck.fleet.interval == 0.5
        await deck.all_known()
        await deck.shows("the second", "node1")  # the node in front was removed: the first is shown


async def test_a_broken_file_keeps_what_is_there_and_the_reason_is_shown(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    configuration = write_configuration(served, tmp_path)
    async with open_deck(configuration) as deck:
        await deck.all_known()
        rewrite(configuration.path, ("username", "usrname"))
        await deck.press("ctrl+e")
        await deck.shows("usrname", "Nothing was changed.")
        assert [node.name for node in deck.fleet.nodes] == ["node1", "node2", "node3"]
        rewrite(configuration.path, ("usrname", "username"))
        assert load(configuration.path, must_exist=True).nodes == configuration.nodes
        configuration.path.unlink()
        await deck.press("ctrl+e")
        await deck.shows("there is no such file")
        assert len(deck.fleet.nodes) == 3


@pytest.mark.real_time
async def test_a_file_that_changes_is_shown_and_read_once_it_is_confirmed(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    configuration = write_configuration(served, tmp_path)
    path = configuration.path
    async with open_deck(configuration) as deck:
        screen = deck.app.deck

        async def notices(*words: str) -> None:
            """Let seconds pass, faster than they do, until the line shows these words."""

            def shown() -> bool:
                screen._on_clock()
                return all(word in screen.notice for word in words) and bool(screen.notice)

            await deck.until(shown)

        async def looks_twice_and_shows_nothing() -> None:
            watch = deck.app._profiles._file_watch
            await deck.until(lambda: screen._on_clock() or watch._known == file_stamp(path))
            await deck.until(lambda: not deck.app._profiles._is_looking)
            assert screen.notice == ""

        await deck.all_known()
        await looks_twice_and_shows_nothing()
        path.write_text(f"# a comment\n{path.read_text('utf-8')}", encoding="utf-8")
        await looks_twice_and_shows_nothing()

        rewrite(path, ("[nodes.node3]", "[nodes.third]"))
        await notices("config.toml changed: ctrl+e to read it")
        await deck.shows("config.toml changed: ctrl+e to read it")
        assert [node.name for node in deck.fleet.nodes] == ["node1", "node2", "node3"]
        await deck.open("ctrl+e", ReloadDialog)
        assert screen.notice == ""
        # What changes while the question is open is still to be read once that is confirmed.
        rewrite(path, ("[nodes.third]", '[nodes.third]\nlabel = "late"'))
        await notices("config.toml changed")
        await deck.confirm()
        await deck.until(lambda: "third" in deck.fleet)
        assert deck.fleet.watch("third").profile.label == ""
        await notices("config.toml changed: ctrl+e to read it")
        await deck.open("ctrl+e", ReloadDialog)
        await deck.confirm()
        await deck.until(lambda: deck.fleet.watch("third").profile.label == "late")

        rewrite(path, ("username", "usrname"))
        await notices("config.toml changed and cannot be read: ctrl+e shows why")
        await deck.shows("usrname", "What was read before stays.")
        assert "third" in deck.fleet
        rewrite(path, ("usrname", "username"))
        await deck.until(lambda: screen._on_clock() or screen.notice == "")


@pytest.mark.real_time
async def test_what_the_deck_itself_writes_is_no_change(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    configuration = write_configuration(served, tmp_path)
    path = configuration.path
    async with open_deck(configuration) as deck:
        await deck.all_known()
        profiles, watch = deck.app._profiles, deck.app._profiles._file_watch
        await deck.press("E")
        await deck.form()
        deck.app.screen.query_one("#label").value = "written here"
        await deck.press("ctrl+s")
        await deck.until(lambda: deck.fleet.watch("node1").profile.label == "written here")
        await deck.until(lambda: deck.app.deck._on_clock() or watch._known == file_stamp(path))
        await deck.until(lambda: not profiles._is_looking)
        assert deck.app.deck.notice == ""
