"""The driver of a real terminal, as far as it needs none."""

import asyncio
import signal
import time
from typing import Any

import pytest

from tui.model.clock import asleep, sleep_text
from tui.ui.terminal.driver import DeckDriver


async def test_the_time_for_which_a_signal_stopped_the_deck_counts_as_asleep(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """P18: before anything else is done, be it stopped by its own key or from outside."""
    app: Any = None
    numbers = (signal.SIGTSTP, signal.SIGCONT)
    handlers = {number: signal.getsignal(number) for number in numbers}
    try:
        DeckDriver(app).keep_beat()
        before, clock = asleep(), time.monotonic
        with monkeypatch.context() as stopped:
            stopped.setattr(time, "monotonic", lambda: clock() + 725)
            signal.raise_signal(signal.SIGCONT)
        assert sleep_text(before) == "rsdeck was suspended for 12 min"
        await asyncio.sleep(0)  # there is no terminal to take again
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
