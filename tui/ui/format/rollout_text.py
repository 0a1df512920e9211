"""The progress of a rollout, in words. Pure: progress in, text out; `now` is monotonic."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence

from rich.cells import cell_len
from rich.text import Text

from tui.journal.unfinished import UnfinishedRollout
from tui.model.clock import one_unit, two_units_padded
from tui.model.dataclass import dataclass
from tui.model.order import Moment, OrderProgress, Result, TimelineMark, Verdict
from tui.model.rollout import (
    GateNow,
    Plan,
    RolloutProgress,
    RolloutState,
    StepProgress,
    StepState,
    StopReason,
)
from tui.model.text import cut
from tui.ui.format.parts import Part, parts_that_fit
from tui.ui.format.status_lines import Palette, stable_text, timeline_text

SIGNS = {
    StepState.WAITING: ("·", "muted"),
    StepState.CHECKING: ("◐", "moving"),
    StepState.ORDERED: ("◐", "moving"),
    StepState.SETTLING: ("◐", "moving"),
    StepState.DONE: ("✓", "ok"),
    StepState.RESTARTED: ("■", "warn"),
    StepState.BLOCKED: ("■", "warn"),
    StepState.FAILED: ("✗", "bad"),
    StepState.UNKNOWN: ("?", "bad"),
    StepState.SKIPPED: ("○", "warn"),
}
"""A shape and the palette's name for each state of a step."""

_BAR_AT_MOST = 20
"""Cells of the bar; with more nodes, a cell is several."""

_DONE_FOR = 60.0
"""Seconds for which a verified rollout stays on the deck."""

_DOT = " · "
_NOT_TOUCHED = "not touched"
_NAMED = 3


@dataclass(frozen=True, slots=True)
class RolloutRow:
    """One node's line: a sign, its turn, the node and its role, and its phase with the reason."""

    sign: str
    style: str
    turn: str
    node: str
    role: str
    text: str


def rollout_rows(
    progress: RolloutProgress, watched: Mapping[str, OrderProgress], now: float
) -> tuple[RolloutRow, ...]:
    """Return a row for each node; `watched` are the open orders, by node."""
    count = len(progress.steps)
    return tuple(
        _row(step, f"{number}/{count}", progress, watched.get(step.step.node), now)
        for number, step in enumerate(progress.steps, 1)
    )


def _row(
    step: StepProgress, turn: str, rolling: RolloutProgress, sent: OrderProgress | None, now: float
) -> RolloutRow:
    sign, style = SIGNS[step.state]
    return RolloutRow(
        sign=sign,
        style=style,
        turn=turn,
        node=step.step.node,
        role=step.step.identity.role.value,
        text=_phase(step, rolling, sent, now),
    )


def _phase(
    step: StepProgress, rolling: RolloutProgress, sent: OrderProgress | None, now: float
) -> str:
    """Return how far a node's turn has come, and why where it was stopped."""
    word, took = step.state.value, _took(step, now)
    match step.state:
        case StepState.WAITING:
            return word if rolling.is_open else _NOT_TOUCHED
        case StepState.CHECKING | StepState.SETTLING:
            return _checking(step, now)
        case StepState.ORDERED:
            return _sent(sent, now)
        case StepState.DONE:
            return f"{word} in {took} · {_verdicts(step, step.verdicts)}"
        case StepState.BLOCKED:
            # Where nothing was sent for another reason than the gate, the reason says so.
            says_it = step.reason is StopReason.NOT_SENT
            return f"{word}: {step.text}" + ("" if says_it else ", nothing sent")
        case StepState.RESTARTED:
            before = _verdicts(step, step.verdicts).replace("\n", "; ")
            # Two facts: the restart went well, and the node or its cluster is unwell after it.
            return f"restart verified: {before}; then {step.text}: {_ended_word(rolling)}"
        case _:
            if len(step.verdicts) == 1 and step.reason is StopReason.NOT_VERIFIED:
                (verdict,) = step.verdicts
                is_said = verdict.result in (Result.FAILED, Result.UNKNOWN)
                result = "" if is_said else f"{verdict.result.value}, "
                return f"{word}: {result}{verdict.text}"
            return f"{word}: {step.text}" if step.text else word


