"""What can come of asking a node, other than an answer.

    ApiError
    ├── Unreachable    nothing came back: refused, reset, no answer in time, no such name
    │   └── Untrusted  the certificate is not the one that the profile trusts
    ├── LoginRefused   401
    ├── Forbidden      403
    ├── Unavailable    the node answered that it cannot: 3xx, 404, other 4xx, 5xx
    ├── Garbled        something else than the API says: not JSON, too big, cut short, encoded
    ├── NotSent        an order that never left
    └── WriteBlocked   a request that this client is not made to send: a bug, and harmless

Each carries a `Trouble`, whose text is one sentence that names node, address and what came back,
and whose hint says what to do.
"""

from tui.model.reading import Trouble, TroubleKind


class ApiError(Exception):
    """Something came between a question and its answer."""

    kind = TroubleKind.UNREACHABLE

    def __init__(self, text: str, hint: str = "") -> None:
        super().__init__(text)
        self.trouble = Trouble(self.kind, text, hint)


class Unreachable(ApiError):
    """Nothing came back."""


class Untrusted(Unreachable):
    """The certificate is not trusted.

    `expected` is the pin, empty without one; `got` is what the node presents, empty where that
    could not be found out. Both are SHA-256 of the DER form, in hex.
    """

    kind = TroubleKind.UNTRUSTED

    def __init__(self, text: str, hint: str = "", *, expected: str = "", got: str = "") -> None:
        super().__init__(text, hint)
        self.expected = expected
        self.got = got


class LoginRefused(ApiError):
    """401: user or password is wrong, or the user is locked."""

    kind = TroubleKind.LOGIN


class Forbidden(ApiError):
    """403: the user's role lacks the permission."""

    kind = TroubleKind.FORBIDDEN


class Unavailable(ApiError):
    """The node answered, and not with 200.

    `location` is where a redirect points, clean, for show; `retry_after` is in seconds, None
    where the node named no time that can be read.
    """

    kind = TroubleKind.UNAVAILABLE

    def __init__(
        self,
        text: str,
        hint: str = "",
        *,
        status: int = 0,
        location: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(text, hint)
        self.status = status
        self.location = location
        self.retry_after = retry_after


class Garbled(ApiError):
    """The answer is not what the API says."""

    kind = TroubleKind.GARBLED


class NotSent(ApiError):
    """An order that did not leave; the sentence says why, and `__cause__` if there is one."""

    @classmethod
    def because(cls, cause: ApiError) -> "NotSent":
        """Say that an order did not leave because of `cause`, whose kind of trouble it keeps."""
        error = cls(f"{cause}; nothing was sent", cause.trouble.hint)
        error.trouble = Trouble(cause.trouble.kind, str(error), cause.trouble.hint)
        return error


class NodeNotSeenYet(Exception):
    """A password that did not leave: its node has to answer something without one first."""


class WriteBlocked(ApiError):
    """A request that the gate does not let pass; nothing was sent."""
