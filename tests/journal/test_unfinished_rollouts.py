"""Which rollouts have no end in the journal, and how far they had come."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.fleet.plan_nodes import place, wish
from tui.journal import records
from tui.journal.chain import ChainLink, link, seal
from tui.journal.unfinished import RolloutFollower, UnfinishedRollout
from tui.model.order import Tier
from tui.model.rollout import Plan, StepResult

AT = datetime(2026, 2, 1, tzinfo=UTC)


def made() -> Plan:
    from tui.fleet.rollout.planner import make_plan

    plan = make_plan(wish(), [place(2), place(3), place(4)])
    assert isinstance(plan, Plan)
    return plan


PLAN = made()
BEGUN = records.plan(PLAN, Tier.TYPED, "admin", 0.5)


def step(number: int, result: StepResult) -> dict[str, Any]:
    return {**records.step(PLAN.steps[number], result, "", [])}


def found(*fields: Any, now: datetime = AT) -> tuple[UnfinishedRollout, ...]:
    """Read records back as they are in the file; those without an id are of rollout a-r1."""
    lines, last = [], ChainLink()
    for one in fields:
        lines.append(seal({"at": AT.isoformat(), "id": "a-r1", **one}, last))
        last = link(lines[-1].removesuffix(b"\n"))
    follower = RolloutFollower()
    assert [*follower.follow(lines)] == lines
    return follower.unfinished(now)


def test_a_rollout_that_was_cut_off_is_known_by_its_nodes_and_what_was_done() -> None:
    (rollout,) = found(BEGUN, step(0, StepResult.VERIFIED))
    assert (rollout.verb, rollout.names, rollout.cluster) == ("restart", ("alert_mgr",), "demo")
    assert rollout.nodes[0] == ("node2", "https://10.0.0.2:9443")
    assert rollout.done == {"node2"}
    assert rollout.remaining == ("node3", "node4")


@pytest.mark.parametrize("result", [StepResult.FAILED, StepResult.BLOCKED, StepResult.UNKNOWN])
def test_a_node_that_was_not_verified_remains(result: StepResult) -> None:
    (rollout,) = found(BEGUN, step(0, result), step(1, StepResult.SKIPPED))
    assert rollout.remaining == ("node2", "node4")


@pytest.mark.parametrize("is_done", [True, False])
def test_one_that_ended_is_none(*, is_done: bool) -> None:
    end = records.rollout_end(is_done=is_done, text="")
    assert not found(BEGUN, step(0, StepResult.VERIFIED), end)


def test_one_whose_nodes_all_had_their_turn_is_none() -> None:
    assert not found(BEGUN, *(step(number, StepResult.VERIFIED) for number in range(3)))


def test_a_later_rollout_of_the_cluster_replaces_it() -> None:
    again = {**BEGUN, "id": "b-r1"}
    (rollout,) = found(BEGUN, step(0, StepResult.VERIFIED), again)
    assert (rollout.id, rollout.done) == ("b-r1", frozenset())
    other = {**BEGUN, "id": "c-r1", "cluster": "else"}
    assert [each.id for each in found(BEGUN, other)] == ["a-r1", "c-r1"]


def test_one_of_the_day_before_is_not_offered_any_more() -> None:
    assert found(BEGUN, now=AT + timedelta(hours=23))
    assert not found(BEGUN, now=AT + timedelta(hours=25))


@pytest.mark.parametrize("gone", ["verb", "steps", "services"])
def test_a_record_that_cannot_be_read_is_no_rollout(gone: str) -> None:
    record = {name: value for name, value in BEGUN.items() if name != gone}
    assert not found(record, step(0, StepResult.VERIFIED))
