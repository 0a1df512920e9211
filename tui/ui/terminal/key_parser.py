"""Keys of a keyboard layout without Latin letters: the key of the same place, where it is reported.

Kitty's keyboard protocol can report beside a key what a US keyboard has in its place
(https://sw.kovidgoyal.net/kitty/keyboard-protocol/, "report alternate keys"); Textual's parser
(8.2.8) fails on such a report.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable

from textual import events
from textual._xterm_parser import XTermParser
from textual.keys import _character_to_key

# CSI key:shifted:base;modifiers;text u. Textual's parser takes it without the alternates.
_WITH_ALTERNATES = re.compile(r"(\x1b\[\d+):\d*(?::(\d*))?((?:;[\d:]*){0,2}u)")
_BASES = range(0x21, 0x7F)
_SHIFTED = dict(zip("`[];',./\\-=", '~{}:"<>?|_+', strict=True))
"""What a US keyboard types with shift in the places where other layouts have letters."""

# On the Greek layout, no letter is in the place of q.
_GREEK_Q = {"semicolon": "q", "colon": "Q"}


class KeyParser(XTermParser):
    """Textual's parser; a letter that is not Latin becomes the key of its place, if reported.

    The character that was typed stays with the key, for fields of text. A key for which
    `is_bound` is true, since the configuration names it, stays as it is.
    """

    def __init__(self, is_bound: Callable[[str], bool] = lambda _: False) -> None:
        super().__init__()
        self._is_bound = is_bound

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[events.Key]:
        report = _WITH_ALTERNATES.fullmatch(sequence) if sequence.endswith("u") else None
        if report is None:
            yield from super()._sequence_to_key_events(sequence, alt)
            return
        base = int(report[2] or 0)
        for event in super()._sequence_to_key_events(report[1] + report[3], alt):
            if base in _BASES and not self._is_bound(event.key):
                event.key = key_of_place(event.key, chr(base))
            yield event


def key_of_place(key: str, base: str) -> str:
    """Return the key that a US keyboard has in the place of a letter that is not Latin.

    `key` is spelled as Textual spells it, `base` what the place types there without shift. Any
    other key is returned as it is: what a Latin layout has elsewhere is known by its letter.
    """
    modifiers, plus, name = key.rpartition("+")
    if base == "q" and name in _GREEK_Q:
        return f"{modifiers}{plus}{_GREEK_Q[name]}"
    if not is_of_other_script(name):
        return key
    if name.isupper():
        base = _SHIFTED.get(base, base.upper())
    return f"{modifiers}{plus}{_character_to_key(base)}"


def is_of_other_script(name: str) -> bool:
    """Whether a key's name is one letter, and not a Latin one."""
    if len(name) != 1 or name.isascii() or not name.isalpha():
        return False
    return not unicodedata.name(name, "LATIN").startswith("LATIN")
