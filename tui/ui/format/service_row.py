"""One service → the cells of one row. Pure: no widget, no clock but the one that is handed in."""

from dataclasses import dataclass

from tui.model.duration import clock_duration, one_unit
from tui.model.event import Event
from tui.model.event_text import event_brief
from tui.model.filters import ServiceKinds
from tui.model.service import Health, Kind, Service

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
    Health.DOWN: "warn",
    Health.UNKNOWN: "unknown",
    Health.MOVING: "moving",
    Health.UP: "ok",
    Health.DONE: "off",
    Health.OFF: "off",
}
"""The palette's name for each health."""

NOTHING = "—"


@dataclass(frozen=True, slots=True)
class ServiceCells:
    """A service as text: what each column shows, and the palette's names for two of them."""

    name: str
    status: str
    style: str
    name_style: str
    uptime: str
    started: str
    kind: str
    change: str


def service_cells(
    service: Service, scope: ServiceKinds, uptime: int | None, last: Event | None, now: float
) -> ServiceCells:
    """Return what a row shows at `now` (monotonic); `uptime` is in seconds, as it is shown."""
    health = service.health(scope.disabled)
    started = service.started_at
    kind = scope.kind(service)
    return ServiceCells(
        name=service.name,
        status=f"{GLYPHS[health]} {service.status or '?'}",
        style=STYLES[health],
        name_style=STYLES[health] if health.is_problem else "",
        uptime=uptime_words(service, uptime),
        started=started.strftime("%m-%d %H:%M:%S") if started else NOTHING,
        kind="?" if kind is Kind.UNKNOWN else kind.value,
        change=change_words(last, now) if last else "",
    )


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
    match scope.kind(service):
        case Kind.OPTIONAL:
            off = " and has it disabled" if service.health(scope.disabled) is Health.OFF else ""
            return f"optional: the cluster's services_configuration lists it{off}"
        case Kind.REQUIRED:
            return "required: the cluster's services_configuration does not list it"
        case _:
            why = f" ({'; '.join(gaps)})" if gaps else ""
            return f"not known to be optional, so treated as required{why}"
