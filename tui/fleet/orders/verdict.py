"""The verdict on an order, by what the node shows and never by its answer alone. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from tui.model.order import (
    AnswerOutcome,
    Moment,
    Order,
    OrderAnswer,
    Result,
    SeenService,
    TimelineMark,
    Verb,
    Verdict,
)
from tui.model.reading import Reading
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
    """The service in one good reading that was requested after the POST left.

    `at` is seconds after the POST left; `status` is None where the node did not list it.
    """

    at: float
    status: str | None
    started_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NodeAnswer:
    """What the node's answer says of one service: `accepted` is None where it says nothing.

    `at` is seconds after the POST left; `text` is what came instead of an answer, if so.
    """

    accepted: bool | None
    at: float
    text: str = ""

    @classmethod
    def of(cls, answer: OrderAnswer | None, service: str, at: float) -> "NodeAnswer":
        """Return what an answer, None where it was lost, says of a service."""
        if answer is None or answer.outcome is AnswerOutcome.LOST:
            return cls(None, at, answer.text if answer else "")
        if answer.outcome is AnswerOutcome.REFUSED:
            return cls(False, at, answer.text)
        accepted = answer.results.get(service)
        text = answer.text if accepted is not None else "the answer did not name it"
        return cls(accepted, at, text)


def decide_verdict(  # noqa: PLR0913 - each is one piece of the evidence
    verb: Verb,
    before: SeenService,
    answer: NodeAnswer,
    observations: Sequence[Observation],
    *,
    now: float,
    patience: Patience,
) -> Verdict | None:
    """Return the verdict, or None while the evidence does not suffice and there is time."""
    marks = timeline(verb, before, answer, observations)
    if answer.accepted is False:
        why = answer.text or "the node answered false"
        return Verdict(before.name, Result.REFUSED, why, marks)
    reached = _reached(verb, before, observations)
    if reached is not None:
        held = observations[reached:]
        if any(not _holds(verb, before.name, held[0], seen) for seen in held):
            return Verdict(before.name, Result.FLAPPING, _flapped(verb, before.name, held), marks)
        if held[-1].at - held[0].at >= patience.steady:
            text = f"held for {patience.steady:.0f} s"
            if answer.accepted is None:
                text += ", seen at the node although its answer was lost"
            elif answer.text:
                text += f"; {answer.text}"
            return Verdict(before.name, Result.VERIFIED, text, marks)
    if _nothing_happened(verb, before, answer, observations, patience):
        text = f"accepted, but {before.status} since the same moment as before"
        return Verdict(before.name, Result.NOT_RESTARTED, text, marks)
    if now < patience.limit + (patience.steady if reached is not None else 0):
        return None
    if reached is not None:
        after = observations[reached].at
        text = f"reached it after {after:.1f} s, then the node was not seen any more"
        return Verdict(before.name, Result.UNKNOWN, text, marks)
    return _gave_up(before, answer, observations, marks, now=now, patience=patience)


def _reached(verb: Verb, before: SeenService, observations: Sequence[Observation]) -> int | None:
    return next((i for i, seen in enumerate(observations) if _is_wished(verb, before, seen)), None)


def _is_wished(verb: Verb, before: SeenService, seen: Observation) -> bool:
    if verb is Verb.STOP:
        return seen.status is None or seen.status in _ENDED
    if seen.status != RUNNING:
        return verb is Verb.START and seen.status == "EXITED" and is_one_shot(before.name)
    if verb is Verb.START:
        return True
    if before.started_at is None and before.status not in _LIVING:
        return True  # it did not run, and now it does
    # What was starting anyway becomes RUNNING by itself.
    return _is_later(before.started_at, seen.started_at)


def _is_later(before: datetime | None, after: datetime | None) -> bool:
    """Whether a start time is later, by the node's own clock; a missing one proves nothing."""
    return before is not None and after is not None and after > before


def _holds(verb: Verb, name: str, first: Observation, seen: Observation) -> bool:
    if verb is Verb.STOP:
        return seen.status is None or seen.status in _ENDED
    if seen.status == "EXITED" and is_one_shot(name):
        return True
    return seen.status == RUNNING and seen.started_at == first.started_at


def _flapped(verb: Verb, name: str, held: Sequence[Observation]) -> str:
    off = next(seen for seen in held if not _holds(verb, name, held[0], seen))
    what = off.status or "gone"
    again = " with a new start time" if off.status == held[0].status else ""
    return f"reached it, then {what}{again} after {off.at - held[0].at:.1f} s"


def _nothing_happened(
    verb: Verb,
    before: SeenService,
    answer: NodeAnswer,
    observations: Sequence[Observation],
    patience: Patience,
) -> bool:
    if verb is not Verb.RESTART or answer.accepted is not True or not observations:
        return False
    if before.started_at is None:
        return False
    same = all(
        seen.status == before.status and seen.started_at == before.started_at
        for seen in observations
    )
    return same and observations[-1].at >= patience.same


