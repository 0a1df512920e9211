"""What came of an order, by evidence and never by the answer's word alone. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tui.model.order import Moment, Result, SeenService, TimelineMark, Verb, Verdict
from tui.model.service import is_one_shot

RUNNING = "RUNNING"
_ENDED = frozenset({"STOPPED", "EXITED"})
_LIVING = frozenset({RUNNING, "STARTING", "RESTARTING", "STOPPING"})


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an order is watched, in seconds.

    `steady`: how long the wished state must hold; `limit`: the whole watch; `same`: after how
    long a restart that changed nothing is called one; `unseen`: after how long without an
    observation the state of the service is unknown; `interval`: between two readings meanwhile.
    """

    steady: float = 10.0
    limit: float = 60.0
    same: float = 20.0
    unseen: float = 10.0
    interval: float = 0.25


@dataclass(frozen=True, slots=True)
class Observation:
    """The service in one good reading that was asked for after the order left.

    `at` is seconds after the POST left; `status` is None where the node did not list it.
    """

    at: float
    status: str | None
    started_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NodeAnswer:
    """What the node's answer said of the service: `said` is None where it said nothing.

    `at` is seconds after the POST left; `text` tells what came instead of an answer, if so.
    """

    said: bool | None
    at: float
    text: str = ""


def decide_verdict(  # noqa: PLR0913 - each is one piece of the evidence
    verb: Verb,
    before: SeenService,
    word: NodeAnswer,
    sights: Sequence[Observation],
    *,
    now: float,
    patience: Patience,
) -> Verdict | None:
    """Give the verdict, or None while the evidence does not suffice and there is time."""
    marks = timeline(verb, before, word, sights)
    if word.said is False:
        why = word.text or "the node answered false"
        return Verdict(before.name, Result.REFUSED, why, marks)
    reached = _reached(verb, before, sights)
    if reached is not None:
        held = sights[reached:]
        if any(not _holds(verb, before.name, held[0], sight) for sight in held):
            return Verdict(before.name, Result.FLAPPING, _flapped(verb, before.name, held), marks)
        if held[-1].at - held[0].at >= patience.steady:
            text = f"held for {patience.steady:.0f} s"
            if word.said is None:
                text += ", seen at the node although its answer was lost"
            elif word.text:
                text += f"; {word.text}"
            return Verdict(before.name, Result.VERIFIED, text, marks)
    if _nothing_happened(verb, before, word, sights, patience):
        text = f"accepted, but {before.status} since the same moment as before"
        return Verdict(before.name, Result.NOT_RESTARTED, text, marks)
    if now < patience.limit + (patience.steady if reached is not None else 0):
        return None
    if reached is not None:
        text = f"reached it after {sights[reached].at:.1f} s, then the node was not seen any more"
        return Verdict(before.name, Result.UNKNOWN, text, marks)
    return _gave_up(before, word, sights, marks, now=now, patience=patience)


def _reached(verb: Verb, before: SeenService, sights: Sequence[Observation]) -> int | None:
    return next((i for i, sight in enumerate(sights) if _is_wish(verb, before, sight)), None)


def _is_wish(verb: Verb, before: SeenService, sight: Observation) -> bool:
    if verb is Verb.STOP:
        return sight.status is None or sight.status in _ENDED
    if sight.status != RUNNING:
        return verb is Verb.START and sight.status == "EXITED" and is_one_shot(before.name)
    if verb is Verb.START:
        return True
    if before.started_at is None and before.status not in _LIVING:
        return True  # it did not run, and now it does
    # What was starting anyway comes to RUNNING by itself.
    return _is_later(before.started_at, sight.started_at)


def _is_later(before: datetime | None, after: datetime | None) -> bool:
    """Compare two start times of the node's own clock; one that is not told proves nothing."""
    return before is not None and after is not None and after > before


def _holds(verb: Verb, name: str, first: Observation, sight: Observation) -> bool:
    if verb is Verb.STOP:
        return sight.status is None or sight.status in _ENDED
    if sight.status == "EXITED" and is_one_shot(name):
        return True
    return sight.status == RUNNING and sight.started_at == first.started_at


def _flapped(verb: Verb, name: str, held: Sequence[Observation]) -> str:
    off = next(sight for sight in held if not _holds(verb, name, held[0], sight))
    what = off.status or "gone"
    again = " with a new start time" if off.status == held[0].status else ""
    return f"reached it, then {what}{again} after {off.at - held[0].at:.1f} s"


def _nothing_happened(
    verb: Verb,
    before: SeenService,
    word: NodeAnswer,
    sights: Sequence[Observation],
    patience: Patience,
) -> bool:
    if verb is not Verb.RESTART or word.said is not True or not sights:
        return False
    if before.started_at is None:
        return False
    same = all(s.status == before.status and s.started_at == before.started_at for s in sights)
    return same and sights[-1].at >= patience.same


def _gave_up(  # noqa: PLR0913 - as above
    before: SeenService,
    word: NodeAnswer,
    sights: Sequence[Observation],
    marks: tuple[TimelineMark, ...],
    *,
    now: float,
    patience: Patience,
) -> Verdict:
    if not sights:
        text = f"the node has shown nothing for {now:.0f} s: look at the node"
        return Verdict(before.name, Result.UNKNOWN, text, marks)
    if now - sights[-1].at > patience.unseen:
        return Verdict(before.name, Result.UNKNOWN, _unseen(sights[-1], now), marks)
    last = sights[-1].status or "not listed"
    if last == RUNNING and before.status == RUNNING and sights[-1].started_at is None:
        text = "the node does not tell since when it runs, so nobody can say"
        return Verdict(before.name, Result.UNKNOWN, text, marks)
    if word.said is None:
        lost = word.text or "the answer was lost"
        return Verdict(before.name, Result.UNKNOWN, f"{lost}; the node shows {last}", marks)
    return Verdict(before.name, Result.TIMED_OUT, f"still {last} after {now:.0f} s", marks)


def _unseen(last: Observation, now: float) -> str:
    """Say when it was seen last: of how it stands now nothing is known."""
    ago = now - last.at
    return (
        f"last seen {last.status or 'not listed'}, and the node has not been seen for {ago:.0f} s"
    )


def timeline(
    verb: Verb, before: SeenService, word: NodeAnswer, sights: Sequence[Observation]
) -> tuple[TimelineMark, ...]:
    """List the moments that were seen: asked, down, up."""
    marks = [TimelineMark(Moment.ANSWER_LOST if word.said is None else Moment.ANSWERED, word.at)]
    if verb is not Verb.START:
        down = next((sight for sight in sights if sight.status != RUNNING), None)
        if down is not None:
            marks.append(TimelineMark(Moment.DOWN, down.at))
    if verb is not Verb.STOP:
        reached = _reached(verb, before, sights)
        if reached is not None:
            marks.append(TimelineMark(Moment.UP, sights[reached].at))
    return tuple(marks)
