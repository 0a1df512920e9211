"""Lines that hold together: each names the hash of the one before it, and its own. Pure.

Whoever can write the file can also write a whole new chain; what shows is an edit, and a line
taken out. Whole lines taken off the end do not show.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

FIRST = "0" * 64
"""What the first record names as the line before it."""

_SUM = re.compile(rb',"sum":"([0-9a-f]{64})"\}\Z')

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ChainLink:
    """What the next record hangs on: the last one's number, and its line's hash."""

    seq: int = 0
    digest: str = FIRST


@dataclass(slots=True)
class ChainReport:
    """What a check found: `broken_at` is a line's number, from 1, None where the chain is whole.

    `notes` tell what is no fault: records that a crash or a full disk left half-written.
    """

    records: int = 0
    broken_at: int | None = None
    why: str = ""
    notes: list[str] = field(default_factory=list)


def digest(data: bytes) -> str:
    """Give the SHA-256 of a line, without its end, in hex."""
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
    """Say what the record after this line hangs on."""
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
