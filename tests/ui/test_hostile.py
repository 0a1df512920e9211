"""Hostile text from a node is shown as harmless text, on every screen, and runs nothing."""

import json
from pathlib import Path

import pytest

from tests.faultserver import answer, routes, serving
from tests.ui.conftest import Deck, open_deck
from tests.ui.screens.test_deck_trouble import one_node

pytestmark = pytest.mark.real_time

NAMES = [
    "\x1b[31mred",
    "\x1b]0;title\x07",
    "\x9b2Jc1",
    "bidi\u202eabc",
    "iso\u2066late",
    "[bold]markup[/bold]",
    "[@click=app.quit]quit[/]",
    "[@click=screen.order('restart')]go[/]",
    "line\nbreak\ttab\rreturn",
    "zero\u200bwidth",
    "日本語のサービス名がとても長いのでこまる",
    "e\u0301\u0301\u0301",
    "👩‍👩‍👧‍👦",
    "a" * 500,
    "nul\x00",
    "",
    " ",
    "$name %s {0}",
]


def services(names: list[str]) -> str:
    return json.dumps(
        {name: {"status": f"{name}!", "start_time": name, "uptime": name} for name in names}
        | {"alert_mgr": {"status": "RUNNING", "start_time": "", "uptime": "0:00:10"}}
    )


def assert_harmless(deck: Deck) -> None:
    strips = deck.app.screen._compositor.render_strips()
    width = deck.app.size.width
    for strip in strips:
        assert strip.cell_length == width, strip.text
        assert strip.text.isprintable(), repr(strip.text)
        for segment in strip:
            meta = segment.style.meta if segment.style else {}
            assert "@click" not in meta, segment


SIZES = [(60, 20), (80, 24), (200, 60), (120, 40)]


@pytest.mark.parametrize("pane", ["d", "dy"], ids=["detail", "raw entry"])
async def test_hostile_names_and_statuses_are_harmless_in_every_row_at_every_size(
    pane: str, tmp_path: Path
) -> None:
    """P14, case 39."""
    with serving(routes({"/v1/local/services": answer(services(NAMES))})) as server:
        async with open_deck(one_node(server.url, tmp_path)) as deck:
            await deck.until(lambda: "alert_mgr" in deck.table.row_keys)
            await deck.press(*pane)
            for size in SIZES:
                await deck.resize(*size)
                await deck.press("home")
                # No name takes the statuses off the screen.
                assert deck.table._laid[1].end <= deck.table.size.width
                for _ in deck.table.row_keys:
                    assert_harmless(deck)
                    await deck.press("down")
            assert deck.app.is_running
    assert not server.posts


async def test_why_a_hostile_name_cannot_be_acted_on_is_harmless_for_every_row(
    tmp_path: Path,
) -> None:
    """P14, case 39."""
    with serving(routes({"/v1/local/services": answer(services(NAMES))})) as server:
        async with open_deck(one_node(server.url, tmp_path), size=(80, 24)) as deck:
            await deck.until(lambda: "alert_mgr" in deck.table.row_keys)
            await deck.press("home")
            for _ in deck.table.row_keys:
                await deck.press("s")
                assert_harmless(deck)
                await deck.press("down")
    assert not server.posts


async def test_hostile_names_and_statuses_are_harmless_in_picker_and_help_at_every_size(
    tmp_path: Path,
) -> None:
    """P14, case 39."""
    with serving(routes({"/v1/local/services": answer(services(NAMES))})) as server:
        async with open_deck(one_node(server.url, tmp_path)) as deck:
            await deck.until(lambda: "alert_mgr" in deck.table.row_keys)
            for size in SIZES:
                await deck.resize(*size)
                for key in ("n", "question_mark"):
                    await deck.press(key)
                    assert_harmless(deck)
                    await deck.press("escape")
                    assert_harmless(deck)
            assert deck.app.return_code is None
            assert deck.app.is_running
    assert not server.posts


async def test_clicking_all_over_hostile_text_does_nothing(tmp_path: Path) -> None:
    """P14, case 39."""
    with serving(routes({"/v1/local/services": answer(services(NAMES))})) as server:
        async with open_deck(one_node(server.url, tmp_path)) as deck:
            await deck.until(lambda: "alert_mgr" in deck.table.row_keys)
            await deck.press("d")
            for y in range(1, 24):
                await deck.click(offset=(40, y))
            assert deck.app.screen is deck.app.deck
            assert deck.app.is_running
    assert not server.posts


async def test_hostile_errors_are_harmless_too(tmp_path: Path) -> None:
    """P14, case 39."""
    body = json.dumps({"error_code": "\x1b[2J[b]x", "description": "[@click=app.quit]x\u202e" * 50})
    with serving(routes({"/v1/local/services": answer(body, 500)})) as server:
        async with open_deck(one_node(server.url, tmp_path)) as deck:
            await deck.shows("UNAVAILABLE")
            await deck.press("r")
            await deck.settle()
            assert_harmless(deck)
            await deck.press("n")
            await deck.settle()
            assert_harmless(deck)


async def test_a_name_that_cannot_be_sent_back_as_shown_cannot_be_acted_on(tmp_path: Path) -> None:
    """P14, case 38."""
    answers = {
        "/v1/local/services": answer(services(["\x1b[31mred"])),
        "/v1/cluster/services_configuration": answer('{"[31mred": {"operating_mode": "enabled"}}'),
    }
    with serving(routes(answers)) as server:
        async with open_deck(one_node(server.url, tmp_path)) as deck:
            await deck.shows("[31mred")
            name = next(key for key in deck.table.row_keys if "red" in key)
            await deck.on(name)
            await deck.refuses("r", "cannot be acted on")
    assert not server.posts
