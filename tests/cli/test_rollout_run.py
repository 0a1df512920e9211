"""What `rollout restart` prints at its end, however it comes to it."""

import json
from dataclasses import replace

import pytest

from tests.fleet.conftest import configuration, profile
from tui.cli.rollout_run import RolloutRun, end_code
from tui.fleet.fleet import Fleet
from tui.model.node import Identity
from tui.model.order import Verb
from tui.model.rollout import (
    Plan,
    RolloutProgress,
    RolloutState,
    Step,
    StepProgress,
    StepState,
    StepStop,
    StopReason,
)

CLOSED = StepStop(StopReason.GATE_CLOSED, "why")
UNASKED = StepStop(StopReason.GATE_NOT_ANSWERED, "why")


@pytest.mark.parametrize(
    ("stop", "is_interrupted", "code"),
    [(CLOSED, False, 1), (UNASKED, False, 3), (None, True, 1), (None, False, 3)],
)
def test_a_rollout_that_could_not_begin_for_another_process_ends_as_an_action_does(
    stop: StepStop | None, is_interrupted: bool, code: int
) -> None:
    plan = Plan(1, Verb.RESTART, "demo", ("alert_mgr",), ())
    now = RolloutProgress(plan, RolloutState.ABORTED, stop=stop)
    assert end_code(now, is_interrupted=is_interrupted) == code


@pytest.mark.parametrize(
    ("state", "stopped_at", "not_touched"),
    [
        (StepState.CHECKING, "node1", ["node1"]),
        (StepState.ORDERED, "node1", []),
        (StepState.SETTLING, "node1", []),
        (StepState.WAITING, None, ["node1"]),
        (StepState.DONE, None, []),
    ],
)
def test_a_rollout_that_is_ended_at_its_last_node_is_complete_only_once_that_is_verified(
    state: StepState,
    stopped_at: str | None,
    not_touched: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What came of an action that was sent is unknown, though no node is left untouched."""
    one, two = (
        StepProgress(Step(node, f"https://{node}:9443", Identity(uid), ()), StepState.DONE)
        for uid, node in ((2, "node2"), (1, "node1"))
    )
    plan = Plan(1, Verb.RESTART, "demo", ("alert_mgr",), (one.step, two.step))
    fleet = Fleet(configuration([profile("https://10.0.0.1:9443", "node1")]))
    run = RolloutRun(fleet, plan, as_json=True)
    run._last = RolloutProgress(plan, RolloutState.RUNNING, (one, replace(two, state=state)))
    run._sum_up_at_once()
    end = json.loads(capsys.readouterr().out)
    assert (end["stopped_at"], end["not_touched"]) == (stopped_at, not_touched)
    assert end["complete"] is (state is StepState.DONE)
