"""`rsdeck trust`: show a node's certificate, compare it, pin it. No HTTP is sent."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from tui.cli.completion import complete_clusters, complete_nodes
from tui.cli.errors import DOWN, UNREACHABLE, WELL, CommandError
from tui.cli.load_config import find_profile, load_config
from tui.cli.output import folded_columns
from tui.cli.printing import write_remark

if TYPE_CHECKING:
    from tui.config import Configuration, NodeProfile
    from tui.fleet.onboarding.pinning import PresentedCertificate

_EPILOG = """\b
Examples:
  rsdeck trust node1                      compare, type 8 digits to pin it
  rsdeck trust node1 --yes sha256:1f2e…   pin it if it is this one, no prompt
  rsdeck trust node1 --was sha256:0a9b… --yes sha256:1f2e…
                                          replace the pinned one
  rsdeck trust --cluster payments         replace all pins of a cluster

Exit codes: 0 pinned now or before, 1 another certificate or not pinned,
2 usage or configuration, 3 a node could not be reached.
"""


@click.command("trust", epilog=_EPILOG)
@click.argument("name", metavar="NODE", required=False, shell_complete=complete_nodes)
@click.option(
    "--cluster",
    metavar="NAME",
    help="Replace the pins of a cluster whose certificate was renewed.",
    shell_complete=complete_clusters,
)
@click.option("--yes", "known", metavar="SHA256", help="Pin this one; openssl's form will do.")
@click.option("--was", metavar="SHA256", help="With --yes: replace this pin, and no other.")
@click.pass_context
def trust(
    ctx: click.Context, name: str | None, cluster: str | None, known: str | None, was: str | None
) -> None:
    """Show the certificate of a node and pin it in its profile.

    A pinned certificate is replaced only where --was names it, or with --cluster: there all nodes
    that pin one have to present the same new one. No HTTP is sent.
    """
    if (name is None) == (cluster is None):
        raise CommandError("name a NODE or a --cluster, and not both")
    if was and not known:
        raise CommandError("--was goes with --yes: it names the pin that --yes replaces")
    configuration = load_config(ctx)
    wanted, replaced = _fingerprint("--yes", known), _fingerprint("--was", was)
    if name is None:
        from tui.cli.trust_cluster import renew_cluster

        ctx.exit(renew_cluster(configuration, cluster or "", wanted, replaced))
    profile = _profile(configuration, name)
    presented = _fetch(profile, configuration.settings.timeout)
    if presented is None:
        ctx.exit(UNREACHABLE)
    ctx.exit(_show_and_pin(configuration, presented, wanted, replaced))


def _profile(configuration: "Configuration", name: str) -> "NodeProfile":
    profile = find_profile(configuration, name)
    if profile.url.startswith("http://"):
        raise CommandError(f"{name} speaks plain http: it has no certificate")
    return profile


def _fingerprint(option: str, known: str | None) -> str:
    from tui.model.trust import parse_fingerprint

    try:
        return "" if known is None else parse_fingerprint(known).sha256
    except ValueError as error:
        raise CommandError(f"{option}: {error}") from None


def _fetch(profile: "NodeProfile", timeout: float) -> "PresentedCertificate | None":
    import asyncio

    from tui.api.errors import Unreachable
    from tui.fleet.onboarding.pinning import fetch_certificate

    try:
        return asyncio.run(fetch_certificate(profile, timeout))
    except Unreachable as error:
        write_remark(str(error))
        return None


def _show_and_pin(
    configuration: "Configuration", presented: "PresentedCertificate", wanted: str, replaced: str
) -> int:
    """Show the certificate, pin it if that is allowed, and return the exit code."""
    from tui.fleet.onboarding.pinning import PinMatch, certificate_facts, changed_certificate_remedy

    rows = certificate_facts(presented, datetime.now(UTC))
    click.echo(folded_columns([(row.label, row.words) for row in rows]))
    if presented.match is PinMatch.CHANGED and not replaced:
        write_remark(changed_certificate_remedy(presented))
        return DOWN
    if wanted and wanted != presented.shown.sha256:
        write_remark("it is not the one that --yes names; nothing was written")
        return DOWN
    if presented.match is PinMatch.PINNED:
        return WELL
    if replaced:
        return _replace(configuration, presented, replaced)
    if not wanted and not _typed(presented):
        return DOWN
    return _write(configuration, presented)


def _typed(presented: "PresentedCertificate") -> bool:
    """Whether the first digits were typed right; prints why not."""
    from tui.cli.fingerprint_prompt import typed_digits
    from tui.fleet.onboarding.pinning import DIGITS

    return typed_digits(presented.agrees, f"To pin it, type the first {DIGITS} digits")


def _replace(configuration: "Configuration", presented: "PresentedCertificate", was: str) -> int:
    from tui.cli.fingerprint_prompt import written_text
    from tui.config import ConfigError
    from tui.fleet.onboarding.certificate_renewal import replace_pin

    try:
        after = replace_pin(configuration, presented, was)
    except ValueError:
        what = "the profile does not pin the one that --was names; nothing was written"
        write_remark(what)
        return DOWN
    except ConfigError as error:
        raise CommandError(str(error)) from None
    write_remark(written_text("pin replaced", after))
    return WELL


def _write(configuration: "Configuration", presented: "PresentedCertificate") -> int:
    from tui.cli.fingerprint_prompt import written_text
    from tui.config import ConfigError
    from tui.fleet.onboarding.pinning import pin_certificate

    try:
        after = pin_certificate(configuration, presented)
    except ConfigError as error:
        raise CommandError(str(error)) from None
    write_remark(written_text("pinned", after))
    return WELL
