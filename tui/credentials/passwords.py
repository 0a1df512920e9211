"""Every password of a session, each read once."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING

from tui.config import (
    AskSource,
    CommandSource,
    EnvironmentSource,
    FileSource,
    KeyringSource,
    NodeProfile,
)
from tui.credentials.command import from_command
from tui.credentials.environment import from_environment, take_variable
from tui.credentials.file import from_file_within
from tui.credentials.keyring import from_keyring
from tui.credentials.secret import PasswordNeeded, Secret

if TYPE_CHECKING:
    from tui.credentials.refused_logins import RefusedLogins


class Passwords:
    """Reads each source once and remembers, in memory, what it gave.

    The variables of all `profiles` are removed from the environment now,
    so that no password command of one node sees the password of another. The limits are seconds.
    `refused` keeps the refusals of logins over processes, where it is given.
    """

    def __init__(
        self,
        profiles: Iterable[NodeProfile] = (),
        *,
        command_limit: float = 10.0,
        keyring_limit: float = 3.0,
        file_limit: float = 5.0,
        refused: RefusedLogins | None = None,
    ) -> None:
        self.refused = refused
        self._kept: dict[Hashable, Secret] = {}
        self._locks: dict[Hashable, asyncio.Lock] = {}
        self._command_limit = command_limit
        self._keyring_limit = keyring_limit
        self._file_limit = file_limit
        self.take_variables(profiles)

    def take_variables(self, profiles: Iterable[NodeProfile]) -> None:
        """Remove the variables of more profiles from the environment, and keep their values."""
        for profile in profiles:
            if isinstance(profile.password, EnvironmentSource):
                take_variable(profile.password.variable)

    async def read(self, profile: NodeProfile) -> Secret:
        """Return the password of a profile; its source is read the first time.

        Raises CredentialError, PasswordNeeded if a person has to type it.
        """
        if not profile.username:
            return Secret("")  # a client certificate is the login, and nothing else is sent
        key = _key(profile)
        while True:
            lock = self._locks.setdefault(key, asyncio.Lock())
            async with lock:
                if self._locks.get(key) is not lock:
                    continue  # forgotten while this waited
                if key not in self._kept:
                    secret = await self._fetch(profile)
                    if self._locks.get(key) is not lock:
                        return secret  # forgotten meanwhile: what is read from now on counts
                    self._kept[key] = secret
                return self._kept[key]

    def has(self, profile: NodeProfile) -> bool:
        """Whether `read` would answer without its source."""
        return not profile.username or _key(profile) in self._kept

    def keep(self, profile: NodeProfile, secret: Secret) -> None:
        """Remember a password that was typed."""
        self.forget(profile)
        self._kept[_key(profile)] = secret

    def forget(self, profile: NodeProfile) -> None:
        """Read the source again next time; a variable still answers, though read only once.

        What a reading that is under way gives is not remembered.
        """
        key = _key(profile)
        self._kept.pop(key, None)
        self._locks.pop(key, None)

    async def _fetch(self, profile: NodeProfile) -> Secret:
        match profile.password:
            case EnvironmentSource(variable):
                return from_environment(profile, variable)
            case CommandSource(argv):
                return await from_command(profile, argv, self._command_limit)
            case FileSource():
                return await from_file_within(profile, profile.password, self._file_limit)
            case KeyringSource():
                return await from_keyring(profile, self._keyring_limit)
            case AskSource():
                raise PasswordNeeded(
                    profile,
                    "no password yet",
                    "its profile names no source",
                    "type it when prompted",
                )


def _key(profile: NodeProfile) -> Hashable:
    """Return the key of a password: the keyring and a person hold one for each node or group."""
    match profile.password:
        case KeyringSource():
            return ("keyring", profile.url, profile.username)
        case AskSource():
            return ("ask", profile.cluster or profile.url, bool(profile.cluster), profile.username)
        case source:
            return source
