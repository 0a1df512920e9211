"""One new certificate in the place of the pins of a cluster's profiles. No HTTP is spoken."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from enum import Enum

from tui.api.errors import Unreachable
from tui.config import Configuration, NodeProfile, save_changes
from tui.fleet.onboarding.pinning import (
    CertificateFact,
    PinMatch,
    PresentedCertificate,
    certificate_facts,
    fetch_certificate,
)
from tui.model.certificate import Certificate
from tui.model.dataclass import dataclass
from tui.model.trust import PinnedTrust

LEAST_NODES = 2
"""How many nodes have to present the new certificate: one alone may be an impostor."""

_AT_ONCE = 16


class RenewalBlock(Enum):
    """Why the pins of a cluster are not replaced together; the value is its sentence."""

    NONE_PINNED = "no profile of this cluster pins a certificate"
    NONE_REACHED = "no node of this cluster could be reached"
    UNCHANGED = "every node that was reached presents the certificate that its profile pins"
    SOME_PRESENT_THE_PINNED = (
        "possible man-in-the-middle: some nodes still present the certificate that is pinned"
    )
    SEVERAL = "possible man-in-the-middle: the nodes present different new certificates"
    ONE_NODE = "only one node presents it: no other node confirms it"


@dataclass(frozen=True, slots=True)
class Renewal:
    """What the nodes of a cluster present, of the profiles that pin a certificate.

    `unreachable` has the reason by the profile's name.
    """

    reached: tuple[PresentedCertificate, ...]
    unreachable: Mapping[str, str]

    @property
    def changed(self) -> tuple[PresentedCertificate, ...]:
        """The nodes that present another certificate than the pinned one."""
        return tuple(one for one in self.reached if one.match is PinMatch.CHANGED)

    @property
    def certificate(self) -> Certificate | None:
        """The new certificate; None where there is none, or more than one."""
        presented = {one.shown.sha256: one.shown for one in self.changed}
        return next(iter(presented.values())) if len(presented) == 1 else None

    @property
    def block(self) -> RenewalBlock | None:
        """Why the pins may not be replaced, None where they may."""
        if not self.reached:
            empty = not self.unreachable
            return RenewalBlock.NONE_PINNED if empty else RenewalBlock.NONE_REACHED
        if not self.changed:
            return RenewalBlock.UNCHANGED
        if self.certificate is None:
            return RenewalBlock.SEVERAL
        new = self.certificate.sha256
        if any(one.shown.sha256 != new for one in self.reached):
            return RenewalBlock.SOME_PRESENT_THE_PINNED
        if len({one.profile.url for one in self.reached}) < LEAST_NODES:
            return RenewalBlock.ONE_NODE
        return None

    def agrees(self, typed: str) -> bool:
        """Whether these are at least the first digits of the new fingerprint, colons or not."""
        return bool(self.changed) and self.changed[0].agrees(typed)


async def fetch_renewal(configuration: Configuration, cluster: str, timeout: float) -> Renewal:
    """Shake hands with every node of a cluster whose profile pins a certificate.

    `timeout` is in seconds, for each node.
    """
    profiles = [
        profile
        for profile in configuration.nodes
        if profile.cluster == cluster and isinstance(profile.trust, PinnedTrust)
    ]
    slots = asyncio.Semaphore(_AT_ONCE)

    async def fetch(profile: NodeProfile) -> PresentedCertificate | str:
        async with slots:
            try:
                return await fetch_certificate(profile, timeout)
            except Unreachable as error:
                return str(error)

    answers = await asyncio.gather(*map(fetch, profiles))
    return Renewal(
        tuple(answer for answer in answers if isinstance(answer, PresentedCertificate)),
        {
            profile.name: answer
            for profile, answer in zip(profiles, answers, strict=True)
            if isinstance(answer, str)
        },
    )


def renew_pins(configuration: Configuration, renewal: Renewal) -> Configuration:
    """Write the new pin into all profiles whose node presents it, in one write.

    Returns the new configuration. Raises ConfigError, and ValueError where the renewal is blocked.
    """
    if renewal.block is not None:
        raise ValueError("a renewal that is blocked is not written")
    return _write(configuration, renewal.changed)


def replace_pin(
    configuration: Configuration, contact: PresentedCertificate, was: str
) -> Configuration:
    """Replace the pin of one profile by what its node presents, where `was` is the old one.

    `was` is a SHA-256 in hex. Returns the new configuration. Raises ConfigError, and ValueError
    where the profile pins another one.
    """
    trust = contact.profile.trust
    if not isinstance(trust, PinnedTrust) or trust.sha256 != was:
        raise ValueError("the profile pins another certificate")
    return _write(configuration, (contact,))


def _write(
    configuration: Configuration, changed: tuple[PresentedCertificate, ...]
) -> Configuration:
    changes = {one.profile.name: {"fingerprint": one.shown.title} for one in changed}
    return save_changes(configuration.path, changes, digest=configuration.digest)


def renewal_facts(renewal: Renewal, now: datetime) -> list[CertificateFact]:
    """List the old pins with their profiles, what is presented, and what was not reached."""
    rows = [
        CertificateFact("pinned", f"{pin}  {names}", "ok")
        for pin, names in _by_fingerprint(
            [(one.profile.trust, one.profile.name) for one in renewal.reached]
        ).items()
    ]
    if renewal.certificate is not None:
        shown_by = renewal.changed[0]
        names = ", ".join(one.profile.name for one in renewal.changed)
        rows.append(CertificateFact("presented", f"by {names}"))
        rows += [
            fact
            for fact in certificate_facts(shown_by, now)
            if fact.label not in ("node", "pinned", "profile")
        ]
    else:
        rows += [
            CertificateFact("presented", f"{title}  {names}", "bad")
            for title, names in _by_fingerprint(
                [(one.shown.title, one.profile.name) for one in renewal.changed]
            ).items()
        ]
    unchanged = [one.profile.name for one in renewal.reached if one.match is PinMatch.PINNED]
    if unchanged and renewal.changed:
        words = f"{', '.join(unchanged)}: still the pinned certificate"
        rows.append(CertificateFact("unchanged", words, "warn"))
    rows += [
        CertificateFact("no answer", f"{name}: {reason}", "warn")
        for name, reason in renewal.unreachable.items()
    ]
    return rows


def _by_fingerprint(pairs: list[tuple[object, str]]) -> dict[str, str]:
    """Join the names of profiles by fingerprint."""
    names: dict[str, list[str]] = {}
    for fingerprint, name in pairs:
        names.setdefault(str(fingerprint), []).append(name)
    return {fingerprint: ", ".join(found) for fingerprint, found in names.items()}
