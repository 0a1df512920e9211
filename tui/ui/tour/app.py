"""The deck that plays the tour: its own keys go where typed ones go, and a person's control it.

The hint has the terminal's last lines, and the deck is laid out for those above: nothing that it
explains is covered, in any screen and at any size.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Any

from textual import events
from textual.app import App
from textual.containers import VerticalScroll
from textual.geometry import Size
from textual.keys import _character_to_key
from textual.screen import Screen
from textual.widgets import Input

from tui.model.rollout import RolloutProgress, RolloutState, StepState
from tui.model.text import cut, width
from tui.ui.app import DeckApp
from tui.ui.dialogs.confirm import ConfirmDialog
from tui.ui.dialogs.order import OrderDialog
from tui.ui.dialogs.rollout import RolloutDialog
from tui.ui.format.key_bar import Hint
from tui.ui.keymap import key_text
from tui.ui.screens.deck import DeckScreen
from tui.ui.screens.matrix import MatrixScreen
from tui.ui.screens.rollout import RolloutScreen
from tui.ui.screens.why import WhyScreen
from tui.ui.terminal.driver import DeckDriver
from tui.ui.tour.player import Answer, TourPlayer
from tui.ui.tour.steps import STEPS, Needs

HINT_LINES = 2
"""Lines at the bottom of the terminal that the deck does not have while the tour plays."""

_SCREENS: Mapping[Needs, type[Screen[Any]]] = {
    Needs.DECK: DeckScreen,
    Needs.FILTERED: DeckScreen,
    Needs.ACTION: OrderDialog,
    Needs.SENT: DeckScreen,
    Needs.VERIFIED: DeckScreen,
    Needs.WHY: WhyScreen,
    Needs.MATRIX: MatrixScreen,
    Needs.ROLLOUT: RolloutDialog,
    Needs.ROLLING: RolloutScreen,
    Needs.ROLLED: RolloutScreen,
}
"""The screen that has to be in front."""

_BETWEEN = " - "
_SAVE, _RESTORE = "\x1b7", "\x1b8"
_INVERSE, _PLAIN = "\x1b[0;1;7m", "\x1b[0m"


class TourDriver(DeckDriver):
    """A driver whose terminal is some lines lower than it is."""

    def __init__(self, app: App[Any], **more: Any) -> None:
        self.hidden_lines = HINT_LINES
        """Lines at the bottom that are kept for the hint."""
        super().__init__(app, **more)
        self._size = self._get_terminal_size()

    def _get_terminal_size(self) -> tuple[int, int]:
        columns, lines = super()._get_terminal_size()
        return columns, max(1, lines - self.hidden_lines)

    @property
    def visible_size(self) -> Size:
        """The part of the terminal that the deck has."""
        return Size(*self._get_terminal_size())


class TourApp(DeckApp):
    """The deck with the tour; `sleep` lets so many seconds pass."""

    CSS_PATH = "../app.tcss"

    def __init__(
        self,
        *args: Any,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        **more: Any,
    ) -> None:
        super().__init__(*args, **more)
        self.driver_class = TourDriver
        self._played: list[events.Key] = []
        self.tour: TourPlayer | None = TourPlayer(self, STEPS, sleep)
        """The tour, until it has ended."""
        self.hint: tuple[str, str] = ("", "")
        """The two lines at the bottom."""
        self._controls: Sequence[Hint] = ()

    @property
    def labels(self) -> Mapping[str, str]:
        """What is on the keys of the bindings, by their ids; that of node 2 as `node2`."""
        labels = {name: key_text(keys.split(",")[0]) for name, keys in self.live_keys.items()}
        return {**labels, "node2": labels["node.2"]}

    def on_mount(self) -> None:
        """Begin the tour."""
        if self.tour is not None:
            self.run_worker(self.tour.play(), group="tour", name="tour")

    # Input

    async def on_event(self, event: events.Event) -> None:
        """Let a person's keys and clicks control the tour; what it plays goes on as if typed."""
        is_typed = isinstance(event, events.InputEvent | events.Paste) and not event.is_forwarded
        if self.tour is None or not is_typed or isinstance(event, events.MouseMove):
            await super().on_event(event)
        elif event in self._played:
            self._played.remove(event)
            await super().on_event(event)
        elif isinstance(event, events.Key) and event.key in ("ctrl+q", "ctrl+z", "ctrl+l"):
            await super().on_event(event)
        elif not isinstance(event, events.MouseUp):
            key = event.key if isinstance(event, events.Key) else self._clicked_key(event)
            answer = self.tour.typed(key)
            if answer is not Answer.TAKEN:
                self._end_tour()
            if answer is Answer.PASSED_ON:
                await super().on_event(event)

    async def action_quit(self) -> None:
        """Leave; while the tour plays at once, since its actions are not the person's."""
        if self.tour is not None:
            self.exit()
        else:
            await super().action_quit()

    def _end_tour(self) -> None:
        """Give the whole terminal to the deck."""
        self.tour = None
        self.workers.cancel_group(self, "tour")
        if isinstance(self.screen, ConfirmDialog):
            self.screen.dismiss(None)  # who ends the tour was not the one who asked for it
        if isinstance(self._driver, TourDriver):
            self._driver.hidden_lines = 0
            size = self._driver.visible_size
            self.post_message(events.Resize(size, size))

    # The stage

    @property
    def front(self) -> Hashable:
        """The screen in front."""
        return self.screen

    def shows(self, needs: Needs) -> bool:
        """Whether it is as a step needs it."""
        screen = self.screen
        if not isinstance(screen, _SCREENS[needs]):
            return False
        if isinstance(screen, ConfirmDialog):
            return screen.is_armed
        orders = list(self._fleet.orders.progress.values())
        match needs:
            case Needs.DECK:
                return self.deck.has_news
            case Needs.FILTERED:
                table = self.deck.table
                return self.focused is table and len(table.row_keys) == 1
            case Needs.SENT:
                return bool(orders)
            case Needs.VERIFIED:
                return bool(orders) and orders[-1].is_verified
            case Needs.ROLLED:
                return any(map(_is_verified, self._fleet.rollouts.progress.values()))
        return True

    def has_more(self) -> bool:
        """Whether the dialog in front goes on below what is shown of it."""
        found = self.screen.query("#facts").results(VerticalScroll)
        return any(facts.scroll_offset.y < facts.max_scroll_y for facts in found)

    def press(self, key: str) -> None:
        """Press a key, by the id of its binding or by its name, as if it were typed."""
        name = self.live_keys.get(key, key).split(",")[0]
        self._post(name, name if len(name) == 1 else None)

    def type_text(self, text: str) -> bool:
        """Type a text into the field that has the focus; return whether there is one."""
        is_field = isinstance(self.focused, Input)
        for char in text if is_field else "":
            self._post(char, char)
        return is_field

    def _post(self, name: str, character: str | None) -> None:
        event = events.Key(_character_to_key(name) if len(name) == 1 else name, character)
        self._played.append(event)
        self.post_message(event)

    # The hint

    def present(self, hint: str, controls: Sequence[Hint]) -> None:
        """Show the hint, and below it how the tour is controlled."""
        self._controls = controls
        self.hint = (hint, _BETWEEN.join(label for label, _ in controls))
        self._write_hint()

    def _clicked_key(self, event: events.Event) -> str:
        """Return the key of the control at the bottom that was clicked; empty where none was."""
        if not isinstance(event, events.MouseDown) or event.screen_y != self.size.height + 1:
            return ""
        at = 1
        for label, key in self._controls:
            if at <= event.screen_x < at + width(label):
                return key
            at += width(label) + width(_BETWEEN)
        return ""

    def _write_hint(self) -> None:
        if self.tour is None or not isinstance(self._driver, TourDriver):
            return
        columns, height = self._driver.visible_size
        lines = []
        for line, (text, look) in enumerate(zip(self.hint, (_INVERSE, _PLAIN), strict=True), 1):
            shown = cut(f" {text}", columns)
            blank = " " * (columns - width(shown))
            lines.append(f"\x1b[{height + line};1H{look}{shown}{blank}")
        # In one write: the deck's next frame goes on where its cursor was, and in its own look.
        self.to_terminal("".join((_SAVE, *lines, _RESTORE)))

    def repaint(self) -> None:
        """Write every cell again, and the hint."""
        super().repaint()
        self._write_hint()

    def on_resize(self) -> None:
        """Show the hint where the last lines are now."""
        self._write_hint()


def _is_verified(rollout: RolloutProgress) -> bool:
    """Whether a rollout is complete, and verified on every node."""
    is_done = rollout.state is RolloutState.DONE
    return is_done and all(step.state is StepState.DONE for step in rollout.steps)
