"""A service that goes down and comes back was restarted once, whenever it is polled meanwhile."""

from datetime import UTC, datetime
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tui.config import Notify
from tui.fleet.events.pipeline import CountedNode, EventPipeline
from tui.fleet.login.shared_login import Login
from tui.fleet.problems import restarts_of
from tui.model.event import Event
from tui.model.reading import Reading
from tui.model.service import Service
from tui.sim.service_process import Process

BOOTED = 1_800_000_000.0


def reading(process: Process, at: float, *, clock: float, moves_start: bool) -> Reading:
    """Return what is polled at `at`, where the node's clock was set on by `clock` seconds.

    Its start time follows the clock where it `moves_start`, else its uptime does.
    """
    entry = process.report(BOOTED + at, "absent")
    start, uptime = None, None
    if process.started_at is not None and entry.get("start_time") is not None:
        began = process.started_at + (clock if moves_start else 0.0)
        start = datetime.fromtimestamp(int(began), UTC)
        uptime = max(0, int(BOOTED + at + clock) - int(began))
    service = Service("ccs", entry["status"] or "", start, uptime)
    return Reading("n", (service,), asked_at=at, answered_at=at)


def restarts(polls: list[Reading]) -> list[Event]:
    pipeline, login = EventPipeline(Notify()), Login("user", asks=False)
    nodes = [CountedNode("n", one, login) for one in polls]
    events = [
        event
        for before, after in pairwise(nodes)
        for event in pipeline.publish(pipeline.compare(after, before.reading, None))
    ]
    return restarts_of(events, polls[-1].asked_at)[0]


@given(
    ran=st.integers(5, 100_000),
    gaps=st.lists(st.floats(0.1, 4.0), min_size=1, max_size=40),
    repaired_after=st.none() | st.floats(0.1, 20.0),
    clocks=st.lists(st.sampled_from([-1.0, 0.0, 1.0]), min_size=42, max_size=42),
    moves_start=st.booleans(),
)
def test_one_outage_is_one_restart_however_often_its_start_failed(
    *,
    ran: int,
    gaps: list[float],
    repaired_after: float | None,
    clocks: list[float],
    moves_start: bool,
) -> None:
    """Also where the node's clock is set by a second, but for the first seconds of a run.

    Then a start time that moves by one may be that of the next run.
    """
    process = Process("ccs")
    process.boot(BOOTED)
    at, clock = float(ran), 0.0
    polls = [reading(process, at, clock=clock, moves_start=moves_start)]
    process.fails = repaired_after is not None
    process.restart(BOOTED + at)
    for gap, other in zip([*gaps, 30.0, 60.0], clocks, strict=False):
        at += gap
        if repaired_after is not None and at >= ran + repaired_after:
            process.advance(BOOTED + at)
            process.repair()
            process.start(BOOTED + at)
            repaired_after = None
        last = polls[-1].services[0]
        clock = other if last.uptime is None or last.uptime > 3 else clock
        polls.append(reading(process, at, clock=clock, moves_start=moves_start))
    assert polls[-1].services[0].status == "RUNNING"
    assert len(restarts(polls)) == 1
