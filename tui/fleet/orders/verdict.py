"""The verdict on an order, by what the node shows and never by its answer alone. Pure."""

import math
from collections.abc import Sequence
from dataclasses import field, replace
from datetime import datetime
from enum import Enum
from typing import Protocol

from tui.model.clock import after_text
from tui.model.dataclass import dataclass
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
    is_reached,
)
from tui.model.reading import Reading
from tui.model.service import is_one_shot, uptime_came_late, uptime_started_over

RUNNING = "RUNNING"
REPORTED_FAILURE = "the node reported failure"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an order is watched, in seconds.

    `steady`: how long the wished state must hold; `limit`: the whole watch; `same`: after how
    long a restart that changed nothing is called one; `unseen`: after how long without an
    observation the state of the service is unknown; `look`: how long a refused order waits for the
    reading that shows that nothing moved; `interval`: between two readings meanwhile;
    `endpoints`: how long a proxy that runs again is given until its endpoints are back;
    `recheck`: between two checks of the gate of a paused rollout; `apart`: between two of them at
    least, whatever changes meanwhile.
    """

    steady: float = 10.0
    limit: float = 60.0
    same: float = 20.0
    unseen: float = 10.0
    look: float = 5.0
    interval: float = 0.25
    endpoints: float = 30.0
    recheck: float = 15.0
    apart: float = 2.0


@dataclass(frozen=True, slots=True)
class Observation:
    """The service in one good reading that was requested after the POST left.

    `at` is seconds after the POST left; `status` is None where the node did not list it.
    """

    at: float
    status: str | None
    started_at: datetime | None = None
    uptime: int | None = None


class Claim(Enum):
    """What a node's answer claims of one service; none of them is evidence of its state."""

    DONE = "true"
    FAILED = "false"
    """The operation failed. A part of it may have happened: stopped, and not started."""
    REFUSED = "refused"
    """It was turned down before anything was done."""
    NOTHING = "nothing"
    """The answer was lost, or does not name the service."""


@dataclass(frozen=True, slots=True)
class NodeAnswer:
    """What the node's answer claims of one service.

    `at` is seconds after the POST left; `text` is what came instead of an answer, if so.
    """

    claim: Claim
    at: float
    text: str = ""

    @property
    def denial(self) -> str:
        """Return how the node denied the operation; empty where it did not."""
        if self.claim is Claim.FAILED:
            return f"the node reported failure ({self.text})" if self.text else REPORTED_FAILURE
        return f"the node refused it ({self.text})" if self.claim is Claim.REFUSED else ""

    @classmethod
    def of(cls, answer: OrderAnswer | None, service: str, at: float) -> "NodeAnswer":
        """Return what an answer, None where it was lost, says of a service."""
        if answer is None or answer.outcome is AnswerOutcome.LOST:
            return cls(Claim.NOTHING, at, answer.text if answer else "")
        if answer.outcome is AnswerOutcome.REFUSED:
            return cls(Claim.REFUSED, at, answer.text)
        accepted = answer.results.get(service)
        if accepted is None:
            return cls(Claim.NOTHING, at, "the answer did not name it")
        return cls(Claim.DONE if accepted else Claim.FAILED, at, answer.text)


def decide_verdict(
    verb: Verb,
    before: SeenService,
    answer: NodeAnswer,
    observations: Sequence[Observation],
    *,
    now: float,
    patience: Patience,
) -> Verdict | None:
    """Return the verdict, or None while the evidence does not suffice and there is time."""
    verdict = _decide(_ServiceCase(verb, before, answer, observations, now, patience))
    return replace(verdict, is_denied=True) if verdict and answer.denial else verdict


@dataclass(frozen=True, slots=True)
class _ServiceCase:
    """All that is known of one service of an order; `now` is seconds after the POST left."""

    verb: Verb
    before: SeenService
    answer: NodeAnswer
    observations: Sequence[Observation]
    now: float
    patience: Patience

    def verdict(self, result: Result, text: str) -> Verdict:
        """Return a verdict with the moments that were observed, and the last start time."""
        marks = timeline(self.verb, self.before, self.answer, self.observations)
        start = self.observations[-1].started_at if self.observations else None
        return Verdict(self.before.name, result, text, marks, started_at=start)


