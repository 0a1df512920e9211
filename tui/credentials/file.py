"""A password from a file that no other user can read."""

import asyncio
import os

from tui.concurrency import run_in_thread
from tui.config import FileSource, NodeProfile
from tui.credentials.secret import CredentialError, Raw, Secret, secret_from
from tui.storage.private_files import secret_file_fault


async def from_file_within(profile: NodeProfile, file: FileSource, limit: float) -> Secret:
    """Read a password file in at most `limit` seconds; raises CredentialError.

    It may lie on a network disk that hangs.
    """
    try:
        async with asyncio.timeout(limit):
            return await run_in_thread((profile.name, file), lambda: from_file(profile, file))
    except TimeoutError:
        source = profile.origin.place("password_file")
        reason = f"it could not be read within {limit:g} s"
        raise CredentialError(profile, source, reason, "is its disk there?") from None


def from_file(profile: NodeProfile, file: FileSource) -> Secret:
    """Read a password file; a link is followed and its target checked. Raises CredentialError."""
    source = profile.origin.place("password_file")
    try:
        # Not blocking: opening a FIFO would wait for a writer.
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
        handle = os.open(file.path, flags)
    except OSError as error:
        raise CredentialError(
            profile, source, f"it cannot be opened: {error.strerror}", "fix it or name another"
        ) from None
    try:
        fault = secret_file_fault(handle)
        if fault is not None:
            raise CredentialError(profile, source, *fault)
        raw = Raw()
        while raw.add(os.read(handle, raw.room)):
            pass
    except OSError as error:
        raise CredentialError(
            profile, source, f"it cannot be read: {error.strerror}", "fix it or name another"
        ) from None
    finally:
        os.close(handle)
    return secret_from(profile, source, raw)
