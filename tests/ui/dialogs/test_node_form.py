"""The form for a profile: first start, trying a node, saving, editing; the file's comments stay."""

import socket
from dataclasses import replace
from pathlib import Path

import pytest
from textual.color import Color
from textual.widgets import Input

from tests.ui.conftest import ADMIN, Deck, open_deck, posts, write_configuration
from tui.config import Configuration, NodeProfile, load
from tui.fleet.onboarding.connection_check import ConnectionTestResult
from tui.model.login import ViewerRole
from tui.sim.cluster import Cluster
from tui.sim.server import SimulatedCluster
from tui.ui.dialogs.node_form import NodeForm, trust_hint
from tui.ui.dialogs.password import PasswordDialog
from tui.ui.screens.nodes import NodesScreen
from tui.ui.terminal.input_guard import ArmingTimes

pytestmark = pytest.mark.real_time


def empty(folder: Path, text: str = "") -> Configuration:
    path = folder / "config.toml"
    if text:
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
    return load(path, must_exist=False)


def keys(text: str) -> list[str]:
    names = {
        " ": "space", ":": "colon", "/": "slash", ".": "full_stop", "@": "at", "-": "minus",
        "_": "underscore",
    }  # fmt: skip
    return [names.get(letter, letter) for letter in text]


async def fill(deck: Deck, served: SimulatedCluster, name: str = "first") -> None:
    await deck.form()
    for text in (name, served.urls[1], ADMIN[0]):
        await deck.press(*keys(text), "tab")
    await deck.press("tab", *keys(ADMIN[1]))


def found(deck: Deck) -> str:
    """Return what the form says of what was entered."""
    return str(deck.app.screen.query_one("#found").render())


