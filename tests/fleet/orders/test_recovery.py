"""What a service's present state proves of an order that nobody watched to its end."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.fleet.conftest import profile
from tests.fleet.plan_nodes import open_order
from tui.config import NodeProfile
from tui.fleet.orders.recovery import CASES_AT_MOST, OrderRecovery, judge_earlier_order
from tui.fleet.protocols import NullJournal
from tui.journal.chain import ChainLink, seal
from tui.journal.records import intent
from tui.journal.unfinished import UnfinishedOrder, find_unfinished_orders
from tui.model.clock import monotonic
from tui.model.node import Identity, NodeEvidence, NodeFacts, Origin
from tui.model.order import (
    AnswerOutcome,
    Order,
    OrderProgress,
    Result,
    SeenService,
    Tier,
    Verb,
    Verdict,
)
from tui.model.reading import Reading, Trouble, TroubleKind
from tui.model.service import Kind, Service

T0 = datetime(2026, 1, 1, tzinfo=UTC)
T1 = T0 + timedelta(hours=1)
RAN = SeenService("alert_mgr", "RUNNING", Kind.OPTIONAL, T0, 3600)
LAY = SeenService("alert_mgr", "STOPPED", Kind.OPTIONAL)
STEADY = 10.0


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
            "RUNNING since 2026-01-01 01:00:00 UTC, after the action",
        ),
        (
            # No run of an hour has begun since the action.
            Verb.RESTART, RAN, now("RUNNING", T1, 3599), Result.UNKNOWN,
            "a new start time, but it runs for 3599 s, from before the action: look at the node",
        ),
        (
            Verb.RESTART, RAN, now("RUNNING", T0, 40), Result.VERIFIED,
            "RUNNING for 40 s, so started after the action",
        ),
        (
            # It began before the order: a node's clock that was set back shortens uptimes too.
            Verb.RESTART, RAN, now("RUNNING", T0, 3599), Result.NOT_RESTARTED,
            "RUNNING since the same moment as before",
        ),
        (
            Verb.RESTART, RAN, now("RUNNING", T0 - timedelta(hours=1)), Result.UNKNOWN,
            "RUNNING since 2025-12-31 23:00:00 UTC now, RUNNING before: look at the node",
        ),
        (
            Verb.RESTART, RAN, now("FATAL", T1, 40), Result.UNKNOWN,
            "FATAL since 2026-01-01 01:00:00 UTC now, RUNNING before: look at the node",
        ),
        (
            Verb.RESTART, replace(RAN, started_at=None, uptime=None), now("RUNNING", T1),
            Result.UNKNOWN,
            "RUNNING since 2026-01-01 01:00:00 UTC now, RUNNING before: look at the node",
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
            "RUNNING since 2026-01-01 01:00:00 UTC now, RUNNING before: look at the node",
        ),
        (
            Verb.STOP, replace(RAN, started_at=None), now("RUNNING"), Result.UNKNOWN,
            "RUNNING now, RUNNING before: look at the node",
        ),
        (
            Verb.STOP, RAN, now("FATAL", T0), Result.UNKNOWN,
            "FATAL since 2026-01-01 00:00:00 UTC now, RUNNING before: look at the node",
        ),
        (Verb.START, LAY, None, Result.UNKNOWN, "it is not on the node any more"),
        (
            Verb.START, LAY, now("RUNNING", T1), Result.VERIFIED,
            "RUNNING since 2026-01-01 01:00:00 UTC",
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


def test_a_start_is_not_proved_by_how_long_the_service_runs() -> None:
    """P7: only a restart is."""
    before = replace(LAY, status="FATAL", uptime=3600)
    verdict = judge_earlier_order(Verb.START, before, now("RUNNING", T1, 40), elapsed=60)
    assert verdict is not None
    assert verdict.text == "from an earlier session; RUNNING since 2026-01-01 01:00:00 UTC"


@pytest.mark.parametrize("status", ["STARTING", "STOPPING", "RESTARTING"])
@pytest.mark.parametrize("verb", list(Verb))
def test_a_service_that_still_moves_decides_nothing(verb: Verb, status: str) -> None:
    assert judge_earlier_order(verb, RAN, now(status, T1, 1), elapsed=60) is None


def unfinished(number: int, **more: frozenset[str]) -> UnfinishedOrder:
    answer = AnswerOutcome.REFUSED if more else None
    return UnfinishedOrder(f"a-{number}", open_order(), True, answer, **more)


def test_each_unfinished_order_is_shown_and_only_so_many_are_followed() -> None:
    shown: list[OrderProgress] = []
    recovery = OrderRecovery(NullJournal(), shown.append, STEADY)
    recovery.take(unfinished(number) for number in range(CASES_AT_MOST + 5))
    assert [one.order.number for one in shown[:3]] == [0, -1, -2]
    assert {one.verdicts[0].result for one in shown} == {Result.UNKNOWN}
    assert len(recovery._cases) == CASES_AT_MOST
    assert recovery._cases[0].id == "a-5"


def test_what_was_refused_is_decided_at_once() -> None:
    shown: list[OrderProgress] = []
    journal = KeepingJournal()
    recovery = OrderRecovery(journal, shown.append, STEADY)
    recovery.take([unfinished(1, refused=frozenset({"ccs"}))])
    (verdict,) = shown[0].verdicts
    assert journal.kept == [("a-1", verdict, None)]
    assert verdict.result is Result.REFUSED
    assert verdict.text.endswith("; the node refused it")


# Which readings count


class KeepingJournal(NullJournal):
    """A journal that keeps what was resolved."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, Verdict, str | None]] = []

    def resolved(self, id_: str, verdict: Verdict, status: str | None) -> None:
        self.kept.append((id_, verdict, status))


