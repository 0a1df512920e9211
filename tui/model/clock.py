"""The clock by which ages are counted: it goes on while the machine sleeps.

`time.monotonic` stands still in suspend (CLOCK_MONOTONIC of Linux, mach_absolute_time of macOS):
after two hours asleep an answer of before would be "0 s old".
"""

import sys
import time

_GOES_ON = time.CLOCK_MONOTONIC
"""On macOS it is this one that goes on in sleep (clock_gettime(3) there)."""
if sys.platform == "linux":
    _GOES_ON = time.CLOCK_BOOTTIME


def monotonic() -> float:
    """Return the seconds since some moment in the past, those asleep included.

    No setting of the wall clock moves it. Only differences count.
    """
    return time.clock_gettime(_GOES_ON)
