"""Mutual TLS: the certificate and key that this side shows of itself."""

import os
import shlex
import ssl
import stat
from pathlib import Path
from typing import NoReturn

from tui.api.errors import Unreachable
from tui.model.text import clean
from tui.model.trust import ClientCertificate

_LONGEST_PATH = 4096


class _Passphrase(Exception):
    """The key is locked; OpenSSL would ask for its passphrase on the terminal."""


def stamps(mine: ClientCertificate) -> tuple[tuple[int, int, int], ...]:
    """Give what changes when one of the files is renewed. Raises Unreachable."""
    return tuple(_stamp(path) for path in (mine.certificate, mine.key))


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        status = path.stat()
    except OSError as error:
        raise _cannot(path, error.strerror or "") from error
    return status.st_ino, status.st_size, status.st_mtime_ns


def show(context: ssl.SSLContext, mine: ClientCertificate) -> None:
    """Make a context show this certificate to who asks for one. Raises Unreachable."""
    _check(mine.certificate, secret=mine.certificate == mine.key)
    _check(mine.key, secret=True)
    key = _name(mine.key)
    try:
        context.load_cert_chain(mine.certificate, mine.key, password=_locked)
    except _Passphrase:
        path = clean(shlex.quote(str(mine.key)), _LONGEST_PATH)
        raise Unreachable(
            f"the client's key {key} is locked with a passphrase, which rsdeck does not ask for",
            f"unlock it into a file of your own: (umask 077; openssl pkey -in {path} -out NEW), "
            "and name that one as client_key",
        ) from None
    except ssl.SSLError as error:
        if "KEY_VALUES_MISMATCH" in (error.reason or ""):
            raise Unreachable(
                f"the client's key {key} does not belong to its certificate "
                f"{_name(mine.certificate)}",
                "set client_cert and client_key to a pair",
            ) from error
        raise Unreachable(
            f"the client's certificate {_name(mine.certificate)} or its key {key} is no PEM file",
            "set client_cert to a PEM certificate and client_key to its PEM key",
        ) from error
    except OSError as error:
        raise _cannot(mine.key, error.strerror or "") from error


def _locked() -> NoReturn:
    raise _Passphrase


def _check(path: Path, *, secret: bool) -> None:
    """Raise Unreachable unless it is a plain file, and one that nobody else reads if `secret`."""
    try:
        # Not blocking: opening a FIFO would wait for a writer.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError as error:
        raise _cannot(path, error.strerror or "") from error
    try:
        status = os.fstat(handle)
    finally:
        os.close(handle)
    if not stat.S_ISREG(status.st_mode):
        raise _cannot(path, "it is not a plain file")
    if not secret:
        return
    if status.st_uid not in {os.geteuid(), 0}:
        raise Unreachable(
            f"the client's key {_name(path)} belongs to another user", "use a file of your own"
        )
    if status.st_mode & 0o077:
        hint = f"run: chmod 600 {clean(shlex.quote(str(path)), _LONGEST_PATH)}"
        raise Unreachable(f"others may read or write the client's key {_name(path)}", hint)


def _cannot(path: Path, why: str) -> Unreachable:
    return Unreachable(
        f"the file {_name(path)} cannot be read: {why or 'unknown'}",
        "set client_cert and client_key to PEM files of yours",
    )


def _name(path: Path) -> str:
    return clean(str(path), _LONGEST_PATH)
