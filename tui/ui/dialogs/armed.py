"""A window that is deaf until it could be read: what was typed before decides nothing."""

import time
from typing import Generic, TypeVar

from textual import events
from textual.screen import ModalScreen
from textual.widgets import Input

from tui.ui.terminal.input_guard import ArmingTimes, HasArmingTimes

_Given = TypeVar("_Given")


class TypeAheadProofScreen(ModalScreen[_Given], Generic[_Given]):
    """Deaf until it has been painted for a while and the keyboard has been quiet.

    It begins with `begin_arming`, and hears from the first `arm` on that comes late enough. The
    app asks `swallows` before it hands on what comes from the terminal.
    """

    def __init__(self) -> None:
        super().__init__()
        self._painted_at: float | None = None
        self._quiet_since = 0.0
        self.is_armed = False

    @property
    def arming_times(self) -> ArmingTimes:
        """The times that the app sets."""
        app = self.app
        return app.arming_times if isinstance(app, HasArmingTimes) else ArmingTimes()

    def begin_arming(self) -> None:
        """Be deaf; the clock for the keys starts with the next paint."""
        self.is_armed, self._painted_at = False, None
        self.call_after_refresh(self._painted)

    def _painted(self) -> None:
        self._painted_at = self._quiet_since = time.monotonic()

    def arm(self) -> bool:
        """Hear from now on, if it is time; gives whether it hears."""
        now = time.monotonic()
        if self._painted_at is not None and not self.is_armed:
            painted, quiet = now - self._painted_at, now - self._quiet_since
            times = self.arming_times
            self.is_armed = painted >= times.painted and quiet >= times.quiet
        return self.is_armed

    def input_arrived(self, event: events.Event) -> None:
        """Take note that an event has come from the terminal, though its turn may come later."""

    def drops_input(self, event: events.Event) -> bool:
        """Say whether an event from the terminal is to be dropped: all of them, while deaf."""
        if not isinstance(event, events.Key | events.MouseDown | events.MouseUp | events.Paste):
            return False
        if not self.is_armed:
            self._quiet_since = time.monotonic()
        return not self.is_armed


class ArmedScreen(TypeAheadProofScreen[_Given], Generic[_Given]):
    """A window that decides something: no paste is ever heard."""

    def drops_input(self, event: events.Event) -> bool:
        """Drop every paste, and keys and clicks while it is deaf."""
        return super().drops_input(event) or isinstance(event, events.Paste)


class TypedInput(Input):
    """A field for words that a person types; what is pasted does not count."""

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.app.bell()
