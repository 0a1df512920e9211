"""A node's certificate: what it says of itself, and whether its days are over."""

from dataclasses import dataclass
from datetime import datetime, timedelta

SOON = timedelta(days=30)
"""How long before its end a certificate is spoken of."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a server shows to anybody who shakes hands; nothing of it is verified by this.

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
        """Give the fingerprint as a profile holds it."""
        return f"sha256:{self.sha256}"

    @property
    def spelled(self) -> str:
        """Give the fingerprint as openssl prints it."""
        digits = self.sha256.upper()
        return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))

    def is_valid(self, now: datetime) -> bool:
        """Whether `now` lies in its days, as far as they are known."""
        late = self.not_after is not None and now > self.not_after
        return not late and not (self.not_before is not None and now < self.not_before)

    def remark(self, now: datetime) -> str:
        """Say that its days are over, have not come, or end soon; empty else."""
        if self.not_after is not None and now > self.not_after:
            return f"CERTIFICATE EXPIRED {_span(now - self.not_after)} ago"
        if self.not_before is not None and now < self.not_before:
            return f"CERTIFICATE NOT VALID YET, in {_span(self.not_before - now)} it is"
        if self.not_after is not None and self.not_after - now < SOON:
            return f"certificate expires in {_span(self.not_after - now)}"
        return ""


def _span(time: timedelta) -> str:
    """Say a length of time by its largest unit, rounded down."""
    if time.days:
        return f"{time.days} d"
    hours, rest = divmod(time.seconds, 3600)
    return f"{hours} h" if hours else f"{max(1, rest // 60)} min"
