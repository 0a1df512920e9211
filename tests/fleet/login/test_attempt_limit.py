"""Unproven passwords: how many may be on their way, and how many may get no answer.

P15 and P24.
"""

import asyncio

import pytest

from tui.api.errors import NodeNotSeenYet
from tui.fleet.login import attempt_limit as module
from tui.fleet.login.attempt_limit import AT_MOST, AttemptLimit


async def waits(
    turn: AttemptLimit, who: str, *, last: bool = False, met: bool = True
) -> asyncio.Task[None]:
    """Let one ask for the turn, and give it the time to get it."""
    task = asyncio.create_task(turn.take(who, last=last, met=met))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return task


def grown_slow(turn: AttemptLimit, who: str) -> None:
    """Let one have had the turn for long; it is what the class measures, not what it decides."""
    turn._taken[who] -= module.SLOW + 1


def lose(turn: AttemptLimit, who: str) -> None:
    turn.leave(who)
    turn.give_back(who, lost=True)


async def test_two_at_most_are_on_their_way_and_the_second_only_beside_a_slow_one() -> None:
    turn = AttemptLimit()
    await turn.take("a", last=False, met=True)
    waiting = {await waits(turn, "b"), await waits(turn, "c")}
    assert not any(one.done() for one in waiting)
    done, waiting = await asyncio.wait(waiting, timeout=2, return_when=asyncio.FIRST_COMPLETED)
    assert len(done) == 1
    for who in turn._taken:
        grown_slow(turn, who)
    done, waiting = await asyncio.wait(waiting, timeout=0.1)
    assert not done
    turn.give_back("a")
    done, _ = await asyncio.wait(waiting, timeout=2)
    assert len(done) == 1


async def test_one_who_waits_beside_a_slow_one_has_to_be_met_first() -> None:
    turn = AttemptLimit()
    await turn.take("a", last=False, met=False)
    waiting = await waits(turn, "b", met=False)
    with pytest.raises(NodeNotSeenYet):
        await asyncio.wait_for(waiting, 3)


async def test_a_last_try_waits_until_nobody_else_has_the_turn() -> None:
    turn = AttemptLimit()
    await turn.take("a", last=False, met=True)
    grown_slow(turn, "a")
    last = await waits(turn, "b", last=True)
    assert not last.done()
    turn.give_back("a")
    await asyncio.wait_for(last, 2)


async def test_three_without_an_answer_are_the_end_and_a_person_gets_one_more() -> None:
    turn = AttemptLimit()
    for _ in range(AT_MOST):
        assert not turn.is_over()
        await turn.take("a", last=False, met=True)
        lose(turn, "a")
    assert turn.is_over()
    assert turn.allow_one_more()
    await turn.take("a", last=False, met=True)
    lose(turn, "a")
    assert not turn.allow_one_more()
    assert turn.is_over()
    assert turn.is_over(last=True)
    turn._lost = [at - module.WITHIN for at in turn._lost]  # a quarter of an hour later
    assert turn.allow_one_more()
    assert turn.spent == 0


async def test_what_leaves_twice_in_one_request_counts_twice() -> None:
    turn = AttemptLimit()
    await turn.take("a", last=False, met=True)
    turn.leave("a")
    lose(turn, "a")
    assert turn.spent == 2


async def test_a_node_that_takes_it_lets_all_go_and_nothing_is_counted() -> None:
    turn = AttemptLimit()
    await turn.take("a", last=False, met=True)
    waiting = [await waits(turn, who) for who in "bcd"]
    turn.open()
    await asyncio.wait_for(asyncio.gather(*waiting), 2)
    lose(turn, "a")
    assert turn.spent == 0
