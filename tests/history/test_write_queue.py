"""What is new in a reading, and how long a node was watched."""

from dataclasses import replace

from tests.history.conftest import AWAY, ON, reading, service
from tests.later_answers import unseen
from tui.history.write_queue import GAP, StateMark, StateTracker

STAMP = ON.timestamp()
RUNNING = ("RUNNING", STAMP)


def test_in_the_first_reading_all_is_new_and_in_the_same_again_nothing() -> None:
    tracker = StateTracker()
    state, stretch, until = tracker.see(reading(service(), service("ccs")), "demo")
    assert state is not None
    assert state.whole
    assert {name: one.key for name, one in state.marks.items()} == {
        "alert_mgr": RUNNING, "ccs": RUNNING,
    }  # fmt: skip
    assert (stretch, until) == (("demo", "node1", STAMP), STAMP)
    state, stretch, until = tracker.see(reading(service(), service("ccs"), after=2), "demo")
    assert state is None
    assert (stretch, until) == (("demo", "node1", STAMP), STAMP + 2)


def test_only_what_changed_is_new_and_a_service_that_went_has_no_status() -> None:
    tracker = StateTracker()
    tracker.see(reading(service(), service("ccs"), service("envoy")), "demo")
    state, *_ = tracker.see(
        reading(service(), service("ccs", "STOPPED", None), service("new"), after=2), "demo"
    )
    assert state is not None
    assert not state.whole
    assert state.marks["ccs"] == StateMark("STOPPED")
    assert state.marks["envoy"] == StateMark(None)
    assert state.marks.keys() == {"ccs", "envoy", "new"}
    assert state.at == STAMP + 2


def test_an_uptime_gives_the_start_by_this_machines_clock() -> None:
    state, *_ = StateTracker().see(reading(service(start=100)), "demo")
    assert state is not None
    assert state.marks["alert_mgr"].began == STAMP - 100


def test_an_uptime_that_grows_is_nothing_new() -> None:
    tracker = StateTracker()
    tracker.see(reading(service(start=100)), "demo")
    later = service(start=100)
    state, *_ = tracker.see(reading(later, after=30), "demo")
    assert state is None


def test_where_uptimes_alone_went_on_no_service_is_looked_at() -> None:
    tracker, first = StateTracker(), (service(start=100), service("ccs"))
    tracker.see(replace(reading(), services=first), "demo")
    for after in (2, 4):
        later = replace(reading(after=after), services=unseen(first, after))
        state, stretch, until = tracker.see(later, "demo")
        assert state is None
        assert (stretch, until) == (("demo", "node1", STAMP), STAMP + after)


def test_trouble_ends_a_stretch_and_is_no_new_state() -> None:
    tracker = StateTracker()
    tracker.see(reading(service()), "demo")
    assert tracker.see(reading(service(), after=2, trouble=AWAY), "demo") == (None, None, 0.0)
    state, stretch, _ = tracker.see(reading(service(), after=4), "demo")
    assert state is None
    assert stretch == ("demo", "node1", STAMP + 4)


def test_a_long_silence_and_a_clock_that_was_set_back_end_a_stretch() -> None:
    tracker = StateTracker()
    for after, begun in ((0, 0), (GAP, 0), (2 * GAP + 1, 2 * GAP + 1), (50, 50), (60, 50)):
        _, stretch, until = tracker.see(reading(after=after), "demo")
        assert stretch is not None
        assert (stretch[2], until) == (STAMP + begun, STAMP + after)


def test_between_polls_that_are_far_apart_a_node_is_watched_until_its_reading_is_stale() -> None:
    """Polled every five minutes, it would have a time without data after each answer."""
    tracker = StateTracker()
    for after, begun in ((0, 0), (300, 0), (900, 0), (1501, 1501)):
        _, stretch, _ = tracker.see(reading(after=after), "demo", 600)
        assert stretch is not None
        assert stretch[2] == STAMP + begun


def test_nodes_of_one_name_in_two_clusters_are_two() -> None:
    tracker = StateTracker()
    tracker.see(reading(service()), "one")
    state, *_ = tracker.see(reading(service(status="STOPPED")), "two")
    assert state is not None
    assert state.whole


def test_hostile_names_are_cleaned() -> None:
    state, stretch, _ = StateTracker().see(reading(service("a\x1b[2J"), node="n\x07"), "c\u202e")
    assert state is not None
    assert list(state.marks) == ["a␛[2J"]
    assert stretch is not None
    assert stretch[:2] == ("c\ufffd", "n␇")
