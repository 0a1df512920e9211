"""What is kept of orders and rollouts does not grow for ever."""

from dataclasses import replace

import pytest

from tests.fleet.conftest import PATIENCE, profile, running
from tests.fleet.plan_nodes import open_order
from tests.fleet.rollouts import QUICK, begun, planned, played, progress, reaches
from tui.fleet.orders import executor
from tui.fleet.orders.executor import NotAccepted, Orders
from tui.fleet.protocols import NullJournal
from tui.fleet.rollout import manager
from tui.model.order import OrderPhase, OrderProgress, Verb
from tui.model.rollout import RolloutState


def no_watch(node: str) -> None:
    raise KeyError(node)


def kept() -> Orders:
    return Orders(no_watch, lambda _: None, PATIENCE, NullJournal())


def report(orders: Orders, number: int, phase: OrderPhase = OrderPhase.ENDED) -> None:
    orders.report(OrderProgress(replace(open_order(), number=number), phase))


def test_the_oldest_orders_that_have_ended_are_forgotten_and_an_open_one_never() -> None:
    orders = kept()
    report(orders, 1, OrderPhase.WATCHING)
    for number in range(2, executor.ENDED_AT_MOST + 12):
        report(orders, number)
    assert [progress.order.number for progress in orders.open] == [1]
    assert len(orders.progress) == executor.ENDED_AT_MOST + 1
    assert set(range(2, 12)).isdisjoint(orders.progress)


def test_a_number_is_not_given_twice_though_its_order_is_forgotten() -> None:
    orders = kept()
    for number in (1, 2):
        report(orders, number)
    orders.forget([1, 2])
    assert not orders.progress
    assert orders.next_number() == 3


def test_an_order_of_an_earlier_session_that_is_resolved_late_lowers_no_number() -> None:
    orders = kept()
    report(orders, 5)
    report(orders, -1)
    assert orders.next_number() == 6


def test_an_open_order_and_one_that_is_not_known_are_not_forgotten() -> None:
    orders = kept()
    report(orders, 1, OrderPhase.WATCHING)
    orders.forget([1, 99])
    assert list(orders.progress) == [1]


async def test_an_order_that_was_forgotten_is_not_accepted_again() -> None:
    with played() as (server, _):
        async with running(profile(server.url), patience=QUICK) as deck:
            await deck.known()
            order = deck.order(Verb.RESTART, "alert_mgr")
            report(deck.fleet.orders, order.number)
            deck.fleet.orders.forget([order.number])
            with pytest.raises(NotAccepted, match="was given already"):
                deck.fleet.give(order)
            assert not server.posts


@pytest.mark.real_time
async def test_the_oldest_rollouts_that_have_ended_are_forgotten_with_their_orders() -> None:
    with played() as (server, play):
        play.post(lambda peer: (play.restart(), peer.answer('{"alert_mgr": true}'))[0])
        async with running(profile(server.url), patience=QUICK) as deck:
            await reaches(deck, await begun(deck), RolloutState.DONE)
            assert set(deck.fleet.orders.progress) == {1}
            plan = await planned(deck)
            for number in range(2, manager.ENDED_AT_MOST + 3):
                later = replace(plan, number=number)
                deck.fleet.rollouts.begin(later)
                deck.fleet.rollouts.abort(number)
                await deck.until(lambda plan=later: not progress(deck, plan).is_open)
            assert len(deck.fleet.rollouts.progress) <= manager.ENDED_AT_MOST + 1
            assert 1 not in deck.fleet.rollouts.progress
            assert not deck.fleet.orders.progress
            assert not deck.fleet.rollouts.gave(1)
            with pytest.raises(NotAccepted, match="begun already"):
                deck.fleet.rollouts.begin(replace(plan, number=1))
            assert len(server.posts) == 1
