"""What happened between two readings."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class EventKind(Enum):
    """The sorts of events; the value is the word on the screen."""

    FLIPPED = "status"
    RESTARTED = "restarted"
    VANISHED = "vanished"
    APPEARED = "appeared"
    LOST = "lost"
    REGAINED = "back"
    ROLE = "role"
    ORDERED = "order"
    VERDICT = "verdict"
    LOGIN = "login"
    LOOPING = "crash loop"
    ROLLOUT = "rollout"


@dataclass(frozen=True, slots=True)
class Event:
    """One change on one node.

    `service` is empty where the whole node is meant; `at` is monotonic, `on` the wall clock
    (aware, UTC); `text` is clean and complete in itself, `brief` is the same in a word or two.
    `ordered` tells whether an order given here explains it.
    """

    node: str
    happening: EventKind
    text: str
    at: float
    on: datetime
    service: str = ""
    brief: str = ""
    ordered: bool = False


ORDERED_HERE = ", ordered here"
"""What is added to the text of a change that an order given here explains."""


def statuses(event: Event) -> tuple[str, str]:
    """Give a service's status before and after a change, empty where it was not or is not."""
    told = event.text.removesuffix(ORDERED_HERE)
    if event.happening is EventKind.APPEARED:
        return "", told.removeprefix("appeared, ")
    if event.happening is EventKind.VANISHED:
        return told.removeprefix("vanished, was "), ""
    before, arrow, after = told.partition(" → ")
    return (before, after) if arrow else ("", "")
