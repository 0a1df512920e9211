"""What a service's present state proves of an order that nobody watched to its end."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.fleet.plan_nodes import open_order
from tui.fleet.orders.recovery import CASES_AT_MOST, OrderRecovery, judge_earlier_order
from tui.fleet.ports import NullJournal
from tui.journal.unfinished_orders import UnfinishedOrder
from tui.model.order import AnswerOutcome, OrderProgress, Result, SeenService, Verb, Verdict
from tui.model.service import Kind, Service

T0 = datetime(2026, 1, 1, tzinfo=UTC)
T1 = T0 + timedelta(hours=1)
RAN = SeenService("alert_mgr", "RUNNING", Kind.OPTIONAL, T0, 3600)
LAY = SeenService("alert_mgr", "STOPPED", Kind.OPTIONAL)


def now(status: str, start: datetime | None = None, uptime: int | None = None) -> Service:
    return Service("alert_mgr", status, start, uptime)


@pytest.mark.parametrize(
    ("verb", "before", "service", "result", "text"),
    [
        (Verb.RESTART, RAN, None, Result.UNKNOWN, "it is not on the node any more"),
        (
            Verb.RESTART, RAN, now("RUNNING", T0, 7200), Result.NOT_RESTARTED,
            "RUNNING since the same moment as before",
        ),
        (
            Verb.RESTART, RAN, now("RUNNING", T1), Result.VERIFIED,
            "RUNNING since 2026-01-01T01:00:00Z, which is after it",
        ),
        (
            Verb.RESTART, RAN, now("RUNNING", T0, 40), Result.VERIFIED,
            "RUNNING for 40 s, which is since after it",
        ),
        (
            # It began before the order: a node's clock that was set back shortens uptimes too.
            Verb.RESTART, RAN, now("RUNNING", T0, 3599), Result.NOT_RESTARTED,
            "RUNNING since the same moment as before",
        ),
        (
            Verb.RESTART, RAN, now("RUNNING", T0 - timedelta(hours=1)), Result.UNKNOWN,
            "RUNNING since 2025-12-31T23:00:00Z now, RUNNING before: look at the node",
        ),
        (
            Verb.RESTART, RAN, now("FATAL", T1, 40), Result.UNKNOWN,
            "FATAL since 2026-01-01T01:00:00Z now, RUNNING before: look at the node",
        ),
        (
            Verb.RESTART, replace(RAN, started_at=None, uptime=None), now("RUNNING", T1),
            Result.UNKNOWN,
            "RUNNING since 2026-01-01T01:00:00Z now, RUNNING before: look at the node",
        ),
        (
            Verb.RESTART, RAN, now("RUNNING"), Result.UNKNOWN,
            "RUNNING now, RUNNING before: look at the node",
        ),
        (Verb.STOP, RAN, None, Result.VERIFIED, "it is gone now"),
        (Verb.STOP, RAN, now("STOPPED"), Result.VERIFIED, "it is STOPPED now"),
        (Verb.STOP, RAN, now("EXITED"), Result.VERIFIED, "it is EXITED now"),
        (
            Verb.STOP, RAN, now("RUNNING", T0), Result.TIMED_OUT,
            "still RUNNING, since the same moment as before",
        ),
        (
            Verb.STOP, RAN, now("RUNNING", T1), Result.UNKNOWN,
            "RUNNING since 2026-01-01T01:00:00Z now, RUNNING before: look at the node",
        ),
        (
            Verb.STOP, RAN, now("FATAL", T0), Result.UNKNOWN,
            "FATAL since 2026-01-01T00:00:00Z now, RUNNING before: look at the node",
        ),
        (Verb.START, LAY, None, Result.UNKNOWN, "it is not on the node any more"),
        (
            Verb.START, LAY, now("RUNNING", T1), Result.VERIFIED,
            "RUNNING since 2026-01-01T01:00:00Z",
        ),
        (Verb.START, LAY, now("RUNNING"), Result.VERIFIED, "RUNNING since some time"),
        (Verb.START, LAY, now("STOPPED"), Result.TIMED_OUT, "still STOPPED"),
        (
            Verb.START, LAY, now("FATAL"), Result.UNKNOWN,
            "FATAL now, STOPPED before: look at the node",
        ),
    ],
)  # fmt: skip
def test_the_present_state_proves_only_what_follows_from_it(
    verb: Verb, before: SeenService, service: Service | None, result: Result, text: str
) -> None:
    """P7, case 48."""
    verdict = judge_earlier_order(verb, before, service, elapsed=60)
    assert verdict == Verdict("alert_mgr", result, f"from an earlier session; {text}")


@pytest.mark.parametrize("status", ["STARTING", "STOPPING", "RESTARTING"])
@pytest.mark.parametrize("verb", list(Verb))
def test_a_service_that_still_moves_decides_nothing(verb: Verb, status: str) -> None:
    assert judge_earlier_order(verb, RAN, now(status, T1, 1), elapsed=60) is None


def unfinished(number: int, **more: frozenset[str]) -> UnfinishedOrder:
    answer = AnswerOutcome.REFUSED if more else None
    return UnfinishedOrder(f"a-{number}", open_order(), True, answer, **more)


def test_each_unfinished_order_is_shown_and_only_so_many_are_followed() -> None:
    shown: list[OrderProgress] = []
    recovery = OrderRecovery(NullJournal(), shown.append)
    recovery.take(unfinished(number) for number in range(CASES_AT_MOST + 5))
    assert [one.order.number for one in shown[:3]] == [0, -1, -2]
    assert {one.verdicts[0].result for one in shown} == {Result.UNKNOWN}
    assert len(recovery._cases) == CASES_AT_MOST
    assert recovery._cases[0].id == "a-5"


def test_what_was_refused_is_decided_at_once() -> None:
    shown: list[OrderProgress] = []
    recovery = OrderRecovery(NullJournal(), shown.append)
    recovery.take([unfinished(1, refused=frozenset({"ccs"}))])
    (verdict,) = shown[0].verdicts
    assert verdict.result is Result.REFUSED
    assert verdict.text.endswith("; the node refused it")
