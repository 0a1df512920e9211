"""Unproven passwords: how many may be on their way, and how many may get no answer.

P15 and P24.
"""

import asyncio
from collections.abc import Iterable

import pytest

from tui.api.errors import NodeNotSeenYet
from tui.fleet.login.attempt_limit import SLOTS, UNANSWERED_AT_MOST, AttemptLimit

MINUTE = 60.0


class Clock:
    """Monotonic seconds that a test moves on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limit(clock: Clock) -> AttemptLimit:
    return AttemptLimit(clock, slow=1.0)


async def entering(
    limit: AttemptLimit, node: str, *, has_answered: bool = True
) -> asyncio.Task[None]:
    """Let a node want to send the password, and wait until it may or waits for others."""
    task = asyncio.create_task(limit.enter(node, has_answered=has_answered))
    await turns()
    return task


async def turns() -> None:
    """Let every task run until it waits."""
    for _ in range(6):
        await asyncio.sleep(0)


async def lose(limit: AttemptLimit, node: str) -> None:
    await limit.enter(node, has_answered=True)
    limit.leave(node, unanswered=True)


async def refuse(limit: AttemptLimit, node: str) -> None:
    """Refuse a node's password, which is then to be sent a last time."""
    await limit.enter(node, has_answered=True)
    limit.leave(node)
    limit.doubt(node)


def cancel(tasks: Iterable[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()


async def test_one_unproven_password_is_on_its_way_at_a_time(limit: AttemptLimit) -> None:
    await limit.enter("a", has_answered=True)
    waiting = [await entering(limit, node) for node in "bc"]
    assert not any(task.done() for task in waiting)
    limit.leave("a")
    await turns()
    assert [task.done() for task in waiting].count(True) == 1
    cancel(waiting)


async def test_one_more_may_be_sent_beside_a_slow_one_and_no_third(clock: Clock) -> None:
    limit = AttemptLimit(slow=0.02)
    await limit.enter("a", has_answered=True)
    waiting = {await entering(limit, node) for node in "bc"}
    assert not any(task.done() for task in waiting)
    done, waiting = await asyncio.wait(waiting, timeout=5, return_when=asyncio.FIRST_COMPLETED)
    assert len(done) == 1
    done, _ = await asyncio.wait(waiting, timeout=0.1)
    assert not done
    limit.leave("a")
    await asyncio.wait_for(waiting.pop(), 5)


async def test_a_node_that_waits_beside_a_slow_one_has_to_answer_without_a_password_first(
    limit: AttemptLimit, clock: Clock
) -> None:
    await limit.enter("a", has_answered=False)
    clock.now += 2
    with pytest.raises(NodeNotSeenYet):
        await limit.enter("b", has_answered=False)
    await limit.enter("b", has_answered=True)


async def test_a_last_try_waits_until_no_other_is_on_its_way(
    limit: AttemptLimit, clock: Clock
) -> None:
    await limit.enter("a", has_answered=True)
    clock.now += 2
    limit.doubt("b")
    last = await entering(limit, "b")
    assert not last.done()
    limit.leave("a")
    await asyncio.wait_for(last, 2)


async def test_while_one_node_has_its_last_try_every_other_waits(limit: AttemptLimit) -> None:
    limit.prove()
    limit.doubt("a")
    other = await entering(limit, "b")
    await asyncio.wait_for(await entering(limit, "a"), 2)
    limit.leave("a")
    await turns()
    assert not other.done()
    limit.settle("a")
    await asyncio.wait_for(other, 2)


async def test_three_without_an_answer_are_the_end_and_a_person_gets_one_more(
    limit: AttemptLimit,
) -> None:
    for _ in range(UNANSWERED_AT_MOST):
        assert not limit.is_over()
        await lose(limit, "a")
    assert limit.is_over()
    assert limit.allow_one_more()
    await lose(limit, "a")
    assert not limit.allow_one_more()
    assert limit.is_over()


@pytest.mark.parametrize("what", [lose, refuse])
async def test_a_failed_login_counts_for_fifteen_minutes(
    what: object, limit: AttemptLimit, clock: Clock
) -> None:
    assert callable(what)
    await what(limit, "a")
    clock.now += 15 * MINUTE - 1
    assert limit.spent == 1
    clock.now += 2
    assert limit.spent == 0


async def test_a_refusal_that_a_last_try_follows_counts_as_a_try(limit: AttemptLimit) -> None:
    for node in "abc":
        assert not limit.is_over()
        await refuse(limit, node)
        limit.settle(node)
    assert limit.spent == 3
    assert limit.is_over()


async def test_a_last_try_is_allowed_one_more_than_the_others(limit: AttemptLimit) -> None:
    for node in "ab":
        await lose(limit, node)
    await refuse(limit, "c")
    assert limit.is_over()
    assert not limit.is_over(for_node="c")
    await lose(limit, "c")
    assert limit.is_over(for_node="c")


async def test_a_password_that_is_sent_twice_in_one_request_counts_twice(
    limit: AttemptLimit,
) -> None:
    await limit.enter("a", has_answered=True)
    await limit.enter("a", has_answered=True)
    limit.leave("a", unanswered=True)
    assert limit.spent == 2


async def test_a_password_that_was_kept_from_being_sent_does_not_count(
    limit: AttemptLimit,
) -> None:
    class Stopped(Exception):
        pass

    def stop() -> None:
        raise Stopped

    with pytest.raises(Stopped):
        await limit.enter("a", has_answered=True, check=stop)
    limit.leave("a", unanswered=True)
    assert limit.spent == 0


async def test_a_node_that_accepts_it_lets_others_go_and_nothing_is_counted(
    limit: AttemptLimit,
) -> None:
    await limit.enter("a", has_answered=True)
    waiting = [await entering(limit, node) for node in "bcd"]
    limit.prove()
    await turns()
    assert [task.done() for task in waiting].count(True) == SLOTS - 1
    limit.leave("a", unanswered=True)
    await asyncio.wait_for(asyncio.gather(*waiting), 2)
    limit.doubt("b")
    assert limit.spent == 0


async def test_a_person_who_gives_a_password_begins_the_count_anew(limit: AttemptLimit) -> None:
    await lose(limit, "a")
    limit.reset()
    assert limit.spent == 1
    limit.reset(forget=True)
    assert limit.spent == 0


async def test_the_last_of_three_tries_is_alone_however_slow_it_is(
    limit: AttemptLimit, clock: Clock
) -> None:
    """Two are lost, one is on its way: a second beside it could be the fourth."""
    for _ in range(2):
        await lose(limit, "a")
    await limit.enter("b", has_answered=True)
    clock.now += 2
    other = await entering(limit, "c")
    assert not other.done()
    limit.leave("b")
    await asyncio.wait_for(other, 2)
