"""The clock of ages goes on while the machine sleeps, and no other counts ages.

P18.
"""

import sys
import time
from pathlib import Path

import pytest

from tui.model.clock import asleep, monotonic

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
    assert abs(asleep() - before) < 1
    now = time.clock_gettime
    monkeypatch.setattr(time, "clock_gettime", lambda clock: now(clock) + 7200)
    assert 7199 < asleep() - before < 7201


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
