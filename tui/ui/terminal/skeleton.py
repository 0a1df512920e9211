"""The deck's first frame: written before the window is imported, and replaced by its first paint.

It holds the names of the profiles and empty bands, and nothing of any node. This module imports
little of the standard library, and no dataclasses, whose modules take longer than the frame.
"""

from __future__ import annotations

import os
import sys
import termios

TYPE_CHECKING = False  # as typing has it, whose import takes longer than a first frame may
if TYPE_CHECKING:
    import signal
    from collections.abc import Mapping, Sequence
    from types import FrameType
    from typing import Any
else:
    import _signal as signal  # what `signal` wraps in enums, whose import takes as long

REASONS: dict[int, str] = {
    signal.SIGTERM: "ended by SIGTERM",
    signal.SIGHUP: "ended by SIGHUP",
    signal.SIGQUIT: "ended by SIGQUIT",
    signal.SIGINT: "interrupted",
}
"""The signals that end the deck, and what it reports then."""


class Ground:
    """The colours of a theme that the frame is painted in, each `#rrggbb`, else the terminal's."""

    def __init__(self, foreground: str, background: str, panel: str) -> None:
        self.foreground = foreground
        self.background = background
        self.panel = panel


GROUND_COLORS = ("foreground", "background", "panel")
"""The names that the colours of a ground have in a theme's file."""

DARK = Ground("#d6dbe3", "#12151a", "#222832")
"""The ground of the bundled theme `dark`."""

_TAKE = "\x1b[?1049h\x1b[?25l"
_GIVE_BACK = "\x1b[m\x1b[H\x1b[J\x1b[?1049l\x1b[?25h"
_HEADINGS = "  SERVICE                STATUS         UPTIME KIND"
_LARGE = (100, 36)
"""Columns and lines from which the deck has a header of three lines, and its nodes at the side."""
_SIDE = 34
_PATIENCE = 0.5
"""Seconds for which a terminal that takes nothing is waited for."""


class Skeleton:
    """The frame on the terminal of stdin and stderr, until the window takes the terminal over.

    Until then it is given back on any signal that ends the deck (SystemExit with its code is
    raised), before the first word on stdout or stderr, and by `give_back`. What is typed is not
    echoed and stays in the terminal's queue, where the window reads it.
    """

    def __init__(self) -> None:
        self.attributes: list[Any] | None = None
        """The terminal's attributes as they were before; None while there is no frame."""
        self.code = 0
        """The exit code of the signal that has come."""
        self._handlers: dict[int, Any] = {}
        self._streams = (sys.stdout, sys.stderr)

    def __enter__(self) -> Skeleton:
        return self

    def __exit__(self, *_: object) -> None:
        self.give_back()

    @property
    def is_shown(self) -> bool:
        """Whether the frame is on the terminal, which is not given back or taken over yet."""
        return self.attributes is not None

    def show(self, names: Sequence[str], ground: Ground) -> None:
        """Take the terminal and write the frame; nothing where the terminal cannot be taken."""
        try:
            before, own = termios.tcgetattr(0), termios.tcgetattr(0)
            columns, lines = os.get_terminal_size(2)
        except (termios.error, OSError):
            return
        for number in (*REASONS, signal.SIGTSTP):
            if signal.getsignal(number) != signal.SIG_IGN:
                self._handlers[number] = signal.signal(number, self._signalled)
        self.attributes = before
        # As the driver sets them, so that each key comes as if typed into the window; but ctrl+c
        # and ctrl+z stay signals, since nothing reads keys yet.
        own[0] &= ~(termios.IXON | termios.IXOFF | termios.ICRNL | termios.INLCR | termios.IGNCR)
        own[3] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN)
        try:
            termios.tcsetattr(0, termios.TCSANOW, own)
            os.write(2, frame(names, ground, columns, lines, os.environ).encode())
        except (termios.error, OSError):
            self.give_back()
            return
        sys.stdout = _FirstWord(sys.stdout, self)
        sys.stderr = _FirstWord(sys.stderr, self)

    def release_signals(self) -> dict[int, Any]:
        """Leave signals to the caller, who has handlers of its own by now.

        Returns the handlers as they were before. Raises SystemExit where a signal has come whose
        exception was lost on its way.
        """
        if self.code:
            raise SystemExit(self.code)
        handlers, self._handlers = self._handlers, {}
        return handlers

    def take_over(self) -> list[Any] | None:
        """Leave the terminal to the caller, who paints over the frame.

        Returns the terminal's attributes as they were before; None where there is no frame.
        """
        before, self.attributes = self.attributes, None
        if before is not None:
            sys.stdout, sys.stderr = self._streams
        return before

    def give_back(self) -> None:
        """Restore the terminal, its attributes, the signals and the streams."""
        before, self.attributes = self.attributes, None
        if before is None:
            return
        sys.stdout, sys.stderr = self._streams
        try:
            if not _takes_more(2):
                termios.tcflush(2, termios.TCOFLUSH)
            os.write(2, _GIVE_BACK.encode())
        except (termios.error, OSError):
            pass  # it is gone
        try:  # noqa: SIM105 - contextlib takes long
            termios.tcsetattr(0, termios.TCSANOW, before)
        except termios.error:
            pass
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def _signalled(self, number: int, _: FrameType | None) -> None:
        self.give_back()
        if number == signal.SIGTSTP:
            os.kill(os.getpid(), signal.SIGSTOP)
            return
        self.code = 128 + number
        try:  # noqa: SIM105 - as above
            os.write(2, f"rsdeck: {REASONS[number]}\n".encode())
        except OSError:
            pass
        raise SystemExit(self.code)


