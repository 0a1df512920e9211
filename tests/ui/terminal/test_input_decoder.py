"""Sequences and keys are told apart, however slowly they come; pastes are kept whole.

P5.
"""

import random
from collections.abc import Iterable, Sequence

import pytest
from textual import events
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual.message import Message

from tui.ui.terminal.input_decoder import (
    ESCAPE_WAITS,
    PASTE_AT_MOST,
    PASTE_SILENCE,
    SEQUENCE_WAITS,
    InputDecoder,
    PastedText,
)
from tui.ui.terminal.key_parser import KeyParser

LEFT = b"\x1b[D"
TICK = 0.06
GAPS = [0.0, 0.05, 0.2, 0.9, 1.5, 30.0]

KNOWN = sorted(
    sequence.encode() for sequence in ANSI_SEQUENCES_KEYS if sequence[:2] in ("\x1b[", "\x1bO")
)
"""What Textual knows as keys."""


OTHERS = [
    b"\x1b[99Z",
    b"\x1b[68A",
    b"\x1b[100~",
    b"\x1b[5;5H",
    b"\x1b[[D",
    b"\x1b[M qr",
    b"\x1b[32;10;20M",
    b"\x1b[>41;354;0c",
    b"\x1b[0n",
    b"\x1b[?1u",
    b"\x1b[48;40;120;800;1200t",
    b"\x1b[<0;10;10M",
    b"\x1b[<65;10;10M",
    b"\x1b[I",
    b"\x1b[12;40R",
    b"\x1b[?2026;2$y",
    b"\x1bO5D",
    b"\x1b[ q",
    b"\x1b[" + b"9" * 100 + b"q",
    b"\x1b[" + b"9" * 100 + b"u",
]
ALTERNATES = [
    b"\x1b[1099::115;;1099u",
    b"\x1b[1099:1067:115;2;1067u",
    b"\x1b[1099::115;5u",
    b"\x1b[1093:1061:91;66;1093u",
    b"\x1b[59::113;;59u",
]
"""Letters that are not Latin, as Kitty's protocol reports them with the key of their place."""
STRINGS = [
    b"\x1bP1$r0m\x1b\\",
    b"\x1b]11;rgb:ffff/ffff/ffff\x07",
    b"\x1b]52;c;cXVpdA==\x1b\\",
    b"\x1b_Gi=31;OK\x1b\\",
    b"\x1b]0;" + b"r" * 10_000 + b"\x07",
]


def decoded(parts: Sequence[bytes], gaps: Iterable[float]) -> list[str | PastedText]:
    """Feed parts, each a gap of seconds after the one before, then stay silent for long."""
    decoder, now = InputDecoder(), 0.0
    pieces: list[str | PastedText] = []

    def rest(until: float) -> None:
        nonlocal now
        start = now
        while now < until:
            now = min(now + (TICK if now - start < 1.2 else 10.0), until)
            if tick := decoder.tick(now):
                pieces.append(tick)

    for part, gap in zip(parts, gaps, strict=True):
        rest(now + gap)
        pieces += decoder.feed(part, now)
    rest(now + 3)
    return pieces


def messages(pieces: Iterable[str | PastedText]) -> list[Message]:
    """Make of pieces what Textual's parser makes of them, like the driver."""
    parser = KeyParser()
    found: list[Message] = []
    for piece in pieces:
        if isinstance(piece, PastedText):
            found.append(events.Paste(piece.text))
        else:
            found += parser.feed(piece)
    found += parser.feed("")  # what it still waits for
    return found


def keys(parts: Sequence[bytes], gaps: Iterable[float]) -> list[str]:
    return [one.key for one in messages(decoded(parts, gaps)) if isinstance(one, events.Key)]


def letters(parts: Sequence[bytes], gaps: Iterable[float]) -> list[str]:
    """Return the keys that type a character, or are alt with a character."""
    return [key for key in keys(parts, gaps) if len(key.removeprefix("alt+")) == 1]


def test_an_arrow_whose_rest_comes_200_ms_later_is_the_escape_key_and_nothing_else() -> None:
    assert keys([b"\x1b", b"[D"], [0, 0.2]) == ["escape"]


