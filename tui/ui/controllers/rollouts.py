"""Rollouts from a key: planned, refused with a reason or confirmed, begun, then shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from tui.fleet.fleet import Fleet
from tui.fleet.order_impact import order_impact
from tui.fleet.orders.executor import NotAccepted
from tui.journal.unfinished import UnfinishedRollout
from tui.model.clock import clock_text, monotonic
from tui.model.dataclass import dataclass
from tui.model.order import OrderProgress, Result, Verb
from tui.model.rollout import Plan, PlanRefusal, RolloutProgress, RolloutState, Step
from tui.ui.controllers.orders import journal_warning, unlock_text
from tui.ui.format.rollout_text import ungated_nodes
from tui.ui.format.status_lines import Palette
from tui.ui.keymap import key_text
from tui.ui.terminal.app import is_covered

if TYPE_CHECKING:
    from tui.ui.dialogs.confirm import ConfirmRefusal
    from tui.ui.dialogs.rollout import RolloutQuestion
    from tui.ui.terminal.toasts import ToastApp

Notify = Callable[[str], None]

_NAMED = 3
_CLEARED = "cleared"
"""The subject of the message that rollouts were cleared."""


@dataclass(frozen=True, slots=True)
class RolloutTargets:
    """What a rollout is wanted for; `hidden` are the names that a filter hides.

    `why_not` is why what is marked cannot be rolled over nodes, empty where it can. It `is_typed`
    as the rest of a rollout that was begun by typing a name.
    """

    names: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    hidden: frozenset[str] = frozenset()
    why_not: str = ""
    is_typed: bool = False


@runtime_checkable
class Rollable(Protocol):
    """A screen with services that can be rolled over nodes."""

    def rollout_targets(self) -> RolloutTargets:
        """Return what is marked, else what is under the cursor."""

    def rollout_begun(self) -> None:
        """Remove the marks: what was ordered is not ordered again by the next key."""


@runtime_checkable
class RolloutView(Protocol):
    """A screen that shows one rollout."""

    @property
    def progress(self) -> RolloutProgress:
        """The rollout that it shows, as it is now."""

    def rollouts_moved(self) -> None:
        """Show it as it is now."""


class RolloutController:
    """Plans a rollout at the key, asks the operator, and checks the plan again."""

    def __init__(
        self,
        app: ToastApp,
        fleet: Fleet,
        *,
        warn: Notify,
        palette: Callable[[], Palette],
        open_rollout: Callable[[int], None],
        keys: Callable[[], Mapping[str, str]],
    ) -> None:
        self._app = app
        self._fleet = fleet
        self._warn = warn
        self._palette = palette
        self._open = open_rollout
        self._keys = keys
        self._unfinished: list[UnfinishedRollout] = []

    def ask(
        self,
        wanted: RolloutTargets,
        begun: Callable[[], None] = lambda: None,
        *,
        if_refused: str = "",
    ) -> None:
        """Ask the operator for a rollout, or report why not; call `begun` once it has begun.

        `if_refused` is what can be done where there is no plan, in a sentence.
        """
        if wanted.why_not:
            self._warn(f"{wanted.why_not} Nothing was sent.")
            return
        plan = self._planned(wanted)
        if isinstance(plan, PlanRefusal):
            remedy = f" {unlock_text(self._keys())}" if plan.is_locked else ""
            self._warn(f"{plan}. Nothing was sent.{remedy} {if_refused}".rstrip())
            return
        if why := self._fleet.rollouts.refusal(plan.steps[0].node):
            self._warn(f"Nothing was sent: {why}.")  # its line names the key that shows it
            return
        if trouble := self._fleet.journal.trouble:
            # Written as a record too: where that succeeds, the trouble is over at the next press.
            self._fleet.journal.refused(plan.verb, plan.steps[0].node, plan.names, trouble)
            self._warn(journal_warning(trouble))
            return
        from tui.ui.dialogs.rollout import RolloutDialog, RolloutQuestion

        question = RolloutQuestion(
            plan,
            wanted.hidden,
            self._unmanaged(plan),
            accepted=self._fleet.rollout_rules.accept,
            answered_at=self._answered_at(plan),
            steady=self._fleet.rollouts.steady,
        )
        screen = RolloutDialog(
            self._looked(question),
            self._palette(),
            lambda: self._check_again(wanted, plan),
            self._looked,
        )
        self._app.push_screen(screen, lambda answer: self._confirmed(answer, begun))
        screen.run_worker(self._fleet.follow_rollouts([step.node for step in plan.steps]))

    def _planned(self, wanted: RolloutTargets) -> Plan | PlanRefusal:
        rollouts = self._fleet.rollouts
        return rollouts.plan(wanted.names, wanted.nodes, is_typed=wanted.is_typed)

    def _looked(self, question: RolloutQuestion) -> RolloutQuestion:
        """Return a question with what its plan touches, and how its gates are, by now."""
        plan, now = question.plan, monotonic()
        impact = {
            step.node: order_impact(self._fleet, plan.verb, step.names, step.node, now)
            for step in plan.steps
            if step.node in self._fleet
        }
        return replace(
            question,
            remarks=self._certificates(plan),
            unknown=unknown_restarts(plan, self._fleet.orders.progress.values()),
            impact=impact,
            gates=self._fleet.rollouts.look_at_gates(plan),
        )

    def _check_again(self, wanted: RolloutTargets, before: Plan) -> ConfirmRefusal | None:
        from tui.ui.dialogs.confirm import ConfirmRefusal

        now = self._planned(wanted)
        if isinstance(now, PlanRefusal):
            return ConfirmRefusal(f"{now}: nothing can be sent now")
        changed = plan_difference(before, now)
        if not changed:
            return None
        again = f"{self._key('rollout')} again"
        return ConfirmRefusal(f"changed since you looked: {changed}", again)

    def _confirmed(self, plan: Plan | None, begun: Callable[[], None]) -> None:
        if plan is None:
            self._app.notify_until_dialog("Cancelled. Nothing was sent.")
            return
        try:
            self._fleet.rollouts.begin(plan)
        except NotAccepted as error:
            self._app.notify_until_dialog(f"Nothing was sent: {error}")
        else:
            begun()
            self._open(plan.number)

    def show(self) -> None:
        """Open the screen of a rollout: a paused one, else a running one, else the last.

        Where none is open, show the plan of what remains of one of an earlier session, if any.
        """
        progress = self._fleet.rollouts.progress
        wants = [RolloutState.RUNNING, RolloutState.PAUSED]
        best = max(
            progress.values(),
            key=lambda rollout: (
                wants.index(rollout.state) if rollout.state in wants else -1,
                rollout.plan.number,
            ),
            default=None,
        )
        if self._unfinished and (best is None or not best.is_open):
            rest = self._unfinished[0]
            wanted = RolloutTargets(rest.names, rest.remaining, is_typed=rest.is_typed)
            again, clears = self._key("rollouts"), self._key("dismiss")
            self.ask(wanted, if_refused=f"{again} plans it again, {clears} clears CUT OFF.")
        elif best is None:
            self._warn(f"No rollout was begun in this session. {self._key('rollout')} plans one.")
        else:
            self._open(best.plan.number)

    def take_unfinished(self, rollouts: Sequence[UnfinishedRollout]) -> None:
        """Report how far rollouts of earlier sessions had come; `show` plans what remains.

        Of each, one message is shown: how far it had come by what is known now.
        """
        known = {one.id: one for one in self._unfinished}
        self._unfinished = [*rollouts]
        for gone in known.keys() - {one.id for one in rollouts}:
            self._app.notify_latest(gone, "")
        for rollout in rollouts:
            before = known.get(rollout.id)
            if before is None or before.remaining != rollout.remaining:
                self._app.notify_latest(rollout.id, unfinished_text(rollout))

    async def clear_unfinished(self) -> None:
        """Offer what remains of earlier sessions' rollouts no more, and report that."""
        if cleared := self._fleet.rollouts.cut_off:
            trouble = await self._fleet.clear_cut_off()
            self._app.notify_latest(_CLEARED, cleared_text(cleared, trouble))

    def moved(self, progress: RolloutProgress) -> None:
        """Show it on its own screen; where that is not open, warn of a pause."""
        stack = self._app.screen_stack
        is_seen = False
        for screen in stack:
            if isinstance(screen, RolloutView):
                screen.rollouts_moved()
                is_this = screen.progress.plan.number == progress.plan.number
                is_seen |= is_this and not is_covered(screen, stack)
        is_new = progress.gate is None  # a check of its gate is no pause of its own
        if progress.state is RolloutState.PAUSED and is_new and not is_seen:
            self._warn(f"Rollout {progress.plan.number} is paused. {progress.text}")

    def _key(self, name: str) -> str:
        """Return the key that a binding has now, as it is labelled."""
        return key_text(self._keys()[name])

    def _unmanaged(self, plan: Plan) -> dict[str, str]:
        """Return why the nodes of the cluster without a profile take no part, by their names."""
        why = f"it has no profile ({self._key('discover')} adds one)"
        return {
            f"node:{node.uid} {node.hostname or node.address}".rstrip(): why
            for node in self._fleet.unmanaged_nodes
            if plan.cluster and node.cluster == plan.cluster
        }

    def _answered_at(self, plan: Plan) -> dict[str, float]:
        """Return when the answers came that showed the services of a plan, by node."""
        answers = {
            step.node: self._fleet.watch(step.node).reading.answered_at for step in plan.steps
        }
        return {node: at for node, at in answers.items() if at is not None}

    def _certificates(self, plan: Plan) -> tuple[str, ...]:
        """Return remarks on the certificates of the nodes that are not valid, or not for long."""
        remarks = []
        for step in plan.steps:
            if step.node not in self._fleet:
                continue
            certificate = self._fleet.watch(step.node).certificate
            remark = certificate.remark(datetime.now(UTC)) if certificate else ""
            remarks += [f"{step.node}: {remark}"] if remark else []
        return tuple(remarks)


