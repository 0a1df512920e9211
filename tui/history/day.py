"""A day of one service, from its states and the spans in which its node was watched. Pure.

All times are seconds since 1970 of this machine's wall clock, but `State.started`: the node's.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from tui.model.dataclass import dataclass
from tui.model.service import Health, Service

Span = tuple[float, float]
"""When watching began and ended; the two are the same after one poll."""

Judge = Callable[[str | None], Health]
"""What a status word means; None stands for a service that the node did not list."""


@dataclass(frozen=True, slots=True)
class State:
    """A service as it was first seen at `since`, and until the next state.

    `status` is None where the node did not list it. `started` is the start time by the node's
    clock, `began` is the same moment by this machine's clock, None without an uptime.
    """

    since: float
    status: str | None
    started: float | None = None
    began: float | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """A span in which the node was watched and the state was the same."""

    begun: float
    ended: float
    state: State


@dataclass(frozen=True, slots=True)
class Bucket:
    """A part of a day: the worst health that was seen, None if never polled, and restarts."""

    health: Health | None = None
    restarts: int = 0


@lru_cache(maxsize=256)
def _bucket(health: Health | None, restarts: int) -> Bucket:
    """Return the one bucket of this kind: a table of 30 services shows 1,800, of a few kinds."""
    return Bucket(health, restarts)


@dataclass(frozen=True, slots=True)
class Day:
    """What is known of one service from `begun` to `ended`.

    `segments` are in order and do not overlap; between them there is no data. `restarts` are the
    moments of restarts, as near as they are known. `longest_run` is in seconds, and may have begun
    before `begun`; None where the service was not seen running.
    """

    begun: float
    ended: float
    segments: tuple[Segment, ...] = ()
    restarts: tuple[float, ...] = ()
    longest_run: float | None = None

    def buckets(self, count: int, judge: Judge) -> tuple[Bucket, ...]:
        """Return `count` buckets of the same length, the oldest first."""
        worst: list[Health | None] = [None] * count
        for segment in self.segments:
            health = judge(segment.state.status)
            first = self._place(segment.begun, count)
            last = self._place(segment.ended, count)
            if last > first and self._edge(last, count) >= segment.ended:
                last -= 1  # it ended where the bucket begins
            for place in range(first, last + 1):
                known = worst[place]
                if known is None or health.value < known.value:
                    worst[place] = health
        restarts = [0] * count
        for moment in self.restarts:
            restarts[self._place(moment, count)] += 1
        return tuple(map(_bucket, worst, restarts))

    def _place(self, moment: float, count: int) -> int:
        share = (moment - self.begun) / (self.ended - self.begun)
        return min(count - 1, max(0, int(share * count)))

    def _edge(self, place: int, count: int) -> float:
        return self.begun + (self.ended - self.begun) * place / count


def judge_plainly(status: str | None) -> Health:
    """Return what a status word means where the cluster's configuration is not known."""
    return Health.UNKNOWN if status is None else Service("", status).health()


def make_day(states: Iterable[State], spans: Iterable[Span], begun: float, ended: float) -> Day:
    """Return what is known from `begun` to `ended`, which is later.

    `states` and `spans` are of one service and its node, in any order; the state that held at
    `begun` is among them, if it is known.
    """
    ordered = sorted(
        (state for state in states if state.since <= ended), key=lambda state: state.since
    )
    watched = [
        (max(begun, since), min(ended, until))
        for since, until in merged(spans)
        if until >= begun and since <= ended
    ]
    segments = tuple(_segments(ordered, watched))
    restarts = tuple(moment for moment in _restarts(ordered) if begun <= moment <= ended)
    return Day(begun, ended, segments, restarts, _longest(ordered, segments))


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return spans in order, those that touch joined, as after a clock was set back."""
    joined: list[Span] = []
    for begun, ended in sorted(span for span in spans if span[0] <= span[1]):
        if joined and begun <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], ended))
        else:
            joined.append((begun, ended))
    return joined


def gaps_between(spans: Iterable[Span], at_least: float) -> list[Span]:
    """List the times between spans that are of `at_least` so many seconds, the oldest first."""
    return [
        (before[1], after[0])
        for before, after in pairwise(merged(spans))
        if after[0] - before[1] >= at_least
    ]


def _segments(states: Sequence[State], spans: Sequence[Span]) -> Iterator[Segment]:
    """Yield the spans cut where the state changed, from the first state on."""
    number = -1
    for begun, ended in spans:
        at = begun
        while number + 1 < len(states) and states[number + 1].since <= begun:
            number += 1
        while number + 1 < len(states) and states[number + 1].since <= ended:
            change = states[number + 1].since
            if number >= 0 and change > at:
                yield Segment(at, change, states[number])
            number, at = number + 1, change
        if number >= 0:
            yield Segment(at, ended, states[number])


def _restarts(states: Sequence[State]) -> Iterator[float]:
    """Yield the moments at which a later start time was seen than any before.

    One that is still starting may fail, and be started again.
    """
    latest: float | None = None
    before = states[0].since if states else 0.0
    for state in states:
        if state.started is not None and state.status != "STARTING":
            if latest is not None and state.started > latest:
                yield _between(before, state)
            latest = state.started if latest is None else max(latest, state.started)
        before = state.since


def _between(before: float, state: State) -> float:
    """Return when a state began, which was after `before`."""
    return state.since if state.began is None else min(max(state.began, before), state.since)


def _longest(states: Sequence[State], segments: Sequence[Segment]) -> float | None:
    """Return the seconds of the longest run that was seen; None where there was none."""
    longest: float | None = None
    seen: dict[int, list[Segment]] = {}
    for segment in segments:
        seen.setdefault(id(segment.state), []).append(segment)
    befores = [None, *(former.since for former, _ in pairwise(states))]
    for before, state in zip(befores, states, strict=False):
        shown = seen.get(id(state), [])
        if judge_plainly(state.status) is not Health.UP or not shown:
            continue
        # The same start time on both sides of a gap is one run; without it that is not known.
        runs = [segment.ended - segment.begun for segment in shown]
        if state.started is not None:
            start = state.since
            if state.began is not None:
                start = _between(state.began if before is None else before, state)
            runs = [shown[-1].ended - start]
        longest = max(longest or 0.0, *runs)
    return longest
