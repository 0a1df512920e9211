"""The newest records of the journal, for a look at them."""

from collections import deque
from dataclasses import dataclass
from pathlib import Path

from tui.journal.folder import JournalError, Missing
from tui.journal.hash_chain import Record, open_record
from tui.journal.journal_file import Store
from tui.storage.private_files import shown


@dataclass(frozen=True, slots=True)
class Tail:
    """The records, the oldest first; `trouble` says why there are none, or not all of them."""

    records: tuple[Record, ...] = ()
    trouble: str = ""


def read_tail(folder: Path, count: int) -> Tail:
    """Read the newest `count` records in a folder; raises nothing. Blocks as long as the disk."""
    store = Store(folder)
    try:
        lines = deque(enumerate(store.lines(), 1), maxlen=count)
    except Missing:
        return Tail(trouble=f"there is no journal at {shown(store.path)}")
    except JournalError as error:
        return Tail(trouble=str(error))
    opened = [(number, open_record(line.removesuffix(b"\n"))) for number, line in lines]
    broken = [str(number) for number, record in opened if record is None]
    trouble = f"not as they were written: lines {', '.join(broken)}" if broken else ""
    return Tail(tuple(record for _, record in opened if record is not None), trouble)
