"""A password from the desktop's keyring."""

import asyncio
import shlex

from tui.concurrency import run_in_thread
from tui.config import NodeProfile
from tui.credentials.secret import CredentialError, Raw, Secret, secret_from
from tui.model.dataclass import dataclass
from tui.model.text import clean


@dataclass(frozen=True, slots=True)
class _KeyringFailure:
    """The type of what the keyring raised; `kinds` are the names of the type and its bases.

    The exception itself is not kept: its words and its frames may hold the password.
    """

    name: str
    kinds: frozenset[str] = frozenset()
    lacks_package: bool = False


def _ask_keyring(service: str, username: str) -> object:
    """Return what the keyring holds, or the failure that came of it.

    A boundary: a keyring's backend is foreign code and may raise anything. It becomes the failure
    that the caller reports, so nothing is lost but words that must not be shown.
    """
    try:
        import keyring

        return keyring.get_password(service, username)
    except BaseException as error:  # noqa: BLE001 - a backend raises what it likes; see above
        return _KeyringFailure(
            clean(type(error).__name__),
            frozenset(kind.__name__ for kind in type(error).__mro__),
            isinstance(error, ModuleNotFoundError) and error.name == "keyring",
        )


async def from_keyring(profile: NodeProfile, limit: float) -> Secret:
    """Return the password of `rsdeck:URL` and the user, within `limit` seconds.

    Raises CredentialError. A locked keyring may wait for ever for a dialog that was not seen; its
    thread is left behind then.
    """
    service = f"rsdeck:{profile.url}"
    try:
        async with asyncio.timeout(limit):
            answer = await run_in_thread(
                ("keyring", service, profile.username),
                lambda: _ask_keyring(service, profile.username),
            )
    except TimeoutError:
        reason, hint = f"it did not answer within {limit:g} s", "unlock it, then try again"
        raise CredentialError(profile, "keyring", reason, hint) from None
    if isinstance(answer, _KeyringFailure):
        raise CredentialError(profile, "keyring", *_failure_text(answer))
    if not answer:
        words = shlex.join(["keyring", "set", service, profile.username])
        raise CredentialError(profile, "keyring", "it holds no such password", f"run: {words}")
    if not isinstance(answer, str):
        kind = type(answer).__name__
        del answer
        raise CredentialError(profile, "keyring", *_failure_text(_KeyringFailure(clean(kind))))
    raw = Raw(answer.encode("utf-8", "surrogatepass"))
    del answer
    return secret_from(profile, "keyring", raw)


def _failure_text(failure: _KeyringFailure) -> tuple[str, str]:
    """Return the reason and what to do about it."""
    other = "use password_command or password_file instead"
    if failure.lacks_package:
        return "the keyring package is not installed", "run: pip install 'rsdeck[keyring]'"
    if "NoKeyringError" in failure.kinds:
        return "this machine has no keyring that can be used", other
    if failure.kinds & {"KeyringLocked", "InitError"}:
        return "it is locked", "unlock it, then try again"
    return f"it failed ({failure.name})", other
