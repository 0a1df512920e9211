"""A verdict rests on what the node shows, never on its answer alone."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.fleet.plan_nodes import open_order
from tui.fleet.orders.verdict import (
    Claim,
    NodeAnswer,
    Observation,
    OrderEvidence,
    Patience,
    decide_verdict,
)
from tui.model.order import (
    AnswerOutcome,
    Moment,
    OrderAnswer,
    Result,
    SeenService,
    TimelineMark,
    Verb,
    Verdict,
)
from tui.model.reading import Reading, Trouble, TroubleKind
from tui.model.service import Kind, Service

T0 = datetime(2026, 1, 1, tzinfo=UTC)
T1 = T0 + timedelta(hours=1)
T2 = T1 + timedelta(seconds=3)
RAN = SeenService("alert_mgr", "RUNNING", Kind.OPTIONAL, T0, 3600)
LAY = SeenService("alert_mgr", "STOPPED", Kind.OPTIONAL)
YES, NO, LOST = (
    NodeAnswer(Claim.DONE, 0.2),
    NodeAnswer(Claim.FAILED, 0.2),
    NodeAnswer(Claim.NOTHING, 0.4, "reset"),
)
TURNED_DOWN = NodeAnswer(Claim.REFUSED, 0.2, "HTTP 403: not you")
PATIENCE = Patience(steady=10, limit=60, same=20)


def judge(
    verb: Verb,
    before: SeenService,
    word: NodeAnswer,
    sights: list[Observation],
    now: float | None = None,
) -> Verdict | None:
    at = now if now is not None else (sights[-1].at if sights else 0.0)
    return decide_verdict(verb, before, word, sights, now=at, patience=PATIENCE)


def result_of(verdict: Verdict | None) -> Result | None:
    return verdict and verdict.result


def test_a_restart_is_verified_by_a_later_start_time_that_holds() -> None:
    sights = [
        Observation(1.1, "STOPPED"),
        Observation(2.4, "RUNNING", T1),
        Observation(12.5, "RUNNING", T1),
    ]
    verdict = judge(Verb.RESTART, RAN, YES, sights)
    assert verdict is not None
    assert verdict.result is Result.VERIFIED
    told = [(mark.moment.value, mark.at) for mark in verdict.timeline]
    assert told == [("asked", 0.2), ("down", 1.1), ("up", 2.4)]
    assert verdict.started_at == T1


@pytest.mark.parametrize(
    ("sights", "start"),
    [([], None), ([Observation(1.1, "RUNNING", T1), Observation(2.4, "STOPPED")], None)],
)
def test_a_verdict_has_the_start_time_that_was_seen_last(
    sights: list[Observation], start: datetime | None
) -> None:
    verdict = judge(Verb.RESTART, RAN, YES, sights, now=90)
    assert verdict is not None
    assert verdict.started_at == start


def test_a_restart_is_not_verified_before_the_window_has_passed() -> None:
    assert (
        judge(
            Verb.RESTART, RAN, YES, [Observation(2.4, "RUNNING", T1), Observation(9, "RUNNING", T1)]
        )
        is None
    )


def test_true_and_the_same_start_time_is_not_restarted() -> None:
    """P7, case 46."""
    sights = [Observation(float(at), "RUNNING", T0) for at in range(1, 22)]
    verdict = judge(Verb.RESTART, RAN, YES, sights)
    assert verdict is not None
    assert verdict.result is Result.NOT_RESTARTED


def test_running_again_without_any_start_time_is_never_verified() -> None:
    sights = [Observation(float(at), "RUNNING", None) for at in range(1, 62)]
    verdict = judge(Verb.RESTART, RAN, YES, sights)
    assert verdict is None or verdict.result is not Result.VERIFIED


@pytest.mark.parametrize("status", ["STARTING", "RESTARTING", "STOPPING", "BACKOFF", "FATAL"])
def test_a_restart_of_what_was_moving_wants_a_later_start_time_too(status: str) -> None:
    """P7, case 46: what was starting anyway runs by itself, restarted or not."""
    sights = [Observation(float(at), "RUNNING", T1) for at in range(2, 62)]
    same = judge(Verb.RESTART, SeenService("job_scheduler", status, Kind.OPTIONAL, T1), YES, sights)
    assert same is not None
    assert same.result is Result.TIMED_OUT
    later = judge(
        Verb.RESTART, SeenService("job_scheduler", status, Kind.OPTIONAL, T0), YES, sights
    )
    assert later is not None
    assert later.result is Result.VERIFIED


@pytest.mark.parametrize("status", ["STARTING", "RESTARTING", "STOPPING"])
def test_a_restart_of_what_lived_without_a_start_time_proves_nothing(status: str) -> None:
    """P7, case 46."""
    sights = [Observation(float(at), "RUNNING", T1) for at in range(2, 62)]
    verdict = judge(Verb.RESTART, SeenService("job_scheduler", status, Kind.OPTIONAL), YES, sights)
    assert verdict is not None
    assert verdict.result is not Result.VERIFIED


def test_a_restart_of_what_did_not_live_is_verified_by_running() -> None:
    sights = [Observation(2, "RUNNING", T1), Observation(13, "RUNNING", T1)]
    verdict = judge(Verb.RESTART, SeenService("alert_mgr", "FATAL", Kind.OPTIONAL), YES, sights)
    assert verdict is not None
    assert verdict.result is Result.VERIFIED


@pytest.mark.parametrize(
    "after",
    [
        Observation(6, "RUNNING", T2),
        Observation(6, "STOPPED"),
        Observation(6, "BACKOFF"),
        Observation(6, None),
    ],
)
def test_what_does_not_stay_up_is_flapping(after: Observation) -> None:
    verdict = judge(Verb.RESTART, RAN, YES, [Observation(2, "RUNNING", T1), after])
    assert verdict is not None
    assert verdict.result is Result.FLAPPING


def test_false_is_watched_and_verified_by_what_the_node_shows() -> None:
    """P7, case 45: false says that the operation failed, not that nothing happened."""
    sights = [Observation(2, "RUNNING", T1), Observation(13, "RUNNING", T1)]
    assert judge(Verb.RESTART, RAN, NO, []) is None
    assert judge(Verb.RESTART, RAN, NO, sights[:1]) is None
    verdict = judge(Verb.RESTART, RAN, NO, sights)
    assert verdict is not None
    assert (verdict.result, verdict.is_denied) == (Result.VERIFIED, True)
    assert verdict.text == "stable for 10 s, although the node reported failure"


def test_false_and_a_service_that_was_stopped_and_not_started_has_failed() -> None:
    """P7, case 45."""
    sights = [Observation(float(at), "STOPPED") for at in range(1, 62)]
    assert judge(Verb.RESTART, RAN, NO, sights[:30]) is None
    verdict = judge(Verb.RESTART, RAN, NO, sights)
    assert verdict is not None
    assert (verdict.result, verdict.is_denied) == (Result.FAILED, True)
    assert verdict.text == "the node reported failure; still STOPPED after 61 s"


@pytest.mark.parametrize(
    ("verb", "before", "since", "seen"),
    [
        (Verb.RESTART, RAN, T0, "RUNNING since the same moment as before"),
        (Verb.STOP, RAN, T0, "RUNNING since the same moment as before"),
        (Verb.START, LAY, None, "still STOPPED"),
    ],
)
def test_false_and_nothing_moved_has_failed_once_that_was_seen_long_enough(
    verb: Verb, before: SeenService, since: datetime | None, seen: str
) -> None:
    """P7, case 45."""
    sights = [Observation(float(at), before.status, since) for at in range(1, 21)]
    assert judge(verb, before, NO, sights[:19]) is None
    verdict = judge(verb, before, NO, sights)
    assert verdict is not None
    assert (verdict.result, verdict.text) == (Result.FAILED, f"the node reported failure; {seen}")


def test_false_and_what_did_not_stay_up_is_flapping() -> None:
    sights = [Observation(2, "RUNNING", T1), Observation(6, "BACKOFF")]
    verdict = judge(Verb.RESTART, RAN, NO, sights)
    assert verdict is not None
    assert verdict.result is Result.FLAPPING
    assert verdict.text.startswith("the node reported failure; reached it, then BACKOFF")


def test_false_and_a_node_that_shows_nothing_is_unknown() -> None:
    verdict = judge(Verb.RESTART, RAN, NO, [], now=60)
    assert verdict is not None
    assert verdict.result is Result.UNKNOWN
    assert verdict.text.startswith("the node reported failure; ")


def test_a_refusal_waits_for_the_reading_that_shows_that_nothing_moved() -> None:
    assert judge(Verb.RESTART, RAN, TURNED_DOWN, [], now=4.9) is None
    verdict = judge(Verb.RESTART, RAN, TURNED_DOWN, [Observation(0.4, "RUNNING", T0)])
    assert verdict is not None
    assert (verdict.result, verdict.text) == (
        Result.REFUSED,
        "HTTP 403: not you; nothing moved",
    )


def test_a_refusal_by_a_node_that_is_not_seen_any_more_says_so() -> None:
    verdict = judge(Verb.RESTART, RAN, TURNED_DOWN, [], now=5)
    assert verdict is not None
    assert verdict.result is Result.REFUSED
    assert verdict.text == "HTTP 403: not you; the node has not been seen since"


@pytest.mark.parametrize(
    "first",
    [
        Observation(1, "STOPPING"),
        Observation(1, None),
        Observation(1, "RUNNING", T1),
        Observation(1, "RUNNING", T0, 1),
    ],
)
def test_a_refusal_after_which_something_moved_is_watched_on(first: Observation) -> None:
    """P7: what the node shows counts, and not what it said."""
    assert judge(Verb.RESTART, RAN, TURNED_DOWN, [first]) is None
    after = [Observation(2, "RUNNING", T1, 1), Observation(13, "RUNNING", T1, 12)]
    verdict = judge(Verb.RESTART, RAN, TURNED_DOWN, [first, *after])
    assert verdict is not None
    assert (verdict.result, verdict.is_denied) == (Result.VERIFIED, True)
    assert "although the node refused it (HTTP 403: not you)" in verdict.text


def test_a_refusal_after_which_it_came_down_and_stayed_so_is_unknown() -> None:
    down = [Observation(float(at), "STOPPED") for at in range(1, 62)]
    verdict = judge(Verb.RESTART, RAN, TURNED_DOWN, down)
    assert verdict is not None
    assert verdict.result is Result.UNKNOWN
    assert verdict.text == "the node refused it (HTTP 403: not you); the node shows STOPPED"


# Uptime


def up(at: float, uptime: int | None, start: datetime | None = T0) -> Observation:
    return Observation(at, "RUNNING", start, uptime)


def test_an_uptime_that_starts_over_is_a_restart_though_the_start_time_is_equal() -> None:
    sights = [up(1.0, 3601), up(2.0, 0), up(12.0, 10)]
    assert judge(Verb.RESTART, RAN, YES, sights[:2]) is None
    assert result_of(judge(Verb.RESTART, RAN, YES, sights)) is Result.VERIFIED


@pytest.mark.parametrize("uptime", [3599, 40])
def test_an_uptime_of_more_than_the_time_since_the_post_is_no_restart(uptime: int) -> None:
    """A node's clock that is set back makes an uptime shorter too."""
    sights = [up(float(at), uptime + at) for at in range(1, 21)]
    assert result_of(judge(Verb.RESTART, RAN, YES, sights)) is Result.NOT_RESTARTED


