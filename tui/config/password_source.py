"""The sources of a profile's password; `tui.credentials` reads them.

No repr has what the profile says: it may be a password written into the wrong key.
"""

from dataclasses import field
from pathlib import Path

from tui.model.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class EnvironmentSource:
    """An environment variable (`password_env`)."""

    variable: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CommandSource:
    """The output of a command (`password_command`); `argv` is run without a shell."""

    argv: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class FileSource:
    """The one line of a file (`password_file`); the path is absolute."""

    path: Path = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyringSource:
    """The desktop's keyring (`keyring = true`)."""


@dataclass(frozen=True, slots=True)
class AskSource:
    """A person, who is prompted when the deck opens."""


PasswordSource = EnvironmentSource | CommandSource | FileSource | KeyringSource | AskSource
