"""Decoding of input: bytes from the terminal in, typed text and pastes out. Pure.

Escape sequences are set apart from keys. A sequence leaves only whole, and only where Textual's
parser knows it, since the parser would take any other for typed letters.
"""

import codecs
import re
from collections.abc import Iterator

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._keyboard_protocol import FUNCTIONAL_KEYS

from tui.model.dataclass import dataclass

PASTE_AT_MOST = 65_536
"""Characters of a paste that are kept."""

PASTE_SILENCE = 1.0
"""Seconds without a byte after which a paste without an end is dropped."""

ESCAPE_WAITS = 0.1
"""Seconds after which an ESC that nothing followed is the escape key: as long as Textual waits."""

SEQUENCE_WAITS = 1.0
"""Seconds within which a sequence must be whole; a slower one is dropped."""

_ESC = "\x1b"
_ESCAPE_KEY = "\x1b[27u"
"""The escape key as Kitty's protocol writes it: the parser does not wait for what may follow."""

_EIGHT_BIT = frozenset("\x8f\x90\x98\x9b\x9c\x9d\x9e\x9f")
"""SS3, DCS, SOS, CSI, ST, OSC, PM and APC in one character: ESC and the one 0x40 below it."""
_STRING_END = "\x9c"
_BEGINNING = re.compile("[\x1b\x8f\x90\x98\x9b-\x9f]")
_STRING_BEGINNING = re.compile("\x1b[^[O]|[\x90\x98\x9d-\x9f]")


def _eight_bit_only(error: UnicodeError) -> tuple[str, int]:
    """Keep the ends of sequences among bytes that are no UTF-8; drop all others.

    What is broken may be several bytes: a letter of Latin-1, and such an end after it.
    """
    if not isinstance(error, UnicodeDecodeError):
        raise error
    for at in range(error.start, error.end):
        if (one := chr(error.object[at])) in _EIGHT_BIT:
            return one, at + 1
    return "", error.end


codecs.register_error("rsdeck.eight_bit_only", _eight_bit_only)

_BEGIN, _END = "\x1b[200~", "\x1b[201~"
_EIGHT_BIT_END = "\x9b201~"
_STRING_AT_MOST = 4096
_PARSED_AT_MOST = 32
"""Characters of a sequence that Textual's parser takes; it types the letters of a longer one."""
_STATUS_REPLY = "\x1b[0n"

# ECMA-48: CSI, SS3, and strings (DCS, SOS, OSC, PM, APC) up to BEL or ST. Not in it: the oldest
# report of the mouse (CSI M, three bytes), function keys of Linux's console (CSI [ A) and of rxvt
# (CSI 3 $).
_SEQUENCE = re.compile(
    r"\x1b(?:\[M...|\[\[[@-~]|\[\d{1,2}\$|\[(?![\[M])[0-?]*[ -/]*[@-~]|O[0-?]*[@-~]"
    r"|[\]P_^X][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c))",
    re.DOTALL,
)
# What may become one of them, at the end of what has come.
_CUT = re.compile(
    r"\x1b(?:\[M.{0,2}|\[\[|\[[0-?]*[ -/]*|O[0-?]*|[\]P_^X][^\x07\x1b\x9c]*\x1b?)?\Z", re.DOTALL
)
# One that was broken off: what follows begins something else.
_BROKEN = re.compile(r"\x1b(?:\[\[?[0-?]*[ -/]*|O[0-?]*|[\]P_^X][^\x07\x1b\x9c]*)")

# Sequences of variable numbers that the parser knows: mouse, keys with modifiers or as Kitty
# writes them, mode reports, the cursor's place. All others are replies to nothing that was asked.
_KNOWN = re.compile(
    r"\x1b\[(?:<\d{1,6};-?\d{1,6};-?\d{1,6}[Mm]|[\d:]+(?:;[\d:]*){0,2}u|1;[\d:]+[ABCDEFHPQRS]"
    r"|\?\d{1,6};\d\$y|\d{1,6};\d{1,6}R|[IO])"
)
_FUNCTION_KEY = re.compile(r"\x1b\[(\d+)(?:;[\d:]+){0,2}(~)")

# Of consecutive moves of the mouse, only the last matters.
_MOVES = re.compile(r"(?:\x1b\[<35;\d{1,6};\d{1,6}M)+(?=\x1b\[<35;)")


@dataclass(frozen=True, slots=True)
class PastedText:
    """A whole paste, cut at PASTE_AT_MOST."""

    text: str


