"""`rsdeck trust --cluster`: one new certificate for all profiles of a cluster."""

import asyncio
from datetime import UTC, datetime

import click

from tui.cli.errors import DOWN, UNREACHABLE, WELL, CommandError
from tui.cli.fingerprint_prompt import typed_digits, written_text
from tui.cli.output import folded_columns
from tui.cli.printing import write_remark
from tui.config import ConfigError, Configuration
from tui.fleet.onboarding.certificate_renewal import (
    Renewal,
    RenewalBlock,
    fetch_renewal,
    renew_pins,
    renewal_facts,
)
from tui.fleet.onboarding.pinning import DIGITS
from tui.model.text import clean
from tui.model.trust import PinnedTrust


def renew_cluster(configuration: Configuration, cluster: str, wanted: str, replaced: str) -> int:
    """Show the pins of a cluster and what its nodes present, replace them, return the exit code.

    `wanted` and `replaced` are the fingerprints that --yes and --was name, empty without them.
    """
    if not any(profile.cluster == cluster for profile in configuration.nodes):
        there = ", ".join(sorted({one.cluster for one in configuration.nodes} - {""})) or "none"
        raise CommandError(f"no profile has the cluster '{clean(cluster)}'; there are: {there}")
    if wanted and not replaced:
        raise CommandError("name the pin that is replaced too: --was SHA256")
    renewal = asyncio.run(fetch_renewal(configuration, cluster, configuration.settings.timeout))
    rows = renewal_facts(renewal, datetime.now(UTC))
    if rows:
        click.echo(folded_columns([(row.label, row.words) for row in rows]))
    if renewal.block is not None:
        write_remark(f"{renewal.block.value}; nothing was written")
        return _blocked_code(renewal)
    if wanted:
        reason = _other_than_named(renewal, wanted, replaced)
        if reason:
            write_remark(f"{reason}; nothing was written")
            return DOWN
    elif not typed_digits(renewal.agrees, _question(renewal)):
        return DOWN
    try:
        after = renew_pins(configuration, renewal)
    except ConfigError as error:
        raise CommandError(str(error)) from None
    names = ", ".join(one.profile.name for one in renewal.changed)
    write_remark(written_text(f"pins of {names} replaced", after))
    return UNREACHABLE if renewal.unreachable else WELL


def _question(renewal: Renewal) -> str:
    count = len(renewal.changed)
    return f"To replace the pins of {count} profiles, type the first {DIGITS} digits"


def _blocked_code(renewal: Renewal) -> int:
    if renewal.unreachable:
        return UNREACHABLE
    return WELL if renewal.block is RenewalBlock.UNCHANGED else DOWN


def _other_than_named(renewal: Renewal, wanted: str, replaced: str) -> str:
    """Return why the fingerprints that were named do not fit, empty where they do."""
    if renewal.certificate is None or renewal.certificate.sha256 != wanted:
        return "it is not the one that --yes names"
    pins = (one.profile.trust for one in renewal.changed)
    if any(isinstance(pin, PinnedTrust) and pin.sha256 != replaced for pin in pins):
        return "not every profile pins the one that --was names"
    return ""
