"""What a node answered, when, and what is wrong where it did not."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum

from tui.model.dataclass import dataclass
from tui.model.service import Service


class TroubleKind(Enum):
    """Why a node could not be read; the value is the word on the screen."""

    UNREACHABLE = "unreachable"
    """Nothing came back: refused, reset, no answer in time, no such name."""
    UNTRUSTED = "not trusted"
    """The certificate is not the one that the profile trusts."""
    LOGIN = "login refused"
    """401: nothing is polled with this login until a person acts."""
    FORBIDDEN = "forbidden"
    """403: the role lacks the permission."""
    UNAVAILABLE = "unavailable"
    """The node answered that it cannot: 404, 5xx, a redirect."""
    GARBLED = "bad answer"
    """200, and not what the API says."""
    NO_PASSWORD = "no password"  # noqa: S105 - a word for the screen
    """The password was not given yet, or its source failed."""


class Remedy(Enum):
    """What helps against a trouble: the screen words it with a key, the command line otherwise."""

    WAIT = "wait"
    """Polling goes on by itself."""
    REFRESH = "refresh"
    """Poll now."""
    REFRESH_TO_RESUME = "refresh to resume"
    """Polling has stopped until a person refreshes."""
    SHOW_CERTIFICATE = "show certificate"
    """Look at the presented certificate beside the pinned one."""
    GIVE_PASSWORD = "give password"  # noqa: S105 - the name of an action
    """Log in, or fix the password's source and refresh."""
    RETRY_PASSWORD = "retry password"  # noqa: S105 - the name of an action
    """Find out why passwords get no answer; then refresh, or log in with another one."""
    FIX_CLIENT_CERTIFICATE = "fix client certificate"
    """Fix the client certificate or the cluster's user, and refresh."""


@dataclass(frozen=True, slots=True)
class ChangedCertificate:
    """The SHA-256 of the certificate that is pinned, and of the one that is presented, in hex."""

    pinned: str
    presented: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """What was tried, where and what came back, in one sentence, and what helps.

    `hint` is advice in words, the same everywhere; `remedies` are what the program itself offers.
    `held_until` is when a login that is not sent for now may be sent again (aware, a whole minute).
    `later_hint` stands for a `hint` that doubts the address, where the node answered there before.
    `changed` are the certificates where another one than the pinned one is presented.
    """

    kind: TroubleKind
    text: str
    hint: str = ""
    remedies: tuple[Remedy, ...] = ()
    held_until: datetime | None = None
    later_hint: str = ""
    changed: ChangedCertificate | None = None

    @property
    def names_node(self) -> bool:
        """Whether the text names the node: that of a login names the login."""
        return self.kind not in (TroubleKind.LOGIN, TroubleKind.NO_PASSWORD)


@dataclass(frozen=True, slots=True)
class Reading:
    """The newest that is known of a node's services.

    `services` are those of the last good answer: on trouble they stay and grow old. `asked_at`
    and `answered_at` are seconds of this machine's monotonic clock, `answered_on` is this
    machine's wall clock (aware, UTC), for show; the two `answered_…` are None before the first
    good answer. `since` is when the present trouble began, or the last one ended, monotonic.
    """

    node: str
    services: Sequence[Service] = ()
    asked_at: float = 0.0
    answered_at: float | None = None
    answered_on: datetime | None = None
    trouble: Trouble | None = None
    since: float = 0.0
    took: float = 0.0

    @property
    def is_good(self) -> bool:
        """Whether the last poll was answered."""
        return self.trouble is None and self.answered_at is not None

    @property
    def is_cut(self) -> bool:
        """Whether services were left out, so that one that is not listed may be there."""
        return any(service.left_out for service in self.services[-1:])

    def age(self, now: float) -> float | None:
        """Seconds since the last good answer arrived; None before the first."""
        return None if self.answered_at is None else max(0.0, now - self.answered_at)

    def find(self, service: str) -> Service | None:
        """Find a service by its name."""
        return next((found for found in self.services if found.name == service), None)
