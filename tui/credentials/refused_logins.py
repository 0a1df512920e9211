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
from collections.abc import Callable, Container, Iterable
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

    With a `writer` the disk is waited for by `others` and `written` alone, for at most `patience`
    seconds. `is_attended` if a person may act on a refusal. `clock` gives Unix seconds. `trouble`
    is why the newest refusals are not in the file, empty where they are: they count in this
    process, and are written as soon as that is possible.
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
        self.trouble = ""
        self._path = folder / _NAME
        self._writer = writer
        self._clock = clock
        self._patience = patience
        self._newest: dict[tuple[str, str], float] = {}
        self._unwritten: list[RefusedLogin] = []
        self._found: list[RefusedLogin] = []
        self._reading: Future[list[RefusedLogin]] | None = None
        self._last_write: Future[None] | None = None

    async def others(
        self, user: str, place: str, besides: Container[RefusedLogin] = ()
    ) -> list[float] | None:
        """Return how many seconds ago each login was refused, but for those `besides`.

        Those that could not be written count too. None if nothing is known, since the file cannot
        be read now; where something was not written, what was read before counts with it.
        """
        if self._unwritten and (self._last_write is None or self._last_write.done()):
            self._update(lambda _: True)
        try:
            self._found = await self._read_beside()
        except StorageError:
            if not self._unwritten:
                return None
        found = [*self._found, *self._unwritten]
        for one in found:
            self._note(*one)
        now = self._clock()
        return [
            now - one[0]
            for one in found
            if one[1:] == (user, place) and one not in besides and self._counts(one, now)
        ]

    def add(self, user: str, place: str) -> RefusedLogin:
        """Keep a refusal of now, and return it."""
        refusal = (self._clock(), user, place)
        self._note(*refusal)
        self._unwritten.append(refusal)
        self._update(lambda _: True)
        return refusal

    def remove(self, user: str, place: str, *, sent_ago: float = 0.0) -> None:
        """Remove what was refused until a login was sent, so many seconds ago, that is taken."""
        newest = self._newest.get((user, place))
        if newest is None:
            return
        until = self._clock() - sent_ago
        if newest <= until:
            del self._newest[user, place]
        self._update(lambda one: one[1:] != (user, place) or one[0] > until)

    def _note(self, at: float, user: str, place: str) -> None:
        self._newest[user, place] = max(at, self._newest.get((user, place), at))

    async def written(self) -> None:
        """Wait until `trouble` says what came of what was to be written."""
        if self._last_write is not None:
            try:
                async with asyncio.timeout(self._patience):
                    await asyncio.shield(asyncio.wrap_future(self._last_write))
            except TimeoutError:
                self.trouble = "the disk did not answer in time"

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

    def _update(self, stays: Callable[[RefusedLogin], bool]) -> None:
        """Write what is not written yet, and of all only what `stays`."""
        if self._writer is None:
            self._write(stays)
        else:
            self._last_write = self._writer.put(lambda: self._write(stays))
            self._reading = None  # what is read from now on contains the change

    def _write(self, stays: Callable[[RefusedLogin], bool]) -> None:
        # The loop may add to these meanwhile, at their end.
        unwritten = self._unwritten[:]
        left = list(filter(stays, unwritten))
        try:
            self._write_file(stays, left)
        except StorageError as error:
            self.trouble = str(error)
        else:
            self.trouble, left = "", []
        self._unwritten[: len(unwritten)] = left

    def _write_file(
        self, stays: Callable[[RefusedLogin], bool], more: Iterable[RefusedLogin]
    ) -> None:
        with (
            opened_folder(self._path.parent, make=True) as folder,
            opened_file(folder, self._path, os.O_RDWR | os.O_CREAT) as file,
            storage_errors(self._path),
        ):
            fcntl.flock(file, fcntl.LOCK_EX | (0 if self._writer else fcntl.LOCK_NB))
            before = os.read(file, _LONGEST)
            kept = [one for one in (*self._parsed(before), *more) if stays(one)]
            data = json.dumps(kept).encode("ascii")
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
                    refusal = (float(at), user, place)
                    if self._counts(refusal, now):
                        found.append(refusal)
        return found

    def _counts(self, refusal: RefusedLogin, now: float) -> bool:
        return now - WINDOW < refusal[0] <= now