@dataclass
class PlayedWatch:
    """What recovery sees of a poller; a test sets it."""

    reading: Reading
    facts: NodeFacts = field(default_factory=lambda: NodeFacts(Identity(3)))
    profile: NodeProfile = field(default_factory=lambda: profile("https://10.0.0.3:9443", "node3"))
    wrong_node: str = ""
    evidence: NodeEvidence = field(default_factory=NodeEvidence)
    is_vouched_for: bool = True

    def vouches(self, uid: int | None, reading: Reading) -> bool:
        assert (uid, reading) == (self.facts.identity.uid, self.reading)
        return self.is_vouched_for


def reading(*services: Service, **more: Any) -> Reading:
    return Reading("node3", services, **{"asked_at": 1.0, "answered_at": 1.1} | more)


STOPPED = reading(Service("ccs", "STOPPED"))
TROUBLE = Trouble(TroubleKind.UNREACHABLE, "no answer")


class Followed:
    """Recovery of one stop of ccs on node 3, with what it reported and wrote."""

    def __init__(self, order: Order | None = None, **more: Any) -> None:
        self.journal = KeepingJournal()
        self.shown: list[OrderProgress] = []
        self.recovery = OrderRecovery(self.journal, self.shown.append, STEADY)
        entry = UnfinishedOrder("a-1", order or open_order(), True, AnswerOutcome.ACCEPTED, **more)
        self.recovery.take([entry])

    def look(self, watch: PlayedWatch) -> Result:
        self.recovery.look(watch)
        return self.shown[-1].verdicts[0].result


def test_the_first_good_reading_of_its_node_decides_an_order_once() -> None:
    followed = Followed()
    assert followed.look(PlayedWatch(STOPPED)) is Result.VERIFIED
    ((id_, verdict, status),) = followed.journal.kept
    assert (id_, verdict.result, status) == ("a-1", Result.VERIFIED, "STOPPED")
    assert verdict.started_at is None
    assert followed.shown[-1].verdicts == (verdict,)
    assert not verdict.is_denied
    followed.look(PlayedWatch(reading(Service("ccs", "RUNNING", T1))))
    assert len(followed.shown) == 2
    assert not followed.recovery._cases


def ran(*, seconds: float, uptime: int | None, start: datetime = T1) -> PlayedWatch:
    """Return the node as it showed a running ccs, so long after it was seen first."""
    answered = {"asked_at": 100.0 + seconds, "answered_at": 100.1 + seconds}
    return PlayedWatch(reading(Service("ccs", "RUNNING", start, uptime), **answered))


def restarted(**more: Any) -> Followed:
    """Return the recovery of a restart whose key was pressed a minute ago."""
    pressed_on = datetime.now(UTC) - timedelta(seconds=60)
    services = (replace(RAN, name="ccs"),)
    return Followed(
        replace(open_order(Verb.RESTART), pressed_on=pressed_on, services=services), **more
    )


