"""Durations on the command line: `30s`, `15m`, `1h`, `2d`."""

import re
from datetime import timedelta

import click

from tui.model.text import clean

_SHAPE = re.compile(r"([0-9]{1,6})([smhd])", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def duration(_: click.Context, __: click.Parameter, value: str | None) -> timedelta | None:
    """Read a whole number and its unit; as the `callback` of an option. Raises BadParameter."""
    if value is None:
        return None
    found = _SHAPE.fullmatch(value)
    if found is None:
        raise click.BadParameter(f"'{clean(value)}' is no duration: write 30s, 15m, 1h or 2d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})
