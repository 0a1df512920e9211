"""The confirmation of an action on a rollout: resume, skip or abort."""

from collections.abc import Callable
from dataclasses import replace

from rich.table import Table

from tui.model.clock import monotonic
from tui.model.order import Result, Route, write_operation
from tui.model.rollout import (
    GateNow,
    RolloutAction,
    RolloutProgress,
    RolloutState,
    StepProgress,
    StepState,
)
from tui.ui.dialogs.confirm import (
    ConfirmDialog,
    ConfirmRefusal,
    ConfirmRequest,
    Fact,
    facts_table,
)
from tui.ui.format.rollout_text import gate_text, step_counts, was_sent
from tui.ui.format.status_lines import Palette

_NAMED = 3
_KEPT = "what was sent to it is not taken back"
_GATED = "the gate before each still has to open"
_ACCEPTS = "accepts the restart from elsewhere; "


class RolloutActionDialog(ConfirmDialog[RolloutAction]):
    """Asks before an action; returns it, or None. `look` returns the rollout as it is now."""

    def __init__(
        self, action: RolloutAction, look: Callable[[], RolloutProgress], palette: Palette
    ) -> None:
        self._action = action
        self._look = look
        self._before = look()
        self._gate = self._before.gate
        plan = self._before.plan
        title = f"{action.value.capitalize()} rollout {plan.number}?"
        super().__init__(
            ConfirmRequest(title, action.value, back="Not yet", backs="goes back"), palette
        )

    def confirmed(self) -> RolloutAction:
        """Return the action."""
        return self._action

    @property
    def seen(self) -> GateNow | None:
        """The gate as it is shown here; None where it was not checked since it paused."""
        return self._gate

    @property
    def facts(self) -> Table:
        """The rollout, how its gate is now, and what the action does."""
        progress = replace(self._before, gate=self._gate)
        rows = action_facts(self._action, progress, self._palette, monotonic())
        return facts_table(rows, self._palette)

    @property
    def essentials(self) -> Table:
        """All of the facts."""
        return self.facts

    @property
    def ageless_essentials(self) -> object:
        """How the gate is by now, but for the age of that."""
        gate = self._gate
        return None if gate is None else (gate.node, gate.text, gate.is_known)

    def renew_facts(self) -> bool:
        """Show how the gate is by now, with its age."""
        self._gate = self._look().gate
        return True

    def refusal(self) -> ConfirmRefusal | None:
        """Return how the rollout has changed since it was shown; None if it has not."""
        now, before = self._look(), self._before
        if not now.is_open:
            return ConfirmRefusal(f"it is {now.state.value} by now")
        if self._action is RolloutAction.ABORT and before.state is not RolloutState.PAUSED:
            return None
        same = (now.state, now.text, now.steps) == (before.state, before.text, before.steps)
        if same:
            return None
        return ConfirmRefusal("it changed since this opened", f"{self._action.value} again")


def action_facts(
    action: RolloutAction, progress: RolloutProgress, palette: Palette, now: float
) -> list[Fact]:
    """Return the state of a rollout at `now` (monotonic), and what an action does."""
    rows: list[Fact] = [("rollout", progress.plan.title, "bold")]
    if progress.state is RolloutState.PAUSED:
        rows.append(("paused", progress.text, palette["bad"]))
        rows.append(_gate_now(progress, palette, now))
        rows.append(("so far", step_counts(progress), ""))
    rows += [(action.value, action_effect(action, progress), "bold")]
    if action is not RolloutAction.ABORT:
        rows += _request(action, progress, palette)
    return rows


def _gate_now(progress: RolloutProgress, palette: Palette, now: float) -> Fact:
    """Return how the gate is now, which may be closed by something else than what paused it."""
    gate, stop = progress.gate, progress.stop
    if gate is None:
        return "now", "gate not checked since it paused", palette["muted"]
    text = gate_text(gate, stop.text if stop is not None else "", now)
    return "now", text, "" if gate.is_open else palette["warn"]


