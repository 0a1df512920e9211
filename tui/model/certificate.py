"""A node's certificate: what it says of itself, and whether it is valid."""

from datetime import datetime, timedelta

from tui.model.clock import one_unit_of_minutes
from tui.model.dataclass import dataclass

SOON = timedelta(days=30)
"""How long before its end a certificate gets a remark."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a server shows in the handshake; nothing of it is verified by this.

    `sha256` is of the DER form, in hex. The texts are clean, and empty where it could not be read;
    the times are aware, UTC, and None there.
    """

    sha256: str
    subject: str = ""
    issuer: str = ""
    names: tuple[str, ...] = ()
    not_before: datetime | None = None
    not_after: datetime | None = None

    @property
    def title(self) -> str:
        """Return the fingerprint as a profile holds it."""
        return f"sha256:{self.sha256}"

    @property
    def spelled(self) -> str:
        """Return the fingerprint as openssl prints it."""
        digits = self.sha256.upper()
        return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))

    def is_valid(self, now: datetime) -> bool:
        """Whether it is valid at `now`, as far as its times are known."""
        late = self.not_after is not None and now > self.not_after
        return not late and not (self.not_before is not None and now < self.not_before)

    def remark(self, now: datetime) -> str:
        """Return that it has expired, is not valid yet, or expires soon; empty else."""
        if self.not_after is not None and now > self.not_after:
            return f"CERTIFICATE EXPIRED {_duration(now - self.not_after)} ago"
        if self.not_before is not None and now < self.not_before:
            return f"CERTIFICATE NOT VALID YET, in {_duration(self.not_before - now)} it is"
        if self.not_after is not None and self.not_after - now < SOON:
            return f"certificate expires in {_duration(self.not_after - now)}"
        return ""


def _duration(time: timedelta) -> str:
    return one_unit_of_minutes(time.total_seconds())
