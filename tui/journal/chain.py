"""The chain of the journal's lines, and its check. Pure.

Each line names the hash of the one before it, and its own. Whoever can write the file can also
write a whole new chain; an edit shows, and so does a line that was taken out. Whole lines taken
off the end do not show.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any

from tui.model.dataclass import dataclass

FIRST = "0" * 64
"""What the first record names as the line before it."""

_SUM = re.compile(rb',"sum":"([0-9a-f]{64})"\}\Z')

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ChainLink:
    """What the next record is chained to: the last one's number, and its line's hash."""

    seq: int = 0
    digest: str = FIRST


@dataclass(frozen=True, slots=True)
class ChainNote:
    """What is no fault: a record that a crash or a full disk left half-written at `line`."""

    line: int
    text: str


@dataclass(slots=True)
class ChainReport:
    """The result of a check: `broken_at` is a line's number, from 1, None if the chain is whole."""

    records: int = 0
    broken_at: int | None = None
    why: str = ""
    notes: list[ChainNote] = field(default_factory=list)

    def broken(self, line: int, why: str) -> "ChainReport":
        """Return itself, with the fault that was found at a line."""
        self.broken_at, self.why = line, why
        return self


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
    """Check lines, with their ends, up to the first that is wrong.

    They may begin where the newest rotation says that the oldest file begins that is kept.
    """
    report, last, first, oldest = ChainReport(), ChainLink(), 1, 1
    half_written = False
    for number, whole in enumerate(lines, 1):
        line = whole.removesuffix(b"\n")
        record = open_record(line)
        if half_written:
            return report.broken(number - 1, "it is half-written, and lines follow it")
        if line == whole:
            half_written = True
            continue
        if record is None:
            return report.broken(number, "it is not as it was written")
        if number == 1 and record["seq"] > 1:
            first = record["seq"]
        elif record["seq"] != last.seq + 1 or record.get("prev") != last.digest:
            return report.broken(number, _gap(record, last))
        if "torn" in record:
            text = "before it, a half-written record was taken away"
            report.notes.append(ChainNote(number, text))
        oldest = _oldest_kept(record) or oldest
        report.records += 1
        last = ChainLink(record["seq"], digest(line))
    if first > oldest:
        return report.broken(1, f"it is record {first} and not {oldest}: lines are missing")
    if half_written:
        text = "the last one is half-written, and counts for none"
        report.notes.append(ChainNote(number, text))
    return report


def _oldest_kept(record: Record) -> int | None:
    """Return the number of the oldest record that a rotation kept; None if none began here."""
    rotated = record.get("rotated")
    oldest = rotated.get("oldest") if isinstance(rotated, dict) else None
    return oldest if isinstance(oldest, int) else None


def _gap(record: Record, last: ChainLink) -> str:
    if record["seq"] > last.seq + 1:
        return f"it is record {record['seq']} and follows record {last.seq}: lines are missing"
    return "it does not follow the line before it: a line was changed, added or moved"
