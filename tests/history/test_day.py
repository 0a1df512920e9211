"""What a day of a service tells, on days as they happen."""

import pytest

from tui.history.day import Bucket, Segment, State, gaps_between, judge_plainly, make_day
from tui.model.service import Health

HOUR = 3600.0
UP, DOWN, MOVING = Health.UP, Health.DOWN, Health.MOVING


def healths(*states: State, spans: list[tuple[float, float]], count: int = 4) -> list[object]:
    day = make_day(states, spans, 0.0, 4 * HOUR)
    return [one.health for one in day.buckets(count, judge_plainly)]


def test_a_day_without_data_is_unknown_from_end_to_end() -> None:
    assert healths(State(0.0, "RUNNING"), spans=[]) == [None] * 4
    assert healths(spans=[(0.0, 4 * HOUR)]) == [None] * 4


def test_a_gap_without_data_stays_unknown() -> None:
    spans = [(0.0, HOUR), (3 * HOUR, 4 * HOUR)]
    assert healths(State(-99.0, "RUNNING", 1.0), spans=spans) == [UP, None, None, UP]


def test_gaps_lie_between_the_spans_of_all_nodes_and_short_ones_are_none() -> None:
    spans = [(50.0, 60.0), (0.0, 20.0), (10.0, 30.0), (60.0, 61.0), (69.0, 70.0)]
    assert gaps_between(spans, 10.0) == [(30.0, 50.0)]
    assert gaps_between(spans, 5.0) == [(30.0, 50.0), (61.0, 69.0)]
    assert gaps_between([], 10.0) == gaps_between(spans[:1], 10.0) == []


def test_a_start_that_failed_on_the_way_is_no_restart_of_its_own() -> None:
    states = [
        State(0.0, "RUNNING", 0.0),
        State(50.0, "STARTING", 1010.0),
        State(51.0, "BACKOFF"),
        State(53.0, "STARTING", 1012.0),
        State(54.0, "RUNNING", 1012.0),
    ]
    assert make_day(states, [(0.0, HOUR)], 0.0, HOUR).restarts == (54.0,)


def test_the_worst_of_an_hour_is_shown() -> None:
    states = (State(0.0, "RUNNING"), State(HOUR + 5, "STOPPED"), State(HOUR + 9, "RUNNING"))
    assert healths(*states, spans=[(0.0, 4 * HOUR)]) == [UP, DOWN, UP, UP]


def test_one_look_is_enough_to_know_its_hour_and_no_other() -> None:
    assert healths(State(0.0, "RUNNING"), spans=[(2 * HOUR, 2 * HOUR)]) == [None, None, UP, None]


def test_a_span_that_ends_where_an_hour_begins_shows_nothing_of_that_hour() -> None:
    assert healths(State(0.0, "RUNNING"), spans=[(0.0, 2 * HOUR)]) == [UP, UP, None, None]


def test_what_was_seen_now_is_in_the_last_bucket() -> None:
    assert healths(State(0.0, "RUNNING"), spans=[(4 * HOUR, 4 * HOUR)])[-1] is UP


def test_a_service_that_is_not_listed_is_not_well() -> None:
    states = (State(0.0, "RUNNING"), State(2 * HOUR, None))
    assert healths(*states, spans=[(0.0, 4 * HOUR)]) == [UP, UP, Health.UNKNOWN, Health.UNKNOWN]


def test_a_later_start_is_a_restart_at_the_time_that_the_uptime_shows() -> None:
    states = (State(0.0, "RUNNING", 10.0), State(HOUR + 60, "RUNNING", 99.0, began=HOUR + 58))
    day = make_day(states, [(0.0, 4 * HOUR)], 0.0, 4 * HOUR)
    assert day.restarts == (HOUR + 58,)
    assert day.buckets(4, judge_plainly) == (
        Bucket(UP), Bucket(UP, restarts=1), Bucket(UP), Bucket(UP),
    )  # fmt: skip


def test_a_stop_and_a_start_are_one_restart() -> None:
    states = (
        State(0.0, "RUNNING", 10.0), State(60.0, "STOPPED"), State(70.0, "STARTING"),
        State(80.0, "RUNNING", 75.0),
    )  # fmt: skip
    day = make_day(states, [(0.0, HOUR)], 0.0, HOUR)
    assert day.restarts == (80.0,)


def test_a_restart_in_a_gap_is_known_afterwards() -> None:
    states = (State(0.0, "RUNNING", 10.0), State(3 * HOUR, "RUNNING", 99.0, began=2.5 * HOUR))
    spans = [(0.0, HOUR), (3 * HOUR, 4 * HOUR)]
    day = make_day(states, spans, 0.0, 4 * HOUR)
    assert day.buckets(4, judge_plainly)[2] == Bucket(None, restarts=1)


def test_a_restart_before_the_day_is_none_of_the_day() -> None:
    states = (State(-50.0, "RUNNING", 1.0), State(-10.0, "RUNNING", 2.0))
    assert make_day(states, [(0.0, HOUR)], 0.0, HOUR).restarts == ()


def test_a_start_time_that_goes_back_is_no_restart() -> None:
    states = (
        State(0.0, "RUNNING", 50.0),
        State(9.0, "RUNNING", 40.0),
        State(20.0, "RUNNING", 50.0),
    )
    assert make_day(states, [(0.0, HOUR)], 0.0, HOUR).restarts == ()


def test_a_run_reaches_back_to_its_start_and_over_gaps() -> None:
    states = (State(-100.0, "RUNNING", 1.0, began=-5000.0),)
    day = make_day(states, [(0.0, 60.0), (1000.0, 2000.0)], 0.0, HOUR)
    assert day.longest_run == 7000.0


def test_without_a_start_time_a_run_ends_at_a_gap() -> None:
    states = (State(-100.0, "RUNNING"),)
    day = make_day(states, [(0.0, 60.0), (1000.0, 2000.0)], 0.0, HOUR)
    assert day.longest_run == 1000.0


def test_the_longest_of_several_runs_counts() -> None:
    states = (
        State(0.0, "RUNNING", 1.0), State(100.0, "STOPPED"), State(110.0, "RUNNING", 2.0, 108.0),
        State(500.0, "RUNNING", 3.0, 500.0),
    )  # fmt: skip
    assert make_day(states, [(0.0, 600.0)], 0.0, HOUR).longest_run == 392.0


def test_an_uptime_that_contradicts_what_was_seen_does_not_count() -> None:
    states = (State(0.0, "STOPPED"), State(100.0, "RUNNING", 2.0, began=-900.0))
    assert make_day(states, [(0.0, 200.0)], 0.0, HOUR).longest_run == 200.0


@pytest.mark.parametrize("status", ["STOPPED", "STARTING", "?", None])
def test_what_was_not_seen_running_has_no_run(status: str | None) -> None:
    assert make_day([State(0.0, status)], [(0.0, 60.0)], 0.0, HOUR).longest_run is None


def test_spans_that_overlap_after_a_clock_was_set_back_count_once() -> None:
    day = make_day([State(0.0, "RUNNING")], [(50.0, 90.0), (0.0, 60.0)], 0.0, HOUR)
    assert day.segments == (Segment(0.0, 90.0, State(0.0, "RUNNING")),)
