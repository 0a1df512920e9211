"""An action explains what it can have caused, and nothing that happens to its service later."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.events import event, flip
from tui.model.event import Event, Restart, StatusChange
from tui.model.order import Result, SeenService, Verb
from tui.model.sent_action import AFTERWARDS, OPEN_FOR, ActionVerdict, SentAction
from tui.model.service import Kind, Service

OLD = datetime(2026, 1, 1, tzinfo=UTC)
NEW, NEWER = OLD + timedelta(hours=1), OLD + timedelta(hours=2)
SENT, ENDED = 100.0, 112.0


def action(
    verb: Verb = Verb.RESTART, result: Result | None = None, *, is_followed: bool = False
) -> SentAction:
    before = SeenService("alert_mgr", "RUNNING", Kind.OPTIONAL, OLD, 900)
    ends = {} if result is None else {"alert_mgr": ActionVerdict(ENDED, result)}
    return SentAction(verb, SENT, {"alert_mgr": before}, ends, is_followed)


def service(status: str, start: datetime | None = OLD) -> Service:
    return Service("alert_mgr", status, start)


def change(at: float, before: str, after: str, start: datetime | None = None) -> Event:
    return flip(before, after, at=at, started_at=start)


DOWN, UP = change(SENT + 20, "RUNNING", "STARTING", NEWER), event(Restart("RUNNING"), at=SENT + 20)


@pytest.mark.parametrize("result", [Result.VERIFIED, Result.FLAPPING, Result.TIMED_OUT])
def test_until_its_verdict_an_action_explains_every_change(result: Result) -> None:
    for seen in (service("RUNNING"), service("RUNNING", NEW), service("FATAL"), None):
        assert action(result=result).explains(replace(DOWN, at=ENDED), seen, SENT + 5)
    assert action(is_followed=True).explains(replace(DOWN, at=SENT + 900), service("FATAL"), 105.0)


def test_no_action_explains_what_was_before_it_or_another_service() -> None:
    assert not action().explains(replace(DOWN, at=SENT - 1), service("RUNNING"), SENT - 2)
    assert not action().explains(replace(DOWN, service="ccs"), service("RUNNING"), SENT + 1)


@pytest.mark.parametrize("result", [Result.NOT_SENT, Result.REFUSED])
def test_an_action_that_was_not_done_explains_nothing(result: Result) -> None:
    unsent = action(result=result)
    assert not unsent.explains(replace(DOWN, at=SENT + 1), service("RUNNING"), SENT)


@pytest.mark.parametrize("result", [*Result, None])
@pytest.mark.parametrize("later", [DOWN, replace(UP, details=Restart("RUNNING", "", NEWER))])
def test_after_the_new_run_was_seen_each_further_change_has_another_cause(
    result: Result | None, later: Event
) -> None:
    assert not action(result=result).explains(later, service("RUNNING", NEW), SENT + 15)


@pytest.mark.parametrize(
    ("verb", "seen"),
    [
        (Verb.STOP, service("STOPPED", None)),
        (Verb.STOP, None),
        (Verb.START, service("RUNNING", NEW)),
        (Verb.RESTART, service("FATAL", None)),
    ],
    ids=["stopped", "gone", "started", "failed"],
)
@pytest.mark.parametrize("result", [Result.UNKNOWN, None])
def test_an_action_without_a_known_result_ends_where_its_service_comes_to_rest(
    result: Result | None, verb: Verb, seen: Service | None
) -> None:
    later = change(SENT + 20, "A", "B", NEWER)
    assert not action(verb, result).explains(later, seen, SENT + 15)
    assert action(verb, result).explains(later, service("STOPPING"), SENT + 15)


def test_an_action_without_a_known_result_explains_what_may_have_happened_in_its_time() -> None:
    running, at = service("RUNNING"), SENT + OPEN_FOR + 60
    back = event(Restart("RUNNING", "", NEW), at=at)
    assert action(result=Result.UNKNOWN).explains(back, running, SENT - 5)
    assert action().explains(back, running, SENT + OPEN_FOR - 1)
    assert not action().explains(back, running, SENT + OPEN_FOR + 1)
    assert not action().explains(back, None, None)


def test_after_a_verified_action_only_its_result_is_a_late_report() -> None:
    """Another profile of the node may be polled more seldom."""
    done, running, at = action(result=Result.VERIFIED), service("RUNNING"), ENDED + 5
    assert done.explains(event(Restart("RUNNING", "", NEW), at=at), running, SENT - 1)
    assert done.explains(change(at, "STARTING", "RUNNING", NEW), service("STARTING"), SENT + 1)
    for foreign in (change(at, "RUNNING", "STOPPING", OLD), change(at, "RUNNING", "FATAL")):
        assert not done.explains(foreign, running, SENT - 1)
    late = event(Restart("RUNNING", "", NEW), at=ENDED + AFTERWARDS + 1)
    assert not done.explains(late, running, SENT - 1)


@pytest.mark.parametrize("verb", [Verb.RESTART, Verb.START])
@pytest.mark.parametrize(
    ("judged", "shown", "is_its_own"),
    [(NEW, NEW, True), (NEW, NEWER, False), (None, NEWER, True), (NEW, None, True)],
    ids=["the same run", "a later run", "by an earlier version", "not reported"],
)
def test_a_run_that_began_after_the_one_that_was_verified_has_another_cause(
    judged: datetime | None, shown: datetime | None, verb: Verb, *, is_its_own: bool
) -> None:
    """Another process may poll the node for the first time after the verdict."""
    before = SeenService("alert_mgr", "STOPPED" if verb is Verb.START else "FATAL", Kind.OPTIONAL)
    ends = {"alert_mgr": ActionVerdict(ENDED, Result.VERIFIED, judged)}
    done = SentAction(verb, SENT, {"alert_mgr": before}, ends)
    for late in (
        event(Restart("RUNNING", "", shown), at=ENDED + 5),
        change(ENDED + 5, before.status, "RUNNING", shown),
    ):
        assert done.explains(late, service(before.status, None), SENT - 1) is is_its_own
        # Until the verdict, it may be the action's own.
        assert done.explains(replace(late, at=ENDED), service(before.status, None), SENT - 1)


def test_a_run_that_begins_after_a_bad_verdict_may_be_the_late_end_of_the_action() -> None:
    ends = {"alert_mgr": ActionVerdict(ENDED, Result.TIMED_OUT, OLD)}
    slow = replace(action(), ends=ends)
    back = event(Restart("RUNNING", "", NEW), at=ENDED + 5)
    assert slow.explains(back, service("RUNNING"), ENDED)


def test_a_service_that_is_gone_is_the_late_report_of_a_stop_alone() -> None:
    gone = event(StatusChange("RUNNING", None), at=ENDED + 5)
    for verb in Verb:
        one = action(verb, Result.VERIFIED)
        assert one.explains(gone, service("RUNNING"), SENT - 1) is (verb is Verb.STOP)


@pytest.mark.parametrize("result", [Result.TIMED_OUT, Result.FAILED, Result.FLAPPING])
def test_what_is_on_its_way_at_the_verdict_is_explained_until_it_rests(result: Result) -> None:
    late = change(ENDED + 5, "STARTING", "BACKOFF")
    assert action(result=result).explains(late, service("STARTING", NEW), ENDED)
    assert not action(result=result).explains(late, service("BACKOFF", NEW), ENDED)


def test_what_was_stopped_may_then_be_gone_and_starts_for_another_cause() -> None:
    stop, stopped = action(Verb.STOP, Result.VERIFIED), service("STOPPED", None)
    gone = event(StatusChange("STOPPED", None), at=ENDED + 5)
    assert stop.explains(gone, stopped, ENDED)
    assert not stop.explains(change(ENDED + 5, "STOPPED", "STARTING"), stopped, ENDED)
