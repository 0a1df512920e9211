"""What a node presents, what its profile pins, and pinning it. No HTTP is spoken."""

import shlex
from datetime import datetime
from enum import Enum

from tui.api.tls.certificate import COMPARE
from tui.api.tls.probe import probe
from tui.config import Configuration, NodeProfile, fields_of, save_profile
from tui.model.certificate import Certificate
from tui.model.clock import clock_text
from tui.model.dataclass import dataclass
from tui.model.trust import AuthorityTrust, NoTrust, PinnedTrust

DIGITS = 8
"""How many of a fingerprint's first hex digits a person types to pin it."""


class PinMatch(Enum):
    """How the presented certificate stands to the profile."""

    PINNED = "this is the certificate that the profile pins"
    CHANGED = "this is NOT the certificate that the profile pins"
    NEW = "the profile pins none"


@dataclass(frozen=True, slots=True)
class CertificateFact:
    """One fact: label, words, and the palette's name of their colour."""

    label: str
    words: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class PresentedCertificate:
    """A node as its profile has it, and what answered under its address."""

    profile: NodeProfile
    shown: Certificate

    @property
    def match(self) -> PinMatch:
        """How the two go together."""
        trust = self.profile.trust
        if not isinstance(trust, PinnedTrust):
            return PinMatch.NEW
        return PinMatch.PINNED if trust.sha256 == self.shown.sha256 else PinMatch.CHANGED

    def agrees(self, typed: str) -> bool:
        """Whether these are at least the first digits of the fingerprint, colons or not."""
        digits = typed.strip().lower().removeprefix("sha256:").replace(":", "").replace(" ", "")
        return len(digits) >= DIGITS and self.shown.sha256.startswith(digits)


async def fetch_certificate(profile: NodeProfile, timeout: float) -> PresentedCertificate:
    """Shake hands, within `timeout` seconds. Raises Unreachable."""
    shown = await probe(profile.url, timeout, profile.proxy, profile.server_name)
    return PresentedCertificate(profile, shown)


def pin_certificate(configuration: Configuration, contact: PresentedCertificate) -> Configuration:
    """Write the pin into the profile; gives the new configuration. Raises ConfigError.

    One that took the place of a pinned one is written by `certificate_renewal` alone.
    """
    if contact.match is not PinMatch.NEW:
        raise ValueError("only a profile that pins nothing can be given a pin")
    profile = contact.profile
    fields = {
        field: value
        for field, value in fields_of(profile).items()
        if field not in ("ca_file", "insecure")
    }
    return save_profile(
        configuration.path,
        profile.name,
        fields | {"fingerprint": contact.shown.title},
        replacing=profile.name,
        digest=configuration.digest,
    )


def certificate_facts(contact: PresentedCertificate, now: datetime) -> list[CertificateFact]:
    """List what is known of the certificate."""
    profile, shown = contact.profile, contact.shown
    via = f"  through {profile.proxy}" if profile.proxy else ""
    remark = shown.remark(now)
    valid = f"{_day(shown.not_before)} to {_day(shown.not_after)}"
    changed = contact.match is PinMatch.CHANGED
    rows = [CertificateFact("node", f"{profile.name}  {profile.url}{via}")]
    if changed:
        rows.append(CertificateFact("pinned", str(profile.trust), "ok"))
    rows += [
        CertificateFact(
            "presented" if changed else "sha256", shown.title, "bad" if changed else "bold"
        ),
        CertificateFact("", shown.spelled, "muted"),
        CertificateFact("subject", shown.subject or "cannot be read"),
        CertificateFact("issuer", _issuer(shown)),
        CertificateFact("names", ", ".join(shown.names) or "none"),
        CertificateFact(
            "valid", f"{valid}{f'  {remark}' if remark else ''}", "warn" if remark else ""
        ),
        CertificateFact("profile", _standing(contact), "bad" if changed else ""),
    ]
    return [
        *rows,
        CertificateFact("compare", f"on the node (path by default): {COMPARE}", "accent"),
    ]


def changed_certificate_remedy(contact: PresentedCertificate) -> str:
    """Return what to do about a changed certificate, as commands."""
    profile = contact.profile
    where = profile.origin.place("fingerprint")
    cluster = (
        f"`rsdeck trust --cluster {shlex.quote(profile.cluster)}` where all its nodes present it, "
        "or "
        if profile.cluster
        else ""
    )
    return (
        "Possible man-in-the-middle, or the certificate was renewed. Nothing was sent. Only if the "
        f"command prints on the node what is presented here, replace the pin ({where}): "
        f"{cluster}`rsdeck trust {profile.name} --was {profile.trust} --yes {contact.shown.title}`."
    )


def _issuer(shown: Certificate) -> str:
    if not shown.issuer:
        return "cannot be read"
    return "itself (self-signed)" if shown.issuer == shown.subject else shown.issuer


def _day(moment: datetime | None) -> str:
    return "unknown" if moment is None else clock_text(moment, "%Y-%m-%d %H:%M")


def _standing(contact: PresentedCertificate) -> str:
    if contact.match is not PinMatch.NEW:
        return str(contact.match.value)
    match contact.profile.trust:
        case AuthorityTrust(place=place):
            other = f"a CA file ({place})"
        case NoTrust():
            other = "not verified (insecure)"
        case _:
            other = "the system CAs"
    return f"{contact.match.value}; it trusts {other}, in whose place the pin comes"
