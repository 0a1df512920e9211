"""Unproven passwords: how many may be on their way, and how many may get no answer.

P15 and P24.
"""

import asyncio
from collections.abc import Iterable

import pytest

from tests.clock import Clock
from tui.api.errors import NodeNotSeenYet
from tui.fleet.login.attempt_limit import SLOTS, AttemptLimit
from tui.model.login import LockoutRule

MINUTE = 60.0


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
    limit.refuse(node)


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


async def test_one_more_may_be_sent_beside_a_slow_one_and_no_third(
    limit: AttemptLimit, clock: Clock
) -> None:
    await limit.enter("a", has_answered=True)
    clock.now += 0.98
    waiting = {await entering(limit, node) for node in "bc"}
    assert not any(task.done() for task in waiting)
    clock.now += 1
    done, waiting = await asyncio.wait(waiting, timeout=30, return_when=asyncio.FIRST_COMPLETED)
    assert len(done) == 1
    done, _ = await asyncio.wait(waiting, timeout=0.1)
    assert not done
    clock.now += 0.98
    limit.leave("a")
    await turns()
    clock.now += 1  # the other is slow now, too
    await asyncio.wait_for(waiting.pop(), 30)


async def test_a_node_that_waits_beside_a_slow_one_has_to_answer_without_a_password_first(
    limit: AttemptLimit, clock: Clock
) -> None:
    await limit.enter("a", has_answered=False)
    clock.now += 2
    with pytest.raises(NodeNotSeenYet):
        await limit.enter("b", has_answered=False)
    await limit.enter("b", has_answered=True)


async def test_a_node_that_took_it_needs_not_answer_without_it_beside_a_slow_call(
    limit: AttemptLimit, clock: Clock
) -> None:
    for node in "ab":
        limit.accept(node)
    await limit.enter("a", has_answered=False, is_certain=False)
    clock.now += 2
    async with asyncio.timeout(30):
        await limit.enter("b", has_answered=False, is_certain=False)
    with pytest.raises(NodeNotSeenYet):
        await limit.enter("c", has_answered=False)


async def test_a_last_try_waits_until_no_other_is_on_its_way(
    limit: AttemptLimit, clock: Clock
) -> None:
    await limit.enter("a", has_answered=True)
    clock.now += 2
    limit.refuse("b")
    last = await entering(limit, "b")
    assert not last.done()
    limit.leave("a")
    await asyncio.wait_for(last, 30)


async def test_while_one_node_has_its_last_try_every_other_waits(limit: AttemptLimit) -> None:
    for node in "ab":
        limit.accept(node)
    limit.refuse("a")
    other = await entering(limit, "b")
    await asyncio.wait_for(await entering(limit, "a"), 30)
    limit.leave("a")
    await turns()
    assert not other.done()
    limit.settle("a")
    await asyncio.wait_for(other, 30)


async def test_three_without_an_answer_are_the_end_and_a_person_gets_one_more(
    limit: AttemptLimit,
) -> None:
    for _ in range(3):
        assert not limit.is_over
        await lose(limit, "a")
    assert limit.is_over
    assert limit.allow_one_more()
    assert not limit.is_over
    await lose(limit, "a")
    assert not limit.allow_one_more()
    assert limit.is_over


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


async def test_two_refusals_in_a_row_are_the_end_of_a_password(limit: AttemptLimit) -> None:
    limit.accept("c")
    await refuse(limit, "a")
    assert not limit.is_over
    await refuse(limit, "a")
    assert limit.is_over


async def test_a_node_that_takes_it_begins_the_count_of_refusals_anew(limit: AttemptLimit) -> None:
    for node in "abab":
        await refuse(limit, node)
        limit.settle(node)
        limit.accept("c")
        assert limit.refusals == 0
        assert not limit.is_over


async def test_a_node_that_was_answered_before_a_refusal_does_not_end_it(
    limit: AttemptLimit, clock: Clock
) -> None:
    """P24: two requests are on their way while the password is changed."""
    for node in ("a", "b"):
        await limit.enter(node, has_answered=True)
        limit.leave(node)
        limit.accept(node)
    await limit.enter("a", has_answered=True)
    await limit.enter("b", has_answered=True)
    clock.now += 1
    limit.leave("b")
    limit.refuse("b")
    limit.leave("a")
    limit.accept("a", sent_at=limit.sent_at("a"))
    assert limit.refusals == 1
    clock.now += 1
    limit.settle("b")
    await limit.enter("a", has_answered=True)
    limit.leave("a")
    limit.accept("a", sent_at=limit.sent_at("a"))
    assert limit.refusals == 0


