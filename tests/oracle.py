"""What the deck may write to a terminal, as a grammar; everything else was let through.

It knows nothing of the deck's own cleaning: a character is judged by the Unicode database alone.
"""

import base64
import binascii
import re
import unicodedata
from collections.abc import Collection

_UNSAFE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_CHANGERS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_COLOR = r"(?:[34]8;(?:2;\d{1,3};\d{1,3};\d{1,3}|5;\d{1,3})|[34]9)"
_FLAG = r"(?:[123479]|2[23479])"
_MODES = r"(?:7|25|1000|1003|1004|1006|1015|1049|2004|2026)"
_ALLOWED = re.compile(
    # The erasing of the screen as it is left, and at no other time.
    r"\x1b\[H\x1b\[J(?=\x1b\[\?1049l)|"
    # Where: cursor moves by row and column, within a line, and within a column.
    r"\x1b\[\d{1,4};\d{1,4}H|\x1b\[\d{0,4}H|\x1b\[\d{0,4}[CG]|\x1b\[\d{1,4}d|\x1b\[A|\x08"
    # The rest of a line, in the ground of the first frame; and blanks, in their own.
    r"|\x1b\[K|\x1b\[\d{1,4}X"
    # How it looks: colours by number, and bold, dim, italic, underlined, reverse, struck, or not.
    rf"|\x1b\[(?:(?:0|{_FLAG}|{_COLOR})(?:;(?:{_FLAG}|{_COLOR}))*)?m"
    # Modes that are switched on and off, and the question for synchronised output.
    rf"|\x1b\[\?{_MODES}[hl]|\x1b\[\?2026\$p"
    # The question whether it has shown what was written (DSR).
    r"|\x1b\[5n"
    # The keyboard protocol, pushed and popped, and the shape of the pointer.
    r"|\x1b\[>29u|\x1b\[<u|\x1b\]22;[a-z-]{1,20}\x07"
    r"|\r?\n"
)
# What calls a person, each only where the configuration asks for it, and told by the deck alone.
BELL = re.compile(r"\x07")
_OSC9 = r"\]9;rsdeck: ([^\x00-\x1f\x7f-\x9f;]{1,200})\x07"
_OSC777 = r"\]777;notify;rsdeck;([^\x00-\x1f\x7f-\x9f;]{1,200})\x07"
OSC9, OSC777 = re.compile(rf"\x1b{_OSC9}"), re.compile(rf"\x1b{_OSC777}")
TMUX_OSC9 = re.compile(rf"\x1bPtmux;\x1b\x1b{_OSC9}\x1b\\")
TMUX_OSC777 = re.compile(rf"\x1bPtmux;\x1b\x1b{_OSC777}\x1b\\")
# A text for the clipboard: alone, as tmux hands it on, and in the pieces that GNU screen takes.
_CLIPBOARD = re.compile(r"\x1b\]52;c;([A-Za-z0-9+/]+={0,2})\x07")
_IN_TMUX = re.compile(r"\x1bPtmux;\x1b(\x1b\]52;c;[A-Za-z0-9+/]+={0,2}\x07)\x1b\\")
_PIECE = re.compile(r"\x1bP(\x1b\]52;c;[A-Za-z0-9+/=]*\x07?|[A-Za-z0-9+/=]+\x07?|\x07)\x1b\\")
_TAIL = re.compile(r"(?:\x1b\[\?25h)?(?:\r?\n|[^\x00-\x1f\x7f-\x9f])*")


def strange(
    written: bytes, *asked_for: re.Pattern[str], copied: Collection[str] = ()
) -> list[bytes]:
    """List what is neither text nor a sequence of the deck's own; not more than ten.

    `asked_for` are the forms of bells and notices that the configuration asks for, `copied` the
    texts that were meant for the clipboard; any other there is strange.
    """
    found: list[bytes] = []
    text = written.decode("utf-8", "surrogateescape")
    at = 0
    while at < len(text) and len(found) < 10:
        char = text[at]
        if call := next((one for form in asked_for if (one := form.match(text, at))), None):
            if not all(_is_text(char) for said in call.groups() for char in said):
                found.append(_around(text, at))
            at = call.end()
        elif char not in "\x1b\r\n\b":
            if not _is_text(char):
                found.append(_around(text, at))
            at += 1
        elif match := _ALLOWED.match(text, at):
            at = match.end()
        elif end := _copy_ends(text, at, copied):
            at = end
        else:
            found.append(_around(text, at))
            at += 1
    return found


def clips(written: bytes) -> list[str]:
    """List what was put on the clipboard, in whatever wrapping."""
    text = written.decode("utf-8", "surrogateescape")
    found, at = [], 0
    while (at := text.find("\x1b", at)) >= 0:
        clip = _clip(text, at)
        found += [clip[0]] if clip else []
        at = clip[1] if clip else at + 1
    return found


def _copy_ends(text: str, at: int, copied: Collection[str]) -> int:
    """Say where the copying of a wanted text ends that begins at `at`; 0 if there is none."""
    clip = _clip(text, at)
    return clip[1] if clip and clip[0] in copied else 0


def _clip(text: str, at: int) -> tuple[str, int] | None:
    if match := _CLIPBOARD.match(text, at):
        return _said(match[0], match.end())
    if match := _IN_TMUX.match(text, at):
        return _said(match[1], match.end())
    whole = ""
    while match := _PIECE.match(text, at):
        whole, at = whole + match[1], match.end()
        if whole.endswith("\x07"):
            return _said(whole, at)
    return None


def _said(sequence: str, end: int) -> tuple[str, int] | None:
    match = _CLIPBOARD.fullmatch(sequence)
    try:
        return (base64.b64decode(match[1], validate=True).decode(), end) if match else None
    except (binascii.Error, UnicodeDecodeError):
        return None


def ends_well(written: bytes) -> bool:
    """Say whether the deck's own screen was taken once and left once, with only text after."""
    text = written.decode("utf-8", "surrogateescape")
    head, left, tail = text.partition("\x1b[?1049l")
    return bool(left) and head.count("\x1b[?1049h") == 1 and bool(_TAIL.fullmatch(tail))


def _is_text(char: str) -> bool:
    category = unicodedata.category(char)
    if category == "Zs":
        return char == " "
    return category not in _UNSAFE and _CHANGERS.match(char) is None


def _around(text: str, at: int) -> bytes:
    return text[max(0, at - 12) : at + 24].encode("utf-8", "surrogateescape")
