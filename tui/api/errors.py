"""What can come of a call to a node, other than an answer.

    ApiError
    ├── Unreachable    nothing came back: refused, reset, no such name
    │   ├── TimedOut   no answer in time
    │   └── Untrusted  the certificate is not the one that the profile trusts
    ├── LoginRefused   401
    ├── Forbidden      403
    ├── Unavailable    the node answered that it cannot: 3xx, 404, other 4xx, 5xx
    ├── Garbled        something else than the API says: not JSON, too big, cut short, encoded
    ├── NotSent        an order that never left
    └── WriteBlocked   a request that this client is not made to send: a bug, and harmless

Each carries a `Trouble`, whose text is one sentence that names node, address and what came back,
and whose hint and remedies are what helps. Keys and commands are named by who shows it.
"""

from dataclasses import replace

from tui.model.reading import ChangedCertificate, Remedy, Trouble, TroubleKind


class ApiError(Exception):
    """A call to a node that got no good answer."""

    kind = TroubleKind.UNREACHABLE

    def __init__(
        self,
        text: str,
        hint: str = "",
        remedies: tuple[Remedy, ...] = (),
        *,
        later_hint: str = "",
    ) -> None:
        super().__init__(text)
        self.trouble = Trouble(self.kind, text, hint, remedies, later_hint=later_hint)


class Unreachable(ApiError):
    """Nothing came back."""


class TimedOut(Unreachable):
    """No answer in time."""


class Untrusted(Unreachable):
    """The certificate is not trusted.

    `expected` is the pin, empty without one; `got` is what the node presents, empty where that
    could not be found out. Both are SHA-256 of the DER form, in hex.
    """

    kind = TroubleKind.UNTRUSTED

    def __init__(
        self,
        text: str,
        hint: str = "",
        remedies: tuple[Remedy, ...] = (),
        *,
        expected: str = "",
        got: str = "",
    ) -> None:
        super().__init__(text, hint, remedies)
        self.expected = expected
        self.got = got
        if expected:
            self.trouble = replace(self.trouble, changed=ChangedCertificate(expected, got))


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
        remedies: tuple[Remedy, ...] = (),
        *,
        status: int = 0,
        location: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(text, hint, remedies)
        self.status = status
        self.location = location
        self.retry_after = retry_after


def is_redirect(error: ApiError) -> bool:
    """Whether a node sent the call elsewhere, as one that is not primary may."""
    return isinstance(error, Unavailable) and 300 <= error.status < 400


class Garbled(ApiError):
    """The answer is not what the API says."""

    kind = TroubleKind.GARBLED


class NotSent(ApiError):
    """An order that did not leave; the sentence says why, and `__cause__` if there is one."""

    @classmethod
    def because(cls, cause: ApiError) -> "NotSent":
        """Make the error of an order that `cause` kept from leaving; it has the same remedies."""
        error = cls(f"{cause}; nothing was sent")
        error.trouble = replace(cause.trouble, text=str(error))
        return error


class NodeNotSeenYet(Exception):
    """A password that was not sent: its node has to answer a request without one first."""


class WriteBlocked(ApiError):
    """A request that the gate blocked; nothing was sent."""


NO_ANSWER = "no answer"
"""Why a value is not known of a node that cannot be read now."""


def gap_of(error: ApiError) -> str:
    """Return why something is not known in a few words: the status, or what came instead."""
    if isinstance(error, Forbidden):
        return "403"
    if isinstance(error, LoginRefused):
        return "401"
    if isinstance(error, TimedOut):
        return "timed out"
    if is_redirect(error):
        return "redirected"
    if isinstance(error, Garbled):
        return "invalid answer"
    if isinstance(error, Unavailable) and error.status == 404:
        return "not in this version"
    if isinstance(error, Unavailable) and error.status:
        return str(error.status)
    return NO_ANSWER
