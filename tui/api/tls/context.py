"""TLS contexts: which certificate is trusted, by each kind of trust."""

import ssl
from functools import lru_cache
from pathlib import Path

from tui.api.errors import Unreachable
from tui.api.tls.client_certificate import client_certificate_stamps, load_client_certificate
from tui.api.tls.pinned_handshake import pinned_handshake
from tui.model.trust import (
    AuthorityTrust,
    ClientCertificate,
    NoTrust,
    PinnedTrust,
    SystemTrust,
    Trust,
)


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
