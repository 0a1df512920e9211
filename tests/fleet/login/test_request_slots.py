import asyncio
import sys

import pytest

from tests.fleet.conftest import Sleep
from tui.fleet.login.attempt_limit import SLOTS, RequestSlots


async def entering(slots: RequestSlots, node: str) -> asyncio.Task[None]:
    """Let a node want a slot, and wait until it has one or waits for it."""
    task = asyncio.create_task(slots.enter(node))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return task


async def test_no_more_requests_go_than_there_are_slots_and_the_rest_in_their_order() -> None:
    slots = RequestSlots()
    tasks = [await entering(slots, node) for node in "abcde"]
    assert [task.done() for task in tasks] == [True] * SLOTS + [False] * (5 - SLOTS)
    slots.leave("b")
    await tasks[2]
    assert not tasks[3].done()
    slots.leave("a")
    await tasks[3]
    tasks[4].cancel()


async def test_a_node_that_has_a_slot_keeps_it_and_leaving_twice_frees_one() -> None:
    slots = RequestSlots()
    for node in ("a", "a", "b"):
        await slots.enter(node)
    waiting = [await entering(slots, node) for node in "de"]
    slots.leave("a")
    slots.leave("a")
    await waiting[0]
    assert not waiting[1].done()
    waiting[1].cancel()


async def test_nodes_that_were_slow_leave_a_slot_to_those_that_answer() -> None:
    now = 0.0
    slots = RequestSlots(lambda: now)
    for node in ("s1", "s2"):
        await slots.enter(node)
        now += 2
        slots.leave(node)
    tasks = [await entering(slots, node) for node in ("s1", "s2")]
    assert [task.done() for task in tasks] == [True, False]
    for _ in range(20):
        async with asyncio.timeout(30):
            await slots.enter("fast")
        slots.leave("fast")
    assert not tasks[1].done()
    slots.leave("s1")  # in time: it is slow no more
    await tasks[1]
    async with asyncio.timeout(30):
        await slots.enter("s1")  # beside the one that was slow


async def test_a_node_that_was_slow_gets_the_only_slot() -> None:
    now = 0.0
    slots = RequestSlots(lambda: now)
    slots.resize(1)
    await slots.enter("slow")
    now += 2
    slots.leave("slow")
    async with asyncio.timeout(30):
        await slots.enter("slow")


async def test_fewer_slots_hold_for_those_who_wait_and_more_let_them_go_on() -> None:
    slots = RequestSlots()
    for node in "ab":
        await slots.enter(node)
    slots.resize(1)
    waiting = [await entering(slots, node) for node in "cd"]
    slots.leave("a")
    await asyncio.sleep(0)
    assert not waiting[0].done()
    slots.leave("b")
    await waiting[0]
    assert not waiting[1].done()
    slots.resize(2)
    await waiting[1]


async def test_the_latency_follows_what_requests_take_and_not_a_slot_given_back() -> None:
    now = 0.0
    slots = RequestSlots(lambda: now)
    for seconds in (0.5, 1.0):
        await slots.enter("a")
        now += seconds
        slots.leave("a")
    await slots.enter("a")
    slots.give_back("a")
    assert slots.latency == pytest.approx(0.6)


async def test_a_node_that_stops_waiting_or_is_admitted_while_it_stops_takes_no_slot() -> None:
    slots = RequestSlots()
    for node in "ab":
        await slots.enter(node)
    gone, admitted, last = [await entering(slots, node) for node in "xyz"]
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    slots.leave("a")
    admitted.cancel()
    with pytest.raises(asyncio.CancelledError):
        await admitted
    await asyncio.wait_for(last, 30)
    stopping, next_one = [await entering(slots, node) for node in "vw"]
    stopping.cancel()
    slots.leave("z")  # before it has noticed
    await asyncio.wait_for(next_one, 30)
    assert not slots._waiting


async def test_who_goes_first_is_admitted_before_those_who_wait_longer() -> None:
    slots = RequestSlots()
    for node in "ab":
        await slots.enter(node)
    waiting = [await entering(slots, node) for node in "cd"]
    urgent = asyncio.create_task(slots.enter("e", first=True))
    await asyncio.sleep(0)
    slots.leave("a")
    await urgent
    assert not any(task.done() for task in waiting)
    for task in waiting:
        task.cancel()


async def test_a_request_that_takes_long_counts_as_slow_before_it_ends() -> None:
    now = 0.0
    slots = RequestSlots(lambda: now)
    await slots.enter("slow")
    now += 2
    slots.leave("slow")
    await slots.enter("long")
    now += 0.9
    slow = await entering(slots, "slow")
    assert slow.done()
    slots.give_back("slow")
    now += 0.2
    slow = await entering(slots, "slow")
    assert not slow.done()
    fast = await entering(slots, "fast")
    assert fast.done()
    slow.cancel()


@pytest.mark.skipif(sys.platform != "linux", reason="CLOCK_BOOTTIME is Linux's")
async def test_time_asleep_is_not_how_long_a_request_took(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a night the deck would say that its readings are late."""
    sleep = Sleep(monkeypatch)
    slots = RequestSlots()
    await slots.enter("a")
    sleep.asleep += 7200
    slots.leave("a")
    assert 0.0 < slots.latency < 60.0
