"""From polls to events: who caused them, and what they add up to."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from tests.faultserver import serving
from tests.fleet.conftest import (
    ADMIN,
    Play,
    Running,
    configuration,
    keeping,
    profile,
    profiles,
    running,
    running_since,
)
from tests.fleet.events.test_attribution import ON as ORDER_ON
from tests.fleet.events.test_attribution import ORDER
from tui.config import Notify
from tui.credentials import Passwords, Secret
from tui.fleet.events.pipeline import EventPipeline
from tui.fleet.fleet import Fleet
from tui.fleet.login.state import Login
from tui.fleet.problems import recent_restarts
from tui.journal.order_journal import OrderJournal
from tui.journal.other_actions import OtherActions
from tui.model.clock import monotonic
from tui.model.event import Cause, Event, EventKind
from tui.model.event_text import event_brief, event_text
from tui.model.order import OrderPhase, OrderProgress, Verb
from tui.model.reading import Reading
from tui.model.service import Service
from tui.sim.server import SimulatedCluster


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
        # What it did not order stays unexplained.
        served.cluster.process(2, "alert_mgr").boot(served.cluster.now())
        await deck.until(
            lambda: [one for one in events_of(deck, EventKind.RESTARTED) if one.node == "node2"]
        )
        assert not events_of(deck, EventKind.RESTARTED)[-1].is_ordered


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
        return cls(Reading("node1", (service,), asked_at=minute * 60.0, answered_at=minute * 60.0))


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
