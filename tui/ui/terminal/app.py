"""An application that restores its terminal however it ends, and handles keys in their order."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from rich.console import COLOR_SYSTEMS, RenderableType
from textual import events, on
from textual._ansi_sequences import SYNC_END, SYNC_START
from textual.driver import Driver
from textual.filter import LineFilter
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

from tui.model.text import fold_line
from tui.ui.terminal.changed_cells import PAINTED_UPDATES, TerminalCells, erases_in_color
from tui.ui.terminal.crash_report import crash_report
from tui.ui.terminal.driver import DeckDriver
from tui.ui.terminal.frame_report import FrameReports
from tui.ui.terminal.input_guard import ArmingTimes, InputGuard
from tui.ui.terminal.key_parser import is_of_other_script
from tui.ui.terminal.key_queue import KeyHandled, KeyQueue
from tui.ui.terminal.output import Output
from tui.ui.terminal.sanitizer import ControlCharacterFilter
from tui.ui.terminal.shutdown import Shutdown
from tui.ui.terminal.skeleton import Skeleton
from tui.ui.terminal.toasts import ToastApp

_SUSPEND_KEY = "ctrl+z"

_SYNCHRONIZED = 1024
"""Characters from which a frame is marked as one for the terminal; less arrives at once."""

_OTHER_SCRIPT = "The keys are Latin letters. Switch the keyboard layout."

_NOT_CONFIRMING = (
    "Terminal not confirming: it does not answer a status report (CSI 5 n), so it is not known "
    "that a dialog was shown. Each dialog waits for 1 s without a key."
)


def is_covered(screen: Screen[Any], stack: Sequence[Screen[Any]]) -> bool:
    """Whether another full screen of a stack lies over one, so that nothing of it can be seen.

    Textual would paint the whole terminal again for each line that changes in a covered screen.
    """
    above = stack[stack.index(screen) + 1 :] if screen in stack else ()
    return any(not each.is_modal for each in above)


class TerminalApp(ToastApp):
    """The deck as its terminal sees it, whatever it shows."""

    def __init__(self, *, arming_times: ArmingTimes | None = None) -> None:
        # Else Textual writes greys where NO_COLOR asks for no colour at all.
        plain = True if os.environ.get("NO_COLOR") else None
        super().__init__(driver_class=DeckDriver, ansi_color=plain)
        self._exit_guard = Shutdown(self)
        self._control_filter = ControlCharacterFilter()
        self._cells = TerminalCells(keeps_ground=erases_in_color(os.environ))
        self._key_queue = KeyQueue(self._handle_input, self._key_target, self.set_timer)
        self._is_leaving = False
        self.arming_times = arming_times or ArmingTimes()
        self.frame_reports = FrameReports(self._in_loop)
        self._is_unconfirmed_shown = self._is_layout_shown = False

    # Input

    async def on_event(self, event: events.Event) -> None:
        """Queue what is typed, and handle every other event at once."""
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            if self.screen_stack and isinstance(self.screen, InputGuard):
                self.screen.input_arrived(event)
            if self.holds_keys and _is_quit_key(event):
                await self._handle_input(event)
            else:
                await self._key_queue.put(event)
        else:
            await self._handle_input(event)

    def on_key(self, event: events.Key) -> None:
        """Show, once, why a letter that is not Latin did nothing: its place was not reported."""
        letter = event.key.rpartition("+")[2]
        if is_of_other_script(letter) and not self._is_layout_shown:
            self._is_layout_shown = not self.is_own_key(event.key)
            if self._is_layout_shown:
                self.notify(_OTHER_SCRIPT, severity="warning", markup=False)
                if self._holds_toasts:
                    self.bell()

    def is_own_key(self, key: str) -> bool:  # noqa: ARG002 - of a configuration; none here
        """Whether the configuration names a key, as Textual spells it."""
        return False

    @property
    def holds_keys(self) -> bool:
        """Whether what is typed waits: it began before there was anything to aim it at."""
        return self._key_queue.is_held

    async def release_keys(self) -> None:
        """Handle what was typed from the first frame on, now that there is something to see."""
        await self._key_queue.release_held()

    async def _handle_input(self, event: events.Event) -> None:
        """Handle an event, unless the screen drops it as typed before it could be read."""
        if isinstance(event, events.Key) and event.key == _SUSPEND_KEY:
            self.action_suspend_process()
            return
        if (
            isinstance(event, events.InputEvent | events.Paste)
            and not event.is_forwarded
            and isinstance(self.screen, InputGuard)
            and (self.screen.guards_quit_key or not _is_quit_key(event))
            and self.screen.drops_input(event)
        ):
            return
        await super().on_event(event)

    def _key_target(self) -> Widget | None:
        """Return the widget that a key goes to now; None once the last screen is closed."""
        return (self.focused or self.screen) if self.screen_stack else None

    @on(KeyHandled)
    async def _key_handled(self, event: KeyHandled) -> None:
        event.stop()
        await self._key_queue.key_handled(event)

    # Painting and leaving

    @property
    def holds_paint(self) -> bool:
        """Whether nothing is painted now, since a batch of updates is not at its end."""
        return self._batch_count > 0

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return the filters of every painted line, the control characters' last."""
        return [*super().get_line_filters(), self._control_filter]

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        """Write what was painted: the cells that differ from what the terminal shows, at once."""
        driver = self._driver
        if (
            not isinstance(driver, DeckDriver)
            or not isinstance(renderable, PAINTED_UPDATES)
            or self._batch_count
            or not self._running
            or self._closed
        ):
            super()._display(screen, renderable)
            return
        self._cells.keeps_column = driver.line_feed_keeps_column
        colors = COLOR_SYSTEMS[self.console.color_system or "truecolor"]
        text = self._cells.draw(renderable, (self.size.width, self.size.height), colors)
        if isinstance(self.focused, Input):
            # Where an input method shows what it composes.
            text += self._cells.move_to(*self.cursor_position)
        if len(text) > _SYNCHRONIZED and self._sync_available:
            text = f"{SYNC_START}{text}{SYNC_END}"
        if text:
            driver.write(text)
        self.post_display_hook()

    def to_terminal(self, sequence: str) -> None:
        """Write a sequence that paints nothing; dropped while the terminal does not accept it."""
        if isinstance(self._driver, DeckDriver):
            self._driver.write(sequence)

    def keep_beat(self) -> None:
        """Notice by the clock of a screen when the process was stopped, and wake for it no more."""
        if isinstance(self._driver, DeckDriver):
            self._driver.keep_beat()

    def skeleton_taken(self) -> list[Any] | None:
        """Take the terminal over from the first frame, which the first paint replaces."""
        skeleton = self._exit_guard.skeleton
        return None if skeleton is None else skeleton.take_over()

    def terminal_taken(self, output: Output) -> None:
        """Record the output that restores the terminal if the deck is ended by force."""
        self._exit_guard.output = output
        self._cells.forget()
        self.frame_reports.terminal_taken(output)

    def action_suspend_process(self) -> None:
        """Suspend the deck with its job; it goes on when the shell resumes it."""
        if not isinstance(self._driver, DeckDriver) or not self._driver.suspend_job():
            self.bell()

    def terminal_ready(self) -> None:
        """Find out whether the terminal answers status reports, before a dialog opens."""
        self.frame_reports.request()

    def status_reported(self) -> None:
        """Take the terminal's answer to a status report."""
        self.frame_reports.answered()

    def frames_unconfirmed(self) -> None:
        """Show, once, that the terminal does not confirm what it shows."""
        if not self._is_unconfirmed_shown:
            self._is_unconfirmed_shown = True
            self.notify(_NOT_CONFIRMING, severity="warning", markup=False)

    def _in_loop(self, function: Callable[[], None]) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(function)

    def repaint(self) -> None:
        """Write every cell again: something else may have written to the terminal."""
        self._cells.forget()
        self.refresh(layout=True)

    def on_resize(self) -> None:
        """Forget what the terminal shows: each moves its lines in its own way."""
        self._cells.forget()

    def on_app_focus(self) -> None:
        """Write every cell again, in case something else has written meanwhile."""
        self.repaint()

    def terminal_gone(self) -> None:
        """Leave, since the terminal is gone; called from any thread."""
        self._exit_guard.gone()

    def leave_from_thread(self, code: int) -> None:
        """Leave with an exit code; called from any thread."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(lambda: self.exit(return_code=code))

    def exit(self, *args: Any, **more: Any) -> None:
        """Leave within a time limit, and report what is still open."""
        for line in () if self._is_leaving else self.leave_report():
            for part in fold_line(line, self.size.width):
                self._exit_guard.report(part)
        self._is_leaving = True
        self._exit_guard.limit()
        super().exit(*args, **more)

    def leave_report(self) -> Sequence[str]:
        """Return lines on what is still open, for who has left; none here."""
        return ()

    def show_current(self) -> None:
        """Show everything as it is now."""

    @on(Driver.SignalResume)
    def show_all(self) -> None:
        """Paint everything again, as it is now: what the terminal shows is old."""
        self.show_current()
        if isinstance(self._driver, DeckDriver):
            self._driver.release()
        self.frame_reports.repainted()
        self.repaint()

    def _fatal_error(self) -> None:
        """End after a bug: Textual's own report prints the locals of every frame, secrets too."""
        self._exit_guard.limit(code=1)
        self._exit_guard.report(crash_report(sys.exception()))
        self._close_messages_no_wait()

    def panic(self, *_: object) -> None:
        """End after a bug, whatever it was."""
        self._fatal_error()

    def run_to_the_end(
        self,
        *,
        mouse: bool,
        skeleton: Skeleton | None = None,
        runner: asyncio.Runner | None = None,
    ) -> int:
        """Run until the deck is left or ended; return the exit code.

        A `skeleton` that is shown gives way to the first paint. The loop is that of the `runner`,
        if there is one, and is closed within the same time limit.
        """
        self._exit_guard.skeleton = skeleton
        self._key_queue.is_held = skeleton is not None and skeleton.is_shown
        with self._exit_guard as shutdown, runner or asyncio.Runner() as running:
            self.run(mouse=mouse, loop=running.get_loop())
        shutdown.write_reports()
        return shutdown.code or self.return_code or 0


def _is_quit_key(event: events.Event) -> bool:
    """Whether an event is the key that leaves from anywhere."""
    return isinstance(event, events.Key) and event.key == "ctrl+q"