def _ended_word(rolling: RolloutProgress) -> str:
    return RolloutState.PAUSED.value if rolling.is_open else rolling.state.value


def _took(step: StepProgress, now: float) -> str:
    began = now if step.began_at is None else step.began_at
    return two_units_padded((now if step.ended_at is None else step.ended_at) - began)


def _checking(step: StepProgress, now: float) -> str:
    """Return what a gate waits for, or that it is checked."""
    if step.wait is None:
        which = "after" if step.state is StepState.SETTLING else "before"
        return f"checking: {step.text or f'the gate {which}'}"
    waited = min(max(0.0, now - step.wait.since), step.wait.limit)
    return f"waiting at the gate: {step.wait.text}, {waited:.0f} s of {step.wait.limit:.0f}"


def _sent(sent: OrderProgress | None, now: float) -> str:
    """Return what was seen of an action that was sent, and since when its services are stable."""
    parts = [StepState.ORDERED.value]
    if sent is not None:
        named = len(sent.timelines) > 1
        parts += [
            text
            for name, timeline in sent.timelines.items()
            if (text := _marks(timeline, named=named, of=name))
        ]
        if stable := stable_text(sent, now):
            parts.insert(1, stable)
    return " · ".join(parts)


def _verdicts(step: StepProgress, verdicts: Iterable[Verdict]) -> str:
    named = len(step.step.services) > 1
    return "\n".join(_verdict(verdict, named=named) for verdict in verdicts)


def _verdict(verdict: Verdict, *, named: bool) -> str:
    name = f"{verdict.service}: " if named else ""
    marks = timeline_text(mark for mark in verdict.timeline if mark.moment is Moment.UP)
    return f"{name}{verdict.text}" + (f" ({marks})" if marks else "")


def _marks(timeline: Sequence[TimelineMark], *, named: bool, of: str) -> str:
    marks = timeline_text(timeline)
    return f"{of}: {marks}" if named and marks else marks


# The whole


def rollout_alarm(progress: RolloutProgress, lost_since: float | None, now: float) -> str:
    """Return what must not be overlooked: that all nodes are lost, or why it is paused.

    `lost_since` is when the last of its nodes was lost (monotonic), None while one is reachable.
    """
    texts = []
    if progress.is_open and lost_since is not None:
        for_ = two_units_padded(now - lost_since)
        nodes = [step.step.node for step in progress.steps]
        silent, back = f"none of {len(nodes)} nodes answers", "one does"
        if len(nodes) == 1:
            silent, back = f"{nodes[0]} does not answer", "it does"
        texts.append(f"LOST for {for_}: {silent}; no action is sent before {back}")
    if progress.state is RolloutState.PAUSED:
        since, here = stopped_at(progress), progress.here
        why = progress.stop.text if progress.stop is not None else progress.text
        is_named = progress.stop is None or progress.stop.names_node
        where = "" if is_named or here is None else f" · {here.step.node}"
        paused, gate = why, progress.gate
        stop = progress.stop
        accepts = stop is not None and stop.reason is StopReason.RESTARTED_ELSEWHERE
        if here is not None and here.is_restarted:
            is_over = accepts or (gate is not None and gate.is_open)
            paused, where = _pause_text(progress), "" if is_over else ". Put that right, then r"
        still = f" · for {two_units_padded(now - since)}" if since is not None else ""
        texts.append(f"PAUSED: {paused}{'; r accepts it' * accepts}{where}{still}")
        if gate is not None:
            is_other = bool(gate.restarted) and not (accepts and gate.text == why)
            then = ": r accepts it" * is_other + ": r resumes" * gate.is_open
            texts.append(f"NOW: {gate_text(gate, why, now)}{then}")
    return "\n".join(texts)


def _pause_text(progress: RolloutProgress) -> str:
    """Return why it is paused; of a node that was restarted well, that this is done."""
    here = progress.here
    if here is None or not here.is_restarted:
        return progress.text
    why = progress.stop.text if progress.stop is not None else here.text
    return f"{here.step.node} is restarted and verified; waiting because {why}"


