"""Whether a configuration file on disk is another one than before."""

from pathlib import Path

from tui.model.records import dataclass


@dataclass(frozen=True, slots=True)
class FileStamp:
    """What differs between two states of a file, known without reading it."""

    modified_ns: int
    size: int
    inode: int


def file_stamp(path: Path) -> FileStamp | None:
    """Return the stamp of the file that a path leads to; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return FileStamp(status.st_mtime_ns, status.st_size, status.st_ino)


class FileWatch:
    """Finds out from stamps, taken now and then, when a file is worth reading again."""

    def __init__(self) -> None:
        self._last: FileStamp | None = None
        self._known: FileStamp | None = None

    def is_new(self, stamp: FileStamp | None) -> bool:
        """Whether a file has changed, once for each change.

        Only where it has the same stamp as the time before: until then it may still be written.
        """
        is_steady, self._last = stamp == self._last, stamp
        if not is_steady or stamp == self._known:
            return False
        self._known = stamp
        return True
