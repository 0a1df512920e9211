"""The certificate that the client presents, read from files that no other user reads."""

import os
import ssl
import stat
from pathlib import Path
from typing import NoReturn

from tui.api.errors import Unreachable
from tui.model.trust import ClientCertificate
from tui.storage.secret_file import secret_file_fault


class _Passphrase(Exception):
    """The key is locked; OpenSSL would ask for its passphrase on the terminal."""


def client_certificate_stamps(shown: ClientCertificate) -> tuple[tuple[int, int, int], ...]:
    """Return what changes when one of the files is renewed. Raises Unreachable."""
    return (
        _file_stamp(shown.certificate, shown.certificate_place),
        _file_stamp(shown.key, shown.key_place),
    )


def _file_stamp(path: Path, place: str) -> tuple[int, int, int]:
    try:
        status = path.stat()
    except OSError as error:
        raise _unreadable(place, error.strerror or "") from error
    return status.st_ino, status.st_size, status.st_mtime_ns


def load_client_certificate(context: ssl.SSLContext, shown: ClientCertificate) -> None:
    """Load the certificate that a context presents when asked. Raises Unreachable."""
    is_same = shown.certificate == shown.key
    _check(shown.certificate, shown.certificate_place, secret=is_same)
    _check(shown.key, shown.key_place, secret=True)
    certificate, key = shown.certificate_place, shown.key_place
    try:
        context.load_cert_chain(shown.certificate, shown.key, password=_locked)
    except _Passphrase:
        raise Unreachable(
            f"the client's key ({key}) is locked with a passphrase; rsdeck does not prompt for it",
            "unlock it into a file of your own: (umask 077; openssl pkey -in KEY -out NEW), "
            "and set client_key to NEW",
        ) from None
    except ssl.SSLError as error:
        if "KEY_VALUES_MISMATCH" in (error.reason or ""):
            raise Unreachable(
                f"the client's key ({key}) does not belong to its certificate ({certificate})",
                "set client_cert and client_key to a pair",
            ) from error
        raise Unreachable(
            f"the client's certificate ({certificate}) or its key ({key}) is no PEM file",
            "set client_cert to a PEM certificate and client_key to its PEM key",
        ) from error
    except OSError as error:
        raise _unreadable(key, error.strerror or "") from error


def _locked() -> NoReturn:
    raise _Passphrase


def _check(path: Path, place: str, *, secret: bool) -> None:
    """Raise Unreachable unless it is a plain file; a `secret` one is read by no other user."""
    try:
        # Not blocking: opening a FIFO would wait for a writer.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError as error:
        raise _unreadable(place, error.strerror or "") from error
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise _unreadable(place, "it is not a plain file")
        fault = secret_file_fault(handle) if secret else None
    finally:
        os.close(handle)
    if fault is not None:
        reason, hint = fault
        raise Unreachable(f"the client's key ({place}): {reason}", hint)


def _unreadable(place: str, why: str) -> Unreachable:
    return Unreachable(
        f"{place}: the file cannot be read: {why or 'unknown'}",
        "set client_cert and client_key to PEM files of yours",
    )
