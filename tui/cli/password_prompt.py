"""Passwords that a person types on the terminal, where no source gives them."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui.cli.errors import CommandError

if TYPE_CHECKING:
    from tui.config import NodeProfile
    from tui.credentials import Passwords


def ask_for_passwords(profiles: Sequence["NodeProfile"], passwords: "Passwords") -> None:
    """Prompt on the terminal for passwords; without a terminal they stay missing."""
    from tui.config import AskSource
    from tui.credentials import Secret

    if sys.stdin is None or not sys.stdin.isatty():
        return
    for profile in profiles:
        if isinstance(profile.password, AskSource) and not passwords.has(profile):
            import click  # few have to type one

            prompt = f"Password of {profile.username} for {profile.cluster or profile.name}"
            try:
                typed = click.prompt(prompt, hide_input=True, err=True)
            except click.Abort:
                raise KeyboardInterrupt from None
            except UnicodeError:
                typed = None  # raised below: the error would carry the bytes along
            if typed is None:
                raise CommandError("what was typed is not UTF-8")
            passwords.keep(profile, Secret(typed))
