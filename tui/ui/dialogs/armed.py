"""Screens that ignore input until they could be read: what was typed before decides nothing."""

import time
from typing import Generic, TypeVar

from textual import events
from textual.screen import ModalScreen
from textual.widgets import Input

from tui.ui.terminal.input_guard import ArmingTimes, HasArmingTimes

_Result = TypeVar("_Result")


class TypeAheadProofScreen(ModalScreen[_Result], Generic[_Result]):
    """Ignores input until it has been painted for a while and the keyboard has been quiet.

    `begin_arming` starts the wait, and the first `arm` that comes late enough ends it. The
    app calls `drops_input` before it handles what comes from the terminal.
    """

    def __init__(self) -> None:
        super().__init__()
        self._painted_at: float | None = None
        self._quiet_since = self._armed_at = 0.0
        self.is_armed = False

    @property
    def arming_times(self) -> ArmingTimes:
        """The times that the app sets."""
        app = self.app
        return app.arming_times if isinstance(app, HasArmingTimes) else ArmingTimes()

    def begin_arming(self) -> None:
        """Ignore input; the wait is counted from the next paint."""
        self.is_armed, self._painted_at = False, None
        self.call_after_refresh(self._painted)

    def _painted(self) -> None:
        self._painted_at = self._quiet_since = time.monotonic()

    def arm(self) -> bool:
        """Accept input from now on, if it is time; return whether it does."""
        now = time.monotonic()
        if self._painted_at is not None and not self.is_armed:
            painted, quiet = now - self._painted_at, now - self._quiet_since
            times = self.arming_times
            self.is_armed = painted >= times.painted and quiet >= times.quiet
            self._armed_at = now
        return self.is_armed

    def input_arrived(self, event: events.Event) -> None:
        """Do nothing; an event has come from the terminal, and its turn may come later."""

    def drops_input(self, event: events.Event) -> bool:
        """Whether an event from the terminal is to be dropped: every one, until armed."""
        if not isinstance(event, events.Key | events.MouseDown | events.MouseUp | events.Paste):
            return False
        if not self.is_armed:
            self._quiet_since = time.monotonic()
        # By when it came: on a busy machine its turn may come long after.
        return not self.is_armed or event.time < self._armed_at


class ArmedScreen(TypeAheadProofScreen[_Result], Generic[_Result]):
    """A screen that decides something: pastes are dropped at any time."""

    def drops_input(self, event: events.Event) -> bool:
        """Whether an event is to be dropped: every paste, and keys and clicks until armed."""
        return super().drops_input(event) or isinstance(event, events.Paste)


class TypedInput(Input):
    """A field for text that a person types; pastes are dropped."""

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.app.bell()
