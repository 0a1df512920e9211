"""Rollouts of earlier sessions that have no end in the journal. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from tui.journal.chain import Record, open_record
from tui.model.records import dataclass
from tui.model.rollout import StepResult
from tui.model.text import clean

_RECENT = timedelta(days=1)
_KINDS = (b'"plan"', b'"step"', b'"rollout_end"')
_OVER = frozenset({StepResult.VERIFIED.value, StepResult.SKIPPED.value})


@dataclass(frozen=True, slots=True)
class UnfinishedRollout:
    """A rollout whose process ended before it did; `nodes` are names and addresses, in turn.

    `done` are the nodes that were verified or skipped.
    """

    id: str
    verb: str
    cluster: str
    names: tuple[str, ...]
    nodes: tuple[tuple[str, str], ...]
    began_on: datetime
    done: frozenset[str] = frozenset()

    @property
    def remaining(self) -> tuple[str, ...]:
        """The nodes that are not verified, in turn; the first may have been restarted."""
        return tuple(name for name, _ in self.nodes if name not in self.done)


class RolloutFollower:
    """Follows the rollouts in a journal's lines, as they are read for another purpose."""

    def __init__(self) -> None:
        self._open: dict[str, UnfinishedRollout] = {}

    def follow(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the lines; one that cannot be read as a record is skipped here."""
        for line in lines:
            if any(kind in line for kind in _KINDS):
                record = open_record(line.removesuffix(b"\n"))
                if record is not None:
                    self._take(record, str(record.get("id", "")))
            yield line

    def unfinished(self, now: datetime) -> tuple[UnfinishedRollout, ...]:
        """List those of the last 24 hours with nodes that remain; the newest of each cluster."""
        newest = {rollout.cluster: rollout for rollout in self._open.values()}
        return tuple(
            rollout
            for rollout in newest.values()
            if rollout.remaining and now - rollout.began_on <= _RECENT
        )

    def _take(self, record: Record, id_: str) -> None:
        match record.get("kind"):
            case "plan":
                plan = _plan(record, id_)
                if plan is not None:
                    for before in [*self._open.values()]:
                        if before.cluster == plan.cluster:
                            del self._open[before.id]
                    self._open[id_] = plan
            case "step" if id_ in self._open and record.get("result") in _OVER:
                done = self._open[id_].done | {_text(record.get("node"))}
                self._open[id_] = replace(self._open[id_], done=done)
            case "rollout_end":
                self._open.pop(id_, None)


def _plan(record: Record, id_: str) -> UnfinishedRollout | None:
    """Return a plan's record as a rollout; None where it is not one that this version writes."""
    try:
        return UnfinishedRollout(
            id_,
            _text(record["verb"]),
            _text(record["cluster"]),
            tuple(map(_text, record["services"])),
            tuple((_text(step["node"]), _text(step["url"])) for step in record["steps"]),
            datetime.fromisoformat(record["at"]),
        )
    except (KeyError, TypeError, ValueError):
        return None


def _text(value: object) -> str:
    return clean(str(value))
