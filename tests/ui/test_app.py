"""Screens that lie over another are closed, and closing them ends."""

from textual.screen import Screen

from tests.ui.conftest import wait_until
from tui.ui.app import close_screens_over
from tui.ui.terminal.mouse_faults import MouseSafeApp


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
