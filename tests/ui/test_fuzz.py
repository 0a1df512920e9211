"""Random input of every kind, over all screens, never ends the deck."""

import os
import secrets
from pathlib import Path

import pytest

from tests.ui.conftest import open_deck, write_configuration
from tests.ui.input_fuzzer import InputFuzzer
from tui.sim.server import SimulatedCluster

pytestmark = pytest.mark.real_time

INPUTS = int(os.environ.get("RSDECK_FUZZ_INPUTS", "600"))
SEED = int(os.environ.get("RSDECK_FUZZ_SEED", "0")) or secrets.randbelow(1 << 32)


@pytest.mark.timeout(max(120, INPUTS))
async def test_no_input_ends_the_deck(served: SimulatedCluster, tmp_path: Path) -> None:
    sent = 0
    screens: set[str] = set()
    while sent < INPUTS:
        seed = SEED + sent
        print(f"RSDECK_FUZZ_SEED={seed}")  # noqa: T201 - pytest shows it where the test fails
        async with open_deck(write_configuration(served, tmp_path)) as deck:
            await deck.all_known()
            fuzzer = InputFuzzer(deck, seed)
            await fuzzer.run(INPUTS - sent)
            sent += len(fuzzer.sent)
            screens |= fuzzer.screens
            error = deck.app._exception
            assert error is None, f"seed {seed}, after {fuzzer.sent[-40:]}"
            # Some input leaves as a person would, from the palette.
            assert sent >= INPUTS or not deck.app.return_code
    print(f"{sent} inputs over {', '.join(sorted(screens))}")  # noqa: T201 - for the longer run
