"""The journal's file: any number of decks append whole lines to it, and read it back."""

import contextlib
import fcntl
import os
import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui.journal.hash_chain import ChainLink, Record, link, open_record, seal
from tui.storage.private_files import (
    MissingFile,
    StorageError,
    opened_file,
    opened_folder,
    path_text,
    storage_errors,
)

JournalError = StorageError
"""The journal or a lock cannot be written or read: one sentence that names the path."""

__all__ = ["JournalError", "MissingFile"]


_BLOCK = 64 * 1024
_WAIT = 5.0
_TORN_SHOWN = 200


class JournalFile:
    """Appends records to `journal.jsonl` in a folder, and reads them."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "journal.jsonl"
        self._is_settled = False

    def append(self, fields: Mapping[str, Any]) -> None:
        """Write a record and see it onto the disk; raises JournalError, and then it is not there.

        Blocks for as long as the disk does.
        """
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT
        with (
            opened_folder(self.path.parent, make=True) as folder,
            opened_file(folder, self.path, flags) as file,
            storage_errors(self.path),
            self._alone(file),
        ):
            end, last, torn = _tail(file)
            if torn:
                # A crash or a full disk ended it: nothing was sent on its strength.
                os.ftruncate(file, end)
                text = torn[:_TORN_SHOWN].decode("ascii", "backslashreplace")
                fields = {**fields, "torn": text}
            _write(file, seal(fields, last), end)
            if not self._is_settled:
                os.fsync(folder)
                self._is_settled = True

    @contextlib.contextmanager
    def _alone(self, file: int) -> Iterator[None]:
        """Keep the other decks from writing; raises JournalError if one does not let go."""
        until = time.monotonic() + _WAIT
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    why = f"another process has kept it locked for {_WAIT:.0f} s"
                    raise JournalError(f"{path_text(self.path)}: {why}") from None
            time.sleep(0.005)
        # Closing the file lets go of it.
        if not os.fstat(file).st_nlink:
            self._is_settled = False
            raise JournalError(f"{path_text(self.path)}: it was taken away while it was written")
        yield

    def lines(self) -> Iterator[bytes]:
        """Read the lines with their ends, the oldest first; raises JournalError, Missing."""
        with (
            opened_folder(self.path.parent, make=False) as folder,
            opened_file(folder, self.path, os.O_RDONLY) as file,
            storage_errors(self.path),
            os.fdopen(os.dup(file), "rb") as stream,
        ):
            yield from stream


def _tail(file: int) -> tuple[int, ChainLink, bytes]:
    """Give where the last whole line ends, what hangs on it, and what is half-written after it."""
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
    store = JournalFile(folder)
    try:
        lines = deque(enumerate(store.lines(), 1), maxlen=count)
    except MissingFile:
        return JournalTail(trouble=f"there is no journal at {path_text(store.path)}")
    except JournalError as error:
        return JournalTail(trouble=str(error))
    opened = [(number, open_record(line.removesuffix(b"\n"))) for number, line in lines]
    broken = [str(number) for number, record in opened if record is None]
    trouble = f"not as they were written: lines {', '.join(broken)}" if broken else ""
    return JournalTail(tuple(record for _, record in opened if record is not None), trouble)
