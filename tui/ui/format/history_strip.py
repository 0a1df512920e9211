"""The last minutes of a service as a strip, one cell a minute, the newest at the right. Pure."""

from itertools import groupby

from tui.history.day import Bucket, Day
from tui.model.service import Health, Service
from tui.ui.format.service_row import GLYPHS, RESTARTED, STYLES

MINUTES = 60
"""Cells of the longest strip."""

CALM, DISABLED, NO_DATA = "─", "·", " "
_WORSE = frozenset({Health.FAILED, Health.DOWN, Health.UNKNOWN})

Runs = tuple[tuple[str, int], ...]


def strip(day: Day, disabled: frozenset[str], service: str) -> tuple[str, Runs]:
    """Return a sign for each minute of a day's last hour, and how long which style holds.

    Minutes without a poll are blank. `disabled` are the services that are switched off.
    """

    def judge(status: str | None) -> Health:
        return Health.UNKNOWN if status is None else Service(service, status).health(disabled)

    text, runs = "", []
    for bucket, same in groupby(day.buckets(MINUTES, judge)):
        sign, style = _cell(bucket)
        length = len([*same])
        text += sign * length
        runs.append((style, length))
    return text, tuple((style, sum(n for _, n in same)) for style, same in groupby(runs, _style))


def _style(run: tuple[str, int]) -> str:
    return run[0]


def _cell(bucket: Bucket) -> tuple[str, str]:
    """Return the sign of a minute: what is wrong first, then a restart, then a calm rule."""
    if bucket.restarts and bucket.health not in _WORSE:
        return RESTARTED, "warn"
    match bucket.health:
        case None:
            return NO_DATA, "muted"
        case Health.UP | Health.DONE:
            return CALM, "muted"
        case Health.OFF:
            return DISABLED, "muted"
        case health:
            return GLYPHS[health], STYLES[health]
