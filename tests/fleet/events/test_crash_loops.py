"""Restarts that were not ordered here → a crash loop."""

from dataclasses import replace

from tests.events import ELSEWHERE, EXAMPLES, HERE, event
from tui.fleet.events.diff import CrashLoopDetector
from tui.model.event import CrashLoop, Event, EventKind


def restart(at: float, *, ordered: bool = False, service: str = "alert_mgr") -> Event:
    cause = HERE if ordered else ELSEWHERE
    return event(EXAMPLES[EventKind.RESTARTED], at=at, service=service, cause=cause)


def see(loops: CrashLoopDetector, *events: Event) -> list[Event]:
    seen = (loops.see(event) for event in events)
    return [one for one in seen if one is not None]


def test_so_many_restarts_in_the_time_are_one_crash_loop() -> None:
    loops = CrashLoopDetector(3, 10)
    assert see(loops, restart(0), restart(100)) == []
    (loop,) = see(loops, restart(250))
    assert loop.details == CrashLoop(3, 250)
    assert loop.cause is ELSEWHERE
    assert (loop.node, loop.service, loop.at) == ("node1", "alert_mgr", 250)


def test_restarts_that_are_far_apart_are_none() -> None:
    loops = CrashLoopDetector(3, 10)
    assert see(loops, *(restart(at) for at in range(0, 6000, 301))) == []


def test_only_the_last_ones_count() -> None:
    loops = CrashLoopDetector(3, 10)
    assert see(loops, restart(0), restart(500), restart(900)) == []
    (loop,) = see(loops, restart(1000))
    assert loop.details == CrashLoop(3, 500)


def test_it_is_reported_once_until_it_was_calm_for_as_long() -> None:
    loops = CrashLoopDetector(3, 10)
    assert len(see(loops, *(restart(at) for at in range(0, 3600, 60)))) == 1
    calm = 3540 + 601
    assert see(loops, restart(calm), restart(calm + 1)) == []
    assert len(see(loops, restart(calm + 2))) == 1


def test_what_was_ordered_here_does_not_count() -> None:
    loops = CrashLoopDetector(2, 10)
    assert see(loops, restart(0), restart(1, ordered=True), restart(2, ordered=True)) == []
    assert len(see(loops, restart(3))) == 1


def test_services_and_nodes_are_counted_by_themselves() -> None:
    loops = CrashLoopDetector(2, 10)
    assert see(loops, restart(0), restart(1, service="ccs")) == []


def test_nothing_but_a_restart_counts() -> None:
    loops = CrashLoopDetector(2, 10)
    others = [replace(restart(1), details=one) for one in EXAMPLES.values()]
    others.remove(restart(1))
    assert see(loops, *others, *others) == []


def test_a_node_that_makes_up_names_without_end_fills_no_memory() -> None:
    loops = CrashLoopDetector(2, 10)
    for number in range(30_000):
        see(loops, restart(number, service=f"s{number}"))
    assert len(loops._times) == 20_000