def test_an_uptime_that_falls_while_it_must_hold_is_a_second_restart() -> None:
    for sights in ([up(2, 1, T1), up(6, 5, T1), up(7, 0, T1)], [up(2, 5, T1), up(7, 0, T1)]):
        verdict = judge(Verb.RESTART, RAN, YES, sights)
        assert verdict is not None
        assert verdict.result is Result.FLAPPING
        assert verdict.text == "reached it, then RUNNING with a shorter uptime after 5.0 s"
        started = judge(Verb.START, LAY, YES, sights)
        assert result_of(started) is Result.FLAPPING
    runs_on = [up(1, 3601), up(2, 0)]
    assert result_of(judge(Verb.START, RAN, YES, runs_on)) is Result.FLAPPING


def test_an_uptime_that_a_clock_set_back_made_shorter_is_no_second_restart() -> None:
    sights = [up(2, 1, T1), up(8, 7, T1), up(9, 4, T1), up(12, 7, T1)]
    assert result_of(judge(Verb.RESTART, RAN, YES, sights)) is Result.VERIFIED


@pytest.mark.parametrize("first", [T0, None])
def test_a_start_time_that_comes_one_reading_late_is_not_flapping(first: datetime | None) -> None:
    restarted = [up(1, 0, first), up(2, 1, T1), up(12, 11, T1)]
    assert result_of(judge(Verb.RESTART, RAN, YES, restarted)) is Result.VERIFIED
    before = replace(LAY, started_at=T0)
    started = [up(1, None, first), up(2, None, T1), up(12, None, T1)]
    assert result_of(judge(Verb.START, before, YES, started)) is Result.VERIFIED