def _takes_more(fd: int) -> bool:
    """Wait a little until a terminal can be written to; whether it can."""
    import select

    return bool(select.select([], [fd], [], _PATIENCE)[1])


class _FirstWord:
    """A stream that gives the terminal back before the first word that is written to it."""

    def __init__(self, stream: Any, skeleton: Skeleton) -> None:
        self._stream = stream
        self._skeleton = skeleton

    def write(self, text: str) -> int:
        self._skeleton.give_back()
        written: int = self._stream.write(text)
        return written

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


def frame(
    names: Sequence[str], ground: Ground, columns: int, lines: int, environ: Mapping[str, str]
) -> str:
    """Return what takes the terminal and paints the frame, of `columns` by `lines` cells."""
    depth = _color_depth(environ)
    body = _look(ground.foreground, ground.background, depth)
    band = _look(ground.foreground, ground.panel, depth)
    if columns >= _LARGE[0] and lines >= _LARGE[1]:
        first, side, bands = 4, " " * _SIDE, {lines - 2}
        texts = {0: "  rsdeck", 1: "  " + "  ".join(names)}
    else:
        first, side, bands = 1, "", {0, lines - 2}
        texts = {0: " " + "  ".join(("rsdeck", *names))}
    texts[first] = side + _HEADINGS
    if names:
        texts[first + 1] = side + "  connecting..."
    # The last cell stays free: in it, the cursor would stand beyond what is erased to its right.
    return _TAKE + "".join(
        f"\x1b[{y + 1}H{band if y in bands else body}{texts.get(y, '')[: columns - 1]}\x1b[K"
        for y in range(lines)
    )


def _color_depth(environ: Mapping[str, str]) -> int:
    """Return how many colours the terminal has, as Rich decides it; 0 where none is wanted."""
    if environ.get("NO_COLOR"):
        return 0
    if environ.get("COLORTERM", "").strip().lower() in {"truecolor", "24bit"}:
        return 1 << 24
    ending = environ.get("TERM", "").strip().lower().rpartition("-")[2]
    return 256 if ending in {"256color", "kitty"} else 0


def _look(foreground: str, background: str, depth: int) -> str:
    """Return the sequence of two colours; where they cannot be shown, of the terminal's own."""
    if not depth or not (_is_hex(foreground) and _is_hex(background)):
        return "\x1b[m"
    return f"\x1b[0;38;{_color(foreground, depth)};48;{_color(background, depth)}m"


def _is_hex(color: str) -> bool:
    return (
        len(color) == 7
        and color[0] == "#"
        and all(letter in "0123456789abcdefABCDEF" for letter in color[1:])
    )


def _color(color: str, depth: int) -> str:
    """Return the parameters of a colour; of 256, the one that Rich takes for it."""
    red, green, blue = (int(color[at : at + 2], 16) for at in (1, 3, 5))
    if depth > 256:
        return f"2;{red};{green};{blue}"
    least, most = min(red, green, blue), max(red, green, blue)
    light = (least + most) / 510
    spread = (least + most) if light <= 0.5 else 510 - least - most
    if not spread or (most - least) / spread < 0.15:
        grey = round(light * 25)
        return f"5;{16 if grey == 0 else 231 if grey == 25 else 231 + grey}"
    red, green, blue = (
        round(part / 95 if part < 95 else 1 + (part - 95) / 40) for part in (red, green, blue)
    )
    return f"5;{16 + 36 * red + 6 * green + blue}"