async def test_a_node_of_another_cluster_that_takes_it_ends_no_refusals(
    limit: AttemptLimit, clock: Clock
) -> None:
    """The same source, and the user of the other cluster has another password."""
    for node in "ab":
        limit.accept("well", "cluster a")
        clock.now += 6
        await limit.enter(node, has_answered=True)
        limit.leave(node)
        limit.refuse(node, node, "cluster b")
        limit.settle(node)
        limit.accept("well", "cluster a")
    assert limit.is_over


async def test_a_refusal_and_two_that_were_lost_are_the_end(limit: AttemptLimit) -> None:
    for node in "ab":
        await lose(limit, node)
    await refuse(limit, "c")
    assert limit.is_over


async def test_a_person_gets_one_refusal_more_and_never_the_one_before_the_last(
    limit: AttemptLimit,
) -> None:
    for _ in range(2):
        await refuse(limit, "a")
    assert limit.allow_one_more()
    assert not limit.is_over
    await refuse(limit, "a")
    assert limit.is_over
    assert not limit.allow_one_more()


@pytest.mark.parametrize(("threshold", "most"), [(10, 2), (5, 2), (4, 2), (3, 1), (2, 1), (1, 1)])
async def test_where_a_cluster_locks_sooner_it_stays_two_below(
    threshold: int, most: int, limit: AttemptLimit
) -> None:
    limit.learn(LockoutRule(threshold))
    assert limit.at_a_time == most
    for _ in range(most):
        assert not limit.is_over
        await refuse(limit, "a")
    assert limit.is_over


async def test_the_strictest_of_the_clusters_that_share_a_login_counts(
    limit: AttemptLimit, clock: Clock
) -> None:
    for rule in (LockoutRule(3, 1800.0), LockoutRule(9, 60.0), LockoutRule(0, 0.0)):
        limit.learn(rule)
    assert limit.threshold == 3
    await refuse(limit, "a")
    clock.now += 1799
    assert limit.refusals == 1


async def test_with_a_threshold_of_three_one_request_carries_the_password_at_a_time(
    limit: AttemptLimit,
) -> None:
    limit.learn(LockoutRule(3))
    for node in "ab":
        limit.accept(node)
    await limit.enter("a", has_answered=True)
    other = await entering(limit, "b")
    assert not other.done()
    other.cancel()


async def test_after_a_refusal_one_at_a_time_until_a_node_takes_it(limit: AttemptLimit) -> None:
    for node in "abcd":
        limit.accept(node)
    await refuse(limit, "d")
    limit.settle("d")
    waiting = {node: await entering(limit, node) for node in "abc"}
    assert [task.done() for task in waiting.values()] == [True, False, False]
    limit.accept("a")
    limit.leave("a")
    await asyncio.wait_for(asyncio.gather(waiting["b"], waiting["c"]), 30)


async def test_after_a_refusal_nodes_that_took_it_go_before_one_that_never_did(
    limit: AttemptLimit, clock: Clock
) -> None:
    for node in "ab":
        limit.accept(node)
    await refuse(limit, "a")
    limit.settle("a")
    unknown = await entering(limit, "new")
    assert not unknown.done()
    await asyncio.wait_for(await entering(limit, "b"), 30)
    limit.accept("b")
    limit.leave("b")
    await asyncio.wait_for(unknown, 30)


async def test_it_does_not_wait_for_ever_for_a_node_that_took_it_once(
    limit: AttemptLimit, clock: Clock
) -> None:
    limit.accept("b")
    await refuse(limit, "a")
    limit.settle("a")
    clock.now += 4.9
    early = await entering(limit, "early")
    assert not early.done()
    early.cancel()
    clock.now += 0.2
    await asyncio.wait_for(await entering(limit, "new"), 30)


async def test_of_the_nodes_that_never_took_it_one_is_sent_it_at_a_time(
    limit: AttemptLimit,
) -> None:
    limit.accept("a")
    waiting = [await entering(limit, node) for node in "bc"]
    assert [task.done() for task in waiting] == [True, False]
    limit.accept("b")
    limit.leave("b")
    await asyncio.wait_for(waiting[1], 30)


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


