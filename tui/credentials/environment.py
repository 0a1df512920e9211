"""A password from an environment variable."""

import os

from tui.config import NodeProfile
from tui.credentials.secret import CredentialError, Raw, Secret, secret_from
from tui.model.text import clean

# The environment belongs to the whole process and a variable is taken out of it when it is first
# read, so what was taken is kept for the whole process as well.
_taken: dict[str, Secret] = {}


def take_variable(variable: str) -> None:
    """Take a variable out of the environment, so that no child of the deck inherits it."""
    raw = os.environb.pop(os.fsencode(variable), None)
    if raw is not None:
        _taken[variable] = Secret(os.fsdecode(raw))


def from_environment(profile: NodeProfile, variable: str) -> Secret:
    """Give what a variable held when it was first read; raises CredentialError."""
    source = f"environment variable {clean(variable)}"
    take_variable(variable)
    if variable not in _taken:
        raise CredentialError(
            profile, source, "it is not set", "set it before rsdeck starts, or edit the profile"
        )
    return secret_from(profile, source, Raw(os.fsencode(_taken[variable].reveal())))
