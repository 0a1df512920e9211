"""A password in memory, and the errors of its sources."""

import hmac
from typing import NoReturn, SupportsIndex

from tui.config import NodeProfile

LIMIT = 4096
"""Longest password, in bytes, with its newline."""


class _Hidden:
    """Hold a value that no repr, local, log or pickle shows."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "***"

    def __format__(self, _spec: str) -> str:
        return "***"

    __hash__ = None  # type: ignore[assignment]  # a hash of a short secret reveals it

    def __reduce_ex__(self, _protocol: SupportsIndex) -> NoReturn:
        raise TypeError("a Secret is not copied or pickled")

    def __getstate__(self) -> NoReturn:
        raise TypeError("a Secret is not copied or pickled")


class Secret(_Hidden):
    """A password that only `reveal` returns: not in repr, locals, logs or pickles."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the password; called only where it is sent."""
        return self._text

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        mine, theirs = (
            secret.reveal().encode("utf-8", "surrogatepass") for secret in (self, other)
        )
        return hmac.compare_digest(mine, theirs)

    __hash__ = None


class Raw(_Hidden):
    """The bytes of a source, up to one more than a password may have, hidden like a password.

    Never a local of a function that may raise: a traceback can show locals.
    """

    __slots__ = ("_data",)

    def __init__(self, data: bytes = b"") -> None:
        self._data = data

    def add(self, data: bytes) -> bool:
        """Add bytes and return whether there were any and there is room for more."""
        self._data += data
        return bool(data) and self.room > 0

    @property
    def room(self) -> int:
        """How many bytes may still be added; 0 if it holds too much for a password."""
        return LIMIT + 1 - len(self._data)

    def password(self) -> tuple[Secret | None, str, str]:
        """Parse one line, without its newline; else return None, the reason and what to do."""
        alone = "give the password alone"
        if len(self._data) > LIMIT:
            return None, f"it is longer than {LIMIT} bytes", alone
        line = self._data.removesuffix(b"\n")
        line = line.removesuffix(b"\r") if line != self._data else line
        if line.startswith(b"\xef\xbb\xbf"):
            # The node would take the mark for a part of the password, and refuse it.
            return None, "it begins with a byte order mark (BOM)", "save it as UTF-8 without BOM"
        if not line:
            return None, "it is empty", "give the password on one line"
        if b"\0" in line or b"\n" in line or b"\r" in line:
            # Five wrong logins lock the user, so what cannot be a password is not tried.
            return None, "it is not one line of text", alone
        try:
            return Secret(line.decode()), "", ""
        except UnicodeDecodeError:
            return None, "it is not UTF-8", "give the password as UTF-8"


class CredentialError(Exception):
    """A profile's password cannot be read; `str` is one line and says what to do.

    `without_node` is the same line for all the nodes that share the login.
    """

    def __init__(self, profile: NodeProfile, source: str, reason: str, hint: str) -> None:
        self.node = profile.name
        self.source = source
        self.reason = reason
        self.hint = hint
        self.without_node = f"{source}: {reason}; {hint}"
        super().__init__(f"{profile.name}: {self.without_node}")


class PasswordNeeded(CredentialError):
    """A person has to type the password."""


def secret_from(profile: NodeProfile, source: str, raw: Raw) -> Secret:
    """Return the password in a source's bytes; raises CredentialError."""
    secret, reason, hint = raw.password()
    if secret is None:
        raise CredentialError(profile, source, reason, hint)
    return secret
