"""The signals that end a process."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from tui.cli.process import SignalsHeld

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture
def came() -> Iterator[list[int]]:
    """Collect the signals that come."""
    numbers: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _: numbers.append(number)) for number in ENDING
    }
    yield numbers
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", ENDING)
def test_a_signal_that_is_held_back_comes_once_the_block_has_ended(
    number: signal.Signals, came: list[int]
) -> None:
    """P19: whichever thread the kernel gives it to."""
    ended = threading.Event()
    other = threading.Thread(target=ended.wait)
    other.start()
    try:
        with SignalsHeld():
            os.kill(os.getpid(), number)
            time.sleep(0.01)  # so that another thread could take it
            assert came == []
        assert came == [number]
    finally:
        ended.set()
        other.join()


@pytest.mark.parametrize("number", ENDING)
def test_a_thread_that_the_block_starts_does_not_inherit_it(number: signal.Signals) -> None:
    masks: list[set[signal.Signals]] = []
    with SignalsHeld():
        started = threading.Thread(
            target=lambda: masks.append(signal.pthread_sigmask(signal.SIG_BLOCK, ()))
        )
        started.start()
        started.join()
    assert number not in masks[0]


def test_what_was_held_back_before_stays_so(came: list[int]) -> None:
    with SignalsHeld():
        with SignalsHeld():
            pass
        os.kill(os.getpid(), signal.SIGTERM)
        assert came == []
    assert came == [signal.SIGTERM]


SUSPENDED = """
import asyncio, sys
from tui.cli.process import call_on_signals
from tui.model.clock import asleep, asleep_since

async def main():
    before = asleep()
    call_on_signals(print)
    print("runs", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    print(asleep_since(before))

asyncio.run(main())
"""


@pytest.mark.real_time
@pytest.mark.parametrize("number", [signal.SIGTSTP, signal.SIGSTOP])
def test_a_command_that_a_signal_stopped_counts_that_time_as_asleep(number: signal.Signals) -> None:
    """P18: be it by ctrl+z or from outside."""
    pipe = subprocess.PIPE
    command = (sys.executable, "-c", SUSPENDED)
    with subprocess.Popen(  # noqa: S603 - our own words
        command, stdin=pipe, stdout=pipe, text=True, process_group=0
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "runs\n"
        child.send_signal(number)
        stopped = os.waitid(os.P_PID, child.pid, os.WSTOPPED)
        assert stopped is not None
        assert stopped.si_status == number
        began = time.monotonic()
        time.sleep(1.5)  # longer than from one beat of its loop to the next
        child.send_signal(signal.SIGCONT)
        asleep = float(child.communicate("\n")[0])
        assert 0.4 < asleep < time.monotonic() - began
