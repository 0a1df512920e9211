"""Refused logins of earlier commands: one that a scheduler runs each minute must not lock its user.

Five failed logins within 900 s lock a user for half an hour (Redis Software, login lockout), and a
process knows of its own alone. So the refusals of a login that was stopped are kept in a file:
when, of which user, by which cluster; nothing of the password. A node that takes the login removes
what its cluster refused.
"""

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

from tui.storage.private_files import StorageError, opened_file, opened_folder, storage_errors

WINDOW = 900.0
"""Seconds for which a failed login counts."""

UNATTENDED_AT_MOST = 2
"""After how many refusals a command without a terminal sends the password no more."""

ATTENDED_AT_MOST = 3
"""The same on a terminal: another try may cost two, and five lock the user."""

_NAME = "refused-logins.json"
_LONGEST = 64 * 1024

_Refusal = tuple[float, str, str]
"""The wall clock (Unix seconds), the user, and the cluster, or the address of a node without."""


class RefusedLogins:
    """The refusals that still count, in a file of `folder`; `limit` is how many block a login.

    What this process adds blocks later ones, and never itself: it counts its own. Where the file
    cannot be read or written, none is known. `clock` gives Unix seconds.
    """

    def __init__(self, folder: Path, *, limit: int, clock: Callable[[], float] = time.time) -> None:
        self._path = folder / _NAME
        self._limit = limit
        self._clock = clock
        self._earlier: list[_Refusal] | None = None
        self._known: set[tuple[str, str]] = set()

    def blocked(self, user: str, place: str) -> tuple[int, float]:
        """Return how many refusals block a login and for how many seconds; 0 where none do."""
        if self._earlier is None:
            self._earlier = self._read()
            self._known |= {(user, place) for _, user, place in self._earlier}
        times = sorted(at for at, *key in self._earlier if key == [user, place])
        if len(times) < self._limit:
            return 0, 0.0
        return len(times), max(0.0, times[-self._limit] + WINDOW - self._clock())

    def add(self, user: str, place: str) -> None:
        """Keep a refusal of now."""
        self._known.add((user, place))
        self._update(lambda kept: [*kept, (self._clock(), user, place)])

    def remove(self, user: str, place: str) -> None:
        """Remove what was refused, since the login is taken."""
        if (user, place) in self._known:
            self._known.discard((user, place))
            self._update(lambda kept: [one for one in kept if one[1:] != (user, place)])

    def _read(self) -> list[_Refusal]:
        with (
            contextlib.suppress(StorageError),
            opened_folder(self._path.parent, make=False) as folder,
            opened_file(folder, self._path, os.O_RDONLY) as file,
            storage_errors(self._path),
        ):
            return self._parsed(os.read(file, _LONGEST))
        return []

    def _update(self, change: Callable[[list[_Refusal]], list[_Refusal]]) -> None:
        with (
            contextlib.suppress(StorageError),
            opened_folder(self._path.parent, make=True) as folder,
            opened_file(folder, self._path, os.O_RDWR | os.O_CREAT) as file,
            storage_errors(self._path),
        ):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            kept = change(self._parsed(os.read(file, _LONGEST)))
            os.ftruncate(file, 0)
            os.pwrite(file, json.dumps(kept).encode("ascii"), 0)

    def _parsed(self, data: bytes) -> list[_Refusal]:
        """Return the refusals of a file that still count; what is none is left out."""
        try:
            raw = json.loads(data)
        except ValueError:
            return []
        now, found = self._clock(), list[_Refusal]()
        for one in raw if isinstance(raw, list) else ():
            match one:
                case [int() | float() as at, str() as user, str() as place]:
                    if now - WINDOW < at <= now:
                        found.append((float(at), user, place))
        return found
