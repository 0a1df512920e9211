"""Save snapshots and copied text in the state folder, for this user alone.

Everything here blocks for as long as the disk does.
"""

import contextlib
import os
import secrets
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from tui.model.dataclass import dataclass
from tui.storage.paths import NOWHERE
from tui.storage.private_files import StorageError, opened_folder, path_text, storage_errors

__all__ = ["SavedFile", "SavedFiles", "StorageError", "write_new"]

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class SavedFile:
    """A file that was written; `note` is why it is not in the state folder, or will not stay."""

    path: Path
    note: str = ""


@dataclass(frozen=True, slots=True)
class SavedFiles:
    """Saves into the folder `state`; where it is `fleeting`, it is deleted when the deck ends."""

    state: Path
    fleeting: bool = False

    def keep_snapshot(self, text: str, ending: str, on: datetime) -> SavedFile:
        """Write a snapshot taken `on` (UTC) into a new file; raises StorageError.

        Where the state folder cannot be used, it goes into the current directory.
        """
        lasting = "deleted when the demo ends" if self.fleeting else ""
        name = f"rsdeck-{on:%Y%m%dT%H%M%SZ}.{ending}"
        folder = self.state / "snapshots"
        note = self._why_not_here()
        if not note:
            try:
                with _opened(folder) as opened:
                    _write(opened, folder / name, text)
            except _FileExists:
                raise
            except StorageError as error:
                note = str(error)
            else:
                return SavedFile(folder / name, lasting)
        try:
            path = _current_directory() / name
            write_new(path, text)
        except StorageError as error:
            raise StorageError(f"{error} ({note})") from None
        return SavedFile(path, f"here, since {note}")

    def _why_not_here(self) -> str:
        """Return why nothing is saved in the state folder; empty where it is."""
        if self.state.is_relative_to(NOWHERE):
            return "this user has no home folder"
        return ""

    def keep_copy(self, text: str) -> Path:
        """Write copied text over what was copied before; raises StorageError."""
        path = self.state / "copied.txt"
        if self.state.is_relative_to(NOWHERE):
            raise StorageError("this user has no home folder to keep a copy in")
        half = self.state / f".copied-{secrets.token_hex(6)}"
        with opened_folder(self.state, make=True) as opened, storage_errors(path):
            _write(opened, half, text)
            try:
                os.replace(half.name, path.name, src_dir_fd=opened, dst_dir_fd=opened)
            except OSError:
                os.unlink(half.name, dir_fd=opened)
                raise
        return path


class _FileExists(StorageError):
    """A file of that name exists already."""


def write_new(path: Path, text: str) -> None:
    """Write a new file, for this user alone; raises StorageError."""
    with storage_errors(path.parent):
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _write(folder, path, text)
    finally:
        os.close(folder)


def _current_directory() -> Path:
    try:
        return Path.cwd()
    except OSError as error:  # it was deleted
        raise StorageError(f"the current directory: {error.strerror}") from error


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[int]:
    """Open a folder that this user owns, or make it; its parent is checked as well."""
    with opened_folder(folder.parent, make=True), opened_folder(folder, make=True) as opened:
        yield opened


def _write(folder: int, path: Path, text: str) -> None:
    """Write a whole new file in an open folder, or nothing; raises StorageError."""
    try:
        file = os.open(path.name, _NEW, 0o600, dir_fd=folder)
    except FileExistsError:
        raise _FileExists(
            f"{path_text(path)}: it is there already, and is never written over"
        ) from None
    except OSError as error:
        raise StorageError(f"{path_text(path)}: {error.strerror}") from error
    try:
        with storage_errors(path), os.fdopen(file, "wb") as stream:
            stream.write(text.encode("utf-8", "backslashreplace"))
            stream.flush()
            os.fsync(stream.fileno())
    except StorageError:
        with contextlib.suppress(OSError):
            os.unlink(path.name, dir_fd=folder)
        raise
