"""What an action touches, in words: for confirmations, plans and `--dry-run`.

What these functions return is shown and never read back.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain, groupby
from types import MappingProxyType

from tui.fleet.orders.impact import Finding, Subject
from tui.model.clock import one_unit
from tui.model.dataclass import dataclass
from tui.model.order import Verb
from tui.model.text import clean

_NAMED = 3
_OF_OTHERS = frozenset({Subject.MAINTENANCE, Subject.NOT_POLLED, Subject.UNHEALTHY})
"""What each node's finding has other nodes of."""


@dataclass(frozen=True, slots=True)
class ImpactLine:
    """One line of text; `is_risk` where it speaks against the action."""

    text: str
    is_risk: bool = False


def impact_lines(verb: Verb, findings: Sequence[Finding]) -> tuple[ImpactLine, ...]:
    """Return what an action touches, a line for all that was read together, the unknown last."""
    lines = []
    known = [finding for finding in findings if finding.is_known]
    for _, group in groupby(known, lambda finding: (finding.subject.part, _when(finding))):
        together = tuple(group)
        text = ", ".join(filter(None, (_phrase(verb, finding) for finding in together)))
        is_risk = any(finding.is_risk for finding in together)
        lines.append(ImpactLine(f"{text}{_when(together[0])}", is_risk))
    gaps: dict[str, dict[str, None]] = {}
    for finding in findings:
        if not finding.is_known:
            gaps.setdefault(finding.gap, {})[finding.subject.part.value] = None
    if gaps:
        parts = [f"{', '.join(names)} ({clean(gap)})" for gap, names in gaps.items()]
        lines.append(ImpactLine(f"not known: {'; '.join(parts)}"))
    return tuple(lines)


def plan_impact_lines(
    verb: Verb, impact: Mapping[str, Sequence[Finding]]
) -> tuple[ImpactLine, ...]:
    """Return what a plan touches, what speaks against it first.

    What is the same on all nodes stands once, else with its nodes; what is of the cluster once.
    Problems of a node that others see, too, stand there alone.
    """
    around = _around_all(chain.from_iterable(impact.values()))
    ill = {name for one in around if one.subject is Subject.UNHEALTHY for name in one.names}
    lines: list[ImpactLine] = []
    for is_known in (True, False):
        nodes: dict[ImpactLine, list[str]] = {}
        for node, findings in impact.items():
            own = [
                one
                for one in findings
                if not one.subject.is_of_cluster
                and not (one.subject is Subject.PROBLEMS_HERE and node in ill)
            ]
            for line in impact_lines(verb, [one for one in own if one.is_known is is_known]):
                nodes.setdefault(line, []).append(node)
        lines += [
            line
            if len(found) == len(impact)
            else replace(line, text=f"{', '.join(found)}: {line.text}")
            for line, found in nodes.items()
        ]
        lines += impact_lines(verb, [one for one in around if one.is_known is is_known])
    return tuple(sorted(lines, key=lambda line: not line.is_risk))


def _around_all(findings: Iterable[Finding]) -> list[Finding]:
    """Return what is of the cluster, each subject once, with all nodes that it names."""
    found: dict[Subject, Finding] = {}
    for one in findings:
        if not one.subject.is_of_cluster:
            continue
        first = found.setdefault(one.subject, one)
        if one.subject in _OF_OTHERS:
            names = (*dict.fromkeys((*first.names, *one.names)),)
            remarks = (*dict.fromkeys((*first.remarks, *one.remarks)),)
            found[one.subject] = replace(first, names=names, remarks=remarks, count=len(names))
        elif not first.is_known:
            found[one.subject] = one
    return [*found.values()]


def _when(finding: Finding) -> str:
    """Return how long ago a finding was read, and why it was not read since; behind its text."""
    if finding.age is None:
        return ""
    since = f", not read since: {clean(finding.gap)}" if finding.gap else ""
    return f" · read {one_unit(finding.age)} ago{since}"


