"""One status after another → the restart that they add up to."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from tui.fleet.events.restart_detector import RestartDetector
from tui.model.event import Event, EventKind

ON = datetime(2026, 1, 1, tzinfo=UTC)


def flip(was: str, became: str, *, service: str = "alert_mgr", ordered: bool = False) -> Event:
    text = f"{was} → {became}"
    return Event("node1", EventKind.FLIPPED, text, 5.0, ON, service, f"→ {became}", ordered)


def started(at: float) -> datetime:
    return ON + timedelta(seconds=at)


def walk(
    *statuses: str, starts: tuple[float | None, ...] = (), ordered: bool = False
) -> list[Event]:
    """Let a service go from status to status; `starts` are its start times after each step."""
    returns = RestartDetector()
    found = []
    for number, (was, became) in enumerate(pairwise(statuses)):
        start = starts[number] if starts else None
        told = returns.see(
            flip(was, became, ordered=ordered), None if start is None else started(start)
        )
        found += [told] if told else []
    return found


@pytest.mark.parametrize("by", ["EXITED", "BACKOFF", "FATAL", "STOPPING", "RESTARTING", "STARTING"])
def test_down_and_up_again_is_a_restart(by: str) -> None:
    (told,) = walk("RUNNING", by, "RUNNING")
    assert told.happening is EventKind.RESTARTED
    assert told.text == f"restarted, was seen {by} on the way, nobody here ordered it"
    assert (told.service, told.at, told.brief) == ("alert_mgr", 5.0, "restarted")


def test_by_way_of_several_it_is_one_restart_and_tells_the_last_that_says_why() -> None:
    (told,) = walk("RUNNING", "EXITED", "BACKOFF", "STARTING", "RUNNING")
    assert "was seen BACKOFF" in told.text
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


def test_what_was_ordered_here_is_told_by_its_verdict() -> None:
    assert walk("RUNNING", "STOPPING", "RUNNING", ordered=True) == []


def test_services_are_followed_by_themselves() -> None:
    returns = RestartDetector()
    assert returns.see(flip("RUNNING", "EXITED"), None) is None
    assert returns.see(flip("EXITED", "RUNNING", service="ccs"), None) is None
    assert returns.see(flip("EXITED", "RUNNING"), None) is not None


def test_a_node_that_makes_up_names_without_end_fills_no_memory() -> None:
    returns = RestartDetector()
    for number in range(30_000):
        returns.see(flip("RUNNING", "EXITED", service=f"s{number}"), None)
    assert len(returns._pasts) == 20_000


def test_a_start_that_was_seen_on_its_way_counts_once_it_runs() -> None:
    starts = (None, 100.0, 100.0)
    assert len(walk("RUNNING", "EXITED", "STARTING", "RUNNING", starts=starts)) == 1


def test_a_service_that_dies_before_it_runs_restarts_with_each_start() -> None:
    """A loop so quick that no reading ever finds it RUNNING."""
    way = ("RUNNING", "EXITED", "STARTING", "EXITED", "STARTING", "BACKOFF", "STARTING")
    told = walk(*way, starts=(None, 100.0, None, 102.0, None, 105.0))
    assert [one.happening for one in told] == [EventKind.RESTARTED] * 2
    same = walk(*way, starts=(None, 100.0, None, 100.0, None, 100.0))
    assert same == []


def test_a_stop_between_two_starts_is_no_loop() -> None:
    starts = (100.0, None, 105.0)
    assert walk("EXITED", "STARTING", "STOPPED", "STARTING", starts=starts) == []
