"""The way from a key to a rollout: planned, refused with a reason, asked, begun; then shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol, runtime_checkable

from textual.app import App

from tui.fleet.fleet import Fleet
from tui.fleet.orders.executor import NotAccepted
from tui.model.rollout import Plan, PlanRefusal, RolloutProgress, RolloutState, Step
from tui.ui.format.status_lines import Palette

Notify = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class RolloutTargets:
    """What a rollout is wanted for; `hidden` are the names that a filter keeps off the screen.

    `why_not` says why what is marked cannot be rolled over nodes, empty where it can.
    """

    names: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    hidden: frozenset[str] = frozenset()
    why_not: str = ""


@runtime_checkable
class Rollable(Protocol):
    """A screen with something under its cursor that can be rolled over nodes."""

    def rollout_targets(self) -> RolloutTargets:
        """Give what is marked, else what is under the cursor."""

    def rollout_begun(self) -> None:
        """Take the marks away: what was ordered is not ordered again by the next key."""


@runtime_checkable
class RolloutView(Protocol):
    """A screen that shows one rollout."""

    @property
    def progress(self) -> RolloutProgress:
        """The rollout that it shows, as it is now."""

    def rollouts_moved(self) -> None:
        """Show it as it is now."""


def cluster_of(fleet: Fleet, node: str) -> tuple[str, ...]:
    """List the nodes of a node's cluster by their profiles, itself among them."""
    cluster = fleet.watch(node).profile.cluster if node in fleet else ""
    return tuple(
        one.name
        for one in fleet.nodes
        if one.name == node or (cluster and one.profile.cluster == cluster)
    )


class RolloutController:
    """Asks for a plan at the key, the operator at the door, and for the plan again meanwhile."""

    def __init__(
        self,
        app: App[None],
        fleet: Fleet,
        *,
        say: Notify,
        palette: Callable[[], Palette],
        open_rollout: Callable[[int], None],
    ) -> None:
        self._app = app
        self._fleet = fleet
        self._say = say
        self._palette = palette
        self._open = open_rollout

    def ask(self, wanted: RolloutTargets, begun: Callable[[], None] = lambda: None) -> None:
        """Open the door for a rollout, or say why there is none; `begun` is called once it is."""
        if wanted.why_not:
            self._say(f"{wanted.why_not} Nothing was sent.")
            return
        plan = self._fleet.rollouts.plan(wanted.names, wanted.nodes)
        if isinstance(plan, PlanRefusal):
            remedy = " ctrl+p: unlock required services" if plan.is_locked else ""
            self._say(f"{plan}. Nothing was sent.{remedy}")
            return
        from tui.ui.dialogs.rollout import (
            RolloutDialog,
            RolloutQuestion,
        )

        proposal = RolloutQuestion(
            plan, wanted.hidden, self._beyond(plan), self._certificates(plan)
        )
        screen = RolloutDialog(proposal, self._palette(), lambda: self._again(wanted, plan))
        self._app.push_screen(screen, lambda answer: self._answered(answer, begun))

    def _again(self, wanted: RolloutTargets, before: Plan) -> str:
        now = self._fleet.rollouts.plan(wanted.names, wanted.nodes)
        if isinstance(now, PlanRefusal):
            return str(now)
        changed = plan_difference(before, now)
        return f"changed since you looked: {changed}" if changed else ""

    def _answered(self, plan: Plan | None, begun: Callable[[], None]) -> None:
        if plan is None:
            self._say("Cancelled. Nothing was sent.")
            return
        try:
            self._fleet.rollouts.begin(plan)
        except NotAccepted as error:
            self._say(f"Nothing was sent: {error}")
        else:
            begun()
            self._open(plan.number)

    def show(self) -> None:
        """Open the screen of the rollout that most wants to be seen: paused, going on, the last."""
        progress = self._fleet.rollouts.progress
        wants = [RolloutState.RUNNING, RolloutState.PAUSED]
        best = max(
            progress.values(),
            key=lambda one: (wants.index(one.state) if one.state in wants else -1, one.plan.number),
            default=None,
        )
        if best is None:
            self._say("No rollout was begun in this session. R asks for one.")
        else:
            self._open(best.plan.number)

    def moved(self, progress: RolloutProgress) -> None:
        """Show it on its own screen; where that is not open, call at a pause."""
        views = [screen for screen in self._app.screen_stack if isinstance(screen, RolloutView)]
        for view in views:
            view.rollouts_moved()
        is_seen = any(view.progress.plan.number == progress.plan.number for view in views)
        if progress.state is RolloutState.PAUSED and not is_seen:
            self._say(f"Rollout {progress.plan.number} is paused. {progress.text}")

    def _beyond(self, plan: Plan) -> tuple[str, ...]:
        """Name the nodes of the cluster that no profile leads to."""
        return tuple(
            f"node:{one.uid} {one.hostname or one.address}".rstrip()
            + ": it has no profile (D adds one)"
            for one in self._fleet.guests
            if plan.cluster and one.cluster == plan.cluster
        )

    def _certificates(self, plan: Plan) -> tuple[str, ...]:
        """Say of which nodes the certificate is out of its days."""
        told = []
        for step in plan.steps:
            certificate = self._fleet.watch(step.node).certificate
            remark = certificate.remark(datetime.now(UTC)) if certificate else ""
            told += [f"{step.node}: {remark}"] if remark else []
        return tuple(told)


def plan_difference(before: Plan, now: Plan) -> str:
    """Say what is not as it was when the plan was made; empty if all is. Pure."""
    if before.left_out != now.left_out:
        return "; ".join(str(one) for one in now.left_out if one not in before.left_out) or (
            "a node takes part again that was left out"
        )
    turns = [one.node for one in now.steps]
    if turns != [one.node for one in before.steps]:
        return f"the turns are {', '.join(turns)} now"
    pairs = zip(before.steps, now.steps, strict=True)
    told = [f"{now.node}: {what}" for was, now in pairs if (what := _step_difference(was, now))]
    if not told and (before.words, before.needs_reason) != (now.words, now.needs_reason):
        told.append(f"it takes more now: {now.danger}")
    return "; ".join(told)


def _step_difference(was: Step, now: Step) -> str:
    if was.url != now.url:
        return f"the profile's address is {now.url} now"
    if was.identity.uid != now.identity.uid:
        return "another node answers"
    if was.identity.role is not now.identity.role:
        return f"the node is {now.identity.role.value} now"
    if [one.name for one in was.services] != [one.name for one in now.services]:
        return f"it runs {', '.join(one.name for one in now.services)} now"
    for old, new in zip(was.services, now.services, strict=True):
        if old.status != new.status:
            return f"{old.name}: {old.status} → {new.status}"
        if old.started_at != new.started_at:
            return f"{old.name} was restarted"
        if old.kind is not new.kind:
            return f"{old.name} is {new.kind.value} now, was {old.kind.value}"
    return ""