@pytest.mark.parametrize("late", [3600, 3601])
def test_an_uptime_that_comes_one_reading_late_is_not_flapping(late: int) -> None:
    sights = [up(1, late, T1), up(2, 1, T1), up(12, 11, T1)]
    assert result_of(judge(Verb.RESTART, RAN, YES, sights)) is Result.VERIFIED


def test_a_later_start_time_with_an_uptime_from_before_the_action_verifies_nothing() -> None:
    """P7: a service that runs for hours was not restarted a moment ago; another node may answer."""
    sights = [up(at, 7200 + at, T1) for at in range(1, 73)]
    assert judge(Verb.RESTART, RAN, YES, sights[:20]) is None
    verdict = judge(Verb.RESTART, RAN, YES, sights)
    assert verdict is not None
    assert verdict.result is Result.UNKNOWN
    assert verdict.text == (
        "a new start time, but it runs for 7272 s, and the action left 72 s before: "
        "does another node answer?"
    )
    late = [up(at, 7200 + at, T1) for at in range(1, 20)] + [up(20, 19, T1), up(31, 30, T1)]
    assert result_of(judge(Verb.RESTART, RAN, YES, late)) is not Result.UNKNOWN


def test_a_stop_that_is_seen_by_its_absence_alone_says_so() -> None:
    sights = [Observation(1, None), Observation(12, None)]
    verdict = judge(Verb.STOP, RAN, YES, sights)
    assert verdict is not None
    assert verdict.result is Result.VERIFIED
    assert verdict.text == "stable for 10 s, not listed any more"


