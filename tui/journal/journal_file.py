"""The journal's file: any number of processes append whole lines to it, and read it back.

Each line names the hash of the one before it, and its own. Whoever can write the file can also
write a whole new chain; an edit shows, and so does a line that was taken out. Whole lines taken
off the end do not show.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import re
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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
FIRST = "0" * 64
"""What the first record names as the line before it."""

_SUM = re.compile(rb',"sum":"([0-9a-f]{64})"\}\Z')

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ChainLink:
    """What the next record is chained to: the last one's number, and its line's hash."""

    seq: int = 0
    digest: str = FIRST


@dataclass(slots=True)
class ChainReport:
    """The result of a check: `broken_at` is a line's number, from 1, None if the chain is whole.

    `notes` are about what is no fault: records that a crash or a full disk left half-written.
    """

    records: int = 0
    broken_at: int | None = None
    why: str = ""
    notes: list[str] = field(default_factory=list)


def digest(data: bytes) -> str:
    """Return the SHA-256 of a line, without its end, in hex."""
    return hashlib.sha256(data).hexdigest()


def seal(fields: Mapping[str, Any], last: ChainLink) -> bytes:
    """Write a record as the line after `last`, with its end."""
    record = {"seq": last.seq + 1, **fields, "prev": last.digest}
    body = json.dumps(record, separators=(",", ":"), allow_nan=False).encode("ascii")
    return body[:-1] + b',"sum":"' + digest(body).encode("ascii") + b'"}\n'


def open_record(line: bytes) -> Record | None:
    """Read a line, without its end; None if it is not as it was written."""
    found = _SUM.search(line)
    if found is None or digest(line[: found.start()] + b"}") != found[1].decode("ascii"):
        return None
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) and isinstance(record.get("seq"), int) else None


def link(line: bytes) -> ChainLink:
    """Return what the record after this line is chained to."""
    record = open_record(line)
    return ChainLink(record["seq"] if record else 0, digest(line))


def check_chain(lines: Iterable[bytes]) -> ChainReport:
    """Check lines, with their ends, up to the first that is wrong."""
    report, last = ChainReport(), ChainLink()
    for number, whole in enumerate(lines, 1):
        line = whole.removesuffix(b"\n")
        record = open_record(line)
        if line == whole:
            report.notes.append(f"line {number}: the last one is half-written, and counts for none")
            break
        if record is None:
            report.broken_at, report.why = number, "it is not as it was written"
            break
        if record["seq"] != last.seq + 1 or record.get("prev") != last.digest:
            report.broken_at, report.why = number, _gap(record, last)
            break
        if "torn" in record:
            report.notes.append(f"line {number}: before it, a half-written record was taken away")
        report.records += 1
        last = ChainLink(record["seq"], digest(line))
    return report


def _gap(record: Record, last: ChainLink) -> str:
    if record["seq"] > last.seq + 1:
        before = f"record {last.seq}" if last.seq else "the beginning"
        return f"it is record {record['seq']} and follows {before}: lines are missing"
    return "it does not follow the line before it: a line was changed, added or moved"


# The file


class JournalFile:
    """Appends records to `journal.jsonl` in a folder, and reads them.

    `wait`: for how many seconds another process may keep the file locked.
    """

    def __init__(self, folder: Path, *, wait: float = _WAIT) -> None:
        self.path = folder / "journal.jsonl"
        self._wait = wait
        self._is_settled = False

    def append(self, fields: Mapping[str, Any]) -> None:
        """Write a record and sync it to the disk; raises JournalError, and then it is not there.

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
                # A crash or a full disk cut it short, so nothing was sent after it.
                os.ftruncate(file, end)
                text = torn[:_TORN_SHOWN].decode("ascii", "backslashreplace")
                fields = {**fields, "torn": text}
            _write(file, seal(fields, last), end)
            if not self._is_settled:
                os.fsync(folder)
                self._is_settled = True

    @contextlib.contextmanager
    def _alone(self, file: int) -> Iterator[None]:
        """Lock the file against other processes; raises JournalError if one keeps it locked."""
        until = time.monotonic() + self._wait
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    why = f"another process has kept it locked for {self._wait:g} s"
                    raise JournalError(f"{path_text(self.path)}: {why}") from None
            time.sleep(0.005)
        # Closing the file unlocks it.
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