def action_effect(action: RolloutAction, progress: RolloutProgress) -> str:
    """Return what an action does, with the names of the nodes."""
    here, later = _here_and_later(progress)
    rest, accepts = _some(later), _ACCEPTS if progress.accepts_restart else ""
    if action is RolloutAction.RESUME:
        then = f"; then {rest}" if rest else ""
        return f"{accepts}{_resume_effect(progress.here, here)}{then}"
    if action is RolloutAction.SKIP:
        if not rest:
            return f"{_skip_effect(progress.here, here)}, and no node remains, so it ends"
        return f"{accepts}{_skip_effect(progress.here, here)}, and goes on with {rest}; {_GATED}"
    if progress.state is not RolloutState.PAUSED:
        return "an action that was sent is polled to its verdict; no node after it is touched"
    if progress.here is not None and not was_sent(progress.here):
        return f"ends it here; not touched: {_some([here, *later])}"
    untouched = f"; not touched: {rest}" if rest else ""
    return f"goes to no further node, and leaves {here} as it is ({_KEPT}){untouched}"


def _resume_effect(entry: StepProgress | None, node: str) -> str:
    """Return what resuming does at the node where it paused."""
    if entry is not None and entry.is_restarted:
        return f"checks the gate after {node} again, and sends nothing to {node}"
    if entry is not None and _unknown(entry):
        look = f"looks first whether {node} was restarted since a restart was sent there"
        return f"{look}: if so, nothing is sent to it, else it is restarted"
    if entry is not None and not was_sent(entry):
        return f"checks the gate before {node} again, and restarts it if that opens"
    return f"polls {node} again, and restarts there what is not restarted yet"


def _skip_effect(entry: StepProgress | None, node: str) -> str:
    """Return what skipping means for the node where it paused."""
    if entry is not None and entry.is_restarted:
        return f"leaves {node} as it is, verified, without the gate after it"
    if entry is not None and not was_sent(entry):
        return f"does not touch {node}"
    return f"leaves {node} as it is ({_KEPT})"


def _some(nodes: list[str]) -> str:
    """Return the names of the first few nodes, and the number of the others."""
    named = ", ".join(nodes[:_NAMED])
    return f"{named} and {len(nodes) - _NAMED} more" if len(nodes) > _NAMED else named


def _here_and_later(progress: RolloutProgress) -> tuple[str, list[str]]:
    here = progress.here
    later = [
        step.step.node
        for step in progress.steps
        if step is not here and step.state is StepState.WAITING
    ]
    return (here.step.node if here is not None else ""), later


def _unknown(entry: StepProgress) -> list[str]:
    """Return the services of a node that were sent a restart of which nothing is known."""
    return [verdict.service for verdict in entry.verdicts if verdict.result is Result.UNKNOWN]


def _request(action: RolloutAction, progress: RolloutProgress, palette: Palette) -> list[Fact]:
    """Return the request that is sent next, if the gate opens."""
    here, later = _here_and_later(progress)
    node = here if action is RolloutAction.RESUME else next(iter(later), "")
    for entry in progress.steps:
        if entry.step.node == node:
            done = {v.service for v in entry.verdicts if v.result is Result.VERIFIED}
            names = [seen.name for seen in entry.step.services if seen.name not in done]
            if not names:
                nothing = f"nothing is sent to {node}: it is restarted, and only polled again"
                return [("next", nothing, palette["accent"])]
            body = write_operation(progress.plan.verb, names).decode("ascii")
            line = f"POST {entry.step.url}{Route.LOCAL}"
            if unknown := _unknown(entry):
                sent = f"a restart of {', '.join(unknown)} was sent to {node} already"
                rows = [("sent", f"{sent}, and what came of it is not known", palette["warn"])]
                only = f"{line}, only if it was not restarted since"
                return [*rows, ("next", only, palette["accent"]), ("", body, palette["accent"])]
            return [("next", line, palette["accent"]), ("", body, palette["accent"])]
    return []