def test_a_start_time_that_changes_two_readings_late_is_flapping() -> None:
    sights = [up(1, None, T1), up(2, None, T1), up(3, None, T2)]
    assert result_of(judge(Verb.RESTART, RAN, YES, sights)) is Result.FLAPPING


def test_a_lost_answer_is_verified_by_what_the_node_shows() -> None:
    sights = [Observation(2, "RUNNING", T1), Observation(13, "RUNNING", T1)]
    verdict = judge(Verb.RESTART, RAN, LOST, sights)
    assert verdict is not None
    assert verdict.result is Result.VERIFIED
    assert verdict.timeline[0].moment.value == "answer lost"


def test_a_lost_answer_and_an_unchanged_node_stay_unknown() -> None:
    sights = [Observation(float(at), "RUNNING", T0) for at in range(1, 62)]
    assert judge(Verb.RESTART, RAN, LOST, sights[:30]) is None
    verdict = judge(Verb.RESTART, RAN, LOST, sights)
    assert verdict is not None
    assert verdict.result is Result.UNKNOWN


def test_a_node_that_shows_nothing_leaves_it_unknown() -> None:
    assert judge(Verb.STOP, RAN, YES, [], now=59) is None
    verdict = judge(Verb.STOP, RAN, YES, [], now=60)
    assert verdict is not None
    assert verdict.result is Result.UNKNOWN


def test_a_node_lost_after_it_was_up_leaves_it_unknown() -> None:
    verdict = judge(Verb.RESTART, RAN, YES, [Observation(2, "RUNNING", T1)], now=71)
    assert verdict is not None
    assert verdict.result is Result.UNKNOWN


@pytest.mark.parametrize("verb", list(Verb))
def test_a_state_last_seen_long_ago_is_unknown(verb: Verb) -> None:
    """P7: the node was lost while the service moved, and nobody saw what came of it."""
    verdict = judge(verb, RAN, YES, [Observation(1, "STOPPING")], now=60)
    assert verdict is not None
    assert verdict.result is Result.UNKNOWN
    assert "last seen STOPPING" in verdict.text
    assert "59 s" in verdict.text


@pytest.mark.parametrize("gone", ["STOPPED", "EXITED", None])
def test_a_stop_is_verified_by_stopped_or_gone(gone: str | None) -> None:
    verdict = judge(
        Verb.STOP,
        RAN,
        YES,
        [Observation(1, "STOPPING"), Observation(2, gone), Observation(13, gone)],
    )
    assert verdict is not None
    assert verdict.result is Result.VERIFIED


def test_stopped_and_then_gone_is_still_stopped() -> None:
    verdict = judge(
        Verb.STOP,
        RAN,
        YES,
        [Observation(2, "STOPPED"), Observation(8, None), Observation(13, None)],
    )
    assert verdict is not None
    assert verdict.result is Result.VERIFIED


def test_a_stop_that_comes_back_is_flapping() -> None:
    verdict = judge(Verb.STOP, RAN, YES, [Observation(2, "STOPPED"), Observation(5, "RUNNING", T1)])
    assert verdict is not None
    assert verdict.result is Result.FLAPPING


