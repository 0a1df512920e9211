"""The escape sequences of the bell and of desktop notifications. Pure.

OSC 9 is iTerm2's, and understood by Windows Terminal, kitty, WezTerm and Ghostty; OSC 777 is
urxvt's, and understood by foot, Ghostty and WezTerm. A tmux in between passes on what is wrapped
for it, where its `allow-passthrough` is on.
"""

from tui.model.text import clean

BELL = "\x07"
TITLE = "rsdeck"
AT_MOST = 200
"""Characters of a notification, its title not counted."""


def desktop_sequence(text: str, protocol: str, *, in_tmux: bool) -> str:
    """Return the sequence that shows `text` on the desktop; `protocol` is "osc9" or "osc777"."""
    shown = harmless(text)
    body = f"777;notify;{TITLE};{shown}" if protocol == "osc777" else f"9;{TITLE}: {shown}"
    sequence = f"\x1b]{body}{BELL}"
    return for_tmux(sequence) if in_tmux else sequence


def for_tmux(sequence: str) -> str:
    """Wrap a sequence so that tmux passes it on to the terminal that it runs in."""
    doubled = sequence.replace("\x1b", "\x1b\x1b")
    return f"\x1bPtmux;{doubled}\x1b\\"


def harmless(text: str) -> str:
    """Return `text` without what would end the sequence or separate its fields."""
    return clean(text, AT_MOST).replace(";", ",")