def _gave_up(  # noqa: PLR0913 - as above
    before: SeenService,
    answer: NodeAnswer,
    observations: Sequence[Observation],
    marks: tuple[TimelineMark, ...],
    *,
    now: float,
    patience: Patience,
) -> Verdict:
    if not observations:
        text = f"the node has shown nothing for {now:.0f} s: look at the node"
        return Verdict(before.name, Result.UNKNOWN, text, marks)
    if now - observations[-1].at > patience.unseen:
        return Verdict(before.name, Result.UNKNOWN, _unseen(observations[-1], now), marks)
    last = observations[-1].status or "not listed"
    if last == RUNNING and before.status == RUNNING and observations[-1].started_at is None:
        text = "the node does not tell since when it runs, so nobody can say"
        return Verdict(before.name, Result.UNKNOWN, text, marks)
    if answer.accepted is None:
        lost = answer.text or "the answer was lost"
        return Verdict(before.name, Result.UNKNOWN, f"{lost}; the node shows {last}", marks)
    return Verdict(before.name, Result.TIMED_OUT, f"still {last} after {now:.0f} s", marks)


def _unseen(last: Observation, now: float) -> str:
    """Word when it was seen last: its present state is not known."""
    ago = now - last.at
    return (
        f"last seen {last.status or 'not listed'}, and the node has not been seen for {ago:.0f} s"
    )


def timeline(
    verb: Verb, before: SeenService, answer: NodeAnswer, observations: Sequence[Observation]
) -> tuple[TimelineMark, ...]:
    """List the moments that were observed: answered, down, up."""
    first = Moment.ANSWER_LOST if answer.accepted is None else Moment.ANSWERED
    marks = [TimelineMark(first, answer.at)]
    if verb is not Verb.START:
        down = next((seen for seen in observations if seen.status != RUNNING), None)
        if down is not None:
            marks.append(TimelineMark(Moment.DOWN, down.at))
    if verb is not Verb.STOP:
        reached = _reached(verb, before, observations)
        if reached is not None:
            marks.append(TimelineMark(Moment.UP, observations[reached].at))
    return tuple(marks)


# What is gathered while an order is watched


class ObservedNode(Protocol):
    """What an order needs to know of the node that shows what came of it."""

    @property
    def reading(self) -> Reading:
        """Its newest reading."""

    @property
    def wrong_node(self) -> str:
        """Why it is not known to be the node that is meant; empty if it is."""

    def vouches(self, uid: int | None, reading: Reading) -> bool:
        """Whether node `uid` identified itself after a reading, and none else meanwhile."""


@dataclass(slots=True, eq=False)
class Evidence:
    """An order's answer, and the readings that count. `sent_at`, `answered_at` are monotonic."""

    order: Order
    sent_at: float = 0.0
    answered_at: float = 0.0
    answer: OrderAnswer | None = None
    observations: dict[str, list[Observation]] = field(default_factory=dict)
    _seen_at: float = 0.0
    _pending: list[Reading] = field(default_factory=list)

    def observe(self, node: ObservedNode) -> None:
        """Count a node's reading if it is good, new, and was requested after the POST left.

        It is pending until the node has identified itself once more; where another node answers,
        all pending readings may be of that one.
        """
        reading = node.reading
        if node.wrong_node:
            self._pending.clear()
            self._seen_at = reading.asked_at
        elif reading.is_good and reading.asked_at > max(self.sent_at, self._seen_at):
            self._seen_at = reading.asked_at
            self._pending.append(reading)
        while self._pending and node.vouches(self.order.target.identity.uid, self._pending[0]):
            self._count(self._pending.pop(0))

    def _count(self, reading: Reading) -> None:
        at = (reading.answered_at or 0.0) - self.sent_at
        for name in self.order.names:
            service = reading.find(name)
            if service is None and reading.is_cut:
                continue  # it may be among those that were left out
            status, started_at = (service.status, service.started_at) if service else (None, None)
            self.observations.setdefault(name, []).append(Observation(at, status, started_at))

    def verdict(self, before: SeenService, now: float, patience: Patience) -> Verdict | None:
        """Return the verdict for one service, None while there is none; `now` is monotonic."""
        return decide_verdict(
            self.order.verb,
            before,
            self._answer_of(before),
            self.observations.get(before.name, []),
            now=now - self.sent_at,
            patience=patience,
        )

    def timelines(self) -> dict[str, tuple[TimelineMark, ...]]:
        """Return the timeline of each service."""
        return {
            seen.name: timeline(
                self.order.verb, seen, self._answer_of(seen), self.observations.get(seen.name, [])
            )
            for seen in self.order.services
        }

    def _answer_of(self, seen: SeenService) -> NodeAnswer:
        return NodeAnswer.of(self.answer, seen.name, self.answered_at - self.sent_at)