@pytest.mark.parametrize(
    ("first", "early", "late"),
    [
        (ran(seconds=0, uptime=5), ran(seconds=4, uptime=9), ran(seconds=5, uptime=10)),
        (ran(seconds=0, uptime=None), ran(seconds=9, uptime=None), ran(seconds=10, uptime=None)),
    ],
)
def test_what_runs_again_is_verified_once_it_is_stable_and_not_before(
    first: PlayedWatch, early: PlayedWatch, late: PlayedWatch
) -> None:
    """P7, case 48."""
    followed = restarted()
    for watch in (first, early):
        assert followed.look(watch) is Result.UNKNOWN
    (shown,) = followed.shown[1:]
    stable = first.reading.services[0].uptime or 0
    assert shown.verdicts[0].text == (
        f"from an earlier session; running again, {stable} s; 10 s are needed"
    )
    assert not followed.journal.kept
    assert shown.unsettled == {"ccs"}
    assert followed.look(late) is Result.VERIFIED
    assert not followed.shown[-1].unsettled
    assert [entry[1].result for entry in followed.journal.kept] == [Result.VERIFIED]


def test_another_run_or_a_service_that_moves_has_to_be_stable_anew() -> None:
    """P7, case 48."""
    followed, moving = restarted(), reading(Service("ccs", "STARTING", T1))
    again = T1 + timedelta(seconds=8)
    for watch in (
        ran(seconds=0, uptime=None),
        ran(seconds=8, uptime=None, start=again),
        ran(seconds=12, uptime=None, start=again),
        PlayedWatch(moving),
        ran(seconds=19, uptime=None, start=again),
        ran(seconds=28, uptime=None, start=again),
    ):
        assert followed.look(watch) is Result.UNKNOWN
    assert followed.look(ran(seconds=29, uptime=None, start=again)) is Result.VERIFIED


def test_what_runs_again_and_is_sent_another_action_before_it_is_stable_stays_unknown() -> None:
    followed = restarted()
    order = sent("RUNNING")
    now = replace(order.services[0], started_at=T1, uptime=5)
    followed.recovery.close_before(replace(order, services=(now,)))
    ((_, verdict, _),) = followed.journal.kept
    assert verdict.result is Result.UNKNOWN
    assert verdict.text.endswith(
        "; running again, 5 s; 10 s are needed, and the next action was sent"
    )


def sent(status: str, uid: int = 3) -> Order:
    """Return an order that is about to be sent to a service that was checked to be in a state."""
    order = open_order()
    target = replace(order.target, identity=Identity(uid), url=f"https://10.0.0.{uid}:9443")
    return replace(order, target=target, services=(SeenService("ccs", status, Kind.OPTIONAL),))


def test_what_is_sent_next_is_no_evidence_of_what_came_of_the_one_before() -> None:
    """P7: the state against which the next action was checked is the last of the one before."""
    followed = Followed()
    followed.recovery.close_before(sent("STOPPED"))
    ((_, verdict, status),) = followed.journal.kept
    assert (verdict.result, status) == (Result.VERIFIED, "STOPPED")
    assert followed.shown[-1].verdicts == (verdict,)
    followed.look(PlayedWatch(reading(Service("ccs", "RUNNING", T1))))
    assert len(followed.journal.kept) == 1


def test_a_service_that_still_moves_when_the_next_action_is_sent_stays_unknown() -> None:
    followed = Followed()
    followed.recovery.close_before(sent("STOPPING"))
    ((_, verdict, _),) = followed.journal.kept
    assert verdict.result is Result.UNKNOWN
    assert verdict.text.endswith("; still STOPPING when the next action was sent")


def test_an_action_on_another_node_or_service_closes_nothing() -> None:
    followed = Followed()
    followed.recovery.close_before(sent("STOPPED", 2))
    other = SeenService("alert_mgr", "STOPPED", Kind.OPTIONAL)
    followed.recovery.close_before(replace(sent("STOPPED"), services=(other,)))
    assert not followed.journal.kept
    assert followed.look(PlayedWatch(STOPPED)) is Result.VERIFIED


