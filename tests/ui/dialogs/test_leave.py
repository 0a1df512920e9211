"""What is left undone where the deck is left, and when its key quits. Pure."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.ui.dialogs.test_rollout import plan
from tui.model.node import Identity
from tui.model.order import (
    Order,
    OrderPhase,
    OrderProgress,
    Result,
    Route,
    SeenService,
    Target,
    Verb,
    Verdict,
)
from tui.model.rollout import RolloutProgress, RolloutState, StepProgress, StepState
from tui.model.service import Kind
from tui.ui.dialogs.leave import OpenWork, QuitKey, leave_facts, left_lines

ORDER = OrderProgress(
    Order(
        number=1,
        verb=Verb.RESTART,
        target=Target("node1", "https://node1:9443", Identity(1), None),
        services=(SeenService("ccs", "RUNNING", Kind.OPTIONAL),),
        route=Route(via="node1", url="https://node1:9443"),
        pressed_at=0.0,
        pressed_on=datetime(2026, 3, 1, tzinfo=UTC),
    ),
    OrderPhase.CHECKING,
)


def words(work: OpenWork) -> list[str]:
    return [value for _, value, _ in leave_facts(work)]


@pytest.mark.parametrize("phase", [OrderPhase.SENDING, OrderPhase.WATCHING])
def test_an_action_that_was_sent_goes_on_and_its_verdict_is_found_later(phase: OrderPhase) -> None:
    work = OpenWork((replace(ORDER, phase=phase),))
    undone = "it goes on at the node, and its verdict is not known here"
    found = "the next start finds it by the node's first answer"
    assert words(work) == ["restart ccs on node1", f"{undone}: {found}"]
    assert words(replace(work, is_kept=False)) == ["restart ccs on node1", undone]


def test_an_action_that_is_being_checked_is_not_sent() -> None:
    assert words(OpenWork((ORDER,))) == ["restart ccs on node1", "it is not sent"]


UNKNOWN = "rsdeck: left while this was open, so its outcome is unknown: "


def rolled(state: RolloutState, here: StepState) -> RolloutProgress:
    made = plan()
    states = (StepState.DONE, here, StepState.WAITING)
    steps = tuple(StepProgress(step, state) for step, state in zip(made.steps, states, strict=True))
    return RolloutProgress(made, state, steps)


def test_a_rollout_that_is_left_paused_is_reported_with_what_came_of_it() -> None:
    work = OpenWork((ORDER,), (rolled(RolloutState.PAUSED, StepState.BLOCKED),))
    counts = "rsdeck: rollout 1 left paused: 1/3 verified, node3 blocked, 1 waiting"
    assert left_lines(work) == [
        f"{counts}; nothing in flight; the next start offers the rest",
        f"{UNKNOWN}restart ccs on node1",
    ]
    assert left_lines(replace(work, orders=(), is_kept=False)) == [f"{counts}; nothing in flight"]


@pytest.mark.parametrize(
    ("state", "here"),
    [
        (RolloutState.RUNNING, StepState.ORDERED),
        (RolloutState.RUNNING, StepState.CHECKING),
        (RolloutState.PAUSED, StepState.UNKNOWN),
    ],
)
def test_a_rollout_of_which_not_all_is_known_is_left_with_an_unknown_outcome(
    state: RolloutState, here: StepState
) -> None:
    made = rolled(state, here)
    assert left_lines(OpenWork((), (made,))) == [f"{UNKNOWN}rollout 1, {made.plan.title}"]


def test_a_rollout_names_the_nodes_that_it_does_not_come_to() -> None:
    made = plan()
    states = (StepState.DONE, StepState.WAITING, StepState.WAITING)
    steps = tuple(StepProgress(step, state) for step, state in zip(made.steps, states, strict=True))
    work = OpenWork((), (RolloutProgress(made, RolloutState.PAUSED, steps),))
    what, then = words(work)
    assert what.startswith(f"rollout {made.number}, {made.title}: paused, ")
    assert then == (
        "it ends, and what was sent is not taken back; not touched: node3, node1; "
        "the next start says how far it came, and plans the rest"
    )
    assert "the next start" not in words(replace(work, is_kept=False))[1]


def test_a_node_that_is_blocked_and_was_sent_nothing_is_not_touched_either() -> None:
    made = rolled(RolloutState.PAUSED, StepState.BLOCKED)
    assert "; not touched: node3, node1; " in words(OpenWork((), (made,)))[1]
    verdicts = (Verdict("ccs", Result.FAILED, "DOWN"),)
    sent = (made.steps[0], replace(made.steps[1], verdicts=verdicts), made.steps[2])
    assert "; not touched: node1; " in words(OpenWork((), (replace(made, steps=sent),)))[1]


def test_what_ended_meanwhile_is_named_no_more() -> None:
    assert words(OpenWork()) == ["nothing any more"]


def test_a_key_that_has_closed_no_view_just_now_quits_at_once() -> None:
    key = QuitKey(wait=2.0)
    assert key.quits(100.0)
    key.closed(100.0)
    assert key.quits(102.0)


def test_right_after_it_closed_a_view_a_key_quits_the_second_time() -> None:
    key = QuitKey(wait=2.0)
    key.closed(100.0)
    assert [key.quits(101.9), key.quits(101.95)] == [False, True]
    key.closed(103.0)
    assert [key.quits(103.1), key.quits(109.0)] == [False, True]