async def test_nodes_that_took_it_share_the_slots_and_an_answer_that_is_lost_is_not_counted(
    limit: AttemptLimit,
) -> None:
    for node in "abcd":
        limit.accept(node)
    waiting = [await entering(limit, node) for node in "abcd"]
    assert [task.done() for task in waiting].count(True) == SLOTS
    for node in "ab":
        limit.leave(node, unanswered=True)
    await asyncio.wait_for(asyncio.gather(*waiting), 30)
    assert limit.spent == 0


async def test_every_connection_of_a_node_that_took_it_is_certain(limit: AttemptLimit) -> None:
    limit.accept("node1")
    for connection in ("polls", "side calls"):
        async with asyncio.timeout(30):
            await limit.enter(connection, has_answered=True, taker="node1")


async def test_a_node_that_refused_it_is_certain_on_none_of_its_connections(
    limit: AttemptLimit,
) -> None:
    limit.accept("node1")
    limit.refuse("polls", "node1")
    limit.settle("polls")
    limit.accept("node2")
    waiting = [
        asyncio.create_task(limit.enter(one, has_answered=True, taker="node1"))
        for one in ("polls", "side calls")
    ]
    await turns()
    assert [task.done() for task in waiting] == [True, False]
    cancel(waiting)


async def test_a_call_that_may_be_refused_alone_goes_one_at_a_time(limit: AttemptLimit) -> None:
    for node in "ab":
        limit.accept(node)
    waiting = [
        asyncio.create_task(limit.enter(node, has_answered=True, is_certain=False)) for node in "ab"
    ]
    await turns()
    assert [task.done() for task in waiting] == [True, False]
    limit.leave("a")
    await asyncio.wait_for(waiting[1], 30)


async def test_another_password_does_not_forget_what_the_user_failed_with(
    limit: AttemptLimit,
) -> None:
    await lose(limit, "a")
    await refuse(limit, "a")
    limit.reset()
    assert limit.spent == 2
    assert limit.refusals == 1


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
    await asyncio.wait_for(other, 30)


async def test_what_others_were_refused_counts_until_a_node_takes_the_password(
    clock: Clock, limit: AttemptLimit
) -> None:
    """P24."""
    limit.count_elsewhere("demo", [880.0, 10.0])
    assert (limit.refusals, limit.own_refusals, limit.spent) == (2, 0, 2)
    assert limit.is_over
    assert limit.free_in == 20.0
    limit.count_elsewhere("demo", [880.0, 10.0])  # they are read again, and count once
    assert limit.refusals == 2
    clock.now += 20.0
    assert limit.free_in == 0.0
    assert not limit.is_over
    limit.accept("node1", "other")
    assert limit.refusals == 1
    limit.accept("node1", "demo")
    assert limit.refusals == 0


async def test_each_refusal_is_returned_once_to_be_kept_while_it_counts(
    clock: Clock, limit: AttemptLimit
) -> None:
    limit.refuse("node1", place="demo")
    limit.refuse("node2", place="other")
    assert limit.take_unkept() == ["demo", "other"]
    assert limit.take_unkept() == []
    limit.refuse("node1", place="demo")
    limit.refuse("node2", place="other")
    limit.accept("node1", "demo")
    assert limit.take_unkept() == ["other"]
    limit.refuse("node1", place="demo")
    clock.now += 901.0
    assert limit.take_unkept() == []


async def test_another_password_is_certain_at_no_node_before_it_takes_it(
    limit: AttemptLimit,
) -> None:
    """P24: it goes one at a time, and one whose answer is lost counts."""
    for node in "ab":
        limit.accept(node)
    limit.reset()
    await limit.enter("a", has_answered=True)
    other = await entering(limit, "b")
    assert not other.done()
    limit.leave("a", unanswered=True)
    assert limit.spent == 1
    await asyncio.wait_for(other, 30)


async def test_who_waited_for_a_slot_sends_nothing_once_it_must_not(limit: AttemptLimit) -> None:
    """P24: what was checked before it waited holds no more."""
    for node in "abc":
        limit.accept(node)
    for node in "ab":
        await limit.enter(node, has_answered=True)
    stopped: list[str] = []

    def check() -> None:
        if stopped:
            raise ValueError(stopped)

    waiting = asyncio.create_task(limit.enter("c", has_answered=True, check=check))
    await turns()
    stopped.append("a person stopped it")
    limit.leave("a")
    with pytest.raises(ValueError, match="a person stopped it"):
        await asyncio.wait_for(waiting, 30)


