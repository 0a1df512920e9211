"""A password from the desktop's keyring."""

import asyncio
import contextlib
import shlex
import threading
from types import TracebackType
from typing import Self

from tui.config import NodeProfile
from tui.credentials.secret import CredentialError, Raw, Secret, secret_from
from tui.model.text import clean


class _Answer:
    """What the keyring's thread came to: a password, None, or the kind of its exception.

    As a context manager it takes any exception, since a backend may raise what it likes, and
    keeps its type alone, since the words may hold anything.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.password: object = None
        self.trouble: frozenset[str] = frozenset()
        self.kind = ""
        self.done = asyncio.Event()
        self._loop = loop

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        _trace: TracebackType | None,
    ) -> bool:
        if kind is not None:
            self.kind = clean(kind.__name__)
            self.trouble = frozenset(one.__name__ for one in kind.__mro__)
            if isinstance(error, ModuleNotFoundError) and error.name == "keyring":
                self.trouble |= {"no keyring"}
        with contextlib.suppress(RuntimeError):  # the loop may be gone: nobody waits any more
            self._loop.call_soon_threadsafe(self.done.set)
        return True


def _ask_keyring(answer: _Answer, service: str, username: str) -> None:
    with answer:
        import keyring

        answer.password = keyring.get_password(service, username)


async def from_keyring(profile: NodeProfile, limit: float) -> Secret:
    """Ask the keyring for `rsdeck:URL` and the user, for at most `limit` seconds.

    Raises CredentialError.
    """
    service = f"rsdeck:{profile.url}"
    answer = _Answer(asyncio.get_running_loop())
    # A locked keyring may wait for ever for a dialog that nobody sees; a daemon thread can be left.
    threading.Thread(
        target=_ask_keyring, args=(answer, service, profile.username), daemon=True
    ).start()
    try:
        async with asyncio.timeout(limit):
            await answer.done.wait()
    except TimeoutError:
        reason, hint = f"it did not answer within {limit:g} s", "unlock it, then try again"
        raise CredentialError(profile, "keyring", reason, hint) from None
    if answer.kind:
        raise CredentialError(profile, "keyring", *_keyring_trouble(answer))
    if not answer.password:
        words = shlex.join(["keyring", "set", service, profile.username])
        raise CredentialError(profile, "keyring", "it holds no such password", f"run: {words}")
    if not isinstance(answer.password, str):
        answer.kind = clean(type(answer.password).__name__)
        raise CredentialError(profile, "keyring", *_keyring_trouble(answer))
    raw = Raw(answer.password.encode("utf-8", "surrogatepass"))
    return secret_from(profile, "keyring", raw)


def _keyring_trouble(answer: _Answer) -> tuple[str, str]:
    """Give the reason and what to do about it."""
    other = "use password_command or password_file instead"
    if "no keyring" in answer.trouble:
        return "the keyring package is not installed", "run: pip install 'rsdeck[keyring]'"
    if "NoKeyringError" in answer.trouble:
        return "this machine has no keyring that can be used", other
    if answer.trouble & {"KeyringLocked", "InitError"}:
        return "it is locked", "unlock it, then try again"
    return f"it failed ({answer.kind})", other