def pause_question(progress: RolloutProgress, *, is_brief: bool = False) -> str:
    """Return the question of a pause, with how it is with the node; empty where all are over.

    Where it `is_brief`, that blocked means that nothing was sent is not repeated.
    """
    here = progress.here
    if here is None:
        return ""
    node = here.step.node
    if here.is_restarted:
        state = "is verified"
    elif here.state is StepState.FAILED:
        state = here.state.value
    else:
        says_all = is_brief or was_sent(here)
        state = f"is {here.state.value}" + ("" if says_all else ", nothing sent")
    return f"{node} {state}: go on?"


def was_sent(step: StepProgress) -> bool:
    """Whether a node where a rollout paused was sent an action of it."""
    return bool(step.verdicts) or step.state is not StepState.BLOCKED


def untouched_nodes(progress: RolloutProgress) -> list[str]:
    """Return the nodes that were sent no action, and that none is on its way to."""
    return [
        step.step.node
        for step in progress.steps
        if step.state in (StepState.WAITING, StepState.BLOCKED) and not step.verdicts
    ]


def gate_text(gate: GateNow, before: str, now: float) -> str:
    """Return how the gate of a paused rollout is at `now`, and how old that is.

    `before` is what closed it when the rollout paused.
    """
    age = f"checked {one_unit(now - gate.checked_at)} ago"
    if gate.is_open:
        return f"gate open at {gate.node}, {age}"
    if not gate.is_known:
        of = "" if gate.names_node else f" of {gate.node}"
        return f"gate{of} not known, {age}: {gate.text}"
    if gate.text == before:
        return f"still so, {age}"
    return f"gate closed at {gate.node}, because {gate.text} ({age})"


def rollout_heading(
    progress: RolloutProgress,
    now: float,
    palette: Palette,
    width: int = 10_000,
    *,
    is_unseen: bool = False,
) -> Text:
    """Return the bar, the counts and the time that remains; then what the state adds to them.

    Times that do not fit into `width` cells are left out, and so is the time that remains while
    what it goes by `is_unseen`.
    """
    took = two_units_padded((progress.ended_at or now) - (progress.began_at or now))
    if progress.paused_for >= 1:
        took += f", {two_units_padded(progress.paused_for)} of it paused"
    bar = _bar(progress, palette).append(f" {step_counts(progress)}")
    parts, below = [Part(bar, 0)], Text()
    match progress.state:
        case RolloutState.DONE:
            parts.append(Part(Text(f"done in {took}", palette["ok"]), 0))
        case RolloutState.ABORTED:
            # Its counts name the nodes that are not touched: where they are long, times give way.
            parts.append(Part(Text("ABORTED", palette["bad"]), 0))
            parts.append(Part(Text(f"after {took}", palette["bad"]), 1))
            below.append(progress.text)
        case RolloutState.RUNNING:
            left = seconds_left(progress, now)
            if left is not None and not is_unseen:
                parts.append(Part(Text(_about(left)), 1))
            parts.append(Part(Text(f"running for {took}", palette["muted"]), 2))
            below.append(progress.text, palette["warn"])
        case _:
            pass
    kept = [part for part in parts if not part.rank] + [
        part for part in parts_that_fit(parts, width, len(_DOT)) if part.rank
    ]
    line = Text(_DOT).join(part.text for part in kept)
    return Text("\n").join(each for each in (line, below) if each.plain)


def _bar(progress: RolloutProgress, palette: Palette) -> Text:
    """Return a cell for each node, filled for those restarted well; fewer for many nodes."""
    count = len(progress.steps)
    done = sum(step.state is StepState.DONE or step.is_restarted for step in progress.steps)
    cells = min(count, _BAR_AT_MOST)
    filled = done * cells // max(1, count)
    return Text.assemble(("▰" * filled, palette["ok"]), ("▱" * (cells - filled), palette["muted"]))


def seconds_left(progress: RolloutProgress, now: float) -> float | None:
    """Return about how long the nodes that remain take, by those that are verified.

    None while that is not known: nothing is verified yet, it is paused, or it waits at a gate.
    """
    took = [
        step.ended_at - step.began_at
        for step in progress.steps
        if step.state is StepState.DONE and step.began_at is not None and step.ended_at is not None
    ]
    here = progress.here
    waits = here is not None and here.wait is not None
    if progress.state is not RolloutState.RUNNING or not took or waits:
        return None
    each = sum(took) / len(took)
    left = each * len(_in(progress, StepState.WAITING))
    if here is not None and here.is_open:
        left += max(0.0, each - (now - (here.began_at or now)))
    return left


