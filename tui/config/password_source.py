"""The sources of a profile's password; `tui.credentials` reads them."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class EnvironmentSource:
    """An environment variable (`password_env`)."""

    variable: str


@dataclass(frozen=True, slots=True)
class CommandSource:
    """The output of a command (`password_command`); `argv` is run without a shell."""

    argv: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FileSource:
    """The one line of a file (`password_file`); the path is absolute."""

    path: Path


@dataclass(frozen=True, slots=True)
class KeyringSource:
    """The desktop's keyring (`keyring = true`)."""


@dataclass(frozen=True, slots=True)
class AskSource:
    """A person, who is prompted when the deck opens."""


PasswordSource = EnvironmentSource | CommandSource | FileSource | KeyringSource | AskSource
