"""Decoding of input: bytes from the terminal in, typed text and pastes out. Pure."""

import re
from codecs import getincrementaldecoder
from collections.abc import Iterator
from dataclasses import dataclass

PASTE_AT_MOST = 65_536
"""Characters of a paste that are kept."""

PASTE_SILENCE = 1.0
"""Seconds without a byte after which a paste without an end is dropped."""

_BEGIN, _END = "\x1b[200~", "\x1b[201~"
_CUT = re.compile(r"\x1b(?:\[[?>=<0-9;:]{0,40})?\Z")
_CUT_WAITS = 0.02
# Replies to queries of the terminal's kind and state. The deck sends none, and what it does not
# understand would count as typed keys. Mode reports end in $y and are wanted.
_REPLIES = re.compile(
    r"\x1b\[[?>=][0-9;]*[A-Za-z]|\x1b\[[0-9;]*[cnx]"
    r"|\x1b[\]P_^X][^\x07\x1b]{0,4096}(?:\x07|\x1b\\)"
)

# Of consecutive moves of the mouse, only the last matters.
_MOVES = re.compile(r"(?:\x1b\[<35;\d{1,6};\d{1,6}M)+(?=\x1b\[<35;)")


@dataclass(frozen=True, slots=True)
class PastedText:
    """A whole paste, cut at PASTE_AT_MOST."""

    text: str


class InputDecoder:
    """Separates typed text from pastes; bytes that are no UTF-8 are dropped."""

    def __init__(self) -> None:
        self._decode = getincrementaldecoder("utf-8")("ignore").decode
        self._held = ""
        self._paste: list[str] | None = None
        self._length = 0
        self._last_byte_at = 0.0

    def feed(self, data: bytes, now: float) -> Iterator[str | PastedText]:
        """Decode bytes that came at `now` (monotonic)."""
        self._last_byte_at = now
        text = self._held + self._decode(data)
        self._held = ""
        while text:
            if self._paste is None:
                typed, begun, text = self._typed(text)
                if typed:
                    yield typed
                self._paste = [] if begun else None
            else:
                inside, ended, text = self._inside(text)
                self._keep(inside)
                if ended:
                    yield self._whole()

    @property
    def is_waiting(self) -> bool:
        """Whether `tick` may return something soon."""
        return bool(self._held) and self._paste is None

    def tick(self, now: float) -> str:
        """Return what was held back and is no paste; drop a paste that went silent."""
        if now - self._last_byte_at < (PASTE_SILENCE if self._paste is not None else _CUT_WAITS):
            return ""
        held, self._held = self._held, ""
        if self._paste is None:
            return held
        # Its text is dropped too: where it would have ended is not known.
        self._whole()
        return ""

    def _typed(self, text: str) -> tuple[str, bool, str]:
        """Cut typed text off: it, whether a paste begins, and what comes after."""
        typed, begin, rest = text.partition(_BEGIN)
        if not begin:
            cut = _CUT.search(text)
            self._held = cut[0] if cut else ""
            typed = text[: len(text) - len(self._held)]
        # The end of a paste that went silent for long: it was no typing.
        typed = typed.rpartition(_END)[2]
        return _MOVES.sub("", _REPLIES.sub("", typed)), bool(begin), rest

    def _inside(self, text: str) -> tuple[str, bool, str]:
        """Cut the inside of a paste off: it, whether it ended, and what comes after."""
        inside, end, rest = text.partition(_END)
        if end:
            return inside, True, rest
        parts = (_END[:length] for length in range(len(_END) - 1, 0, -1))
        part = next((part for part in parts if text.endswith(part)), "")
        self._held = part
        return text[: len(text) - len(part)], False, ""

    def _keep(self, text: str) -> None:
        room = PASTE_AT_MOST - self._length
        if self._paste is not None and room > 0 and text:
            self._paste.append(text[:room])
            self._length += len(text[:room])

    def _whole(self) -> PastedText:
        text = "".join(self._paste or ()).replace("\0", "")
        self._paste, self._length = None, 0
        return PastedText(text)
