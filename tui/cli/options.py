"""Options that several commands have, and how their values are read."""

import math
import re
from typing import Any

import click

from tui.cli.completion import complete_services
from tui.cli.errors import CommandError
from tui.model.text import clean

_TIME = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?)(?P<unit>ms|s|m|h)?", re.ASCII)
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, None: 1.0}


class SecondsRange(click.FloatRange):
    """A number of seconds in a range; `nan`, which click takes for one in any range, is not."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number; fails as click's own types do."""
        seconds: float = super().convert(value, param, ctx)
        if math.isnan(seconds):
            self.fail("nan is not a number of seconds", param, ctx)
        return seconds


services_argument = click.argument(
    "services", metavar="SERVICE...", nargs=-1, required=True, shell_complete=complete_services
)
reason_option = click.option("--reason", default="", help="Why, for the journal.")
steady_option = click.option(
    "--steady",
    type=SecondsRange(1, 600),
    default=10.0,
    show_default=True,
    help="Seconds that a service must hold after its restart.",
)


def seconds_of(text: str) -> float:
    """Parse a --timeout; raises CommandError."""
    match = _TIME.fullmatch(text)
    seconds = float(match["number"]) * _UNITS[match["unit"]] if match else math.inf
    if math.isinf(seconds):
        raise CommandError(f"--timeout wants a time such as 30s or 2m, not {clean(text)!r}")
    return seconds