def is_closed(url: str) -> bool:
    """Whether an address accepts no connections."""
    host, port = url.removeprefix("https://").split(":")
    with socket.socket() as tried:
        return tried.connect_ex((host, int(port))) != 0


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (60, 20)])
async def test_with_no_profile_the_deck_opens_on_the_form_and_a_node_can_be_pinned_and_saved(
    size: tuple[int, int], served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(empty(tmp_path), password=None, size=size) as deck:
        await deck.form()
        await deck.shows("Add a node", "name", "URL", "user", "password", "trust", "Test", "Save")
        name, url = (
            deck.app.screen.query_one(f"#{field}-line .label") for field in ("name", "url")
        )
        # The field that is typed into is seen also where its ground is hardly another.
        accent = Color.parse(deck.app.theme_variables["accent"])
        await deck.until(lambda: name.styles.color == accent)
        assert name.styles.color != url.styles.color
        await fill(deck, served)
        assert ADMIN[1] not in deck.text
        await deck.press("ctrl+t")
        await deck.until(lambda: deck.app.screen.query_one("#pin").display)
        # All of them are in the window, whatever its size, and how the message ends.
        await deck.shows(" Test ", " Save ", " Cancel ", " Pin it ", "then Pin it")
        assert not served.cluster.requests
        pin = deck.app.screen.query_one("#pin")
        pin.focus()
        await deck.press("enter")
        await deck.shows("Pinned")
        await deck.press("ctrl+t")
        await deck.shows("32 of 32 services are running", "node:1")
        await deck.press("ctrl+s")
        await deck.until(lambda: deck.app.screen is not None and len(deck.fleet.nodes) == 1)
        saved = load(tmp_path / "config.toml", must_exist=True)
        (profile,) = saved.nodes
        assert (profile.name, profile.url, profile.username) == ("first", served.urls[1], ADMIN[0])
        assert (profile.uid, profile.hostname) == (1, "node1.demo.cluster.local")
        assert served.fingerprint in (tmp_path / "config.toml").read_text()
        assert ADMIN[1] not in (tmp_path / "config.toml").read_text()
        assert (tmp_path / "config.toml").stat().st_mode & 0o077 == 0
        await deck.shows("32/32 ok")
        assert not isinstance(deck.app.screen, PasswordDialog)
    assert not posts(served)


async def test_with_no_profile_and_no_form_the_keys_are_shown(tmp_path: Path) -> None:
    configuration = load(tmp_path / "config.toml", must_exist=False)
    async with open_deck(configuration) as deck:
        await deck.form()
        await deck.press("escape")
        await deck.shows("Press a to add one", "no node yet", "a Add a node", "? Help")
        assert "Start" not in deck.text
        assert "Matrix" not in deck.text
        for key, words in (("0", "On the deck, a adds one."), ("e", "Nothing has changed yet.")):
            await deck.press(key)
            await deck.shows(words, "P Problems", "? Help")
            bar = deck.text.splitlines()[-1]
            assert not any(word in bar for word in ("Start", "Next", "Why", "Go there")), bar


async def test_before_the_form_could_be_read_its_fields_take_text_and_nothing_is_decided(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    """P5."""
    never = ArmingTimes(painted=3600.0)
    async with open_deck(empty(tmp_path), password=None, arming=never) as deck:
        await deck.shows("Add a node", "ctrl+s save", "wait a moment")
        await deck.press(*"firts", "backspace", "backspace", *"st", "tab", *keys(served.urls[1]))
        await deck.press("ctrl+s", "ctrl+t", "escape")
        await deck.shows("too early: wait a moment")
        screen = deck.app.screen
        assert isinstance(screen, NodeForm)
        values = {field.id: field.value for field in screen.query(Input)}
        assert (values["name"], values["url"]) == ("first", served.urls[1])
        assert not found(deck).startswith(("name:", "trying"))
        screen.query_one("#save").focus()
        await deck.press("enter", "space")
        screen.query_one("#trust").focus()
        await deck.press("enter", "down", "enter")
        assert screen._chosen("trust") == "system"
        assert not (tmp_path / "config.toml").exists()
    assert not served.cluster.requests


async def test_a_key_in_a_burst_neither_tests_nor_saves(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    """P5."""
    as_shipped = ArmingTimes(painted=0.02, quiet=0.02)
    async with open_deck(empty(tmp_path), password=None, arming=as_shipped) as deck:
        await fill(deck, served)
        for key in ("ctrl+t", "ctrl+s"):
            deck.burst("x", key)
            await deck.alone()
            deck.burst(key, "x")
            await deck.alone()
        assert isinstance(deck.app.screen, NodeForm)
        assert "trying" not in deck.text
        assert not (tmp_path / "config.toml").exists()
        await deck.press("ctrl+s")
        await deck.until(lambda: "first" in deck.fleet)


async def test_testing_a_profile_shows_why_it_fails(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(empty(tmp_path), password=None) as deck:
        await fill(deck, served)
        deck.app.screen.query_one("#trust").value = "insecure"
        deck.app.screen.query_one("#typed").value = "wrong"
        await deck.press("ctrl+t")
        await deck.shows("✗", "does not accept admin@demo.local")
        served.cluster.power_off(1)
        # A connection that was made just before it went off is reset instead.
        await deck.until(lambda: is_closed(served.urls[1]))
        await deck.press("ctrl+t")
        await deck.shows("refused the connection")


async def test_an_impossible_value_is_named_and_nothing_is_written(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(empty(tmp_path), password=None) as deck:
        await fill(deck, served)
        for field, value, said in (
            ("url", "ftp://host", "URL: "),
            ("name", "", "name"),
            ("url", "https://me:secret@host:9443", "URL: "),
            ("username", "", "user: "),
            ("url", "http://10.0.0.1:8080", "URL: "),
        ):
            line = deck.app.screen.query_one(f"#{field}")
            before, line.value = line.value, value
            for key in ("ctrl+t", "ctrl+s"):
                deck.app.screen.query_one("#found").update("")  # what the key before led to
                await deck.press(key)
                await deck.until(lambda said=said: said in found(deck))
            assert isinstance(deck.app.screen, NodeForm)
            assert "secret" not in found(deck)
            line.value = before
    assert not (tmp_path / "config.toml").exists()


async def test_a_host_with_its_port_is_an_address_and_what_is_not_valid_is_marked(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        await deck.press("a")
        await deck.form()
        await deck.press(*"fourth", "tab", *keys("127.0.0.1:nine"), "tab", "x", "ctrl+s")
        await deck.shows("URL: ")
        form = deck.app.screen
        assert [line.id for line in form.query(".-invalid")] == ["url-line"]
        assert deck.app.focused is form.query_one("#url")
        form.query_one("#url").value = "127.0.0.1:9"
        await deck.press("ctrl+s")
        await deck.until(lambda: "fourth" in deck.fleet)
        assert deck.fleet.watch("fourth").profile.url == "https://127.0.0.1:9"


async def test_adding_and_editing_keep_the_files_comments(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    configuration = write_configuration(served, tmp_path)
    path = tmp_path / "config.toml"
    path.write_text(f"# our nodes, ask Kim\n{path.read_text()}# the end\n", encoding="utf-8")
    configuration = load(path, must_exist=True)
    async with open_deck(configuration) as deck:
        await deck.all_known()
        await deck.press("a")
        await fill(deck, served, "fourth")
        deck.app.screen.query_one("#url").value = "https://127.0.0.1:9"
        deck.app.screen.query_one("#trust").value = "insecure"
        await deck.press("ctrl+s")
        await deck.until(lambda: "fourth" in deck.fleet)
        assert deck.app.deck.here == "fourth"
        await deck.shows("INSECURE")
        kept = deck.fleet.watch("node1")
        await deck.press("escape", "1", "E")
        await deck.form()
        await deck.shows("Edit node1")
        deck.app.screen.query_one("#label").value = "eins"
        await deck.press("ctrl+s")
        await deck.until(lambda: deck.app.screen is deck.app.deck)
        await deck.shows("eins")
        assert deck.fleet.watch("node1") is not kept
    text = path.read_text()
    assert "# our nodes, ask Kim" in text
    assert "# the end" in text
    assert [one.name for one in load(path, must_exist=True).nodes][-1] == "fourth"


async def test_a_file_that_changed_meanwhile_is_not_overwritten(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        await deck.press("E")
        await deck.form()
        path = tmp_path / "config.toml"
        path.write_text(f"{path.read_text()}\n# somebody else was here\n", encoding="utf-8")
        await deck.press("ctrl+s")
        await deck.until(lambda: "changed" in str(deck.app.screen.query_one("#found").render()))
        assert "# somebody else was here" in path.read_text()


async def test_the_picker_adds_and_edits_too(served: SimulatedCluster, tmp_path: Path) -> None:
    async with open_deck(write_configuration(served, tmp_path), size=(80, 24)) as deck:
        await deck.all_known()
        await deck.press("n", "down", "E")
        await deck.form()
        await deck.shows("Edit node2")
        await deck.press("escape")
        await deck.until(lambda: isinstance(deck.app.screen, NodesScreen))
        await deck.press("a")
        await deck.form()
        await deck.shows("Add a node")
        await deck.press("escape", "escape")
        await deck.until(lambda: deck.app.screen is deck.app.deck)
        await deck.press("n")
        await deck.until(lambda: isinstance(deck.app.screen, NodesScreen))


async def test_escape_leaves_everything_as_it_was(served: SimulatedCluster, tmp_path: Path) -> None:
    configuration = write_configuration(served, tmp_path)
    before = (tmp_path / "config.toml").read_bytes()
    async with open_deck(configuration) as deck:
        await deck.all_known()
        await deck.press("E")
        await deck.form()
        await deck.press(*"zzz", "escape")
        await deck.until(lambda: deck.app.screen is deck.app.deck)
    assert (tmp_path / "config.toml").read_bytes() == before


async def edited(
    served: SimulatedCluster, folder: Path, url: str, username: str = ""
) -> NodeProfile:
    """Edit the one node, which is bound and a viewer's, and give it as it was saved."""
    configuration = write_configuration(served, folder)
    path = folder / "config.toml"
    bound = 'cluster = "demo"\nrole = "viewer"\nuid = 1\nhostname = "node1"'
    path.write_text(path.read_text().replace('cluster = "demo"', bound, 1), encoding="utf-8")
    configuration = load(path, must_exist=True)
    async with open_deck(configuration) as deck:
        await deck.all_known()
        await deck.press("E")
        await deck.form()
        screen = deck.app.screen
        screen.query_one("#url").value = url
        screen.query_one("#label").value = "eins"
        if username:
            screen.query_one("#username").value = username
        await deck.press("ctrl+s")
        await deck.until(lambda: not isinstance(deck.app.screen, NodeForm))
    saved = load(path, must_exist=True).node("node1")
    assert saved is not None
    assert saved.label == "eins"
    return saved


async def test_an_edit_keeps_who_the_node_is(served: SimulatedCluster, tmp_path: Path) -> None:
    saved = await edited(served, tmp_path, served.urls[1].upper().replace("HTTPS", "https"))
    assert (saved.uid, saved.hostname) == (1, "node1")
    assert saved.role is ViewerRole.VIEWER


async def test_another_user_may_have_another_role(served: SimulatedCluster, tmp_path: Path) -> None:
    saved = await edited(served, tmp_path, served.urls[1], "other@demo.local")
    assert (saved.uid, saved.username, saved.role) == (1, "other@demo.local", None)


async def test_another_address_drops_who_the_node_was(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    saved = await edited(served, tmp_path, "https://127.0.0.1:9")
    assert (saved.uid, saved.hostname) == (None, "")


async def test_testing_another_address_finds_the_node_there(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    with SimulatedCluster(Cluster(5), spread=True, base="127.0.8") as other:
        url = other.urls[5]
        configuration = write_configuration(served, tmp_path)
        async with open_deck(configuration) as deck:
            await deck.all_known()
            await deck.press("E")
            await deck.form()
            screen = deck.app.screen
            screen.query_one("#url").value = url
            screen.query_one("#trust-value").value = other.fingerprint
            screen.query_one("#typed").value = ADMIN[1]
            await deck.press("ctrl+t")
            await deck.until(lambda: "node:5" in str(screen.query_one("#found").render()))
            await deck.press("ctrl+s")
            await deck.until(lambda: deck.app.screen is deck.app.deck)
            await deck.until(lambda: deck.fleet.watch("node1").facts.identity.uid == 5)
            assert deck.fleet.watch("node1").wrong_node == ""
    saved = load(tmp_path / "config.toml", must_exist=True).node("node1")
    assert saved is not None
    assert (saved.uid, saved.hostname) == (5, "node5.demo.cluster.local")


async def test_testing_a_profile_shows_that_another_node_answers(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    configuration = write_configuration(served, tmp_path, more="uid = 7\n")
    async with open_deck(configuration) as deck:
        await deck.shows("node:1 answers here, the profile is of node:7", "No action is sent here")
        await deck.press("E")
        await deck.form()
        deck.app.screen.query_one("#typed").value = ADMIN[1]
        await deck.press("ctrl+t")
        found = deck.app.screen.query_one("#found")
        await deck.until(lambda: "✗ node:1 answers here" in str(found.render()))
        assert "by hand" in str(found.render())


def test_what_helps_where_a_certificate_is_not_trusted_is_named_as_the_form_names_it() -> None:
    found = ConnectionTestResult(well=False, texts=("a",), fingerprint="sha256:00")
    assert trust_hint(found).endswith("then Pin it")
    another = replace(found, fingerprint="", is_another=True)
    assert trust_hint(another).endswith("then put it into trust")
    assert trust_hint(replace(found, fingerprint="")) == ""
