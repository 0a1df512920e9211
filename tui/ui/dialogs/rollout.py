"""The dialog before a rollout: each node in its turn, what it is sent, the gates."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult

from tui.api.operation import write_operation
from tui.model.duration import clock_duration
from tui.model.order import Route
from tui.model.rollout import Plan, Step
from tui.model.service import API_CARRIERS, purpose_of
from tui.ui.dialogs.confirm import ConfirmDialog, ConfirmRequest, Fact, facts_table
from tui.ui.dialogs.order import VENDOR
from tui.ui.format.status_lines import Palette

_LABELS = 9
"""Cells that the labels take, with the gap after them."""

_GAP = "  "
_TURNS = "one node after the other, the replicas first and the primary last, as listed"
_GATE = (
    "before each node and after it: fresh answers of all nodes of the cluster, none of them in "
    "trouble; the node is the one planned; no restart but this rollout's; "
    "GET /v1/nodes/check/{uid} and GET /v1/cluster/check well; the same primary"
)
_VERDICT = "each must be seen RUNNING since a later moment, and hold it, before the next node"
_PAUSE = "whatever goes wrong pauses it, and nothing goes on before you say resume, skip or abort"


@dataclass(frozen=True, slots=True)
class RolloutQuestion:
    """What the door asks about: the plan and what is known beside it.

    `hidden` are the services that a filter keeps off the screen; `beyond` tells of nodes of the
    cluster that no profile leads to; `remarks` are what else speaks for care, each a sentence.
    """

    plan: Plan
    hidden: frozenset[str] = frozenset()
    beyond: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RolloutPage:
    """A proposal laid out for whatever width there is; `whole` with all that speaks for care."""

    proposal: RolloutQuestion
    palette: Palette
    whole: bool

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Lay it out."""
        rows = rollout_essentials(self.proposal, self.palette, options.max_width - _LABELS)
        if self.whole:
            rows += rollout_warnings(self.proposal, self.palette)
        yield from console.render(facts_table(rows, self.palette), options)


def rollout_essentials(proposal: RolloutQuestion, palette: Palette, room: int) -> list[Fact]:
    """Say what is done to which nodes in which turn, in values of `room` cells where they fit."""
    plan = proposal.plan
    rows: list[Fact] = [("DANGER", plan.danger, palette["bad"])] if plan.needs_reason else []
    rows.append(("what", plan.title, "bold"))
    if len(plan.names) == 1 and purpose_of(plan.names[0]):
        rows.append(("", purpose_of(plan.names[0]), palette["muted"]))
    rows.append(("turns", _TURNS, palette["muted"]))
    turns = [_turn(step, plan, proposal.hidden) for step in plan.steps]
    for number, told in enumerate(_packed(turns, room), 1):
        label = f"{number} of {len(turns)}" if len(turns) < 100 else f"{number}/{len(turns)}"
        for at, line in enumerate(told):
            rows.append(("" if at else label, line, "" if at else "bold"))
    if (body := _one_body(plan)) is not None:
        rows.append(("sent", body, palette["accent"]))
    rows += [("left out", str(remark), palette["warn"]) for remark in plan.left_out]
    rows += [("left out", why, palette["warn"]) for why in proposal.beyond]
    rows += [("gate", _GATE, ""), ("", _VERDICT, ""), ("", _PAUSE, "")]
    return rows


def rollout_warnings(proposal: RolloutQuestion, palette: Palette) -> list[Fact]:
    """List what speaks for care with this rollout."""
    plan = proposal.plan
    told = [] if plan.needs_reason or not plan.danger else [plan.danger]
    told += proposal.remarks
    if API_CARRIERS & set(plan.names):
        told.append("an answer may be lost; the node is watched until it shows what happened")
    return [*(("mind", one, palette["warn"]) for one in told), ("", VENDOR, palette["muted"])]


def _turn(step: Step, plan: Plan, hidden: frozenset[str]) -> list[str]:
    """Say who a node is, what runs there now, and the request; each fits into a line or folds."""
    environment = f", {step.environment.value}" if step.environment else ""
    told = [step.node, f"{step.identity.title}{environment}"]
    for seen in step.services:
        up = f" for {clock_duration(seen.uptime)}" if seen.uptime is not None else ""
        unseen = " (hidden by the filter)" if seen.name in hidden else ""
        told.append(f"{seen.name}{_GAP}{seen.kind.value}, {seen.status}{up}{unseen}")
    told.append(f"POST {step.url}{Route.LOCAL}")
    if _one_body(plan) is None:
        told.append(_body(plan, step))
    return told


def _packed(turns: Sequence[Sequence[str]], room: int) -> list[list[str]]:
    """Put the parts of all turns into as few lines as they fit in, one below the other."""
    if len({len(told) for told in turns}) != 1:
        return [[_GAP.join(told[:2]), *told[2:]] for told in turns]
    columns = [max(map(cell_len, column)) for column in zip(*turns, strict=True)]
    lines: list[list[int]] = []
    for number, cells in enumerate(columns):
        taken = sum(columns[one] + len(_GAP) for one in lines[-1]) if lines else room
        if taken + cells <= room and lines:
            lines[-1].append(number)
        else:
            lines.append([number])
    return [
        [_GAP.join(_padded(told[one], columns[one]) for one in line).rstrip() for line in lines]
        for told in turns
    ]


def _padded(text: str, cells: int) -> str:
    return text + " " * (cells - cell_len(text))


def _one_body(plan: Plan) -> str | None:
    """Give the body of the request, if it is the same for all nodes."""
    bodies = {_body(plan, step) for step in plan.steps}
    return bodies.pop() if len(bodies) == 1 else None


def _body(plan: Plan, step: Step) -> str:
    return write_operation(plan.verb, [seen.name for seen in step.services]).decode("ascii")


class RolloutDialog(ConfirmDialog[Plan]):
    """Asks before a rollout begins; gives the plan with its reason, or None.

    `ask_again` says what keeps it from being begun as it was planned, empty where nothing does.
    """

    def __init__(
        self, proposal: RolloutQuestion, palette: Palette, ask_again: Callable[[], str]
    ) -> None:
        plan = proposal.plan
        title = f"{plan.title[:1].upper()}{plan.title[1:]}?"
        super().__init__(ConfirmRequest(title, "begin", plan.words, plan.needs_reason), palette)
        self._proposal = proposal
        self._ask_again = ask_again

    @property
    def plan(self) -> Plan:
        """The plan with the reason as it stands now."""
        return replace(self._proposal.plan, reason=self.field("#reason"))

    def confirmed(self) -> Plan:
        """Give the plan."""
        return self.plan

    @property
    def facts(self) -> RolloutPage:
        """The plan and what speaks for care."""
        return RolloutPage(self._proposal, self._palette, whole=True)

    @property
    def essentials(self) -> RolloutPage:
        """The plan alone."""
        return RolloutPage(self._proposal, self._palette, whole=False)

    def refusal(self) -> str:
        """Say what has changed since the key."""
        return self._ask_again()
