"""The escape sequences that ring and tell the desktop. Pure.

OSC 9 is iTerm2's, and understood by Windows Terminal, kitty, WezTerm and Ghostty; OSC 777 is
urxvt's, and understood by foot, Ghostty and WezTerm. A tmux in between hands on what is wrapped
for it, where its `allow-passthrough` is on.
"""

from tui.model.text import clean

BELL = "\x07"
TITLE = "rsdeck"
AT_MOST = 200
"""Characters of a notice, its title not counted."""


def desktop_sequence(text: str, protocol: str, *, in_tmux: bool) -> str:
    """Give what is written to tell the desktop `text`; `protocol` is "osc9" or "osc777"."""
    said = harmless(text)
    body = f"777;notify;{TITLE};{said}" if protocol == "osc777" else f"9;{TITLE}: {said}"
    sequence = f"\x1b]{body}{BELL}"
    return for_tmux(sequence) if in_tmux else sequence


def for_tmux(sequence: str) -> str:
    """Wrap a sequence so that tmux hands it on to the terminal that it runs in."""
    doubled = sequence.replace("\x1b", "\x1b\x1b")
    return f"\x1bPtmux;{doubled}\x1b\\"


def harmless(text: str) -> str:
    """Give text that ends no sequence and parts no fields."""
    return clean(text, AT_MOST).replace(";", ",")