def _decide(case: _ServiceCase) -> Verdict | None:
    verb, before, seen, patience = case.verb, case.before, case.observations, case.patience
    if case.answer.claim is Claim.REFUSED and not (seen and _moved(before, seen[0])):
        return _refused(case)
    reached = _reached(verb, before, seen)
    if reached is not None:
        held = seen[reached:]
        off = _first_off(verb, before, held)
        if off is not None:
            return case.verdict(Result.FLAPPING, _denied(case.answer, _flapped(held[0], off)))
        if held[-1].at - held[0].at >= patience.steady and not _ran_before(case, held[-1]):
            return _verified(case)
    if _nothing_happened(case):
        return _unmoved(case)
    if case.now < patience.limit + (patience.steady if reached is not None else 0):
        return None
    if reached is not None:
        text = _unsteady(case, seen[reached].at)
        return case.verdict(Result.UNKNOWN, _denied(case.answer, text))
    return _gave_up(case)


def _refused(case: _ServiceCase) -> Verdict | None:
    """Return the verdict on a refused order once the node was seen, or could not be seen."""
    why = case.answer.text or "the node refused it"
    if case.observations:
        return case.verdict(Result.REFUSED, f"{why}; nothing moved")
    if case.now < case.patience.look:
        return None
    return case.verdict(Result.REFUSED, f"{why}; the node has not been seen since")


def _verified(case: _ServiceCase) -> Verdict:
    answer, text = case.answer, f"stable for {case.patience.steady:.0f} s"
    if case.observations[-1].status is None:
        text += ", not listed any more"
    if answer.claim is Claim.NOTHING:
        text += ", seen at the node although its answer was lost"
    elif answer.denial:
        text += f", although {answer.denial}"
    elif answer.text:
        text += f"; {answer.text}"
    return case.verdict(Result.VERIFIED, text)


def _unmoved(case: _ServiceCase) -> Verdict:
    before = case.before
    same = f"{before.status} since the same moment as before"
    if case.answer.claim is Claim.FAILED:
        same = same if before.started_at else f"still {before.status}"
        return case.verdict(Result.FAILED, _denied(case.answer, same))
    return case.verdict(Result.NOT_RESTARTED, f"accepted, but {same}")


def _ran_before(case: _ServiceCase, seen: Observation) -> bool:
    """Whether a restarted service has an uptime that is longer than the time since the POST left.

    Its later start time is then no evidence: it may be that of another node.
    """
    return case.verb is Verb.RESTART and uptime_came_late(case.before, seen, seen.at)


def _unsteady(case: _ServiceCase, after: float) -> str:
    """Word why a state that was reached `after` seconds could not be verified in time."""
    last = case.observations[-1]
    if _ran_before(case, last):
        ran = f"it runs for {last.uptime} s, and the action left {last.at:.0f} s before"
        return f"a new start time, but {ran}: does another node answer?"
    reached = f"reached it{after_text(after)}"
    if case.now - last.at > case.patience.unseen:
        return f"{reached}, then the node was not seen any more"
    stable = round(last.at - after, 1)
    held = f", stable for {stable:.1f} s" if stable else ""
    return f"{reached}{held}, then the time was up"


def _denied(answer: NodeAnswer, text: str) -> str:
    """Return what was seen, after what the node said against it, if anything."""
    return f"{answer.denial}; {text}" if answer.denial else text


def _moved(before: SeenService, seen: Observation) -> bool:
    """Whether a service is not as it was when the order was given."""
    same = seen.status == before.status and seen.started_at == before.started_at
    return not same or uptime_started_over(before.uptime, seen.uptime, seen.at)


def _reached(verb: Verb, before: SeenService, observations: Sequence[Observation]) -> int | None:
    return next((i for i, seen in enumerate(observations) if _is_wished(verb, before, seen)), None)


def _is_wished(verb: Verb, before: SeenService, seen: Observation) -> bool:
    return is_reached(verb, before, seen.status, seen, seen.at)


def _is_later(before: datetime | None, after: datetime | None) -> bool:
    """Whether a start time is later, by the node's own clock; a missing one proves nothing."""
    return before is not None and after is not None and after > before


