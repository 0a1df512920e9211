import asyncio

import pytest

from tui.fleet.login import attempt_limit as module
from tui.fleet.login.attempt_limit import SLOTS, RequestSlots


async def waits(lanes: RequestSlots, who: str) -> asyncio.Task[None]:
    """Let one ask for a place, and give it the time to get one."""
    task = asyncio.create_task(lanes.enter(who))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return task


async def been_slow(lanes: RequestSlots, *names: str) -> None:
    """Let nodes have taken their time; it is what the class measures, not what it decides."""
    for name in names:
        await lanes.enter(name)
        lanes._going[name] -= module.SLOW + 1
        lanes.leave(name)


async def test_no_more_go_than_there_are_lanes_and_the_rest_in_their_order() -> None:
    lanes = RequestSlots()
    tasks = [await waits(lanes, name) for name in "abcde"]
    assert [task.done() for task in tasks] == [True] * SLOTS + [False] * (5 - SLOTS)
    lanes.leave("b")
    await tasks[3]
    assert not tasks[4].done()
    lanes.leave("a")
    await tasks[4]


async def test_one_that_has_a_place_keeps_it_and_leaving_twice_frees_one() -> None:
    lanes = RequestSlots()
    for name in ("a", "a", "b", "c"):
        await lanes.enter(name)
    waiting = [await waits(lanes, name) for name in "de"]
    lanes.leave("a")
    lanes.leave("a")
    await waiting[0]
    assert not waiting[1].done()
    waiting[1].cancel()


async def test_nodes_that_were_slow_leave_a_lane_to_those_that_answer() -> None:
    lanes = RequestSlots()
    await been_slow(lanes, "s1", "s2", "s3")
    tasks = [await waits(lanes, name) for name in ("s1", "s2", "s3")]
    assert [task.done() for task in tasks] == [True, True, False]
    for _ in range(20):
        async with asyncio.timeout(1):
            await lanes.enter("fast")
        lanes.leave("fast")
    assert not tasks[2].done()
    lanes.leave("s1")  # in time: it is slow no more
    await tasks[2]


async def test_who_stops_waiting_or_is_admitted_while_it_stops_takes_no_place() -> None:
    lanes = RequestSlots()
    for name in "abc":
        await lanes.enter(name)
    gone, admitted, last = [await waits(lanes, name) for name in "xyz"]
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    lanes.leave("a")
    admitted.cancel()
    with pytest.raises(asyncio.CancelledError):
        await admitted
    await asyncio.wait_for(last, 1)
