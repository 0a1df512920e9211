"""Two readings → events: every difference is reported once, and nothing else is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tui.fleet.events.diff import diff_readings
from tui.model.event import EventKind
from tui.model.event_text import event_text
from tui.model.reading import Reading, Trouble, TroubleKind
from tui.model.service import Service

ON = datetime(2026, 1, 1, tzinfo=UTC)
STARTED = st.none() | st.integers(0, 3).map(lambda minutes: ON + timedelta(minutes=minutes))
SERVICE = st.builds(
    Service,
    name=st.sampled_from("abcde"),
    status=st.sampled_from(["RUNNING", "STOPPED", "CONFLICT", "?"]),
    started_at=STARTED,
    uptime=st.none() | st.integers(0, 100),
)
SERVICES = st.lists(SERVICE, unique_by=lambda one: one.name, max_size=5).map(tuple)
TROUBLE = st.none() | st.builds(Trouble, kind=st.sampled_from(TroubleKind), text=st.just("away"))
READING = st.builds(
    Reading,
    node=st.just("n"),
    services=SERVICES,
    answered_at=st.none() | st.floats(0, 100),
    trouble=TROUBLE,
    since=st.floats(0, 100),
)
GOOD = st.builds(Reading, node=st.just("n"), services=SERVICES, answered_at=st.just(1.0))


@given(READING)
def test_what_did_not_change_is_no_event(reading: Reading) -> None:
    assert not [one for one in diff_readings(reading, reading, on=ON) if one.service]
    assert diff_readings(reading, reading, on=ON) == ()


@given(READING, READING)
def test_at_most_one_event_a_service_and_one_for_the_node(before: Reading, after: Reading) -> None:
    events = diff_readings(before, after, on=ON)
    about = [one.service for one in events]
    assert len(about) == len(set(about))
    assert about == sorted(about)
    assert all(event_text(one) and one.node == "n" for one in events)


@given(READING, READING)
def test_services_of_a_node_in_trouble_are_never_compared(before: Reading, after: Reading) -> None:
    """P18, case 7: what is old is not news."""
    changes = [one for one in diff_readings(before, after, on=ON) if one.service]
    if after.trouble is not None or before.answered_at is None:
        assert not changes


@given(GOOD, GOOD)
def test_every_difference_of_status_and_presence_is_reported(
    before: Reading, after: Reading
) -> None:
    kinds = {one.service: one.kind for one in diff_readings(before, after, on=ON)}
    old = {one.name: one for one in before.services}
    new = {one.name: one for one in after.services}
    for name in old.keys() | new.keys():
        if name not in new:
            assert kinds[name] is EventKind.VANISHED
        elif name not in old:
            assert kinds[name] is EventKind.APPEARED
        elif old[name].status != new[name].status:
            assert kinds[name] is EventKind.FLIPPED
        else:
            assert kinds.get(name) in {None, EventKind.RESTARTED}


@st.composite
def other_start_times(draw: st.DrawFn) -> tuple[Reading, Reading]:
    """Draw two readings of the same services in the same states, with start times of their own."""
    before = draw(GOOD)
    old = tuple(replace(one, uptime=None) for one in before.services)
    new = tuple(replace(one, started_at=draw(STARTED)) for one in old)
    return replace(before, services=old), replace(before, services=new)


@given(other_start_times())
def test_a_restart_is_reported_where_the_nodes_own_clock_moved_forward_and_only_there(
    readings: tuple[Reading, Reading],
) -> None:
    """Cases 36 and 37: neither a time that is missing nor one that went back is a restart."""
    before, after = readings
    restarted = {
        old.name
        for old, new in zip(before.services, after.services, strict=True)
        if old.started_at is not None
        and new.started_at is not None
        and new.started_at > old.started_at
    }
    events = diff_readings(before, after, on=ON)
    assert {event.service for event in events} == restarted
    assert all(event.kind is EventKind.RESTARTED for event in events)


@given(
    ran=st.integers(1, 200_000),
    apart=st.integers(1, 600),
    restarted_after=st.none() | st.integers(0, 600),
    shows=st.sampled_from(["both", "start time", "uptime"]),
)
def test_a_restart_is_reported_by_start_time_or_uptime_and_a_run_that_goes_on_is_none(
    ran: int, apart: int, restarted_after: int | None, shows: str
) -> None:
    """A service that ran for `ran` seconds at one reading, and the next one `apart` seconds later.

    Where a node reports one of the two late, the other shows the restart.
    """
    old = Service("a", "RUNNING", ON, ran)
    new = replace(old, uptime=ran + apart)
    if restarted_after is not None and restarted_after <= apart:
        started_at = ON + timedelta(seconds=ran + restarted_after)
        uptime = apart - restarted_after
        if shows != "uptime":
            new = replace(new, started_at=started_at)
        if shows != "start time":
            new = replace(new, uptime=uptime)
    is_restart = new != replace(old, uptime=ran + apart)
    # An uptime that has grown past the old one shows a restart by its start time alone.
    is_seen = shows != "uptime" or (new.uptime or 0) < ran
    before = Reading("n", (old,), asked_at=0.0, answered_at=0.0)
    after = Reading("n", (new,), asked_at=float(apart), answered_at=float(apart))
    events = diff_readings(before, after, on=ON)
    assert [event.kind for event in events] == [EventKind.RESTARTED] * (is_restart and is_seen)
