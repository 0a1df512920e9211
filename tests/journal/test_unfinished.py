"""Which orders have no end in the journal, and what is known of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.fleet.plan_nodes import ON, open_order, place, wish
from tui.journal import records
from tui.journal.chain import ChainLink, link, seal
from tui.journal.unfinished import (
    RolloutFollower,
    UnfinishedOrder,
    UnfinishedRollout,
    find_unfinished_orders,
)
from tui.model.order import (
    REFUSAL_STATUSES,
    AnswerOutcome,
    Order,
    OrderAnswer,
    Result,
    Tier,
    Verdict,
)
from tui.model.rollout import Plan, StepResult

ORDER = open_order()
AT = datetime(2026, 2, 1, tzinfo=UTC)


def found(*fields: dict[str, Any]) -> tuple[UnfinishedOrder, ...]:
    """Read records back as they are in the file, all of order a-1."""
    lines, last = [], ChainLink()
    for one in fields:
        lines.append(seal({"at": "2026-02-01T00:00:00Z", "id": "a-1", **one}, last))
        last = link(lines[-1].removesuffix(b"\n"))
    return find_unfinished_orders(lines)


def intent(order: Order = ORDER) -> dict[str, Any]:
    return records.intent(order, Tier.PLAIN, "admin", 0.5)


def answered(outcome: AnswerOutcome, status: int | None = 200, **results: bool) -> dict[str, Any]:
    return records.result(OrderAnswer(outcome, "", 0.1, status, results))


SENT = {"kind": "sent"}


def test_an_intent_is_an_order_again_as_it_was() -> None:
    (one,) = found(intent())
    assert (one.id, one.was_sent, one.answer, one.refused) == ("a-1", False, None, frozenset())
    assert (one.order.verb, one.order.names) == (ORDER.verb, ORDER.names)
    assert (one.order.target.identity.uid, one.order.pressed_on) == (3, ON)
    assert one.order.services == ORDER.services


def test_an_order_is_known_to_have_left_once_that_is_recorded() -> None:
    assert found(intent(), SENT)[0].was_sent
    (one,) = found(intent(), answered(AnswerOutcome.LOST))
    assert (one.was_sent, one.answer) == (True, AnswerOutcome.LOST)


@pytest.mark.parametrize("status", [*REFUSAL_STATUSES, None])
def test_a_refused_order_refuses_all_its_services(status: int | None) -> None:
    (one,) = found(intent(), SENT, answered(AnswerOutcome.REFUSED, status))
    assert (one.answer, one.refused, one.failed) == (AnswerOutcome.REFUSED, {"ccs"}, set())


@pytest.mark.parametrize("status", [408, 409, 422, 429])
def test_a_refusal_that_may_have_come_after_the_work_counts_as_a_lost_answer(status: int) -> None:
    """Case 48: earlier versions recorded each 4xx as a refusal."""
    (one,) = found(intent(), SENT, answered(AnswerOutcome.REFUSED, status))
    assert (one.answer, one.refused) == (AnswerOutcome.LOST, set())


def test_false_is_no_refusal_and_names_what_failed() -> None:
    (one,) = found(intent(), SENT, answered(AnswerOutcome.ACCEPTED, ccs=False))
    assert (one.refused, one.failed) == (set(), {"ccs"})
    (one,) = found(intent(), SENT, answered(AnswerOutcome.ACCEPTED, ccs=True))
    assert (one.refused, one.failed) == (set(), set())


def test_an_outcome_of_another_version_counts_as_a_lost_answer() -> None:
    odd = answered(AnswerOutcome.ACCEPTED) | {"outcome": "postponed"}
    assert found(intent(), SENT, odd)[0].answer is AnswerOutcome.LOST


def test_a_verdict_ends_it_and_an_unknown_one_does_not() -> None:
    unknown, verified = (
        records.verdict(Verdict("ccs", result)) for result in (Result.UNKNOWN, Result.VERIFIED)
    )
    assert found(intent(), SENT, unknown)
    assert found(intent(), SENT, verified) == ()
    resolved = records.resolved(Verdict("ccs", Result.VERIFIED), "RUNNING", "a-1")
    assert found(intent(), SENT, unknown, resolved) == ()


@pytest.mark.parametrize("where", ["at", "start_time", "starts"])
def test_a_record_whose_moments_have_no_zone_is_no_order(where: str) -> None:
    """No version writes it so, and it can be compared with no other moment."""
    fields, naive = intent(), "2026-02-01T00:00:00"
    match where:
        case "at":
            fields["at"] = naive
        case "starts":
            fields["starts"] = {"ccs": naive}
        case _:
            fields["services"][0]["start_time"] = naive
    assert found(fields) == ()


def test_an_order_of_a_rollout_names_it_and_a_single_one_names_none() -> None:
    (one,) = found(intent(replace(ORDER, rollout="a-r1")))
    assert one.order.rollout == "a-r1"
    assert "rollout" not in intent()
    assert found(intent())[0].order.rollout == ""


def test_records_of_orders_without_an_intent_are_passed_over() -> None:
    assert found(SENT, records.verdict(Verdict("ccs", Result.VERIFIED))) == ()
    assert found({"kind": "intent", "verb": "explode"}) == ()


def made() -> Plan:
    from tui.fleet.rollout.planner import make_plan

    plan = make_plan(wish(), [place(2), place(3), place(4)])
    assert isinstance(plan, Plan)
    return plan


PLAN = made()
BEGUN = records.plan(PLAN, Tier.TYPED, "admin", 0.5)


def step(number: int, result: StepResult) -> dict[str, Any]:
    return {**records.step(PLAN.steps[number], result, "", [])}


def found_rollouts(*fields: Any, now: datetime = AT) -> tuple[UnfinishedRollout, ...]:
    """Read records back as they are in the file; those without an id are of rollout a-r1."""
    lines, last = [], ChainLink()
    for one in fields:
        lines.append(seal({"at": AT.isoformat(), "id": "a-r1", **one}, last))
        last = link(lines[-1].removesuffix(b"\n"))
    follower = RolloutFollower()
    assert [*follower.follow(lines)] == lines
    return follower.unfinished(now)


def test_a_rollout_that_was_cut_off_is_known_by_its_nodes_and_what_was_done() -> None:
    (rollout,) = found_rollouts(BEGUN, step(0, StepResult.VERIFIED))
    assert (rollout.verb, rollout.names, rollout.cluster) == ("restart", ("alert_mgr",), "demo")
    assert rollout.nodes[0] == ("node2", "https://10.0.0.2:9443")
    assert rollout.done == {"node2"}
    assert rollout.remaining == ("node3", "node4")
    assert rollout.is_typed


@pytest.mark.parametrize(
    ("tier", "is_typed"), [("plain", False), ("typed", True), ("locked", True), (None, True)]
)
def test_a_rollout_that_was_cut_off_is_known_to_have_been_begun_by_typing_a_name(
    tier: str | None, is_typed: bool
) -> None:
    """One that does not record it counts as one that was."""
    (rollout,) = found_rollouts(BEGUN | {"tier": tier})
    assert rollout.is_typed is is_typed


@pytest.mark.parametrize("result", [StepResult.FAILED, StepResult.BLOCKED, StepResult.UNKNOWN])
def test_a_node_that_was_not_verified_remains(result: StepResult) -> None:
    (rollout,) = found_rollouts(BEGUN, step(0, result), step(1, StepResult.SKIPPED))
    assert rollout.remaining == ("node2", "node4")


def test_why_a_rollout_stopped_last_is_kept_until_the_turn_is_over() -> None:
    closed = step(1, StepResult.BLOCKED) | {"text": "ccs is \x1b[31mSTOPPED"}
    (rollout,) = found_rollouts(BEGUN, step(0, StepResult.VERIFIED), closed)
    assert rollout.stopped_at == "node3"
    assert rollout.stop_text.startswith("ccs is")
    assert rollout.stop_text.isprintable()
    assert not rollout.skipped
    (rollout,) = found_rollouts(BEGUN, closed, step(1, StepResult.SKIPPED))
    assert rollout.skipped == {"node3"}
    assert not rollout.stopped_at
    assert not rollout.stop_text


def test_a_node_whose_restart_was_verified_before_the_pause_does_not_remain() -> None:
    restarted = step(0, StepResult.RESTARTED)
    (rollout,) = found_rollouts(BEGUN, restarted)
    assert rollout.remaining == ("node3", "node4")
    assert rollout.ungated == {"node2"}
    # Of several records of a node, such as after resuming, the newest counts.
    (rollout,) = found_rollouts(BEGUN, restarted, step(0, StepResult.FAILED))
    assert rollout.remaining == ("node2", "node3", "node4")
    assert not rollout.ungated


TURN = {
    **intent(),
    "id": "a-3",
    "rollout": "a-r1",
    "verb": "restart",
    "node": "node2",
    "url": "https://10.0.0.2:9443",
    "services": BEGUN["steps"][0]["services"],
}


@pytest.mark.parametrize(
    ("result", "done", "ungated"),
    [
        (None, {"node2"}, {"node2"}),
        (StepResult.RESTARTED, {"node2"}, {"node2"}),
        (StepResult.VERIFIED, {"node2"}, set()),
        (StepResult.SKIPPED, {"node2"}, set()),
        (StepResult.FAILED, set(), set()),
    ],
)
def test_a_node_that_was_verified_before_its_process_ended_does_not_remain(
    result: StepResult | None, done: set[str], ungated: set[str]
) -> None:
    """Killed at the gate after it, the process left no record of the node's turn."""
    lines = (
        BEGUN,
        TURN,
        {"kind": "sent", "id": "a-3"},
        {"kind": "result", "id": "a-3", "outcome": "accepted"},
        {**records.verdict(Verdict("alert_mgr", Result.VERIFIED)), "id": "a-3"},
        *([] if result is None else [step(0, result)]),
    )
    (rollout,) = found_rollouts(*lines)
    assert (rollout.done, rollout.ungated) == (done, ungated)