async def test_who_waited_for_a_slot_waits_on_where_the_password_was_refused_meanwhile(
    limit: AttemptLimit,
) -> None:
    """P24: it was certain before, and what the refusal means is not known yet."""
    for node in "abcd":
        limit.accept(node)
    for node in "ab":
        await limit.enter(node, has_answered=True)
    waiting = await entering(limit, "c")
    limit.refuse("a")
    for node in "ab":
        limit.leave(node)
    await turns()
    assert not waiting.done()
    await asyncio.wait_for(await entering(limit, "a"), 30)  # the slot is not kept meanwhile
    limit.leave("a")
    limit.settle("a")
    await asyncio.wait_for(waiting, 30)


async def test_a_node_that_never_took_it_waits_no_longer_than_the_time_to_vouch(
    limit: AttemptLimit, clock: Clock
) -> None:
    """Nothing else wakes it where the nodes that took it before are never sent it again."""
    limit.accept("a")
    await refuse(limit, "b")
    limit.settle("b")
    clock.now += 4.98
    waiting = await entering(limit, "c")
    assert not waiting.done()
    clock.now += 1
    await asyncio.wait_for(waiting, 30)


async def test_a_password_that_was_taken_and_then_refused_is_uncertain_again(
    limit: AttemptLimit,
) -> None:
    limit.accept("a")
    await lose(limit, "a")
    assert limit.spent == 0
    await refuse(limit, "b")
    limit.settle("b")
    await lose(limit, "a")
    assert limit.spent == 2


async def test_others_wait_until_every_refusal_is_understood_the_second_as_the_first(
    limit: AttemptLimit,
) -> None:
    await refuse(limit, "a")
    limit.settle("a")
    for node in "ab":
        limit.refuse(node)
    waiting = await entering(limit, "c")
    limit.settle("a")
    await turns()
    assert not waiting.done()
    limit.settle("b")
    await asyncio.wait_for(waiting, 30)


async def test_a_node_that_takes_it_ends_what_was_lost_and_what_a_person_allowed(
    limit: AttemptLimit,
) -> None:
    await lose(limit, "a")
    limit.accept("a")
    assert limit.spent == 0
    for _ in range(2):
        limit.refuse("a")
    assert limit.is_over
    assert limit.allow_one_more()
    assert not limit.is_over
    limit.refuse("a")
    assert limit.is_over
    assert not limit.allow_one_more()
    limit.accept("a")
    for _ in range(2):
        assert not limit.is_over
        limit.refuse("a")
    assert limit.is_over


async def test_where_three_refusals_lock_the_user_a_person_gets_no_try_after_the_first(
    limit: AttemptLimit,
) -> None:
    """P24: its refusal would be one short of the lock."""
    limit.learn(LockoutRule(3))
    limit.refuse("a")
    assert not limit.allow_one_more()


async def test_after_a_lost_answer_a_node_has_to_answer_without_the_password_first(
    limit: AttemptLimit,
) -> None:
    """P24: a node that answers nothing costs no further try."""
    await lose(limit, "a")
    with pytest.raises(NodeNotSeenYet):
        await limit.enter("b", has_answered=False)
    await limit.enter("b", has_answered=True)


async def test_a_last_try_needs_no_answer_without_the_password_first(limit: AttemptLimit) -> None:
    await lose(limit, "a")
    await refuse(limit, "b")
    async with asyncio.timeout(30):
        await limit.enter("b", has_answered=False)


async def test_where_two_failures_lock_the_user_a_person_gets_no_try_after_one_that_was_lost(
    limit: AttemptLimit,
) -> None:
    """P24."""
    limit.learn(LockoutRule(2))
    await lose(limit, "a")
    assert not limit.allow_one_more(margin=1)


async def test_a_lower_threshold_holds_for_who_waits_already(limit: AttemptLimit) -> None:
    for node in "abc":
        limit.accept(node)
    for node in "ab":
        await limit.enter(node, has_answered=True)
    waiting = await entering(limit, "c")
    limit.learn(LockoutRule(3))
    limit.leave("a")
    await turns()
    assert not waiting.done()
    limit.leave("b")
    await asyncio.wait_for(waiting, 30)
