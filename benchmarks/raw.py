"""A table drawn by hand, the least that a terminal can be sent: `python -I -S raw.py NAME …`.

One row a name, with an uptime that ticks every second and a cursor bar that `up` and `down` move.
It imports what it cannot do without, and nothing of rsdeck's. ctrl+q ends it.
"""

import os
import select
import sys
import termios
import time

_TOP = 3
_AT = 40
_UP_ALREADY = 3 * 86400 + 3539
_BAR, _PLAIN, _MUTED = "\x1b[48;5;24m", "\x1b[m", "\x1b[38;5;244m"
_ENTER, _LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[?1049l\x1b[?25h"


def uptime(number: int, seconds: int) -> str:
    """Return the uptime of a row so many seconds after the start."""
    days, rest = divmod(seconds + _UP_ALREADY + number % 5, 86400)
    return f"{days}d {rest // 3600:02}:{rest % 3600 // 60:02}:{rest % 60:02}"


def line(name: str, said: str, *, is_here: bool) -> str:
    """Return a row as it is drawn anew."""
    sign, look = ("▌", _BAR) if is_here else (" ", "")
    text = f"{look}{sign} {name:<24} ● RUNNING   {said}   optional"
    return f"{text}{' ' * 40}{_PLAIN}" if is_here else f"{text}\x1b[K"


def ticks(before: list[str], after: list[str]) -> str:
    """Return what makes the uptimes on the screen the new ones: only digits that differ."""
    said, where = [], (-1, -1)
    for number, (old, new) in enumerate(zip(before, after, strict=True)):
        start = next(
            (at for at, pair in enumerate(zip(old, new, strict=True)) if len(set(pair)) > 1), None
        )
        if start is None:
            continue
        place = (number + _TOP, _AT + start)
        if where == (place[0] - 1, place[1] + 1):
            said.append("\b\n")  # the same column of the next line; output is not processed
        elif where != place:
            said.append(f"\x1b[{place[0]};{place[1]}H")
        said.append(new[start:])
        where = (place[0], _AT + len(new))
    return "".join(said)


def main(names: list[str]) -> None:
    """Draw the table until ctrl+q is read."""
    before = termios.tcgetattr(0)
    raw = termios.tcgetattr(0)
    raw[1] &= ~termios.OPOST
    raw[3] &= ~(termios.ECHO | termios.ICANON | termios.ISIG)
    raw[0] &= ~(termios.IXON | termios.ICRNL)
    termios.tcsetattr(0, termios.TCSANOW, raw)
    began, here, seconds = time.monotonic(), 0, 0
    shown = [uptime(number, 0) for number in range(len(names))]
    head = f"{_ENTER}\x1b[1;1H raw ANSI\x1b[2;1H{_MUTED}  SERVICE{_PLAIN}"
    rows = (
        f"\x1b[{number + _TOP};1H{line(name, shown[number], is_here=number == here)}"
        for number, name in enumerate(names)
    )
    os.write(1, (head + "".join(rows)).encode())
    while True:
        wait = max(0.0, began + seconds + 1 - time.monotonic())
        if select.select([0], [], [], wait)[0]:
            keys = os.read(0, 1024)
            if b"\x11" in keys or not keys:
                break
            had, here = (
                here,
                max(0, min(len(names) - 1, here + keys.count(b"B") - keys.count(b"A"))),
            )
            moved = {had, here} if had != here else set()
            text = "".join(
                f"\x1b[{one + _TOP};1H{line(names[one], shown[one], is_here=one == here)}"
                for one in sorted(moved)
            )
            os.write(1, text.encode())
        elif time.monotonic() >= began + seconds + 1:
            seconds += 1
            now = [uptime(number, seconds) for number in range(len(names))]
            os.write(1, ticks(shown, now).encode())
            shown = now
    os.write(1, _LEAVE.encode())
    termios.tcsetattr(0, termios.TCSANOW, before)


if __name__ == "__main__":
    main(sys.argv[1:])
