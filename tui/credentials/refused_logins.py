"""Refused logins of all commands and decks: those that run beside each other must not lock a user.

Five failed logins within 900 s lock a user for half an hour (Redis Software, login lockout), and a
process knows of its own alone. So the refusals of a login that was stopped are kept in a file:
when, of which user, by which cluster; nothing of the password. Who takes the login removes what
its cluster refused.
"""

import asyncio
import contextlib
import fcntl
import json
import os
import time
from collections.abc import Callable, Container
from concurrent.futures import Future, wait
from pathlib import Path

from tui.storage.background_writer import BackgroundWriter, SlowDisk
from tui.storage.private_files import (
    MissingFile,
    StorageError,
    opened_file,
    opened_folder,
    storage_errors,
)

WINDOW = 900.0
"""Seconds for which a failed login counts."""

_NAME = "refused-logins.json"
_LONGEST = 64 * 1024
_FAREWELL = 0.5

RefusedLogin = tuple[float, str, str]
"""The wall clock (Unix seconds), the user, and the cluster, or the address of a node without."""


class RefusedLogins:
    """The refusals that still count, in a file of `folder`.

    With a `writer` the disk is never waited for, but by `others` for at most `patience` seconds.
    `is_attended` if a person may act on a refusal. `clock` gives Unix seconds.
    """

    def __init__(
        self,
        folder: Path,
        *,
        is_attended: bool,
        writer: BackgroundWriter | None = None,
        clock: Callable[[], float] = time.time,
        patience: float = 1.0,
    ) -> None:
        self.is_attended = is_attended
        self._path = folder / _NAME
        self._writer = writer
        self._clock = clock
        self._patience = patience
        self._newest: dict[tuple[str, str], float] = {}
        self._reading: Future[list[RefusedLogin]] | None = None
        self._last_write: Future[None] | None = None

    async def others(
        self, user: str, place: str, besides: Container[RefusedLogin] = ()
    ) -> list[float] | None:
        """Return how many seconds ago each login was refused, but for those `besides`.

        None if that is not known, since the file cannot be read now.
        """
        try:
            found = await self._read_beside()
        except StorageError:
            return None
        for one in found:
            self._note(*one)
        now = self._clock()
        return [now - one[0] for one in found if one[1:] == (user, place) and one not in besides]

    def add(self, user: str, place: str) -> RefusedLogin:
        """Keep a refusal of now, and return it."""
        refusal = (self._clock(), user, place)
        self._note(*refusal)
        self._update(lambda kept: [*kept, refusal])
        return refusal

    def remove(self, user: str, place: str, *, sent_ago: float = 0.0) -> None:
        """Remove what was refused until a login was sent, so many seconds ago, that is taken."""
        newest = self._newest.get((user, place))
        if newest is None:
            return
        until = self._clock() - sent_ago
        if newest <= until:
            del self._newest[user, place]
        self._update(
            lambda kept: [one for one in kept if one[1:] != (user, place) or one[0] > until]
        )

    def _note(self, at: float, user: str, place: str) -> None:
        self._newest[user, place] = max(at, self._newest.get((user, place), at))

    def end(self, within: float = _FAREWELL) -> None:
        """Wait up to `within` seconds for what is still to be written, as the exit would not."""
        if self._last_write is not None:
            wait([self._last_write], timeout=within)

    async def _read_beside(self) -> list[RefusedLogin]:
        """Read the file; with a writer, all who wait share one reading."""
        if self._writer is None:
            return self._read()
        if self._reading is None or self._reading.done():
            self._reading = self._writer.put(self._read)
        try:
            async with asyncio.timeout(self._patience):
                return await asyncio.shield(asyncio.wrap_future(self._reading))
        except TimeoutError:
            raise SlowDisk("the disk did not answer in time") from None

    def _read(self) -> list[RefusedLogin]:
        """Return the refusals that count; none without a file. Raises StorageError."""
        with (
            contextlib.suppress(MissingFile),
            opened_folder(self._path.parent, make=False) as folder,
            opened_file(folder, self._path, os.O_RDONLY) as file,
            storage_errors(self._path),
        ):
            return self._parsed(os.read(file, _LONGEST))
        return []

    def _update(self, change: Callable[[list[RefusedLogin]], list[RefusedLogin]]) -> None:
        if self._writer is None:
            self._write(change)
        else:
            self._last_write = self._writer.put(lambda: self._write(change))
            self._reading = None  # what is read from now on contains the change

    def _write(self, change: Callable[[list[RefusedLogin]], list[RefusedLogin]]) -> None:
        with (
            contextlib.suppress(StorageError),
            opened_folder(self._path.parent, make=True) as folder,
            opened_file(folder, self._path, os.O_RDWR | os.O_CREAT) as file,
            storage_errors(self._path),
        ):
            fcntl.flock(file, fcntl.LOCK_EX | (0 if self._writer else fcntl.LOCK_NB))
            before = os.read(file, _LONGEST)
            data = json.dumps(change(self._parsed(before))).encode("ascii")
            # Padded, so that it is whole for who reads it or ends this process meanwhile.
            os.pwrite(file, data.ljust(len(before)), 0)
            os.ftruncate(file, len(data))

    def _parsed(self, data: bytes) -> list[RefusedLogin]:
        """Return the refusals of a file that still count; what is none is left out."""
        try:
            raw = json.loads(data)
        except ValueError:
            return []
        now, found = self._clock(), list[RefusedLogin]()
        for one in raw if isinstance(raw, list) else ():
            match one:
                case [int() | float() as at, str() as user, str() as place]:
                    if now - WINDOW < at <= now:
                        found.append((float(at), user, place))
        return found
