"""One status after another → the restart that they add up to."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from tests.events import ELSEWHERE, HERE, ON, flip
from tui.fleet.events.diff import RestartDetector
from tui.model.event import Event, Restart


def started(at: float) -> datetime:
    return ON + timedelta(seconds=at)


def walk(
    *statuses: str, starts: tuple[float | None, ...] = (), ordered: bool = False
) -> list[Event]:
    """Let a service go from status to status; `starts` are its start times after each step."""
    detector, restarts = RestartDetector(), []
    for number, (before, after) in enumerate(pairwise(statuses)):
        start = starts[number] if starts else None
        change = flip(
            before, after, cause=HERE if ordered else ELSEWHERE, at=5.0,
            started_at=None if start is None else started(start),
        )  # fmt: skip
        restart = detector.see(change)
        restarts += [restart] if restart else []
    return restarts


@pytest.mark.parametrize(
    "via", ["EXITED", "BACKOFF", "FATAL", "STOPPING", "RESTARTING", "STARTING"]
)
def test_down_and_up_again_is_a_restart(via: str) -> None:
    (restart,) = walk("RUNNING", via, "RUNNING", starts=(None, 7.0))
    assert restart.details == Restart("RUNNING", via, started(7.0))
    assert restart.cause is ELSEWHERE
    assert (restart.service, restart.at) == ("alert_mgr", 5.0)


def test_through_several_statuses_it_is_one_restart_via_the_last_that_shows_why() -> None:
    (restart,) = walk("RUNNING", "EXITED", "BACKOFF", "STARTING", "RUNNING")
    assert restart.details == Restart("RUNNING", "BACKOFF")
    assert len(walk(*["RUNNING", "EXITED", "STARTING"] * 3, "RUNNING")) == 3


@pytest.mark.parametrize("way", [["STOPPED"], ["STOPPED", "STARTING"], ["STOPPING", "STOPPED"]])
def test_a_stop_and_a_start_are_no_restart(way: list[str]) -> None:
    assert walk("RUNNING", *way, "RUNNING") == []


def test_the_first_start_of_a_service_is_none() -> None:
    assert walk("STARTING", "RUNNING") == []


def test_a_start_time_that_did_not_move_is_none() -> None:
    assert walk("RUNNING", "STOPPING", "RUNNING", starts=(1.0, 1.0)) == []
    assert len(walk("RUNNING", "STOPPING", "RUNNING", starts=(1.0, 2.0))) == 1
    steps = ("RUNNING", "EXITED", "RUNNING", "EXITED", "RUNNING")
    assert len(walk(*steps, starts=(None, 1.0, None, 1.0))) == 1


@pytest.mark.parametrize(("uptime", "count"), [(0, 1), (5, 1), (6, 0), (86_400, 0), (None, 0)])
def test_an_uptime_shorter_than_since_it_last_ran_is_a_restart_though_the_start_time_stood(
    uptime: int | None, count: int
) -> None:
    detector = RestartDetector()
    first, second = (
        flip(before, after, cause=ELSEWHERE, at=at, started_at=started(1.0))
        for before, after, at in (("RUNNING", "STOPPING", 5.0), ("STOPPING", "RUNNING", 7.0))
    )
    assert detector.see(first, 86_400, 3.0) is None
    assert len([one for one in [detector.see(second, uptime, 5.0)] if one]) == count


def test_what_was_ordered_here_is_no_restart() -> None:
    assert walk("RUNNING", "STOPPING", "RUNNING", ordered=True) == []


def test_services_are_followed_by_themselves() -> None:
    detector = RestartDetector()
    assert detector.see(flip("RUNNING", "EXITED")) is None
    assert detector.see(flip("EXITED", "RUNNING", service="ccs")) is None
    assert detector.see(flip("EXITED", "RUNNING")) is not None


def test_a_node_that_makes_up_names_without_end_fills_no_memory() -> None:
    detector = RestartDetector()
    for number in range(30_000):
        detector.see(flip("RUNNING", "EXITED", service=f"s{number}"))
    assert len(detector._transitions) == 20_000


def test_a_start_that_was_seen_on_its_way_counts_once_it_runs() -> None:
    starts = (None, 100.0, 100.0)
    assert len(walk("RUNNING", "EXITED", "STARTING", "RUNNING", starts=starts)) == 1


def test_a_service_that_dies_before_it_runs_restarts_with_each_start() -> None:
    """A loop so quick that no reading ever finds it RUNNING."""
    way = ("RUNNING", "EXITED", "STARTING", "EXITED", "STARTING", "BACKOFF", "STARTING")
    restarts = walk(*way, starts=(None, 100.0, None, 102.0, None, 105.0))
    assert [restart.details.via for restart in restarts] == ["EXITED", "BACKOFF"]
    same = walk(*way, starts=(None, 100.0, None, 100.0, None, 100.0))
    assert same == []


def test_a_stop_between_two_starts_is_no_loop() -> None:
    starts = (100.0, None, 105.0)
    assert walk("EXITED", "STARTING", "STOPPED", "STARTING", starts=starts) == []


def test_a_start_time_that_moved_back_is_no_restart() -> None:
    """A node's clock was set back."""
    assert walk("RUNNING", "STOPPING", "RUNNING", starts=(5.0, 3.0)) == []
    way = ("RUNNING", "EXITED", "STARTING", "EXITED", "STARTING")
    assert walk(*way, starts=(None, 100.0, None, 90.0)) == []


def test_what_came_back_without_a_start_time_is_a_restart() -> None:
    assert len(walk("RUNNING", "STOPPING", "RUNNING", starts=(5.0, None))) == 1
    way = ("RUNNING", "EXITED", "STARTING", "EXITED", "STARTING")
    assert walk(*way, starts=(None, 100.0, None, None)) == []


def test_a_start_that_was_seen_at_once_is_the_new_run_and_not_the_old() -> None:
    (restart,) = walk("RUNNING", "STARTING", "RUNNING", starts=(100.0, 100.0))
    assert restart.details == Restart("RUNNING", "STARTING", started(100.0))


def test_a_restart_is_compared_with_the_run_before_it_and_not_with_the_first() -> None:
    steps = ("RUNNING", "EXITED", "RUNNING", "STOPPING", "RUNNING")
    assert len(walk(*steps, starts=(None, 7.0, None, 7.0))) == 1
    without = ("RUNNING", "STOPPING", "RUNNING", "STOPPING", "RUNNING")
    assert len(walk(*without, starts=(5.0, None, None, 5.0))) == 1
