"""The journal's older files: it is rotated by size, and only the newest of them are kept.

They are named journal.1.jsonl, journal.2.jsonl and so on; the highest number is the newest.
"""

import contextlib
import os
import re
from pathlib import Path

from tui.storage.private_files import storage_errors

KEPT = 4
"""How many older files are kept beside the one that is written."""

_NAME = re.compile(r"journal\.([1-9][0-9]*)\.jsonl", re.ASCII)


def old_files(folder: int, path: Path) -> list[Path]:
    """List the older files beside the journal at `path`, the oldest first; raises StorageError."""
    with storage_errors(path.parent):
        found = [match for name in os.listdir(folder) if (match := _NAME.fullmatch(name))]
    return [path.with_name(match[0]) for match in sorted(found, key=lambda match: int(match[1]))]


def rotate(folder: int, path: Path) -> bool:
    """Give the journal the next number; return whether it was possible. Raises StorageError.

    The caller has the file locked. Where it is not possible the file is written on: its records
    matter more than its size.
    """
    old = old_files(folder, path)
    newest = _NAME.fullmatch(old[-1].name) if old else None
    name = f"journal.{int(newest[1]) + 1 if newest else 1}.jsonl"
    try:
        os.rename(path.name, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        return False
    with storage_errors(path.parent):
        os.fsync(folder)  # before there is a new file under the old name
    return True


def remove(folder: int, files: list[Path]) -> None:
    """Remove files; one that cannot be removed stays until the next rotation."""
    for path in files:
        with contextlib.suppress(OSError):
            os.unlink(path.name, dir_fd=folder)