def _about(seconds: float) -> str:
    """Return a length of time that does not flicker: in tens of seconds, then in minutes."""
    if seconds > 90:
        return f"about {math.ceil(seconds / 60)} min left"
    return f"about {max(10, math.ceil(seconds / 10) * 10)} s left"


def step_counts(progress: RolloutProgress) -> str:
    """Return what adds up to the nodes: `1/4 verified, node2 failed, node3 sent, 1 waiting`."""
    texts, words = [brief_counts(progress)], dict[str, list[str]]()
    for state in StepState:
        if state not in (StepState.DONE, StepState.WAITING):
            for step in progress.steps:
                if step.state is state and not step.is_restarted:
                    words.setdefault(step_word(step), []).append(step.step.node)
    texts += [f"{_some(nodes)} {word}" for word, nodes in words.items()]
    if waiting := _in(progress, StepState.WAITING):
        count = f"{len(waiting)} {StepState.WAITING.value}"
        texts.append(count if progress.is_open else f"{_NOT_TOUCHED}: {_some(waiting)}")
    return ", ".join(texts)


def step_word(step: StepProgress) -> str:
    """Return how far a node's turn has come, in a few words."""
    return "restarted, paused after it" if step.is_restarted else step.state.value


def brief_counts(progress: RolloutProgress) -> str:
    """Return how many of the nodes are verified; where it stopped after one, after which."""
    done, count = len(_in(progress, StepState.DONE)), len(progress.steps)
    after = [step.step.node for step in progress.steps if step.is_restarted]
    if not after:
        return f"{done}/{count} verified"
    return f"{done + len(after)}/{count} restarted, {_ended_word(progress)} after {_some(after)}"


def _some(nodes: Sequence[str]) -> str:
    return ", ".join(nodes) if len(nodes) <= _NAMED else f"{len(nodes)} nodes"


def went_well(progress: RolloutProgress) -> bool:
    """Whether it has ended with every node verified."""
    done = len(_in(progress, StepState.DONE)) == len(progress.steps)
    return progress.state is RolloutState.DONE and done


def stopped_at(progress: RolloutProgress) -> float | None:
    """Return the monotonic time since when a rollout is paused; None if it is not known."""
    here = progress.here
    return here.ended_at if here is not None and not here.is_open else None


def _in(progress: RolloutProgress, state: StepState) -> list[str]:
    return [step.step.node for step in progress.steps if step.state is state]


# The line on the deck


def visible_rollouts(
    progress: Mapping[int, RolloutProgress], dismissed: Collection[int], now: float
) -> list[RolloutProgress]:
    """Return those to show on the deck: one that went well is left out after a while."""
    return [
        rollout
        for number, rollout in progress.items()
        if number not in dismissed
        and not (went_well(rollout) and now - (rollout.ended_at or now) > _DONE_FOR)
    ]


def rollout_lines(
    shown: Iterable[RolloutProgress],
    now: float,
    at_most: int,
    key: str,
    palette: Palette,
    *,
    width: int = 10_000,
    cut_off: Sequence[UnfinishedRollout] = (),
) -> list[Text]:
    """Return rollouts in at most so many lines: paused ones first, then open, then ended.

    One more is for those that were `cut_off`. The `key` is named once, where it does something: it
    opens an open rollout, plans what was cut off where none is open, else opens one that ended.
    """
    rank = {RolloutState.PAUSED: 0, RolloutState.RUNNING: 1}
    first = sorted(shown, key=lambda rollout: (rank.get(rollout.state, 2), -rollout.plan.number))
    more = f" · {len(first) - at_most} more" if len(first) > at_most else ""
    plans = bool(cut_off) and not any(one.is_open for one in first)
    keys = ["" if plans else key, *[""] * len(first)]
    lines = [
        rollout_line(one, now, key_of_it, palette, width - len(more))
        for one, key_of_it in zip(first[:at_most], keys, strict=False)
    ]
    if more:
        lines[-1].append(more, palette["muted"])
    if cut_off:
        lines.append(cut_off_line(cut_off, key if plans else "", palette, width))
    return lines