def _phrase(verb: Verb, finding: Finding) -> str:
    """Return the phrase of what the services carry, or of what surrounds the node."""
    count = finding.count or 0
    match finding.subject:
        case Subject.CLIENTS if count:
            return f"clients of {_counted(finding, 'database')} will be disconnected"
        case Subject.CLIENTS:
            return "no database has an endpoint here" + _as_far(finding)
        case Subject.SINGLE_ENDPOINTS:
            return f"{count} with policy single"
        case Subject.UNREPLICATED if count:
            return f"without a replica: {_counted(finding, 'database')}{_list(finding)}"
        case Subject.UNREPLICATED:
            return "every database here has a replica" + _as_far(finding)
        case Subject.ALERTS:
            meanwhile = "while it is stopped" if verb is Verb.STOP else "meanwhile"
            none_sent = f"no alert is sent {meanwhile}; "
            return f"{'' if verb is Verb.START else none_sent}{_alerts(finding)}"
        case subject if subject in _COUNTED:
            noun, place = _COUNTED[subject]
            return f"{_counted(finding, noun)} {place}".rstrip()
        case _:
            return _around(finding)


_COUNTED = {
    Subject.ENDPOINTS: ("endpoint", "here"),
    Subject.PRIMARY_SHARDS: ("primary shard", ""),
    Subject.REPLICA_SHARDS: ("replica shard", "here"),
    Subject.ACTIVE_ACTIVE: ("Active-Active database", "in the cluster"),
}


def _around(finding: Finding) -> str:
    """Return the phrase of what surrounds the node."""
    match finding.subject:
        case Subject.ACTIONS:
            moving = f", {finding.moving} may move shards" if finding.moving else ""
            running = f"running: {_counted(finding, 'action')}{moving}{_list(finding)}"
            return running if finding.count else "no action of the cluster is running"
        case Subject.PRIMARY:
            return "this node is the primary"
        case Subject.QUORUM:
            return _quorum(finding)
        case Subject.PROBLEMS_HERE:
            what = "a problem" if finding.count == 1 else "problems"
            return f"this node has {what} already: {_names(finding.names)}"
        case Subject.MAINTENANCE_HERE:
            since = "".join(f" since {clean(name)}" for name in finding.names)
            return f"this node is in maintenance{since}"
        case Subject.MAINTENANCE:
            return f"{_names(finding.names)} {_is(finding)} in maintenance"
        case Subject.NOT_POLLED:
            return f"{_names(finding.names)} {_is(finding)} not polled"
        case Subject.UNHEALTHY:
            has = "has" if len(finding.names) == 1 else "have"
            return f"{_names(finding.names, dict(finding.remarks))} {has} problems"
        case Subject.CERTIFICATE:
            return f"certificate expired: {_names(finding.names)}"
        case _:
            return "the license has expired"


def _is(finding: Finding) -> str:
    return "is" if len(finding.names) == 1 else "are"


def _quorum(finding: Finding) -> str:
    up, total = finding.count or 0, finding.total
    state = f"{up} of {total} nodes up"
    if 2 * up <= total:
        return f"quorum lost: {state}"
    return f"quorum: {state}" + (", lost with one node less" if finding.is_risk else "")


def _alerts(finding: Finding) -> str:
    if not finding.count:
        return "no alert is on" + _as_far(finding)
    on = "alert is on" if finding.count == 1 else "alerts are on"
    named = f": {_names(finding.names, dict(finding.remarks))}" if finding.names else ""
    return f"{_least(finding)}{finding.count} {on}{named}"


def _counted(finding: Finding, noun: str) -> str:
    count = finding.count or 0
    return f"{_least(finding)}{count} {noun}{'' if count == 1 else 's'}"


def _least(finding: Finding) -> str:
    return "at least " if finding.at_least and finding.count else ""


def _as_far(finding: Finding) -> str:
    """Return that this login may not see all, where none was found."""
    return ", as far as this login sees" if finding.at_least else ""


def _list(finding: Finding) -> str:
    return f" ({_names(finding.names)})" if finding.names else ""


def _names(names: Sequence[str], remarks: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return the first few names, clean, each with its remark, and the number of the others."""
    named = ", ".join(
        clean(name, 64) + (f" ({clean(remarks[name], 80)})" if name in remarks else "")
        for name in names[:_NAMED]
    )
    return f"{named} and {len(names) - _NAMED} more" if len(names) > _NAMED else named
