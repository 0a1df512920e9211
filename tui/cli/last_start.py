"""What the last start found out, so that the next one can show its first frame at once.

Reading a configuration strictly takes longer than a first frame may. Where none of the files that
decided the last start has changed since, this one is decided as well, and only the names and
colours that are painted are needed. Nothing else is taken from here: the configuration is read
again, strictly, behind the frame.
"""

from __future__ import annotations

import os
import stat

from tui import __version__
from tui.storage.xdg import user_folder
from tui.ui.terminal.skeleton import Ground

TYPE_CHECKING = False  # as typing has it, whose import takes longer than a first frame may
if TYPE_CHECKING:
    from collections.abc import Sequence

_NAME = "last-start"
_AT_MOST = 1 << 18
_FIRST_LINE = f"rsdeck {__version__}, for the first frame of the next start"


class Start:
    """What is known of a start: the names of the profiles, and the ground of the theme."""

    def __init__(self, names: Sequence[str], ground: Ground) -> None:
        self.names = tuple(names)
        self.ground = ground


def remembered(config: str) -> Start | None:
    """Return what the last start found out, if it was of this configuration and would be again.

    None where a file has changed since, and where there is nothing that can be read.
    """
    lines = _lines()
    try:
        end = lines.index("")
        foreground, background, panel = lines[end + 1].split()
    except (ValueError, IndexError):
        return None
    states = lines[1:end]
    if (
        lines[0] != _FIRST_LINE
        or not states
        or states[0] != file_state(config)
        or any(state != file_state(state.partition(" ")[2]) for state in states)
    ):
        return None
    names = lines[end + 2 :]
    if not all(name.isascii() and name.isprintable() for name in names):
        return None
    return Start(names, Ground(foreground, background, panel))


def remember(start: Start, files: Sequence[str]) -> None:
    """Keep what this start found out, decided by `files`, that of the configuration first.

    Nothing is kept where the state folder cannot be used, or a path could not be written as a line.
    """
    from pathlib import Path

    from tui.storage.paths import state_dir
    from tui.storage.private_files import StorageError, opened_file, opened_folder

    ground = start.ground
    text = "\n".join(
        (
            _FIRST_LINE,
            *map(file_state, files),
            "",
            f"{ground.foreground} {ground.background} {ground.panel}",
            *start.names,
        )
    )
    if any("\n" in path for path in files):
        return
    path = Path(state_dir() / _NAME)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    try:
        with (
            opened_folder(path.parent, make=True) as folder,
            opened_file(folder, path, flags) as to,
        ):
            os.write(to, text.encode("utf-8", "surrogateescape"))
    except (StorageError, OSError):
        pass  # the next start takes longer to its first frame


def file_state(path: str) -> str:
    """Return a line that is another one once the file has changed; also for one that is missing."""
    try:
        at = os.stat(path)  # noqa: PTH116 - pathlib takes long
    except OSError:
        return f"missing {path}"
    numbers = (
        at.st_dev, at.st_ino, at.st_mode, at.st_uid, at.st_size, at.st_mtime_ns, at.st_ctime_ns
    )  # fmt: skip
    return f"{','.join(map(str, numbers))} {path}"


def _lines() -> list[str]:
    """Return the lines that were kept, of a file of this user's own; else one empty line."""
    folder = user_folder("state", os.environ)
    try:
        file = os.open(
            f"{folder}/{_NAME}", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        )
    except OSError:
        return [""]
    try:
        at = os.fstat(file)
        own = stat.S_ISREG(at.st_mode) and at.st_uid == os.geteuid() and not at.st_mode & 0o077
        text = os.read(file, _AT_MOST) if own else b""
    finally:
        os.close(file)
    return text.decode("utf-8", "surrogateescape").split("\n")