@pytest.mark.parametrize(
    "watch",
    [
        PlayedWatch(replace(STOPPED, trouble=TROUBLE)),
        PlayedWatch(STOPPED, wrong_node="node:2 answers here"),
        PlayedWatch(STOPPED, is_vouched_for=False),
        PlayedWatch(STOPPED, NodeFacts(Identity(2))),
        PlayedWatch(STOPPED, profile=profile("https://10.0.0.9:9443", "node3")),
        PlayedWatch(reading(Service("", "", left_out=3))),
        PlayedWatch(reading(Service("ccs", "STOPPING"))),
    ],
)
def test_what_is_not_known_to_be_its_node_or_its_end_decides_nothing(watch: PlayedWatch) -> None:
    """P4, P7."""
    followed = Followed()
    assert followed.look(watch) is Result.UNKNOWN
    assert len(followed.shown) == 1
    assert not followed.journal.kept
    assert followed.look(PlayedWatch(STOPPED)) is Result.VERIFIED


def test_a_list_that_was_cut_still_shows_what_it_lists_and_a_whole_one_what_is_gone() -> None:
    cut = reading(Service("ccs", "STOPPED"), Service("", "", left_out=3))
    assert Followed().look(PlayedWatch(cut)) is Result.VERIFIED
    gone = Followed()
    assert gone.look(PlayedWatch(reading())) is Result.VERIFIED
    assert gone.journal.kept[0][2] is None


def test_a_node_of_the_same_cluster_may_have_moved_to_another_address() -> None:
    meant = replace(open_order().target, identity=Identity(3, cluster="demo"))
    order = replace(open_order(), target=meant)
    elsewhere = profile("https://10.0.0.9:9443", "node3")
    for cluster, result in (
        ("demo", Result.VERIFIED),
        ("other", Result.UNKNOWN),
        ("", Result.UNKNOWN),
    ):
        facts = NodeFacts(Identity(3, cluster=cluster))
        assert Followed(order).look(PlayedWatch(STOPPED, facts, elsewhere)) is result


def test_a_node_without_a_uid_is_known_by_its_address_and_where_the_answer_came_from() -> None:
    origin = Origin("10.0.0.3:9443", "a" * 64)
    target = replace(open_order().target, identity=Identity(), evidence=NodeEvidence(origin))
    order = replace(open_order(), target=target)
    anonymous = PlayedWatch(STOPPED, NodeFacts(Identity()), evidence=NodeEvidence(origin))
    assert Followed(order).look(anonymous) is Result.VERIFIED
    moved = replace(anonymous, profile=profile("https://10.0.0.9:9443", "node3"))
    assert Followed(order).look(moved) is Result.UNKNOWN
    other = replace(anonymous, evidence=NodeEvidence(replace(origin, certificate="b" * 64)))
    assert Followed(order).look(other) is Result.UNKNOWN


def anonymous(hostname: str = "", *starts: tuple[str, datetime]) -> dict[str, Any]:
    """Make the facts and the evidence of a node that reports no uid."""
    return {
        "facts": NodeFacts(Identity(hostname=hostname)),
        "evidence": NodeEvidence(starts=tuple(sorted(starts))),
    }


@pytest.mark.parametrize(
    ("before", "here", "is_meant"),
    [
        (("db1", ("ccs", T0), ("cm", T0)), ("db1", ("ccs", T1), ("cm", T0)), True),
        (("db1", ("ccs", T0), ("cm", T0)), ("db2", ("ccs", T0), ("cm", T0)), False),
        (("db1.a", ("cm", T0), ("x", T0)), ("db1", ("cm", T0), ("x", T1)), True),
        (("db1", ("cm", T0), ("x", T0)), ("db1", ("cm", T1), ("x", T1)), False),
        (("", ("cm", T0), ("x", T0)), ("", ("cm", T0), ("x", T0)), True),
        (("", ("cm", T0), ("x", T0)), ("db1", ("cm", T0), ("x", T1)), False),
        (("",), ("", ("cm", T0)), True),  # a record of an earlier version
    ],
)
def test_a_node_without_a_uid_is_known_by_its_hostname_and_its_other_services(
    before: tuple[Any, ...], here: tuple[Any, ...], is_meant: bool
) -> None:
    """Case 48: it was recorded, and read back in a later session."""
    meant = anonymous(*before)
    target = replace(
        open_order().target, identity=meant["facts"].identity, evidence=meant["evidence"]
    )
    order = replace(open_order(), target=target, verb=Verb.STOP)
    line = seal(
        {
            "at": "2026-02-01T00:00:00Z",
            "id": "a-1",
            **intent(order, Tier.PLAIN, "admin", 0.5),
        },
        ChainLink(),
    )
    (entry,) = find_unfinished_orders([line])
    followed = Followed(entry.order)
    assert entry.order.target.evidence == meant["evidence"]
    result = followed.look(PlayedWatch(STOPPED, **anonymous(*here)))
    assert (result is not Result.UNKNOWN) == is_meant