EIGHT_BIT = {
    b"\x1b[": "\x9b",
    b"\x1bO": "\x8f",
    b"\x1bP": "\x90",
    b"\x1b]": "\x9d",
    b"\x1b_": "\x9f",
}


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
@pytest.mark.parametrize("gap", GAPS)
def test_no_part_of_a_sequence_in_8_bit_form_is_a_letter(gap: float, encoding: str) -> None:
    """A split `CSI y` of 8-bit mode confirmed an action."""
    mode_report, no_key = b"\x1b[?2026;2$y", b"\x1b[y"
    for sequence in (*KNOWN, mode_report, no_key):
        first, known = EIGHT_BIT[sequence[:2]].encode(encoding), keys([sequence], [0])
        is_whole = gap <= SEQUENCE_WAITS
        assert keys([first, sequence[2:]], [0, gap]) == (known if is_whole else []), sequence
    for string in STRINGS:
        first = EIGHT_BIT[string[:2]].encode(encoding)
        if gap < SEQUENCE_WAITS:
            assert keys([first, string[2:]], [0, gap]) == [], string
    # One that no byte followed has ended, and a key is a key again.
    assert keys([EIGHT_BIT[b"\x1bP"].encode(encoding), b"y"], [0, 1.5]) == ["y"]


@pytest.mark.parametrize("gap", [0.0, 0.05, 0.9])
def test_a_letter_of_latin_1_before_a_sequence_in_8_bit_form_leaves_it_whole(gap: float) -> None:
    """Both together are the beginning of a character in UTF-8, which the next byte breaks."""
    for letter in (b"\xe2", b"\xf0\x90", b"\xf3"):
        for sequence in (b"\x9b?2026;2$y", b"\x9by", b"\x9d11;rgb\x9c", b"\x90y\x9c"):
            assert letters([letter + sequence], [0]) == [], (letter, sequence)
            for cut in range(1, len(sequence)):
                parts = [letter + sequence[:cut], sequence[cut:]]
                assert letters(parts, [0, gap]) == [], parts
    assert keys([b"\xe2\x9b", b"D"], [0, gap]) == ["left"]


@pytest.mark.parametrize("end", [b"\x9c", b"\xc2\x9c", b"\xe2\x9c"])
def test_a_string_ends_in_8_bit_form_and_the_next_key_is_a_key(end: bytes) -> None:
    for first in (b"\x90", b"\x98", b"\x9d", b"\xc2\x9e", b"\x9f", b"\x1b]"):
        for cut in range(len(end) + 1):
            parts = [first + b"1;q" + end[:cut], end[cut:] + b"x"]
            assert keys(parts, [0, 0.05]) == ["x"], parts
    assert keys([end + b"x"], [0]) == ["x"]


@pytest.mark.parametrize("first", [b"\x9b", b"\xc2\x9b"])
def test_a_paste_that_begins_in_8_bit_form_ends_in_it(first: bytes) -> None:
    pasted = first + b"200~rty\nq" + first + b"201~"
    for cut in range(len(pasted)):
        pieces = decoded([pasted[:cut], pasted[cut:] + b"x"], [0, 0.05])
        assert pieces == [PastedText("rty\nq"), "x"], cut


def test_a_paste_is_not_ended_by_what_it_holds_in_8_bit_form() -> None:
    """Terminals take ESC out of what they paste, and some only that."""
    pasted = b"\x1b[200~a\xc2\x9b201~y\x1b[201~"
    assert [one.text for one in decoded([pasted], [0]) if isinstance(one, PastedText)] == [
        "a\x9b201~y"
    ]
    assert keys([pasted], [0]) == []


def test_an_arrow_whose_rest_comes_within_the_wait_is_an_arrow() -> None:
    assert keys([b"\x1b", b"[D"], [0, 0.05]) == ["left"]
    assert keys([b"\x1b[", b"D"], [0, 0.9]) == ["left"]


def test_an_arrow_that_is_whole_after_more_than_a_second_is_dropped() -> None:
    assert keys([b"\x1b[", b"D"], [0, 1.1]) == []
    assert keys([b"\x1b", b"[", b"D", b"x"], [0, 0.3, 30, 0.1]) == ["escape", "x"]


@pytest.mark.parametrize("gap", GAPS)
def test_no_sequence_becomes_letters_wherever_it_is_split(gap: float) -> None:
    for sequence in KNOWN + OTHERS + ALTERNATES:
        whole = letters([sequence], [0])
        expected = [] if sequence in OTHERS else whole
        assert whole == expected, sequence
        for cut in range(1, min(len(sequence), 12)):
            if gap > SEQUENCE_WAITS and cut == 1:
                continue  # a second after ESC alone, what comes is typed
            parts = [sequence[:cut], sequence[cut:]]
            assert letters(parts, [0, gap]) in ([], expected), (sequence, cut)


@pytest.mark.parametrize("gap", [0.0, 0.05, 0.2, 0.9])
def test_no_string_becomes_letters_wherever_it_is_split(gap: float) -> None:
    for sequence in STRINGS:
        assert letters([sequence], [0]) == []
        for cut in range(2, min(len(sequence), 24)):
            assert letters([sequence[:cut], sequence[cut:]], [0, gap]) == [], (sequence, cut)


