"""Screens as text, kept in tests/golden; UPDATE_GOLDEN=1 writes them anew, for review.

With them it writes the pictures of those that the site shows; their colours are not compared.
"""

import contextlib
import os
import re
from collections.abc import Callable
from difflib import unified_diff
from pathlib import Path

from tests.site_pictures import keep_picture, shown_pictures
from tests.ui.conftest import Deck, wait_until

GOLDEN = Path(__file__).parents[1] / "golden"
UPDATE = bool(os.environ.get("UPDATE_GOLDEN"))

# What differs from run to run, put into words of the same width.
TIMELESS = (
    (re.compile(r"127\.0\.0\.1:\d{5}"), "127.0.0.1:99999"),
    (re.compile(r"\d\d:\d\d:\d\d"), "12:34:56"),
    (re.compile(r"(?<![:\d])\d\d:\d\d(?= UTC)"), "12:34"),
    (re.compile(r"[ ─]+(?= STALE \d+ s )"), " "),  # it stands at the right, and is longer then
    (re.compile(r"\d\d-\d\d(?= 12:34:56)"), "01-02"),
    (re.compile(r"(?<![.\d])\d s\b(?! stable)"), "9 s"),
    (re.compile(r"(?<= )[ \d]\ds(?= )"), " 9s"),
    (re.compile(r"(?<=uptime  3 d )(?:\d\d m|1 h )"), "59 m"),
    (re.compile(r"(?<=took )\d+ ms"), "9 ms"),
    (re.compile(r"trying again now"), "next try in 9 s"),
    # How long it took is left out where it has too many digits.
    (re.compile(r"(?<=polled 9 s ago)(?: \(\d+ ms\))? *(?=│)"), " "),
    (re.compile(r"\(\d+(?= +│)"), "(9"),  # an age that goes on in the next line
    (re.compile(r"(?<=after )\d\.\d s\b"), "9.9 s"),
)

_TWO_DIGITS = re.compile(r"(?<![.\d])\d(\d s\b(?! stable)(?:[^ │─]| (?! ))*)")
"""An age, and the text after it up to what fills the line or the pane."""


def timeless(text: str) -> str:
    """Take the times out, keep every cell in its column."""
    lines = []
    for line in text.splitlines():
        said = line
        while (shorter := _TWO_DIGITS.sub(r"\1 ", said)) != said:
            said = shorter
        for pattern, word in TIMELESS:
            said = pattern.sub(word, said)
        lines.append(said.rstrip())
    return "\n".join(lines) + "\n"


async def matches(deck: Deck, name: str, clean: Callable[[str], str] = str) -> None:
    """Wait until the screen, as `clean` makes it, is the one that is kept under a name.

    How long the last poll took decides what has room beside it, so where the screen is another
    one, the nodes are polled again: that may be quicker.
    """
    path = GOLDEN / f"{name}.txt"

    def shown() -> str:
        return timeless(clean(deck.text))

    def kept() -> str:
        return path.read_text(encoding="utf-8") if path.exists() else ""

    await deck.settle()
    if UPDATE:
        with contextlib.suppress(TimeoutError):
            # What is kept may only not be there yet: news of other nodes come with a tick.
            await wait_until(lambda: shown() == kept(), 3.0)
        path.write_text(shown(), encoding="utf-8")
        if name in shown_pictures():
            keep_picture(name, kept(), deck.app)
    for _ in range(15):
        with contextlib.suppress(TimeoutError):
            await wait_until(lambda: shown() == kept(), 2.0)
            return
        deck.fleet.refresh()
    differs = unified_diff(
        kept().splitlines(), shown().splitlines(), "kept", "shown", n=0, lineterm=""
    )
    assert shown() == kept(), "\n".join(differs)
