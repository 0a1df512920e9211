"""The user's own folder and files, refused if others have access; who may read a secret file."""

import contextlib
import os
import shlex
import stat
from collections.abc import Iterator
from pathlib import Path

from tui.model.text import clean
from tui.storage.paths import NOWHERE

_SAFELY = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_LONGEST_PATH = 4096


class StorageError(Exception):
    """A file of the user cannot be written or read: one sentence that names the path."""


class MissingFile(StorageError):
    """There is nothing to read yet."""


def path_text(path: Path) -> str:
    """Return a path as it can be shown."""
    return clean(str(path), _LONGEST_PATH)


@contextlib.contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Raise the system's errors about a path as StorageError."""
    try:
        yield
    except FileNotFoundError as error:
        raise MissingFile(f"{path_text(path)}: {error.strerror}") from error
    except OSError as error:
        reason = "it is a symbolic link" if _is_link(path) else error.strerror or str(error)
        raise StorageError(f"{path_text(path)}: {reason}") from error


def _is_link(path: Path) -> bool:
    try:
        return path.is_symlink()
    except OSError:
        return False


@contextlib.contextmanager
def opened_folder(path: Path, *, make: bool) -> Iterator[int]:
    """Open a folder of this user's own, as a descriptor; `make` it and its parents if need be.

    Raises StorageError, and MissingFile if it does not exist and `make` is false.
    """
    if path.is_relative_to(NOWHERE):
        raise StorageError("this user has no home folder, so there is nowhere to keep anything")
    with storage_errors(path):
        if make:
            _make(path)
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | _SAFELY)
    try:
        _check(os.fstat(folder), path, "700")
        yield folder
    finally:
        os.close(folder)


@contextlib.contextmanager
def opened_file(folder: int, path: Path, flags: int) -> Iterator[int]:
    """Open a file of this user's own in an open folder, as a descriptor; raises as above."""
    with storage_errors(path):
        file = os.open(path.name, flags | _SAFELY, 0o600, dir_fd=folder)
    try:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            raise StorageError(f"{path_text(path)}: it is not a regular file")
        _check(status, path, "600")
        yield file
    finally:
        os.close(file)


def check_file(folder: int, path: Path) -> os.stat_result:
    """Check that a file in an open folder is this user's own, without opening it; raises as above.

    For a database: opening and closing its file beside SQLite would drop SQLite's locks.
    """
    with storage_errors(path):
        status = os.stat(path.name, dir_fd=folder, follow_symlinks=False)
    if stat.S_ISLNK(status.st_mode):
        raise StorageError(f"{path_text(path)}: it is a symbolic link")
    if not stat.S_ISREG(status.st_mode):
        raise StorageError(f"{path_text(path)}: it is not a regular file")
    _check(status, path, "600")
    return status


def _make(path: Path) -> None:
    missing = []
    while not path.exists():
        missing.append(path)
        path = path.parent
    if missing and path == path.parent:
        # A home that does not exist is not made.
        raise StorageError(f"{path_text(missing[-1])}: there is no such folder")
    for folder in reversed(missing):
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        _sync(folder.parent)


def _sync(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _check(status: os.stat_result, path: Path, mode: str) -> None:
    if status.st_uid != os.geteuid():
        raise StorageError(f"{path_text(path)}: it belongs to another user (uid {status.st_uid})")
    wide = stat.S_IMODE(status.st_mode)
    if wide & 0o077:
        raise StorageError(
            f"{path_text(path)}: others can get at it (mode {wide:04o}); "
            f"run: chmod {mode} {shlex.quote(path_text(path))}"
        )


_MOUNT_HINT = (
    "mount it with mode 0440 and a group of this user (Kubernetes: defaultMode 0440 and an "
    "fsGroup; Docker: mode 0440 and gid), or copy it to a file of your own"
)


def secret_file_fault(handle: int) -> tuple[str, str] | None:
    """Return why an open file is no place for a secret and what to do, or None if it is one.

    It is this user's and no other user's (0600), or it is mounted: root's, and at most its group
    may read it (0440, as Kubernetes and Docker mount a secret for a user who is not root).
    """
    status = os.fstat(handle)
    mode = stat.S_IMODE(status.st_mode)
    if not stat.S_ISREG(status.st_mode):
        return "it is not a plain file", "name a plain file"
    if status.st_uid not in {os.geteuid(), 0}:
        return "it belongs to another user", "use a file of your own"
    if not mode & 0o077 or (status.st_uid == 0 and not mode & ~0o440):
        return None
    hint = _MOUNT_HINT if _is_mounted(handle, status) else "run: chmod 600 on that file"
    return "others may read or write it", hint


def _is_mounted(handle: int, status: os.stat_result) -> bool:
    """Whether this user cannot change the mode: another user's file, or on a read-only disk."""
    is_own = status.st_uid == os.geteuid() or os.geteuid() == 0
    return not is_own or bool(os.fstatvfs(handle).f_flag & os.ST_RDONLY)