def test_a_start_is_verified_by_running() -> None:
    sights = [
        Observation(1, "STARTING"),
        Observation(2, "RUNNING", T1),
        Observation(12.1, "RUNNING", T1),
    ]
    verdict = judge(Verb.START, LAY, YES, sights)
    assert verdict is not None
    assert verdict.result is Result.VERIFIED
    assert [mark.moment.value for mark in verdict.timeline] == ["asked", "up"]


def test_a_start_that_ends_fatal_times_out_and_says_where_it_is() -> None:
    verdict = judge(Verb.START, LAY, YES, [Observation(1, "STARTING"), Observation(61, "FATAL")])
    assert verdict is not None
    assert verdict.result is Result.TIMED_OUT
    assert "FATAL" in verdict.text


def test_a_start_time_that_moved_back_does_not_verify_a_restart() -> None:
    earlier = T0 - timedelta(seconds=1)
    observations = [Observation(float(at), "RUNNING", earlier) for at in range(1, 62)]
    verdict = judge(Verb.RESTART, RAN, YES, observations)
    assert result_of(verdict) is Result.TIMED_OUT


def test_an_unchanged_service_is_not_restarted_only_once_that_was_seen_long_enough() -> None:
    same = [Observation(float(at), "RUNNING", T0) for at in range(1, 21)]
    assert judge(Verb.RESTART, RAN, YES, same[:1]) is None
    assert judge(Verb.RESTART, RAN, YES, same[:19]) is None
    assert result_of(judge(Verb.RESTART, RAN, YES, same)) is Result.NOT_RESTARTED


def test_by_default_a_restart_must_hold_for_ten_seconds() -> None:
    def after(seconds: float) -> Result | None:
        held = [Observation(2, "RUNNING", T1), Observation(2 + seconds, "RUNNING", T1)]
        now, patience = 2 + seconds, Patience()
        return result_of(decide_verdict(Verb.RESTART, RAN, YES, held, now=now, patience=patience))

    assert after(9.9) is None
    assert after(10) is Result.VERIFIED


def test_what_is_reached_near_the_limit_still_gets_its_time_to_hold() -> None:
    up = [Observation(58, "RUNNING", T1), Observation(62, "RUNNING", T1)]
    assert judge(Verb.RESTART, RAN, YES, up, now=69.9) is None
    up.append(Observation(68, "RUNNING", T1))
    assert result_of(judge(Verb.RESTART, RAN, YES, up, now=69.9)) is Result.VERIFIED


# The whole sentence, and the last reading


