"""OSC 52: text for the clipboard of the terminal, also through tmux and GNU screen. Pure.

There is no answer to it, and a terminal or a multiplexer may be set up to ignore it.
"""

import base64
from collections.abc import Iterator, Mapping

from tui.ui.terminal.desktop_notification import for_tmux

LIMIT = 8192
"""The longest text, in bytes of UTF-8, that is put on the clipboard."""

_PIECE = 240
# GNU screen forgets strings that are longer than its buffer, which has had 256 bytes.
_BEGIN, _BELL, _END = "\x1b]52;c;", "\x07", "\x1b\\"


def fits_clipboard(text: str) -> bool:
    """Whether a text is short enough, and not empty, which would clear the clipboard."""
    return 0 < len(_bytes(text)) <= LIMIT


def clipboard_sequence(text: str, environ: Mapping[str, str]) -> str:
    """Return the sequence that puts a text on the clipboard; ValueError for one that does not fit.

    tmux passes on what is wrapped for it (where its `allow-passthrough` is on), with every ESC
    doubled; GNU screen does so in pieces.
    """
    if not fits_clipboard(text):
        raise ValueError("the text does not fit")
    plain = f"{_BEGIN}{base64.b64encode(_bytes(text)).decode('ascii')}{_BELL}"
    if environ.get("TMUX"):
        return for_tmux(plain)
    if environ.get("TERM", "").startswith("screen"):
        return "".join(f"\x1bP{piece}{_END}" for piece in _pieces(plain))
    return plain


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _pieces(text: str) -> Iterator[str]:
    for at in range(0, len(text), _PIECE):
        yield text[at : at + _PIECE]
