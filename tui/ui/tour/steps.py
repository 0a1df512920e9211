"""The steps of the tour, as data: what must be shown, what is read, what is pressed then."""

from collections.abc import Mapping
from enum import Enum

from tui.model.dataclass import dataclass

_LEAST, _PER_LETTER = 3.0, 0.06
"""Seconds for which a hint is shown at least, and for each letter of it."""


class Needs(Enum):
    """What has to be there before a hint is shown and its keys are pressed."""

    DECK = "the deck, and its node has answered"
    FILTERED = "the deck, filtered to one service"
    ACTION = "the dialog of an action, and it accepts keys"
    SENT = "the deck, and an action was sent"
    VERIFIED = "the deck, and the action is verified"
    WHY = "the evidence for a service"
    MATRIX = "the matrix"
    ROLLOUT = "the dialog of a rollout, and it accepts keys"
    ROLLING = "the screen of the rollout"
    ROLLED = "the screen of the rollout, and every node is verified"


@dataclass(frozen=True, slots=True)
class TourStep:
    """One step: a hint, what it needs, and what is pressed once it was read.

    `keys` are ids of the deck's bindings, or keys by Textual's name; a `text` is then typed into
    the field that they lead to, and entered. A binding's id in braces stands for its key in the
    hint. A step `reads_on` where its dialog accepts nothing before its last line was seen.
    `patience` is how many seconds its need may take.
    """

    hint: str
    needs: Needs
    keys: tuple[str, ...] = ()
    text: str = ""
    reads_on: bool = False
    patience: float = 60.0

    def shown_hint(self, labels: Mapping[str, str]) -> str:
        """Return the hint with the labels of the keys, by the id of their binding."""
        return self.hint.format_map(labels)

    @property
    def seconds(self) -> float:
        """For how long the hint is read before the keys are pressed."""
        return _LEAST + _PER_LETTER * len(self.hint)


STEPS: tuple[TourStep, ...] = (
    TourStep("A simulated cluster of three nodes: nothing here is real.", Needs.DECK),
    TourStep("A digit picks a node, {nodes} lists them. Now {node2}.", Needs.DECK, ("node.2",)),
    TourStep(
        "{filter} filters: a text, status=stopped, kind=optional.",
        Needs.DECK,
        ("filter",),
        "alert_mgr",
    ),
    TourStep(
        "{restart} restarts what is under the cursor, confirmed first.",
        Needs.FILTERED,
        ("restart",),
    ),
    TourStep(
        "What is sent, and what it touches. y sends, esc cancels.",
        Needs.ACTION,
        ("y",),
        reads_on=True,
    ),
    TourStep("Recorded, then sent once. Now it is polled: no guessing.", Needs.SENT),
    TourStep("Verified: a new start time, and stable since.", Needs.VERIFIED),
    TourStep("{why} shows why a service is as it is.", Needs.VERIFIED, ("why",)),
    TourStep("Each piece of evidence with its source and its age.", Needs.WHY, ("escape",)),
    TourStep("{matrix} shows every service on every node.", Needs.DECK, ("matrix",)),
    TourStep("{rollout} restarts it on each node in turn.", Needs.MATRIX, ("rollout",)),
    TourStep(
        "Replicas first, a gate at each. Its name has to be typed.",
        Needs.ROLLOUT,
        text="alert_mgr",
        reads_on=True,
    ),
    TourStep("Node by node, a minute in all. Any trouble pauses it.", Needs.ROLLING),
    TourStep("Every node is verified.", Needs.ROLLED, ("escape",), patience=300.0),
    TourStep("That was the tour. {help} shows every key, {quit} quits.", Needs.MATRIX),
)
