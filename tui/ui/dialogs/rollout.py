"""The dialog before a rollout: what it touches, each node in its turn, what is sent, the gates."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult

from tui.fleet.orders.impact import Finding
from tui.fleet.orders.impact_text import plan_impact_lines
from tui.fleet.orders.verdict import Patience
from tui.fleet.rollout.manager import GateLook
from tui.model.clock import monotonic
from tui.model.dataclass import dataclass
from tui.model.order import Route, write_operation
from tui.model.rollout import GateHazard, Plan, Step
from tui.model.service import API_CARRIERS, purpose_of
from tui.ui.dialogs.confirm import (
    ConfirmDialog,
    ConfirmRefusal,
    ConfirmRequest,
    Fact,
    facts_page,
)
from tui.ui.dialogs.order import (
    ENVIRONMENTS,
    VENDOR,
    VENDOR_REQUIRED,
    seen_text,
    without_ages,
)
from tui.ui.format.status_lines import Palette

_LABELS = 9
"""Cells that the labels take, with the gap after them."""

_GAP = "  "
_TURNS = "one node after the other, the replicas first and the primary last, as listed"
_GATE = (
    "before each node and after it: fresh answers of all nodes of the cluster, none of them in "
    "trouble; the node is the one planned; no restart but this rollout's; "
    "GET /v1/nodes/check/{uid} and GET /v1/cluster/check well; the same primary; "
    "no action that may move shards"
)
_PAUSE = "any failure pauses it, and nothing goes on before you choose resume, skip or abort"


@dataclass(frozen=True, slots=True)
class RolloutQuestion:
    """What the dialog asks about: the plan and what is known beside it.

    `hidden` are the services that a filter hides; `beyond` holds nodes of the cluster that
    have no profile; `remarks` are other warnings, each a sentence. `unknown` names the restarts
    that were sent already, and of which it is not known what came of them. `impact` is what each
    node's restart touches, by node; `gates` is whether the gates are open by what was polled last,
    `accepted` what does not close them. `answered_at` is when the answer of a node came that showed
    its services (monotonic), by node; of others they count from when the key was pressed.
    `seen_ago` is how old what is shown of a node's services is, in seconds, by node, where it is
    not known to be so any more. `steady` is for how many seconds what restarted must be stable.
    """

    plan: Plan
    hidden: frozenset[str] = frozenset()
    beyond: Mapping[str, str] = field(default_factory=dict)
    """By the name of each such node, why it takes no part."""
    remarks: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    impact: Mapping[str, tuple[Finding, ...]] = field(default_factory=dict)
    gates: GateLook = field(default_factory=GateLook)
    accepted: frozenset[GateHazard] = frozenset()
    answered_at: Mapping[str, float] = field(default_factory=dict)
    seen_ago: Mapping[str, float] = field(default_factory=dict)
    steady: float = Patience().steady


@dataclass(frozen=True, slots=True)
class RolloutPage:
    """A question laid out for the width there is; `whole` with the vendor's warning."""

    question: RolloutQuestion
    palette: Palette
    whole: bool

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the table of facts."""
        rows = rollout_essentials(self.question, self.palette, options.max_width - _LABELS)
        if self.whole:
            vendor = VENDOR_REQUIRED if self.question.plan.needs_reason else VENDOR
            rows.append(("vendor", vendor, self.palette["muted"]))
        sentence = rollout_sentence(self.question.plan, _skipped_count(self.question))
        page = facts_page(sentence, rows, self.palette)
        yield from console.render(page, options)


def rollout_sentence(plan: Plan, skipped: int = 0) -> str:
    """Return what will happen: `Restart alert_mgr on 3 nodes of payments (PRODUCTION)`.

    `skipped` is how many nodes take no part, which is said where there are any.
    """
    kinds = dict.fromkeys(step.environment for step in plan.steps if step.environment)
    names = ", ".join(ENVIRONMENTS[kind] for kind in kinds)
    title = f"{plan.title[:1].upper()}{plan.title[1:]}" + (f" ({names})" if names else "")
    return f"{title}, {skipped} skipped" if skipped else title


def _skipped_count(question: RolloutQuestion) -> int:
    """Return how many nodes take no part."""
    taking = {step.node for step in question.plan.steps}
    skipped = {remark.node for remark in question.plan.left_out if remark.node}
    return len(skipped - taking) + len(question.beyond)


def _skipped(question: RolloutQuestion) -> list[str]:
    """Return what takes no part, with the nodes of each reason together."""
    nodes: dict[str, list[str]] = {}
    pairs = [(remark.node, remark.text) for remark in question.plan.left_out]
    for node, text in (*pairs, *question.beyond.items()):
        nodes.setdefault(text, []).append(node)
    return [
        f"{named}: {text}" if (named := ", ".join(filter(None, names))) else text
        for text, names in nodes.items()
    ]


def rollout_essentials(question: RolloutQuestion, palette: Palette, room: int) -> list[Fact]:
    """Return the warnings, and what is done to which nodes in turn.

    Values take `room` cells where they fit.
    """
    plan = question.plan
    rows: list[Fact] = [("DANGER", plan.danger, palette["bad"])] if plan.needs_reason else []
    rows += [("warning", text, palette["warn"]) for text in _warnings(question)]
    rows += [("sent", text, palette["warn"]) for text in question.unknown]
    rows += [("skipped", text, palette["warn"]) for text in _skipped(question)]
    if len(plan.names) == 1 and purpose_of(plan.names[0]):
        rows.append(("service", purpose_of(plan.names[0]), palette["muted"]))
    rows += _touched(question, palette)
    style = palette["warn"] if question.gates.node else ""
    rows.append(("gate now", question.gates.text_of(pauses=True), style))
    rows.append(("turns", _TURNS, palette["muted"]))
    turns = [_turn(step, question) for step in plan.steps]
    for number, parts in enumerate(_packed(turns, room), 1):
        label = f"{number} of {len(turns)}" if len(turns) < 100 else f"{number}/{len(turns)}"
        for at, line in enumerate(parts):
            rows.append(("" if at else label, line, "" if at else "bold"))
    if (body := _one_body(plan)) is not None:
        rows.append(("sent", body, palette["accent"]))
    verdict = f"wait for a new start time, then {question.steady:g} s stable, before the next node"
    rows += [("gate", _GATE, ""), ("", verdict, ""), ("", _PAUSE, "")]
    rows += [
        ("accepted", f"{hazard.title} ([rollout] accept)", palette["warn"])
        for hazard in GateHazard
        if hazard in question.accepted
    ]
    return rows


def _touched(question: RolloutQuestion, palette: Palette) -> list[Fact]:
    """Return what the restarts touch."""
    lines = plan_impact_lines(question.plan.verb, question.impact)
    return [
        ("" if number else "touches", line.text, palette["warn" if line.is_risk else "muted"])
        for number, line in enumerate(lines)
    ]


def _warnings(question: RolloutQuestion) -> list[str]:
    """Return the warnings of this rollout."""
    plan = question.plan
    warnings = [] if plan.needs_reason or not plan.danger else [plan.danger]
    warnings += question.remarks
    if API_CARRIERS & set(plan.names):
        warnings.append("an answer may be lost; the node is polled until it shows what happened")
    return warnings


def _turn(step: Step, question: RolloutQuestion) -> list[str]:
    """Return a node's identity, its services now, and its request; each fits a line or folds."""
    plan, hidden, ago = question.plan, question.hidden, question.seen_ago.get(step.node)
    environment = f", {step.environment.value}" if step.environment else ""
    parts = [step.node, f"{step.identity.title}{environment}"]
    parts += [f"{seen.name}{_GAP}{seen_text(seen, hidden, ago)}" for seen in step.services]
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
    return write_operation(plan.verb, step.names).decode("ascii")


