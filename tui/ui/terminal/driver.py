"""The driver of a real terminal: Textual's, but it never lets go of a terminal it has taken.

Beyond Textual's own (8.2.8): bytes that are no UTF-8, pastes without an end and odd replies are
survived; a stalled terminal holds nobody up; a lost one ends the deck; a stray SIGCONT is nothing
special; signals are handled by the event loop, between two events.
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

from textual import events, messages
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from tui.ui.terminal.input_decoder import InputDecoder, PastedText
from tui.ui.terminal.output import Output

_READ = 65_536
_TICK, _SOON = 0.1, 0.02
# As LinuxDriver.start_application_mode writes them; popped first, so that nothing piles up.
_TAKE_AGAIN = (
    "\x1b[<u\x1b[?1049h\x1b[?25l\x1b[?1004h\x1b[>25u\x1b[?2004h\x1b[?7l"
    "\x1b[?1000h\x1b[?1003h\x1b[?1015h\x1b[?1006h"
)


class TerminalListener(Protocol):
    """The application, as its driver reports to it."""

    def terminal_taken(self, output: Output) -> None:
        """Record the output that gives the terminal back."""

    def terminal_gone(self) -> None:
        """End, since there is no terminal any more; called from any thread."""

    def show_all(self) -> None:
        """Paint everything again."""


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
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._listener = cast("TerminalListener", app)
        self._output: Output | None = None
        self._asleep = False
        self._raw: list[Any] | None = None

    # Writing

    def write(self, data: str) -> None:
        """Write, unless the terminal is not ours now."""
        if self._output is not None:
            self._output.write(data)

    def _get_terminal_size(self) -> tuple[int, int]:
        with contextlib.suppress(OSError):
            size = os.get_terminal_size(self.fileno)
            if size.columns and size.lines:
                return size.columns, size.lines
        return super()._get_terminal_size()

    def _query_in_band_window_resize(self) -> None:
        """Ask nothing: SIGWINCH says all, and what a terminal writes could lie."""

    # Taking and giving back

    def start_application_mode(self) -> None:
        """Take the terminal."""
        assert sys.__stderr__ is not None  # noqa: S101 - the command line has checked it
        self._output = Output(
            sys.__stderr__.fileno(),
            gone=self._listener.terminal_gone,
            drained=self._drained,
        )
        self._output.start()
        self._listener.terminal_taken(self._output)
        woken = self._must_signal_resume
        super().start_application_mode()  # type: ignore[no-untyped-call]
        if woken:
            # What is painted already tells of then; the app releases it with what is now.
            self._hold()
        if self._writer_thread is not None:
            # Textual's own, which nothing was written to.
            self._writer_thread.stop()
            self._writer_thread = None
        with contextlib.suppress(termios.error):
            self._raw = termios.tcgetattr(self.fileno)

    def stop_application_mode(self) -> None:
        """Give the terminal back, whether it takes what is written or not."""
        self.disable_input()
        if self.attrs_before is not None:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self.fileno, termios.TCSANOW, self.attrs_before)
        if self._output is not None:
            self._output.finish()

    def close(self) -> None:
        """Nothing is left to close: the output ends with its last word."""

    def _drained(self) -> None:
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._listener.show_all)

    def _hold(self) -> None:
        assert self._output is not None  # noqa: S101 - only called while there is one
        self._output.hold()

    def release(self) -> None:
        """Paint again, after a sleep."""
        if self._output is not None:
            self._output.release()

    # Sleeping and waking

    def _sigtstp_application(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._go_to_sleep)

    def _sigcont_application(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._continued)

    def _go_to_sleep(self) -> None:
        if not self._auto_restart:
            return
        if not self._asleep:
            self._asleep = True
            self.suspend_application_mode()
            self._must_signal_resume = True
        os.kill(os.getpid(), signal.SIGSTOP)

    def _continued(self) -> None:
        """Go on in the foreground; in the background there is no terminal to go on with."""
        if not self._is_in_front:
            if self._asleep:
                os.kill(os.getpid(), signal.SIGSTOP)
            return
        if self._asleep:
            self._asleep = False
            self.resume_application_mode()
        elif self._raw is not None:
            # Stopped by force, perhaps, and somebody else has had the terminal since.
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self.fileno, termios.TCSANOW, self._raw)
            self.write(_TAKE_AGAIN)
            self._hold()
            self._listener.show_all()

    @property
    def _is_in_front(self) -> bool:
        try:
            return os.tcgetpgrp(self.fileno) == os.getpgrp()
        except OSError:
            # Not our controlling terminal: nobody takes it from us.
            return True

    # Reading

    def _run_input_thread(self) -> None:
        """Read keys until told to stop; the end of the terminal is the end of the deck."""
        try:
            self.run_input_thread()
        except OSError:
            self._listener.terminal_gone()

    def run_input_thread(self) -> None:
        """Read keys; raises OSError when the terminal is gone."""
        poll = select.poll()
        poll.register(self.fileno, select.POLLIN)
        inlet, self._parser = InputDecoder(), XTermParser()
        while not self.exit_event.is_set():
            ready = poll.poll(1000 * (_SOON if inlet.waits else _TICK))
            if ready:
                data = os.read(self.fileno, _READ)
                if not data:
                    raise OSError("the terminal has hung up")
                for piece in inlet.feed(data, time.monotonic()):
                    self._take(piece)
            else:
                self._take(inlet.tick(time.monotonic()))
                self._parse(self._parser.tick())

    def _take(self, piece: str | PastedText) -> None:
        if isinstance(piece, PastedText):
            self.process_message(events.Paste(piece.text))
        elif piece:
            self._parse(self._parser.feed(piece))

    def _parse(self, tokens: Iterable[Message]) -> None:
        """Hand on what was typed."""
        try:
            for token in tokens:
                self.process_message(token)
        except (ValueError, ArithmeticError, LookupError, StopIteration):
            # A reply with numbers that cannot be; the parser does not survive it.
            self._parser = XTermParser()

    def process_message(self, message: Message) -> None:
        """Hand a message on; a size that the terminal writes is no size."""
        if not isinstance(message, events.Resize | messages.InBandWindowResize):
            super().process_message(message)

    def send_message(self, message: Message) -> None:
        """Hand a message to the app, from any thread; after its end, to nobody."""
        with contextlib.suppress(RuntimeError):
            asyncio.run_coroutine_threadsafe(self._app._post_message(message), self._loop)  # noqa: SLF001 - as Driver does
