"""The progress of a rollout, in words. Pure: progress in, text out; `now` is monotonic."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from rich.text import Text

from tui.model.duration import two_units_padded
from tui.model.order import OrderProgress, Result, TimelineMark, Verdict
from tui.model.records import dataclass
from tui.model.rollout import RolloutProgress, RolloutState, StepProgress, StepState
from tui.ui.format.status_lines import Palette, timeline_text

SIGNS = {
    StepState.WAITING: ("·", "muted"),
    StepState.CHECKING: ("◐", "moving"),
    StepState.ORDERED: ("◐", "moving"),
    StepState.SETTLING: ("◐", "moving"),
    StepState.DONE: ("✓", "ok"),
    StepState.BLOCKED: ("■", "warn"),
    StepState.FAILED: ("✗", "bad"),
    StepState.SKIPPED: ("○", "warn"),
}
"""A shape and the palette's name for each state of a step."""

_WAITS = {
    StepState.WAITING: "its turn comes",
    StepState.CHECKING: "the gate before the order: all nodes polled, and the cluster's checks",
    StepState.ORDERED: "it must be seen running since a later moment, and hold that",
    StepState.SETTLING: "the gate after the order: all nodes polled, and the cluster's checks",
}

_DONE_FOR = 60.0
"""Seconds for which a verified rollout stays on the deck."""

_NOT_TOUCHED = "not touched"


@dataclass(frozen=True, slots=True)
class RolloutRow:
    """One node's line: a sign and its word, the node, how long its step took, and a text."""

    sign: str
    state: str
    style: str
    turn: str
    node: str
    role: str
    time: str
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
    step: StepProgress, turn: str, rolling: RolloutProgress, out: OrderProgress | None, now: float
) -> RolloutRow:
    sign, style = SIGNS[step.state]
    ended = step.state is StepState.WAITING and not rolling.is_open
    return RolloutRow(
        sign=sign,
        state=_NOT_TOUCHED if ended else step.state.value,
        style=style,
        turn=turn,
        node=step.step.node,
        role=step.step.identity.role.value,
        time=_time(step, now),
        text=_step_text(step, out),
    )


def _time(step: StepProgress, now: float) -> str:
    """Return how long a step took, or how long it has been under way."""
    if step.began_at is None:
        return ""
    return two_units_padded((step.ended_at or now) - step.began_at)


def _step_text(step: StepProgress, out: OrderProgress | None) -> str:
    if step.state is StepState.DONE:
        named = len(step.step.services) > 1
        return "\n".join(_verdict(verdict, named=named) for verdict in step.verdicts)
    if step.state is StepState.ORDERED and out is not None:
        marks = [
            _marks(timeline, named=len(out.timelines) > 1, of=of)
            for of, timeline in out.timelines.items()
        ]
        return "; ".join([step.text, *filter(None, marks)])
    if well := [each for each in step.verdicts if each.result is Result.VERIFIED]:
        # Its restart is verified, and it is paused for another reason.
        named = len(step.step.services) > 1
        before = "; ".join(_verdict(verdict, named=named) for verdict in well)
        return f"{step.text}; its restart was verified: {before}"
    return step.text


def _verdict(verdict: Verdict, *, named: bool) -> str:
    name = f"{verdict.service}: " if named else ""
    marks = timeline_text(verdict.timeline)
    return f"{name}{verdict.text}" + (f" ({marks})" if marks else "")


def _marks(timeline: Sequence[TimelineMark], *, named: bool, of: str) -> str:
    marks = timeline_text(timeline)
    return f"{of}: {marks}" if named and marks else marks


# The whole


