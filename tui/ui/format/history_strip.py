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

    cells = [_cell(bucket) for bucket in day.buckets(MINUTES, judge)]
    runs = tuple((style, len([*same])) for style, same in groupby(style for _, style in cells))
    return "".join(sign for sign, _ in cells), runs


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
