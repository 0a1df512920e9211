"""From polls to events: who caused them, and what they add up to."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.events import EXAMPLES, event, flip
from tests.faultserver import serving
from tests.fleet.conftest import (
    ADMIN,
    PATIENCE,
    Play,
    Running,
    configuration,
    keeping,
    profile,
    profiles,
    running,
    running_since,
)
from tests.fleet.witness import Witness, records
from tui.config import Notify
from tui.credentials import Passwords, Secret
from tui.fleet.events.diff import diff_readings
from tui.fleet.events.pipeline import (
    EVENTS_AT_MOST,
    OF_A_KIND_AT_MOST,
    ActionsElsewhere,
    Attribution,
    ChangeQueue,
    Changes,
    EventBaseline,
    EventLog,
    EventPipeline,
    LastChanges,
    order_event,
)
from tui.fleet.fleet import Fleet
from tui.fleet.login.shared_login import Login
from tui.fleet.problems import NodeCondition, came_up, find_problems, recent_restarts
from tui.journal.order_journal import OrderJournal
from tui.journal.other_actions import OtherAction, OtherActions
from tui.metrics.collector import RestartCounter
from tui.model.clock import monotonic
from tui.model.event import (
    Cause,
    ConnectionLost,
    Event,
    EventDetails,
    EventKind,
    OrderEnded,
    OrderGiven,
    Restart,
    RoleChange,
    Sender,
    StatusChange,
)
from tui.model.event_text import event_brief, event_text
from tui.model.node import Identity, Role
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
from tui.model.reading import Reading, Trouble, TroubleKind
from tui.model.sent_action import OPEN_FOR, SentAction
from tui.model.service import Kind, Service
from tui.sim.server import SimulatedCluster

ORDER_ON = datetime(2026, 1, 1, tzinfo=UTC)
ORDER = Order(
    1,
    Verb.RESTART,
    Target("node1", "https://node1:9443", Identity(uid=1)),
    (
        SeenService("alert_mgr", "RUNNING", Kind.OPTIONAL),
        SeenService("ccs", "RUNNING", Kind.REQUIRED),
    ),
    Route("node1", "https://node1:9443"),
    0.0,
    ORDER_ON,
)
RESTART = event(EXAMPLES[EventKind.RESTARTED], at=5.0)
BEFORE = Reading("node1", (Service("alert_mgr", "RUNNING"),), answered_at=0.5)


def after(*steps: tuple[OrderPhase, float], order: Order = ORDER) -> Attribution:
    attribution = Attribution()
    for phase, at in steps:
        attribution.note(OrderProgress(order, phase), at)
    return attribution


@pytest.mark.parametrize("phase", [OrderPhase.SENDING, OrderPhase.WATCHING])
def test_an_order_that_is_out_explains_what_happens_to_its_services(phase: OrderPhase) -> None:
    assert after((phase, 1.0)).explain(RESTART, BEFORE).cause is Cause.ORDERED_HERE


@pytest.mark.parametrize(
    "kind", [EventKind.FLIPPED, EventKind.VANISHED, EventKind.APPEARED, EventKind.RESTARTED]
)
def test_every_change_of_a_service_can_be_explained(kind: EventKind) -> None:
    change = replace(RESTART, details=EXAMPLES[kind])
    assert after((OrderPhase.SENDING, 1.0)).explain(change, BEFORE).ordered_here
    assert Attribution().explain(change, BEFORE).cause is Cause.NOT_ORDERED_HERE


def test_after_its_verdict_it_explains_what_leads_to_its_result_for_the_first_time() -> None:
    services = tuple(replace(seen, started_at=ORDER_ON) for seen in ORDER.services)
    order = replace(ORDER, services=services)
    verified = tuple(Verdict(name, Result.VERIFIED) for name in order.names)
    attribution = after((OrderPhase.SENDING, 1.0), order=order)
    attribution.note(OrderProgress(order, OrderPhase.ENDED, verdicts=verified), 20.0)
    late = replace(RESTART, at=22.0, details=Restart("RUNNING", "", ORDER_ON + timedelta(hours=1)))
    assert attribution.explain(late, BEFORE).ordered_here
    ran = Service("alert_mgr", "RUNNING", ORDER_ON + timedelta(hours=1))
    new = replace(BEFORE, services=(ran,), answered_at=19.0)
    assert not attribution.explain(late, new).ordered_here


def test_what_another_profile_shows_of_a_run_after_the_verified_one_is_not_ordered_here() -> None:
    start = ORDER_ON + timedelta(hours=1)
    services = tuple(replace(seen, started_at=ORDER_ON) for seen in ORDER.services)
    order = replace(ORDER, services=services)
    attribution = Attribution()
    attribution.note(OrderProgress(order, OrderPhase.SENDING), 1.0, ["node1-viewer"])
    verified = tuple(Verdict(one, Result.VERIFIED, started_at=start) for one in order.names)
    ended = OrderProgress(order, OrderPhase.ENDED, verdicts=verified)
    attribution.note(ended, 20.0, ["node1-viewer"])
    own = event(Restart("RUNNING", "", start), node="node1-viewer", at=22.0)
    assert attribution.explain(own, BEFORE).ordered_here
    later = replace(own, details=Restart("RUNNING", "", start + timedelta(seconds=5)))
    assert not attribution.explain(later, BEFORE).ordered_here


def test_what_follows_from_an_unexplained_change_is_not_explained() -> None:
    attribution = after((OrderPhase.SENDING, 1.0))
    failed = tuple(Verdict(name, Result.TIMED_OUT) for name in ORDER.names)
    attribution.note(OrderProgress(ORDER, OrderPhase.ENDED, verdicts=failed), 20.0)
    ran = Service("alert_mgr", "FATAL")
    rests = replace(BEFORE, services=(ran,), answered_at=19.0)
    begins = attribution.explain(flip("FATAL", "STARTING", at=21.0), rests)
    assert not begins.ordered_here
    goes_on, moving = flip("STARTING", "RUNNING", at=23.0), replace(BEFORE, answered_at=21.0)
    assert attribution.explain(goes_on, moving).ordered_here
    attribution.settle(begins)
    assert not attribution.explain(goes_on, moving).ordered_here
    attribution.forget("node1")
    attribution.note(OrderProgress(replace(ORDER, number=2), OrderPhase.SENDING), 22.0)
    assert attribution.explain(goes_on, moving).ordered_here


@pytest.mark.parametrize(
    "kind",
    [
        kind
        for kind in EventKind
        if kind
        not in (EventKind.FLIPPED, EventKind.VANISHED, EventKind.APPEARED, EventKind.RESTARTED)
    ],
)
def test_events_that_are_no_change_of_a_service_stay_as_they_are(kind: EventKind) -> None:
    other = replace(RESTART, details=EXAMPLES[kind])
    assert Attribution().explain(other, BEFORE) == other
    assert after((OrderPhase.SENDING, 1.0)).explain(other, BEFORE) == other


def test_another_service_and_another_node_are_not_explained() -> None:
    attribution = after((OrderPhase.SENDING, 1.0))
    assert not attribution.explain(replace(RESTART, service="envoy"), BEFORE).ordered_here
    assert not attribution.explain(replace(RESTART, node="node2"), BEFORE).ordered_here


def test_an_order_that_was_not_sent_explains_nothing() -> None:
    attribution = after((OrderPhase.CHECKING, 1.0))
    assert not attribution.explain(RESTART, BEFORE).ordered_here
    unsent = tuple(Verdict(name, Result.NOT_SENT) for name in ORDER.names)
    attribution.note(OrderProgress(ORDER, OrderPhase.ENDED, verdicts=unsent), 2.0)
    assert not attribution.explain(RESTART, BEFORE).ordered_here


def test_an_order_of_an_earlier_session_explains_nothing() -> None:
    attribution = after((OrderPhase.ENDED, 1.0), order=replace(ORDER, number=0))
    assert not attribution.explain(RESTART, BEFORE).ordered_here


def test_an_order_explains_what_another_profile_of_its_node_shows() -> None:
    """Two profiles of one node, a viewer's and an operator's: neither saw an unordered restart."""
    attribution = Attribution()
    attribution.note(OrderProgress(ORDER, OrderPhase.SENDING), 1.0, ["node1-viewer"])
    assert attribution.explain(replace(RESTART, node="node1-viewer"), BEFORE).ordered_here
    assert attribution.explain(RESTART, BEFORE).ordered_here
    assert not attribution.explain(replace(RESTART, node="node2"), BEFORE).ordered_here


def other(since: float, *, user: str = "ops", service: str = "alert_mgr") -> OtherAction:
    before = SeenService(service, "RUNNING", Kind.OPTIONAL, ORDER_ON)
    action = SentAction(Verb.RESTART, since, {service: before})
    sender = Sender(user, 4242, "kernel patch")
    sent = OrderGiven(Verb.RESTART, (service,), "kernel patch")
    event = Event("node1", sent, since, ORDER_ON, service, sender=sender, action="5f2c-1")
    return OtherAction(action, ORDER.target.url, 1, "demo.local", sender, (event,))


def test_an_action_of_another_process_explains_a_change_within_its_time() -> None:
    attribution = Attribution()
    attribution.set_others({"node1": (other(1.0, user="old"), other(2.0))})
    explained = attribution.explain(RESTART, BEFORE)
    assert explained.cause is Cause.NOT_ORDERED_HERE
    assert explained.sender == Sender("ops", 4242, "kernel patch")
    assert event_text(explained) == (
        "restarted by another rsdeck here (ops, pid 4242): kernel patch"
    )
    change = attribution.explain(replace(RESTART, details=EXAMPLES[EventKind.FLIPPED]), BEFORE)
    assert event_text(change).endswith(" by another rsdeck here (ops, pid 4242): kernel patch")
    for unexplained in (
        replace(RESTART, at=1.5 - 1),
        replace(RESTART, at=2.0 + OPEN_FOR + 1),
        replace(RESTART, node="node2"),
        replace(RESTART, service="envoy"),
    ):
        before = replace(BEFORE, answered_at=unexplained.at - 0.1)
        assert attribution.explain(unexplained, before).sender is None


def test_what_was_ordered_here_is_not_of_another_process() -> None:
    attribution = after((OrderPhase.SENDING, 1.0))
    attribution.set_others({"node1": (other(1.0),)})
    explained = attribution.explain(RESTART, BEFORE)
    assert (explained.cause, explained.sender) == (Cause.ORDERED_HERE, None)


def test_an_action_happened_when_it_was_sent_and_not_when_its_dialog_opened() -> None:
    opened = replace(ORDER, pressed_at=monotonic() - 11, pressed_on=ORDER_ON)
    before, on = monotonic(), datetime.now(UTC)
    sent = order_event(opened)
    assert before <= sent.at <= monotonic()
    assert on <= sent.on <= datetime.now(UTC)


def events_of(deck: Running, *kinds: EventKind) -> list[Event]:
    return [one for one in deck.fleet.events if one.kind in kinds]


async def test_a_restart_that_happens_by_itself_is_not_ordered_here() -> None:
    play = Play()
    with serving(play) as server:
        async with running(profile(server.url)) as deck:
            await deck.known()
            play.restart()
            await deck.until(lambda: events_of(deck, EventKind.RESTARTED))
            (event,) = events_of(deck, EventKind.RESTARTED)
            assert event.cause is Cause.NOT_ORDERED_HERE


async def test_what_an_order_does_is_ordered_here(served: SimulatedCluster) -> None:
    async with running(*profiles(served)) as deck:
        await deck.known()
        await deck.verdict(deck.give(Verb.RESTART, "alert_mgr"))
        changes = events_of(deck, EventKind.FLIPPED, EventKind.RESTARTED)
        assert changes
        assert all(event.cause is Cause.ORDERED_HERE for event in changes)
        assert {one.service for one in changes} == {"alert_mgr"}
        served.cluster.process(2, "alert_mgr").boot(served.cluster.now())
        await deck.until(
            lambda: [one for one in events_of(deck, EventKind.RESTARTED) if one.node == "node2"]
        )
        assert not events_of(deck, EventKind.RESTARTED)[-1].ordered_here


@pytest.mark.real_time
async def test_a_restart_after_the_verdict_was_not_sent_from_here(
    served: SimulatedCluster,
) -> None:
    counter = RestartCounter()
    async with running(*profiles(served)) as deck:
        await deck.known()
        await deck.verdict(deck.give(Verb.RESTART, "alert_mgr"))
        assert not recent_restarts(deck.fleet.events, monotonic())
        count = len(deck.fleet.events)
        served.cluster.restart(1, "alert_mgr")
        await deck.until(lambda: any(came_up(one) for one in deck.fleet.events[count:]))
        later = [one for one in deck.fleet.events[count:] if one.service]
        assert {one.cause for one in later} == {Cause.NOT_ORDERED_HERE}
        assert not any(one.is_ordered for one in later)
        assert recent_restarts(deck.fleet.events, monotonic()) == {"node1": 1}
        for one in deck.fleet.events:
            counter.event_happened(one)
        assert counter.restarts == {("node1", "alert_mgr"): 1}
        nodes = [NodeCondition.of(watch) for watch in deck.fleet.nodes]
        found = find_problems(nodes, deck.fleet.events, monotonic(), datetime.now(UTC))
        assert "restarted, not sent from here" in {
            one.what for one in found if one.service == "alert_mgr"
        }


@pytest.mark.real_time
async def test_what_another_process_of_this_machine_ordered_is_explained_by_the_journal(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    nodes = profiles(served)
    watching = running(*nodes, read_only="read-only: it looks", elsewhere=OtherActions(tmp_path))
    async with watching as deck, running(*nodes, journal=OrderJournal(tmp_path)) as other:
        await deck.known()
        await other.known()
        await other.verdict(other.give(Verb.RESTART, "alert_mgr"))
        # On its way it may be seen STOPPED, and what is started then is no restart.
        await deck.until(
            lambda: (
                events_of(deck, EventKind.RESTARTED)
                or any(event_brief(one) == "→ RUNNING" for one in deck.fleet.events)
            )
        )
        changes = events_of(deck, EventKind.FLIPPED, EventKind.RESTARTED)
        assert {one.service for one in changes} == {"alert_mgr"}
        assert all(event.sender is not None and event.is_ordered for event in changes)
        assert all("by another rsdeck here (" in event_text(event) for event in changes)
        assert not any(event.is_problem for event in changes)
        assert not any(recent_restarts(deck.fleet.events, monotonic()).values())
        # What it did not order stays unexplained: after its verdict, and on another node.
        count = len(deck.fleet.events)
        served.cluster.restart(1, "alert_mgr")
        await deck.until(lambda: any(came_up(one) for one in deck.fleet.events[count:]))
        later = (
            one for one in deck.fleet.events[count:] if not isinstance(one.details, OrderEnded)
        )
        assert not any(one.is_ordered for one in later)
        served.cluster.process(2, "alert_mgr").boot(served.cluster.now())
        await deck.until(
            lambda: [one for one in events_of(deck, EventKind.RESTARTED) if one.node == "node2"]
        )
        assert not events_of(deck, EventKind.RESTARTED)[-1].is_ordered


@pytest.mark.parametrize("is_foreign", [False, True])
async def test_a_process_that_polls_after_the_verdict_does_not_take_a_later_run_for_the_actions(
    tmp_path: Path, *, is_foreign: bool
) -> None:
    play = Witness(tmp_path)
    with serving(play) as server:
        node, others = profile(server.url), OtherActions(tmp_path)
        async with (
            running(node, read_only="read-only: it looks", elsewhere=others, refresh=600) as deck,
            running(node, journal=OrderJournal(tmp_path)) as other,
        ):
            await deck.known()
            await other.known()
            await other.verdict(other.give(Verb.RESTART, "alert_mgr"))
            await other.until(lambda: records(tmp_path, "verdict"))
            if is_foreign:
                play.services["alert_mgr"]["start_time"] = "2026-01-02T00:01:05Z"
            deck.watch().refresh_now()
            await deck.until(lambda: events_of(deck, EventKind.RESTARTED))
            (restart,) = events_of(deck, EventKind.RESTARTED)
            assert restart.is_ordered is not is_foreign


@pytest.mark.real_time
async def test_an_action_whose_process_ended_explains_nothing_once_its_service_runs_again(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    nodes = profiles(served)
    never = replace(PATIENCE, steady=600.0, limit=600.0)
    async with running(*nodes, journal=OrderJournal(tmp_path), patience=never) as killed:
        await killed.known()
        before = killed.watch().reading.find("alert_mgr")
        killed.give(Verb.RESTART, "alert_mgr")
        await killed.until(lambda: any(came_up(one) for one in killed.fleet.events))
    # What was cut off has no verdict.
    others = OtherActions(tmp_path)
    (action,) = await others.read()
    assert not action.action.ends
    async with running(*nodes, read_only="read-only: it looks", elsewhere=others) as deck:
        await deck.known()
        now = deck.watch().reading.find("alert_mgr")
        assert before is not None
        assert now is not None
        assert (now.status, now.started_at != before.started_at) == ("RUNNING", True)
        served.cluster.restart(1, "alert_mgr")
        await deck.until(lambda: any(came_up(one) for one in deck.fleet.events))
        changes = [
            one for one in deck.fleet.events if isinstance(one.details, StatusChange | Restart)
        ]
        assert not any(one.is_ordered for one in changes)
        assert recent_restarts(deck.fleet.events, monotonic()) == {"node1": 1}


@dataclass(frozen=True)
class PolledAlertMgr:
    """A node with one service, whose start time moves on with every poll."""

    reading: Reading
    login: Login = field(default_factory=lambda: Login("admin", asks=True))
    name: str = "node1"

    @classmethod
    def started(cls, minute: int) -> "PolledAlertMgr":
        start = ORDER_ON + timedelta(minutes=minute)
        service = Service("alert_mgr", "RUNNING", start)
        at = monotonic() + minute * 60
        return cls(Reading("node1", (service,), asked_at=at, answered_at=at))


@pytest.mark.parametrize("ordered", [True, False])
def test_restarts_that_were_ordered_here_never_add_up_to_a_crash_loop(*, ordered: bool) -> None:
    pipeline = EventPipeline(Notify(loop_restarts=3, loop_minutes=10))
    if ordered:
        pipeline.order_moved(OrderProgress(ORDER, OrderPhase.WATCHING))
    polls = [PolledAlertMgr.started(minute) for minute in range(4)]
    events = [
        event
        for before, after in pairwise(polls)
        for event in pipeline.publish(pipeline.compare(after, before.reading, None))
    ]
    kinds = [event.kind for event in events]
    assert kinds.count(EventKind.RESTARTED) == 3
    assert kinds.count(EventKind.LOOPING) == (0 if ordered else 1)


def shown(at: float, start: int, uptime: int, status: str = "RUNNING") -> PolledAlertMgr:
    service = Service("alert_mgr", status, ORDER_ON + timedelta(seconds=start), uptime)
    return PolledAlertMgr(Reading("node1", (service,), asked_at=at, answered_at=at))


@pytest.mark.parametrize(
    "polls",
    [
        [shown(0, 0, 900), shown(2, 0, 1), shown(4, 901, 3), shown(6, 901, 5)],
        [shown(0, 0, 900), shown(2, 901, 902), shown(4, 901, 3), shown(6, 901, 5)],
        [shown(0, 0, 900), shown(2, 0, 902, "STOPPING"), shown(4, 0, 1), shown(6, 903, 3)],
    ],
    ids=["late start time", "late uptime", "late start time, seen on the way"],
)
def test_a_restart_whose_evidence_comes_in_two_readings_is_one_restart(
    polls: list[PolledAlertMgr],
) -> None:
    pipeline = EventPipeline(Notify(loop_restarts=2, loop_minutes=10))
    kinds = [
        event.kind
        for before, after in pairwise(polls)
        for event in pipeline.publish(pipeline.compare(after, before.reading, None))
    ]
    assert kinds.count(EventKind.RESTARTED) == 1
    assert EventKind.LOOPING not in kinds


async def test_the_configuration_sets_what_a_crash_loop_is() -> None:
    play = Play()
    with serving(play) as server:
        node = profile(server.url)
        notify = Notify(loop_restarts=2, loop_minutes=1)
        fleet = Fleet(replace(configuration([node]), notify=notify), passwords=keeping([node]))
        task = asyncio.create_task(fleet.run())
        deck = Running(fleet, None, task)
        try:
            await deck.good()
            for number in (1, 2):
                play.services["ccs"] = running_since(60 * number)
                await deck.until(lambda: len(events_of(deck, EventKind.RESTARTED)) == number)  # noqa: B023 - awaited before the next turn
            (loop,) = events_of(deck, EventKind.LOOPING)
            assert loop.service == "ccs"
            assert loop.details.restarts == 2
        finally:
            task.cancel()
            await asyncio.wait([task])


async def test_a_refused_login_is_reported_once_and_again_when_another_password_is_refused(
    served: SimulatedCluster,
) -> None:
    nodes = profiles(served)
    async with running(*nodes, passwords=keeping(nodes, "wrong")) as deck:
        await deck.until(lambda: len(events_of(deck, EventKind.LOST)) == 3)
        (event,) = events_of(deck, EventKind.LOGIN)
        assert event.details.username == ADMIN
        assert not event.service
        deck.fleet.renew("node1", Secret("wrong again"))
        await deck.until(lambda: len(events_of(deck, EventKind.LOGIN)) == 2)


async def test_a_password_that_was_not_given_yet_is_no_refusal(
    served: SimulatedCluster,
) -> None:
    async with running(*profiles(served), passwords=Passwords()) as deck:
        await deck.until(lambda: len(events_of(deck, EventKind.LOST)) == 3)
        assert not events_of(deck, EventKind.LOGIN)
        deck.fleet.renew("node1", Secret("demo-password"))
        await deck.until(lambda: len(events_of(deck, EventKind.REGAINED)) == 3)
        assert all(
            event.details.silent_for is None for event in events_of(deck, EventKind.REGAINED)
        )


T0 = datetime(2026, 1, 1, tzinfo=UTC)
BLANK = Reading("node1")
DOWN = Trouble(TroubleKind.UNREACHABLE, "refused")


@dataclass
class Node:
    """A node and what is known of which one answers."""

    reading: Reading = BLANK
    wrong_node: str = ""
    is_settled: bool = True
    name: str = "node1"
    login: Login = field(default_factory=lambda: Login.of(profile("http://127.0.0.1:1")))


def reading(*minutes: int, at: float = 1.0) -> Reading:
    services = tuple(
        Service(f"s{number}", "RUNNING", T0 + timedelta(minutes=minute))
        for number, minute in enumerate(minutes)
    )
    return Reading("node1", services, asked_at=at, answered_at=at)


class Deck:
    """Readings that come one after the other, and the events between them."""

    def __init__(self) -> None:
        self.node, self.baseline = Node(), EventBaseline()

    def kinds(self, new: Reading, *, wrong: str = "", settled: bool = True) -> list[EventKind]:
        before = self.node.reading
        self.node = replace(self.node, reading=new, wrong_node=wrong, is_settled=settled)
        old, counted = self.baseline.advance(self.node, before)
        return [event.kind for event in diff_readings(old, counted.reading, on=T0)]


def test_a_reading_of_the_node_that_is_meant_counts_at_once() -> None:
    deck = Deck()
    assert deck.kinds(reading(0, 0, 0)) == []
    assert deck.kinds(reading(0, 0, 5)) == [EventKind.RESTARTED]


def test_a_reading_that_is_not_settled_counts_with_the_next_one() -> None:
    deck = Deck()
    deck.kinds(reading(0, 0, 0))
    assert deck.kinds(reading(5, 5, 5), settled=False) == []
    assert deck.kinds(reading(5, 5, 5)) == [EventKind.RESTARTED] * 3
    assert deck.kinds(reading(5, 5, 5)) == []


def test_another_nodes_services_do_not_count_and_the_trouble_does() -> None:
    deck = Deck()
    deck.kinds(reading(0, 0, 0))
    assert deck.kinds(reading(9, 9, 9), wrong="node:2 answers here") == []
    lost = replace(reading(9, 9, 9), trouble=DOWN)
    assert deck.kinds(lost, wrong="node:2 answers here") == [EventKind.LOST]
    assert deck.kinds(reading(9, 9, 9), wrong="node:2 answers here") == [EventKind.REGAINED]
    assert deck.kinds(reading(0, 0, 5)) == [EventKind.RESTARTED]


def test_the_first_node_that_answers_may_be_another_one() -> None:
    deck = Deck()
    assert deck.kinds(reading(9, 9, 9), wrong="node:2 answers here") == []
    assert deck.kinds(reading(0, 0, 0)) == []
    assert deck.kinds(reading(0, 0, 5)) == [EventKind.RESTARTED]


def test_after_another_node_what_is_all_new_is_a_beginning() -> None:
    deck = Deck()
    deck.kinds(reading(0, 0, 0))
    deck.kinds(reading(9, 9, 9), wrong="several nodes answer")
    assert deck.kinds(reading(9, 9, 9), settled=False) == []
    assert deck.kinds(reading(9, 9, 9)) == []
    assert deck.kinds(reading(9, 9, 10)) == [EventKind.RESTARTED]


def test_a_node_that_is_forgotten_begins_anew() -> None:
    deck = Deck()
    deck.kinds(reading(0, 0, 0))
    deck.baseline.forget("node1")
    deck.node = Node()
    assert deck.kinds(reading(9, 9, 9)) == []


class Disk(ActionsElsewhere):
    """Answers when it is let to."""

    def __init__(self) -> None:
        self.answers = asyncio.Event()
        self.reads = 0

    async def read(self) -> tuple[OtherAction, ...]:
        self.reads += 1
        await self.answers.wait()
        return ()


class Queue:
    """A queue with what came out of it."""

    def __init__(self, disk: Disk | None) -> None:
        self.published: list[str] = []
        self.taken = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._queue = ChangeQueue(
            disk,
            self._take,
            lambda one: self.published.append(one.after.node),
            self._start,
            within=0.05,
        )

    def put(self, name: str, *, is_explained: bool) -> None:
        reading = Reading(name)
        self._queue.put(Changes((), reading, reading), is_explained=is_explained)

    def _take(self, _: tuple[OtherAction, ...]) -> None:
        self.taken += 1

    def _start(self, work: Coroutine[Any, Any, None], _: str) -> None:
        self._tasks.append(asyncio.create_task(work))

    async def done(self) -> None:
        await asyncio.gather(*self._tasks)


async def test_explained_changes_read_nothing_and_pass_at_once() -> None:
    disk = Disk()
    queue = Queue(disk)
    queue.put("a", is_explained=True)
    assert (queue.published, disk.reads) == (["a"], 0)


async def test_without_a_journal_nothing_waits() -> None:
    queue = Queue(None)
    queue.put("a", is_explained=False)
    assert queue.published == ["a"]


async def test_what_comes_after_a_change_that_waits_passes_after_it() -> None:
    disk = Disk()
    queue = Queue(disk)
    queue.put("a", is_explained=False)
    queue.put("b", is_explained=True)
    await asyncio.sleep(0)
    queue.put("c", is_explained=False)
    assert queue.published == []
    disk.answers.set()
    await queue.done()
    assert queue.published == ["a", "b", "c"]
    assert queue.taken == disk.reads


async def test_a_disk_that_hangs_holds_changes_up_for_a_moment_only() -> None:
    queue = Queue(Disk())
    queue.put("a", is_explained=False)
    await queue.done()
    assert (queue.published, queue.taken) == (["a"], 0)


LOG_ON = datetime(2026, 5, 13, tzinfo=UTC)
LOST = ConnectionLost(TroubleKind.UNREACHABLE, "refused")


def logged(node: str, details: EventDetails, at: float = 0.0, service: str = "") -> Event:
    return Event(node, details, at, LOG_ON, service)


def kept(log: EventLog, node: str, kind: EventKind) -> int:
    return sum((each.node, each.kind) == (node, kind) for each in log)


def test_an_outage_of_67_nodes_does_not_erase_what_else_happened() -> None:
    log = EventLog()
    log.append(logged("node1", RoleChange(Role.REPLICA, Role.PRIMARY), 1))
    log.append(logged("node1", StatusChange("RUNNING", "FATAL"), 2, "ccs"))
    for turn in range(100):
        for node in range(67):
            log.append(logged(f"node{node}", LOST, 10 + turn))
    assert len(log) <= EVENTS_AT_MOST
    assert kept(log, "node1", EventKind.ROLE) == 1
    assert kept(log, "node1", EventKind.FLIPPED) == 1
    assert {kept(log, f"node{node}", EventKind.LOST) for node in range(67)} <= {58, 59, 60}


def test_one_kind_of_event_of_one_node_fills_its_own_part_alone() -> None:
    log = EventLog()
    log.append(logged("node2", LOST))
    for at in range(OF_A_KIND_AT_MOST + 5):
        log.append(logged("node1", LOST, at))
    assert kept(log, "node1", EventKind.LOST) == OF_A_KIND_AT_MOST
    assert kept(log, "node2", EventKind.LOST) == 1
    assert log[1].at == 5
    assert log[-1].at == OF_A_KIND_AT_MOST + 4


def test_the_event_that_began_a_problem_is_kept_until_the_problem_ends() -> None:
    log = EventLog()
    log.append(logged("node1", StatusChange("RUNNING", "BACKOFF"), 1, "x"))
    for at in range(2, 3 * OF_A_KIND_AT_MOST):
        log.append(logged("node1", StatusChange("FATAL", "BACKOFF"), at, "x"))
        log.append(logged("node1", StatusChange("BACKOFF", "FATAL"), at, "x"))
    assert log[0].at == 1
    assert len(log) == OF_A_KIND_AT_MOST
    log.append(logged("node1", StatusChange("FATAL", "RUNNING"), 9000, "x"))
    assert log[0].at != 1


def test_older_events_are_inserted_before_all_others() -> None:
    log = EventLog()
    log.append(logged("node1", LOST, 5))
    log.insert_older([logged("node1", LOST, 1), logged("node2", LOST, 2)])
    assert [each.at for each in log] == [1, 2, 5]
    assert [each.at for each in reversed(log)] == [5, 2, 1]
    assert len(log) == 3


def step(details: EventDetails, at: float, action: str = "5f2c-1") -> Event:
    return replace(logged("node1", details, at), action=action)


SENT = OrderGiven(Verb.RESTART, ("alert_mgr",))
VERIFIED = OrderEnded(Verb.RESTART, Result.VERIFIED, "held")


def test_an_action_that_is_known_late_is_inserted_where_it_was_sent() -> None:
    log = EventLog()
    for at in (1, 4, 6):
        log.append(logged("node1", LOST, at))
    log.insert([step(VERIFIED, 9), step(SENT, 4), step(VERIFIED, 4), step(SENT, 0, "5f2c-2")])
    assert [(each.at, each.kind.value) for each in log] == [
        (0, "order"), (1, "lost"), (4, "lost"), (4, "order"), (4, "verdict"), (6, "lost"),
        (9, "verdict"),
    ]  # fmt: skip
    log.insert([step(SENT, 10, "5f2c-3")])
    log.insert([])
    assert [each.at for each in log][-2:] == [9, 10]


def test_many_actions_that_are_known_late_are_inserted_in_one_pass() -> None:
    class Counting(EventLog):
        appended = 0

        def append(self, event: Event) -> None:
            self.appended += 1
            super().append(event)

    log = Counting()
    for at in range(100):
        log.append(logged(f"node{at}", LOST, at))
    log.insert([step(SENT, at, f"5f2c-{at}") for at in range(50)])
    assert (len(log), log.appended) == (150, 100 + 150)


def test_what_is_known_of_an_action_already_is_no_older_event() -> None:
    log = EventLog()
    log.append(step(SENT, 5))
    assert log.holds_step(step(SENT, 7))
    assert not log.holds_step(step(SENT, 7, "5f2c-2"))
    assert not log.holds_step(step(VERIFIED, 7))
    assert not log.holds_step(logged("node1", LOST, 5))
    log.insert_older([logged("node1", LOST, 1), step(SENT, 4), step(SENT, 3, "5f2c-2")])
    assert [(each.at, each.action) for each in log] == [(1, ""), (3, "5f2c-2"), (5, "5f2c-1")]


def stopped(node: str, service: str, after: str = "STOPPED") -> Event:
    return logged(node, StatusChange("RUNNING", after), service=service)


def test_the_last_change_of_a_service_is_found_by_its_node() -> None:
    changes = LastChanges()
    last = stopped("node1", "ccs", "FATAL")
    for one in (stopped("node1", "ccs"), last, stopped("node1", ""), stopped("node2", "ccs")):
        changes.add(one)
    assert changes.of("node1") == {"ccs": last}
    assert list(changes.of("node3")) == []


def test_an_action_that_is_known_late_is_not_the_last_change_of_its_service() -> None:
    changes = LastChanges()
    last = replace(stopped("node1", "ccs"), at=5.0)
    changes.add(last)
    changes.add(replace(step(SENT, 4.0), service="ccs"))
    assert changes.of("node1") == {"ccs": last}


def test_of_too_many_last_changes_the_oldest_are_dropped() -> None:
    changes = LastChanges()
    changes.AT_MOST = 2
    for service in ("first", "second", "first", "third"):
        changes.add(stopped("node1", service))
    assert list(changes.of("node1")) == ["first", "third"]
