"""Where a profile says that its password comes from; `tui.credentials` goes there."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class EnvironmentSource:
    """An environment variable (`password_env`)."""

    variable: str


@dataclass(frozen=True, slots=True)
class CommandSource:
    """What a command prints (`password_command`); `argv` meets no shell."""

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
    """A person, asked when the deck opens."""


PasswordSource = EnvironmentSource | CommandSource | FileSource | KeyringSource | AskSource
