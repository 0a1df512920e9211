"""Screens over another are closed, and closing them ends; messages need no screen."""

from pathlib import Path

from textual.screen import Screen

from tests.ui.conftest import wait_until
from tui.config import load
from tui.fleet.fleet import Fleet
from tui.storage.paths import theme_dirs
from tui.ui.app import DeckApp, close_screens_over
from tui.ui.terminal.mouse_faults import MouseSafeApp
from tui.ui.themes import load_themes


class Base(Screen[None]):
    """The screen to come back to."""


class Over(Base):
    """A screen that closes all screens over the base, in its own handler, when a key comes."""

    def on_key(self) -> None:
        close_screens_over(self.app, self.app.screen_stack[1])


async def test_all_screens_over_one_are_closed() -> None:
    app = MouseSafeApp()
    async with app.run_test():
        base = Base()
        for screen in (base, Over(), Over()):
            await app.push_screen(screen)
        close_screens_over(app, base)
        assert app.screen is base
        close_screens_over(app, base)
        assert app.screen is base


async def test_a_screen_that_closes_itself_and_others_does_not_hang() -> None:
    """Once it is closed, it can close no other."""
    app = MouseSafeApp()
    async with app.run_test() as pilot:
        over = Over()
        for screen in (Base(), Over(), over):
            await app.push_screen(screen)
        await pilot.press("x")
        await wait_until(lambda: over not in app.screen_stack)
        assert app.is_running


async def test_messages_that_repeat_where_no_screen_is_open_are_counted(tmp_path: Path) -> None:
    """At the very end of a session the last screen is closed before the last writes fail."""
    configuration = load(tmp_path / "config.toml", must_exist=False)
    themes, _ = load_themes(theme_dirs())
    app = DeckApp(configuration, Fleet(configuration), themes=themes, keys={})
    for _ in range(3):
        app.notify("the disk is full")
    assert [toast.message for toast in app._notifications] == ["the disk is full (3 times)"]
