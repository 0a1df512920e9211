"""The history of a service as it is drawn: the last minutes in a strip, a day in a chart. Pure."""

from datetime import UTC, datetime
from itertools import groupby

from rich.text import Text

from tui.history.day import Bucket, Day
from tui.model.clock import clock_duration, clock_text
from tui.model.service import Health, Service
from tui.ui.format.service_row import GLYPHS, RESTARTED, STYLES
from tui.ui.format.status_lines import Palette

Rows = tuple[tuple[str, str | Text, str], ...]
"""What is shown of a service: label, words, and the style of the words."""

COUNT = 48
"""How many parts a day is shown in: half an hour each."""

UNWATCHED = "·"
# A restart shows before what it passes through, and not before what is wrong.
_WORSE = frozenset({Health.FAILED, Health.DOWN, Health.UNKNOWN})


def day_rows(day: Day, disabled: frozenset[str], service: str, palette: Palette) -> Rows:
    """Return the states of a day, the restarts in it and the longest run.

    `disabled` are the services that the cluster's configuration switches off.
    """

    def judge(status: str | None) -> Health:
        return Health.UNKNOWN if status is None else Service(service, status).health(disabled)

    buckets = day.buckets(COUNT, judge)
    run = "never seen running" if day.longest_run is None else clock_duration(day.longest_run)
    return (
        ("", f"\n{_heading(day)}", palette["bold"]),
        ("", chart_line(buckets, palette), ""),
        ("", chart_axis(day), palette["muted"]),
        ("", chart_legend(buckets), palette["muted"]),
        ("restarts", _restarts(day), ""),
        ("longest run", run, ""),
    )


def chart_line(buckets: tuple[Bucket, ...], palette: Palette) -> Text:
    """Return a sign for each part; no two kinds of part have the same."""
    text = Text()
    for bucket in buckets:
        if bucket.restarts and bucket.health not in _WORSE:
            text.append(RESTARTED, palette["warn"])
        elif bucket.health is None:
            text.append(UNWATCHED, palette["muted"])
        else:
            text.append(GLYPHS[bucket.health], palette[STYLES[bucket.health]])
    return text


def chart_axis(day: Day) -> str:
    """Return the line below the strip: when it begins, and that it ends now."""
    began = f"{_hours(day)} h ago"
    return f"{began}{'now':>{COUNT - len(began)}}"


def chart_legend(buckets: tuple[Bucket, ...]) -> str:
    """Explain the signs that only a strip has, where it has them."""
    parts = []
    if any(bucket.health is None and not bucket.restarts for bucket in buckets):
        parts.append(f"{UNWATCHED} no data")
    if any(bucket.restarts and bucket.health not in _WORSE for bucket in buckets):
        parts.append(f"{RESTARTED} restarted")
    return "  ".join(parts) or f"{GLYPHS[Health.UP]} running"


def _heading(day: Day) -> str:
    minutes = round((day.ended - day.begun) / COUNT / 60)
    return f"The last {_hours(day)} hours, the worst of each {minutes} minutes"


def _hours(day: Day) -> int:
    return round((day.ended - day.begun) / 3600)


def _restarts(day: Day) -> str:
    if not day.restarts:
        return "none known"
    last = clock_text(datetime.fromtimestamp(day.restarts[-1], UTC))
    return f"{len(day.restarts)}, the last at {last}"


SPANS = (10, 15, 20, 30, 45, 60)
"""The minutes that a strip may cover."""

MINUTES = SPANS[-1]
"""Cells of the longest strip."""

CALM, DISABLED, NO_DATA = "─", "·", " "

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


def last_signs(hour: tuple[str, Runs], minutes: int) -> tuple[str, Runs]:
    """Return the last `minutes` signs of a strip, with the runs that they are in."""
    text, runs = hour
    kept: list[tuple[str, int]] = []
    room = min(minutes, len(text))
    for style, length in reversed(runs):
        if room > 0:
            kept.insert(0, (style, min(length, room)))
            room -= length
    return text[len(text) - min(minutes, len(text)) :], tuple(kept)


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
