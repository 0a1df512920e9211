"""The driver of a real terminal: Textual's, but it always restores a terminal it has taken.

Beyond Textual's own (8.2.8): it survives bytes that are no UTF-8, pastes without an end and odd
replies; a stalled terminal does not stall the deck, and a lost one ends it; a stray SIGCONT does
no harm; signals are handled by the event loop, between two events.
"""

import asyncio
import contextlib
import os
import select
import signal
import sys
import termios
import time
from collections.abc import Iterable
from typing import Any, Protocol, cast

from textual import constants, events, messages
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from tui.model.clock import StopCounter
from tui.ui.terminal.input_decoder import InputDecoder, PastedText
from tui.ui.terminal.key_parser import KeyParser
from tui.ui.terminal.output import Output

_READ = 65_536
_TICK, _SOON = 0.1, 0.02
_ALTERNATE_SCREEN = "\x1b[?1049h"
_SETTLED = 0.5
"""Seconds after which nothing in the parser waits for what may follow."""
# As LinuxDriver.start_application_mode writes them; popped first, so that nothing piles up.
_TAKE_AGAIN = (
    "\x1b[<u\x1b[?1049h\x1b[?25l\x1b[?1004h\x1b[?2004h\x1b[?7l"
    "\x1b[?1000h\x1b[?1003h\x1b[?1015h\x1b[?1006h"
)
# Kitty's protocol as LinuxDriver pushes it, and with alternate keys reported besides (flag 4).
_KEYBOARD, _WITH_ALTERNATES = "\x1b[>25u", "\x1b[>29u"


class TerminalListener(Protocol):
    """The application, as its driver reports to it."""

    def skeleton_taken(self) -> list[Any] | None:
        """Take the terminal over from the first frame.

        Returns the terminal's attributes as they were before it; None where there is none.
        """

    def terminal_taken(self, output: Output) -> None:
        """Record the output that restores the terminal."""

    def terminal_ready(self) -> None:
        """Find out whether the terminal answers; its modes are set."""

    def terminal_gone(self) -> None:
        """End, since there is no terminal any more; called from any thread."""

    def show_all(self) -> None:
        """Paint everything again."""

    def is_own_key(self, key: str) -> bool:
        """Whether the configuration names a key; called from any thread."""

    def status_reported(self) -> None:
        """Take the terminal's answer to a status report; called in the event loop."""


