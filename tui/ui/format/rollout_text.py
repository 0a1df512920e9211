"""How far a rollout has come, in words. Pure: progress in, text out; `now` is monotonic."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from rich.text import Text

from tui.model.duration import two_units_padded
from tui.model.order import OrderProgress, Result, TimelineMark, Verdict
from tui.model.rollout import RolloutProgress, RolloutState, StepProgress, StepState
from tui.ui.format.status_lines import Palette

SIGNS = {
    StepState.WAITING: ("·", "muted"),
    StepState.CHECKING: ("◐", "moving"),
    StepState.ORDERED: ("◐", "moving"),
    StepState.SETTLING: ("◐", "moving"),
    StepState.DONE: ("✓", "ok"),
    StepState.FAILED: ("✗", "bad"),
    StepState.SKIPPED: ("○", "warn"),
}
"""A shape and the palette's name for each state of a step."""

_WAITS = {
    StepState.WAITING: "its turn comes",
    StepState.CHECKING: "the gate before the order: all nodes asked anew, and the cluster's checks",
    StepState.ORDERED: "it must be seen running since a later moment, and hold that",
    StepState.SETTLING: "the gate after the order: all nodes asked anew, and the cluster's checks",
}

_DONE_FOR = 60.0
"""Seconds for which a rollout that went well stays on the deck."""

_NOT_TOUCHED = "not touched"


@dataclass(frozen=True, slots=True)
class RolloutRow:
    """One node's line: a sign with its word, who it is, how long it took, what is told of it."""

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
    """Give a row for each node; `watched` are the orders that are out, by node."""
    count = len(progress.steps)
    return tuple(
        _row(one, f"{number}/{count}", progress, watched.get(one.step.node), now)
        for number, one in enumerate(progress.steps, 1)
    )


def _row(
    one: StepProgress, turn: str, rolling: RolloutProgress, out: OrderProgress | None, now: float
) -> RolloutRow:
    sign, style = SIGNS[one.state]
    ended = one.state is StepState.WAITING and not rolling.is_open
    return RolloutRow(
        sign=sign,
        state=_NOT_TOUCHED if ended else one.state.value,
        style=style,
        turn=turn,
        node=one.step.node,
        role=one.step.identity.role.value,
        time=_time(one, now),
        text=_told(one, out),
    )


def _time(one: StepProgress, now: float) -> str:
    """Say how long a step took, or how long it has been under way."""
    if one.began_at is None:
        return ""
    return two_units_padded((one.ended_at or now) - one.began_at)


def _told(one: StepProgress, out: OrderProgress | None) -> str:
    if one.state is StepState.DONE:
        named = len(one.step.services) > 1
        return "\n".join(_verdict(verdict, named=named) for verdict in one.verdicts)
    if one.state is StepState.ORDERED and out is not None:
        marks = [
            _marks(told, named=len(out.timelines) > 1, of=of) for of, told in out.timelines.items()
        ]
        return "; ".join([one.text, *filter(None, marks)])
    if well := [each for each in one.verdicts if each.result is Result.VERIFIED]:
        # It was restarted as it should be, and stands for another reason.
        named = len(one.step.services) > 1
        before = "; ".join(_verdict(verdict, named=named) for verdict in well)
        return f"{one.text}; its restart was verified: {before}"
    return one.text


def _verdict(verdict: Verdict, *, named: bool) -> str:
    name = f"{verdict.service}: " if named else ""
    marks = _times(verdict.timeline)
    return f"{name}{verdict.text}" + (f" ({marks})" if marks else "")


def _marks(told: Sequence[TimelineMark], *, named: bool, of: str) -> str:
    marks = _times(told)
    return f"{of}: {marks}" if named and marks else marks


def _times(marks: Iterable[TimelineMark]) -> str:
    return ", ".join(f"{mark.moment.value} {mark.at:.1f} s" for mark in marks)


# The whole


def rollout_heading(progress: RolloutProgress, now: float, palette: Palette) -> Text:
    """Say how the whole stands and what it waits for; first of all whether it stands still."""
    took = two_units_padded((progress.ended_at or now) - (progress.began_at or now))
    match progress.state:
        case RolloutState.PAUSED:
            since = stopped_at(progress)
            still = f" for {two_units_padded(now - since)}" if since is not None else ""
            told = Text(f" PAUSED{still} ", palette["banner"])
            told.append(f" {progress.text}", palette["bad"])
            told.append(f"\n {step_counts(progress)}", "")
            return told
        case RolloutState.DONE:
            told = Text(" ✓ DONE ", palette["ok"])
            return told.append(f"{step_counts(progress)}, in {took}")
        case RolloutState.ABORTED:
            told = Text(" ✗ ABORTED ", palette["bad"])
            return told.append(f"{progress.text}\n {step_counts(progress)}, in {took}")
        case _:
            told = Text(f" ◐ RUNNING for {took}: ", palette["moving"])
            return told.append(f"{step_counts(progress)}\n waits for {waits_for(progress, now)}")