def rollout_line(
    progress: RolloutProgress, now: float, key: str, palette: Palette, width: int = 10_000
) -> Text:
    """Return a rollout's progress at `now` in a line; `key` opens its screen, empty if none does.

    What does not fit into `width` cells is shortened or left out whole, the least important first.
    """
    title, brief_title = progress.plan.title, _brief_title(progress.plan)
    counts = step_counts(progress)
    where, urgent = f"{key} shows it" if key else "", set[str]()
    texts: list[tuple[str, str | None]]
    match progress.state:
        case RolloutState.PAUSED:
            style = palette["banner"]
            here, gate = progress.here, progress.gate
            stopped = f"{here.step.node} {step_word(here)}" if here is not None else counts
            why = _pause_text(progress)
            texts = [("PAUSED", None), (why, stopped), (where, None), (title, "")]
            urgent = {where}
            if gate is not None:
                texts[1:2] = [
                    (why, here.step.node if here else ""),
                    (gate.brief(now), None),
                ]
                urgent.add(gate.brief(now))
        case RolloutState.DONE:
            style, texts = palette["ok"], [(f"✓ {title}", f"✓ {brief_title}"), (counts, None)]
        case RolloutState.ABORTED:
            style = palette["bad"]
            why = f"ABORTED: {progress.text}" if progress.text else "ABORTED"
            brief = brief_counts(progress)
            named = (f"✗ {title}", f"✗ {brief_title}")
            texts = [named, (why, "ABORTED"), (counts, brief), (where, None)]
        case _:
            style = palette["moving"]
            named = (f"… {title}", f"… {brief_title}")
            texts = [named, (counts, brief_counts(progress)), (where, None)]
    parts = [
        Part(Text(long), 0 if long in urgent else rank, None if brief is None else Text(brief))
        for rank, (long, brief) in enumerate(texts)
        if long
    ]
    return _fitted_line(parts, style, width)


def _brief_title(plan: Plan) -> str:
    names = plan.names
    what = names[0] if len(names) == 1 else f"{len(names)} services"
    return f"{plan.verb.value} {what}"


def cut_off_line(
    rollouts: Sequence[UnfinishedRollout], key: str, palette: Palette, width: int = 10_000
) -> Text:
    """Return the first rollout that was cut off, in a line.

    `key` plans the nodes that remain, empty where it shows another rollout.
    """
    first = rollouts[0]
    rest, count = first.remaining, f"{len(first.remaining)} of {len(first.nodes)} remain"
    named = f"{', '.join(rest)} remain{'s' if len(rest) == 1 else ''}"
    where = f" of {first.cluster}" if first.cluster else ""
    more = f"{len(rollouts) - 1} more" if len(rollouts) > 1 else ""
    ungated = ungated_nodes(first)
    parts = [
        Part(Text("CUT OFF"), 0),
        Part(Text(named if len(rest) <= _NAMED else count), 2, Text(count)),
        Part(Text(f"{key} plans them" if key else ""), 0),
        Part(Text(f"gate after {ungated} not passed" if ungated else ""), 1),
        Part(Text(f"{first.verb} {', '.join(first.names)}{where}"), 3, Text("")),
        Part(Text(more), 4),
    ]
    return _fitted_line([part for part in parts if part.text], palette["warn"], width)


def ungated_nodes(rollout: UnfinishedRollout) -> str:
    """Return after which nodes no gate was passed, in turn; empty where that is after none."""
    return _some([name for name, _ in rollout.nodes if name in rollout.ungated])


def _fitted_line(parts: Sequence[Part], style: str, width: int) -> Text:
    """Return the parts that fit; where not even the first does, it is cut before the second."""
    texts = [part.text.plain for part in parts_that_fit(parts, width - 2, len(_DOT))]
    if not texts:
        first, *others = [(part.brief or part.text).plain for part in parts]
        behind = "".join(f"{_DOT}{other}" for other in others[:1])
        texts = [cut(first, max(1, width - 2 - cell_len(behind))) + behind]
    line = Text(f" {_DOT.join(texts)} ", style)
    line.no_wrap, line.overflow, line.end = True, "ellipsis", ""
    return line