class DeckDriver(LinuxDriver):
    """Reads keys from stdin and paints on stderr, as Textual does; both are one terminal."""

    def __init__(
        self,
        app: App[Any],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        self._stops = StopCounter(asyncio.get_running_loop())
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._listener = cast("TerminalListener", app)
        self._output: Output | None = None
        self._is_stopped = False
        self._has_screen = False
        """Whether the alternate screen is taken already."""
        self._raw: list[Any] | None = None
        self._wake_reader = self._wake_writer = -1
        """The ends of a pipe that wakes the thread that reads keys, while there is one."""
        self.line_feed_keeps_column = False
        """Whether a line feed goes straight down, and not to the first column."""

    # Writing

    def write(self, data: str) -> None:
        """Write, unless the terminal is not ours now."""
        if self._output is not None and not (self._has_screen and data == _ALTERNATE_SCREEN):
            self._output.write(_WITH_ALTERNATES if data == _KEYBOARD else data)

    def _get_terminal_size(self) -> tuple[int, int]:
        with contextlib.suppress(OSError):
            size = os.get_terminal_size(self.fileno)
            if size.columns and size.lines:
                return size.columns, size.lines
        return super()._get_terminal_size()

    def _query_in_band_window_resize(self) -> None:
        """Do nothing: SIGWINCH is enough, and a size that the terminal writes could be wrong."""

    # Taking and restoring

    def start_application_mode(self) -> None:
        """Set the terminal's modes and begin to write to it."""
        if sys.__stderr__ is None:
            raise OSError("stderr is closed")
        self._output = Output(
            sys.__stderr__.fileno(),
            gone=self._listener.terminal_gone,
            drained=self._drained,
        )
        self._output.start()
        self._listener.terminal_taken(self._output)
        self._wake_reader, self._wake_writer = os.pipe()
        woken = self._must_signal_resume
        before = self._listener.skeleton_taken()
        # A second switch to the alternate screen would erase the frame that is on it.
        self._has_screen = before is not None
        super().start_application_mode()  # type: ignore[no-untyped-call]  # Textual's has no types
        self._has_screen = False
        if before is not None:
            self.attrs_before = before
        if woken:
            # What is painted so far is old; the app releases the output with what is current.
            self._hold()
        if self._writer_thread is not None:
            # Textual's own thread, which has nothing to write.
            self._writer_thread.stop()
            self._writer_thread = None
        self._keep_column()
        with contextlib.suppress(termios.error):
            self._raw = termios.tcgetattr(self.fileno)
        self._listener.terminal_ready()

    def _keep_column(self) -> None:
        """Let a line feed go straight down, which is the shortest move to the next line."""
        self.line_feed_keeps_column = False
        with contextlib.suppress(termios.error):
            attributes = termios.tcgetattr(self.fileno)
            attributes[1] &= ~termios.ONLCR
            termios.tcsetattr(self.fileno, termios.TCSANOW, attributes)
            self.line_feed_keeps_column = True

    def stop_application_mode(self) -> None:
        """Restore the terminal, whether it accepts what is written or not."""
        self.disable_input()
        self._close_wake()
        if self.attrs_before is not None:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self.fileno, termios.TCSANOW, self.attrs_before)
        if self._output is not None:
            self._output.finish()

    def close(self) -> None:
        """Do nothing: the output has ended already."""

    def _drained(self) -> None:
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._listener.show_all)

    def _hold(self) -> None:
        if self._output is not None:
            self._output.hold()

    def release(self) -> None:
        """Write again what is painted, after the process was stopped."""
        if self._output is not None:
            self._output.release()

    # Stopping and continuing

    def keep_beat(self) -> None:
        """Begin another second of the count by which a stop is noticed (`StopCounter`)."""
        self._stops.keep_beat()

    def _sigtstp_application(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop)

    def _sigcont_application(self, *_: object) -> None:
        self._stops.continued()
        self._loop.call_soon_threadsafe(self._continued)

    def _stop(self) -> None:
        if self._auto_restart:
            self._leave_terminal()
            os.kill(os.getpid(), signal.SIGSTOP)

    def _leave_terminal(self) -> None:
        if not self._is_stopped:
            self._is_stopped = True
            self.suspend_application_mode()
            self._must_signal_resume = True

    def suspend_job(self) -> bool:
        """Stop all processes of the job, as a terminal's own suspend key does.

        Returns False where the deck leads its session: no shell is there that could resume it.
        The terminal is restored first: the shell takes it as soon as one process has stopped.
        """
        if not self._auto_restart or os.getsid(0) == os.getpgrp():
            return False
        self._leave_terminal()
        handler = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.killpg(0, signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, handler)
        # Without SIGCONT, where the kernel stops no job since its shell has ended.
        self._loop.call_soon(self._continued)
        return True

    def _continued(self) -> None:
        """Continue in the foreground; in the background there is no terminal to continue with."""
        if not self._is_foreground:
            if self._is_stopped:
                os.kill(os.getpid(), signal.SIGSTOP)
            return
        if self._is_stopped:
            self._is_stopped = False
            self.resume_application_mode()
        elif self._raw is not None:
            # Perhaps stopped by SIGSTOP, and another program has used the terminal since.
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self.fileno, termios.TCSANOW, self._raw)
            self.write(_TAKE_AGAIN)
            if not constants.DISABLE_KITTY_KEY:
                self.write(_KEYBOARD)
            self._hold()
            self._listener.show_all()

    @property
    def _is_foreground(self) -> bool:
        try:
            return os.tcgetpgrp(self.fileno) == os.getpgrp()
        except OSError:
            # Not our controlling terminal, so no other job can take it.
            return True

    # Reading

    def _run_input_thread(self) -> None:
        """Read keys until the driver is closed; end the deck where the terminal is gone."""
        try:
            self.run_input_thread()
        except OSError:
            self._listener.terminal_gone()

    def run_input_thread(self) -> None:
        """Read keys; raises OSError when the terminal is gone.

        Sleeps until something comes, once nothing that came waits for its rest any more.
        """
        poll = select.poll()
        poll.register(self.fileno, select.POLLIN)
        poll.register(self._wake_reader, select.POLLIN)
        decoder, self._parser = InputDecoder(), KeyParser(self._listener.is_own_key)
        came_at = time.monotonic()
        while not self.exit_event.is_set():
            is_settled = decoder.is_whole and time.monotonic() - came_at > _SETTLED
            wait = None if is_settled else 1000 * (_SOON if decoder.is_waiting else _TICK)
            ready = dict(poll.poll(wait))
            if self.fileno in ready:
                data = os.read(self.fileno, _READ)
                if not data:
                    raise OSError("the terminal has hung up")
                came_at = time.monotonic()
                for piece in decoder.feed(data, came_at):
                    self._take(piece)
                self._report(decoder)
            elif self._wake_reader in ready:
                os.read(self._wake_reader, _READ)
            else:
                self._take(decoder.tick(time.monotonic()))
                self._parse(self._parser.tick())

    def disable_input(self) -> None:
        """End the thread that reads keys, which may sleep."""
        if self._wake_writer >= 0 and self._key_thread is not None:
            self.exit_event.set()
            os.write(self._wake_writer, b"\0")
            self._key_thread.join()
            self.exit_event.clear()
        super().disable_input()

    def _close_wake(self) -> None:
        if self._wake_reader >= 0:
            os.close(self._wake_reader)
            os.close(self._wake_writer)
            self._wake_reader = self._wake_writer = -1

    def _report(self, decoder: InputDecoder) -> None:
        """Pass on the terminal's answers to status reports."""
        for _ in range(decoder.status_replies):
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._listener.status_reported)
        decoder.status_replies = 0

    def _take(self, piece: str | PastedText) -> None:
        if isinstance(piece, PastedText):
            self.process_message(events.Paste(piece.text))
        elif piece:
            self._parse(self._parser.feed(piece))

    def _parse(self, tokens: Iterable[Message]) -> None:
        """Send on what was typed."""
        try:
            for token in tokens:
                self.process_message(token)
        except (ValueError, ArithmeticError, LookupError, StopIteration):
            # A reply with impossible numbers; the parser does not survive it.
            self._parser = KeyParser(self._listener.is_own_key)

    def process_message(self, message: Message) -> None:
        """Send a message on, except a size that the terminal wrote."""
        if not isinstance(message, events.Resize | messages.InBandWindowResize):
            super().process_message(message)

    def send_message(self, message: Message) -> None:
        """Send a message to the app, from any thread; dropped once the app has ended."""
        with contextlib.suppress(RuntimeError):
            super().send_message(message)
