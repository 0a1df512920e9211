"""Random input of every kind, over all screens, never ends the deck nor sends what was not asked.

Each deck begins with an action that is confirmed, and with a rollout on its way: the input that
follows meets both. What arrives at the nodes must be what dialogs were confirmed for, no more.
"""

import json
import os
import secrets
from collections import Counter
from pathlib import Path

import pytest

from tests.ui.conftest import Deck, open_deck, posts, write_configuration
from tests.ui.input_fuzzer import InputFuzzer
from tests.ui.rollout_progress import QUICK, SERVICE, agree, ask
from tui.fleet.protocols import NullJournal
from tui.model.order import Order, Tier
from tui.model.rollout import Plan
from tui.sim.server import SimulatedCluster
from tui.ui.dialogs.order import OrderDialog
from tui.ui.dialogs.rollout import RolloutDialog
from tui.ui.dialogs.rollout_action import RolloutActionDialog

pytestmark = pytest.mark.real_time

INPUTS = int(os.environ.get("RSDECK_FUZZ_INPUTS", "600"))
SEED = int(os.environ.get("RSDECK_FUZZ_SEED", "1")) or secrets.randbelow(1 << 32)
"""Equal in every run of the suite; 0, as `make fuzz` gives it, stands for another each time."""
EACH = 300
"""Inputs until another deck is opened: by then the last has wandered off to where little happens.
"""

Sent = tuple[str, str, tuple[str, ...]]
"""A node's uid, what is done, and to which services."""


class IntendedOrders(NullJournal):
    """Remembers what was about to be sent, and the plans that were confirmed."""

    def __init__(self) -> None:
        self.orders: list[Order] = []
        self.plans: list[Plan] = []

    async def intend(self, order: Order, _tier: Tier, _username: str) -> None:
        self.orders.append(order)

    async def planned(self, plan: Plan, _tier: Tier, _username: str) -> None:
        self.plans.append(plan)


def arrived(served: SimulatedCluster) -> Counter[Sent]:
    """Count the actions that arrived at the nodes."""
    found: Counter[Sent] = Counter()
    for request in posts(served):
        body = json.loads(request.body)
        found[str(request.uid), body["operation_type"], tuple(body["services"])] += 1
    return found


def intended(journal: IntendedOrders) -> Counter[Sent]:
    return Counter(
        (str(order.target.identity.uid), order.verb.value, order.names) for order in journal.orders
    )


def assert_only_what_was_confirmed(
    served: SimulatedCluster, journal: IntendedOrders, fuzzer: InputFuzzer, deck: Deck
) -> None:
    kinds = Counter(type(dialog) for dialog in fuzzer.dialogs)
    assert arrived(served) <= intended(journal)
    rollouts = deck.fleet.rollouts
    by_hand = [order for order in journal.orders if not rollouts.gave(order.number)]
    assert len(by_hand) <= kinds[OrderDialog]
    assert len(journal.plans) <= kinds[RolloutDialog]
    steps = sum(len(plan.steps) for plan in journal.plans)
    assert len(journal.orders) - len(by_hand) <= steps + kinds[RolloutActionDialog]


async def confirm_an_action(deck: Deck, fuzzer: InputFuzzer, served: SimulatedCluster) -> None:
    """Restart a service as a person does, and wait until it has arrived."""
    before = len(posts(served))
    await deck.on(SERVICE)
    await deck.open("r", OrderDialog)
    fuzzer.look()
    await deck.confirm()
    await deck.until(lambda: len(posts(served)) == before + 1)


async def begin_a_rollout(deck: Deck, fuzzer: InputFuzzer) -> None:
    await ask(deck, "cm_server")
    fuzzer.look()
    await agree(deck, "cm_server")
    fuzzer.look()


@pytest.mark.timeout(max(120, INPUTS))
async def test_no_input_ends_the_deck_and_only_what_was_confirmed_is_sent(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    sent = 0
    screens: set[str] = set()
    actions = decks = 0
    while sent < INPUTS:
        seed = SEED + sent
        print(f"RSDECK_FUZZ_SEED={seed}")  # noqa: T201 - pytest shows it where the test fails
        journal = IntendedOrders()
        configuration = write_configuration(served, tmp_path)
        async with open_deck(configuration, journal=journal, patience=QUICK) as deck:
            await deck.all_known()
            fuzzer = InputFuzzer(deck, seed)
            fuzzer.look()
            served.cluster.requests.clear()
            await confirm_an_action(deck, fuzzer, served)
            await begin_a_rollout(deck, fuzzer)
            decks += 1
            if not decks % 2:
                await deck.press("escape")  # the rollout goes on behind the deck's screen
            await fuzzer.run(min(EACH, INPUTS - sent))
            sent += len(fuzzer.sent)
            screens |= fuzzer.screens
            error = deck.app._exception
            assert error is None, f"seed {seed}, after {fuzzer.sent[-40:]}"
            assert_only_what_was_confirmed(served, journal, fuzzer, deck)
            actions += len(journal.orders)
            # Some input leaves as a person would, from the palette.
            assert sent >= INPUTS or not deck.app.return_code
    assert {"DeckScreen", "OrderDialog", "RolloutDialog", "RolloutScreen"} <= screens
    print(f"{sent} inputs and {actions} actions over {', '.join(sorted(screens))}")  # noqa: T201 - for the longer run
