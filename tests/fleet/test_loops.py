"""Restarts that nobody here ordered → a crash loop."""

from datetime import UTC, datetime, timedelta

import pytest

from tui.fleet.loops import CrashLoops
from tui.model.event import Event, Happening

ON = datetime(2026, 1, 1, tzinfo=UTC)


def restart(at: float, *, ordered: bool = False, service: str = "alert_mgr") -> Event:
    text = "restarted, RUNNING before and after"
    return Event("node1", Happening.RESTARTED, text, at, ON, service, "restarted", ordered)


def flip(at: float, was: str, became: str) -> Event:
    text = f"{was} → {became}"
    return Event("node1", Happening.FLIPPED, text, at, ON, "alert_mgr", f"→ {became}")


def started(at: float) -> datetime:
    return ON + timedelta(seconds=at)


def see(loops: CrashLoops, *events: Event) -> list[Event]:
    """Let a service that begins anew at every event be seen."""
    seen = (loops.see(event, started(event.at)) for event in events)
    return [one for one in seen if one is not None]


def test_so_many_restarts_in_the_time_are_one_crash_loop() -> None:
    loops = CrashLoops(3, 10)
    assert see(loops, restart(0), restart(100)) == []
    (told,) = see(loops, restart(250))
    assert told.happening is Happening.LOOPING
    assert told.text == "restarted 3 times in 4 m 10 s, nobody here ordered it"
    assert (told.node, told.service, told.at) == ("node1", "alert_mgr", 250)


def test_restarts_that_are_far_apart_are_none() -> None:
    loops = CrashLoops(3, 10)
    assert see(loops, *(restart(at) for at in range(0, 6000, 301))) == []


def test_only_the_last_ones_count() -> None:
    loops = CrashLoops(3, 10)
    assert see(loops, restart(0), restart(500), restart(900)) == []
    (told,) = see(loops, restart(1000))
    assert "in 8 m 20 s" in told.text


def test_it_is_told_once_until_it_was_calm_for_as_long() -> None:
    loops = CrashLoops(3, 10)
    assert len(see(loops, *(restart(at) for at in range(0, 3600, 60)))) == 1
    calm = 3540 + 601
    assert see(loops, restart(calm), restart(calm + 1)) == []
    assert len(see(loops, restart(calm + 2))) == 1


def test_what_was_ordered_here_does_not_count() -> None:
    loops = CrashLoops(2, 10)
    assert see(loops, restart(0), restart(1, ordered=True), restart(2, ordered=True)) == []
    assert len(see(loops, restart(3))) == 1


def test_services_and_nodes_are_counted_by_themselves() -> None:
    loops = CrashLoops(2, 10)
    assert see(loops, restart(0), restart(1, service="ccs")) == []


@pytest.mark.parametrize("was", ["EXITED", "BACKOFF", "FATAL", "STARTING", "STOPPING"])
def test_a_return_to_running_with_a_later_start_is_a_restart(was: str) -> None:
    loops = CrashLoops(2, 10)
    first = [flip(0, "RUNNING", was), flip(1, was, "RUNNING"), flip(2, "RUNNING", was)]
    assert see(loops, *first) == []
    assert len(see(loops, flip(3, was, "RUNNING"))) == 1


def test_a_return_with_the_same_start_is_none() -> None:
    loops = CrashLoops(2, 10)
    for at in range(0, 20, 2):
        assert loops.see(flip(at, "RUNNING", "EXITED"), None) is None
        assert loops.see(flip(at + 1, "EXITED", "RUNNING"), started(-1)) is None


def test_the_start_of_what_was_stopped_is_none() -> None:
    loops = CrashLoops(2, 10)
    stops = [flip(at, "RUNNING", "STOPPED") for at in range(0, 20, 2)]
    starts = [flip(at, "STOPPED", "RUNNING") for at in range(1, 20, 2)]
    assert see(loops, *stops, *starts) == []


def test_a_node_that_makes_up_names_without_end_fills_no_memory() -> None:
    loops = CrashLoops(2, 10)
    for number in range(30_000):
        see(loops, restart(number, service=f"s{number}"))
    assert len(loops._pasts) == 20_000
