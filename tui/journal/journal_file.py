"""The journal's file: any number of processes append whole lines to it, and read it back.

Its lines are a chain (`tui/journal/chain.py`). A file that has grown too large is renamed to
journal.1.jsonl, journal.2.jsonl and so on, the highest number the newest, and only the newest of
them are kept. The chain goes on in a new file, whose first record names the oldest record that is
kept.
"""

import contextlib
import errno
import fcntl
import os
import re
import time
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tui.journal.chain import ChainLink, Record, link, open_record, seal
from tui.model.dataclass import dataclass
from tui.storage.private_files import (
    MissingFile,
    StorageError,
    opened_file,
    opened_folder,
    path_text,
    storage_errors,
)

KEPT = 4
"""How many older files are kept beside the one that is written."""

_OLD_NAME = re.compile(r"journal\.([1-9][0-9]*)\.jsonl", re.ASCII)


def old_files(folder: int, path: Path) -> list[Path]:
    """List the older files beside the journal at `path`, the oldest first; raises StorageError."""
    with storage_errors(path.parent):
        found = [match for name in os.listdir(folder) if (match := _OLD_NAME.fullmatch(name))]
    return [path.with_name(match[0]) for match in sorted(found, key=lambda match: int(match[1]))]


def rotate_file(folder: int, path: Path) -> bool:
    """Give the journal the next number; return whether it was possible. Raises StorageError.

    The caller has the file locked. Where it is not possible the file is written on: its records
    matter more than its size.
    """
    old = old_files(folder, path)
    newest = _OLD_NAME.fullmatch(old[-1].name) if old else None
    name = f"journal.{int(newest[1]) + 1 if newest else 1}.jsonl"
    try:
        os.rename(path.name, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        return False
    with storage_errors(path.parent):
        os.fsync(folder)  # before there is a new file under the old name
    return True


def remove_files(folder: int, files: list[Path]) -> None:
    """Remove files; one that cannot be removed stays until the next rotation."""
    for path in files:
        with contextlib.suppress(OSError):
            os.unlink(path.name, dir_fd=folder)


JournalError = StorageError
"""The journal or a lock cannot be written or read: one sentence that names the path."""

__all__ = ["JournalError", "MissingFile"]

_NAME = "journal.jsonl"
_BLOCK = 64 * 1024
_WAIT = 5.0
_TORN_SHOWN = 200
_LARGEST = 10_000_000
_LISTED_AT_MOST = 5


class JournalFile:
    """Appends records to `journal.jsonl` in a folder.

    `wait`: for how many seconds another process may keep the file locked. `largest`: at how many
    bytes the next record begins a new file.
    """

    def __init__(self, folder: Path, *, wait: float = _WAIT, largest: int = _LARGEST) -> None:
        self.path = folder / _NAME
        self._wait = wait
        self._largest = largest
        self._is_settled = False

    def append(self, fields: Mapping[str, Any]) -> None:
        """Write a record and sync it to the disk; raises JournalError, and then it is not there.

        Blocks for as long as the disk does.
        """
        with opened_folder(self.path.parent, make=True) as folder:
            while not self._append(folder, fields):
                self._is_settled = False  # rotated: the record begins a new file

    def check(self) -> None:
        """Open it as for a record, and write none; raises JournalError where that fails."""
        with opened_folder(self.path.parent, make=True) as folder, self._locked(folder):
            pass

    def _append(self, folder: int, fields: Mapping[str, Any]) -> bool:
        """Write a record; return whether it is there, or the file was rotated in its stead."""
        with self._locked(folder) as file:
            end, last, torn = _tail(file)
            if torn:
                # A crash or a full disk cut it short, so nothing was sent after it.
                os.ftruncate(file, end)
                text = torn[:_TORN_SHOWN].decode("ascii", "backslashreplace")
                fields = {**fields, "torn": text}
            elif end >= self._largest and rotate_file(folder, self.path):
                return False
            old = [] if end else old_files(folder, self.path)
            if old:
                last = _last_link(folder, old[-1])
                oldest = _first_number(folder, old[-KEPT:][0])
                fields = {**fields, "rotated": {"oldest": oldest}}
            _write(file, seal(fields, last), end)
            if not self._is_settled:
                os.fsync(folder)
                self._is_settled = True
            remove_files(folder, old[:-KEPT])
            return True

    @contextlib.contextmanager
    def _locked(self, folder: int) -> Iterator[int]:
        """Open the file and lock it against other processes; JournalError if one keeps it."""
        until = time.monotonic() + self._wait
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT
        while True:
            with opened_file(folder, self.path, flags) as file, storage_errors(self.path):
                self._lock(file, until)
                # Closing the file unlocks it.
                status = os.fstat(file)
                if not status.st_nlink:
                    self._is_settled = False
                    text = "it was taken away while it was written"
                    raise JournalError(f"{path_text(self.path)}: {text}")
                if _inode(folder, self.path) == status.st_ino:
                    yield file
                    return
                self._is_settled = False  # another process rotated it meanwhile

    def _lock(self, file: int, until: float) -> None:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > until:
                    why = f"another process has kept it locked for {self._wait:g} s"
                    raise JournalError(f"{path_text(self.path)}: {why}") from None
            else:
                return
            time.sleep(0.005)

    def lines(self) -> Iterator[bytes]:
        """Read all lines that are kept, the oldest first; raises as JournalReader does."""
        return JournalReader(self.path.parent).lines()


class JournalReader:
    """Reads the lines of a journal and its older files, each line once.

    With a `tail`, a file is read from the first line that begins in so many bytes at its end.
    """

    def __init__(self, folder: Path, *, tail: int | None = None) -> None:
        self.path = folder / _NAME
        self._tail = tail
        # How many bytes of each file were read, by inode: its name changes.
        self._read: dict[int, int] = {}
        self._count = 0
        # The files that were read, and how many lines were read before each.
        self._files: list[tuple[Path, int]] = []

    def lines(self) -> Iterator[bytes]:
        """Read the lines with their ends that were not read yet, the oldest first.

        One that is half-written is read again once it is whole. Raises JournalError, MissingFile.
        """
        with (
            opened_folder(self.path.parent, make=False) as folder,
            contextlib.ExitStack() as files,
        ):
            for path, file in self._opened(folder, files):
                self._files.append((path, self._count))
                yield from self._lines(path, file)

    def place(self, number: int) -> tuple[Path, int]:
        """Return the file of the line that was read as the `number`th, and its number there."""
        path, before = next(entry for entry in reversed(self._files) if entry[1] < number)
        return path, number - before

    def _lines(self, path: Path, file: int) -> Iterator[bytes]:
        status = os.fstat(file)
        inode = status.st_ino
        with storage_errors(path), os.fdopen(os.dup(file), "rb") as stream:
            if self._tail is not None and inode not in self._read and self._tail < status.st_size:
                stream.seek(status.st_size - self._tail - 1)
                stream.readline()  # the rest of a line that begins before
                self._read[inode] = stream.tell()
            stream.seek(self._read.get(inode, 0))
            for line in stream:
                if line.endswith(b"\n"):
                    self._read[inode] = self._read.get(inode, 0) + len(line)
                self._count += 1
                yield line

    def _opened(self, folder: int, stack: contextlib.ExitStack) -> list[tuple[Path, int]]:
        """Open the files, the oldest first, as they were at one moment."""
        for _ in range(_LISTED_AT_MOST):
            with contextlib.ExitStack() as files:
                newest = self._open(folder, self.path, files)
                older = [
                    (path, self._open(folder, path, files)) for path in old_files(folder, self.path)
                ]
                found = [(path, file) for path, file in older if file is not None]
                if len(found) < len(older):
                    continue  # the oldest was removed meanwhile
                if not found and newest is None:
                    raise MissingFile(f"{path_text(self.path)}: {os.strerror(errno.ENOENT)}")
                stack.enter_context(files.pop_all())
                return found if newest is None else [*_before(found, newest), (self.path, newest)]
        raise JournalError(f"{path_text(self.path)}: it was rotated again and again while read")

    def _open(self, folder: int, path: Path, files: contextlib.ExitStack) -> int | None:
        try:
            return files.enter_context(opened_file(folder, path, os.O_RDONLY))
        except MissingFile:
            return None


def _before(found: list[tuple[Path, int]], newest: int) -> list[tuple[Path, int]]:
    """Return the files older than the newest, which may have been rotated since it was opened."""
    at = os.fstat(newest).st_ino
    inodes = [os.fstat(file).st_ino for _, file in found]
    return found[: inodes.index(at)] if at in inodes else found


def _inode(folder: int, path: Path) -> int | None:
    try:
        return os.stat(path.name, dir_fd=folder, follow_symlinks=False).st_ino
    except FileNotFoundError:
        return None


def _last_link(folder: int, path: Path) -> ChainLink:
    """Return what the record after the last one of an older file is chained to."""
    with opened_file(folder, path, os.O_RDONLY) as file, storage_errors(path):
        return _tail(file)[1]


def _first_number(folder: int, path: Path) -> int:
    """Return the number of an older file's first record; 0 where it is not as it was written."""
    with (
        opened_file(folder, path, os.O_RDONLY) as file,
        storage_errors(path),
        os.fdopen(os.dup(file), "rb") as stream,
    ):
        record = open_record(stream.readline().removesuffix(b"\n"))
        return record["seq"] if record else 0


def _tail(file: int) -> tuple[int, ChainLink, bytes]:
    """Return where the last whole line ends, its link, and what is half-written after it."""
    size = os.fstat(file).st_size
    reach = _BLOCK
    while True:
        start = max(0, size - reach)
        data = _read(file, start, size)
        whole, newline, torn = data.rpartition(b"\n")
        if not newline and start == 0:
            return 0, ChainLink(), data
        _, inner, line = whole.rpartition(b"\n")
        if newline and (inner or start == 0):
            return size - len(torn), link(line), torn
        reach *= 4


def _read(file: int, start: int, end: int) -> bytes:
    data = b""
    while start + len(data) < end:
        more = os.pread(file, end - start - len(data), start + len(data))
        if not more:
            break
        data += more
    return data


def _write(file: int, line: bytes, end: int) -> None:
    """Write a line and sync it; what cannot be written whole is taken back."""
    try:
        left = memoryview(line)
        while left:
            left = left[os.write(file, left) :]
        os.fsync(file)
    except OSError:
        with contextlib.suppress(OSError):
            os.ftruncate(file, end)
        raise


@dataclass(frozen=True, slots=True)
class JournalTail:
    """The records, the oldest first; `trouble` says why there are none, or not all of them."""

    records: tuple[Record, ...] = ()
    trouble: str = ""


def read_tail(folder: Path, count: int) -> JournalTail:
    """Read the newest `count` records in a folder; raises nothing. Blocks as long as the disk."""
    reader = JournalReader(folder)
    try:
        lines = deque(enumerate(reader.lines(), 1), maxlen=count)
    except MissingFile:
        return JournalTail(trouble=f"there is no journal at {path_text(reader.path)}")
    except JournalError as error:
        return JournalTail(trouble=str(error))
    opened = [(number, open_record(line.removesuffix(b"\n"))) for number, line in lines]
    broken = [place_text(*reader.place(number)) for number, record in opened if record is None]
    trouble = f"not as they were written: {', '.join(broken)}" if broken else ""
    return JournalTail(tuple(record for _, record in opened if record is not None), trouble)


def place_text(path: Path, line: int) -> str:
    """Return a line of the journal as people look for it."""
    return f"{path.name} line {line}"
