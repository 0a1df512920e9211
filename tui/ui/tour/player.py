"""Plays the steps of the tour: shows a hint, waits while it is read, presses the keys."""

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from enum import Enum, auto
from typing import Protocol

from tui.ui.format.key_bar import Hint
from tui.ui.tour.steps import Needs, TourStep

_TICK = 0.1
"""Seconds after which is looked again whether a hint was read, or a need is there."""

_BETWEEN = 0.3
"""Seconds between two keys: what decides wants to come alone."""

_AGAIN = 3.0
"""Seconds after which a key that changed nothing is pressed again, as a person would."""

_FIELD_WITHIN = 20.0
"""Seconds within which a field has the focus, on a machine that is busy."""

_END: Hint = ("esc ends the tour", "escape")

_GAVE_UP = "The tour ends here, since the next step did not come about."


class Stage(Protocol):
    """The deck, as the player needs it."""

    @property
    def labels(self) -> Mapping[str, str]:
        """What is on the keys of the bindings, by their ids."""

    @property
    def front(self) -> Hashable:
        """The screen in front."""

    def shows(self, needs: Needs) -> bool:
        """Whether it is as a step needs it."""

    def has_more(self) -> bool:
        """Whether the dialog in front goes on below what is shown of it."""

    def press(self, key: str) -> None:
        """Press a key, by the id of its binding or by its name, as if it were typed."""

    def type_text(self, text: str) -> bool:
        """Type a text into the field that has the focus; return whether there is one."""

    def present(self, hint: str, controls: Sequence[Hint]) -> None:
        """Show the hint, and below it how the tour is controlled."""


class Answer(Enum):
    """What becomes of a key that a person presses."""

    TAKEN = auto()
    ENDS = auto()
    """The tour ends, and the key does nothing else."""
    PASSED_ON = auto()
    """The tour ends, and the deck gets the key."""


class TourPlayer:
    """Plays `steps` on a `stage`; `sleep` lets so many seconds pass."""

    def __init__(
        self, stage: Stage, steps: Sequence[TourStep], sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        self._stage = stage
        self._steps = steps
        self._sleep = sleep
        self._number = 0
        self._hint = ""
        self._pressed: tuple[str, Hashable] | None = None
        self._wants_next = False
        self._waits = False
        self.is_paused = False
        self.is_over = False
        """Whether the last step was played: the next key ends the tour."""

    async def play(self) -> None:
        """Play to the last step, or until one does not come about."""
        for step in self._steps:
            if not await self._comes_about(step):
                self._hint = _GAVE_UP
                break
            self._number += 1
            self._hint, self._waits = step.shown_hint(self._stage.labels), False
            self._show()
            await self._read(step.seconds)
            await self._press(step)
        self.is_over = True
        self._show()

    def typed(self, key: str) -> Answer:
        """Take a key that a person has pressed: on, pause, or the end."""
        if self.is_over:
            return Answer.PASSED_ON
        if key == "escape":
            return Answer.ENDS
        if key in ("space", "enter"):
            self._wants_next = not self.is_paused
            self.is_paused = False
        else:
            self.is_paused = True
        self._show()
        return Answer.TAKEN

    def _show(self) -> None:
        self._stage.present(self._hint, self._controls)

    @property
    def _controls(self) -> Sequence[Hint]:
        """How the tour is controlled now."""
        if self.is_over:
            return [("the deck is yours: any key", "")]
        if self.is_paused:
            return [("PAUSED", ""), ("space goes on", "space"), _END]
        on = ("waits until it is so", "") if self._waits else ("space next", "space")
        return [(f"{self._number} of {len(self._steps)}", ""), on, _END]

    async def _comes_about(self, step: TourStep) -> bool:
        """Wait until a step's need is there; False where it takes too long."""
        waited = 0.0
        again = _AGAIN
        while self.is_paused or not self._stage.shows(step.needs):
            if waited > step.patience:
                return False
            if not self._waits:
                self._waits = True
                self._show()
            await self._sleep(_TICK)
            if not self.is_paused:
                waited += _TICK
            if waited > again and self._pressed is not None:
                again += _AGAIN
                key, front = self._pressed
                if front == self._stage.front:
                    self._stage.press(key)
        return True

    async def _read(self, seconds: float) -> None:
        """Wait for as long as a hint is read, or until the next one is wanted."""
        self._wants_next = False
        while (self.is_paused or seconds > 0) and not self._wants_next:
            await self._sleep(_TICK)
            if not self.is_paused:
                seconds -= _TICK

    async def _press(self, step: TourStep) -> None:
        while step.reads_on and self._stage.has_more():
            self._stage.press("pagedown")
            await self._read(_AGAIN)
        self._pressed = None
        for key in step.keys:
            self._pressed = (key, self._stage.front)
            self._stage.press(key)
            await self._sleep(_BETWEEN)
        if step.text:
            self._pressed = None  # a text that was typed is not typed again
            waited = 0.0
            while not self._stage.type_text(step.text) and waited < _FIELD_WITHIN:
                await self._sleep(_TICK)
                waited += _TICK
            await self._sleep(_BETWEEN)
            self._stage.press("enter")
            await self._sleep(_BETWEEN)
