"""What an event means: its kind, whether it needs attention, the health it leads to."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import cast

import pytest

from tests.events import EXAMPLES, HERE, ON, SENTENCES, event, flip
from tui.model.context import LogEntry, VendorSeverity
from tui.model.event import (
    RECORDED,
    TEXT_AT_MOST,
    ActionEvent,
    ClusterLogged,
    Event,
    EventKind,
    OldSentence,
    OrderEnded,
    OrderGiven,
    RolloutMoved,
    StatusChange,
    is_same_step,
)
from tui.model.order import Result, Verb
from tui.model.rollout import RolloutState
from tui.model.service import Health
from tui.model.text import clean


def rollout(state: RolloutState) -> Event:
    return event(RolloutMoved(1, "restart ccs", state), service="", cause=HERE)


@pytest.mark.parametrize(
    ("one", "problem"),
    [
        (event(EXAMPLES[EventKind.LOST], service=""), True),
        (event(EXAMPLES[EventKind.REGAINED], service=""), False),
        (event(EXAMPLES[EventKind.LOGIN], service=""), True),
        (event(EXAMPLES[EventKind.LOOPING]), True),
        (event(EXAMPLES[EventKind.ROLE], service=""), False),
        (event(EXAMPLES[EventKind.APPEARED]), False),
        (event(EXAMPLES[EventKind.VANISHED]), True),
        (event(EXAMPLES[EventKind.VANISHED], cause=HERE), False),
        (event(EXAMPLES[EventKind.RESTARTED]), True),
        (event(EXAMPLES[EventKind.RESTARTED], cause=HERE), False),
        (flip("RUNNING", "STOPPED"), True),
        (flip("RUNNING", "STOPPED", cause=HERE), False),
        (flip("RUNNING", "FATAL", cause=HERE), True),
        (flip("RUNNING", "STARTING"), True),
        (flip("RUNNING", "no such word"), True),
        (flip("STOPPED", "RUNNING"), False),
        (flip("RUNNING", "EXITED", service="start_redis_servers"), False),
        (event(EXAMPLES[EventKind.ORDERED]), False),
        (rollout(RolloutState.RUNNING), False),
        (rollout(RolloutState.DONE), False),
        (rollout(RolloutState.PAUSED), True),
        (rollout(RolloutState.ABORTED), True),
    ],
)
def test_problems_are_the_events_that_need_attention(one: Event, *, problem: bool) -> None:
    assert one.is_problem is problem


@pytest.mark.parametrize("result", Result)
def test_every_verdict_but_verified_is_a_problem(result: Result) -> None:
    verdict = event(OrderEnded(Verb.RESTART, result, "the node was verified"))
    assert verdict.result is result
    assert verdict.is_problem is (result is not Result.VERIFIED)


@pytest.mark.parametrize("kind", EventKind)
def test_an_old_sentence_is_judged_by_its_kind_alone(kind: EventKind) -> None:
    old = event(OldSentence(kind, "RUNNING → RUNNING verified paused"))
    assert old.kind is kind
    assert old.health_after is Health.UNKNOWN
    assert old.result is Result.UNKNOWN
    problems = {
        EventKind.FLIPPED, EventKind.RESTARTED, EventKind.VANISHED, EventKind.LOST,
        EventKind.VERDICT, EventKind.LOGIN, EventKind.LOOPING,
    }  # fmt: skip
    assert old.is_problem is (kind in problems)


def test_a_change_of_status_has_the_kind_of_what_was_listed_before_and_after() -> None:
    assert StatusChange("", "").kind is EventKind.FLIPPED
    assert StatusChange(None, "").kind is EventKind.APPEARED
    assert StatusChange("", None).kind is EventKind.VANISHED


@pytest.mark.parametrize("severity", VendorSeverity)
def test_an_error_of_the_clusters_log_is_a_problem(severity: VendorSeverity) -> None:
    logged = event(ClusterLogged(LogEntry(ON, "node_failed", severity)), service="")
    assert logged.is_problem is (severity in (VendorSeverity.ERROR, VendorSeverity.CRITICAL))


def test_the_examples_cover_every_kind() -> None:
    assert {details.kind for details, *_ in SENTENCES} == set(RECORDED)
    assert EXAMPLES.keys() == set(EventKind)


def test_the_health_after_a_change_is_that_of_its_new_status() -> None:
    assert flip("RUNNING", "FATAL").health_after is Health.FAILED
    assert event(StatusChange("FATAL", None)).health_after is Health.UNKNOWN


SENT = event(OrderGiven(Verb.RESTART, ("alert_mgr",), "kernel patch"), action="5f2c-1")
ENDED = event(OrderEnded(Verb.RESTART, Result.FAILED, "it is FATAL"), action="5f2c-1")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (SENT, SENT, True),
        (SENT, ENDED, False),
        # By its id an action is the same on any node's name, and after the clock was set.
        (SENT, replace(SENT, node="host1", on=ON + timedelta(hours=3)), True),
        (SENT, replace(SENT, action="5f2c-2"), False),
        (ENDED, replace(ENDED, service="ccs"), False),
        (
            ENDED,
            replace(ENDED, details=OrderEnded(Verb.RESTART, Result.VERIFIED, "it is FATAL")),
            False,
        ),
        (
            ENDED,
            replace(ENDED, details=OrderEnded(Verb.RESTART, Result.FAILED, "it is gone")),
            False,
        ),
        # An earlier version recorded no id.
        (SENT, replace(SENT, action="", on=ON + timedelta(seconds=59)), True),
        (SENT, replace(SENT, action="", on=ON - timedelta(seconds=61)), False),
        (SENT, replace(SENT, action="", node="node2"), False),
        (flip("RUNNING", "STOPPED"), flip("RUNNING", "STOPPED"), False),
    ],
)
def test_two_events_are_one_step_of_one_action_by_its_id(
    one: Event, other: Event, *, same: bool
) -> None:
    assert is_same_step(one, other) is same
    assert is_same_step(other, one) is same


def test_steps_of_other_actions_are_told_apart_without_their_texts() -> None:
    """Each step is compared with all that are known."""
    unread = SimpleNamespace(action="5f2c-2")
    assert not is_same_step(replace(ENDED, action="5f2c-1"), cast(ActionEvent, unread))


def test_a_verdict_is_the_same_however_it_was_cut_and_cleaned() -> None:
    raw = replace(ENDED, details=OrderEnded(Verb.RESTART, Result.FAILED, "\x07" + "x" * 900))
    text = clean("\x07" + "x" * 900, TEXT_AT_MOST)
    kept = replace(ENDED, details=OrderEnded(Verb.RESTART, Result.FAILED, text))
    assert is_same_step(raw, kept)
