"""An application that a fault in Textual's own handling of mouse or keys does not end.

In Textual 8.2.8, several clicks on a widget that the first one closes are handled all the same:
a second click beside the palette closed the screen under it, and one on a toast that is gone
asked for its parent; page down fails in a list without a visible line. A widget whose handler
raises ends the whole application.

Textual also looks through all base classes of a widget for each message that it is sent, some 80
times a key, and mostly finds nothing: here that is done once for each class.
"""

import traceback
from collections.abc import Awaitable, Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import textual
from textual import events
from textual._context import active_message_pump
from textual.app import ScreenError
from textual.await_complete import AwaitComplete
from textual.css.query import QueryError
from textual.dom import DOMError, DOMNode
from textual.errors import TextualError
from textual.message import Message
from textual.message_pump import MessagePump
from textual.screen import Screen
from textual.scrollbar import ScrollMessage
from textual.widget import Widget, WidgetError

from tui.ui.terminal.app import TerminalApp
from tui.ui.terminal.crash_report import fault_lines

_OF_THE_MOUSE = (
    events.MouseEvent,
    events.Enter,
    events.Leave,
    events.MouseCapture,
    events.MouseRelease,
    ScrollMessage,
)
_FAULTS = (
    TextualError,
    ScreenError,
    DOMError,
    QueryError,
    WidgetError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
    ArithmeticError,
    AssertionError,
)
_TEXTUAL = Path(textual.__file__).parent
_HERE = Path(__file__).parent
_OURS = _HERE.parent.parent
_REPORTS_AT_MOST = 20


_Handlers = Iterable[tuple[type, Callable[[Message], Awaitable[Any]]]]
_Found = tuple[tuple[type, Any], ...]

_textual_finds = MessagePump._get_dispatch_methods  # noqa: SLF001 - Textual has no other place
_known: dict[tuple[type, type, str], _Found | None] = {}


def handlers_of(pump: MessagePump, name: str, message: Message) -> _Handlers:
    """Return the handlers of a message, each with the class that has it, as Textual does.

    `name` is that of a handler, without underscore.
    """
    key = (pump.__class__, message.__class__, name)
    try:
        found = _known[key]
    except KeyError:
        found = _known[key] = _named_handlers(*key)
    if found is None:
        return _textual_finds(pump, name, message)
    return _bound(pump, found, message) if found else ()


def _named_handlers(pump: type, message: type, name: str) -> _Found | None:
    """Return the handlers that are found by their names; None where one is found by `on`.

    What `on` finds may depend on who sent the message.
    """
    found = []
    for cls in pump.__mro__:
        decorated = vars(cls).get("_decorated_handlers")
        if decorated and not decorated.keys().isdisjoint(message.__mro__):
            return None
        method = vars(cls).get(f"_{name}") or vars(cls).get(name)
        if method is not None and not getattr(method, "_textual_on", None):
            found.append((cls, method))
    return tuple(found)


def _bound(pump: MessagePump, found: _Found, message: Message) -> Iterator[tuple[type, Any]]:
    for cls, method in found:
        if message._no_default_action:  # noqa: SLF001 - a handler may set it
            return
        yield cls, method.__get__(pump, cls)


# For every widget, and most of them are not ours to subclass.
MessagePump._get_dispatch_methods = handlers_of  # type: ignore[assignment]  # noqa: SLF001 - above


class MouseSafeApp(TerminalApp):
    """Contains a fault of the mouse, or of a key that Textual alone handles, to its event.

    The event is dropped, which is shown in one line, and reported once the deck has ended.
    """

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self._faulty_places: set[str] = set()

    def pop_screen(self) -> AwaitComplete:
        """Close the screen in front, but not for a screen that is closed already."""
        pump = active_message_pump.get(None)
        screen = _screen_of(pump)
        if screen is not None and screen not in self.screen_stack:
            return AwaitComplete(_nothing()).call_next(self)
        return super().pop_screen()

    async def _dispatch_message(self, message: Message) -> None:
        try:
            await super()._dispatch_message(message)
        except _FAULTS as error:
            if not _is_contained(message, error):
                raise
            self.input_failed(message, error)

    def _register_child(
        self, parent: DOMNode, child: Widget, before: int | None, after: int | None
    ) -> None:
        _contain(child, self.input_failed)
        super()._register_child(parent, child, before, after)

    def _start_widget(self, parent: Widget, widget: Widget) -> None:
        _contain(widget, self.input_failed)
        super()._start_widget(parent, widget)

    def input_failed(self, message: Message, error: Exception) -> None:
        """Show that an event was dropped, and report it once the deck has ended."""
        what = "key" if isinstance(message, events.Key) else "mouse event"
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{type(error).__name__} in {Path(frame.filename).name}:{frame.lineno}"
        if place not in self._faulty_places and len(self._faulty_places) < _REPORTS_AT_MOST:
            self._faulty_places.add(place)
            lines = "\n".join(fault_lines(error))
            self._exit_guard.report(
                f"rsdeck dropped a {what} that failed inside Textual. Please report:\n{lines}"
            )
        self.notify(
            f"A {what} failed inside Textual and was dropped: {place}. "
            "Details are printed when the deck ends.",
            severity="warning",
            markup=False,
        )


async def _nothing() -> None:
    """Stand for the removal of a screen that is gone already."""


def _contain(pump: MessagePump, failed: Callable[[Message, Exception], None]) -> None:
    """Hand faults of a widget's handling of mouse and keys to `failed`; its queue goes on."""
    if "_dispatch_message" in vars(pump):
        return
    # Textual has no hook around a widget's dispatch, and its widgets are not ours to subclass.
    dispatch = pump._dispatch_message  # noqa: SLF001 - see above

    async def contained(message: Message) -> None:
        try:
            await dispatch(message)
        except _FAULTS as error:
            if not _is_contained(message, error):
                raise
            failed(message, error)

    pump._dispatch_message = contained  # type: ignore[method-assign]  # noqa: SLF001 - see above


def _is_contained(message: Message, error: Exception) -> bool:
    """Whether Textual's code raised an error over the mouse, or over its own use of a key."""
    places = [Path(frame.filename) for frame in traceback.extract_tb(error.__traceback__)]
    if not places[-1].is_relative_to(_TEXTUAL):
        return False
    if isinstance(message, events.Key):
        return not any(one.is_relative_to(_OURS) and one.parent != _HERE for one in places)
    return isinstance(message, _OF_THE_MOUSE)


def _screen_of(pump: MessagePump | None) -> Screen[Any] | None:
    """Return the screen that a handler runs for; None for the application's own."""
    node = pump if isinstance(pump, DOMNode) else None
    while node is not None and not isinstance(node, Screen):
        node = node.parent
    return node