def waits_for(progress: RolloutProgress, now: float) -> str:
    """Say what has to happen before it goes on."""
    here = progress.here
    if here is None:
        return "nothing"
    state = here.state
    since = (
        f" for {two_units_padded(now - here.began_at)}" if here.is_open and here.began_at else ""
    )
    said = f"{here.step.node}, {state.value}{since}"
    why = _WAITS.get(state, "")
    stops = f"; it {progress.text}" if progress.text else ""
    return f"{said}: {why}{stops}" if why else f"{said}{stops}"


def step_counts(progress: RolloutProgress) -> str:
    """Count what is done, and name what is not: `1 of 3 verified, node2 failed, 1 to come`."""
    told = [f"{len(_in(progress, StepState.DONE))} of {len(progress.steps)} verified"]
    told += [
        f"{', '.join(found)} {state.value}"
        for state in (StepState.FAILED, StepState.SKIPPED)
        if (found := _in(progress, state))
    ]
    if left := _in(progress, StepState.WAITING):
        word = StepState.WAITING.value if progress.is_open else _NOT_TOUCHED
        told.append(f"{len(left)} {word}")
    return ", ".join(told)


def went_well(progress: RolloutProgress) -> bool:
    """Say whether it has ended with every node verified."""
    done = len(_in(progress, StepState.DONE)) == len(progress.steps)
    return progress.state is RolloutState.DONE and done


def stopped_at(progress: RolloutProgress) -> float | None:
    """Say since when a paused rollout stands, monotonic."""
    here = progress.here
    return here.ended_at if here is not None and not here.is_open else None


def _in(progress: RolloutProgress, state: StepState) -> list[str]:
    return [one.step.node for one in progress.steps if one.state is state]


# The line on the deck


def visible_rollouts(
    progress: Mapping[int, RolloutProgress], dismissed: Collection[int], now: float
) -> list[RolloutProgress]:
    """List those that want to be seen: one that went well leaves by itself after a while."""
    return [
        one
        for number, one in progress.items()
        if number not in dismissed
        and not (went_well(one) and now - (one.ended_at or now) > _DONE_FOR)
    ]


def rollout_lines(
    shown: Iterable[RolloutProgress], at_most: int, key: str, palette: Palette
) -> list[Text]:
    """Tell of rollouts in so many lines: the paused first, then the open, then the ended."""
    rank = {RolloutState.PAUSED: 0, RolloutState.RUNNING: 1}
    first = sorted(shown, key=lambda one: (rank.get(one.state, 2), -one.plan.number))
    told = [rollout_line(one, key, palette) for one in first[:at_most]]
    if len(first) > at_most:
        told[-1].append(f" · {len(first) - at_most} more", palette["muted"])
    return told


def rollout_line(progress: RolloutProgress, key: str, palette: Palette) -> Text:
    """Say in a line how far it has come; `key` opens the screen that tells all."""
    title = progress.plan.title
    match progress.state:
        case RolloutState.PAUSED:
            told = Text(" ")
            told.append(f" PAUSED, {key} shows it ", palette["banner"])
            told.append(f" {title}: {progress.text}", palette["bad"])
        case RolloutState.DONE:
            told = Text(f" ✓ {title}: {step_counts(progress)}", palette["ok"])
        case RolloutState.ABORTED:
            told = Text(
                f" ✗ {title}: ABORTED, {step_counts(progress)} · {progress.text}", palette["bad"]
            )
        case _:
            told = Text(f" … {title}: ", palette["moving"])
            told.append(", ".join(filter(None, (_done(progress), _here(progress)))))
            told.append(f" · {key} shows it", palette["muted"])
    told.no_wrap, told.overflow, told.end = True, "ellipsis", ""
    return told


def _done(progress: RolloutProgress) -> str:
    return f"{len(_in(progress, StepState.DONE))} of {len(progress.steps)} verified"


def _here(progress: RolloutProgress) -> str:
    here = progress.here
    return f"{here.step.node} {here.state.value}" if here is not None else ""