def unfinished_text(rollout: UnfinishedRollout) -> str:
    """Return how far a rollout of an earlier session had come. Pure."""
    where = f" of {rollout.cluster}" if rollout.cluster else ""
    count = len(rollout.nodes)
    on = f"{count} node{'s' if count > 1 else ''}{where}"
    what = f"{rollout.verb} {', '.join(rollout.names)} on {on}"
    rest, over = rollout.remaining, [name for name, _ in rollout.nodes if name in rollout.done]
    skipped = [name for name in over if name in rollout.skipped]
    verified = [name for name in over if name not in rollout.skipped]
    done = [f"{_some(verified)} verified" if verified else "none verified"]
    done += [f"{_some(skipped)} skipped"] if skipped else []
    stop, ungated = "", ungated_nodes(rollout)
    if rollout.stop_text:
        at = "after" if rollout.stopped_at in rollout.ungated else "at"
        stop = f" It stopped {at} {rollout.stopped_at}: {rollout.stop_text}."
    gate = f" The gate after {ungated} was not passed: look there first." if ungated else ""
    remain = f"{_some(rest)} remain{'s' if len(rest) == 1 else ''}"
    return f"A rollout was cut off: {what}: {', '.join(done)}; {remain}.{stop}{gate}"


def cleared_text(rollouts: Sequence[UnfinishedRollout], trouble: str) -> str:
    """Return that the rest of rollouts was cleared; `trouble` is why it was not recorded. Pure."""
    rest = "; ".join(
        f"{one.verb} {', '.join(one.names)}{f' of {one.cluster}' * bool(one.cluster)} on"
        f" {_some(one.remaining)}"
        for one in rollouts
    )
    if trouble:
        return f"Cleared in this session only, the record failed: {trouble}: {rest}."
    return f"Cleared, not offered again: {rest}."