@pytest.mark.parametrize("result", [one for one in Result if one is not Result.VERIFIED])
def test_a_node_whose_verdict_is_another_than_verified_remains(result: Result) -> None:
    verdict = {**records.verdict(Verdict("alert_mgr", result)), "id": "a-3"}
    (rollout,) = found_rollouts(BEGUN, TURN, verdict)
    assert rollout.remaining == ("node2", "node3", "node4")
    assert not rollout.ungated


def test_a_node_whose_action_a_later_session_resolved_does_not_remain() -> None:
    """Its process ended with the action sent, so there is no record of the node's turn."""
    sent = {"kind": "sent", "id": "a-3"}
    resolved = {
        **records.resolved(Verdict("alert_mgr", Result.VERIFIED), "RUNNING", "a-3"),
    }
    (rollout,) = found_rollouts(BEGUN, TURN, sent, resolved)
    assert rollout.done == rollout.ungated == {"node2"}
    (rollout,) = found_rollouts(BEGUN, TURN, sent, {**resolved, "result": "unknown"})
    assert not rollout.done
    # The record of its turn is the newer one: it may not have stayed up.
    (rollout,) = found_rollouts(BEGUN, TURN, sent, resolved, step(0, StepResult.FAILED))
    assert not rollout.done


def test_a_node_that_reported_failure_of_an_action_remains() -> None:
    lost = {"kind": "result", "id": "a-3", "outcome": "taken", "refused": ["alert_mgr"]}
    verdict = {**records.verdict(Verdict("alert_mgr", Result.VERIFIED)), "id": "a-3"}
    (rollout,) = found_rollouts(BEGUN, TURN, lost, verdict)
    assert not rollout.done


