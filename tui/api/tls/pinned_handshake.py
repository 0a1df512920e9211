"""The pin, checked inside the handshake: another certificate ends it before a byte of HTTP."""

import ssl

from tui.api.tls.certificate import fingerprint


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
