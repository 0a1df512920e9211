"""A service as the cells of one row. Pure."""

from datetime import datetime

from tui.model.clock import clock_duration, clock_text, one_unit, shown_time
from tui.model.dataclass import dataclass
from tui.model.event import Event
from tui.model.event_text import event_brief
from tui.model.filters import ServiceKinds
from tui.model.service import Health, Kind, Service
from tui.model.text import is_plain_name

GLYPHS = {
    Health.FAILED: "✗",
    Health.DOWN: "■",
    Health.UNKNOWN: "?",
    Health.MOVING: "◐",
    Health.UP: "●",
    Health.DONE: "✓",
    Health.OFF: "○",
}
"""A shape for each health, so that colour is never needed to tell them apart."""

STYLES = {
    Health.FAILED: "bad",
    Health.DOWN: "bad",
    Health.UNKNOWN: "unknown",
    Health.MOVING: "moving",
    Health.UP: "ok",
    Health.DONE: "off",
    Health.OFF: "off",
}
"""The palette's name for each health."""

RESTARTED = "↻"
"""Stands for a service that was restarted lately."""

NOTHING = "—"

FRESH = 600
"""Seconds of uptime below which a service counts as freshly restarted."""

LOCK = "⊘"
"""Stands before what is required, so that it is not acted on before it is unlocked."""

# In one column: the words stand below each other, beside the sign or the room for it.
_KINDS = {Kind.OPTIONAL: "  optional", Kind.REQUIRED: f"{LOCK} required", Kind.UNKNOWN: f"{LOCK} ?"}


@dataclass(frozen=True, slots=True)
class ServiceCells:
    """A service as text: what each column shows, and the palette's names for three of them."""

    name: str
    status: str
    style: str
    name_style: str
    uptime: str
    uptime_style: str
    kind: str
    change: str


def service_cells(
    service: Service, scope: ServiceKinds, uptime: int | None, last: Event | None, now: float
) -> ServiceCells:
    """Return what a row shows at `now` (monotonic); `uptime` is in seconds, as it is shown."""
    health = service.health(scope.disabled)
    kind = scope.kind(service)
    up = uptime_words(service, uptime)
    is_young = uptime is not None and uptime < FRESH and up != NOTHING
    return ServiceCells(
        name=service.shown,
        status=f"{GLYPHS[health]} {service.status or '?'}",
        style=STYLES[health],
        name_style=STYLES[health] if health.is_problem else _name_style(service),
        uptime=f"{RESTARTED} {up}" if is_young else up,
        uptime_style="warn" * is_young,
        kind=_KINDS[kind],
        change=change_words(last, now) if last else "",
    )


def started_words(started: datetime | None, on: datetime | None) -> str:
    """Return a start time; with its year, and without its clock, where that is not `on`'s."""
    if started is None:
        return NOTHING
    is_this_year = on is not None and shown_time(started).year == shown_time(on).year
    return clock_text(started, "%m-%d %H:%M:%S" if is_this_year else "%Y-%m-%d", named=False)


def _name_style(service: Service) -> str:
    return "" if is_plain_name(service.name) else "unknown"


def uptime_words(service: Service, uptime: int | None) -> str:
    """Return how long a service has been up, where it is."""
    if uptime is None or service.health() is not Health.UP:
        return NOTHING
    return clock_duration(uptime)


def change_words(event: Event, now: float) -> str:
    """Return what happened last to a service, and how long ago."""
    return f"{one_unit(now - event.at)} {event_brief(event)}"


def kind_reason(service: Service, scope: ServiceKinds, gaps: tuple[str, ...]) -> str:
    """Return why a service is of its kind."""
    if not is_plain_name(service.name):
        return "unknown: its name holds more than letters, digits, _ . -; it cannot be acted on"
    match scope.kind(service):
        case Kind.OPTIONAL:
            off = " and has it disabled" if service.health(scope.disabled) is Health.OFF else ""
            return f"optional: the cluster's services_configuration lists it{off}"
        case Kind.REQUIRED:
            return "required: the cluster's services_configuration does not list it"
        case _:
            why = f" ({'; '.join(gaps)})" if gaps else ""
            return f"not known to be optional, so treated as required{why}"
