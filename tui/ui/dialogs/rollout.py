"""The dialog before a rollout: each node in its turn, what it is sent, the gates."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult

from tui.model.duration import clock_duration
from tui.model.order import Route, write_operation
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
    """What the dialog asks about: the plan and what is known beside it.

    `hidden` are the services that a filter hides; `beyond` are texts of nodes of the cluster that
    have no profile; `remarks` are other warnings, each a sentence.
    """

    plan: Plan
    hidden: frozenset[str] = frozenset()
    beyond: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RolloutPage:
    """A question laid out for the width there is; `whole` with the warnings."""

    question: RolloutQuestion
    palette: Palette
    whole: bool

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the table of facts."""
        rows = rollout_essentials(self.question, self.palette, options.max_width - _LABELS)
        if self.whole:
            rows += rollout_warnings(self.question, self.palette)
        yield from console.render(facts_table(rows, self.palette), options)


def rollout_essentials(question: RolloutQuestion, palette: Palette, room: int) -> list[Fact]:
    """Return what is done to which nodes in turn, in values of `room` cells where they fit."""
    plan = question.plan
    rows: list[Fact] = [("DANGER", plan.danger, palette["bad"])] if plan.needs_reason else []
    rows.append(("what", plan.title, "bold"))
    if len(plan.names) == 1 and purpose_of(plan.names[0]):
        rows.append(("", purpose_of(plan.names[0]), palette["muted"]))
    rows.append(("turns", _TURNS, palette["muted"]))
    turns = [_turn(step, plan, question.hidden) for step in plan.steps]
    for number, parts in enumerate(_packed(turns, room), 1):
        label = f"{number} of {len(turns)}" if len(turns) < 100 else f"{number}/{len(turns)}"
        for at, line in enumerate(parts):
            rows.append(("" if at else label, line, "" if at else "bold"))
    if (body := _one_body(plan)) is not None:
        rows.append(("sent", body, palette["accent"]))
    rows += [("left out", str(remark), palette["warn"]) for remark in plan.left_out]
    rows += [("left out", why, palette["warn"]) for why in question.beyond]
    rows += [("gate", _GATE, ""), ("", _VERDICT, ""), ("", _PAUSE, "")]
    return rows


def rollout_warnings(question: RolloutQuestion, palette: Palette) -> list[Fact]:
    """Return the warnings of this rollout."""
    plan = question.plan
    warnings = [] if plan.needs_reason or not plan.danger else [plan.danger]
    warnings += question.remarks
    if API_CARRIERS & set(plan.names):
        warnings.append("an answer may be lost; the node is watched until it shows what happened")
    return [
        *(("mind", warning, palette["warn"]) for warning in warnings),
        ("", VENDOR, palette["muted"]),
    ]


def _turn(step: Step, plan: Plan, hidden: frozenset[str]) -> list[str]:
    """Return a node's identity, its services now, and its request; each fits a line or folds."""
    environment = f", {step.environment.value}" if step.environment else ""
    parts = [step.node, f"{step.identity.title}{environment}"]
    for seen in step.services:
        up = f" for {clock_duration(seen.uptime)}" if seen.uptime is not None else ""
        unseen = " (hidden by the filter)" if seen.name in hidden else ""
        parts.append(f"{seen.name}{_GAP}{seen.kind.value}, {seen.status}{up}{unseen}")
    parts.append(f"POST {step.url}{Route.LOCAL}")
    if _one_body(plan) is None:
        parts.append(_body(plan, step))
    return parts


def _packed(turns: Sequence[Sequence[str]], room: int) -> list[list[str]]:
    """Return the parts of each turn in as few lines as they fit in, aligned over the turns."""
    if len({len(parts) for parts in turns}) != 1:
        return [[_GAP.join(parts[:2]), *parts[2:]] for parts in turns]
    columns = [max(map(cell_len, column)) for column in zip(*turns, strict=True)]
    lines: list[list[int]] = []
    for number, cells in enumerate(columns):
        taken = sum(columns[column] + len(_GAP) for column in lines[-1]) if lines else room
        if taken + cells <= room and lines:
            lines[-1].append(number)
        else:
            lines.append([number])
    return [
        [
            _GAP.join(_padded(parts[column], columns[column]) for column in line).rstrip()
            for line in lines
        ]
        for parts in turns
    ]


def _padded(text: str, cells: int) -> str:
    return text + " " * (cells - cell_len(text))


def _one_body(plan: Plan) -> str | None:
    """Return the body of the request, if it is the same for all nodes."""
    bodies = {_body(plan, step) for step in plan.steps}
    return bodies.pop() if len(bodies) == 1 else None


def _body(plan: Plan, step: Step) -> str:
    return write_operation(plan.verb, [seen.name for seen in step.services]).decode("ascii")


class RolloutDialog(ConfirmDialog[Plan]):
    """Asks before a rollout begins; returns the plan with its reason, or None.

    `check_again` returns why it cannot begin as it was planned, empty where it can.
    """

    def __init__(
        self, question: RolloutQuestion, palette: Palette, check_again: Callable[[], str]
    ) -> None:
        plan = question.plan
        title = f"{plan.title[:1].upper()}{plan.title[1:]}?"
        super().__init__(ConfirmRequest(title, "begin", plan.words, plan.needs_reason), palette)
        self._question = question
        self._check_again = check_again

    @property
    def plan(self) -> Plan:
        """The plan with the reason as it stands now."""
        return replace(self._question.plan, reason=self.field("#reason"))

    def confirmed(self) -> Plan:
        """Return the plan."""
        return self.plan

    @property
    def facts(self) -> RolloutPage:
        """The plan and its warnings."""
        return RolloutPage(self._question, self._palette, whole=True)

    @property
    def essentials(self) -> RolloutPage:
        """The plan alone."""
        return RolloutPage(self._question, self._palette, whole=False)

    def refusal(self) -> str:
        """Return what has changed since the key was pressed."""
        return self._check_again()