def _first_off(verb: Verb, before: SeenService, held: Sequence[Observation]) -> Observation | None:
    """Return the first observation in which the state that was reached does not hold."""
    if verb is Verb.STOP:
        return next((seen for seen in held if not _is_wished(verb, before, seen)), None)
    first, start = held[0], held[0].started_at
    if len(held) > 1 and start in (None, before.started_at):
        start = held[1].started_at  # a node may report the new start time one reading late
    last = None if _is_late_uptime(before, first) else first
    for seen in held[1:]:
        has_ended = seen.status == "EXITED" and is_one_shot(before.name)
        runs_on = seen.status == RUNNING and seen.started_at == start
        if not has_ended and (not runs_on or (last is not None and _started_between(last, seen))):
            return seen
        last = seen
    return None


def _is_late_uptime(before: SeenService, first: Observation) -> bool:
    """Whether a new start time came with the old uptime, which follows one reading late."""
    is_old = before.uptime is not None and (first.uptime or 0) >= before.uptime
    return is_old and _is_later(before.started_at, first.started_at)


def _started_between(last: Observation, seen: Observation) -> bool:
    return uptime_started_over(last.uptime, seen.uptime, seen.at - last.at)


def _flapped(first: Observation, off: Observation) -> str:
    what = off.status or "gone"
    is_new = off.started_at != first.started_at
    again = " with a new start time" if is_new else " with a shorter uptime"
    again = again if off.status == first.status else ""
    return f"reached it, then {what}{again}{after_text(off.at - first.at)}"


def _nothing_happened(case: _ServiceCase) -> bool:
    """Whether the node took it and did nothing, or reported failure and nothing moved."""
    before, claim, observations = case.before, case.answer.claim, case.observations
    is_ignored = case.verb is Verb.RESTART and claim is Claim.DONE
    if not observations or not (is_ignored or claim is Claim.FAILED):
        return False
    if before.started_at is None and before.status == RUNNING:
        return False  # nothing shows whether it is the same run
    if is_ignored and before.started_at is None:
        return False
    same = not any(_moved(before, seen) for seen in observations)
    return same and observations[-1].at >= case.patience.same


def _gave_up(case: _ServiceCase) -> Verdict:
    answer, now, observations = case.answer, case.now, case.observations
    if not observations:
        text = f"the node has shown nothing for {now:.0f} s: look at the node"
        return case.verdict(Result.UNKNOWN, _denied(answer, text))
    if now - observations[-1].at > case.patience.unseen:
        text = _denied(answer, _unseen(observations[-1], now))
        return case.verdict(Result.UNKNOWN, text)
    last = observations[-1].status or "not listed"
    is_restart = case.verb is Verb.RESTART
    if is_restart and last == RUNNING and _may_be_new(case.before, observations[-1]):
        text = "the node does not report since when it runs, so whether it restarted is unknown"
        return case.verdict(Result.UNKNOWN, _denied(answer, text))
    if answer.claim in (Claim.NOTHING, Claim.REFUSED):
        lost = answer.denial or answer.text or "the answer was lost"
        return case.verdict(Result.UNKNOWN, f"{lost}; the node shows {last}")
    text = _denied(answer, f"still {last} after {now:.0f} s")
    return case.verdict(Result.FAILED if answer.claim is Claim.FAILED else Result.TIMED_OUT, text)


def _may_be_new(before: SeenService, last: Observation) -> bool:
    """Whether neither the start times nor the uptimes of two runs can be compared."""
    has_starts = before.started_at is not None and last.started_at is not None
    return not has_starts and (before.uptime is None or last.uptime is None)


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
    first = Moment.ANSWER_LOST if answer.claim is Claim.NOTHING else Moment.ANSWERED
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
class OrderEvidence:
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
            seen = Observation(at, None)
            if service is not None:
                seen = Observation(at, service.status, service.started_at, service.uptime)
            self.observations.setdefault(name, []).append(seen)

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

    @property
    def seen_at(self) -> float | None:
        """When all services were last observed (monotonic), to the second after the POST left."""
        last = [self.observations.get(name) for name in self.order.names]
        seen = [entries[-1].at for entries in last if entries]
        return self.sent_at + math.floor(min(seen)) if len(seen) == len(last) else None

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
