"""Which events are worth a bell or a notice, and how often there may be one."""

from dataclasses import replace
from datetime import UTC, datetime

from tui.fleet.events.notifications import BellLimit, DesktopNotices, notice_text, should_notify
from tui.model.event import Event, EventKind

ALL = frozenset(EventKind)
RESTART = Event(
    "node1", EventKind.RESTARTED, "restarted", 0.0, datetime.now(UTC), "alert_mgr", "restarted"
)


def test_only_what_is_in_the_list_is_worth_it() -> None:
    assert should_notify(RESTART, frozenset({EventKind.RESTARTED}))
    assert not should_notify(RESTART, ALL - {EventKind.RESTARTED})
    assert not should_notify(RESTART, frozenset())


def test_what_was_ordered_here_is_not() -> None:
    assert not should_notify(replace(RESTART, ordered=True), ALL)


def test_of_verdicts_only_those_that_are_not_verified_are() -> None:
    verdict = replace(RESTART, happening=EventKind.VERDICT)
    assert should_notify(replace(verdict, brief="restart timed out"), ALL)
    assert not should_notify(replace(verdict, brief="restart verified"), ALL)


def test_of_rollouts_those_that_stand_still_are_though_they_were_begun_here() -> None:
    rollout = replace(RESTART, happening=EventKind.ROLLOUT, ordered=True)
    for word in ("paused", "aborted"):
        assert should_notify(replace(rollout, brief=f"rollout {word}"), ALL)
        assert not should_notify(
            replace(rollout, brief=f"rollout {word}"), ALL - {EventKind.ROLLOUT}
        )
    for word in ("begun", "goes on", "every node verified"):
        assert not should_notify(replace(rollout, brief=f"rollout {word}"), ALL)


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
    assert notices.take(100.0) == "node1 alert_mgr: restarted, restarted"
    for service in ("a", "b", "c"):
        notices.add(replace(RESTART, service=service))
    assert notices.wait(101.0) == 4
    assert notices.take(105.0) == "node1 c (and 2 more): restarted, restarted"
    assert notices.wait(106.0) is None


def test_a_notice_names_the_node_alone_where_it_is_meant() -> None:
    lost = replace(RESTART, happening=EventKind.LOST, service="", text="no route")
    assert notice_text(lost) == "node1: lost, no route"
