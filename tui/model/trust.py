"""Which certificates are trusted: a node's profile holds it, `tui.api.tls.context` checks it.

`server_name` is the name or address that is sent to the node in the handshake, and that a
certificate of an authority must be made out to; empty: the URL's host.
"""

import re
from dataclasses import field
from pathlib import Path

from tui.model.dataclass import dataclass

_FINGERPRINT = re.compile(r"sha256:(?P<hex>[0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class SystemTrust:
    """The certificate authorities of this machine."""

    server_name: str = ""


@dataclass(frozen=True, slots=True)
class AuthorityTrust:
    """The certificate authorities in one PEM file.

    `place` is where the profile names it; messages have it in the place of the path, which may be
    a password written into the wrong key.
    """

    ca_file: Path = field(repr=False)
    place: str = field(default="ca_file", compare=False)
    server_name: str = ""


@dataclass(frozen=True, slots=True)
class PinnedTrust:
    """One certificate and no other; `sha256` is the digest of its DER form, 64 hex digits."""

    sha256: str
    server_name: str = ""

    def __str__(self) -> str:
        return f"sha256:{self.sha256}"


@dataclass(frozen=True, slots=True)
class NoTrust:
    """Any certificate, unchecked (`insecure = true`)."""

    server_name: str = ""


Trust = SystemTrust | AuthorityTrust | PinnedTrust | NoTrust


def parse_fingerprint(text: str) -> PinnedTrust:
    """Parse a fingerprint as people paste it: `sha256:…`, or openssl's `…=AA:BB:…`.

    Raises ValueError with what is expected.
    """
    bare = text.strip().lower()
    bare = bare.rpartition("=")[2]
    bare = bare.removeprefix("sha256:").replace(":", "").replace(" ", "")
    match = _FINGERPRINT.fullmatch(f"sha256:{bare}")
    if match is None:
        raise ValueError('a fingerprint is "sha256:" and 64 hexadecimal digits')
    return PinnedTrust(match["hex"])


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """The client's certificate and key in mutual TLS: two PEM files, or the same file twice.

    The places are where the profile names them, for messages, as in `AuthorityTrust`.
    """

    certificate: Path = field(repr=False)
    key: Path = field(repr=False)
    certificate_place: str = field(default="client_cert", compare=False)
    key_place: str = field(default="client_key", compare=False)


UNCHECKED_WORD = "INSECURE"
"""The word for a node whose certificate is not verified, where there is little room."""

UNCHECKED = f"{UNCHECKED_WORD}: certificate not verified"
"""The warning on every screen of such a node."""

UNCHECKED_BAR = "the certificate is not verified; give the profile a fingerprint or a ca_file"
"""Why such a node takes no orders."""
