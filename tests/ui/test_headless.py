"""What a test sees of the screen, without a terminal."""

from textual.app import App, ComposeResult
from textual.screen import ModalScreen
from textual.widgets import Label

from tests.ui.headless import paint_when_settled


class Below(App[None]):
    def compose(self) -> ComposeResult:
        yield Label("what lies below")


class Window(ModalScreen[None]):
    def compose(self) -> ComposeResult:
        yield Label("the window")


async def test_what_lies_below_a_window_is_seen_however_early_a_test_looks() -> None:
    with paint_when_settled():
        async with Below().run_test(size=(40, 4)) as pilot:
            await pilot.app.push_screen(Window())
            for looks in range(2):
                strips = pilot.app.screen._compositor.render_strips()
                assert "below" in "".join(strip.text for strip in strips), looks
                await pilot.pause()
