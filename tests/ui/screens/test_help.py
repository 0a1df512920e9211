"""Help, palette and keys: one table of bindings, and all of them can be found."""

import ast
import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.style import Style

import tui.ui
from tests.ui.conftest import (
    ARMS_AT_ONCE,
    NEVER_SURE,
    open_deck,
    posts,
    write_configuration,
)
from tui.fleet.why import Evidence, EvidenceKind, Source
from tui.model.event import Cause, Event, Restart, StatusChange
from tui.sim.server import SimulatedCluster
from tui.ui.command_palette import DeckCommands
from tui.ui.dialogs.order import OrderDialog
from tui.ui.format import event_row, rollout_text, status_lines
from tui.ui.format.key_bar import KEY_META
from tui.ui.format.service_row import RESTARTED, STYLES
from tui.ui.keymap import KEYS, View, key_text, spelled_keys
from tui.ui.screens import discover, why
from tui.ui.screens.help import (
    HelpPage,
    HelpScreen,
    _how_actions_work,
    _sections,
    help_page,
)
from tui.ui.screens.nodes import NodesScreen
from tui.ui.table.live_table import LiveTable
from tui.ui.table.navigation import COLUMN_BINDINGS
from tui.ui.widgets import node_list

# Whole decks on nodes that are polled.
pytestmark = pytest.mark.real_time


@pytest.mark.parametrize("cause", Cause)
def test_a_restart_has_one_sign_whoever_sent_it(cause: Cause) -> None:
    moment = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    restarted = Event("node1", Restart("RUNNING"), 0.0, moment, "ccs", cause)
    assert event_row.sign_of(restarted) == (RESTARTED, "warn")
    evidence = Evidence(EvidenceKind.RESTARTS, Source.EVENTS, "restarted", is_problem=True)
    assert why._sign(evidence) == (RESTARTED, "warn")
    vanished = Event("node1", StatusChange("RUNNING", None), 0.0, moment, "ccs", cause)
    colour = "muted" if cause is Cause.ORDERED_HERE else "warn"
    assert event_row.sign_of(vanished) == ("-", colour)


async def page(deck: object) -> str:
    """Read the whole page, whatever of it fits on the screen."""
    return str(deck.app.screen.query_one("#page Static").render())


