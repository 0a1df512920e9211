"""TLS contexts: which certificate is trusted, by each kind of trust, and which one is presented.

A pin is checked inside the handshake: another certificate ends it before a byte of HTTP. The
client's own certificate is read from files that no other user reads.
"""

import os
import ssl
import stat
from functools import lru_cache
from pathlib import Path
from typing import NoReturn

from tui.api.errors import Unreachable
from tui.api.tls.certificate import fingerprint
from tui.model.trust import (
    AuthorityTrust,
    ClientCertificate,
    NoTrust,
    PinnedTrust,
    SystemTrust,
    Trust,
)
from tui.storage.private_files import secret_file_fault


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


class PinMismatch(ssl.SSLCertVerificationError):
    """The peer presents another certificate than the pinned one; both are SHA-256 in hex."""

    def __init__(self, expected: str, got: str, der: bytes = b"") -> None:
        super().__init__(1, f"expected sha256:{expected}, got sha256:{got}")
        self.expected = expected
        self.got = got
        self.der = der


def pinned_handshake(sha256: str) -> type[ssl.SSLObject]:
    """Return a connection class that ends the handshake with any peer but the pinned one.

    So an impostor sees no byte of HTTP, and an expired certificate that is pinned still works.
    """

    class PinnedObject(ssl.SSLObject):
        def do_handshake(self) -> None:
            super().do_handshake()
            presented = self.getpeercert(binary_form=True) or b""
            got = fingerprint(presented)
            if got != sha256:
                raise PinMismatch(sha256, got, presented)

    return PinnedObject


def context_for(trust: Trust, shown: ClientCertificate | None = None) -> ssl.SSLContext:
    """Return the one context for a kind of trust, which presents `shown` when asked.

    Raises Unreachable if a file that it needs cannot be read.
    """
    return _context(
        trust, shown, (_stamp(trust), () if shown is None else client_certificate_stamps(shown))
    )


def _stamp(trust: Trust) -> object:
    """Return what changes when the authority's file does: a renewed one is read again."""
    if not isinstance(trust, AuthorityTrust):
        return None
    try:
        status = trust.ca_file.stat()
    except OSError:
        return None  # reading it says why
    return status.st_ino, status.st_size, status.st_mtime_ns


@lru_cache(maxsize=64)
def _context(trust: Trust, shown: ClientCertificate | None, _: object) -> ssl.SSLContext:
    """Build a context, once: loading a machine's authorities takes 34 ms.

    Not `ssl.create_default_context`: that reads SSLKEYLOGFILE, and Python 3.13's is STRICT, which
    refuses authorities that 3.11 and 3.12 accept.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    match trust:
        case SystemTrust():
            _believe_this_machine(context)
        case AuthorityTrust(ca_file, place):
            try:
                context.load_verify_locations(ca_file)
            except (OSError, ssl.SSLError) as error:
                raise Unreachable(
                    f"{place}: the CA file cannot be read: {_ca_file_reason(error)}",
                    "set ca_file to a PEM file of the authority",
                ) from error
        case PinnedTrust(sha256):
            _uncheck(context)
            context.sslobject_class = pinned_handshake(sha256.lower())
        case NoTrust():
            _uncheck(context)
    if shown is not None:
        load_client_certificate(context, shown)
    if trust.server_name:
        _set_server_name(context, trust.server_name)
    return context


def _set_server_name(context: ssl.SSLContext, name: str) -> None:
    """Let every handshake send and check this name, whatever host was connected to.

    httpcore's `sni_hostname` does not reach a connection through a proxy.
    """
    wrap_bio = context.wrap_bio

    def wrap_with_name(
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,  # noqa: ARG001 - replaced
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        return wrap_bio(incoming, outgoing, server_side, name, session)

    # On the object, not by a subclass: anyio moves a subclass's handshake into a thread.
    context.wrap_bio = wrap_with_name  # type: ignore[method-assign]  # see above


def _ca_file_reason(error: OSError) -> str:
    """Return why a CA file cannot be read; of OpenSSL's errors, the words without its path."""
    if isinstance(error, ssl.SSLError):
        return "it holds no PEM certificate"
    return error.strerror or "unknown"


def _believe_this_machine(context: ssl.SSLContext) -> None:
    """Load the authorities from where this OpenSSL was built to look.

    `load_default_certs` would look where SSL_CERT_FILE and SSL_CERT_DIR say, so that a
    variable would decide who is believed. A profile that wants other authorities names a ca_file.
    """
    places = ssl.get_default_verify_paths()
    file, folder = Path(places.openssl_cafile), Path(places.openssl_capath)
    if file.is_file() or folder.is_dir():
        context.load_verify_locations(
            file if file.is_file() else None, folder if folder.is_dir() else None
        )


def _uncheck(context: ssl.SSLContext) -> None:
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