class RolloutDialog(ConfirmDialog[Plan]):
    """Asks before a rollout begins; returns the plan with its reason, or None.

    `check_again` returns why it cannot begin as it was planned, None where it can; `look_again`
    finds anew what it touches, and whether its gates are open.
    """

    def __init__(
        self,
        question: RolloutQuestion,
        palette: Palette,
        check_again: Callable[[], ConfirmRefusal | None],
        look_again: Callable[[RolloutQuestion], RolloutQuestion],
    ) -> None:
        plan = question.plan
        request = ConfirmRequest(
            "Begin the rollout?",
            "begin",
            plan.words,
            plan.needs_reason,
            is_dangerous=bool(plan.words),
        )
        super().__init__(request, palette)
        self._question = question
        self._check_again = check_again
        self._look_again = look_again

    @property
    def plan(self) -> Plan:
        """The plan with the reason as it stands now."""
        return replace(self._question.plan, reason=self.field("#reason"))

    def renew_facts(self) -> bool:
        """Find anew what the rollout touches, and whether its gates are open; uptimes go on."""
        self._question = self._look_again(self._question)
        return True

    def confirmed(self) -> Plan:
        """Return the plan."""
        return self.plan

    @property
    def facts(self) -> RolloutPage:
        """The plan with all warnings, the vendor's last."""
        return RolloutPage(self._shown_question, self._palette, whole=True)

    @property
    def essentials(self) -> RolloutPage:
        """The plan with its own warnings."""
        return RolloutPage(self._shown_question, self._palette, whole=False)

    @property
    def ageless_essentials(self) -> object:
        """What it touches, how its gates are, and the warnings; the plan is frozen."""
        question, plan = self._question, self._question.plan
        impact = {node: without_ages(found) for node, found in question.impact.items()}
        return (
            plan_impact_lines(plan.verb, impact),
            question.gates,
            question.unknown,
            _warnings(question),
        )

    @property
    def _shown_question(self) -> RolloutQuestion:
        """The question, with the uptimes of the services as they are by now.

        While it is refused they are not known: then they stand, with their age.
        """
        plan, shown_at, now = self._question.plan, self._question.answered_at, monotonic()
        waited = {step.node: now - shown_at.get(step.node, plan.pressed_at) for step in plan.steps}
        if self.refused is not None:
            return replace(self._question, seen_ago=waited)
        steps = tuple(
            replace(step, services=tuple(seen.aged(waited[step.node]) for seen in step.services))
            for step in plan.steps
        )
        return replace(self._question, plan=replace(plan, steps=steps))

    @property
    def renewed(self) -> str:
        """What is said where the plan touches others now, or a gate is another."""
        return "the plan changed: read it again"

    def refusal(self) -> ConfirmRefusal | None:
        """Return what has changed since the key was pressed."""
        return self._check_again()