@pytest.mark.parametrize(
    ("service", "result", "text"),
    [
        (Service("ccs", "STOPPED"), Result.VERIFIED, ", although the node reported failure"),
        (Service("ccs", "RUNNING", T0), Result.FAILED, "; the node reported failure"),
        (Service("ccs", "FATAL"), Result.UNKNOWN, "; the node reported failure"),
    ],
)
def test_what_the_node_reported_to_have_failed_says_so(
    service: Service, result: Result, text: str
) -> None:
    """P7, cases 45 and 48."""
    followed = Followed(failed=frozenset({"ccs"}))
    assert followed.look(PlayedWatch(reading(service))) is result
    (verdict,) = followed.shown[-1].verdicts
    assert verdict.is_denied
    assert verdict.text.endswith(text)
    assert followed.journal.kept[0][1] == verdict


def test_only_what_is_unknown_is_followed_of_an_order_of_this_session() -> None:
    journal, shown = KeepingJournal(), list[OrderProgress]()
    recovery = OrderRecovery(journal, shown.append, STEADY)
    recovery.follow(open_order(), [Verdict("ccs", Result.TIMED_OUT)])
    recovery.look(PlayedWatch(STOPPED))
    assert not shown
    recovery.follow(open_order(), [Verdict("ccs", Result.UNKNOWN, is_denied=True)])
    recovery.look(PlayedWatch(STOPPED))
    (verdict,) = shown[0].verdicts
    assert (verdict.result, verdict.is_denied) == (Result.VERIFIED, True)
    assert verdict.text.startswith("seen when the node was back; ")


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_wall_clock_that_is_set_meanwhile_changes_nothing_for_an_order_of_this_session(
    hours: int,
) -> None:
    """For how long a run can last that the order began is counted by the clock of ages."""
    journal = KeepingJournal()
    recovery = OrderRecovery(journal, lambda _: None, STEADY)
    key = replace(
        open_order(Verb.RESTART),
        pressed_at=monotonic() - 60,
        pressed_on=datetime.now(UTC) - timedelta(seconds=60, hours=hours),
        services=(replace(RAN, name="ccs"),),
    )
    for uptime, result in ((600, Result.UNKNOWN), (40, Result.VERIFIED)):
        recovery.follow(key, [Verdict("ccs", Result.UNKNOWN)])
        recovery.look(PlayedWatch(reading(Service("ccs", "RUNNING", T1, uptime))))
        verdict = journal.kept[-1][1]
        assert (verdict.result, verdict.started_at) == (result, T1)


def test_a_service_that_has_its_verdict_keeps_it() -> None:
    journal, shown = KeepingJournal(), list[OrderProgress]()
    recovery = OrderRecovery(journal, shown.append, STEADY)
    (ccs,) = open_order().services
    order = replace(open_order(), services=(ccs, replace(ccs, name="alert_mgr")))
    first = Verdict("ccs", Result.FLAPPING)
    recovery.follow(order, [first, Verdict("alert_mgr", Result.UNKNOWN)])
    recovery.look(PlayedWatch(reading(Service("ccs", "STOPPED"), Service("alert_mgr", "STOPPED"))))
    assert [verdict.result for verdict in shown[0].verdicts] == [Result.FLAPPING, Result.VERIFIED]
    assert [verdict.service for _, verdict, _ in journal.kept] == ["alert_mgr"]


@pytest.mark.parametrize(
    ("was_sent", "answer", "text"),
    [
        (True, AnswerOutcome.ACCEPTED, "its answer was accepted, and then it was not watched"),
        (True, None, "it was sent, and its answer never seen"),
        (False, None, "it may have been sent or not"),
    ],
)
def test_an_earlier_order_says_what_is_known_of_it(
    was_sent: bool, answer: AnswerOutcome | None, text: str
) -> None:
    shown: list[OrderProgress] = []
    entry = UnfinishedOrder("a-1", open_order(), was_sent, answer)
    OrderRecovery(NullJournal(), shown.append, STEADY).take([entry])
    when = "from an earlier session, 2026-02-01 00:00:00 UTC: "
    assert shown[0].verdicts[0].text == f"{when}{text}; waiting for its node"
