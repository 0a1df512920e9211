"""The passwords of a command, and those that a person types where no source gives them.

What was refused to other commands counts for this one too.
"""

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from tui.cli.errors import CommandError

if TYPE_CHECKING:
    from tui.config import NodeProfile
    from tui.credentials import Passwords


def command_passwords(profiles: Iterable["NodeProfile"], *, goes_on: bool = False) -> "Passwords":
    """Return the passwords of some profiles, none of which is read yet.

    A person at a terminal gets one try more than a command that a scheduler runs. One that
    `goes_on` never waits for the disk.
    """
    from tui.credentials import Passwords
    from tui.credentials.refused_logins import RefusedLogins
    from tui.storage.paths import state_dir

    writer = None
    if goes_on:
        from tui.storage.background_writer import BackgroundWriter

        writer = BackgroundWriter("refused logins")
    is_attended = sys.stdin is not None and sys.stdin.isatty()
    refused = RefusedLogins(state_dir(), is_attended=is_attended, writer=writer)
    return Passwords(profiles, refused=refused)


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
