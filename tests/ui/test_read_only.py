"""Read-only: nothing to send with, said in words, whatever is pressed, chosen or clicked."""

from collections.abc import Awaitable
from pathlib import Path

import pytest

from tests.living import Living, living_since_now
from tests.ui.conftest import VIEWER, Deck, open_deck, posts, write_configuration
from tui.api.client import NodeOperator
from tui.sim.server import SimulatedCluster
from tui.ui.command_palette import DeckCommands
from tui.ui.dialogs.armed import TypeAheadProofScreen
from tui.ui.dialogs.order import OrderDialog
from tui.ui.dialogs.password import PasswordDialog
from tui.ui.keymap import KEYS
from tui.ui.table.live_table import LiveTable

pytestmark = pytest.mark.real_time

WHY = "read-only: the deck was started with --read-only"
LEAVES = {"quit", "quit_now"}
SMALL = (80, 24)
"""What a key does is the same at every size, and a small screen takes less to paint."""


@pytest.fixture
def operators() -> Living:
    """List what could send an action, of what the test made."""
    return living_since_now(NodeOperator)


async def back_to_the_deck(deck: Deck) -> None:
    while (screen := deck.app.screen) is not deck.app.deck:
        if isinstance(screen, TypeAheadProofScreen):
            await deck.until(lambda screen=screen: screen.is_armed)
        await deck.press("escape")
    # By what is filtered, not by the words for it: on a busy machine those come later.
    while deck.app.deck._filter.value or not deck.app.deck._query.is_empty:
        await deck.press("escape")


async def try_to_confirm(deck: Deck) -> None:
    """Press what confirms something, and log in nowhere with another password."""
    await deck.press("y")
    if not isinstance(deck.app.screen, PasswordDialog):
        await deck.press("enter")


async def test_read_only_is_shown_at_every_size_and_the_keys_show_why(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path), read_only=WHY) as deck:
        await deck.all_known()
        for size in ((60, 20), (80, 24), (120, 40), (200, 60)):
            await deck.resize(*size)
            await deck.shows("READ-ONLY")
            for key in "str":
                await deck.press(key)
                await deck.shows("--read-only")
                deck.app.clear_notifications()
            assert deck.app.screen is deck.app.deck
    assert not posts(served)


@pytest.mark.parametrize("key", ["n", "question_mark", "a", "T", "L", "ctrl+p"])
async def test_read_only_and_the_age_are_shown_above_every_screen_over_the_deck(
    key: str, served: SimulatedCluster, tmp_path: Path
) -> None:
    configuration = write_configuration(served, tmp_path)
    async with open_deck(configuration, read_only=WHY, size=(60, 20)) as deck:
        await deck.all_known()
        await deck.press(key)
        await deck.until(lambda: deck.app.screen is not deck.app.deck)
        for size in ((60, 20), (80, 24)):
            await deck.resize(*size)
            # The handshake, and all that is laid out after it.
            await deck.polls()
            await deck.shows(" s ago")
            assert "READ-ONLY" in deck.text.splitlines()[0]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_key_bar_makes_room_for_the_reason(
    size: tuple[int, int], served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path), read_only=WHY, size=size) as deck:
        await deck.all_known()
        bar = deck.text.splitlines()[-1]
        assert "no actions: read-only" in bar
        assert " ? " in bar
        assert "Restart" not in bar


async def test_no_key_sends_anything_but_get(
    served: SimulatedCluster, tmp_path: Path, operators: Living
) -> None:
    """P1, case 52."""
    configuration = write_configuration(served, tmp_path)
    async with open_deck(configuration, read_only=WHY, size=SMALL) as deck:
        await deck.all_known()
        moves = {one.id: one.key for one in LiveTable.MOVES if one.id}
        for name, keys in ({key.id: key.keys for key in KEYS} | moves).items():
            if name in LEAVES:
                continue
            for key in keys.split(","):
                await deck.on("alert_mgr")
                await deck.press(key)
                assert not isinstance(deck.app.screen, OrderDialog)
                await try_to_confirm(deck)
                await back_to_the_deck(deck)
        assert deck.fleet.read_only == WHY
        assert not operators()
    assert not posts(served)


async def test_no_palette_command_sends_anything_but_get(
    served: SimulatedCluster, tmp_path: Path, operators: Living
) -> None:
    """P1, case 52."""
    configuration = write_configuration(served, tmp_path)
    async with open_deck(configuration, read_only=WHY, size=SMALL) as deck:
        await deck.all_known()
        provider = DeckCommands(deck.app.deck)
        hits = [hit async for hit in provider.discover()]
        assert len(hits) >= len(KEYS) + 5
        for hit in hits:
            if (hit.text or "").startswith("Quit"):
                continue
            await deck.on("alert_mgr")
            ran = hit.command()
            if isinstance(ran, Awaitable):
                await ran
            await deck.settle()
            assert not isinstance(deck.app.screen, OrderDialog)
            await try_to_confirm(deck)
            await back_to_the_deck(deck)
        assert not deck.fleet.unlocked
        assert not operators()
    assert not posts(served)


async def test_no_mouse_target_sends_anything_but_get(
    served: SimulatedCluster, tmp_path: Path, operators: Living
) -> None:
    """P1, case 52."""
    async with open_deck(write_configuration(served, tmp_path), read_only=WHY) as deck:
        await deck.all_known()
        await deck.press("d")
        for y in (*range(8), 20, *range(28, 40)):
            for x in (1, 20, 70):
                await deck.click(offset=(x, y), times=2)
                assert not isinstance(deck.app.screen, OrderDialog)
                await back_to_the_deck(deck)
        assert not operators()
    assert not posts(served)


@pytest.mark.parametrize(
    ("settings", "more"),
    [("refresh = 0.5\nread_only = true", ""), ("refresh = 0.5", "read_only = true\n")],
)
async def test_the_configuration_can_make_the_deck_read_only(
    settings: str,
    more: str,
    served: SimulatedCluster,
    tmp_path: Path,
    operators: Living,
) -> None:
    configuration = write_configuration(served, tmp_path, settings=settings, more=more)
    async with open_deck(configuration) as deck:
        await deck.all_known()
        await deck.shows("READ-ONLY")
        await deck.on("alert_mgr")
        await deck.press("r")
        await deck.shows("says so")
        await deck.polls()
        assert not operators()
    assert not posts(served)


async def test_a_login_that_may_not_post_becomes_read_only_after_one_refusal(
    served: SimulatedCluster, tmp_path: Path, operators: Living
) -> None:
    """Case 23."""
    configuration = write_configuration(served, tmp_path, user=VIEWER[0])
    async with open_deck(configuration, password=VIEWER[1]) as deck:
        await deck.all_known()
        await deck.on("alert_mgr")
        await deck.press("r")
        await deck.confirm()
        await deck.shows("REFUSED", "READ-ONLY")
        await deck.press("2")
        await deck.on("alert_mgr")
        await deck.press("r")
        await deck.shows("may not send actions")
        await deck.until(lambda: all(one.reading.is_good for one in deck.fleet.nodes))
        await deck.until(lambda: not operators())
    (post,) = posts(served)
    assert post.status == 403


async def test_read_only_cannot_be_lifted_from_inside(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    """P2."""
    async with open_deck(write_configuration(served, tmp_path), read_only=WHY) as deck:
        await deck.all_known()
        await deck.press("ctrl+p", *"unlock")
        await deck.shows("Unlock required services")
        await deck.press("down", "enter")
        await deck.shows("--read-only")
        assert not deck.fleet.unlocked
        assert "UNLOCKED" not in deck.text