SENTENCES: list[tuple[Verb, SeenService, NodeAnswer, list[Observation], Result, str]] = [
    (
        Verb.RESTART, RAN, LOST, [up(2, None, T1), up(13, None, T1)], Result.VERIFIED,
        "stable for 10 s, seen at the node although its answer was lost",
    ),
    (
        Verb.RESTART, RAN, YES, [up(2, None, T1), up(13, None, T1)], Result.VERIFIED,
        "stable for 10 s",
    ),
    (
        Verb.RESTART, RAN, replace(YES, text="it also answered for ccs"),
        [up(2, None, T1), up(13, None, T1)], Result.VERIFIED,
        "stable for 10 s; it also answered for ccs",
    ),
    (
        Verb.RESTART, RAN, replace(NO, text="it also answered for ccs"),
        [up(2, None, T1), up(13, None, T1)], Result.VERIFIED,
        "stable for 10 s, although the node reported failure (it also answered for ccs)",
    ),
    (
        Verb.RESTART, RAN, YES, [up(2, None, T1), up(4, None, T2)], Result.FLAPPING,
        "reached it, then RUNNING with a new start time after 2.0 s",
    ),
    (
        Verb.RESTART, RAN, YES, [up(2, None, T1), Observation(4, "STOPPED")], Result.FLAPPING,
        "reached it, then STOPPED after 2.0 s",
    ),
    (
        Verb.RESTART, RAN, YES, [up(2, None, T1), Observation(4, None)], Result.FLAPPING,
        "reached it, then gone after 2.0 s",
    ),
    (
        Verb.RESTART, RAN, YES, [up(2, None, T1), Observation(4, "STOPPING", T1)], Result.FLAPPING,
        "reached it, then STOPPING after 2.0 s",
    ),
    (
        Verb.RESTART, RAN, NodeAnswer(Claim.REFUSED, 0.2), [up(1, None, T0)], Result.REFUSED,
        "the node refused it; nothing moved",
    ),
    (
        Verb.RESTART, RAN, LOST, [up(61, None, T0)], Result.UNKNOWN,
        "reset; the node shows RUNNING",
    ),
    (
        Verb.RESTART, RAN, NodeAnswer(Claim.NOTHING, 0.2), [Observation(61, None)], Result.UNKNOWN,
        "the answer was lost; the node shows not listed",
    ),
    (
        Verb.START, LAY, YES, [Observation(61, None)], Result.TIMED_OUT,
        "still not listed after 61 s",
    ),
    (
        Verb.STOP, RAN, YES, [up(1, None, None), up(61, None, None)], Result.TIMED_OUT,
        "still RUNNING after 61 s",
    ),
    (
        Verb.RESTART, replace(RAN, started_at=None, uptime=None), YES,
        [Observation(1, "STOPPING"), up(61, 5, T1)], Result.UNKNOWN,
        "the node does not report since when it runs, so whether it restarted is unknown",
    ),
    (
        Verb.RESTART, RAN, YES, [Observation(1, "STOPPING"), up(61, None, None)], Result.UNKNOWN,
        "the node does not report since when it runs, so whether it restarted is unknown",
    ),
    (
        Verb.RESTART, RAN, YES, [Observation(1, "STOPPING"), up(61, 3661, None)], Result.TIMED_OUT,
        "still RUNNING after 61 s",
    ),
    (
        Verb.RESTART, RAN, YES, [Observation(1, "STOPPING", T0), up(61, None, T0)],
        Result.TIMED_OUT, "still RUNNING after 61 s",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("verb", "before", "word", "sights", "result", "text"), SENTENCES)
def test_a_verdict_says_what_was_seen(
    verb: Verb,
    before: SeenService,
    word: NodeAnswer,
    sights: list[Observation],
    result: Result,
    text: str,
) -> None:
    verdict = judge(verb, before, word, sights)
    assert verdict is not None
    assert (verdict.result, verdict.text) == (result, text)
    assert verdict.is_denied == (word.claim in (Claim.FAILED, Claim.REFUSED))


def test_what_was_reached_and_then_not_seen_any_more_says_when() -> None:
    verdict = judge(Verb.RESTART, RAN, YES, [up(2.5, None, T1)], now=71)
    assert verdict is not None
    assert verdict.text == "reached it after 2.5 s, then the node was not seen any more"


def test_what_was_reached_too_late_to_hold_for_long_enough_says_for_how_long_it_held() -> None:
    sights = [up(59.9, None, T1), up(69.6, None, T1)]
    verdict = judge(Verb.RESTART, RAN, YES, sights, now=70)
    assert verdict is not None
    assert verdict.result is Result.UNKNOWN
    assert verdict.text == "reached it after 59.9 s, stable for 9.7 s, then the time was up"


def test_a_service_that_was_last_seen_missing_says_so() -> None:
    verdict = judge(Verb.RESTART, RAN, YES, [up(1, None), Observation(2, None)], now=60)
    assert verdict is not None
    assert verdict.text == "last seen not listed, and the node has not been seen for 58 s"


def test_an_observation_of_ten_seconds_ago_still_counts_by_default() -> None:
    sights = [Observation(1, "STOPPING"), Observation(50, "STOPPING")]

    def at(now: float) -> Result | None:
        found = decide_verdict(Verb.STOP, RAN, YES, sights, now=now, patience=Patience())
        return result_of(found)

    assert at(59.9) is None
    assert at(60) is Result.TIMED_OUT
    assert at(60.1) is Result.UNKNOWN


def test_by_default_an_unchanged_service_is_not_restarted_after_twenty_seconds() -> None:
    def after(seconds: float) -> Result | None:
        sights = [up(1, None), up(seconds, None)]
        found = decide_verdict(Verb.RESTART, RAN, YES, sights, now=seconds, patience=Patience())
        return result_of(found)

    assert after(19.9) is None
    assert after(20) is Result.NOT_RESTARTED


def test_a_stop_that_does_nothing_is_watched_to_its_limit() -> None:
    sights = [up(float(at), None) for at in range(1, 31)]
    assert judge(Verb.STOP, RAN, YES, sights) is None


@pytest.mark.parametrize("word", [YES, NO])
def test_without_a_start_time_before_nothing_shows_that_nothing_happened(word: NodeAnswer) -> None:
    before = replace(RAN, started_at=None, uptime=None)
    sights = [up(float(at), None, None) for at in range(1, 31)]
    assert judge(Verb.RESTART, before, word, sights) is None
    starting = SeenService("job_scheduler", "STARTING", Kind.OPTIONAL)
    moving = [Observation(float(at), "STARTING") for at in range(1, 31)]
    found = judge(Verb.RESTART, starting, word, moving)
    assert result_of(found) is (Result.FAILED if word is NO else None)


def test_a_start_is_verified_by_running_whatever_the_start_times() -> None:
    before = replace(LAY, started_at=T0)
    for start in (T0, None):
        sights = [up(2, None, start), up(13, None, start)]
        assert result_of(judge(Verb.START, before, YES, sights)) is Result.VERIFIED


def test_the_timeline_of_a_stop_has_no_moment_when_it_is_up() -> None:
    verdict = judge(Verb.STOP, RAN, YES, [Observation(2, "STOPPED"), Observation(13, "STOPPED")])
    assert verdict is not None
    assert [mark.moment.value for mark in verdict.timeline] == ["asked", "down"]


# A program that runs once and ends

ONE_SHOT = SeenService("start_redis_servers", "STOPPED", Kind.REQUIRED)


def test_a_start_of_a_one_shot_is_verified_by_its_end() -> None:
    ended = [Observation(2, "EXITED", T1), Observation(13, "EXITED", T1)]
    assert result_of(judge(Verb.START, ONE_SHOT, YES, ended)) is Result.VERIFIED
    runs_first = [up(1, None, T1), *ended]
    assert result_of(judge(Verb.START, ONE_SHOT, YES, runs_first)) is Result.VERIFIED
    starting = [Observation(2, "STARTING", T1), Observation(13, "STARTING", T1)]
    assert judge(Verb.START, ONE_SHOT, YES, starting) is None
    crashed = [up(2, None, T1), Observation(4, "FATAL")]
    assert result_of(judge(Verb.START, ONE_SHOT, YES, crashed)) is Result.FLAPPING


def test_the_end_of_another_program_is_no_start_and_that_of_a_one_shot_no_restart() -> None:
    ended = [Observation(2, "EXITED", T1), Observation(13, "EXITED", T1)]
    assert judge(Verb.START, LAY, YES, ended) is None
    assert judge(Verb.RESTART, replace(ONE_SHOT, started_at=T0), YES, ended) is None
    off = [up(1, None, T1), *ended]
    assert result_of(judge(Verb.START, LAY, YES, off)) is Result.FLAPPING


# The answer


@pytest.mark.parametrize(
    ("answer", "claim", "text"),
    [
        (None, Claim.NOTHING, ""),
        (OrderAnswer(AnswerOutcome.LOST, "reset", 0.1), Claim.NOTHING, "reset"),
        (OrderAnswer(AnswerOutcome.REFUSED, "no", 0.1, 403), Claim.REFUSED, "no"),
        (
            OrderAnswer(AnswerOutcome.ACCEPTED, "more", 0.1, 200, {"ccs": True}),
            Claim.DONE,
            "more",
        ),
        (
            OrderAnswer(AnswerOutcome.ACCEPTED, "more", 0.1, 200, {"ccs": False}),
            Claim.FAILED,
            "more",
        ),
        (
            OrderAnswer(AnswerOutcome.ACCEPTED, "more", 0.1, 200, {"ccs": None}),
            Claim.NOTHING,
            "the answer did not name it",
        ),
        (
            OrderAnswer(AnswerOutcome.ACCEPTED, "", 0.1, 200, {"other": True}),
            Claim.NOTHING,
            "the answer did not name it",
        ),
    ],
)
def test_an_answer_claims_only_what_it_says_of_a_service(
    answer: OrderAnswer | None, claim: Claim, text: str
) -> None:
    """P7, case 45."""
    assert NodeAnswer.of(answer, "ccs", 0.1) == NodeAnswer(claim, 0.1, text)


# Which readings count


@dataclass
class PlayedNode:
    """A node whose reading and identity a test sets."""

    reading: Reading = field(default_factory=lambda: Reading("node3"))
    wrong_node: str = ""
    identified_at: float = 0.0

    def vouches(self, uid: int | None, reading: Reading) -> bool:
        assert uid == 3
        return (reading.answered_at or 0.0) <= self.identified_at

    def shows(self, status: str, at: float) -> None:
        self.reading = Reading("node3", (Service("ccs", status),), at, at + 0.1)


def observed(evidence: OrderEvidence) -> list[str | None]:
    return [one.status for one in evidence.observations.get("ccs", [])]


def sent_evidence() -> OrderEvidence:
    return OrderEvidence(open_order(Verb.STOP, "ccs"), sent_at=100.0, answered_at=100.2)


def test_only_readings_requested_after_the_post_left_count() -> None:
    evidence, node = sent_evidence(), PlayedNode(identified_at=999)
    for at in (99.0, 100.0):
        node.shows("STOPPED", at)
        evidence.observe(node)
    assert observed(evidence) == []
    node.shows("STOPPED", 100.01)
    evidence.observe(node)
    evidence.observe(node)
    assert observed(evidence) == ["STOPPED"]


def test_a_reading_with_trouble_does_not_count() -> None:
    evidence, node = sent_evidence(), PlayedNode(identified_at=999)
    service = Service("ccs", "STOPPED")
    trouble = Trouble(TroubleKind.UNREACHABLE, "no answer")
    node.reading = Reading("node3", (service,), 101.0, 99.0, trouble=trouble)
    evidence.observe(node)
    assert observed(evidence) == []


def test_readings_count_once_the_node_has_identified_itself_after_them() -> None:
    evidence, node = sent_evidence(), PlayedNode()
    for at in (101.0, 102.0):
        node.shows("STOPPED", at)
        evidence.observe(node)
    assert observed(evidence) == []
    node.identified_at = 101.5
    evidence.observe(node)
    assert observed(evidence) == ["STOPPED"]
    node.identified_at = 102.1
    evidence.observe(node)
    assert observed(evidence) == ["STOPPED", "STOPPED"]


def test_a_node_that_does_not_answer_is_seen_no_later_than_its_last_good_reading() -> None:
    evidence, node = sent_evidence(), PlayedNode(identified_at=999)
    assert evidence.seen_at is None
    for at in (101.5, 104.5):
        node.shows("STOPPED", at)
        evidence.observe(node)
    assert evidence.seen_at == 104.0
    trouble = Trouble(TroubleKind.UNREACHABLE, "no answer")
    node.reading = replace(node.reading, asked_at=130.0, trouble=trouble)
    evidence.observe(node)
    assert evidence.seen_at == 104.0


def test_what_was_pending_when_another_node_answers_never_counts() -> None:
    evidence, node = sent_evidence(), PlayedNode()
    node.shows("STOPPED", 101.0)
    evidence.observe(node)
    node.wrong_node = "node:2 answers here"
    node.shows("STOPPED", 102.0)
    evidence.observe(node)
    node.wrong_node, node.identified_at = "", 999
    evidence.observe(node)
    assert observed(evidence) == []
    node.shows("RUNNING", 103.0)
    evidence.observe(node)
    assert observed(evidence) == ["RUNNING"]


def test_an_observation_holds_all_that_a_reading_shows_and_when_it_was_answered() -> None:
    evidence, node = sent_evidence(), PlayedNode(identified_at=999)
    node.reading = Reading("node3", (Service("ccs", "RUNNING", T1, 7),), 101.0, 101.5)
    evidence.observe(node)
    node.reading = Reading("node3", (), 102.0, 102.5)
    evidence.observe(node)
    assert evidence.observations["ccs"] == [
        Observation(1.5, "RUNNING", T1, 7),
        Observation(2.5, None),
    ]


@pytest.mark.parametrize("is_listed", [True, False])
def test_a_list_that_was_cut_does_not_show_that_a_service_is_gone(is_listed: bool) -> None:
    """P7."""
    evidence, node = sent_evidence(), PlayedNode(identified_at=999)
    rest = Service("", "", left_out=3)
    listed = (Service("ccs", "STOPPED"), rest) if is_listed else (rest,)
    node.reading = Reading("node3", listed, 101.0, 101.5)
    assert node.reading.is_cut
    evidence.observe(node)
    assert observed(evidence) == (["STOPPED"] if is_listed else [])


def test_times_of_a_verdict_count_from_when_the_post_left() -> None:
    evidence = sent_evidence()
    (before,) = evidence.order.services
    assert evidence.verdict(before, 159.9, PATIENCE) is None
    verdict = evidence.verdict(before, 160.0, PATIENCE)
    assert verdict is not None
    assert "shown nothing for 60 s" in verdict.text
    (mark,) = evidence.timelines()["ccs"]
    assert round(mark.at, 6) == 0.2


@pytest.mark.parametrize(
    ("at", "text"),
    [(0.0, "seen down"), (0.04, "seen down"), (0.06, "seen down after 0.1 s")],
)
def test_a_moment_is_worded_with_its_time_only_where_that_is_not_none(at: float, text: str) -> None:
    assert str(TimelineMark(Moment.DOWN, at)) == text
