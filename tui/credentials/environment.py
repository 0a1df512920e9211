"""A password from an environment variable."""

import os

from tui.config import NodeProfile
from tui.credentials.secret import CredentialError, Raw, Secret, secret_from

# The environment belongs to the whole process and a variable is removed from it when it is first
# read, so its value is kept for the whole process as well.
_taken: dict[str, Secret] = {}


def take_variable(variable: str) -> None:
    """Remove a variable from the environment and keep its value, so that no child inherits it."""
    raw = os.environb.pop(os.fsencode(variable), None)
    if raw is not None:
        _taken[variable] = Secret(os.fsdecode(raw))


def from_environment(profile: NodeProfile, variable: str) -> Secret:
    """Return the value of a variable when it was first read; raises CredentialError."""
    source = profile.origin.place("password_env")
    take_variable(variable)
    if variable not in _taken:
        raise CredentialError(
            profile,
            source,
            "the variable is not set",
            "set it before rsdeck starts, or edit the profile",
        )
    return secret_from(profile, source, Raw(os.fsencode(_taken[variable].reveal())))