@pytest.mark.parametrize(
    "other",
    [
        {"rollout": ""},
        {"rollout": "a-r2"},
        {"id": "b-1", "rollout": ""},
        {"node": "node7"},
    ],
)
def test_an_action_that_is_not_the_one_of_its_turn_is_not_counted(other: dict[str, Any]) -> None:
    verdict = {**records.verdict(Verdict("alert_mgr", Result.VERIFIED)), "id": "a-3"}
    (rollout,) = found_rollouts(BEGUN, {**TURN, **other}, {**verdict, **other})
    assert not rollout.done


def test_a_node_is_done_once_all_services_of_its_turn_are_verified() -> None:
    turn = {**BEGUN["steps"][0]}
    seen = turn["services"][0]
    turn["services"] = [seen, {**seen, "name": "mdns_server"}]
    both = {**TURN, "services": turn["services"]}
    verdicts = [
        {**records.verdict(Verdict(name, Result.VERIFIED)), "id": "a-3"}
        for name in ("alert_mgr", "mdns_server")
    ]
    begun = {**BEGUN, "steps": [turn, *BEGUN["steps"][1:]]}
    (rollout,) = found_rollouts(begun, both, verdicts[0])
    assert not rollout.done
    (rollout,) = found_rollouts(begun, both, *verdicts)
    assert rollout.done == {"node2"}


@pytest.mark.parametrize("is_done", [True, False])
def test_one_that_ended_is_none(*, is_done: bool) -> None:
    end = records.rollout_end(is_done=is_done, text="")
    assert not found_rollouts(BEGUN, step(0, StepResult.VERIFIED), end)


def test_one_that_a_person_cleared_is_offered_no_more() -> None:
    other = {**BEGUN, "id": "c-r1", "cluster": "else"}
    cleared = {**records.rollout_cleared(["node3", "node4"]), "session": "b"}
    (rest,) = found_rollouts(BEGUN, other, step(0, StepResult.VERIFIED), cleared)
    assert rest.id == "c-r1"
    assert not found_rollouts(BEGUN, cleared, step(0, StepResult.VERIFIED))


def test_one_whose_nodes_all_had_their_turn_is_none() -> None:
    assert not found_rollouts(BEGUN, *(step(number, StepResult.VERIFIED) for number in range(3)))


def test_a_later_rollout_of_the_cluster_replaces_it() -> None:
    again = {**BEGUN, "id": "b-r1"}
    (rollout,) = found_rollouts(BEGUN, step(0, StepResult.VERIFIED), again)
    assert (rollout.id, rollout.done) == ("b-r1", frozenset())
    other = {**BEGUN, "id": "c-r1", "cluster": "else"}
    assert [each.id for each in found_rollouts(BEGUN, other)] == ["a-r1", "c-r1"]


def test_one_of_the_day_before_is_not_offered_any_more() -> None:
    assert found_rollouts(BEGUN, now=AT + timedelta(hours=23))
    assert not found_rollouts(BEGUN, now=AT + timedelta(hours=25))


@pytest.mark.parametrize("gone", ["verb", "steps", "services"])
def test_a_record_that_cannot_be_read_is_no_rollout(gone: str) -> None:
    record = {name: value for name, value in BEGUN.items() if name != gone}
    assert not found_rollouts(record, step(0, StepResult.VERIFIED))


def test_a_rollout_whose_moment_has_no_zone_is_none() -> None:
    assert not found_rollouts({**BEGUN, "at": "2026-02-01T00:00:00"})
