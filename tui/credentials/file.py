"""A password from a file that no other user can read."""

import asyncio
import os
import shlex
import stat

from tui.concurrency import run_in_thread
from tui.config import FileSource, NodeProfile
from tui.credentials.secret import CredentialError, Raw, Secret, secret_from
from tui.storage.private_files import path_text


async def from_file_within(profile: NodeProfile, file: FileSource, limit: float) -> Secret:
    """Read a password file in at most `limit` seconds; raises CredentialError.

    It may lie on a network disk that hangs.
    """
    try:
        async with asyncio.timeout(limit):
            return await run_in_thread((profile.name, file), lambda: from_file(profile, file))
    except TimeoutError:
        source = f"password file {path_text(file.path)}"
        reason = f"it could not be read within {limit:g} s"
        raise CredentialError(profile, source, reason, "is its disk there?") from None


def from_file(profile: NodeProfile, file: FileSource) -> Secret:
    """Read a password file; a link is followed and its target checked. Raises CredentialError."""
    path = path_text(file.path)
    source = f"password file {path}"
    try:
        # Not blocking: opening a FIFO would wait for a writer.
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
        handle = os.open(file.path, flags)
    except OSError as error:
        raise CredentialError(
            profile, source, f"it cannot be opened: {error.strerror}", "mend it or name another"
        ) from None
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise CredentialError(profile, source, "it is not a plain file", "name a plain file")
        if status.st_uid not in {os.geteuid(), 0}:
            raise CredentialError(
                profile, source, "it belongs to another user", "use a file of your own"
            )
        if status.st_mode & 0o077:
            hint = f"run: chmod 600 {shlex.quote(path_text(file.path))}"
            raise CredentialError(profile, source, "others may read or write it", hint)
        raw = Raw()
        while raw.add(os.read(handle, raw.room)):
            pass
    except OSError as error:
        raise CredentialError(
            profile, source, f"it cannot be read: {error.strerror}", "mend it or name another"
        ) from None
    finally:
        os.close(handle)
    return secret_from(profile, source, raw)
