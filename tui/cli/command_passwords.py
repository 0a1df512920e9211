"""The passwords of a command: what was refused to earlier commands counts for this one too."""

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.config import NodeProfile
    from tui.credentials import Passwords


def command_passwords(profiles: Iterable["NodeProfile"]) -> "Passwords":
    """Return the passwords of some profiles, none of which is read yet.

    A person at a terminal gets one try more than a command that a scheduler runs. It is for
    commands that end by themselves: one that goes on would stay blocked until it is started again.
    """
    from tui.credentials import Passwords
    from tui.credentials.refused_logins import ATTENDED_AT_MOST, UNATTENDED_AT_MOST, RefusedLogins
    from tui.storage.paths import state_dir

    is_attended = sys.stdin is not None and sys.stdin.isatty()
    limit = ATTENDED_AT_MOST if is_attended else UNATTENDED_AT_MOST
    return Passwords(profiles, refused=RefusedLogins(state_dir(), limit=limit))
