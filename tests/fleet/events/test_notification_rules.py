"""Which events are worth a bell or a notice, and how often there may be one."""

from dataclasses import replace

import pytest

from tests.events import ELSEWHERE, EXAMPLES, HERE, event
from tui.fleet.events.notifications import (
    BellLimit,
    DesktopNotices,
    notice_text,
    should_notify,
)
from tui.model.event import ConnectionLost, EventKind, OrderEnded, RolloutMoved
from tui.model.order import Result, Verb
from tui.model.rollout import RolloutState

ALL = frozenset(EventKind)
RESTART = event(EXAMPLES[EventKind.RESTARTED], cause=ELSEWHERE)
RESTART_TEXT = "restarted, was seen EXITED on the way, not sent from here"


def test_only_what_is_in_the_list_is_worth_it() -> None:
    assert should_notify(RESTART, frozenset({EventKind.RESTARTED}))
    assert not should_notify(RESTART, ALL - {EventKind.RESTARTED})
    assert not should_notify(RESTART, frozenset())


def test_what_was_ordered_here_is_not() -> None:
    assert not should_notify(replace(RESTART, cause=HERE), ALL)


@pytest.mark.parametrize("result", Result)
def test_of_verdicts_only_those_that_are_not_verified_are(result: Result) -> None:
    verdict = event(OrderEnded(Verb.RESTART, result, "evidence"))
    assert should_notify(verdict, ALL) is (result is not Result.VERIFIED)


@pytest.mark.parametrize("state", RolloutState)
def test_of_rollouts_those_that_stand_still_are_though_they_were_begun_here(
    state: RolloutState,
) -> None:
    rollout = event(RolloutMoved(1, "restart ccs", state), service="", cause=HERE)
    still = state in (RolloutState.PAUSED, RolloutState.ABORTED)
    assert should_notify(rollout, ALL) is still
    assert not should_notify(rollout, ALL - {EventKind.ROLLOUT})


def test_the_bell_rings_once_a_second_at_most() -> None:
    bells = BellLimit()
    assert [bells.rings(at / 10) for at in range(25)].count(True) == 3
    assert BellLimit().rings(0.0)


def test_the_first_notice_goes_out_at_once_and_the_next_after_a_while_with_a_count() -> None:
    notices = DesktopNotices()
    assert notices.wait(100.0) is None
    assert notices.take(100.0) == ""
    notices.add(RESTART)
    assert notices.wait(100.0) == 0
    assert notices.take(100.0) == f"node1 alert_mgr: restarted, {RESTART_TEXT}"
    for service in ("a", "b", "c"):
        notices.add(replace(RESTART, service=service))
    assert notices.wait(101.0) == 4
    assert notices.take(105.0) == f"node1 c (and 2 more): restarted, {RESTART_TEXT}"
    assert notices.wait(106.0) is None


def test_a_notice_names_the_node_alone_where_it_is_meant() -> None:
    lost = event(ConnectionLost(None, "no route"), service="")
    assert notice_text(lost) == "node1: lost, no route"
