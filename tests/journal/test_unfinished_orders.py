"""Which orders have no end in the journal, and what is known of them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.fleet.plan_nodes import ON, open_order
from tui.journal import records
from tui.journal.chain import ChainLink, link, seal
from tui.journal.unfinished import UnfinishedOrder, find_unfinished_orders
from tui.model.order import (
    REFUSAL_STATUSES,
    AnswerOutcome,
    Order,
    OrderAnswer,
    Result,
    Tier,
    Verdict,
)

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
    resolved = records.resolved(Verdict("ccs", Result.VERIFIED), "RUNNING", AT, "a-1")
    assert found(intent(), SENT, unknown, resolved) == ()


def test_records_of_orders_without_an_intent_are_passed_over() -> None:
    assert found(SENT, records.verdict(Verdict("ccs", Result.VERIFIED))) == ()
    assert found({"kind": "intent", "verb": "explode"}) == ()
