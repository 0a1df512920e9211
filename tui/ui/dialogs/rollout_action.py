"""The door before a word to a rollout: resume, skip or abort, and what comes of it."""

from collections.abc import Callable

from rich.table import Table

from tui.api.operation import write_operation
from tui.fleet.rollout.runner import RolloutAction
from tui.model.order import Result, Route
from tui.model.rollout import RolloutProgress, RolloutState, StepState
from tui.ui.dialogs.confirm import ConfirmDialog, ConfirmRequest
from tui.ui.dialogs.order import Fact, facts_table
from tui.ui.format.rollout_text import step_counts
from tui.ui.format.status_lines import Palette

_NAMED = 3
_KEPT = "what was sent to it is not taken back"


class RolloutActionDialog(ConfirmDialog[RolloutAction]):
    """Asks before a word is said; gives the word, or None. `look` gives the rollout as it is."""

    def __init__(
        self, word: RolloutAction, look: Callable[[], RolloutProgress], palette: Palette
    ) -> None:
        self._word = word
        self._look = look
        self._then = look()
        plan = self._then.plan
        title = f"{word.value.capitalize()} rollout {plan.number}?"
        super().__init__(
            ConfirmRequest(title, word.value, back="Not yet", backs="goes back"), palette
        )

    def agreed(self) -> RolloutAction:
        """Give the word."""
        return self._word

    @property
    def facts(self) -> Table:
        """What it is about, and what comes of the word."""
        return facts_table(action_facts(self._word, self._then, self._palette), self._palette)

    @property
    def essentials(self) -> Table:
        """All of it."""
        return self.facts

    def bar(self) -> str:
        """Say so where the rollout does not stand any more as it did."""
        now, then = self._look(), self._then
        if not now.is_open:
            return f"it is {now.state.value} by now"
        if self._word is RolloutAction.ABORT and then.state is not RolloutState.PAUSED:
            return ""
        same = (now.state, now.text, now.steps) == (then.state, then.text, then.steps)
        return "" if same else "it does not stand any more as it is shown here"


def action_facts(word: RolloutAction, progress: RolloutProgress, palette: Palette) -> list[Fact]:
    """Say where a rollout stands, and what a word does."""
    rows: list[Fact] = [("rollout", progress.plan.title, "bold")]
    if progress.state is RolloutState.PAUSED:
        rows.append(("paused", progress.text, palette["bad"]))
        rows.append(("so far", step_counts(progress), ""))
    rows += [(word.value, action_effect(word, progress), "bold")]
    if word is not RolloutAction.ABORT:
        rows += _request(word, progress, palette)
    return rows


def action_effect(word: RolloutAction, progress: RolloutProgress) -> str:
    """Say what a word does, by the names of the nodes."""
    here, later = _here_and_later(progress)
    left = _some(later)
    if word is RolloutAction.RESUME:
        then = f"; then {left}" if left else ""
        return f"asks {here} again, and orders there what is not restarted yet{then}"
    if word is RolloutAction.SKIP:
        then = f"goes on with {left}" if left else "no node is left, so that is the end"
        return f"leaves {here} as it is ({_KEPT}), and {then}"
    if progress.state is not RolloutState.PAUSED:
        return "an order that is out is watched to its end, and no node after it is touched"
    untouched = f"; not touched: {left}" if left else ""
    return f"goes to no further node, and leaves {here} as it is ({_KEPT}){untouched}"


def _some(nodes: list[str]) -> str:
    """Name the first few of the nodes, and count the others."""
    named = ", ".join(nodes[:_NAMED])
    return f"{named} and {len(nodes) - _NAMED} more" if len(nodes) > _NAMED else named


def _here_and_later(progress: RolloutProgress) -> tuple[str, list[str]]:
    here = progress.here
    later = [
        one.step.node
        for one in progress.steps
        if one is not here and one.state is StepState.WAITING
    ]
    return (here.step.node if here is not None else ""), later


def _request(word: RolloutAction, progress: RolloutProgress, palette: Palette) -> list[Fact]:
    """Give the request that is sent next, if the gate opens."""
    here, later = _here_and_later(progress)
    node = here if word is RolloutAction.RESUME else next(iter(later), "")
    for one in progress.steps:
        if one.step.node == node:
            done = {v.service for v in one.verdicts if v.result is Result.VERIFIED}
            names = [seen.name for seen in one.step.services if seen.name not in done]
            if not names:
                said = f"nothing is sent to {node}: it is restarted, and only asked again"
                return [("next", said, palette["accent"])]
            body = write_operation(progress.plan.verb, names).decode("ascii")
            line = f"POST {one.step.url}{Route.LOCAL}"
            return [("next", line, palette["accent"]), ("", body, palette["accent"])]
    return []
