"""A day as lines of text, that need no colour."""

from collections import defaultdict

from tui.history.day import Bucket, Day, State, make_day
from tui.model.service import Health
from tui.ui.format.history_chart import (
    COUNT,
    MINUTES,
    UNWATCHED,
    chart_line,
    day_rows,
    last_signs,
    strip,
)
from tui.ui.format.service_row import GLYPHS, RESTARTED

PALETTE = defaultdict(str)
HOUR = 3600.0
DAY = 24 * HOUR


def lines(day: Day, disabled: frozenset[str] = frozenset()) -> dict[str, str]:
    rows = day_rows(day, disabled, "alert_mgr", PALETTE)
    names = ("heading", "strip", "axis", "legend")
    shown = {name: str(value) for name, (_, value, _) in zip(names, rows, strict=False)}
    return shown | {label: str(value) for label, value, _ in rows if label}


def test_every_sort_of_part_has_a_sign_of_its_own() -> None:
    parts = [*(Bucket(health) for health in Health), Bucket(), Bucket(Health.UP, restarts=1)]
    assert len(set(chart_line(tuple(parts), PALETTE).plain)) == len(Health) + 2
    assert UNWATCHED not in GLYPHS.values()
    assert RESTARTED not in GLYPHS.values()


def test_a_restart_hides_nothing_that_is_worse() -> None:
    for health in Health:
        shown = chart_line((Bucket(health, restarts=2),), PALETTE).plain
        wrong = health in (Health.FAILED, Health.DOWN, Health.UNKNOWN)
        assert shown == (GLYPHS[health] if wrong else RESTARTED)
    assert chart_line((Bucket(None, restarts=1),), PALETTE).plain == RESTARTED


def test_a_day_is_shown_in_parts_of_half_an_hour() -> None:
    states = (
        State(0.0, "RUNNING", 1.0, began=-86_400.0),
        State(20 * HOUR, "RUNNING", 2.0, began=20 * HOUR),
        State(22 * HOUR + 1, "STOPPED"),
        State(22 * HOUR + 9, "RUNNING", 3.0, began=22 * HOUR + 8),
    )
    shown = lines(make_day(states, [(6 * HOUR, 12 * HOUR), (18 * HOUR, DAY)], 0.0, DAY))
    assert shown["heading"] == "\nThe last 24 hours, the worst of each 30 minutes"
    assert shown["strip"] == "·" * 12 + "●" * 12 + "·" * 12 + "●●●●↻●●●■●●●"
    assert shown["axis"] == "24 h ago" + " " * 37 + "now"
    assert len(shown["strip"]) == len(shown["axis"]) == COUNT
    assert shown["legend"] == "· no data  ↻ restarted"
    assert shown["restarts"] == "2, the last at 22:00:08 UTC"
    assert shown["longest run"] == "1d 20:00:00"


def test_a_day_without_a_gap_or_a_restart_says_so() -> None:
    shown = lines(make_day((State(0.0, "RUNNING"),), [(0.0, DAY)], 0.0, DAY))
    assert shown["strip"] == "●" * COUNT
    assert shown["legend"] == "● running"
    assert shown["restarts"] == "none known"


def test_a_day_without_data_claims_nothing() -> None:
    shown = lines(make_day((State(0.0, "RUNNING"),), [], 0.0, DAY))
    assert shown["strip"] == "·" * COUNT
    assert shown["legend"] == "· no data"
    assert shown["longest run"] == "never seen running"


def test_what_the_cluster_switches_off_is_off_and_not_down() -> None:
    day = make_day((State(0.0, "STOPPED"),), [(0.0, DAY)], 0.0, DAY)
    assert lines(day, frozenset({"alert_mgr"}))["strip"] == GLYPHS[Health.OFF] * COUNT
    assert lines(day)["strip"] == GLYPHS[Health.DOWN] * COUNT


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


def test_the_last_minutes_of_a_strip_keep_their_styles() -> None:
    hour = ("─" * 50 + "↻" + "■" * 9, (("muted", 50), ("warn", 1), ("bad", 9)))
    assert last_signs(hour, 60) == hour
    assert last_signs(hour, 15) == (hour[0][-15:], (("muted", 5), ("warn", 1), ("bad", 9)))
    assert last_signs(hour, 4) == ("■■■■", (("bad", 4),))
    assert last_signs(hour, 0) == ("", ())
    assert last_signs(("", ()), 20) == ("", ())
