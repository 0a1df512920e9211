"""A strip has one cell a minute: calm where a service was up, and what was not is seen at once."""

from tui.history.day import Day, State, make_day
from tui.ui.format.history_chart import MINUTES, strip

END = 3600.0
NONE: frozenset[str] = frozenset()


def minutes(*states: State, watched: tuple[float, float] = (0.0, END)) -> Day:
    return make_day(states, [watched], 0.0, END)


def test_a_service_that_was_up_is_a_calm_rule() -> None:
    text, runs = strip(minutes(State(0.0, "RUNNING", 1.0)), NONE, "ccs")
    assert text == "─" * MINUTES
    assert runs == (("muted", MINUTES),)


def test_what_was_down_failed_or_on_its_way_has_its_own_sign() -> None:
    day = minutes(
        State(0.0, "RUNNING", 1.0),
        State(3000.0, "STOPPED"),
        State(3060.0, "FATAL"),
        State(3120.0, "STARTING"),
        State(3180.0, "RUNNING", 1.0),
    )
    text, runs = strip(day, NONE, "ccs")
    assert text[-11:] == "─■✗◐───────"
    assert sum(length for _, length in runs) == MINUTES
    assert ("bad", 2) in runs


def test_a_restart_between_two_polls_is_seen() -> None:
    day = minutes(State(0.0, "RUNNING", 1.0), State(3560.0, "RUNNING", 50.0, 3550.0))
    assert strip(day, NONE, "ccs")[0][-3:] == "──↻"


def test_minutes_without_a_poll_are_blank() -> None:
    day = minutes(State(0.0, "RUNNING", 1.0), watched=(3000.0, END))
    assert strip(day, NONE, "ccs")[0] == " " * 50 + "─" * 10


def test_a_service_that_is_switched_off_and_a_finished_one_are_no_fault() -> None:
    day = minutes(State(0.0, "STOPPED"))
    assert set(strip(day, frozenset({"mdns_server"}), "mdns_server")[0]) == {"·"}
    assert set(strip(minutes(State(0.0, "EXITED")), NONE, "start_redis_servers")[0]) == {"─"}
