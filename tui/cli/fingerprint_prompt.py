"""A fingerprint's first digits, typed on the terminal as the node prints them."""

import sys
from collections.abc import Callable

import click

from tui.cli.errors import CommandError
from tui.cli.printing import write_remark


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
