"""Options that several commands have, and how their values are read."""

import re

import click

from tui.cli.completion import complete_services
from tui.cli.errors import CommandError
from tui.model.text import clean

_TIME = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?)(?P<unit>ms|s|m|h)?", re.ASCII)
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, None: 1.0}

services_argument = click.argument(
    "services", metavar="SERVICE...", nargs=-1, required=True, shell_complete=complete_services
)
reason_option = click.option("--reason", default="", help="Why, for the journal.")
steady_option = click.option(
    "--steady",
    type=click.FloatRange(1, 600),
    default=10.0,
    show_default=True,
    help="Seconds that a service must hold after its restart.",
)


def seconds_of(text: str) -> float:
    """Parse a --timeout; raises CommandError."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise CommandError(f"--timeout wants a time such as 30s or 2m, not {clean(text)!r}")
    return float(match["number"]) * _UNITS[match["unit"]]
