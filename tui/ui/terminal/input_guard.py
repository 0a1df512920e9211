"""Screens that drop input until they could be read, as the application hands input to them."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from textual import events


@dataclass(frozen=True, slots=True)
class ArmingTimes:
    """Seconds that must pass before a key can decide anything.

    `painted` counts from the first paint, `quiet` from the last key that came before arming.
    `alone` is how long before and after a key that decides there must be no other.
    """

    painted: float = 0.6
    quiet: float = 0.3
    alone: float = 0.1


@runtime_checkable
class HasArmingTimes(Protocol):
    """An application that sets the arming times of its screens."""

    arming_times: ArmingTimes


@runtime_checkable
class InputGuard(Protocol):
    """A screen that drops keys, clicks and pastes that came before it could be read."""

    def input_arrived(self, event: events.Event) -> None:
        """Record that an event has come from the terminal; its turn may come later."""

    def drops_input(self, event: events.Event) -> bool:
        """Whether an event from the terminal is to be dropped."""
