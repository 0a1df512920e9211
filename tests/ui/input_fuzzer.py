"""Random input for a running deck: keys, clicks, drags, wheel, resizes and pastes, in bursts."""

import random
from collections.abc import Callable
from typing import Any

from textual import events
from textual.geometry import Size

from tests.ui.conftest import Deck, key_event
from tui.ui.dialogs.confirm import ConfirmDialog
from tui.ui.keymap import KEYS

_LEAVES = frozenset({"q", "ctrl+q", "ctrl+c", "ctrl+z"})
_KEYS = [
    *(key for entry in KEYS for key in entry.keys.split(",") if key not in _LEAVES and key),
    *("up", "down", "left", "right", "home", "end", "pageup", "pagedown", "enter", "tab"),
    *("shift+tab", "backspace", "delete", "escape", "escape", "ctrl+p", "space", "y", "n", "w"),
    *("h", "j", "k", "l", "f1", "comma", "ctrl+a", "ctrl+u", "ctrl+v", "ctrl+x", "A", "é", "日"),
]
_SIZES = [(120, 40), (80, 24), (60, 20), (200, 60), (20, 5), (1, 1), (300, 10), (120, 40)]
_PASTES = ["node1", "y\n" * 20, "\x1b[31mred", "日本語" * 30, "r" * 5000, "", "\t\t"]


class InputFuzzer:
    """Sends random input to a deck; equal seeds send equal input."""

    def __init__(self, deck: Deck, seed: int) -> None:
        self._deck = deck
        self._chance = random.Random(seed)
        self.sent: list[str] = []
        self.screens: set[str] = set()
        """The names of the screens that were in front."""
        self.dialogs: set[ConfirmDialog[Any]] = set()
        """The confirmations that were in front."""
        self._ways: list[tuple[Callable[[], None], int]] = [
            (self._key, 10),
            (self._click, 6),
            (self._click_again, 3),
            (self._click_a_toast, 2),
            (self._drag, 2),
            (self._wheel, 2),
            (self._resize, 1),
            (self._paste, 1),
        ]
        self._x, self._y = 0, 0

    async def run(self, inputs: int) -> None:
        """Send so many inputs, in bursts of one to eight, until the deck ends."""
        ways, weights = zip(*self._ways, strict=True)
        while len(self.sent) < inputs and self.is_alive:
            self.look()
            for _ in range(self._chance.randint(1, 8)):
                (way,) = self._chance.choices(ways, weights)
                way()
            await self._deck.settle()
            self.look()

    def look(self) -> None:
        """Remember the screen that is in front."""
        if not self._deck.app.screen_stack:
            return
        screen = self._deck.app.screen
        self.screens.add(type(screen).__name__)
        if isinstance(screen, ConfirmDialog):
            self.dialogs.add(screen)

    @property
    def is_alive(self) -> bool:
        app = self._deck.app
        return app.is_running and app._exception is None and not app._exit

    def _key(self) -> None:
        key = self._chance.choice(_KEYS)
        self._post(key_event(key), key)

    def _click(self) -> None:
        width, height = self._deck.app.size
        self._x = self._chance.randrange(max(1, width))
        self._y = self._chance.randrange(max(1, height))
        self._mouse(events.MouseMove, 0)
        self._click_again()

    def _click_again(self) -> None:
        for _ in range(self._chance.choice((1, 1, 2, 3))):
            button = self._chance.choice((1, 1, 1, 2, 3))
            self._mouse(events.MouseDown, button)
            self._mouse(events.MouseUp, button)

    def _click_a_toast(self) -> None:
        width, height = self._deck.app.size
        self._x, self._y = max(0, width - 10), max(0, height - self._chance.randint(2, 5))
        for _ in range(2):
            self._mouse(events.MouseDown, 1)
            self._mouse(events.MouseUp, 1)

    def _drag(self) -> None:
        self._mouse(events.MouseDown, 1)
        for _ in range(self._chance.randint(1, 5)):
            self._x += self._chance.randint(-20, 20)
            self._y += self._chance.randint(-10, 10)
            self._mouse(events.MouseMove, 1)
        if self._chance.random() < 0.8:
            self._mouse(events.MouseUp, 1)

    def _wheel(self) -> None:
        up, down = events.MouseScrollUp, events.MouseScrollDown
        for _ in range(self._chance.randint(1, 6)):
            self._mouse(self._chance.choice((up, down)), 0)

    def _resize(self) -> None:
        size = Size(*self._chance.choice(_SIZES))
        driver = self._deck.app._driver
        if driver is not None:
            driver._size = (size.width, size.height)
        self._post(events.Resize(size, size), f"resize {size}")

    def _paste(self) -> None:
        text = self._chance.choice(_PASTES)
        self._post(events.Paste(text), f"paste {text[:20]!r}")

    def _mouse(self, kind: type[events.MouseEvent], button: int) -> None:
        x, y = max(0, self._x), max(0, self._y)
        event = kind(None, x, y, 0, 0, button, shift=False, meta=False, ctrl=False)
        self._post(event, f"{kind.__name__} {button} {x},{y}")

    def _post(self, event: events.Event, name: str) -> None:
        self.sent.append(name)
        self._deck.app.post_message(event)
