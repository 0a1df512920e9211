"""`rsdeck trust`: show a node's certificate, compare it, pin it. No HTTP is sent."""

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from tui.cli.load_config import find_profile, load_config
from tui.cli.main import DOWN, UNREACHABLE, WELL
from tui.cli.output import CommandError, columns
from tui.storage.private_files import path_text

if TYPE_CHECKING:
    from tui.config import Configuration, NodeProfile
    from tui.fleet.onboarding.pinning import PresentedCertificate

_EPILOG = """\b
Examples:
  rsdeck trust node1                      look, compare, and type 8 digits to pin it
  rsdeck trust node1 --yes sha256:1f2e…   pin it if it is this one, without a terminal

\b
Exit codes: 0 pinned now or before, 1 another certificate or not pinned,
2 usage or configuration, 3 the node could not be reached.
"""


@click.command("trust", epilog=_EPILOG)
@click.argument("name", metavar="NODE")
@click.option("--yes", "known", metavar="SHA256", help="Pin this one; openssl's form will do.")
@click.pass_context
def trust(ctx: click.Context, name: str, known: str | None) -> None:
    """Show the certificate of a node and pin it in its profile.

    A certificate that replaced a pinned one is shown, and never pinned here.
    """
    configuration = load_config(ctx)
    profile = _profile(configuration, name)
    wanted = _fingerprint(known)
    presented = _fetch(profile, configuration.settings.timeout)
    if presented is None:
        ctx.exit(UNREACHABLE)
    ctx.exit(_show_and_pin(configuration, presented, wanted))


def _profile(configuration: "Configuration", name: str) -> "NodeProfile":
    profile = find_profile(configuration, name)
    if profile.url.startswith("http://"):
        raise CommandError(f"{name} speaks plain http: it has no certificate")
    return profile


def _fingerprint(known: str | None) -> str:
    from tui.model.trust import parse_fingerprint

    try:
        return "" if known is None else parse_fingerprint(known).sha256
    except ValueError as error:
        raise CommandError(f"--yes: {error}") from None


def _fetch(profile: "NodeProfile", timeout: float) -> "PresentedCertificate | None":
    import asyncio

    from tui.api.errors import Unreachable
    from tui.fleet.onboarding.pinning import fetch_certificate

    try:
        return asyncio.run(fetch_certificate(profile, timeout))
    except Unreachable as error:
        click.echo(f"rsdeck: {error}", err=True)
        return None


def _show_and_pin(
    configuration: "Configuration", presented: "PresentedCertificate", wanted: str
) -> int:
    """Show the certificate, pin it if that is allowed, and return the exit code."""
    from tui.fleet.onboarding.pinning import PinMatch, certificate_facts, changed_certificate_remedy

    rows = certificate_facts(presented, datetime.now(UTC))
    click.echo(columns([(row.label, row.words) for row in rows]))
    if presented.match is PinMatch.CHANGED:
        click.echo(f"rsdeck: {changed_certificate_remedy(presented, configuration)}", err=True)
        return DOWN
    if wanted and wanted != presented.shown.sha256:
        click.echo("rsdeck: it is not the one that --yes names; nothing was written", err=True)
        return DOWN
    if presented.match is PinMatch.PINNED:
        return WELL
    if not wanted and not _typed(presented):
        return DOWN
    return _write(configuration, presented)


def _typed(presented: "PresentedCertificate") -> bool:
    """Whether the first digits were typed right; prints why not."""
    from tui.fleet.onboarding.pinning import DIGITS

    if sys.stdin is None or not sys.stdin.isatty():
        raise CommandError(
            "without a terminal, name the fingerprint that the node prints: --yes SHA256"
        )
    prompt = f"To pin it, type the first {DIGITS} digits that the node prints (nothing leaves it)"
    typed = click.prompt(prompt, default="", show_default=False, err=True)
    if presented.agrees(typed):
        return True
    what = "the node does not present that one; nothing" if typed.strip() else "nothing"
    click.echo(f"rsdeck: {what} was written", err=True)
    return False


def _write(configuration: "Configuration", presented: "PresentedCertificate") -> int:
    from tui.config import ConfigError
    from tui.fleet.onboarding.pinning import pin_certificate

    try:
        after = pin_certificate(configuration, presented)
    except ConfigError as error:
        raise CommandError(str(error)) from None
    click.echo(f"rsdeck: pinned in {path_text(after.path)}", err=True)
    return WELL
