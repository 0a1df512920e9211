"""What keeps the deck from being left at once: open work, or a view that was just closed."""

import math
from collections.abc import Callable

from rich.table import Table

from tui.model.dataclass import dataclass
from tui.model.order import OrderPhase, OrderProgress
from tui.model.rollout import RolloutProgress, RolloutState, StepState
from tui.ui.dialogs.confirm import (
    ConfirmDialog,
    ConfirmRefusal,
    ConfirmRequest,
    Fact,
    facts_table,
)
from tui.ui.format.rollout_text import step_counts, untouched_nodes
from tui.ui.format.status_lines import Palette, order_words

_NAMED = 3
_OFFERED = "; the next start says how far it came, and plans the rest"


@dataclass(frozen=True, slots=True)
class OpenWork:
    """What is open: the actions that no rollout sent, and the rollouts.

    Where it `is_kept`, a later start knows of it; an embedded cluster ends with the deck.
    """

    orders: tuple[OrderProgress, ...] = ()
    rollouts: tuple[RolloutProgress, ...] = ()
    is_kept: bool = True

    @property
    def left_undone(self) -> list[tuple[str, str]]:
        """What is open and what becomes of it, as pairs."""
        return [
            *((_rollout_words(one), self._of_rollout(one)) for one in self.rollouts),
            *((order_words(one), self._of_order(one)) for one in self.orders),
        ]

    def _of_order(self, progress: OrderProgress) -> str:
        if progress.phase is OrderPhase.CHECKING:
            return "it is not sent"
        found = ": the next start finds it by the node's first answer" if self.is_kept else ""
        return f"it goes on at the node, and its verdict is not known here{found}"

    def _of_rollout(self, progress: RolloutProgress) -> str:
        untouched = untouched_nodes(progress)
        rest = f"; not touched: {_some(untouched)}" if untouched else ""
        offered = _OFFERED if self.is_kept else ""
        return f"it ends, and what was sent is not taken back{rest}{offered}"


class QuitKey:
    """Decides whether the key that goes back quits; times are monotonic.

    Who presses it once for each view may press it once too often: for `wait` seconds after it
    closed a view, or a dialog was closed, it quits only when it is pressed twice.
    """

    def __init__(self, wait: float) -> None:
        self._wait = wait
        self._closed_at = -math.inf
        self._is_warned = False

    def closed(self, now: float) -> None:
        """Record that it closed a view, or that a dialog was closed."""
        self._closed_at, self._is_warned = now, False

    def quits(self, now: float) -> bool:
        """Whether it quits; where it does not, the next one does."""
        if self._is_warned or now - self._closed_at >= self._wait:
            return True
        self._is_warned = True
        return False


def _rollout_words(progress: RolloutProgress) -> str:
    title = f"rollout {progress.plan.number}, {progress.plan.title}"
    return f"{title}: {progress.state.value}, {step_counts(progress)}"


def _some(nodes: list[str]) -> str:
    more = f" and {len(nodes) - _NAMED} more" if len(nodes) > _NAMED else ""
    return f"{', '.join(nodes[:_NAMED])}{more}"


class LeaveDialog(ConfirmDialog[bool]):
    """Shows what is left undone; returns whether to leave. `look` returns what is open now."""

    guards_quit_key = True

    def __init__(self, look: Callable[[], OpenWork], palette: Palette) -> None:
        super().__init__(
            ConfirmRequest("Quit while this is open?", "quit", back="Stay", backs="stays"), palette
        )
        self._look = look
        self._open = look()

    def confirmed(self) -> bool:
        """Return that it is left."""
        return True

    @property
    def facts(self) -> Table:
        """What is open, and what becomes of it."""
        return facts_table(leave_facts(self._open), self._palette)

    @property
    def essentials(self) -> Table:
        """All of the facts."""
        return self.facts

    @property
    def ageless_essentials(self) -> object:
        """What is open, as it is worded."""
        return self._open.left_undone

    def renew_facts(self) -> bool:
        """Look again at what is open."""
        before, self._open = self._open.left_undone, self._look()
        return before != self._open.left_undone

    def refusal(self) -> ConfirmRefusal | None:
        """Return None: the deck may always be left."""
        return None

    def press_again(self) -> None:
        """Leave by the key that leads here, as by any other that confirms."""
        self.decide(self._confirm)


def left_lines(work: OpenWork) -> list[str]:
    """Return lines for who has left: what came of each rollout that is known, then the rest.

    Of a rollout that is paused nothing is in flight; its `orders` are those of rollouts too.
    """
    paused = [one for one in work.rollouts if _is_known(one)]
    offered = "; the next start offers the rest" if work.is_kept else ""
    lines = [
        f"rsdeck: rollout {one.plan.number} left paused: {step_counts(one)}; nothing in flight"
        f"{offered}"
        for one in paused
    ]
    unknown = [order_words(one) for one in work.orders]
    unknown += [
        f"rollout {one.plan.number}, {one.plan.title}" for one in work.rollouts if one not in paused
    ]
    if unknown:
        texts = "; ".join(unknown)
        lines.append(f"rsdeck: left while this was open, so its outcome is unknown: {texts}")
    return lines


def _is_known(progress: RolloutProgress) -> bool:
    """Whether what came of all that a rollout has sent is known."""
    is_unknown = any(step.state is StepState.UNKNOWN for step in progress.steps)
    return progress.state is RolloutState.PAUSED and not is_unknown


def leave_facts(work: OpenWork) -> list[Fact]:
    """Return what is open as rows, each with what becomes of it."""
    rows: list[Fact] = []
    for what, then in work.left_undone:
        rows += [("open", what, "bold"), ("then", then, "")]
    return rows or [("open", "nothing any more", "")]