def _some(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= _NAMED else f"{len(names)} nodes"


def unknown_restarts(plan: Plan, orders: Iterable[OrderProgress]) -> tuple[str, ...]:
    """Return which services of a plan were sent a restart of which nothing is known yet. Pure."""
    last = {
        (progress.order.target.node, verdict.service): (progress.order, verdict)
        for progress in sorted(orders, key=lambda progress: progress.order.pressed_on)
        for verdict in progress.verdicts
    }
    return tuple(
        f"{node}: a restart of {name} was sent at {clock_text(found[0].pressed_on)}, and what came"
        " of it is not known: look first"
        for node, name in ((step.node, name) for step in plan.steps for name in step.names)
        if (found := last.get((node, name))) is not None
        and found[0].verb is Verb.RESTART
        and found[1].result is Result.UNKNOWN
    )


def plan_difference(before: Plan, now: Plan) -> str:
    """Return what has changed since the plan was made; empty if nothing has. Pure."""
    if before.left_out != now.left_out:
        return "; ".join(str(entry) for entry in now.left_out if entry not in before.left_out) or (
            "a node takes part again that was skipped"
        )
    turns = [entry.node for entry in now.steps]
    if turns != [entry.node for entry in before.steps]:
        return f"the turns are {', '.join(turns)} now"
    pairs = zip(before.steps, now.steps, strict=True)
    changes = [f"{now.node}: {what}" for was, now in pairs if (what := _step_difference(was, now))]
    is_other = (before.words, before.needs_reason) != (now.words, now.needs_reason)
    if now.words and is_other and not changes:
        changes.append(f"more must be typed now: {now.danger}")
    return "; ".join(changes)


def _step_difference(was: Step, now: Step) -> str:
    if was.url != now.url:
        return f"the profile's address is {now.url} now"
    if was.identity.uid != now.identity.uid:
        return "another node answers"
    if was.identity.role is not now.identity.role:
        return f"the node is {now.identity.role.value} now"
    if [service.name for service in was.services] != [service.name for service in now.services]:
        return f"it runs {', '.join(service.name for service in now.services)} now"
    for old, new in zip(was.services, now.services, strict=True):
        if old.status != new.status:
            return f"{old.name}: {old.status} → {new.status}"
        if old.started_at != new.started_at:
            return f"{old.name} was restarted"
        if old.kind is not new.kind:
            return f"{old.name} is {new.kind.value} now, was {old.kind.value}"
    return ""
