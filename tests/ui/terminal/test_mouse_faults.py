"""A fault in Textual's handling of the mouse is contained to its event; ours is not hidden.

The handlers of each message are those that Textual finds, for every widget of the deck.
"""

from collections.abc import Iterator
from typing import Any, TypeVar

import pytest
from textual import events, on
from textual.app import ComposeResult
from textual.message import Message
from textual.message_pump import MessagePump
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static
from textual.widgets._toast import Toast

from tests.ui.conftest import settle, wait_until
from tui.ui.app import DeckApp
from tui.ui.terminal import mouse_faults
from tui.ui.terminal.mouse_faults import MouseSafeApp, handlers_of


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


Kind = TypeVar("Kind", MessagePump, Message)


def every(cls: type[Kind]) -> Iterator[type[Kind]]:
    """Yield a class and all that derive from it, of Textual and the deck."""
    if cls.__module__.startswith(("tui", "textual")):
        yield cls
    for derived in cls.__subclasses__():
        yield from every(derived)


def bare(cls: type[Kind]) -> Kind:
    """Return an instance that was never initialized."""
    made = object.__new__(cls)
    if isinstance(made, Message):
        made._no_default_action = False
        made._sender = None
    return made


def named(handlers: mouse_faults._Handlers) -> list[tuple[type, object]]:
    return [(cls, method.__func__) for cls, method in handlers]  # type: ignore[attr-defined]


def test_each_class_has_the_handlers_that_textual_finds() -> None:
    pumps = [bare(cls) for cls in {*every(MessagePump)}]
    messages = [bare(cls) for cls in {*every(Message)} - {Message}]
    found = 0
    for pump in pumps:
        for message in messages:
            name = message.handler_name
            theirs = named(mouse_faults._textual_finds(pump, name, message))
            assert named(handlers_of(pump, name, message)) == theirs, (pump, message)
            assert named(handlers_of(pump, name, message)) == theirs, "the second time"
            found += len(theirs)
    assert DeckApp in {type(pump) for pump in pumps}
    assert found > 1000


class Chosen(Message):
    pass


class Below(Widget):
    def on_chosen(self) -> None:
        pass

    def on_key(self) -> None:
        pass


class Above(Below):
    @on(Chosen)
    def _taken(self) -> None:
        pass

    def on_key(self) -> None:
        pass


def test_a_handler_that_prevents_the_default_ends_the_search() -> None:
    key = events.Key("a", "a")
    handlers = iter(handlers_of(Above(), "on_key", key))
    assert next(handlers)[0] is Above
    key.prevent_default()
    assert not [cls for cls, _ in handlers if cls is Below]


def test_a_decorated_handler_is_found_before_those_by_name() -> None:
    found = [method.__name__ for _, method in handlers_of(Above(), "on_chosen", Chosen())]
    assert found == ["_taken", "on_chosen"]


@pytest.mark.parametrize("times", [1, 2])
def test_textual_looks_handlers_up_here(times: int) -> None:
    widget = Below()
    for _ in range(times):
        found = widget._get_dispatch_methods("on_key", events.Key("a", "a"))
        assert [cls for cls, _ in found][:1] == [Below]
    assert (Below, events.Key, "on_key") in mouse_faults._known
