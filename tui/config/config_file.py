"""The bytes of a configuration file that only its owner can write."""

import os
import stat
from pathlib import Path

from tui.config.errors import ConfigError

LIMIT = 1 << 20
"""Largest configuration, in bytes."""


def read_bytes(path: Path) -> bytes | None:
    """Return what a file holds; None if there is none. A link is followed and its target checked.

    Raises ConfigError.
    """
    try:
        # Not blocking: opening a FIFO would wait for a writer.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ConfigError(f"cannot be opened: {error.strerror}", file=path) from None
    try:
        check_status(path, os.fstat(handle))
        return _read(path, handle)
    finally:
        os.close(handle)


def check_status(path: Path, status: os.stat_result) -> None:
    """Raise ConfigError unless it is a file of this user or root that no other user may write."""
    if not stat.S_ISREG(status.st_mode):
        raise ConfigError(f"is {_kind(status.st_mode)}, not a file", file=path)
    if status.st_uid not in {os.geteuid(), 0}:
        raise ConfigError(
            "belongs to another user, who could change where passwords go",
            file=path,
            hint="copy it to a file of your own",
        )
    if status.st_mode & 0o022:
        raise ConfigError(
            "others can write it, and could change where passwords go",
            file=path,
            hint="run: chmod go-w on that file",
        )


def _read(path: Path, handle: int) -> bytes:
    try:
        with open(handle, "rb", closefd=False) as stream:
            data = stream.read(LIMIT + 1)
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", file=path) from None
    if len(data) > LIMIT:
        raise ConfigError("is larger than 1 MiB", file=path)
    return data


def _kind(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a folder"
    if stat.S_ISFIFO(mode):
        return "a pipe"
    return "a device" if stat.S_ISCHR(mode) or stat.S_ISBLK(mode) else "a socket"
