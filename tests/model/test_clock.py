"""The clock of ages goes on while the machine sleeps, and no other counts ages.

P18.
"""

import asyncio
import contextlib
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tui.model import clock
from tui.model.clock import (
    StopCounter,
    asleep,
    asleep_since,
    awake,
    monotonic,
    sleep_text,
)

ROOT = Path(__file__).parents[2]
WAITS = {
    # What waits for a moment while the program runs: time asleep is no time for the other side.
    "tui/config/writer.py",
    "tui/journal/journal_file.py",
    "tui/model/clock.py",
    "tui/storage/background_writer.py",
    "tui/ui/dialogs/armed.py",
}


def test_the_clock_never_goes_back_and_counts_seconds() -> None:
    first = monotonic()
    time.sleep(0.01)
    assert 0.01 <= monotonic() - first < 5


@pytest.mark.skipif(sys.platform != "linux", reason="CLOCK_BOOTTIME is Linux's")
def test_time_asleep_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    clocks = {time.CLOCK_BOOTTIME: 7300.0, time.CLOCK_MONOTONIC: 100.0}
    monkeypatch.setattr(time, "clock_gettime", clocks.__getitem__)
    assert monotonic() == 7300.0


@pytest.mark.skipif(sys.platform != "linux", reason="CLOCK_BOOTTIME is Linux's")
def test_time_asleep_is_what_the_clocks_have_moved_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    before = asleep()
    assert abs(asleep_since(before)) < 1
    assert not sleep_text(before)
    now = time.clock_gettime
    monkeypatch.setattr(time, "clock_gettime", lambda clock: now(clock) + 7200)
    assert 7199 < asleep_since(before) < 7201
    assert sleep_text(before) == "this machine slept for 2 h"


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Move all clocks on, as while the process is stopped."""
    clock_gettime, now = time.clock_gettime, time.monotonic
    monkeypatch.setattr(time, "clock_gettime", lambda number: clock_gettime(number) + seconds)
    monkeypatch.setattr(time, "monotonic", lambda: now() + seconds)


async def test_time_for_which_the_process_was_stopped_counts_as_asleep_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clock, "_stopped", 0.0)  # what is counted here is no part of other tests
    counter = StopCounter(asyncio.get_running_loop())
    before, began, then = asleep(), monotonic(), awake()
    with monkeypatch.context() as stopped:
        later(stopped, 725)
        counter.continued()
        counter.continued()  # two signals, before the loop goes on
        assert 724 < monotonic() - began < 730
        assert awake() - then < 5
        assert sleep_text(before) == "rsdeck was suspended for 12 min"


async def test_a_busy_machine_is_no_sleep_nor_is_a_signal_to_a_process_that_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counter, before = StopCounter(asyncio.get_running_loop()), asleep()
    counter.continued()
    with monkeypatch.context() as busy:
        later(busy, 725)
        for _ in range(2):  # what is due is called at the end of a turn of the loop
            await asyncio.sleep(0)
        counter.continued()
    assert not asleep_since(before) > 1


def test_a_signal_after_the_loop_has_ended_counts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.new_event_loop()
    counter, before = StopCounter(loop), asleep()
    loop.close()
    with monkeypatch.context() as stopped:
        later(stopped, 725)
        counter.continued()
    assert not asleep_since(before) > 1


class Waits(asyncio.SelectorEventLoop):
    """An event loop that never runs: its time is set, and what is due is called by `sleep_until`.

    `wakes` are the times at which something was due.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.wakes: list[float] = []
        self._due: list[asyncio.TimerHandle] = []

    def time(self) -> float:
        """Return the time that is set."""
        return self.now

    def call_at(self, when: float, callback: Any, *args: Any, context: Any = None) -> Any:
        """Call later."""
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        self._due.append(handle)
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        self._due.remove(handle)

    def sleep_until(self, when: float) -> None:
        """Call all that is due up to then, each at its time."""
        while self._due and (first := min(self._due, key=lambda one: one.when())).when() <= when:
            self._due.remove(first)
            self.now = first.when()
            self.wakes.append(self.now)
            first._run()
        self.now = when


def test_the_loop_does_not_wake_for_the_beat_while_something_else_keeps_it() -> None:
    with contextlib.closing(Waits()) as loop:
        counter = StopCounter(loop)
        loop.sleep_until(3.5)
        assert loop.wakes == [1, 2, 3]
        for when in (3.9, 4.9, 5.95, 6.9):
            loop.sleep_until(when)
            counter.keep_beat()
        assert loop.wakes == [1, 2, 3]
        loop.sleep_until(10.5)
        assert loop.wakes == pytest.approx([1, 2, 3, 8, 9, 10])


@pytest.mark.parametrize("late", [0.0, 0.5, 0.99, 1.0])
def test_a_stop_counts_the_same_whoever_keeps_the_beat(
    late: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "_stopped", 0.0)
    with contextlib.closing(Waits()) as loop:
        counter, before = StopCounter(loop), asleep()[1]
        loop.sleep_until(0.7)
        counter.keep_beat()
        loop.sleep_until(0.7 + late)
        loop.now += 30  # nothing is called meanwhile
        counter.continued()
        assert asleep()[1] - before == pytest.approx(29 + late)
        counter.continued()
        assert asleep()[1] - before == pytest.approx(29 + late)


@pytest.mark.parametrize(
    ("seconds", "shown"), [(2.0, ""), (2.5, "2 s"), (59.9, "59 s"), (60, "1 min")]
)
def test_a_moment_is_no_sleep_and_what_is_shorter_than_a_minute_is_in_seconds(
    seconds: float, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "clock_gettime", lambda _: 1000.0)
    monkeypatch.setattr(time, "monotonic", lambda: 500.0)
    before = asleep()
    monkeypatch.setattr(time, "clock_gettime", lambda _: 1000.0 + seconds)
    assert sleep_text(before).removeprefix("this machine slept for ") == shown


def test_no_other_module_counts_ages_by_a_clock_that_sleeps() -> None:
    found = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "tui").rglob("*.py")
        if "time.monotonic" in path.read_text("utf-8")
    }
    others = {
        name for name in found if not name.startswith(("tui/sim/", "tui/ui/terminal/"))
    } - WAITS
    assert not others