async def test_help_shows_every_live_binding_and_what_the_signs_mean(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        await deck.press("question_mark")
        await deck.until(lambda: isinstance(deck.app.screen, HelpScreen))
        text = await page(deck)
        # Where a meaning goes on in the next line, the key's id stands between its two parts.
        ids = "|".join(re.escape(key.id) for key in KEYS)
        flowing = " ".join(re.sub(rf"(?m) {{2,}}(?:{ids})$", "", text).split())
        for key in KEYS:
            if not key.id.startswith("node."):
                assert key.does in flowing, key.id
                assert key_text(key.keys) in text
        for move in LiveTable.MOVES:
            assert (move.tooltip or "") in flowing
        for word in ("never repeated", "services_configuration", "not a fault"):
            assert word in text


def test_the_keys_that_move_come_first_and_the_column_of_their_names_has_a_title() -> None:
    live = {key.id: key.keys for key in KEYS}
    palette = dict.fromkeys(("accent", "muted", *STYLES.values()), "")
    sections = _sections(live, LiveTable.MOVES, palette)
    for width, title in ((76, "Moving name in [keys]"), (60, "Moving")):
        first, second, *_ = help_page(sections, (), width, palette).plain.splitlines()
        assert " ".join(first.split()) == title
        if width == 76:
            assert second.index(LiveTable.MOVES[0].id or "?") == first.index("name in")


@pytest.mark.parametrize("width", [144, 156, 196])
def test_a_wide_page_has_the_signs_beside_the_keys_and_cuts_nothing(width: int) -> None:
    live = {key.id: key.keys for key in KEYS}
    palette = dict.fromkeys(("accent", "muted", *STYLES.values()), "")
    sections, actions = _sections(live, LiveTable.MOVES, palette), _how_actions_work(live)
    narrow, wide = (
        help_page(sections, actions, across, palette).plain for across in (width // 2, width)
    )
    first, *others = wide.splitlines()
    assert first.split() == ["Moving", "name", "in", "[keys]", "Signs"]
    assert max(map(cell_len, (first, *others))) <= width
    assert len(others) < 0.7 * len(narrow.splitlines())
    assert Counter("".join(wide.split())) == Counter("".join(narrow.split()))


@pytest.mark.parametrize("width", [120, 196])
def test_every_key_of_the_help_can_be_clicked(width: int) -> None:
    """All but the digits, which stand in one line: nodes can be clicked in the list."""
    live = {key.id: key.keys for key in KEYS}
    moves = (*LiveTable.MOVES, *COLUMN_BINDINGS)
    palette = dict.fromkeys(("accent", "muted", *STYLES.values()), "")
    text = help_page(_sections(live, moves, palette), (), width, palette)
    clickable = {
        span.style.meta[KEY_META]
        for span in text.spans
        if isinstance(span.style, Style) and KEY_META in span.style.meta
    }
    wanted = [key.keys for key in KEYS if not key.id.startswith("node.")]
    wanted += [binding.key for binding in moves]
    assert {spelled_keys(keys)[0] for keys in wanted} == clickable


# Frames, what stands between words or numbers, and what takes the place of a character.
_NO_SIGNS = frozenset("╭╮│→•\N{EN DASH}\N{REPLACEMENT CHARACTER}")


def signs_of(path: Path) -> set[str]:
    """Return the characters besides ASCII of a module's texts that are no letters."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose
    ]
    return {c for text in texts for c in text if not c.isascii() and not c.isalnum()} - _NO_SIGNS


def test_the_help_has_every_sign_that_a_screen_uses() -> None:
    heads = [line.head for line in _sections({}, (), dict.fromkeys(STYLES.values(), ""))["Signs"]]
    listed = {sign for head in heads for sign in head.split()}
    folder = Path(tui.ui.__file__).parent
    used = {
        path.relative_to(folder).as_posix(): signs_of(path)
        for part in ("format", "matrix", "screens", "table", "widgets")
        for path in sorted((folder / part).glob("*.py"))
        if path.name != "help.py"
    }
    assert used["format/service_row.py"] >= {"●", "✗", "↻"}, "it finds them"
    assert {name: signs - listed for name, signs in used.items() if signs - listed} == {}
    tables = (
        event_row._SIGNS, event_row._RESULTS, status_lines._RESULTS, status_lines.SEVERITY_SIGNS,
        rollout_text.SIGNS, discover._GLYPHS,
    )  # fmt: skip
    plain = {sign for table in tables for sign, _ in table.values()} | {why._PROBLEM}
    assert plain <= listed
    assert {badge for badge, _ in node_list._BADGES.values()} <= listed


async def test_help_shows_remapped_keys_as_they_are_now(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    configuration = write_configuration(served, tmp_path)
    async with open_deck(configuration, keys={"restart": "X", "nodes": "N"}) as deck:
        await deck.all_known()
        await deck.shows("X Restart", "N Nodes")
        await deck.on("alert_mgr")
        await deck.press("r")
        assert deck.app.screen is deck.app.deck
        await deck.press("question_mark")
        await deck.until(lambda: isinstance(deck.app.screen, HelpScreen))
        lines = (await page(deck)).splitlines()
        assert any(line.split()[:2] == ["X", "Restart"] for line in lines)
        await deck.press("escape", "X")
        await deck.shows("Restart alert_mgr on node1 (")


@pytest.mark.parametrize(("keys", "shown"), [("ctrl+p,:", "ctrl+p"), ("f9,colon", "f9")])
def test_the_help_names_the_key_that_opens_the_palette_now(keys: str, shown: str) -> None:
    paragraphs = _how_actions_work({"palette": keys})
    unlocks = [one for one in paragraphs if f'session: {shown}, "Unlock required services"' in one]
    assert len(unlocks) == 1


async def test_help_can_be_read_to_its_end(served: SimulatedCluster, tmp_path: Path) -> None:
    has_more = re.compile(r"down: \d+ more · esc close")
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        for size in ((60, 20), (80, 24), (200, 60)):
            await deck.resize(*size)
            await deck.press("f1")
            await deck.until(lambda: isinstance(deck.app.screen, HelpScreen))
            await deck.until(lambda: bool(has_more.search(deck.text)))
            await deck.press("j", *["pagedown"] * 20)
            await deck.shows("ago", "esc close")
            await deck.until(lambda: not has_more.search(deck.text))
            await deck.press("q")
            await deck.until(lambda: deck.app.screen is deck.app.deck)


async def test_the_help_knows_how_long_it_is_in_any_width(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    """The scroll bar makes it narrower, and so longer, before it is laid out anew."""
    async with open_deck(write_configuration(served, tmp_path), size=(200, 60)) as deck:
        await deck.press("f1")
        await deck.until(lambda: isinstance(deck.app.screen, HelpScreen))
        page = deck.app.screen.query_one(HelpPage)
        for width in (50, 94, 96, 156, 195):
            text = help_page(page._sections, page._actions, width, page._palette)
            lines = text.plain.splitlines()
            assert page.get_content_height(page.size, page.size, width) == len(lines)
        for width in range(3):  # the smallest terminals leave it no cell
            height = page.get_content_height(page.size, page.size, width)
            assert bool(height) is bool(width)


async def test_every_action_is_in_the_palette(served: SimulatedCluster, tmp_path: Path) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        hits = [hit async for hit in DeckCommands(deck.app.deck).discover()]
        names = {hit.text for hit in hits}
        assert {key.label for key in KEYS if View.DECK in key.views} <= names
        themes = {name for name in names if name and name.startswith("Theme: ")}
        assert len(themes) == 5


@pytest.mark.parametrize("opens", ["ctrl+p", "colon"])
async def test_the_palette_runs_what_is_chosen(
    opens: str, served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path), size=(80, 24)) as deck:
        await deck.all_known()
        await deck.press(opens, *"pick a node")
        await deck.shows("Nodes")
        assert deck.app.screen.styles.background.a == 0  # READ-ONLY and the age stay readable
        await deck.press("enter")
        await deck.until(lambda: isinstance(deck.app.screen, NodesScreen))


async def test_an_action_from_the_palette_is_confirmed_like_its_key(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        await deck.on("alert_mgr")
        await deck.press("ctrl+p", *"restart")
        await deck.shows("Restart the service")
        await deck.press("enter")
        await deck.shows("Restart alert_mgr on node1 (")
        await deck.press("enter")
    assert not posts(served)


async def test_a_theme_from_the_palette_is_applied_at_once(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        await deck.press("ctrl+p", *"theme high")
        await deck.shows("Theme: High contrast")
        await deck.press("enter")
        await deck.until(lambda: deck.app.theme == "high-contrast")


async def test_q_goes_back_first_and_leaves_when_it_is_pressed_twice_then_as_after_a_dialog(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    arming = replace(ARMS_AT_ONCE, closed=600.0)
    async with open_deck(write_configuration(served, tmp_path), arming=arming) as deck:
        await deck.all_known()
        await deck.press("a")
        await deck.form()
        await deck.alone()
        await deck.press("escape")
        await deck.until(lambda: deck.app.screen is deck.app.deck)
        await deck.press("q")
        await deck.shows("q again quits.")
        assert deck.app.is_running
        for view in ("0", "w", "question_mark"):
            await deck.press(view)
            await deck.until(lambda: deck.app.screen is not deck.app.deck)
            await deck.press("q")
            await deck.until(lambda: deck.app.screen is deck.app.deck)
        await deck.press("q")
        await deck.shows("q again quits.")
        assert deck.app.is_running
        await deck.press("q")
        await deck.until(lambda: not deck.app.is_running)


async def test_q_closes_the_detail_pane_before_it_leaves(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        await deck.on("alert_mgr")
        await deck.press("enter")
        await deck.shows("What happened")
        await deck.press("q")
        await deck.until(lambda: "What happened" not in deck.text)
        assert deck.app.is_running
        await deck.press("q")
        await deck.until(lambda: not deck.app.is_running)


async def test_q_says_which_order_is_open_before_it_leaves(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(write_configuration(served, tmp_path), patience=NEVER_SURE) as deck:
        await deck.all_known()
        await deck.on("alert_mgr")
        await deck.open("r", OrderDialog)
        await deck.confirm()
        await deck.until(lambda: deck.fleet.orders.open)
        await deck.press("q")
        await deck.shows("Quit while this is open?", "restart alert_mgr on node1")
        assert deck.app.is_running
