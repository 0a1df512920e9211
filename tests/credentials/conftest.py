import io
import logging
import traceback
from pathlib import Path

from tui.config import AskSource, NodeProfile, PasswordSource
from tui.credentials import CredentialError
from tui.model.trust import SystemTrust

CANARY = "hunter2-canary"

ERRORS = """
class KeyringError(Exception): pass
class KeyringLocked(KeyringError): pass
class InitError(KeyringError): pass
class NoKeyringError(KeyringError, RuntimeError): pass
"""


def profile(
    source: PasswordSource | None = None,
    name: str = "n1",
    *,
    url: str = "https://db1:9443",
    username: str = "op@example.com",
    cluster: str = "",
) -> NodeProfile:
    return NodeProfile(name, url, username, source or AskSource(), SystemTrust(), cluster)


def everything_about(error: BaseException) -> str:
    """Write down an error in every way in which it may come to be seen, locals and all."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logger = logging.Logger("test")
    logger.addHandler(handler)
    logger.error("it failed: %s %r", error, error.args, exc_info=error)
    traced = traceback.TracebackException.from_exception(error, capture_locals=True)
    one: BaseException | None = error
    while one is not None:
        # A suppressed context is kept all the same.
        more = traceback.TracebackException.from_exception(one, capture_locals=True)
        stream.write("".join(more.format()))
        one = one.__context__
    return "".join((str(error), repr(error), str(vars(error)), *traced.format(), stream.getvalue()))


def check_silence(error: CredentialError, *secrets: str) -> None:
    """Check that an error shows no secret and is one line with what to do."""
    text = everything_about(error)
    # The tests' own frames hold the canary: only those of the program count.
    own = str(Path(__file__).parent)
    frames = text.split('  File "')
    text = "".join(frame for frame in frames if not frame.startswith(own))
    for secret in (CANARY, *secrets):
        assert secret not in text
        assert secret.encode().hex() not in text
    assert "\n" not in str(error)
    assert str(error).startswith(f"{error.node}: {error.source}: {error.reason}; ")
    assert error.hint


def write_keyring(folder: Path, body: str) -> None:
    """Write a pretended keyring package whose get_password has this body."""
    package = folder / "keyring"
    package.mkdir(exist_ok=True)
    (package / "errors.py").write_text(ERRORS, encoding="utf-8")
    (package / "__init__.py").write_text(
        "import sys, threading, time\nfrom keyring import errors\nasked = []\n"
        "def get_password(service, username):\n"
        f"    asked.append((service, username))\n    {body}\n",
        encoding="utf-8",
    )