def rollout_heading(progress: RolloutProgress, now: float, palette: Palette) -> Text:
    """Return the state of the rollout and what it waits for; whether it is paused comes first."""
    took = two_units_padded((progress.ended_at or now) - (progress.began_at or now))
    match progress.state:
        case RolloutState.PAUSED:
            since = stopped_at(progress)
            still = f" for {two_units_padded(now - since)}" if since is not None else ""
            text = Text(f" PAUSED{still} ", palette["banner"])
            text.append(f" {progress.text}", palette["bad"])
            text.append(f"\n {step_counts(progress)}", "")
            return text
        case RolloutState.DONE:
            text = Text(" ✓ DONE ", palette["ok"])
            return text.append(f"{step_counts(progress)}, in {took}")
        case RolloutState.ABORTED:
            text = Text(" ✗ ABORTED ", palette["bad"])
            return text.append(f"{progress.text}\n {step_counts(progress)}, in {took}")
        case _:
            text = Text(f" ◐ RUNNING for {took}: ", palette["moving"])
            return text.append(f"{step_counts(progress)}\n waits for {waits_for(progress, now)}")


def waits_for(progress: RolloutProgress, now: float) -> str:
    """Return what has to happen before it goes on."""
    here = progress.here
    if here is None:
        return "nothing"
    state = here.state
    since = (
        f" for {two_units_padded(now - here.began_at)}" if here.is_open and here.began_at else ""
    )
    text = f"{here.step.node}, {state.value}{since}"
    why = _WAITS.get(state, "")
    stops = f"; it {progress.text}" if progress.text else ""
    return f"{text}: {why}{stops}" if why else f"{text}{stops}"


def step_counts(progress: RolloutProgress) -> str:
    """Return counts and the names of what failed: `1 of 3 verified, node2 failed, 1 to come`."""
    texts = [f"{len(_in(progress, StepState.DONE))} of {len(progress.steps)} verified"]
    texts += [
        f"{', '.join(found)} {state.value}"
        for state in (StepState.BLOCKED, StepState.FAILED, StepState.SKIPPED)
        if (found := _in(progress, state))
    ]
    if waiting := _in(progress, StepState.WAITING):
        word = StepState.WAITING.value if progress.is_open else _NOT_TOUCHED
        texts.append(f"{len(waiting)} {word}")
    return ", ".join(texts)


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
    shown: Iterable[RolloutProgress], at_most: int, key: str, palette: Palette
) -> list[Text]:
    """Return rollouts in at most so many lines: paused ones first, then open, then ended."""
    rank = {RolloutState.PAUSED: 0, RolloutState.RUNNING: 1}
    first = sorted(shown, key=lambda rollout: (rank.get(rollout.state, 2), -rollout.plan.number))
    lines = [rollout_line(rollout, key, palette) for rollout in first[:at_most]]
    if len(first) > at_most:
        lines[-1].append(f" · {len(first) - at_most} more", palette["muted"])
    return lines


def rollout_line(progress: RolloutProgress, key: str, palette: Palette) -> Text:
    """Return a rollout's progress in a line; `key` opens the rollout's screen."""
    title = progress.plan.title
    match progress.state:
        case RolloutState.PAUSED:
            line = Text(" ")
            line.append(f" PAUSED, {key} shows it ", palette["banner"])
            line.append(f" {title}: {progress.text}", palette["bad"])
        case RolloutState.DONE:
            line = Text(f" ✓ {title}: {step_counts(progress)}", palette["ok"])
        case RolloutState.ABORTED:
            line = Text(
                f" ✗ {title}: ABORTED, {step_counts(progress)} · {progress.text}", palette["bad"]
            )
        case _:
            line = Text(f" … {title}: ", palette["moving"])
            line.append(", ".join(filter(None, (_done(progress), _here(progress)))))
            line.append(f" · {key} shows it", palette["muted"])
    line.no_wrap, line.overflow, line.end = True, "ellipsis", ""
    return line


def _done(progress: RolloutProgress) -> str:
    return f"{len(_in(progress, StepState.DONE))} of {len(progress.steps)} verified"


def _here(progress: RolloutProgress) -> str:
    here = progress.here
    return f"{here.step.node} {here.state.value}" if here is not None else ""
