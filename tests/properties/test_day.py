"""States and spans → a day: nothing is shown that was not seen, and nothing seen is lost."""

from hypothesis import given
from hypothesis import strategies as st

from tui.history.day import Day, Span, State, judge_plainly, make_day, merged
from tui.model.service import Health

BEGUN, ENDED = 100.0, 200.0
TIMES = st.integers(50, 220).map(float)
STATES = st.lists(
    st.builds(
        State,
        since=TIMES,
        status=st.sampled_from(["RUNNING", "STOPPED", "FATAL", "STARTING", "?", None]),
        started=st.none() | st.integers(0, 4).map(float),
        began=st.none() | st.integers(0, 230).map(float),
    ),
    max_size=8,
    unique_by=lambda one: one.since,
)
SPANS = st.lists(st.tuples(TIMES, TIMES).map(lambda two: (min(two), max(two))), max_size=5)
COUNTS = st.integers(1, 60)


def status_at(day: Day, moment: float) -> list[str | None]:
    return [one.state.status for one in day.segments if one.begun <= moment <= one.ended]


def held(states: list[State], moment: float) -> State | None:
    """Give the state that held at a moment, the plain way."""
    before = [one for one in states if one.since <= moment]
    return max(before, key=lambda one: one.since, default=None)


@given(STATES, SPANS)
def test_segments_are_in_order_within_the_day_and_only_where_there_is_data(
    states: list[State], spans: list[Span]
) -> None:
    day = make_day(states, spans, BEGUN, ENDED)
    at = BEGUN
    for one in day.segments:
        assert at <= one.begun <= one.ended <= ENDED
        assert any(begun <= one.begun and one.ended <= ended for begun, ended in merged(spans))
        assert one.state is held(states, one.begun)
        at = one.ended


@given(STATES, SPANS, st.integers(0, 1000))
def test_at_any_moment_the_day_knows_what_was_seen_and_no_more(
    states: list[State], spans: list[Span], place: int
) -> None:
    moment = BEGUN + place / 10 + 0.05  # never where one begins or ends
    if moment > ENDED:
        return
    watched = any(begun <= moment <= ended for begun, ended in spans)
    state = held(states, moment) if watched else None
    day = make_day(states, spans, BEGUN, ENDED)
    assert status_at(day, moment) == ([state.status] if state else [])


@given(STATES, SPANS, COUNTS)
def test_a_bucket_shows_the_worst_that_was_seen_in_it_and_nothing_in_a_gap(
    states: list[State], spans: list[Span], count: int
) -> None:
    day = make_day(states, spans, BEGUN, ENDED)
    buckets = day.buckets(count, judge_plainly)
    assert len(buckets) == count
    worst = min(
        (one.health for one in buckets if one.health), key=lambda one: one.value, default=None
    )
    seen = [judge_plainly(one.state.status) for one in day.segments]
    assert worst is min(seen, key=lambda one: one.value, default=None)
    width = (ENDED - BEGUN) / count
    for number, bucket in enumerate(buckets):
        low, high = BEGUN + number * width - 1e-6, BEGUN + (number + 1) * width + 1e-6
        inside = [one for one in day.segments if one.begun <= high and one.ended >= low]
        assert bucket.health is None or bucket.health in {
            judge_plainly(one.state.status) for one in inside
        }
        within = [one for one in inside if one.begun < high - 2e-6 and one.ended > low + 2e-6]
        if within:
            assert bucket.health is not None
            assert bucket.health.value <= min(
                judge_plainly(one.state.status).value for one in within
            )


@given(STATES, SPANS, COUNTS)
def test_every_restart_is_in_one_bucket(states: list[State], spans: list[Span], count: int) -> None:
    day = make_day(states, spans, BEGUN, ENDED)
    assert sum(one.restarts for one in day.buckets(count, judge_plainly)) == len(day.restarts)
    starts = {one.started for one in states if one.started is not None}
    assert len(day.restarts) <= max(0, len(starts) - 1)
    assert all(BEGUN <= one <= ENDED for one in day.restarts)


@given(STATES, SPANS)
def test_a_run_was_seen_running_and_no_run_is_longer_than_what_is_known(
    states: list[State], spans: list[Span]
) -> None:
    day = make_day(states, spans, BEGUN, ENDED)
    up = [one for one in day.segments if judge_plainly(one.state.status) is Health.UP]
    assert (day.longest_run is None) is (not up)
    if day.longest_run is not None:
        assert day.longest_run >= max(one.ended - one.begun for one in up)
        earliest = min(min(one.since, one.began or one.since) for one in states)
        assert day.longest_run <= ENDED - earliest


@given(STATES, SPANS)
def test_the_order_of_states_and_spans_does_not_matter(
    states: list[State], spans: list[Span]
) -> None:
    day = make_day(states, spans, BEGUN, ENDED)
    assert make_day(reversed(states), reversed(spans), BEGUN, ENDED) == day