def test_no_sequence_becomes_letters_byte_by_byte_at_any_pace() -> None:
    chance = random.Random(8)
    for sequence in KNOWN + OTHERS + ALTERNATES:
        parts = [bytes([byte]) for byte in sequence[:40]] + [sequence[40:]] * (len(sequence) > 40)
        for _ in range(3):
            gaps = [0.0, chance.uniform(0, 0.99), *(chance.choice(GAPS) for _ in parts[2:])]
            assert letters(parts, gaps) in ([], letters([sequence], [0])), (sequence, gaps)


def test_an_escape_key_alone_waits_for_a_tenth_of_a_second() -> None:
    decoder = InputDecoder()
    assert list(decoder.feed(b"\x1b", 5.0)) == []
    assert decoder.is_waiting
    assert decoder.tick(5.0 + ESCAPE_WAITS - 0.01) == ""
    assert decoder.tick(5.0 + ESCAPE_WAITS + 0.001) == "\x1b[27u"
    assert not decoder.is_waiting


def test_keys_after_an_escape_key_are_keys() -> None:
    assert keys([b"\x1b", b"D"], [0, 0.2]) == ["escape", "D"]
    assert keys([b"\x1b", b"q"], [0, 0.9]) == ["escape", "q"]
    assert keys([b"\x1b", b"["], [0, 1.5]) == ["escape", "left_square_bracket"]
    assert keys([b"\x1b", b"x", b"["], [0, 0.3, 0.3]) == ["escape", "x", "left_square_bracket"]
    assert keys([b"\x1b"] * 3, [0, 0.2, 0.2]) == ["escape"] * 3
    assert keys([b"\x1b\x1b"], [0]) == ["escape"] * 2


def test_alt_with_a_key_is_one_key() -> None:
    assert keys([b"\x1bx"], [0]) == ["alt+x"]


def test_enter_breaks_a_sequence_off_and_is_a_key() -> None:
    assert keys([b"\x1b[12", b"\r"], [0, 3]) == ["enter"]


def test_a_sequence_that_is_broken_off_by_another_is_dropped() -> None:
    assert keys([b"\x1b[12\x1b[D"], [0]) == ["left"]
    assert keys([b"\x1bO\x1b]0;D\x1b[D"], [0]) == ["left"]


def test_alt_with_a_letter_that_begins_strings_ends_after_a_second_of_silence() -> None:
    assert keys([b"\x1bP", b"q"], [0, 1.1]) == ["q"]


def test_a_paste_is_kept_whole_wherever_it_is_split() -> None:
    whole = b"\x1b[200~rty\nq\x1b[201~"
    for cut in range(1, len(whole)):
        for gap in (0.0, 0.05, 0.2, 0.9):
            pieces = decoded([whole[:cut], whole[cut:]], [0, gap])
            assert PastedText("rty\nq") in pieces, (cut, gap)
            assert not letters([whole[:cut], whole[cut:]], [0, gap])


def test_a_paste_whose_head_took_long_is_still_a_paste() -> None:
    assert decoded([b"\x1b[20", b"0~quit\x1b[201~"], [0, 5]) == [PastedText("quit")]


def test_a_paste_without_an_end_is_dropped_and_keys_after_it_are_heard() -> None:
    assert keys([b"\x1b[200~qqq", b"x"], [0, PASTE_SILENCE + 0.1]) == ["x"]


def test_of_a_long_paste_the_head_is_kept() -> None:
    (paste,) = decoded([b"\x1b[200~" + b"q" * (PASTE_AT_MOST + 9) + b"\x1b[201~"], [0])
    assert paste == PastedText("q" * PASTE_AT_MOST)


def test_of_moves_of_the_mouse_in_one_read_the_last_is_kept() -> None:
    flood = b"".join(b"\x1b[<35;%d;5M" % x for x in range(1, 101))
    (move,) = messages(decoded([flood], [0]))
    assert isinstance(move, events.MouseMove)
    assert move.x == 99


def test_bytes_that_are_no_text_are_dropped() -> None:
    assert keys([b"\xff\xe2\x82q"], [0]) == ["q"]


def test_the_end_of_a_paste_without_its_beginning_drops_what_came_with_it() -> None:
    assert keys([b"qqq\x1b[201~x"], [0]) == ["x"]


def test_what_went_silent_is_dropped_where_nothing_ticked_meanwhile() -> None:
    for head in (b"\x1b[200~qqq", b"\x1bP", b"\x1b]11;rgb"):
        decoder = InputDecoder()
        list(decoder.feed(head, 0.0))
        assert list(decoder.feed(b"x", 1.1)) == ["x"]
