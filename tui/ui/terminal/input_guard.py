"""Screens that drop input until they could be read, as the application hands input to them."""

from typing import Protocol, runtime_checkable

from textual import events

from tui.model.dataclass import dataclass
from tui.ui.terminal.frame_report import FrameReports


@dataclass(frozen=True, slots=True)
class ArmingTimes:
    """Seconds that must pass before a key can decide anything.

    `painted` counts from when the terminal has shown the first frame, `quiet` from the last key
    that came before arming; `unconfirmed` is in its place where the terminal never confirms.
    `alone` is how long before and after a key that decides there must be no other. For `closed`
    after the key that quits has closed a view, or a dialog was closed, it quits only when it is
    pressed twice.
    """

    painted: float = 0.6
    quiet: float = 0.3
    unconfirmed: float = 1.0
    alone: float = 0.1
    closed: float = 2.0


@runtime_checkable
class ArmsScreens(Protocol):
    """An application that knows when its screens may arm."""

    arming_times: ArmingTimes
    frame_reports: FrameReports

    def frames_unconfirmed(self) -> None:
        """Show, once, that the terminal does not confirm what it shows."""


@runtime_checkable
class InputGuard(Protocol):
    """A screen that drops keys, clicks and pastes that came before it could be read.

    The key that quits from anywhere is dropped too where it `guards_quit_key`. Where it
    `holds_toasts`, none is shown before it is closed: what is to be read and the buttons stay in
    their places.
    """

    guards_quit_key: bool
    holds_toasts: bool

    def input_arrived(self, event: events.Event) -> None:
        """Record that an event has come from the terminal; its turn may come later."""

    def drops_input(self, event: events.Event) -> bool:
        """Whether an event from the terminal is to be dropped."""
