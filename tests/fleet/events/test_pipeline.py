"""What a fleet tells of what its nodes show: who was behind it, and what it adds up to."""

import asyncio
from dataclasses import replace

from tests.faultserver import serving
from tests.fleet.conftest import (
    ADMIN,
    Play,
    Running,
    configuration,
    keeping,
    profile,
    profiles,
    quiet,
    running,
    running_since,
)
from tui.config import Notify
from tui.credentials import Passwords, Secret
from tui.fleet.fleet import Fleet
from tui.model.event import Cause, Event, EventKind
from tui.model.order import Verb
from tui.sim.server import SimulatedCluster


def told(deck: Running, *happenings: EventKind) -> list[Event]:
    return [one for one in deck.fleet.events if one.kind in happenings]


async def test_a_restart_from_elsewhere_is_told_as_such_and_one_from_here_is_not() -> None:
    play = Play()
    with serving(play) as server:
        async with running(profile(server.url)) as deck:
            await deck.known()
            play.restart()
            await deck.until(lambda: told(deck, EventKind.RESTARTED))
            (event,) = told(deck, EventKind.RESTARTED)
            assert event.cause is Cause.NOT_ORDERED_HERE


async def test_what_an_order_does_is_told_as_ordered_here(served: SimulatedCluster) -> None:
    async with running(*profiles(served)) as deck:
        await deck.known()
        await deck.verdict(deck.give(Verb.RESTART, "alert_mgr"))
        changes = told(deck, EventKind.FLIPPED, EventKind.RESTARTED)
        assert changes
        assert all(event.cause is Cause.ORDERED_HERE for event in changes)
        assert {one.service for one in changes} == {"alert_mgr"}
        served.cluster.process(2, "alert_mgr").boot(served.cluster.now())
        await deck.until(
            lambda: [one for one in told(deck, EventKind.RESTARTED) if one.node == "node2"]
        )
        assert not told(deck, EventKind.RESTARTED)[-1].ordered_here


async def test_orders_never_add_up_to_a_crash_loop(served: SimulatedCluster) -> None:
    async with running(*profiles(served)[:1]) as deck:
        await deck.known()
        for _ in range(3):
            await deck.verdict(deck.give(Verb.RESTART, "alert_mgr"))
        assert not told(deck, EventKind.LOOPING)


async def test_a_crash_loop_is_what_the_configuration_says_it_is() -> None:
    play = Play()
    with serving(play) as server:
        node = profile(server.url)
        notify = Notify(loop_restarts=2, loop_minutes=1)
        fleet = Fleet(replace(configuration([node]), notify=notify), passwords=keeping([node]))
        task = asyncio.create_task(fleet.run())
        deck = Running(fleet, None, task)  # type: ignore[arg-type]
        try:
            await deck.good()
            for number in (1, 2):
                play.services["ccs"] = running_since(60 * number)
                await deck.until(lambda: len(told(deck, EventKind.RESTARTED)) == number)  # noqa: B023
            (loop,) = told(deck, EventKind.LOOPING)
            assert loop.service == "ccs"
            assert loop.details.restarts == 2
        finally:
            task.cancel()
            await asyncio.wait([task])


async def test_a_refused_login_is_told_once_and_again_when_another_password_is_refused(
    served: SimulatedCluster,
) -> None:
    nodes = profiles(served)
    async with running(*nodes, passwords=keeping(nodes, "wrong")) as deck:
        await deck.until(lambda: len(told(deck, EventKind.LOST)) == 3)
        await quiet(0.3)
        (event,) = told(deck, EventKind.LOGIN)
        assert event.details.username == ADMIN
        assert not event.service
        deck.fleet.renew("node1", Secret("wrong again"))
        await deck.until(lambda: len(told(deck, EventKind.LOGIN)) == 2)


async def test_a_password_that_nobody_has_given_yet_is_no_refusal(
    served: SimulatedCluster,
) -> None:
    async with running(*profiles(served), passwords=Passwords()) as deck:
        await deck.until(lambda: len(told(deck, EventKind.LOST)) == 3)
        assert not told(deck, EventKind.LOGIN)
        deck.fleet.renew("node1", Secret("demo-password"))
        await deck.until(lambda: len(told(deck, EventKind.REGAINED)) == 3)
        assert all(event.details.silent_for is None for event in told(deck, EventKind.REGAINED))
