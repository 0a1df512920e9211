"""A fingerprint's first digits, typed on the terminal, and what is printed once it is pinned."""

import sys
from collections.abc import Callable

import click

from tui.cli.errors import CommandError
from tui.cli.printing import write_remark
from tui.config import Configuration
from tui.storage.private_files import path_text


def typed_digits(agrees: Callable[[str], bool], what: str) -> bool:
    """Whether the digits that the user types agree; prints why not. Raises CommandError."""
    if sys.stdin is None or not sys.stdin.isatty():
        raise CommandError(
            "without a terminal, name the fingerprint that the node prints: --yes SHA256"
        )
    prompt = f"{what} that the node prints (nothing leaves it)"
    typed = click.prompt(prompt, default="", show_default=False, err=True)
    if agrees(typed):
        return True
    reason = "the node does not present that one; nothing" if typed.strip() else "nothing"
    write_remark(f"{reason} was written")
    return False


def written_text(what: str, after: Configuration) -> str:
    """Return `what` was written, in which file, and how an open deck comes to know it."""
    key = after.keys.get("reread", "ctrl+e")  # as in tui.ui.keymap, which imports textual
    return f"{what} in {path_text(after.path)}; an open deck reads it with {key}"