class InputDecoder:
    """Separates typed text from pastes; bytes that are no UTF-8 are dropped.

    A terminal in 8-bit mode begins a sequence with one character, as a byte or in UTF-8: outside
    of a paste it is read as ESC and what follows it in 7-bit mode. A paste ends in the form in
    which it began, since terminals that send ESC may leave the other one in what they paste.

    An ESC alone is the escape key after ESCAPE_WAITS. Where `[` or `O` follows it later, within
    SEQUENCE_WAITS, it was the head of a sequence on a slow line: the escape key has been handled,
    and the rest is dropped up to its end, however slow that comes.
    """

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8")("rsdeck.eight_bit_only").decode
        self._held = ""
        self._held_since = 0.0
        self._is_dropping = False
        """Whether what is held is dropped once it is whole."""
        self._escape_came_at: float | None = None
        """When the last ESC came that became a key, until something follows it."""
        self._paste: list[str] | None = None
        self._paste_end = _END
        self._length = 0
        self._last_byte_at = 0.0
        self.status_replies = 0
        """How many answers to status reports have come; they are no keys."""

    def feed(self, data: bytes, now: float) -> Iterator[str | PastedText]:
        """Decode bytes that came at `now` (monotonic)."""
        self._drop_silent(now)
        self._last_byte_at = now
        text = self._join(self._decode(data), now)
        while text:
            if self._paste is None:
                typed, begun, text = self._typed(text, now)
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
        return self._held == _ESC and self._paste is None

    @property
    def is_whole(self) -> bool:
        """Whether nothing that came waits for its rest, so that `tick` has nothing to do."""
        return self._paste is None and not self._held

    def tick(self, now: float) -> str:
        """Return the escape key, where no more came; drop what went silent before its end.

        A paste that went silent is dropped with its text: where it would have ended is not known.
        """
        self._drop_silent(now)
        if self.is_waiting and now - self._last_byte_at >= ESCAPE_WAITS:
            self._held, self._escape_came_at = "", self._held_since
            return _ESCAPE_KEY
        return ""

    def _drop_silent(self, now: float) -> None:
        """Drop a paste or a string that went silent before its end."""
        silence = now - self._last_byte_at
        if self._paste is not None:
            if silence >= PASTE_SILENCE:
                self._held = ""
                self._whole()
        elif silence >= SEQUENCE_WAITS and _STRING_BEGINNING.match(self._held):
            # A string has no end but its own, and alt with a letter begins like one.
            self._held, self._is_dropping = "", False

    def _join(self, text: str, now: float) -> str:
        """Put what is held before what came, and decide whether it has come too late."""
        if not text:
            return ""
        escape_came_at, self._escape_came_at = self._escape_came_at, None
        if self._held and self._paste is None:
            self._is_dropping |= now - self._held_since > SEQUENCE_WAITS
        else:
            self._held_since = now
            if escape_came_at is not None and text[0] in "[O":
                self._is_dropping = now - escape_came_at <= SEQUENCE_WAITS
                self._held = _ESC if self._is_dropping else ""
        text, self._held = self._held + text, ""
        return text

    def _typed(self, text: str, now: float) -> tuple[str, bool, str]:
        """Cut typed text off: it, whether a paste begins, and what comes after."""
        typed: list[str] = []
        at = 0
        while begins := _BEGINNING.search(text, at):
            start = begins.start()
            typed.append(text[at:start])
            if begins[0] == _STRING_END:
                at = start + 1
                continue
            if begins[0] != _ESC:
                text = f"{text[:start]}{_ESC}{chr(ord(begins[0]) - 0x40)}{text[start + 1 :]}"
            if whole := _SEQUENCE.match(text, start):
                at = whole.end()
                self.status_replies += whole[0] == _STATUS_REPLY
                if whole[0] == _END:
                    # Of a paste that went silent for long: what came before it was no typing.
                    typed.clear()
                elif not self._is_dropping and _is_known(whole[0]):
                    typed.append(whole[0])
            elif cut := _CUT.match(text, start):
                # In its own form, by which a paste is ended.
                self._hold(cut[0] if begins[0] == _ESC else begins[0] + cut[0][2:])
                return _joined(typed), False, ""
            elif broken := _BROKEN.match(text, start):
                at = broken.end()
            else:
                # The escape key before another key, or alt with a key.
                at = start + 1
                typed.append(_ESC)
            self._is_dropping, self._held_since = False, now
            if whole is not None and whole[0] == _BEGIN:
                self._paste_end = _END if begins[0] == _ESC else _EIGHT_BIT_END
                return _joined(typed), True, text[at:]
        typed.append(text[at:])
        return _joined(typed), False, ""

    def _hold(self, cut: str) -> None:
        """Keep the beginning of a sequence; of an endless one, only enough to see its end."""
        self._held = cut
        if len(cut) > _STRING_AT_MOST:
            self._held = cut[:2] + (_ESC if cut.endswith(_ESC) else "")
            self._is_dropping = True

    def _inside(self, text: str) -> tuple[str, bool, str]:
        """Cut the inside of a paste off: it, whether it ended, and what comes after."""
        inside, end, rest = text.partition(self._paste_end)
        if end:
            return inside, True, rest
        whole = self._paste_end
        parts = (whole[:length] for length in range(len(whole) - 1, 0, -1))
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


def _joined(typed: list[str]) -> str:
    return _MOVES.sub("", "".join(typed))


def _is_known(sequence: str) -> bool:
    """Whether Textual's parser knows a sequence, and makes of it what its sender meant."""
    if len(sequence) > _PARSED_AT_MOST:
        return False
    if sequence in ANSI_SEQUENCES_KEYS or _KNOWN.fullmatch(sequence):
        return True
    key = _FUNCTION_KEY.fullmatch(sequence)
    return key is not None and f"{key[1]}{key[2]}" in FUNCTIONAL_KEYS
