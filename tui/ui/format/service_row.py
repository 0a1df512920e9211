"""A service as the cells of one row, and the clock by which its uptime ticks on. Pure."""

from datetime import datetime

from tui.model.clock import clock_duration, clock_text, one_unit, shown_time
from tui.model.dataclass import dataclass
from tui.model.event import Event
from tui.model.event_text import event_brief
from tui.model.filters import ServiceKinds
from tui.model.reading import Reading
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


_GRAIN = 1.0


class UptimeClock:
    """Remembers the earliest moment that the answers of a node speak for.

    A node reports an uptime in whole seconds, cut off, and is polled at odd moments: counted from
    each answer alone, an uptime would stand still for a second and then jump. The moment that an
    answer speaks for is at most a second too late, so the earliest of several is the best; where
    they drift apart by more than that, a clock was set, and the newest counts.
    """

    def __init__(self) -> None:
        self._node = ""
        self._noted: Reading | None = None
        self._began: dict[str, tuple[datetime | None, float]] = {}

    def note(self, reading: Reading) -> None:
        """Record a node's newest answer, unless it is known."""
        if reading.answered_at is None or reading is self._noted:
            return
        self._noted = reading
        had = self._began if reading.node == self._node else {}
        self._node, self._began = reading.node, {}
        for service in reading.services:
            if service.uptime is None:
                continue
            moment = reading.answered_at - service.uptime
            started, earlier = had.get(service.name, (None, moment))
            if started == service.started_at and 0 <= moment - earlier <= _GRAIN:
                moment = earlier
            self._began[service.name] = (service.started_at, moment)

    def uptime(self, service: Service, now: float) -> int | None:
        """Return a service's uptime at `now` (monotonic), in whole seconds, where it is known."""
        known = self._began.get(service.name)
        if service.uptime is None or known is None or known[0] != service.started_at:
            return service.uptime
        return max(0, int(now - known[1]))
