"""An application that gives its terminal back however it ends, and takes keys in their order."""

import contextlib
import os
import sys
from collections.abc import Sequence
from typing import Any

from textual import events, on
from textual.app import App
from textual.driver import Driver
from textual.filter import LineFilter
from textual.widget import Widget

from tui.ui.terminal.crash_report import crash_report
from tui.ui.terminal.driver import DeckDriver
from tui.ui.terminal.input_guard import ArmingTimes, InputGuard
from tui.ui.terminal.key_queue import KeyHandled, KeyQueue
from tui.ui.terminal.output import Output
from tui.ui.terminal.sanitizer import ControlCharacterFilter
from tui.ui.terminal.shutdown import Shutdown


class TerminalApp(App[None]):
    """What the deck is to its terminal, whatever it shows."""

    def __init__(self, *, arming_times: ArmingTimes | None = None) -> None:
        # Else Textual writes greys where NO_COLOR asks for no colour at all.
        plain = True if os.environ.get("NO_COLOR") else None
        super().__init__(driver_class=DeckDriver, ansi_color=plain)
        self._ending = Shutdown(self)
        self._wall = ControlCharacterFilter()
        self._keyline = KeyQueue(self._hand_on, self._hearing, self.set_timer)
        self._is_leaving = False
        self.arming_times = arming_times or ArmingTimes()

    # What is typed

    async def on_event(self, event: events.Event) -> None:
        """Take what is typed in its order."""
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            if self.screen_stack and isinstance(self.screen, InputGuard):
                self.screen.input_arrived(event)
            await self._keyline.take(event)
        else:
            await self._hand_on(event)

    async def _hand_on(self, event: events.Event) -> None:
        """Keep from a modal that is not armed yet what was typed before it could be read."""
        if (
            isinstance(event, events.InputEvent | events.Paste)
            and not event.is_forwarded
            and isinstance(self.screen, InputGuard)
            and not _leaves(event)
            and self.screen.drops_input(event)
        ):
            return
        await super().on_event(event)

    def _hearing(self) -> Widget | None:
        """Give what hears a key now; at the very end, nothing."""
        return (self.focused or self.screen) if self.screen_stack else None

    @on(KeyHandled)
    async def _settled(self, event: KeyHandled) -> None:
        event.stop()
        await self._keyline.settled(event)

    # How it paints and ends

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Have every painted line go past the wall, as the last of all filters."""
        return [*super().get_line_filters(), self._wall]

    def to_terminal(self, sequence: str) -> None:
        """Write what is no picture; a terminal that is stalled or not ours now misses it."""
        if isinstance(self._driver, DeckDriver):
            self._driver.write(sequence)

    def terminal_taken(self, output: Output) -> None:
        """Know how to give the terminal back, if it comes to the worst."""
        self._ending.output = output

    def terminal_gone(self) -> None:
        """End: nobody sees the deck any more; from any thread."""
        self._ending.gone()

    def leave_from_thread(self, code: int) -> None:
        """Leave with an exit code; from any thread."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(lambda: self.exit(return_code=code))

    def exit(self, *args: Any, **more: Any) -> None:
        """Leave, and not take for ever about it; say what is open still."""
        still = self.still_open()
        if still and not self._is_leaving:
            told = "; ".join(still.values())
            self._ending.report(
                f"rsdeck: left while this was open, so its outcome is unknown: {told}"
            )
        self._is_leaving = True
        self._ending.limit()
        super().exit(*args, **more)

    def still_open(self) -> dict[tuple[str, int], str]:
        """Say what nobody would see the end of, by its sort and number; nothing here."""
        return {}

    def paint_anew(self) -> None:
        """Show everything as it stands now."""

    @on(Driver.SignalResume)
    def show_all(self) -> None:
        """Paint everything anew, as it stands now: what the terminal shows is of another time."""
        self.paint_anew()
        if isinstance(self._driver, DeckDriver):
            self._driver.release()
        self.refresh(layout=True)

    def _fatal_error(self) -> None:
        """End after a bug: Textual's own way prints the locals of every frame, secrets and all."""
        self._ending.limit(code=1)
        self._ending.report(crash_report(sys.exception()))
        self._close_messages_no_wait()

    def panic(self, *_: object) -> None:
        """End after a bug, in our own way whatever it was."""
        self._fatal_error()

    def run_to_the_end(self, *, mouse: bool) -> int:
        """Run until it is left or ended; gives the exit code."""
        with self._ending as ending:
            self.run(mouse=mouse)
        ending.say()
        return ending.code or self.return_code or 0


def _leaves(event: events.Event) -> bool:
    """Say whether an event is the key that leaves from anywhere, and nothing else."""
    return isinstance(event, events.Key) and event.key == "ctrl+q"
