"""A fault in Textual's handling of the mouse is contained to its event; ours is not hidden."""

from typing import Any

import pytest
from textual import events
from textual.app import ComposeResult
from textual.screen import ModalScreen
from textual.widgets import Static
from textual.widgets._toast import Toast

from tests.ui.conftest import settle, wait_until
from tui.ui.terminal.mouse_faults import MouseSafeApp


class Faulty(Static):
    """Raises when it is clicked: in Textual's code, or in its own."""

    clicks = 0

    def on_click(self, event: events.Click) -> None:
        self.clicks += 1
        if event.button == 3:
            raise KeyError("ours")
        self.screen.get_child_by_id("gone")

    can_focus = True
    keys = 0

    def on_key(self) -> None:
        self.keys += 1
        self.screen.get_child_by_id("gone")


class Window(ModalScreen[None]):
    """Closes when it is clicked, like the palette."""

    def on_click(self) -> None:
        self.dismiss()


class Host(MouseSafeApp):
    """An application with a widget that fails."""

    def compose(self) -> ComposeResult:
        yield Faulty("here", id="faulty")

    def click(self, button: int = 1, times: int = 1) -> None:
        for kind in (events.MouseDown, events.MouseUp) * times:
            self.post_message(kind(None, 1, 0, 0, 0, button, False, False, False))


def toasts(app: MouseSafeApp) -> list[str]:
    return [one.message for one in app._notifications]


async def test_a_fault_in_textual_is_dropped_with_its_click_and_shown_in_one_line() -> None:
    app = Host()
    async with app.run_test(notifications=True):
        faulty = app.query_one(Faulty)
        app.click(times=2)
        await wait_until(lambda: faulty.clicks == 2)
        await settle(app)
        assert app.is_running
        assert len(app._exit_guard._reports) == 1
        text = toasts(app)[0]
        assert text.startswith("A mouse event failed inside Textual and was dropped: NoMatches in ")
        assert "\n" not in text
    assert not app.return_code


async def test_a_fault_in_textual_is_reported_once_for_each_place_and_without_values() -> None:
    app = Host()
    async with app.run_test(notifications=True):
        app.click(times=5)
        await wait_until(lambda: app.query_one(Faulty).clicks == 5)
        await settle(app)
    (report,) = app._exit_guard._reports
    assert "textual.css.query.NoMatches" in report
    assert "test_mouse_faults.py" in report
    assert "gone" not in report


async def click_ours(app: Host) -> None:
    async with app.run_test():
        app.click(button=3)
        await wait_until(lambda: app._exception is not None)


async def test_a_fault_of_our_own_still_ends_the_application() -> None:
    app = Host()
    with pytest.raises(KeyError):
        await click_ours(app)


async def test_clicks_behind_the_one_that_closed_a_window_close_no_other() -> None:
    app = Host()
    results: list[Any] = []
    async with app.run_test() as pilot:
        await app.push_screen(below := ModalScreen())
        await app.push_screen(Window(), results.append)
        await pilot.pause()
        app.click(times=3)
        await wait_until(lambda: results)
        await settle(app)
        assert app.screen is below
        assert app.is_running
    assert results == [None]


async def test_a_click_that_reaches_a_toast_after_it_has_gone_is_dropped() -> None:
    app = Host()
    async with app.run_test(notifications=True) as pilot:
        app.notify("One line.")
        await wait_until(lambda: app.screen.query(Toast))
        await pilot.pause()
        toast = app.screen.query_one(Toast)
        click = events.Click(toast, 1, 5, 0, 0, 1, False, False, False)
        toast.post_message(click)
        await wait_until(lambda: not app.screen.query(Toast))
        assert len(app._exit_guard._reports) == 0
        with toast._context():
            await toast._dispatch_message(click)
        assert len(app._exit_guard._reports) == 1
        assert app.is_running


async def test_a_key_that_fails_inside_textual_is_dropped_and_the_next_is_handled() -> None:
    app = Host()
    async with app.run_test(notifications=True):
        faulty = app.query_one(Faulty)
        faulty.focus()
        await settle(app)
        for _ in range(2):
            app.post_message(events.Key("x", "x"))
        await wait_until(lambda: faulty.keys == 2)
        await settle(app)
        assert app.is_running
        assert toasts(app)[0].startswith("A key failed inside Textual and was dropped: NoMatches")
